"""Operating envelopes against the full power flow, against brute force, and against what fairness means."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sunfair.grid import Asks, EnvelopeRule, Network, injections, phase_spread, power_flow, reactive_share, violations
from sunfair.grid.envelope_share import MAIN, share_efficient, share_fair
from sunfair.model import Phase, Sharing

PHASES = [Phase(name) for name in ("a", "b", "c", "abc", "a", "b")]
HOUR = 3600
SHARED = (Sharing.FAIR, Sharing.EFFICIENT)


@pytest.fixture(scope="module")
def network(feeder):
    """A feeder whose far ends, cables and transformer all are too weak for six large roofs."""
    data = feeder.tables()
    data["transformer"] = feeder.transformer(sn=50e3)
    data["transformer"]["i0"], data["line"]["i_n"] = 0.01, 60.0
    for name in ("r1", "x1", "r0", "x0"):
        data["line"][name] *= 3
    return Network.parse(feeder.text(data))


@pytest.fixture(scope="module")
def rules(network):
    return {sharing: EnvelopeRule(network, PHASES, HOUR, sharing) for sharing in SHARED}


def asks(need, taken, given_, most=0):
    """Asks of six homes, Wh, whose devices can do `most` more than is asked."""
    need, taken, given_ = (np.asarray(part, np.int64) for part in (need, taken, given_))
    return Asks(need, np.maximum(need, taken), given_, np.maximum(need, taken) + most, given_ + most)


energies = arrays(np.int64, 6, elements=st.integers(0, 20_000))


@pytest.mark.parametrize("sharing", SHARED)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    need=arrays(np.int64, 6, elements=st.integers(0, 600)),
    taken=energies,
    given_=energies,
    most=st.sampled_from([0, 8_000]),
    seed=st.integers(0, 2**32 - 1),
)
def test_whatever_homes_do_inside_their_caps_the_wires_carry_it(
    network, rules, sharing, need, taken, given_, most, seed
):
    """Every corner of the box and points inside it, with any part of the reactive power of the use."""
    asked = asks(need, taken, given_, most)
    caps = rules[sharing].caps(asked)
    assert caps.notice == ""
    assert (caps.import_wh >= asked.need_wh).all() and (caps.export_wh >= 0).all()
    assert (caps.import_wh <= np.maximum(asked.import_most_wh, asked.need_wh)).all()
    assert (caps.export_wh <= asked.export_most_wh).all()
    corners = np.array(list(itertools.product((0, 1), repeat=6)))
    rng = np.random.default_rng(seed)
    shares = np.concatenate([corners, rng.uniform(0, 1, (40, 6))])
    metered = -caps.export_wh + shares * (caps.import_wh + caps.export_wh)
    q = rng.integers(0, 2, (len(metered), 1)) * asked.need_wh * reactive_share(0.95)
    spread = phase_spread(PHASES)
    flow = power_flow(network, metered[:, :, None] * spread, q[:, :, None] * spread)
    assert not violations(flow).any(), (seed, flow.max_voltage_pu.max(), flow.min_voltage_pu.min())


def test_room_is_used_up_to_a_hundredth(network, rules):
    """Everybody's caps widened by 3 % are too wide: not far inside the limits, but at them."""
    for sharing in SHARED:
        caps = rules[sharing].caps(asks([100] * 6, [100] * 6, [20_000] * 6))
        wide = np.stack([-1.03 * caps.export_wh, np.where([p is Phase.A for p in PHASES], -1.03 * caps.export_wh, 100)])
        p_w, q_var = injections(wide.astype(np.int64), np.zeros((2, 6), np.int64), PHASES, HOUR)
        assert violations(power_flow(network, p_w, q_var)).any(), sharing


def test_two_homes_get_as_much_as_a_search_through_all_pairs_finds(feeder):
    """Caps of two homes on a grid of 100 Wh, each pair held against the power flow at its four corners."""
    data = feeder.two_bus(r=0.9, x=0.2, members=((2, "a"), (2, "a")))
    network, phases = Network.parse(feeder.text(data)), [Phase.A, Phase.A]
    rule = EnvelopeRule(network, phases, HOUR, Sharing.EFFICIENT)
    asked = Asks(*(np.array(part) for part in ([0, 0], [0, 0], [9_000, 4_000], [0, 0], [9_000, 4_000])))
    caps = rule.caps(asked)
    one, other = np.meshgrid(np.arange(0, 9_001, 100), np.arange(0, 4_001, 100), indexing="ij")
    p_w = -np.stack([one.ravel(), other.ravel()], axis=1)[:, :, None] * phase_spread(phases)
    good = ~violations(power_flow(network, p_w, np.zeros_like(p_w)))
    best = int((one + other).ravel()[good].max())
    assert 0.97 * best <= caps.export_wh.sum() <= best + 200
    assert best < 13_000, "the line must be too weak for all that is asked, or nothing is tested"


def test_the_fair_share_of_all_who_stand_at_one_limit_is_the_same():
    cost, room = np.array([[2.0, 2.0, 2.0]]), np.array([600.0])
    granted = share_fair(cost, room, np.array([100.0, 200.0, 300.0]))
    np.testing.assert_allclose(granted / [100, 200, 300], 0.5)


def test_who_does_not_stand_at_a_limit_goes_on():
    cost, room = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]), np.array([100.0, 180.0])
    granted = share_fair(cost, room, np.array([100.0, 100.0, 200.0]))
    np.testing.assert_allclose(granted, [50.0, 50.0, 130.0])


@settings(max_examples=60, deadline=None)
@given(
    cost=arrays(np.float64, (4, 5), elements=st.sampled_from([0.0, 0.02, 0.3, 1.0])),
    room=arrays(np.float64, 4, elements=st.floats(-10, 200)),
    asked=arrays(np.float64, 5, elements=st.floats(0, 100)),
)
def test_no_limit_is_exceeded_by_those_who_hardly_take_part_in_it(cost, room, asked):
    granted = share_fair(cost, room, asked)
    assert (granted >= -1e-9).all() and (granted <= asked + 1e-9).all()
    assert (cost @ granted <= np.maximum(room, 0) + 1e-6).all()


@settings(max_examples=60, deadline=None)
@given(
    cost=arrays(np.float64, (4, 5), elements=st.sampled_from([0.0, 0.3, 1.0])),
    room=arrays(np.float64, 4, elements=st.floats(0, 200)),
    asked=arrays(np.float64, 5, elements=st.floats(0, 100)),
)
def test_no_share_can_rise_but_at_the_cost_of_one_that_is_no_larger(cost, room, asked):
    """Weighted max-min fairness, where everybody who takes part in a limit takes a good part of it."""
    granted = share_fair(cost, room, asked)
    assert (granted >= -1e-9).all() and (granted <= asked + 1e-9).all()
    part = np.where(asked > 0, granted / np.where(asked > 0, asked, 1.0), 1.0)
    for home in np.flatnonzero((part < 1 - 1e-6) & (asked > 1e-3)):
        full = np.flatnonzero((cost[:, home] > 0) & (cost @ granted >= room - 1e-6))
        assert any(part[home] >= part[(cost[row] > 0) & (asked > 1e-3)].max() - 1e-6 for row in full), (
            cost,
            room,
            asked,
        )


@settings(max_examples=40, deadline=None)
@given(
    cost=arrays(np.float64, (3, 3), elements=st.sampled_from([0.1, 0.5, 1.0])),
    room=arrays(np.float64, 3, elements=st.floats(1, 100)),
    asked=arrays(np.float64, 3, elements=st.floats(1, 100)),
)
def test_the_efficient_share_is_the_best_vertex(cost, room, asked):
    """All vertices of the polytope, tried one by one, give no more."""
    rows, limits = np.concatenate([cost, np.eye(3), -np.eye(3)]), np.concatenate([room, asked, np.zeros(3)])
    best = 0.0
    for chosen in itertools.combinations(range(9), 3):
        square = rows[list(chosen)]
        if abs(np.linalg.det(square)) > 1e-9:
            point = np.linalg.solve(square, limits[list(chosen)])
            if (rows @ point <= limits + 1e-7).all():
                best = max(best, float(point.sum()))
    granted = share_efficient(cost, room, asked)
    assert (rows @ granted <= limits + 1e-6).all()
    assert granted.sum() == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert share_fair(cost, room, asked).sum() <= granted.sum() + 1e-6


def test_use_that_cannot_be_refused_is_in_the_cap_and_told_of(rules):
    """More need than the wires carry: the static envelope stands in, the use is served, and it is said."""
    caps = rules[Sharing.FAIR].caps(asks([30_000] * 6, [30_000] * 6, [5_000] * 6))
    assert (caps.import_wh >= 30_000).all()
    assert (caps.export_wh <= rules[Sharing.FAIR].static_wh).all()
    assert "static envelope stands in" in caps.notice


def test_a_slot_without_a_power_flow_falls_back_to_the_static_envelope(rules):
    caps = rules[Sharing.EFFICIENT].caps(asks([10**7] * 6, [10**7] * 6, [5_000] * 6))
    assert "no solution with use" in caps.notice and "static envelope" in caps.notice
    assert (caps.export_wh == rules[Sharing.EFFICIENT].static_wh).all()


def test_the_static_envelope_is_safe_and_a_watt_hour_more_is_not_looked_for_in_vain(network, rules):
    cap = rules[Sharing.FAIR].static_wh
    corners = np.array(list(itertools.product((-cap, cap), repeat=6)))
    p_w, q_var = injections(corners, np.zeros_like(corners), PHASES, HOUR)
    assert not violations(power_flow(network, p_w, q_var)).any()
    assert 0 < cap < 20_000


def test_the_same_asks_give_the_same_caps_to_the_watt_hour(network):
    asked = asks([150] * 6, [900] * 6, [9_000] * 6, 4_000)
    for sharing in SHARED:
        one, other = (EnvelopeRule(network, PHASES, HOUR, sharing).caps(asked) for _ in range(2))
        assert one.import_wh.tolist() == other.import_wh.tolist()
        assert one.export_wh.tolist() == other.export_wh.tolist()


def test_wrong_shapes_and_signs_are_refused(network):
    with pytest.raises(ValueError, match="5 phases for 6 members"):
        EnvelopeRule(network, PHASES[:5], HOUR, Sharing.FAIR)
    with pytest.raises(ValueError, match="shared by none"):
        EnvelopeRule(network, PHASES, HOUR, Sharing.NONE)
    with pytest.raises(ValueError, match="not negative"):
        asks([-1] * 6, [0] * 6, [0] * 6)
    assert 0 < MAIN < 1
