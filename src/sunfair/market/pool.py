"""The pool: what each account took or gave in a slot beyond its ahead trades goes to the neighbours first."""

import numpy as np
from numpy.typing import ArrayLike

from sunfair.errors import Fault, InputError
from sunfair.market.integers import ACCOUNTS, ENERGIES, Allowed, integer_columns
from sunfair.market.offers import Offers
from sunfair.units import LIMIT_MAX, NO_BUY, NO_SELL

__all__ = ["pool_offers"]


def pool_offers(account: ArrayLike, open_wh: ArrayLike, pool_buy: ArrayLike, pool_sell: ArrayLike) -> Offers:
    """The pool's book: at most one step per account, in input order.

    account  : integers[n]
    open_wh  : integers[n], Wh, ``metered − traded_ahead`` (+ still to be bought, − still to be sold), |open_wh| ≤ 10⁹;
               0 where there is no reading: without one there is no pool offer
    pool_buy, pool_sell : integers[n], the standing limits each account signed, µ/kWh; `NO_BUY` and `NO_SELL` stand for
               a side it does not trade on

    Accounts with nothing open, or that do not trade on that side, make no step. Raises InputError naming every fault.
    """
    faults: list[Fault] = []
    places, energy, buy, sell = integer_columns(
        faults,
        {
            "account": (account, ACCOUNTS),
            "open_wh": (open_wh, ENERGIES),
            "pool_buy": (pool_buy, Allowed(NO_BUY, LIMIT_MAX)),
            "pool_sell": (pool_sell, Allowed(-LIMIT_MAX, NO_SELL)),
        },
    )
    if faults:
        raise InputError("the pool's book cannot be made", faults)
    limit = np.where(energy > 0, buy, sell)
    step = np.flatnonzero((energy != 0) & (limit != NO_BUY) & (limit != NO_SELL))
    return Offers(places[step].astype(np.int32), energy[step], limit[step])
