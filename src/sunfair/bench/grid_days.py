"""What flows on a community's wires on the days that are measured, and what the full power flow says of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.grid import Network, injections, power_flow, violations
from sunfair.model import FIRST_MEMBER, Phase, Scenario

__all__ = ["Seen", "Street", "largest"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_HALVINGS = 14
"""Halvings of an interval: to 1/16,000 of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the power flow says of T slots, [T] each; of voltages, loading, vuf and neutral_a the worst place's."""

    outside: NDArray[np.bool_]
    losses_wh: Floats
    vuf: Floats
    neutral_a: Floats
    highest_pu: Floats
    loading: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Street:
    """A community with its wires: n members, T slots of use and roofs, int64[T, n], Wh."""

    scenario: Scenario
    network: Network
    phases: tuple[Phase, ...]
    load_wh: Ints
    pv_wh: Ints

    @staticmethod
    def of(scenario: Scenario) -> "Street":
        """InputError where the community has no grid."""
        community, series = scenario.community, scenario.series
        if scenario.network_json is None:
            fault = Fault("[grid] file", "is missing", "name a community with a network")
            raise InputError("there are no wires to measure", [fault])
        network = Network.parse(scenario.network_json, [FIRST_MEMBER + at for at in range(community.size)])
        phases = tuple(member.phase or Phase.ABC for member in community.members)
        return Street(scenario, network, phases, series.load_wh, series.pv_wh)

    @property
    def seconds(self) -> int:
        """Length of a slot, s."""
        return self.scenario.community.clock.seconds

    @property
    def per_day(self) -> int:
        """Slots of a day."""
        return self.scenario.community.clock.per_day

    def days(self, every: int) -> list[range]:
        """Every so many-th day as places in the series; whole days from the first slot on."""
        whole = len(self.load_wh) // self.per_day
        return [range(day * self.per_day, (day + 1) * self.per_day) for day in range(every // 2, whole, every)]

    def powers(self, slots: Ints | range, net_wh: Ints) -> tuple[Floats, Floats]:
        """W and var of these slots when the meters show this, float64[T, n, 3]."""
        return injections(net_wh, self.load_wh[np.asarray(slots)], self.phases, self.seconds)

    def see(self, slots: Ints | range, net_wh: Ints) -> Seen:
        """The power flow of these slots, int64[T, n] Wh at the meters."""
        flow = power_flow(self.network, *self.powers(slots, net_wh))
        return Seen(
            violations(flow),
            flow.losses_w * self.seconds / 3600,
            flow.vuf.max(axis=1),
            flow.neutral_a.max(axis=1) if flow.neutral_a.shape[1] else np.zeros(len(flow.vuf)),
            flow.max_voltage_pu,
            flow.max_loading,
        )


def largest(holds: Callable[[Floats], NDArray[np.bool_]], low: Floats, high: Floats) -> Floats:
    """The largest values between `low`, which hold, and `high`, one for each of m questions asked at once."""
    low, high = low.copy(), high.copy()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        good = holds(middle)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    return low
