"""`sunfair bench forecast`: how far forecasts of use and roofs were off, beside the simplest ones, over a year.

From moments drawn over the year each home is forecast for 24 hours from its own past. In the bundled community, where
homes are copies of few shapes, the model asked for a home never saw its shape, and that for roofs not this fortnight.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.agent import Forecaster, forecast_horizon
from sunfair.agent.forecast_features import PAST_DAYS
from sunfair.agent.horizon import Band
from sunfair.bench.forecast_scores import Tally
from sunfair.files import default_community
from sunfair.files.forecast_file import default_forecast_model
from sunfair.model import Scenario

__all__ = ["bench_forecast"]

SOURCE = "design page agent.md, “Forecast”, and docs/forecast.md"

_WEEK = 7

Report = Callable[[str], None]


def bench_forecast(
    progress: Report | None = None, *, other: Scenario | None = None, moments: int = 250, seed: int = 7
) -> dict[str, Any]:
    """Measure on the bundled community and on `other`, if one is given; a minute for the first.

    Returns plain JSON values: for each community, for use and for roofs, by method: the error ÷ the energy (nMAE) of
    the homes' median, mean and worst and of the street's sum, the pinball loss ÷ the energy (mean of the three
    quantiles), and the share of slots (of roofs: with sun) within the band, over all and by hours ahead.
    """
    tell = progress or (lambda _: None)
    scenarios = [default_community(), *([other] if other else [])]
    return {
        "bench": "forecast",
        "horizon_hours": 24,
        "communities": [measure(scenario, tell, moments=moments, seed=seed) for scenario in scenarios],
        "published": {"source": SOURCE, "use": {"floor": 0.469, "1-day naive": 0.625, "LightGBM q50": 0.449}},
    }


def measure(scenario: Scenario, tell: Report, *, moments: int, seed: int) -> dict[str, Any]:
    """All methods on one community."""
    community, series = scenario.community, scenario.series
    per_day = community.clock.per_day
    tell(f"{community.name}: {community.size} homes, {moments} moments of {len(series.retail) / per_day:.0f} days")
    chance = np.random.default_rng(seed)
    past = (PAST_DAYS + 1) * per_day
    ends = np.sort(chance.integers(past, len(series.retail) - per_day, moments))
    shapes = tuple(member.shape for member in community.members)
    forecaster = Forecaster(community.clock, default_forecast_model(), shapes)
    use, roofs = Tally(), Tally(daylight=True)
    for end in ends.tolist():
        load, pv = (part[end - past : end].astype(np.float64) for part in (series.load_wh, series.pv_wh))
        floor = forecast_horizon(load, pv, per_day, per_day)
        model, forecaster = forecaster.forecast(load, pv, next_slot=series.first_slot + end, horizon=per_day)
        ahead = slice(end, end + per_day)
        for tally, past_wh, came, bands in (
            (use, load, series.load_wh[ahead], (floor.load_wh, model.load_wh)),
            (roofs, pv, series.pv_wh[ahead], (floor.pv_wh, model.pv_wh)),
        ):
            tally.add(
                came.T.astype(np.float64), _simple(past_wh, per_day) | dict(zip(("floor", "model"), bands, strict=True))
            )
    used, made = use.figures(per_day), roofs.figures(per_day)
    return {
        "name": community.name,
        "homes": community.size,
        "slot_minutes": community.clock.minutes,
        "moments": moments,
        "own_shape_left_out": any(shapes),
        "use": used,
        "roofs": made,
        "reached": _reached(used, made, any(shapes)),
    }


def _simple(past: NDArray[np.float64], per_day: int) -> dict[str, Band]:
    """The forecasts everybody has: as now, as yesterday, as a week ago."""
    by_name = {
        "persistence": np.repeat(past[-1:], per_day, axis=0),
        "1-day naive": past[-per_day:],
        "7-day naive": past[-_WEEK * per_day : len(past) - (_WEEK - 1) * per_day],
    }
    return {name: Band(values.T, values.T, values.T) for name, values in by_name.items()}


def _reached(use: dict[str, Any], roofs: dict[str, Any], default: bool) -> dict[str, bool]:
    """The targets: no worse than the floor anywhere, 5 % better at home, 80 ± 3 % within the band."""
    ratio = [part["model"]["nmae_mean"] / max(part["floor"]["nmae_mean"], 1e-9) for part in (use, roofs)]
    covered = [abs(part["model"]["coverage"] - 0.8) <= 0.03 for part in (use, roofs)]
    found = {
        "use_no_worse_than_floor": ratio[0] <= 1.0,
        "roofs_no_worse_than_floor": ratio[1] <= 1.0,
        "use_coverage_80_within_3": covered[0],
        "roofs_coverage_80_within_3": covered[1],
    }
    return found | ({"use_5_percent_better_than_floor": ratio[0] <= 0.95} if default else {})
