"""Attack: the operator plants an error in its own settlement, so that it can have a day undone that its friends lost.

A false row, leaf or root cancels the settlement and makes no slot void: what is settled again is the same day, so the same
amounts. What it costs is the bond. Played here in the real market, with its money.
"""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from sunfair.settlement import PrivateRow
from sunfair.settlement.court import Anchor, Settlement
from sunfair.settlement.court.rows_evidence import find_cover_faults

sys.path.insert(0, str(Path(__file__).parent))
import court_settlements as world
import vault_world as vault
from court_settlements import FIRST_MEMBER, NETWORK, Ways

WAYS = Ways(members=4, before=0, slots=(8,), moving=0.0, replaced=0.0, void=0.0, silent=0.3, poor=0.5)
DAY = world.made(4, WAYS)
HOME = FIRST_MEMBER + 1


class Market(vault.Street):
    """A market whose second court is RowCourt itself, with the homes, meters and balances of the day."""

    def market_on(self, token, **changes):
        self.courts[1] = self.chain.deploy("RowCourt")
        return super().market_on(token, **changes)

    def open_for_the_day(self):
        """Meters, terms, bond and balances; the day is anchored."""
        for account, meters in DAY.facts.meters.items():
            meter = (meters[0].key, vault.FIRST, meters[0].import_wh, meters[0].export_wh)
            self.market.set_meter(account, *meter, sender=self.registry)
        self.set_terms()
        self.post_bond()
        for account, balance in DAY.facts.balances.items():
            if balance:
                self.deposit(account, balance)
        self.deposit(vault.GUARANTOR, 10**9)
        self.anchored = Anchor(*self.anchor(8, DAY.shown[world.FIRST].anchor.root))
        return self

    def post_the_day(self, street):
        """Settle the day as this street tells it; the street with what the market made of it."""
        pending = street.pending
        self.now = self.market.settle_time()
        posted = self.post(
            root=pending.settlement.period_root, words=list(pending.words), cover=pending.settlement.cover
        )
        settlement = Settlement(*posted)
        facts = replace(street.facts, pending=settlement, anchors=(self.anchored,))
        shown = {slot: replace(own, anchor=self.anchored) for slot, own in street.shown.items()}
        pending = replace(pending, facts=facts, settlement=settlement)
        return posted, replace(street, facts=facts, shown=shown, pending=pending)

    def challenge(self, found):
        """The call as the intruder sends it."""
        data = world.calldata("RowCourt", found.function, (self.market.address, *found.arguments))
        return self.chain.call(self.courts[1], self.intruder, data)


@cache
def market():
    assert world.FIRST == vault.FIRST
    return Market(members=4).open_for_the_day()


@pytest.fixture
def real():
    """The market with the day anchored and nothing posted."""
    opened = market()
    now, before = opened.now, opened.chain.evm.snapshot()
    yield opened
    opened.chain.evm.revert(before)
    opened.now = now


def paid(account, more):
    """One row of the account paid so much more, and every sum after it."""
    rows = list(DAY.pending.rows[account])
    rows[3] = world.change(rows[3], paid=PrivateRow.decode(rows[3]).paid + more)
    return world.repost(DAY, {account: world.resum(tuple(rows))})


ERRORS = {
    "row": lambda: (paid(HOME, 1), HOME),
    "trade": lambda: (world.spoil(DAY, HOME, 2, traded_ahead_wh=1), HOME),
    "network": lambda: (paid(NETWORK, 1), NETWORK),
    "leaf": lambda: (world.repost(DAY, leaves={HOME: DAY.pending.leaves[HOME][:-1]}), HOME),
    "rows root": lambda: (world.repost(DAY, {HOME: DAY.pending.rows[HOME][:-1]}), HOME),
    "cover": lambda: (world.repost(DAY, stated={(1, 3): 7, (2, 1): 0, (3, 0): 0}), None),
}


def found_in(street, looker):
    """The first thing that whoever looks can show."""
    if looker is None:
        return next(find_cover_faults(street.facts, street.pending.settlement, street.pending.tree))
    return next(world.faults(street, looker))


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_of_one_s_own_undoes_nothing_and_costs_the_bond(real, error):
    """The settlement is cancelled, no slot is void, the bond is gone, and the same day is settled with the same amounts."""
    before = real.balances()
    spoiled, looker = ERRORS[error]()
    posted, street = real.post_the_day(spoiled)
    real.challenge(found_in(street, looker))
    assert real.state.pending == 0
    assert not real.market.is_pending(posted)
    assert real.market.bond_of(real.operator) == 0
    assert real.market.claims(real.intruder) == vault.BOND // 5
    after = real.balances()
    assert after == {**before, 2: before[2] + vault.BOND - vault.BOND // 5}
    assert not any(real.market.void_slot(slot) for slot in DAY.slots)
    with vault.refused():
        real.challenge(found_in(street, looker))
    real.post_bond()
    again, street = real.post_the_day(DAY)
    assert all(not list(world.faults(street, account)) for account in DAY.pending.rows)
    real.apply(again)
    amounts = {a: int.from_bytes(leaf[5:13], "big", signed=True) for a, leaf in enumerate(DAY.pending.leaves)}
    assert {a: real.balances()[a] - after[a] for a in amounts} == amounts


def test_the_friend_s_part_is_a_fifth(real):
    """Whoever shows the error gets a fifth: an operator that convicts itself loses the rest."""
    _, street = real.post_the_day(ERRORS["row"]()[0])
    real.challenge(found_in(street, HOME))
    assert real.market.claims(real.intruder) * 5 == vault.BOND
    assert real.solvent()


def test_the_honest_day_cannot_be_rolled_back(real):
    """Nothing about it is false, whatever is shown: each call is refused, and the day is applied."""
    posted, street = real.post_the_day(DAY)
    spoiled = ERRORS["row"]()[0]
    for looker in (HOME, NETWORK):
        for evidence in world.faults(spoiled, looker):
            settlement = street.pending.settlement
            first = evidence.arguments[0]
            forged = replace(first, settlement=settlement) if hasattr(first, "settlement") else settlement
            with vault.refused():
                real.challenge(replace(evidence, arguments=(forged, *evidence.arguments[1:])))
    real.apply(posted)
