"""Units and bounds: energy in Wh, money in µ (10⁻⁶ of the settlement currency), prices in µ/kWh, shares in bps.

Energy is signed everywhere: **+ is taken from the grid (buy, import), − is given to it (sell, export)**.
All of them are integers. A decimal number enters and leaves only here, as `Decimal`, never as float.
"""

from decimal import Context, Decimal, Inexact, InvalidOperation

__all__ = [
    "BPS",
    "ENERGY_MAX",
    "LIMIT_MAX",
    "MICRO",
    "NO_BUY",
    "NO_SELL",
    "STEPS_MAX",
    "TICK",
    "format_money",
    "format_price",
    "micro",
]

MICRO = 1_000_000
"""µ per unit of the settlement currency (the token has 6 decimals)."""

BPS = 10_000
"""Basis points in a whole."""

ENERGY_MAX = 10**9
"""Largest |energy| of a step, a reading or a cap, Wh."""

LIMIT_MAX = 10**9
"""Largest |limit| or |price|, µ/kWh."""

NO_BUY = -LIMIT_MAX - 1
"""A buy limit no price can meet: "does not buy"; also the `lo` of a node in which nothing sets one."""

NO_SELL = LIMIT_MAX + 1
"""A sell limit no price can meet: "does not sell"; also the `hi` of a node in which nothing sets one."""

STEPS_MAX = 8
"""Steps of one account's curve for one slot and session."""

TICK = 10_000
"""Limits of accepted offers are multiples of this, µ/kWh (1 ct): a unique limit would name its home."""


_EXACT = Context(prec=10_000, traps=[InvalidOperation, Inexact])


def micro(value: Decimal | str | int) -> int:
    """A decimal amount or price as integer µ, exactly.

    Raises ValueError when the text is not a finite number or has more than six decimals.
    """
    try:
        exact = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not a number") from error
    if not exact.is_finite() or abs(exact.adjusted()) > 30:
        raise ValueError(f"{value} is not finite, has more than six decimals, or is beyond any amount of money")
    scaled = _EXACT.multiply(exact, Decimal(MICRO))
    if scaled != scaled.to_integral_value(context=_EXACT):
        raise ValueError(f"{value} has more than six decimals")
    return int(scaled)


def format_money(amount: int, currency: str = "EUR") -> str:
    """µ as a readable amount with a sign, rounded half away from zero to the cent, e.g. ``-1.23 EUR``."""
    cents = (abs(amount) + 5_000) // 10_000
    sign = "-" if amount < 0 and cents else ""
    return f"{sign}{cents // 100}.{cents % 100:02d} {currency}"


def format_price(price: int, currency: str = "EUR") -> str:
    """µ/kWh as currency per kWh with four decimals, e.g. ``0.2150 EUR/kWh``."""
    tenths = (abs(price) + 50) // 100
    sign = "-" if price < 0 and tenths else ""
    return f"{sign}{tenths // 10_000}.{tenths % 10_000:04d} {currency}/kWh"
