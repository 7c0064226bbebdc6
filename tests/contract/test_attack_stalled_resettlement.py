"""An operator plants errors, falls by one of them, and keeps the rest to cancel every successor until the escape."""

from vault_world import BOND, DAY, FIRST, NO_SLOT, SLOT, Street, refused


def fallen(busy: Street) -> Street:
    """Two days anchored, the operator convicted and replaced."""
    for _ in range(2):
        busy.anchor()
    busy.convict(slot=FIRST)
    busy.post_bond(busy.successor)
    busy.now += DAY
    busy.market.take_over(sender=busy.successor)
    return busy


def test_nothing_planted_reaches_the_successor(busy: Street) -> None:
    fallen(busy)
    slots = busy.now // SLOT - FIRST
    busy.anchor(slots, sender=busy.successor)
    settlement = busy.settle({3: 5, 4: -5}, sender=busy.successor)
    for slot in (*range(FIRST, FIRST + 96), NO_SLOT):
        busy.convict(busy.operator, slot=slot)
    assert busy.market.is_pending(settlement)
    assert busy.market.bond_of(busy.successor) == BOND
    busy.apply(settlement)
    assert busy.balances()[3] == busy.balances()[4] + 10


def test_anchors_of_the_fallen_are_gone(busy: Street) -> None:
    anchors = [busy.anchor(3) for _ in range(4)]
    busy.convict()
    busy.post_bond(busy.successor)
    busy.now += DAY
    busy.market.take_over(sender=busy.successor)
    assert not any(map(busy.market.is_anchor, anchors))
    for anchor in anchors:
        with refused("market: not an open anchor"):
            busy.docket.void_anchor(busy.market, anchor, 1, busy.intruder)
    # Not even once there are as many again, at the same places in the ring.
    for _ in range(4):
        busy.anchor(3, sender=busy.successor)
    assert not any(map(busy.market.is_anchor, anchors))


def test_two_convictions_in_one_transaction_take_one_bond(busy: Street) -> None:
    busy.settle()
    busy.auction.convict_twice(busy.market, 1, busy.operator, busy.intruder, FIRST)
    assert busy.market.claims(busy.intruder) == BOND // 5
    assert [event.slashed for event in busy.market.logged("Convicted")] == [BOND, 0]
    assert busy.solvent()


def test_errors_of_one_operator_cost_it_a_bond_each_time(busy: Street) -> None:
    """Whoever settles anew has posted a new bond; nobody stalls for gas alone."""
    for times in range(1, 4):
        busy.settle()
        busy.convict()
        busy.now = busy.market.settle_time()
        with refused("market: bond not full"):
            busy.post()
        busy.post_bond()
        assert busy.market.claims(busy.intruder) == times * (BOND // 5)


def test_the_clock_of_the_escape_runs_on(busy: Street) -> None:
    end = busy.market.escape_time()
    busy.anchor(4)
    while True:
        busy.now = busy.market.settle_time()
        if busy.now + 6 * 3600 >= end:
            break
        busy.post()
        busy.convict()
        busy.post_bond()
        assert busy.market.escape_time() == end
    with refused("market: too late to settle"):
        busy.post()
    busy.now = end
    assert busy.market.escaped()


def test_successor_needs_nothing_of_its_predecessor(busy: Street) -> None:
    """All up to the takeover is void: it anchors and settles that at once."""
    fallen(busy)
    void_until = busy.now // SLOT + 1
    anchor = busy.anchor(void_until - FIRST, sender=busy.successor)
    assert anchor.void_to == anchor.first_slot + anchor.slots == void_until
    busy.apply(busy.settle({0: 7, 4: -7}, sender=busy.successor))
    assert busy.state.applied_slot == void_until
