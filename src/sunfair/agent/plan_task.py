"""One home's whole problem: its meter and any number of stores behind it, as every solver takes it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.plan_repair import Problem

__all__ = ["Task", "battery_task", "floors", "penalty"]

Floats = NDArray[np.float64]


class Task(NamedTuple):
    """One home over T slots with K stores (batteries, cars, heat). Energies in Wh per slot, prices in µ/kWh.

    load, pv, buy, sell        : float64[T]
    import_limit, export_limit : Wh per slot, may be infinite
    over_most, penalty         : float64[T], Wh that may be taken above the import limit; µ/kWh it counts
    low, high                  : float64[K, T], Wh, band of each store at the slot's end; reachable
    start                      : float64[K], Wh in store before the first slot
    in_most, out_most          : float64[K, T], Wh per slot, AC side
    in_eff                     : float64[K, T], Wh stored per Wh taken (a heat pump's may exceed 1)
    out_eff, keep              : float64[K], Wh given per Wh drawn; share of the store kept from slot to slot
    draw                       : float64[K, T], Wh taken out of store by its own use (heat)
    wear, terminal             : float64[K], µ/kWh, of each kWh given; of each kWh in store at the end
    peak_price, peak_known     : µ per Wh per slot above the highest import so far, Wh per slot
    """

    load: Floats
    pv: Floats
    buy: Floats
    sell: Floats
    import_limit: float
    export_limit: float
    over_most: Floats
    penalty: float
    low: Floats
    high: Floats
    start: Floats
    in_most: Floats
    out_most: Floats
    in_eff: Floats
    out_eff: Floats
    keep: Floats
    draw: Floats
    wear: Floats
    terminal: Floats
    peak_price: float
    peak_known: float


def floors(problem: Problem) -> Floats:
    """The least energy in store at each slot's end, float64[n, T], Wh: the reserve, or for a start below it as near to
    it as charging within the import limit can come by then.
    """
    room = np.clip(problem.import_limit[:, None] - problem.load + problem.pv, 0.0, problem.charge_limit[:, None])
    risen = np.minimum(problem.soc, problem.reserve)[:, None] + np.cumsum(problem.charge_eff[:, None] * room, axis=1)
    return np.minimum(problem.reserve[:, None], risen)


def penalty(problem: Problem) -> Floats:
    """By how much load above the import limit counts, float64[n], µ/kWh: more than any trade in store could win."""
    dearest = np.maximum(np.abs(problem.buy).max(axis=1, initial=0.0), np.abs(problem.sell).max(axis=1, initial=0.0))
    return 4.0 * (dearest + abs(problem.terminal) + problem.wear + 1.0) / (problem.charge_eff * problem.discharge_eff)


def battery_task(problem: Problem, home: int, low: Floats, weight: float) -> Task:
    """The task of a home with its battery alone; `low`, `weight`: its row of `floors`, its `penalty`."""
    horizon = problem.horizon
    load, pv = problem.load[home], problem.pv[home]
    row = home if len(problem.buy) > 1 else 0, home if len(problem.sell) > 1 else 0
    return Task(
        load=load,
        pv=pv,
        buy=problem.buy[row[0]],
        sell=problem.sell[row[1]],
        import_limit=float(problem.import_limit[home]),
        export_limit=float(problem.export_limit[home]),
        over_most=np.maximum(load - pv - problem.import_limit[home], 0.0),
        penalty=weight,
        low=low[None],
        high=np.full((1, horizon), problem.capacity[home]),
        start=problem.soc[home : home + 1],
        in_most=np.full((1, horizon), problem.charge_limit[home]),
        out_most=np.full((1, horizon), problem.discharge_limit[home]),
        in_eff=np.full((1, horizon), problem.charge_eff[home]),
        out_eff=problem.discharge_eff[home : home + 1],
        keep=np.ones(1),
        draw=np.zeros((1, horizon)),
        wear=problem.wear[home : home + 1],
        terminal=problem.terminal[home : home + 1],
        peak_price=0.0,
        peak_known=0.0,
    )
