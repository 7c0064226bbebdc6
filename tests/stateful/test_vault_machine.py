"""The vault against its model: any sequence of calls, right and wrong ones, by anyone, in any order.

The model predicts the outcome of every call, refusals by reason; after every step money and state must agree. Without a
flag some 17,000 steps; SUNFAIR_LONG_FUZZ=1 runs a hundred times as many, from random seeds.
"""

import os
import sys
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
import vault_model
import vault_world as world

LONG = os.environ.get("SUNFAIR_LONG_FUZZ") == "1"

HOUR, DAY, GUARANTOR = 3600, 86_400, 2**32 - 1
SLOT, GATE, WINDOW, TAKEOVER, ESCAPE, BOND = HOUR, HOUR, 2 * HOUR, 2 * DAY, 8 * DAY, 1_003
RULES = vault_model.Rules(SLOT, GATE, WINDOW, TAKEOVER, ESCAPE, BOND)
START = world.START
WALLET = 1_000_000
MEMBERS_MAX = 8

PARTIES = ("operator", "successor", "intruder")
INSTITUTIONS = ("utility", "network", "reserve")
HOMES = tuple(f"home {at}" for at in range(MEMBERS_MAX))
PEOPLE = (*PARTIES, "guarantor", *INSTITUTIONS, *HOMES)

ACCOUNTS = st.sampled_from([0, 1, 2, 3, 4, 5, 6, GUARANTOR])
MONEY = st.integers(0, 2_000)
PARTY = st.sampled_from(PARTIES)
FAULTS = [None] * 5 + ["bond", "sum", "cover", "overdraft", "reserve", "range", "length", "periods", "sender"]


class Place:
    """One street for all examples, each of which begins with it as it was made."""

    street: world.Street | None = None

    @classmethod
    def fresh(cls) -> world.Street:
        if cls.street is None:
            cls.street = cls._made()
        return cls.street.renew()

    @staticmethod
    def _made() -> world.Street:
        street = world.Street(
            members=0, slot_seconds=SLOT, gate=GATE, window=WINDOW, takeover=TAKEOVER, escape=ESCAPE, bond=BOND
        )
        for name in PEOPLE:
            street.fund(street.chain.person(name), WALLET)
        first = (START // DAY + 1) * DAY // SLOT
        street.set_terms(first, first + 23)
        street.fresh = street.chain.evm.snapshot()
        return street


class VaultMachine(RuleBasedStateMachine):
    """One market, in which everybody does anything at any time."""

    changed = False
    """Something was done since the last comparison."""

    # ── Begin and compare ─────────────────────────────────────────────────────────────────────────────────────────────

    @initialize(members=st.integers(1, 4), bonded=st.sampled_from([True, True, True, False]))
    def begin(self, members: int, bonded: bool) -> None:
        self.street = Place.fresh()
        self.market = self.street.market
        self.people = {name: self.street.chain.person(name) for name in PEOPLE} | {"registry": self.street.registry}
        self.model = vault_model.Vault(RULES, START, "operator", dict.fromkeys(PEOPLE, WALLET))
        model = self.model
        first = model.day_after(START)
        for account, owner in enumerate(INSTITUTIONS):
            model.accounts[account] = vault_model.Home(owner, first)
        model.accounts[GUARANTOR] = vault_model.Home("guarantor", first)
        model.balances = dict.fromkeys(model.accounts, 0)
        model.applied_slot, model.terms_from = first, first
        model.last_apply = model.since["operator"] = START
        self.settlement: Any = None
        self.words: list[int] = []
        self.dates: set[tuple[int, int]] = set()
        for at in range(members):
            self.open_account(at, False)
        if bonded:
            self.post_bond("operator", BOND)
        for account in [*range(3 + members), GUARANTOR]:
            self.deposit(account, 3_000, False)

    def expect(self, refusal: str | None, call: Any, *arguments: Any, sender: str) -> None:
        """The contract does, or refuses with the same words, what the model did."""
        self.changed |= refusal is None
        if refusal is None:
            call(*arguments, sender=self.people[sender])
        else:
            text = refusal if refusal.startswith("erc20") else f"market: {refusal}"
            with world.refused(text):
                call(*arguments, sender=self.people[sender])

    def go_to(self, time: int) -> None:
        self.model.now = max(self.model.now, time)
        self.street.now = self.model.now

    def wait_until(self, wanted: Any) -> None:
        """Half-hours on, until `wanted()` or the market is over."""
        while not wanted() and not self.model.over:
            self.go_to(self.model.now + HOUR // 2)

    def owner(self, account: int) -> str:
        return self.model.accounts[account].owner

    def known(self, account: int) -> int:
        """That account, or the last one if it was not opened yet."""
        return account if account in self.model.accounts else len(self.model.accounts) - 2

    @invariant()
    def agrees(self) -> None:
        if not self.changed:  # a refused call undoes itself, and waiting writes nothing
            return
        model, market = self.model, self.market
        state = world.State(*market.state())
        assert state == (
            model.applied + len(model.periods),
            model.applied,
            model.next_slot,
            model.applied_slot,
            model.open_end,
            model.last_apply,
            model.last_cancel,
            model.pending.periods if model.pending else 0,
            state.side,
            model.bonded,
        )
        for account, balance in model.balances.items():
            assert market.balance_of(account) == balance
        for party in PARTIES:
            assert market.bond_of(self.people[party]) == model.bonds.get(party, 0)
            assert market.claims(self.people[party]) == model.claims.get(party, 0)
        office = (self.people[model.operator], model.void_until, model.resign_slot)
        assert market.office_of_operator() == office
        assert market.metered() == len(model.sharers)
        assert market.accounts() == len(model.accounts) - 1
        self._solvent()
        self.changed = False

    def _solvent(self) -> None:
        """Nothing is owed that is not held, and no money is made or lost."""
        held = self.street.token.balanceOf(self.market.address)
        assert held == self.model.owed
        assert held + sum(self.model.wallets.values()) == WALLET * len(PEOPLE)

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        for name in PEOPLE:
            assert self.street.token.balanceOf(self.people[name]) == self.model.wallets[name]
        for slot in self.model.voids:
            assert self.market.void_slot(slot)
        for account, not_before in self.dates:
            parked = self.model.parked.get((account, not_before), 0)
            assert self.market.parked_of(account, not_before) == parked
        assert self.market.door_open() == self.model.door
        assert self.market.escaped() == self.model.over

    # ── Time ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(minutes=st.sampled_from([1, 30, 60, 61, 120, 360]))
    def wait(self, minutes: int) -> None:
        self.go_to(self.model.now + 60 * minutes)

    @rule(ever=st.sampled_from([False, False, True]))
    @precondition(lambda self: self.model.applied >= 2)
    def operator_gone(self, ever: bool) -> None:
        """Until the market is over; then everybody leaves."""
        if ever:
            self.go_to(self.model.last_apply + ESCAPE)
            for account in self.model.accounts:
                self.withdraw(account)

    @rule(members=st.integers(1, 4), wait=st.sampled_from([False, False, True]))
    @precondition(lambda self: self.model.over)
    def another_market(self, members: int, wait: bool) -> None:
        """Nothing goes on in a market that is over: begin anew."""
        if not wait:
            self.teardown()
            self.begin(members, True)

    # ── Accounts ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(at=st.integers(0, MEMBERS_MAX - 1), wrong=st.sampled_from([False, False, True]))
    @precondition(lambda self: len(self.model.accounts) < 4 + MEMBERS_MAX)
    def open_account(self, at: int, wrong: bool) -> None:
        sender = "intruder" if wrong and self.model.operator != "intruder" else self.model.operator
        refusal = self.model.open_account(sender, HOMES[at])
        self.expect(refusal, self.market.open_accounts, [self.people[HOMES[at]]], [100], sender=sender)

    @rule(account=ACCOUNTS, wrong=st.sampled_from([False, False, True]))
    def close_account(self, account: int, wrong: bool) -> None:
        account = self.known(account)
        sender = "intruder" if wrong else self.owner(account)
        self.expect(self.model.close_account(sender, account), self.market.close_account, account, sender=sender)

    @rule(
        account=ACCOUNTS,
        days=st.integers(0, 2),
        sender=st.sampled_from(["registry"] * 4 + ["utility"]),
        bound=st.sampled_from([True, True, False]),
    )
    def set_meter(self, account: int, days: int, sender: str, bound: bool) -> None:
        account = self.known(account)
        from_slot = self.model.slot + 24 * days
        refusal = self.model.set_meter(sender, account, from_slot, bound)
        key = self.people["home 0"] if bound else bytes(20)
        self.expect(refusal, self.market.set_meter, account, key, from_slot, 5, 7, sender=sender)

    # ── Money in and out ──────────────────────────────────────────────────────────────────────────────────────────────

    @rule(account=ACCOUNTS, amount=MONEY | st.just(WALLET * 2), wait=st.booleans())
    def deposit(self, account: int, amount: int, wait: bool) -> None:
        account = self.known(account)
        if wait and self.model.pending is None:
            self.wait_until(lambda: self.model.door)
        sender = self.owner(account)
        refusal = self.model.deposit(sender, account, amount)
        self.expect(refusal, self.market.deposit, account, amount, sender=sender)

    @rule(account=ACCOUNTS, amount=MONEY, days=st.sampled_from([None, 0, 0, 1]), wrong=st.sampled_from([False, True]))
    def park(self, account: int, amount: int, days: int | None, wrong: bool) -> None:
        account = self.known(account)
        not_before = 0 if days is None else self.model.slot + 24 * days
        sender = "intruder" if wrong else self.owner(account)
        refusal = self.model.park(sender, account, amount, not_before)
        self.expect(refusal, self.market.park, account, amount, not_before, sender=sender)
        self.dates.add((account, not_before))

    @rule(data=st.data(), wait=st.booleans())
    @precondition(lambda self: self.dates)
    def credit_parked(self, data: st.DataObject, wait: bool) -> None:
        account, not_before = data.draw(st.sampled_from(sorted(self.dates)))
        if wait and self.model.pending is None:
            self.wait_until(lambda: self.model.door)
        refusal = self.model.credit_parked(account, not_before)
        self.expect(refusal, self.market.credit_parked, account, not_before, sender="intruder")

    @rule(account=ACCOUNTS, amount=MONEY, wrong=st.sampled_from([False, False, True]))
    def request(self, account: int, amount: int, wrong: bool) -> None:
        account = self.known(account)
        sender = "intruder" if wrong else self.owner(account)
        refusal = self.model.request(sender, account, amount)
        self.expect(refusal, self.market.request_withdrawal, account, amount, sender=sender)

    @rule(account=ACCOUNTS)
    def withdraw(self, account: int) -> None:
        account = self.known(account)
        self.expect(self.model.withdraw(account), self.market.withdraw, account, sender="intruder")

    # ── Periods ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(slots=st.integers(1, 12))
    def anchor(self, slots: int) -> None:
        self.go_to((self.model.next_slot + slots) * SLOT)
        self._anchor(self.model.operator, self.model.next_slot, slots)

    @rule(party=PARTY, slots=st.sampled_from([0, 1, 2, 8, 4097]), skip=st.sampled_from([-1, 0, 0, 0, 1]))
    def anchor_anything(self, party: str, slots: int, skip: int) -> None:
        self._anchor(party, self.model.next_slot + skip, slots)

    def _anchor(self, party: str, first: int, slots: int) -> None:
        refusal = self.model.anchor(party, first, slots)
        self.expect(refusal, self.market.anchor, first, slots, world.ROOT, sender=party)

    @rule(data=st.data(), fault=st.sampled_from(FAULTS), wait=st.sampled_from([True, True, True, False]))
    def settle(self, data: st.DataObject, fault: str | None, wait: bool) -> None:
        """Amounts that sum to zero and can be afforded, now and then with one thing wrong."""
        model = self.model
        if not model.periods:
            self.anchor(data.draw(st.integers(1, 12)))
        if wait and model.pending is None:
            self.wait_until(lambda: not model.hour_open)
        cover = data.draw(st.integers(0, 60) | st.integers(0, 4_000))
        amounts = self._affordable(data, cover)
        periods = data.draw(st.integers(1, max(1, len(model.periods))))
        sender = model.operator
        if fault != "bond":
            self._post_what_lacks(amounts)
        if fault == "sum":
            amounts[0] += 1
        elif fault == "cover":
            cover += 1
        elif fault == "overdraft":
            amounts[1] -= model.balances[1] + 5_000
            amounts[0] += model.balances[1] + 5_000
        elif fault == "reserve":
            amounts[2], amounts[0] = amounts[2] + 3_000, amounts[0] - 3_000
        elif fault == "periods":
            periods = len(model.periods) + 1
        elif fault == "sender":
            sender = "intruder"
        self._post(sender, periods, cover, amounts, fault)

    def _post_what_lacks(self, amounts: dict[int, int]) -> None:
        """The operator fills its bond, and posts beside it what guarantor and utility lack."""
        lack = sum(max(0, -self.model.balances[account] - amounts[account]) for account in (0, GUARANTOR))
        missing = BOND + lack - self.model.bonds.get(self.model.operator, 0)
        if missing > 0:
            self.post_bond(self.model.operator, missing)

    def _affordable(self, data: st.DataObject, cover: int) -> dict[int, int]:
        """Each member in turn pays or gets something; the utility takes, or gives, what is left."""
        amounts = {GUARANTOR: -cover}
        for account, balance in self.model.balances.items():
            if account not in (0, 2, GUARANTOR):
                amounts[account] = data.draw(st.integers(-min(balance, 300), 500 if account > 1 else 20))
        amounts[2] = data.draw(st.integers(0, 6))
        amounts[0] = -sum(amounts.values())
        return amounts

    def _post(self, sender: str, periods: int, cover: int, amounts: dict[int, int], fault: str | None) -> None:
        words = world.pack(amounts, self.market.accounts())
        if fault == "range":
            words[-1] |= 1 << 255
        elif fault == "length":
            words.append(words[-1])
        trial = {**amounts, 1: 2**62} if fault == "range" else amounts
        refusal = self.model.settle(sender, periods, cover, trial)
        after = ("amount out of range", "overdraft", "amounts do not", "guarantor does", "reserve out", "lack not")
        if fault == "length" and (refusal is None or refusal.startswith(after)):
            refusal, self.model.pending = "not one amount per account", None
        self.expect(refusal, self.market.settle, periods, world.ROOT, cover, words, sender=sender)
        if refusal is None:
            (event,) = self.market.logged("Settled")
            self.settlement, self.words = world.Settlement(*event.settlement), words
            assert self.market.is_pending(self.settlement)

    @rule(early=st.sampled_from([0, 0, 1]), swap=st.sampled_from([False, False, False, True]))
    @precondition(lambda self: self.settlement is not None)
    def apply(self, early: int, swap: bool) -> None:
        """The last posted settlement, which may be gone by now; or other amounts in its place."""
        if self.model.pending:
            self.go_to(self.model.pending.settled_at + WINDOW - early)
        words = list(self.words)
        if swap:
            words[0], words[-1] = words[0] + 1, words[-1] - 1
        waiting = self.model.pending is not None and self.market.is_pending(self.settlement)
        refusal = self.model.apply(swap) if waiting or self.model.over else "not the pending settlement"
        self.expect(refusal, self.market.apply, self.settlement, words, sender="intruder")
        if refusal is None:
            assert self.market.is_last(self.settlement)

    @rule(data=st.data())
    def whole_period(self, data: st.DataObject) -> None:
        self.settle(data, None, True)
        if self.model.pending is not None:
            self.apply(0, False)

    @rule(data=st.data(), account=ACCOUNTS, amount=st.integers(1, 2_000))
    def leave(self, data: st.DataObject, account: int, amount: int) -> None:
        """Ask, wait for the period to be paid, go."""
        self.request(account, amount, False)
        self.whole_period(data)
        if self.model.pending is None:
            self.wait_until(lambda: self.model.door)
        self.withdraw(account)

    @rule(data=st.data(), count=st.integers(0, 2))
    def unanswered(self, data: st.DataObject, count: int) -> None:
        """So many demands about the pending settlement stand open when the window is over."""
        if self.model.pending is None:
            self.settle(data, None, True)
        if self.model.pending is not None:
            self._demands(count)
            self.apply(0, False)
            self._demands(0)

    def _demands(self, count: int) -> None:
        self.street.docket.set_open(self.market, self.settlement.hash, count)
        self.model.open_demands = count

    # ── Guilt and office ──────────────────────────────────────────────────────────────────────────────────────────────

    @rule(
        offender=st.sampled_from(["successor", "intruder", "operator", None]),
        challenger=PARTY,
        back=st.sampled_from([None, -1, 0, 1, 5, 30]),
        court=st.integers(0, 3),
    )
    def convict(self, offender: str | None, challenger: str, back: int | None, court: int) -> None:
        offender = offender or self.model.operator
        slot = None if back is None else self.model.slot - back
        self.model.convict(offender, challenger, slot)
        self.changed = True
        number = world.NO_SLOT if slot is None else slot
        arguments = (self.market, 3, self.people[offender], self.people[challenger], number)
        self.street.courts[court].convict(*arguments)

    @rule(index=st.integers(0, 2), challenger=PARTY, other=st.sampled_from([False, False, True]))
    def void_anchor(self, index: int, challenger: str, other: bool) -> None:
        model = self.model
        period = (
            model.periods[index]
            if index < len(model.periods)
            else vault_model.Period(model.next_slot, model.slot, 0, 0)
        )
        slots = period.end - period.first_slot if index < len(model.periods) else 1
        anchor = world.Anchor(
            model.applied + index,
            period.first_slot,
            slots,
            period.void_to + other,
            self.people[model.operator],
            period.anchored_at,
            world.ROOT,
        )
        known = index < len(model.periods) and not other
        assert self.market.is_anchor(anchor) == known
        refusal = model.void_anchor(index, challenger) if known else "not an open anchor"
        arguments = (self.market, anchor, 2, self.people[challenger])
        self.expect(refusal, self.street.docket.void_anchor, *arguments, sender="intruder")

    @rule(party=PARTY, amount=st.sampled_from([0, 1, BOND - 1, BOND, BOND, BOND, 3 * BOND]))
    def post_bond(self, party: str, amount: int) -> None:
        self.expect(self.model.post_bond(party, amount), self.market.post_bond, amount, sender=party)

    @rule(party=PARTY)
    def withdraw_bond(self, party: str) -> None:
        self.expect(self.model.withdraw_bond(party), self.market.withdraw_bond, sender=party)

    @rule(party=PARTY)
    def claim(self, party: str) -> None:
        self.expect(self.model.claim(party), self.market.claim, sender=party)

    @rule(party=st.sampled_from([*PARTIES, "reserve"]))
    def take_over(self, party: str) -> None:
        self.expect(self.model.take_over(party), self.market.take_over, sender=party)

    @rule(party=PARTY, wait=st.booleans())
    def depose(self, party: str, wait: bool) -> None:
        """A bonded party waits until the operator is late, and takes over."""
        if self.model.bonds.get(party, 0) < BOND:
            self.post_bond(party, BOND)
        if wait:
            self.go_to(self.model.last_apply + TAKEOVER)
        self.take_over(party)

    @rule(party=PARTY, always=st.booleans())
    def resign(self, party: str, always: bool) -> None:
        sender = self.model.operator if always else party
        self.expect(self.model.resign(sender), self.market.resign, sender=sender)

    @rule(data=st.data())
    @precondition(lambda self: self.model.resign_slot)
    def run_to_the_end(self, data: st.DataObject) -> None:
        """A resigned operator anchors and settles all it still owes."""
        while not self.model.over and self.model.next_slot < self.model.resign_slot and self.model.bonded:
            self.go_to((self.model.next_slot + 1) * SLOT)
            slots = min(self.model.resign_slot, self.model.slot) - self.model.next_slot
            before = self.model.next_slot
            self._anchor(self.model.operator, before, slots)
            if self.model.next_slot == before:
                return
            self.whole_period(data)


TestVault = VaultMachine.TestCase
TestVault.settings = settings(
    max_examples=15_000 if LONG else 120,
    stateful_step_count=80,
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=list(HealthCheck),
)
