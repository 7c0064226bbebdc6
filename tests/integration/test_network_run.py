"""A day that trades on the wires: prices by place, money that conserves, an audit that finds what is false of it."""

import importlib.util
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sunfair.audit import audit
from sunfair.chain import read_chain
from sunfair.files import load_scenario, write_scenario
from sunfair.model import Mechanism, Phase
from sunfair.settlement.header import NETWORK_AHEAD, NO_AHEAD
from sunfair.wiring import run_simulation, span_of

HOMES = 20
PHASES = [Phase.A, Phase.B, Phase.C, Phase.ABC]


def feeder_module():
    spec = importlib.util.spec_from_file_location("network_feeder", Path(__file__).parents[1] / "unit/grid/feeder.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def scene(made_street):
    """Twenty homes and hourly slots on lines that are small for them."""
    feeder = feeder_module()
    street = made_street(HOMES, minutes=60, days=9)
    members = [
        replace(home, bus=int(2 + at % 5), phase=PHASES[at % 4]) for at, home in enumerate(street.community.members)
    ]
    tables = feeder.tables([(member.bus, member.phase.value) for member in members])
    tables["line"]["i_n"] = 3.0  # so little that even what twenty homes trade does not fit
    community = replace(street.community, members=tuple(members), mechanism=Mechanism.NETWORK)
    return replace(street, community=community, network_json=feeder.text(tables))


@pytest.fixture(scope="module")
def run(scene, tmp_path_factory):
    folder = tmp_path_factory.mktemp("network") / "run"
    result = run_simulation(
        scene, span_of(scene, None, 1), folder, seed=5, progress=lambda _: None, stopped=lambda: False
    )
    assert result.whole
    return result


def tampered(run, tmp_path, name, change):
    """A copy of the run with one table changed."""
    folder = tmp_path / "copy"
    shutil.copytree(run.folder, folder)
    table = pq.read_table(folder / f"{name}.parquet")
    pq.write_table(change(table), folder / f"{name}.parquet")
    return [str(finding) for finding in audit(folder)]


def changed(table, column, at, by):
    values = table[column].to_pylist()
    values[at] += by
    return table.set_column(
        table.column_names.index(column), table.schema.field(column), pa.array(values, table.schema.field(column).type)
    )


def test_an_honest_run_holds(run):
    assert audit(run.folder) == []


def test_the_price_splits_by_place_where_wires_bind_and_its_parts_add_up(run):
    table = pq.read_table(run.folder / "local_prices.parquet").to_pydict()
    columns = {name: np.array(values) for name, values in table.items()}
    parts = sum(columns[name] for name in ("energy", "losses", "voltage", "congestion"))
    assert (parts == columns["price"]).all()
    split = [slot for slot in set(table["slot"]) if len(set(columns["price"][columns["slot"] == slot])) > 1]
    assert len(split) >= 2
    whole = [account for account, phase in zip(table["account"], table["phase"], strict=True) if phase == "abc"]
    assert set(whole) == {3 + at for at in range(HOMES) if PHASES[at % 4] is Phase.ABC}


def test_every_slot_conserves_money_to_the_micro_and_the_chain_took_it(run):
    rows = pq.read_table(run.folder / "rows.parquet").to_pydict()
    paid, slot = np.array(rows["paid"]), np.array(rows["slot"])
    assert all(paid[slot == one].sum() == 0 for one in set(slot.tolist()))
    bills = pq.read_table(run.folder / "bills.parquet").to_pydict()
    shares = {amount for line, amount in zip(bills["line"], bills["amount"], strict=True) if "differences" in line}
    assert len(shares) == 1
    assert min(shares) > 0
    assert sum(bills["amount"]) == 0
    assert run.amounts == {account: int(paid[np.array(rows["account"]) == account].sum()) for account in run.amounts}


def test_the_terms_on_chain_say_that_no_court_judges_the_ahead_session(run):
    terms = read_chain(run.folder / "chain").terms
    assert [entry.rule for entry in terms] == [NO_AHEAD | NETWORK_AHEAD]


def test_attack_a_friend_is_paid_more_than_its_local_price_gives(run, tmp_path):
    rows = pq.read_table(run.folder / "rows.parquet")
    at = next(at for at, wh in enumerate(rows["traded_ahead_wh"].to_pylist()) if wh < 0)
    slot, account = rows["slot"][at].as_py(), rows["account"][at].as_py()
    told = tampered(run, tmp_path, "rows", lambda table: changed(table, "paid", at, 1_000))
    assert told[-1].startswith(f"slot {slot} account {account}: paid is")


def test_attack_a_price_is_told_that_the_wires_do_not_give(run, tmp_path):
    table = pq.read_table(run.folder / "local_prices.parquet")
    slot, account = table["slot"][4].as_py(), table["account"][4].as_py()
    told = tampered(run, tmp_path, "local_prices", lambda table: changed(table, "price", 4, 10_000))
    assert told[-1].startswith(f"slot {slot} account {account}: local price, phase")


def test_attack_a_fill_that_the_wires_do_not_carry(run, tmp_path):
    offers = pq.read_table(run.folder / "offers.parquet")
    at = next(
        at
        for at, (session, wh, filled) in enumerate(
            zip(*(offers[name].to_pylist() for name in ("session", "energy_wh", "filled_wh")), strict=True)
        )
        if session == "ahead" and wh < filled < 0
    )
    slot, account = offers["slot"][at].as_py(), offers["account"][at].as_py()
    told = tampered(run, tmp_path, "offers", lambda table: changed(table, "filled_wh", at, -1))
    assert told[-1].startswith(f"slot {slot} account {account}: filled")


def test_rows_of_prices_that_are_missing_or_strange_are_named(run, tmp_path):
    table = pq.read_table(run.folder / "local_prices.parquet")
    slot, account = table["slot"][2].as_py(), table["account"][2].as_py()
    told = tampered(run, tmp_path, "local_prices", lambda table: pa.concat_tables([table[:2], table[3:]]))
    assert told[-1].startswith(f"slot {slot} account {account}: local_prices.parquet, phase")


def test_compare_shows_the_wires_beside_the_other_mechanisms(run, capsys):
    from sunfair.cli.comparing import run_compare

    run_compare(run.folder, as_json=True)
    figures = json.loads(capsys.readouterr().out)
    wires, uniform = figures["ahead"]["network"], figures["ahead"]["uniform"]
    assert wires["welfare"] < uniform["welfare"]  # what the wires forbid is worth something
    assert wires["rent"] > 0
    gains = wires["buyers_gain"] + wires["sellers_gain"] + wires["rent"]
    assert gains == pytest.approx(wires["welfare"])
    assert "network" not in figures["pool"]


def test_the_page_proves_every_row_with_its_own_price(run, missing):
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
        page.goto((run.folder / "report.html").as_uri())
        page.wait_for_selector("[data-checks=good], [data-checks=bad]")
        assert page.get_attribute("[data-checks]", "data-checks") == "good"
        assert page.evaluate("() => sunfair.check.state.faults") == []
        assert page.evaluate("() => sunfair.check.state.slots") == 24
        browser.close()


def test_a_community_without_a_grid_cannot_trade_on_wires(scene, tmp_path):
    write_scenario(scene, tmp_path / "street")
    file = tmp_path / "street" / "community.toml"
    text = file.read_text()
    assert load_scenario(file).community.mechanism is Mechanism.NETWORK
    cut = text.replace('sessions = ["ahead", "pool"]', 'sessions = ["pool"]')
    lines = cut.splitlines()
    at = lines.index("[grid]")
    file.write_text("\n".join(lines[:at] + lines[at + 2 :]))
    with pytest.raises(ValueError, match="mechanism") as told:
        load_scenario(file)
    assert {fault.place.split()[-1].strip("'") for fault in told.value.faults} >= {"mechanism", "sessions"}
