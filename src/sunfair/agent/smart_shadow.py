"""No worse than the rule: beside every steered home runs the same home under the simple rule, on the same readings.

What the home paid is held against what its shadow would have paid at the street's own prices. Past the loss its owner
bears, the home goes back to the rule by itself and stays there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.household import Household
from sunfair.agent.rule import RuleAgents
from sunfair.agent.smart_prices import MeanPrices
from sunfair.model import Owner

__all__ = ["Beside", "Shadow"]

Ints = NDArray[np.int64]

DAYS = 365
"""After so many days losses are counted afresh."""


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """What stood beside the proven bills of a slot for n homes.

    amount : int64[n], µ, what their retailers' statements gave (+) or took (−)
    retail : int64[n], µ/kWh, what energy cost them that nobody had ordered
    """

    amount: Ints
    retail: Ints

    def instead_of(self, prices: MeanPrices) -> Ints:
        """What a kWh cost each home, int64[n], µ/kWh, of which `prices.buy` tells what it cost at the tariff.

        Cheaper than the street the home would have bought all of it, dearer only what the street did not give.
        """
        spread = max(prices.retail - prices.feed_in, 1)
        dearer = np.maximum(self.retail - prices.retail, 0) * min(max(prices.buy - prices.feed_in, 0), spread) // spread
        price: Ints = np.minimum(self.retail, prices.buy) + dearer
        return price


@dataclass(frozen=True, slots=True)
class Shadow:
    """n homes under the rule, and the account of what steering them otherwise has cost.

    rule     : the same homes, never steered; household: their heat pumps and appliances
    metered_wh : int64[n], Wh, what their meters would have shown in the last slot; cost: int64[n], µ, paid for it
    bill     : int64[n], µ, what they would have paid since the start
    lost     : int64[n], µ, what the steered homes have paid more than that in this year; below 0: less
    since    : the slot from which losses count
    back_at  : int64[n], the slot in which the home went back to the rule; −1: it has not
    """

    rule: RuleAgents
    household: Household
    metered_wh: Ints
    cost: Ints
    bill: Ints
    lost: Ints
    since: int
    back_at: Ints

    @staticmethod
    def of(rule: RuleAgents, household: Household) -> "Shadow":
        """Beside homes that start like this."""
        none = np.zeros(rule.fleet.size, np.int64)
        return Shadow(rule, household, none, none, none, none, rule.slot, none - 1)

    @property
    def steered(self) -> NDArray[np.bool_]:
        """Who has not gone back, bool[n]."""
        return self.back_at < 0

    def live(
        self, *, load_wh: Ints, pv_wh: Ints, heat_wh: Ints | None, retail: int, export_cap_wh: Ints | None = None
    ) -> "Shadow":
        """The shadow after one slot with this use, these roofs and this warmth asked for; its meter keeps the cap."""
        household = self.household.live(self.rule.slot, heat_wh, np.zeros(len(load_wh), np.bool_))
        done, _, rule = self.rule.dispatch(
            load_wh=load_wh + household.used_wh, pv_wh=pv_wh, retail=retail, export_cap_wh=export_cap_wh
        )
        return replace(self, rule=rule, household=household, metered_wh=done.metered_wh)

    def settle(
        self,
        paid: Ints,
        real: RuleAgents,
        household: Household,
        owners: Sequence[Owner],
        prices: MeanPrices,
        beside: Beside | None = None,
    ) -> "Shadow":
        """Hold the last slot's money against the shadow's.

        paid   : int64[n], µ, what the homes received (+) and paid (−) in the slot
        real, household : the homes as they are, to count what stands in one's store, car or warmth and not in the
                 other's
        prices : what a kWh cost and brought in the street's mean, at which the shadow takes and gives
        beside : what retailers' markets made of the slot; `cost` and `bill` stay those of the proven bill
        """
        cost = self._cost(np.full(len(paid), prices.buy), prices.sell)
        reckoned = cost
        if beside is not None:
            reckoned = self._cost(beside.instead_of(prices), prices.sell) + beside.amount
        year = real.fleet.per_day * DAYS
        lost, since = (
            (self.lost, self.since) if real.slot < self.since + year else (np.zeros_like(self.lost), real.slot)
        )
        lost = lost - paid - reckoned
        most = np.array([owner.loss_max for owner in owners], np.int64)
        gone = self.steered & (lost - self._ahead(real, household, prices.retail) > most)
        back_at = np.where(gone, real.slot, self.back_at)
        return replace(self, cost=cost, bill=self.bill + cost, lost=lost, since=since, back_at=back_at)

    def _cost(self, buy: Ints, sell: int) -> Ints:
        """What the slot costs at these prices, µ/kWh; rounded as a bill is: against the home, whichever way it goes."""
        cost: Ints = -(-self.metered_wh * np.where(self.metered_wh > 0, buy, np.minimum(sell, buy)) // 1_000)
        return cost

    def _ahead(self, real: RuleAgents, household: Household, retail: int) -> Ints:
        """What the homes have in store, car and warmth more than their shadows, at the utility's price, int64[n], µ."""
        stored = (real.soc_wh - self.rule.soc_wh) * real.fleet.discharge_permille // 1_000
        charged = self.rule.cars.remaining_wh - real.cars.remaining_wh
        served = household.banked_wh - self.household.banked_wh
        worth: Ints = (stored + charged + served) * max(retail, 0) // 1_000
        return worth
