"""What every battery does in a slot under the simple rule, to the watt-hour, in integers.

The rule is self-consumption: what the roof gives beyond the home's own use is stored, what the home needs beyond its
roof is taken from the store, as far as power, room and reserve go. It asks for no forecast and no price.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.fleet import Fleet

__all__ = ["Dispatch", "Reason", "battery_response", "dispatch_rule", "stored_value"]


class Reason(IntEnum):
    """Why a home's battery did what it did; `explain` turns it into a sentence."""

    BALANCED = 0
    STORED = 1
    STORED_PART = 2
    FULL = 3
    COVERED = 4
    COVERED_PART = 5
    EMPTY = 6
    NOTHING_TO_STORE_IN = 7
    NOTHING_TO_DRAW_ON = 8
    KEPT_FREE = 9
    KEPT_FULL = 10
    FILLED = 11
    SOLD = 12


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What n homes did in one slot; all int64[n], Wh, if not said otherwise.

    battery_wh     : AC side, + charges, − discharges; never both
    curtail_wh     : ≥ 0, roof energy not taken
    soc_wh         : battery side, at the slot's end
    metered_wh     : load − pv + curtail + battery + ev, + taken from the grid
    marginal_value : µ/kWh, what one more stored kWh is worth to the home
    reason         : int8[n], `Reason`
    """

    battery_wh: NDArray[np.int64]
    curtail_wh: NDArray[np.int64]
    soc_wh: NDArray[np.int64]
    metered_wh: NDArray[np.int64]
    marginal_value: NDArray[np.int64]
    reason: NDArray[np.int8]


def dispatch_rule(
    fleet: Fleet,
    *,
    load_wh: NDArray[np.int64],
    pv_wh: NDArray[np.int64],
    soc_wh: NDArray[np.int64],
    ev_wh: NDArray[np.int64],
    retail: int,
    export_cap_wh: NDArray[np.int64] | None = None,
) -> Dispatch:
    """Self-consumption of one slot.

    load_wh, pv_wh, ev_wh : int64[n], Wh, ≥ 0, what is used, given by the roof, taken by the car
    soc_wh                : int64[n], Wh, battery side, at the slot's start; outside [reserve, capacity] it is taken as
                            it is and never moves further out
    retail                : µ/kWh, the utility's price
    export_cap_wh         : int64[n], Wh, what the meters may give at most: the rest stays on the roof; None: anything

    The car counts as use: the battery looks at the meter and cannot tell them apart.
    """
    net = load_wh + ev_wh - pv_wh
    charge, stored, discharge, drawn = battery_response(fleet, net, soc_wh)
    battery = charge - discharge
    curtail = np.zeros_like(net)
    if export_cap_wh is not None:
        curtail = np.clip(-export_cap_wh - net - battery, 0, pv_wh)
    return Dispatch(
        battery_wh=battery,
        curtail_wh=curtail,
        soc_wh=soc_wh + stored - drawn,
        metered_wh=net + battery + curtail,
        marginal_value=stored_value(fleet, retail),
        reason=_reason(fleet, net, battery),
    )


def stored_value(fleet: Fleet, retail: int) -> NDArray[np.int64]:
    """What a stored kWh is worth under the rule, µ/kWh, int64[n]: the purchase at `retail` it will replace, less the
    loss on its way out; 0 for a home that can store nothing.
    """
    return np.where(fleet.capacity_wh > fleet.reserve_wh, retail * fleet.discharge_permille // 1_000, 0)


def battery_response(
    fleet: Fleet, net_wh: NDArray[np.int64], soc_wh: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """How the batteries answer the homes' net use `net_wh` (int64[…, n], + need, − surplus), exactly.

    Returns charge and discharge (AC side) and what they store and draw (battery side), all ≥ 0:
    ``stored = ⌊charge · η_c / 1000⌋``, ``drawn = ⌈discharge · 1000 / η_d⌉``: what rounding takes is lost, never won.
    """
    room = np.maximum(fleet.capacity_wh - soc_wh, 0)
    # The least AC energy that fills the room: its floor is the room itself, and a full battery takes nothing.
    filling = -(-room * 1_000 // fleet.charge_permille)
    charge = np.minimum(np.maximum(-net_wh, 0), np.minimum(filling, fleet.battery_limit_wh))
    stored = charge * fleet.charge_permille // 1_000
    charge = np.where(stored > 0, charge, 0)  # a watt-hour of which nothing would arrive is given to the street

    spare = np.maximum(soc_wh - fleet.reserve_wh, 0)
    giving = spare * fleet.discharge_permille // 1_000
    discharge = np.minimum(np.maximum(net_wh, 0), np.minimum(giving, fleet.battery_limit_wh))
    drawn = -(-discharge * 1_000 // fleet.discharge_permille)
    return charge, stored, discharge, drawn


def _reason(fleet: Fleet, net: NDArray[np.int64], battery: NDArray[np.int64]) -> NDArray[np.int8]:
    """`Reason` of each home from its net use and what its battery did about it."""
    whole, none, owns = net + battery == 0, battery == 0, fleet.capacity_wh > 0
    surplus = np.where(whole, Reason.STORED, np.where(none, Reason.FULL, Reason.STORED_PART))
    need = np.where(whole, Reason.COVERED, np.where(none, Reason.EMPTY, Reason.COVERED_PART))
    with_battery = np.where(net < 0, surplus, need)
    without = np.where(net < 0, Reason.NOTHING_TO_STORE_IN, Reason.NOTHING_TO_DRAW_ON)
    return np.where(net == 0, Reason.BALANCED, np.where(owns, with_battery, without)).astype(np.int8)
