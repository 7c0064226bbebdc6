"""What an operator lays open of its slots: to everybody the auction, to each account its own place in it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sunfair.model import FIRST_MEMBER
from sunfair.ports import SlotRecord
from sunfair.settlement import ZERO_HASH, Opening, anchor_tree, envelope_holds, local_paid
from sunfair.settlement.court import Anchor, AuctionPlace, EvidenceRefused, PublishedAuction, RowProof, row_proofs
from sunfair.settlement.court.rows_evidence import PublicRow, ShownSlot
from sunfair.settlement.hashing import Tag, keccak

__all__ = ["Opened", "PublishedPeriod", "ToldCaps", "opened_of", "published_of", "told_caps"]


@dataclass(frozen=True, slots=True)
class Opened:
    """What an account is handed of a slot's book: where its leaf stands and what opens it.

    local_paid : where the ahead session had local prices, what it brought (+) or cost (−) the account, µ
    """

    leaf: int
    nonce: int
    salt: bytes
    local_paid: int = 0

    def blind(self, account: int, slot: int) -> bytes:
        """The 32 bytes under which the leaf hides whose it is."""
        number = self.nonce.to_bytes(8, "big", signed=True)
        return keccak(bytes([Tag.BLIND]) + account.to_bytes(4, "big") + slot.to_bytes(8, "big") + number + self.salt)

    def beside(self, auction: PublishedAuction) -> Opening:
        """The opening of the leaf with its public row."""
        return Opening(self.leaf, self.nonce, self.salt, auction.rows[self.leaf], self.local_paid)


@dataclass(frozen=True)
class PublishedPeriod:
    """The public part of an anchored period: its slots' auctions in order (None: void before it was held).

    `digests` are what the anchor was made of, 32 bytes each.
    """

    anchor: Anchor
    auctions: tuple[PublishedAuction | None, ...]
    digests: tuple[bytes, ...]
    _paths: dict[int, tuple[bytes, ...]] = field(default_factory=dict, compare=False)
    _proofs: dict[int, Callable[[int], RowProof] | None] = field(default_factory=dict, compare=False)

    def place(self, index: int) -> AuctionPlace:
        """Where the header of slot number `index` hangs."""
        if not self._paths:
            tree = anchor_tree(list(self.digests))
            self._paths.update({at: tree.proof(at).siblings for at in range(len(self.digests))})
        return AuctionPlace(self.anchor, self.anchor.first_slot + index, self._paths[index])

    def shown(self, slot: int) -> ShownSlot:
        """A slot as the courts take it."""
        place = self.place(slot - self.anchor.first_slot)
        auction = self.auctions[slot - self.anchor.first_slot]
        if auction is None:
            return ShownSlot(self.anchor)

        def public(index: int) -> PublicRow:
            """Nothing where the published rows do not lead to the header's root: they have to be demanded."""
            proof = self._proof_of(slot, auction) if index < len(auction.rows) else None
            return PublicRow() if proof is None else PublicRow(*proof(index))

        return ShownSlot(self.anchor, auction.header, place.path, public)

    def _proof_of(self, slot: int, auction: PublishedAuction) -> Callable[[int], RowProof] | None:
        """The rows' evidence, its tree made once for all who ask; None where the rows do not lead to the root."""
        if slot not in self._proofs:
            try:
                self._proofs[slot] = row_proofs(auction)
            except EvidenceRefused:
                self._proofs[slot] = None
        return self._proofs[slot]


@dataclass(frozen=True, slots=True)
class ToldCaps:
    """What a home was told before a slot: what its meter may take and give, Wh, and what opens its envelope leaf."""

    import_wh: int
    export_wh: int
    salt: bytes
    path: tuple[bytes, ...]

    def stands_in(self, auction: PublishedAuction, slot: int, account: int) -> bool:
        """Whether exactly these caps hang on the root that was published with the slot."""
        caps, count = (self.import_wh, self.export_wh), len(auction.rows)
        root = auction.envelope_root
        return envelope_holds(slot, account, caps, self.salt, self.path, count=count, root=root)


def told_caps(record: SlotRecord, member: int) -> ToldCaps | None:
    """What member number `member` was told of the wires' room; None where meters have no caps."""
    told = record.envelope
    if told is None:
        return None
    path = told.tree.proof(member).siblings
    caps = int(told.caps.import_wh[member]), int(told.caps.export_wh[member])
    return ToldCaps(*caps, told.salts[member].tobytes(), path)


def published_of(record: SlotRecord) -> PublishedAuction | None:
    """The auction of a slot as an honest operator publishes it; None if there was none."""
    if record.header is None:
        return None
    rows = [row.tobytes() for row in record.rows.public_bytes()]
    root = ZERO_HASH if record.envelope is None else record.envelope.root
    return PublishedAuction(record.header.preimage(), rows, book=[row[:32] for row in rows], envelope_root=root)


def opened_of(record: SlotRecord, member: int) -> Opened:
    """What member number `member` is handed of a slot's book."""
    local = int(local_paid(record.terms, record.traded_ahead_wh)[FIRST_MEMBER + member])
    return Opened(int(record.leaf[member]), int(record.nonce[member]), record.salts[member].tobytes(), local)
