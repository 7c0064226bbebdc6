"""The work orders of a phase assignment: which connection to move first, and what each move brings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.phasing import Unbalance

__all__ = ["PhaseChange", "order_changes"]


@dataclass(frozen=True, slots=True)
class PhaseChange:
    """One connection moved to another phase.

    step : 1, 2, … in the order of work; moves of one step pay together only, so they are made together
    member : position in the network's members
    before, after : phase numbers 0 … 2
    share : ≥ 0, the part of the whole improvement that this move adds to the steps before (of a step's, each move of it
        an equal part). The shares of all moves sum to 1
    """

    step: int
    member: int
    before: int
    after: int
    share: float


def order_changes(problem: Unbalance, before: NDArray[np.int64], after: NDArray[np.int64]) -> tuple[PhaseChange, ...]:
    """The moves from one choice to another, one or two at a time: always what gains most per move; ties to the first.
    What gains nothing until others follow makes one step with them, so that no step is a loss.

    Empty where nothing changes. Raises ValueError if the second choice costs more than the first: such moves are no
    improvement to be shared out.
    """
    whole = problem.cost(before) - problem.cost(after)
    waiting = np.flatnonzero((before != after) & problem.movable)
    if len(waiting) and whole <= 0:
        raise ValueError(f"the new phases cost more than the old ones ({-whole:.3g})")
    turned, moves = problem.turned(before), list[tuple[float, list[int]]]()
    target = problem.turned(after)
    while len(waiting):
        gain, members = _best(problem, turned, target, waiting)
        for k in members:
            turned[k] = target[k]
        moves.append((gain, members))
        waiting = np.setdiff1d(waiting, members)
    return tuple(
        PhaseChange(step, k, int(before[k]), int(after[k]), gain / whole / len(members))
        for step, (gain, members) in enumerate(_gaining(moves), start=1)
        for k in members
    )


def _gaining(moves: Sequence[tuple[float, list[int]]]) -> list[tuple[float, list[int]]]:
    """The moves (gain, members) put together so that each step gains or costs nothing; all of them together gain."""
    steps, gain, members = list[tuple[float, list[int]]](), 0.0, list[int]()
    for more, others in moves:
        gain, members = gain + more, members + others
        if gain >= 0:
            steps.append((gain, members))
            gain, members = 0.0, []
    while gain < 0 and steps:  # what is lost at the end belongs to the steps that gain enough for it
        earlier, first = steps.pop()
        gain, members = gain + earlier, first + members
    return [*steps, (gain, members)] if members else steps


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
