"""Attack: a friend is paid for energy it never sold. No public row shows the sale, or the one that does is another's."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sunfair.settlement import PrivateRow
from sunfair.settlement.court.rows import part_of
from sunfair.settlement.row import member_paid

sys.path.insert(0, str(Path(__file__).parent))
import court_settlements as world
from court_settlements import FIRST_MEMBER, Ways

STREET = world.made(
    5, Ways(members=8, moving=0.0, replaced=0.0, void=0.0, silent=0.0, late=0.0, poor=0.0, limits=(10, 20))
)
FIRST = STREET.pending.settlement.first_slot


def seller_of(slot):
    """An account that sold ahead in a slot, and one that did not trade."""
    openings = STREET.slots[slot].openings
    sold = [account for account, own in openings.items() if own.fill_ahead_wh < 0]
    idle = [account for account, own in openings.items() if own.fill_ahead_wh == 0]
    return (sold[0], idle[0]) if sold and idle else None


SLOT = next(slot for slot in range(FIRST, FIRST + 6) if seller_of(slot))
SELLER, FRIEND = seller_of(SLOT)


def told(**lie):
    """The friend's row of the slot with this told, its money as the formula gives it for the lie, and all above to fit."""
    index = SLOT - part_of(STREET.facts, STREET.pending.settlement, FRIEND).start
    rows = list(STREET.pending.rows[FRIEND])
    row = replace(PrivateRow.decode(rows[index]), **lie)
    facts = STREET.slots[SLOT].facts
    residual = row.metered_wh - row.traded_ahead_wh - row.traded_pool_wh
    paid = member_paid(facts, row.traded_ahead_wh, row.traded_pool_wh, ((residual, facts.retail, facts.feed_in),))
    rows[index] = replace(row, paid=paid).encode()
    return world.repost(STREET, {FRIEND: world.resum(tuple(rows))})


@pytest.mark.parametrize("session", ["traded_ahead_wh", "traded_pool_wh"])
@pytest.mark.parametrize("energy", [-1, -5_000])
def test_a_sale_that_no_public_row_shows(session, energy):
    found = world.caught(told(**{session: energy}), FRIEND)
    assert "refute_row_trade" in {evidence.function for evidence in found}


def test_a_sale_of_another_s():
    """The friend's row takes the seller's leaf, nonce, salt and fills. The leaf's blind names the account."""
    opening = STREET.slots[SLOT].openings[SELLER]
    trade = {"traded_ahead_wh": opening.fill_ahead_wh, "traded_pool_wh": opening.fill_pool_wh}
    street = told(leaf=opening.leaf, nonce=opening.nonce, salt=opening.salt, **trade)
    found = world.caught(street, FRIEND)
    assert [evidence.function for evidence in found][-1] == "refute_row_trade"


def test_a_sale_out_of_a_slot_without_trade():
    """A void slot: whatever the friend says it sold there, nobody traded."""
    street = world.made(5, Ways(members=5, moving=0.0, replaced=0.0, void=1.0, silent=0.0, poor=0.0))
    account = FIRST_MEMBER
    for lie in ({"traded_ahead_wh": -50}, {"traded_pool_wh": -50}, {"leaf": 0, "traded_ahead_wh": -50}):
        assert world.caught(world.spoil(street, account, 1, **lie), account)[0].function == "refute_void_row"
