"""The agents of a street under the simple rule: what they remember, and their two steps of a slot.

Ahead of a slot `offer` forecasts it and says what each home would trade; after its readings `dispatch` says what
batteries and cars did and returns the agents as they are then. Values in, values out: to look ahead, keep the old one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.cars import Cars, Garage
from sunfair.agent.dispatch import Dispatch, battery_response, dispatch_rule
from sunfair.agent.fleet import Fleet
from sunfair.agent.forecast import LOAD_DECAY, PV_DECAY, Forecast, forecast_floor
from sunfair.agent.offer import offers_rule
from sunfair.model import Curves, Fees, Member, Visits
from sunfair.slots import SlotClock
from sunfair.units import TICK

__all__ = ["RuleAgents"]


@dataclass(frozen=True, slots=True)
class RuleAgents:
    """The agents of n homes at the start of `slot`.

    soc_wh : int64[n], Wh, battery side
    cars   : who is plugged in since the slot before, and what is still asked for
    """

    fleet: Fleet
    garage: Garage
    slot: int
    soc_wh: NDArray[np.int64]
    cars: Cars

    @staticmethod
    def start(
        members: Sequence[Member],
        clock: SlotClock,
        visits: Visits,
        slot: int,
        soc_wh: NDArray[np.int64] | None = None,
    ) -> "RuleAgents":
        """The agents as `slot` begins; without `soc_wh` every battery stands at its reserve."""
        fleet = Fleet.of(members, clock)
        garage = Garage.of(visits, fleet)
        soc = np.minimum(fleet.reserve_wh, fleet.capacity_wh) if soc_wh is None else soc_wh.astype(np.int64)
        return RuleAgents(fleet, garage, slot, soc, garage.start(slot))

    def offer(
        self,
        slot: int,
        *,
        load_history: NDArray[np.int64],
        pv_history: NDArray[np.int64],
        retail: int,
        feed_in: int,
        fees: Fees,
        tick: int = TICK,
    ) -> Curves:
        """What the homes offer for `slot`, of which these agents know nothing yet.

        slot                     : from ``self.slot`` on; the slots between are running or unknown and are forecast too
        load_history, pv_history : int64[H, n], Wh, their last row is slot ``self.slot − 1``; negative: no reading
        retail, feed_in          : µ/kWh, the tariff of `slot`

        Raises ValueError for a slot that is over or more than a day ahead.
        """
        lead = slot - self.slot + 1
        soc = self.soc_wh
        for ahead in range(1, lead):
            load, pv = self.forecast(load_history, pv_history, ahead)
            ev = self.garage.expected(self.cars, self.slot + ahead - 1, ahead - 1)
            _, stored, _, drawn = battery_response(self.fleet, load.energy_wh + ev - pv.energy_wh, soc)
            soc = soc + stored - drawn
        load, pv = self.forecast(load_history, pv_history, lead)
        return offers_rule(
            self.fleet,
            load=load,
            pv=pv,
            soc_wh=soc,
            ev_expected_wh=self.garage.expected(self.cars, slot, lead - 1),
            retail=retail,
            feed_in=feed_in,
            fees=fees,
            tick=tick,
        )

    def dispatch(
        self,
        *,
        load_wh: NDArray[np.int64],
        pv_wh: NDArray[np.int64],
        retail: int,
        export_cap_wh: NDArray[np.int64] | None = None,
    ) -> tuple[Dispatch, NDArray[np.int64], "RuleAgents"]:
        """What happens in ``self.slot`` with the use and the roofs that were: the dispatch, what the cars took
        (int64[n], Wh), and the agents at the start of the next slot.
        """
        ev_wh, cars = self.garage.step(self.cars, self.slot)
        done = dispatch_rule(
            self.fleet,
            load_wh=load_wh,
            pv_wh=pv_wh,
            soc_wh=self.soc_wh,
            ev_wh=ev_wh,
            retail=retail,
            export_cap_wh=export_cap_wh,
        )
        return done, ev_wh, replace(self, slot=self.slot + 1, soc_wh=done.soc_wh, cars=cars)

    def forecast(
        self, load_history: NDArray[np.int64], pv_history: NDArray[np.int64], lead: int
    ) -> tuple[Forecast, Forecast]:
        """Use and roofs `lead` slots after the last known one."""
        per_day = self.fleet.per_day
        return (
            forecast_floor(load_history, per_day, lead, decay_permille=LOAD_DECAY),
            forecast_floor(pv_history, per_day, lead, decay_permille=PV_DECAY),
        )
