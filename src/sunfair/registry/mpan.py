"""MPAN: the number of an electricity meter point in Great Britain."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sunfair.registry.check_digits import mpan_check, mpan_checks, mprn_check, mprn_checks
from sunfair.registry.lines import Lines, first_broken, within
from sunfair.registry.point import MeterKey
from sunfair.registry.rules import Breach, Rule, odd_character, read_text, refuse

__all__ = ["DISTRIBUTORS", "Mpan", "check_mpans", "parse_mpan"]

DISTRIBUTORS: Mapping[str, str] = MappingProxyType(
    {
        "10": "UK Power Networks, Eastern England",
        "11": "National Grid Electricity Distribution, East Midlands",
        "12": "UK Power Networks, London",
        "13": "SP Energy Networks, Merseyside, Cheshire and North Wales",
        "14": "National Grid Electricity Distribution, West Midlands",
        "15": "Northern Powergrid, North East England",
        "16": "Electricity North West, North West England",
        "17": "Scottish and Southern Electricity Networks, Northern Scotland",
        "18": "SP Energy Networks, Central and Southern Scotland",
        "19": "UK Power Networks, South East England",
        "20": "Scottish and Southern Electricity Networks, Southern England",
        "21": "National Grid Electricity Distribution, South Wales",
        "22": "National Grid Electricity Distribution, South West England",
        "23": "Northern Powergrid, Yorkshire",
    }
)
"""The fourteen regional distributors by the first two digits; other codes are independent networks, and no errors."""

_CORE, _TOP = 13, 8
_IRISH = 11
_GAS = range(6, 11)


@dataclass(frozen=True, slots=True)
class Mpan:
    """An MPAN: the 13-digit core identifies the point, the top line above it on a bill describes the supply.

    distributor   : 2 digits, the network (`distributor_name` for the fourteen regional ones)
    number        : 10 digits, unique within the distributor
    check_digit   : 1 digit
    profile_class : 2 digits, time_switch (MTC): 3 digits, line_loss (LLFC): 3 letters or digits; None without top line

    Made by `parse_mpan`, which checks it.
    """

    distributor: str
    number: str
    check_digit: str
    profile_class: str | None = None
    time_switch: str | None = None
    line_loss: str | None = None

    @property
    def id(self) -> str:
        """The core, 13 digits."""
        return self.distributor + self.number + self.check_digit

    @property
    def distributor_name(self) -> str | None:
        """Who runs the network; None for an independent one."""
        return DISTRIBUTORS.get(self.distributor)

    @property
    def key(self) -> MeterKey:
        """The register's key; the top line is no part of it."""
        return MeterKey("GB", "electricity", self.id)


def parse_mpan(text: str) -> Mpan:
    """The MPAN written in `text`: 13 digits, or 21 characters with the top line first; ASCII spaces are dropped.

    Raises InvalidMeterPoint naming the rules that broke.
    """
    kept = read_text("MPAN", text)
    top, core = (kept[:_TOP], kept[_TOP:]) if len(kept) == _TOP + _CORE else ("", kept)
    breaches = (_top_breaches(top) if top else []) + _core_breaches(core)
    if breaches:
        raise refuse("MPAN", text, breaches)
    above = (top[:2], top[2:5], top[5:]) if top else (None, None, None)
    return Mpan(core[:2], core[2:12], core[12], *above)


def check_mpans(lines: Lines) -> NDArray[np.uint8]:
    """The first rule each line breaks, exactly as `parse_mpan` would name it: uint8[n]."""
    full = lines.length == _TOP + _CORE
    core = np.where(full[:, None], lines.chars[:, _TOP : _TOP + _CORE], lines.chars[:, :_CORE])
    digits = core.astype(np.int64) - ord("0")
    digit, letter = within(lines.chars, "0", "9"), _letters(lines.chars)
    gas = (lines.length >= _GAS.start) & (lines.length < _GAS.stop) & _pass_as_mprn(lines)
    return first_broken(
        lines,
        [
            (Rule.PROFILE_CLASS, full & ~digit[:, :2].all(axis=1)),
            (Rule.TIME_SWITCH, full & ~digit[:, 2:5].all(axis=1)),
            (Rule.LINE_LOSS, full & ~(digit | letter)[:, 5:_TOP].all(axis=1)),
            (Rule.CHARACTER, np.where(full, ~within(core, "0", "9").all(axis=1), lines.nondigits > 0)),
            (Rule.OTHER_SCHEME, (lines.length == _IRISH) | gas),
            (Rule.LENGTH, ~full & (lines.length != _CORE)),
            (Rule.CHECK_DIGIT, mpan_checks(digits[:, :12]) != digits[:, 12]),
        ],
    )


def _top_breaches(top: str) -> list[Breach]:
    """What is wrong with the shape of a top line of 8 characters; its codes are not looked up."""
    profile, switch, loss = top[:2], top[2:5], top[5:]
    breaches = []
    if odd_character(profile):
        breaches.append(Breach(Rule.PROFILE_CLASS, f"is {profile!r}", "must be two digits"))
    if odd_character(switch):
        breaches.append(Breach(Rule.TIME_SWITCH, f"is {switch!r}", "must be three digits"))
    if not (loss.isascii() and loss.isalnum()):
        breaches.append(Breach(Rule.LINE_LOSS, f"is {loss!r}", "must be three letters or digits"))
    return breaches


def _core_breaches(core: str) -> list[Breach]:
    """The first thing wrong with a core; what comes after it would mean nothing."""
    if odd := odd_character(core):
        return odd
    if len(core) == _IRISH:
        return [
            Breach(Rule.OTHER_SCHEME, "11 digits, as an Irish electricity MPRN has", "register it under its scheme")
        ]
    if len(core) in _GAS and mprn_check(core[:-2]) == int(core[-2:]):
        return [Breach(Rule.OTHER_SCHEME, f"{len(core)} digits that are a valid MPRN", "register it as GB gas")]
    if len(core) != _CORE:
        return [Breach(Rule.LENGTH, f"{len(core)} digits", "an MPAN has 13, or 21 with its top line")]
    wanted = mpan_check(core[:12])
    if int(core[12]) != wanted:
        return [
            Breach(Rule.CHECK_DIGIT, f"is {core[12]}, the others make {wanted}", "compare each digit with the bill")
        ]
    return []


def _letters(chars: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return within(chars, "A", "Z") | within(chars, "a", "z")


def _pass_as_mprn(lines: Lines) -> NDArray[np.bool_]:
    """Whether the last two of at most ten digits are those of an MPRN."""
    digits = lines.digits(0, _GAS.stop - 1)
    row, last = np.arange(len(digits)), np.clip(lines.length, 2, _GAS.stop - 1)
    stated = digits[row, last - 2] * 10 + digits[row, last - 1]
    return np.asarray(mprn_checks(digits, last - 2) == stated)
