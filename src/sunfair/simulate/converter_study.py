"""What converters alone do for the wires: the same slots with phases and reactive power chosen, nothing held back."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.grid import (
    VOLTAGE_MAX_PU,
    VOLTAGE_MIN_PU,
    Converters,
    Flow,
    Network,
    PointCache,
    injections,
    phase_spread,
    power_flow,
    steer_phases,
    volt_var_flow,
)
from sunfair.grid.phase_power import phases_asked
from sunfair.grid.reactive import least_power_factor
from sunfair.model import FIRST_MEMBER, Phase, Scenario

__all__ = ["ConverterFigures", "study_converters"]

Floats = NDArray[np.float64]

_OVERSIZE = 1.1
"""Rating of an inverter per peak power of its roof."""

_KEPT = 4
"""Operating points whose sensitivities are kept: a slot's search goes from an even spread to the answer and back."""

_PHASE_PART = 0.5
"""Of a three-phase inverter's rating, what one phase carries at most."""


@dataclass(frozen=True, slots=True)
class ConverterFigures:
    """What one way of setting converters came to over the slots looked at.

    slots : how many; voltage_violations, loading_violations : how many of them outside
    max_voltage_pu : highest; neutral_mean_a, losses_w : means; vuf_max : highest, 0 … 1
    """

    slots: int
    voltage_violations: int
    loading_violations: int
    max_voltage_pu: float
    neutral_mean_a: float
    vuf_max: float
    losses_w: float


def study_converters(
    scenario: Scenario, *, most_slots: int, say: Callable[[str], None] = lambda _: None
) -> dict[str, ConverterFigures]:
    """Set the roofs' converters in slots whose voltages are outside the limits, evenly spread over the series.

    Use and roofs as in the series, no batteries, no cars, nothing curtailed. By name: `as_they_are` (unity, even),
    `volt_var` (Q(U) alone), `three_phase` (their phases steered), `three_phase_reactive`, `all_reactive`. Raises
    InputError without a network, or where no voltage is outside.
    """
    network, at = _slots(scenario, most_slots)
    roofs = _Roofs(scenario, network, at)
    found = {"as_they_are": _figures([power_flow(network, roofs.load_w + roofs.even_w, roofs.load_var)])}
    rated = roofs.rated_va[:, None] * roofs.spread
    found["volt_var"] = _figures(
        [volt_var_flow(network, roofs.load_w, roofs.load_var, roofs.even_w, rated, roofs.power_factor).flow]
    )
    three = np.flatnonzero((roofs.spread > 0).sum(axis=1) > 1)
    ways = (("three_phase", three, False), ("three_phase_reactive", three, True))
    for name, members, reactive in (*ways, ("all_reactive", np.arange(network.members), True)):
        say(f"set-points of {len(at)} slots, {name}")
        steer = roofs.steering(members, reactive=reactive)
        found[name] = _figures([steer(t) for t in range(len(at))])
    return found


def _slots(scenario: Scenario, most: int) -> tuple[Network, NDArray[np.int64]]:
    if scenario.network_json is None:
        fault = Fault("[grid]", "is absent: no wires, no voltages", "name a network; see docs/grid.md")
        raise InputError("Converters cannot be studied in this community.", [fault])
    members, series = scenario.community.members, scenario.series
    network = Network.parse(scenario.network_json, [FIRST_MEMBER + at for at in range(len(members))])
    phases = [member.phase or Phase.ABC for member in members]
    powers = injections(series.load_wh - series.pv_wh, series.load_wh, phases, scenario.community.clock.seconds)
    flow = power_flow(network, *powers, balance=False)
    with np.errstate(invalid="ignore"):  # slots without a solution hold NaN: they are not outside, nor inside
        outside = (flow.max_voltage_pu > VOLTAGE_MAX_PU) | (flow.min_voltage_pu < VOLTAGE_MIN_PU)
    at = np.flatnonzero(outside)
    if not len(at):
        raise InputError("No voltage is outside the limits in this community's series: there is nothing to help.")
    return network, at[np.unique(np.linspace(0, len(at) - 1, min(most, len(at))).round().astype(np.int64))]


class _Roofs:
    """The roofs' converters of a scenario in some slots."""

    def __init__(self, scenario: Scenario, network: Network, at: NDArray[np.int64]) -> None:
        members, seconds = scenario.community.members, scenario.community.clock.seconds
        phases = [member.phase or Phase.ABC for member in members]
        load = scenario.series.load_wh[at]
        self.network, self.spread = network, phase_spread(phases)
        self.load_w, self.load_var = injections(load, load, phases, seconds)
        self.power_w = -scenario.series.pv_wh[at] * (3600 / seconds)
        self.even_w = self.power_w[:, :, None] * self.spread
        # A roof may give more for a while than it is rated at; its converter is there for it.
        peak = np.array([member.pv_wp for member in members], np.float64)
        self.rated_va = np.maximum(peak * _OVERSIZE, -self.power_w.min(axis=0))
        self.power_factor = least_power_factor(self.rated_va)

    def steering(self, members: NDArray[np.int64], *, reactive: bool) -> Callable[[int], Flow]:
        """From a slot's number to its flow with these members' converters steered, the others even at unity.

        Slot after slot, sensitivities are worked out where the operating point has moved, and kept where it has not.
        """
        used = (self.spread[members] > 0).astype(np.float64)
        part = np.where(used.sum(axis=1) > 1, _PHASE_PART, 1.0)
        rating = used * (self.rated_va[members] * part)[:, None]
        limits = -rating, np.zeros_like(rating), rating, self.power_factor[members]
        devices = [Converters(members, power, *limits) for power in self.power_w[:, members]]
        asked = phases_asked(self.network, devices[0])
        cache = PointCache(self.network, asked, reactive=reactive, points=_KEPT)

        def steered(t: int) -> Flow:
            rest = self.load_w[t] + self.even_w[t]
            rest[members] -= self.even_w[t, members]
            found = steer_phases(self.network, rest, self.load_var[t], devices[t], reactive=reactive, cache=cache)
            return found.flow

        return steered


def _figures(flows: list[Flow]) -> ConverterFigures:
    high = np.concatenate([flow.max_voltage_pu for flow in flows])
    low = np.concatenate([flow.min_voltage_pu for flow in flows])
    neutral = np.concatenate([flow.neutral_a.max(axis=1, initial=0.0) for flow in flows])
    return ConverterFigures(
        slots=len(high),
        voltage_violations=int(((high > VOLTAGE_MAX_PU) | (low < VOLTAGE_MIN_PU)).sum()),
        loading_violations=int(sum((flow.max_loading > 1).sum() for flow in flows)),
        max_voltage_pu=float(high.max()),
        neutral_mean_a=float(neutral.mean()),
        vuf_max=float(max(flow.vuf.max() for flow in flows)),
        losses_w=float(np.concatenate([flow.losses_w for flow in flows]).mean()),
    )
