"""Days on which meters fall silent, readings come late and a slot becomes void: the books close all the same.

Two programs that share no line find them right, and find whatever is changed in them.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sunfair.audit import audit
from sunfair.model import FIRST_MEMBER, Scenario
from sunfair.ports import Readings
from sunfair.simulate.lies import LIES, Liar
from sunfair.wiring import run_simulation, simulation, span_of

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "independent"))

import check_run

HOMES = 24
SILENT = {2: [0, 5], 3: [0], 4: [0], 9: list(range(HOMES)), 23: [7], 24: [7]}
"""Whose reading is missing in which hour of the run, counted from 0: a gap over midnight, and one hour of them all."""
LATE = {12: [3, 4], 13: [3]}


def received(readings: Readings, first: int) -> Readings:
    """What reaches the operator of what the meters sent."""
    valid, late = readings.valid.copy(), readings.late.copy()
    valid[SILENT.get(readings.slot - first, [])] = False
    late[LATE.get(readings.slot - first, [])] = True
    return replace(readings, valid=valid, late=late)


def run(scenario: Scenario, folder: Path, **trouble: object) -> Path:
    """Two days of hours, in which the meters do as above."""
    span = span_of(scenario, "2016-06-09", 2)
    honest, trouble = simulation.Simulation, {"received": partial(received, first=span.first_slot), **trouble}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "Simulation", lambda *given, **named: honest(*given, **named | trouble))
        run_simulation(scenario, span, folder, seed=3, progress=lambda done: None, stopped=lambda: False)
    return folder


@pytest.fixture(scope="module")
def days(made_street: Callable[..., Scenario], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two honest days."""
    return run(made_street(HOMES, minutes=60), tmp_path_factory.mktemp("silent") / "days")


@pytest.fixture(scope="module")
def voided(made_street: Callable[..., Scenario], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days, in one slot of which the operator lied about the fills: a court voided it."""
    folder = tmp_path_factory.mktemp("voided") / "days"
    return run(made_street(HOMES, minutes=60), folder, operator=Liar(LIES["fill"]))


def rows_of(folder: Path, name: str) -> np.ndarray:
    return pq.read_table(folder / "rows.parquet")[name].to_numpy().reshape(-1, HOMES + FIRST_MEMBER)


def test_both_programs_find_the_days_right(days: Path) -> None:
    assert audit(days) == []
    assert check_run.check(days) == []


def test_the_readings_are_those_that_came(days: Path) -> None:
    readings = pq.read_table(days / "readings.parquet").to_pylist()
    missing = sum(map(len, SILENT.values()))
    assert len(readings) == 48 * HOMES - missing
    assert sum(reading["late"] for reading in readings) == sum(map(len, LATE.values()))


def test_what_was_not_read_is_metered_later_and_money_is_exact(days: Path) -> None:
    metered, paid = rows_of(days, "metered_wh"), rows_of(days, "paid")
    for hour, homes in SILENT.items():
        assert not metered[hour, np.array(homes) + FIRST_MEMBER].any()
    assert (paid.sum(axis=1) == 0).all()
    plans = pq.read_table(days / "plans.parquet")
    net = sum(plans[name].to_numpy() for name in ("load_wh", "curtail_wh", "battery_wh", "ev_wh"))
    net = (net - plans["pv_wh"].to_numpy()).reshape(-1, HOMES)
    assert (net.sum(axis=0) == metered[:, FIRST_MEMBER:].sum(axis=0)).all()


BACK = {3: [5], 5: [0], 10: list(range(HOMES)), 25: [7]}
"""Who is read again, and in which hour."""


def test_bills_have_the_gaps_on_lines_of_their_own(days: Path) -> None:
    """What was metered in the hours of the first readings after the gaps stands there, home by home."""
    lines, metered = ("taken while no reading came", "given while no reading came"), rows_of(days, "metered_wh")
    billed = np.zeros(HOMES, np.int64)
    for bill in pq.read_table(days / "bills.parquet").to_pylist():
        if bill["line"] in lines:
            assert (bill["energy_wh"] > 0) == (bill["line"] == lines[0])
            assert (bill["amount"] < 0) == (bill["line"] == lines[0]), "taken is paid for, given is paid"
            billed[bill["account"] - FIRST_MEMBER] += bill["energy_wh"]
    due = np.zeros(HOMES, np.int64)
    for hour, homes in BACK.items():
        due[homes] += metered[hour, np.array(homes) + FIRST_MEMBER]
    assert billed.tolist() == due.tolist()
    assert billed.any()


def copied(folder: Path, to: Path) -> Path:
    """The run again, as links: a file is unlinked before another takes its place."""
    to.mkdir()
    for path in folder.iterdir():
        (to / path.name).symlink_to(path)
    return to


@pytest.mark.parametrize("kind", ["another came", "one is gone", "late after all", "in time after all"])
def test_a_changed_list_of_readings_is_found_by_both(days: Path, tmp_path: Path, kind: str) -> None:
    """Files that make a meter speak, or fall silent, where it did not."""
    copy = copied(days, tmp_path / "copy")
    table = pq.read_table(days / "readings.parquet")
    lines = table.to_pylist()
    at = next(i for i, line in enumerate(lines) if line["late"] == (kind == "in time after all"))
    if kind == "another came":
        lines.insert(at, {**lines[at], "account": lines[at]["account"] - 1})
    elif kind == "one is gone":
        del lines[at + 30]
    else:
        lines[at]["late"] = not lines[at]["late"]
    (copy / "readings.parquet").unlink()
    pq.write_table(pa.Table.from_pylist(lines, schema=table.schema), copy / "readings.parquet")
    assert audit(copy)
    assert check_run.check(copy)


def test_both_programs_find_the_days_with_a_void_slot_right(voided: Path) -> None:
    assert audit(voided) == []
    assert check_run.check(voided) == []
    (void,) = pq.read_table(voided / "void.parquet").to_pylist()
    assert len(void["header"]) == 324
    at = pq.read_table(voided / "slots.parquet")["slot"].to_pylist().index(void["slot"])
    assert not rows_of(voided, "traded_ahead_wh")[at].any()
    assert rows_of(voided, "metered_wh")[at].any()
    assert (rows_of(voided, "paid").sum(axis=1) == 0).all()


@pytest.mark.parametrize("kind", ["not void", "another too", "another header", "no header", "paid", "salt", "root"])
def test_a_void_slot_told_otherwise_is_found_by_both(voided: Path, tmp_path: Path, kind: str) -> None:
    copy = copied(voided, tmp_path / "copy")
    (void,) = pq.read_table(voided / "void.parquet").to_pylist()
    header = bytearray(void["header"])
    header[-1] ^= 1
    lines = {
        "not void": [],
        "another too": [void, {"slot": void["slot"] + 1, "header": None}],
        "another header": [{**void, "header": bytes(header)}],
        "no header": [{**void, "header": None}],
    }
    name = {"paid": "rows", "salt": "rows", "root": "slots"}.get(kind, "void")
    table = pq.read_table(voided / f"{name}.parquet")
    changed = lines.get(kind) or (table.to_pylist() if kind not in lines else [])
    at = next((i for i, line in enumerate(changed) if line["slot"] == void["slot"] and line.get("account", 9) == 9), 0)
    if kind == "paid":
        changed[at]["paid"] += 1
    elif kind == "salt":
        changed[at]["salt"] = bytes(32)
    elif kind == "root":
        changed[at]["book_root"] = bytes([1] * 32)
    (copy / f"{name}.parquet").unlink()
    pq.write_table(pa.Table.from_pylist(changed, schema=table.schema), copy / f"{name}.parquet")
    assert audit(copy)
    assert check_run.check(copy)
