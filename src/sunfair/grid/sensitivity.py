"""What one watt more at a connection does to voltages, loadings and losses, at one operating point.

Forward differences of the full unbalanced power flow, all of them in one batch: the base point and one point for each
phase of each bus at which a member hangs. Members that share a bus and a phase share the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.grid.energy import phase_spread
from sunfair.grid.flow import BALANCE, Flow, check_powers, failure_text, flow_of
from sunfair.grid.network import Network
from sunfair.grid.solver import Columns, Floats, Solver
from sunfair.model import Phase

__all__ = ["STEP_W", "NoPowerFlow", "Sensitivities", "sensitivities"]

STEP_W = 10.0
"""The step of the differences, W and var. The voltage moves by some 10⁻⁵ pu: a million times what the solver leaves,
and small enough that its curvature takes part with about 10⁻⁴ of the answer."""

_OUTPUTS = {**BALANCE, "line": ["loading", "i_from", "i_to"]}


class NoPowerFlow(InputError):
    """An operating point at which the power flow has no solution, so that nothing can be said around it."""


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivities:
    """First-order answer of one operating point. + = power taken from the grid (a feed-in of 1 W is −1).

    The rated quantities are, per line, the current of each phase at the end where it is higher at the base, per `i_n`
    (3 per line, a, b, c), then per transformer its `loading` (apparent power / `sn`): r = 3 · lines + transformers.
    A magnitude has no derivative where it is zero; there it is the slope for more power taken.

    flow : the base point, a flow of one slot
    voltage : float64[b, 3, n, 3], ∂|u| of a bus's phase, pu, by the power of a member's phase, per W; zero columns for
        phases that a member does not use
    loading : float64[r, n, 3], ∂ of each rated quantity (parts of its rating) by the same, per W
    loading_base : float64[r], ≥ 0, these quantities at the base
    loading_branch : int64[r], the branch each belongs to, its position in `network.branch_id`
    losses : float64[n, 3], ∂ of the network's losses, W per W
    voltage_q, loading_q, losses_q : the same by reactive power, per var; None unless asked for
    """

    flow: Flow
    voltage: Floats
    loading: Floats
    loading_base: Floats
    loading_branch: NDArray[np.int64]
    losses: Floats
    voltage_q: Floats | None = None
    loading_q: Floats | None = None
    losses_q: Floats | None = None

    def per_member(self, phases: Sequence[Phase]) -> tuple[Floats, Floats, Floats]:
        """By a member's power as its phases share it (`abc`: a third each): voltage [b, 3, n], loading [r, n],
        losses [n], per W.
        """
        spread = phase_spread(phases)
        voltage: Floats = (self.voltage * spread).sum(axis=-1)
        loading: Floats = (self.loading * spread).sum(axis=-1)
        losses: Floats = (self.losses * spread).sum(axis=-1)
        return voltage, loading, losses


def sensitivities(
    network: Network,
    p_w: Floats,
    q_var: Floats,
    *,
    phases: Sequence[Phase] | None = None,
    reactive: bool = False,
    step_w: float = STEP_W,
    threads: int = 2,
) -> Sensitivities:
    """The answer at the operating point `p_w`, `q_var` (float64[n, 3], W and var, + taken from the grid).

    phases : the phase of each member, so that only what it uses is asked for; None: all three of every member
    reactive : whether the derivatives by reactive power are wanted as well
    step_w : step of the differences, W and var, > 0

    The same point gives the same bits. Raises ValueError on powers of another shape or not finite, NoPowerFlow where
    the base, or a step away from it, has no solution.
    """
    check_powers(network, p_w[None], q_var[None])
    solver = Solver(network, _OUTPUTS, threads=threads)
    used = np.ones((network.members, 3), np.bool_) if phases is None else phase_spread(phases) > 0
    if used.shape != (network.members, 3):
        raise ValueError(f"{len(used)} phases are given; there are {network.members} members")
    steps = _Steps.of(network, used)
    p, q = steps.points(p_w, q_var, step_w, reactive=reactive)
    columns, failures = solver.solve(p, q)
    if failures:
        reason = failure_text(network, p_w, q_var, next(iter(failures.values())))
        raise NoPowerFlow("No sensitivities at this operating point.", [Fault("network", reason)])
    return _differences(network, columns, p, steps, step_w, reactive=reactive)


@dataclass(frozen=True, slots=True)
class _Steps:
    """Which members' phases are stepped, and which step answers for each member's phase.

    member, phase : int64[k], one member of each distinct bus and phase
    answer : int64[n, 3], position among the k steps; k where the phase is not used
    """

    member: NDArray[np.int64]
    phase: NDArray[np.int64]
    answer: NDArray[np.int64]

    @staticmethod
    def of(network: Network, used: NDArray[np.bool_]) -> "_Steps":
        member, phase = np.nonzero(used)
        _, first, inverse = np.unique(network.member_bus[member] * 3 + phase, return_index=True, return_inverse=True)
        answer = np.full(used.shape, len(first), np.int64)
        answer[member, phase] = inverse
        return _Steps(member[first], phase[first], answer)

    def points(self, p_w: Floats, q_var: Floats, step: float, *, reactive: bool) -> tuple[Floats, Floats]:
        """The base and the points a step away from it, float64[1 + k, n, 3], with `reactive` 1 + 2k."""
        count = len(self.member)
        p, q = (np.repeat(power[None], 1 + count * (1 + reactive), axis=0) for power in (p_w, q_var))
        at = np.arange(1, 1 + count)
        p[at, self.member, self.phase] += step
        if reactive:
            q[at + count, self.member, self.phase] += step
        return p, q


def _differences(
    network: Network, columns: Columns, p_w: Floats, steps: _Steps, step: float, *, reactive: bool
) -> Sensitivities:
    """From the solved points to derivatives."""
    base = {
        name: {column: values[:1] for column, values in table.items() if column not in ("i_from", "i_to")}
        for name, table in columns.items()
    }
    rated, branch = _rated(network, columns)
    losses = columns["source"]["p"].sum(axis=(1, 2)) - p_w.sum(axis=(1, 2))
    by_p, by_q = [], []
    for answers in (columns["node"]["u_pu"], rated, losses):
        slope = (answers[1:] - answers[0]) / step
        count = len(steps.member)
        by_p.append(_spread(slope[:count], steps.answer))
        by_q.append(_spread(slope[count:], steps.answer) if reactive else None)
    return Sensitivities(flow_of(network, base, p_w[:1]), by_p[0], by_p[1], rated[0], branch, by_p[2], *by_q)


def _spread(slope: Floats, answer: NDArray[np.int64]) -> Floats:
    """From one row per step, float64[k, …], to float64[…, n, 3]; zero where a phase is not used."""
    padded = np.concatenate([slope, np.zeros((1, *slope.shape[1:]))])
    return np.ascontiguousarray(np.moveaxis(padded[answer], (0, 1), (-2, -1)))


def _rated(network: Network, columns: Columns) -> tuple[Floats, NDArray[np.int64]]:
    """The rated quantities of every point, float64[points, r], and the branch each belongs to."""
    parts, branch = [], []
    if "line" in columns:
        line = columns["line"]
        current = np.where(line["i_from"][0] >= line["i_to"][0], line["i_from"], line["i_to"])
        parts.append((current / network.rating[: network.lines, None]).reshape(len(current), -1))
        branch.append(np.repeat(np.arange(network.lines), 3))
    if "transformer" in columns:
        parts.append(columns["transformer"]["loading"])
        branch.append(np.arange(network.lines, len(network.branch_id)))
    return np.concatenate(parts, axis=1), np.concatenate(branch).astype(np.int64)
