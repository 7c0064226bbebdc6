"""What the courts read of a market, as plain values: the same facts that `contracts/IEnergyMarket.vyi` gives on chain.

Each dataclass has the fields of its namesake there in the same order, so `astuple` of one is what the contract takes.
Addresses are 20 bytes, times unix seconds, energies Wh, money µ.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sunfair.settlement.hashing import keccak

__all__ = ["NOBODY", "Anchor", "MarketFacts", "Member", "Meter", "Settlement", "Terms"]

NOBODY = bytes(20)
"""The address that nobody has."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A period's results as they were committed. Slot s of it is void iff s < void_to or `MarketFacts.void_slot(s)`."""

    period: int
    first_slot: int
    slots: int
    void_to: int
    operator: bytes
    anchored_at: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Settlement:
    """A settlement of the periods first_period to first_period + periods − 1, as it was posted; cover in µ."""

    first_period: int
    periods: int
    first_slot: int
    slots: int
    accounts: int
    cover: int
    settled_at: int
    operator: bytes
    period_root: bytes
    amounts_hash: bytes


@dataclass(frozen=True, slots=True)
class Member:
    """An account: it takes part in the slots from_slot to to_slot − 1; cap_wh bounds Σ|energy| of a side, Wh.

    meter_from is the first slot of its newest meter, which may lie ahead; 0 if it has none.
    """

    owner: bytes
    reader: bytes
    from_slot: int
    to_slot: int
    cap_wh: int
    meter_from: int = 0


@dataclass(frozen=True, slots=True)
class Meter:
    """The meter of an account from from_slot on: its key, and its registers (Wh) at the end of slot from_slot − 1."""

    key: bytes
    from_slot: int
    import_wh: int
    export_wh: int


@dataclass(frozen=True, slots=True)
class Terms:
    """An entry of the terms as the utility set it, in force from first_slot to the next entry.

    last_slot : no tariff up to it is ever set anew
    seller, utility, network : shares, bps; tariffs : (retail i8 ‖ feed_in i8) of each slot from first_slot on, µ/kWh,
    the last pair holds on
    """

    first_slot: int
    last_slot: int
    rule: int
    k_num: int
    k_den: int
    seller: int
    utility: int
    network: int
    tariffs: bytes

    def digest(self) -> bytes:
        """What the market keeps of it: ``keccak(abi_encode(first_slot, last_slot, …, tariffs))``."""
        numbers = (self.first_slot, self.last_slot, self.rule, self.k_num, self.k_den)
        head = (*numbers, self.seller, self.utility, self.network, 9 * 32)
        padded = self.tariffs + bytes(-len(self.tariffs) % 32)
        return keccak(b"".join(word.to_bytes(32, "big") for word in (*head, len(self.tariffs))) + padded)

    def tariffs_at(self, slot: int) -> tuple[int, int]:
        """Retail and feed-in of `slot` ≥ first_slot, µ/kWh: the slot's own pair, or the last one."""
        pair = 16 * min(slot - self.first_slot, len(self.tariffs) // 16 - 1)
        retail, feed_in = (int.from_bytes(self.tariffs[at : at + 8], "big", signed=True) for at in (pair, pair + 8))
        return retail, feed_in


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """The market's state as the courts see it, `IEnergyMarket` view by view.

    anchors : those in the ring and not yet applied; pending, last : the settlement that waits, and the last applied
    meters : of each account, by rising from_slot; terms : by rising first_slot
    """

    community: bytes = bytes(32)
    separator: bytes = bytes(32)
    slot_seconds: int = 900
    gate_seconds: int = 300
    window_seconds: int = 86_400
    token: bytes = NOBODY
    utility: bytes = NOBODY
    anchors: tuple[Anchor, ...] = ()
    pending: Settlement | None = None
    last: Settlement | None = None
    members: Mapping[int, Member] = field(default_factory=dict)
    meters: Mapping[int, tuple[Meter, ...]] = field(default_factory=dict)
    balances: Mapping[int, int] = field(default_factory=dict)
    terms: tuple[Terms, ...] = ()
    void_slots: frozenset[int] = frozenset()

    def is_anchor(self, anchor: Anchor) -> bool:
        """Whether it was anchored so and is not yet applied."""
        return anchor in self.anchors

    def is_pending(self, settlement: Settlement) -> bool:
        """Whether it is the settlement that waits for its window to end."""
        return settlement == self.pending

    def is_last(self, settlement: Settlement) -> bool:
        """Whether it is the settlement applied last."""
        return settlement == self.last

    def member(self, account: int) -> Member:
        """The account; all zero if there is none."""
        return self.members.get(account, Member(NOBODY, NOBODY, 0, 0, 0))

    def meter(self, account: int, slot: int) -> Meter:
        """The account's meter in `slot`; all zero if there is none."""
        dated = [meter for meter in self.meters.get(account, ()) if meter.from_slot <= slot]
        return dated[-1] if dated else Meter(NOBODY, 0, 0, 0)

    def balance_of(self, account: int) -> int:
        """The account's balance, µ."""
        return self.balances.get(account, 0)

    def terms_hash(self, index: int) -> bytes:
        """Digest of the terms number `index`; zero if there are none."""
        return self.terms[index].digest() if 0 <= index < len(self.terms) else bytes(32)

    def terms_at(self, slot: int) -> int | None:
        """Number of the terms in force at `slot`; None before the first."""
        found = [index for index, terms in enumerate(self.terms) if terms.first_slot <= slot]
        return found[-1] if found else None

    def void_slot(self, slot: int) -> bool:
        """Whether the slot was made void by a conviction."""
        return slot in self.void_slots

    def is_void(self, anchor: Anchor, slot: int) -> bool:
        """Whether a slot of this anchor counts as one without trade."""
        return slot < anchor.void_to or self.void_slot(slot)

    def with_void(self, slot: int) -> "MarketFacts":
        """The facts after a conviction has made `slot` void."""
        return replace(self, void_slots=self.void_slots | {slot})
