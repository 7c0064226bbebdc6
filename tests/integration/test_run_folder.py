"""A run from end to end: what it leaves behind, that it repeats, that it can be stopped, that lies in it are found."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sunfair.audit import Finding, audit
from sunfair.chain import read_chain
from sunfair.errors import InputError, RunFilesError
from sunfair.files import SCHEMAS, SOMETIMES
from sunfair.model import FIRST_MEMBER, Scenario
from sunfair.wiring import RunResult, run_simulation, span_of

Make = Callable[..., Scenario]

HOMES, SLOTS = 20, 24
ACCOUNTS = HOMES + FIRST_MEMBER
ROW = 13 * ACCOUNTS + 10  # account 10 in a slot with trades


def run(scenario: Scenario, folder: Path, *, days: int = 1, seed: int = 7, stop_after: int | None = None) -> RunResult:
    done = [0]

    def progress(slots: int) -> None:
        done[0] = slots

    span = span_of(scenario, "2016-06-09", days)
    return run_simulation(
        scenario,
        span,
        folder,
        seed=seed,
        progress=progress,
        stopped=lambda: stop_after is not None and done[0] >= stop_after,
    )


@pytest.fixture(scope="module")
def street(made_street: Make) -> Scenario:
    return made_street(HOMES, minutes=60)


@pytest.fixture(scope="module")
def day(street: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(street, tmp_path_factory.mktemp("runs") / "day").folder


def table(folder: Path, name: str) -> pa.Table:
    return pq.read_table(folder / f"{name}.parquet")


def digests(folder: Path) -> dict[str, str]:
    """Content of every file but the two that hold how long it took."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("summary.json", "report.html")
    }


def test_every_promised_file_is_there_and_nothing_is_partial(day: Path) -> None:
    tables = {f"{name}.parquet" for name in SCHEMAS if name not in SOMETIMES}
    beside = {"community.toml", "summary.json", "report.html", "chain", "neighbours.parquet"}
    assert tables | beside == {p.name for p in day.iterdir()}
    assert not day.with_name("day.partial").exists()
    for name in tables:
        assert table(day, name.removesuffix(".parquet")).schema.equals(SCHEMAS[name.removesuffix(".parquet")])


def test_money_and_energy_are_conserved_in_every_slot(day: Path) -> None:
    rows, slots = table(day, "rows"), table(day, "slots")
    paid, metered = (rows[name].to_numpy().reshape(SLOTS, -1) for name in ("paid", "metered_wh"))
    assert not paid.sum(axis=1).any()
    net = slots["import_wh"].to_numpy() - slots["export_wh"].to_numpy()
    assert np.array_equal(net, metered.sum(axis=1) + slots["losses_wh"].to_numpy())
    assert slots["volume_ahead_wh"].to_numpy().sum() > 0
    assert slots["volume_pool_wh"].to_numpy().sum() > 0


def test_the_audit_finds_nothing_in_an_honest_run(day: Path) -> None:
    assert audit(day) == []


def test_balances_on_chain_are_the_files_last_balances(day: Path) -> None:
    rows, record = table(day, "rows"), read_chain(day / "chain")
    last = rows["balance_after"].to_numpy().reshape(SLOTS, -1)[-1]
    assert list(record.balances) == last.tolist()
    assert [settled.applied for settled in record.settlements] == [True]


def test_the_same_seed_gives_the_same_files_and_another_seed_other_roots(
    street: Scenario, day: Path, tmp_path: Path
) -> None:
    assert digests(run(street, tmp_path / "again").folder) == digests(day)
    other = digests(run(street, tmp_path / "other", seed=8).folder)
    assert other["slots.parquet"] != digests(day)["slots.parquet"]


def test_several_days_settle_one_after_another(made_street: Make, tmp_path: Path) -> None:
    folder = run(made_street(21, minutes=30), tmp_path / "three", days=3).folder
    record = read_chain(folder / "chain")
    assert [(s.period, s.applied) for s in record.settlements] == [(0, True), (1, True), (2, True)]
    assert sorted(set(table(folder, "bills")["period"].to_pylist())) == ["2016-06-09", "2016-06-10", "2016-06-11"]
    assert audit(folder) == []


def test_a_small_community_trades_in_the_pool_at_the_mid_market_rate(made_street: Make, tmp_path: Path) -> None:
    folder = run(made_street(6), tmp_path / "six").folder
    slots, offers = table(folder, "slots"), table(folder, "offers")
    assert set(offers["session"].to_pylist()) == {"pool"}
    assert set(slots["price_ahead"].to_pylist()) == {None}
    assert set(slots["price_pool"].to_pylist()) - {None} == {200_000}
    assert audit(folder) == []


@pytest.mark.parametrize("minutes", [5, 30, 60])
def test_other_slot_lengths(made_street: Make, tmp_path: Path, minutes: int) -> None:
    folder = run(made_street(20, minutes=minutes), tmp_path / "run").folder
    assert table(folder, "slots").num_rows == 1440 // minutes
    assert audit(folder) == []


@pytest.mark.parametrize(("first", "slots"), [("2016-03-27", 92), ("2016-10-30", 100)])
def test_days_of_92_and_100_quarter_hours(made_street: Make, tmp_path: Path, first: str, slots: int) -> None:
    from datetime import date, timedelta

    civil = date.fromisoformat(first)
    scenario = made_street(20, first=civil - timedelta(days=4), days=7)
    result = run_simulation(
        scenario,
        span_of(scenario, first, 1),
        tmp_path / "run",
        seed=1,
        progress=lambda done: None,
        stopped=lambda: False,
    )
    assert table(result.folder, "slots").num_rows == slots
    assert set(table(result.folder, "bills")["period"].to_pylist()) == {first}
    assert audit(result.folder) == []


def test_a_stopped_run_leaves_a_readable_partial_folder(street: Scenario, tmp_path: Path) -> None:
    result = run(street, tmp_path / "cut", days=2, stop_after=30)
    assert not result.whole
    assert result.folder == tmp_path / "cut.partial"
    assert not (tmp_path / "cut").exists()
    slots = table(result.folder, "slots").num_rows
    assert slots >= 30
    assert table(result.folder, "rows").num_rows == slots * ACCOUNTS
    assert json.loads((result.folder / "summary.json").read_text())["partial"] is True
    assert (result.folder / "report.html").stat().st_size > 10_000
    assert audit(result.folder), "slots that were never anchored must not pass"


def test_a_folder_that_is_not_empty_is_left_alone(street: Scenario, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        run(street, tmp_path / "full")
    assert [p.name for p in tmp_path.iterdir()] == ["full"]
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


def changed(day: Path, folder: Path, name: str, edit: Callable[[pa.Table], pa.Table]) -> list[Finding]:
    """What the audit says of the run with one table edited."""
    shutil.copytree(day, folder)
    edited = edit(table(day, name))
    pq.write_table(edited, folder / f"{name}.parquet")
    return audit(folder)


def bump(column: str, row: int) -> Callable[[pa.Table], pa.Table]:
    """Add one to a number, flip a bit of a hash, move a time by a second."""

    def edit(before: pa.Table) -> pa.Table:
        values = before[column].to_pylist()
        value = values[row]
        if isinstance(value, bytes):
            values[row] = bytes([value[0] ^ 1]) + value[1:]
        elif isinstance(value, str):
            values[row] = value + "x"
        elif value is None:
            values[row] = 100_000
        elif isinstance(value, int | float):
            values[row] = value + 1
        else:
            from datetime import timedelta

            values[row] = value + timedelta(seconds=1)
        at = before.schema.get_field_index(column)
        return before.set_column(at, before.schema.field(column), pa.array(values, before.schema.field(column).type))

    return edit


MEMBER_COLUMNS = [
    "traded_ahead_wh",
    "traded_pool_wh",
    "metered_wh",
    "paid",
    "balance_after",
    "offer_hash",
    "salt",
    "leaf",
    "pool_buy",
    "pool_sell",
    "signature",
]


@pytest.mark.parametrize("column", MEMBER_COLUMNS)
def test_one_number_in_rows_is_found_and_the_account_is_named(day: Path, tmp_path: Path, column: str) -> None:
    last = changed(day, tmp_path / "lie", "rows", bump(column, ROW))[-1]
    assert (last.slot, last.account) == (table(day, "rows")["slot"][ROW].as_py(), 10), str(last)


@pytest.mark.parametrize("column", ["energy_wh", "limit", "filled_wh", "nonce"])
@pytest.mark.parametrize("session", ["ahead", "pool"])
def test_one_number_in_offers_is_found_and_the_account_is_named(
    day: Path, tmp_path: Path, column: str, session: str
) -> None:
    offers = table(day, "offers")
    row = [at for at, name in enumerate(offers["session"].to_pylist()) if name == session][33]
    last = changed(day, tmp_path / "lie", "offers", bump(column, row))[-1]
    assert (last.slot, last.account) == (offers["slot"][row].as_py(), offers["account"][row].as_py()), str(last)


@pytest.mark.parametrize("column", [f.name for f in SCHEMAS["slots"] if f.name != "slot"])
def test_one_number_in_slots_is_found_and_the_slot_is_named(day: Path, tmp_path: Path, column: str) -> None:
    slots = table(day, "slots")
    last = changed(day, tmp_path / "lie", "slots", bump(column, 13))[-1]
    assert last.slot == slots["slot"][13].as_py(), str(last)


@pytest.mark.parametrize(
    "name", ["rows", "offers", "slots", "plans", "readings", "receipts", "public", "bills", "transfers"]
)
def test_a_dropped_and_a_doubled_row_are_found(day: Path, tmp_path: Path, name: str) -> None:
    before = table(day, name)
    row = before.num_rows // 2
    ends = before.slice(0, row), before.slice(row + 1)
    assert changed(day, tmp_path / "dropped", name, lambda _: pa.concat_tables(ends))
    twice = [before.slice(0, row + 1), before.slice(row)]
    assert changed(day, tmp_path / "doubled", name, lambda _: pa.concat_tables(twice))


def test_a_column_of_another_type_is_a_finding_and_no_crash(day: Path, tmp_path: Path) -> None:
    def floats(before: pa.Table) -> pa.Table:
        at = before.schema.get_field_index("paid")
        return before.set_column(at, "paid", before["paid"].cast(pa.float64()))

    assert "paid is double" in changed(day, tmp_path / "lie", "rows", floats)[-1].what


def test_money_moved_from_one_home_to_another_is_found(day: Path, tmp_path: Path) -> None:
    def steal(before: pa.Table) -> pa.Table:
        paid = before["paid"].to_pylist()
        paid[ROW] -= 5_000
        paid[ROW + 1] += 5_000
        return before.set_column(before.schema.get_field_index("paid"), before.schema.field("paid"), pa.array(paid))

    assert {f.account for f in changed(day, tmp_path / "lie", "rows", steal) if f.what.startswith("paid")} == {10, 11}


@pytest.mark.parametrize("column", ["offer_hash", "salt", "leaf", "pool_buy", "pool_sell", "signature"])
def test_an_institution_with_an_offer_is_found(day: Path, tmp_path: Path, column: str) -> None:
    def fill(before: pa.Table) -> pa.Table:
        values = before[column].to_pylist()
        values[13 * ACCOUNTS + 1] = values[ROW]
        at = before.schema.get_field_index(column)
        return before.set_column(at, before.schema.field(column), pa.array(values, before.schema.field(column).type))

    last = changed(day, tmp_path / "lie", "rows", fill)[-1]
    assert (last.slot, last.account) == (table(day, "rows")["slot"][ROW].as_py(), 1)


@pytest.mark.parametrize(
    ("name", "column"),
    [("rows", "slot"), ("rows", "account"), ("slots", "slot"), ("offers", "slot"), ("offers", "account")],
)
def test_a_key_that_cannot_be_does_not_stand_in_the_last_line(
    day: Path, tmp_path: Path, name: str, column: str
) -> None:
    def negate(before: pa.Table) -> pa.Table:
        values = before[column].to_pylist()
        values[ROW if name == "rows" else 13] *= -1
        at = before.schema.get_field_index(column)
        return before.set_column(at, before.schema.field(column), pa.array(values, before.schema.field(column).type))

    last = changed(day, tmp_path / "lie", name, negate)[-1]
    assert last.slot > 0 and last.account >= 0, str(last)


def test_a_deposit_in_another_slot_and_an_unknown_kind_are_found(day: Path, tmp_path: Path) -> None:
    assert changed(day, tmp_path / "slot", "transfers", bump("slot", 5))[-1].account == 7
    assert changed(day, tmp_path / "kind", "transfers", bump("kind", 5))


def test_a_settlement_that_was_never_applied_is_found(day: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from sunfair.audit import check
    from sunfair.audit.run import Run

    opened = check.open_run(day)
    assert isinstance(opened, Run)
    waiting = replace(opened.chain.settlements[0], applied=False)
    run_waiting = replace(opened, chain=replace(opened.chain, settlements=(waiting,)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "open_run", lambda folder: run_waiting)
        assert any("never applied" in finding.what for finding in audit(day))


def test_a_chain_log_whose_amounts_were_edited_does_not_replay(day: Path, tmp_path: Path) -> None:
    shutil.copytree(day, tmp_path / "lie")
    log = tmp_path / "lie" / "chain" / "log.jsonl"
    lines = log.read_text().splitlines()
    block = json.loads(lines[-2])
    raw = next(key for key, value in block.items() if isinstance(value, str) and len(value) > 400)
    middle = len(block[raw]) // 2
    block[raw] = block[raw][:middle] + ("1" if block[raw][middle] == "0" else "0") + block[raw][middle + 1 :]
    lines[-2] = json.dumps(block)
    log.write_text("\n".join(lines) + "\n")
    assert audit(tmp_path / "lie")[-1].account == 0


@pytest.mark.parametrize("name", ["rows.parquet", "community.toml", "summary.json", "chain/log.jsonl"])
def test_an_absent_file_is_an_input_error(day: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(day, tmp_path / "lie")
    (tmp_path / "lie" / name).unlink()
    with pytest.raises(RunFilesError, match=r"absent|No such|cannot be read"):
        audit(tmp_path / "lie")


def test_a_file_that_is_no_parquet_is_an_input_error(day: Path, tmp_path: Path) -> None:
    shutil.copytree(day, tmp_path / "lie")
    (tmp_path / "lie" / "offers.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(RunFilesError, match=r"offers\.parquet"):
        audit(tmp_path / "lie")


def without_money(street: Scenario, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Path]:
    """A run in which one home paid in 1 µ: its account, without roof or battery, so that it only buys."""
    from sunfair.simulate import runner

    whole, poor = runner.opening_deposits, FIRST_MEMBER
    monkeypatch.setattr(runner, "opening_deposits", lambda *given, **named: {**whole(*given, **named), poor: 1})
    return poor, run(street, folder).folder


def test_a_home_without_money_buys_from_the_utility_alone(
    street: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot cover an offer, so it makes none; what it uses it owes the utility, and nobody else."""
    poor, folder = without_money(street, tmp_path / "poor", monkeypatch)
    transfers, rows = table(folder, "transfers").to_pylist(), table(folder, "rows").to_pylist()
    owed = {line["kind"]: line["amount"] for line in transfers if line["account"] == poor}
    own = [row for row in rows if row["account"] == poor]
    assert not any(row["traded_ahead_wh"] or row["traded_pool_wh"] for row in own)
    assert set(owed) == {"deposit", "arrears"}
    assert owed["deposit"] + owed["arrears"] == -sum(row["paid"] for row in own)
    assert audit(folder) == []


def test_a_home_admitted_without_cover_leaves_neighbours_paid_by_the_guarantor(
    street: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sunfair.simulate import runner

    monkeypatch.setattr(runner.Purses, "lacking", lambda self, members, curves, slots: np.zeros(len(members), np.int64))
    poor, folder = without_money(street, tmp_path / "poor", monkeypatch)
    transfers, rows, record = table(folder, "transfers"), table(folder, "rows"), read_chain(folder / "chain")
    owed = {
        kind: amount
        for account, kind, amount in zip(
            *(transfers[name].to_pylist() for name in ("account", "kind", "amount")), strict=True
        )
        if account == poor
    }
    paid = rows["paid"].to_numpy().reshape(SLOTS, -1).sum(axis=0)
    assert owed["deposit"] == 1
    assert owed["arrears"] > 0
    assert owed["cover"] > 0
    assert owed["deposit"] + owed["arrears"] + owed["cover"] == -paid[poor]
    assert record.balances[poor] == 0
    assert record.settlements[0].cover == owed["cover"] == -record.settlements[0].amounts[-1]
    assert record.settlements[0].amounts[0] == paid[0] - owed["arrears"]
    sellers = [account for account in range(FIRST_MEMBER, ACCOUNTS) if paid[account] > 0]
    assert sellers
    assert all(record.settlements[0].amounts[account] == paid[account] for account in sellers)
    assert audit(folder) == []
