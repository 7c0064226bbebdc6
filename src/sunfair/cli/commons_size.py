"""`sunfair commons size`: how big a plant to propose, and what it promises."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.chain import keccak, parse_address
from sunfair.cli.show import print_json, stderr, stdout
from sunfair.cli.signing import WallClock
from sunfair.commons.sizing import (
    AGREE,
    HOURS,
    Bounds,
    Costs,
    Economy,
    Place,
    Problem,
    Sizing,
    check_wishes,
    hourly_yield,
    size_plant,
)
from sunfair.errors import Fault, InputError
from sunfair.files import default_community, load_scenario
from sunfair.model import Scenario
from sunfair.report.payback import payback_svg
from sunfair.units import BPS

__all__ = ["Wishes", "document_of", "plan_text", "run_size", "told_apart", "yearly_use"]

_OPTIONS = {
    "pv_kw": "--pv-cost", "battery_kwh": "--battery-cost", "buy": "--buy", "sell": "--sell", "roof_kw": "--roof-kw",
    "budget": "--budget", "self_sufficiency": "--self-sufficiency", "latitude": "--latitude",
    "longitude": "--longitude", "tilt": "--tilt", "azimuth": "--azimuth",
}  # fmt: skip
"""The option that gives each number of a sizing."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked: where, what things cost, what is allowed; where to write to, and who is paid, an address."""

    place: Place
    costs: Costs
    bounds: Bounds
    out: Path | None = None
    payee: str | None = None


def run_size(scenario: Path | None, *, homes: int, wishes: Wishes, as_json: bool) -> None:
    """Size for a community's use at a place; with `out`, write `proposal.json`, `plan.toml` and `payback.svg` there."""
    payee = None if wishes.payee is None else _payee(wishes.payee)
    try:
        check_wishes(wishes.costs, wishes.bounds)
        yields = hourly_yield(wishes.place)
    except InputError as error:
        faults = [Fault(_OPTIONS.get(one.place, one.place), one.what, one.mend) for one in error.faults]
        raise InputError(error.headline, faults) from error
    if wishes.out is not None:
        _make(wishes.out)
    community = default_community(homes=homes) if scenario is None else load_scenario(scenario)
    problem = Problem(yearly_use(community), yields, wishes.costs, wishes.bounds)
    members = community.community.size
    sizing = size_plant(problem, members)
    proposal = _proposal(sizing, wishes.place, members)
    plan = plan_text(proposal, payee, WallClock().now().date())
    if wishes.out is not None:
        plot = payback_svg(sizing, currency=community.community.currency)
        _write(
            wishes.out, {"proposal.json": json.dumps(proposal, indent=1) + "\n", "plan.toml": plan, "payback.svg": plot}
        )
    if as_json:
        print_json(proposal)
    else:
        _tell(sizing, proposal, community.community.currency)
        if wishes.out is not None:
            _tell_files(wishes.out, plan, payee)
    if words := told_apart(sizing.agreement):
        stderr.print(f"[yellow]{words}[/]")


def told_apart(agreement: float) -> str:
    """What is to be said of solvers whose sizes' costs are so far apart, part of the dearer; empty if they agree."""
    if agreement <= AGREE:
        return ""
    return (
        f"the two solvers do not agree: {agreement:.2%} apart, more than {AGREE:.0%}; "
        "do not propose this size before you know why"
    )


def _payee(text: str) -> str:
    try:
        return f"0x{parse_address(text).hex()}"
    except ValueError as error:
        raise InputError("--payee is no address", [Fault("--payee", str(error))]) from error


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
            "agree": not told_apart(sizing.agreement),
        },
    }
    return {**content, "document": document_of(content)}


def document_of(content: Mapping[str, Any]) -> str:
    """Keccak-256 of a proposal's JSON but for its `document`, 0x and hex: keys sorted, no blanks, ASCII."""
    rest = {name: value for name, value in content.items() if name != "document"}
    return "0x" + keccak(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hex()


def plan_text(proposal: Mapping[str, Any], payee: str | None, today: date) -> str:
    """A plan for `propose`, as TOML, by its usual terms; empty where there is nothing to build.

    Without a `payee`, a checked address, its places stay open, and `propose` says so. Pledges until 90 days after
    `today`; 30 % of the money when it is ordered, 30 % when it stands, 40 % when it works, each two months later.
    """
    peak_w, cents, members = round(proposal["pv_kw"] * 1_000), round(proposal["capex"] * 100), int(proposal["members"])
    if peak_w == 0 or cents == 0:
        return ""
    parts = [cents * 3 // 10, cents * 3 // 10]
    parts.append(cents - sum(parts))
    share = min(BPS, max(2_500, 2 * -(-BPS // members)))
    lines = [
        "# Change what you like, then `sunfair commons propose` it. Money in units of the currency.",
        f'document = "{proposal["document"]}"  # of proposal.json',
        f"peak_w = {peak_w}",
        f"capex = {_cents(cents)}",
        f"cap = {_cents(cents * 11 // 10)}",
        f"pledge_min = {_cents(min(10_000, cents // members))}",
        f"share_max_bps = {share}",
        f"members_min = {-(-members // 2)}",
        f"deadline = {today + timedelta(90)}T00:00:00Z",
    ]
    for at, (part, what) in enumerate(zip(parts, ("ordered", "built", "at work"), strict=True), 1):
        lines += [
            f"[[milestone]]  # {what}",
            f'payee = "{payee or ""}"' + ("" if payee else "  # who is paid: an address; see `sunfair commons who`"),
            f"amount = {_cents(part)}",
            f"deadline = {today + timedelta(90 + 60 * at)}T00:00:00Z",
        ]
    return "\n".join(lines) + "\n"


def _cents(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _cases(sizing: Sizing) -> list[tuple[str, Any]]:
    return [("middle", sizing.middle), ("worst", sizing.worst), ("best", sizing.best)]


def _make(out: Path) -> None:
    """Make the folder before anything is counted; InputError if it cannot be written to."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = "is a file" if out.is_file() else error.strerror or str(error)
        raise InputError("nothing can be written there", [Fault("--out", f"{out}: {why}", "name a folder")]) from error


def _write(out: Path, files: Mapping[str, str]) -> None:
    """Write the files that hold something; InputError if one cannot be written."""
    try:
        for name, text in files.items():
            if text:
                (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        why = f"{error.filename}: {error.strerror}"
        raise InputError("nothing can be written there", [Fault("--out", why, "name another folder")]) from error


def _tell(sizing: Sizing, proposal: Mapping[str, Any], currency: str) -> None:
    size, middle, members = sizing.chosen, sizing.middle, int(proposal["members"])
    if proposal["capex"] == 0:
        stdout.print("[bold]nothing to build[/]: no plant within roof and budget saves more than it costs")
        return
    stdout.print(f"[bold]{size.pv_kw:.1f} kWp[/], battery {size.battery_kwh:.1f} kWh / {size.battery_kw:.1f} kW")
    stdout.print(f"costs {middle.capex:,.0f} {currency}, {middle.capex / members:,.0f} a member of {members}")
    stdout.print(f"gives {sizing.made:,.0f} kWh a year, {sizing.kwh_per_member:,.0f} a member")
    stdout.print(f"a kWh costs {middle.lcoe:.3f} {currency}; {max(sizing.self_sufficiency, 0):.0%} of the use is met")
    paid = [_years(case) for case in (sizing.best, middle, sizing.worst)]
    stdout.print(
        f"paid back after {paid[1]} years; {paid[0]} … {paid[2]} with prices ±20 %, yield ±8 %", soft_wrap=True
    )
    rule, other = sizing.rule_costs
    stdout.print(f"two solvers: {rule:,.0f} and {other:,.0f} {currency} a year, {sizing.agreement:.2%} apart")
    stdout.print(f"document {proposal['document']}", soft_wrap=True)


def _years(case: Economy) -> str:
    """Years to the payback; 100 or more are told as that, never too."""
    return f"{case.payback:.1f}" if case.payback < 100 else "100 or more"


def _tell_files(out: Path, plan: str, payee: str | None) -> None:
    names = ", ".join(name for name in ("proposal.json", "plan.toml" if plan else "", "payback.svg") if name)
    stdout.print(f"written to {out}: {names}", markup=False, soft_wrap=True)
    if plan:
        first = "" if payee else "write into plan.toml who is paid, then "
        stdout.print(f"next: {first}sunfair commons propose {out / 'plan.toml'}", markup=False, soft_wrap=True)
