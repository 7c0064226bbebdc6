"""Bills: what a household paid and received in a period, line by line, to the µ.

Every line is a sum of parts of `settle_slot`, so a bill's lines add up to the account's `paid` by construction.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sunfair.model import FIRST_MEMBER
from sunfair.settlement.money import SlotTerms, residual_money, settle_slot

__all__ = ["LINES", "Line", "shown_lines", "slot_lines"]


class Line(StrEnum):
    """Lines of a bill. Energy + taken, − given, Wh; amounts + received, − paid, µ."""

    BOUGHT_AHEAD = "bought from neighbours, ahead"
    BOUGHT_POOL = "bought from neighbours, pool"
    SOLD_AHEAD = "sold to neighbours, ahead"
    SOLD_POOL = "sold to neighbours, pool"
    GRID_IMPORT = "bought from the utility"
    GRID_EXPORT = "sold to the utility"
    INSTITUTION = "share and counterparty"
    NOTHING = "nothing taken or given"


LINES = tuple(Line)


def slot_lines(
    terms: SlotTerms, ahead: NDArray[np.int64], pool: NDArray[np.int64], metered: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Energy (Wh) and amount (µ) of each line and account of one slot, int64[8, m] each.

    The arguments are those of `settle_slot`, int64[m], and so are the errors.
    """
    zero = np.zeros_like(ahead)
    residual = metered - ahead - pool
    energy = np.stack([part for traded in (ahead, pool) for part in (np.maximum(traded, 0), np.minimum(traded, 0))])
    energy = np.concatenate([energy[[0, 2, 1, 3]], [np.maximum(residual, 0), np.minimum(residual, 0), zero, zero]])
    only_ahead = settle_slot(SlotTerms(terms.price_ahead, None, 0, 0, terms.fees), ahead, zero, ahead).paid
    only_pool = settle_slot(SlotTerms(None, terms.price_pool, 0, 0, terms.fees), zero, pool, pool).paid
    rest = residual_money(residual, terms.retail, terms.feed_in)
    rest_paid = rest.credits - rest.debits
    amount = np.stack(
        [
            np.where(ahead > 0, only_ahead, 0),
            np.where(pool > 0, only_pool, 0),
            np.where(ahead < 0, only_ahead, 0),
            np.where(pool < 0, only_pool, 0),
            np.where(residual > 0, rest_paid, 0),
            np.where(residual < 0, rest_paid, 0),
            zero,
            zero,
        ]
    )
    institutions = np.arange(len(ahead)) < FIRST_MEMBER
    amount[:, institutions] = 0
    amount[LINES.index(Line.INSTITUTION), institutions] = settle_slot(terms, ahead, pool, metered).paid[institutions]
    return energy, amount


def shown_lines(energy: NDArray[np.int64], amount: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which lines stand on the bills of a period: places (line, account) of int64[8, m] sums, by account and line.

    A line without energy and money is left out; an account with none at all has the one line that says so.
    """
    shown = (energy != 0) | (amount != 0)
    shown[LINES.index(Line.NOTHING)] = ~shown.any(axis=0)
    account, line = np.nonzero(shown.T)
    return line, account
