"""One row after the other, by hand: what each kind of slot makes of a meter, and what a row refuses."""

from dataclasses import replace

import pytest

from sunfair.model import Fees
from sunfair.settlement import Base, Opening, SlotFacts, keccak, member_paid, network_row, next_row
from sunfair.settlement.row import AFTER_GAP, LATE, residual_parts

SLOT, ACCOUNT, NONCE, SALT = 500, 4, 2, bytes([9] * 32)
FACTS = SlotFacts(SLOT, 320_000, 80_000, Fees(), 200_000, 100_000, 1_200, 91)
BASE = Base(ACCOUNT, 1_000, 400)


def i8(value):
    return value.to_bytes(8, "big", signed=True)


def opening(ahead=0, pool=0, offered=0, *, slot=SLOT, account=ACCOUNT, nonce=NONCE, salt=SALT):
    """The account's opened leaf, with an empty curve."""
    curve = bytes(144)
    blind = keccak(b"\x10" + account.to_bytes(4, "big") + slot.to_bytes(8, "big") + i8(nonce) + salt)
    leaf = keccak(b"\x11" + blind + curve)
    return Opening(6, nonce, salt, leaf + curve + i8(offered) + i8(ahead) + i8(pool))


def at(slot, **changes):
    return replace(FACTS, slot=slot, **changes)


def numbers(row):
    return row.metered_wh, row.paid, row.running, row.claims, (row.gap_slots, row.gap_retail, row.gap_feed_in)


def test_a_slot_that_is_read():
    """500 Wh bought ahead at 200 000, 700 taken: 150 of the 200 beyond come from the pool at 100 000, 50 from outside."""
    row = next_row(BASE, FACTS, (1_750, 450), opening(500, 150, 200))
    assert numbers(row) == (700, -100_000 - 15_000 - 16_000, -131_000, 16_000, (0, 0, 0))
    assert (row.leaf, row.nonce, row.salt) == (6, NONCE, SALT)
    assert (row.import_register_wh, row.export_register_wh) == (1_750, 450)


def test_what_was_sold_ahead_and_not_delivered_is_no_claim():
    """500 Wh sold ahead and 100 taken: 600 Wh are bought at retail, the 500 that make good the sale are the buyers'."""
    row = next_row(BASE, FACTS, (1_100, 400), opening(-500, 0, 0))
    assert numbers(row) == (100, 80_000 - 192_000, 80_000 - 192_000, 32_000, (LATE, 0, 0))


def test_a_gap_and_the_reading_after_it():
    """The sale of the silent slots is made good at each slot's own tariffs, what the registers moved by at the gap's worst."""
    first = next_row(BASE, FACTS, None, opening(-100))
    assert numbers(first) == (0, 16_000 - 32_000, -16_000, 0, (1, 320_000, 80_000))
    second = next_row(first, at(SLOT + 1, retail=300_000, feed_in=60_000), None, opening(200, slot=SLOT + 1))
    assert numbers(second) == (0, -40_000 + 12_000, -44_000, 0, (2, 320_000, 60_000))
    assert (second.import_register_wh, second.export_register_wh) == (1_000, 400)
    third = next_row(second, at(SLOT + 2, retail=310_000, feed_in=90_000), (1_400, 700), opening(0, slot=SLOT + 2))
    bought, sold = 400 * 320, 300 * 60
    assert numbers(third) == (100, sold - bought, -44_000 + sold - bought, bought, (AFTER_GAP, 0, 0))
    assert Base.after(third).gap_slots == 0
    fourth = next_row(third, at(SLOT + 3), (1_500, 700), opening(0, 60, 100, slot=SLOT + 3))
    assert (fourth.traded_pool_wh, fourth.gap_slots) == (60, 0)


def test_the_sums_begin_again_with_a_settlement_and_the_gap_does_not():
    row = next_row(BASE, FACTS, None, opening(-100))
    after = next_row(Base.after(row), at(SLOT + 1), (1_010, 400), opening(slot=SLOT + 1))
    within = next_row(row, at(SLOT + 1), (1_010, 400), opening(slot=SLOT + 1))
    assert (after.paid, after.metered_wh) == (within.paid, within.metered_wh) == (-3_200, 10)
    assert (after.running, within.running) == (-3_200, -3_200 + row.running)


def test_a_new_meter_begins_at_its_own_registers_without_a_gap():
    row = next_row(BASE, FACTS, None, opening(-100))
    fresh = next_row(Base.new_meter(row, 7, 0), at(SLOT + 1), (17, 0), opening(0, 0, 10, slot=SLOT + 1))
    assert numbers(fresh) == (10, -3_200, -3_200 + row.running, 3_200, (0, 0, 0))


def test_a_void_slot_is_residual_alone():
    facts = SlotFacts.voided(SLOT, 300_000, 70_000, Fees())
    row = next_row(BASE, facts, (1_000, 500), None)
    assert numbers(row) == (-100, 7_000, 7_000, 0, (0, 0, 0))
    assert (row.leaf, row.nonce, row.salt, row.traded_ahead_wh) == (-1, -1, bytes(32), 0)
    assert network_row(5, facts).paid == 0
    with pytest.raises(ValueError, match="opens no leaf"):
        next_row(BASE, facts, (1_000, 500), opening())


def test_the_network_has_its_share_of_both_volumes():
    row = network_row(10, FACTS)
    assert row.paid == 1_200 * 200_000 * 800 // 10**7 + 91 * 100_000 * 800 // 10**7
    assert row.running == 10 + row.paid


@pytest.mark.parametrize(
    ("reading", "shown", "word"),
    [
        ((1_000, 400), opening(0, 0, 10), "pool_wh is 10; metered less ahead within the cap is 0"),
        ((1_700, 400), opening(0, 0, 699), "pool_wh is 699"),
        ((1_700, 400), opening(0, 0, 700), "within the cap is 600"),
        (None, opening(0, 0, 10), "where no reading was taken"),
        ((999, 400), opening(), "runs backwards"),
        ((1_000, 399), opening(), "runs backwards"),
        ((1_000, 400), None, "any other slot does"),
        ((1_000, 400), opening(slot=SLOT + 1), "do not open"),
        ((1_000, 400), opening(account=5), "do not open"),
        ((1_000, 400), replace(opening(), nonce=NONCE + 1), "do not open"),
        ((1_000, 400), replace(opening(), salt=bytes(32)), "do not open"),
        ((1_000, 400), replace(opening(), public=opening().public[:-1]), "do not open"),
    ],
)
def test_what_contradicts_itself_is_no_row(reading, shown, word):
    with pytest.raises(ValueError, match=word):
        next_row(BASE, FACTS, reading, shown, cap_wh=600)


def test_a_gap_may_not_offer_to_the_pool_when_it_ends():
    gap = next_row(BASE, FACTS, None, opening())
    with pytest.raises(ValueError, match="where a gap is trued up"):
        next_row(gap, at(SLOT + 1), (1_010, 400), opening(0, 0, 10, slot=SLOT + 1))
    with pytest.raises(ValueError, match="does not follow"):
        next_row(gap, FACTS, (1_010, 400), opening())


@pytest.mark.parametrize(("offered", "held"), [(600, True), (0, True), (0, False)])
def test_a_late_reading_counts_but_not_for_the_pool(offered, held):
    """The pool's quantity is all or nothing; the money is the same, and the row says that the reading came late."""
    row = next_row(BASE, replace(FACTS, pool_held=held), (1_700, 400), opening(0, 0, offered), cap_wh=600)
    assert numbers(row)[:3] == (700, -224_000, -224_000)
    assert row.gap_slots == (LATE if held and not offered else 0)


def test_who_knows_whether_a_reading_was_late_is_held_to_it():
    assert next_row(BASE, FACTS, (1_000, 400), opening(), late=True).gap_slots == LATE
    assert next_row(BASE, FACTS, (1_700, 400), opening(), late=True).gap_slots == LATE
    with pytest.raises(ValueError, match="pool_wh is 0; metered less ahead within the cap is 700"):
        next_row(BASE, FACTS, (1_700, 400), opening(), late=False)
    with pytest.raises(ValueError, match="pool_wh is 700"):
        next_row(BASE, FACTS, (1_700, 400), opening(0, 0, 700), late=True)


@pytest.mark.parametrize(
    ("wh", "retail", "feed_in", "debit_credit"),
    [
        (3, 1, 0, (1, 0)),
        (-3, 0, 1, (0, 0)),
        (3, -1, -2, (0, 0)),
        (-3, 0, -1, (1, 0)),
        (1_001, 999, 0, (1_000, 0)),
        (-1_001, 999, 999, (0, 999)),
        (1_001, -999, -999, (0, 999)),
        (0, 7, 7, (0, 0)),
    ],
)
def test_debits_round_up_and_credits_down_whichever_way_they_go(wh, retail, feed_in, debit_credit):
    assert residual_parts(wh, retail, feed_in) == debit_credit
    facts = SlotFacts.voided(1, retail, feed_in, Fees())
    assert member_paid(facts, 0, 0, ((wh, retail, feed_in),)) == debit_credit[1] - debit_credit[0]
