import numpy as np
import pytest

from sunfair.grid import Network, NoPowerFlow, PointCache, phase_spread, power_flow, sensitivities
from sunfair.model import Phase

PHASES = [Phase(name) for name in ("a", "b", "c", "abc", "a", "b")]


@pytest.fixture(scope="module")
def network(feeder):
    return Network.parse(feeder.text(feeder.tables()))


def point(network, phases, scale=4e3, seed=5):
    """Powers of either sign on the phases that the members use."""
    rng = np.random.default_rng(seed)
    p_w = rng.normal(0, scale, (network.members, 1)) * phase_spread(phases)
    return p_w, 0.3 * np.abs(p_w)


def rural2_phases(network, seed=6):
    return [Phase(name) for name in np.random.default_rng(seed).choice(["a", "b", "c", "abc"], network.members)]


def assert_central_differences(network, phases, p_w, q_var, members, found, h=2.0):
    """The flow moved by ±h along each of `members`' phases, by `power_flow` itself."""
    for member in members:
        for phase in range(3):
            step = np.zeros_like(p_w)
            step[member, phase] = h
            for columns, (dp, dq) in (("", (step, 0 * step)), ("_q", (0 * step, step))):
                voltage, losses = (getattr(found, name + columns) for name in ("voltage", "losses"))
                if phase_spread(phases)[member, phase] == 0:
                    assert not voltage[..., member, phase].any()
                    assert losses[member, phase] == 0
                    continue
                two = power_flow(network, np.stack([p_w + dp, p_w - dp]), np.stack([q_var + dq, q_var - dq]))
                slope = (two.voltage_pu[0] - two.voltage_pu[1]) / (2 * h)
                np.testing.assert_allclose(voltage[..., member, phase], slope, rtol=1e-3, atol=1e-10)
                lost = (two.losses_w[0] - two.losses_w[1]) / (2 * h)
                assert losses[member, phase] == pytest.approx(lost, rel=2e-3, abs=2e-4)


def test_the_feeder_moves_as_central_differences_say(network):
    p_w, q_var = point(network, PHASES)
    found = sensitivities(network, p_w, q_var, phases=PHASES, reactive=True)
    assert_central_differences(network, PHASES, p_w, q_var, range(6), found)


def test_the_default_community_moves_as_central_differences_say(rural2):
    phases = rural2_phases(rural2)
    p_w, q_var = point(rural2, phases)
    found = sensitivities(rural2, p_w, q_var, phases=phases, reactive=True)
    assert_central_differences(rural2, phases, p_w, q_var, (0, 31, 98), found)


def test_far_steps_land_where_the_flow_does(rural2):
    """Some 300 W more or less everywhere at once in a street that feeds in: what is left is curvature."""
    phases = rural2_phases(rural2)
    p_w = -np.random.default_rng(8).uniform(2e3, 4e3, (rural2.members, 1)) * phase_spread(phases)
    q_var = -0.05 * p_w
    found = sensitivities(rural2, p_w, q_var, phases=phases)
    move = np.random.default_rng(7).normal(0, 300, (rural2.members, 1)) * phase_spread(phases)
    flow = power_flow(rural2, (p_w + move)[None], q_var[None])
    told = found.flow.voltage_pu[0] + np.tensordot(found.voltage, move, 2)
    way = np.abs(flow.voltage_pu[0] - found.flow.voltage_pu[0]).max()
    assert np.abs(told - flow.voltage_pu[0]).max() < 0.02 * way
    loading = found.loading_base + np.tensordot(found.loading, move, 2)
    by_branch = np.zeros(len(rural2.branch_id))
    np.maximum.at(by_branch, found.loading_branch, loading)
    assert np.abs(by_branch - flow.loading[0]).max() < 0.02 * np.abs(flow.loading[0] - found.flow.loading[0]).max()


def test_the_base_is_the_power_flow_to_the_last_bit(rural2):
    p_w, q_var = point(rural2, rural2_phases(rural2))
    found, flow = sensitivities(rural2, p_w, q_var), power_flow(rural2, p_w[None], q_var[None])
    for name in ("voltage_pu", "loading", "exchange_w", "losses_w", "neutral_a", "vuf"):
        assert getattr(found.flow, name).tobytes() == getattr(flow, name).tobytes(), name
    highest = np.zeros(len(rural2.branch_id))
    np.maximum.at(highest, found.loading_branch, found.loading_base)
    np.testing.assert_allclose(highest, flow.loading[0], rtol=1e-9)


def test_phases_left_out_change_nothing_of_the_others(network):
    """Asked for all or for those in use, by one thread or three: the same numbers, and a third each for three phases."""
    p_w, q_var = point(network, PHASES)
    every = sensitivities(network, p_w, q_var, threads=1)
    some = sensitivities(network, p_w, q_var, phases=PHASES, threads=3)
    used = phase_spread(PHASES) > 0
    for name in ("voltage", "loading", "losses"):
        assert (getattr(every, name)[..., used] == getattr(some, name)[..., used]).all(), name
        assert not getattr(some, name)[..., ~used].any()
    voltage, loading, losses = some.per_member(PHASES)
    np.testing.assert_allclose(voltage[..., 3], some.voltage[..., 3, :].mean(axis=-1), rtol=1e-12)
    np.testing.assert_allclose(loading[:, 0], some.loading[:, 0, 0])
    np.testing.assert_allclose(losses[2], some.losses[2, 2])


def test_members_of_one_bus_and_phase_have_one_answer(feeder):
    network = Network.parse(feeder.text(feeder.tables(members=((4, "a"), (4, "a"), (6, "c")))))
    p_w, q_var = point(network, [Phase.A, Phase.A, Phase.C])
    found = sensitivities(network, p_w, q_var)
    assert (found.voltage[:, :, 0] == found.voltage[:, :, 1]).all()
    assert (found.voltage[:, :, 0] != found.voltage[:, :, 2]).any()


def test_feeding_in_raises_its_own_phase_most(network):
    found = sensitivities(network, np.zeros((6, 3)), np.zeros((6, 3)))
    own = found.voltage[5, 0, 4, 0]  # bus 6, phase a, by the member there
    assert own < 0
    assert own == found.voltage[..., 4, 0].min()


def test_a_point_without_a_solution_names_the_node(network):
    p_w, q_var = point(network, PHASES)
    p_w[4, 0] = 2e6
    with pytest.raises(NoPowerFlow, match=r"up to [\d.]+ % of these powers, where node 6 is at 0\.\d\d pu on phase a"):
        sensitivities(network, p_w, q_var)


def test_wrong_shapes_are_refused(network):
    p_w, q_var = point(network, PHASES)
    with pytest.raises(ValueError, match="p_w has shape"):
        sensitivities(network, p_w[:5], q_var)
    with pytest.raises(ValueError, match="5 phases are given; there are 6 members"):
        sensitivities(network, p_w, q_var, phases=PHASES[:5])


def test_a_cache_answers_again_until_the_point_has_moved(network):
    p_w, q_var = point(network, PHASES, scale=500)
    cache = PointCache(network, PHASES)
    first, base_p, base_q = cache.at(p_w, q_var)
    assert (base_p == p_w).all()
    assert (base_q == q_var).all()
    near = p_w.copy()
    near[4, 0] += 100
    again, base_p, _ = cache.at(near, q_var)
    assert again is first
    assert (base_p == p_w).all()
    far = p_w.copy()
    far[4, 0] += 6e3
    moved, base_p, _ = cache.at(far, q_var)
    assert cache.refreshed == 2
    assert (base_p == far).all()
    assert np.abs(moved.flow.voltage_pu - first.flow.voltage_pu).max() > 0.01
    fresh = sensitivities(network, far, q_var, phases=PHASES)
    assert moved.voltage.tobytes() == fresh.voltage.tobytes()


def test_a_cache_counts_reactive_power_and_loading(network):
    p_w, q_var = point(network, PHASES, scale=500)
    cache = PointCache(network, PHASES, reactive=True)
    cache.at(p_w, q_var)
    cache.at(p_w, q_var + np.array([[0, 0, 0]] * 4 + [[25e3, 0, 0], [0, 0, 0]]))
    assert cache.refreshed == 2
    tight = PointCache(network, PHASES, loading=0.001, voltage_pu=1.0)
    tight.at(p_w, q_var)
    tight.at(p_w + phase_spread(PHASES) * 100, q_var)
    assert tight.refreshed == 2
