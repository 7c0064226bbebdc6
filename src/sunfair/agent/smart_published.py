"""What is known of a tariff before its time: prices that change are published for a whole day, on the day before."""

from datetime import timedelta

from sunfair.agent.smart_prices import Published
from sunfair.model import Series
from sunfair.slots import SlotClock

__all__ = ["PUBLISHED_HOUR", "known_until", "published"]

PUBLISHED_HOUR = 13
"""Local hour from which on the next civil day's prices are known."""


def known_until(slot: int, clock: SlotClock) -> int:
    """The first slot whose price is not known at the start of `slot`."""
    local = clock.local(slot)
    days = 2 if local.hour >= PUBLISHED_HOUR else 1
    return clock.day(clock.date_of(slot) + timedelta(days=days))[0]


def published(series: Series, slot: int, clock: SlotClock) -> Published:
    """The tariff as agents know it at the start of `slot`."""
    at = slot - series.first_slot
    known = slice(at, min(known_until(slot, clock), slot + 2 * clock.per_day) - series.first_slot)
    past = slice(max(at - clock.per_day, 0), at)
    return Published(series.retail[past], series.feed_in[past], series.retail[known], series.feed_in[known])
