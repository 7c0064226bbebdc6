"""An operator that lies in any field, alone or in pairs, with friends that keep silent, against everybody who looks.

Offers, auctions, trees, anchors, settlements, audits and challenges are the product's own, on a real chain; what every
account is due is worked out beside it by a program that shares no line with it (`lying_rule`). After every step the
market holds what it owes, and every honest party has what the rules give, or nothing has moved.

A hundred steps and more, each of them some twenty offers, two auctions and sixty audits; SUNFAIR_LONG_FUZZ=1 runs a hundred
times as many, from random seeds.
"""

import os
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

sys.path.insert(0, str(Path(__file__).parent))
import lying_fields
from lying_rule import FIRST_MEMBER, GUARANTOR, NETWORK, RESERVE, UTILITY
from lying_street import ACCOUNTS, BOND, Street

from sunfair.app.published_checks import period_told
from sunfair.errors import Reverted
from sunfair.simulate import auditors

LONG = os.environ.get("SUNFAIR_LONG_FUZZ") == "1"

TOLD_ONLY = {"header data_hash"}
"""What no court asks for: the rows under the roots are what counts. Every watcher tells it all the same."""

UNSEEN_ROWS = {"row book_leaf", "row pool_wh"}
UNSEEN = {*UNSEEN_ROWS, "header book_root", "header result_root"}
"""Nobody knows what stands under these hashes, and only its owner what a meter showed: a demand, or the rows of the
settlement, bring it to light.
"""

PUBLIC, SAID = sorted(lying_fields.AUCTION), sorted(lying_fields.STATEMENTS)
FRIENDS = [(), (4,), (4, 5, 6)]
seeds = st.integers(0, 2**32 - 1)


def pairs(names: list[str]) -> st.SearchStrategy[list[str]]:
    """One of them, or two of them."""
    return st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)


class LyingOperator(RuleBasedStateMachine):
    """One street, from its first slot on; the operator is honest where no lie is drawn."""

    @initialize(seed=seeds, friends=st.sampled_from(FRIENDS), looks=st.sampled_from([True, True, False]))
    def begin(self, seed: int, friends: tuple[int, ...], looks: bool) -> None:
        self.street = Street(seed, friends, looks)
        self.balances = dict(self.street.balances)
        self.requests: dict[int, tuple[int, int]] = {}
        self.over = False

    # ── What is done ──────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(count=st.integers(1, 3))
    @precondition(lambda self: len(self.street.settler.open) < 3)
    def trade(self, count: int) -> None:
        self.convictions(lambda: self.street.trade(count), due=False)

    @rule(names=pairs(PUBLIC), seed=seeds)
    @precondition(lambda self: len(self.street.settler.open) < 3)
    def publish_falsely(self, names: list[str], seed: int) -> None:
        """Two slots, of the second of which something false is anchored."""
        self.convictions(lambda: self.street.trade(2, [(1, lying_fields.falsified(names, seed))]), due=None)
        number = max(self.street.published)
        slot = self.street.published[number].anchor.first_slot + 1
        if slot not in self.street.void:  # then what the header binds has to be demanded, once it is settled
            told = list(period_told(self.street.ledger.facts(), self.street.published[number]))
            assert told or set(names) <= UNSEEN_ROWS

    @rule()
    @precondition(lambda self: self.can_settle)
    def settle(self) -> None:
        """The oldest period, honestly; if something it rests on is false, that cancels it."""
        self.street.refill()
        rests = self.unproven()
        self.convictions(self.street.settle, due=rests)

    @rule(names=pairs(SAID), account=st.sampled_from(ACCOUNTS), seed=seeds)
    @precondition(lambda self: self.can_settle)
    def settle_falsely(self, names: list[str], account: int, seed: int) -> None:
        """Somebody who looks sees it, unless it is about friends alone and the utility does not look either."""
        self.street.refill()
        try:
            self.convictions(lambda: self.street.settle(lying_fields.told(names, account, seed)), due=None)
        except Reverted as refused:  # the market itself refused the amounts: they are computed anew
            self.street.again(refused.reason)
            return
        posted = self.street.settler.posted
        assert posted is not None
        if self.street.ledger.is_pending(posted.settlement):
            assert account in self.street.friends
            assert account not in self.street.lookers
            assert posted.money.amounts[NETWORK] == self.due_now()[NETWORK]

    @rule(account=st.sampled_from(ACCOUNTS))
    @precondition(lambda self: self.can_settle)
    def settle_and_withhold(self, account: int) -> None:
        """One home is not handed its rows."""
        self.street.refill()
        seen = account in self.street.lookers
        self.convictions(lambda: self.street.settle(withheld=[account]), due=True if seen else self.unproven())

    @rule()
    @precondition(lambda self: self.pending)
    def apply(self) -> None:
        posted = self.street.settler.posted
        assert posted is not None
        moved = dict(enumerate(posted.money.amounts.tolist())) | {GUARANTOR: -posted.money.guarantor}
        due = self.street.apply()
        blind = self.street.friends - set(self.street.lookers)
        for account in self.balances:
            if account not in blind and account not in (UTILITY, GUARANTOR):
                assert moved[account] == due[account]
        if not blind:
            assert moved == due
        assert sum(moved.values()) == 0
        for account, amount in moved.items():
            self.balances[account] += amount
        self.street.balances = dict(self.balances)

    @rule(account=st.sampled_from(ACCOUNTS), amount=st.sampled_from([0, 1, 40_000, 2**62]))
    def request(self, account: int, amount: int) -> None:
        self.street.ledger.request_withdrawal(account, amount)
        self.requests[account] = amount, self.street.ledger.now() // 3600 + 25

    @rule(account=st.sampled_from(ACCOUNTS))
    def withdraw(self, account: int) -> None:
        """Paid once all up to 25 hours after the request is applied, and refused before, whatever the operator did."""
        asked, slot = self.requests.get(account, (0, 0))
        earlier = self.street.earlier
        done = -1 if earlier is None else earlier.period.slots[-1].slot
        amount = min(asked, self.balances[account])
        if not asked or done < slot or not amount or not self.street.ledger.door_open():
            with pytest.raises(Reverted):
                self.street.ledger.withdraw(account)
            return
        assert self.street.ledger.withdraw(account) == amount
        self.balances[account] -= amount
        del self.requests[account]
        self.street.take_out(account, amount)

    @rule()
    @precondition(lambda self: not self.pending and self.street.settler.holder == "operator" and self.street.earlier)
    def fall_silent(self) -> None:
        """Nothing more comes from the operator; another takes over, and settles what is open without trade."""
        have = self.street.ledger.bond_of(self.street.ledger.operator())[0]
        self.street.cancelled()
        self.street.succeed()
        self.balances[RESERVE] += have - have // 5
        self.street.balances = dict(self.balances)

    # ── What holds ────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def pending(self) -> bool:
        posted = self.street.settler.posted
        return posted is not None and self.street.ledger.is_pending(posted.settlement)

    @property
    def can_settle(self) -> bool:
        self.street.cancelled()
        return not self.pending and bool(self.street.settler.open)

    def unproven(self) -> bool:
        """Whether the oldest period has a slot of which something is false that only a demand, or a row, shows."""
        number = self.street.settler.open[0].anchor.period
        return bool(self.street.false.get(number, set()) - self.street.void)

    def due_now(self) -> dict[int, int]:
        return self.street.due()

    def convictions(self, act, *, due: bool | None) -> None:  # type: ignore[no-untyped-def]
        """Do it; the first conviction takes the whole bond, four fifths of it to the reserve. `due` says whether one
        has to come (None: as may be).
        """
        before = len(self.street.auditors.found)
        act()
        found = self.street.auditors.found[before:]
        if due is not None:
            assert bool(found) == due, found
        for one in found:
            slashed = one.convicted.slashed
            assert slashed in (0, BOND)
            self.balances[RESERVE] += slashed - slashed // 5
            if one.convicted.slot is not None:
                self.street.void.add(one.convicted.slot)
        self.street.balances = dict(self.balances)

    @invariant()
    def solvent_and_as_due(self) -> None:
        assert self.street.on_chain() == self.balances
        assert self.street.held() == self.street.owed()
        assert all(balance >= 0 for balance in self.balances.values())


LyingOperator.TestCase.settings = settings(
    max_examples=1_000 if LONG else 6,
    stateful_step_count=18,
    deadline=None,
    derandomize=not LONG,
    suppress_health_check=list(HealthCheck),
)
TestLyingOperator = LyingOperator.TestCase


# ── Every field, alone ────────────────────────────────────────────────────────────────────────────────────────────────


def caught(street: Street, names: list[str], account: int, seed: int = 7) -> list[str]:
    """Who noticed, of two slots with these things false in them, public or said of the settlement."""
    if set(names) & set(PUBLIC):
        street.trade(2, [(1, lying_fields.falsified(names, seed))])
        street.settle()
    else:
        street.trade(2)
        street.settle(lying_fields.told(names, account, seed))
    return [found.who for found in street.auditors.found]


@pytest.mark.parametrize("friends", FRIENDS, ids=lambda friends: f"{len(friends)} friends")
def test_every_public_field_alone_and_some_pairs_are_caught(
    friends: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A period in each slot of which one field is false, or two: each slot falls, no other does. What two hide whose
    roots bind nothing, a demand brings to light.
    """
    monkeypatch.setattr(auditors, "CHALLENGES_MAX", 1_000)
    alone = [[name] for name in PUBLIC if name not in TOLD_ONLY | UNSEEN]
    street, drawn = Street(2, friends), np.random.default_rng(len(friends))
    false = alone + [list(drawn.choice(PUBLIC, 2, replace=False)) for _ in range(8)]
    street.trade(len(false) + 1, [(at, lying_fields.falsified(names, at)) for at, names in enumerate(false)])
    first = street.published[0].anchor.first_slot
    void = {one.convicted.slot for one in street.auditors.found}
    hidden = {first + at for at, names in enumerate(false) if first + at not in void}
    assert void | hidden == set(range(first, first + len(false)))
    assert all(UNSEEN & set(false[slot - first]) for slot in hidden)
    assert not {f"home {friend}" for friend in friends} & {one.who for one in street.auditors.found}
    street.refill()
    assert street.settle() == (not hidden)


@pytest.mark.parametrize("friends", FRIENDS[::2], ids=lambda friends: f"{len(friends)} friends")
def test_what_the_public_part_alone_does_not_show_is_caught_with_the_settlement(friends: tuple[int, ...]) -> None:
    for name in sorted(UNSEEN):
        street = Street(1, friends)
        assert len(caught(street, [name], 9)) == 1, name
        assert street.auditors.found[0].convicted.slashed == BOND, name
        assert street.auditors.found[0].convicted.slot == street.slot - 1, name
        street.cancelled()
        street.refill()
        assert street.settler.posted or street.settle(), f"{name}, anchored, stalls every settlement"
        street = Street(1, friends)
        street.trade(2, [(1, lying_fields.falsified([name], 7))])
        street.settle(lying_fields.told(["paid told through"], 9, 7))
        assert street.auditors.found[0].convicted.slashed == BOND, f"{name} hides a false payment"


@pytest.mark.parametrize("friends", FRIENDS, ids=lambda friends: f"{len(friends)} friends")
def test_every_field_of_a_settlement_alone_and_some_pairs_are_caught(friends: tuple[int, ...]) -> None:
    """Said of a friend, where there are friends: its victims or the utility see it, each time anew; then the truth stands."""
    street, account = Street(1, friends), friends[0] if friends else 9
    street.trade(2)
    drawn = np.random.default_rng(len(friends))
    false = [[name] for name in SAID] + [list(drawn.choice(SAID, 2, replace=False)) for _ in range(3)]
    for at, name in enumerate(false):
        if street.auditors.found and street.auditors.found[-1].convicted.slot is not None:
            street = Street(1, friends)
            street.trade(2)
        street.refill()
        before = len(street.auditors.found)
        assert not street.settle(lying_fields.told(name, account, at)), name
        assert len(street.auditors.found) == before + 1, name
        assert street.auditors.found[-1].who not in {f"home {friend}" for friend in friends}, name
        assert street.ledger.bond_of(street.ledger.operator())[0] == 0, name
        street.cancelled()
    street.refill()
    assert street.settle()


def test_a_false_data_hash_is_told_and_harms_nobody() -> None:
    street = Street(1)
    assert caught(street, ["header data_hash"], 9) == []
    told = [one.what for one in period_told(street.ledger.facts(), street.published[0])]
    assert told == ["the published rows and envelope root are not those of the header's data hash"]


@pytest.mark.skipif(not LONG, reason="every pair of fields: SUNFAIR_LONG_FUZZ=1")
@pytest.mark.parametrize("friends", FRIENDS, ids=lambda friends: f"{len(friends)} friends")
@pytest.mark.parametrize("names", [PUBLIC, SAID], ids=["public", "said"])
def test_no_two_fields_hide_each_other(names: list[str], friends: tuple[int, ...]) -> None:
    for seed, pair in enumerate(combinations(names, 2)):
        assert caught(Street(1, friends), list(pair), friends[0] if friends else FIRST_MEMBER + 6, seed), pair
