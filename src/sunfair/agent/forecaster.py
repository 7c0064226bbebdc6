"""What forecasts all homes of a street, slot after slot: a value that remembers what it has worked out.

It asks for readings alone. What somebody else promises of the roofs may be passed in and then stands for them; a home
without a past is given a standard profile, and the forecast says so.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.agent.forecast_features import PAST_DAYS, describe, times_of, wall_seconds
from sunfair.agent.forecast_fill import filled
from sunfair.agent.forecast_guess import guess_roofs, guess_use
from sunfair.agent.forecast_model import ForecastModel
from sunfair.agent.forecast_sun import clear_sky, lifted
from sunfair.agent.forecast_use import ERROR_SLOTS, correct, recent_errors
from sunfair.agent.forecast_watch import ROOFS, USE, Watch
from sunfair.agent.horizon import Band, HorizonForecast, check_histories, forecast_horizon, read_readings, usual_day
from sunfair.slots import SlotClock

__all__ = ["Forecaster"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Quantiles of use before the last errors, float64[3, ERROR_SLOTS + per_day, n], up to a day after `next_slot`."""

    next_slot: int
    base: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Forecaster:
    """Forecasts of n homes on one clock.

    clock  : the street's slots and its zone
    model  : what was learnt of other homes; None: the floor forecast
    shapes : which measured series each home's use was made from ("" where that is not known), n texts or none; no
             home is forecast by a model that saw its shape
    pv_wp  : int64[n], Wp of the roofs, for those that have no past yet
    site   : degrees north and east, where known: then past days are lifted to today's sun
    """

    clock: SlotClock
    model: ForecastModel | None = None
    shapes: tuple[str, ...] = ()
    pv_wp: Ints | None = None
    site: tuple[float, float] | None = None
    held: _Held | None = None
    watch: Watch = field(default_factory=Watch)

    def forecast(
        self,
        load_history: ArrayLike,
        pv_history: ArrayLike,
        *,
        next_slot: int,
        horizon: int,
        lead: int = 1,
        pv_given: ArrayLike | None = None,
    ) -> tuple[HorizonForecast, "Forecaster"]:
        """The `horizon` slots from ``next_slot + lead - 1`` on, and the forecaster to be asked next time.

        load_history, pv_history : int64[H, n], Wh, ≥ 0, slot by slot, the last row is slot ``next_slot - 1``; negative
                                   or NaN: no reading; 15 days are looked at, less is used as far as it goes
        horizon                  : 1 … 48 hours of slots
        lead                     : 1 … slots in 24 hours
        pv_given                 : float64[n, T], Wh, a weather service's promise for the same slots; NaN: none

        Ask anew as often as readings come: what did not change since the last call is not worked out again. A clock
        that jumped, other homes or longer gaps between calls cost time, never a wrong forecast.

        Raises ValueError for a horizon or lead out of range, and for histories of unequal shape.
        """
        load, pv = read_readings(load_history), read_readings(pv_history)
        per_day = self.clock.per_day
        check_histories(load, pv, per_day, horizon, lead)
        if self.model is None:
            return _moved(forecast_horizon(load, pv, per_day, horizon, lead), pv_given), self
        ahead = lead + np.arange(horizon)
        held = self._base(self.model, filled(load, per_day, (PAST_DAYS + 1) * per_day), next_slot)
        watch = self.watch.after(load, pv, next_slot)
        use = watch.opened(self._use(self.model, held, load, ahead), USE)
        roof = watch.opened(self._roofs(self.model, pv, next_slot, ahead), ROOFS)
        watch = watch.watching(next_slot + lead - 1, use, roof, per_day)
        known, seen = (_known(part, per_day) for part in (load, pv))
        notes: list[str] = []
        if not known.all():
            times = times_of(wall_seconds(self.clock, next_slot - 1 + ahead))
            profile = self.model.use_of(("",))[0][0].profile
            use, note = guess_use(use, known, profile, times, self.clock.minutes)
            notes.append(note)
        if not seen.all():
            roof, told = guess_roofs(roof, seen, self.pv_wp)
            notes += told
        found = HorizonForecast(use, roof, known, tuple(notes))
        return _moved(found, pv_given), replace(self, held=held, watch=watch)

    def _base(self, model: ForecastModel, whole: Floats, next_slot: int) -> _Held:
        """Quantiles before the last errors, of the last slots and the day to come; only what is new is worked out."""
        per_day, size = self.clock.per_day, whole.shape[1]
        first, kept = next_slot - ERROR_SLOTS, np.empty((3, 0, size))
        held = self.held
        if held and 0 <= next_slot - held.next_slot <= per_day and held.base.shape[2] == size:
            kept = held.base[:, next_slot - held.next_slot :]
            first = held.next_slot + per_day
        targets = np.arange(first, next_slot + per_day)
        base = np.empty((3, len(targets), size))
        if len(targets):
            rows = len(whole) + targets - per_day - next_slot
            told = describe(whole, rows, times_of(wall_seconds(self.clock, targets)), self.clock.minutes)
            for part, homes in model.use_of(self.shapes or ("",) * size):
                base[:, :, homes] = part.base(told.homes(homes))
        return _Held(next_slot, np.concatenate([kept, base], axis=1))

    def _use(self, model: ForecastModel, held: _Held, load: Floats, ahead: Ints) -> Band:
        """Use as it is expected after the last errors."""
        size = load.shape[1]
        seen = np.full((ERROR_SLOTS, size), np.nan)
        there = min(len(load), ERROR_SLOTS)
        seen[ERROR_SLOTS - there :] = load[len(load) - there :]
        errors = recent_errors(seen, held.base[1, :ERROR_SLOTS])
        base = held.base[:, ERROR_SLOTS + (ahead - 1) % self.clock.per_day]
        found = np.empty((3, size, len(ahead)))
        for part, homes in model.use_of(self.shapes or ("",) * size):
            shares, stretch = (table.at(self.clock.minutes, ahead) for table in (part.shares, part.stretch))
            found[:, homes] = correct(base[:, :, homes], errors[:, homes], shares, stretch).transpose(0, 2, 1)
        return Band(found[0], found[1], found[2])

    def _roofs(self, model: ForecastModel, pv: Floats, next_slot: int, ahead: Ints) -> Band:
        """Roofs as far as their past tells."""
        clock = self.clock
        whole = filled(pv, clock.per_day, (PAST_DAYS + 1) * clock.per_day)
        if self.site is not None:
            slots = next_slot - len(whole) + np.arange(len(whole) + clock.per_day)
            sun = clear_sky(*self.site, slots * clock.seconds + clock.seconds // 2)
            whole = lifted(whole, sun, clock.per_day)
        shapes = self.shapes or ("",)
        return Band(*model.sun_of(shapes, next_slot * clock.seconds).forecast(whole, clock.minutes, ahead))


def _known(history: Floats, per_day: int) -> NDArray[np.bool_]:
    """Which homes were read at half the times of day or more in the last week, bool[n]."""
    known: NDArray[np.bool_] = (~np.isnan(usual_day(history, per_day))).mean(axis=0) >= 0.5
    return known


def _moved(forecast: HorizonForecast, pv_given: ArrayLike | None) -> HorizonForecast:
    """The forecast with roofs moved to what was promised for them, as unsure as before."""
    if pv_given is None:
        return forecast
    roof, given = forecast.pv_wh, np.asarray(pv_given, np.float64)
    if given.shape != roof.mid.shape:
        raise ValueError(f"pv_given is {given.shape}; give one row per home and one number per slot, {roof.mid.shape}")
    mid = np.where((given >= 0) & (given < np.inf), given, roof.mid)
    moved = Band(np.maximum(mid - (roof.mid - roof.low), 0.0), mid, mid + (roof.high - roof.mid))
    return replace(forecast, pv_wh=moved)
