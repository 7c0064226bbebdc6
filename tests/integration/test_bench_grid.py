"""`bench grid` on a small street whose wires bind: what each way is held to, figures apart."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sunfair.bench.grid import WAYS, bench_grid
from sunfair.cli.bench_grid import run_bench_grid
from sunfair.errors import InputError
from sunfair.model import Car, Phase, Visits

HOMES, DAYS = 12, 4


@pytest.fixture(scope="module")
def street(made_street):
    """Twelve homes with large roofs on two feeders of one small transformer, some batteries, one car a day."""
    spec = importlib.util.spec_from_file_location("bench_feeder", Path(__file__).parents[1] / "unit/grid/feeder.py")
    feeder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(feeder)
    made = made_street(HOMES, minutes=60, days=DAYS)
    phases = [Phase.A, Phase.B, Phase.C]
    members = tuple(
        replace(home, bus=int(3 + at % 4), phase=phases[at % 3]) for at, home in enumerate(made.community.members)
    )
    tables = feeder.tables([(member.bus, member.phase.value) for member in members])
    tables["source"] = feeder.source(u_ref=1.05)
    series = replace(made.series, pv_wh=made.series.pv_wh * 4)
    first = series.first_slot
    arrive = np.array([first + 24 * day + 17 for day in range(DAYS)])
    visits = Visits(np.zeros(DAYS, np.int32), arrive, arrive + 12, np.full(DAYS, 9_000))
    members = (replace(members[0], car=Car(7_400)), *members[1:])
    community = replace(made.community, members=members)
    return replace(made, community=community, series=series, visits=visits, network_json=feeder.text(tables))


@pytest.fixture(scope="module")
def figures(street):
    told = []
    found = bench_grid({"small": street}, lambda *step: told.append(step), every=2)
    assert told[-1] == ("small", 2, 2)
    return json.loads(json.dumps(found))  # plain JSON values


def test_every_way_but_the_first_keeps_the_limits(figures):
    grid = figures["grids"][0]
    assert list(grid["ways"]) == list(WAYS)
    assert grid["ways"]["no limits"]["violation_hours"] > 0
    for way in ("static limit", "pro rata", "local prices", "local prices, batteries and cars"):
        assert grid["ways"][way]["violation_hours"] == 0, way


def test_wires_that_never_bind_hold_nothing_back(street):
    """Roofs of an eighth: nobody is outside, so no limit has anything to turn down, the static one included."""
    small = replace(street, series=replace(street.series, pv_wh=street.series.pv_wh // 8))
    ways = bench_grid({"small": small}, lambda *_: None, every=2)["grids"][0]["ways"]
    assert ways["no limits"]["violation_hours"] == 0
    assert {way: one["curtailed_kwh"] for way, one in ways.items()} == dict.fromkeys(WAYS, 0)


def test_who_sees_the_wires_throws_away_less(figures):
    ways = figures["grids"][0]["ways"]
    curtailed = {way: one["curtailed_kwh"] for way, one in ways.items()}
    assert curtailed["no limits"] == 0
    assert 0 < curtailed["local prices"] <= curtailed["pro rata"] <= curtailed["static limit"]
    assert curtailed["local prices, batteries and cars"] < curtailed["local prices"]
    assert ways["local prices"]["welfare"] > ways["static limit"]["welfare"]


def test_pro_rata_is_as_fair_as_can_be(figures):
    for way, one in figures["grids"][0]["ways"].items():
        assert 0 < one["fairness"] <= 1, way
    assert figures["grids"][0]["ways"]["pro rata"]["fairness"] == pytest.approx(1, abs=1e-3)


def test_a_step_below_one_is_refused_before_anything_is_read():
    told = []
    with pytest.raises(InputError, match="--every: is 0"):
        run_bench_grid(told.append, every=0, community=Path("nowhere"))
    assert told == []


@pytest.mark.parametrize("every", [0, -3, 40])
def test_a_step_that_meets_no_day_is_refused(street, every):
    with pytest.raises(InputError, match=f"--every is {every}; the series hold {DAYS} days"):
        bench_grid({"small": street}, every=every)


def test_a_community_without_wires_is_refused(street):
    with pytest.raises(InputError, match="no wires"):
        bench_grid({"small": replace(street, network_json=None)})
