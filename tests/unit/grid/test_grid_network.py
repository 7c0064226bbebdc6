import json
import math

import numpy as np
import pytest
from power_grid_model.utils import json_deserialize, json_serialize

from sunfair.errors import Fault, InputError
from sunfair.grid import Network, check_network


def test_what_a_network_holds(feeder):
    network = Network.parse(feeder.text(feeder.tables(), ["MV", "Main", "A1", "A2", "B1", "B2"]))
    assert network.accounts == (3, 4, 5, 6, 7, 8)
    assert network.bus_id[network.member_bus].tolist() == [3, 3, 4, 5, 6, 2]
    assert network.bus_name == ("MV", "Main", "A1", "A2", "B1", "B2")
    assert network.bus_rated_v.tolist() == [20e3, 400, 400, 400, 400, 400]
    assert network.branch_id.tolist() == [11, 12, 13, 14, 21]
    assert network.rating.tolist() == [270, 270, 270, 270, 160e3]
    assert (network.buses, network.members, network.lines) == (6, 6, 4)


def assert_same_table(left, right):
    assert left.dtype == right.dtype
    for name in left.dtype.names:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)


@pytest.mark.parametrize("compact", [False, True])
def test_both_forms_read_as_the_library_reads_them(feeder, compact):
    text = json_serialize(feeder.tables(), use_compact_list=compact)
    expected = json_deserialize(text)
    for name, table in Network.parse(text).tables.items():
        assert_same_table(table, expected[name])


def test_members_come_by_account_whatever_the_order_of_the_file(feeder):
    data = feeder.tables()
    data["asym_load"] = data["asym_load"][[4, 0, 5, 2, 1, 3]]
    network = Network.parse(feeder.text(data))
    assert network.accounts == (3, 4, 5, 6, 7, 8)
    assert network.bus_id[network.member_bus].tolist() == [3, 3, 4, 5, 6, 2]


def test_a_network_cannot_be_changed(feeder):
    network = Network.parse(feeder.text(feeder.tables()))
    with pytest.raises(ValueError, match="read-only"):
        network.rating[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        network.tables["line"]["r1"][0] = 1.0


def row(data, component, index, **values):
    data["data"][component][index].update(values)


def second_source(d):
    d["data"]["source"][0]["status"] = 0


FAULTS = {
    "unrated line": (lambda d: row(d, "line", 0, i_n=None), "line 11", "rated current"),
    "unrated transformer": (lambda d: d["data"]["transformer"][0].pop("sn"), "transformer 21", "'sn' is missing"),
    "transformer without tap data": (
        lambda d: [d["data"]["transformer"][0].pop(name) for name in ("tap_side", "tap_min", "tap_max", "tap_size")],
        "transformer 21",
        "'tap_size' is missing",
    ),
    "tap beyond its end": (lambda d: row(d, "transformer", 0, tap_pos=3), "transformer 21", "'tap_pos' is not between"),
    "zero rating": (lambda d: row(d, "transformer", 0, sn=0), "transformer 21", "'sn' is not greater than zero (0.0)"),
    "line without impedance": (lambda d: row(d, "line", 1, r1=0, x1=0), "line 12", "'r1' and 'x1' are both zero"),
    "line without zero sequence": (lambda d: row(d, "line", 1, r0=None), "line 12", "'r0' is missing"),
    "negative resistance": (lambda d: row(d, "line", 1, r1=-0.1), "line 12", "`r1` is negative"),
    "branch to nowhere": (lambda d: row(d, "line", 3, to_node=77), "line 14", "valid node id (77)"),
    "load at no node": (lambda d: row(d, "asym_load", 0, node=78), "asym_load 1000003", "valid node id (78)"),
    "island": (lambda d: row(d, "line", 3, to_status=0), "node 6", "island"),
    "no source": (lambda d: d["data"].update(source=[]), "source", "is missing"),
    "source off": (second_source, "source", "switched off"),
    "no loads": (lambda d: d["data"].pop("asym_load"), "asym_load", "is missing"),
    "no nodes": (lambda d: d["data"].pop("node"), "node", "is missing"),
    "no branches": (lambda d: d["data"].update(line=[], transformer=[]), "line, transformer", "both missing"),
    "id twice in one table": (lambda d: row(d, "line", 1, id=11), "line 11", "unique"),
    "id twice across tables": (lambda d: row(d, "line", 1, id=21), "transformer 21", "unique"),
    "load that is no member": (lambda d: row(d, "asym_load", 0, id=1_000_002), "asym_load 1000002", "no member's id"),
    "load of another type": (lambda d: row(d, "asym_load", 0, type=1), "asym_load 1000003", "type 1"),
    "load switched off": (lambda d: row(d, "asym_load", 0, status=0), "asym_load 1000003", "switched off"),
    "line between voltages": (lambda d: row(d, "line", 0, from_node=1), "line 11", "joins nodes of 20000 V and 400 V"),
    "swapped windings": (lambda d: row(d, "transformer", 0, u1=400, u2=20e3), "transformer 21", "`u1` is 400 V"),
    "no neutral for the homes": (
        lambda d: row(d, "transformer", 0, winding_to=0, clock=5, winding_from=2),
        "transformer 21",
        "no neutral on its low-voltage side",
    ),
    "text for a number": (lambda d: row(d, "line", 0, r1="0.1"), "line 11 r1", "must be a number"),
    "truth for a number": (lambda d: row(d, "line", 0, r1=True), "line 11 r1", "must be a number"),
    "fraction for an id": (lambda d: row(d, "node", 5, id=6.5), "node 6.5 id", "must be an integer"),
    "id out of range": (lambda d: row(d, "node", 5, id=2**40), f"node {2**40} id", "must be an integer"),
    "two phases": (lambda d: row(d, "asym_load", 0, p_specified=[0, 0]), "asym_load 1000003 p_specified", "list of 3"),
    "unknown component": (lambda d: d["data"].update(shunt=[]), "shunt", "not a component"),
    "component no list": (lambda d: d["data"].update(node={}), "node", "is not a list"),
    "row no object": (lambda d: d["data"]["node"].append(5), "node[6]", "neither an object"),
    "a batch": (lambda d: d.update(is_batch=True), "network", "one input dataset"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_every_fault_is_named_with_its_place(feeder, case):
    spoil, place, what = FAULTS[case]
    data = json.loads(feeder.text(feeder.tables()))
    spoil(data)
    faults = check_network(json.dumps(data))
    assert any(fault.place == place and what in fault.what for fault in faults), faults
    assert not any("-128" in fault.what for fault in faults), "what is absent has no value to be wrong"
    with pytest.raises(InputError) as error:
        Network.parse(json.dumps(data))
    assert list(error.value.faults) == faults


def test_all_faults_come_at_once(feeder):
    data = json.loads(feeder.text(feeder.tables()))
    row(data, "line", 0, i_n=None, r1="x")
    row(data, "line", 1, r1=0, x1=0)
    row(data, "line", 3, to_node=77)
    row(data, "asym_load", 1, id=1_000_003)
    data["data"]["motor"] = []
    places = [fault.place for fault in check_network(json.dumps(data), [3, 5, 6, 7, 8, 9])]
    expected = {"motor", "line 11 r1", "line 11", "line 12", "line 14", "asym_load 1000003", "node 6", "account 9"}
    assert set(places) == expected
    assert len(places) == len(expected)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '{"data": []}', '{"data": {"node": [{"u_rated": NaN}]}}', "[" * 9999]
)
def test_text_that_holds_no_network(text):
    faults = check_network(text)
    assert len(faults) == 1
    assert faults[0].place == "network"


def test_members_and_loads_must_match(feeder):
    text = feeder.text(feeder.tables())
    assert check_network(text, range(3, 9)) == []
    assert check_network(text, [3, 4, 5, 6, 7, 9]) == [
        Fault("account 9", "has no asym_load in the network", "add one with id 1000009"),
        Fault("asym_load 1000008", "is account 8, but no member has it", "remove it"),
    ]


def test_missing_values_are_missing_not_zero(feeder):
    data = feeder.tables()
    data["asym_load"]["p_specified"][0, 1] = math.nan
    faults = check_network(json_serialize(data))
    assert [fault.place for fault in faults] == ["asym_load 1000003"]
