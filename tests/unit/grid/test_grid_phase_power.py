import itertools

import numpy as np
import pytest

from sunfair.grid import Network, PointCache, power_flow
from sunfair.grid.converters import Converters, onto_phases
from sunfair.grid.phase_power import Weights, phases_asked, steer_phases


@pytest.fixture(scope="module")
def network(feeder):
    data = feeder.tables(members=((3, "a"), (4, "abc"), (6, "abc"), (4, "b")))
    for name in ("r1", "x1", "r0", "x0"):
        data["line"][name] *= 2
    return Network.parse(feeder.text(data))


def converters(power=(-9000.0, -6000.0), rated=5000.0):
    cap = np.full((2, 3), rated)
    return Converters(np.array([1, 2]), np.array(power), -cap, np.zeros_like(cap), cap, np.array([0.9, 0.9]))


def surroundings(seed):
    """A home that feeds in on one phase near the first converter, some use elsewhere."""
    rng = np.random.default_rng(seed)
    p = np.zeros((4, 3))
    p[0, 0], p[3, 1] = rng.uniform(1000, 3000), -rng.uniform(3000, 9000)
    p[2] = rng.uniform(0, 1500, 3)
    return p, np.abs(p) * 0.1


@pytest.mark.parametrize("seed", range(5))
def test_nearest_powers_add_up_and_no_exchange_of_two_phases_comes_nearer(seed):
    """For a sum of squares under one sum and limits, that no pair can gain is that nothing can (KKT)."""
    rng = np.random.default_rng(seed)
    wanted, low = rng.normal(0, 3000, (40, 3)), -rng.uniform(0, 4000, (40, 3))
    high = low + rng.uniform(0, 6000, (40, 3))
    power = low.sum(axis=1) + rng.uniform(0, 1, 40) * (high - low).sum(axis=1)
    found = onto_phases(wanted, power, low, high)
    np.testing.assert_allclose(found.sum(axis=1), power, atol=1e-6)
    assert (found >= low - 1e-6).all() and (found <= high + 1e-6).all(), f"seed {seed}"
    for i, j in itertools.permutations(range(3), 2):
        step = np.minimum(1.0, np.minimum(high[:, i] - found[:, i], found[:, j] - low[:, j])).clip(0)
        moved = found.copy()
        moved[:, i] += step
        moved[:, j] -= step
        gain = np.square(found - wanted).sum(axis=1) - np.square(moved - wanted).sum(axis=1)
        assert gain.max() < 1e-3, f"seed {seed}"


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("reactive", [False, True])
def test_power_is_conserved_within_every_limit_and_nothing_is_worse(network, seed, reactive):
    p, q = surroundings(seed)
    devices = converters()
    points = steer_phases(network, p, q, devices, reactive=reactive)
    np.testing.assert_allclose(points.p_w.sum(axis=1), devices.power_w, atol=1e-6)
    assert (points.p_w >= devices.lowest_w - 1e-6).all() and (points.p_w <= devices.highest_w + 1e-6).all()
    assert (np.hypot(points.p_w, points.q_var) <= devices.rated_va + 1e-6).all()
    assert (np.abs(points.q_var) <= np.abs(points.p_w) * np.tan(np.arccos(0.9)) + 1e-6).all()
    assert reactive or not points.q_var.any()
    even = _voltages(network, p, q, devices.even())
    assert np.ptp(points.flow.voltage_pu[0, 3]) < np.ptp(even[3])
    assert points.flow.max_voltage_pu[0] <= even.max()


def test_sensitivities_are_kept_from_slot_to_slot(network):
    """The same surroundings, a little more each time: worked out once, and as good as worked out in every pass."""
    devices = converters()
    cache = PointCache(network, phases_asked(network, devices), reactive=True, points=4)
    for growth in (1.0, 1.01, 1.02, 1.03):
        p, q = (power * growth for power in surroundings(0))
        kept = steer_phases(network, p, q, devices, cache=cache)
        fresh = steer_phases(network, p, q, devices)
        np.testing.assert_allclose(kept.p_w.sum(axis=1), devices.power_w, atol=1e-6)
        even = _voltages(network, p, q, devices.even())
        unlike = [np.ptp(voltage[3]) for voltage in (even, kept.flow.voltage_pu[0], fresh.flow.voltage_pu[0])]
        assert unlike[1] < unlike[0]
        assert unlike[1] - unlike[2] < (unlike[0] - unlike[2]) / 10
    assert cache.refreshed <= 4  # without it, two or three times as often: once in every pass
    kept_so_far = cache.refreshed
    p, q = (power * 4 for power in surroundings(0))
    steer_phases(network, p, q, devices, cache=cache)
    assert cache.refreshed > kept_so_far


def test_as_good_as_the_best_of_a_fine_grid_of_splits(network):
    """One converter, both of its freedoms in steps of 250 W by AC power flow; the other one stays even."""
    p, q = surroundings(1)
    weights = Weights(shifted=0.0)
    fixed = converters()
    even = fixed.even()
    p[2] += even[1]
    alone = Converters(*(getattr(fixed, name)[:1] for name in fixed.__dataclass_fields__))
    points = steer_phases(network, p, q, alone, weights=weights, reactive=False)
    steps = np.arange(-5000, 1, 250.0)
    splits = np.array([(a, b, -9000 - a - b) for a in steps for b in steps if -5000 <= -9000 - a - b <= 0])
    powers = np.repeat(p[None], len(splits), 0)
    powers[:, 1] += splits
    voltage = power_flow(network, powers, np.repeat(q[None], len(splits), 0)).voltage_pu
    assert _cost(points.flow.voltage_pu, weights)[0] <= _cost(voltage, weights).min() * 1.002


def _cost(voltage, weights):
    """What the docstring of the weights says, for voltages alone (no cable is near its rating here)."""
    above = np.maximum(voltage - (1.10 - weights.margin_pu), 0)
    unlike = voltage - voltage.mean(axis=2, keepdims=True)
    return (weights.outside * (above / 0.01) ** 2 + weights.unlike * (unlike / 0.01) ** 2).sum(axis=(1, 2))


def _voltages(network, p, q, even):
    p = p.copy()
    p[1:3] += even
    return power_flow(network, p[None], q[None]).voltage_pu[0]


def test_the_same_point_gives_the_same_bits(network):
    p, q = surroundings(3)
    one, two = (steer_phases(network, p, q, converters()) for _ in range(2))
    assert one.p_w.tobytes() == two.p_w.tobytes() and one.q_var.tobytes() == two.q_var.tobytes()


def test_a_single_phase_converter_keeps_its_phase_and_gives_reactive_power(network):
    """A roof of 12 kW on one phase lifts it beyond 1.10 pu; reactive power brings it back without a watt less."""
    rated = np.array([[0.0, 14e3, 0.0]])
    devices = Converters(np.array([3]), np.array([-12e3]), -rated, np.zeros((1, 3)), rated, np.array([0.9]))
    p = np.zeros((4, 3))
    points = steer_phases(network, p, p, devices)
    np.testing.assert_allclose(points.p_w, [[0, -12e3, 0]], atol=1e-6)
    assert points.q_var[0, 1] > 0 and not points.q_var[0, [0, 2]].any()
    bare = p.copy()
    bare[3, 1] = -12e3
    assert points.flow.max_voltage_pu[0] < power_flow(network, bare[None], p[None]).max_voltage_pu[0] - 0.002


@pytest.mark.parametrize("power", [-20e3, 100.0])
def test_powers_that_no_limits_allow_are_refused(power):
    with pytest.raises(ValueError, match="cannot carry"):
        converters(power=(power, -6000.0))
