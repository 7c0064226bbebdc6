"""Reading one record of a foreign file of stations: every value that cannot be is a fault with its place."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sunfair.errors import Fault
from sunfair.files.places import countries

__all__ = ["Record", "coordinates", "country_of", "whole_watts"]

_POWER_MAX_W = 4_000_000
"""Megawatt chargers end at 3.75 MW (CharIN MCS); more is a wrong unit."""


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON object at `place`; faults of what is read from it go to `faults`."""

    values: Mapping[str, Any]
    place: str
    faults: list[Fault]

    def value(self, name: str) -> Any:
        """What stands there, None if nothing does."""
        return self.values.get(name)

    def fault(self, name: str, what: str, mend: str) -> None:
        """Note what is wrong with a value."""
        self.faults.append(Fault(f"{self.place}.{name}", what, mend))

    def text(self, name: str, *, needed: bool = False) -> str:
        """A text, empty if none is given; a fault where one is `needed`."""
        found = self.values.get(name)
        if isinstance(found, str) and found.strip():
            return found.strip()
        if found is not None and not isinstance(found, str):
            self.fault(name, f"is {found!r}", "a text is needed")
        elif needed:
            self.fault(name, "is missing", "a text is needed")
        return ""

    def whole(self, name: str, *, default: int) -> int:
        """A whole number, `default` if none is given."""
        found = self.values.get(name)
        if found is None:
            return default
        if isinstance(found, bool) or not isinstance(found, int):
            self.fault(name, f"is {found!r}", "a whole number is needed")
            return default
        return found

    def child(self, name: str, *, needed: bool = False) -> "Record":
        """The object that stands there, an empty one if none does."""
        found = self.values.get(name)
        place = f"{self.place}.{name}"
        if isinstance(found, Mapping):
            return Record(found, place, self.faults)
        if found is not None or needed:
            self.fault(name, "is missing" if found is None else f"is {found!r}", "an object is needed")
        return Record({}, place, self.faults if found is None and not needed else [])

    def children(self, name: str) -> Iterator["Record"]:
        """The objects of the list that stands there."""
        found = self.values.get(name)
        if found is not None and not isinstance(found, list):
            self.fault(name, f"is {type(found).__name__}", "a list is needed")
            return
        for at, item in enumerate(found or []):
            if isinstance(item, Mapping):
                yield Record(item, f"{self.place}.{name}[{at}]", self.faults)
            else:
                self.fault(f"{name}[{at}]", f"is {item!r}", "an object is needed")

    def id_of(self, name: str) -> int:
        """Open Charge Map's way of naming a kind: ``nameID``, or an object ``name`` with an ``ID``; 0 if neither."""
        found = self.values.get(f"{name}ID")
        if found is None and isinstance(whole := self.values.get(name), Mapping):
            found = whole.get("ID")
        return found if isinstance(found, int) else 0


def coordinates(record: Record, north: str, east: str) -> tuple[float, float] | None:
    """Degrees north and east, written as numbers or as texts; None with a fault if they are no place on Earth."""
    degrees = []
    for name, most in ((north, 90.0), (east, 180.0)):
        try:
            degree = float(record.value(name))
        except (TypeError, ValueError):
            degree = math.nan
        if not abs(degree) <= most:
            record.fault(name, f"is {record.value(name)!r}", f"degrees from -{most:g} to {most:g} are needed")
        degrees.append(degree)
    if degrees == [0.0, 0.0]:
        record.fault(north, "and the other are 0", "nobody charges in the Gulf of Guinea: look the place up")
    return (
        (degrees[0], degrees[1])
        if all(abs(d) <= most for d, most in zip(degrees, (90.0, 180.0), strict=True))
        else None
    )


def whole_watts(record: Record, name: str, *, scale: int) -> int:
    """A power, W, from a number of `scale` W each; 0 if none is given, a fault if it cannot be."""
    found = record.value(name)
    if found is None:
        return 0
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found * scale <= _POWER_MAX_W:
        record.fault(name, f"is {found!r}", f"0 to {_POWER_MAX_W // scale:,} is what chargers give: look at the unit")
        return 0
    return round(found * scale)


def country_of(code: str) -> str:
    """ISO 3166-1 alpha-2 of a country's code of two or three letters; empty for none known."""
    found = countries().get(code.upper())
    return found.iso2 if found else ""
