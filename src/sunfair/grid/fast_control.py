"""The fast loop: what each converter does within seconds, between one slot's plan and the next.

Pure: a step takes what is measured at the terminals and what was heard last, and gives a command and the next state.
A simulation runs it for all homes at once, an agent for one. Three things act on a device's set-point:

* its own voltage: what is beyond the band takes back feed-in (or use), in proportion at once and by an integral until
  the voltage is at the edge, and the integral gives it back when there is room; reactive power follows Q(U);
* a reaction heard from the feeder, one number for all alike, against an overloaded transformer or cable, which no
  voltage at a home shows; it cannot overrule the home's own voltage;
* silence: without word for a while the set-point goes, slowly, within what is safe when everybody does so.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.limits import LOADING_MAX, VOLTAGE_MAX_PU, VOLTAGE_MIN_PU
from sunfair.grid.reactive import DEFAULT_CURVE, VoltVar, volt_var

__all__ = ["Devices", "FastSettings", "FastState", "FeederState", "Heard", "fast_step", "feeder_step", "integral_gain"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FastSettings:
    """How the loop is set.

    period_s : between steps, s
    high_pu, low_pu : the edges that the integral holds, half a hundredth within the limits
    filter_s : time constant of the measured voltage, s: a third of VDE-AR-N 4105's 10 s (5.7.2.4, three time constants)
    at_once : the part of a deviation that is answered in proportion; below 1, or the answer overshoots
    integral_s : how fast the integral closes the rest, s; slower than filter, device and period together
    loading : the part of a rating that the feeder holds; `feeder_s` the speed of its integral, s
    silent_s : after which silence a device believes itself alone, s; `walk_s`: within which it then walks to the safe
        limits, and back
    curve : Q(U)
    """

    period_s: float = 1.0
    high_pu: float = VOLTAGE_MAX_PU - 0.005
    low_pu: float = VOLTAGE_MIN_PU + 0.005
    filter_s: float = 10 / 3
    at_once: float = 0.4
    integral_s: float = 8.0
    loading: float = LOADING_MAX - 0.02
    feeder_s: float = 12.0
    silent_s: float = 15.0
    walk_s: float = 60.0
    curve: VoltVar = DEFAULT_CURVE


@dataclass(frozen=True, slots=True, eq=False)
class Devices:
    """What n homes' converters can do now, W, + taken from the grid; each home's as one. All but the last: float64[n].

    set_w : what the slot's plan asks for, between the limits
    lowest_w, highest_w : all that can be given, all that can be taken
    safe_lowest_w, safe_highest_w : the limits that hold the wires whatever the neighbours do within theirs
    rated_va, power_factor : of the converters, for Q(U)
    spread : float64[n, 3], which part each phase carries
    """

    set_w: Floats
    lowest_w: Floats
    highest_w: Floats
    safe_lowest_w: Floats
    safe_highest_w: Floats
    rated_va: Floats
    power_factor: Floats
    spread: Floats


@dataclass(frozen=True, slots=True, eq=False)
class FastState:
    """What a home remembers. filtered_pu float64[n, 3]; less, more, alone float64[n] in 0 … 1: how far feed-in is taken
    back, how far use is, and how far it has gone to the safe limits.
    """

    filtered_pu: Floats
    less: Floats
    more: Floats
    alone: Floats

    @staticmethod
    def start(voltage_pu: Floats) -> "FastState":
        """At rest at these voltages, float64[n, 3]."""
        nothing = np.zeros(len(voltage_pu))
        return FastState(voltage_pu.copy(), nothing, nothing.copy(), nothing.copy())


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """The feeder's last word: reaction −1 … 1 (+ take more, feed less), float64[n], and how long ago, s, float64[n]."""

    reaction: Floats
    age_s: Floats


@dataclass(frozen=True, slots=True)
class FeederState:
    """The feeder's integrals, how far feed-in (`less`) and use (`more`) are taken back, 0 … 1 each, and `reaction`, the
    word that is sent, −1 … 1: the integrals and what is answered at once.
    """

    less: float = 0.0
    more: float = 0.0
    reaction: float = 0.0


def integral_gain(slope_pu_per_w: Floats, range_w: Floats, settings: FastSettings) -> Floats:
    """The gain with which all homes' integrals together close a deviation in `integral_s`, 1/(pu·s), float64[n].

    slope_pu_per_w : float64[n, n], ∂ of home i's voltage by home j's power (−: taking lowers it)
    range_w : float64[n], ≥ 0, how far each can move

    Each home's is that of everybody moving alike, so that neighbours that all act are not too fast together; on a stiff
    grid the gain is large, on a weak one small. Bounded, where nobody can move the voltage, by full action within
    `integral_s` for a hundredth.
    """
    together = -(slope_pu_per_w @ range_w)
    gain: Floats = 1 / (settings.integral_s * np.maximum(together, 0.01))
    return gain


def fast_step(
    state: FastState, voltage_pu: Floats, heard: Heard, devices: Devices, gain: Floats, settings: FastSettings
) -> tuple[FastState, Floats, Floats]:
    """One step: the next state, and the command: active power W, float64[n], reactive power var, float64[n, 3].

    voltage_pu : float64[n, 3], measured phase to neutral; phases a home does not use count nothing (`spread` 0)
    gain : float64[n], see `integral_gain`
    """
    follow = -np.expm1(-settings.period_s / settings.filter_s)
    # A measurement that is no number moves nothing: what was believed before holds on.
    moved = np.where(np.isfinite(voltage_pu), voltage_pu - state.filtered_pu, 0.0)
    filtered = state.filtered_pu + follow * moved
    used = devices.spread > 0
    high = np.where(used, filtered, -np.inf).max(axis=1) - settings.high_pu
    low = settings.low_pu - np.where(used, filtered, np.inf).min(axis=1)
    pace = gain * settings.period_s
    # An integral that stops at 0 and 1 winds up nowhere, and gives back as soon as there is room.
    less, more = np.clip(state.less + pace * high, 0, 1), np.clip(state.more + pace * low, 0, 1)
    # A word that is no number is no word.
    lonely = ~(heard.age_s <= settings.silent_s) | ~np.isfinite(heard.reaction)
    walk = settings.period_s / settings.walk_s
    alone = np.clip(state.alone + np.where(lonely, walk, -walk), 0, 1)
    prompt = gain * (settings.integral_s * settings.at_once) * (np.maximum(high, 0) - np.maximum(low, 0))
    own, told = np.clip(less - more + prompt, -1, 1), np.clip(np.where(lonely, 0.0, heard.reaction), -1, 1)
    # The own voltage has the last word: at its full answer nothing that is told counts, however false.
    reaction = told + np.abs(own) * (np.sign(own) - told)
    wanted = _within(devices, alone)
    up, down = devices.highest_w - wanted, wanted - devices.lowest_w
    power = wanted + np.maximum(reaction, 0) * up + np.minimum(reaction, 0) * down
    share = devices.spread * power[:, None]
    rating = devices.spread * devices.rated_va[:, None]
    reactive = volt_var(filtered, share, rating, devices.power_factor[:, None], curve=settings.curve)
    return FastState(filtered, less, more, alone), power, reactive


def _within(devices: Devices, alone: Floats) -> Floats:
    """The set-point, as far within the safe limits as the home has walked there."""
    safe = np.clip(devices.set_w, devices.safe_lowest_w, devices.safe_highest_w)
    blended: Floats = devices.set_w + alone * (safe - devices.set_w)
    return np.clip(blended, devices.lowest_w, devices.highest_w)


def feeder_step(
    state: FeederState, loading: float, exchange_w: float, relief: tuple[float, float], settings: FastSettings
) -> FeederState:
    """One step of the feeder's integral on the highest loading, by the direction of the exchange.

    loading : highest of any line or transformer, ≥ 0
    exchange_w : W drawn from the grid above; − is fed back
    relief : > 0, how much loading a full reaction against feed-in, or against use, takes away
    """
    over = loading - settings.loading
    pace = settings.period_s / settings.feeder_s
    feeding = exchange_w < 0
    # The direction that is not at work gives back what it may still hold.
    less = over if feeding else -abs(over)
    more = -abs(over) if feeding else over
    reach = max(relief[0], 0.05), max(relief[1], 0.05)
    held = float(np.clip(state.less + pace * less / reach[0], 0, 1))
    kept = float(np.clip(state.more + pace * more / reach[1], 0, 1))
    prompt = settings.at_once * max(over, 0.0) * (1 / reach[0] if feeding else -1 / reach[1])
    return FeederState(held, kept, float(np.clip(held - kept + prompt, -1, 1)))
