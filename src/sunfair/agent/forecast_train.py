"""Training the forecast: forests by LightGBM, constants by quantile regression, widths by conformal calibration.

The homes a model is trained on and the homes its widths are calibrated on are given apart. The same readings and seed
give the same model.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.forecast_features import PAST_DAYS, describe, times_of
from sunfair.agent.forecast_leads import LEADS, LENGTHS, ByLead, fit_quantile
from sunfair.agent.forecast_trees import Trees, grow
from sunfair.agent.forecast_use import ERROR_SLOTS, UseModel, correct, recent_errors

__all__ = ["Readings", "calibrated", "scores_of", "standard_profile", "train_use"]

QUANTILES = (0.1, 0.5, 0.9)

_ROWS = {15: 0.7, 30: 0.15, 60: 0.15}
"""Which part of the rows are slots of that length: a community with hourly meters is to be at home here too."""

_LIGHTGBM = {
    "objective": "quantile",
    "num_leaves": 15,
    "min_data_in_leaf": 300,
    "max_bin": 63,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Readings of homes at one place, without gaps.

    energy_wh : float64[T, n], Wh per slot
    seconds   : int64[T], when each slot begins on the site's wall clock (Unix time plus the offset from UTC)
    minutes   : length of a slot
    """

    energy_wh: Floats
    seconds: Ints
    minutes: int

    def homes(self, which: NDArray[np.bool_] | Ints) -> "Readings":
        """The same of some homes only."""
        return replace(self, energy_wh=self.energy_wh[:, which])

    def coarse(self, minutes: int) -> "Readings":
        """The same with longer slots, a multiple of these."""
        times = minutes // self.minutes
        whole = len(self.energy_wh) // times * times
        energy = self.energy_wh[:whole].reshape(-1, times, self.energy_wh.shape[1]).sum(axis=1)
        return Readings(energy, self.seconds[:whole:times], minutes)

    def lengths(self) -> Iterator["Readings"]:
        """These readings at each length of slot for which constants are fitted."""
        yield from (self.coarse(minutes) for minutes in LENGTHS if minutes % self.minutes == 0)


def train_use(readings: Readings, seed: int, *, rows: int = 120_000, rounds: int = 100, rate: float = 0.08) -> UseModel:
    """The model of household use; its widths are not calibrated yet.

    rows   : about how many slots of homes the forests see
    rounds : trees of each forest; rate: how far each goes

    Raises ModuleNotFoundError where LightGBM is not installed.
    """
    import lightgbm  # noqa: PLC0415  (takes seconds to come)

    features, target, weight = _samples(readings, np.random.default_rng(seed), rows)
    forests = []
    for quantile in QUANTILES:
        data = lightgbm.Dataset(features, target, weight=weight)
        options = _LIGHTGBM | {"alpha": quantile, "learning_rate": rate, "seed": seed}
        booster = lightgbm.train(options, data, rounds)
        forests.append(grow(booster.dump_model()["tree_info"]))
    return _with_shares(forests, readings, seed)


def _samples(readings: Readings, chance: np.random.Generator, rows: int) -> tuple[Floats, Floats, Floats]:
    """Described slots, what came, in the home's measure, and how much each counts (its home's error ÷ its use)."""
    parts = []
    for minutes, part in _ROWS.items():
        some = readings.coarse(minutes)
        per_day, homes = 1_440 // minutes, some.energy_wh.shape[1]
        count = max(1, int(rows * part) // homes)
        at = np.sort(chance.integers((PAST_DAYS - 1) * per_day, len(some.energy_wh) - per_day, count))
        told = describe(some.energy_wh, at, times_of(some.seconds[at + per_day]), minutes)
        target = (some.energy_wh[at + per_day] - told.median) / told.unit
        parts.append((told.features.reshape(target.size, -1), target.ravel(), (told.unit / told.size).ravel()))
    features, target, weight = (np.concatenate(each) for each in zip(*parts, strict=True))
    return features, target, weight


def _with_shares(forests: list[Trees], readings: Readings, seed: int) -> UseModel:
    """The forests with what the last errors still tell, and the profile of a home without a past."""
    zero = np.zeros((len(LENGTHS), len(LEADS), 2))
    low, mid, high = forests
    model = UseModel(low, mid, high, ByLead(zero), ByLead(zero + 1), standard_profile(readings))
    shares = zero.copy()
    for place, lead, run in _runs(model, readings, seed):
        target, terms = (run.came - run.base[1]) / run.size, (run.errors / run.size).T
        shares[place, lead] = fit_quantile(terms, target, 0.5)
    return replace(model, shares=ByLead(shares))


def standard_profile(readings: Readings) -> Floats:
    """Quantiles of use ÷ the home's mean on workdays, Saturdays and Sundays by hour, float64[3, 3, 24]."""
    times = times_of(readings.seconds)
    relative = readings.energy_wh / np.maximum(readings.energy_wh.mean(axis=0), 1.0)
    kind, hour = np.maximum(times.weekday - 4, 0), times.hour.astype(np.int64)
    profile = np.empty((len(QUANTILES), 3, 24))
    for day in range(3):
        for at in range(24):
            profile[:, day, at] = np.quantile(relative[(kind == day) & (hour == at)], QUANTILES)
    return profile


def scores_of(model: UseModel, readings: Readings, seed: int) -> Floats:
    """By how much the band below and above the middle would have to be stretched to hold what came.

    readings : of homes the model was not trained on

    Returns float64[len(LENGTHS), len(LEADS), 2, rows].
    """
    found = [[np.empty(0)] * len(LEADS) for _ in LENGTHS]
    for place, lead, run in _runs(model, readings, seed):
        share = model.shares.values[place, lead][None]
        low, mid, high = correct(run.base[:, None], run.errors, share)[:, 0]
        below, above = (mid - run.came) / np.maximum(mid - low, 1.0), (run.came - mid) / np.maximum(high - mid, 1.0)
        found[place][lead] = np.stack([below, above])
    return np.array(found)


def calibrated(model: UseModel, scores: Floats) -> UseModel:
    """The model with widths that held 90 % of the scores on each side: split-conformal, by length of slot and lead.

    scores : those of `scores_of` for homes that are neither the model's nor those it will be judged by
    """
    rank = int(np.ceil((scores.shape[-1] + 1) * QUANTILES[-1])) - 1
    stretch = np.sort(scores, axis=-1)[..., min(rank, scores.shape[-1] - 1)]
    return replace(model, stretch=ByLead(np.maximum(stretch, 0.0)))


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """Forecasts of one lead from many moments for many homes, one after another, R in all.

    came, size : float64[R], Wh; base : float64[3, R], Wh; errors : float64[2, R], Wh
    """

    came: Floats
    size: Floats
    base: Floats
    errors: Floats


def _runs(model: UseModel, readings: Readings, seed: int, moments: int = 250) -> Iterator[tuple[int, int, _Run]]:
    """Runs by place of the length of slot and of the lead, from moments drawn over the year."""
    for place, some in enumerate(readings.lengths()):
        per_day = 1_440 // some.minutes
        begin, end = PAST_DAYS * per_day + ERROR_SLOTS, len(some.energy_wh) - per_day
        last = np.sort(np.random.default_rng(seed).integers(begin, end, moments))
        back = np.stack([_base(model, some, last - ago)[1] for ago in range(ERROR_SLOTS)][::-1])
        seen = np.stack([some.energy_wh[last - ago] for ago in range(ERROR_SLOTS)][::-1])
        errors = recent_errors(seen, back).reshape(2, -1)
        size = np.broadcast_to(np.maximum(some.energy_wh.mean(axis=0), 1.0), seen[0].shape).ravel()
        for lead, ahead in enumerate(LEADS):
            rows = last + -(-ahead // some.minutes)
            base = _base(model, some, rows).reshape(len(QUANTILES), -1)
            yield place, lead, _Run(some.energy_wh[rows].ravel(), size, base, errors)


def _base(model: UseModel, some: Readings, rows: Ints) -> Floats:
    """The forests' quantiles of the slots at `rows`, float64[3, m, n], Wh."""
    times = times_of(some.seconds[rows])
    return model.base(describe(some.energy_wh, rows - 1_440 // some.minutes, times, some.minutes))
