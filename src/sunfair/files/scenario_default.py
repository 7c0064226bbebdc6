"""The community that comes with the package: a village grid of a hundred homes with a year of measured shapes."""

import json
from dataclasses import replace
from importlib.resources import as_file, files

import numpy as np

from sunfair.errors import Fault, InputError
from sunfair.files.network_text import place_loads
from sunfair.files.scenario import load_scenario
from sunfair.files.scenario_rules import sessions_of
from sunfair.model import Scenario, Visits

__all__ = ["default_community", "first_homes"]


def default_community(*, dynamic: bool = False, homes: int | None = None) -> Scenario:
    """The bundled community, made from SimBench (its sources and assumptions are the scenario's notices).

    dynamic : with the synthetic hourly retail price instead of the constant one
    homes : only the first so many members; the order was drawn so that every beginning keeps the mix of batteries and
        cars, and spreads over the grid

    Raises InputError for more homes than there are, or fewer than one.
    """
    with as_file(files("sunfair").joinpath("data/rural2")) as folder:
        scenario = load_scenario(folder / ("community-dynamic.toml" if dynamic else "community.toml"))
    return scenario if homes is None else first_homes(scenario, homes)


def first_homes(scenario: Scenario, homes: int) -> Scenario:
    """The same street with its first `homes` members only; the wires stay. InputError if there are not so many."""
    community, series, visits = scenario.community, scenario.series, scenario.visits
    if not 1 <= homes <= community.size:
        fault = Fault("homes", f"is {homes}", f"choose 1 to {community.size}")
        raise InputError(f"The community has {community.size} homes, not {homes}.", [fault])
    members = community.members[:homes]
    sessions, mechanism, told = sessions_of(homes, community.sessions, community.mechanism)
    here = np.flatnonzero(visits.member < homes)
    network = scenario.network_json
    if network is not None:
        buses = {index: member.bus for index, member in enumerate(members) if member.bus is not None}
        network = place_loads(json.loads(network), buses)
    return Scenario(
        replace(community, members=members, sessions=sessions, mechanism=mechanism),
        replace(
            series,
            load_wh=np.ascontiguousarray(series.load_wh[:, :homes]),
            pv_wh=np.ascontiguousarray(series.pv_wh[:, :homes]),
            heat_wh=series.heat_wh[:, :homes],
        ),
        Visits(visits.member[here], visits.arrive[here], visits.depart[here], visits.need_wh[here]),
        network,
        (*scenario.notices, *(notice for notice in told if notice not in scenario.notices)),
    )
