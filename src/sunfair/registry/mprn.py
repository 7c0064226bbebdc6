"""MPRN: the number of a gas meter point in Great Britain."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.registry.check_digits import mpan_check, mpan_checks, mprn_check, mprn_checks
from sunfair.registry.lines import Lines, first_broken
from sunfair.registry.point import MeterKey
from sunfair.registry.rules import Breach, Rule, odd_character, read_text, refuse

__all__ = ["Mprn", "check_mprns", "parse_mprn"]

_MARK = "M"
_SHORTEST, _LONGEST = 6, 10
_IRISH, _MPAN = 11, 13


@dataclass(frozen=True, slots=True)
class Mprn:
    """An MPRN, 6–10 digits.

    body  : 4–8 digits, unique
    check : 2 digits, 00 … 10

    Made by `parse_mprn`, which checks it. The gas industry's files hold an MPRN as a number, so leading zeros, which
    change neither the number nor its check, are dropped as far as six digits: one point must not have two keys.
    """

    body: str
    check: str

    @property
    def id(self) -> str:
        """Body and check digits."""
        return self.body + self.check

    @property
    def key(self) -> MeterKey:
        """The register's key."""
        return MeterKey("GB", "gas", self.id)


def parse_mprn(text: str) -> Mprn:
    """The MPRN written in `text`: 6–10 digits, of which a leading M and ASCII spaces are dropped.

    Raises InvalidMeterPoint naming the rule that broke.
    """
    digits = read_text("MPRN", text).removeprefix(_MARK)
    breaches = _breaches(digits)
    if breaches:
        raise refuse("MPRN", text, breaches)
    digits = digits.lstrip("0").rjust(_SHORTEST, "0")
    return Mprn(digits[:-2], digits[-2:])


def check_mprns(lines: Lines) -> NDArray[np.uint8]:
    """The first rule each line breaks, exactly as `parse_mprn` would name it: uint8[n]."""
    marked = lines.starts_with(_MARK)
    length = lines.length - marked
    digits = np.where(marked[:, None], lines.digits(1, _MPAN + 1), lines.digits(0, _MPAN))
    row, last = np.arange(len(digits)), np.clip(length, 2, _LONGEST)
    stated = digits[row, last - 2] * 10 + digits[row, last - 1]
    electric = (length == _MPAN) & (mpan_checks(digits[:, :12]) == digits[:, 12])
    return first_broken(
        lines,
        [
            (Rule.CHARACTER, lines.nondigits > marked),
            (Rule.OTHER_SCHEME, (length == _IRISH) | electric),
            (Rule.LENGTH, (length < _SHORTEST) | (length > _LONGEST)),
            (Rule.CHECK_DIGIT, mprn_checks(digits, last - 2) != stated),
        ],
    )


def _breaches(digits: str) -> list[Breach]:
    """The first thing wrong with an MPRN; what comes after it would mean nothing."""
    if odd := odd_character(digits):
        return odd
    if len(digits) == _IRISH:
        what = "11 digits, as an Irish electricity MPRN has; a GB gas MPRN has 6–10"
        return [Breach(Rule.OTHER_SCHEME, what, "register it under its scheme")]
    if len(digits) == _MPAN and mpan_check(digits[:12]) == int(digits[12]):
        return [Breach(Rule.OTHER_SCHEME, "13 digits that are a valid MPAN", "register it as GB electricity")]
    if not _SHORTEST <= len(digits) <= _LONGEST:
        return [Breach(Rule.LENGTH, f"{len(digits)} digits", "an MPRN has 6–10")]
    wanted = mprn_check(digits[:-2])
    if int(digits[-2:]) != wanted:
        what = f"are {digits[-2:]}, the others make {wanted:02d}"
        return [Breach(Rule.CHECK_DIGIT, what, "compare each digit with the bill")]
    return []
