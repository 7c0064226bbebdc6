"""What homes do in a slot when a plan steers them: batteries follow their levels, about what was traded ahead."""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.dispatch import Dispatch, Reason, stored_value
from sunfair.agent.dispatch_levels import Bounds, Levels, Response, store_response
from sunfair.agent.fleet import Fleet

__all__ = ["dispatch_told"]

Ints = NDArray[np.int64]


def dispatch_told(
    fleet: Fleet,
    levels: Levels,
    *,
    load_wh: Ints,
    pv_wh: Ints,
    soc_wh: Ints,
    ev_wh: Ints,
    ahead_wh: Ints,
    retail: int,
    costly: NDArray[np.bool_],
    bounds: Bounds | None = None,
) -> tuple[Dispatch, Response]:
    """One slot of n homes whose batteries follow `levels`; and what the batteries did, both sides.

    load_wh, pv_wh, ev_wh, soc_wh : as in `dispatch_rule`
    ahead_wh : int64[n], Wh, + bought, − sold before the slot: the battery steers the meter to it, for what differs is
               dealt with at worse prices
    retail   : µ/kWh, the utility's price, for the worth of what is stored under the simple rule
    costly   : bool[n], whether giving away surplus costs the home: then what nobody ordered stays on the roof
    bounds   : what the meters may show; None: anything

    `marginal_value` is that of the simple rule; a plan's own takes its place where there is one.
    """
    net = load_wh + ev_wh - pv_wh - ahead_wh
    about = None if bounds is None else bounds.about(ahead_wh)
    response = store_response(fleet, levels, net, soc_wh, about)
    battery = response.battery_wh
    curtail = np.where(costly, np.clip(-(net + battery), 0, pv_wh), 0)
    if about is not None:
        curtail = np.maximum(curtail, about.curtailed(net + battery, pv_wh))
    done = Dispatch(
        battery_wh=battery,
        curtail_wh=curtail,
        soc_wh=soc_wh + response.stored - response.drawn,
        metered_wh=net + ahead_wh + battery + curtail,
        marginal_value=stored_value(fleet, retail),
        reason=_reason(fleet, net, response, soc_wh),
    )
    return done, response


def _reason(fleet: Fleet, net: Ints, response: Response, soc: Ints) -> NDArray[np.int8]:
    """`Reason` of each home, from its net use, what its battery did and what it could have done besides."""
    battery, owns = response.battery_wh, fleet.capacity_wh > 0
    whole, none = net + battery == 0, battery == 0
    spare = np.maximum(soc - fleet.reserve_wh, 0) * fleet.discharge_permille // 1_000
    room = np.maximum(fleet.capacity_wh - soc, 0)
    more_in = np.minimum(room, fleet.battery_limit_wh - response.charge) - response.stored > 0
    more_out = np.minimum(spare, fleet.battery_limit_wh) - response.discharge > 0
    part = np.where(none, np.where(room > 0, Reason.KEPT_FREE, Reason.FULL), Reason.STORED_PART)
    part = np.where(~none & more_in, Reason.KEPT_FREE, part)
    surplus = np.where(whole, Reason.STORED, part)
    rest = np.where(none, np.where(spare > 0, Reason.KEPT_FULL, Reason.EMPTY), Reason.COVERED_PART)
    rest = np.where(~none & more_out, Reason.KEPT_FULL, rest)
    need = np.where(whole, Reason.COVERED, rest)
    told = np.where(net < 0, surplus, np.where(net > 0, need, Reason.BALANCED))
    told = np.where(response.charge > np.maximum(-net, 0), Reason.FILLED, told)
    told = np.where(response.discharge > np.maximum(net, 0), Reason.SOLD, told)
    without = np.where(net < 0, Reason.NOTHING_TO_STORE_IN, Reason.NOTHING_TO_DRAW_ON)
    return np.where(owns, told, np.where(net == 0, Reason.BALANCED, without)).astype(np.int8)
