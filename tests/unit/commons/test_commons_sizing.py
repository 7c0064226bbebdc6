"""A plant's size: two solvers against each other, against brute force, and what comes out of it."""

import numpy as np
import pytest

from sunfair.commons.sizing import (
    Bounds,
    Costs,
    Place,
    Problem,
    Size,
    annuity,
    check_wishes,
    economy,
    follow_rule,
    hourly_yield,
    rule_cost,
    search,
    solve_days,
    typical_days,
    whole_year,
)
from sunfair.commons.sizing.problem import check_problem
from sunfair.errors import InputError
from sunfair.report.payback import payback_svg

HOURS = 8760


def made_problem(**bounds: float) -> Problem:
    """A bell over each day, higher in summer, clouds from a seed; use with a morning and an evening."""
    rng = np.random.default_rng(3)
    hour, day = np.arange(HOURS) % 24, np.arange(HOURS) // 24
    season = 0.55 - 0.35 * np.cos(2 * np.pi * (day - 10) / 365)
    sun = np.maximum(np.sin(np.pi * (hour - 5) / 14), 0) * season * np.repeat(rng.uniform(0.2, 1, 365), 24)
    use = 6 + 5 * np.exp(-((hour - 8) ** 2) / 4) + 9 * np.exp(-((hour - 19) ** 2) / 6) + rng.uniform(0, 1, HOURS)
    return Problem(use, sun, Costs(battery_kwh=200.0), Bounds(**({"roof_kw": 90.0, "budget": 90_000.0} | bounds)))


@pytest.fixture(scope="module")
def problem() -> Problem:
    return made_problem(self_sufficiency=0.3)


def test_both_solvers_and_brute_force_on_a_coarse_grid_agree(problem: Problem) -> None:
    """The search is no worse than the grid, which holds a point near its answer; both solvers' sizes cost within a percent of each other."""
    grid = np.array([(pv, kwh, kw) for pv in range(0, 91, 6) for kwh in range(0, 121, 13) for kw in (0, 12, 24)], float)
    best = float(rule_cost(problem, grid).min())
    searched = search(problem, starts=15, rounds=14)
    linear = solve_days(problem, typical_days(problem)).size
    of_linear = float(rule_cost(problem, np.array([[linear.pv_kw, linear.battery_kwh, linear.battery_kw]]))[0])
    assert searched.cost <= best * 1.002
    assert best <= searched.cost * 1.01
    assert abs(of_linear - searched.cost) <= 0.01 * searched.cost


def test_the_best_dispatch_of_the_whole_year_is_no_dearer_than_the_rule(problem: Problem) -> None:
    size = Size(60.0, 40.0, 10.0)
    best = solve_days(problem, whole_year(problem), size)
    flows = follow_rule(problem, np.array([[60.0, 40.0, 10.0]]))[0]
    rule = size.annual(problem.costs) + problem.costs.buy * flows[0] - problem.costs.sell * flows[1]
    assert best.cost <= rule * (1 + 1e-9)
    # At constant prices nothing can beat storing what is over and using it as soon as it lacks.
    assert best.cost == pytest.approx(rule, rel=2e-4)


def test_energy_of_a_year_balances(problem: Problem) -> None:
    """Made + imported = used + exported + lost in the battery, which loses at most what its efficiencies say."""
    pv, kwh, kw = 70.0, 50.0, 15.0
    imported, exported = follow_rule(problem, np.array([[pv, kwh, kw], [pv, 0.0, 0.0]])).T
    made, use = pv * problem.yield_kwh.sum(), problem.use_kwh.sum()
    lost = made + imported - use - exported
    assert lost[1] == pytest.approx(0, abs=1e-6)
    assert 0 < lost[0] < (exported[1] - exported[0]) * 0.11 + kwh


def test_typical_days_keep_the_years_energy(problem: Problem) -> None:
    days = typical_days(problem)
    assert days.weight.sum() == 365
    assert (days.weight[:, None] * days.use).sum() == pytest.approx(problem.use_kwh.sum())
    assert (days.weight[:, None] * days.made).sum() == pytest.approx(problem.yield_kwh.sum())


def test_annuity_pays_a_debt_off() -> None:
    rate, debt = annuity(0.03, 20), 1.0
    for _ in range(20):
        debt = debt * 1.03 - rate
    assert debt == pytest.approx(0, abs=1e-12)
    assert annuity(0, 20) == 0.05


def test_dearer_power_pays_back_sooner(problem: Problem) -> None:
    size = Size(50.0, 20.0, 5.0)
    worst, middle, best = (economy(problem, size, price, sun) for price, sun in ((0.8, 0.92), (1, 1), (1.2, 1.08)))
    assert best.payback < middle.payback < worst.payback
    assert best.lcoe < middle.lcoe < worst.lcoe
    assert middle.capex == 50 * 1_100 + 20 * 200 + 5 * 150


def test_what_nothing_can_be_sized_with() -> None:
    good = made_problem()
    use = good.use_kwh.copy()
    use[17] = np.nan
    with pytest.raises(InputError) as caught:
        check_problem(Problem(use, good.yield_kwh[:-1], Costs(sell=0.5), Bounds(-1.0, 1.0, 1.5)))
    places = [fault.place for fault in caught.value.faults]
    assert places == ["use_kwh", "yield_kwh", "sell", "roof_kw", "self_sufficiency"]
    nan = float("nan")
    with pytest.raises(InputError) as wished:
        check_wishes(Costs(pv_kw=-100.0, battery_kwh=nan, buy=float("inf"), sell=-0.1), Bounds(nan, 1e300, nan))
    places = [fault.place for fault in wished.value.faults]
    assert places == ["pv_kw", "battery_kwh", "buy", "sell", "roof_kw", "budget", "self_sufficiency"]
    assert "gap in hour 17" in str(caught.value)
    with pytest.raises(InputError, match="no plant meets"):
        solve_days(made_problem(self_sufficiency=0.99), typical_days(made_problem()))


def test_yields_of_known_places() -> None:
    """Within what PVGIS tells for them, kWh of a kW and year; in the south the roof looks north."""
    assert 850 < hourly_yield(Place(48.1, 11.6)).sum() < 1_250
    assert 1_300 < hourly_yield(Place(37.4, -6.0, clearness=(0.8,) * 12)).sum() < 1_900
    with pytest.raises(InputError, match="latitude"):
        hourly_yield(Place(91.0, 0.0))


def test_plot_holds_the_payback(problem: Problem) -> None:
    from types import SimpleNamespace
    from xml.etree import ElementTree

    cases = [economy(problem, Size(50.0, 20.0, 5.0), price, 1.0) for price in (1.2, 1.0, 0.8)]
    drawn = payback_svg(SimpleNamespace(best=cases[0], middle=cases[1], worst=cases[2]))
    texts = [one for one in ElementTree.fromstring(drawn).iter() if one.tag.endswith("text")]
    assert "years of operation" in [one.text for one in texts]
    # What ends at the axis begins within the picture: no letter of 12 px is wider than 9.
    ends = [one for one in texts if one.get("text-anchor") == "end"]
    assert [one.text for one in ends if one.text.startswith("−")]
    assert all(float(one.get("x")) > 9 * len("−120,000 EUR") >= 9 * len(one.text) for one in ends)
    assert f"{cases[0].payback:.1f} to {cases[2].payback:.1f} years" in drawn
