import math

import numpy as np
import pytest

from sunfair.grid import Network, electrical_distance


def test_along_the_path_by_hand(feeder):
    distance = electrical_distance(Network.parse(feeder.text(feeder.tables())))
    section = math.hypot(feeder.R1, feeder.X1)
    # Members at buses 3, 3, 4, 5, 6, 2; sections 2-3 of 1.0, 3-4 of 1.5, 2-5 of 0.8, 5-6 of 2.0 lengths.
    lengths = [
        [0, 0, 1.5, 1.8, 3.8, 1.0],
        [0, 0, 1.5, 1.8, 3.8, 1.0],
        [1.5, 1.5, 0, 3.3, 5.3, 2.5],
        [1.8, 1.8, 3.3, 0, 2.0, 0.8],
        [3.8, 3.8, 5.3, 2.0, 0, 2.8],
        [1.0, 1.0, 2.5, 0.8, 2.8, 0],
    ]
    np.testing.assert_allclose(distance, np.array(lengths) * section, atol=6e-7)


def test_across_the_transformer_on_the_low_voltage_side(feeder):
    """Two secondaries of one medium-voltage bus: twice the short-circuit impedance u_k·U²/S."""
    data = feeder.tables(members=((2, "a"), (7, "a")))
    node, unit = np.repeat(data["node"], [1, 1, 1, 1, 1, 2]), np.repeat(data["transformer"], 2)
    node["id"][-1] = 7
    unit["id"], unit["to_node"] = [21, 22], [2, 7]
    distance = electrical_distance(Network.parse(feeder.text({**data, "node": node, "transformer": unit})))
    assert distance[0, 1] == pytest.approx(2 * 0.04 * 400**2 / 160e3, abs=1e-6)


def test_a_second_way_shortens_it(feeder):
    data = feeder.two_bus(members=((1, "a"), (2, "b")))
    data["line"] = np.repeat(data["line"], 2)
    data["line"]["id"] = [11, 12]
    z = math.hypot(0.2, 0.08)
    twice = Network.parse(feeder.text(data))
    assert electrical_distance(twice)[0, 1] == pytest.approx(z / 2, abs=1e-6)
    data["line"]["to_status"][1] = 0
    once = Network.parse(feeder.text(data))
    assert electrical_distance(once)[0, 1] == pytest.approx(z, abs=1e-6)


def test_equal_paths_are_equal_numbers(feeder):
    data = feeder.tables(members=((3, "a"), (5, "b"), (2, "c")))
    for name in ("r1", "x1", "r0", "x0"):
        data["line"][name][2] = data["line"][name][0]
    distance = electrical_distance(Network.parse(feeder.text(data)))
    assert distance[0, 2] == distance[1, 2]
    assert distance.tobytes() == distance.T.copy().tobytes()
