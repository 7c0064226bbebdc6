"""From a network in pandapower's terms to power-grid-model input data, with the assumptions that it needs.

Its loads and generators are left out: the community says who hangs where. Where a source is silent it is assumed:
four-wire cables with R0 = 4·R1, X0 = 4·X1 and C0 = C1, transformers Dyn with a solidly earthed star point, and a
feeding network of 500 MVA. Taps follow the transformer's ratio: networks of simbench 1.6 leave `tap_changer_type`
empty, on which pandapower would ignore their position (0.026 pu off).
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sunfair.errors import Fault
from sunfair.files.import_grid_cells import Row, Tables, number, place_of, text, whole, works
from sunfair.files.import_grid_switches import joined_buses, joining_faults, open_ends
from sunfair.grid import LOAD_ID_BASE

__all__ = ["NOT_TRANSLATED", "SOURCE_VA", "ZERO_SEQUENCE", "Wires", "translate"]

ZERO_SEQUENCE = 4.0
"""R0/R1 and X0/X1 of a four-wire low-voltage cable whose neutral carries the return current."""

SOURCE_VA = 500e6
"""Short-circuit power of the network above, VA."""

_LEAST_BASE = 10_000
_FREQUENCY_HZ = 50

NOT_TRANSLATED = (
    *("trafo3w", "impedance", "xward", "ward", "shunt", "dcline", "gen", "svc", "tcsc", "ssc", "vsc"),
    *("line_dc", "b2b_vsc"),
)

_WINDINGS = {"y": 0, "yn": 1, "d": 2, "z": 3, "zn": 4}
_GROUP = re.compile(r"(yn|zn|d|y|z)(yn|zn|d|y|z)(\d{1,2})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wires:
    """A network without loads.

    root : power-grid-model input data, as its JSON
    node : the node id of each bus of the source, where they differ: buses joined by a closed switch are one node
    element : what the source calls a component here: ``line 10003`` → ``line 3 (to the church)``
    notices : what was assumed
    """

    root: dict[str, Any]
    node: Mapping[int, int] = field(default_factory=dict)
    element: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def translate(tables: Tables) -> tuple[Wires, list[Fault]]:
    """The wires, and every fault that keeps them from being right, each with the element as the source numbers it."""
    work = _Translation({name: dict(sorted(rows.items())) for name, rows in tables.items()})
    faults = [*work.unknown(), *joining_faults(work.tables)]
    data = {"node": work.nodes(), "line": [], "transformer": [], "source": []}
    base = work.base
    for number_, row in work.alive("line"):
        data["line"].append(work.line(base + number_, number_, row))
    for number_, row in work.alive("trafo"):
        data["transformer"].append(work.transformer(2 * base + number_, number_, row))
    for number_, row in work.alive("ext_grid"):
        data["source"].append(work.source(3 * base + number_, number_, row))
    root = {"version": "1.0", "type": "input", "is_batch": False, "attributes": {}, "data": data}
    moved = {bus: node for bus, node in work.node.items() if bus != node}
    return Wires(root, moved, work.element, tuple(work.notices())), [*faults, *work.faults]


class _Translation:
    """One network on its way; faults and assumptions gather here."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.faults: list[Fault] = []
        self.element: dict[str, str] = {}
        self.buses = {bus: row for bus, row in tables.get("bus", {}).items() if works(row)}
        self.node = joined_buses(self.buses, tables.get("switch", {}))
        self.open = open_ends(tables.get("switch", {}))
        self._assumed_lines = self._assumed_groups = self._assumed_sources = self._no_taps = 0

    @property
    def base(self) -> int:
        """Lines are numbered from here on, transformers from twice and sources from three times this."""
        largest = max((max(self.tables.get(name, {0: {}}), default=0) for name in _NUMBERED), default=0)
        base = _LEAST_BASE
        while base <= largest:
            base *= 10
        return base

    def alive(self, table: str) -> Iterator[tuple[int, Row]]:
        """Elements in service at buses in service; a bus that does not exist is a fault."""
        for number_, row in self.tables.get(table, {}).items():
            if not works(row):
                continue
            ends = [whole(row.get(end)) for end in _ENDS[table]]
            absent = [end for end, bus in zip(_ENDS[table], ends, strict=True) if bus not in self.tables.get("bus", {})]
            for end in absent:
                what = f"`{end}` is {row.get(end)}, which is no bus"
                self.faults.append(Fault(place_of(table, number_, row), what, "correct it, or add the bus"))
            if not absent and all(bus in self.buses for bus in ends):
                yield number_, row

    def unknown(self) -> Iterator[Fault]:
        """What has no words here."""
        for table in NOT_TRANSLATED:
            there = [row for row in self.tables.get(table, {}).values() if works(row)]
            if there:
                mend = "take it out of service, or describe the network without it"
                yield Fault(table, f"holds {len(there)} elements, which are not translated", mend)
        if 4 * self.base > LOAD_ID_BASE:
            yield Fault("bus", "or another table has numbers of 100000 and more", "renumber them")

    def notices(self) -> Iterator[str]:
        """What was assumed, in sentences for a report."""
        if self._assumed_lines:
            ratio = f"R0 = {ZERO_SEQUENCE:g} R1, X0 = {ZERO_SEQUENCE:g} X1 and C0 = C1"
            yield f"{self._assumed_lines} lines have no zero-sequence data: {ratio} are assumed."
        if self._assumed_groups:
            yield f"{self._assumed_groups} transformers have no vector group: Dyn with an earthed neutral is assumed."
        if self._no_taps:
            yield f"{self._no_taps} transformers have no tap data: their rated ratio is taken as it is."
        if self._assumed_sources:
            yield f"The network above has no short-circuit power: {SOURCE_VA / 1e6:g} MVA are assumed."

    def nodes(self) -> list[dict[str, Any]]:
        """Buses in service, joined ones once, under the number of the first of them."""
        found = []
        for bus, row in self.buses.items():
            if self.node[bus] == bus:
                volts = self.needed("bus", bus, row, "vn_kv") * 1000
                found.append({"id": bus, "u_rated": volts, "name": str(row.get("name"))})
                self.element[f"node {bus}"] = place_of("bus", bus, row)
        return found

    def needed(self, table: str, number_: int, row: Row, name: str, mend: str = "give the value") -> float:
        """A cell that must hold a number; NaN and a fault where it does not."""
        value, told = number(row.get(name)), text(row.get(name))
        if not math.isfinite(value):
            what = f"`{name}` is {told!r}, which is no number" if told else f"has no `{name}`"
            self.faults.append(Fault(place_of(table, number_, row), what, mend))
        return value

    def line(self, id_: int, number_: int, row: Row) -> dict[str, Any]:
        """One line; its impedances are those of its length."""
        length, parallel = self.needed("line", number_, row, "length_km"), number(row.get("parallel"), 1.0) or 1.0
        rating = self.needed(
            "line", number_, row, "max_i_ka", "give the cable's rating, without it nothing is too much"
        )
        if length <= 0:  # told once, not by each of the impedances that it makes negative
            what = f"`length_km` is {length:g}: a line is longer than 0"
            self.faults.append(Fault(place_of("line", number_, row), what, "give its length in km"))
        r1 = self.needed("line", number_, row, "r_ohm_per_km") * length / parallel
        x1 = self.needed("line", number_, row, "x_ohm_per_km") * length / parallel
        c1 = number(row.get("c_nf_per_km"), 0.0) * 1e-9 * length * parallel
        tan1 = _loss_angle(number(row.get("g_us_per_km"), 0.0) * 1e-6 * length * parallel, c1)
        r0 = number(row.get("r0_ohm_per_km")) * length / parallel
        x0 = number(row.get("x0_ohm_per_km")) * length / parallel
        c0 = number(row.get("c0_nf_per_km")) * 1e-9 * length * parallel
        tan0 = _loss_angle(number(row.get("g0_us_per_km"), 0.0) * 1e-6 * length * parallel, c0)
        if math.isnan(r0) or math.isnan(x0):
            self._assumed_lines += 1
            r0, x0, c0, tan0 = ZERO_SEQUENCE * r1, ZERO_SEQUENCE * x1, c1, tan1
        elif math.isnan(c0):
            c0, tan0 = c1, tan1
        ends = whole(row["from_bus"]), whole(row["to_bus"])
        self.element[f"line {id_}"] = place_of("line", number_, row)
        return {
            "id": id_,
            **self._between("l", number_, *ends),
            **{"r1": r1, "x1": x1, "c1": c1, "tan1": tan1},
            **{"r0": r0, "x0": x0, "c0": c0, "tan0": tan0},
            "i_n": rating * 1000 * number(row.get("df"), 1.0) * parallel,
        }

    def _between(self, kind: str, number_: int, from_bus: int, to_bus: int) -> dict[str, int]:
        """The ends of a branch, and whether its switches there are closed."""
        return {
            "from_node": self.node[from_bus],
            "to_node": self.node[to_bus],
            "from_status": int((kind, number_, from_bus) not in self.open),
            "to_status": int((kind, number_, to_bus) not in self.open),
        }

    def transformer(self, id_: int, number_: int, row: Row) -> dict[str, Any]:
        """One transformer; only its ratio is tapped."""
        place = place_of("trafo", number_, row)
        if number(row.get("parallel"), 1.0) != 1 or number(row.get("tap_step_degree"), 0.0):
            self.faults.append(Fault(place, "is doubled or shifts the phase, which is not translated"))
        sn = self.needed("trafo", number_, row, "sn_mva", "give its rated power") * 1e6
        high = self.needed("trafo", number_, row, "vn_hv_kv") * 1000
        low = self.needed("trafo", number_, row, "vn_lv_kv") * 1000
        copper = self.needed("trafo", number_, row, "vkr_percent")
        iron = number(row.get("pfe_kw"), 0.0) * 1000
        ends = whole(row["hv_bus"]), whole(row["lv_bus"])
        self.element[f"transformer {id_}"] = place
        return {
            "id": id_,
            **self._between("t", number_, *ends),
            **{"u1": high, "u2": low, "sn": sn},
            "uk": self.needed("trafo", number_, row, "vk_percent") / 100,
            "pk": copper / 100 * sn,
            # A no-load current below its own losses (by rounding, or not given) is taken as these alone.
            "i0": max(number(row.get("i0_percent"), 0.0) / 100, iron / sn if sn > 0 else 0.0),
            "p0": iron,
            **self._windings(place, row),
            **self._taps(place, row, high, low),
        }

    def _windings(self, place: str, row: Row) -> dict[str, int]:
        """Vector group and clock number; Dyn with an earthed star point where none is given."""
        told = text(row.get("vector_group"))
        group = _GROUP.fullmatch(told)
        if told and group is None:
            self.faults.append(Fault(place, f"`vector_group` is {told!r}, which is none", "write it as in Dyn5"))
        shift = number(row.get("shift_degree"))
        clock = round(shift) // 30 % 12 if math.isfinite(shift) else int(group[3] or 0) if group else 5
        if math.isfinite(shift) and round(shift) % 30:
            what = f"shifts by {row.get('shift_degree')}°, which is no clock number"
            self.faults.append(Fault(place, what, "give a multiple of 30"))
        elif group and group[3] and int(group[3]) % 12 != clock:
            self.faults.append(Fault(place, f"is {told} but shifts by {shift:g}°", "correct one of the two"))
        if group is None:
            self._assumed_groups += 1
        pair = (group[1].lower(), group[2].lower()) if group else ("d", "yn")
        odd = (pair[0] in ("d", "z", "zn")) != (pair[1] in ("d", "z", "zn"))
        if odd != bool(clock % 2):
            name = "".join(pair).capitalize()
            what = f"has the clock number {clock}, which a {name} transformer cannot have"
            self.faults.append(Fault(place, what, "give `vector_group` and `shift_degree` (Dyn5: 150)"))
        return {"winding_from": _WINDINGS[pair[0]], "winding_to": _WINDINGS[pair[1]], "clock": clock}

    def _taps(self, place: str, row: Row, high: float, low: float) -> dict[str, Any]:
        """Tap data; a position without a step is a fault, no tap data at all a fixed ratio."""
        step, position = number(row.get("tap_step_percent")), number(row.get("tap_pos"))
        neutral = number(row.get("tap_neutral"), 0.0)
        if math.isnan(step) and math.isfinite(position) and position != neutral:
            what = f"stands on tap {position:g} but has no `tap_step_percent`"
            self.faults.append(Fault(place, what, "give the step, or leave the position out"))
        if math.isnan(step):
            self._no_taps += 1
            step, position = 0.0, neutral
        if str(row.get("tap_changer_type") or "Ratio") not in ("Ratio", "nan", "<NA>") or number(
            row.get("tap2_pos"), 0.0
        ):
            self.faults.append(
                Fault(place, "has a tap changer that is not a simple ratio", "only ratios are translated")
            )
        position = number(position, neutral)
        low_side = row.get("tap_side") == "lv"
        lowest, highest = (number(row.get(name), position) for name in ("tap_min", "tap_max"))
        if not min(lowest, highest) <= position <= max(lowest, highest):
            what = f"stands on tap {position:g}, outside {lowest:g} … {highest:g}"
            self.faults.append(Fault(place, what, "correct `tap_pos`, `tap_min` or `tap_max`"))
        return {
            "tap_side": int(low_side),
            "tap_pos": int(position),
            "tap_min": int(lowest),
            "tap_max": int(highest),
            "tap_nom": int(neutral),
            "tap_size": step / 100 * (low if low_side else high),
        }

    def source(self, id_: int, number_: int, row: Row) -> dict[str, Any]:
        """The network above, as stiff as its short-circuit power says."""
        power = number(row.get("s_sc_max_mva")) * 1e6
        if math.isnan(power):
            self._assumed_sources += 1
            power = SOURCE_VA
        self.element[f"source {id_}"] = place_of("ext_grid", number_, row)
        ratio = number(row.get("rx_max"))
        return {
            "id": id_,
            "node": self.node[whole(row["bus"])],
            "status": 1,
            "u_ref": self.needed("ext_grid", number_, row, "vm_pu"),
            "sk": power,
            **({"rx_ratio": ratio} if math.isfinite(ratio) else {}),
        }


_ENDS = {"line": ("from_bus", "to_bus"), "trafo": ("hv_bus", "lv_bus"), "ext_grid": ("bus",)}
_NUMBERED = ("bus", *_ENDS)


def _loss_angle(conductance: float, capacitance: float) -> float:
    """tan δ of a line's shunt, 0 without a capacitance."""
    return conductance / (2 * math.pi * _FREQUENCY_HZ * capacitance) if capacitance else 0.0
