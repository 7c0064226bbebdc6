"""The meter points of a simulated community, as its registrar enters them."""

from hashlib import sha256

from sunfair.model import FIRST_MEMBER, Community
from sunfair.ports import Chance, Enrolment
from sunfair.registry import InvalidMeterPoint, parse
from sunfair.registry.identity import identify
from sunfair.registry.point import MeterKey

__all__ = ["enrolments", "point_key"]

_NO_SLOT = 0
"""The salts of slot 0, in 1970, are no book's: they are the points'."""

_COUNTRIES = ("GB", "DE", "ES")
_NOWHERE = "ZZ"
"""The country of identifiers that no country gave (ISO 3166-1 leaves the code to its users)."""


def enrolments(community: Community, chance: Chance) -> list[Enrolment]:
    """Every member's point: homes, plants and charge points alike. The registrars' secret and the salts are drawn."""
    secret, *salts = (row.tobytes() for row in chance.salts(_NO_SLOT, 1 + community.size))
    return [
        Enrolment(FIRST_MEMBER + at, *identify(point_key(member.meter), salt, secret))
        for at, (member, salt) in enumerate(zip(community.members, salts, strict=True))
    ]


def point_key(meter: str) -> MeterKey:
    """The key of a meter as a community's file names it: its national identifier, if it is one, else the name itself.

    A name of other than ASCII letters and digits, or a long one, stands as its SHA-256.
    """
    for country in _COUNTRIES:
        try:
            return parse(country, "electricity", meter).key
        except InvalidMeterPoint:
            continue
    plain = meter.isascii() and meter.isalnum() and len(meter) < 64
    return MeterKey(_NOWHERE, "electricity", meter if plain else sha256(meter.encode()).hexdigest())
