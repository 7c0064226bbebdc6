"""Use case *set terms*: a community's rules and tariffs as the entries that the utility sets on chain."""

import numpy as np
from numpy.typing import NDArray

from sunfair.model import Community
from sunfair.settlement import rule_byte
from sunfair.settlement.court import Terms
from sunfair.settlement.hashing import int64_bytes

__all__ = ["TARIFFS_MAX", "terms_of"]

TARIFFS_MAX = 1_024
"""Most slots with tariffs of their own in one entry."""


def terms_of(
    community: Community, first_slot: int, retail: NDArray[np.int64], feed_in: NDArray[np.int64]
) -> list[Terms]:
    """The entries for consecutive slots from `first_slot` on, with their tariffs int64[T], µ/kWh.

    A tariff that stays is written once: the last pair of an entry holds on. What is set never changes, so entries do
    not overlap.
    """
    pairs = np.stack([np.asarray(retail, np.int64), np.asarray(feed_in, np.int64)], axis=1)
    changes = np.flatnonzero((pairs[1:] != pairs[:-1]).any(axis=1)) + 1
    entries, start = [], 0
    while start < len(pairs):
        end = _end(start, len(pairs), changes)
        told = [at for at in changes.tolist() if start < at < end]
        written = pairs[start : (told[-1] if told else start) + 1]
        entries.append(_entry(community, first_slot + start, first_slot + end - 1, written))
        start = end
    return entries


def _end(start: int, count: int, changes: NDArray[np.int64]) -> int:
    """Where the entry that begins at `start` ends: before the first change that no longer fits."""
    beyond = changes[changes >= start + TARIFFS_MAX]
    return int(beyond[0]) if len(beyond) else count


def _entry(community: Community, first: int, last: int, pairs: NDArray[np.int64]) -> Terms:
    fees, (k_num, k_den) = community.fees, community.k
    shares = fees.seller_bps, fees.utility_bps, fees.network_bps
    rule = rule_byte(community.mechanism, community.sessions)
    return Terms(first, last, rule, k_num, k_den, *shares, int64_bytes(pairs).tobytes())
