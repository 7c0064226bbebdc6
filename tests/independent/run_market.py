"""The market contract's storage retold in Python: accounts, balances, bonds, commitments, clocks.

Read beside `contracts/EnergyMarket.vy`; its calls are in `run_calls`.
"""

from dataclasses import dataclass, field

GUARANTOR, NEVER = 2**32 - 1, 2**40 - 1
HOUR, DAY = 3600, 86_400
CONSTRUCTOR = ["address", "bytes32", "address", "address", "address[3]", "address[5]", *["uint256"] * 6]
CONSTRUCTOR_BYTES = 18 * 32


def address(text: str) -> bytes:
    """`0x…` as bytes."""
    return bytes.fromhex(text.removeprefix("0x"))


@dataclass
class Terms:
    """What the utility set for the slots from `first` on."""

    first: int
    last: int
    rules: tuple[int, ...]  # rule, k_num, k_den, seller, utility, network
    tariffs: bytes

    def tariff(self, slot: int) -> tuple[int, int]:
        """Retail and feed-in of a slot; the last pair holds on."""
        at = 16 * min(slot - self.first, len(self.tariffs) // 16 - 1)
        return tuple(int.from_bytes(self.tariffs[i : i + 8], "big", signed=True) for i in (at, at + 8))


@dataclass
class Anchor:
    """A period's results as committed."""

    first: int
    slots: int
    root: bytes
    void_to: int


@dataclass
class Market:
    """The market contract's storage, as far as money and commitments go."""

    address: bytes = b""
    chain_id: int = 0
    community: bytes = b""
    operator: bytes = b""
    operators: list[bytes] = field(default_factory=list)
    courts: list[bytes] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    owners: list[bytes] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    caps: list[int] = field(default_factory=list)
    guarantor: bytes = b""
    balances: dict[int, int] = field(default_factory=dict)
    requests: dict[int, tuple[int, int]] = field(default_factory=dict)
    parked: dict[tuple[int, int], int] = field(default_factory=dict)
    meters: dict[int, list[tuple[bytes, int, int, int]]] = field(default_factory=dict)
    terms: list[Terms] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)
    settlements: list[dict] = field(default_factory=list)
    moves: list[tuple[int, str, int, int]] = field(default_factory=list)
    bonds: dict[bytes, int] = field(default_factory=dict)
    since: dict[bytes, int] = field(default_factory=dict)
    finds: dict[bytes, int] = field(default_factory=dict)
    askers: dict[tuple, bytes] = field(default_factory=dict)
    shared: set[int] = field(default_factory=set)
    voided: set[int] = field(default_factory=set)
    pending: dict | None = None
    applied: int = 0
    applied_slot: int = 0
    next_slot: int = 0
    last_apply: int = 0
    last_cancel: int = 0
    void_until: int = 0
    resign_slot: int = 0

    @property
    def slot_seconds(self) -> int:
        """Length of a slot."""
        return self.numbers.get("slot", 0)

    @property
    def void(self) -> set[int]:
        """Slots without trade: voided one by one, or before their anchor's bound."""
        return self.voided | {slot for a in self.anchors for slot in range(a.first, min(a.void_to, a.first + a.slots))}

    def deploy(self, arguments: tuple, now: int) -> None:
        """The constructor."""
        _, self.community, operator, guarantor, roles, courts, *numbers = arguments
        self.numbers = dict(zip(("slot", "gate", "window", "takeover", "escape", "bond"), numbers, strict=True))
        self.operator, self.guarantor = address(operator), address(guarantor)
        self.operators, self.courts = [self.operator], [address(court) for court in courts]
        self.applied_slot = self.next_slot = self.day_after(now)
        self.last_apply, self.since = now, {self.operator: now}
        self.balances = {GUARANTOR: 0}
        for role in roles:
            self.open(address(role), 0, self.next_slot)

    def open(self, owner: bytes, cap: int, from_slot: int) -> None:
        """A new account."""
        self.balances[len(self.owners)] = 0
        self.owners.append(owner)
        self.caps.append(cap)
        self.spans.append((from_slot, NEVER))

    def owner(self, account: int) -> bytes:
        """Whose account it is."""
        assert account in self.balances, "no such account"
        return self.guarantor if account == GUARANTOR else self.owners[account]

    def day_after(self, now: int) -> int:
        """First slot of the next UTC day."""
        return (now // DAY + 1) * DAY // self.slot_seconds

    def over(self, now: int) -> bool:
        """After the escape nothing but withdrawals."""
        return now >= self.last_apply + self.numbers["escape"]

    def open_end(self) -> int:
        """First slot after the oldest period not yet applied; 0 without one."""
        if self.applied == len(self.anchors):
            return 0
        return self.anchors[self.applied].first + self.anchors[self.applied].slots

    def hour_open(self, now: int) -> bool:
        """Hours alternate from the later of last apply, last cancel and the end of the oldest period not applied."""
        start = max(self.last_apply, self.last_cancel, self.open_end() * self.slot_seconds)
        return (now - start) // HOUR % 2 == 0

    def door_open(self, now: int) -> bool:
        """Whether money may move."""
        return self.pending is None and self.hour_open(now)

    def move(self, account: int, kind: str, amount: int, now: int) -> None:
        """Money that reaches or leaves a balance."""
        self.balances[account] += amount
        self.moves.append((account, kind, amount, now))

    def park(self, account: int, amount: int, not_before: int) -> None:
        """Money that waits."""
        assert amount > 0, "nothing to park"
        self.owner(account)
        self.parked[account, not_before] = self.parked.get((account, not_before), 0) + amount

    def set_bond(self, party: bytes, amount: int, now: int) -> None:
        """A bond; when the operator's becomes short, since when."""
        was, self.bonds[party] = self.bonds.get(party, 0), amount
        if party == self.operator and amount < self.numbers["bond"] <= was:
            self.since[party] = now

    def bonded(self) -> bool:
        """Whether the operator has its full bond."""
        return self.bonds.get(self.operator, 0) >= self.numbers["bond"]

    def slash(self, party: bytes, finder: bytes, now: int) -> None:
        """A whole bond: a fifth to the finder, the rest to the reserve."""
        amount = self.bonds.get(party, 0)
        if amount:
            self.set_bond(party, 0, now)
            self.finds[finder] = self.finds.get(finder, 0) + amount // 5
            self.move(2, "slash", amount - amount // 5, now)

    def convict(self, offender: bytes, finder: bytes, slot: int | None, now: int) -> None:
        """What follows from a proof; of the present operator's guilt also that all is undone."""
        if self.over(now):
            return
        if offender == self.operator:
            if self.pending is not None:
                self.settlements.remove(self.pending)
                self.pending, self.last_cancel = None, now
            if slot is not None and self.applied_slot <= slot <= now // self.slot_seconds:
                self.voided.add(slot)
        self.slash(offender, finder, now)

    def void_period(self, period: int) -> None:
        """Silence about a header."""
        self.anchors[period].void_to = self.anchors[period].first + self.anchors[period].slots

    def resigned(self) -> bool:
        """The operator ran its last slot and settled everything."""
        return 0 < self.resign_slot <= self.applied_slot and self.applied == len(self.anchors)

    def share(self, account: int) -> int:
        """An equal part of the operator's bond for each metered member."""
        metered = [a for a, dated in self.meters.items() if any(dated[-1][0]) and self.spans[a][1] == NEVER]
        return (
            self.bonds.get(self.operator, 0) // len(metered) if account in metered and account not in self.shared else 0
        )
