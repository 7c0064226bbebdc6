"""The steady state in which `bench gas` measures: days before, balances, a filled ring, a day full of frauds at hand.

Day 1 is 64 periods of nothing that fill the ring of anchors; their settlement hands out the opening balances in place
of a thousand deposits. Day 2 is settled honestly. Day 3 is anchored and settled by an operator that lies in every way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sunfair.app.published import PublishedPeriod
from sunfair.bench.gas_auction import AUCTION_FRAUDS, auction_evidence, period_of, publish
from sunfair.bench.gas_book import BookRoom
from sunfair.bench.gas_chain import START, GasChain
from sunfair.bench.gas_day import CAP_WH, LARGE, SLOTS, Planted, Town
from sunfair.bench.gas_rows import ROW_FRAUDS, Books, Posting
from sunfair.model import FIRST_MEMBER, UTILITY
from sunfair.ports import GUARANTOR, Enrolment, SlotRecord
from sunfair.settlement import anchor_tree, keccak, reading_digests
from sunfair.settlement.court import Anchor, Meter, PublishedAuction, Settlement
from sunfair.units import MICRO

__all__ = ["PAID", "SLOT_SECONDS", "Places", "Scene", "make_scene"]

SLOT_SECONDS = 900
_RING = 64
_POINT = ("commitment", "nullifier")
_OPENING = 50 * MICRO
_DEPOSIT = 100_000 * MICRO
_WALLET = 1_000 * MICRO
PAID = 10 * MICRO


class Places:
    """Where in day 3 what stands: places of slots in the day, and of members."""

    VOID, AUCTION = 9, 10
    """A slot whose false header is refuted before anything is settled; the first of the slots with a false auction, one
    a kind in the order of `AUCTION_FRAUDS`."""

    GHOST, DOUBLE, FILED_OFFER, SILENT, POOL, HONEST = 30, 31, 40, 60, 64, 80
    """A leaf of nobody's; two of one account; a filed offer ignored; a filed reading ignored; kept out of the pool
    (where the row before shares least of its path); an honest slot."""

    LATE_MEMBER, SILENT_MEMBER, FILING_MEMBER, GAP_MEMBER = 8, 5, 9, list(ROW_FRAUDS).index("row_trade_gap")


@dataclass(frozen=True)
class Scene:
    """The market after day 3, which is neither anchored nor settled yet. `filed` is when and with what an offer was.

    The first member asked for `PAID` µ on day 2, which took `request_gas`.
    """

    chain: GasChain
    town: Town
    first_slot: int
    before: tuple[Posting, Settlement]
    records: Sequence[SlotRecord]
    auctions: tuple[PublishedAuction, ...]
    books: Books
    filed: tuple[int, int]
    filing_gas: dict[str, int]
    request_gas: int

    @property
    def size(self) -> int:
        """Number of members."""
        return self.town.community.size

    @cached_property
    def posting(self) -> Posting:
        """Day 3 as it is settled, with all that rows and leaves can lie about in it."""
        return self.books.posting(list(ROW_FRAUDS))

    def anchor(self) -> PublishedPeriod:
        """Anchor day 3; its public part."""
        self.chain.at((self.first_slot + SLOTS) * SLOT_SECONDS)
        return period_of(_anchored(self.chain, self.first_slot, self.auctions), self.auctions)

    def settle(self, posting: Posting | None = None) -> Settlement:
        """Settle day 3 when the door is shut."""
        return _settled(self.chain, posting or self.posting)

    def convict(self, period: PublishedPeriod) -> None:
        """Have one false header refuted for good: its slot is void, its finder has something to claim."""
        evidence = auction_evidence(self.chain.facts(), period, self.records, Places.VOID, "header")
        self.chain.ledger.refute(evidence, holder="watcher")
        self.chain.ledger.post_bond(self.chain.ledger.bond_of(self.chain.ledger.operator())[1])

    def room(self, period: PublishedPeriod) -> BookRoom:
        """The anchored day's books."""
        return BookRoom(self.chain.domain, self.chain.keys, period, self.records)


def make_scene(chain: GasChain, size: int) -> Scene:
    """Bring a fresh market of `size` members to the end of day 3."""
    town = Town(size, chain.domain)
    first = START // SLOT_SECONDS + SLOTS
    _set_up(chain, town, first)
    second, third = first + SLOTS, first + 2 * SLOTS
    kept = town.day(second, {third - 1: Planted(silent=[Places.GAP_MEMBER])})
    town.forget_gaps()
    records = town.day(third, _planted(third, size))
    balances = _open(chain, size, first)
    filed, offer_gas = _file_offer(chain, records)
    chain.ledger.apply(*balances.applied)
    chain.ledger.request_withdrawal(FIRST_MEMBER, PAID)
    request_gas = chain.gas()
    books = Books(kept, balances.told)
    before = _day_before(chain, second, publish(kept, {}), books)
    reading_gas = _file_readings(chain, records)
    frauds = {Places.VOID: "header", **{Places.AUCTION + at: kind for at, kind in enumerate(AUCTION_FRAUDS)}}
    told = Books(records, books.balances)
    gas = {"offer": offer_gas, "reading": reading_gas}
    return Scene(chain, town, third, before, records, publish(records, frauds), told, filed, gas, request_gas)


def _planted(first_slot: int, size: int) -> dict[int, Planted]:
    return {
        first_slot + Places.GHOST: Planted(under={Places.FILING_MEMBER: FIRST_MEMBER + size}),
        first_slot + Places.DOUBLE: Planted(under={1: FIRST_MEMBER}),
        first_slot + Places.POOL: Planted(late=[Places.LATE_MEMBER]),
        first_slot + Places.SILENT: Planted(silent=[Places.SILENT_MEMBER]),
    }


def _set_up(chain: GasChain, town: Town, first_slot: int) -> None:
    """Terms, accounts, the meters that evidence asks for, the utility's and the guarantor's money, the bond."""
    ledger, size = chain.ledger, town.community.size
    for terms in town.terms(first_slot, 3):
        ledger.set_terms(terms)
    ledger.open_accounts([chain.keys.address("members")] * size, [CAP_WH] * size)
    accounts = range(FIRST_MEMBER, FIRST_MEMBER + LARGE)
    ledger.enrol([Enrolment(account, *(keccak(_of(word, account)) for word in _POINT)) for account in accounts])
    ledger.bind_meters([(a, Meter(chain.keys.address(f"meter {a}"), first_slot, 0, 0)) for a in accounts])
    ledger.deposit(UTILITY, _DEPOSIT + _OPENING * size)
    ledger.deposit(GUARANTOR, _DEPOSIT)
    ledger.post_bond(ledger.bond_of(ledger.operator())[1])
    for function, name, *rest in (
        ("issue", "SimulatedEuro", 2 * _WALLET),
        ("approve", "SimulatedEuro", chain.address("EnergyCredit"), 2**256 - 1),
        ("mint", "EnergyCredit", 2 * _WALLET),
        ("approve", "EnergyCredit", chain.address("Docket"), 2**256 - 1),
        ("approve", "EnergyCredit", chain.address("EnergyMarket"), 2**256 - 1),
    ):
        chain.call("members", name, function, *rest)


def _of(word: str, account: int) -> bytes:
    return f"{word} {account}".encode()


# --- day 1 -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Opening:
    """The settlement of opening balances and its amounts, due to be applied; the balances after it, int64[m]."""

    applied: tuple[Settlement, list[int]]
    told: NDArray[np.int64]


def _open(chain: GasChain, size: int, first_slot: int) -> _Opening:
    """Fill the ring of anchors, and post the opening balances; nine homes of ten get some, so that cover is needed."""
    slot = first_slot
    chain.at((first_slot + SLOTS) * SLOT_SECONDS)
    for period in range(_RING):
        slots = 1 if period < _RING - 1 else first_slot + SLOTS - slot
        chain.ledger.anchor(slot, slots, keccak(period.to_bytes(2, "big")))
        slot += slots
    given = np.where(np.arange(size) % 10 == 9, 0, _OPENING)
    amounts = [-int(given.sum()), 0, 0, *given.tolist(), 0]
    told = np.array([_DEPOSIT + _OPENING * size + amounts[0], *amounts[1:-1]], np.int64)
    settled_at = chain.ledger.next_settle_time()
    chain.at(settled_at)
    settlement = chain.ledger.settle(_RING, keccak(b"opening balances"), 0, amounts)
    chain.at(settled_at + chain.ledger.window_seconds)
    return _Opening((settlement, amounts), told)


# --- day 2 -----------------------------------------------------------------------------------------------------------


def _day_before(
    chain: GasChain, first_slot: int, auctions: tuple[PublishedAuction, ...], books: Books
) -> tuple[Posting, Settlement]:
    """An honest day, from its anchor to its apply."""
    chain.at((first_slot + SLOTS) * SLOT_SECONDS)
    _anchored(chain, first_slot, auctions)
    posting = books.posting()
    settlement = _settled(chain, posting)
    chain.at(settlement.settled_at + chain.ledger.window_seconds)
    chain.ledger.apply(settlement, posting.posted)
    return posting, settlement


def _anchored(chain: GasChain, first_slot: int, auctions: tuple[PublishedAuction, ...]) -> Anchor:
    root = anchor_tree([keccak(auction.header) for auction in auctions]).root
    return chain.ledger.anchor(first_slot, SLOTS, root)


def _settled(chain: GasChain, posting: Posting) -> Settlement:
    chain.at(chain.ledger.next_settle_time())
    return chain.ledger.settle(1, posting.root(), posting.cover, posting.posted)


# --- the inbox -------------------------------------------------------------------------------------------------------


def _file_offer(chain: GasChain, records: Sequence[SlotRecord]) -> tuple[tuple[int, int], int]:
    """File an offer for day 3, a day and more before it; when and with what deposit, and the gas."""
    room = BookRoom(chain.domain, chain.keys, PublishedPeriod(_NO_ANCHOR, (), ()), records)
    place, member = Places.FILED_OFFER, Places.FILING_MEMBER
    deposit = room.deposit(place, member, CAP_WH)
    filed_at, market = chain.now, chain.address("EnergyMarket")
    offer = room.offer(place, member, newer=1)
    return (filed_at, deposit), chain.call("members", "Docket", "file_offer", market, offer, deposit)


def _file_readings(chain: GasChain, records: Sequence[SlotRecord]) -> int:
    """File the readings that the operator will ignore, each a minute after its slot's end; the gas of the last."""
    gas = 0
    for place, member in (
        (Places.SILENT, Places.SILENT_MEMBER),
        (Places.POOL - 1, Places.LATE_MEMBER),
        (Places.POOL, Places.LATE_MEMBER),
    ):
        readings, account = records[place].readings, FIRST_MEMBER + member
        registers = int(readings.import_wh[member]), int(readings.export_wh[member])
        told = reading_digests(chain.domain, [account], [readings.slot], *([register] for register in registers))
        signature = chain.keys.sign(f"meter {account}", told[0].tobytes())
        chain.at((readings.slot + 1) * SLOT_SECONDS + 60)
        arguments = chain.address("EnergyMarket"), account, readings.slot, *registers, signature
        gas = chain.call("members", "Docket", "file_reading", *arguments)
    return gas


_NO_ANCHOR = Anchor(0, 0, 0, 0, bytes(20), 0, bytes(32))
