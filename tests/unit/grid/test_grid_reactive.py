import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from sunfair.grid import Network
from sunfair.grid.reactive import DEFAULT_CURVE, VoltVar, least_power_factor, reactive_limit, volt_var
from sunfair.grid.volt_var_flow import volt_var_flow


@pytest.mark.parametrize(
    ("voltage", "q"),
    [(0.90, -4358.9), (0.93, -4358.9), (0.95, -2179.4), (0.97, 0), (1.0, 0), (1.03, 0), (1.05, 2179.4), (1.07, 4358.9)],
)
def test_the_standard_characteristic(voltage, q):
    """10 kVA at cos φ 0.90 and 9 kW: √(1 − 0.9²) = 0.43589 of the rating at the ends, in proportion between."""
    found = volt_var(np.array(voltage), np.array(-9000.0), np.array(10e3), np.array(0.9))
    assert found == pytest.approx(q, abs=0.1)


def test_small_converters_owe_less():
    """0.95 up to 4.6 kVA and 0.90 above; q/p at full power 0.3287 and 0.4843 (tan of the angles)."""
    factor = least_power_factor(np.array([3000.0, 4600.0, 4601.0, 30e3]))
    np.testing.assert_array_equal(factor, [0.95, 0.95, 0.90, 0.90])
    limit = reactive_limit(factor * 5000, np.full(4, 5000.0), factor)
    np.testing.assert_allclose(limit / (factor * 5000), [0.328684, 0.328684, 0.484322, 0.484322], rtol=1e-5)


@given(
    st.floats(0.5, 1.5),
    st.floats(-2e4, 2e4),
    st.floats(0, 2e4),
    st.sampled_from([0.8, 0.9, 0.95, 1.0]),
)
def test_neither_rating_nor_power_factor_is_exceeded_and_the_sign_helps(voltage, p, rated, factor):
    q = float(volt_var(np.array(voltage), np.array(p), np.array(rated), factor))
    if abs(p) <= rated:
        assert p * p + q * q <= rated * rated * (1 + 1e-12) + 1e-9
    else:
        assert q == 0
    assert abs(q) <= abs(p) * np.tan(np.arccos(factor)) + 1e-9
    assert q * (voltage - 1) >= 0


def test_a_curve_that_is_none_is_refused():
    for voltage, part in [((1.0,), (0.0,)), ((1.0, 0.9), (0, 1)), ((0.9, 1.0), (1, 0)), ((0.9, 1.1), (-2, 1))]:
        with pytest.raises(ValueError, match=r"characteristic|ascend|rise"):
            VoltVar(voltage, part)
    assert DEFAULT_CURVE.steepest == pytest.approx(25)


def test_two_buses_at_rest_by_bisection(feeder):
    """One converter behind r + jx: its voltage solves V⁴ + V²(2(rp + xq) − V₁²) + |z|²|s|² = 0 with q on the curve."""
    network = Network.parse(feeder.text(feeder.two_bus()))
    v1, r, x = 400 / np.sqrt(3), 0.2, 0.08
    powers = np.array([-12e3, -8e3, -3e3, 5e3])
    p = np.zeros((4, 1, 3))
    p[:, 0, 0] = powers
    rated, factor = np.array([[15e3, 0, 0]]), np.array([0.9])
    found = volt_var_flow(network, np.zeros_like(p), np.zeros_like(p), p, rated, factor)
    assert found.settled.all()
    for t, power in enumerate(powers):

        def gap(u, power=power):
            q = float(volt_var(np.array(u), np.array(power), np.array(15e3), 0.9))
            half = (v1**2 - 2 * (r * power + x * q)) / 2
            return np.sqrt(half + np.sqrt(half**2 - (r**2 + x**2) * (power**2 + q**2))) / v1 - u

        assert found.flow.voltage_pu[t, 1, 0] == pytest.approx(brentq(gap, 0.8, 1.3), abs=2e-6)
    assert not found.q_var[:, :, 1:].any()
    alone = volt_var_flow(network, np.zeros((1, 1, 3)), np.zeros((1, 1, 3)), p[:1], rated, factor)
    assert alone.q_var[0].tobytes() == found.q_var[0].tobytes(), "a slot depends on itself alone"
