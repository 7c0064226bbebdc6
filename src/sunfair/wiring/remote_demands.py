"""What a watcher asks of an operator on chain where it withholds what is public, and what it makes of the answer.

* The header of the first slot of a period that was not laid out; once that was shown, a row of it. The header of a slot
  without one, a row of a slot whose rows are others than the anchored ones.
* The network's rows, where its posted amount is not what the headers give.

What is not answered in time is convicted; an answer about the network's rows becomes evidence.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sunfair.app.published import PublishedPeriod
from sunfair.app.published_checks import Told
from sunfair.chain.contracts import contract
from sunfair.chain.follow import Follower
from sunfair.chain.remote import RpcNetwork
from sunfair.errors import Reverted
from sunfair.model import NETWORK
from sunfair.ports import Asked
from sunfair.settlement import pack_amounts
from sunfair.settlement.court import Anchor, Evidence, MarketFacts, Settlement
from sunfair.settlement.court.book_proofs import CHUNK_ROWS, ROW_BYTES
from sunfair.settlement.court.docket import Demand, answer_end, demand_end, price
from sunfair.settlement.court.rows_evidence import HandedRows, find_leaf_faults, find_network_faults
from sunfair.wiring.remote_purse import Challenger, TooDear

__all__ = ["Demands", "Known"]


@dataclass(frozen=True, slots=True)
class Known:
    """What the watcher knows of a pending settlement: its periods by anchor (None: not laid out), and what is false.

    auctions : in its periods' auctions; totals : in the posted amounts
    """

    settlement: Settlement
    amounts: Sequence[int]
    periods: Mapping[Anchor, PublishedPeriod | None]
    auctions: Sequence[Told]
    totals: Sequence[Told]


class Demands:
    """The demands of one watcher; what was asked, by whomever, stands on chain and nowhere else."""

    def __init__(
        self, follower: Follower, network: RpcNetwork, challenger: Challenger, tell: Callable[[str], None]
    ) -> None:
        self._follower, self._network, self._challenger, self._tell = follower, network, challenger, tell
        self._told: set[str] = set()

    def look(self, facts: MarketFacts, known: Known) -> None:
        """Do what is due now about what a pending settlement rests on."""
        now, hashed = self._network.timestamp, self._follower.view("pending")
        for asked, told in self._wanted(facts, known, hashed):
            asker, paid = self._item(asked, hashed)
            try:
                if not any(asker) and now < demand_end(facts, known.settlement):
                    self._ask(asked, told)
                elif paid and now >= answer_end(facts, known.settlement):
                    self._convict(asked, told)
                elif any(asker) and not paid and asked.kind == Demand.ROWS:
                    self._use_rows(facts, known)
            except TooDear as dear:
                self._say(f"{told}: not demanded: {dear}")
            except Reverted as refused:
                self._say(f"{told}: {refused}")

    def _say(self, told: str) -> None:
        if told not in self._told:
            self._told.add(told)
            self._tell(told)

    def _wanted(self, facts: MarketFacts, known: Known, hashed: bytes) -> Iterator[tuple[Asked, str]]:
        """What has to be shown, and why, in words."""
        made = known.settlement
        for anchor, period in known.periods.items():
            slots = range(anchor.first_slot, anchor.first_slot + anchor.slots)
            open_slots = [slot for slot in slots if not facts.is_void(anchor, slot)]
            if period is None and open_slots:
                header = Asked(made, anchor, Demand.HEADER, open_slots[0], 0)
                yield header, f"slot {open_slots[0]}: the header is withheld"
                if self._is_answered(header, hashed):
                    leaf = Asked(made, anchor, Demand.LEAF, open_slots[0], 0)
                    yield leaf, f"slot {open_slots[0]} leaf 0: the row is withheld"
            for told in known.auctions:
                if period is not None and told.demand and told.slot in open_slots:
                    missing = period.auctions[told.slot - anchor.first_slot] is None
                    kind = Demand.HEADER if missing else Demand.LEAF
                    yield Asked(made, anchor, kind, told.slot, 0), str(told)
        for told in known.totals:
            if told.demand:
                for chunk in range(-(-made.slots // CHUNK_ROWS)):
                    yield Asked(made, next(iter(known.periods)), Demand.ROWS, NETWORK, chunk), str(told)

    def _item(self, asked: Asked, hashed: bytes) -> tuple[bytes, int]:
        """Who asked for it, and what the answer is still paid; nobody and 0 if nobody did."""
        docket, abi = self._follower.deployment.others["Docket"], contract("Docket").abi
        what = self._follower.deployment.market, hashed, asked.kind, asked.a, asked.b
        asker, paid = abi.result("item", self._network.call(docket, abi.call("item", *what)))[0]
        return bytes(asker), int(paid)

    def _is_answered(self, asked: Asked, hashed: bytes) -> bool:
        asker, paid = self._item(asked, hashed)
        return any(asker) and not paid

    def _ask(self, asked: Asked, told: str) -> None:
        # A quarter more than the fee of now: it may rise until the block is made.
        wei = price(Demand(asked.kind), self._network.node.head().base_fee * 5 // 4)
        mined = self._challenger.send("Docket.demand", "Docket", self._call("demand", asked), value=wei)
        self._tell(
            f"{told}: demanded, {wei} wei for the answer, {mined.gas_used} gas, 0x{mined.transaction_hash.hex()}"
        )

    def _convict(self, asked: Asked, told: str) -> None:
        name = "Docket.convict_silence"
        mined = self._challenger.send(name, "Docket", self._call("convict_silence", asked))
        self._tell(f"{told}: {self._challenger.convicted(name, mined)}")

    def _call(self, function: str, asked: Asked) -> bytes:
        where = self._follower.deployment.market, asked.settlement, asked.anchor, asked.kind, asked.a, asked.b
        return contract("Docket").abi.call(function, *where)

    def _use_rows(self, facts: MarketFacts, known: Known) -> None:
        """Show the network's answered rows to the court, if they are all there and one of them is false."""
        handed = self._answered_rows(known.settlement)
        if handed is None:
            return
        for evidence in _network_evidence(facts, known, handed):
            self._tell(f"{evidence.what}: {self._challenger.challenge(evidence)}")
            return
        self._say("the network's rows were shown, and show nothing false: look at the headers again")

    def _answered_rows(self, settlement: Settlement) -> HandedRows | None:
        """The network's leaf and rows out of the answers' transactions; None if a chunk was not answered plainly."""
        docket, abi = self._follower.deployment.others["Docket"], contract("Docket").abi
        chunks: dict[int, tuple[Any, ...]] = {}
        for logged in self._network.logs(docket, first=self._follower.deployment.block):
            event = abi.event(logged.log.topics, logged.log.data)
            if event is None or event.name != "Answered" or event.args["market"] != self._follower.deployment.market:
                continue
            called = contract("Witness").abi.arguments("answer_rows", self._network.input(logged.transaction_hash))
            if called is not None and called[3] == NETWORK and Settlement(*called[2]) == settlement:
                chunks[called[4]] = called
        if sorted(chunks) != list(range(-(-settlement.slots // CHUNK_ROWS))):
            return None
        leaf, path = chunks[0][5]
        rows = b"".join(chunks[chunk][6] for chunk in sorted(chunks))
        each = tuple(rows[at : at + ROW_BYTES] for at in range(0, len(rows), ROW_BYTES))
        steps = b"".join(bytes(node) + (cover % 2**64).to_bytes(8, "big") for node, cover in path)
        return HandedRows(settlement, NETWORK, bytes(leaf), steps, each)


def _network_evidence(facts: MarketFacts, known: Known, handed: HandedRows) -> Iterator[Evidence]:
    """What is false in the network's leaf and rows."""
    periods = [period for period in known.periods.values() if period is not None]

    def holding(slot: int) -> PublishedPeriod:
        return next(p for p in periods if p.anchor.first_slot <= slot < p.anchor.first_slot + p.anchor.slots)

    yield from find_leaf_faults(facts, handed, pack_amounts(known.amounts))
    yield from find_network_faults(facts, handed, lambda slot: holding(slot).shown(slot))
