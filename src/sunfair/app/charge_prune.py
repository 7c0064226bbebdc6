"""Use case *forget*: what the central system wrote down for people, long after nothing hangs on it any more."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from sunfair.charging.states import CHALLENGE_SECONDS, LATE_SECONDS
from sunfair.errors import Fault, InputError
from sunfair.ports.charge_points import ChargingStore

__all__ = ["KEEP_LEAST", "check_before", "forget"]

KEEP_LEAST = timedelta(seconds=2 * LATE_SECONDS + CHALLENGE_SECONDS)
"""A late record, a day to challenge the reading, and a record shown in a dispute: so long a stay may still be open."""

_TOGETHER = 5_000


def check_before(now: datetime, before: datetime) -> None:
    """InputError for an instant that lies within the time in which a stay may still be open."""
    if before > now - KEEP_LEAST:
        what = f"{before.isoformat(timespec='minutes')} is less than {KEEP_LEAST.days} days ago"
        mend = "late records, challenges and disputes need what was written since: keep it"
        raise InputError("that cannot be forgotten yet", [Fault("time", what, mend)])


def forget(store: ChargingStore, now: datetime, before: datetime) -> Mapping[str, int]:
    """Delete notes, meter samples of settled sessions, answered commands and outlooks from before an instant; how many
    of each. Sessions, their signed records and bookings stay for ever.

    In small transactions, so that nobody waits for it; it may be stopped anywhere. InputError as in `check_before`.
    """
    check_before(now, before)
    gone: Counter[str] = Counter()
    while True:
        with store.open_book() as book:
            found = book.prune(before, _TOGETHER)
        gone.update(found)
        if not any(found.values()):
            return dict(gone)
