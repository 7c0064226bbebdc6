"""A street with two plants as members: one sells, one shares by key and its seats pass; a false number is found."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sunfair.audit import public
from sunfair.audit.auction import recleared
from sunfair.audit.money import recomputed
from sunfair.audit.plants import plant_faults
from sunfair.audit.public import audit_public
from sunfair.audit.run import Run, open_run
from sunfair.chain import find_deployment, keccak, read_chain, replay
from sunfair.chain.folder import LOG_FILE
from sunfair.chain.follow import Follower
from sunfair.commons import KEYS, allocate
from sunfair.files import load_community
from sunfair.model import Member, Plant, Scenario, SeatSale, Series
from sunfair.ports import PlantRecord
from sunfair.report import write_report
from sunfair.simulate import SeededChance
from sunfair.simulate.enrolling import enrolments
from sunfair.wiring import run_simulation, span_of

from .conftest import sunfair

HOMES, PLANT, FIELD, BARN, DAYS = 6, 9, 10, 11, 2
SHARES = 1_000, 1_000, 1_000, 2_000, 2_000, 3_000
NAMES = tuple(f"home{at}" for at in range(HOMES))
PRICE = 180_000
TABLE = tuple(
    (5_000, 2_000, 1_000, 1_000, 500, 500) if hour < 12 else (0, 500, 500, 1_000, 3_000, 5_000) for hour in range(24)
)
SALE = SeatSale("home5", "home0", 2_500, 2_000_000, date(2016, 6, 10))
SHARING = Plant(NAMES, (0, *SHARES[1:5], 4_000), "table", PRICE, table=TABLE, sales=(SALE,))
"""Who buys a seat holds none at first; the plant's output of the second day is shared by the same table."""
LATER = Plant(("home0", "home1"), (2_000, 8_000), "hybrid", 300_000)
"""Shares after the field with some of the same people."""


@pytest.fixture(scope="module")
def run(made_street: Callable[..., Scenario], tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = made_street(HOMES, minutes=60)
    community, series = scenario.community, scenario.series
    homes = tuple(replace(member, pv_wp=0, battery=None) for member in community.members)
    roof = Member("roof", "meter of the roof", pv_wp=10_000, plant=Plant(NAMES, SHARES, "static"))
    field = Member("field", "meter of the field", pv_wp=20_000, plant=SHARING)
    barn = Member("barn", "meter of the barn", pv_wp=5_000, plant=LATER)
    sun, none = 2 * series.pv_wh.max(axis=1, keepdims=True), np.zeros((len(series.retail), 1), np.int64)
    made = Series(
        series.first_slot,
        np.concatenate([series.load_wh, none, none, none], axis=1),
        np.concatenate([np.repeat(none, HOMES, axis=1), sun, 2 * sun, sun // 8], axis=1),
        series.retail,
        series.feed_in,
    )
    street = replace(scenario, community=replace(community, members=(*homes, roof, field, barn)), series=made)
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


def _rows(run: Path, name: str, **where: int) -> list[dict]:
    rows = pq.read_table(run / f"{name}.parquet").to_pylist()
    return [row for row in rows if all(row[column] == value for column, value in where.items())]


def test_income_flows_from_the_rows_to_the_holders(run: Path) -> None:
    rows, bills = _rows(run, "rows", account=PLANT), _rows(run, "bills", account=PLANT)
    periods, lines = _rows(run, "plant", account=PLANT), _rows(run, "plant_bills", plant=PLANT)
    chain = read_chain(run / "chain")
    _, contract, _ = sorted(chain.plants, key=lambda one: one.peak_w)
    earned = sum(row["paid"] for row in rows)
    assert len(periods) == DAYS
    assert 0 < earned == sum(bill["amount"] for bill in bills) == sum(period["forwarded"] for period in periods)
    assert contract.incomes == tuple(period["forwarded"] for period in periods)
    assert {period["contract"] for period in periods} == {contract.address}
    assert contract.account == PLANT
    # Its meter is a point of the register like any other, and the plan's document names it.
    drawn = enrolments(load_community(run / "community.toml"), SeededChance(3))
    assert {period["point"] for period in periods} == {contract.point} == {drawn[PLANT - 3].point}
    # Every holder's agent answered the commitment, those without a seat excepted.
    replayed = replay((run / "chain" / LOG_FILE).read_text().splitlines())
    told = keccak(b"Acknowledged(address)")
    assert [len(replayed.logs(one.address, [told])) for one in chain.plants] == [HOMES, HOMES - 1, 2]
    for at, bps in enumerate(SHARES):
        own = [line for line in lines if line["account"] == 3 + at]
        due, exact = sum(line["due"] for line in own), Fraction(earned * bps, 10_000)
        assert exact - 1 - Fraction(1, 10**6) < due <= exact
        assert due == sum(line["claimed"] for line in own) == contract.claimed[chain.owners[3 + at]]
    made = -sum(row["metered_wh"] for row in rows)
    assert made == sum(period["surplus_wh"] for period in periods) + sum(line["shared_wh"] for line in lines)
    # The only price is the utility's, so a holder's credit is its Wh at that price but for a µ a slot.
    assert all(0 <= Fraction(320_000 * line["shared_wh"], 1_000) - line["credit"] < 24 for line in lines)
    assert {line["paid"] for line in lines} == {period["shared_income"] for period in periods} == {None}
    community = load_community(run / "community.toml")
    assert [member.plant for member in community.members[-3:]] == [Plant(NAMES, SHARES, "static"), SHARING, LATER]


def test_shared_energy_is_netted_to_the_unit_on_bill_and_chain(run: Path) -> None:
    """Slot by slot from the rows in plain numbers: what holder, plant and utility would have, had nothing passed it."""
    periods, lines = _rows(run, "plant", account=FIELD), _rows(run, "plant_bills", plant=FIELD)
    chain, community = read_chain(run / "chain"), load_community(run / "community.toml")
    contract = max(chain.plants, key=lambda one: one.peak_w)
    accounts = [*range(3, 3 + HOMES), FIELD]
    by_slot: dict[int, dict[int, dict]] = {}
    for row in _rows(run, "rows"):
        by_slot.setdefault(row["slot"], {})[row["account"]] = row
    tariff = {row["slot"]: (row["retail"], row["feed_in"]) for row in _rows(run, "slots")}
    given, spent, kept = dict.fromkeys(accounts, 0), dict.fromkeys(accounts, 0), 0
    for slot, own in by_slot.items():
        retail, feed_in = tariff[slot]
        rest = {a: own[a]["metered_wh"] - own[a]["traded_ahead_wh"] - own[a]["traded_pool_wh"] for a in accounts}
        sun, shares = -rest[FIELD], TABLE[community.clock.local(slot).hour]
        assert own[FIELD]["traded_ahead_wh"] == own[FIELD]["traded_pool_wh"] == 0
        parts = [sun * bps // 10_000 for bps in shares]
        order = sorted(range(HOMES), key=lambda at: (-(sun * shares[at] % 10_000), at))
        for at in order[: sun - sum(parts)]:
            parts[at] += 1
        for at, part in enumerate(parts):
            energy = min(part, max(rest[3 + at], 0))
            given[3 + at] += energy
            spent[3 + at] += -(-energy * PRICE // 1_000)
            kept += energy * retail // 1_000
        kept -= -(-sum(min(part, max(rest[3 + at], 0)) for at, part in enumerate(parts)) * feed_in // 1_000)
    assert sum(given.values()) > 10_000
    paid = 0
    for at in range(HOMES):
        own = [line for line in lines if line["account"] == 3 + at]
        assert sum(line["shared_wh"] for line in own) == given[3 + at]
        credit = sum(line["credit"] for line in own)
        assert credit == 320_000 * given[3 + at] // 1_000 - spent[3 + at]  # retail is 0.32, whole µ a Wh
        assert credit == sum(line["paid"] for line in own)
        beside = sum(line["paid"] for line in _rows(run, "plant_bills", plant=BARN, account=3 + at))
        assert credit + beside == contract.credited.get(chain.owners[3 + at], 0)
        paid += credit
    # Bill and chain: the utility handed on all of its margin, and kept nothing but its own rows.
    income = sum(period["shared_income"] for period in periods)
    assert kept == paid + income
    assert contract.received[chain.owners[0]] == income
    assert sum(contract.incomes) == income + sum(row["paid"] for row in _rows(run, "rows", account=FIELD))


def test_a_second_plant_shares_what_the_first_left(run: Path) -> None:
    """Home0 and home1 hold both: together they get no more than they used, slot by slot, and the field comes first."""
    lines = [line for plant in (FIELD, BARN) for line in _rows(run, "plant_bills", plant=plant)]
    used = dict.fromkeys((3, 4), 0)
    for row in _rows(run, "rows"):
        if row["account"] in used:
            rest = row["metered_wh"] - row["traded_ahead_wh"] - row["traded_pool_wh"]
            used[row["account"]] += max(rest, 0)
    for account, most in used.items():
        assert 0 < sum(line["shared_wh"] for line in lines if line["account"] == account) <= most
    (sold,) = {row["paid"] for row in _rows(run, "plant_bills", plant=PLANT)}
    assert sold is None
    assert sum(line["shared_wh"] for line in lines if line["plant"] == BARN) > 0


def test_a_seat_that_passed_earns_for_who_bought_it(run: Path) -> None:
    lines, periods = _rows(run, "plant_bills", plant=FIELD), _rows(run, "plant", account=FIELD)
    chain = read_chain(run / "chain")
    contract = max(chain.plants, key=lambda one: one.peak_w)
    (passed,) = contract.passed
    assert (passed.seller, passed.buyer, passed.price) == (chain.owners[8], chain.owners[3], SALE.price)
    for day, period in enumerate(periods):
        total = period["forwarded"] + period["shared_income"]
        own = {line["account"]: line for line in lines if line["period"] == period["period"]}
        assert [own[3]["shares"], own[8]["shares"]] == [[0, 8_000_000_000], [5_000_000_000, 3_000_000_000]][day]
        for line in own.values():
            assert abs(line["due"] - Fraction(total * line["shares"], period["supply"])) < 2
            assert line["claimed"] == line["due"]
    # The accumulator is rounded down, so that a whole part may lose its last µ, once for each holder.
    assert 0 <= sum(contract.incomes) - sum(line["due"] for line in lines) <= HOMES


def test_the_agent_takes_out_no_more_than_it_paid_ahead(run: Path) -> None:
    transfers = pq.read_table(run / "transfers.parquet").to_pylist()
    moved = {kind: [row for row in transfers if row["kind"] == kind] for kind in ("deposit", "withdrawal")}
    periods = _rows(run, "plant", account=PLANT)
    moved["withdrawal"] = [row for row in moved["withdrawal"] if row["account"] not in (FIELD, BARN)]
    assert {row["account"] for row in moved["withdrawal"]} <= {PLANT}
    taken = -sum(row["amount"] for row in moved["withdrawal"])
    assert 0 <= taken <= sum(period["forwarded"] for period in periods[:-1])
    opening = sum(row["amount"] for row in moved["deposit"] if row["account"] == PLANT)
    earned = sum(period["earned"] for period in periods)
    assert read_chain(run / "chain").balances[PLANT] == opening + earned - taken


Told = Callable[[Sequence[PlantRecord]], list[str]]


@pytest.fixture(scope="module")
def told(run: Path) -> Told:
    """What the audit says of the plants in the files as they are then, if this stood on chain of them."""
    opened = open_run(run)
    assert isinstance(opened, Run)
    money, _ = recomputed(opened, recleared(opened)[0])

    def look(plants: Sequence[PlantRecord]) -> list[str]:
        changed = replace(opened, chain=replace(opened.chain, plants=tuple(plants)))
        return [str(finding) for finding in plant_faults(changed, money)]

    return look


def test_the_audit_holds_and_names_a_false_number(run: Path, told: Told) -> None:
    plants = read_chain(run / "chain").plants
    assert told(plants) == []
    for name, column, row, account in (
        ("plant", "forwarded", 0, PLANT),
        ("plant", "shared_income", 1, FIELD),
        ("plant_bills", "claimed", 4, 7),
    ):
        kept = (run / f"{name}.parquet").read_bytes()
        _change(run, name, column, row)
        (said,) = told(plants)
        (run / f"{name}.parquet").write_bytes(kept)
        assert f"account {account}: {name}.parquet: {column} is " in said
    kept = (run / "plant_bills.parquet").read_bytes()
    _change(run, "plant_bills", "paid", HOMES + 2)
    code, out, _ = sunfair("audit", str(run))
    (run / "plant_bills.parquet").write_bytes(kept)
    assert code == 1
    assert "account 5: plant_bills.parquet: paid is " in out.strip().splitlines()[-1]
    assert sunfair("audit", str(run))[0] == 0


@pytest.fixture(scope="module")
def page(run: Path, missing: Callable[[str], None]) -> Iterator[Any]:
    """A browser's page; the run's report is what it is asked to open."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"], timeout=120_000
        )
        page = browser.new_page()
        page.set_default_timeout(120_000)
        yield page
        browser.close()


def _checked(page: Any, run: Path, account: int) -> str | None:
    page.goto("about:blank")
    page.goto((run / "report.html").as_uri() + f"#home-{account}")
    page.wait_for_selector("[data-checks=good], [data-checks=bad]", state="attached")
    return page.get_attribute("[data-checks]", "data-checks")


def test_a_holder_proves_its_lines_in_the_browser(page: Any, run: Path) -> None:
    assert _checked(page, run, 3) == "good"
    for at, (plant, steps) in enumerate(((PLANT, 6), (FIELD, 6), (BARN, 6))):
        page.locator(".plant-button").nth(at).click()
        assert page.get_attribute("[data-proof]", "data-proof") == "ok"
        assert page.locator("[data-proof] [data-status=ok]").count() == steps
        line = _rows(run, "plant_bills", plant=plant, account=3)[-1]
        paid = line["due"] + (line["paid"] or 0)
        assert f"{line['due'] / 1e6:.6f} are due to it" in page.inner_text("[data-proof]")
        assert at or f"{paid / 1e6:.6f}" in page.inner_text("[data-holder]")


def test_the_page_names_a_false_part_of_a_plant(page: Any, run: Path) -> None:
    path = run / "plant_bills.parquet"
    kept = path.read_bytes()
    _change(run, "plant_bills", "paid", -1)
    write_report(run)
    path.write_bytes(kept)
    assert _checked(page, run, 4) == "bad"


def test_the_browser_shares_as_python_does(page: Any, run: Path) -> None:
    """The six keys written twice, on the same slots: one of them at least shares nothing, one more than all."""
    _checked(page, run, 3)
    chance = np.random.default_rng(seed := 11)
    made, use = chance.choice([0, 1, 17, 5_000, 90_000], 40), chance.integers(0, 9_000, (40, 5)) // [1, 1, 50, 9_000, 1]
    table = np.array([chance.multinomial(10_000, [0.3, 0.3, 0.2, 0.1, 0.1]) for _ in range(24)])
    values, ranking, hours = chance.integers(-2, 3, 5) * 100_000, chance.permutation(5), np.arange(40) % 24
    read = {
        "shares": table[0].tolist(),
        "table": table.tolist(),
        "ranking": ranking.tolist(),
        "values": values.tolist(),
    }
    slots = json.dumps([made.tolist(), use.tolist(), hours.tolist(), read])
    due = {"table": table[hours], "priority": ranking}
    for key in KEYS:
        js = f"""(([made, use, hours, day]) => made.map((wh, t) => sunfair.sharing.share(
            "{key}", BigInt(wh), use[t].map(BigInt), day, hours[t]).map(Number)))({slots})"""
        value = np.broadcast_to(values, use.shape) if key == "optimal" else None
        shared = allocate(key, made, use, due.get(key, table[0]), value=value).shared_wh
        assert page.evaluate(js) == shared.tolist(), f"seed {seed}, key {key}"


def test_attacks_on_a_plant_that_is_shared_by_key_are_named(run: Path, told: Told) -> None:
    """The utility keeps its margin or pays a friend, the agent keeps income back, a seat goes elsewhere."""
    chain = read_chain(run / "chain")
    barn, roof, field = sorted(chain.plants, key=lambda one: one.peak_w)
    utility, holder, friend = chain.owners[0], chain.owners[5], chain.owners[6]
    assert told(chain.plants) == []
    credited = dict(field.credited)
    kept = {**credited, holder: 0}  # the same people hold both plants
    (said,) = told([replace(one, credited=kept) for one in (barn, roof, field)])
    assert f"account 5: the utility sent 0 µ on chain; for shared energy {credited[holder]} µ are due" in said
    swapped = {**credited, holder: 0, friend: credited.get(friend, 0) + credited[holder]}
    assert len(told([replace(one, credited=swapped) for one in (barn, roof, field)])) == 2
    margin = replace(field, received={**field.received, utility: field.received[utility] - 1})
    (said,) = told([barn, roof, margin])
    assert "account 0: the utility sent" in said
    back = replace(field, incomes=(field.incomes[0], field.incomes[1] - 1))
    (said,) = told([barn, roof, back])
    assert f"account {FIELD}: {sum(field.incomes) - 1} µ reached the plant's contract" in said
    elsewhere = replace(field, passed=(replace(field.passed[0], buyer=bytes(20)),))
    said = " | ".join(told([barn, roof, elsewhere]))
    assert "5000000000 of 20000000000 shares are held on chain by nobody whom the community names" in said
    never = told([barn, roof, replace(field, passed=())])
    assert any("account 8: holds 8000000000 of 20000000000 shares on chain, not 1500 bps" in one for one in never)
    another = replace(field, account=None, point=b"")  # its document names no point that feeds the account
    (said,) = told([barn, roof, another])
    assert said.endswith("0 contracts of this plant stand on chain, not one")


def test_who_looks_at_the_chain_alone_sees_what_an_agent_kept(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = replay((run / "chain" / LOG_FILE).read_text().splitlines())
    follower = Follower(chain, find_deployment(chain))
    follower.update()
    told = audit_public(follower, rebuild=lambda anchor: (None, ""))
    assert (told.plants, told.false) == (3, [])
    barn, roof, field = sorted(read_chain(run / "chain").plants, key=lambda one: one.peak_w)
    agent = roof.organiser
    for less, findings in ((1, 0), (roof.incomes[1], 0), (roof.incomes[1] + 1, 1)):
        late = replace(roof, received={**roof.received, agent: roof.received[agent] - less})
        monkeypatch.setattr(public, "read_plants", lambda *_, late=late: (late, field, barn))
        found = audit_public(follower, rebuild=lambda anchor: (None, "")).false
        assert len(found) == findings
    assert f"the agent of the plant of account {PLANT} sent {roof.incomes[0] - 1} µ" in str(found[0])
