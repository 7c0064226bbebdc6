"""`sunfair commons size`: how big a plant to propose, and what it promises."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.chain import keccak
from sunfair.cli.show import print_json, stdout
from sunfair.commons.sizing import HOURS, Bounds, Costs, Place, Problem, Sizing, hourly_yield, size_plant
from sunfair.errors import Fault, InputError
from sunfair.files import default_community, load_scenario
from sunfair.model import Scenario
from sunfair.report.payback import payback_svg

__all__ = ["run_size", "yearly_use"]


def run_size(
    scenario: Path | None, *, homes: int, place: Place, costs: Costs, bounds: Bounds, out: Path | None, as_json: bool
) -> None:
    """Size for a community's use at a place; with `out`, write `proposal.json` and `payback.svg` there."""
    community = default_community(homes=homes) if scenario is None else load_scenario(scenario)
    problem = Problem(yearly_use(community), hourly_yield(place), costs, bounds)
    members = community.community.size
    sizing = size_plant(problem, members)
    proposal = _proposal(sizing, place, members)
    if out is not None:
        _write(out, proposal, payback_svg(sizing, currency=community.community.currency))
    if as_json:
        print_json(proposal)
    else:
        _tell(sizing, members, community.community.currency, out)


def yearly_use(scenario: Scenario) -> NDArray[np.float64]:
    """What all members use, kWh in each of the first 8,760 hours of the series; InputError if they hold less."""
    clock = scenario.community.clock
    per_hour = 3_600 // clock.seconds
    use = scenario.series.load_wh.sum(axis=1)
    if len(use) < HOURS * per_hour:
        what = f"hold {len(use) / per_hour:.0f} hours"
        raise InputError("a plant is sized for a year", [Fault("series", what, f"give at least {HOURS} hours")])
    hours: NDArray[np.float64] = use[: HOURS * per_hour].reshape(HOURS, per_hour).sum(axis=1) / 1_000
    return hours


def _proposal(sizing: Sizing, place: Place, members: int) -> dict[str, Any]:
    """What goes into a proposal; its `document` is the hash a plan names."""
    content = {
        "place": asdict(place),
        "members": members,
        "pv_kw": round(sizing.chosen.pv_kw, 3),
        "battery_kwh": round(sizing.chosen.battery_kwh, 3),
        "battery_kw": round(sizing.chosen.battery_kw, 3),
        "capex": round(sizing.middle.capex, 2),
        "kwh_per_year": round(sizing.made, 1),
        "kwh_per_member": round(sizing.kwh_per_member, 1),
        "self_sufficiency": round(sizing.self_sufficiency, 4),
        "lcoe": {name: round(case.lcoe, 4) for name, case in _cases(sizing)},
        "payback_years": {name: round(case.payback, 2) for name, case in _cases(sizing) if case.payback < 1e6},
        "solvers": {
            "linear": asdict(sizing.linear),
            "searched": asdict(sizing.searched),
            "whole_year_cost": round(sizing.whole_year, 2),
            "cost_under_the_rule": [round(cost, 2) for cost in sizing.rule_costs],
            "apart": round(sizing.agreement, 5),
        },
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return {**content, "document": "0x" + keccak(text.encode()).hex()}


def _cases(sizing: Sizing) -> list[tuple[str, Any]]:
    return [("middle", sizing.middle), ("worst", sizing.worst), ("best", sizing.best)]


def _write(out: Path, proposal: dict[str, Any], plot: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "proposal.json").write_text(json.dumps(proposal, indent=1) + "\n", encoding="utf-8")
    (out / "payback.svg").write_text(plot, encoding="utf-8")


def _tell(sizing: Sizing, members: int, currency: str, out: Path | None) -> None:
    size, middle = sizing.chosen, sizing.middle
    stdout.print(f"[bold]{size.pv_kw:.1f} kWp[/], battery {size.battery_kwh:.1f} kWh / {size.battery_kw:.1f} kW")
    stdout.print(f"costs {middle.capex:,.0f} {currency}, {middle.capex / members:,.0f} a member of {members}")
    stdout.print(f"gives {sizing.made:,.0f} kWh a year, {sizing.kwh_per_member:,.0f} a member")
    stdout.print(f"a kWh costs {middle.lcoe:.3f} {currency}; {sizing.self_sufficiency:.0%} of the use is met")
    paid = [f"{case.payback:.1f}" for case in (sizing.best, middle, sizing.worst)]
    stdout.print(f"paid back after {paid[1]} years; {paid[0]} … {paid[2]} with prices ±20 %, yield ±8 %")
    rule, other = sizing.rule_costs
    stdout.print(f"two solvers: {rule:,.0f} and {other:,.0f} {currency} a year, {sizing.agreement:.2%} apart")
    if out is not None:
        stdout.print(f"written to {out}: proposal.json, payback.svg")
