"""Numbers that depend on how far ahead a slot lies and on how long a slot is: fitted at some, read off at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEADS", "LENGTHS", "ByLead", "fit_quantile"]

LEADS = (15, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1_440)
"""Minutes ahead at which constants are fitted (those that are whole slots); between them they are interpolated."""

LENGTHS = (15, 30, 60)
"""Minutes of a slot for which constants are fitted; another length takes the nearest."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ByLead:
    """Constants by length of slot, lead and place: float64[len(LENGTHS), len(LEADS), …]."""

    values: Floats

    def at(self, minutes: int, ahead: NDArray[np.int64]) -> Floats:
        """The constants for slots of `minutes` that begin `ahead` slots after the last known one, float64[T, …]."""
        table = self.values[int(np.argmin(np.abs(np.array(LENGTHS) - minutes)))]
        place = np.interp(np.log(np.maximum(ahead * minutes, LEADS[0])), np.log(LEADS), np.arange(len(LEADS)))
        below = np.minimum(place.astype(np.int64), len(LEADS) - 2)
        part = (place - below).reshape(-1, *[1] * (table.ndim - 1))
        read: Floats = table[below] * (1 - part) + table[below + 1] * part
        return read


def fit_quantile(terms: Floats, target: Floats, quantile: float, free: int | None = None, rounds: int = 40) -> Floats:
    """Coefficients, float64[k], with which the sum of `terms` (float64[rows, k]) is the quantile of `target`.

    None is negative but that of the term `free`. Pinball loss, minimised by iteratively reweighted least squares; a
    coefficient that would be negative is left out from then on.
    """
    used = np.abs(terms).max(axis=0) > 0
    found = np.zeros(terms.shape[1])
    weight = np.ones(len(target))
    grain = 0.02 * float(np.abs(target).mean())
    for _ in range(rounds):
        root = np.sqrt(weight)
        found[:] = 0.0
        found[used] = np.linalg.lstsq(terms[:, used] * root[:, None], target * root, rcond=None)[0]
        negative = used & (found < 0)
        if free is not None:
            negative[free] = False
        if negative.any():
            used[int(np.argmin(np.where(negative, found, 0.0)))] = False
            continue
        error = target - terms @ found
        side = np.where(error > 0, quantile, 1 - quantile)
        weight = side / np.maximum(np.abs(error), grain)
    return found
