"""On which phase each single-phase connection should hang, judged by the wires on its way and not by a sum.

What does not cancel between the phases flows back in the neutral. Balancing the sums at the transformer alone makes
that small there, and large in a cable whose homes hang on one phase: voltages get worse. Here each piece of the way
counts with its impedance, and the transformer as much as all cables together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.network import Network
from sunfair.grid.paths import shared_path_ohm
from sunfair.model import Phase

__all__ = ["PHASES", "Unbalance", "assign_phases", "phase_numbers", "relabelled", "unbalance"]

Ints = NDArray[np.int64]

PHASES = (Phase.A, Phase.B, Phase.C)
"""Phase number 0, 1, 2."""

_TURN = np.exp(2j * np.pi / 3 * np.arange(3))
"""What the current of each phase is turned by before all are added up in the neutral."""

_LEAST = 1e-12
"""A change counts as better from this part of the whole on: rounding is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Unbalance:
    """What a choice of phases costs: ``wᴴ A w`` with w the turned phases of the movable connections.

    matrix : complex128[n, n], Hermitian, positive semidefinite, without unit; a drawn choice costs 2 on average
    movable : bool[n], who hangs on one phase
    """

    matrix: NDArray[np.complex128]
    movable: NDArray[np.bool_]

    def cost(self, phase: Ints) -> float:
        """The cost of a choice, ≥ 0 but for rounding; `phase` int64[n] in 0 … 2, of no meaning where not movable."""
        turned = self.turned(phase)
        return float(np.real(np.conj(turned) @ self.matrix @ turned))

    def turned(self, phase: Ints) -> NDArray[np.complex128]:
        """1, a or a² for each movable connection, 0 for the others, complex128[n]."""
        return np.where(self.movable, _TURN[phase], 0)


def phase_numbers(phases: Sequence[Phase]) -> Ints:
    """Phases as numbers 0, 1, 2, int64[n]; 0 for `abc`, whose number means nothing."""
    return np.array([0 if phase is Phase.ABC else PHASES.index(phase) for phase in phases], np.int64)


def unbalance(
    network: Network, p_w: NDArray[np.float64], q_var: NDArray[np.float64], movable: NDArray[np.bool_]
) -> Unbalance:
    """The cost of phases on this network under typical powers.

    p_w, q_var : float64[T, n], W and var, + taken from the grid, of each whole connection, slot by slot
    movable : bool[n]; three-phase connections carry thirds and make no unbalance

    ``A = Z∘C / tr(Z∘C) + C / tr(C)``: C the mean products of the members' currents (which profiles meet and which
    cancel), Z the loop impedance of the path two members share. The first term is what the neutral loses and lifts
    in all cables, the second the neutral at the transformer; both count alike. Raises ValueError on shapes that do
    not fit or powers that are zero throughout.
    """
    if p_w.ndim != 2 or p_w.shape != q_var.shape or p_w.shape[1] != network.members or len(movable) != p_w.shape[1]:
        raise ValueError(f"p {p_w.shape}, q {q_var.shape} and movable {movable.shape} do not fit {network.members}")
    current = np.where(movable, p_w - 1j * q_var, 0)
    product = current.conj().T @ current / max(len(p_w), 1)
    along = shared_path_ohm(network) * product
    scales = np.real(np.trace(along)), np.real(np.trace(product))
    if min(scales) <= 0:
        raise ValueError("no single-phase member takes or gives anything: there is nothing to balance")
    matrix = along / scales[0] + product / scales[1]
    return Unbalance((matrix + matrix.conj().T) / 2, movable)


def assign_phases(problem: Unbalance, starts: Sequence[Ints], *, keep: Ints | None = None) -> Ints:
    """The best phases found, int64[n], by descent from each start: moves of one connection, swaps of two.

    starts : choices to begin with, int64[n] each; more of them find better ones
    keep : the phases as they are: of them and all results within 5 % of the best cost, the fewest changes are taken

    Deterministic. With 40 starts it finds what trying everything finds on feeders of eight connections (tests).
    """
    found = [_descend(problem, start) for start in starts]
    if keep is not None:
        found += [_descend(problem, keep), np.where(problem.movable, keep, 0)]
    costs = np.array([problem.cost(phase) for phase in found])
    good = [phase for phase, cost in zip(found, costs, strict=True) if cost <= costs.min() * 1.05 + _LEAST]
    if keep is None:
        return found[int(np.argmin(costs))]
    named = [relabelled(problem, phase, keep) for phase in good]
    return min(named, key=lambda phase: int(np.count_nonzero(phase != keep)))


def relabelled(problem: Unbalance, phase: Ints, keep: Ints) -> Ints:
    """The same choice with a, b, c named so that fewest connections change: turning all phases costs nothing."""
    turned = [np.where(problem.movable, (phase + shift) % 3, keep) for shift in range(3)]
    return min(turned, key=lambda named: int(np.count_nonzero(named != keep)))


def _descend(problem: Unbalance, start: Ints) -> Ints:
    phase = np.where(problem.movable, start, 0).astype(np.int64)
    while _move(problem, phase) or _swap(problem, phase):
        pass
    return phase


def _move(problem: Unbalance, phase: Ints) -> bool:
    """One round over all movable connections, each put on its best phase, in place; whether any changed."""
    turned = problem.turned(phase)
    field = problem.matrix @ turned
    least = _LEAST * float(np.real(np.trace(problem.matrix)))
    changed = False
    for k in np.flatnonzero(problem.movable):
        others = field[k] - problem.matrix[k, k] * turned[k]
        cost = 2 * np.real(np.conj(_TURN) * others)
        best = int(np.argmin(cost))
        if cost[best] < cost[phase[k]] - least:
            field += problem.matrix[:, k] * (_TURN[best] - turned[k])
            turned[k], phase[k], changed = _TURN[best], best, True
    return changed


def _swap(problem: Unbalance, phase: Ints) -> bool:
    """The best exchange of phases between two connections, in place; whether there was one."""
    turned = problem.turned(phase)
    field = problem.matrix @ turned
    own = np.real(np.diag(problem.matrix))
    step = turned[None, :] - turned[:, None]  # i gets what j has, j what i has: −step
    gain = 2 * np.real(np.conj(step) * (field[:, None] - field[None, :]))
    gain += np.abs(step) ** 2 * (own[:, None] + own[None, :] - 2 * np.real(problem.matrix))
    gain = np.where(problem.movable[:, None] & problem.movable[None, :], gain, 0.0)
    i, j = np.unravel_index(int(np.argmin(gain)), gain.shape)
    if gain[i, j] >= -_LEAST * float(np.real(np.trace(problem.matrix))):
        return False
    phase[i], phase[j] = phase[j], phase[i]
    return True
