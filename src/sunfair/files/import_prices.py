"""prices.csv of an import: retail and feed-in in currency per kWh, held over the slots they cover."""

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault
from sunfair.files.import_regrid import hold
from sunfair.files.import_table import TimeTable
from sunfair.files.series import iso
from sunfair.slots import SlotClock
from sunfair.units import LIMIT_MAX, MICRO

__all__ = ["FEED_IN", "RETAIL", "price_faults", "prices_of"]

RETAIL, FEED_IN = 320_000, 80_000
"""The prices of a community that names none, µ/kWh."""

Prices = NDArray[np.int64]

_FILE = "prices.csv"
_COLUMNS = ("retail", "feed_in")


def price_faults(table: TimeTable) -> list[Fault]:
    """What is wrong with prices by themselves."""
    if set(table.names) != set(_COLUMNS):
        return [Fault(f"{_FILE} line 1", f"has start, {', '.join(table.names)}; it must have start, retail, feed_in")]
    faults = []
    high = np.flatnonzero(np.abs(table.values).max(axis=1) > LIMIT_MAX / MICRO)
    if len(high):
        row = table.values[high[0]]
        what = f"holds {row[np.argmax(np.abs(row))]:g} in the interval at {_at(table, high[0])}"
        faults.append(Fault(_FILE, what, f"prices are in currency per kWh, at most {LIMIT_MAX // MICRO}"))
    above = np.flatnonzero(_column(table, "feed_in") > _column(table, "retail"))
    if len(above):
        more = f", and {len(above) - 1} more like it" if len(above) > 1 else ""
        what = f"is above retail in the interval at {_at(table, above[0])}{more}"
        faults.append(Fault(f"{_FILE} column 'feed_in'", what, "feed_in is at most retail"))
    return faults


def prices_of(
    table: TimeTable | None, first: int, count: int, clock: SlotClock
) -> tuple[Prices, Prices, list[Fault], list[str]]:
    """Retail and feed-in of `count` slots from `first` on, µ/kWh (rounded); the default tariff without a table."""
    if table is None:
        notice = "There is no prices.csv: retail 0.32 and feed-in 0.08 per kWh were assumed; change [tariff] to yours."
        return np.full(count, RETAIL, np.int64), np.full(count, FEED_IN, np.int64), [], [notice]
    faults = []
    start, end = first * clock.seconds, (first + count) * clock.seconds
    if table.start_s > start or table.end_s < end:
        shown = [
            f"{iso(a * 1_000_000)} to {iso(b * 1_000_000)}" for a, b in ((table.start_s, table.end_s), (start, end))
        ]
        faults.append(Fault(_FILE, f"covers {shown[0]}, but load.csv covers {shown[1]}", "add the missing prices"))
    if table.interval_s % clock.seconds or table.start_s % clock.seconds:
        what = f"has a price every {table.interval_s / 60:g} min; a slot of {clock.minutes} min has one price"
        faults.append(Fault(_FILE, what, "give one price per slot, or per several whole slots"))
    if faults:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), faults, []
    retail, feed_in = (
        hold(_micro(_column(table, name)), table.start_s, table.interval_s, first, count, clock.seconds)
        for name in _COLUMNS
    )
    return retail, feed_in, [], []


def _column(table: TimeTable, name: str) -> NDArray[np.float64]:
    column: NDArray[np.float64] = table.values[:, table.names.index(name)]
    return column


def _micro(prices: NDArray[np.float64]) -> NDArray[np.int64]:
    """Prices as written, in µ: the shortest decimal of a float is what the file said."""
    scaled = (Decimal(repr(price)) * MICRO for price in prices.tolist())
    return np.array([int(value.to_integral_value(ROUND_HALF_EVEN)) for value in scaled], np.int64)


def _at(table: TimeTable, index: int) -> str:
    return iso((table.start_s + int(index) * table.interval_s) * 1_000_000)
