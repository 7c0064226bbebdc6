"""Attack: a path that is too short shows an inner node as a leaf, one that is too long a leaf as a node. Here the challenger
is the liar: it wants the bond of an honest operator.
"""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sunfair.settlement.court.proofs import NEUTRAL

sys.path.insert(0, str(Path(__file__).parent))
import court_slots as world

NOTHING = (0, NEUTRAL, 0, NEUTRAL)
SLOT = world.made(41, 37)


@pytest.fixture(scope="module")
def case():
    return world.anchored(SLOT, slots=6, at=4)


@pytest.fixture(scope="module")
def levels():
    return world.tree_levels(SLOT, SLOT.published.rows, {}, {})


def above(levels, level, at):
    return tuple(levels[high][(at >> high - level) ^ 1] for high in range(level, len(levels) - 1))


def said(case, function, arguments):
    return world.courtroom().both(case.facts, function, arguments)


def test_an_inner_node_is_no_padding_leaf(case, levels):
    """Shown at every other level and at every place that a shift could make of it."""
    for level in range(1, len(levels)):
        node, stated = levels[level][-1]
        at = len(levels[level]) - 1
        for told in {*range(len(levels))} - {level}:
            for place in (at, at << level, (at << level) + 1, at >> 1, 40, 63):
                call = (*case.start, told, place, node, stated, above(levels, level, at))
                assert said(case, "refute_padding", call)[1] is None


def test_a_path_of_any_other_length_proves_nothing(case, levels):
    row = (*case.start, 5, levels[0][5][1], SLOT.published.rows[5])
    own = above(levels, 0, 5)
    assert said(case, "refute_row", (*row, own)) == ("court: not false", None)
    for path in (own[:-1], own[1:], own[:1], (), (*own, own[-1]), (*own, (bytes(32), NOTHING)), own * 2):
        assert said(case, "refute_row", (*row, path)) == ("court: path", None)


def test_a_node_at_a_level_of_its_own_choice(case, levels):
    for level in range(1, len(levels)):
        children = (*levels[level - 1][0], *levels[level - 1][1])
        for told in range(14):
            call = (*case.start, told, 0, levels[level][0][1], *children, above(levels, level, 0))
            assert said(case, "refute_node", call) == ("court: not false" if told == level else "court: path", None)
    for huge in (2**256 - 6, 2**255, 2**64):
        call = (*case.start, huge, 0, levels[1][0][1], *levels[0][0], *levels[0][1], above(levels, 1, 0))
        assert said(case, "refute_node", call) == ("court: path", None)


def test_the_tops_children_are_no_header_and_no_rows(case, levels):
    """A header's hash one level up in the anchor, or a book leaf's parent as a leaf."""
    anchor, header, path = case.start
    for shorter in (path[1:], path[:-1], ()):
        for slots in (6, 3, 2, 1):
            other = replace(anchor, slots=slots)
            told = (other, header, shorter, case.place.slot)
            assert said(case, "refute_header", told)[1] is None
            facts = replace(case.facts, anchors=(other,))
            assert world.courtroom().both(facts, "refute_header", told)[0] == "court: path"
    book = world.Tree(SLOT.rows.book_leaf)
    parent = book.levels[1][0].tobytes()
    row = (*case.start, 0, levels[0][0][1], SLOT.published.rows[0], above(levels, 0, 0))
    for leaf_path in (book.proof(0).siblings[1:], book.proof(0).siblings):
        assert said(case, "refute_book_leaf", (*row, parent, leaf_path)) == ("court: path", None)


def test_another_place_of_the_book_is_not_beside_this_row(case, levels):
    """Row 0 beside the leaf of 1, with 1's path: the path is that of the row's own place."""
    book = world.Tree(SLOT.rows.book_leaf)
    row = (*case.start, 0, levels[0][0][1], SLOT.published.rows[0], above(levels, 0, 0))
    for other in range(1, 37):
        call = (*row, SLOT.published.book[other], book.proof(other).siblings)
        assert said(case, "refute_book_leaf", call) == ("court: path", None)


@pytest.mark.parametrize("beyond", [64, 128, 2**64, 2**255])
def test_places_beyond_the_tree(case, levels, beyond):
    """The way up turns left and right as from leaf 5, but the place lies behind the last account's: no padding, no ghost."""
    path = above(levels, 0, 5)
    assert said(case, "refute_padding", (*case.start, 0, 5 + beyond, *levels[0][5], path)) == ("court: path", None)
    assert said(case, "refute_row", (*case.start, 5 + beyond, levels[0][5][1], SLOT.published.rows[5], path)) == (
        "court: path",
        None,
    )
    children = (*levels[0][4], *levels[0][5])
    node = (*case.start, 1, 2 + beyond, levels[1][2][1], *children, above(levels, 1, 2))
    assert said(case, "refute_node", node) == ("court: path", None)
    inner = (*case.start, 2, 1 + beyond, *levels[2][1], above(levels, 2, 1))
    assert said(case, "refute_padding", inner) == ("court: path", None)


def test_a_row_at_a_padding_place(case, levels):
    for place in (37, 63):
        call = (*case.start, place, levels[0][5][1], SLOT.published.rows[5], above(levels, 0, 5))
        assert said(case, "refute_row", call) == ("court: path", None)
