"""What the vault of a community should do, in plain Python numbers: docs/settlement-spec.md without an EVM.

Every call returns the reason for which the contract refuses it, or None and is done. Money is µ, time seconds. Parties are
names. Not a test: the machine beside it compares it with the contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

GUARANTOR = 2**32 - 1
NEVER = 2**40 - 1
HOUR, DAY = 3600, 86_400
RING, SLOTS_MAX = 64, 4096


@dataclass(frozen=True)
class Rules:
    """What a market is deployed with."""

    slot: int
    gate: int
    window: int
    takeover: int
    escape: int
    bond: int


@dataclass(frozen=True)
class Period:
    """An anchored period."""

    first_slot: int
    end: int
    void_to: int
    anchored_at: int


@dataclass(frozen=True)
class Posted:
    """A pending settlement."""

    periods: int
    end: int
    amounts: Mapping[int, int]
    settled_at: int


@dataclass
class Home:
    """What is kept of an account."""

    owner: str
    from_slot: int
    to_slot: int = NEVER
    meters: list[tuple[int, bool]] = field(default_factory=list)
    """First slots, and whether there is a key."""

    @property
    def metered(self) -> bool:
        return bool(self.meters) and self.meters[-1][1]


@dataclass
class Vault:
    """The market."""

    rules: Rules
    now: int
    operator: str
    wallets: dict[str, int]
    accounts: dict[int, Home] = field(default_factory=dict)
    balances: dict[int, int] = field(default_factory=dict)
    requests: dict[int, tuple[int, int]] = field(default_factory=dict)
    parked: dict[tuple[int, int], int] = field(default_factory=dict)
    bonds: dict[str, int] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    claims: dict[str, int] = field(default_factory=dict)
    voids: set[int] = field(default_factory=set)
    shared: set[int] = field(default_factory=set)
    terms_from: int | None = None
    periods: list[Period] = field(default_factory=list)  # anchored and not applied
    applied: int = 0
    applied_slot: int = 0
    void_until: int = 0
    resign_slot: int = 0
    last_apply: int = 0
    last_cancel: int = 0
    pending: Posted | None = None
    open_demands: int = 0

    # ── What follows from the state ───────────────────────────────────────────────────────────────────────────────────

    @property
    def slot(self) -> int:
        return self.now // self.rules.slot

    @property
    def next_slot(self) -> int:
        return self.periods[-1].end if self.periods else self.applied_slot

    @property
    def open_end(self) -> int:
        return self.periods[0].end if self.periods else 0

    @property
    def over(self) -> bool:
        return self.now >= self.last_apply + self.rules.escape

    @property
    def hour_open(self) -> bool:
        start = max(self.last_apply, self.last_cancel, self.open_end * self.rules.slot)
        return (self.now - start) // HOUR % 2 == 0

    @property
    def door(self) -> bool:
        return self.pending is None and self.hour_open

    @property
    def bonded(self) -> bool:
        return self.bonds.get(self.operator, 0) >= self.rules.bond

    @property
    def sharers(self) -> list[int]:
        """Members with a meter that are not closed."""
        return [a for a, home in self.accounts.items() if 3 <= a < GUARANTOR and home.metered and home.to_slot == NEVER]

    @property
    def owed(self) -> int:
        """All the market owes; after the escape the bond stands undiminished, what was shared of it is subtracted."""
        shares = len(self.shared) * self.share if self.shared else 0
        money = sum(self.balances.values()) + sum(self.bonds.values()) + sum(self.claims.values())
        return money + sum(self.parked.values()) - shares

    @property
    def share(self) -> int:
        return self.bonds.get(self.operator, 0) // len(self.sharers)

    def day_after(self, time: int) -> int:
        return (time // DAY + 1) * DAY // self.rules.slot

    # ── Accounts ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def open_account(self, sender: str, owner: str) -> str | None:
        if sender != self.operator:
            return "not the operator"
        if self.over:
            return "over"
        if self.pending:
            return "settlement pending"
        account = len(self.accounts) - 1
        self.accounts[account] = Home(owner, self.day_after(self.now))
        self.balances[account] = 0
        return None

    def close_account(self, sender: str, account: int) -> str | None:
        home = self.accounts[account]
        if sender != home.owner:
            return "not the owner"
        if self.over:
            return "over"
        if not 3 <= account < GUARANTOR:
            return "not a member"
        if home.to_slot != NEVER:
            return "already closed"
        home.to_slot = self.day_after(self.now + self.rules.gate + HOUR)
        return None

    def set_meter(self, sender: str, account: int, from_slot: int, bound: bool) -> str | None:
        home = self.accounts[account]
        if sender != "registry":
            return "not the register"
        if self.over:
            return "over"
        if not 3 <= account < GUARANTOR:
            return "not a member"
        if from_slot < self.day_after(self.now):
            return "meter not dated ahead"
        if home.meters and home.meters[-1][0] >= from_slot:
            home.meters.pop()
        home.meters.append((from_slot, bound))
        return None

    # ── Money in and out ──────────────────────────────────────────────────────────────────────────────────────────────

    def _pull(self, sender: str, amount: int) -> str | None:
        if amount == 0:
            return "nothing to deposit"
        if amount > self.wallets[sender]:
            return "erc20: transfer amount exceeds balance"
        self.wallets[sender] -= amount
        return None

    def deposit(self, sender: str, account: int, amount: int) -> str | None:
        if self.over:
            return "over"
        if not self.door:
            return "door shut"
        if refusal := self._pull(sender, amount):
            return refusal
        self.balances[account] += amount
        return None

    def park(self, sender: str, account: int, amount: int, not_before: int) -> str | None:
        if self.over:
            return "over"
        if not_before and sender != self.accounts[account].owner:
            return "not the owner"
        if refusal := self._pull(sender, amount):
            return refusal
        self.parked[account, not_before] = self.parked.get((account, not_before), 0) + amount
        return None

    def credit_parked(self, account: int, not_before: int) -> str | None:
        if not self.parked.get((account, not_before)):
            return "nothing parked"
        if not self.over:
            if not self.door:
                return "door shut"
            if not_before and max(self.open_end, self.applied_slot) <= not_before:
                return "not due yet"
        self.balances[account] += self.parked.pop((account, not_before))
        if not_before:
            self.requests.pop(account, None)
        return None

    def request(self, sender: str, account: int, amount: int) -> str | None:
        if sender != self.accounts[account].owner:
            return "not the owner"
        self.requests[account] = amount, self.slot + 25 * HOUR // self.rules.slot
        return None

    def withdraw(self, account: int) -> str | None:
        amount, share = self.balances[account], 0
        if self.over:
            if account in self.sharers and account not in self.shared:
                share = self.share
        else:
            asked, slot = self.requests.get(account, (0, 0))
            if not asked:
                return "nothing requested"
            if self.applied == 0 or self.applied_slot <= slot:
                return "not due yet"
            if not self.door:
                return "door shut"
            amount = min(amount, asked)
        if amount + share == 0:
            return "empty balance"
        if share:
            self.shared.add(account)
        if not self.over:
            self.requests.pop(account)
        self.balances[account] -= amount
        self.wallets[self.accounts[account].owner] += amount + share
        return None

    # ── Periods ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def anchor(self, sender: str, first: int, slots: int) -> str | None:
        if sender != self.operator:
            return "not the operator"
        if self.over:
            return "over"
        if not self.bonded:
            return "bond not full"
        if len(self.periods) >= RING:
            return "too many open periods"
        if not 0 < slots <= SLOTS_MAX:
            return "slots out of range"
        begun = self.applied > 0 or bool(self.periods)
        if first != self.next_slot and (begun or first < self.next_slot):
            return "not the next slot"
        if not begun and (self.terms_from is None or first < self.terms_from):
            return "no terms"
        end = first + slots
        if end * self.rules.slot > self.now:
            return "period not over"
        if self.resign_slot and end > self.resign_slot:
            return "resigned"
        if not begun:
            self.applied_slot = first
        self.periods.append(Period(first, end, max(first, min(self.void_until, end)), self.now))
        return None

    def settle(self, sender: str, periods: int, cover: int, amounts: Mapping[int, int]) -> str | None:
        if sender != self.operator:
            return "not the operator"
        if self.over:
            return "over"
        if not self.bonded:
            return "bond not full"
        if self.pending:
            return "settlement pending"
        if not 0 < periods <= len(self.periods):
            return "not anchored"
        if self.hour_open:
            return "door open"
        if self.now + self.rules.window >= self.last_apply + self.rules.escape:
            return "too late to settle"
        end = self.periods[periods - 1].end
        if refusal := self._refuse_amounts(cover, amounts, end - self.applied_slot):
            return refusal
        if self.bonds[self.operator] < self.rules.bond + self._lack(amounts):
            return "lack not posted beside the bond"
        self.pending = Posted(periods, end, dict(amounts), self.now)
        return None

    def _refuse_amounts(self, cover: int, amounts: Mapping[int, int], slots: int) -> str | None:
        if any(not -(2**62) <= amount < 2**62 for amount in amounts.values()):
            return "amount out of range"
        for account, balance in self.balances.items():
            if account not in (0, GUARANTOR) and not 0 <= balance + amounts.get(account, 0) < 2**62:
                return "overdraft"
        if sum(amounts.values()) != 0:
            return "amounts do not sum to zero"
        if amounts.get(GUARANTOR, 0) != -cover:
            return "guarantor does not pay cover"
        if not 0 <= amounts.get(2, 0) <= 2 * slots * (len(self.accounts) - 1 - 3 + 2):
            return "reserve out of range"
        return None

    def _lack(self, amounts: Mapping[int, int]) -> int:
        return sum(max(0, -(self.balances[a] + amounts.get(a, 0))) for a in (0, GUARANTOR))

    def apply(self, other_amounts: bool = False) -> str | None:
        if self.over:
            return "over"
        if self.pending is None:
            return "not the pending settlement"
        if self.now < self.pending.settled_at + self.rules.window:
            return "window not over"
        if self.open_demands:
            return "demand not answered"
        if other_amounts:
            return "not the settled amounts"
        self.bonds[self.operator] -= self._lack(self.pending.amounts)
        for account, amount in self.pending.amounts.items():
            left = self.balances[account] + amount
            self.balances[account] = max(0, left) if account in (0, GUARANTOR) else left
        self.applied += self.pending.periods
        self.applied_slot = self.pending.end
        del self.periods[: self.pending.periods]
        self.pending, self.last_apply = None, self.now
        return None

    # ── Guilt and office ──────────────────────────────────────────────────────────────────────────────────────────────

    def _slash(self, party: str, finder: str) -> None:
        bond = self.bonds.get(party, 0)
        if bond:
            if party == self.operator and self.bonded:
                self.since[party] = self.now
            self.bonds[party] = 0
            self.claims[finder] = self.claims.get(finder, 0) + bond // 5
            self.balances[2] += bond - bond // 5

    def convict(self, offender: str, challenger: str, slot: int | None) -> None:
        if self.over:
            return
        if offender == self.operator:
            if self.pending:
                self.pending, self.last_cancel, self.open_demands = None, self.now, 0
            if slot is not None and self.applied_slot <= slot <= self.slot:
                self.voids.add(slot)
        self._slash(offender, challenger)

    def void_anchor(self, index: int, challenger: str) -> str | None:
        if index >= len(self.periods):
            return "not an open anchor"
        self.periods[index] = replace(self.periods[index], void_to=self.periods[index].end)
        self.convict(self.operator, challenger, None)
        return None

    def post_bond(self, party: str, amount: int) -> str | None:
        if self.over:
            return "over"
        if self.bonds.get(party, 0) + amount < self.rules.bond:
            return "bond not full"
        if refusal := self._pull(party, amount):
            return refusal
        self.bonds[party] = self.bonds.get(party, 0) + amount
        if party == self.operator:
            self.since[party] = 0
        return None

    @property
    def resigned(self) -> bool:
        """The resignation is complete."""
        return bool(self.resign_slot) and self.applied_slot >= self.resign_slot and not self.periods

    def withdraw_bond(self, party: str) -> str | None:
        bond = self.bonds.get(party, 0)
        if not bond:
            return "no bond"
        if party == self.operator:
            if self.over:
                if self.sharers:
                    return "the bond is the members'"
            elif not self.resigned:
                return "still in office"
            elif self.now < self.last_apply + self.rules.window:
                return "window not over"
            if self.bonded:
                self.since[party] = self.now
        elif self.now < self.since.get(party, 0) + self.rules.window:
            return "window not over"
        self.bonds[party] = 0
        self.wallets[party] += bond
        return None

    def claim(self, party: str) -> str | None:
        if not self.claims.get(party):
            return "nothing to claim"
        self.wallets[party] += self.claims.pop(party)
        return None

    def take_over(self, party: str) -> str | None:
        if self.over:
            return "over"
        if self.pending:
            return "settlement pending"
        if party in (self.operator, self.accounts[2].owner):
            return "not a candidate"
        if self.bonds.get(party, 0) < self.rules.bond:
            return "bond not full"
        begun = self.applied > 0 or bool(self.periods)
        if not self.resigned:
            short = not self.bonded and self.now >= self.since.get(self.operator, 0) + DAY
            start = max(self.last_apply, self.void_until * self.rules.slot)
            if self.applied == 0:
                start = max(start, self.open_end * self.rules.slot)
            if not short and not (begun and self.now >= start + self.rules.takeover):
                return "operator is in time"
            if begun:
                self._slash(self.operator, party)
        self.since[self.operator], self.since[party] = self.now, 0
        self.operator, self.void_until, self.resign_slot = party, self.slot + 1, 0
        self.periods.clear()
        return None

    def resign(self, party: str) -> str | None:
        if party != self.operator:
            return "not the operator"
        if self.over:
            return "over"
        if self.resign_slot:
            return "resigned"
        self.resign_slot = self.day_after(self.now + DAY)
        return None
