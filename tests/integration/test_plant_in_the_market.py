"""A street whose plant is a member: what its rows earn reaches contract and holders; a false number is found."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sunfair.chain import read_chain
from sunfair.files import load_community
from sunfair.model import Member, Plant, Scenario, Series
from sunfair.wiring import run_simulation, span_of

from .conftest import sunfair

HOMES, PLANT, DAYS = 6, 9, 2
SHARES = 1_000, 1_000, 1_000, 2_000, 2_000, 3_000


@pytest.fixture(scope="module")
def run(made_street: Callable[..., Scenario], tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = made_street(HOMES, minutes=60)
    community, series = scenario.community, scenario.series
    homes = tuple(replace(member, pv_wp=0, battery=None) for member in community.members)
    plant = Plant(tuple(home.id for home in homes), SHARES, "static")
    roof = Member("roof", "meter of the roof", pv_wp=30_000, plant=plant)
    sun, none = 6 * series.pv_wh.max(axis=1, keepdims=True), np.zeros((len(series.retail), 1), np.int64)
    made = Series(
        series.first_slot,
        np.concatenate([series.load_wh, none], axis=1),
        np.concatenate([np.repeat(none, HOMES, axis=1), sun], axis=1),
        series.retail,
        series.feed_in,
    )
    street = replace(scenario, community=replace(community, members=(*homes, roof)), series=made)
    quiet = {"progress": lambda done: None, "stopped": lambda: False}
    folder = tmp_path_factory.mktemp("plant") / "run"
    return run_simulation(street, span_of(street, "2016-06-09", DAYS), folder, seed=3, **quiet).folder


def _change(folder: Path, name: str, column: str, row: int) -> None:
    path = folder / f"{name}.parquet"
    table = pq.read_table(path)
    values = table[column].to_pylist()
    values[row] += 1
    field = table.schema.field(column)
    pq.write_table(table.set_column(table.column_names.index(column), field, pa.array(values, field.type)), path)


def test_income_flows_from_the_rows_to_the_holders(run: Path) -> None:
    rows = [row for row in pq.read_table(run / "rows.parquet").to_pylist() if row["account"] == PLANT]
    bills = [row for row in pq.read_table(run / "bills.parquet").to_pylist() if row["account"] == PLANT]
    periods = pq.read_table(run / "plant.parquet").to_pylist()
    lines = pq.read_table(run / "plant_bills.parquet").to_pylist()
    chain = read_chain(run / "chain")
    (contract,) = chain.plants
    earned = sum(row["paid"] for row in rows)
    assert len(periods) == DAYS
    assert 0 < earned == sum(bill["amount"] for bill in bills) == sum(period["forwarded"] for period in periods)
    assert contract.incomes == tuple(period["forwarded"] for period in periods)
    assert {period["contract"] for period in periods} == {contract.address}
    for at, bps in enumerate(SHARES):
        own = [line for line in lines if line["account"] == 3 + at]
        due, exact = sum(line["due"] for line in own), Fraction(earned * bps, 10_000)
        assert exact - 1 - Fraction(1, 10**6) < due <= exact
        assert due == sum(line["claimed"] for line in own) == contract.claimed[chain.owners[3 + at]]
    made = -sum(row["metered_wh"] for row in rows)
    assert made == sum(period["surplus_wh"] for period in periods) + sum(line["shared_wh"] for line in lines)
    # The only price is the utility's, so a holder's credit is its Wh at that price but for a µ a slot.
    assert all(0 <= Fraction(320_000 * line["shared_wh"], 1_000) - line["credit"] < 24 for line in lines)
    assert load_community(run / "community.toml").members[-1].plant == Plant(
        tuple(f"home{at}" for at in range(HOMES)), SHARES, "static"
    )


def test_the_agent_takes_out_no_more_than_it_paid_ahead(run: Path) -> None:
    transfers = pq.read_table(run / "transfers.parquet").to_pylist()
    moved = {kind: [row for row in transfers if row["kind"] == kind] for kind in ("deposit", "withdrawal")}
    taken = -sum(row["amount"] for row in moved["withdrawal"])
    periods = pq.read_table(run / "plant.parquet").to_pylist()
    assert {row["account"] for row in moved["withdrawal"]} <= {PLANT}
    assert 0 <= taken <= sum(period["forwarded"] for period in periods[:-1])
    opening = sum(row["amount"] for row in moved["deposit"] if row["account"] == PLANT)
    earned = sum(period["earned"] for period in periods)
    assert read_chain(run / "chain").balances[PLANT] == opening + earned - taken


def test_the_audit_holds_and_names_a_false_number(run: Path) -> None:
    code, _, _ = sunfair("audit", str(run))
    assert code == 0
    for name, column, row, account in (("plant", "forwarded", 0, PLANT), ("plant_bills", "claimed", 4, 7)):
        path = run / f"{name}.parquet"
        kept = path.read_bytes()
        _change(run, name, column, row)
        code, out, _ = sunfair("audit", str(run))
        path.write_bytes(kept)
        last = out.strip().splitlines()[-1]
        assert code == 1
        assert f"account {account}: {name}.parquet: {column} is " in last
