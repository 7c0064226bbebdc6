"""Which offers the operator takes, and which of them is in force."""

import numpy as np
import pytest

from sunfair.app import OfferBatch, OrderBook, Purses
from sunfair.chain import SeededKeys, recover
from sunfair.errors import OfferRejected
from sunfair.model import FIRST_MEMBER, Curves
from sunfair.settlement import Domain, offer_digests, receipt_digests
from sunfair.units import NO_BUY, NO_SELL
from sunfair.wiring import Secp256k1Signatures

HOMES = 4
DOMAIN = Domain("Made Street", 31337, bytes(range(20)))
KEYS = SeededKeys(5)


def curves(*steps: tuple[int, int], pool: tuple[int, int] = (300_000, 100_000)) -> Curves:
    """The same curve for every home."""
    made = Curves.empty(HOMES)
    for at, (energy, limit) in enumerate(steps):
        made.energy_wh[:, at], made.limit[:, at] = energy, limit
    made.pool_buy[:], made.pool_sell[:] = pool
    return made


def signed(
    made: Curves, *, first: int = 100, last: int = 100, nonce: int = 1, domain: Domain = DOMAIN, signers: str = ""
) -> OfferBatch:
    """All homes' offers, each signed with its own key (or all with `signers`')."""
    members = np.arange(HOMES)
    accounts = members + FIRST_MEMBER
    many = [np.full(HOMES, value) for value in (first, last, nonce)]
    digests = offer_digests(domain, accounts, made, *many)
    signatures = [KEYS.sign(signers or str(a), d.tobytes()) for a, d in zip(accounts, digests, strict=True)]
    block = np.frombuffer(b"".join(signatures), np.uint8).reshape(-1, 65)
    return OfferBatch(members, made, first, last, many[2], block)


@pytest.fixture
def book() -> OrderBook:
    owners = [KEYS.address(str(FIRST_MEMBER + at)) for at in range(HOMES)]
    block = np.frombuffer(b"".join(owners), np.uint8).reshape(-1, 20)
    return OrderBook(DOMAIN, block, keys=KEYS, signatures=Secp256k1Signatures())


def submit(book: OrderBook, batch: OfferBatch):
    return book.submit(batch, open_from=100, open_to=195)


def test_a_receipt_is_signed_by_the_operator_and_names_the_slots(book: OrderBook) -> None:
    batch = signed(curves((120, 300_000), (80, 200_000)), last=120)
    receipts = submit(book, batch)
    digests = receipt_digests(DOMAIN, receipts.offer_hash, np.full(HOMES, 100), np.full(HOMES, 120))
    for digest, signature in zip(digests, receipts.signature, strict=True):
        assert recover(digest.tobytes(), signature.tobytes()) == KEYS.address("operator")


def test_in_force_is_the_highest_nonce_whose_range_holds_the_slot(book: OrderBook) -> None:
    submit(book, signed(curves((120, 300_000)), first=100, last=110, nonce=1))
    submit(book, signed(curves((70, 200_000)), first=105, last=106, nonce=2))
    for slot, energy, nonce in ((100, 120, 1), (105, 70, 2), (106, 70, 2), (107, 120, 1), (110, 120, 1), (111, 0, -1)):
        offers = book.in_force(slot)
        assert offers.curves.energy_wh[:, 0].tolist() == [energy] * HOMES, slot
        assert offers.nonce.tolist() == [nonce] * HOMES, slot
    assert not book.in_force(111).offer_hash.any()


def test_a_member_with_no_offer_has_an_empty_curve_and_no_limits(book: OrderBook) -> None:
    offers = book.in_force(100)
    assert not offers.curves.energy_wh.any()
    assert set(offers.curves.pool_buy.tolist()) == {NO_BUY}
    assert set(offers.curves.pool_sell.tolist()) == {NO_SELL}


@pytest.mark.parametrize(
    ("made", "word"),
    [
        (curves((10, 305_000)), "multiple of the tick"),
        (curves((10, 200_000), (20, 200_000)), "same limit"),
        (curves((10, 200_000), (-20, 200_000)), "trade with itself"),
        (curves((10, 200_000), (-20, 150_000)), "trade with itself"),
        (curves((10**9 + 1, 200_000)), "energy beyond"),
        (curves((10, 10**9 + 10_000)), "limit beyond"),
        (curves((0, 200_000)), "unused step"),
        (curves((0, 0), (10, 200_000)), "after an unused one"),
        (curves(pool=(305_000, 100_000)), "multiple of the tick"),
        (curves(pool=(10**9 + 10_000, 100_000)), "limit beyond"),
    ],
)
def test_a_curve_that_breaks_a_rule_is_named_for_every_account(book: OrderBook, made: Curves, word: str) -> None:
    with pytest.raises(OfferRejected) as caught:
        submit(book, signed(made))
    told = [str(fault) for fault in caught.value.faults if word in fault.what]
    assert [text.split(":")[0] for text in told] == [f"account {FIRST_MEMBER + at}" for at in range(HOMES)]
    assert book.in_force(100).nonce.tolist() == [-1] * HOMES


def test_a_pool_only_community_takes_no_steps() -> None:
    owners = np.frombuffer(b"".join(KEYS.address(str(FIRST_MEMBER + at)) for at in range(HOMES)), np.uint8)
    book = OrderBook(DOMAIN, owners.reshape(-1, 20), keys=KEYS, signatures=Secp256k1Signatures(), ahead=False)
    with pytest.raises(OfferRejected, match="only the pool is held"):
        submit(book, signed(curves((10, 200_000))))
    submit(book, signed(curves(), nonce=2))
    assert book.in_force(100).nonce.tolist() == [2] * HOMES


@pytest.mark.parametrize(("first", "last"), [(99, 100), (100, 196), (101, 100)])
def test_attack_late_offer_for_a_closed_gate(book: OrderBook, first: int, last: int) -> None:
    with pytest.raises(OfferRejected, match="offers are taken for 100 to 195"):
        submit(book, signed(curves((10, 200_000)), first=first, last=last))


def test_attack_replayed_offer(book: OrderBook) -> None:
    batch = signed(curves((10, 200_000)))
    submit(book, batch)
    with pytest.raises(OfferRejected, match="nonce 1 was used before"):
        submit(book, batch)


def test_attack_offer_signed_by_a_neighbour(book: OrderBook) -> None:
    with pytest.raises(OfferRejected) as caught:
        submit(book, signed(curves((10, 200_000)), signers="3"))
    assert [fault.place for fault in caught.value.faults] == ["account 4", "account 5", "account 6"]


@pytest.mark.parametrize(
    "domain",
    [
        Domain("Another Street", 31337, DOMAIN.market),
        Domain("Made Street", 1337, DOMAIN.market),
        Domain("Made Street", 31337, bytes(20)),
    ],
)
def test_attack_replay_from_another_community_chain_or_contract(book: OrderBook, domain: Domain) -> None:
    with pytest.raises(OfferRejected, match="not its owner's"):
        submit(book, signed(curves((10, 200_000)), domain=domain))


def test_attack_malleable_signature(book: OrderBook) -> None:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    batch = signed(curves((10, 200_000)))
    flipped = batch.signature.copy()
    s = order - int.from_bytes(flipped[0, 32:64].tobytes(), "big")
    flipped[0, 32:64] = np.frombuffer(s.to_bytes(32, "big"), np.uint8)
    flipped[0, 64] = 55 - flipped[0, 64]
    twin = OfferBatch(batch.members, batch.curves, 100, 100, batch.nonce, flipped)
    with pytest.raises(OfferRejected, match="account 3"):
        submit(book, twin)


def test_attack_changed_curve_under_an_old_signature(book: OrderBook) -> None:
    batch = signed(curves((10, 200_000)))
    batch.curves.energy_wh[2, 0] = 11
    with pytest.raises(OfferRejected) as caught:
        submit(book, batch)
    assert [fault.place for fault in caught.value.faults] == ["account 5"]


def test_an_offer_above_its_cap_is_refused_side_by_side() -> None:
    """The cap bounds each side's sum, not each step: the operator would be convicted of a leaf above it."""
    owners = np.frombuffer(b"".join(KEYS.address(str(FIRST_MEMBER + at)) for at in range(HOMES)), np.uint8)
    caps = np.array([100, 99, 100, 1_000])
    book = OrderBook(DOMAIN, owners.reshape(-1, 20), keys=KEYS, signatures=Secp256k1Signatures(), caps=caps)
    with pytest.raises(OfferRejected, match="more than its cap, 99 Wh") as caught:
        submit(book, signed(curves((60, 200_000), (40, 190_000), (-100, 300_000))))
    assert [fault.place for fault in caught.value.faults] == ["account 4"]
    submit(book, signed(curves((60, 200_000), (39, 190_000), (-99, 300_000)), nonce=2))


def purse_book(balance: int) -> tuple[OrderBook, Purses]:
    """A book of homes with `balance` µ each, at 0.32 and 0.08 a kWh; slots 100 to 149 are one period."""
    owners = np.frombuffer(b"".join(KEYS.address(str(FIRST_MEMBER + at)) for at in range(HOMES)), np.uint8)
    caps = np.full(HOMES, 1_000)
    purses = Purses(
        np.full(HOMES, balance),
        caps,
        tariffs=lambda slot: (320_000, 80_000),
        seller_bps=8_000,
        first_slot=100,
        period_start=lambda slot: slot // 50 * 50,
    )
    signatures = Secp256k1Signatures()
    return OrderBook(DOMAIN, owners.reshape(-1, 20), keys=KEYS, signatures=signatures, caps=caps, purses=purses), purses


def test_attack_short_sale_without_cover_is_refused_with_its_reason() -> None:
    """Sold at 0.20, the seller gets 0.16 of it; not delivered, a kWh costs 0.32: 0.16 of cover, and a rounding."""
    sale = curves((-1_000, 200_000), pool=(NO_BUY, NO_SELL))
    book, _ = purse_book(160_002)
    with pytest.raises(OfferRejected, match="needs 160003 µ of cover and 160002 µ are free of its balance") as caught:
        submit(book, signed(sale))
    assert len(caught.value.faults) == HOMES
    assert book.in_force(100).nonce.tolist() == [-1] * HOMES
    submit(purse_book(160_003)[0], signed(sale))


def test_cover_is_held_for_every_slot_of_an_offer_and_a_newer_one_takes_its_place() -> None:
    book, purses = purse_book(1_000_000)
    pool = curves(pool=(300_000, NO_SELL))
    submit(book, signed(pool, first=100, last=102))
    assert purses.free().tolist() == [1_000_000 - 3 * 300_003] * HOMES
    with pytest.raises(OfferRejected, match="needs 300003 µ of cover and 99991 µ"):
        submit(book, signed(pool, first=103, last=103, nonce=2))
    submit(book, signed(curves(pool=(310_000, NO_SELL)), first=102, last=102, nonce=2))
    assert purses.free().tolist() == [1_000_000 - 2 * 300_003 - 310_003] * HOMES
    submit(book, signed(Curves.empty(HOMES), first=100, last=102, nonce=3))
    assert purses.free().tolist() == [1_000_000] * HOMES


def test_requests_unsettled_slots_and_use_until_the_next_period_leave_less_to_offer_with() -> None:
    book, purses = purse_book(1_000_000)
    pool = curves(pool=(300_000, NO_SELL))
    submit(book, signed(pool))
    purses.settled(100, np.array([-250_000, 90_000, 0, -10]))
    assert purses.free().tolist() == [750_000, 1_000_000, 1_000_000, 999_990]  # what came in counts once it is applied
    purses.requested(0, 460_000)
    with pytest.raises(OfferRejected) as caught:
        submit(book, signed(pool, first=101, last=101, nonce=2))
    assert [fault.place for fault in caught.value.faults] == [f"account {FIRST_MEMBER}"]
    assert "290000 µ are free" in caught.value.faults[0].what
    purses.requested(0, 0)
    purses.applied(100, np.array([750_000, 1_090_000, 1_000_000, 999_990]))
    assert purses.free().tolist() == [750_000, 1_090_000, 1_000_000, 999_990]
    purses.settled(147, np.zeros(HOMES, np.int64))
    with pytest.raises(OfferRejected, match="needs 300003 µ of cover and 110000 µ"):  # two slots of 0.32 come before
        submit(book, signed(pool, first=150, last=150, nonce=2))
    purses.settled(148, np.zeros(HOMES, np.int64))
    submit(book, signed(pool, first=150, last=150, nonce=3))
