"""BookCourt beside its Python twin: what it refutes, what it lets stand, and the gas of each call."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import boa
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from court_books import (
    CLEAN,
    CLOSED,
    DOMAIN,
    EMPTY,
    FEES,
    SECONDS,
    TARIFFS,
    BookRoom,
    Street,
    address,
    fresh_chain,
    gas,
    key,
    open_room,
    plain,
    row_bytes,
    street,
    tell,
)

from sunfair.chain.keys import sign_digest
from sunfair.model import Curves
from sunfair.settlement.book import curve_bytes
from sunfair.settlement.court.book import filed_cover
from sunfair.settlement.court.book_proofs import digest, filed_reading, offer_hash, reading_hash, receipt_hash
from sunfair.settlement.court.facts import MarketFacts
from sunfair.settlement.court.proofs import Kind, read_curve
from sunfair.settlement.hashing import keccak
from sunfair.settlement.header import MID_MARKET, NO_AHEAD, NO_POOL
from sunfair.settlement.messages import offer_digests, reading_digests, receipt_digests
from sunfair.settlement.money import SlotTerms, settle_slot
from sunfair.settlement.promises import PROMISE_TYPE, Promise, promise_digest, promise_digests
from sunfair.settlement.row import AFTER_GAP, LATE

NO_SLOT = 2**256 - 1


@cache
def home(seed: int = 1, members: int = 6, **rules: Any) -> Street:
    return street(seed, members, **rules)


@pytest.fixture
def room() -> Iterator[BookRoom]:
    with fresh_chain():
        yield open_room()


def offered(made: Street) -> int:
    """An account with an ahead curve in its offer."""
    return next(a for a in made.members if a in made.offers and read_curve(made.offers[a].curve).energy[0])


def due(made: Street, account: int) -> int:
    """The deposit that covers an account's offer."""
    offer, cap = made.offers[account], made.facts.member(account).cap_wh
    slots = offer.last_slot - offer.first_slot + 1
    return slots * filed_cover(read_curve(offer.curve), cap, TARIFFS, FEES.seller_bps)


def gate(made: Street) -> int:
    return made.slot * SECONDS - made.facts.gate_seconds


# ── What is signed ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_digests_are_those_of_the_messages() -> None:
    made = home()
    for account, offer in made.offers.items():
        curve = read_curve(offer.curve)
        steps = [np.array([part], np.int64) for part in (curve.energy, curve.limit)]
        curves = Curves(*steps, np.array([curve.pool_buy]), np.array([curve.pool_sell]))
        signed = offer_digests(DOMAIN, [account], curves, [offer.first_slot], [offer.last_slot], [offer.nonce])
        ours = digest(DOMAIN.separator, offer_hash(DOMAIN.community_id, offer))
        assert signed[0].tobytes() == ours
        assert receipt_digests(DOMAIN, signed, [7], [9])[0].tobytes() == digest(
            DOMAIN.separator, receipt_hash(ours, 7, 9)
        )
    reading = reading_digests(DOMAIN, [5], [made.slot], [3], [2**40])
    assert reading[0].tobytes() == digest(DOMAIN.separator, reading_hash(DOMAIN.community_id, 5, made.slot, 3, 2**40))


def test_promise_is_an_eip712_message() -> None:
    """Held against eth-account's own encoding."""
    from eth_account import Account
    from eth_account.messages import encode_typed_data

    value = keccak(b"a root")
    message = encode_typed_data(
        {
            "name": "Sunfair",
            "version": "1",
            "chainId": DOMAIN.chain_id,
            "verifyingContract": "0x" + DOMAIN.market.hex(),
        },
        {"Promise": [{"type": part.split()[0], "name": part.split()[1]} for part in PROMISE_TYPE[8:-1].split(",")]},
        {"community": DOMAIN.community_id, "slot": 1_628_880, "kind": 1, "value": value},
    )
    ours = promise_digest(DOMAIN, 1_628_880, Promise.HEADER_HASH, value)
    assert Account.recover_message(message, signature=sign_digest(key("operator"), ours)).lower() == plain(
        address("operator")
    )
    values = np.frombuffer(value * 2, np.uint8).reshape(2, 32)
    many = promise_digests(DOMAIN, [1_628_880, 5], Promise.HEADER_HASH, values)
    assert many[0].tobytes() == ours != many[1].tobytes()


# ── Nothing false ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rules", [{}, {"rule": MID_MARKET | NO_AHEAD}, {"rule": NO_POOL, "at": 0}])
def test_an_honest_slot_is_never_convicted(room: BookRoom, rules: dict[str, int]) -> None:
    """Every call on every leaf, with every true receipt, filed offer, reading and promise."""
    made = home(7, 5, **rules)
    for offer in made.offers.values():
        made = made.filed(offer, 1, 10**12)
    for account in made.members:
        for slot in range(made.from_slot(account), made.slot + 1):
            if made.row(account, slot).number(93) <= 0:
                made = made.filed_reading(account, slot, made.reading(account, slot), utility=account % 2 == 0)
    room.tell(made)
    for account in made.members:
        opening, row = made.opening(account), made.row(account, made.slot)
        assert room.both(made, "refute_opening", *made.start, opening) == (CLEAN, None)
        for other in made.members:
            assert room.both(made, "refute_double_opening", *made.start, opening, made.opening(other))[0] == CLEAN
        if account in made.offers:
            offer = made.offers[account]
            assert room.both(made, "refute_receipt", *made.start, opening, offer, *made.receipt(offer))[0] == CLEAN
            assert room.both(made, "refute_filed_offer", *made.start, opening, offer, 1, 10**12)[0] == CLEAN
        if row.number(93) <= 0:
            told = (made.settlement, account, made.slot, *made.reading(account, made.slot), made.leaf(account), row)
            assert room.both(made, "refute_filed_reading", *told)[0] in (CLEAN, "court: reading")
        if made.slot > made.from_slot(account) and row.number(93) != LATE:
            previous = made.row_before(account, made.slot)
            pooled = (made.settlement, account, made.slot, made.leaf(account), row, previous)
            assert room.both(made, "refute_unpooled_reading", *pooled)[0] in (CLEAN, "court: reading")
    for kind, value in ((0, made.book.root), (1, keccak(made.header))):
        assert room.both(made, "refute_promise", *made.start, kind, value, made.promise(kind, value))[0] == CLEAN


# ── Receipts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_receipt_refutes_an_older_leaf_and_another_curve_of_its_nonce(room: BookRoom) -> None:
    made = home()
    room.tell(made)
    account = offered(made)
    opening, offer = made.opening(account), made.offers[account]
    convicted = ("", (Kind.RECEIPT, address("operator"), made.slot))
    newer = replace(offer, nonce=offer.nonce + 1)
    assert room.both(made, "refute_receipt", *made.start, opening, newer, *made.receipt(newer)) == convicted
    other = replace(offer, curve=EMPTY)
    assert room.both(made, "refute_receipt", *made.start, opening, other, *made.receipt(other)) == convicted
    silent = next(a for a in made.members if a not in made.offers)
    first = replace(offer, account=silent, nonce=0)
    assert (
        room.both(made, "refute_receipt", *made.start, made.opening(silent), first, *made.receipt(first)) == convicted
    )


def test_a_receipt_counts_for_its_slots_account_and_operator_alone(room: BookRoom) -> None:
    made = home()
    room.tell(made)
    account = offered(made)
    opening, offer, slot = made.opening(account), replace(made.offers[account], nonce=60), made.slot
    refused = [
        (offer, made.receipt(offer, slot + 1, slot + 1), "court: offer"),
        (offer, made.receipt(offer, slot - 1, slot - 1), "court: offer"),
        (replace(offer, last_slot=slot - 1), None, "court: offer"),
        (replace(offer, first_slot=slot + 1), None, "court: offer"),
        (replace(offer, account=CLOSED), None, "court: offer"),
        (offer, made.receipt(offer, name="successor"), "court: signature"),
        (offer, (*made.receipt(offer)[:2], b""), "court: signature"),
        (offer, (offer.first_slot, slot, made.receipt(offer)[2]), "court: signature"),
        (replace(offer, nonce=2**63), None, "court: offer"),
        (replace(offer, curve=offer.curve[:-1]), None, None),
    ]
    for changed, receipt, why in refused:
        signed = receipt or (made.receipt(changed) if why else made.receipt(offer))
        got = room.both(made, "refute_receipt", *made.start, opening, changed, *signed)
        assert got == (why or "court: curve", None)
    assert room.both(made, "refute_receipt", *made.start, opening, offer, *made.receipt(offer, slot, slot))[1]


def test_an_ahead_curve_does_not_count_where_only_the_pool_is_held(room: BookRoom) -> None:
    made = home(2, 5, rule=MID_MARKET | NO_AHEAD)
    room.tell(made)
    account = next(iter(made.offers))
    steps = replace(home().offers[offered(home())], account=account, nonce=90)
    limits = replace(steps, curve=bytes(128) + steps.curve[128:])
    opening = made.opening(account)
    assert room.both(made, "refute_receipt", *made.start, opening, steps, *made.receipt(steps))[0] == "court: offer"
    assert room.both(made, "refute_receipt", *made.start, opening, limits, *made.receipt(limits))[1]


def test_one_curve_stands_for_one_message(room: BookRoom) -> None:
    """A limit left on an unused step, or a step behind one, would give a true receipt another curve."""
    made = home()
    room.tell(made)
    account = next(a for a in made.offers if not read_curve(made.offers[a].curve).energy[7])
    offer = made.offers[account]
    for at in (112, 120):
        curve = offer.curve[:at] + (5).to_bytes(8, "big") + offer.curve[at + 8 :]
        changed = replace(offer, curve=curve)
        got = room.both(made, "refute_receipt", *made.start, made.opening(account), changed, *made.receipt(offer))
        assert got == ("court: curve", None)


# ── Filed offers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def filing(made: Street, account: int, *, before: int = 600, **changes: Any) -> tuple[Street, Any, int, int]:
    """The street with a newer offer of the account in the inbox: street, offer, filed at, deposit."""
    offer = replace(made.offers[account], **{"nonce": made.nonces[account] + 1, **changes})
    filed_at, deposit = gate(made) - before, due(made, account)
    return made.filed(offer, filed_at, deposit), offer, filed_at, deposit


def test_a_filed_offer_refutes_an_older_leaf(room: BookRoom) -> None:
    account = offered(home())
    made, offer, filed_at, deposit = filing(home(), account)
    room.tell(made)
    filed = (made.opening(account), offer, filed_at, deposit)
    convicted = ("", (Kind.FILED_OFFER, address("operator"), made.slot))
    assert room.both(made, "refute_filed_offer", *made.start, *filed) == convicted


def test_a_filed_offer_binds_only_in_time_within_cap_and_with_cover(room: BookRoom) -> None:
    base = home()
    account = offered(base)
    cap = base.facts.member(account).cap_wh

    def tried(change: tuple[Street, Any, int, int], **facts: Any) -> str:
        made, offer, filed_at, deposit = change
        made = replace(made, facts=replace(made.facts, **facts))
        room.tell(made)
        return room.both(made, "refute_filed_offer", *made.start, made.opening(account), offer, filed_at, deposit)[0]

    def deposit(made: Street, offer: Any, filed_at: int, deposit: int) -> tuple[Street, Any, int, int]:
        return made.filed(offer, filed_at, deposit - 1), offer, filed_at, deposit - 1

    assert tried(filing(base, account, before=599)) == "court: late"
    assert tried(filing(base, account, before=601)) == ""
    assert tried(deposit(*filing(base, account))) == "court: cover"
    assert tried(filing(base, account, first_slot=base.slot + 1)) == "court: offer"
    assert tried(filing(base, account, last_slot=base.slot - 1)) == "court: offer"
    # Its deposit is credited for the period of its first slot alone.
    assert tried(filing(base, account, first_slot=base.anchor.first_slot - 1)) == "court: late"
    assert tried(filing(base, account, nonce=base.nonces[account])) == CLEAN
    assert tried(filing(base, account, nonce=base.nonces[account], curve=EMPTY)) == CLEAN
    assert tried((base, *filing(base, account, nonce=77)[1:])) == "court: not filed"
    member = base.facts.member(account)
    sides = max(sum(max(wh * sign, 0) for wh in read_curve(base.offers[account].curve).energy) for sign in (1, -1))
    within, above = (replace(member, cap_wh=sides + more) for more in (0, -1))
    assert sides <= cap
    assert tried(filing(base, account), members={**base.facts.members, account: above}) == "court: cap"
    assert tried(filing(base, account), members={**base.facts.members, account: within}) == ""


def test_at_the_mid_market_rate_a_filed_offer_waits_a_day(room: BookRoom) -> None:
    base = home(2, 5, rule=MID_MARKET)
    account = next(iter(base.offers))
    start = base.slot * SECONDS
    for before, why in ((86_400, ""), (86_399, "court: late")):
        made, offer, filed_at, deposit = filing(base, account, before=before - base.facts.gate_seconds)
        assert filed_at == start - before
        room.tell(made)
        filed = (made.opening(account), offer, filed_at, deposit)
        assert room.both(made, "refute_filed_offer", *made.start, *filed)[0] == why


def test_cover_is_never_less_than_a_slot_can_cost() -> None:
    """Against the slot's money itself: whatever the price and the delivery, the account's own use apart."""
    random = np.random.default_rng(5)
    for _ in range(300):
        tariffs = (int(random.integers(-50, 400)) * 1_000, 0)
        tariffs = (tariffs[0], tariffs[0] - int(random.integers(0, 300)) * 1_000)
        wh, limit, pool_wh, price_pool = (int(number) for number in random.integers(-900, 900, 4))
        limit, price_pool = limit * 997, price_pool * 997
        buys = replace(read_curve(EMPTY), energy=(wh, *(0,) * 7), limit=(limit, *(0,) * 7))
        curve = replace(buys, pool_buy=price_pool, pool_sell=price_pool)
        cover = filed_cover(curve, abs(pool_wh), tariffs, FEES.seller_bps)
        better = int(random.integers(0, 400)) * 1_009
        price_ahead = limit - better if wh > 0 else limit + better
        terms = SlotTerms(price_ahead, price_pool, *tariffs, FEES)
        # Nothing is used: all that was traded ahead is made good by the utility, beside it the pool trades within its cap.
        ahead, pool = np.array([0, 0, 0, wh, -wh]), np.array([0, 0, 0, pool_wh, -pool_wh])
        metered = np.array([0, 0, 0, pool_wh, 0])
        assert -int(settle_slot(terms, ahead, pool, metered).paid[3]) <= cover


# ── Openings ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_opening_refutes_strangers_and_curves_above_the_cap(room: BookRoom) -> None:
    made = home()
    account = offered(made)
    member = made.facts.member(account)
    sides = max(sum(max(wh * sign, 0) for wh in read_curve(made.offers[account].curve).energy) for sign in (1, -1))
    convicted = ("", (Kind.OPENING, address("operator"), made.slot))
    for changed, expected in (
        (replace(member, cap_wh=sides), (CLEAN, None)),
        (replace(member, cap_wh=sides - 1), convicted),
        (replace(member, from_slot=made.slot + 1), convicted),
        (replace(member, from_slot=made.slot), (CLEAN, None)),
        (replace(member, to_slot=made.slot), convicted),
        (replace(member, to_slot=made.slot + 1), (CLEAN, None)),
    ):
        told = replace(made, facts=replace(made.facts, members={**made.facts.members, account: changed}))
        room.tell(told)
        assert room.both(told, "refute_opening", *made.start, made.opening(account)) == expected


def test_openings_that_do_not_open_are_refused(room: BookRoom) -> None:
    made = home()
    room.tell(made)
    opening = made.opening(made.members[0])
    for changed in (
        replace(opening, index=(opening.index + 1) % len(made.members)),
        replace(opening, index=len(made.members)),
        replace(opening, account=opening.account + 1),
        replace(opening, nonce=opening.nonce + 1),
        replace(opening, salt=keccak(b"")),
        replace(opening, path=opening.path[:-1]),
        replace(opening, path=(*opening.path, bytes(32))),
        replace(opening, path=()),
    ):
        assert room.both(made, "refute_opening", *made.start, changed) == ("court: path", None)
    assert room.both(made, "refute_opening", *made.start, replace(opening, nonce=-2))[0] == "court: opening"
    assert room.both(made, "refute_opening", *made.start, replace(opening, account=2**32))[0] == "court: opening"
    assert room.both(made, "refute_opening", *made.start, replace(opening, curve=b""))[0] == "court: curve"


def test_two_leaves_of_one_account_are_refuted(room: BookRoom) -> None:
    made = street(1, 6, double=6)
    room.tell(made)
    places = [index for index, account in enumerate(made.leaf_account) if account == 6]
    curves = curve_bytes(made.rows.curves)
    first, second = (
        made.opening(6, index=at, curve=curves[at].tobytes(), path=made.book.proof(at).siblings) for at in places
    )
    convicted = ("", (Kind.DOUBLE, address("operator"), made.slot))
    assert room.both(made, "refute_double_opening", *made.start, first, second) == convicted
    assert room.both(made, "refute_double_opening", *made.start, first, first) == (CLEAN, None)


# ── Filed readings ────────────────────────────────────────────────────────────────────────────────────────────────────


def gap_of(made: Street) -> tuple[int, int]:
    """An account and a slot without a reading."""
    return next(
        (a, s)
        for a in made.members
        for s in range(made.from_slot(a), made.anchor.first_slot + made.anchor.slots)
        if made.row(a, s).number(93) > 0
    )


@pytest.mark.parametrize("utility", [False, True])
def test_a_filed_reading_refutes_a_gap(room: BookRoom, utility: bool) -> None:
    base = home()
    account, slot = gap_of(base)
    last = base.reading(account, slot)
    for moved, why in (
        ((0, 0), ""),
        ((10**9, 10**9), ""),
        ((10**9 + 1, 0), "court: reading"),
        ((0, 10**9 + 1), "court: reading"),
        ((-1, 0), "court: reading"),
        ((0, -1), "court: reading"),
    ):
        registers = (last[0] + moved[0], last[1] + moved[1])
        made = base.filed_reading(account, slot, registers, utility)
        room.tell(made)
        told = (made.settlement, account, slot, *registers, made.leaf(account), made.row(account, slot))
        got = room.both(made, "refute_filed_reading", *told)
        assert got == ((why, None) if why else ("", (Kind.FILED_READING, address("operator"), slot)))
    assert (
        room.both(made, "refute_filed_reading", made.settlement, account, slot, 1, 1, *told[5:])[0]
        == "court: not filed"
    )
    assert (
        room.both(made, "refute_filed_reading", made.settlement, account, slot, 2**63, 1, *told[5:])[0]
        == "court: reading"
    )
    other = replace(made.settlement, settled_at=1)
    assert room.both(made, "refute_filed_reading", other, *told[1:])[0] == "court: settlement"


def test_a_row_with_a_reading_stands_against_another_filed_one(room: BookRoom) -> None:
    """A home could sign two: registers are refuted by a demand alone."""
    base = home()
    account = next(a for a in base.members if base.row(a, base.slot).number(93) <= 0)
    last = base.reading(account, base.slot)
    made = base.filed_reading(account, base.slot, (last[0] + 5, last[1]))
    room.tell(made)
    told = (made.settlement, account, made.slot, last[0] + 5, last[1], made.leaf(account), made.row(account, made.slot))
    assert room.both(made, "refute_filed_reading", *told) == (CLEAN, None)


def unpooled(before: dict[int, int], now: dict[int, int], filed: str = "both", at: int = 2) -> tuple[Street, int, Any]:
    """A street in which an account's rows of this slot and the one before say so, with what was filed."""
    base = home(3, 6, slots=max(at + 1, 5), at=at)
    account = next(a for a in base.members if a != 4)
    rows = list(base.private[account])
    rows[at - 1] = row_bytes(account, base.slot - 1, {53: 500, 61: 40, **before})
    rows[at] = row_bytes(account, base.slot, {29: 5, 45: 12, 53: 900, 61: 50, 93: LATE, **now})
    made = base.posted({account: tuple(rows)})
    if filed in ("both", "before"):
        made = made.filed_reading(account, made.slot - 1, (500, 40))
    if filed in ("both", "now"):
        made = made.filed_reading(account, made.slot, (900, 50), utility=True)
    rows_of = made.row(account, made.slot), made.row_before(account, made.slot)
    return made, account, (made.settlement, account, made.slot, made.leaf(account), *rows_of)


def test_a_home_kept_out_of_the_pool_shows_it(room: BookRoom) -> None:
    for case, why in (
        (unpooled({}, {}), ""),
        (unpooled({93: AFTER_GAP}, {}), ""),
        (unpooled({}, {45: 5}), CLEAN),
        (unpooled({}, {93: 0}), CLEAN),
        (unpooled({}, {93: AFTER_GAP}), CLEAN),
        (unpooled({93: 1}, {}), "court: reading"),
        (unpooled({}, {93: 1}), "court: reading"),
        (unpooled({}, {53: -1}), "court: reading"),
        (unpooled({}, {}, "before"), "court: not filed"),
        (unpooled({}, {}, "now"), "court: not filed"),
        (unpooled({53: 501}, {}), "court: not filed"),
    ):
        made, _, evidence = case
        with boa.env.anchor():
            fresh = open_room()
            fresh.tell(made)
            got = fresh.both(made, "refute_unpooled_reading", *evidence)
        assert got == ((why, None) if why else ("", (Kind.FILED_READING, address("operator"), made.slot)))


def test_the_row_before_hangs_beside_the_row_wherever_both_stand(room: BookRoom) -> None:
    for at in range(1, 9):
        made, account, evidence = unpooled({}, {}, at=at)
        with boa.env.anchor():
            room.tell(made)
            assert room.both(made, "refute_unpooled_reading", *evidence)[1]
            previous = evidence[5]
            for path in ((*previous.path, bytes(32)), previous.path[1:], made.row(account, made.slot).path):
                if path != previous.path:
                    bent = (*evidence[:5], replace(previous, path=path))
                    assert room.both(made, "refute_unpooled_reading", *bent)[0] == "court: path"
            assert room.both(made, "refute_unpooled_reading", *evidence[:5], evidence[4])[0] == "court: row"


# ── Promises ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_broken_promise_is_refuted(room: BookRoom) -> None:
    made = home()
    room.tell(made)
    false = keccak(b"another")
    for kind in (0, 1):
        told = (kind, false, made.promise(kind, false))
        convicted = ("", (Kind.PROMISE, address("operator"), made.slot))
        assert room.both(made, "refute_promise", *made.start, *told) == convicted
        other = made.promise(kind, false, slot=made.slot + 1)
        assert room.both(made, "refute_promise", *made.start, kind, false, other)[0] == "court: signature"
        stranger = made.promise(kind, false, name="stranger")
        assert room.both(made, "refute_promise", *made.start, kind, false, stranger)[0] == "court: signature"
        assert room.both(made, "refute_promise", *made.start, 1 - kind, *told[1:])[0] == "court: signature"
    assert room.both(made, "refute_promise", *made.start, 2, false, made.promise(2, false))[0] == "court: promise"


# ── What stands under the market ──────────────────────────────────────────────────────────────────────────────────────


def test_only_open_anchors_and_slots_with_trade_are_judged(room: BookRoom) -> None:
    made = home()
    false = keccak(b"another")
    told = (0, false, made.promise(0, false))
    anchor, header, path = made.start
    room.tell(made)
    others = [replace(anchor, **{name: getattr(anchor, name) + 1}) for name in ("period", "slots", "anchored_at")]
    for other in [*others, replace(anchor, operator=address("friend"))]:
        assert room.both(made, "refute_promise", other, header, path, *told)[0] == "court: anchor"
    assert room.both(made, "refute_promise", anchor, header, path[:-1], *told)[0] == "court: path"
    assert room.both(made, "refute_promise", anchor, header[:-1], path, *told)[0] == "court: header"
    assert room.both(made, "refute_promise", anchor, bytes(1) + header[1:], path, *told)[0] == "court: header"
    _, _, neighbour = made.at(made.slot + 1)
    assert room.both(made, "refute_promise", anchor, header, neighbour, *told)[0] == "court: path"
    dead = replace(made, facts=made.facts.with_void(made.slot))
    with boa.env.anchor():
        room.tell(dead)
        assert room.both(dead, "refute_promise", *made.start, *told)[0] == "court: void slot"
    late = replace(anchor, void_to=made.slot + 1)
    fallen = replace(made, anchor=late, facts=replace(made.facts, anchors=(late,)))
    room.tell(fallen)
    assert room.both(fallen, "refute_promise", *fallen.start, *told)[0] == "court: void slot"


# ── Gas ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_gas_of_each_refutation_at_a_thousand_members(room: BookRoom) -> None:
    """Without the market's own part. A day of 96 slots; offers of 8 steps."""
    made = street(3, 1_000, slots=96, at=50, rowed=60)
    account = next(a for a in made.members if a in made.offers and read_curve(made.offers[a].curve).energy[7])
    opening, newer = made.opening(account), replace(made.offers[account], nonce=99)
    filed = made.filed(newer, 1, 10**15)
    double = street(3, 1_000, slots=96, at=50, double=account, rowed=0)
    places = [at for at, owner in enumerate(double.leaf_account) if owner == account]
    curves = curve_bytes(double.rows.curves)
    both = [
        double.opening(account, index=at, curve=curves[at].tobytes(), path=double.book.proof(at).siblings)
        for at in places
    ]
    rowed = [a for a in made.members if made.private.get(a)]
    silent = next(a for a in rowed if made.row(a, made.slot).number(93) > 0)
    late = (made.reading(silent, made.slot)[0] + 5, made.reading(silent, made.slot)[1])
    kept_out = next(
        a
        for a in rowed
        if made.row(a, made.slot).number(93) == LATE
        and made.row(a, made.slot - 1).number(93) <= 0
        and made.row(a, made.slot).number(45) != made.row(a, made.slot).number(29)
    )
    row, previous = made.row(kept_out, made.slot), made.row_before(kept_out, made.slot)
    inbox = replace(
        filed.inbox,
        readings={
            (silent, made.slot, False): filed_reading(*late),
            (kept_out, made.slot, False): filed_reading(*made.reading(kept_out, made.slot)),
            (kept_out, made.slot - 1, False): filed_reading(*made.reading(kept_out, made.slot - 1)),
        },
    )
    people = {a: made.facts.members[a] for a in (account, silent, kept_out)}
    told = replace(filed, inbox=inbox, facts=_small(made.facts, people))
    room.tell(told)
    tell(room.market, _small(double.facts, people))
    room.market.set_pending(plain(made.settlement))
    closed = replace(people[account], to_slot=1)
    calls: dict[str, tuple[Any, ...]] = {
        "refute_receipt": (*made.start, opening, newer, *made.receipt(newer)),
        "refute_filed_offer": (*made.start, opening, newer, 1, 10**15),
        "refute_filed_reading": (
            made.settlement,
            silent,
            made.slot,
            *late,
            made.leaf(silent),
            made.row(silent, made.slot),
        ),
        "refute_unpooled_reading": (
            made.settlement,
            kept_out,
            made.slot,
            made.leaf(kept_out),
            row,
            previous,
        ),
        "refute_double_opening": (*double.start, *both),
        "refute_promise": (*made.start, 0, keccak(b"x"), made.promise(0, keccak(b"x"))),
        "refute_opening": (*made.start, opening),
    }
    spent = {}
    for name, arguments in calls.items():
        if name == "refute_opening":
            room.market.set_member(account, plain(closed))
        total = gas(room.court, name, room.market.address, *arguments)
        room.market.convict(1, plain(address("operator")), room.watcher, made.slot)
        spent[name] = total - room.market._computation.get_gas_used()
    print(spent)
    assert max(spent.values()) <= 115_000, spent


def _small(facts: MarketFacts, people: Any) -> MarketFacts:
    return replace(facts, members=people, meters={})
