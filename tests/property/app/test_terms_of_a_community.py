"""The entries that the utility sets say, slot by slot, exactly the tariffs of the series, and never overlap."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.app.terms import TARIFFS_MAX, terms_of
from sunfair.files import default_community

_COMMUNITY = default_community(homes=25).community


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    slots=st.integers(1, 5_000),
    change=st.sampled_from([0.0, 0.001, 0.2, 1.0]),
)
def test_entries_say_the_series(seed, slots, change):
    rng = np.random.default_rng(seed)
    retail, feed_in = rng.integers(-(10**9), 10**9, (2, slots))
    stays = rng.random(slots) >= change
    for at in range(1, slots):
        if stays[at]:
            retail[at], feed_in[at] = retail[at - 1], feed_in[at - 1]
    entries = terms_of(_COMMUNITY, 1_000, retail, feed_in)
    assert entries[0].first_slot == 1_000
    assert entries[-1].last_slot == 1_000 + slots - 1
    assert all(a.last_slot + 1 == b.first_slot for a, b in pairwise(entries))
    for entry in entries:
        assert 16 <= len(entry.tariffs) <= 16 * TARIFFS_MAX
        for slot in range(entry.first_slot, entry.last_slot + 1):
            assert entry.tariffs_at(slot) == (retail[slot - 1_000], feed_in[slot - 1_000])


def test_a_tariff_that_stays_is_written_once():
    (entry,) = terms_of(_COMMUNITY, 7, np.full(35_040, 320_000), np.full(35_040, 80_000))
    assert len(entry.tariffs) == 16
    assert (entry.seller, entry.utility, entry.network) == tuple(
        getattr(_COMMUNITY.fees, name) for name in ("seller_bps", "utility_bps", "network_bps")
    )
