"""Somebody wants the door to stay shut, so that nobody leaves, or open, so that nobody settles."""

import pytest
from vault_world import FIRST, HOUR, MONEY, ROOT, SLOT, WINDOW, Street, refused


def test_anchoring_often_does_not_keep_it_shut(busy: Street) -> None:
    """Were the hours counted from the last anchor, one-slot anchors, each an hour late, would keep the door shut."""
    busy.market.request_withdrawal(4, MONEY, sender=busy.buyer)
    busy.period()
    busy.now += HOUR
    open_minutes = 0
    for _ in range(4 * 12):
        busy.now += SLOT
        while busy.state.next_slot * SLOT + SLOT <= busy.now - HOUR and busy.state.anchored < 1 + 64:
            busy.market.anchor(busy.state.next_slot, 1, ROOT, sender=busy.operator)
        open_minutes += 15 * busy.market.door_open()
    assert open_minutes >= 5 * 60
    busy.wait_for_door(True)
    assert busy.market.withdraw(4) == MONEY


@pytest.mark.parametrize("slots", [1, 3, 4])
def test_every_apply_is_followed_by_a_whole_open_hour(busy: Street, slots: int) -> None:
    """However fast the operator goes on: it anchors and settles at the first moment it can, period after period."""
    busy.anchor()
    for _ in range(4):
        busy.period()
        applied = busy.now
        for late in range(0, HOUR, 300):
            busy.now = applied + late
            if (busy.state.next_slot + slots) * SLOT <= busy.now:
                busy.market.anchor(busy.state.next_slot, slots, ROOT, sender=busy.operator)
            assert busy.market.door_open()
            if busy.state.anchored > busy.state.applied:
                with refused("market: door open"):
                    busy.post()


def test_every_cancel_is_followed_by_a_whole_open_hour(busy: Street) -> None:
    """An operator that settles falsely again and again, each time at the first moment, has to let people out each time."""
    busy.market.request_withdrawal(4, MONEY, sender=busy.buyer)
    busy.period()
    busy.market.request_withdrawal(3, MONEY, sender=busy.seller)
    for _ in range(5):
        busy.settle()
        busy.now += WINDOW // 2
        busy.convict()
        cancelled = busy.now
        for late in (0, 1, HOUR // 2, HOUR - 1):
            busy.now = cancelled + late
            assert busy.market.door_open()
        busy.post_bond()
    busy.wait_for_door(True)
    assert busy.market.withdraw(4) == MONEY


def test_convictions_without_a_settlement_do_not_move_the_hours(busy: Street) -> None:
    """Else a planted error shown each hour would keep the door open and every honest settlement out."""
    busy.anchor()
    busy.now = busy.market.settle_time()
    for party in (busy.intruder, busy.successor, busy.operator):
        busy.convict(party, slot=FIRST)
        assert not busy.market.door_open()
    busy.post_bond()
    busy.post()


def test_a_settlement_nobody_applies_shuts_it_until_anyone_does(busy: Street) -> None:
    settlement = busy.settle()
    busy.now = settlement.settled_at + 3 * WINDOW
    assert not busy.market.door_open()
    busy.market.apply(settlement, busy.words, sender=busy.buyer)
    assert busy.market.door_open()
