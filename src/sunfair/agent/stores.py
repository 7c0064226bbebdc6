"""What a home can fill besides its battery: cars that must be ready in time, warmth within a comfort band, more
batteries.

All of them are the same thing to a plan: a level in a band that may change from slot to slot, what goes in and out of
it at most, and what is lost or used on the way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.agent.plan_repair import Note
from sunfair.errors import Fault, InputError

__all__ = ["StoreKind", "Stores"]

Floats = NDArray[np.float64]


class StoreKind(IntEnum):
    """What a store is; the plan treats all alike, explanations do not."""

    BATTERY = 0
    CAR = 1
    HEAT = 2


@dataclass(frozen=True, slots=True, eq=False)
class Stores:
    """m stores of any homes over T slots.

    home             : int64[m], place of the home each belongs to
    kind             : int64[m], `StoreKind`
    start_wh         : float64[m], Wh in store before the first slot
    low_wh, high_wh  : float64[m, T], Wh, band at each slot's end; soft: what cannot be held is told
    in_w, out_w      : float64[m, T], W, AC side, most power into and out of it; 0 while a car is away
    in_eff           : float64[m, T], Wh stored per Wh of AC energy taken; of a heat pump its coefficient of performance
    out_eff          : float64[m], Wh of AC energy given per Wh drawn, in (0, 1]
    keep             : float64[m], share of the store left after a slot of doing nothing, in (0, 1]
    draw_wh          : float64[m, T], Wh taken out of store by its own use (warmth, driving)
    wear, terminal   : float64[m], µ per kWh given; what a kWh in store at the end is worth, µ/kWh
    notes            : what was found while they were made
    """

    home: NDArray[np.int64]
    kind: NDArray[np.int64]
    start_wh: Floats
    low_wh: Floats
    high_wh: Floats
    in_w: Floats
    out_w: Floats
    in_eff: Floats
    out_eff: Floats
    keep: Floats
    draw_wh: Floats
    wear: Floats
    terminal: Floats
    notes: tuple[Note, ...] = ()

    def __len__(self) -> int:
        return len(self.home)

    @property
    def horizon(self) -> int:
        """Number of slots, T."""
        return int(self.low_wh.shape[1])

    def take(self, stores: NDArray[np.int64], shift: int = 0) -> "Stores":
        """The stores at these places, in this order; of homes so many places further to the front."""
        names = [field.name for field in fields(Stores) if field.name != "notes"]
        columns = {name: getattr(self, name)[stores] for name in names}
        columns["home"] = columns["home"] - shift
        return Stores(**columns, notes=self.notes)

    @staticmethod
    def none(horizon: int) -> "Stores":
        """No store at all."""
        return _stores(StoreKind.BATTERY, horizon, home=np.zeros(0), start_wh=0, high_wh=0, in_w=0)

    @staticmethod
    def join(parts: Sequence["Stores"]) -> "Stores":
        """All stores of `parts`, one after the other; every part over the same slots."""
        columns = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Stores)
            if field.name != "notes"
        }
        return Stores(**columns, notes=tuple(note for part in parts for note in part.notes))

    @staticmethod
    def batteries(
        home: ArrayLike,
        *,
        horizon: int,
        capacity_wh: ArrayLike,
        soc_wh: ArrayLike,
        reserve_wh: ArrayLike,
        charge_w: ArrayLike,
        discharge_w: ArrayLike,
        charge_eff: ArrayLike,
        discharge_eff: ArrayLike,
        wear: ArrayLike = 0.0,
        terminal: ArrayLike = 0.0,
    ) -> "Stores":
        """Further batteries; numbers as in `Homes`, one per battery."""
        return _stores(
            StoreKind.BATTERY,
            horizon,
            home=home,
            start_wh=soc_wh,
            low_wh=_each(reserve_wh),
            high_wh=_each(capacity_wh),
            in_w=_each(charge_w),
            out_w=_each(discharge_w),
            in_eff=_each(charge_eff),
            out_eff=discharge_eff,
            wear=wear,
            terminal=terminal,
        )

    @staticmethod
    def cars(
        home: ArrayLike,
        *,
        horizon: int,
        need_wh: ArrayLike,
        power_w: ArrayLike,
        arrive: ArrayLike,
        depart: ArrayLike,
        slot_seconds: float = 900,
    ) -> "Stores":
        """Visits of cars that must have taken their need when they leave; one value per visit.

        need_wh        : Wh (AC) still asked for
        power_w        : W (AC), most the charger gives
        arrive, depart : slots from the start of the plan, the car is there from `arrive` to before `depart`; a car that
                         leaves after the last slot must then lack no more than it can still take
        """
        arrives, leaves, need, power = (_each(value) for value in (arrive, depart, need_wh, power_w))
        slot = np.arange(horizon)
        there = (slot >= arrives) & (slot < leaves)
        full = np.where(np.isfinite(power), np.maximum(power, 0.0), 0.0) * slot_seconds / 3600
        later = full * np.maximum(leaves - np.maximum(arrives, horizon), 0)
        due = np.maximum(np.where(slot >= leaves - 1, need, 0.0), np.where(slot == horizon - 1, need - later, 0.0))
        gone = (leaves <= np.maximum(arrives, 0)).ravel()
        places = np.asarray(home, np.int64)
        found = Note("depart", "a departure in the past or before the arrival; not charged", places[gone])
        cars = _stores(
            StoreKind.CAR,
            horizon,
            home=home,
            start_wh=0.0,
            low_wh=np.where(gone[:, None], 0.0, due),
            high_wh=need,
            in_w=np.where(there, power, 0.0),
        )
        return replace(cars, notes=(found,)) if gone.any() else cars

    @staticmethod
    def heat(
        home: ArrayLike,
        *,
        horizon: int,
        band_wh: ArrayLike,
        start_wh: ArrayLike,
        power_w: ArrayLike,
        performance: ArrayLike,
        draw_wh: ArrayLike,
        loss_per_hour: ArrayLike = 0.0,
        terminal: ArrayLike = 0.0,
        slot_seconds: float = 900,
    ) -> "Stores":
        """Heat pumps (or heating rods) with what they warm as a buffer; one value per pump, or one per pump and slot.

        band_wh       : Wh of warmth between the lowest and the highest temperature the owner allows
        start_wh      : Wh of warmth above the lowest now; below 0 it is too cold
        power_w       : W (AC), most the pump takes
        performance   : coefficient of performance, Wh of warmth per Wh taken
        draw_wh       : Wh of warmth used or lost per slot at the lowest temperature
        loss_per_hour : share of the warmth above it that is lost besides, per hour
        terminal      : µ per kWh of warmth at the end
        """
        return _stores(
            StoreKind.HEAT,
            horizon,
            home=home,
            start_wh=start_wh,
            high_wh=_each(band_wh),
            in_w=_each(power_w),
            in_eff=_each(performance),
            draw_wh=_each(draw_wh),
            keep=(1.0 - np.clip(np.asarray(loss_per_hour, np.float64), 0.0, 0.99)) ** (slot_seconds / 3600),
            terminal=terminal,
        )


_OVER_TIME = ("low_wh", "high_wh", "in_w", "out_w", "in_eff", "draw_wh")
_USUAL = {"low_wh": 0.0, "out_w": 0.0, "in_eff": 1.0, "out_eff": 1.0, "keep": 1.0, "draw_wh": 0.0}


def _each(value: ArrayLike) -> Floats:
    """One number per store as a column that goes for every slot."""
    array = np.asarray(value, np.float64)
    return array[:, None] if array.ndim == 1 else array


def _stores(kind: StoreKind, horizon: int, *, home: ArrayLike, **given: ArrayLike) -> Stores:
    """Stores of one kind, what is not given as usual, every column at its full shape."""
    places = np.atleast_1d(np.asarray(home, np.int64))
    columns: dict[str, Any] = {}
    faults = []
    for name in (field.name for field in fields(Stores) if field.name not in ("home", "kind", "notes")):
        shape = (len(places), horizon) if name in _OVER_TIME else (len(places),)
        try:
            value = np.asarray(given.get(name, _USUAL.get(name, 0.0)), np.float64)
            columns[name] = np.array(np.broadcast_to(value, shape))
        except (TypeError, ValueError) as error:
            faults.append(Fault(name, f"does not fit {len(places)} stores over {horizon} slots ({error})"))
    if faults:
        raise InputError("these stores cannot be planned", faults)
    return Stores(home=places, kind=np.full(len(places), int(kind)), **columns)
