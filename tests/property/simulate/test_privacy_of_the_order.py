"""The order of leaves carries no information: 10,000 slots, each independence test at p > 0.001.

The tests are chi-squared tests of independence (SciPy) on how often an account's leaf stands at a place, at a place after
the place it had before, and beside which neighbour. That they can fail is shown on orders that leak.
"""

from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from sunfair.simulate import SeededChance

_SLOTS, _SIZE, _SEED = 10_000, 12, 20_26
_P = 0.001


def _drawn() -> np.ndarray:
    chance = SeededChance(_SEED)
    first = int(datetime(2016, 9, 21, tzinfo=UTC).timestamp()) // 900
    return np.stack([chance.order(first + at, _SIZE) for at in range(_SLOTS)])


def _by_account(order: np.ndarray) -> float:
    """p that places are independent of the account."""
    table = np.zeros((_SIZE, _SIZE), np.int64)
    for account in range(_SIZE):
        table[account] = np.bincount(order[:, account], minlength=_SIZE)
    return float(chi2_contingency(table).pvalue)


def _by_last_place(order: np.ndarray) -> float:
    """p that an account's place is independent of its place in the slot before."""
    table = np.zeros((_SIZE, _SIZE), np.int64)
    np.add.at(table, (order[:-1].ravel(), order[1:].ravel()), 1)
    return float(chi2_contingency(table).pvalue)


def _by_time_of_day(order: np.ndarray) -> float:
    """p that account 0's place is independent of the hour."""
    hour = np.arange(len(order)) // 4 % 24
    table = np.zeros((24, _SIZE), np.int64)
    np.add.at(table, (hour, order[:, 0]), 1)
    return float(chi2_contingency(table).pvalue)


def _by_neighbour(order: np.ndarray) -> float:
    """p that who stands right behind an account's leaf is independent of the account."""
    members = np.argsort(order, axis=1)
    pairs = np.zeros((_SIZE, _SIZE), np.int64)
    np.add.at(pairs, (members[:, :-1].ravel(), members[:, 1:].ravel()), 1)
    off = pairs[~np.eye(_SIZE, dtype=bool)].reshape(_SIZE, _SIZE - 1)
    expected = off.sum() / off.size
    from scipy.stats import chi2

    return float(chi2.sf(((off - expected) ** 2 / expected).sum(), off.size - 1))


_TESTS = [_by_account, _by_last_place, _by_time_of_day, _by_neighbour]


def test_every_order_is_a_permutation():
    assert (np.sort(_drawn(), axis=1) == np.arange(_SIZE)).all()


@pytest.mark.parametrize("p_of", _TESTS)
def test_the_order_tells_nothing(p_of):
    assert p_of(_drawn()) > _P, f"seed {_SEED}"


def _favourite(order: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Account 0 swaps with whoever stands first, once in eight slots."""
    leaking = order.copy()
    chosen = rng.random(len(order)) < 1 / 8
    first = np.argmin(leaking, axis=1)
    for at in np.flatnonzero(chosen):
        leaking[at, [0, first[at]]] = leaking[at, [first[at], 0]]
    return leaking


def _lazy(order: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Once in eight slots the order of the slot before is used again."""
    leaking = order.copy()
    for at in np.flatnonzero(rng.random(len(order)) < 1 / 8):
        leaking[at] = leaking[at - 1]
    return leaking


def _at_noon(order: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """From 12 to 13 o'clock account 0 stands in the first half half as often again."""
    leaking = order.copy()
    noon = np.flatnonzero((np.arange(len(order)) // 4 % 24 == 12) & (rng.random(len(order)) < 1 / 2))
    for at in noon:
        first = int(np.argmin(leaking[at]))
        leaking[at, [0, first]] = leaking[at, [first, 0]]
    return leaking


def _pairs(order: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Once in eight slots account 1 stands right behind account 0."""
    leaking = order.copy()
    for at in np.flatnonzero(rng.random(len(order)) < 1 / 8):
        row = leaking[at]
        target = (row[0] + 1) % _SIZE
        other = int(np.flatnonzero(row == target)[0])
        row[[1, other]] = row[[other, 1]]
    return leaking


@pytest.mark.parametrize(("p_of", "leak"), list(zip(_TESTS, [_favourite, _lazy, _at_noon, _pairs], strict=True)))
def test_an_order_that_leaks_is_found(p_of, leak):
    assert p_of(leak(_drawn(), np.random.default_rng(_SEED))) < _P
