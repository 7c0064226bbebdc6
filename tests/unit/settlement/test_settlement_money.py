"""What `settle_slot` refuses, and sums and products that leave 64 bits."""

import numpy as np
import pytest

from sunfair.model import NETWORK, RESERVE, UTILITY, Fees
from sunfair.settlement import SlotTerms, settle_slot, slot_lines

TERMS = SlotTerms(200_000, 100_000, 320_000, 80_000, Fees())


def settle(ahead, pool, metered, terms=TERMS):
    return settle_slot(terms, [0, 0, 0, *ahead], [0, 0, 0, *pool], [0, 0, 0, *metered])


@pytest.mark.parametrize("session", ["ahead", "pool"])
def test_trades_that_do_not_balance_are_refused(session):
    traded = {"ahead": [0, 0], "pool": [0, 0], session: [5, -4]}
    with pytest.raises(ValueError, match=f"the {session} session bought and sold different"):
        settle(traded["ahead"], traded["pool"], [0, 0])


def test_a_difference_that_is_a_multiple_of_64_bits_is_seen():
    # 2⁶⁴ Wh too much on one side: a sum in int64 would be 0
    with pytest.raises(ValueError, match="different amounts"):
        settle([2**62] * 4, [0] * 4, [0] * 4)


@pytest.mark.parametrize("session", ["ahead", "pool"])
def test_trades_without_a_price_are_refused(session):
    price_ahead, price_pool = (None, 1) if session == "ahead" else (1, None)
    terms = SlotTerms(price_ahead, price_pool, 320_000, 80_000, Fees())
    traded = {"ahead": [0, 0], "pool": [0, 0], session: [5, -5]}
    with pytest.raises(ValueError, match=f"the {session} session traded without a price"):
        settle(traded["ahead"], traded["pool"], [0, 0], terms)


@pytest.mark.parametrize("institution", [UTILITY, NETWORK, RESERVE])
@pytest.mark.parametrize("column", range(3))
def test_institutions_neither_trade_nor_are_metered(institution, column):
    columns = np.zeros((3, 5), np.int64)
    columns[column, institution], columns[column, 3] = 1, -1
    with pytest.raises(ValueError, match="institutions"):
        settle_slot(TERMS, *columns)


@pytest.mark.parametrize(
    "shapes", [((5,), (5,), (4,)), ((5, 1), (5, 1), (5, 1)), ((2,), (2,), (2,)), ((0,), (0,), (0,)), ((5,), (6,), (5,))]
)
def test_columns_are_one_row_per_account(shapes):
    with pytest.raises(ValueError, match="one row per account"):
        settle_slot(TERMS, *(np.zeros(shape, np.int64) for shape in shapes))


def test_a_volume_beyond_64_bits_is_shared_exactly():
    """20 buyers and sellers of 10⁹ Wh at 10⁹ µ/kWh: volume × price is 2·10¹⁹ > 2⁶³."""
    terms = SlotTerms(10**9, None, 0, 0, Fees(8_000, 1_200, 800))
    ahead = [10**9] * 20 + [-(10**9)] * 20
    money = settle(ahead, [0] * 40, ahead, terms)
    value = 20 * 10**9 * 10**9 // 1000
    assert money.credits[:3].tolist() == [value * 12 // 100, value * 8 // 100, 0]
    assert money.debits[3:].tolist() == [10**15] * 20 + [0] * 20
    assert money.credits[3:].tolist() == [0] * 20 + [8 * 10**14] * 20


def test_a_slot_without_members_moves_nothing():
    money = settle([], [], [])
    assert not money.debits.any()
    assert not money.credits.any()


def test_bills_refuse_what_settlement_refuses():
    columns = np.zeros((3, 5), np.int64)
    columns[0, 3] = 1
    with pytest.raises(ValueError, match="different amounts"):
        slot_lines(TERMS, *columns)
