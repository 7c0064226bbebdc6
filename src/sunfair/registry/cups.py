"""CUPS: the code of a supply point in Spain, electricity or gas.

Source: the Spanish ministry's format as implemented and cited by python-stdnum (``stdnum.es.cups``): ES, 4 digits of
the distributor, 12 of its own, two check letters; behind them, where the point of measurement is meant, a digit and a
letter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.registry.check_digits import cups_check, cups_checks
from sunfair.registry.lines import Lines, first_broken, within
from sunfair.registry.point import Fuel, MeterKey
from sunfair.registry.rules import Breach, Rule, odd_character, read_text, refuse

__all__ = ["Cups", "check_cups", "parse_cups"]

_SHORT, _LONG = 20, 22
_BORDER_LETTERS = "FPRCXYZ"


@dataclass(frozen=True, slots=True)
class Cups:
    """A CUPS, 20 characters and perhaps a border point of 2.

    fuel         : ``"electricity" | "gas"``; the code does not tell
    distributor  : 4 digits
    number       : 12 digits, unique within the distributor
    check        : 2 letters
    border_point : a digit and a letter (F border, P main, R redundant, C checking meter, X Y Z register), or None

    Made by `parse_cups`, which checks it.
    """

    fuel: Fuel
    distributor: str
    number: str
    check: str
    border_point: str | None = None

    @property
    def id(self) -> str:
        """The 20 characters that identify the supply point, without the border point."""
        return f"ES{self.distributor}{self.number}{self.check}"

    @property
    def key(self) -> MeterKey:
        """The register's key: several meters of one supply share it."""
        return MeterKey("ES", self.fuel, self.id)


def parse_cups(text: str, fuel: Fuel = "electricity") -> Cups:
    """The CUPS written in `text`: 20 or 22 characters, letters as capitals; ASCII spaces are dropped.

    Raises InvalidMeterPoint naming the rules that broke.
    """
    code = read_text("CUPS", text)
    breaches = _breaches(code)
    if breaches:
        raise refuse("CUPS", text, breaches)
    return Cups(fuel, code[2:6], code[6:18], code[18:20], code[20:] or None)


def check_cups(lines: Lines) -> NDArray[np.uint8]:
    """The first rule each line breaks, exactly as `parse_cups` would name it: uint8[n]."""
    chars, long = lines.chars, lines.length == _LONG
    shaped = np.all(within(chars[:, 2:18], "0", "9"), axis=1) & np.all(within(chars[:, 18:20], "A", "Z"), axis=1)
    border = within(chars[:, 20], "0", "9") & np.isin(chars[:, 21], [ord(letter) for letter in _BORDER_LETTERS])
    return first_broken(
        lines,
        [
            (Rule.CHARACTER, lines.signs > 0),
            (Rule.LENGTH, ~long & (lines.length != _SHORT)),
            (Rule.COUNTRY, ~lines.starts_with("ES")),
            (Rule.CHARACTER, np.logical_not(shaped)),
            (Rule.CHECK_DIGIT, (cups_checks(lines.digits(2, 18)) != chars[:, 18:20]).any(axis=1)),
            (Rule.BORDER_POINT, long & ~border),
        ],
    )


def _breaches(code: str) -> list[Breach]:
    """What is wrong with a CUPS: the first thing of its shape, or all that is wrong with its parts."""
    if odd := odd_character(code, capitals=True):
        return odd
    if len(code) not in (_SHORT, _LONG):
        return [Breach(Rule.LENGTH, f"{len(code)} characters", "a CUPS has 20, or 22 with its border point")]
    if not code.startswith("ES"):
        return [Breach(Rule.COUNTRY, f"begins with {code[:2]!r}", "a CUPS begins with ES")]
    if not (code[2:18].isdigit() and code[18:20].isalpha()):
        return [Breach(Rule.CHARACTER, "ES is not followed by 16 digits and 2 letters", "compare it with the bill")]
    return _check_breaches(code) + _border_breaches(code[_SHORT:])


def _check_breaches(code: str) -> list[Breach]:
    stated, wanted = code[18:20], cups_check(code[2:18])
    if stated == wanted:
        return []
    return [Breach(Rule.CHECK_DIGIT, f"letters are {stated}, the digits make {wanted}", "compare it with the bill")]


def _border_breaches(border: str) -> list[Breach]:
    if not border or (border[0].isdigit() and border[1] in _BORDER_LETTERS):
        return []
    return [Breach(Rule.BORDER_POINT, f"is {border!r}", f"must be a digit and one of {_BORDER_LETTERS}")]
