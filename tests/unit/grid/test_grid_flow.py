import math
import re

import numpy as np
import pytest

from sunfair.grid import Network, power_flow, violations

V1 = 400 / math.sqrt(3)


@pytest.fixture(scope="module")
def network(feeder):
    return Network.parse(feeder.text(feeder.tables()))


@pytest.fixture(scope="module")
def two_bus(feeder):
    return Network.parse(feeder.text(feeder.two_bus()))


def random_powers(slots, members, seed=3, scale=4e3):
    rng = np.random.default_rng(seed)
    p_w = rng.normal(0, scale, (slots, members, 3))
    return p_w, 0.3 * np.abs(p_w)


def on_phase_a(*watts, factor=0.0):
    p_w = np.zeros((len(watts), 1, 3))
    p_w[:, 0, 0] = watts
    return p_w, p_w * factor


def end_voltage(p, q, r=0.2, x=0.08):
    """Voltage at the end of a line with constant power: V⁴ + V²·(2(rp + xq) − V₁²) + |z|²·|s|² = 0, V."""
    half = (V1**2 - 2 * (r * p + x * q)) / 2
    return math.sqrt(half + math.sqrt(half**2 - (r**2 + x**2) * (p**2 + q**2)))


@pytest.mark.parametrize(("p", "factor"), [(5e3, 0.0), (8e3, 0.33), (-6e3, 0.0), (-10e3, -0.2), (1.0, 0.0)])
def test_two_buses_by_hand(two_bus, p, factor):
    flow = power_flow(two_bus, *on_phase_a(p, factor=factor))
    v2 = end_voltage(p, p * factor)
    current = math.hypot(p, p * factor) / v2
    np.testing.assert_allclose(flow.voltage_pu[0], [[1, 1, 1], [v2 / V1, 1, 1]], atol=1e-9)
    assert flow.loading[0, 0] == pytest.approx(current / 270, rel=1e-7)
    assert flow.losses_w[0] == pytest.approx(current**2 * 0.2, rel=1e-6)
    assert flow.exchange_w[0] == pytest.approx(p + current**2 * 0.2, rel=1e-9)


def test_a_return_path_of_its_own_adds_a_third_of_its_excess(feeder):
    """One phase alone sees (z₀ + 2 z₁)/3: with z₀ = 4 z₁ twice the line's impedance, and lifts the other phases."""
    data = feeder.two_bus()
    data["line"]["r0"], data["line"]["x0"] = 4 * data["line"]["r1"], 4 * data["line"]["x1"]
    flow = power_flow(Network.parse(feeder.text(data)), *on_phase_a(5e3))
    assert flow.voltage_pu[0, 1, 0] * V1 == pytest.approx(end_voltage(5e3, 0, 0.4, 0.16), rel=1e-8)
    current = 5e3 / end_voltage(5e3, 0, 0.4, 0.16)
    assert flow.losses_w[0] == pytest.approx(current**2 * 0.4, rel=1e-6)
    assert (flow.voltage_pu[0, 1, 1:] != 1).all()


def test_unbalance_of_one_loaded_phase_by_hand(two_bus):
    flow = power_flow(two_bus, *on_phase_a(8e3))
    p, v2 = 8e3, end_voltage(8e3, 0.0)
    # V₂ = V₁ − z·i with the current in phase with V₂: the angle of V₂ behind V₁ follows from its imaginary part.
    angle = -math.asin(0.08 * p / v2 / V1)
    a, u = complex(v2 * math.cos(angle), v2 * math.sin(angle)) / V1, np.exp(2j * np.pi / 3)
    positive, negative = abs(a + u * u**2 + u**2 * u), abs(a + u**2 * u**2 + u * u)
    assert flow.vuf[0].tolist() == pytest.approx([0, negative / positive], abs=1e-9)


def test_neutral_current_by_hand(feeder):
    network = Network.parse(feeder.text(feeder.tables(members=((2, "b"), (2, "abc")))))
    p_w = np.zeros((3, 2, 3))
    p_w[0, 1] = 4e3  # balanced
    p_w[1, 0, 1] = 6e3  # one phase, at the transformer's bus
    p_w[2, 0, 1], p_w[2, 1] = 6e3, 4e3
    flow = power_flow(network, p_w, p_w * 0)
    assert flow.neutral_a[0, 0] == pytest.approx(0, abs=1e-6)
    assert flow.vuf[0].max() == pytest.approx(0, abs=1e-9)
    v_b = flow.voltage_pu[1, 1, 1] * V1
    assert flow.neutral_a[1, 0] == pytest.approx(6e3 / v_b, rel=1e-6)
    # What a balanced load adds stays out of the neutral (but for the slight unbalance of the voltages it sees).
    assert flow.neutral_a[2, 0] == pytest.approx(flow.neutral_a[1, 0], rel=0.02)


def test_transformer_loading_by_hand(feeder):
    network = Network.parse(feeder.text(feeder.tables(members=((2, "abc"),))))
    p_w = np.full((2, 1, 3), 32e3)
    p_w[1] = -32e3
    flow = power_flow(network, p_w, p_w * 0)
    # 96 kW through 160 kVA; feeding back, the low-voltage side carries exactly what the member gives.
    assert flow.loading[1, 4] == pytest.approx(0.6, rel=1e-6)
    assert 0.6 < flow.loading[0, 4] < 0.63
    assert (flow.loading[:, :4] < 1e-9).all()
    np.testing.assert_array_equal(flow.max_loading, flow.loading[:, 4])


def test_an_idle_network_loses_what_its_transformer_loses(network):
    flow = power_flow(network, np.zeros((1, 6, 3)), np.zeros((1, 6, 3)))
    # 460 W at 20 kV; the tap lowers the ratio, the source stands at 1.025 pu.
    assert flow.losses_w[0] == pytest.approx(460 * 1.025**2, rel=0.06)
    assert flow.exchange_w[0] == flow.losses_w[0]


def test_feeding_in_raises_and_drawing_lowers(network):
    p_w = np.zeros((3, 6, 3))
    p_w[1, 4, 0], p_w[2, 4, 0] = -5e3, 5e3
    voltage = power_flow(network, p_w, p_w * 0).voltage_pu[:, 5, 0]
    assert voltage[1] > voltage[0] > voltage[2]


@pytest.mark.parametrize("turn", [[1, 2, 0], [2, 0, 1]])
def test_turning_the_phases_turns_the_result(network, turn):
    p_w, q_var = random_powers(20, 6)
    flow, turned = power_flow(network, p_w, q_var), power_flow(network, p_w[..., turn], q_var[..., turn])
    np.testing.assert_allclose(turned.voltage_pu, flow.voltage_pu[..., turn], atol=1e-10)
    for name in ("loading", "losses_w", "neutral_a", "vuf"):
        np.testing.assert_allclose(getattr(turned, name), getattr(flow, name), rtol=1e-7, atol=1e-9)


FIELDS = ("voltage_pu", "loading", "exchange_w", "losses_w", "neutral_a", "vuf")


def assert_same_bits(left, right):
    for name in FIELDS:
        assert getattr(left, name).tobytes() == getattr(right, name).tobytes(), name


@pytest.mark.parametrize("threads", [1, 3])
def test_same_bits_whatever_the_threads(network, threads):
    powers = random_powers(2500, 6)
    assert_same_bits(power_flow(network, *powers), power_flow(network, *powers, threads=threads))


def test_a_slot_alone_is_the_slot_in_its_batch(network):
    p_w, q_var = random_powers(60, 6)
    flow = power_flow(network, p_w, q_var)
    for t in range(60):
        alone = power_flow(network, p_w[t : t + 1], q_var[t : t + 1])
        for name in FIELDS:
            assert getattr(alone, name)[0].tobytes() == getattr(flow, name)[t].tobytes(), (t, name)


def test_a_slot_that_diverges_is_named_and_harms_no_other(network):
    p_w, q_var = random_powers(2100, 6)
    sound = power_flow(network, p_w, q_var)
    wild = [7, 2047, 2048, 2099]
    p_w[wild] = 5e7
    flow = power_flow(network, p_w, q_var)
    assert flow.failed.tolist() == wild
    assert len(flow.reasons) == 4
    assert all("converge" in reason for reason in flow.reasons)
    # What gives way is at the end of a feeder: buses 4 and 6 of 2-3-4 and 2-5-6.
    place = re.compile(
        r"There is a solution up to 0\.\d+ % of these powers, where node [46] is at 0\.\d\d pu on phase [abc]\."
    )
    assert all(place.search(reason) for reason in flow.reasons), flow.reasons
    assert np.flatnonzero(~flow.converged).tolist() == wild
    rest = flow.converged
    for name in FIELDS:
        assert np.isnan(getattr(flow, name)[wild]).all()
        assert getattr(flow, name)[rest].tobytes() == getattr(sound, name)[rest].tobytes()
    assert np.isnan(flow.max_voltage_pu[wild]).all()
    assert violations(flow)[wild].all()


def test_heavy_slots_that_settle_slowly_are_solved_all_the_same(two_bus):
    """Close to the most that the line can carry, where current iteration gives up: the closed form still holds."""
    most = V1**2 / (2 * (0.2 + math.hypot(0.2, 0.08)))  # voltage stability limit of a line at unity power factor
    watts = np.array([0.5, 0.9, 0.99, 0.999]) * most
    flow = power_flow(two_bus, *on_phase_a(*watts))
    assert flow.converged.all()
    np.testing.assert_allclose(flow.voltage_pu[:, 1, 0], [end_voltage(p, 0.0) / V1 for p in watts], rtol=1e-6)
    alone = [power_flow(two_bus, *on_phase_a(p)).voltage_pu[0] for p in watts]
    assert np.stack(alone).tobytes() == flow.voltage_pu.tobytes()
    beyond = power_flow(two_bus, *on_phase_a(1.01 * most))
    assert beyond.failed.tolist() == [0]


def test_without_balance_the_rest_is_the_same_bits(network):
    powers = random_powers(30, 6)
    light, full = power_flow(network, *powers, balance=False), power_flow(network, *powers)
    for name in ("voltage_pu", "loading", "exchange_w", "losses_w"):
        assert getattr(light, name).tobytes() == getattr(full, name).tobytes(), name
    assert (light.vuf.shape, light.neutral_a.shape) == ((30, 0), (30, 0))


def test_reductions_and_violations(feeder):
    network = Network.parse(feeder.text(feeder.two_bus()))
    watts = [0.0, 30e3, -40e3, 25e3, -25e3]
    flow = power_flow(network, *on_phase_a(*watts))
    v2 = [end_voltage(p, 0.0) / V1 for p in watts]
    # Only one phase of the far bus moves; the others stay at 1 pu.
    np.testing.assert_allclose(flow.max_voltage_pu, np.maximum(v2, 1), atol=1e-8)
    np.testing.assert_allclose(flow.min_voltage_pu, np.minimum(v2, 1), atol=1e-8)
    assert (v2[1] < 0.9, v2[2] > 1.1, v2[3] > 0.9, v2[4] < 1.1) == (True, True, False, True)
    assert violations(flow).tolist() == [False, True, True, True, False]


def test_an_overloaded_line_is_a_violation(feeder):
    data = feeder.two_bus(r=0.001, x=0.001)
    data["line"]["i_n"] = 20.0
    flow = power_flow(Network.parse(feeder.text(data)), *on_phase_a(4.5e3, 4.7e3))
    assert violations(flow).tolist() == [False, True]


def test_no_slots_give_no_results(network):
    flow = power_flow(network, np.zeros((0, 6, 3)), np.zeros((0, 6, 3)))
    assert flow.voltage_pu.shape == (0, 6, 3)
    assert flow.loading.shape == (0, 5)
    assert violations(flow).shape == (0,)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_powers_that_are_not_numbers_are_refused_with_their_place(network, bad):
    p_w, q_var = random_powers(5, 6)
    q_var[3, 2, 1] = bad
    with pytest.raises(ValueError, match="q_var is not finite at 1 places, first at slot index 3, account 5"):
        power_flow(network, p_w, q_var)


def test_powers_of_another_shape_are_refused(network):
    p_w, q_var = random_powers(5, 6)
    with pytest.raises(ValueError, match=r"p_w has shape \(5, 5, 3\)"):
        power_flow(network, p_w[:, :5], q_var)
    with pytest.raises(ValueError, match=r"q_var has shape \(4, 6, 3\)"):
        power_flow(network, p_w, q_var[:4])
