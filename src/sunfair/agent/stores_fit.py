"""Stores made sound, bands that can be held, and schedules played through them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.plan_repair import LEAST_EFFICIENCY, Note
from sunfair.agent.stores import Stores
from sunfair.errors import Fault, InputError

__all__ = ["Fit", "check_stores", "fit_stores", "reach", "roll"]

Floats = NDArray[np.float64]

_MOST = 1e9
"""Wh or µ/kWh; beyond it a number is taken for a mistake."""


class Fit(NamedTuple):
    """m stores with every number sound; energies in Wh per slot. Shapes as in `Stores`.

    asked     : float64[m, T], the lower end of the band as it was asked for
    low, high : float64[m, T], the band as far as the store alone can hold it
    """

    home: NDArray[np.int64]
    asked: Floats
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


def check_stores(stores: Stores, homes: int, horizon: int) -> None:
    """Raise InputError where the stores are of other homes or other slots."""
    faults = []
    if len(stores) and stores.horizon != horizon:
        faults.append(Fault("stores", f"are over {stores.horizon} slots, the outlook over {horizon}"))
    if len(stores) and (stores.home.min() < 0 or stores.home.max() >= homes):
        faults.append(Fault("stores.home", f"names a home outside 0 … {homes - 1}"))
    if faults:
        raise InputError("these stores cannot be planned", faults)


def fit_stores(stores: Stores, hours: float) -> tuple[Fit, list[Note]]:
    """`stores` with every number sound and bands that can be held, and notes on what was not.

    hours : length of a slot, h
    """
    notes: list[Note] = list(stores.notes)

    def mend(name: str, low: float, high: float, otherwise: float, what: str) -> Floats:
        values: Floats = getattr(stores, name)
        good = (values >= low) & (values <= high)  # false for NaN
        if good.all():
            return values
        bad = ~(good if good.ndim == 1 else good.all(axis=1))
        notes.append(Note(f"stores.{name}", what, np.unique(stores.home[bad])))
        return np.where(np.isnan(values), otherwise, np.clip(values, low, high))

    beyond = "not a number there can be; taken as the nearest, or as none"
    low, high = mend("low_wh", -_MOST, _MOST, 0.0, beyond), mend("high_wh", -_MOST, _MOST, 0.0, beyond)
    in_eff = mend("in_eff", LEAST_EFFICIENCY, 100.0, LEAST_EFFICIENCY, "not an efficiency; taken as the nearest")
    fit = Fit(
        home=stores.home,
        asked=np.minimum(low, high),
        low=np.minimum(low, high),
        high=high,
        start=mend("start_wh", -_MOST, _MOST, 0.0, beyond),
        in_most=mend("in_w", 0.0, _MOST, 0.0, beyond) * hours,
        out_most=mend("out_w", 0.0, _MOST, 0.0, beyond) * hours,
        in_eff=in_eff,
        out_eff=mend("out_eff", LEAST_EFFICIENCY, 1.0, LEAST_EFFICIENCY, "not an efficiency; taken as the nearest"),
        keep=mend("keep", LEAST_EFFICIENCY, 1.0, 1.0, beyond),
        draw=mend("draw_wh", 0.0, _MOST, 0.0, beyond),
        wear=mend("wear", 0.0, _MOST, 0.0, beyond),
        terminal=mend("terminal", -_MOST, _MOST, 0.0, beyond),
    )
    return reach(fit), notes


def reach(fit: Fit) -> Fit:
    """The bands moved to where the store can come at all, slot by slot."""
    low, high = fit.asked.copy(), fit.high.copy()
    least, most = fit.start, fit.start
    for t in range(low.shape[1]):
        falls = fit.keep * least - fit.draw[:, t] - fit.out_most[:, t] / fit.out_eff
        rises = fit.keep * most - fit.draw[:, t] + fit.in_most[:, t] * fit.in_eff[:, t]
        # An empty meeting of band and reach: as near to the band as can be.
        least = np.minimum(np.maximum(low[:, t], falls), rises)
        most = np.maximum(np.minimum(high[:, t], rises), np.maximum(falls, least))
        low[:, t], high[:, t] = least, most
    return fit._replace(low=low, high=high)


def roll(fit: Fit, taken: Floats, given: Floats) -> tuple[Floats, Floats, Floats]:
    """The schedule nearest to `taken`, `given` (float64[m, T], Wh) that holds every band and limit of `fit`.

    Returns taken, given (never both in a slot) and the level at each slot's end.
    """
    low, high = fit.low.copy(), fit.high.copy()
    for t in range(low.shape[1] - 1, 0, -1):
        needs = (low[:, t] + fit.draw[:, t] - fit.in_most[:, t] * fit.in_eff[:, t]) / fit.keep
        bears = (high[:, t] + fit.draw[:, t] + fit.out_most[:, t] / fit.out_eff) / fit.keep
        low[:, t - 1] = np.minimum(np.maximum(low[:, t - 1], needs), high[:, t - 1])
        high[:, t - 1] = np.maximum(np.minimum(high[:, t - 1], bears), low[:, t - 1])
    level, levels = fit.start, np.empty_like(low)
    taken, given = taken.copy(), given.copy()
    for t in range(low.shape[1]):
        idle = fit.keep * level - fit.draw[:, t]
        wanted = idle + taken[:, t] * fit.in_eff[:, t] - given[:, t] / fit.out_eff
        change = np.clip(wanted, low[:, t], high[:, t]) - idle
        taken[:, t] = np.clip(change / fit.in_eff[:, t], 0.0, fit.in_most[:, t])
        given[:, t] = np.clip(-change * fit.out_eff, 0.0, fit.out_most[:, t])
        level = idle + taken[:, t] * fit.in_eff[:, t] - given[:, t] / fit.out_eff
        levels[:, t] = level
    return taken, given, levels
