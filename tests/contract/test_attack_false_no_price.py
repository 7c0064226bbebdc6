"""Attack: an operator says that nothing could trade, and keeps the neighbours' sun for the utility.

Nobody is filled, so no fill looks too large; "no price" looks like a slot in which the limits did not meet. But a price
stands in every header, and whatever it is, it puts somebody in the money (settlement.md, "After the slot").
"""

import sys
from itertools import product
from pathlib import Path

import pytest

from sunfair.settlement.court import Kind
from sunfair.units import NO_BUY, NO_SELL

sys.path.insert(0, str(Path(__file__).parent))
import court_slots as world

CROSSED = world.street((100, 25), (50, 20), (-60, 10), (-30, 20), pool=((70, 30), (-100, 8)))
"""Ahead at 20, 90 Wh; in the pool 70 Wh between 8 and 30."""
PRICES = [NO_BUY, -(10**9), -1, 0, 7, 8, 9, 10, 11, 19, 20, 21, 24, 25, 26, 29, 30, 31, 10**9, NO_SELL]


def unfilled(slot, at):
    """Its rows with one session's fills taken away."""
    return {index: world.put(row, at, 0) for index, row in enumerate(slot.published.rows)}


@pytest.mark.parametrize("price", PRICES)
def test_no_price_hides_an_ahead_trade(price):
    published = world.as_if(CROSSED, unfilled(CROSSED, 184), price_ahead=price)
    assert world.convicted(world.anchored(CROSSED, published)).kind is Kind.HEADER


@pytest.mark.parametrize("price", PRICES)
def test_no_price_hides_a_trade_in_the_pool(price):
    published = world.as_if(CROSSED, unfilled(CROSSED, 192), price_pool=price)
    assert world.convicted(world.anchored(CROSSED, published)).kind is Kind.HEADER


@pytest.mark.parametrize("rule", [1, 3])
def test_nor_at_the_mid_market_rate(rule):
    slot = world.street(*([] if rule & 2 else [(5, 30), (-5, 2)]), pool=((70, 30), (-100, 8)), rule=rule)
    sessions = [192] if rule & 2 else [184, 192]
    for at in sessions:
        published = world.as_if(slot, unfilled(slot, at))
        assert world.convicted(world.anchored(slot, published)).kind is Kind.HEADER


@pytest.mark.parametrize("price", [9, 15, 20, 25])
def test_sums_that_say_nothing_was_offered_are_false_in_a_row_or_a_node(price):
    """The header may look empty then; some node above the crossing rows has to lie, or a row itself."""
    rows = unfilled(CROSSED, 184)
    levels = world.tree_levels(CROSSED, CROSSED.published.rows, {}, {})
    empty = world.as_if(world.street(pool=((0, NO_BUY),)), {})
    neutral = empty.stated[0, 0]
    for lying in range(len(levels)):
        pool = {(level, at): sums[2:] for level, nodes in enumerate(levels) for at, (_, sums) in enumerate(nodes)}
        stated = {(lying, at): (*neutral[:2], *pool[lying, at]) for at in range(len(levels[lying]))}
        case = world.anchored(CROSSED, world.bind(CROSSED, rows=rows, stated=stated, change=empty_price))
        assert world.convicted(case).kind in (Kind.NODE, Kind.ROW)
        assert not [found for found in world.faults(case) if found.kind is Kind.HEADER]
    assert price  # the header of a session without offers names the middle of nothing, whatever the price was


def empty_price(header):
    """What a session without any offer has to name at k = 1/2."""
    return world.replace(header, price_ahead=0)


def test_every_small_book_that_crosses_has_to_trade():
    """Exhaustive: two homes, limits and prices 1 … 4; nothing filled is true only where the limits do not meet."""
    for buy, sell in product(range(1, 5), repeat=2):
        slot = world.street((3, buy), (-3, sell))
        for price in range(6):
            case = world.anchored(slot, world.as_if(slot, unfilled(slot, 184), price_ahead=price))
            true = buy < sell and price == slot.header.price_ahead
            assert bool(world.faults(case)) != true
