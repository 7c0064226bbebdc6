"""How the wires' room is shared among those who ask for it: fairly, or for the most energy in all."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAIN", "share_efficient", "share_fair"]

MAIN = 0.05
"""Who takes less than this part of what the most costly asker takes of a limit, per watt, is not held up by it: a limit
at the far end of one street does not bind the homes of another."""

Floats = NDArray[np.float64]


def share_fair(cost: Floats, room: Floats, asked: Floats) -> Floats:
    """What each of k askers is granted when all rise together in proportion to what they ask: float64[k].

    cost : float64[m, k], ≥ 0, what a watt takes of each limit's room; room : float64[m]; asked : float64[k], ≥ 0

    All are granted the same share of what they ask until a limit is reached; those who stand at it (`MAIN`) stop there,
    the others go on (weighted max-min fairness, Bertsekas and Gallager, Data Networks, 6.5.2). What the others then
    still take of a limit that is used up, those who stand at it give back in proportion. No limit is exceeded; one
    without room lets nobody rise who stands at it.
    """
    room = np.maximum(room, 0.0)
    granted, rising = np.zeros_like(asked), asked > 0
    main = (cost > 0) & (cost >= MAIN * np.where(rising, cost, 0.0).max(axis=1, keepdims=True))
    waiting, level = np.ones(len(room), np.bool_), 0.0
    while rising.any() and level < 1.0:
        speed = cost[:, rising] @ asked[rising]
        left = np.maximum(room - cost @ granted, 0.0)
        with np.errstate(all="ignore"):
            reach = np.where(waiting & (speed > 0), left / speed, np.inf)
        first = int(reach.argmin()) if len(reach) else 0
        step = min(float(reach[first]) if len(reach) else np.inf, 1.0 - level)
        granted[rising] += step * asked[rising]
        level += step
        if level < 1.0:
            waiting[first] = False
            rising = rising & ~main[first]
    return _given_back(cost, room, granted, main)


def _given_back(cost: Floats, room: Floats, granted: Floats, main: NDArray[np.bool_]) -> Floats:
    """The grants with those at an exceeded limit lowered in proportion, and where they have too little, all that take
    part of it; to lower one raises no other.
    """
    for row in np.flatnonzero(cost @ granted > room):
        for part in (main[row], cost[row] > 0):
            over, mine = float(cost[row] @ granted - room[row]), np.where(part, granted, 0.0)
            held = float(cost[row] @ mine)
            if over > 0 and held > 0:
                granted = granted - mine * min(over / held, 1.0)
    return granted


def share_efficient(cost: Floats, room: Floats, asked: Floats) -> Floats:
    """The grants of the most energy in all: max Σ g with ``cost · g ≤ room`` and 0 ≤ g ≤ asked; arguments as above."""
    held = np.maximum(room, 0.0)
    tight = cost @ asked > held
    if not tight.any():
        return asked.copy()
    from scipy.optimize import linprog  # noqa: PLC0415 - half a second that most programs never need

    # Scaled rows: a watt moves a voltage by 10⁻⁵ pu, which is near what the solver takes for nothing.
    scale = 1.0 / cost[tight].max(axis=1)
    found = linprog(
        -np.ones_like(asked),
        A_ub=cost[tight] * scale[:, None],
        b_ub=held[tight] * scale,
        bounds=np.stack([np.zeros_like(asked), asked], axis=1),
        method="highs",
    )
    return share_fair(cost, room, asked) if found.x is None else np.clip(found.x, 0.0, asked)
