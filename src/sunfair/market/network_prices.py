"""From an optimum to whole Wh and whole µ/kWh: fills that balance, and prices with their parts."""

import numpy as np
from numpy.typing import NDArray

from sunfair.market.local import LocalPrices
from sunfair.market.network_limits import Rows
from sunfair.market.network_programme import Optimum, Programme

__all__ = ["energy_price", "local_prices", "whole_fills"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_WHOLE = 1e-6
"""A fill this near to a whole Wh is that."""

_FILLED_WH = 1e-3
"""A step filled by less than this is not accepted, one that lacks less is not rejected."""


def energy_price(programme: Programme, found: Optimum, k: tuple[int, int]) -> float | None:
    """λ₀, µ/kWh: the uniform auction's rule on limits less what their place adds; None where nothing trades.

    ``p_low`` is the dearest accepted sell or rejected buy, ``p_high`` the cheapest accepted buy or rejected sell.
    """
    own = programme.limit - found.shadow @ programme.rows
    accepted, rejected = found.fill > _FILLED_WH, found.fill < programme.most - _FILLED_WH
    buys = programme.sign > 0
    if not accepted.any():
        return None
    low = float(own[(accepted & ~buys) | (rejected & buys)].max())
    high = float(own[(accepted & buys) | (rejected & ~buys)].min())
    return low + max(high - low, 0.0) * k[0] / k[1]


def local_prices(energy: float, losses: Floats, rows: Rows, shadow: Floats, share: Floats) -> LocalPrices:
    """The prices at all members, rounded to the µ.

    energy : µ/kWh at the head; losses : float64[n, 3], what they add; shadow : float64[m], µ/kWh per unit of a row
    share : float64[n, 3], which part of a member's power each phase carries
    """
    volts = np.einsum("m,mkp->kp", shadow[rows.voltage], rows.rows[rows.voltage])
    loads = np.einsum("m,mkp->kp", shadow[~rows.voltage], rows.rows[~rows.voltage])
    whole = energy + losses + volts + loads
    price, own_losses, own_volts = (np.rint(part).astype(np.int64) for part in (whole, losses, volts))
    head = round(energy)
    # A limit is a whole number: a price that keeps it keeps it rounded, too.
    connection = np.rint(np.round((whole * share).sum(axis=1), 4)).astype(np.int64)
    return LocalPrices(head, own_losses, own_volts, price - head - own_losses - own_volts, connection)


def whole_fills(sign: Floats, fill: Floats, most: Ints) -> Ints:
    """Whole Wh, int64[c], 0 … most: each side sums to the same; rounded down, what is missing to largest remainders."""
    down = np.minimum(np.floor(fill + _WHOLE).astype(np.int64), most)
    rest = fill - down
    buys, sells = (np.flatnonzero(sign == side) for side in (1.0, -1.0))
    due = round(min(float(fill[buys].sum()), float(fill[sells].sum())) - 0.5 + _WHOLE)
    due = max(due, 0)
    for side in (buys, sells):
        _fit(down, rest, most, side, due)
    return down


def _fit(fill: Ints, rest: Floats, most: Ints, side: NDArray[np.intp], due: int) -> None:
    """Bring one side's sum to `due`, a Wh at a time where the remainder is largest (or, downwards, smallest)."""
    while (gap := due - int(fill[side].sum())) != 0:
        step = 1 if gap > 0 else -1
        room = side[(fill[side] < most[side]) if gap > 0 else (fill[side] > 0)]
        order = room[np.argsort(-step * rest[room], kind="stable")][: abs(gap)]
        fill[order] += step
