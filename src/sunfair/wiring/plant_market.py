"""The street's plant as a member of its market for a day: the scenario, the run, and what it earned for whom."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.files import default_community, read_plant_tables
from sunfair.model import FIRST_MEMBER, Member, Plant, Scenario, Series, Strategy, Visits
from sunfair.wiring.simulation import run_simulation, span_of

__all__ = ["run_plant_market", "street_with_plant"]

PLANT_DAY = date(2016, 9, 21)
"""The bundled street's usual day."""


def street_with_plant(
    homes: int, sun_wh: NDArray[np.int64], shares_bps: Sequence[int], *, peak_w: int, key: str = "dynamic"
) -> Scenario:
    """The bundled street's first homes without roofs, batteries, cars or wires, and a plant they hold together.

    sun_wh : int64[T], what the plant gives by slot
    """
    scenario = default_community(homes=homes)
    community, series = scenario.community, scenario.series
    bare = tuple(
        Member(one.id, one.meter, strategy=Strategy.RULE, shape=one.shape, markets=()) for one in community.members
    )
    held = Plant(tuple(one.id for one in bare), tuple(shares_bps), key)
    plant = Member("plant", "meter of the plant", pv_wp=peak_w, strategy=Strategy.RULE, plant=held)
    slots = min(len(sun_wh), len(series.load_wh))
    none = np.zeros((slots, 1), np.int64)
    load = np.concatenate([series.load_wh[:slots], none], axis=1)
    made = np.concatenate([np.repeat(none, homes, axis=1), sun_wh[:slots, None]], axis=1)
    prices = series.retail[:slots], series.feed_in[:slots]
    name = f"{community.name}, with a plant"
    changed = replace(community, name=name, members=(*bare, plant), markets=())
    return Scenario(changed, Series(series.first_slot, load, made, *prices), Visits.none(), None, scenario.notices)


def run_plant_market(scenario: Scenario, folder: Path, *, seed: int) -> dict[str, Any]:
    """Run the market for a day into `folder`; what its plant earned and each holder got, for JSON and the report."""
    span = span_of(scenario, None, 1, usual=PLANT_DAY)
    result = run_simulation(scenario, span, folder, seed=seed, progress=lambda done: None, stopped=lambda: False)
    tables = read_plant_tables(result.folder)
    assert tables is not None
    ((plant,), bills), names = tables, [member.id for member in scenario.community.members]
    return {
        "day": span.first.isoformat(),
        "plant": _plain(plant),
        "holders": [{"id": names[line["account"] - FIRST_MEMBER], **_plain(line)} for line in bills],
    }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for JSON: octets in hex."""
    return {name: f"0x{value.hex()}" if isinstance(value, bytes) else value for name, value in row.items()}
