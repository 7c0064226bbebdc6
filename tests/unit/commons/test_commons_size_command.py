"""What `commons size` refuses before it counts anything, and the plan that it writes for `propose`."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sunfair.chain import keccak
from sunfair.cli.commons_size import Wishes, document_of, plan_text, run_size, told_apart
from sunfair.commons.plan import check_plan
from sunfair.commons.sizing import Bounds, Costs, Place
from sunfair.errors import InputError
from sunfair.files.plan_file import read_plan
from sunfair.units import MICRO

NAN, PAYEE = float("nan"), "0x" + "11" * 20
HERE, TODAY = Place(48.1, 11.6), date(2026, 3, 1)


def proposal(**changes: Any) -> dict[str, Any]:
    content = {"place": {"latitude": 48.1}, "members": 7, "pv_kw": 59.9996, "capex": 66_000.01} | changes
    return {**content, "document": document_of(content)}


def refused(wishes: Wishes) -> list[str]:
    with pytest.raises(InputError) as caught:
        run_size(None, homes=5, wishes=wishes, as_json=True)
    return [fault.place for fault in caught.value.faults]


def test_numbers_are_refused_by_the_name_of_their_option() -> None:
    wishes = Wishes(HERE, Costs(pv_kw=-100, battery_kwh=0.0, buy=NAN), Bounds(NAN, -1.0))
    assert refused(wishes) == ["--pv-cost", "--battery-cost", "--buy", "--roof-kw", "--budget"]
    assert refused(Wishes(Place(NAN, 11.6), Costs(), Bounds(10.0, 1e4))) == ["--latitude"]
    assert refused(Wishes(HERE, Costs(), Bounds(10.0, 1e4), payee="0x11")) == ["--payee"]


def test_a_folder_that_cannot_be_is_refused_before_counting(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("kept")
    assert refused(Wishes(HERE, Costs(), Bounds(10.0, 1e4), out=path)) == ["--out"]
    assert path.read_text() == "kept"


@pytest.mark.parametrize(("members", "capex"), [(1, 66_000.01), (3, 1_234.56), (7, 99.0), (400, 66_000.0)])
def test_the_plan_can_be_proposed(members: int, capex: float, tmp_path: Path) -> None:
    made, path = proposal(members=members, capex=capex), tmp_path / "plan.toml"
    path.write_text(plan_text(made, PAYEE, TODAY), encoding="utf-8")
    plan = read_plan(path)
    check_plan(plan, int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()))
    terms = plan.terms
    assert (terms.peak_w, terms.capex) == (60_000, round(capex * 100) * MICRO // 100)
    assert {milestone.payee for milestone in plan.milestones} == {b"\x11" * 20}
    # As many members as it needs can reach the threshold, each with no more than it may hold.
    assert terms.members_min <= members
    assert terms.members_min * terms.share_max_bps >= 10_000
    # The document is the hash of what stands beside it, by the rule the docs give.
    rest = {name: value for name, value in made.items() if name != "document"}
    assert terms.document == keccak(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode())


def test_a_plan_without_payee_is_open_at_its_payees_alone(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(plan_text(proposal(), None, TODAY), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_plan(path)
    assert [fault.place for fault in caught.value.faults] == [f"milestone {at}, payee" for at in (1, 2, 3)]


def test_nothing_to_build_is_no_plan() -> None:
    assert plan_text(proposal(pv_kw=0.0001, capex=0.0), PAYEE, TODAY) == ""


def test_without_money_there_is_nothing_to_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_size(None, homes=5, wishes=Wishes(HERE, Costs(), Bounds(10.0, 0.0), out=tmp_path), as_json=False)
    told = capsys.readouterr()
    assert "nothing to build" in told.out
    assert (told.err, sorted(path.name for path in tmp_path.iterdir())) == ("", ["payback.svg", "proposal.json"])


def test_solvers_more_than_a_percent_apart_are_told() -> None:
    assert told_apart(0.01) == ""
    assert told_apart(0.0137).startswith("the two solvers do not agree: 1.37% apart, more than 1%")
