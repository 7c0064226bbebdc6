"""What anybody sees of an anchored day: nothing false of an honest one, and every lie about its auctions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pytest

from sunfair.app.home import book_faults
from sunfair.app.published import PublishedPeriod, opened_of
from sunfair.app.published_checks import period_told, settlement_told
from sunfair.app.publishing import public_bytes, rebuilt
from sunfair.app.watch import is_cleared, period_faults
from sunfair.chain import EmbeddedChain, MarketLedger, SeededKeys, deploy_market, keccak
from sunfair.files import RunFolder
from sunfair.model import FIRST_MEMBER, NETWORK, RESERVE, Scenario
from sunfair.ports import SlotRecord
from sunfair.settlement import ZERO_HASH, Header, anchor_tree, data_hash
from sunfair.settlement.court import Anchor, MarketFacts, PublishedAuction, Settlement, auction
from sunfair.settlement.public import PublicSlot, decode_public, encode_public
from sunfair.simulate import SeededChance, Simulation, Span, VirtualClock
from sunfair.simulate.auditors import Known
from sunfair.simulate.lies import LIES, VICTIM, Liar
from sunfair.simulate.operator import Operator
from sunfair.wiring import Secp256k1Signatures

HOMES = 20
HOME_ALONE = {"curve", "offer"}
"""Lies about one home's offer: who does not know the offer cannot see them."""
DEMANDED = {"rows"}
"""What is withheld convicts nobody by itself: it is told, and demanded."""
AUCTION_LIES = [name for name, lie in LIES.items() if lie.auction is not None]


@dataclass
class Day:
    """An honest day as it was anchored, what its operator had of it, and how the market stood."""

    records: list[SlotRecord]
    period: PublishedPeriod
    facts: MarketFacts
    known: Known
    settlement: Settlement
    amounts: list[int]


class Recorder(Operator):
    def auctions(self, records: Sequence[SlotRecord]) -> list[PublishedAuction | None]:
        self.records = list(records)
        return super().auctions(records)


class Bystanders:
    """They look at nothing, and note what they could have looked at."""

    def __init__(self, ledger: MarketLedger) -> None:
        self.ledger = ledger
        self.found: list[object] = []

    def after_anchor(self, period: PublishedPeriod, known: dict[int, Known]) -> None:
        self.period, self.known, self.facts = period, known, self.ledger.facts()

    def after_settlement(self, posted, *rest: object) -> None:  # type: ignore[no-untyped-def]
        self.posted = posted

    def tick(self) -> None: ...

    def due(self) -> None: ...


@pytest.fixture(scope="module")
def day(made_street: Callable[..., Scenario], tmp_path_factory: pytest.TempPathFactory) -> Day:
    scenario = made_street(HOMES, minutes=60)
    community = scenario.community
    first = community.clock.date_of(scenario.series.first_slot) + timedelta(days=8)
    span = Span(first, tuple(community.clock.days(first, 1)))
    clock, keys, chain = (
        VirtualClock(community.clock.start(span.first_slot) - timedelta(hours=26)),
        SeededKeys(3),
        EmbeddedChain(),
    )
    deployment = deploy_market(chain, keys, clock, keccak(community.name.encode()), slot_seconds=3600)
    ledger, operator = MarketLedger(chain, deployment, keys, clock), Recorder()
    ports = {"clock": clock, "chance": SeededChance(3), "keys": keys, "signatures": Secp256k1Signatures()}
    with RunFolder(tmp_path_factory.mktemp("day") / "run", community) as store:
        simulation = Simulation(scenario, span, **ports, ledger=ledger, store=store, operator=operator)
        simulation.auditors = seen = Bystanders(ledger)  # type: ignore[assignment]
        assert simulation.run(lambda done: None, lambda: False)
    posted = seen.posted
    return Day(operator.records, seen.period, seen.facts, seen.known[VICTIM], posted.settlement, posted.amounts)


def anchored(
    facts: MarketFacts, like: Anchor, auctions: Sequence[PublishedAuction | None]
) -> tuple[MarketFacts, PublishedPeriod]:
    """These auctions under an anchor of their own, the only one of the market."""
    digests = [ZERO_HASH if shown is None else keccak(shown.header) for shown in auctions]
    anchor = replace(like, root=anchor_tree(digests).root)
    return replace(facts, anchors=(anchor,)), PublishedPeriod(anchor, tuple(auctions), tuple(digests))


def careful(shown: PublishedAuction) -> PublishedAuction:
    """The lie of somebody who also writes the right hash of the data."""
    rows = np.frombuffer(b"".join(shown.rows), np.uint8).reshape(-1, 200)
    return replace(
        shown, header=replace(Header.decode(shown.header), data_hash=data_hash(rows, shown.envelope_root)).preimage()
    )


def lied(day: Day, name: str) -> tuple[Liar, MarketFacts, PublishedPeriod]:
    liar = Liar(LIES[name])
    auctions = [careful(shown) for shown in liar.auctions(day.records) if shown is not None]
    return liar, *anchored(day.facts, day.period.anchor, auctions)


def test_an_honest_day_is_clean(day: Day) -> None:
    assert list(period_faults(day.facts, day.period)) == []
    assert list(period_told(day.facts, day.period)) == []
    for index, shown in enumerate(day.period.auctions):
        assert shown is not None
        assert is_cleared(day.facts, day.period.anchor.first_slot + index, shown)


@pytest.mark.parametrize("name", [name for name in AUCTION_LIES if name not in HOME_ALONE | DEMANDED])
def test_the_watcher_finds_the_lie_and_the_court_convicts(day: Day, name: str) -> None:
    liar, facts, period = lied(day, name)
    found = list(period_faults(facts, period))
    assert found
    for evidence in found:
        assert evidence.court == "AuctionCourt"
        assert getattr(auction, evidence.function)(facts, *evidence.arguments) == evidence.kind
    void = facts.with_void(liar.slot)
    assert list(period_faults(void, period)) == []


@pytest.mark.parametrize("name", [name for name in AUCTION_LIES if name not in HOME_ALONE])
def test_the_lie_is_told_from_what_is_on_chain_alone(day: Day, name: str) -> None:
    """Headers and rows is all that is laid out: no node, no second book."""
    liar, facts, period = lied(day, name)
    read = rebuilt(period.anchor, [public_bytes(period.auctions)])
    assert read is not None
    told = list(period_told(facts, read))
    assert {one.slot for one in told} == {liar.slot}
    assert str(told[-1]).startswith(f"slot {liar.slot}")
    if name == "fill":
        rows, honest = read.auctions[liar.slot - period.anchor.first_slot], day.period.auctions
        due = honest[liar.slot - period.anchor.first_slot]
        assert rows is not None and due is not None
        leaf = told[-1].leaf
        assert leaf is not None and rows.rows[leaf][184:192] != due.rows[leaf][184:192]
    for one in told:
        if one.evidence is not None:
            assert getattr(auction, one.evidence.function)(facts, *one.evidence.arguments) == one.evidence.kind


@pytest.mark.parametrize("name", sorted(HOME_ALONE))
def test_the_home_finds_the_lie_about_its_offer(day: Day, name: str) -> None:
    assert name in AUCTION_LIES
    liar, _, period = lied(day, name)
    record = next(record for record in day.records if record.slot == liar.slot)
    opened, receipt = liar.opened(record, VICTIM - FIRST_MEMBER), day.known.receipts[liar.slot]
    assert list(book_faults(period, liar.slot, VICTIM, opened, receipt))
    honest = opened_of(record, VICTIM - FIRST_MEMBER)
    assert list(book_faults(day.period, liar.slot, VICTIM, honest, receipt)) == []


def test_a_slot_without_a_header_is_told_unless_it_is_void(day: Day) -> None:
    auctions = [None, *day.period.auctions[1:]]
    facts, period = anchored(day.facts, day.period.anchor, auctions)
    (told,) = period_told(facts, period)
    assert (told.slot, "no header" in told.what) == (period.anchor.first_slot, True)
    assert list(period_told(facts.with_void(told.slot), period)) == []


def test_a_leaf_too_few_is_told(day: Day) -> None:
    """A member that takes part and has no leaf: everybody can count."""
    members = {**day.facts.members, 99: day.facts.member(FIRST_MEMBER)}
    told = list(period_told(replace(day.facts, members=members), day.period))
    assert len(told) == len(day.period.auctions)
    assert all(one.what == f"the header has {HOMES} leaves where {HOMES + 1} accounts take part" for one in told)


def test_rows_full_of_noise_are_told_and_stop_nobody(day: Day) -> None:
    """Whatever 200 bytes somebody binds: there is an answer, and never an error."""
    rng = np.random.default_rng(3)
    auctions = list(day.period.auctions)
    for index, shown in enumerate(auctions):
        assert shown is not None
        rows = [rng.bytes(200) if rng.random() < 0.2 else row for row in shown.rows]
        if index % 3 == 0:
            rows[0] = shown.rows[0][:176] + (2**63 - 1).to_bytes(8, "big") + shown.rows[0][184:]
        auctions[index] = careful(replace(shown, rows=rows))
    facts, period = anchored(day.facts, day.period.anchor, auctions)
    assert {one.slot for one in period_told(facts, period)} == {record.slot for record in day.records}


def test_what_was_laid_out_is_built_up_again(day: Day) -> None:
    assert rebuilt(day.period.anchor, [public_bytes(day.period.auctions)]) == PublishedPeriod(
        day.period.anchor,
        tuple(replace(shown, book=list(shown.book)) for shown in day.period.auctions if shown is not None),
        day.period.digests,
    )


def test_noise_and_falsified_rows_of_others_hide_nothing(day: Day) -> None:
    """Anyone may lay out anything: the right rows are found wherever they stand among it."""
    anchor, right = day.period.anchor, public_bytes(day.period.auctions)
    slots = decode_public(right, slots_max=anchor.slots)
    rows = slots[7].rows.copy()
    rows[3, 190] ^= 1
    falsified = encode_public([*slots[:7], PublicSlot(slots[7].header, rows), *slots[8:]])
    other = encode_public([*slots[:7], PublicSlot(slots[8].header, rows), *slots[8:]])
    honest = rebuilt(anchor, [right])
    for published in ([falsified, right], [b"noise", other, falsified, right], [right, falsified]):
        assert rebuilt(anchor, published) == honest
    assert rebuilt(anchor, []) is None
    assert rebuilt(anchor, [b"", other, right[:-1]]) is None
    alone = rebuilt(anchor, [falsified])
    assert alone is not None
    told = list(period_told(day.facts, alone))
    assert {one.slot for one in told} == {anchor.first_slot + 7}
    assert any("demand" in one.what for one in told)


def test_a_root_of_envelopes_that_the_header_does_not_bind_is_told_and_hides_nothing(day: Day) -> None:
    """The right rows with another root beside them: found out by the data hash, and passed over where the right is."""
    anchor, right = day.period.anchor, public_bytes(day.period.auctions)
    slots = decode_public(right, slots_max=anchor.slots)
    other = encode_public([*slots[:7], replace(slots[7], envelope_root=bytes([1] * 32)), *slots[8:]])
    honest = rebuilt(anchor, [right])
    assert rebuilt(anchor, [other, right]) == rebuilt(anchor, [right, other]) == honest
    alone = rebuilt(anchor, [other])
    assert alone is not None
    told = list(period_told(day.facts, alone))
    assert [one.slot for one in told] == [anchor.first_slot + 7]
    assert "envelope root" in told[0].what


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({NETWORK: 1, FIRST_MEMBER: -1}, "the network's amount"),
        ({RESERVE: 10**6, FIRST_MEMBER: -(10**6)}, "the reserve's amount"),
        ({FIRST_MEMBER: 1}, "sum to 1 µ"),
        ({-1: -5, FIRST_MEMBER: 5}, "the guarantor's amount"),
    ],
)
def test_false_amounts_are_told(day: Day, changes: dict[int, int], words: str) -> None:
    facts = replace(day.facts, pending=day.settlement)
    assert settlement_told(facts, day.settlement, day.amounts, [day.period]) == []
    amounts = list(day.amounts)
    for account, change in changes.items():
        amounts[account] += change
    (told,) = settlement_told(facts, day.settlement, amounts, [day.period])
    assert told.slot == day.records[-1].slot
    assert words in told.what


def test_the_network_has_no_share_of_a_void_slot(day: Day) -> None:
    best = max(day.records, key=lambda record: int(record.paid[NETWORK]))
    assert best.paid[NETWORK] > 0
    (told,) = settlement_told(day.facts.with_void(best.slot), day.settlement, day.amounts, [day.period])
    assert f"the headers give {day.amounts[NETWORK] - int(best.paid[NETWORK])} µ" in told.what


def test_unknown_headers_leave_the_network_alone(day: Day) -> None:
    amounts = [*day.amounts]
    amounts[NETWORK] += 1
    amounts[FIRST_MEMBER] -= 1
    assert settlement_told(day.facts, day.settlement, amounts, []) == []
