"""What a trade uses of the network, and who causes its losses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.grid import (
    Network,
    branch_distance,
    loss_weights,
    losses_wh,
    network_fees,
    no_load_losses_w,
    power_flow,
    share_losses,
    transfer_factors,
)


def ring(feeder, sections=(1.0, 1.0, 1.0)):
    """Buses 1, 2, 3 in a ring; a member at each."""
    data = feeder.tree([1, 2], [1.0, 1.0])
    line = np.concatenate([data["line"], data["line"][:1]])
    line["id"], line["from_node"], line["to_node"] = [101, 102, 103], [1, 2, 3], [2, 3, 1]
    for name, unit in (("r1", feeder.R1), ("x1", feeder.X1), ("r0", 4 * feeder.R1), ("x0", 4 * feeder.X1)):
        line[name] = unit * np.array(sections)
    return Network.parse(feeder.text({**data, "line": line}))


def test_a_ring_by_hand(feeder):
    """Two thirds go the short way, a third over both other lines: 2/3 + 1/3 + 1/3."""
    network = ring(feeder)
    factors = transfer_factors(network)
    np.testing.assert_allclose(np.abs(factors[:, 1]), [2 / 3, 1 / 3, 1 / 3], atol=1e-12)
    np.testing.assert_allclose(branch_distance(network), 4 / 3 * (1 - np.eye(3)), atol=2e-6)


def test_the_longer_way_carries_less(feeder):
    """Between 1 and 2 by one section, or by two and one: 3/4 and 1/4."""
    distance = branch_distance(ring(feeder, (1.0, 2.0, 1.0)))
    assert distance[0, 1] == pytest.approx(3 / 4 + 2 / 4, abs=1e-6)


def test_a_ring_is_what_the_power_flow_makes_of_it(feeder):
    """A small balanced load moved from one end to the other changes the lines' currents as the factors say."""
    network = ring(feeder, (1.0, 2.0, 1.5))
    p_w = np.zeros((3, 3, 3))
    p_w[1, 1], p_w[2, 2] = 100.0, 100.0
    amps = power_flow(network, p_w, p_w * 0).loading[:, :3] * network.rating[:3]
    told = np.abs(transfer_factors(network)[:, 1:]) * 100.0 / (400 / np.sqrt(3))
    np.testing.assert_allclose(amps[1:].T, told, rtol=2e-3)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_in_a_tree_the_distance_is_the_number_of_branches_on_the_path(feeder, data):
    count = data.draw(st.integers(2, 10))
    parents = [data.draw(st.integers(1, child - 1)) for child in range(2, count + 1)]
    lengths = [data.draw(st.integers(1, 400)) / 100 for _ in parents]
    distance = branch_distance(Network.parse(feeder.text(feeder.tree(parents, lengths))))
    above = [set()]
    for child, parent in enumerate(parents, start=1):
        above.append({*above[parent - 1], child})
    for i in range(count):
        for j in range(count):
            assert distance[i, j] == pytest.approx(len(above[i] ^ above[j]), abs=2e-6)


def test_members_of_one_bus_trade_without_a_fee(rural2):
    distance = branch_distance(rural2)
    same = rural2.member_bus[:, None] == rural2.member_bus[None, :]
    assert same.sum() > rural2.members  # some buses have two
    assert (distance[same] == 0).all()
    assert (distance[~same] >= 1 - 1e-6).all()
    assert (distance == distance.T).all()


def test_fees_by_hand():
    energy, distance = np.array([1000, 1000, 500, 1, 0]), np.array([3.0, 4 / 3, 3.0, 2.0, 5.0])
    assert network_fees(energy, distance, 2_000).tolist() == [6_000, 2_667, 3_000, 4, 0]
    assert network_fees(energy, distance, 0).tolist() == [0] * 5
    assert network_fees(np.array([10**9]), np.array([300.0]), 10**6).tolist() == [300 * 10**12]


@given(
    energy=st.lists(st.integers(0, 10**6), min_size=1, max_size=8),
    distance=st.integers(0, 50_000_000),
    kappa=st.integers(0, 10**5),
)
def test_a_trade_in_parts_pays_what_the_whole_pays_to_half_a_micro_each(energy, distance, kappa):
    parts = network_fees(np.array(energy), np.full(len(energy), distance / 10**6), kappa)
    whole = network_fees(np.array([sum(energy)]), np.array([distance / 10**6]), kappa)
    assert abs(int(parts.sum()) - int(whole[0])) <= (len(energy) + 1) / 2


@pytest.mark.parametrize("bad", [(-1, 1.0, 1), (1, -1.0, 1), (1, 1.0, -1)])
def test_negative_energies_distances_and_prices_are_refused(bad):
    with pytest.raises(ValueError, match="must not be negative"):
        network_fees(np.array([bad[0]]), np.array([bad[1]]), bad[2])


R = 0.05


def chain(feeder):
    """A stiff source at 1 and two sections of R ohm to 2 and 3, phases apart; members at 2 and 3, on phase a."""
    data = feeder.tree([1, 2], [1.0, 1.0])
    for name in ("r1", "r0"):
        data["line"][name] = R
    for name in ("x1", "x0"):
        data["line"][name] = 1e-6
    data["source"]["sk"] = 1e20
    data["asym_load"] = data["asym_load"][1:]
    return Network.parse(feeder.text(data))


@pytest.mark.parametrize(("near", "far"), [(2e3, 1e3), (1e3, 3e3), (-2e3, 1e3), (500.0, -2e3)])
def test_weights_are_what_a_line_s_square_law_says(feeder, near, far):
    """L = R·((p₁ + p₂)² + p₂²)/V²: the near one's marginal part is 2R(p₁ + p₂)p₁/V², the far one's 2R(p₁ + 2p₂)p₂/V²."""
    p_w = np.zeros((1, 2, 3))
    p_w[0, :, 0] = near, far
    found = loss_weights(chain(feeder), p_w, p_w * 0)[0]
    scale = 2 * R / (400**2 / 3)
    expected = [scale * (near + far) * near, scale * (near + 2 * far) * far]
    np.testing.assert_allclose(found, expected, rtol=0.03, atol=0.02 * np.abs(expected).max())


def test_parts_are_the_losses_to_the_watt_hour(rural2):
    rng = np.random.default_rng(3)
    single = np.eye(3)[rng.integers(0, 3, rural2.members)]
    p_w = np.array([-3e3, 1.5e3, 0.0])[:, None, None] * rng.uniform(0.2, 1.5, (3, rural2.members, 1)) * single
    q_var = 0.3 * np.abs(p_w)
    weights = loss_weights(rural2, p_w, q_var)
    flow = power_flow(rural2, p_w, q_var, balance=False)
    idle = no_load_losses_w(rural2)
    # Losses grow with the square, so the weights come to about twice what the load loses.
    np.testing.assert_allclose(weights.sum(axis=1), 2 * (flow.losses_w - idle), rtol=0.25, atol=1.0)
    lost = losses_wh(flow.losses_w, 900)
    shares = share_losses(lost, weights / 4, round(idle / 4))
    assert shares.sum(axis=1).tolist() == lost.tolist()
    assert shares[2].max() - shares[2].min() <= 1  # nobody takes anything: the idle losses, for all alike
    order = np.argsort(weights[0])
    assert shares[0, order[-1]] > shares[0, order[0]]


def test_who_relieves_the_wires_is_credited(feeder):
    p_w = np.zeros((1, 2, 3))
    p_w[0, :, 0] = 8e3, -1e3
    network = chain(feeder)
    lost = losses_wh(power_flow(network, p_w, p_w * 0).losses_w, 3600)
    near, far = share_losses(lost, loss_weights(network, p_w, p_w * 0), 0)[0]
    assert far < 0 < near
    assert near + far == lost[0]


@given(
    lost=st.integers(0, 10**6),
    idle=st.integers(0, 1000),
    weights=st.lists(st.floats(-1e4, 1e4) | st.just(float("nan")), min_size=1, max_size=9),
)
def test_whatever_the_weights_the_parts_sum_to_the_losses(lost, idle, weights):
    shares = share_losses(np.array([lost]), np.array([weights]), idle)
    assert shares.sum() == lost
    if not np.isfinite(weights).all() or lost <= idle:
        assert shares.max() - shares.min() <= 1


def test_a_slot_without_a_solution_has_no_weights(rural2):
    p_w = np.zeros((2, rural2.members, 3))
    p_w[1, 5, 0] = 5e6
    weights = loss_weights(rural2, p_w, p_w * 0)
    assert (weights[0] == 0).all()
    assert np.isnan(weights[1]).all()
