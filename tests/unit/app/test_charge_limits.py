"""The plan of a session against a linear programme (SciPy/HiGHS): never dearer, never short."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.optimize import linprog

from sunfair.app.charge_limits import MIN_W, Need, Period, limits
from sunfair.ports.charge_points import Outlook

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def _power(periods: list[Period], outlook: list[Outlook]) -> np.ndarray:
    """The limit in each stretch."""
    return np.array([[p.limit_w for p in periods if p.begin <= each.begin][-1] for each in outlook])


@pytest.mark.parametrize("seed", range(40))
def test_a_known_amount_is_delivered_at_least_cost(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 12))
    outlook = [
        Outlook(NOW + at * QUARTER, int(random.integers(0, 15_000)), int(random.integers(-50_000, 400_000)))
        for at in range(n)
    ]
    rated, sharers = int(random.integers(MIN_W, 22_000)), int(random.integers(1, 4))
    wh = int(random.integers(0, rated * n // 4 + 2_000))
    need = Need(rated, NOW + n * QUARTER, wh, sharers)
    power = _power(limits(outlook, NOW, need), outlook)
    floor = np.array([min(max(each.surplus_w // sharers, MIN_W), rated) for each in outlook])
    assert (power >= floor).all(), seed
    assert (power <= rated).all(), seed
    prices = np.array([each.price for each in outlook])
    wanted = min(wh, rated * n / 4)
    # The cheapest power within [floor, rated] that reaches the amount; what the floors give beyond it is given anyway.
    shifted = prices - min(prices.min(), 0) + 1
    lp = linprog(
        shifted / 4,
        A_ub=[[-0.25] * n],
        b_ub=[-max(wanted, floor.sum() / 4)],
        bounds=list(zip(floor, [rated] * n, strict=True)),
    )
    assert lp.status == 0, seed
    assert power.sum() / 4 >= wanted - 1e-6, seed
    # One stretch is rounded up by less than a watt.
    assert shifted @ power / 4 <= lp.fun + shifted.max() / 4 + 1e-6, seed


def test_an_unknown_amount_is_fast_where_it_is_cheap_and_sunny_elsewhere() -> None:
    outlook = [Outlook(NOW, 4_000, 100), Outlook(NOW + QUARTER, 8_000, 300), Outlook(NOW + 2 * QUARTER, 0, 300)]
    need = Need(11_000, NOW + 3 * QUARTER, None, 2)
    assert limits(outlook, NOW, need) == [
        Period(NOW, 11_000),
        Period(NOW + QUARTER, 4_000),
        Period(NOW + 2 * QUARTER, MIN_W),
    ]
    assert limits([], NOW, need) == []
    assert limits(outlook, NOW + timedelta(hours=2), need) == []


def test_a_stretch_under_way_is_cut() -> None:
    outlook = [Outlook(NOW, 0, 300), Outlook(NOW + QUARTER, 0, 100)]
    later = NOW + timedelta(minutes=10)
    need = Need(11_000, NOW + 2 * QUARTER, 1_380 * 5 // 60 + 2_750)  # the floor for five minutes, then all it can
    assert limits(outlook, later, need) == [Period(later, MIN_W), Period(NOW + QUARTER, 11_000)]
