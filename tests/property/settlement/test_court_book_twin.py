"""BookCourt, Docket and Witness against their Python twins: the same evidence, honest or bent, gets the same verdict."""

import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import boa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "contract"))

from court_books import GATE, SECONDS, BookRoom, Street, address, fresh_chain, open_room, plain, row_bytes, street
from court_dockets import DocketRoom, honest_answer, items, open_docket, twin_answer, twin_demand, verdict

from sunfair.settlement.court.docket import Demand
from sunfair.settlement.hashing import keccak
from sunfair.settlement.header import MID_MARKET, NO_AHEAD, NO_POOL

QUICK = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
RULES = [{}, {"rule": MID_MARKET | NO_AHEAD}, {"rule": NO_POOL}, {"double": 6}, {"ghost": 2}, {"at": 0, "slots": 2}]


def made(number: int, **more: Any) -> Street:
    """One of some streets: other rules, spoiled books, one member or many, and something in the inbox."""
    base = street(number, 3 + number, **{**RULES[number], **more})
    for account, offer in base.offers.items():
        late = base.slot * SECONDS - GATE - 600 + account % 2
        base = base.filed(replace(offer, nonce=offer.nonce + 1), 1, 10**12)
        base = base.filed(replace(offer, nonce=offer.nonce + 2), late, 10**6 * (account % 3))
    for account in (a for a in base.members if a in base.private):
        for slot in range(base.from_slot(account), base.slot + 1):
            moved = account % 3 - 1
            last = base.reading(account, slot)
            base = base.filed_reading(account, slot, (last[0] + moved, last[1]), utility=slot % 2 == 0)
            base = base.filed_reading(account, slot, last, utility=slot % 2 == 1)
    return base


@pytest.fixture(scope="module")
def rooms() -> Iterator[list[tuple[Street, BookRoom]]]:
    with fresh_chain():
        opened = [(made(number), open_room()) for number in range(len(RULES))]
        for each, room in opened:
            room.tell(each)
        yield opened


@pytest.fixture(scope="module")
def desks() -> Iterator[list[tuple[Street, DocketRoom]]]:
    """Dockets whose inbox is empty, so no filed entry answers."""
    with fresh_chain():
        opened = [(street(number, 3, slots=2, **_short(RULES[number])), open_docket()) for number in range(len(RULES))]
        for each, desk in opened:
            desk.tell(each)
        yield opened


def _short(rules: dict[str, int]) -> dict[str, int]:
    return {"at": 1, **{name: value for name, value in rules.items() if name != "slots"}}


# ── Bent evidence ─────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def bends(draw: Any) -> tuple[int, int, int]:
    """Which value to bend, how, and by what: small choices, which `bend` reads as it needs."""
    return draw(st.integers(0, 40)), draw(st.integers(0, 7)), draw(st.integers(0, 2**16))


def bend(value: Any, where: int, how: int, what: int) -> Any:
    """The value with one place of it changed, its shape kept: a number moved, a byte flipped, a path cut or grown."""
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)]
        name = names[where % len(names)]
        return replace(value, **{name: bend(getattr(value, name), where // len(names), how, what)})
    if isinstance(value, tuple):
        return _bend_tuple(value, where, how, what)
    if isinstance(value, bytes):
        if len(value) == 20:
            return address(("utility", "operator", "owner 5")[what % 3])
        flipped = bytearray(value or bytes(1))
        flipped[what % len(flipped)] ^= 1 << how
        return bytes(flipped) if value else value
    return max(0, int(value) + (1, -1, 2, 96, -96, 2**32, 2**62, 10**9)[how])


def _bend_tuple(value: tuple[Any, ...], where: int, how: int, what: int) -> tuple[Any, ...]:
    hashes = bool(value) and all(isinstance(part, bytes) and len(part) == 32 for part in value)
    if hashes and how < 3:
        return (value[:-1], (*value, keccak(b"more")), value[1:] + value[:1])[how]
    if not value:
        return value
    place = where % len(value)
    return (*value[:place], bend(value[place], where // len(value), how, what), *value[place + 1 :])


def evidence(each: Street, function: str, account: int) -> tuple[Any, ...]:
    """Evidence that proves, whether or not it shows something false."""
    slot = each.slot
    opening = each.opening(account)
    offer = each.offers.get(account) or next(iter(each.offers.values()))
    newer = replace(offer, nonce=offer.nonce + 1)
    late = slot * SECONDS - GATE - 600 + offer.account % 2
    last = replace(offer, nonce=offer.nonce + 2)
    row_of = account if account in each.private and account > 3 else each.members[-1]
    row = each.row(row_of, slot)
    other = each.opening(each.members[0])
    first = each.from_slot(row_of)
    previous = each.row_before(row_of, slot) if slot > first else row
    return {
        "refute_receipt": (*each.start, opening, newer, *each.receipt(newer)),
        "refute_filed_offer": (*each.start, opening, last, late, 10**6 * (offer.account % 3)),
        "refute_filed_reading": (
            each.settlement,
            row_of,
            slot,
            row.number(53) + row_of % 3 - 1,
            row.number(61),
            each.leaf(row_of),
            row,
        ),
        "refute_unpooled_reading": (
            each.settlement,
            row_of,
            slot,
            each.leaf(row_of),
            row,
            previous,
        ),
        "refute_opening": (*each.start, opening),
        "refute_double_opening": (*each.start, opening, other),
        "refute_promise": (*each.start, 1, keccak(bytes([account])), each.promise(1, keccak(bytes([account])))),
    }[function]


FUNCTIONS = [
    "refute_receipt",
    "refute_filed_offer",
    "refute_filed_reading",
    "refute_unpooled_reading",
    "refute_opening",
    "refute_double_opening",
    "refute_promise",
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_court_and_twin_judge_alike(rooms: Any, function: str) -> None:
    seen: set[str] = set()

    @QUICK
    @given(st.integers(0, len(RULES) - 1), st.integers(0, 20), st.lists(bends(), max_size=1))
    def judge(number: int, home: int, bent: list[tuple[int, int, int]]) -> None:
        each, room = rooms[number]
        arguments = evidence(each, function, each.members[home % len(each.members)])
        for where, how, what in bent:
            place = where % len(arguments)
            changed = bend(arguments[place], where // len(arguments), how, what)
            arguments = (*arguments[:place], changed, *arguments[place + 1 :])
        with boa.env.anchor():
            seen.add(room.both(each, function, *arguments)[0])

    judge()
    assert len(seen) >= 3, seen


def test_rows_that_say_anything_are_judged_alike(rooms: Any) -> None:
    """Every number of a row is the operator's: none of them may make one of the two fail where the other judges."""
    seen: set[str] = set()
    numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from([-1, 0, 1, 10**9, 10**9 + 1, 2**63 - 1]))

    @QUICK
    @given(numbers, numbers, numbers, numbers, numbers, st.integers(0, 2**63 - 1))
    def judge(imported: int, exported: int, metered: int, gap: int, leaf: int, filed: int) -> None:
        base, room = rooms[0]
        account = base.members[-1]
        place = base.slot - base.from_slot(account)
        rows = list(base.private[account])
        fields = {13: leaf, 45: metered, 53: imported, 61: exported, 93: gap}
        rows[place] = row_bytes(account, base.slot, fields)
        bent = base.posted({account: tuple(rows)}).filed_reading(account, base.slot, (filed, 5))
        with boa.env.anchor():
            room.market.set_pending(plain(bent.settlement))
            room.docket.set_reading(
                room.market, account, base.slot, False, bent.inbox.readings[account, base.slot, False]
            )
            row, before = bent.row(account, base.slot), bent.row_before(account, base.slot)
            told = (bent.settlement, account, base.slot, filed, 5, bent.leaf(account), row)
            seen.add(room.both(bent, "refute_filed_reading", *told)[0])
            pooled = (bent.settlement, account, base.slot, bent.leaf(account), row, before)
            seen.add(room.both(bent, "refute_unpooled_reading", *pooled)[0])

    judge()
    assert {"", "court: not false", "court: reading"} <= seen


def test_docket_and_twin_take_the_same_demands(desks: Any) -> None:
    seen: set[str] = set()
    askers = st.sampled_from(["utility", "owner 4", "owner 5", "reader 5", "stranger"])

    @QUICK
    @given(st.integers(0, len(RULES) - 1), st.integers(0, 10**6), askers, st.sampled_from([0.0, 0.499, 0.5]))
    def judge(number: int, which: int, asker: str, share: float) -> None:
        each, desk = desks[number]
        every = items(each)
        kind, a, b = every[which % len(every)]
        with boa.env.anchor():
            desk.time(each, share)
            why = verdict(desk.ask, each, kind, a, b, asker)
            assert why == twin_demand(each, kind, a, b, asker, boa.env.timestamp)
            seen.add(why)

    judge()
    assert {"", "docket: too late", "docket: not yours", "docket: slot", "docket: item"} <= seen


def takeable_of(each: Street) -> list[tuple[int, int, int]]:
    """Every item that is taken and that this street's one opened book can answer."""
    return [
        item
        for item in items(each)
        if not twin_demand(each, *item, "utility", each.settlement.settled_at)
        and not (item[0] in (Demand.OPEN_LEAF, Demand.OPEN_ACCOUNT) and item[1] != each.slot)
        and not (item[0] == Demand.OPEN_ACCOUNT and item[2] not in each.leaf_account)
    ]


def test_witness_and_twin_take_the_same_answers(desks: Any) -> None:
    seen: set[str] = set()
    takeable = [takeable_of(each) for each, _ in desks]

    @settings(QUICK, max_examples=50)
    @given(st.integers(0, len(RULES) - 1), st.integers(0, 10**6), st.lists(bends(), max_size=1))
    def judge(number: int, which: int, bent: list[tuple[int, int, int]]) -> None:
        each, desk = desks[number]
        asked = takeable[number]
        kind, a, b = asked[which % len(asked)]
        answer = honest_answer(each, kind, a, b)
        key = 3 if kind in (Demand.OPEN_LEAF, Demand.OPEN_ACCOUNT, Demand.LEAF) else 2
        for where, how, what in bent:
            # What the answer is to stays as asked: place 0 is the anchor, or with the next the item itself.
            free = [0, *range(key, len(answer))] if kind <= Demand.OPEN_ACCOUNT else [*range(2, len(answer))]
            if kind in (Demand.OPEN_LEAF, Demand.OPEN_ACCOUNT):
                free = [0, *range(4, len(answer))]
            place = free[where % len(free)]
            changed = bend(answer[place], where // len(free), how, what)
            answer = (*answer[:place], changed, *answer[place + 1 :])
        with boa.env.anchor():
            desk.time(each, 0.2)
            desk.ask(each, kind, a, b)
            why = verdict(desk.answer, each, kind, answer)
            assert why == twin_answer(each, kind, answer), (kind, a, b)
            seen.add(why)

    judge()
    assert {"", "court: path", "witness: signature"} <= seen
