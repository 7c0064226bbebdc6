"""Somebody makes money out of the tariffs alone: by a feed-in above retail, or by sending energy in circles.

A utility with a friend would set such a tariff for a slot already offered for; a home would feed in what it takes.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vault_world import FIRST, Street, refused, tariff_bytes

from sunfair.settlement.row import residual_parts

MOST = 10**9
energies = st.integers(0, 10**6)
tariffs = st.tuples(st.integers(-MOST, MOST), st.integers(-MOST, MOST)).map(lambda pair: (max(pair), min(pair)))


@pytest.mark.parametrize("pair", [(1, 2), (-2, -1), (0, 1), (-MOST, MOST)])
def test_a_feed_in_above_retail_is_refused(street: Street, pair: tuple[int, int]) -> None:
    with refused("market: feed-in above retail"):
        street.set_terms(tariffs=tariff_bytes([(3, 1), pair, (3, 1)]))


def test_the_last_pair_is_looked_at_too(street: Street) -> None:
    with refused("market: feed-in above retail"):
        street.set_terms(tariffs=tariff_bytes([(3, 1)] * 95 + [(1, 3)]))


def test_a_tariff_already_set_is_not_turned_round(street: Street) -> None:
    """Offers for its slots may be taken: nobody can still make them worth something else."""
    street.set_terms(FIRST, FIRST + 300, tariffs=tariff_bytes([(3, 1)]))
    for first in (FIRST + 1, FIRST + 300):
        with refused("market: terms already set"):
            street.set_terms(first, FIRST + 400, tariffs=tariff_bytes([(MOST, 1)]))


def _worth(residual_wh: int, retail: int, feed_in: int) -> int:
    debit, credit = residual_parts(residual_wh, retail, feed_in)
    return credit - debit


@settings(max_examples=2_000, deadline=None)
@given(pair=tariffs, energy=energies)
def test_energy_in_a_circle_earns_nothing(pair: tuple[int, int], energy: int) -> None:
    """One account takes what another gives back: together they never gain, whatever the signs of the tariffs."""
    retail, feed_in = pair
    assert _worth(energy, retail, feed_in) + _worth(-energy, retail, feed_in) <= 0


@settings(max_examples=2_000, deadline=None)
@given(pair=tariffs, parts=st.lists(energies, min_size=2, max_size=6), takes=st.booleans())
def test_splitting_a_residual_earns_nothing(pair: tuple[int, int], parts: list[int], takes: bool) -> None:
    """The same energy through several accounts is never worth more than through one."""
    retail, feed_in = pair
    sign = 1 if takes else -1
    assert sum(_worth(sign * part, retail, feed_in) for part in parts) <= _worth(sign * sum(parts), retail, feed_in)
