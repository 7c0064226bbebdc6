"""A Docket and its Witness beside a market that holds what it is told, and the answers of an honest operator.

Not a test: the files beside it import it.
"""

from dataclasses import dataclass
from typing import Any

import boa
from court_books import (
    WINDOW,
    Street,
    address,
    deployer,
    new_market,
    plain,
    reason,
    signer,
    tell,
)

from sunfair.settlement.court import EvidenceRefused
from sunfair.settlement.court import docket as twin
from sunfair.settlement.court.book_proofs import BookOffer, BookOpening, span
from sunfair.settlement.court.docket import Demand
from sunfair.settlement.court.facts import Anchor
from sunfair.settlement.hashing import keccak

NO_ANCHOR = Anchor(0, 0, 0, 0, bytes(20), 0, bytes(32))
NO_OFFER = BookOffer(0, 0, 0, 0, b"")
NO_OPENING = BookOpening(0, 0, 0, bytes(32), b"", ())
NO_PUBLIC = ((0, 0, 0, 0), b"", ())
RICH = 10**24

ANSWERS = {
    Demand.HEADER: "answer_header",
    Demand.LEAF: "answer_leaf",
    Demand.OPEN_LEAF: "answer_opening",
    Demand.OPEN_ACCOUNT: "answer_opening",
    Demand.ROWS: "answer_rows",
    Demand.READING: "answer_reading",
}


def honest_answer(street: Street, kind: int, a: int, b: int) -> tuple[Any, ...]:
    """What the operator that kept everything answers, behind docket, market and settlement."""
    if kind == Demand.ROWS:
        rows = street.private.get(a, ())
        place = b * 128
        path = street.row(a, street.from_slot(a) + place).path if rows else ()
        return a, b, street.leaf(a), *twin.rows_answer(rows, path, b)
    if kind == Demand.READING:
        row = street.row(a, b)
        signature = street.reading_signature(a, b, street.reading(a, b)) if row.number(93) <= 0 else b""
        return a, b, street.leaf(a), row, signature
    anchor, header, path = street.at(a)
    if kind == Demand.HEADER:
        return anchor, a, header, path
    if kind == Demand.LEAF:
        public = street.public(b) if b < len(street.leaf_account) else NO_PUBLIC
        return anchor, a, b, header, path, *public
    opening, offer, source = NO_OPENING, NO_OFFER, (b"", 0, 0)
    if kind == Demand.OPEN_ACCOUNT or b < len(street.leaf_account):
        account = b if kind == Demand.OPEN_ACCOUNT else street.leaf_account[b]
        opening = street.opening(account)
        if account in street.offers:
            offer = street.offers[account]
            source = (street.offer_signature(offer), 0, 0)
    return anchor, a, kind, b, header, path, opening, offer, source


@dataclass(frozen=True)
class DocketRoom:
    """The contracts, and people by their names."""

    docket: Any
    witness: Any
    market: Any

    def tell(self, street: Street) -> None:
        tell(self.market, street.facts)

    def time(self, street: Street, share: float) -> None:
        """Go to this share of the window."""
        boa.env.timestamp = street.settlement.settled_at + int(WINDOW * share)

    def ask(self, street: Street, kind: int, a: int, b: int, asker: str = "utility", **changes: Any) -> None:
        """A demand with its price, by its name's address."""
        anchor = street.anchor if kind <= Demand.OPEN_ACCOUNT else NO_ANCHOR
        value = changes.get("value", self.docket.price(kind))
        boa.env.set_balance(plain(address(asker)), RICH)
        self.docket.demand(
            self.market,
            plain(street.settlement),
            plain(changes.get("anchor", anchor)),
            kind,
            a,
            b,
            sender=plain(address(asker)),
            value=value,
        )

    def answer(self, street: Street, kind: int, arguments: tuple[Any, ...], by: str = "operator") -> None:
        method = getattr(self.witness, ANSWERS[Demand(kind)])
        method(self.docket, self.market, plain(street.settlement), *map(plain, arguments), sender=plain(address(by)))

    def convict(self, street: Street, kind: int, a: int, b: int, by: str = "watcher") -> None:
        anchor = street.anchor if kind <= Demand.OPEN_ACCOUNT else NO_ANCHOR
        self.docket.convict_silence(
            self.market, plain(street.settlement), plain(anchor), kind, a, b, sender=plain(address(by))
        )

    def open(self, street: Street) -> int:
        return int(self.docket.open_demands(self.market, settlement_hash(street)))

    def item(self, street: Street, kind: int, a: int, b: int) -> tuple[str, int]:
        asker, paid = self.docket.item(self.market, settlement_hash(street), kind, a, b)
        return str(asker), int(paid)

    def owed(self, name: str) -> int:
        return int(self.docket.owed(plain(address(name))))

    def file_reading(self, street: Street, account: int, slot: int, registers: tuple[int, int], **changes: Any) -> None:
        """The account's owner files its meter's reading a minute after the slot."""
        boa.env.timestamp = changes.get("at", (slot + 1) * 900 + 60)
        signature = changes.get("signature", street.reading_signature(account, slot, registers))
        sender = plain(address(changes.get("by", f"owner {account}")))
        self.docket.file_reading(self.market, account, slot, *registers, signature, sender=sender)


def settlement_hash(street: Street) -> bytes:
    """keccak256(abi_encode(settlement)), as the docket has it."""
    settlement = street.settlement
    numbers = (
        settlement.first_period,
        settlement.periods,
        settlement.first_slot,
        settlement.slots,
        settlement.accounts,
        settlement.cover,
        settlement.settled_at,
    )
    words = b"".join(number.to_bytes(32, "big") for number in numbers) + bytes(12) + settlement.operator
    return keccak(words + settlement.period_root + settlement.amounts_hash)


def twin_demand(street: Street, kind: int, a: int, b: int, asker: str, now: int, anchor: Any = None) -> str:
    """The twin's verdict on a demand: the reason of a refusal, or nothing."""
    try:
        given = street.anchor if anchor is None else anchor
        twin.check_demand(street.facts, street.settlement, given, kind, a, b, address(asker), now)
    except EvidenceRefused as refused:
        return refused.reason
    return ""


def twin_says(check: Any, *arguments: Any) -> str:
    """The twin's reason for a refusal, or nothing."""
    try:
        check(*arguments)
    except EvidenceRefused as refused:
        return refused.reason
    return ""


def twin_answer(street: Street, kind: int, arguments: tuple[Any, ...]) -> str:
    """The twin's verdict on an answer."""
    facts, inbox, settlement = street.facts, street.inbox, street.settlement
    try:
        if kind == Demand.HEADER:
            twin.check_header_answer(facts, *arguments)
        elif kind == Demand.LEAF:
            twin.check_leaf_answer(facts, *arguments)
        elif kind in (Demand.OPEN_LEAF, Demand.OPEN_ACCOUNT):
            twin.check_opening_answer(facts, inbox, signer, *arguments)
        elif kind == Demand.ROWS:
            twin.check_rows_answer(facts, settlement, *arguments)
        else:
            twin.check_reading_answer(facts, inbox, signer, settlement, *arguments)
    except EvidenceRefused as refused:
        return refused.reason
    return ""


def verdict(call: Any, *arguments: Any, **keywords: Any) -> str:
    """The reason with which a call fails, or nothing."""
    try:
        call(*arguments, **keywords)
    except boa.BoaError as error:
        return reason(error)
    return ""


def items(street: Street) -> list[tuple[int, int, int]]:
    """All items that somebody may think of, a step beyond each bound included."""
    first, slots = street.settlement.first_slot, street.settlement.slots
    times = range(first - 1, first + slots + 1)
    accounts = range(street.settlement.accounts + 2)
    leaves = [*range(len(street.leaf_account) + 2), 4095, 4096]
    made = [(int(Demand.HEADER), slot, b) for slot in times for b in (0, 1)]
    made += [(int(kind), slot, leaf) for kind in (Demand.LEAF, Demand.OPEN_LEAF) for slot in times for leaf in leaves]
    made += [(int(Demand.OPEN_ACCOUNT), slot, account) for slot in times for account in accounts]
    chunks = {a: -(-span(street.facts, street.settlement, a).slots // 128) for a in accounts}
    made += [(int(Demand.ROWS), a, chunk) for a in accounts for chunk in range(chunks[a] + 2)]
    return made + [(int(Demand.READING), a, slot) for a in accounts for slot in times]


def open_docket() -> DocketRoom:
    """Fresh contracts."""
    witness = deployer("Witness").deploy()
    return DocketRoom(deployer("Docket").deploy(witness), witness, new_market())
