"""A network from a folder in SimBench's CSV format, without simbench.

In that format a switch stands between a node and an auxiliary node at which its line ends; such a pair becomes the line
at the node, with a switch at its end.
"""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sunfair.errors import Fault
from sunfair.files.import_grid_cells import Tables, number

__all__ = ["is_simbench_folder", "simbench_tables"]

_FILES = ("Node", "Line", "LineType", "Transformer", "TransformerType", "ExternalNet", "Switch")
_OPTIONAL = ("Line", "LineType", "Transformer", "TransformerType", "Switch")
_FREQUENCY_HZ = 50

Row = Mapping[str, str]


def is_simbench_folder(folder: Path) -> bool:
    """Whether a folder holds the nodes of a SimBench network."""
    return (folder / "Node.csv").is_file()


def simbench_tables(folder: Path) -> tuple[Tables, list[Fault]]:
    """The tables in pandapower's terms; buses are numbered in the order of Node.csv, auxiliary ones last."""
    files: dict[str, list[Row]] = {}
    faults: list[Fault] = []
    for name in _FILES:
        rows, fault = _read(folder / f"{name}.csv", optional=name in _OPTIONAL)
        files[name] = rows
        faults += fault
    if faults:
        return {}, faults
    nodes = sorted(files["Node"], key=lambda row: row.get("type") == "auxiliary")
    bus = {row["id"]: at for at, row in enumerate(nodes)}
    auxiliary = {row["id"] for row in nodes if row.get("type") == "auxiliary"}
    reader = _Reader(files, bus, faults)
    tables: Tables = {
        "bus": {at: {"name": row["id"], "vn_kv": row.get("vmR"), "in_service": True} for at, row in enumerate(nodes)},
        "line": reader.lines(),
        "trafo": reader.transformers(),
        "ext_grid": reader.sources(),
    }
    tables["switch"] = reader.switches(tables, auxiliary)
    used = {int(row[end]) for name, ends in _ENDS.items() for row in tables[name].values() for end in ends}
    for name in auxiliary:
        if bus[name] not in used and not any(bus[name] == row["element"] for row in tables["switch"].values()):
            del tables["bus"][bus[name]]
    return tables, faults


def _read(path: Path, *, optional: bool) -> tuple[list[Row], list[Fault]]:
    """The rows of a file with semicolons."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return [], [] if optional else [Fault(path.name, "is not there", "export the network with all its files")]
    except (OSError, UnicodeDecodeError) as error:
        return [], [Fault(path.name, f"cannot be read: {error}")]
    reader = csv.DictReader(text.splitlines(), delimiter=";")
    if "id" not in (reader.fieldnames or ()):
        return [], [Fault(path.name, "has no column `id`", "SimBench's files separate columns by semicolons")]
    rows: list[Row] = []
    faults = []
    for at, row in enumerate(reader, start=2):
        if None in row or None in row.values():
            faults.append(Fault(f"{path.name} line {at}", "has more or fewer cells than there are columns"))
        rows.append(row)
    names = [row.get("id") for row in rows]
    twice = sorted({str(name) for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    # A type may be listed twice with the same values; an element may not.
    if not path.stem.endswith("Type"):
        faults += [
            Fault(f"{path.name} {name}", "stands there more than once", "give each its own id") for name in twice
        ]
    return rows, faults


class _Reader:
    """Elements in pandapower's terms; references that lead nowhere gather as faults."""

    def __init__(self, files: Mapping[str, list[Row]], bus: Mapping[str, int], faults: list[Fault]) -> None:
        self._files, self._bus, self._faults = files, bus, faults
        self._types = {kind: {row["id"]: row for row in files[kind]} for kind in ("LineType", "TransformerType")}

    def lines(self) -> dict[int, dict[str, Any]]:
        """LineType: ohm/km, µS/km, A."""
        found = {}
        for at, row in enumerate(self._files["Line"]):
            kind, ends = self._type("Line", "LineType", row), self._ends("Line", row, "nodeA", "nodeB")
            if kind is None or ends is None:
                continue
            found[at] = {
                "name": row["id"],
                "from_bus": ends[0],
                "to_bus": ends[1],
                "length_km": row.get("length"),
                "r_ohm_per_km": kind.get("r"),
                "x_ohm_per_km": kind.get("x"),
                "c_nf_per_km": number(kind.get("b"), 0.0) / (2 * math.pi * _FREQUENCY_HZ) * 1e3,
                "max_i_ka": number(kind.get("iMax")) / 1e3,
            }
        return found

    def transformers(self) -> dict[int, dict[str, Any]]:
        """TransformerType: MVA, kV, %, kW, degrees."""
        found = {}
        for at, row in enumerate(self._files["Transformer"]):
            kind = self._type("Transformer", "TransformerType", row)
            ends = self._ends("Transformer", row, "nodeHV", "nodeLV")
            if kind is None or ends is None:
                continue
            rated = number(kind.get("sR"))
            found[at] = {
                "name": row["id"],
                **{"hv_bus": ends[0], "lv_bus": ends[1]},
                **{"sn_mva": rated, "vn_hv_kv": kind.get("vmHV"), "vn_lv_kv": kind.get("vmLV")},
                "vk_percent": kind.get("vmImp"),
                "vkr_percent": number(kind.get("pCu")) / (10 * rated) if rated else math.nan,
                **{"pfe_kw": kind.get("pFe"), "i0_percent": kind.get("iNoLoad"), "shift_degree": kind.get("va0")},
                "tap_side": str(kind.get("tapside", "")).lower(),
                **{"tap_neutral": kind.get("tapNeutr"), "tap_min": kind.get("tapMin"), "tap_max": kind.get("tapMax")},
                **{
                    "tap_pos": row.get("tappos"),
                    "tap_step_percent": kind.get("dVm"),
                    "tap_step_degree": kind.get("dVa"),
                },
            }
        return found

    def sources(self) -> dict[int, dict[str, Any]]:
        """The grid above; its voltage stands at its node."""
        at_node = {row["id"]: row for row in self._files["Node"]}
        found = {}
        for at, row in enumerate(self._files["ExternalNet"]):
            node = row.get("node", "")
            if node not in self._bus:
                self._nowhere("ExternalNet", row, "node")
            elif row.get("calc_type") in ("vavm", "va_vm", None, ""):
                found[at] = {"name": row["id"], "bus": self._bus[node], "vm_pu": at_node[node].get("vmSetp")}
        return found

    def switches(self, tables: Tables, auxiliary: set[str]) -> dict[int, dict[str, Any]]:
        """Between a node and the auxiliary end of one line or transformer: a switch at that end. Else between buses."""
        at_end: dict[int, list[tuple[str, int, str]]] = {}
        for name, ends in _BRANCHES.items():
            for element, cells in tables[name].items():
                for end in ends:
                    at_end.setdefault(int(cells[end]), []).append((name, element, end))
        found = {}
        for at, row in enumerate(self._files["Switch"]):
            pair = self._ends("Switch", row, "nodeA", "nodeB")
            if pair is None:
                continue
            closed = number(row.get("cond"), 1.0) != 0
            inner = [end for end, name in zip(pair, (row["nodeA"], row["nodeB"]), strict=True) if name in auxiliary]
            hangs = at_end.get(inner[0], []) if len(inner) == 1 else []
            if len(hangs) == 1:
                (name, element, end), node = hangs[0], pair[0] if pair[1] == inner[0] else pair[1]
                tables[name][element][end] = node
                found[at] = {"et": _KIND[name], "element": element, "bus": node, "closed": closed}
            else:
                found[at] = {"et": "b", "bus": pair[0], "element": pair[1], "closed": closed}
        return found

    def _type(self, table: str, types: str, row: Row) -> Row | None:
        kind = self._types[types].get(row.get("type", ""))
        if kind is None:
            what = f"is of type {row.get('type')!r}, which {types}.csv does not have"
            self._faults.append(Fault(f"{table}.csv {row['id']}", what, "add the type"))
        return kind

    def _ends(self, table: str, row: Row, one: str, other: str) -> tuple[int, int] | None:
        for end in (one, other):
            if row.get(end, "") not in self._bus:
                self._nowhere(table, row, end)
                return None
        return self._bus[row[one]], self._bus[row[other]]

    def _nowhere(self, table: str, row: Row, end: str) -> None:
        what = f"`{end}` is {row.get(end)!r}, which Node.csv does not have"
        self._faults.append(Fault(f"{table}.csv {row['id']}", what, "correct it, or add the node"))


_BRANCHES = {"line": ("from_bus", "to_bus"), "trafo": ("hv_bus", "lv_bus")}
_ENDS = {**_BRANCHES, "ext_grid": ("bus",), "switch": ("bus",)}
_KIND = {"line": "l", "trafo": "t"}
