import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sunfair.grid import (
    Network,
    check_network,
    electrical_distance,
    exchange_wh,
    injections,
    losses_wh,
    power_flow,
)
from sunfair.model import Phase

MEMBERS = 6


@pytest.fixture(scope="module")
def network(feeder):
    return Network.parse(feeder.text(feeder.tables()))


def powers(slots=3, limit=6e3):
    return arrays(np.float64, (slots, MEMBERS, 3), elements=st.floats(-limit, limit, width=32))


@settings(max_examples=60, deadline=None)
@given(p_w=powers(), q_var=powers(limit=2e3))
def test_energy_is_conserved_and_losses_are_positive(network, p_w, q_var):
    flow = power_flow(network, p_w, q_var)
    assert flow.converged.all()
    np.testing.assert_allclose(flow.exchange_w, p_w.sum(axis=(1, 2)) + flow.losses_w, rtol=0, atol=1e-9)
    # Copper loses on top of what the iron does; 460 W of iron at the lowest voltage that stands here.
    assert (flow.losses_w > 460 * 0.9**2).all()
    assert (flow.min_voltage_pu > 0).all()
    assert (flow.max_voltage_pu >= flow.min_voltage_pu).all()


@settings(max_examples=30, deadline=None)
@given(p_w=powers(slots=4), order=st.permutations(range(4)))
def test_slots_do_not_know_each_other(network, p_w, order):
    flow = power_flow(network, p_w, 0.2 * p_w)
    moved = power_flow(network, p_w[order], 0.2 * p_w[order])
    assert moved.voltage_pu.tobytes() == flow.voltage_pu[order].tobytes()
    assert moved.losses_w.tobytes() == flow.losses_w[order].tobytes()


@settings(max_examples=30, deadline=None)
@given(p_w=powers(slots=1), q_var=powers(slots=1, limit=2e3))
def test_members_of_one_bus_are_one_load(feeder, p_w, q_var):
    """Six members at three buses do to the wires what one member at each bus with their sum does."""
    many = Network.parse(feeder.text(feeder.tables(members=[(b, "a") for b in (3, 3, 4, 4, 4, 6)])))
    few = Network.parse(feeder.text(feeder.tables(members=[(b, "a") for b in (3, 4, 6)])))
    summed = [np.add.reduceat(x, [0, 2, 5], axis=1) for x in (p_w, q_var)]
    np.testing.assert_allclose(
        power_flow(few, *summed).voltage_pu, power_flow(many, p_w, q_var).voltage_pu, rtol=0, atol=1e-9
    )


@given(
    metered=arrays(np.int64, (5, 4), elements=st.integers(-(10**9), 10**9)),
    losses=arrays(np.int64, 5, elements=st.integers(0, 10**7)),
)
def test_import_less_export_is_metered_and_losses(metered, losses):
    taken, given_back = exchange_wh(metered, losses)
    assert ((taken >= 0) & (given_back >= 0) & ((taken == 0) | (given_back == 0))).all()
    assert (taken - given_back).tolist() == [
        sum(map(int, row)) + int(lost) for row, lost in zip(metered, losses, strict=True)
    ]


@given(
    metered=arrays(np.int64, (3, 4), elements=st.integers(-(10**7), 10**7)),
    load=arrays(np.int64, (3, 4), elements=st.integers(0, 10**7)),
    phases=st.lists(st.sampled_from(list(Phase)), min_size=4, max_size=4),
    seconds=st.sampled_from([300, 900, 1800, 3600]),
)
def test_power_over_the_slot_is_the_metered_energy(metered, load, phases, seconds):
    p_w, q_var = injections(metered, load, phases, seconds)
    np.testing.assert_array_equal(np.rint(p_w.sum(axis=2) * seconds / 3600).astype(np.int64), metered)
    assert (q_var >= 0).all()
    for member, phase in enumerate(phases):
        off = [i for i, name in enumerate("abc") if name not in phase]
        assert not p_w[:, member, off].any()
        assert not q_var[:, member, off].any()


@given(st.integers(0, 10**6))
def test_losses_of_whole_watt_hours_are_exact(energy):
    assert losses_wh(np.array([energy * 4.0]), 900).tolist() == [energy]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_distance_in_a_random_tree_is_the_path(feeder, data):
    count = data.draw(st.integers(2, 12))
    parents = [data.draw(st.integers(1, child - 1)) for child in range(2, count + 1)]
    lengths = [data.draw(st.integers(1, 400)) / 100 for _ in parents]
    distance = electrical_distance(Network.parse(feeder.text(feeder.tree(parents, lengths))))
    to_root = [{}]
    for parent, length in zip(parents, lengths, strict=True):
        to_root.append({**to_root[parent - 1], len(to_root): length})
    for i in range(count):
        for j in range(count):
            path = sum(
                length
                for edge, length in (to_root[i] | to_root[j]).items()
                if (edge in to_root[i]) != (edge in to_root[j])
            )
            assert distance[i, j] == pytest.approx(path * abs(complex(feeder.R1, feeder.X1)), abs=1e-6)


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.integers(-3, 40),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.floats(-1, 1) | st.none(), max_size=4),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_the_file_it_is_a_network_or_a_list_of_faults(feeder, data):
    """One value anywhere replaced by anything: never another error, and what passes can be solved."""
    root = json.loads(feeder.text(feeder.tables()))
    component = data.draw(st.sampled_from(sorted(root["data"])))
    row = data.draw(st.sampled_from(root["data"][component]))
    holder, key = data.draw(
        st.sampled_from([(row, data.draw(st.sampled_from(sorted(row)))), (root["data"], component)])
    )
    holder[key] = data.draw(ANYTHING)
    text = json.dumps(root)
    if check_network(text):
        with pytest.raises(ValueError, match="The network cannot be used"):
            Network.parse(text)
        return
    network = Network.parse(text)
    flow = power_flow(network, np.zeros((1, network.members, 3)), np.zeros((1, network.members, 3)))
    assert flow.converged.all()
    assert (electrical_distance(network) >= 0).all()
