"""`watch DIR`: the public part of a run's folder, held against the chain in it without anybody's help."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sunfair.audit.public import PublicAudit
from sunfair.audit.public_files import watch_folder
from sunfair.audit.reader import look_as
from sunfair.cli.reading import run_look
from sunfair.cli.watching import run_watch_folder
from sunfair.errors import RunFilesError
from sunfair.model import Scenario
from sunfair.wiring import run_simulation, span_of
from sunfair.wiring.remote import Embedded


@pytest.fixture(scope="module")
def runs(made_street: Callable[..., Scenario], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An honest day, one with a lie that was refuted, and one whose operator published on its chain."""
    scenario, place = made_street(20, minutes=60), tmp_path_factory.mktemp("runs")
    span = span_of(scenario, "2016-06-09", 1)
    quiet: dict[str, Any] = {"seed": 3, "progress": lambda done: None, "stopped": lambda: False}
    publishing = Embedded()
    publishing.publishes = True
    run_simulation(scenario, span, place / "honest", **quiet)
    run_simulation(scenario, span, place / "lied", **quiet, cheat="fill")
    run_simulation(scenario, span, place / "published", **quiet, place=publishing)
    return {name: place / name for name in ("honest", "lied", "published")}


@pytest.fixture
def copy(runs: dict[str, Path], tmp_path: Path) -> Path:
    shutil.copytree(runs["honest"], tmp_path / "run")
    return tmp_path / "run"


def change(folder: Path, name: str, column: str, rows: list[int], value: Callable[[Any], Any]) -> Any:
    """Falsify cells of a table; the first cell's slot."""
    table = pq.read_table(folder / f"{name}.parquet")
    cells = table[column].to_pylist()
    for row in rows:
        cells[row] = value(cells[row])
    at = table.schema.get_field_index(column)
    field = table.schema.field(column)
    pq.write_table(table.set_column(at, field, pa.array(cells, field.type)), folder / f"{name}.parquet")
    return table["slot"][rows[0]].as_py()


def checked(told: PublicAudit) -> tuple[int, int, int]:
    return told.slots, told.void, told.shares


def test_honest_and_mended_runs_hold(runs: dict[str, Path]) -> None:
    honest, lied, published = (watch_folder(runs[name]) for name in ("honest", "lied", "published"))
    assert honest.holds and lied.holds and published.holds
    assert checked(honest) == checked(published) == (24, 0, 1)
    assert checked(lied) == (23, 1, 1)
    assert len(lied.convictions) == 1


def test_with_the_public_part_on_chain_the_files_are_not_needed(runs: dict[str, Path], tmp_path: Path) -> None:
    """The same lie in the files of both: one of them has the truth beside it."""
    for name in ("honest", "published"):
        shutil.copytree(runs[name], tmp_path / name)
        change(tmp_path / name, "offers", "filled_wh", [100], lambda wh: wh + 1)
    assert not watch_folder(tmp_path / "honest").holds
    assert watch_folder(tmp_path / "published").holds


def test_a_false_fill_is_named_with_its_leaf(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    offers = pq.read_table(copy / "offers.parquet")
    filled = [at for at, row in enumerate(offers.to_pylist()) if row["session"] == "ahead" and row["filled_wh"] > 50]
    row = offers.to_pylist()[filled[len(filled) // 2]]
    rows = pq.read_table(copy / "rows.parquet").to_pylist()
    leaf = next(r["leaf"] for r in rows if (r["slot"], r["account"]) == (row["slot"], row["account"]))
    slot = change(copy, "offers", "filled_wh", [filled[len(filled) // 2]], lambda wh: wh - 9)
    assert run_watch_folder(copy, as_json=False) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"slot {slot} leaf {leaf}: ")
    assert run_watch_folder(copy, as_json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["holds"] is False
    assert {one["slot"] for one in told["false"]} == {slot, rows[0]["slot"]}


@pytest.mark.parametrize(
    ("table", "column", "row"),
    [
        ("slots", "price_ahead", 12),
        ("slots", "retail", 5),
        ("slots", "result_root", 7),
        ("slots", "book_root", 7),
        ("public", "book_leaf", 33),
        ("offers", "limit", 40),
    ],
)
def test_whatever_is_false_in_public_is_found(copy: Path, table: str, column: str, row: int) -> None:
    def other(value: Any) -> Any:
        return bytes(32) if isinstance(value, bytes) else value + 10_000

    slot = change(copy, table, column, [row], other)
    told = watch_folder(copy)
    assert slot in {one.slot for one in told.false}


def test_what_is_private_is_not_its_business(copy: Path) -> None:
    """Who looks at the public part alone does not see a false private row: that is each home's to find."""
    change(copy, "rows", "paid", [60], lambda paid: paid + 1)
    assert watch_folder(copy).holds


def test_a_falsified_chain_is_false_and_a_missing_one_no_run(copy: Path) -> None:
    log = copy / "chain" / "log.jsonl"
    lines = log.read_text().splitlines()
    log.write_text("\n".join([*lines[:40], *lines[41:]]) + "\n")
    told = watch_folder(copy)
    assert not told.holds
    assert "log.jsonl" in told.false[-1].what
    log.unlink()
    with pytest.raises(RunFilesError, match=r"log\.jsonl"):
        watch_folder(copy)


def test_a_reader_sees_what_is_false_of_its_home_alone_and_the_utilitys_of_all(copy: Path) -> None:
    """A euro too much in one row of account 5: no neighbour's reader is told, and nobody who has no rows."""
    assert [look_as(copy, who).rows for who in ("home2", "5", "utility")] == [24, 24, 20 * 24]
    assert not look_as(copy, "home2").false
    slot = change(copy, "rows", "paid", [23 * 7 + 5], lambda paid: paid + 1_000_000)
    for who in ("home2", "5", "utility"):
        assert (look_as(copy, who).false[-1].slot, look_as(copy, who).false[-1].account) == (slot, 5)
    assert not look_as(copy, "home3").false
    with pytest.raises(
        RunFilesError, match=r"nobody in this run is called 23.*\n.*home0 to home19, 3 to 22, or utility"
    ):
        look_as(copy, "23")


def test_the_reader_s_exit_code_and_words(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_look(copy, "home2", as_json=False) == 0
    assert "home2: 24 rows of 1 account(s)" in capsys.readouterr().out
    change(copy, "rows", "paid", [23 * 7 + 5], lambda paid: paid + 1)
    assert run_look(copy, "home2", as_json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["accounts"], told["holds"], told["false"][-1]["account"]) == ([5], False, 5)
