"""Virtual net metering: shares of the output as credits that carry over, and re-allocation until nothing is idle."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.commons.checks import read_order
from sunfair.commons.remainder import share_out
from sunfair.errors import Fault, InputError

__all__ = ["CreditAccount", "carry_credits", "reallocate"]

Wh = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CreditAccount:
    """Credits by period and member, int64[P, n], Wh ≥ 0.

    applied : set against the use of the period; expired : lost in it; balance : left at its end.
    Σ given = Σ applied + Σ expired + the last balance, for every member, exactly.
    """

    applied_wh: Wh
    expired_wh: Wh
    balance_wh: Wh


def carry_credits(given_wh: ArrayLike, use_wh: ArrayLike, *, lifetime: int) -> CreditAccount:
    """Set credits against use, the oldest first; what is left lives `lifetime` periods more (0: none is carried).

    given_wh, use_wh : integers[P, n], Wh, 0 … 10⁹, e.g. a month's. Raises InputError as `allocate` does.
    """
    given, use = _whole("given_wh", given_wh), _whole("use_wh", use_wh)
    if given.shape != use.shape:
        what = f"has the shape {list(use.shape)}, given_wh has {list(given.shape)} (periods, members)"
        raise InputError("credits cannot be carried", [Fault("use_wh", what, "must be the same")])
    periods, members = given.shape
    applied, expired = np.zeros_like(given), np.zeros_like(given)
    balance = np.zeros_like(given)
    ages = np.zeros((lifetime + 1, members), np.int64)  # row 0: this period's credits
    for period in range(periods):
        ages[1:] = ages[:-1]
        ages[0] = given[period]
        short = use[period].copy()
        for age in range(lifetime, -1, -1):
            taken = np.minimum(ages[age], short)
            ages[age] -= taken
            short -= taken
        applied[period] = use[period] - short
        expired[period] = ages[lifetime]
        ages[lifetime] = 0
        balance[period] = ages.sum(axis=0)
    return CreditAccount(applied, expired, balance)


def reallocate(generation_wh: ArrayLike, use_wh: ArrayLike, shares: ArrayLike) -> Wh:
    """Share by static shares, and what somebody cannot use again among those still short, until nothing is idle.

    Arguments as of ``allocate("static", …)``; the result is int64[T, n]: nobody gets more than its use, and
    Σ = min(generation, Σ use of those with a share) in every slot. Each round weighs the short members by their
    shares (largest remainder, ties to the first), so at most n rounds.
    """
    order = read_order("static", ("static",), generation_wh, use_wh, shares, None)
    left, use = order.generation.astype(np.int64), order.use.astype(np.int64)
    bps = np.broadcast_to(order.shares.astype(np.int64), use.shape)
    got = np.zeros_like(use)
    while True:
        weight = np.where(got < use, bps, 0)
        open_slots = np.flatnonzero((left > 0) & (weight.sum(axis=1) > 0))
        if not len(open_slots):
            return got
        part = np.minimum(_parts(left[open_slots], weight[open_slots]), (use - got)[open_slots])
        got[open_slots] += part
        left[open_slots] -= part.sum(axis=1)


def _parts(amount: Wh, weight: Wh) -> Wh:
    """`amount` int64[t] by weights int64[t, n], all of it: largest remainder."""
    return share_out(weight, weight.sum(axis=1), amount)


def _whole(name: str, values: ArrayLike) -> Wh:
    """Integers[P, n] within bounds; InputError naming `name` if they are not."""
    periods = len(np.asarray(values, dtype=object)) if np.ndim(values) else 0
    try:
        order = read_order("dynamic", ("dynamic",), np.zeros(periods, np.int64), values, None, None)
    except InputError as error:
        faults = [Fault(name, fault.what, fault.mend) for fault in error.faults if fault.place == "use_wh"]
        raise InputError("credits cannot be carried", faults) from error
    return order.use.astype(np.int64)
