"""Attack: energy where nobody stands. A tree of N leaves has room for more up to the next power of two; what stands there
belongs to no account, so no owner misses it and no opening shows it.
"""

import sys
from pathlib import Path

import pytest

from sunfair.settlement import keccak
from sunfair.settlement.court import Kind
from sunfair.settlement.court.proofs import NEUTRAL

sys.path.insert(0, str(Path(__file__).parent))
import court_slots as world

NOTHING = (0, NEUTRAL, 0, NEUTRAL)
GHOST = world.words([0, 0, 40, 0, 0, 40, 10**9 - 1, 3 * 10**9 + 1, *[0] * 6, 10**9 - 1, 3 * 10**9 + 1])
"""Sells 40 Wh in the money: the header of `SLOT` balances with it once a friend's row bought them."""
SLOT = world.street((40, 25), (30, 12), (-30, 10), size=21)


def ghosts(level):
    """Places of a level over padding alone, among 32 leaves of which 21 are accounts'."""
    return [at for at in range(32 >> level) if at << level >= 21]


@pytest.mark.parametrize("level", range(4))
def test_a_ghost_that_states_energy(level):
    """As a leaf, or as a whole part of the tree whose hash nobody can open."""
    for at in ghosts(level):
        for node in ({}, {(level, at): keccak(b"ghost")}):
            case = world.anchored(SLOT, world.bind(SLOT, stated={(level, at): GHOST}, hashes=node))
            tops = [found for found in world.faults(case) if found.kind is Kind.PADDING]
            assert world.courtroom().both(case.facts, "refute_padding", tops[0].arguments) == ("", Kind.PADDING)
            assert tops[0].arguments[3] >= level


@pytest.mark.parametrize("level", range(4))
def test_a_ghost_that_states_nothing(level):
    """A hash is enough: below it something could be shown later."""
    for at in ghosts(level):
        case = world.anchored(SLOT, world.bind(SLOT, hashes={(level, at): keccak(b"ghost")}))
        assert world.convicted(case).kind is Kind.PADDING


def test_a_ghost_seller_that_makes_the_header_balance():
    """Home 1 buys 30 Wh at 12 that no home sold; every condition of the header holds."""
    rows = {1: world.put(SLOT.published.rows[1], 184, 30), 0: world.put(SLOT.published.rows[0], 184, 40)}
    whole = world.as_if(SLOT, rows, price_ahead=11)
    ghost = {(0, 31): GHOST}
    stated = {node: sums for node, sums in whole.stated.items() if node[0] == 0} | ghost
    change = lambda header: world.replace(header, price_ahead=11)  # noqa: E731
    case = world.anchored(SLOT, world.bind(SLOT, rows=rows, stated=stated, change=change))
    first = world.convicted(case)
    assert first.kind is Kind.PADDING
    assert first.arguments[3:5] == (3, 3)


def test_an_account_whose_leaf_is_padding():
    """Its row is nowhere, its place is empty: shown without a demand."""
    levels = world.tree_levels(SLOT, SLOT.published.rows, {}, {})
    for home in (0, 20):
        stated = {(0, home): NOTHING}
        case = world.anchored(SLOT, world.bind(SLOT, hashes={(0, home): bytes(32)}, stated=stated))
        own = world.tree_levels(SLOT, SLOT.published.rows, stated, {(0, home): bytes(32)})
        above = tuple(own[level][(home >> level) ^ 1] for level in range(len(levels) - 1))
        call = (*case.start, 0, home, bytes(32), NOTHING, above)
        assert world.courtroom().both(case.facts, "refute_padding", call) == ("", Kind.PADDING)


def test_true_padding_is_no_ghost():
    case = world.anchored(SLOT)
    levels = world.tree_levels(SLOT, SLOT.published.rows, {}, {})
    for level in range(4):
        for at in ghosts(level):
            above = tuple(levels[high][(at >> high - level) ^ 1] for high in range(level, len(levels) - 1))
            call = (*case.start, level, at, *levels[level][at], above)
            assert world.courtroom().both(case.facts, "refute_padding", call) == ("court: not false", None)
