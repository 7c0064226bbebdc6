"""The search over what an operator with friends may publish for one slot: nothing that harms survives all checks.

Each check is then dropped in turn, and the same search finds what it was for. `SUNFAIR_MODEL_STRIDE=1` tries every pair of lies.
"""

import os
from dataclasses import replace

import pytest
from small_auction import NO_BUY, NO_SELL
from small_period import (
    CONTRACT,
    DUST,
    EVERY,
    OWNER,
    PUBLIC,
    UTILITY,
    World,
    harmed,
    honest_view,
    lawful,
    publish,
    reasons,
)
from small_search import harmful, strategies, undetected

STRIDE = int(os.environ.get("SUNFAIR_MODEL_STRIDE", "20"))
FEW = ((3, 1), (NO_BUY, NO_SELL))
SAME = ((3, 1),) * 4

WORLDS = {
    "plain": World(((1, 3), (-1, 1), None), SAME[:3], (1, -1, 0), (80, 5, 10), frozenset({2})),
    "day": World(((2, 3), (-2, 1), (-1, 2)), SAME[:3], (2, -2, 1), (80, 5, 10), frozenset({2})),
    "pool": World((None, (-1, 1), (2, 3)), ((3, 1), (3, 1), (4, 1)), (2, -2, 0), (60, 0, 50), frozenset({2})),
    "short sale": World(((2, 4), (-1, 1), (-2, 1)), SAME[:3], (1, -1, 1), (80, 0, 0), frozenset({2})),
    "crowd": World(
        offers=((1, 3), (-2, 1), (-2, 1), (2, 4)),
        pools=SAME,
        metered=(1, -2, -2, 1),
        balances=(60, 10, 0, 40),
        friends=frozenset({3}),
        steps=(None, (1, 2), (1, 4), (2, 0), (2, 2), (2, 3), (2, 4), (-2, 0), (-2, 2)),
        limits=FEW,
    ),
    "negative": World(
        offers=((1, -1), (-2, -2), (1, 0)),
        pools=((1, -1),) * 3,
        metered=(1, -2, 1),
        balances=(60, 30, 10),
        friends=frozenset({2}),
        retail=1,
        feed_in=-2,
        steps=(None, *((q, limit) for q in (-2, -1, 1, 2) for limit in (-3, -1, 0, 1))),
        limits=((1, -1), (NO_BUY, NO_SELL), (-1, 0)),
    ),
    "three friends": World(
        offers=((2, 2), (1, 2), (1, 2), (-2, 2)),
        pools=SAME,
        metered=(1, 1, -1, -1),
        balances=(60, 10, 0, 0),
        friends=frozenset({1, 2, 3}),
        steps=(None, (1, 2), (1, 4), (-1, 0), (-2, 2)),
        limits=FEW,
    ),
}
NOBODY = World(((1, 3), (-1, 1), (2, 4)), SAME[:3], (1, -1, 2), (80, 0, 0), frozenset())


@pytest.fixture(scope="module")
def found():
    """Every harmful strategy tried, of all worlds, with the checks that fire."""
    return [case for world in WORLDS.values() for case in harmful(world, strategies(world, STRIDE, deep=200))]


@pytest.mark.parametrize("name", WORLDS)
def test_truth_is_never_refuted_and_harms_nobody(name):
    """Whatever friends sign within the rules, the honest publication passes every check."""
    world = WORLDS[name]
    for friend in world.friends:
        for step in world.steps:
            offers = list(world.offers)
            offers[friend] = step
            variant = replace(world, offers=tuple(offers))
            out = publish(variant)
            assert not reasons(variant, out)
            assert not harmed(world, out)


def test_no_lie_that_harms_survives(found):
    assert len(found) > 5_000
    assert undetected(found, EVERY) == []


def test_without_friends_no_lie_that_harms_survives():
    cases = harmful(NOBODY, strategies(NOBODY, STRIDE, deep=200))
    assert cases
    assert undetected(cases, EVERY) == []


SAMPLED = sorted(EVERY - {"sums", "count", "unopened", "utility:leaf", "utility:cover positive", "fill"})


@pytest.mark.parametrize("check", SAMPLED)
def test_without_this_check_the_search_finds_the_fraud(found, check):
    assert undetected(found, EVERY - {check})


def survives(world, lies, without=()):
    """Whether the lies harm and pass all checks but those left out."""
    out = publish(world, lies)
    return harmed(world, out) and not reasons(world, out) & (EVERY - set(without))


def test_false_price_by_a_false_bound():
    """lo of the root too high, the price follows it: the seller gains, the buyer pays. Only the node's sum is false."""
    world = replace(WORLDS["plain"], steps=(None,))
    lies = {("price", 0): 3, ("sum", 0, "lo"): 3}
    assert survives(world, lies, {"sums"})
    assert not survives(world, lies)


def test_diluted_ration_by_a_false_sum():
    """A group stated too large: the honest buyer's share rounds to nothing, two friends take it."""
    world = World(
        offers=((2, 2), (1, 2), (1, 2), (-2, 2)),
        pools=SAME,
        metered=(2, 1, 1, -2),
        balances=(80, 20, 20, 0),
        friends=frozenset({1, 2}),
        steps=(None, (1, 2), (1, 3), (-1, 2)),
        limits=FEW[:1],
    )
    lies = {("sum", 0, "demand_at"): 8, ("fill", 0, 0): 0, ("fill", 0, 1): 1, ("fill", 0, 2): 1}
    out = publish(world, lies)
    assert reasons(world, out) == {"sums"}


def test_diluted_ration_by_energy_above_the_cap():
    """A friend that may sign any energy takes the whole ration; the cap of the opened leaf stops it."""
    lies = {("curve", 3): (4, 3)}
    assert survives(WORLDS["crowd"], lies, {"utility:leaf"})
    assert not survives(WORLDS["crowd"], lies)


def test_false_fill_at_the_money():
    """The honest buyer is due 1 Wh of the ration, gets none, a friend gets two: sums, volume and price all hold."""
    world = World(
        ((2, 2), (2, 2), (-2, 2)),
        SAME[:3],
        (2, 2, -2),
        (80, 40, 0),
        frozenset({1}),
        steps=(None, (2, 2)),
        limits=FEW[:1],
    )
    lies = {("fill", 0, 0): 0, ("fill", 0, 1): 2}
    assert survives(world, lies, {"fill"})
    assert not survives(world, lies)


GHOST_SELLER = {("owner", 3): None, ("curve", 3): (-2, 0), ("row ahead", 3): 0, ("row pool", 3): 0, ("place", 3): 9}


def test_ghost_seller_is_a_missing_leaf_of_a_friend():
    """A leaf that nobody owns sells 2 Wh. There are as many leaves as accounts, so some account has none: asking each account suffices."""
    world = replace(WORLDS["crowd"], metered=(1, -2, -2, 0))
    out = publish(world, GHOST_SELLER)
    assert harmed(world, out)
    assert reasons(world, out) == {"unopened", "utility:leaf"}


def test_ghost_leaf_beyond_the_accounts_needs_the_count():
    """One leaf more (the padding of the tree is such a place): seen by counting alone, every account has its leaf."""
    lies = {("ghost",): (-2, 0)}
    assert survives(WORLDS["plain"], lies, {"count", "unopened"})
    assert reasons(WORLDS["plain"], publish(WORLDS["plain"], lies)) == {"count", "unopened"}


def test_opening_every_account_makes_opening_every_leaf_superfluous(found):
    """With as many leaves as accounts and one leaf for each account there is no leaf left over: 'unopened' is implied."""
    assert undetected(found, EVERY - {"unopened"}) == []
    for case in found:
        if "unopened" in case.reasons:
            assert case.reasons & {"count", "utility:leaf", "owner:leaf", "demand"}


def test_cover_needs_no_proof(found):
    """Too little cover is an overdraft, too much is the operator's own money: only its sum and sign are checked."""
    assert not any("exact" in check for check in EVERY)
    for world in WORLDS.values():
        for friend in world.friends:
            gift = {("cover", friend): publish(world).leaves[friend]["cover"] + 20}
            out = publish(world, gift)
            assert not reasons(world, out) & EVERY
            assert not harmed(world, out)
    assert undetected(found, EVERY - {"utility:cover positive"}) == []  # a friend's negative cover only robs the friend


def test_friends_balance():
    """Money into a friend's balance out of nothing: the sum of amounts. Out of the utility: the friend's leaf and row."""
    world = WORLDS["day"]
    true = publish(world).amounts
    nothing = {("amount", 2): true[2] + 20, ("amount", "utility"): true["utility"]}
    assert reasons(world, publish(world, nothing)) == {"zero sum", "utility:posted"}
    assert survives(world, {("amount", 2): true[2] + 20}, {"utility:posted"})


def test_money_parked_in_the_reserve():
    lies = {("amount", "reserve"): 20}
    assert survives(WORLDS["day"], lies, {"reserve"})
    within = publish(WORLDS["day"], {("amount", "reserve"): DUST})
    assert not reasons(WORLDS["day"], within) & EVERY
    assert not harmed(WORLDS["day"], within)


def test_false_tariff():
    """A feed-in that the utility never set: only the header against the chain shows it."""
    world = World((None,) * 3, ((NO_BUY, NO_SELL),) * 3, (2, -1, 0), (90, 0, 0), frozenset({2}))
    for lies in ({("feed_in",): 0}, {("retail",): 3}, {("retail",): 5}):
        assert survives(world, lies, {"tariffs"})
        assert not survives(world, lies)


def test_registers_alone_do_not_protect_the_utility(found):
    """S4 read narrowly: a utility that looks at registers only is robbed through friends' rows, leaves and amounts."""
    narrow = EVERY - {
        name for name in UTILITY if name not in ("utility:register", "unopened", "utility:leaf", "cover sum")
    }
    robbed = undetected(found, narrow)
    assert robbed
    assert {what[0] for case in robbed for what in case.lies} >= {"amount", "leaf amount", "paid", "arrears", "claims"}


def test_a_sleeping_utility_pays_for_its_sleep_members_hardly():
    """Leaves opened, friends' rows not: what members lose by that a lawful friend could have done, the loss is the utility's.

    But for one thing: a friend's pool quantity that its meter never showed takes a neighbour's place in the pool.
    """
    awake = EVERY - UTILITY | {"utility:leaf"}
    for name in ("pool", "day", "short sale", "three friends"):
        world = WORLDS[name]
        members = {due[:-2] for due in lawful(world)}
        for lies in strategies(world, 4 * STRIDE, deep=50):
            out = publish(world, lies)
            fired = reasons(world, out)
            if not fired & awake and not fired & {"utility:pool quantity", "utility:register"}:
                own = honest_view(world, out)[:-2]
                assert any(all(map(int.__ge__, own, due)) for due in members), lies
    taken = publish(WORLDS["pool"], {("curve", 2): (-2, 4), ("pool_wh", 2): -2})
    assert reasons(WORLDS["pool"], taken) & EVERY == {"utility:pool quantity"}
    assert harmed(WORLDS["pool"], taken)


def test_every_party_is_needed(found):
    """Contract, anyone, owners and utility: without one of them something passes."""
    for party in (CONTRACT, PUBLIC, OWNER, UTILITY):
        assert undetected(found, EVERY - party)
