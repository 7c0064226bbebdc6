"""What a plan expects to happen: the course of each home's battery and car if all came as forecast."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.dispatch_levels import store_response
from sunfair.agent.fleet import Fleet
from sunfair.agent.smart_orders import Orders, Prospect

__all__ = ["Course", "course_of"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Course:
    """n homes over R slots, int64[n, R], Wh.

    load_wh, pv_wh : what is expected; ev_wh, battery_wh : what car and battery are to do (+ taken); soc_wh : in store
    at the slot's end
    """

    load_wh: Ints
    pv_wh: Ints
    ev_wh: Ints
    battery_wh: Ints
    soc_wh: Ints


def course_of(fleet: Fleet, orders: Orders, prospect: Prospect, soc_wh: Ints) -> Course:
    """The course from `soc_wh` (int64[n], Wh) at the start of the first slot of `orders`."""
    slots = orders.end_slot - orders.first_slot
    load, roof = (np.rint(part[:, :slots]).astype(np.int64) for part in (prospect.load_wh, prospect.roof_wh))
    ev = np.rint(orders.car_wh).astype(np.int64)
    battery, stored = np.zeros((2, *load.shape), np.int64)
    for at in range(slots):
        net = load[:, at] + ev[:, at] - roof[:, at]
        response = store_response(fleet, orders.stores(orders.first_slot + at, fleet), net, soc_wh)
        soc_wh = soc_wh + response.stored - response.drawn
        battery[:, at], stored[:, at] = response.battery_wh, soc_wh
    return Course(load, roof, ev, battery, stored)
