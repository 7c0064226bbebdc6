"""`sunfair commons share`: a community's plant over its series by every key, and the rules of a place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from sunfair.cli.show import print_json, stdout
from sunfair.commons import KEYS, RULE_SETS, Applicant, Flows, check_members, share_output
from sunfair.errors import Fault, InputError
from sunfair.files import load_scenario
from sunfair.model import Member, Plant, Scenario
from sunfair.units import LIMIT_MAX, MICRO, format_price

__all__ = ["run_share"]

_YEAR_SECONDS = 365 * 86_400
_HOURS = 24


@dataclass(frozen=True, slots=True)
class _Case:
    """A plant, its place among the members, its holders' places, and what the series say would flow in `seconds`."""

    member: Member
    plant: Plant
    place: int
    holders: tuple[int, ...]
    flows: Flows
    seconds: int

    @property
    def clamped(self) -> int:
        """Slots whose retail or feed-in price bounds the plant's: a kWh is shared at that one instead."""
        price, flows = self.plant.price or 0, self.flows
        return int(((price < flows.feed_in) | (price > flows.retail)).sum())

    def by(self, key: str) -> dict[str, Any]:
        """What a key gives over the series: Wh, and µ that holders save and the plant gets."""
        shared = share_output(replace(self.plant, key=key), self.plant.shares_bps, self.flows, self.place, self.holders)
        saved = shared.credit.sum(axis=0)
        return {
            "key": key,
            "shared_wh": int(shared.shared_wh.sum()),
            "surplus_wh": int(shared.surplus_wh.sum()),
            "saved": int(saved.sum()),
            "least": int(saved.min()),
            "most": int(saved.max()),
            "income": int(shared.income.sum()),
        }


def run_share(path: Path, *, name: str | None, price: float | None, rules: str | None, as_json: bool) -> int:
    """Print what each key gives; with `rules`, what of the plant they forbid: then the exit code is 1.

    `name` is the plant's id where there are several; `price`, in units of the currency a kWh, stands in for its own.
    """
    if rules is not None and rules not in RULE_SETS:
        raise InputError(f"there are no rules {rules!r}", [Fault("--rules", rules, f"one of {', '.join(RULE_SETS)}")])
    asked = None if price is None else _price(price)
    scenario = load_scenario(path)
    case = _case(scenario, name, asked)
    told = [case.by(key) for key in KEYS]
    broken = _broken(scenario, case, rules) if rules else []
    if as_json:
        rule = None if rules is None else {"name": rules, "source": RULE_SETS[rules].source, "broken": broken}
        print_json({"plant": case.member.id, "key": case.plant.key, "keys": told, "rules": rule})
    else:
        _show(case, told, scenario.community.currency)
        for line in broken:
            stdout.print(f"{rules}: {line}", markup=False, soft_wrap=True)
        if rules and not broken:
            stdout.print(
                f"{rules}: nothing speaks against it ({RULE_SETS[rules].source})", markup=False, soft_wrap=True
            )
    return 1 if broken else 0


def _price(price: float) -> int:
    """The price in µ/kWh; InputError for what is no price."""
    if not 0 <= price * MICRO <= LIMIT_MAX:
        fault = Fault("--price", f"is {price:g}", f"must lie in 0 … {LIMIT_MAX // MICRO}, money a kWh")
        raise InputError("a shared kWh has no such price", [fault])
    return int(Decimal(str(price)) * MICRO)


def _case(scenario: Scenario, name: str | None, price: int | None) -> _Case:
    members, series = scenario.community.members, scenario.series
    plants = [(at, one) for at, one in enumerate(members) if one.plant is not None and name in (None, one.id)]
    if len(plants) != 1:
        there = ", ".join(one.id for one in members if one.plant is not None) or "none"
        fault = Fault("--plant", f"names {len(plants)} plants", f"name one of: {there}")
        raise InputError("which plant is meant is not clear", [fault])
    at, member = plants[0]
    assert member.plant is not None
    asked = member.plant.price if price is None else price
    if asked is None:
        fault = Fault("--price", f"is missing, and {member.id} has none", "say what a shared kWh costs a holder")
        raise InputError("the keys are compared by what they save", [fault])
    clock, slots = scenario.community.clock, len(series.load_wh)
    hours = np.array([clock.local(series.first_slot + slot).hour for slot in range(slots)], np.int64)
    net: NDArray[np.int64] = (series.load_wh - series.pv_wh).astype(np.int64)
    flows = Flows(net, np.zeros_like(net), series.retail.astype(np.int64), series.feed_in.astype(np.int64), hours)
    index = {one.id: place for place, one in enumerate(members)}
    own = member.plant
    plant = replace(own, price=asked, ranking=own.ranking or own.holders, table=own.table or (own.shares_bps,) * _HOURS)
    return _Case(member, plant, at, tuple(index[one] for one in own.holders), flows, slots * clock.seconds)


def _broken(scenario: Scenario, case: _Case, rules: str) -> list[str]:
    """What the rules of a place forbid of the plant as it stands; distances are not in a community file."""
    seconds = scenario.community.clock.seconds
    use = np.maximum(case.flows.metered_wh[:, list(case.holders)], 0).max(axis=0) * 3_600 // seconds
    people = [
        Applicant(*one) for one in zip(case.plant.holders, case.plant.shares_bps, use.tolist(), strict=True) if one[1]
    ]
    made = int(np.maximum(-case.flows.metered_wh[:, case.place], 0).sum())
    year = made * _YEAR_SECONDS // (len(case.flows.hours) * seconds)
    try:
        check_members(RULE_SETS[rules], case.plant.key or "none", people, peak_w=case.member.pv_wp, year_wh=year)
    except InputError as error:
        return [str(fault) for fault in error.faults]
    return []


def _show(case: _Case, told: Sequence[dict[str, Any]], currency: str) -> None:
    days = case.seconds / 86_400
    price = format_price(case.plant.price or 0, currency)
    table = Table(title=f"{case.member.id} over {days:.4g} days, shared at {price}; money in {currency}")
    table.add_column("key", no_wrap=True)
    for column in ("shared kWh", "beyond", "all save", "least", "most", "plant gets more"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in told:
        energy = [f"{one[name] / 1e3:,.1f}" for name in ("shared_wh", "surplus_wh")]
        money = [f"{one[name] / MICRO:,.2f}" for name in ("saved", "least", "most", "income")]
        table.add_row(f"{one['key']}{' *' if one['key'] == case.plant.key else ''}", *energy, *money)
    stdout.print(table)
    words = (
        "Beside a holder that buys all of it at retail and a plant that sells all at feed-in. * the plant's own key. "
        "Where the file gives no ranking, table or values: the holders' order, the shares in every hour, all alike."
    )
    stdout.print(words, soft_wrap=True)
    if case.clamped:
        stdout.print(
            f"In {case.clamped} of {len(case.flows.hours)} slots that price is below feed-in or above retail: there a "
            "kWh is shared at these, so that nobody loses by sharing.",
            soft_wrap=True,
        )
