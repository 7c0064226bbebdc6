"""Bands that keep their word on any street: each day's forecast is held against what came, and bands open or close.

A width calibrated on other homes may be too wide or too narrow for these. So one forecast of 24 hours at a time is
kept until it is over; by as much as more or less than a tenth of the street's readings lay below or above its band,
that side is opened or closed (adaptive conformal inference, Gibbs and Candès 2021, on the logarithm of the width).
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.horizon import Band

__all__ = ["ROOFS", "USE", "Watch"]

USE, ROOFS = 0, 1

_OUTSIDE = 0.1
"""Which part of the readings is due on each side of a band."""

_PACE = (1.0, 0.5)
"""How fast widths of use and roofs follow, per day: all roofs have one sky, so a day says less of them."""

_WIDEST = 4.0
_HALF = 0.5
"""Wh; readings are whole numbers."""

Floats = NDArray[np.float64]


def _as_trained() -> Floats:
    return np.ones((2, 2))


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """How wide bands are beside the trained width, and the forecast that is being watched.

    width      : float64[2, 2], of use and roofs, below and above the middle, ¼ … 4
    first_slot : where the watched forecast begins; bands: what it said of use and roofs, if one is watched
    """

    width: Floats = field(default_factory=_as_trained)
    first_slot: int = 0
    bands: tuple[Band, Band] | None = None

    def opened(self, band: Band, kind: int) -> Band:
        """A band (of `USE` or `ROOFS`) at the width that was found right."""
        below, above = self.width[kind]
        return Band(
            np.maximum(band.mid - below * (band.mid - band.low), 0.0),
            band.mid,
            band.mid + above * (band.high - band.mid),
        )

    def after(self, load: Floats, pv: Floats, next_slot: int) -> "Watch":
        """The watch with the history up to `next_slot`: where the watched forecast is over, it was judged.

        load, pv : float64[H, n], Wh, NaN where there is no reading
        """
        if self.bands is None:
            return self
        length = self.bands[0].mid.shape[1]
        begin = len(load) - (next_slot - self.first_slot)
        if begin >= 0 and begin + length > len(load) and next_slot >= self.first_slot:
            return self
        if not 0 <= begin <= len(load) - length or self.bands[0].mid.shape[0] != load.shape[1]:
            return replace(self, bands=None)  # a clock that jumped, other homes: nothing to be learnt
        turns = np.zeros((2, 2))
        for kind, (band, readings) in enumerate(zip(self.bands, (load, pv), strict=True)):
            turns[kind] = _PACE[kind] * _astray(band, readings[begin : begin + length].T)
        width = np.clip(self.width * np.exp(turns), 1 / _WIDEST, _WIDEST)
        return replace(self, width=width, bands=None)

    def watching(self, first_slot: int, use: Band, roofs: Band, per_day: int) -> "Watch":
        """The watch over a forecast from `first_slot` on, unless an earlier one is not over yet."""
        if self.bands is not None:
            return self
        day = slice(0, per_day)
        return replace(self, first_slot=first_slot, bands=(use.slots(day), roofs.slots(day)))


def _astray(band: Band, came: Floats) -> Floats:
    """By how much more than a tenth lay below and above the band, float64[2]; slots without energy do not count."""
    counted = ((came > 0) | (band.high > 0)) & ~np.isnan(came)
    total = int(counted.sum())
    if not total:
        return np.zeros(2)
    outside = [counted & (came < band.low - _HALF), counted & (came > band.high + _HALF)]
    return np.array([each.sum() / total - _OUTSIDE for each in outside])
