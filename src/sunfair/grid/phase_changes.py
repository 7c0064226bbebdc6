"""The work orders of a phase assignment: which connection to move first, and what each move brings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.phasing import Unbalance

__all__ = ["PhaseChange", "order_changes"]


@dataclass(frozen=True, slots=True)
class PhaseChange:
    """One connection moved to another phase.

    step : 1, 2, … in the order of work; two moves of one step pay together only, so they are made together
    member : position in the network's members
    before, after : phase numbers 0 … 2
    share : the part of the whole improvement that this move adds to the steps before (half of it each, in a step of
        two). The shares of all moves sum to 1
    """

    step: int
    member: int
    before: int
    after: int
    share: float


def order_changes(problem: Unbalance, before: NDArray[np.int64], after: NDArray[np.int64]) -> tuple[PhaseChange, ...]:
    """The moves from one choice to another in steps of one or two: always what gains most per move; ties to the first.

    Empty where nothing changes. Raises ValueError if the second choice costs more than the first: such moves are no
    improvement to be shared out.
    """
    whole = problem.cost(before) - problem.cost(after)
    waiting = np.flatnonzero((before != after) & problem.movable)
    if len(waiting) and whole <= 0:
        raise ValueError(f"the new phases cost more than the old ones ({-whole:.3g})")
    turned, order, step = problem.turned(before), list[PhaseChange](), 0
    target = problem.turned(after)
    while len(waiting):
        step += 1
        gain, members = _best(problem, turned, target, waiting)
        for k in members:
            turned[k] = target[k]
            order.append(PhaseChange(step, k, int(before[k]), int(after[k]), gain / whole / len(members)))
        waiting = np.setdiff1d(waiting, members)
    return tuple(order)


def _best(
    problem: Unbalance, turned: NDArray[np.complex128], target: NDArray[np.complex128], waiting: NDArray[np.int64]
) -> tuple[float, list[int]]:
    """What the best next step lowers the cost by, and the one or two members of it."""
    field = (problem.matrix @ turned)[waiting]
    part = problem.matrix[np.ix_(waiting, waiting)]
    step = (target - turned)[waiting]
    alone = -2 * np.real(np.conj(step) * field) - np.abs(step) ** 2 * np.real(np.diag(part))
    pair = (alone[:, None] + alone[None, :] - 2 * np.real(np.conj(step)[:, None] * part * step[None, :])) / 2
    np.fill_diagonal(pair, alone)
    i, j = np.unravel_index(int(np.argmax(pair)), pair.shape)
    if i == j:
        return float(alone[i]), [int(waiting[i])]
    return 2 * float(pair[i, j]), [int(waiting[i]), int(waiting[j])]
