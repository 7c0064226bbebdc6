"""A gazetteer without a network: where a place of this name lies, in whatever language and spelling it was typed."""

import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sunfair.charging.finding.geo import distance_m
from sunfair.errors import Fault, InputError

__all__ = ["Gazetteer", "Place", "folded"]


@dataclass(frozen=True, slots=True)
class Place:
    """A town: degrees north and east (WGS 84), people, IANA time zone, country as ISO 3166-1 alpha-2."""

    name: str
    country: str
    latitude: float
    longitude: float
    population: int
    timezone: str


def folded(text: str) -> str:
    """A name as it is compared: no accents, no case, no hyphens or doubled spaces, ß as ss."""
    if text.isascii() and text.isalpha():
        return text.casefold()  # nine names in ten: not a letter to change
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(" " if sign in "-'’.,/" else sign for sign in decomposed if not unicodedata.combining(sign))
    return " ".join(letters.split())


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Places in falling order of population, and their names folded and sorted: `names[i]` is one of `owners[i]`'s."""

    places: Sequence[Place]
    names: Sequence[str] = field(repr=False)
    owners: Sequence[int] = field(repr=False)

    @staticmethod
    def of(places: Sequence[Place], aliases: Sequence[Sequence[str]]) -> "Gazetteer":
        """A gazetteer of places and their other names; the places need no order."""
        order = sorted(range(len(places)), key=lambda at: -places[at].population)
        pairs = {
            (key, rank)
            for rank, at in enumerate(order)
            for name in (places[at].name, *aliases[at])
            if (key := folded(name))
        }
        names = sorted(pairs)
        return Gazetteer([places[at] for at in order], [name for name, _ in names], [owner for _, owner in names])

    def find(self, text: str, *, limit: int = 8) -> list[Place]:
        """Places of that name, then those whose name begins so, the larger first; "name, CC" keeps to one country.

        Empty if there is none. InputError for a text without a letter.
        """
        name, _, country = text.rpartition(",") if "," in text else (text, "", "")
        wanted, country = folded(name), country.strip().upper()
        if not wanted:
            fault = Fault("place", f"is {text!r}", "write a town's name, perhaps with its country: Valencia, ES")
            raise InputError("that is no place", [fault])
        exact = self._between(wanted, wanted + "\0")
        begins = self._between(wanted, wanted + "\U0010ffff")
        ranked = [*sorted(exact), *sorted(begins - exact)]
        found = [self.places[at] for at in ranked if not country or self.places[at].country == country]
        return found[:limit]

    def the(self, text: str) -> Place:
        """The largest place of that name; InputError, with what is near in the alphabet, if there is none."""
        found = self.find(text, limit=1)
        if found:
            return found[0]
        at = bisect_left(self.names, folded(text.partition(",")[0]))
        near = {self.places[owner].name for owner in self.owners[max(0, at - 2) : at + 2]}
        mend = f"near in the alphabet: {', '.join(sorted(near))}; or give coordinates, e.g. 48.137,11.575"
        raise InputError(
            "that place is not known here", [Fault("place", f"{text!r} is no town of 5,000 or more", mend)]
        )

    def nearest(self, latitude: float, longitude: float) -> Place:
        """The place next to a point of the Earth, degrees."""
        north = np.array([place.latitude for place in self.places])
        east = np.array([place.longitude for place in self.places])
        return self.places[int(np.argmin(distance_m(latitude, longitude, north, east)))]

    def _between(self, low: str, high: str) -> set[int]:
        """Ranks of the places with a name in [low, high)."""
        return set(self.owners[bisect_left(self.names, low) : bisect_left(self.names, high)])
