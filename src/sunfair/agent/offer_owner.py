"""The owner's rules on what is offered; they bind before anything that could be gained."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.dispatch_levels import Levels
from sunfair.agent.fleet import Fleet
from sunfair.agent.offer import buy_limit, sell_limit
from sunfair.model import Curves, Fees, Owner
from sunfair.units import LIMIT_MAX, NO_BUY, NO_SELL, TICK

__all__ = ["ordered_levels", "owned_curves"]

Ints = NDArray[np.int64]


def owned_curves(curves: Curves, owners: Sequence[Owner], fees: Fees, tick: int = TICK) -> Curves:
    """`curves` as the owners allow them: prices within their floor and ceiling, and of the surplus the preset share.

    A step beyond the owner's price is moved to it, with the steps it meets there; the standing limits likewise. Of what
    is sold ahead the share stays that the owner gives to neighbours; below a whole share the rest is not given to the
    pool either: it goes to the utility.
    """
    free = Owner()
    bound = [at for at, owner in enumerate(owners) if _rules(owner) != _rules(free)]
    if not bound:
        return curves
    energy, limit = curves.energy_wh.copy(), curves.limit.copy()
    pool_buy, pool_sell = curves.pool_buy.copy(), curves.pool_sell.copy()
    for at in bound:
        owner = owners[at]
        floor, ceiling = _floor(owner, fees, tick), _ceiling(owner, fees, tick)
        energy[at], limit[at] = _steps(energy[at], limit[at], floor, ceiling, owner.neighbour_permille)
        pool_buy[at] = NO_BUY if ceiling < -LIMIT_MAX else min(int(pool_buy[at]), ceiling)
        if pool_sell[at] != NO_SELL:
            pool_sell[at] = max(int(pool_sell[at]), floor) if floor <= LIMIT_MAX else NO_SELL
        if owner.neighbour_permille < 1_000:
            pool_sell[at] = NO_SELL
    return replace(curves, energy_wh=energy, limit=limit, pool_buy=pool_buy, pool_sell=pool_sell)


def ordered_levels(levels: Levels, fleet: Fleet, owners: Sequence[Owner], slot: int) -> Levels:
    """`levels` with the owners' own orders in their place: the battery goes to what is ordered and stays there."""
    orders = [(at, owner.override_at(slot)) for at, owner in enumerate(owners) if owner.overrides]
    columns = {name: getattr(levels, name).copy() for name in Levels.__dataclass_fields__}
    for at, order in orders:
        if order is not None:
            goal = int(fleet.capacity_wh[at]) * order.soc_permille // 1_000
            for name in ("buy_to", "store_to", "cover_to"):
                columns[name][at] = goal
            columns["sell_from"][at] = fleet.capacity_wh[at]
    return Levels(**columns)


def _rules(owner: Owner) -> tuple[int, int | None, int | None]:
    return owner.neighbour_permille, owner.floor_price, owner.ceiling_price


def _floor(owner: Owner, fees: Fees, tick: int) -> int:
    """The least limit at which the owner receives the floor price after fees; below every limit where there is none."""
    return NO_BUY if owner.floor_price is None else int(sell_limit(np.array([owner.floor_price]), fees, tick)[0])


def _ceiling(owner: Owner, fees: Fees, tick: int) -> int:
    """The highest limit at which the owner pays at most the ceiling price; above every limit where there is none."""
    return NO_SELL if owner.ceiling_price is None else int(buy_limit(np.array([owner.ceiling_price]), fees, tick)[0])


def _steps(energy: Ints, limit: Ints, floor: int, ceiling: int, permille: int) -> tuple[Ints, Ints]:
    """One home's steps within its owner's rules, int64[8] each; used steps first, equal limits of a side merged."""
    kept: dict[tuple[bool, int], int] = {}
    for wh, price in zip(energy.tolist(), limit.tolist(), strict=True):
        within = min(price, ceiling) if wh > 0 else max(price, floor)
        share = wh if wh > 0 else -(-wh * permille // 1_000)
        if share and abs(within) <= LIMIT_MAX:
            kept[wh > 0, within] = kept.get((wh > 0, within), 0) + share
    dearest = max((price for buys, price in kept if buys), default=NO_BUY)
    steps = [(wh, price) for (buys, price), wh in kept.items() if buys or price > dearest]
    out = np.zeros((2, len(energy)), np.int64)
    for place, (wh, price) in enumerate(steps):
        out[:, place] = wh, price
    return out[0], out[1]
