"""What is written down of the agents of a simulated street: what they did and why, their plans, their shadows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.agent import Course, Dispatch, SmartAgents
from sunfair.agent.explain_household import add_household, add_shortfall
from sunfair.agent.retail_home import Bought
from sunfair.app import Tariff
from sunfair.ports import AgentRecord, PlanRecord
from sunfair.simulate.shortfalls import Shortfalls

__all__ = ["Diary"]

Ints = NDArray[np.int64]


class Diary:
    """Turns what agents did in a slot into the record that is kept. Holds the course of the plan of the hour."""

    def __init__(self) -> None:
        self._planned_at: int | None = None
        self._course: Course | None = None
        self.shortfalls = Shortfalls()

    def opened(
        self,
        before: SmartAgents,
        after: SmartAgents,
        done: Dispatch,
        ev_wh: Ints,
        load: Ints,
        pv: Ints,
        tariff: Tariff,
        bought: Sequence[Bought | None] | None = None,
    ) -> PlanRecord:
        """The record of a slot that is over: what was done, why, what had been planned, and where homes bought."""
        known = before.known(done, ev_wh, after, retail=tariff.retail, feed_in=tariff.feed_in)
        return PlanRecord(
            load_wh=load + after.household.used_wh,
            pv_wh=pv,
            battery_wh=done.battery_wh,
            ev_wh=ev_wh,
            curtail_wh=done.curtail_wh,
            soc_wh=done.soc_wh,
            marginal_value=done.marginal_value,
            reason=self._said(
                before, after, ev_wh, before.explain(done, known, retail=tariff.retail, feed_in=tariff.feed_in)
            ),
            agent=self._thought(before, after, known.buy, known.sell, known.drawn, bought),
        )

    def _said(self, before: SmartAgents, after: SmartAgents, ev_wh: Ints, sentences: list[str]) -> list[str]:
        """The sentences with what heat pumps and appliances did, and what cars will lack, which is noted."""
        slot, clock = before.slot, before.clock
        told = add_household(sentences, before.household, after.household, after.shadow.household, slot, before.steered)
        short, by = after.promises.shortfall(after.state.cars, ev_wh, slot, after.fleet.car_limit_wh)
        self.shortfalls.look(slot, short, by)
        return add_shortfall(told, short, by, clock)

    def closed(self, plan: PlanRecord, agents: SmartAgents) -> PlanRecord:
        """The record with what the shadows would have paid, once the slot is settled."""
        if plan.agent is None:
            return plan
        return replace(plan, agent=replace(plan.agent, shadow_paid=-agents.shadow.cost))

    def _thought(
        self,
        before: SmartAgents,
        after: SmartAgents,
        buy: Ints,
        sell: Ints,
        drawn: Ints,
        bought: Sequence[Bought | None] | None,
    ) -> AgentRecord:
        size, at = len(buy), self._place(before)
        planned = np.zeros((5, size), np.int64)
        if at is not None and self._course is not None:
            course = self._course
            for row, part in enumerate((course.load_wh, course.pv_wh, course.battery_wh, course.ev_wh, course.soc_wh)):
                planned[row, before.crew] = part[:, at]
        shadow = after.shadow
        return AgentRecord(
            steered=before.steered,
            forecast_load_wh=planned[0],
            forecast_pv_wh=planned[1],
            planned_battery_wh=planned[2],
            planned_ev_wh=planned[3],
            planned_soc_wh=planned[4],
            expected_buy=buy,
            expected_sell=sell,
            alternative=drawn,
            shadow_metered_wh=shadow.metered_wh,
            shadow_soc_wh=shadow.rule.soc_wh,
            shadow_paid=np.zeros(size, np.int64),
            market=_told(bought, size, "market"),
            market_price=_told(bought, size, "price"),
            instead=_told(bought, size, "instead"),
            instead_price=_told(bought, size, "instead_price"),
        )

    def _place(self, agents: SmartAgents) -> int | None:
        """Where in the course of its plan the agents' slot stands; None without a plan."""
        if agents.orders is None:
            return None
        if self._planned_at != agents.orders.first_slot:
            self._planned_at, self._course = agents.orders.first_slot, agents.course()
        at = agents.slot - agents.orders.first_slot
        return at if 0 <= at < agents.orders.end_slot - agents.orders.first_slot else None


def _told(bought: Sequence[Bought | None] | None, size: int, name: str) -> list[Any]:
    """One figure of where homes bought; None for who buys in no retailer's market."""
    return [None if one is None or getattr(one, name) == "" else getattr(one, name) for one in bought or [None] * size]
