"""A run whose homes buy in retailers' markets: statements held against the run's own files, and the course of a credit."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from sunfair.cli import main
from sunfair.model import Market, MarketKind, Prepaid, Quotes, Scenario
from sunfair.wiring import run_simulation, span_of

HOME, FEE = 3, 12_345
"""The account that buys in both markets: home0."""


@pytest.fixture(scope="module")
def run(made_street: Callable[..., Scenario], tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = made_street(4, minutes=60)
    community, clock = scenario.community, scenario.community.clock
    span = span_of(scenario, "2016-06-09", 1)
    slots = np.arange(span.first_slot, span.first_slot + 24)
    ahead = Quotes(slots, slots * 3600 - 40_000, 50_000 + 7_001 * np.arange(24))
    live = Quotes(slots[:18], slots[:18] * 3600 + 3600, 400_000 - 13_003 * np.arange(18))
    markets = Market("ahead", MarketKind.DAY_AHEAD, FEE), Market("live", MarketKind.REAL_TIME, FEE)
    prepaid = Prepaid(notice=10**9, top_up=10**9, per_day=10**9, in_total=10**9)
    members = list(community.members)
    members[0] = replace(members[0], markets=("ahead", "live"), prepaid=prepaid)
    changed = replace(community, members=tuple(members), markets=markets)
    made = replace(scenario, community=changed, quotes=(ahead, live))
    quiet = {"progress": lambda done: None, "stopped": lambda: False}
    folder = run_simulation(made, span, tmp_path_factory.mktemp("credit") / "run", seed=3, **quiet).folder
    assert clock.minutes == 60
    return folder


class Shell:
    """`sunfair …` in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "argv", ["sunfair", *words])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *self.capsys.readouterr()

    def asked(self, *words: str) -> dict:
        code, out, _ = self(*words, "--json")
        assert code == 0
        return json.loads(out)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capsys)


def test_bill_and_statement_are_what_each_market_asked(run: Path, shell: Shell) -> None:
    (one,) = shell.asked("credit", "statement", str(run))["statements"]
    assert (one["account"], one["id"]) == (HOME, "home0")
    rows = {row["slot"]: row for row in pq.read_table(run / "rows.parquet").to_pylist() if row["account"] == HOME}
    orders = {row["slot"]: row["energy_wh"] for row in pq.read_table(run / "orders.parquet").to_pylist()}
    exact, size = Fraction(0), 0
    for at, (slot, row) in enumerate(sorted(rows.items())):
        need = max(row["metered_wh"] - row["traded_ahead_wh"] - row["traded_pool_wh"], 0)
        order = orders.get(slot, 0)
        rest = max(need - order, 0)
        exact -= Fraction(order * (50_000 + 7_001 * at + FEE), 1000)
        exact -= Fraction(rest * (400_000 - 13_003 * at + FEE if at < 18 else 320_000), 1000)
        size += 1
    bills = pq.read_table(run / "bills.parquet").to_pylist()
    proven = sum(b["amount"] for b in bills if b["account"] == HOME and b["line"] == "bought from the utility")
    assert size == 24
    assert exact - 6 * size < proven + one["amount"] <= exact
    assert {line["line"] for line in one["lines"]} == {
        "ordered ahead and used",
        "ordered ahead and not used",
        "bought in real time",
        "the retailer's fee",
        "tariff of the proven bill handed back",
    }
    assert sum(line["amount"] for line in one["lines"]) == one["amount"]


def test_orders_stood_at_their_gates(run: Path) -> None:
    orders = pq.read_table(run / "orders.parquet").to_pylist()
    assert len({order["slot"] for order in orders}) == len(orders) > 6
    for order in orders:
        assert (order["account"], order["market"]) == (HOME, "ahead")
        assert order["energy_wh"] > 0
        assert order["ordered"].timestamp() == (order["slot"] - 1) * 3600


def test_an_allowance_waives_the_fee(run: Path, shell: Shell) -> None:
    (plain,) = shell.asked("credit", "statement", str(run))["statements"]
    (waived,) = shell.asked("credit", "statement", str(run), "--allowance-kwh", "1")["statements"]
    assert waived["waived_wh"] == 1_000
    assert 0 <= waived["amount"] - plain["amount"] - FEE <= 24


def test_the_run_still_holds_and_keeps_the_prices(run: Path, shell: Shell) -> None:
    assert shell.asked("audit", str(run)) == {"holds": True, "findings": []}
    assert (run / "market-1.csv").read_text().startswith("start,price,known\n2016-06-08T22:00:00+00:00,0.05,")


def test_a_member_without_a_market_has_no_statement(run: Path, shell: Shell) -> None:
    code, out, err = shell("credit", "statement", str(run), "--member", "home1")
    assert (code, out) == (2, "")
    assert "'home1' buys in no retailer's market (members that do: home0)" in err


def test_the_course_of_a_credit(run: Path, shell: Shell) -> None:
    (one,) = shell.asked("credit", "status", str(run))["members"]
    assert (one["id"], one["topped_up"]) == ("home0", 10**9)
    assert one["notices"][0]["notice"].startswith("Your credit is low")
