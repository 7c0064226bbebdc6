"""Makes the trained forecast that comes with the package: `python -m sunfair.bench.forecast_training FILE`.

Of household use one model is trained on all homes of the bundled community and one without each measured shape. The
band of each is calibrated on shapes that neither it nor the home it will be asked for belong to: the scores of a shape
are those of the model that never saw it. The same package and LightGBM give the same file.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sunfair.agent import ForecastModel
from sunfair.agent.forecast_features import wall_seconds
from sunfair.agent.forecast_model import ALL, EVEN, ODD
from sunfair.agent.forecast_sun_train import train_sun
from sunfair.agent.forecast_train import Readings, calibrated, scores_of, train_use
from sunfair.agent.forecast_use import UseModel
from sunfair.files import default_community
from sunfair.files.forecast_file import forecast_model_bytes
from sunfair.model import Scenario

__all__ = ["train_forecast"]

SEED = 7

Floats = NDArray[np.float64]


def train_forecast(scenario: Scenario, seed: int = SEED) -> ForecastModel:
    """Train on a community whose members' shapes are known; minutes of one core."""
    clock, series = scenario.community.clock, scenario.series
    seconds = wall_seconds(clock, series.first_slot + np.arange(len(series.retail)))
    use = Readings(series.load_wh.astype(np.float64), seconds, clock.minutes)
    roofs = _distinct(series.pv_wh)
    day = (series.first_slot // clock.per_day + np.arange(len(seconds) // clock.per_day + 1)) // 14 % 2
    sun = Readings(roofs, seconds, clock.minutes)
    return ForecastModel(
        _use_models(use, np.array([member.shape for member in scenario.community.members]), seed),
        {
            ALL: train_sun(sun, day >= 0, seed),
            EVEN: train_sun(sun, day == 1, seed),
            ODD: train_sun(sun, day == 0, seed),
        },
    )


def _use_models(use: Readings, shapes: NDArray[np.str_], seed: int) -> dict[str, UseModel]:
    names = [str(name) for name in np.unique(shapes) if name]
    models = {name: train_use(use.homes(shapes != name), seed) for name in [ALL, *names]}
    scores = {name: _pooled(scores_of(models[name], use.homes(shapes == name), seed)) for name in names}
    return {
        name: calibrated(model, np.concatenate([scores[other] for other in names if other != name], axis=-1))
        for name, model in models.items()
    }


def _pooled(scores: Floats, count: int = 2_000) -> Floats:
    """As many scores of each shape, spread evenly over what they are: no shape counts more for having more homes."""
    places = np.linspace(0, scores.shape[-1] - 1, count).astype(np.int64)
    return np.sort(scores, axis=-1)[..., places]


def _distinct(pv_wh: NDArray[np.int64]) -> Floats:
    """One roof of each course."""
    peak = np.maximum(pv_wh.max(axis=0), 1)
    _, first = np.unique(np.round(pv_wh[::97] / peak * 50), axis=1, return_index=True)
    roofs = np.sort(first[pv_wh[:, first].max(axis=0) > 0])
    return pv_wh[:, roofs].astype(np.float64)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(forecast_model_bytes(train_forecast(default_community())))
