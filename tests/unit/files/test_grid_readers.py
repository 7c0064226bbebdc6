"""Networks of other programs, written here as text by hand: neither pandapower nor simbench is needed to read them."""

import copy
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.errors import ImportFault
from sunfair.files import import_grid
from sunfair.files.import_grid import read_wires
from sunfair.files.scenario_network import idle_phases, read_network
from sunfair.grid import Network, power_flow
from sunfair.model import Member, Phase

BUS = ["name", "vn_kv", "in_service"]
LINE = ["name", "from_bus", "to_bus", "length_km", "r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km", "max_i_ka", "df", "parallel", "in_service"]  # fmt: skip
TRAFO = ["name", "hv_bus", "lv_bus", "sn_mva", "vn_hv_kv", "vn_lv_kv", "vk_percent", "vkr_percent", "pfe_kw", "i0_percent", "shift_degree", "tap_side", "tap_neutral", "tap_min", "tap_max", "tap_step_percent", "tap_pos", "vector_group", "parallel", "in_service"]  # fmt: skip
SWITCH = ["bus", "element", "et", "closed", "z_ohm"]

TABLES = {
    "bus": (BUS, {0: ["MV", 20.0, True], 1: ["busbar", 0.4, True], 2: ["church", 0.4, True], 5: ["pub", 0.4, True], 6: ["pub's own", 0.4, True]}),
    "line": (LINE, {3: ["to the church", 1, 2, 0.3, 0.2, 0.08, 830.0, 0.27, 1.0, 1, True], 4: ["to the pub", 2, 5, 0.2, 0.4, 0.16, 0.0, 0.27, 0.9, 2, True]}),
    "trafo": (TRAFO, {0: ["T", 0, 1, 0.25, 20.0, 0.4, 6.0, 1.32, 0.88, 0.352, 150.0, "hv", 0, -2, 2, 2.5, -1, "Dyn5", 1, True]}),
    "ext_grid": (["bus", "vm_pu", "s_sc_max_mva", "rx_max", "in_service"], {0: [0, 1.02, 200.0, 0.2, True]}),
    "switch": (SWITCH, {0: [5, 6, "b", True, 0.0], 1: [1, 3, "l", True, 0.0]}),
    "load": (["bus", "p_mw"], {0: [99, 1.0]}),
}  # fmt: skip


def document(tables, *, nested=False):
    """The form that pandapower.to_json writes: each table a JSON text within the JSON."""
    body = {"f_hz": 50.0, "_empty_bus": {"_class": "DataFrame", "_object": "no table at all"}}
    for name, (columns, rows) in tables.items():
        split = {"columns": columns, "index": list(rows), "data": list(rows.values())}
        body[name] = {
            "_module": "pandas.core.frame",
            "_class": "DataFrame",
            "_object": split if nested else json.dumps(split),
            "orient": "split",
        }
    return {"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": body}


def spoilt(*changes):
    """The tables with cells changed: (table, element, column, value)."""
    tables = copy.deepcopy(TABLES)
    for table, element, column, value in changes:
        tables[table][1][element][tables[table][0].index(column)] = value
    return tables


def written(tmp_path, root):
    path = tmp_path / "street.json"
    path.write_text(json.dumps(root), encoding="utf-8")
    return path


def faults_of(tmp_path, root, buses=(1, 2, 5)):
    _, _, faults = read_network(written(tmp_path, root), [(f"member {bus}", bus) for bus in buses])
    return faults


def test_a_pandapower_network_by_hand(tmp_path):
    text, notices, faults = read_network(written(tmp_path, document(TABLES)), [("", 2), ("", 6)])
    assert faults == []
    network = Network.parse(text, [3, 4])
    assert network.bus_id.tolist() == [0, 1, 2, 5]
    assert network.bus_name == ("MV", "busbar", "church", "pub")
    assert network.bus_id[network.member_bus].tolist() == [2, 5]  # bus 6 is bus 5 by its closed switch
    line = network.tables["line"]
    np.testing.assert_allclose(line["r1"], [0.06, 0.04], rtol=1e-12)
    np.testing.assert_allclose(line["x0"], [0.096, 0.064], rtol=1e-12)
    np.testing.assert_allclose(line["i_n"], [270, 486], rtol=1e-12)
    np.testing.assert_allclose(line["c1"], [249e-9, 0], rtol=1e-12)
    unit, source = network.tables["transformer"][0], network.tables["source"][0]
    assert (unit["u1"], unit["u2"], unit["clock"], unit["tap_pos"], unit["tap_size"]) == (20e3, 400, 5, -1, 500)
    np.testing.assert_allclose([unit["uk"], unit["pk"], unit["p0"]], [0.06, 3300, 880], rtol=1e-12)
    assert (unit["winding_from"], unit["winding_to"]) == (2, 1)
    assert (source["u_ref"], source["sk"], source["rx_ratio"]) == (1.02, 200e6, 0.2)
    assert notices == ["2 lines have no zero-sequence data: R0 = 4 R1, X0 = 4 X1 and C0 = C1 are assumed."]
    idle = power_flow(network, np.zeros((1, 2, 3)), np.zeros((1, 2, 3)))
    assert idle.voltage_pu[0, 2].max() == pytest.approx(1.02 / 0.975, abs=2e-3)


def test_tables_within_the_text_or_beside_it_are_the_same(tmp_path):
    within, _ = read_wires(written(tmp_path, document(TABLES)))
    beside, _ = read_wires(written(tmp_path, document(TABLES, nested=True)))
    assert within.root == beside.root


def test_zero_sequence_that_is_told_is_taken(tmp_path):
    tables = copy.deepcopy(TABLES)
    columns, rows = tables["line"]
    columns += ["r0_ohm_per_km", "x0_ohm_per_km", "c0_nf_per_km"]
    rows[3] += [0.9, 0.3, 400.0]
    rows[4] += [None, 0.3, None]
    wires, _ = read_wires(written(tmp_path, document(tables)))
    told, assumed = wires.root["data"]["line"]
    np.testing.assert_allclose([told["r0"], told["x0"], told["c0"]], [0.27, 0.09, 120e-9], rtol=1e-12)
    assert assumed["r0"] == 4 * assumed["r1"]
    assert "1 lines have no zero-sequence data" in wires.notices[0]


FAULTS = {
    "island": ((("line", 4, "in_service", False),), "bus 5 (pub)", "island"),
    "open switch makes an island": ((("switch", 1, "closed", False),), "bus 2 (church)", "island"),
    "zero impedance": ((("line", 3, "r_ohm_per_km", 0.0), ("line", 3, "x_ohm_per_km", 0)), "line 3 (to the church)", "both zero"),
    "no length": ((("line", 3, "length_km", None),), "line 3 (to the church)", "no `length_km`"),
    "text for a length": ((("line", 3, "length_km", "far"),), "line 3 (to the church)", "`length_km` is 'far', which is no"),
    "no rating of a line": ((("line", 4, "max_i_ka", None),), "line 4 (to the pub)", "no `max_i_ka`"),
    "no rating of a transformer": ((("trafo", 0, "sn_mva", None),), "trafo 0 (T)", "no `sn_mva`"),
    "rating zero": ((("trafo", 0, "sn_mva", 0.0),), "trafo 0 (T)", "not greater than zero"),
    "tap without a step": ((("trafo", 0, "tap_step_percent", None),), "trafo 0 (T)", "on tap -1 but has no"),
    "tap beyond its end": ((("trafo", 0, "tap_pos", 3),), "trafo 0 (T)", "on tap 3, outside -2 … 2"),
    "two transformers in one": ((("trafo", 0, "parallel", 2),), "trafo 0 (T)", "doubled"),
    "no clock number": ((("trafo", 0, "shift_degree", 140.0),), "trafo 0 (T)", "no clock number"),
    "clock against group": ((("trafo", 0, "shift_degree", 330.0),), "trafo 0 (T)", "Dyn5 but shifts by 330"),
    "no such group": ((("trafo", 0, "vector_group", "Q"),), "trafo 0 (T)", "`vector_group` is 'Q'"),
    "impossible clock": ((("trafo", 0, "vector_group", None), ("trafo", 0, "shift_degree", 0)), "trafo 0 (T)", "cannot have"),
    "no neutral": ((("trafo", 0, "vector_group", "Dy5"),), "trafo 0 (T)", "no neutral on its low-voltage side"),
    "bus that is not there": ((("line", 3, "to_bus", 17),), "line 3 (to the church)", "`to_bus` is 17, which is no bus"),
    "bus without a voltage": ((("bus", 2, "vn_kv", None),), "bus 2 (church)", "no `vn_kv`"),
    "line between voltages": ((("line", 3, "from_bus", 0),), "line 3 (to the church)", "20000 V and 400 V"),
    "switch between voltages": ((("switch", 0, "element", 0),), "switch 0", "0.4 and 20.0 kV"),
    "switch to nowhere": ((("switch", 0, "element", 77),), "switch 0", "bus 77, which is none"),
    "switch with an impedance": ((("switch", 0, "z_ohm", 0.1),), "switch 0", "`z_ohm`"),
    "switch of another kind": ((("switch", 1, "et", "t3"),), "switch 1", "of type t3"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_every_fault_is_named_with_the_element_of_the_source(tmp_path, case):
    changes, place, what = FAULTS[case]
    faults = faults_of(tmp_path, document(spoilt(*changes)), buses=(1, 2))
    assert any(fault.place == f"street.json {place}" and what in fault.what for fault in faults), faults


def test_a_length_below_zero_is_one_fault_not_one_for_each_impedance(tmp_path):
    source = written(tmp_path, document(spoilt(("line", 3, "length_km", -1.0))))
    with pytest.raises(ImportFault) as error:
        import_grid(source, tmp_path / "network.json")
    assert [(fault.place, fault.what) for fault in error.value.faults] == [
        ("street.json line 3 (to the church)", "`length_km` is -1: a line is longer than 0")
    ]


def test_all_faults_come_at_once(tmp_path):
    tables = spoilt(("line", 3, "max_i_ka", None), ("trafo", 0, "tap_pos", 9), ("line", 4, "r_ohm_per_km", -1.0))
    tables["gen"] = (["bus", "in_service"], {0: [1, True], 1: [1, False]})
    faults = faults_of(tmp_path, document(tables))
    places = ["gen", "line 3 (to the church)", "line 4 (to the pub)", "trafo 0 (T)"]
    assert sorted({fault.place.removeprefix("street.json ") for fault in faults}) == places, faults


def test_behind_an_element_without_translation_nothing_is_called_an_island(tmp_path):
    tables = spoilt(("line", 4, "in_service", False))
    tables["impedance"] = (["from_bus", "to_bus", "in_service"], {0: [2, 5, True]})
    faults = faults_of(tmp_path, document(tables))
    assert [fault.place for fault in faults] == ["street.json impedance"]


@pytest.mark.parametrize(
    ("change", "place", "what"),
    [
        (lambda root: root.update(_object="gAAAAA"), "network", "encrypted"),
        (lambda root: root["_object"].pop("ext_grid"), "ext_grid", "is missing"),
        (lambda root: root["_object"]["bus"].update(_object="{"), "bus", "no table that can be read"),
        (lambda root: root["_object"]["line"].update(_object=7), "line", "no table that can be read"),
        (lambda root: root["_object"].update(bus=[1]), "bus", "no table that can be read"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, change, place, what):
    root = document(TABLES)
    change(root)
    assert any(f.place == f"street.json {place}" and what in f.what for f in faults_of(tmp_path, root))


CELLS = [
    (table, element, column)
    for table, (columns, rows) in TABLES.items()
    if table != "load"
    for element in rows
    for column in columns
]
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.integers(-3, 12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=3),
    st.lists(st.integers(), max_size=2),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("anything")


@settings(max_examples=80, deadline=None)
@given(cell=st.sampled_from(CELLS), value=ANYTHING)
def test_whatever_stands_in_a_cell_it_is_a_network_or_a_list_of_faults(folder, cell, value):
    path = written(folder, document(spoilt((*cell, value))))
    text, _, faults = read_network(path, [("", 1), ("", 2)])
    assert (text is None) == bool(faults)
    if text is not None:
        Network.parse(text, [3, 4])


NODE = "id;type;vmSetp;vmR\nMV;busbar;1.02;20\nbusbar;busbar;NULL;0.4\naux 1;auxiliary;NULL;0.4\nchurch;node;NULL;0.4\npub;node;NULL;0.4\npub's own;node;NULL;0.4\nloose;auxiliary;NULL;0.4\n"
SIMBENCH = {
    "Node": NODE,
    "Line": "id;nodeA;nodeB;type;length\nto the church;aux 1;church;thin;0.3\nto the pub;church;pub;thick;0.2\n",
    "LineType": f"id;r;x;b;iMax;type\nthin;0.2;0.08;{830e-3 * 2 * math.pi * 50};270;cable\nthick;0.2;0.08;0;486;cable\n",
    "Transformer": "id;nodeHV;nodeLV;type;tappos;autoTap\nT;MV;busbar;250 kVA;-1;0\n",
    "TransformerType": "id;sR;vmHV;vmLV;va0;vmImp;pCu;pFe;iNoLoad;tapable;tapside;dVm;dVa;tapNeutr;tapMin;tapMax\n250 kVA;0.25;20;0.4;150;6;3.3;0.88;0.352;1;HV;2.5;0;0;-2;2\n",
    "ExternalNet": "id;node;calc_type\nabove;MV;vavm\n",
    "Switch": "id;nodeA;nodeB;type;cond\none;busbar;aux 1;LS;1\ntwo;pub;pub's own;LS;1\n",
}  # fmt: skip


def simbench(tmp_path, **changes):
    folder = tmp_path / "csv"
    folder.mkdir()
    for name, text in (SIMBENCH | changes).items():
        if text is not None:
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_a_simbench_folder_is_the_same_network(tmp_path):
    """Buses are numbered as they stand in Node.csv; everything else is as in the pandapower network above."""
    wires, faults = read_wires(simbench(tmp_path))
    assert faults == []
    other, _ = read_wires(written(tmp_path, document(spoilt(("line", 4, "r_ohm_per_km", 0.2)))))
    data, same = wires.root["data"], other.root["data"]
    assert [node["name"] for node in data["node"]] == ["MV", "busbar", "church", "pub"]
    assert [(line["from_node"], line["to_node"]) for line in data["line"]] == [(1, 2), (2, 3)]
    assert wires.node == {4: 3}
    unit, its = data["transformer"][0], same["transformer"][0]
    assert {k: v for k, v in unit.items() if k != "id"} == pytest.approx({k: v for k, v in its.items() if k != "id"})
    first, its = data["line"][0], same["line"][0]
    assert first["c1"] == pytest.approx(its["c1"], rel=1e-9)
    assert {k: v for k, v in first.items() if k in ("r1", "x1", "r0", "i_n")} == pytest.approx(
        {k: v for k, v in its.items() if k in ("r1", "x1", "r0", "i_n")}
    )
    assert (data["source"][0]["u_ref"], data["source"][0]["sk"]) == (1.02, 500e6)
    assert any("500 MVA are assumed" in notice for notice in wires.notices)


def test_an_open_simbench_switch_opens_its_line(tmp_path):
    switch = SIMBENCH["Switch"].replace("aux 1;LS;1", "aux 1;LS;0")
    wires, _ = read_wires(simbench(tmp_path, Switch=switch))
    assert (wires.root["data"]["line"][0]["from_status"], wires.root["data"]["line"][0]["to_status"]) == (0, 1)


@pytest.mark.parametrize(
    ("name", "change", "place", "what"),
    [
        ("Line", ("thick", "thicker"), "Line.csv to the pub", "'thicker', which LineType.csv does not have"),
        ("Line", ("church;pub", "church;inn"), "Line.csv to the pub", "`nodeB` is 'inn', which Node.csv"),
        ("ExternalNet", (";MV;", ";HV;"), "ExternalNet.csv above", "`node` is 'HV'"),
        ("LineType", (";270;", ";NULL;"), "line 0 (to the church)", "no `max_i_ka`"),
        ("TransformerType", (";2.5;", ";NULL;"), "trafo 0 (T)", "on tap -1 but has no"),
        ("Node", ("pub;node", "church;node"), "Node.csv church", "more than once"),
        ("Switch", ("one;busbar;aux 1;LS;1", "one;busbar;aux 1;LS"), "Switch.csv line 2", "more or fewer cells"),
        ("ExternalNet", ("id;", "name;"), "ExternalNet.csv", "no column `id`"),
    ],
)
def test_faults_of_a_simbench_folder_are_named(tmp_path, name, change, place, what):
    _, faults = read_wires(simbench(tmp_path, **{name: SIMBENCH[name].replace(*change)}))
    assert any(fault.place == f"csv {place}" and what in fault.what for fault in faults), faults


def test_a_folder_without_its_source_is_named(tmp_path):
    _, faults = read_wires(simbench(tmp_path, ExternalNet=None))
    assert [(fault.place, fault.what) for fault in faults] == [("csv ExternalNet.csv", "is not there")]


def test_a_community_names_a_network_of_another_program(street):
    street.network = document(TABLES)
    scenario = street.load()
    network = Network.parse(scenario.network_json, [3, 4, 5])
    assert network.bus_id[network.member_bus].tolist() == [1, 2, 2]
    assert any("zero-sequence" in notice for notice in scenario.notices)


def test_a_community_names_a_simbench_folder(street, tmp_path):
    simbench(tmp_path)
    scenario = street.swap('"network.json"', '"csv"').load()
    assert Network.parse(scenario.network_json, [3, 4, 5]).buses == 4


def test_a_network_alone_is_imported_once(tmp_path):
    out = tmp_path / "network.json"
    made = import_grid(written(tmp_path, document(TABLES)), out)
    again, faults = read_wires(out)
    assert faults == []
    assert again.root["data"] == made.root["data"]
    with pytest.raises(ImportFault) as error:
        import_grid(out, out)
    assert [fault.what for fault in error.value.faults] == ["is there already"]


def test_an_import_names_the_fault_that_only_homes_would_meet(tmp_path):
    source = written(tmp_path, document(spoilt(("trafo", 0, "vector_group", "Dy5"))))
    with pytest.raises(ImportFault, match=r"street\.json trafo 0 \(T\): .*single-phase members need one"):
        import_grid(source, tmp_path / "network.json")
    assert not (tmp_path / "network.json").exists()


def test_a_phase_that_nobody_hangs_on_is_told():
    members = [Member(id=str(at), meter=str(at), phase=Phase(name)) for at, name in enumerate("aab")]
    assert len(idle_phases(members)) == 1
    assert "on phase c of the network" in idle_phases(members)[0]
    assert idle_phases(members[:2]) == []
    assert idle_phases([*members, Member(id="x", meter="x", phase=Phase.ABC)]) == []
