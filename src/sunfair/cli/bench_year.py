"""`bench year`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sunfair.bench import bench_year
from sunfair.files import default_community, load_scenario
from sunfair.wiring.proving import prove_slots

__all__ = ["run_bench_year"]


def run_bench_year(tell: Callable[[str], None], *, weeks: int | None, community: Path | None) -> dict[str, Any]:
    """The year's figures on a community: the bundled one under its constant and its hourly price, or one of a file."""
    if community is None:
        return bench_year(default_community(), prove_slots, tell, weeks=weeks, dynamic=default_community(dynamic=True))
    scenario = load_scenario(community)
    changing = len(set(scenario.series.retail.tolist())) > 1
    return bench_year(scenario, prove_slots, tell, weeks=weeks, dynamic=scenario if changing else None)
