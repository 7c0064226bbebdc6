"""What may be wrong with a network whose JSON could be read: all of it at once.

power-grid-model's own validation comes first (required values, ranges, references, unique ids); the rules that
follow are those of an energy community: every branch rated, every node supplied, loads that are members.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from power_grid_model import CalculationType, LoadGenType, PowerGridModel, WindingType
from power_grid_model.validation import validate_input_data
from power_grid_model.validation.errors import MissingValueError, NotUniqueError, ValidationError

from sunfair.errors import Fault
from sunfair.grid.reading import Table
from sunfair.grid.topology import unsupplied
from sunfair.model import FIRST_MEMBER

__all__ = ["LOAD_ID_BASE", "check_members", "check_tables"]

LOAD_ID_BASE = 1_000_000
"""The `asym_load` of the member with account `a` has id ``LOAD_ID_BASE + a``."""

Tables = dict[str, Table]

_MENDS = {
    "InvalidIdError": "add the node or correct the reference",
    "MissingValueError": "give the value",
    "MultiComponentNotUniqueError": "give every component its own id",
    "NotUniqueError": "give every component its own id",
    "TwoValuesZeroError": "give its impedance, or merge its two nodes",
}

_COUNT = re.compile(r" for \d+ [^.]*\.?$")
"""The tail of a validation message that counts the components; each gets a fault of its own instead."""

_TURNS_RATIO = 1.25
"""How far a transformer's winding voltage may lie from its node's: a swapped pair is further off."""

_NO_NEUTRAL = (WindingType.wye, WindingType.delta, WindingType.zigzag)


def check_tables(tables: Tables) -> list[Fault]:
    """Every fault of the tables, each with the component and id it stands at."""
    faults = [fault for rule in _RULES for fault in rule(tables)]
    if not faults:
        faults = list(_solvable(tables))
    return list(dict.fromkeys(faults))


def check_members(tables: Tables, accounts: Sequence[int]) -> list[Fault]:
    """Members of a community without a load in the network, and loads without a member."""
    there = {int(load_id) - LOAD_ID_BASE for load_id in tables["asym_load"]["id"]}
    absent = [
        Fault(f"account {account}", "has no asym_load in the network", f"add one with id {LOAD_ID_BASE + account}")
        for account in sorted(set(accounts) - there)
    ]
    strange = [
        Fault(f"asym_load {LOAD_ID_BASE + account}", f"is account {account}, but no member has it", "remove it")
        for account in sorted(there - set(accounts))
    ]
    return absent + strange


def _presence(tables: Tables) -> Iterator[Fault]:
    for component in ("node", "source", "asym_load"):
        if not len(tables[component]):
            yield Fault(component, "is missing: a network needs at least one")
    if not len(tables["line"]) + len(tables["transformer"]):
        yield Fault("line, transformer", "are both missing: a network needs at least one branch")


def _values(tables: Tables) -> Iterator[Fault]:
    """power-grid-model's own validation, one fault per component."""
    with np.errstate(all="ignore"):  # it divides by ratings before it has found them to be zero
        found = validate_input_data(dict(tables), CalculationType.power_flow, symmetric=False) or []
    for error in found:
        yield from _translate(error, tables)


def _translate(error: ValidationError, tables: Tables) -> Iterator[Fault]:
    what = _COUNT.sub("", str(error))
    mend = _MENDS.get(type(error).__name__, "")
    for item in error.ids or []:
        component, item_id = item if isinstance(item, tuple) else (error.component, item)
        name = str(getattr(component, "value", component))
        if not _empty(error, tables[name], int(item_id)):
            yield Fault(f"{name} {item_id}", what + _shown(error, tables[name], int(item_id)), mend)


def _empty(error: ValidationError, table: Table, item_id: int) -> bool:
    """Whether the error is about the range of an integer that is not there: the least number stands for it, and what
    is needed and missing has an error of its own.
    """
    if not isinstance(error.field, str) or isinstance(error, MissingValueError | NotUniqueError):
        return False
    value = table[error.field][table["id"] == item_id][0]
    return isinstance(value, np.signedinteger) and value == np.iinfo(value.dtype).min


def _shown(error: ValidationError, table: Table, item_id: int) -> str:
    """The value that is wrong, in brackets, where the error is about one value that is there."""
    if not isinstance(error.field, str) or isinstance(error, MissingValueError | NotUniqueError):
        return ""
    return f" ({table[error.field][table['id'] == item_id][0]})"


def _ratings(tables: Tables) -> Iterator[Fault]:
    for line in tables["line"][np.isnan(tables["line"]["i_n"])]:
        yield Fault(f"line {line['id']}", "has no rated current `i_n`", "give the cable's rating in A")


def _signs(tables: Tables) -> Iterator[Fault]:
    for name in ("r1", "x1", "r0", "x0"):
        for line in tables["line"][tables["line"][name] < 0]:
            yield Fault(f"line {line['id']}", f"`{name}` is negative ({line[name]} ohm)", "give it in ohm, not below 0")


def _voltages(tables: Tables) -> Iterator[Fault]:
    """Branches between nodes whose rated voltages cannot be right."""
    rated = dict(zip(tables["node"]["id"].tolist(), tables["node"]["u_rated"].tolist(), strict=True))
    for line in tables["line"]:
        u, v = rated.get(int(line["from_node"])), rated.get(int(line["to_node"]))
        if u is not None and v is not None and u != v:
            yield Fault(f"line {line['id']}", f"joins nodes of {u:g} V and {v:g} V", "use a transformer")
    for transformer in tables["transformer"]:
        for winding, end in (("u1", "from_node"), ("u2", "to_node")):
            u, v = rated.get(int(transformer[end])), float(transformer[winding])
            if u is not None and u > 0 and v > 0 and not 1 / _TURNS_RATIO <= v / u <= _TURNS_RATIO:
                what = f"`{winding}` is {v:g} V at a node of {u:g} V"
                yield Fault(f"transformer {transformer['id']}", what, "exchange its ends, or correct the voltage")


def _neutrals(tables: Tables) -> Iterator[Fault]:
    """Transformers that feed a voltage at which members hang, without a neutral for their single phases."""
    rated = dict(zip(tables["node"]["id"].tolist(), tables["node"]["u_rated"].tolist(), strict=True))
    homes = {rated[int(node)] for node in tables["asym_load"]["node"] if int(node) in rated}
    for unit in tables["transformer"]:
        side, end = ("to", "winding_to") if unit["u2"] <= unit["u1"] else ("from", "winding_from")
        if rated.get(int(unit[f"{side}_node"])) in homes and unit[end] in _NO_NEUTRAL:
            what = f"has no neutral on its low-voltage side (`{end}` {unit[end]})"
            yield Fault(f"transformer {unit['id']}", what, "single-phase members need one: 1 (star) or 4 (zigzag)")


def _loads(tables: Tables) -> Iterator[Fault]:
    for load in tables["asym_load"]:
        place = f"asym_load {load['id']}"
        if load["id"] < LOAD_ID_BASE + FIRST_MEMBER:
            what = f"has no member's id: that is {LOAD_ID_BASE} + account, and accounts start at {FIRST_MEMBER}"
            yield Fault(place, what, "renumber it, or make it a member")
        if load["type"] != LoadGenType.const_power:
            yield Fault(place, f"is of type {load['type']}", "metered power is constant power: type 0")
        if load["status"] == 0:
            yield Fault(place, "is switched off (status 0), so what is metered there would not flow", "set status 1")


def _supply(tables: Tables) -> Iterator[Fault]:
    """Nodes that no source feeds."""
    if len(tables["source"]) and not np.any(tables["source"]["status"] == 1):
        yield Fault("source", "is switched off everywhere", "set `status` 1")
        return
    for node_id in unsupplied(tables):
        what = "is an island: no closed branch leads to it from a source"
        yield Fault(f"node {node_id}", what, "close or add a branch, or remove the node")


def _solvable(tables: Tables) -> Iterator[Fault]:
    """Whether a watt on one phase at each member has a way back: without a neutral the equations are singular."""
    probe = {name: table.copy() for name, table in tables.items()}
    probe["asym_load"]["p_specified"], probe["asym_load"]["q_specified"] = (1.0, 0.0, 0.0), 0.0
    try:
        PowerGridModel(probe).calculate_power_flow(symmetric=False)
    except RuntimeError as error:  # the root of all the solver's errors
        reason = str(error).strip().splitlines()[0].partition("!")[0]
        what = f"has no power flow even with 1 W on one phase at each member: {reason}"
        yield Fault("network", what, "check windings and taps: single-phase members need a neutral")


_RULES: Iterable[Callable[[Tables], Iterator[Fault]]] = (
    _presence,
    _values,
    _ratings,
    _signs,
    _voltages,
    _neutrals,
    _loads,
    _supply,
)
