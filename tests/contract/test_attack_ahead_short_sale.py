"""Attack: a friend sells ahead what it does not have, and the operator tells its row so that it need not make it good.

By the rule the energy that was sold and not delivered is bought from the utility at retail, in the same slot; its debit is
trade, so the guarantor answers for it, and it was in the cover that admitted the offer.
"""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sunfair.model import Fees
from sunfair.settlement import PrivateRow
from sunfair.settlement.row import Base, Opening, SlotFacts, member_paid, next_row

sys.path.insert(0, str(Path(__file__).parent))
import court_settlements as world
from court_settlements import FIRST_MEMBER, Ways

FEES = Fees(8_000, 1_200, 800)


class _Sold(Opening):
    """An opening of a sale; that it opens is not the question here."""

    def opens(self, account, slot):
        return True


def sold(energy):
    """Sold so much ahead, nothing in the pool."""
    numbers = b"".join(number.to_bytes(8, "big", signed=True) for number in (0, -energy, 0))
    return _Sold(0, 1, bytes(32), bytes(176) + numbers)


@pytest.mark.parametrize("price", [-50, 0, 80_000, 200_000, 320_000])
@pytest.mark.parametrize("silent", [False, True])
def test_a_short_sale_below_retail_earns_nothing(price, silent):
    """With a meter that says so, or with one that says nothing."""
    facts = SlotFacts(9, 320_000, 80_000, FEES, price, 0)
    row = next_row(Base(3, 0, 0), facts, None if silent else (0, 0), sold(1_000))
    assert row.paid <= 0
    assert row.claims == 0, "its debit is trade: the neighbours are paid, by the guarantor"


def test_the_cover_of_a_sale_is_what_it_can_cost():
    """max(−l, retail − s(l)) a Wh, limit l: at a price of l the row costs as much, but for the rounding."""
    for limit in (-90_000, 0, 100_000, 250_000):
        facts = SlotFacts(9, 320_000, 80_000, FEES, limit, 0)
        row = next_row(Base(3, 0, 0), facts, None, sold(1_000))
        share = limit * 8_000 // 10_000 if limit > 0 else limit
        assert row.paid >= -max(-limit, 320_000 - share) - 1


STREET = world.made(
    8,
    Ways(
        members=8, moving=0.0, replaced=0.0, void=0.0, silent=0.5, late=0.3, poor=0.6, limits=(10, 20), tariffs=(21, 40)
    ),
)
SHORT = [
    (account, index)
    for account in range(FIRST_MEMBER, 11)
    for index, row in enumerate(map(PrivateRow.decode, STREET.pending.rows[account]))
    if row.traded_ahead_wh < 0 and row.metered_wh > row.traded_ahead_wh
]


def test_the_street_has_short_sales_with_and_without_a_reading():
    gaps = {PrivateRow.decode(STREET.pending.rows[account][index]).gap_slots > 0 for account, index in SHORT}
    assert gaps == {False, True}


@pytest.mark.parametrize("at", SHORT[:8], ids=str)
def test_a_short_sale_told_as_delivered(at):
    """Metered is what was traded, so nothing is left to buy; with or without the register that would go with it."""
    account, index = at
    rows = list(STREET.pending.rows[account])
    row = PrivateRow.decode(rows[index])
    facts = STREET.slots[row.slot].facts
    paid = member_paid(facts, row.traded_ahead_wh, row.traded_pool_wh, ())
    for registers in (0, -row.traded_ahead_wh):
        lie = replace(
            row, metered_wh=row.traded_ahead_wh, paid=paid, export_register_wh=row.export_register_wh + registers
        )
        told = world.resum((*rows[:index], lie.encode(), *rows[index + 1 :]))
        street = world.repost(STREET, {account: told})
        if not world.is_story(street, account, told):  # else it is a matter of the reading, which is demanded
            world.caught(street, account)


@pytest.mark.parametrize("at", SHORT[:8], ids=str)
def test_a_short_sale_s_debit_told_as_a_claim_of_the_utility(at):
    """So that arrears, and not the guarantor, go without: the utility would feed the friend."""
    account, index = at
    rows = [PrivateRow.decode(row) for row in STREET.pending.rows[account]]
    debit = 1_000
    told = tuple(replace(row, claims=row.claims + debit * (at >= index)).encode() for at, row in enumerate(rows))
    street = world.repost(STREET, {account: told})
    assert world.caught(street, account)[0].function in ("refute_row", "refute_void_row")
