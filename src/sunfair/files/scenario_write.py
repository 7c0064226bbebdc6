"""A scenario as files: `community.toml`, its Parquet series and its network; the same input gives the same bytes."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.files.run_folder import fresh_folder
from sunfair.files.scenario_markets import quotes_csv
from sunfair.files.scenario_rules import own_notices
from sunfair.files.scenario_text import decimal, quote, texts
from sunfair.files.scenario_visits import visits_table
from sunfair.files.scenario_write_owner import heat_keys, inner_lines, market_file, market_lines
from sunfair.files.series import ENERGY, PRICE, parquet_bytes, series_table
from sunfair.model import Community, Fees, Member, Scenario, Sharing
from sunfair.units import MICRO

__all__ = ["folder_faults", "market_files", "render_scenario", "scenario_toml", "write_folder", "write_scenario"]

_TOML, _LOAD, _PV, _EV, _PRICES = "community.toml", "load.parquet", "pv.parquet", "ev.parquet", "prices.parquet"
_HEAT = "heat.parquet"
_NETWORK = "network.json"


def write_scenario(scenario: Scenario, folder: Path | str) -> Path:
    """Write a scenario into `folder`, which must be absent or empty; `load_scenario` reads the same back.

    The folder appears whole or not at all. Raises InputError if there is something in it.
    """
    return write_folder(render_scenario(scenario), Path(folder))


def write_folder(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write these files as the whole content of `folder`, which must be absent or empty."""
    try:
        partial = fresh_folder(folder)
        try:
            for name, content in files.items():
                (partial / name).write_bytes(content)
            if folder.is_dir():
                folder.rmdir()
            partial.rename(folder)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    except OSError as error:
        fault = Fault(str(folder), f"{error.strerror}", "name a folder that can be written with --out")
        raise InputError(f"{folder} cannot be written", [fault]) from error
    return folder


def folder_faults(folder: Path) -> list[Fault]:
    """What keeps a folder from being written as a whole: something is in it already."""
    partial = folder.with_name(folder.name + ".partial")
    taken = [place for place in (folder, partial) if place.is_file() or (place.is_dir() and any(place.iterdir()))]
    return [Fault(str(place), "is there already and not empty", "name another folder, or remove it") for place in taken]


def render_scenario(scenario: Scenario, *, roofs: Sequence[str] | None = None, head: str = "") -> dict[str, bytes]:
    """The files of a scenario by name.

    roofs : a name per member for the column of its roof; members with one name share its column (5 kWp of one shape)
    head : comment lines above the community file
    """
    ids = [member.id for member in scenario.community.members]
    series, clock = scenario.series, scenario.community.clock
    references = _references(scenario, roofs)
    files = {_TOML: (head + scenario_toml(scenario, references)).encode()}
    for file, energy in ((_LOAD, series.load_wh), (_PV, series.pv_wh), (_HEAT, series.heat_wh)):
        columns: dict[str, NDArray[np.int64]] = {}
        for index, reference in enumerate(references[file]):
            if reference:
                columns.setdefault(reference.removeprefix(f"{file}:"), energy[:, index])
        if columns:
            files[file] = parquet_bytes(series_table(series.first_slot, clock, columns, ENERGY))
    if any(references[_EV]):
        files[_EV] = parquet_bytes(visits_table(scenario.visits, ids, clock))
    prices = {name: values for name, values in _prices(scenario).items() if not _constant(values)}
    if prices:
        files[_PRICES] = parquet_bytes(series_table(series.first_slot, clock, prices, PRICE))
    files |= market_files(scenario)
    if scenario.network_json is not None:
        files[_NETWORK] = scenario.network_json.encode()
    return files


def market_files(scenario: Scenario) -> dict[str, bytes]:
    """The tables of retailers' prices that the community file of a scenario names."""
    clock = scenario.community.clock
    return {market_file(at): quotes_csv(quotes, clock) for at, quotes in enumerate(scenario.quotes, start=1)}


def _references(scenario: Scenario, roofs: Sequence[str] | None) -> dict[str, list[str]]:
    """What each member's `load`, `pv` and `ev` say, empty where the key is left out; keyed by file."""
    members = scenario.community.members
    ids = [member.id for member in members]
    if "start" in ids:  # the name of the time column
        ids = [f"member {number}" for number in range(1, len(ids) + 1)]
    loads, pvs, seen = [], [], dict[bytes, str]()
    for index, member in enumerate(members):
        needed = bool(scenario.series.load_wh[:, index].any()) or not member.pv_wp
        loads.append(f"{_LOAD}:{ids[index]}" if needed else "")
        roof = roofs[index] if roofs is not None else ids[index]
        if roofs is None and member.pv_wp:
            roof = seen.setdefault(scenario.series.pv_wh[:, index].tobytes(), roof)
        pvs.append(f"{_PV}:{roof}" if member.pv_wp else "")
    visiting = set(scenario.visits.member.tolist())
    heats = [f"{_HEAT}:{name}" if member.heat else "" for name, member in zip(ids, members, strict=True)]
    return {
        _LOAD: loads,
        _PV: pvs,
        _HEAT: heats,
        _EV: [_EV if index in visiting else "" for index in range(len(members))],
    }


def _prices(scenario: Scenario) -> dict[str, NDArray[np.int64]]:
    return {"retail": scenario.series.retail, "feed_in": scenario.series.feed_in}


def _constant(values: NDArray[np.int64]) -> bool:
    return bool((values == values[0]).all())


def scenario_toml(scenario: Scenario, references: Mapping[str, Sequence[str]] | None = None) -> str:
    """The community file of a scenario, as `write_scenario` writes it."""
    named = references if references is not None else _references(scenario, None)
    lines = _community_lines(scenario.community)
    notices = own_notices(scenario.notices, scenario.community.size)
    if notices:
        lines += ["notices = [", *(f"  {quote(notice)}," for notice in notices), "]"]
    lines += ["", "[tariff]"]
    for name, values in _prices(scenario).items():
        constant = _constant(values)
        lines.append(f"{name} = " + (decimal(int(values[0]), MICRO) if constant else quote(f"{_PRICES}:{name}")))
    lines += ["", "[tariff.fees]", *_fee_lines(scenario.community.fees)]
    if scenario.network_json is not None:
        lines += ["", "[grid]", f"file = {quote(_NETWORK)}"]
        if scenario.community.envelope is not Sharing.NONE:
            lines.append(f"envelope = {quote(scenario.community.envelope)}")
    for number, market in enumerate(scenario.community.markets, start=1):
        lines += market_lines(market, number)
    for index, member in enumerate(scenario.community.members):
        keys = _member_keys(member)
        keys |= {
            key: quote(named[file][index])
            for key, file in (("load", _LOAD), ("pv", _PV), ("ev", _EV), ("heat", _HEAT))
            if named[file][index]
        }
        lines += ["", "[[member]]", *(f"{key} = {value}" for key, value in keys.items())]
        lines += inner_lines(member, scenario.community.clock)
    return "\n".join(lines) + "\n"


def _community_lines(community: Community) -> list[str]:
    sessions = ", ".join(quote(session) for session in community.sessions)
    return [
        "[community]",
        f"name = {quote(community.name)}",
        f"timezone = {quote(community.clock.timezone)}",
        f"slot_minutes = {community.clock.minutes}",
        f"sessions = [{sessions}]",
        f"mechanism = {quote(community.mechanism)}",
        f"k = [{community.k[0]}, {community.k[1]}]",
        f"gate_minutes = {community.gate_minutes}",
        f"currency = {quote(community.currency)}",
    ]


def _fee_lines(fees: Fees) -> list[str]:
    return [
        f"seller_bps = {fees.seller_bps}",
        f"utility_bps = {fees.utility_bps}",
        f"network_bps = {fees.network_bps}",
    ]


def _member_keys(member: Member) -> dict[str, str]:
    """The keys of a member that are not at their default, in the order of the documentation."""
    keys = {"id": quote(member.id), "meter": quote(member.meter)}
    if member.bus is not None:
        keys["bus"] = str(member.bus)
    if member.phase is not None:
        keys["phase"] = quote(member.phase)
    if member.pv_wp:
        keys["pv_kwp"] = decimal(member.pv_wp, 1000)
    if member.battery is not None:
        battery = member.battery
        keys["battery_kwh"] = decimal(battery.capacity_wh, 1000)
        keys["battery_kw"] = decimal(battery.power_w, 1000)
        keys["battery_charge_eff"] = decimal(battery.charge_eff_permille, 1000)
        keys["battery_discharge_eff"] = decimal(battery.discharge_eff_permille, 1000)
        if battery.reserve_wh:
            keys["battery_reserve_kwh"] = decimal(battery.reserve_wh, 1000)
    if member.car is not None:
        keys["ev_kw"] = decimal(member.car.power_w, 1000)
    keys |= heat_keys(member)
    if member.markets:
        keys["markets"] = texts(member.markets)
    keys["strategy"] = quote(member.strategy)
    if member.shape:
        keys["shape"] = quote(member.shape)
    return keys
