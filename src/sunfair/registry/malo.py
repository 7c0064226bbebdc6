"""MaLo-ID: the number of a market location in Germany, electricity or gas.

Source: BDEW, "Anwendungshilfe MaLo-ID" 1.0 (28 April 2017) and "Identifikatoren in der Marktkommunikation" 1.2
(7 February 2025), §§ 3, 8.1. A MeLo-ID (33 characters, the place of measurement) names no point of supply: suppliers
are switched, and points registered here, by MaLo-ID.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.registry.check_digits import malo_check, malo_checks
from sunfair.registry.lines import Lines, first_broken
from sunfair.registry.point import Fuel, MeterKey
from sunfair.registry.rules import Breach, Rule, odd_character, read_text, refuse

__all__ = ["Malo", "check_malos", "parse_malo"]

_LENGTH, _MELO = 11, 33


@dataclass(frozen=True, slots=True)
class Malo:
    """A MaLo-ID, 11 digits.

    fuel        : ``"electricity" | "gas"``; the digits do not tell, whichever office issued them
    issuer      : 1 digit, 1–3 issued by the DVGW, 4–9 by the BDEW
    number      : 9 digits, without meaning
    check_digit : 1 digit

    Made by `parse_malo`, which checks it.
    """

    fuel: Fuel
    issuer: str
    number: str
    check_digit: str

    @property
    def id(self) -> str:
        """All 11 digits."""
        return self.issuer + self.number + self.check_digit

    @property
    def issuer_name(self) -> str:
        """The association whose office issued the number."""
        return "DVGW" if self.issuer <= "3" else "BDEW"

    @property
    def key(self) -> MeterKey:
        """The register's key."""
        return MeterKey("DE", self.fuel, self.id)


def parse_malo(text: str, fuel: Fuel = "electricity") -> Malo:
    """The MaLo-ID written in `text`: 11 digits; ASCII spaces are dropped.

    Raises InvalidMeterPoint naming the rule that broke.
    """
    digits = read_text("MaLo-ID", text)
    breaches = _breaches(digits)
    if breaches:
        raise refuse("MaLo-ID", text, breaches)
    return Malo(fuel, digits[0], digits[1:10], digits[10])


def check_malos(lines: Lines) -> NDArray[np.uint8]:
    """The first rule each line breaks, exactly as `parse_malo` would name it: uint8[n]."""
    digits = lines.digits(0, _LENGTH)
    return first_broken(
        lines,
        [
            (Rule.OTHER_SCHEME, (lines.length == _MELO) & (lines.signs == 0) & lines.starts_with("DE")),
            (Rule.CHARACTER, lines.nondigits > 0),
            (Rule.LENGTH, lines.length != _LENGTH),
            (Rule.ISSUER, digits[:, 0] == 0),
            (Rule.CHECK_DIGIT, malo_checks(digits[:, :10]) != digits[:, 10]),
        ],
    )


def _breaches(digits: str) -> list[Breach]:
    """The first thing wrong with a MaLo-ID; what comes after it would mean nothing."""
    if len(digits) == _MELO and digits.startswith("DE") and not odd_character(digits, capitals=True):
        return [Breach(Rule.OTHER_SCHEME, "33 characters, as a MeLo-ID has", "give the market location's MaLo-ID")]
    if odd := odd_character(digits):
        return odd
    if len(digits) != _LENGTH:
        return [Breach(Rule.LENGTH, f"{len(digits)} digits", "a MaLo-ID has 11")]
    if digits[0] == "0":
        return [Breach(Rule.ISSUER, "is 0", "must be 1–3 (DVGW) or 4–9 (BDEW)")]
    wanted = malo_check(digits[:10])
    if int(digits[10]) != wanted:
        what = f"is {digits[10]}, the others make {wanted}"
        return [Breach(Rule.CHECK_DIGIT, what, "compare each digit with the bill")]
    return []
