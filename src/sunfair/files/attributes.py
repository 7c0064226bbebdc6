"""Every key a community file may hold: one table that validation, the writer and docs/scenario.md all read."""

from decimal import Decimal

from sunfair.files.attribute import Attribute, Kind
from sunfair.files.attributes_owner import OWNER_ATTRIBUTES
from sunfair.files.attributes_plant import PLANT_ATTRIBUTES
from sunfair.model import Mechanism, Phase, Session, Sharing, Strategy
from sunfair.slots import SLOT_MINUTES
from sunfair.units import LIMIT_MAX, MICRO

__all__ = ["ATTRIBUTES", "TABLES", "Attribute", "Kind", "attributes_of", "markdown"]

TABLES = (
    "community",
    "tariff",
    "tariff.fees",
    "grid",
    "market",
    "member",
    "member.owner",
    "member.gift",
    "member.override",
    "member.vacation",
    "member.appliance",
    "member.prepaid",
    "member.plant",
    "member.seat_sale",
)
"""The tables of a community file; ``[[member]]`` stands once per member, ``[[market]]`` once per retailer's market."""

_PRICE_MAX = Decimal(LIMIT_MAX) / MICRO


def _power(name: str, unit: str, high: int, meaning: str, slip: str, default: str = "0") -> Attribute:
    """A member's kW, kWh or kWp."""
    return Attribute(
        "member", name, Kind.DECIMAL, meaning, unit, default, low=Decimal(0), high=Decimal(high), scale=1000, slip=slip
    )


def _efficiency(name: str, meaning: str) -> Attribute:
    return Attribute(
        "member",
        name,
        Kind.DECIMAL,
        meaning,
        default="0.95",
        low=Decimal("0.001"),
        high=Decimal(1),
        scale=1000,
        slip="write a fraction: 0.95, not 95",
    )


def _share(name: str, default: str, meaning: str) -> Attribute:
    return Attribute(
        "tariff.fees",
        name,
        Kind.WHOLE,
        meaning,
        "bps",
        default,
        low=Decimal(0),
        high=Decimal(10_000),
        slip="1 % is 100 bps",
    )


def _price(name: str, meaning: str) -> Attribute:
    return Attribute(
        "tariff",
        name,
        Kind.PRICE,
        meaning,
        "currency/kWh",
        required=True,
        low=-_PRICE_MAX,
        high=_PRICE_MAX,
        scale=MICRO,
        slip="write the price of a kWh in the currency itself: 0.32 is 32 ct",
    )


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("community", "name", Kind.TEXT, "what the community is called in reports", required=True),
    Attribute(
        "community",
        "timezone",
        Kind.TEXT,
        "IANA zone whose civil days the bills follow",
        default="UTC",
    ),
    Attribute(
        "community",
        "slot_minutes",
        Kind.WHOLE,
        "length of a slot: " + ", ".join(str(minutes) for minutes in SLOT_MINUTES),
        "min",
        "15",
        low=Decimal(SLOT_MINUTES[0]),
        high=Decimal(SLOT_MINUTES[-1]),
    ),
    Attribute(
        "community",
        "sessions",
        Kind.WORDS,
        "the auctions of a slot",
        default='["ahead", "pool"]',
        words=tuple(Session),
    ),
    Attribute(
        "community",
        "mechanism",
        Kind.WORD,
        "how a session is cleared",
        default="uniform",
        words=tuple(Mechanism),
    ),
    Attribute(
        "community",
        "k",
        Kind.PAIR,
        "where the price lies between the marginal limits: numerator and denominator",
        default="[1, 2]",
        low=Decimal(0),
        high=Decimal(LIMIT_MAX),
    ),
    Attribute(
        "community",
        "gate_minutes",
        Kind.WHOLE,
        "how long before a slot its ahead session closes",
        "min",
        "5",
        low=Decimal(0),
        high=Decimal(1440),
    ),
    Attribute(
        "community",
        "currency",
        Kind.TEXT,
        "ISO 4217 code of the settlement currency",
        default="EUR",
    ),
    Attribute(
        "community",
        "notices",
        Kind.TEXTS,
        "sentences for every report: where the data come from, what was assumed",
        default="[]",
    ),
    _price("retail", "what the utility takes for a kWh; a series is in µ/kWh"),
    _price("feed_in", "what the utility pays for a kWh, at most retail; a series is in µ/kWh"),
    _share("seller_bps", "8000", "the seller's share of a trade's money, more than half"),
    _share("utility_bps", "1200", "the utility's share"),
    _share("network_bps", "800", "the network operator's share; the three sum to 10000"),
    Attribute(
        "grid",
        "file",
        Kind.FILE,
        "the network beside this file: JSON of power-grid-model or pandapower, or a folder of SimBench's CSV",
        required=True,
    ),
    Attribute(
        "grid",
        "envelope",
        Kind.WORD,
        "how the wires' room is shared as caps on what each meter may show; none sets no caps",
        default="none",
        words=tuple(Sharing),
    ),
    Attribute("member", "id", Kind.TEXT, "its name, once in the file", required=True),
    Attribute("member", "meter", Kind.TEXT, "its meter point, once in the file", default="the id"),
    Attribute(
        "member",
        "bus",
        Kind.WHOLE,
        "id of the network's node it hangs on; required with a `[grid]`",
        low=Decimal(0),
        high=Decimal(2**31 - 1),
        default="none",
    ),
    Attribute(
        "member",
        "phase",
        Kind.WORD,
        "the phase it hangs on; required with a `[grid]`",
        default="none",
        words=tuple(Phase),
    ),
    Attribute(
        "member",
        "load",
        Kind.SERIES,
        "use without battery and car per slot, never negative",
        "Wh",
        "nothing",
    ),
    _power("pv_kwp", "kWp", 2_500, "rated power of its roof", "write kWp, not Wp"),
    Attribute(
        "member",
        "pv",
        Kind.SERIES,
        "what its whole roof can give per slot (AC), never negative; required with `pv_kwp` above 0",
        "Wh",
        "nothing",
    ),
    _power("battery_kwh", "kWh", 2_500, "usable capacity of its battery", "write kWh, not Wh"),
    _power(
        "battery_kw",
        "kW",
        2_500,
        "AC power of its battery, each way",
        "write kW, not W",
        "half of `battery_kwh`",
    ),
    _efficiency("battery_charge_eff", "stored energy per AC energy taken"),
    _efficiency("battery_discharge_eff", "AC energy given per stored energy"),
    _power("battery_reserve_kwh", "kWh", 2_500, "kept back for outages, at most `battery_kwh`", "write kWh, not Wh"),
    _power("ev_kw", "kW", 1_000, "AC power of its car charger", "write kW, not W"),
    Attribute(
        "member",
        "ev",
        Kind.FILE,
        "Parquet table of its car's visits: `member, arrive, depart, need_wh`; needs `ev_kw`",
        default="no visits",
    ),
    Attribute(
        "member",
        "strategy",
        Kind.WORD,
        "who decides: `smart` plans ahead, `rule` is the simple agent, `pool` has none",
        default="smart with a battery, car or heat pump, else rule",
        words=tuple(Strategy),
    ),
    Attribute(
        "member",
        "shape",
        Kind.TEXT,
        "the measured series its load was made from, where several homes share one",
        default="none",
    ),
    *OWNER_ATTRIBUTES,
    *PLANT_ATTRIBUTES,
)


def attributes_of(table: str) -> dict[str, Attribute]:
    """The keys of one table by name, in order."""
    return {attribute.name: attribute for attribute in ATTRIBUTES if attribute.table == table}


def markdown(table: str) -> str:
    """The keys of one table as a Markdown table, as printed in docs/scenario.md."""
    rows = ["| key | type | unit | default | meaning |", "|---|---|---|---|---|"]
    for item in attributes_of(table).values():
        kind = " \\| ".join(f"`{word}`" for word in item.words) if item.words else item.kind.value
        if item.kind is Kind.WORDS:
            kind = f"list of {kind}"
        default = "**required**" if item.required else item.default
        rows.append(f"| `{item.name}` | {kind} | {item.unit} | {default} | {item.meaning} |")
    return "\n".join(rows) + "\n"
