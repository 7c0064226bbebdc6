"""Demands about the pending settlement: what asking, answering and convicting the silence cost."""

from dataclasses import dataclass
from typing import Any

from sunfair.app.published import PublishedPeriod
from sunfair.bench.gas_book import BookRoom, account_leaf, row_proof_of
from sunfair.bench.gas_chain import GasChain
from sunfair.bench.gas_rows import Posting
from sunfair.model import FIRST_MEMBER
from sunfair.settlement import reading_digests
from sunfair.settlement.court import Anchor, Settlement, row_proof
from sunfair.settlement.court.docket import Demand, rows_answer

__all__ = ["ANSWERS", "Docketing", "docket_gas"]

ANSWERS = {
    Demand.HEADER: "answer_header",
    Demand.LEAF: "answer_leaf",
    Demand.OPEN_LEAF: "answer_opening",
    Demand.OPEN_ACCOUNT: "answer_opening",
    Demand.ROWS: "answer_rows",
    Demand.READING: "answer_reading",
}
"""The witness's function for each kind of demand."""

_NO_ANCHOR = Anchor(0, 0, 0, 0, bytes(20), 0, bytes(32))
_FEE_TIMES = 2
"""The base fee may have risen since the price was asked for."""


@dataclass(frozen=True)
class Docketing:
    """What there is to ask for and to answer: the first member's things in the slot at `place`, all of them honest."""

    chain: GasChain
    settlement: Settlement
    posting: Posting
    period: PublishedPeriod
    room: BookRoom
    place: int

    @property
    def slot(self) -> int:
        """The slot asked about."""
        return self.room.records[self.place].slot

    def item(self, kind: Demand) -> tuple[int, int]:
        """What is asked for."""
        leaf = int(self.room.records[self.place].leaf[0])
        return {
            Demand.HEADER: (self.slot, 0),
            Demand.LEAF: (self.slot, leaf),
            Demand.OPEN_LEAF: (self.slot, leaf),
            Demand.OPEN_ACCOUNT: (self.slot, FIRST_MEMBER),
            Demand.ROWS: (FIRST_MEMBER, 0),
            Demand.READING: (FIRST_MEMBER, self.slot),
        }[kind]

    def anchor(self, kind: Demand) -> Anchor:
        """The slot's anchor, where the kind needs one."""
        return self.period.anchor if kind <= Demand.OPEN_ACCOUNT else _NO_ANCHOR

    def answer(self, kind: Demand) -> tuple[Any, ...]:
        """What an operator that kept everything answers, behind docket, market and settlement."""
        own, (a, b) = self.posting.handed(self.settlement, FIRST_MEMBER), self.item(kind)
        anchor, header, path = self.room.start(self.place)
        if kind == Demand.ROWS:
            return a, b, account_leaf(own), *rows_answer(own.rows, own.path(0), b)
        if kind == Demand.READING:
            row = row_proof_of(own, self.place)
            told = reading_digests(self.chain.domain, [a], [b], [row.number(53)], [row.number(61)])
            return a, b, account_leaf(own), row, self.chain.keys.sign(f"meter {a}", told[0].tobytes())
        if kind == Demand.HEADER:
            return anchor, a, header, path
        if kind == Demand.LEAF:
            auction = self.period.auctions[self.place]
            assert auction is not None
            return anchor, a, b, header, path, *row_proof(auction, b)
        offer = self.room.offer(self.place, 0)
        signature = self.chain.keys.sign(str(FIRST_MEMBER), self.room.offer_digest(offer))
        return anchor, a, int(kind), b, header, path, self.room.opening(self.place, 0), offer, (signature, 0, 0)


def docket_gas(docketing: Docketing) -> dict[str, dict[str, int]]:
    """Gas by kind of demand: ``demand``, ``answer`` and ``silence``."""
    gas: dict[str, dict[str, int]] = {"demand": {}, "answer": {}, "silence": {}}
    chain, settlement = docketing.chain, docketing.settlement
    market = chain.address("EnergyMarket")
    for kind in Demand:
        name = kind.name.lower()
        asked = docketing.anchor(kind), int(kind), *docketing.item(kind)
        with chain.undone():
            price = _FEE_TIMES * int(chain.view("Docket", "price", int(kind)))
            gas["demand"][name] = chain.call("0", "Docket", "demand", market, settlement, *asked, value=price)
            with chain.undone():
                answer = docketing.answer(kind)
                whose = chain.address("Docket"), market, settlement
                gas["answer"][name] = chain.call("operator", "Witness", ANSWERS[kind], *whose, *answer)
            chain.at(settlement.settled_at + chain.ledger.window_seconds * 3 // 4)
            gas["silence"][name] = chain.call("watcher", "Docket", "convict_silence", market, settlement, *asked)
    return gas
