"""Attack: at the price the many share what is left; an operator makes the group larger, or shares it by its own taste.

A larger group, or less left for it, gives every honest home a smaller share, and the friend takes the rest.
"""

import sys
from pathlib import Path

import pytest

from sunfair.settlement import Header
from sunfair.settlement.court import Kind, curve_evidence

sys.path.insert(0, str(Path(__file__).parent))
import court_slots as world

SLOT = world.street((60, 20), (60, 20), (60, 20), (-90, 20), (-10, 5))
"""At 20: 100 Wh sold, 180 Wh wanted by three homes: 33, 33 and 34 Wh."""


def test_the_honest_ration():
    assert sorted(SLOT.rows.fill_ahead_wh[:3].tolist()) == [33, 33, 34]
    assert world.faults(world.anchored(SLOT)) == []


@pytest.mark.parametrize(
    "fills", [(35, 33, 32), (60, 20, 20), (40, 30, 30), (34, 34, 34), (33, 33, 33), (0, 50, 50), (-1, 51, 50)]
)
def test_a_ration_by_taste(fills):
    """⌊60·100/180⌋ = 33 Wh or one more: nothing else, though all of it sums up."""
    rows = {home: world.put(SLOT.published.rows[home], 184, fill) for home, fill in enumerate(fills)}
    case = world.anchored(SLOT, world.as_if(SLOT, rows))
    assert world.convicted(case).kind in (Kind.ROW, Kind.HEADER)


@pytest.mark.parametrize("fills", [(35, 33, 32), (60, 20, 20), (33, 32, 35), (0, 50, 50)])
def test_a_ration_of_sellers_by_taste(fills):
    """The same on the other side: three homes would sell 180 Wh at 20, 100 Wh are wanted."""
    slot = world.street((-60, 20), (-60, 20), (-60, 20), (90, 20), (10, 25))
    assert sorted(slot.rows.fill_ahead_wh[:3].tolist()) == [-34, -33, -33]
    rows = {home: world.put(slot.published.rows[home], 184, -fill) for home, fill in enumerate(fills)}
    found = [fault.arguments[3] for fault in world.faults(world.anchored(slot, world.as_if(slot, rows)))]
    assert found == [home for home, fill in enumerate(fills) if not 33 <= fill <= 34]
    assert world.convicted(world.anchored(slot, world.as_if(slot, rows))).kind is Kind.ROW


@pytest.mark.parametrize("more", [1, 20, 420, 10**9])
def test_a_group_that_is_larger_than_its_rows(more):
    """The total of the group at the price is stated too large, in any one node or leaf, and the shares follow it."""
    levels = world.tree_levels(SLOT, SLOT.published.rows, {}, {})
    for level, nodes in enumerate(levels):
        for at, (_, sums) in enumerate(nodes):
            stated = {(level, at): world.add(sums, 1, more)}
            published = world.bind(SLOT, stated=stated)
            case = world.anchored(SLOT, published)
            assert Header.decode(published.header).sums[1] == 180 + more
            assert world.convicted(case).kind in (Kind.NODE, Kind.ROW, Kind.PADDING)


@pytest.mark.parametrize("quantity", [61, 120, 10**9])
def test_a_friend_that_wants_more_than_it_signed(quantity):
    """Its row states the larger step, everything fits: its book leaf binds another curve."""
    row = world.put(SLOT.published.rows[0], 32, quantity)
    bound = SLOT.published.rows[0][32:176]
    case = world.anchored(SLOT, world.as_if(SLOT, {0: row}))
    evidence = curve_evidence(case.place, case.published, 0, SLOT.blind[0].tobytes(), bound)
    assert world.courtroom().both(case.facts, evidence.function, evidence.arguments) == ("", Kind.CURVE)


def test_a_group_that_is_told_to_be_in_the_money():
    """The friend's step counted as better than the price gets all of it: its own limit says otherwise."""
    levels = world.tree_levels(SLOT, SLOT.published.rows, {}, {})
    own = levels[0][0][1]
    better = world.add(world.add(own, 0, 60), 1, -60)
    rows = {home: world.put(SLOT.published.rows[home], 184, fill) for home, fill in enumerate((60, 20, 20))}
    stated = {(0, 0): world.add(better, 4, 60 - SLOT.rows.fill_ahead_wh[0].item())}
    for home in (1, 2):
        stated[0, home] = world.add(levels[0][home][1], 4, 20 - SLOT.rows.fill_ahead_wh[home].item())
    case = world.anchored(SLOT, world.bind(SLOT, rows=rows, stated=stated))
    found = world.convicted(case)
    assert (found.kind, found.arguments[3]) == (Kind.ROW, 0)
