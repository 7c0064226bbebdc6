"""What an operator shows of what it did: the honest one all of it, as it was. Who lies overrides one of these."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from sunfair.app.published import Opened, ToldCaps, opened_of, published_of, told_caps
from sunfair.ports import SlotRecord
from sunfair.settlement import Header, PeriodMoney, PeriodRows
from sunfair.settlement.court import PublishedAuction
from sunfair.settlement.hashing import ZERO_HASH, keccak

__all__ = ["Operator", "as_anchored"]


class Operator:
    """The honest operator."""

    withholds: Collection[int] = ()
    """Accounts that are not handed their rows."""

    dies_in: int | None = None
    """The slot in which it falls silent for ever."""

    def auctions(self, records: Sequence[SlotRecord]) -> list[PublishedAuction | None]:
        """The public part of a period's slots, before it is anchored."""
        return [published_of(record) for record in records]

    def digest(self, auction: PublishedAuction | None) -> bytes:
        """What is anchored for a slot."""
        return ZERO_HASH if auction is None else keccak(auction.header)

    def opened(self, record: SlotRecord, member: int) -> Opened:
        """What a member is handed of a slot's book."""
        return opened_of(record, member)

    def caps(self, record: SlotRecord, member: int) -> ToldCaps | None:
        """What a member was told of the wires' room in a slot."""
        return told_caps(record, member)

    def statement(self, rows: PeriodRows, money: PeriodMoney) -> tuple[PeriodRows, PeriodMoney]:
        """What is said of the rows and the money of a settlement."""
        return rows, money


def as_anchored(record: SlotRecord, auction: PublishedAuction | None) -> SlotRecord:
    """The record with the header that was anchored, which may be a lie."""
    if auction is None or record.header is None or auction.header == record.header.preimage():
        return record
    return replace(record, header=Header.decode(auction.header))
