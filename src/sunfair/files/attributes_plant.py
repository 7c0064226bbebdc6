"""The keys of a community plant in a community file: who holds it, by which key it shares, which seats pass."""

from decimal import Decimal

from sunfair.files.attribute import Attribute, Kind
from sunfair.model import PLANT_KEYS
from sunfair.units import LIMIT_MAX, MICRO

__all__ = ["PLANT_ATTRIBUTES"]

_PRICE = Decimal(LIMIT_MAX) / MICRO


def _bps(table: str, name: str, kind: Kind, meaning: str, *, default: str = "", least: int = 0) -> Attribute:
    """Parts of a plant; required without a default."""
    low, high = Decimal(least), Decimal(10_000)
    return Attribute(table, name, kind, meaning, "bps", default, not default, low=low, high=high)


def _per_kwh(name: str, kind: Kind, meaning: str, default: str) -> Attribute:
    price = "currency/kWh", default
    return Attribute("member.plant", name, kind, meaning, *price, low=-_PRICE, high=_PRICE, scale=MICRO)


PLANT_ATTRIBUTES = (
    Attribute("member.plant", "holders", Kind.TEXTS, "ids of the members that hold the plant", required=True),
    _bps(
        "member.plant",
        "shares",
        Kind.WHOLES,
        "what each of them holds, in their order, summing to 10000; 0 for who only buys a seat later",
    ),
    Attribute(
        "member.plant",
        "key",
        Kind.WORD,
        "by which its output is shared, or, without a `price`, told as the holders' own beside what it sells for",
        default="none",
        words=PLANT_KEYS,
    ),
    _per_kwh(
        "price",
        Kind.DECIMAL,
        "what a holder pays the plant for a shared kWh: it shares by its `key` and offers nothing in the auction",
        "none",
    ),
    Attribute("member.plant", "ranking", Kind.TEXTS, "for `priority`: all holders, first served first", default="none"),
    _bps(
        "member.plant",
        "table",
        Kind.ROWS,
        "for `table`: 24 lists, one per civil hour, of a share per holder, each summing to 10000",
        default="none",
    ),
    _per_kwh("values", Kind.DECIMALS, "for `optimal`: what a shared kWh saves each holder", "all alike"),
    Attribute(
        "member.seat_sale", "from", Kind.TEXT, "id of the holder of this member's plant that sells", required=True
    ),
    Attribute("member.seat_sale", "to", Kind.TEXT, "id of the holder that buys", required=True),
    _bps("member.seat_sale", "share", Kind.WHOLE, "what passes of the whole plant", least=1),
    Attribute(
        "member.seat_sale",
        "price",
        Kind.DECIMAL,
        "what the buyer pays for it in all",
        "currency",
        "0",
        low=Decimal(0),
        high=Decimal(10_000),
        scale=MICRO,
    ),
    Attribute("member.seat_sale", "on", Kind.DATE, "the civil day from which the income is the buyer's", required=True),
)
"""Keys of ``[member.plant]`` and ``[[member.seat_sale]]``, in order."""
