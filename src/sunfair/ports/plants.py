"""A community plant as its members, organiser and payees use it: the contract behind a port, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sunfair.commons.plan import Plan, PlantState

__all__ = [
    "Docket",
    "Money",
    "MotionRecord",
    "OfferRecord",
    "PlantEvent",
    "PlantLedger",
    "PlantOffice",
    "PlantRecord",
    "PlantStatus",
    "Pledged",
    "SeatPassed",
    "SeatRecord",
]


@dataclass(frozen=True, slots=True)
class Money:
    """What a plant holds and what for, µ: milestones, reserve, bonds and dues, divided and not yet claimed; in all."""

    escrow: int
    fund: int
    bonds: int
    unclaimed: int
    held: int


@dataclass(frozen=True, slots=True)
class PlantStatus:
    """Where a project stands. Times unix s, 0 where they are not set; `next` is the milestone that comes, from 0."""

    state: PlantState
    supply: int
    members: int
    next: int
    milestones: int
    operating_since: int
    closes_at: int
    money: Money


@dataclass(frozen=True, slots=True)
class SeatRecord:
    """One member's seat: shares (µ pledged), when they last grew, until when they stay put, admitted or not."""

    shares: int
    since: int
    locked: int
    admitted: bool


@dataclass(frozen=True, slots=True)
class MotionRecord:
    """One vote: what about (`MotionKind`), by whom, from when until when, and how it stands, in weights."""

    number: int
    kind: int
    mover: bytes
    opened: int
    ends: int
    total: int
    yes: int
    no: int
    amount: int = 0


@dataclass(frozen=True, slots=True)
class OfferRecord:
    """A seat, or a part, that its holder (20-byte address) offers: shares, µ, for `price`, µ; since, unix s."""

    seller: bytes
    shares: int
    price: int
    since: int


@dataclass(frozen=True, slots=True)
class Docket:
    """What is open at a plant. Times unix s, 0 where nothing is open; a motion is the vote's number, or 0.

    evidence : 32-byte hash of what shows the next milestone, empty if none waits; submitted_at, evidence_motion
    report : the kind that somebody reported (`ReportKind`), 0 for none; reporter : 20-byte address; reported_at,
        report_motion
    """

    evidence: bytes
    submitted_at: int
    evidence_motion: int
    report: int
    reporter: bytes
    reported_at: int
    report_motion: int


@dataclass(frozen=True, slots=True)
class Pledged:
    """A member's signed pledge, as anyone may hand it in; see docs/commons-spec.md, "A pledge"."""

    member: bytes
    amount: int
    max_share_bps: int
    nonce: int
    expiry: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class PlantEvent:
    """Something the contract logged, addresses as 20 bytes; when, unix s."""

    name: str
    args: Mapping[str, Any]
    timestamp: int


@dataclass(frozen=True, slots=True)
class SeatPassed:
    """Shares that passed from one 20-byte address to another for `price`, µ, after so many `incomes` were divided."""

    seller: bytes
    buyer: bytes
    shares: int
    price: int
    incomes: int


@dataclass(frozen=True, slots=True)
class PlantRecord:
    """What a chain says of a plant: its 20-byte address, who proposed it, the hash of its document, its peak power, W.

    shares : seats by 20-byte address, as pledged, µ; passed : what passed of them since, in order
    incomes : what was divided among them, µ, in order; claimed : what each of them was paid of it, µ
    received : tokens that reached it, by sender, pledges and bonds included, µ
    credited : what the market's utility sent to each of them, whatever for, µ
    account, point : the account in the market and the meter point, 32 bytes, that its document names; None and empty
        where it names none of the proposer's
    """

    address: bytes
    organiser: bytes
    document: bytes
    peak_w: int
    shares: Mapping[bytes, int]
    incomes: tuple[int, ...]
    claimed: Mapping[bytes, int]
    passed: tuple[SeatPassed, ...] = ()
    received: Mapping[bytes, int] = field(default_factory=dict)
    credited: Mapping[bytes, int] = field(default_factory=dict)
    account: int | None = None
    point: bytes = b""

    def seats_at(self, incomes: int) -> dict[bytes, int]:
        """The seats when income number `incomes` (from 0) was divided, µ by address."""
        seats = dict(self.shares)
        for one in self.passed:
            if one.incomes <= incomes:
                seats[one.seller] -= one.shares
                seats[one.buyer] = seats.get(one.buyer, 0) + one.shares
        return seats


class PlantLedger(Protocol):
    """One plant's contract. Amounts µ. Whoever calls is named by `holder`, as `ports.Keys` knows it.

    Every act returns once the chain has taken it, and raises `Reverted` with the contract's word otherwise.
    """

    @property
    def address(self) -> bytes:
        """The contract's 20-byte address."""
        ...

    def now(self) -> int:
        """Timestamp that an act would have now, unix s."""
        ...

    def address_of(self, holder: str) -> bytes:
        """A holder's 20-byte address."""
        ...

    def plan(self) -> Plan:
        """What was proposed, with what votes changed of it."""
        ...

    def status(self) -> PlantStatus:
        """Where it stands."""
        ...

    def seat(self, member: bytes) -> SeatRecord:
        """A member's seat."""
        ...

    def claimable(self, member: bytes) -> int:
        """Income a member may claim."""
        ...

    def dues(self, party: bytes) -> int:
        """What a party may fetch: payments, bonds."""
        ...

    def motions(self) -> list[MotionRecord]:
        """All votes so far, in order."""
        ...

    def evidence(self) -> str:
        """``"none"`` of the next milestone, ``"waits"`` for objections, or is ``"disputed"``."""
        ...

    def reported(self) -> bool:
        """Whether a report about the goal is open."""
        ...

    def voted(self, motion: int, member: bytes) -> bool:
        """Whether that member voted in that motion."""
        ...

    def wallet(self, who: bytes) -> int:
        """What somebody holds of the money."""
        ...

    def pledge(self, holder: str, amount: int, max_share_bps: int) -> None:
        """Pledge and pay in, by the member itself."""
        ...

    def sign_pledge(self, holder: str, amount: int, max_share_bps: int, *, nonce: int, expiry: int) -> Pledged:
        """A pledge that anyone may hand in until `expiry`, unix s; the member allows the money itself."""
        ...

    def hand_in(self, pledged: Pledged, *, holder: str) -> None:
        """Bring a member's signed pledge to the contract."""
        ...

    def act(self, holder: str, name: str, *arguments: Any) -> None:
        """Any other act of the contract, by its name there; a bond or price it takes is allowed first."""
        ...

    def history(self) -> list[PlantEvent]:
        """Everything that happened, in order."""
        ...


class PlantOffice(Protocol):
    """Where plants that are members of a market are proposed, on the market's own money."""

    def agent(self, account: int) -> bytes:
        """The 20-byte address of the plant's agent: who owns the plant's account in the market."""
        ...

    def document(self, account: int) -> bytes:
        """The 32-byte hash that binds a plant to its account in the market, its agent's key and its meter point."""
        ...

    def point(self, account: int) -> bytes:
        """The meter point that feeds the account, as the register names it: 32 bytes."""
        ...

    def propose(self, account: int, plan: Plan) -> PlantLedger:
        """Create the contract, signed by the owner of the plant's account: the plant's agent."""
        ...

    def pay(self, account: int, plant: bytes, amount: int) -> None:
        """Send `amount`, µ, of the own tokens of an account's owner, such as the agent, to the plant's contract."""
        ...
