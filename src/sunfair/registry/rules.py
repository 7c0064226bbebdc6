"""The rules an identifier must keep, and the error that says which one broke."""

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from sunfair.errors import Fault, InputError

__all__ = ["Breach", "InvalidMeterPoint", "Rule", "odd_character", "read_text", "refuse"]

_SHOWN = 60
_NO_DIGIT = re.compile("[^0-9]")
_NO_DIGIT_OR_CAPITAL = re.compile("[^0-9A-Z]")


class Rule(IntEnum):
    """What an identifier broke; `validate_many` gives the number, `InvalidMeterPoint.rule` the member itself.

    Where an identifier breaks several, the one named is the first that its scheme looks at.
    """

    VALID = 0
    """None broken."""
    NOT_TEXT = 1
    """It is no text: as a number it has lost its leading zeros."""
    EMPTY = 2
    """Nothing is left when spaces are dropped."""
    CHARACTER = 3
    """A character that may not stand there; digits are ASCII digits only."""
    OTHER_SCHEME = 4
    """It is an identifier of another country, fuel or kind."""
    LENGTH = 5
    """Too few or too many characters."""
    COUNTRY = 6
    """It does not begin with its country's letters."""
    ISSUER = 7
    """Its first digit belongs to no issuing office."""
    PROFILE_CLASS = 8
    """The top line's profile class is not two digits."""
    TIME_SWITCH = 9
    """The top line's meter time-switch code is not three digits."""
    LINE_LOSS = 10
    """The top line's line loss factor class is not three letters or digits."""
    CHECK_DIGIT = 11
    """Check digits or letters do not fit the rest."""
    BORDER_POINT = 12
    """The border point after the identifier is not a digit and one of its letters."""


class Breach(NamedTuple):
    """A rule that broke, what was found, and how to mend it."""

    rule: Rule
    what: str
    mend: str = ""


class InvalidMeterPoint(InputError):
    """A text that identifies no meter point; `.rule` is the first rule that broke, `.faults` tell of all."""

    def __init__(self, headline: str, faults: Sequence[Fault] = (), *, rule: Rule = Rule.NOT_TEXT) -> None:
        self.rule = rule
        super().__init__(headline, faults)


def refuse(scheme: str, text: object, breaches: Sequence[Breach]) -> InvalidMeterPoint:
    """The error for a text that breaks rules of a scheme such as ``"MPAN"``."""
    shown = repr(text) if not isinstance(text, str) or len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"
    faults = [Fault(breach.rule.name.lower().replace("_", " "), breach.what, breach.mend) for breach in breaches]
    return InvalidMeterPoint(f"{shown} is no {scheme}", faults, rule=breaches[0].rule)


def read_text(scheme: str, text: str) -> str:
    """`text` without its ASCII spaces (nothing else is dropped); InvalidMeterPoint if it is no text or empty."""
    if not isinstance(text, str):
        raise refuse(scheme, text, [Breach(Rule.NOT_TEXT, f"is of type {type(text).__name__}", "read it as text")])
    kept = text.replace(" ", "")
    if not kept:
        raise refuse(scheme, text, [Breach(Rule.EMPTY, "nothing but spaces")])
    return kept


def odd_character(kept: str, *, capitals: bool = False) -> list[Breach]:
    """The breach of a text that is not all ASCII digits (capitals where allowed), naming the first."""
    found = (_NO_DIGIT_OR_CAPITAL if capitals else _NO_DIGIT).search(kept)
    if not found:
        return []
    wanted = "ASCII digits and capital letters" if capitals else "ASCII digits"
    what = f"{found[0]!r} at place {found.start() + 1}"
    return [Breach(Rule.CHARACTER, what, f"write {wanted}; spaces may stand between them")]
