"""Scores of forecasts, added up over many moments: errors by home, of the street's sum, and what bands held."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.horizon import Band

__all__ = ["Tally", "pinball"]

QUANTILES = (0.1, 0.5, 0.9)
"""Which quantiles a band's low, mid and high are."""

_HOURS = ((0, 1), (1, 3), (3, 6), (6, 12), (12, 24))
_HALF = 0.5
"""Wh; readings are whole numbers."""

Floats = NDArray[np.float64]


def pinball(came: Floats, forecast: Floats, quantile: float) -> Floats:
    """The pinball loss, like `came`: `quantile` for each Wh too little, 1 − `quantile` for each too much."""
    error = came - forecast
    return np.maximum(quantile * error, (quantile - 1) * error)


@dataclass(slots=True)
class _Sums:
    """Sums over moments of one method: float64[n, T] each, and of the street's sum."""

    error: Floats
    loss: Floats
    within: Floats
    street: float = 0.0


@dataclass(slots=True)
class Tally:
    """Scores of several methods on the same slots.

    daylight : count as within a band only slots with something to say: where energy came or a band says it could
    """

    daylight: bool = False
    _came: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    _street: float = 0.0
    _counted: dict[str, Floats] = field(default_factory=dict)
    _sums: dict[str, _Sums] = field(default_factory=dict)

    def add(self, came: Floats, forecasts: dict[str, Band]) -> None:
        """Score the forecasts of one moment, float64[n, T], against what came."""
        if not self._sums:
            self._came = np.zeros(came.shape)
        self._came += came
        self._street += float(came.sum())
        for name, band in forecasts.items():
            if name not in self._sums:
                self._sums[name] = _Sums(np.zeros(came.shape), np.zeros(came.shape), np.zeros(came.shape))
                self._counted[name] = np.zeros(came.shape)
            sums = self._sums[name]
            sums.error += np.abs(band.mid - came)
            parts = zip((band.low, band.mid, band.high), QUANTILES, strict=True)
            sums.loss += np.mean([pinball(came, part, quantile) for part, quantile in parts], axis=0)
            counted = (came > 0) | (band.high > 0) if self.daylight else np.ones(came.shape, np.bool_)
            sums.within += counted & (came >= band.low - _HALF) & (came <= band.high + _HALF)
            self._counted[name] += counted
            sums.street += float(np.abs((band.mid - came).sum(axis=0)).sum())

    def figures(self, per_day: int) -> dict[str, Any]:
        """What came out, by method; shares of the energy unless they are coverages."""
        return {name: self._of(name, sums, per_day) for name, sums in self._sums.items()}

    def _of(self, name: str, sums: _Sums, per_day: int) -> dict[str, Any]:
        energy = self._came.sum(axis=1)
        some = energy > 0
        nmae = sums.error.sum(axis=1)[some] / energy[some]
        counted = self._counted[name]
        hours = {f"{begin}-{end} h": slice(begin * per_day // 24, end * per_day // 24) for begin, end in _HOURS}
        figures: dict[str, Any] = {
            "nmae_median": float(np.median(nmae)),
            "nmae_mean": float(nmae.mean()),
            "nmae_worst": float(nmae.max()),
            "nmae_sum": sums.street / self._street,
            "nmae_by_lead": {
                hour: float((sums.error[some, part].sum(axis=1) / energy[some]).mean() * self._share(part))
                for hour, part in hours.items()
            },
            "pinball": float((sums.loss.sum(axis=1)[some] / energy[some]).mean()),
        }
        if name in {"floor", "model"}:
            figures["coverage"] = float(sums.within.sum() / counted.sum())
            figures["coverage_by_lead"] = {
                hour: float(sums.within[:, part].sum() / counted[:, part].sum()) for hour, part in hours.items()
            }
        return figures

    def _share(self, part: slice) -> float:
        """Slots of the day ÷ slots of a part: makes a part's error one of its own energy."""
        return float(self._came.shape[1] / (part.stop - part.start))
