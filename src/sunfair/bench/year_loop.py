"""The closed loop of `bench year`: homes through slots of their measured series, steered one way or another."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sunfair.agent import Cars, Policy, RuleAgents, SmartAgents, published
from sunfair.agent.smart_orders import Orders
from sunfair.model import Scenario, Strategy

__all__ = ["HISTORY_DAYS", "Kind", "Ran", "bill_of", "rule_homes", "run_homes", "smart_homes"]

Ints = NDArray[np.int64]

HISTORY_DAYS = 15


class Kind(StrEnum):
    """Who decides: nobody (no battery, cars at once), the rule, plans as levels, plans as set-points."""

    NONE = "none"
    RULE = "rule"
    SMART = "smart"
    SET_POINTS = "set_points"


@dataclass(frozen=True, slots=True)
class Ran:
    """What n homes came to: bill int64[n], µ, at the tariff; and their stores and cars at the end."""

    bill: Ints
    soc_wh: Ints
    cars: Cars


def smart_homes(scenario: Scenario) -> Scenario:
    """The same community with every home that has something to steer planned."""
    members = tuple(
        replace(member, strategy=Strategy.SMART) if member.battery or member.car else member
        for member in scenario.community.members
    )
    return replace(scenario, community=replace(scenario.community, members=members))


def rule_homes(scenario: Scenario) -> Scenario:
    """The same community with every home under the simple rule."""
    members = tuple(replace(member, strategy=Strategy.RULE) for member in scenario.community.members)
    return replace(scenario, community=replace(scenario.community, members=members))


def bill_of(metered_wh: Ints, retail: int, feed_in: int) -> Ints:
    """µ that meters showing `metered_wh` (int64[n], Wh, + taken) cost at the tariff, rounded against the home."""
    return np.asarray(-(-metered_wh * np.where(metered_wh > 0, retail, feed_in) // 1_000))


def run_homes(scenario: Scenario, slots: range, kind: Kind, policy: Policy | None = None) -> Ran:
    """The homes of `scenario` through `slots` (places in its series), every battery at its reserve at first."""
    if kind in (Kind.NONE, Kind.RULE):
        return _ruled(scenario, slots, battery=kind is Kind.RULE)
    community, series = smart_homes(scenario).community, scenario.series
    start = series.first_slot + slots.start
    agents = SmartAgents.start(community.members, community.clock, scenario.visits, start, policy=policy)
    bill, history = np.zeros(community.size, np.int64), HISTORY_DAYS * community.clock.per_day
    for at in slots:
        seen = slice(max(0, at - history), at)
        retail, feed_in = int(series.retail[at]), int(series.feed_in[at])
        before = agents.orders
        agents = agents.look_ahead(
            load_history=series.load_wh[seen],
            pv_history=series.pv_wh[seen],
            published=published(series, series.first_slot + at, community.clock),
            fees=community.fees,
        )
        if kind is Kind.SET_POINTS and agents.orders is not before:
            agents = replace(agents, orders=_set_points(agents))
        done, _, agents = agents.dispatch(
            load_wh=series.load_wh[at], pv_wh=series.pv_wh[at], retail=retail, feed_in=feed_in
        )
        bill += bill_of(done.metered_wh, retail, feed_in)
    return Ran(bill, agents.state.soc_wh, agents.state.cars)


def _ruled(scenario: Scenario, slots: range, *, battery: bool) -> Ran:
    community, series = scenario.community, scenario.series
    members = community.members if battery else tuple(replace(member, battery=None) for member in community.members)
    agents = RuleAgents.start(members, community.clock, scenario.visits, series.first_slot + slots.start)
    bill = np.zeros(community.size, np.int64)
    for at in slots:
        retail, feed_in = int(series.retail[at]), int(series.feed_in[at])
        done, _, agents = agents.dispatch(load_wh=series.load_wh[at], pv_wh=series.pv_wh[at], retail=retail)
        bill += bill_of(done.metered_wh, retail, feed_in)
    return Ran(bill, agents.soc_wh, agents.cars)


def _set_points(agents: SmartAgents) -> Orders | None:
    """The plan as set-points: every battery goes to the level its plan foresaw, whatever its meter shows."""
    course = agents.course()
    if agents.orders is None or course is None:
        return agents.orders
    levels = agents.orders.levels.copy()
    levels[:, :, :4] = course.soc_wh[:, :, None]
    return replace(agents.orders, levels=levels)
