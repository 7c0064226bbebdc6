"""Events within a slot, made from a community's series: sun that comes back at once, cars that all begin to charge."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.grid import Network, injections, phase_spread, power_flow, violations
from sunfair.grid.fast_control import Devices
from sunfair.grid.reactive import least_power_factor, volt_var
from sunfair.model import FIRST_MEMBER, Phase, Scenario
from sunfair.simulate.fast_loop import FastScene

__all__ = ["CALM_S", "EVENT_S", "Event", "event_scene"]

Floats = NDArray[np.float64]

CALM_S, EVENT_S, AFTER_S = 40, 180, 60
"""Seconds before the event, until it is over, and beyond."""

_RAMP_S = 5
_CLOUDED = 0.2
_SHARES = np.arange(0, 21) / 20


class Event(StrEnum):
    """What happens."""

    CLOUD = "cloud"
    CARS = "cars"


def event_scene(scenario: Scenario, event: Event, *, silent_from_s: int | None = None) -> tuple[FastScene, int]:
    """The scene, one step a second, and its slot: that of most feed-in (cloud), or of most use (cars).

    cloud : roofs at a fifth come to the slot's whole power within 5 s, and fall back after three minutes
    cars : every car of the street begins to charge at once, and ends after three minutes
    silent_from_s : from this second on nobody hears the feeder

    The plan of the slot asks nothing of batteries. Raises InputError without a network, roofs or cars.
    """
    network = _usable(scenario, event)
    series, members = scenario.series, scenario.community.members
    phases = [member.phase or Phase.ABC for member in members]
    surplus = (series.pv_wh - series.load_wh).sum(axis=1)
    at = int(np.argmax(surplus) if event is Event.CLOUD else np.argmax(series.load_wh.sum(axis=1)))
    load = series.load_wh[at : at + 1]
    p, q = injections(load, load, phases, scenario.community.clock.seconds)
    course = _course()
    roofs = series.pv_wh[at] * (3600 / scenario.community.clock.seconds)
    cars = np.array([member.car.power_w if member.car else 0 for member in members], np.float64)
    share = _safe_share(scenario, network, p[0], q[0], phases)
    steps = []
    for part in course:
        sun = roofs * (_CLOUDED + (1 - _CLOUDED) * part if event is Event.CLOUD else 1.0)
        charging = cars * (part if event is Event.CARS else 0.0)
        steps.append(_devices(scenario, sun, charging, share, phase_spread(phases)))
    count = len(course)
    word = np.ones(count, np.bool_) if silent_from_s is None else np.arange(count) < silent_from_s
    return FastScene(network, np.repeat(p, count, 0), np.repeat(q, count, 0), steps, word), series.first_slot + at


def _usable(scenario: Scenario, event: Event) -> Network:
    faults, members = [], scenario.community.members
    if event is Event.CLOUD and not any(member.pv_wp for member in members):
        faults.append(Fault("[[member]] pv_kwp", "nobody has a roof: no cloud changes anything", "choose --event cars"))
    if event is Event.CARS and not any(member.car for member in members):
        faults.append(Fault("[[member]] ev", "nobody has a car", "choose --event cloud"))
    if scenario.network_json is None:
        faults.append(Fault("[grid]", "is absent: no wires, no voltages", "name a network; see docs/grid.md"))
    if faults or scenario.network_json is None:
        raise InputError("This event cannot be played in this community.", faults)
    return Network.parse(scenario.network_json, [FIRST_MEMBER + at for at in range(len(members))])


def _course() -> Floats:
    """How much of the event there is each second, 0 … 1."""
    end = CALM_S + EVENT_S
    corners = [0, CALM_S, CALM_S + _RAMP_S, end, end + _RAMP_S, end + AFTER_S]
    course: Floats = np.interp(np.arange(end + AFTER_S), corners, [0, 0, 1, 1, 0, 0])
    return course


def _ratings(scenario: Scenario) -> tuple[Floats, Floats, Floats]:
    """Roofs, batteries and cars of every home, W."""
    members = scenario.community.members
    battery = [member.battery.power_w if member.battery else 0 for member in members]
    car = [member.car.power_w if member.car else 0 for member in members]
    return np.array([member.pv_wp for member in members], np.float64), np.array(battery, float), np.array(car, float)


def _devices(scenario: Scenario, sun: Floats, charging: Floats, share: tuple[float, float], spread: Floats) -> Devices:
    roof, battery, car = _ratings(scenario)
    rated = np.maximum(roof * 1.1, battery)
    return Devices(
        set_w=charging - sun,
        lowest_w=-sun - battery,
        highest_w=charging + battery,
        safe_lowest_w=-share[0] * (roof + battery),
        safe_highest_w=share[1] * (car + battery),
        rated_va=rated,
        power_factor=least_power_factor(rated),
        spread=spread,
    )


def _safe_share(
    scenario: Scenario, network: Network, p_w: Floats, q_var: Floats, phases: list[Phase]
) -> tuple[float, float]:
    """The largest twentieth of everybody's feed-in, and of everybody's use, that the wires bear in this slot.

    With the reactive power that Q(U) adds at the voltages met without it: more than it will be.
    """
    roof, battery, car = _ratings(scenario)
    rated, spread, found = np.maximum(roof * 1.1, battery), phase_spread(phases), list[float]()
    for whole in (-(roof + battery), car + battery):
        moved = _SHARES[:, None, None] * (whole[:, None] * spread)
        base = np.repeat(q_var[None], len(_SHARES), 0)
        bare = power_flow(network, p_w + moved, base, balance=False)
        at_homes = np.nan_to_num(bare.voltage_pu[:, network.member_bus], nan=1.0)
        added = volt_var(at_homes, moved, rated[:, None] * spread, least_power_factor(rated)[:, None])
        flow = power_flow(network, p_w + moved, base + added, balance=False)
        outside = np.flatnonzero(violations(flow))
        found.append(float(_SHARES[max(int(outside[0]) - 1, 0)] if len(outside) else 1.0))
    return found[0], found[1]
