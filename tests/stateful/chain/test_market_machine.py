"""EnergyMarket against a model of it in Python: any sequence of calls, right and wrong ones, in any order.

The model predicts the outcome of every call, refusals by reason; after every step the whole state must agree.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

CONTRACTS = Path(__file__).parents[3] / "contracts"
GUARANTOR = 2**32 - 1
HOUR, SLOT, WINDOW, ESCAPE = 3600, 900, 2 * 3600, 2 * 86400
START = 1_465_941_600
ROOT = b"\x02" * 32
WALLET = 10_000

ACCOUNTS = st.sampled_from([0, 1, 2, 3, 4, 5, GUARANTOR])
MONEY = st.integers(0, 2_000)


@dataclass
class Model:
    """What the market should be: the rules of docs/contracts.md in a page of Python."""

    now: int = START
    balances: dict[int, int] = field(default_factory=lambda: {0: 0, 1: 0, 2: 0, GUARANTOR: 0})
    wallets: dict[int, int] = field(default_factory=lambda: dict.fromkeys([0, 1, 2, GUARANTOR], WALLET))
    requests: dict[int, tuple[int, int]] = field(default_factory=dict)
    ends: list[int] = field(default_factory=list)
    next_slot: int = START // SLOT
    applied: int = 0
    last_apply: int = START
    pending: list[int] | None = None
    settled_at: int = 0

    @property
    def numbered(self) -> list[int]:
        return sorted(account for account in self.balances if account != GUARANTOR)

    @property
    def over(self) -> bool:
        return self.now >= self.last_apply + ESCAPE

    @property
    def open_hour(self) -> bool:
        start = max([self.last_apply, *self.ends[self.applied : self.applied + 1]])
        return (self.now - start) // HOUR % 2 == 0

    @property
    def door(self) -> bool:
        return self.pending is None and self.open_hour

    def deposit(self, account: int, amount: int) -> str | None:
        if self.over:
            return "market: over"
        if not self.door:
            return "market: door shut"
        if amount == 0:
            return "market: nothing to deposit"
        if account not in self.balances:
            return "market: no such account"
        if self.wallets[account] < amount:
            return "erc20: transfer amount exceeds balance"
        self.wallets[account] -= amount
        self.balances[account] += amount
        return None

    def request(self, account: int, amount: int) -> str | None:
        if account not in self.balances:
            return "market: no such account"
        self.requests[account] = amount, len(self.ends)
        return None

    def withdraw(self, account: int) -> str | None:
        if account not in self.balances:
            return "market: no such account"
        amount = self.balances[account]
        if not self.over:
            asked, period = self.requests.get(account, (0, 0))
            if asked == 0:
                return "market: nothing requested"
            if self.applied <= period:
                return "market: not due yet"
            if not self.door:
                return "market: door shut"
            amount = min(amount, asked)
        if amount == 0:
            return "market: empty balance"
        self.requests.pop(account, None)
        self.balances[account] -= amount
        self.wallets[account] += amount
        return None

    def anchor(self, period: int, first: int, slots: int) -> str | None:
        if self.over:
            return "market: over"
        if period != len(self.ends):
            return "market: not the next period"
        if slots == 0:
            return "market: no slots"
        if period > 0 and first != self.next_slot:
            return "market: not the next slot"
        if (first + slots) * SLOT > self.now:
            return "market: period not over"
        self.ends.append((first + slots) * SLOT)
        self.next_slot = first + slots
        return None

    def settle(self, period: int, cover: int, amounts: list[int]) -> str | None:
        if self.over:
            return "market: over"
        if self.pending is not None:
            return "market: settlement pending"
        if period != self.applied:
            return "market: not the next period"
        if period >= len(self.ends):
            return "market: not anchored"
        if self.open_hour:
            return "market: door open"
        if self.now + WINDOW >= self.last_apply + ESCAPE:
            return "market: too late to settle"
        if len(amounts) != len(self.balances):
            return "market: not one amount per account"
        if amounts[-1] != -cover:
            return "market: guarantor does not pay cover"
        if any(self.balances[a] + x < 0 for a, x in zip([*self.numbered, GUARANTOR], amounts, strict=True)):
            return "market: overdraft"
        if sum(amounts) != 0:
            return "market: amounts do not sum to zero"
        self.pending, self.settled_at = amounts, self.now
        return None

    def apply(self, amounts: list[int]) -> str | None:
        if self.over:
            return "market: over"
        if self.pending is None:
            return "market: nothing pending"
        if self.now < self.settled_at + WINDOW:
            return "market: window not over"
        if amounts != self.pending:
            return "market: not the settled amounts"
        for account, amount in zip([*self.numbered, GUARANTOR], amounts, strict=True):
            self.balances[account] += amount
        self.pending, self.applied, self.last_apply = None, self.applied + 1, self.now
        return None


DEPLOYERS: dict[str, Any] = {}


def deployer(name: str) -> Any:
    if name not in DEPLOYERS:
        DEPLOYERS[name] = boa.load_partial(str(CONTRACTS / f"{name}.vy"))
    return DEPLOYERS[name]


class MarketMachine(RuleBasedStateMachine):
    """One market, in which everybody does anything at any time."""

    @initialize()
    def deploy(self) -> None:
        self.anchored_state = boa.env.anchor()
        self.anchored_state.__enter__()
        self.chain_before = boa.env.evm.patch.chain_id
        boa.env.evm.patch.chain_id = 31337
        boa.env.timestamp = START
        self.model = Model()
        self.people = {account: boa.env.generate_address() for account in [*range(6), GUARANTOR]}
        self.operator, self.intruder = boa.env.generate_address(), boa.env.generate_address()
        self.euro = deployer("SimulatedEuro").deploy()
        self.token = deployer("EnergyCredit").deploy(self.euro, "Energy Credit", "EC")
        roles = [self.people[account] for account in range(3)]
        arguments = (self.token, b"street".ljust(32, b"\0"), self.operator, self.people[GUARANTOR], roles)
        self.market = deployer("EnergyMarket").deploy(*arguments, SLOT, WINDOW, ESCAPE)
        for person in self.people.values():
            with boa.env.prank(person):
                self.euro.issue(WALLET)
                self.euro.approve(self.token, WALLET)
                self.token.mint(WALLET)
                self.token.approve(self.market, 2**256 - 1)
        for account in self.model.balances:
            assert self.model.deposit(account, WALLET // 2) is None
            self.market.deposit(account, WALLET // 2, sender=self.people[account])

    def teardown(self) -> None:
        if hasattr(self, "model"):
            boa.env.evm.patch.chain_id = self.chain_before
            self.anchored_state.__exit__(None, None, None)

    def expect(self, reason: str | None, call: Any, *args: Any, sender: str) -> None:
        if reason is None:
            call(*args, sender=sender)
        else:
            with boa.reverts(reason):
                call(*args, sender=sender)

    def go_to(self, time: int) -> None:
        self.model.now = max(self.model.now, time)
        boa.env.timestamp = self.model.now

    def wait_until(self, wanted: Any) -> None:
        """Quarter-hours on, until `wanted()` or the market is over."""
        while not wanted() and not self.model.over:
            self.go_to(self.model.now + 900)

    @rule(minutes=st.sampled_from([1, 30, 60, 61, 120, 360]))
    def wait(self, minutes: int) -> None:
        self.go_to(self.model.now + 60 * minutes)

    @rule()
    @precondition(lambda self: self.model.applied >= 3)
    def operator_gone(self) -> None:
        self.go_to(self.model.last_apply + ESCAPE)
        self.withdraw_everything_due()

    @rule()
    @precondition(lambda self: len(self.model.numbered) < 6)
    def open_account(self) -> None:
        number = len(self.model.numbered)
        reason = "market: over" if self.model.over else None
        if reason is None and self.model.pending is not None:
            reason = "market: settlement pending"
        self.expect(reason, self.market.open_accounts, [self.people[number]], sender=self.operator)
        if reason is None:
            self.model.balances[number], self.model.wallets[number] = 0, WALLET

    @rule(account=ACCOUNTS, amount=MONEY | st.just(WALLET + 1), wait=st.booleans())
    def deposit(self, account: int, amount: int, wait: bool) -> None:
        if wait and self.model.pending is None:
            self.wait_until(lambda: self.model.door)
        reason = self.model.deposit(account, amount)
        self.expect(reason, self.market.deposit, account, amount, sender=self.people[account])

    @rule(account=ACCOUNTS, amount=MONEY)
    def request(self, account: int, amount: int) -> None:
        with boa.reverts():
            self.market.request_withdrawal(account, amount, sender=self.intruder)
        reason = self.model.request(account, amount)
        self.expect(reason, self.market.request_withdrawal, account, amount, sender=self.people[account])

    @rule(account=ACCOUNTS)
    def withdraw(self, account: int) -> None:
        self.expect(self.model.withdraw(account), self.market.withdraw, account, sender=self.intruder)

    @rule()
    def withdraw_everything_due(self) -> None:
        for account in [*self.model.numbered, GUARANTOR]:
            self.withdraw(account)

    @rule(slots=st.integers(1, 12))
    def anchor(self, slots: int) -> None:
        self.go_to((self.model.next_slot + slots) * SLOT)
        self._anchor(len(self.model.ends), self.model.next_slot, slots)

    @rule(slots=st.integers(0, 8), skip=st.sampled_from([0, 0, 1]), ahead=st.sampled_from([0, 0, 0, 1]))
    def anchor_anything(self, slots: int, skip: int, ahead: int) -> None:
        self._anchor(len(self.model.ends) + ahead, self.model.next_slot + skip, slots)

    def _anchor(self, *args: int) -> None:
        self.expect(self.model.anchor(*args), self.market.anchor, *args, ROOT, sender=self.operator)

    @rule(data=st.data(), fault=st.sampled_from([None] * 4 + ["sum", "cover", "length", "overdraft"]))
    def settle(self, data: st.DataObject, fault: str | None) -> None:
        """Amounts that sum to zero and can be afforded, now and then with one thing wrong."""
        model = self.model
        if model.applied == len(model.ends):
            self.anchor(data.draw(st.integers(1, 12)))
        if model.pending is None:
            self.wait_until(lambda: not model.open_hour)
        cover = data.draw(st.integers(0, min(model.balances[GUARANTOR], 50)))
        amounts = self._affordable(data, cover)
        if fault == "sum":
            amounts[0] += 1
        elif fault == "cover":
            cover += 1
        elif fault == "length":
            amounts = amounts[1:]
        elif fault == "overdraft":
            amounts[1] -= model.balances[1] + 301
            amounts[0] += model.balances[1] + 301
        reason = model.settle(model.applied, cover, amounts)
        self.expect(reason, self.market.settle, model.applied, ROOT, cover, amounts, sender=self.operator)

    def _affordable(self, data: st.DataObject, cover: int) -> list[int]:
        """Each in turn pays or gets out of what those before it left in the pot; the last takes the rest."""
        pot, amounts = cover, []
        for account in self.model.numbered[:-1]:
            amounts.append(data.draw(st.integers(-min(self.model.balances[account], 300), pot)))
            pot -= amounts[-1]
        return [*amounts, pot, -cover]

    @rule()
    def apply(self) -> None:
        if self.model.pending is not None:
            self.go_to(self.model.settled_at + WINDOW)
        self._apply(list(self.model.pending or [0, 0, 0, 0]))

    @rule(seconds=st.sampled_from([0, WINDOW - 1, WINDOW]), swap=st.booleans())
    @precondition(lambda self: self.model.pending is not None)
    def apply_too_early_or_other_amounts(self, seconds: int, swap: bool) -> None:
        self.go_to(self.model.settled_at + seconds)
        amounts = list(self.model.pending or [])
        if swap:
            amounts[0], amounts[1] = amounts[1] + 1, amounts[0] - 1
        self._apply(amounts)

    def _apply(self, amounts: list[int]) -> None:
        self.expect(self.model.apply(amounts), self.market.apply, amounts, sender=self.intruder)

    @rule(data=st.data())
    def whole_period(self, data: st.DataObject) -> None:
        self.settle(data, None)
        self.apply()

    @rule(data=st.data(), account=st.sampled_from([0, 1, 2, 3, GUARANTOR]), amount=st.integers(1, 2_000))
    def leave(self, data: st.DataObject, account: int, amount: int) -> None:
        """Ask, wait for the period to be paid, go."""
        self.request(account, amount)
        self.whole_period(data)
        if self.model.pending is None:
            self.wait_until(lambda: self.model.door)
        self.withdraw(account)

    @rule()
    def operator_powers_are_its_own(self) -> None:
        for call, args in (
            (self.market.open_accounts, ([self.intruder],)),
            (self.market.anchor, (len(self.model.ends), self.model.next_slot, 1, ROOT)),
            (self.market.settle, (self.model.applied, ROOT, 0, [0] * len(self.model.balances))),
        ):
            with boa.reverts("market: not the operator"):
                call(*args, sender=self.intruder)

    @invariant()
    def agrees(self) -> None:
        model, market = self.model, self.market
        chain = {account: market.balance_of(account) for account in model.balances}
        assert chain == model.balances
        # Solvency, and conservation: no money is made or lost between wallets and balances.
        held = self.token.balanceOf(market)
        assert held == market.total() == sum(chain.values())
        assert held + sum(self.token.balanceOf(person) for person in self.people.values()) == WALLET * 7
        assert self.token.totalSupply() == self.token.reserve() == self.euro.balanceOf(self.token) == WALLET * 7
        assert market.door_open() == model.door
        assert market.escaped() == model.over
        assert (market.anchored(), market.applied()) == (len(model.ends), model.applied)
        assert (market.apply_time() > 0) == (model.pending is not None)


TestMarket = MarketMachine.TestCase
TestMarket.settings = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
