"""The default community, made from SimBench: its wires, its measured shapes, and what a modern street adds to them."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, ImportFault, ServiceMissing
from sunfair.files.import_csv import Imported, imported
from sunfair.files.import_prices import FEED_IN, RETAIL
from sunfair.files.import_simbench_cars import CAR_PROFILES, visits_of
from sunfair.files.import_simbench_homes import (
    Element,
    Home,
    Profiles,
    energy,
    homes_at,
    load_of,
    member_of,
)
from sunfair.files.import_simbench_network import simbench_network
from sunfair.files.import_simbench_notice import DYNAMIC_NOTICE, NOTICES, notice_text
from sunfair.files.import_simbench_prices import dynamic_retail
from sunfair.files.network_text import place_loads
from sunfair.files.scenario_write import folder_faults, render_scenario, write_folder
from sunfair.model import Community, Scenario, Series, Sharing
from sunfair.slots import SlotClock

__all__ = ["DEFAULT_CODE", "Grid", "community_files", "import_simbench", "simbench_scenario"]

DEFAULT_CODE = "1-LV-rural2--2-sw"
ZONE = "Europe/Berlin"

_CODE = re.compile(r"1-LV-[a-z]+\d--[012]-sw")
_CET = timezone(timedelta(hours=1))
_START = datetime(2016, 1, 1, tzinfo=_CET)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """What is taken from SimBench: the wires, its loads and roofs with their profiles, and the year's profiles.

    wires : power-grid-model input data without loads
    loads, roofs : bus, profile and rated kW of each load and roof
    profiles : by profile name, float64[T] of 15 min from 2016-01-01T00:00 CET on, per unit of rated power
    """

    wires: dict[str, Any]
    loads: tuple[Element, ...]
    roofs: tuple[Element, ...]
    profiles: Profiles


def import_simbench(code: str = DEFAULT_CODE, *, out: Path | str, seed: int = 7) -> Imported:
    """Make the community of the SimBench low-voltage grid `code` in `out`, which must be absent or empty.

    Writes `community.toml` (constant tariff), `community-dynamic.toml` (synthetic hourly retail), load, pv, ev and
    prices in Parquet, `network.json`, `NOTICE.md` and `SHA256SUMS`; the same code and seed give the same bytes.
    Raises ServiceMissing without simbench and pandapower, ImportFault for a code that is no low-voltage grid.
    """
    out = Path(out)
    faults = folder_faults(out)
    if not _CODE.fullmatch(code):
        what = f"'{code}' is no SimBench low-voltage grid with switches"
        faults.append(Fault("code", what, f"e.g. {DEFAULT_CODE}, 1-LV-rural1--0-sw, 1-LV-semiurb4--1-sw"))
    if faults:
        raise ImportFault(f"No community can be made from SimBench {code}; nothing was written.", faults)
    scenario, files = community_files(_grid(code), code, seed)
    write_folder(files, out)
    return imported(out, scenario)


def simbench_scenario(code: str, seed: int = 7) -> Scenario:
    """The community that `import_simbench` makes of a grid, without files. Raises ServiceMissing without simbench."""
    grid = _grid(code)
    return _scenario(grid, homes_at(grid.loads, grid.roofs, seed), code)


def _grid(code: str) -> Grid:
    """Read a grid and its profiles with simbench."""
    try:
        import simbench  # noqa: PLC0415 — 381 MB that neither a user nor a newcomer installs
    except ImportError as error:
        raise ServiceMissing(
            "sunfair import simbench needs the packages simbench and pandapower, which are not installed (they weigh "
            "381 MB and the bundled community does not need them). From a checkout: "
            f"uv run --no-group dev --group data sunfair import simbench {code} --out DIR"
        ) from error
    net = simbench.get_simbench_net(code)
    tables = simbench.get_all_simbench_profiles(int(code.split("--")[1][0]))
    profiles: dict[str, NDArray[np.float64]] = {}
    for kind, tail in (("load", "_pload"), ("renewables", "")):
        for name in tables[kind].columns:
            if name != "time" and name.endswith(tail):
                profiles[name.removesuffix(tail)] = tables[kind][name].to_numpy(np.float64)
    return Grid(simbench_network(net), _elements(net.load), _elements(net.sgen), profiles)


def _elements(table: Any) -> tuple[Element, ...]:
    """Bus, profile and rated kW of the elements in service."""
    rows = table.sort_index().itertuples()
    return tuple((int(row.bus), str(row.profile), float(row.p_mw) * 1000) for row in rows if row.in_service)


def community_files(grid: Grid, code: str, seed: int) -> tuple[Scenario, dict[str, bytes]]:
    """The community on a grid, and all its files by name."""
    homes = homes_at(grid.loads, grid.roofs, seed)
    scenario = _scenario(grid, homes, code)
    head = f"# Made by sunfair import simbench {code} (seed {seed}). Licence and what was assumed: NOTICE.md\n\n"
    roofs = [home.roof_name for home in homes]
    files = render_scenario(scenario, roofs=roofs, head=head)
    dynamic = render_scenario(_dynamic(scenario, grid), roofs=roofs, head=head)
    files["community-dynamic.toml"] = dynamic["community.toml"]
    files["prices.parquet"] = dynamic["prices.parquet"]
    files["NOTICE.md"] = notice_text(code, seed).encode()
    sums = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())]
    files["SHA256SUMS"] = "".join(sums).encode()
    return scenario, files


def _scenario(grid: Grid, homes: Sequence[Home], code: str) -> Scenario:
    clock = SlotClock(15, ZONE)
    first = clock.slot_at(_START)
    members = tuple(member_of(home, number) for number, home in enumerate(homes, start=1))
    load_wh = np.stack([load_of(home, grid.profiles) for home in homes], axis=1)
    pv_wh = np.stack([energy(grid.profiles[home.roof] * home.roof_wp) for home in homes], axis=1)
    count = len(load_wh)
    series = Series(first, load_wh, pv_wh, np.full(count, RETAIL, np.int64), np.full(count, FEED_IN, np.int64))
    cars = [index for index, home in enumerate(homes) if home.car]
    return Scenario(
        Community(code.split("-")[2], members, clock, envelope=Sharing.EFFICIENT),
        series,
        visits_of(cars, {name: grid.profiles[name] for name in CAR_PROFILES}, first, clock),
        place_loads(grid.wires, {index: home.bus for index, home in enumerate(homes)}),
        NOTICES,
    )


def _dynamic(scenario: Scenario, grid: Grid) -> Scenario:
    """The same community under an hourly retail price."""
    residual = np.zeros(len(scenario.series.retail))
    for elements, sign in ((grid.loads, 1), (grid.roofs, -1)):
        for _, profile, kw in elements:
            residual += sign * kw * grid.profiles[profile]
    series = replace(scenario.series, retail=dynamic_retail(residual))
    return replace(scenario, series=series, notices=(*scenario.notices, DYNAMIC_NOTICE))
