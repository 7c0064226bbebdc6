"""The keys of heat pumps, appliances, the owner's rules, prepaid credit and retailers' markets."""

from decimal import Decimal

from sunfair.files.attribute import Attribute, Kind
from sunfair.model import MarketKind
from sunfair.units import LIMIT_MAX, MICRO

__all__ = ["OWNER_ATTRIBUTES"]

_PRICE = Decimal(LIMIT_MAX) / MICRO
_MONEY_MAX = 10_000


def _decimal(
    table: str,
    name: str,
    span: tuple[str, str],
    meaning: str,
    *,
    unit: str = "",
    scale: int = 1000,
    default: str = "",
    slip: str = "",
) -> Attribute:
    """A number between two bounds; required where it has no default."""
    low, high = (Decimal(bound) for bound in span)
    required = not default
    return Attribute(table, name, Kind.DECIMAL, meaning, unit, default, required, (), low, high, scale, slip)


def _price(name: str, meaning: str) -> Attribute:
    span = (str(-_PRICE), str(_PRICE))
    return _decimal("member.owner", name, span, meaning, unit="currency/kWh", scale=MICRO, default="none")


def _money(table: str, name: str, default: str, meaning: str) -> Attribute:
    return _decimal(table, name, ("0", str(_MONEY_MAX)), meaning, unit="currency", scale=MICRO, default=default)


def _when(table: str, what: str) -> tuple[Attribute, Attribute]:
    begin, end = (f"{word} {what}; a date and time with an offset" for word in ("beginning of", "end of"))
    return (
        Attribute(table, "from", Kind.INSTANT, begin, required=True),
        Attribute(table, "until", Kind.INSTANT, end, required=True),
    )


_HEAT = (
    _decimal("member", "heat_kw", ("0", "1000"), "AC power of its heat pump", unit="kW", default="0"),
    Attribute(
        "member",
        "heat",
        Kind.SERIES,
        "warmth asked of the heat pump per slot (not electricity); required with `heat_kw` above 0",
        "Wh",
        "nothing",
    ),
    _decimal(
        "member",
        "heat_capacity",
        ("0", "1000"),
        "warmth that raises house or tank by 1 K; required with `heat_kw` above 0",
        unit="kWh/K",
        default="0",
    ),
    _decimal("member", "heat_low", ("-20", "100"), "lowest temperature allowed", unit="°C", scale=10, default="20"),
    _decimal("member", "heat_high", ("-20", "100"), "highest temperature allowed", unit="°C", scale=10, default="22"),
    _decimal("member", "heat_cop", ("0.1", "10"), "coefficient of performance: warmth per AC energy", default="3"),
    _decimal(
        "member",
        "heat_loss",
        ("0", "0.99"),
        "share of the warmth above `heat_low` that is lost per hour besides the demand",
        default="0",
    ),
)

_OWNER = (
    _decimal(
        "member.owner",
        "neighbour_share",
        ("0", "1"),
        "part of the surplus left by a full battery that is offered to neighbours; the rest goes to the utility",
        default="1",
        slip="write a fraction: 0.8, not 80",
    ),
    _price("floor_price", "least it receives, after fees, for a kWh sold to neighbours"),
    _price("ceiling_price", "most it pays for a kWh bought from neighbours"),
    Attribute("member.owner", "prefer", Kind.TEXTS, "ids of members served before others, in order", default="[]"),
    Attribute(
        "member.owner", "ready_by", Kind.TIME, "when a plugged-in car is ready, site's clock", default="departure"
    ),
    _decimal(
        "member.owner",
        "ready_kwh",
        ("0", "1000"),
        "AC energy the car has by then, at most what its visit asks for; needs `ready_by`",
        unit="kWh",
        default="all",
    ),
    Attribute(
        "member.owner",
        "writes_per_day",
        Kind.WHOLE,
        "commands to the inverter in a civil day at most (its flash memory wears)",
        default="270",
        low=Decimal(1),
        high=Decimal(10_000),
    ),
    _money("member.owner", "max_loss", "5", "lost in a year against the simple rule before the agent returns to it"),
    Attribute("member.gift", "to", Kind.TEXT, "id of the member who gets it", required=True),
    _decimal("member.gift", "daily_kwh", ("0.001", "1000"), "surplus given in a civil day at most", unit="kWh"),
    *_when("member.override", "the order, which then expires"),
    _decimal(
        "member.override",
        "soc",
        ("0", "1"),
        "state of charge to reach and hold, part of `battery_kwh`",
        default="1",
        slip="write a fraction: 0.8, not 80",
    ),
    *_when("member.vacation", "the time nobody is at home"),
    Attribute("member.appliance", "name", Kind.TEXT, "what it is, once a member", required=True),
    Attribute(
        "member.appliance",
        "profile_wh",
        Kind.WHOLES,
        "AC energy of each slot of its run, on top of `load`; it runs once a civil day",
        "Wh",
        required=True,
        low=Decimal(0),
        high=Decimal(10**6),
    ),
    Attribute("member.appliance", "earliest", Kind.TIME, "when it may start at the earliest", default="00:00"),
    Attribute(
        "member.appliance",
        "latest",
        Kind.TIME,
        "when it starts at the latest; before `earliest`: of the next day",
        default="23:59",
    ),
    _money("member.prepaid", "notice", "10", "balance below which the owner is told"),
    _money("member.prepaid", "top_up", "0", "what one top-up pays in; 0: paid in by hand"),
    _money("member.prepaid", "per_day", "0", "most that top-ups take in a UTC day, at least `top_up`"),
    _money("member.prepaid", "in_total", "0", "most that top-ups take in all, at least `per_day`"),
    _money("member.prepaid", "opening", "enough", "what a simulated run pays in before its first slot"),
)

_MARKET = (
    Attribute("market", "name", Kind.TEXT, "what the market is called, once in the file", required=True),
    Attribute("market", "kind", Kind.WORD, "how the retailer sells", words=tuple(MarketKind), required=True),
    Attribute("market", "file", Kind.FILE, "CSV table of its prices, beside this file", required=True),
    Attribute(
        "market",
        "block_minutes",
        Kind.WHOLE,
        "length of a block with one price: whole slots",
        "min",
        "60",
        low=Decimal(5),
        high=Decimal(1440),
    ),
    Attribute(
        "market",
        "gate_minutes",
        Kind.WHOLE,
        "how long before its block an order stands",
        "min",
        "60",
        low=Decimal(0),
        high=Decimal(2880),
    ),
    _decimal(
        "market",
        "fee",
        ("0", str(_PRICE)),
        "what the retailer takes per kWh on top of its price",
        unit="currency/kWh",
        scale=MICRO,
        default="0",
    ),
)

OWNER_ATTRIBUTES: tuple[Attribute, ...] = (
    *_HEAT,
    Attribute(
        "member",
        "markets",
        Kind.TEXTS,
        "names of retailers' markets it buys in; without any it pays the `[tariff]`",
        default="[]",
    ),
    *_OWNER,
    *_MARKET,
)
"""What a home can be told beside its wires and devices; the order is that of the documentation."""
