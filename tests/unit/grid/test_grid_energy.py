import numpy as np
import pytest

from sunfair.grid import exchange_wh, injections, losses_wh, reactive_share
from sunfair.model import Phase


def test_a_member_loads_its_own_phase_and_three_phases_share():
    metered = np.array([[100, -200, 300, 900]])
    load = np.array([[100, 50, 0, 600]])
    p_w, q_var = injections(metered, load, [Phase.A, Phase.B, Phase.C, Phase.ABC], 900)
    # A quarter of an hour: 100 Wh are 400 W.
    np.testing.assert_allclose(p_w[0], [[400, 0, 0], [0, -800, 0], [0, 0, 1200], [1200, 1200, 1200]])
    # cos φ = 0.95: tan φ = 0.32868; the roof of the second home and the car of the third have none.
    tan = 0.3286841051788632
    np.testing.assert_allclose(q_var[0], [[400 * tan, 0, 0], [0, 200 * tan, 0], [0, 0, 0], [800 * tan] * 3])


@pytest.mark.parametrize(("seconds", "factor"), [(300, 12), (900, 4), (1800, 2), (3600, 1)])
def test_power_is_the_mean_over_the_slot(seconds, factor):
    p_w, _ = injections(np.array([[7]]), np.array([[0]]), [Phase.B], seconds)
    assert p_w.tolist() == [[[0.0, 7.0 * factor, 0.0]]]


@pytest.mark.parametrize(("factor", "share"), [(1.0, 0.0), (0.8, 0.75), (0.6, 4 / 3)])
def test_reactive_share_of_pythagorean_power_factors(factor, share):
    assert reactive_share(factor) == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize("factor", [0.0, -0.5, 1.01, float("nan")])
def test_a_power_factor_out_of_range_is_refused(factor):
    with pytest.raises(ValueError, match="must be above 0 and at most 1"):
        reactive_share(factor)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="must both be"):
        injections(np.zeros((3, 2), np.int64), np.zeros((3, 3), np.int64), [Phase.A] * 2, 900)
    with pytest.raises(ValueError, match="must both be"):
        injections(np.zeros((3, 2), np.int64), np.zeros((3, 2), np.int64), [Phase.A] * 3, 900)


def test_losses_are_rounded_half_up():
    # Quarter-hours: 4 W are 1 Wh.
    assert losses_wh(np.array([0.0, 1.9, 2.0, 5.9, 6.0, 10.0, 400.0]), 900).tolist() == [0, 0, 1, 1, 2, 3, 100]


def test_unknown_losses_are_not_zero():
    with pytest.raises(ValueError, match=r"slot indices \[1, 3\]"):
        losses_wh(np.array([1.0, np.nan, 2.0, np.nan]), 900)


def test_exchange_is_import_or_export():
    taken, given = exchange_wh(np.array([[500, -300], [-800, 100], [5, -8]]), np.array([10, 20, 3]))
    assert taken.tolist() == [210, 0, 0]
    assert given.tolist() == [0, 680, 0]
