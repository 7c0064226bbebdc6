"""Attack: the operator credits a friend. Amounts sum to zero, so somebody else is short by as much: that somebody looks at
its own rows and shows it, or the utility, which sees the friend's, does.
"""

import sys
from itertools import combinations
from pathlib import Path

import pytest

from sunfair.settlement import PrivateRow
from sunfair.settlement.court import Kind
from sunfair.settlement.court.rows_evidence import find_cover_faults

sys.path.insert(0, str(Path(__file__).parent))
import court_settlements as world
from court_settlements import FIRST_MEMBER, NETWORK, UTILITY, Ways

STREET = world.made(3, Ways(members=6, moving=0.0, replaced=0.0, void=0.0, silent=0.1, poor=0.0))
MEMBERS = range(FIRST_MEMBER, FIRST_MEMBER + 6)


def paid_more(street, account, more, index=2):
    """The account's rows with so much more paid in one of them, every sum after it made to fit."""
    rows = list(street.pending.rows[account])
    rows[index] = world.change(rows[index], paid=PrivateRow.decode(rows[index]).paid + more)
    return world.resum(tuple(rows))


def amount(street, account):
    """The posted amount."""
    return int.from_bytes(street.pending.leaves[account][5:13], "big", signed=True)


@pytest.mark.parametrize("friends", [1, 3])
@pytest.mark.parametrize("loot", [1, 60_000])
def test_what_friends_gain_their_victims_miss(friends, loot):
    """Loot taken from one victim and shared by friends who say nothing: the victim finds its row, whoever they are."""
    for ring in combinations(MEMBERS, friends):
        victim = next(account for account in MEMBERS if account not in ring)
        rows = {friend: paid_more(STREET, friend, loot) for friend in ring}
        rows[victim] = paid_more(STREET, victim, -loot * friends)
        street = world.repost(STREET, rows)
        assert amount(street, victim) == amount(STREET, victim) - loot * friends
        assert amount(street, UTILITY) == amount(STREET, UTILITY)
        assert next(world.faults(street, victim)).kind == Kind.PRIVATE_ROW
    world.caught(street, victim)


def test_one_micro_from_everybody():
    """Whoever looks first is enough."""
    friend, *others = MEMBERS
    rows = {account: paid_more(STREET, account, -1) for account in others}
    street = world.repost(STREET, rows | {friend: paid_more(STREET, friend, len(others))})
    for victim in others:
        world.caught(street, victim)


def test_at_the_utility_s_expense():
    """Nobody else misses anything; the utility sees every row of its meters."""
    friend = MEMBERS[0]
    street = world.repost(STREET, {friend: paid_more(STREET, friend, 777)})
    assert amount(street, UTILITY) == amount(STREET, UTILITY) - 777
    for other in (*MEMBERS[1:], NETWORK):
        assert list(world.faults(street, other)) == []
    world.caught(street, friend)


def test_at_the_network_s_expense():
    """Its rows need no secret: anyone shows it."""
    street = world.repost(
        STREET, {NETWORK: paid_more(STREET, NETWORK, -1), MEMBERS[1]: paid_more(STREET, MEMBERS[1], 1)}
    )
    assert world.caught(street, NETWORK)[0].kind == Kind.NETWORK_ROW


def test_at_the_guarantor_s_expense():
    """A friend with money is covered as if it had none, or its own consumption is told as somebody's arrears."""
    friend, other = MEMBERS[2:4]
    due, also = (world.due_leaf(STREET.facts, account, STREET.pending.rows[account])[0] for account in (friend, other))
    for numbers in ((due + 500, 0, 500), (due + 500, 500, 0)):
        street = world.repost(STREET, numbers={friend: numbers})
        assert world.caught(street, friend)[0].kind == Kind.PERIOD_LEAF
    below_nothing = {friend: (due, 500, -500), other: (also + 600, 0, 600)}
    assert world.caught(world.repost(STREET, numbers=below_nothing), friend)[0].kind == Kind.COVER_NODE


def test_cover_for_nobody():
    """The posted cover is more than all leaves together: anyone with the tree shows the node that makes the difference."""
    for stated in ({(3, 0): 40}, {(4, 0): 40}, {(2, 1): 40}, {(0, 11): 40}):
        street = world.repost(STREET, stated=stated)
        found = list(find_cover_faults(street.facts, street.pending.settlement, street.pending.tree))
        assert found
        world.convicted(street, found[0])


def test_a_posted_amount_unlike_every_leaf():
    """All rows and leaves are true; only the list that moves the money is not."""
    friend, victim = MEMBERS[:2]
    own = {account: amount(STREET, account) for account in MEMBERS}
    street = world.repost(STREET, amounts={friend: own[friend] + 9, victim: own[victim] - 9})
    assert world.caught(street, victim)[0].kind == Kind.PERIOD_LEAF
