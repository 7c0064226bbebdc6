"""Homes' whole problems for the solvers that take several stores at once: the battery, and whatever else is filled."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.plan_repair import Problem

__all__ = ["Joint", "Task", "batteries", "floors", "penalty"]

Floats = NDArray[np.float64]


class Task(NamedTuple):
    """One home over T slots with K stores. Energies in Wh per slot, prices in µ/kWh.

    load, pv, buy, sell        : float64[T]
    import_limit, export_limit : Wh per slot, may be infinite
    over_most, penalty         : float64[T], Wh that may be taken above the import limit; µ/kWh it counts
    low, high                  : float64[K, T], Wh, band of each store at the slot's end; reachable
    start                      : float64[K], Wh in store before the first slot
    in_most, out_most          : float64[K, T], Wh per slot, AC side
    in_eff                     : float64[K, T], Wh stored per Wh taken (a heat pump's may exceed 1)
    out_eff, keep              : float64[K], Wh given per Wh drawn; share of the store kept from slot to slot
    draw                       : float64[K, T], Wh taken out of store by its own use (warmth)
    wear, terminal             : float64[K], µ/kWh, of each kWh given; of each kWh in store at the end
    peak_price, peak_known     : µ per Wh per slot above the highest import so far; that import, Wh per slot
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


class Joint(NamedTuple):
    """The tasks of n homes with equally many stores: as in `Task`, with the homes in front of every shape."""

    load: Floats
    pv: Floats
    buy: Floats
    sell: Floats
    import_limit: Floats
    export_limit: Floats
    over_most: Floats
    penalty: Floats
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
    peak_price: Floats
    peak_known: Floats

    def task(self, home: int) -> Task:
        """The task of the home at this place."""
        return Task(*(column[home] for column in self))


def floors(problem: Problem) -> Floats:
    """The least energy in the battery at each slot's end, float64[n, T], Wh: the reserve, or for a start below it as
    near to it as charging within the import limit can come by then.
    """
    room = np.clip(problem.import_limit[:, None] - problem.load + problem.pv, 0.0, problem.charge_limit[:, None])
    risen = np.minimum(problem.soc, problem.reserve)[:, None] + np.cumsum(problem.charge_eff[:, None] * room, axis=1)
    return np.asarray(np.minimum(problem.reserve[:, None], risen))


def batteries(problem: Problem) -> Joint:
    """The tasks of homes with their battery alone."""
    shape, nothing = problem.load.shape, np.zeros(problem.size)
    over_time = np.ones((problem.size, 1, problem.horizon))
    return Joint(
        load=problem.load,
        pv=problem.pv,
        buy=np.broadcast_to(problem.buy, shape),
        sell=np.broadcast_to(problem.sell, shape),
        import_limit=problem.import_limit,
        export_limit=problem.export_limit,
        over_most=np.maximum(problem.load - problem.pv - problem.import_limit[:, None], 0.0),
        penalty=penalty(problem),
        low=floors(problem)[:, None, :],
        high=problem.capacity[:, None, None] * over_time,
        start=problem.soc[:, None],
        in_most=problem.charge_limit[:, None, None] * over_time,
        out_most=problem.discharge_limit[:, None, None] * over_time,
        in_eff=problem.charge_eff[:, None, None] * over_time,
        out_eff=problem.discharge_eff[:, None],
        keep=np.ones((problem.size, 1)),
        draw=0.0 * over_time,
        wear=problem.wear[:, None],
        terminal=problem.terminal[:, None],
        peak_price=nothing,
        peak_known=nothing,
    )


def penalty(problem: Problem) -> Floats:
    """By how much load above the import limit counts, float64[n], µ/kWh: more than any trade in store could win."""
    dearest = np.maximum(np.abs(problem.buy).max(axis=1, initial=0.0), np.abs(problem.sell).max(axis=1, initial=0.0))
    most = 4.0 * (dearest + np.abs(problem.terminal) + problem.wear + 1.0)
    return np.asarray(most / (problem.charge_eff * problem.discharge_eff))
