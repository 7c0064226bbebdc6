"""What the homes' agents planned and expected on the page's day, and what each home would have paid without one."""

from typing import Any

import numpy as np

from sunfair.report.day import Day, packed
from sunfair.report.run import Numbers, Run, Span

__all__ = ["agent_day", "shadows"]

_COLUMNS = (
    "steered",
    "forecast_load_wh",
    "forecast_pv_wh",
    "planned_battery_wh",
    "planned_soc_wh",
    "expected_buy",
    "expected_sell",
)


def agent_day(run: Run, day: Day, homes: int) -> dict[str, Any] | None:
    """Columns of `agent.parquet` by home, of the first `homes`; None where the run kept none of the day."""
    grids = _whole(run, list(_COLUMNS), day.span)
    if grids is None:
        return None
    return {name: [packed(values) for values in grid[:, :homes].T.tolist()] for name, grid in grids.items()}


def shadows(run: Run) -> tuple[Numbers, Numbers] | None:
    """Every home beside itself under the simple rule; None where no shadow ran.

    Its bill without its agent (with the market), int64[n], µ (+ to pay); and how much more stands in its battery at the
    end than would without, int64[n], Wh: what a bill over a short run does not show.
    """
    grids = _whole(run, ["shadow_paid", "shadow_soc_wh"], run.whole)
    if grids is None:
        return None
    stored = run.ints("plans", ["soc_wh"])["soc_wh"][-1] - grids["shadow_soc_wh"][-1]
    return np.asarray(-grids["shadow_paid"].sum(axis=0)), np.asarray(stored)


def _whole(run: Run, columns: list[str], span: Span) -> dict[str, Numbers] | None:
    """Columns of the table over `span`, int64[T, n]; None unless it has a row for every slot and home."""
    if not run.has("agent") or not span.length or len(run.table("agent", ["slot"], span)) != span.length * run.homes:
        return None
    return run.ints("agent", columns, span)
