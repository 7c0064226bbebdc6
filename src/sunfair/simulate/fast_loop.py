"""Seconds on the wires: an event within a slot, with the fast loop and without, by unbalanced power flow each step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import InputError
from sunfair.grid import Network, sensitivities
from sunfair.grid.fast_control import (
    Devices,
    FastSettings,
    FastState,
    FeederState,
    Heard,
    fast_step,
    feeder_step,
    integral_gain,
)
from sunfair.grid.flow import LIGHT
from sunfair.grid.solver import Solver

__all__ = ["FastScene", "FastTrace", "play"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FastScene:
    """What happens in T steps at n homes.

    load_w, load_var : float64[T, n, 3], what no converter controls, per phase
    devices : what the converters can do in each step, T of them
    word : bool[T], whether the feeder's word arrives in that step
    lag_s : time constant with which a device follows its command, s
    """

    network: Network
    load_w: Floats
    load_var: Floats
    devices: Sequence[Devices]
    word: NDArray[np.bool_]
    lag_s: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class FastTrace:
    """What came of it, step by step.

    high_pu, low_pu : float64[T], of any phase at any home; `loading`: float64[T], highest of any branch
    power_w : float64[T, n], the converters' power; reaction : float64[T], the feeder's word
    withheld_w : float64[T, n], ≥ 0, how far each was moved from its set-point
    failed : steps without a solution of the power flow; there the values before are held
    """

    high_pu: Floats
    low_pu: Floats
    loading: Floats
    power_w: Floats
    withheld_w: Floats
    reaction: Floats
    failed: NDArray[np.int64]


def play(scene: FastScene, settings: FastSettings | None) -> FastTrace:
    """Run the scene with the loop, or (`settings` None) with every device at its set-point and no reactive power.

    A step measures what the last one brought about: commands come one period after the voltage they answer, and
    devices follow with their lag. The feeder's word of a step is heard in the next one. Raises InputError where not
    even the first step has a solution.
    """
    record, plant = _Record(), _Plant(scene)
    at = scene.network.member_bus
    power, reactive = scene.devices[0].set_w, np.zeros_like(scene.devices[0].spread)
    flow = plant.flow(0, power, reactive)
    if flow is None:
        raise InputError("The power flow has no solution before anything has happened.")
    held = _Loop.start(scene, settings, flow) if settings is not None else None
    for t, devices in enumerate(scene.devices):
        if held is None or settings is None:
            power = devices.set_w
        else:
            held, command, var = held.step(t, devices, flow, flow.voltage_pu[at])
            follow = -np.expm1(-settings.period_s / scene.lag_s)
            # Feed-in cannot last longer than the sun: what is there no more is gone at once.
            power = np.clip(power + follow * (command - power), devices.lowest_w, devices.highest_w)
            reactive = reactive + follow * (var - reactive)
        found = plant.flow(t, power, reactive)
        if found is None:
            record.failed.append(t)
        flow = found or flow
        record.note(flow, flow.voltage_pu[at], power, devices.set_w, 0.0 if held is None else held.feeder.reaction)
    return record.trace()


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What can be measured: voltages float64[b, 3], pu, highest loading, and the exchange with the grid above, W."""

    voltage_pu: Floats
    loading: float
    exchange_w: float


class _Plant:
    """The wires with what flows on them."""

    def __init__(self, scene: FastScene) -> None:
        self._scene, self._solver = scene, Solver(scene.network, LIGHT, threads=1)

    def flow(self, t: int, power: Floats, reactive: Floats) -> _Seen | None:
        """What these powers bring about; None without a solution."""
        scene = self._scene
        p = scene.load_w[t] + scene.devices[t].spread * power[:, None]
        columns, failures = self._solver.solve(p[None], (scene.load_var[t] + reactive)[None])
        if failures:
            return None
        loading = max(float(columns[name]["loading"].max()) for name in ("line", "transformer") if name in columns)
        return _Seen(columns["node"]["u_pu"][0], loading, float(columns["source"]["p"].sum()))


@dataclass(frozen=True, slots=True, eq=False)
class _Loop:
    """All controllers and what they remember."""

    settings: FastSettings
    word: NDArray[np.bool_]
    gain: Floats
    relief: tuple[float, float]
    state: FastState
    feeder: FeederState
    heard: Heard

    @staticmethod
    def start(scene: FastScene, settings: FastSettings, flow: _Seen) -> "_Loop":
        """At rest, with gains from the sensitivities at the middle of what the scene's devices can do."""
        network, first = scene.network, scene.devices[0]
        strongest = max(scene.devices, key=lambda each: float(np.abs(each.set_w).sum()))
        around = sensitivities(network, scene.load_w[0] + first.spread * first.set_w[:, None], scene.load_var[0])
        own = (around.voltage[network.member_bus] * strongest.spread[None, None]).sum(axis=-1)
        slope = (own * strongest.spread[:, :, None]).sum(axis=1)
        up, down = strongest.highest_w - strongest.set_w, strongest.set_w - strongest.lowest_w
        gain = integral_gain(slope, np.maximum(up, down), settings)
        worst = (np.abs(around.loading) * strongest.spread[None]).sum(axis=-1)
        relief = tuple(float((worst @ reach).max()) for reach in (up, down))
        nobody = np.zeros(len(first.set_w))
        return _Loop(
            settings=settings,
            word=scene.word,
            gain=gain,
            relief=(relief[0], relief[1]),
            state=FastState.start(flow.voltage_pu[network.member_bus]),
            feeder=FeederState(),
            heard=Heard(nobody, nobody),
        )

    def step(self, t: int, devices: Devices, flow: _Seen, voltage: Floats) -> tuple["_Loop", Floats, Floats]:
        """The next loop and its commands."""
        state, command, var = fast_step(self.state, voltage, self.heard, devices, self.gain, self.settings)
        feeder = feeder_step(self.feeder, flow.loading, flow.exchange_w, self.relief, self.settings)
        aged = Heard(self.heard.reaction, self.heard.age_s + self.settings.period_s)
        heard = Heard(np.full(len(command), feeder.reaction), np.zeros(len(command))) if self.word[t] else aged
        return replace(self, state=state, feeder=feeder, heard=heard), command, var


class _Record:
    """The trace as it grows."""

    def __init__(self) -> None:
        self.failed: list[int] = []
        self._rows: list[tuple[float, float, float, float]] = []
        self._power: list[Floats] = []
        self._withheld: list[Floats] = []

    def note(self, flow: _Seen, at_homes: Floats, power: Floats, set_w: Floats, reaction: float) -> None:
        self._rows.append((float(at_homes.max()), float(at_homes.min()), flow.loading, reaction))
        self._power.append(power)
        self._withheld.append(np.abs(power - set_w))

    def trace(self) -> FastTrace:
        high, low, loading, reaction = np.array(self._rows).T
        power, withheld = np.array(self._power), np.array(self._withheld)
        return FastTrace(high, low, loading, power, withheld, reaction, np.array(self.failed, np.int64))
