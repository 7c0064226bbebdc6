"""The meter registry: identifiers of meter points, and what of them may stand on a chain."""

from sunfair.registry.calendar import Calendar
from sunfair.registry.cups import Cups, parse_cups
from sunfair.registry.identity import LAYOUT_VERSION, commitment, identify, identify_many, nullifier
from sunfair.registry.malo import Malo, parse_malo
from sunfair.registry.mpan import DISTRIBUTORS, Mpan, parse_mpan
from sunfair.registry.mprn import Mprn, parse_mprn
from sunfair.registry.point import FUELS, Fuel, MeterKey, MeterPoint
from sunfair.registry.rules import InvalidMeterPoint, Rule
from sunfair.registry.schemes import SCHEMES, Scheme, parse, scheme_for, validate_many

__all__ = [
    "DISTRIBUTORS",
    "FUELS",
    "LAYOUT_VERSION",
    "SCHEMES",
    "Calendar",
    "Cups",
    "Fuel",
    "InvalidMeterPoint",
    "Malo",
    "MeterKey",
    "MeterPoint",
    "Mpan",
    "Mprn",
    "Rule",
    "Scheme",
    "commitment",
    "identify",
    "identify_many",
    "nullifier",
    "parse",
    "parse_cups",
    "parse_malo",
    "parse_mpan",
    "parse_mprn",
    "scheme_for",
    "validate_many",
]
