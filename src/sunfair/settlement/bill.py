"""Bills: what a household paid and received in a period, line by line, to the µ.

Every line is a sum of parts of `settle_slot`, so a bill's lines add up to the account's `paid` by construction.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sunfair.model import FIRST_MEMBER
from sunfair.settlement.money import SlotTerms, TrueUp, residual_money, settle_slot, wires_share

__all__ = ["LINES", "Line", "shown_lines", "slot_lines"]


class Line(StrEnum):
    """Lines of a bill. Energy + taken, − given, Wh; amounts + received, − paid, µ."""

    BOUGHT_AHEAD = "bought from neighbours, ahead"
    BOUGHT_POOL = "bought from neighbours, pool"
    SOLD_AHEAD = "sold to neighbours, ahead"
    SOLD_POOL = "sold to neighbours, pool"
    GRID_IMPORT = "bought from the utility"
    GRID_EXPORT = "sold to the utility"
    GAP_IMPORT = "taken while no reading came"
    GAP_EXPORT = "given while no reading came"
    INSTITUTION = "share and counterparty"
    NOTHING = "nothing taken or given"
    WIRES = "equal share of the price differences on the wires"


LINES = tuple(Line)


def slot_lines(
    terms: SlotTerms,
    ahead: NDArray[np.int64],
    pool: NDArray[np.int64],
    metered: NDArray[np.int64],
    true_up: TrueUp | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Energy (Wh) and amount (µ) of each line and account of one slot, int64[11, m] each.

    The arguments are those of `settle_slot`, int64[m], and so are the errors. In the first slot read after a gap the
    gap's lines hold all that the registers moved by, and the grid's lines the slot's ahead trade, as not delivered.
    """
    count = len(ahead)
    energy, amount = np.zeros((2, len(LINES), count), np.int64)

    def put(line: Line, places: NDArray[np.bool_], wh: NDArray[np.int64], paid: NDArray[np.int64]) -> None:
        at = LINES.index(line)
        energy[at], amount[at] = np.where(places, wh, 0), np.where(places, paid, 0)

    silent = TrueUp.none() if true_up is None else true_up
    taken, given = (_spread(silent.account, values, count) for values in (silent.taken_wh, silent.given_wh))
    zero, rest = np.zeros_like(ahead), metered - ahead - pool - taken + given
    for traded, price, lines in (
        (ahead, terms.price_ahead, (Line.BOUGHT_AHEAD, Line.SOLD_AHEAD)),
        (pool, terms.price_pool, (Line.BOUGHT_POOL, Line.SOLD_POOL)),
    ):
        local = terms.local_ahead if lines[0] is Line.BOUGHT_AHEAD else None
        paid = settle_slot(SlotTerms(price, None, 0, 0, terms.fees, local), traded, zero, traded).paid
        if local is not None:
            rent = wires_share(terms, traded)
            put(Line.WIRES, np.full(count, rent > 0), zero, np.full(count, rent))
            paid = paid - rent
        put(lines[0], traded > 0, traded, paid)
        put(lines[1], traded < 0, traded, paid)
    residual = residual_money(rest, terms.retail, terms.feed_in)
    put(Line.GRID_IMPORT, rest > 0, rest, residual.credits - residual.debits)
    put(Line.GRID_EXPORT, rest < 0, rest, residual.credits - residual.debits)
    for line, wh, part in zip((Line.GAP_IMPORT, Line.GAP_EXPORT), (taken, -given), silent.money(), strict=True):
        put(line, wh != 0, wh, _spread(silent.account, part.credits - part.debits, count))
    institutions = np.arange(count) < FIRST_MEMBER
    energy[:, institutions], amount[:, institutions] = 0, 0
    own = settle_slot(terms, ahead, pool, metered, true_up=true_up).paid
    put(Line.INSTITUTION, institutions, zero, own)
    return energy, amount


def _spread(accounts: NDArray[np.int64], values: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Values of some accounts in an array of all, 0 elsewhere."""
    out = np.zeros(count, np.int64)
    out[accounts] = values
    return out


def shown_lines(energy: NDArray[np.int64], amount: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which lines stand on the bills of a period: places (line, account) of int64[11, m] sums, by account and line.

    A line without energy and money is left out; an account with none at all has the one line that says so.
    """
    shown = (energy != 0) | (amount != 0)
    shown[LINES.index(Line.NOTHING)] = ~shown.any(axis=0)
    account, line = np.nonzero(shown.T)
    return line, account
