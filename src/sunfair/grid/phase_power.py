"""Set-points per phase: where three-phase converters put their power, and how much reactive power all of them give.

One small convex problem around an operating point, made of its sensitivities, then the full power flow again, at most
three times. What counts: nothing outside the limits (by far), then phases of a bus that are alike, then as
little shifting and reactive power as does it.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.converters import Converters, onto_phases
from sunfair.grid.flow import Flow, power_flow
from sunfair.grid.limits import LOADING_MAX, VOLTAGE_MAX_PU, VOLTAGE_MIN_PU
from sunfair.grid.network import Network
from sunfair.grid.phasing import PHASES
from sunfair.grid.point_cache import PointCache
from sunfair.grid.reactive import reactive_limit
from sunfair.grid.sensitivity import Sensitivities, sensitivities
from sunfair.model import Phase

__all__ = ["SetPoints", "Weights", "phases_asked", "steer_phases"]

Floats = NDArray[np.float64]

_PASSES = 3
_STEPS = 400
_SETTLED = 1e-7
"""Largest relative change of the powers in a step at which the problem counts as solved."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What is worth how much: each quantity by its own natural size, squared and added.

    margin_pu, margin_loading : how far within the limits one wants to stay
    outside : of 0.01 pu, or 0.05 of a rating, beyond that
    unlike : of 0.01 pu between a phase and the mean of its bus
    shifted, reactive : of a converter's whole rating moved between its phases, or given as reactive power
    """

    margin_pu: float = 0.005
    margin_loading: float = 0.02
    outside: float = 100.0
    unlike: float = 30.0
    shifted: float = 1.0
    reactive: float = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class SetPoints:
    """The answer: active and reactive power of every converter and phase, W and var, float64[k, 3], + taken from the
    grid, the flow they make (one slot), and how many times the power flow was linearised.
    """

    p_w: Floats
    q_var: Floats
    flow: Flow
    passes: int


def steer_phases(
    network: Network,
    p_w: Floats,
    q_var: Floats,
    converters: Converters,
    *,
    weights: Weights | None = None,
    reactive: bool = True,
    cache: PointCache | None = None,
) -> SetPoints:
    """Set-points for the converters beside what else flows.

    p_w, q_var : float64[n, 3], W and var, of all members **without** their converters
    reactive : whether reactive power may be used as well
    cache : keeps sensitivities from slot to slot, for the phases that these converters use (`phases_asked`) and with
        their reactive power; without one they are worked out in every pass

    Each converter's phases sum to its power (to 10⁻⁶ W) within its limits; its reactive power keeps power factor and
    rating on every phase. A pass that the full power flow finds no better is dropped and ends the search, so that
    the result is never worse than an even spread at unity. Deterministic. Raises `NoPowerFlow` where the even spread
    has no solution.
    """
    weight = weights or Weights()
    best = _flowing(network, p_w, q_var, converters, converters.even(), np.zeros_like(converters.rated_va), 0)
    merit, asked = _merit(best, converters, weight), phases_asked(network, converters)
    for count in range(1, _PASSES + 1):
        at = _added(p_w, converters, best.p_w), _added(q_var, converters, best.q_var)
        if cache is None:
            around = sensitivities(network, *at, phases=asked, reactive=reactive)
        else:
            around = cache.around(best.flow, *at)
        p, q = _solve(around, converters, best, weight)
        found = _flowing(network, p_w, q_var, converters, p, q, count)
        better = _merit(found, converters, weight)
        if not better < merit * (1 - 1e-6):
            return replace(best, passes=count)
        best, merit = found, better
    return best


def phases_asked(network: Network, converters: Converters) -> list[Phase]:
    """The phases whose sensitivities are needed, member by member; any where there is no converter."""
    used = np.zeros((network.members, 3), np.bool_)
    np.logical_or.at(used, converters.member, converters.rated_va > 0)
    return [Phase.ABC if row.sum() > 1 else PHASES[int(row.argmax())] for row in used]


def _added(rest: Floats, converters: Converters, power: Floats) -> Floats:
    """What the members take in all, float64[n, 3]."""
    whole = rest.copy()
    np.add.at(whole, converters.member, power)
    return whole


def _flowing(
    network: Network, p_w: Floats, q_var: Floats, converters: Converters, p: Floats, q: Floats, passes: int
) -> SetPoints:
    flow = power_flow(network, _added(p_w, converters, p)[None], _added(q_var, converters, q)[None])
    return SetPoints(p, q, flow, passes)


def _merit(points: SetPoints, converters: Converters, weight: Weights) -> float:
    """What a flow costs by the weights; infinite without a solution."""
    if len(points.flow.failed):
        return float("inf")
    voltage, loading = points.flow.voltage_pu[0].ravel(), points.flow.loading[0]
    outside = _beyond(np.concatenate([voltage, loading]), len(voltage) // 3, weight)
    value = float(np.sum(outside**2)) * weight.outside
    value += weight.unlike * float(np.sum((_unlike(voltage) / 0.01) ** 2))
    return value + _effort(points.p_w, points.q_var, converters, weight)


def _beyond(outcome: Floats, buses: int, weight: Weights) -> Floats:
    """How far outside (+ above, − below), in units of 0.01 pu and 0.05 of a rating; 0 within the margins.

    outcome : the voltages of all phases of all `buses`, then loadings
    """
    voltage, loading = outcome[: 3 * buses], outcome[3 * buses :]
    high = np.maximum(voltage - (VOLTAGE_MAX_PU - weight.margin_pu), 0.0)
    low = np.minimum(voltage - (VOLTAGE_MIN_PU + weight.margin_pu), 0.0)
    over = np.maximum(loading - (LOADING_MAX - weight.margin_loading), 0.0)
    return np.concatenate([(high + low) / 0.01, over / 0.05])


def _unlike(voltage: Floats) -> Floats:
    phases = voltage.reshape(-1, 3)
    away: Floats = (phases - phases.mean(axis=1, keepdims=True)).ravel()
    return away


def _effort(p: Floats, q: Floats, converters: Converters, weight: Weights) -> float:
    size = np.maximum(converters.rated_va.sum(axis=1, keepdims=True), 1.0)
    shifted, reactive = (p - converters.even()) / size, q / size
    return float(weight.shifted * np.sum(shifted**2) + weight.reactive * np.sum(reactive**2))


@dataclass(frozen=True, slots=True, eq=False)
class _Linear:
    """The problem around a point, in powers per rating: outcome = base + slope · (x − start).

    free : int64[v], which of the 6k powers (active, then reactive) there is a choice about
    near : int64[m], which voltages and loadings could come to a limit; `slope` float64[m, v], in units of `_units`
    likeness : float64[v, v] and `pull` float64[v], Hessian and gradient at the start of what phases unlike cost
    """

    free: NDArray[np.int64]
    near: NDArray[np.int64]
    slope: Floats
    base: Floats
    likeness: Floats
    pull: Floats
    size: Floats
    buses: int


def _solve(around: Sensitivities, converters: Converters, best: SetPoints, weight: Weights) -> tuple[Floats, Floats]:
    """Accelerated projected gradient (Beck and Teboulle, doi:10.1137/080716542, restarted when it overshoots)."""
    linear = _linear(around, converters, weight)
    start = _packed(best.p_w, best.q_var, linear.size)
    even = _packed(converters.even(), np.zeros_like(best.q_var), linear.size)
    ridge = np.repeat([weight.shifted, weight.reactive], best.p_w.size)
    step = 1 / (_curvature(linear, weight) + 2 * ridge.max())
    x = y = start
    speed = 1.0
    for _ in range(_STEPS):
        gradient = 2 * ridge * (y - even)
        gradient[linear.free] += _gradient(linear, (y - start)[linear.free], weight)
        fresh = _feasible(y - step * gradient, converters, linear.size)
        faster = (1 + np.sqrt(1 + 4 * speed**2)) / 2
        if float(gradient @ (fresh - x)) > 0:
            faster = 1.0
        y = fresh + (speed - 1) / faster * (fresh - x)
        moved = float(np.abs(fresh - x).max())
        x, speed = fresh, faster
        if moved < _SETTLED:
            break
    return _unpacked(x, linear.size)


def _linear(around: Sensitivities, converters: Converters, weight: Weights) -> _Linear:
    buses, rated = around.voltage.shape[0], len(around.loading_base)
    size = np.maximum(converters.rated_va.sum(axis=1, keepdims=True), 1.0)
    units = np.repeat([0.01, 0.05], [3 * buses, rated])

    def columns(voltage: Floats, loading: Floats) -> Floats:
        picked = np.concatenate([voltage.reshape(3 * buses, -1, 3), loading])[:, converters.member] * size
        whole: Floats = picked.reshape(len(units), -1) / units[:, None]
        return whole

    by_p = columns(around.voltage, around.loading)
    # What a transformer carries in all is no matter of phases: no shifting for the sake of it.
    by_p[3 * buses + 3 * _lines(around) :] = 0.0
    has_q = around.voltage_q is not None and around.loading_q is not None
    by_q = columns(around.voltage_q, around.loading_q) if has_q else np.zeros_like(by_p)  # type: ignore[arg-type]
    choice = (converters.lowest_w < converters.highest_w) & (converters.rated_va > 0)
    choice &= choice.sum(axis=1, keepdims=True) > 1
    free = np.flatnonzero(np.concatenate([choice.ravel(), (converters.rated_va > 0).ravel() & has_q]))
    slope = np.concatenate([by_p, by_q], axis=1)[:, free]
    base = np.concatenate([around.flow.voltage_pu[0].ravel(), around.loading_base])
    phases = slope[: 3 * buses].reshape(buses, 3, -1)
    unlike = (phases - phases.mean(axis=1, keepdims=True)).reshape(3 * buses, -1)
    reach = units * np.abs(slope).sum(axis=1)  # all ratings moved at once: no step comes further
    near = np.flatnonzero(_beyond(base - reach, buses, weight) + _beyond(base + reach, buses, weight) != 0)
    pull = 2 * weight.unlike * unlike.T @ (_unlike(base[: 3 * buses]) / 0.01)
    return _Linear(free, near, slope[near], base, 2 * weight.unlike * unlike.T @ unlike, pull, size, buses)


def _lines(around: Sensitivities) -> int:
    """How many lines there are: each has three rated quantities, a transformer one."""
    branches = len(np.unique(around.loading_branch))
    return (len(around.loading_branch) - branches) // 2


def _curvature(linear: _Linear, weight: Weights) -> float:
    """The largest curvature the objective can have: all limits overstepped at once."""
    matrix = 2 * weight.outside * linear.slope.T @ linear.slope + linear.likeness
    return float(np.linalg.eigvalsh(matrix)[-1])


def _gradient(linear: _Linear, moved: Floats, weight: Weights) -> Floats:
    buses = linear.buses
    outcome = linear.base.copy()
    outcome[linear.near] += np.where(linear.near < 3 * buses, 0.01, 0.05) * (linear.slope @ moved)
    outside = _beyond(outcome, buses, weight)[linear.near]
    gradient: Floats = 2 * weight.outside * (linear.slope.T @ outside) + linear.likeness @ moved + linear.pull
    return gradient


def _feasible(x: Floats, converters: Converters, size: Floats) -> Floats:
    """The nearest active powers that add up within the limits; reactive power cut to what these leave room for."""
    p, q = _unpacked(x, size)
    p = onto_phases(p, converters.power_w, converters.lowest_w, converters.highest_w)
    most = reactive_limit(p, converters.rated_va, converters.power_factor[:, None])
    return _packed(p, np.clip(q, -most, most), size)


def _packed(p: Floats, q: Floats, size: Floats) -> Floats:
    return np.concatenate([(p / size).ravel(), (q / size).ravel()])


def _unpacked(x: Floats, size: Floats) -> tuple[Floats, Floats]:
    half = len(x) // 2
    return x[:half].reshape(-1, 3) * size, x[half:].reshape(-1, 3) * size
