"""The street's plant, told on the embedded chain and on anvil: the same balances, and nobody's money lost."""

import json
from pathlib import Path

import numpy as np
import pytest

from sunfair.chain import EmbeddedChain
from sunfair.chain.anvil import running_anvil
from sunfair.commons import PlantState
from sunfair.report.plants import write_plant_report
from sunfair.units import format_money
from sunfair.wiring.plants import CAPEX, START, CommonsRun, PlantYear, plain, tell_both
from sunfair.wiring.remote import development_node

MEMBERS = 8


@pytest.fixture(scope="module")
def year() -> PlantYear:
    """A small year: each slot stands for many."""
    rng = np.random.default_rng(5)
    generation = rng.integers(0, 2_000_000, 60)
    use = rng.integers(0, 300_000, (60, MEMBERS))
    shares = np.full(MEMBERS, 1_250)
    promised = int(generation.sum()) * 2
    return PlantYear(generation, use, shares, 300_000 + 10_000 * np.arange(MEMBERS), promised)


@pytest.fixture(scope="module")
def embedded(year: PlantYear) -> CommonsRun:
    return tell_both(EmbeddedChain(), year, seed=7)


def test_the_same_balances_on_a_real_node(
    anvil_there: None, year: PlantYear, embedded: CommonsRun, tmp_path: Path
) -> None:
    """A node that was started today: its time is set back to the story's."""
    with running_anvil() as node, development_node(node.url, tmp_path) as place:
        place.begin(START)
        remote = tell_both(place.network, year, seed=7, fund=node.fund)
    assert plain(remote) == plain(embedded)


def test_raised_built_and_shared(embedded: CommonsRun, year: PlantYear) -> None:
    built, money = embedded.built, embedded.built.end.money
    assert built.end.state is PlantState.OPERATING
    assert sum(built.pledged.values()) == CAPEX == built.end.supply
    assert built.income == sum(year.incomes())
    # Every µ of income was claimed, waits, or is in the reserve.
    assert sum(built.claimed.values()) + money.unclaimed + money.fund == built.income
    assert money.held == money.unclaimed + money.fund
    # Equal pledges earn the same to a µ a month, and who never claims has it waiting.
    assert abs(built.claimed["member 2"] - built.claimed["member 6"]) <= 12
    assert "member 8" not in built.claimed
    # What waits is one member's whole year; dust of dividing is less than a µ a member and month.
    assert {name for name, waits in built.waiting.items() if waits} == {"member 8"}
    assert built.waiting["member 8"] == pytest.approx(built.claimed["member 4"], abs=12)
    assert 0 <= money.unclaimed - built.waiting["member 8"] <= 12 * MEMBERS
    assert money.unclaimed >= built.claimed["member 4"] - 12
    said = " ".join(line.what for line in built.lines)
    assert said.count("acknowledges") == MEMBERS
    assert "objects to milestone 2" in said
    assert "milestone 2 is refused" in said


def test_the_failed_project_returns_every_unit(embedded: CommonsRun) -> None:
    assert embedded.failed.end.state is PlantState.CLOSED
    assert embedded.failed.returned == embedded.failed.pledged
    assert embedded.failed.end.money.held == 0


def test_six_keys_share_what_there_is_and_the_best_saves_most(embedded: CommonsRun, year: PlantYear) -> None:
    keys = {key.key: key for key in embedded.keys}
    assert all(key.shared_wh + key.surplus_wh == year.generation_wh.sum() for key in embedded.keys)
    assert keys["static"].shared_wh == keys["table"].shared_wh
    assert keys["optimal"].saved >= max(keys[name].saved for name in ("static", "table", "hybrid"))
    assert keys["dynamic"].shared_wh == np.minimum(year.generation_wh, year.use_wh.sum(axis=1)).sum()


def test_report_tells_promised_paid_and_earned(embedded: CommonsRun, tmp_path: Path) -> None:
    run = json.loads(json.dumps(plain(embedded)))
    for name in ("once", "again"):
        write_plant_report(tmp_path / name, run)
    page = (tmp_path / "once").read_text(encoding="utf-8")
    assert page == (tmp_path / "again").read_text(encoding="utf-8")
    assert "http" not in page
    promise = run["promise"]
    assert 2 * promise["made_wh"] == promise["promised_wh"]
    assert promise["gain"] < promise["promised_gain"]
    assert f"after {CAPEX / promise['gain']:.1f} years" in page
    assert "gave 50% of what was promised" in page
    # Who did not claim earned all the same, and what all do in turn is one line.
    row = page[page.index("<td>member 8</td>") :]
    waits = format_money(run["built"]["waiting"]["member 8"])
    assert row[: row.index("</tr>")].split("</td><td>")[2:] == [waits, "0.00 EUR", f"{waits}</td>"]
    assert page.count("<details>") == 3
    assert f"<b>{MEMBERS} members</b> vote yes on motion 1" in page
    for told in ("promised", "accepted", "earned", "returned", "member 8", "39600.00 EUR"):
        assert told in page
