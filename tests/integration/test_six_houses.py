"""The example `docs/examples/six-houses`, run for a day: retailers' orders, prepaid credit, neighbours and gifts."""

import json
import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sunfair.audit import audit
from sunfair.chain import SeededKeys, keccak
from sunfair.chain.deployment import find_deployment
from sunfair.chain.log import replay
from sunfair.files import load_scenario
from sunfair.model import Gift, Owner, Scenario
from sunfair.wiring import run_simulation, span_of

EXAMPLE = Path(__file__).resolve().parents[2] / "docs/examples/six-houses/community.toml"
ANNA, BELA, CORA, DORA, EMIL, FRED = range(3, 9)
QUIET: dict[str, Any] = {"progress": lambda done: None, "stopped": lambda: False}
Row = dict[str, Any]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = load_scenario(EXAMPLE)
    span = span_of(scenario, "2016-06-09", 1)
    return run_simulation(scenario, span, tmp_path_factory.mktemp("six") / "run", seed=7, **QUIET).folder


def rows(run: Path, name: str) -> list[Row]:
    return pq.read_table(run / f"{name}.parquet").to_pylist()


def of(run: Path, name: str, account: int) -> dict[int, Row]:
    return {row["slot"]: row for row in rows(run, name) if row["account"] == account}


def test_the_run_holds(run: Path) -> None:
    assert audit(run) == []


def test_every_traded_watt_hour_is_told_once(run: Path) -> None:
    told: dict[tuple[int, int], int] = defaultdict(int)
    for row in rows(run, "neighbours"):
        told[row["slot"], row["seller"]] -= row["energy_wh"]
        told[row["slot"], row["buyer"]] += row["energy_wh"]
    traded = {(row["slot"], row["account"]): row["traded_pool_wh"] for row in rows(run, "rows")}
    assert sum(map(bool, told.values())) > 10
    assert {key: wh for key, wh in told.items() if wh} == {key: wh for key, wh in traded.items() if wh}


def test_a_gift_costs_the_receiver_nothing(run: Path) -> None:
    price = {row["slot"]: row["price_pool"] for row in rows(run, "slots")}
    gifts = [row for row in rows(run, "neighbours") if row["repaid"] is not None]
    assert {(row["seller"], row["buyer"]) for row in gifts} == {(BELA, EMIL)}
    assert 0 < sum(row["energy_wh"] for row in gifts) <= 600
    for row in gifts:
        assert 0 <= row["repaid"] - Fraction(row["energy_wh"] * price[row["slot"]], 1000) < 1
        metered = {account: of(run, "rows", account)[row["slot"]]["metered_wh"] for account in (BELA, EMIL)}
        assert row["energy_wh"] <= min(-metered[BELA], metered[EMIL])
    keys, chain = SeededKeys(7), replay((run / "chain/log.jsonl").read_text().splitlines(), "log")
    topic = keccak(b"Transfer(address,address,uint256)")
    parties = [keys.address(str(account)).rjust(32, b"\0") for account in (BELA, EMIL)]
    sent = [
        int.from_bytes(found.log.data, "big")
        for found in chain.logs(find_deployment(chain).token, [topic])
        if list(found.log.topics[1:]) == parties
    ]
    assert sent == [sum(row["repaid"] for row in gifts)]


def test_orders_were_cheaper_than_all_else_and_silence_the_home(run: Path) -> None:
    orders = rows(run, "orders")
    accounts = {row["account"] for row in orders}
    assert accounts == {CORA, DORA}
    asked = {}
    for line in (EXAMPLE.parent / "market-1.csv").read_text().splitlines()[1:]:
        start, price, _ = line.split(",")
        asked[int(datetime.fromisoformat(start).timestamp()) // 3600] = round(float(price) * 1e6) + 15_000
    first = min(row["slot"] for row in rows(run, "slots"))
    for row in orders:
        slot = row["slot"]
        assert row["price"] == asked[slot] < row["instead_price"]
        assert row["ordered"].timestamp() <= (slot - 1) * 3600
        seen = of(run, "agent", row["account"])[slot]
        assert (seen["market"], seen["market_price"]) == ("day ahead", row["price"])
        if slot > first + 1:
            assert of(run, "rows", row["account"])[slot]["traded_pool_wh"] <= 0
    unordered = {(row["slot"], row["account"]) for row in orders}
    for slot, seen in of(run, "agent", CORA).items():
        assert (slot, CORA) in unordered or (seen["market"], seen["instead"]) == ("live", "utility")
    assert all(seen["market"] is None for seen in of(run, "agent", BELA).values())


def test_the_summary_reckons_with_what_the_retailers_handed_back(run: Path) -> None:
    """Dora buys day ahead alone: her statement follows from meter, trades, orders and tariff."""
    homes = json.loads((run / "summary.json").read_text())["homes"]
    orders = {row["slot"]: row for row in rows(run, "orders") if row["account"] == DORA}
    retail = {row["slot"]: row["retail"] for row in rows(run, "slots")}
    due = Fraction(0)
    for slot, row in of(run, "rows", DORA).items():
        order = orders.get(slot, {"energy_wh": 0, "price": 0})
        used = min(order["energy_wh"], max(row["metered_wh"] - row["traded_pool_wh"], 0))
        due += Fraction(used * retail[slot] - order["energy_wh"] * order["price"], 1000)
    assert due > 1_000_000
    assert homes["dora"]["statement"] == pytest.approx(due, abs=3 * len(orders))
    assert homes["bela"]["statement"] == 0
    told = [row["reason"] for account in (CORA, DORA) for row in of(run, "plans", account).values()]
    assert not any(text.startswith("back to the simple rule") for text in told)


def test_credit_is_topped_up_and_runs_out(run: Path) -> None:
    looks = [row for row in rows(run, "credit") if row["account"] == ANNA]
    asked = [row for row in looks if row["top_up"]]
    assert {row["refused"] for row in asked} == {""}
    days: dict[object, int] = defaultdict(int)
    for row in asked:
        days[datetime.fromtimestamp(row["slot"] * 3600 - 300, UTC).date()] += row["top_up"]
    assert set(days.values()) == {1_000_000}
    deposits = [row["amount"] for row in rows(run, "transfers") if (row["kind"], row["account"]) == ("deposit", ANNA)]
    assert sum(deposits) == 900_000 + sum(days.values())
    empty = [row["slot"] for row in looks if row["state"] == "empty"]
    assert empty
    for slot in empty:
        assert of(run, "rows", ANNA)[slot]["traded_pool_wh"] == 0
        assert of(run, "plans", ANNA)[slot]["reason"].startswith("the credit is used up, so the utility supplies")
    notices = json.loads((run / "summary.json").read_text())["notices"]
    assert any(told.startswith("home anna") and "Your credit is used up" in told for told in notices)
    assert {row["state"] for row in rows(run, "credit") if row["account"] == EMIL} == {"funded"}


def test_a_heat_pump_is_planned_and_never_leaves_its_band(run: Path) -> None:
    dora, series = of(run, "plans", DORA), load_scenario(EXAMPLE).series
    place = {slot: slot - series.first_slot for slot in dora}
    own = {
        slot: row["load_wh"] - int(series.load_wh[at, DORA - 3])
        for (slot, row), at in zip(dora.items(), place.values(), strict=True)
    }
    assert all(0 <= use <= 3_000 for use in own.values())
    kept = {slot: int(row["reason"].split("; ")[-1].split(" of 4000")[0]) for slot, row in dora.items()}
    assert all(0 <= level <= 4_000 for level in kept.values())
    for slot in sorted(kept)[1:]:
        before = kept[slot - 1]
        asked, made = int(series.heat_wh[place[slot], DORA - 3]), own[slot] * 3_200 // 1_000
        assert kept[slot] == before - before * 10 // 1_000 - asked + made
    for slot, row in dora.items():
        assert f"the heat pump takes {own[slot]} Wh, the thermostat alone would take" in row["reason"]
        assert "back to the simple rule" not in row["reason"]
    rule = [int(row["reason"].split("alone would take ")[1].split(" Wh")[0]) for row in dora.values()]
    assert rule != list(own.values())
    price = {slot: seen["market_price"] for slot, seen in of(run, "agent", DORA).items()}
    cheap = sorted(price, key=lambda slot: price[slot])[:12]
    assert sum(own[slot] for slot in cheap) > 0.9 * sum(own.values())


def test_an_appliance_runs_once_a_day_in_its_window(run: Path) -> None:
    cora, series = of(run, "plans", CORA), load_scenario(EXAMPLE).series
    own = [cora[slot]["load_wh"] - int(series.load_wh[slot - series.first_slot, CORA - 3]) for slot in sorted(cora)]
    assert [use for use in own if use] == [900, 300]
    begin = own.index(900)
    assert 6 < begin <= 20  # some sun is waited for
    assert own[begin + 1] == 300
    assert "washing machine starts with 900 Wh; 06:00 would have been" in cora[sorted(cora)[begin]]["reason"]


def test_the_audit_names_a_false_claim_and_a_false_deposit(run: Path, tmp_path: Path) -> None:
    for name, column, word in (("neighbours", "energy_wh", "were traded"), ("transfers", "slot", "deposits of slot")):
        bad = tmp_path / name
        shutil.copytree(run, bad)
        table = pq.read_table(bad / f"{name}.parquet")
        values = table[column].to_pylist()
        at = 0 if name == "neighbours" else max(range(len(values)), key=lambda at: (values[at], at))
        if name == "transfers":
            at = max(i for i, row in enumerate(table.to_pylist()) if row["kind"] == "deposit")
        values[at] += 1
        pq.write_table(
            table.set_column(table.column_names.index(column), table.schema.field(column), pa.array(values)),
            bad / f"{name}.parquet",
        )
        assert any(word in finding.what for finding in audit(bad))


def test_wishes_and_gifts_move_no_price_and_no_fill(made_street: Callable[..., Scenario], tmp_path: Path) -> None:
    plain = made_street(4, minutes=60)
    members = list(plain.community.members)
    members[1] = replace(members[1], owner=Owner(preferred=("home3",), gifts=(Gift("home3", 500),)))
    wished = replace(plain, community=replace(plain.community, members=tuple(members)))
    span = span_of(plain, "2016-06-09", 1)
    runs = [run_simulation(one, span, tmp_path / str(at), seed=3, **QUIET) for at, one in enumerate((plain, wished))]
    for name in ("slots", "offers", "rows", "public", "bills", "transfers", "plans"):
        first, second = ((one.folder / f"{name}.parquet").read_bytes() for one in runs)
        assert first == second, name
    told = [(one.folder / "neighbours.parquet").read_bytes() for one in runs]
    assert told[0] != told[1]
