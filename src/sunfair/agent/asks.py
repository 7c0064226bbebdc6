"""What homes ask of the wires for a slot, and what their chargers do inside what they were told."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.dispatch_levels import Bounds, Levels
from sunfair.agent.fleet import Fleet
from sunfair.agent.forecast import Forecast
from sunfair.agent.offer import meter_flows
from sunfair.grid import Asks
from sunfair.model import Member

__all__ = ["asks_of", "bare_asks", "charger_room"]

Ints = NDArray[np.int64]

FLOOR_WH = 25
"""Use a quarter of an hour that nobody foresaw: a kettle's worth, as a home of the street has it."""

_FAR = 10**12


def asks_of(
    members: Sequence[Member],
    fleet: Fleet,
    levels: Levels,
    load: Forecast,
    pv: Forecast,
    soc_wh: Ints,
    further_wh: Ints,
) -> Asks:
    """What n homes ask for in the slot of these forecasts; arguments as for `offers_rule`, levels as will be told.

    Asked is the widest that the last seven days, come again, would make of the meter under the levels. A home without
    a reading asks for all its roof. What devices can do at most is what is registered of them: a home that asks for
    more is not given it.
    """
    flows, there = meter_flows(fleet, levels, load=load, pv=pv, soc_wh=soc_wh, ev_wh=further_wh)
    bare = np.where(there, load.days_wh - pv.days_wh, 0).max(axis=0)
    floor = FLOOR_WH * 96 // fleet.per_day
    roof = np.array([member.pv_wp for member in members], np.int64) * 24 // fleet.per_day
    roof = np.maximum(roof, np.where(there, pv.days_wh, 0).max(axis=0))
    need = np.maximum(bare, 0) + floor
    taken = np.maximum(np.where(there, flows, 0).max(axis=0), 0) + floor
    low = np.sort(np.where(there, flows, 0), axis=0)
    given = np.where(there.any(axis=0), np.maximum(-low[2], 0), roof)
    use = np.maximum(np.where(there, load.days_wh, 0).max(axis=0), 0) + floor
    most = 2 * use + further_wh + fleet.battery_limit_wh + fleet.car_limit_wh
    return Asks(need, np.maximum(taken, need), given, np.maximum(most, need), roof + fleet.battery_limit_wh)


def bare_asks(load: Forecast, pv: Forecast) -> Asks:
    """What the homes would ask for if no battery and no car took part, by the middle of their forecasts."""
    net = load.energy_wh - pv.energy_wh
    need, given = np.maximum(net, 0), np.maximum(-net, 0)
    return Asks(need, need, given, need, given)


def charger_room(bounds: Bounds | None, net_wh: Ints) -> Ints:
    """What a car may take beside `net_wh`, use less roof, int64[n], Wh ≥ 0, without help of the battery."""
    if bounds is None:
        return np.full(len(net_wh), _FAR, np.int64)
    return np.asarray(np.maximum(bounds.import_wh - net_wh, 0))
