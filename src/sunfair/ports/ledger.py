"""The judge: an EVM network on which anchors, settlements and balances stand, and courts that undo false ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sunfair.ports.plants import PlantRecord
from sunfair.settlement.court import Anchor, Evidence, MarketFacts, Meter, Settlement, Terms

__all__ = ["GUARANTOR", "Anchored", "Asked", "ChainRecord", "Convicted", "Enrolment", "Ledger", "Settled", "Transfer"]


GUARANTOR = 2**32 - 1
"""The account number under which the operator's guarantor deposits and withdraws; it stands in no file and no tree."""


@dataclass(frozen=True, slots=True)
class Anchored:
    """A period's header root as it stands on chain: so many slots from `first_slot` on, void before `void_to`."""

    period: int
    first_slot: int
    slots: int
    root: bytes
    void_to: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement as it stands on chain; `amounts[account]`, µ, the last one is the guarantor's (= −cover).

    It covers `periods` periods from `period` on. One that was cancelled is neither applied nor pending. `settled_at` is
    when it was posted, unix s.
    """

    period: int
    periods: int
    period_root: bytes
    cover: int
    amounts: tuple[int, ...]
    applied: bool
    cancelled: bool = False
    settled_at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that entered (`deposit`, amount > 0) or left (`withdrawal`, amount < 0) an account's balance, µ.

    `slash` is what the reserve got of a slashed bond.
    """

    account: int
    kind: str
    amount: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class Convicted:
    """A conviction: for what (`settlement.court.Kind`), whom, shown by whom, what it cost, µ; the slot it voided."""

    kind: int
    offender: bytes
    challenger: bytes
    slot: int | None
    slashed: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A meter point that is to feed an account: its commitment and its nullifier, 32 bytes each."""

    account: int
    commitment: bytes
    point: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """One item that an operator must show (`settlement.court.docket.Demand`, and what its a and b are).

    anchor : of the slot that is asked about, where it is one
    """

    settlement: Settlement
    anchor: Anchor
    kind: int
    a: int
    b: int


@dataclass(frozen=True, slots=True)
class ChainRecord:
    """All that the chain itself says about a market: read from its events and storage, from nothing else.

    `owners[account]` are 20-byte addresses, `balances[account]` µ, `meters[account]` the keys and base registers by
    date, `caps[account]` the most Wh a side of its offers may hold; `operators` held the office one after the other.
    `plants` are the community plants that were paid out of the same tokens, in order of their creation.
    The guarantor stands apart. `anchors` are those that were not dropped, in order; `void_slots` those voided one by
    one.
    """

    chain_id: int
    market: bytes
    community: bytes
    operator: bytes
    slot_seconds: int
    owners: tuple[bytes, ...]
    balances: tuple[int, ...]
    guarantor_balance: int
    anchors: tuple[Anchored, ...]
    settlements: tuple[Settled, ...]
    transfers: tuple[Transfer, ...]
    terms: tuple[Terms, ...] = ()
    meters: tuple[tuple[Meter, ...], ...] = ()
    void_slots: frozenset[int] = frozenset()
    convictions: tuple[Convicted, ...] = ()
    operators: tuple[bytes, ...] = ()
    caps: tuple[int, ...] = ()
    plants: tuple[PlantRecord, ...] = ()


class Ledger(Protocol):
    """What the operator and the members do on chain. Amounts µ, integers; accounts as numbered by the market.

    Every call that writes returns once the chain has taken it, and raises `Reverted` (the contract refused) or
    `LedgerError` (not reached) otherwise; nothing is half done. The guarantor is addressed as `GUARANTOR`. Who signs is
    named by `holder`, as `ports.Keys` knows it.
    """

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        ...

    @property
    def market(self) -> bytes:
        """Address of the market contract, 20 bytes: the EIP-712 verifying contract of every offer."""
        ...

    @property
    def window_seconds(self) -> int:
        """Time between a settlement and its apply, s."""
        ...

    def now(self) -> int:
        """Timestamp that a transaction sent now would have, unix s."""
        ...

    def set_terms(self, terms: Terms) -> None:
        """Set mechanism, shares and tariffs of coming slots. The utility's."""
        ...

    def open_accounts(self, owners: Sequence[bytes], caps_wh: Sequence[int]) -> range:
        """Open an account per 20-byte owner address, from the next UTC day on; the numbers given. The operator's."""
        ...

    def enrol(self, points: Sequence[Enrolment]) -> None:
        """Enter points in the register the market obeys and have each feed its account. Registrar's and owners'."""
        ...

    def bind_meters(self, meters: Sequence[tuple[int, Meter]]) -> None:
        """Bind devices to the points that feed these accounts, from a coming UTC day on. The registrar's."""
        ...

    def deposit(self, account: int, amount: int) -> None:
        """Pay `amount` into `account` out of its owner's tokens, signed by the owner. Open door only."""
        ...

    def request_withdrawal(self, account: int, amount: int) -> None:
        """Ask for `amount`, signed by the account's owner; due once all up to the present slot is applied."""
        ...

    def withdraw(self, account: int) -> int:
        """Pay out what is due to `account`'s owner; returns the amount paid. Open door only."""
        ...

    def post_bond(self, amount: int, *, holder: str = "operator") -> None:
        """Pay `amount` into the holder's bond; it must be full afterwards."""
        ...

    def bond_of(self, party: bytes) -> tuple[int, int]:
        """What the party (20-byte address) has posted, and what a full bond is, µ."""
        ...

    def takeover_time(self) -> int:
        """When a silent operator can be replaced, unix s."""
        ...

    def operator(self) -> bytes:
        """The operator's 20-byte address."""
        ...

    def take_over(self, *, holder: str) -> None:
        """Make `holder`, whose bond is full, the operator."""
        ...

    def anchor(self, first_slot: int, slots: int, root: bytes, *, holder: str = "operator") -> Anchor:
        """Commit the header root of the next period, after its end."""
        ...

    def settle(
        self, periods: int, period_root: bytes, cover: int, amounts: Sequence[int], *, holder: str = "operator"
    ) -> Settlement:
        """Post the amounts of the oldest open periods: accounts in order, then the guarantor. Shut door only."""
        ...

    def apply(self, settlement: Settlement, amounts: Sequence[int]) -> None:
        """Write the pending settlement's amounts to the balances once its window is over."""
        ...

    def refute(self, evidence: Evidence, *, holder: str) -> Convicted:
        """Have a court convict on `evidence`, signed by `holder`; Reverted with the court's reason if it does not."""
        ...

    def demand(self, asked: Asked, *, holder: str) -> None:
        """Ask the operator on chain for one item of the pending settlement, and pay the answer ahead."""
        ...

    def convict_silence(self, asked: Asked, *, holder: str) -> Convicted:
        """Have the operator convicted of not having answered, in the last quarter of the window."""
        ...

    def publish(self, first_slot: int, slots: int, data: bytes, *, holder: str = "operator") -> None:
        """Lay out the public part of slots (`settlement.public`) where anyone can read it from the chain alone."""
        ...

    def published(self) -> list[tuple[int, int, bytes]]:
        """What was laid out: (first slot, slots, bytes), in order; parts that do not make a whole are left out."""
        ...

    def facts(self) -> MarketFacts:
        """What the courts read of the market, now."""
        ...

    def door_open(self) -> bool:
        """Whether deposits and withdrawals may touch balances now."""
        ...

    def next_settle_time(self) -> int:
        """Earliest timestamp, unix s, at which the door lets a settlement in, if a period is open and none pending."""
        ...

    def is_pending(self, settlement: Settlement) -> bool:
        """Whether this settlement waits for its window to end: False once it was applied, or a court cancelled it."""
        ...

    def record(self) -> ChainRecord:
        """Everything that stands on chain about this market."""
        ...
