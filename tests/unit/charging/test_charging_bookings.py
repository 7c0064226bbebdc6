"""Bookings, calendars, prices and access, held against brute force, published tables and plain counting."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from sunfair.chain import keccak, recover, sign_digest
from sunfair.charging import (
    CURRENCY_DIGITS,
    EXITS,
    VAT_BPS,
    Act,
    Ask,
    Booking,
    BookingState,
    Calendar,
    Evidence,
    Held,
    Party,
    Quote,
    Tariff,
    Usage,
    Verdict,
    check_quote,
    check_tariff,
    delivered_wh,
    ending,
    estimate,
    fee_of,
    format_minor,
    left_wh,
    may_start,
    parse_minor,
    quoted,
    receipt,
    sentence,
    slots_between,
    step,
    taxed,
    to_minor,
)
from sunfair.charging.booking import BOOKING_TYPE
from sunfair.charging.states import MOVES
from sunfair.charging.tariff import quiet_hours
from sunfair.errors import InputError

S = BookingState
NOW = 20_000 * 86_400
TARIFF = Tariff(
    "EUR", kwh=49, minute=2, session=50, idle=10, no_show=300, compensation=500, vat_bps=1_900, quiet=(1_320, 420)
)
ASK = Ask(b"\1" * 32, b"\2" * 20, b"\3" * 32, NOW // 900 + 8, 8, 30_000, 10_000, 1)


def terms(**changes: Any) -> Booking:
    return replace(quoted(TARIFF, ASK, now=NOW, timezone="Europe/Berlin"), **changes)


# ── Calendar ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(3))
def test_the_calendar_is_a_set_of_slots(seed: int) -> None:
    """Random stays beside a set: the same are taken, the same refused, the same gaps found."""
    chance, calendar, taken = random.Random(seed), Calendar(), set[int]()
    for _ in range(120):
        first, count = 1_900_000 + chance.randrange(300), chance.randint(1, 96)
        wanted = set(range(first, first + count))
        if chance.random() < 0.3:
            calendar, taken = calendar.give_back(first, count), taken - wanted
        elif taken & wanted:
            with pytest.raises(ValueError, match="charging: not free"):
                calendar.take(first, count)
        else:
            calendar, taken = calendar.take(first, count), taken | wanted
        gaps = [at for at in range(1_900_010, 1_900_291) if not taken & set(range(at, at + 10))]
        assert calendar.gaps(1_900_010, 1_900_300, 10) == gaps, f"seed {seed}"


@pytest.mark.parametrize(
    ("zone", "night", "slots"),
    [
        ("Europe/Berlin", datetime(2026, 6, 15), 36),
        ("Europe/Berlin", datetime(2026, 3, 28), 32),
        ("Europe/Berlin", datetime(2026, 10, 24), 40),
        ("Asia/Dubai", datetime(2026, 3, 28), 36),
        ("Australia/Lord_Howe", datetime(2026, 4, 4), 38),
        ("Asia/Kathmandu", datetime(2026, 6, 15), 36),
    ],
)
def test_a_night_has_as_many_quarters_as_the_clock_says(zone: str, night: datetime, slots: int) -> None:
    """22:00 to 07:00 on the site's clock, counted minute by minute in UTC."""
    begin, end = night.replace(hour=22), (night + timedelta(days=1)).replace(hour=7)
    stay = slots_between(begin, end, zone)
    assert len(stay) == slots
    site = ZoneInfo(zone)
    assert datetime.fromtimestamp(stay[0] * 900, UTC).astimezone(site).replace(tzinfo=None) == begin
    assert datetime.fromtimestamp(stay.stop * 900, UTC).astimezone(site).replace(tzinfo=None) == end


@pytest.mark.parametrize(
    ("begin", "end", "why"),
    [
        (datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 4), "does not exist"),
        (datetime(2026, 6, 1, 9), datetime(2026, 6, 1, 9), "before it begins"),
        (datetime(2026, 6, 1, 9), datetime(2026, 6, 2, 9, 15), "long"),
    ],
)
def test_stays_nobody_can_book(begin: datetime, end: datetime, why: str) -> None:
    with pytest.raises(InputError, match=why):
        slots_between(begin, end, "Europe/Berlin")


# ── States ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_state_leads_to_an_end_and_no_end_leads_on() -> None:
    reached = {S.NONE}
    for _ in range(9):
        reached |= {to for (state, _), to in MOVES.items() if state in reached}
    assert reached | {S.CANCELED_OFFLINE, S.FULFILLED} == set(S)
    for state in EXITS:
        for act in Act:
            with pytest.raises(ValueError, match="not in this state"):
                step(state, act)


def test_every_end_pays_the_deposit_whole() -> None:
    chance = random.Random(5)
    for _ in range(400):
        b = terms(compensation=chance.randint(0, 10**6))
        state = chance.choice(sorted(EXITS))
        fee = chance.randint(0, b.deposit)
        proven = chance.choice([None, chance.randint(0, b.deposit)])
        was = chance.choice([S.PENDING, S.RESERVED, S.CHARGING, S.CHALLENGE, S.DISPUTED])
        paid = ending(b, state, now=chance.choice([0, 2**40]), was=was, claimed=fee, proven=proven)
        assert paid.driver + paid.payee == b.deposit + paid.from_stake
        assert min(paid) >= 0
        assert paid.from_stake in (0, b.compensation)


# ── Money ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_fee_never_exceeds_the_deposit_and_the_cap_is_where_it_gets_there() -> None:
    """Counted down Wh by Wh at the border, for random prices."""
    chance = random.Random(11)
    for _ in range(300):
        b = terms(
            kwh_price=chance.choice([0, 1, 999, 490_000, chance.randint(1, 10**7)]),
            minute_price=chance.randint(0, 50_000),
            deposit=chance.randint(1, 30_000_000),
        )
        until = b.begin + chance.randint(0, 9_000)
        most = left_wh(b, b.begin, until)
        for wh in (0, 1, most, most + 1, 50_000):
            assert fee_of(b, Usage(wh, b.begin, until)).total <= b.deposit
        if 0 < most < 10**9:
            assert fee_of(b, Usage(most, b.begin, until)).full <= b.deposit
            assert fee_of(b, Usage(most + 1, b.begin, until)).full > b.deposit


def test_over_stay_counted_second_by_second() -> None:
    chance = random.Random(3)
    for _ in range(60):
        b = terms()
        quiet = b.end + chance.randint(-4_000, 4_000)
        b = replace(b, quiet_from=quiet, quiet_to=quiet + chance.randint(0, 6_000))
        ended = b.end + chance.randint(-2_000, 9_000)
        loud = sum(not b.quiet_from <= second < b.quiet_to for second in range(b.end + 600, ended))
        assert fee_of(b, Usage(0, b.begin, ended)).full == loud // 60 * b.idle_price


def test_the_deposit_covers_what_was_asked_for() -> None:
    """30 kWh over two hours, and an hour of over-stay: 14.70 + 2.40 + 0.50 + 6.00."""
    b = terms()
    assert b.deposit == (1_470 + 240 + 50 + 600) * 10_000
    assert fee_of(b, Usage(30_000, b.begin, b.end + 600 + 3_599)).full <= b.deposit
    told = estimate(TARIFF, b, 20_000, 10_000)
    assert (told.energy, told.time, told.session, told.total.gross, told.most) == (980, 240, 50, 1_270, 2_360)
    assert told.total.net + told.total.vat == 1_270
    assert told.total.vat == 203


@pytest.mark.parametrize(
    ("zone", "end", "quiet"),
    [
        ("Europe/Berlin", "2026-06-15T23:00+02:00", ("2026-06-15T22:00+02:00", "2026-06-16T07:00+02:00")),
        ("Europe/Berlin", "2026-06-15T12:00+02:00", ("2026-06-15T22:00+02:00", "2026-06-16T07:00+02:00")),
        ("Europe/Berlin", "2026-06-16T06:49+02:00", ("2026-06-15T22:00+02:00", "2026-06-16T07:00+02:00")),
        ("Europe/Berlin", "2026-06-16T06:50+02:00", ("2026-06-16T22:00+02:00", "2026-06-17T07:00+02:00")),
        ("Europe/Berlin", "2026-10-25T01:00+02:00", ("2026-10-24T22:00+02:00", "2026-10-25T07:00+01:00")),
        ("Asia/Kuwait", "2026-06-15T23:00+03:00", ("2026-06-15T22:00+03:00", "2026-06-16T07:00+03:00")),
    ],
)
def test_quiet_hours_are_the_sites(zone: str, end: str, quiet: tuple[str, str]) -> None:
    instants = tuple(int(datetime.fromisoformat(text).timestamp()) for text in quiet)
    assert quiet_hours(TARIFF, int(datetime.fromisoformat(end).timestamp()), zone) == instants


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("12.50", "EUR", 1_250), ("1.25", "KWD", 1_250), ("0.005", "OMR", 5), ("340", "JPY", 340), ("-0.01", "EUR", -1)],
)
def test_minor_units(text: str, currency: str, minor: int) -> None:
    assert parse_minor(text, currency) == minor
    assert parse_minor(format_minor(minor, currency).split()[0], currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"), [("0.005", "EUR"), ("1.5", "JPY"), ("1,5", "EUR"), ("", "EUR"), ("1e2", "EUR")]
)
def test_no_amount(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"amount|digits"):
        parse_minor(text, currency)


def test_currencies_have_the_digits_of_iso_4217_and_vat_is_that_of_invoices() -> None:
    assert {code for code, digits in CURRENCY_DIGITS.items() if digits == 3} == {
        "BHD",
        "IQD",
        "JOD",
        "KWD",
        "LYD",
        "OMR",
        "TND",
    }
    assert (VAT_BPS["DE"], VAT_BPS["AE"], VAT_BPS["KW"], VAT_BPS["FI"]) == (1_900, 500, 0, 2_550)
    assert taxed(11_900, 1_900) == (taxed(11_900, 1_900).__class__)(10_000, 1_900, 11_900)
    assert all(sum(taxed(gross, 2_550).__getattribute__(n) for n in ("net", "vat")) == gross for gross in range(500))


# ── Quotes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_digest_is_that_of_another_eip712_library() -> None:
    b, contract = terms(), bytes(range(20))
    names = [part.split() for part in BOOKING_TYPE[len("Booking(") : -1].split(",")]
    message = {name: getattr(b, name) for _, name in names}
    typed = encode_typed_data(
        {"name": "Sunfair Charging", "version": "1", "chainId": 5, "verifyingContract": "0x" + contract.hex()},
        {"Booking": [{"name": name, "type": kind} for kind, name in names]},
        message | {"driver": "0x" + b.driver.hex()},
    )
    key = keccak(b"somebody")
    signed = Account.sign_message(typed, key)
    assert sign_digest(key, b.digest(5, contract)) == bytes(signed.signature)


def test_a_quote_is_the_operators_and_holds_ten_minutes() -> None:
    key = keccak(b"operator")
    b = terms()
    quote = Quote(b, sign_digest(key, b.digest(1, bytes(19) + b"\1")))
    told: dict[str, Any] = {
        "operator": recover(b.digest(1, bytes(19) + b"\1"), quote.signature),
        "chain_id": 1,
        "contract": bytes(19) + b"\1",
        "now": NOW + 600,
        "recover": recover,
    }
    check_quote(quote, **told)
    for change in ({"now": NOW + 601}, {"chain_id": 2}, {"operator": bytes(20)}):
        with pytest.raises(InputError):
            check_quote(quote, **(told | change))
    with pytest.raises(InputError) as caught:
        check_quote(replace(quote, booking=replace(b, slots=0, deposit=0, tag=bytes(32))), **told)
    assert {fault.place for fault in caught.value.faults} >= {"slots", "deposit", "tag"}


def test_the_terms_in_one_sentence() -> None:
    assert sentence(TARIFF) == (
        "You pay 0.49 EUR a kWh, 0.02 EUR a booked minute, 0.50 EUR a session, VAT included; staying over costs 0.10 EUR a "
        "minute after 10 minutes (not 22:00–07:00); staying away or cancelling in the last 60 minutes costs 3.00 EUR; never "
        "more than the deposit."
    )
    with pytest.raises(InputError) as caught:
        check_tariff(replace(TARIFF, kwh=-1, vat_bps=10_000, quiet=(1, 1)))
    assert {fault.place for fault in caught.value.faults} == {"kwh", "vat_bps", "quiet"}


def test_a_receipt_adds_up_line_by_line() -> None:
    b, chance = terms(), random.Random(2)
    for _ in range(50):
        usage = Usage(chance.randint(0, 60_000), b.begin, b.begin + chance.randint(0, 15_000))
        told = receipt(
            b, usage, TARIFF, rate=10_000, host=Party("Hotel"), place="1", timezone="Asia/Dubai", number="1",
            issued=datetime(2026, 1, 1, tzinfo=UTC), record="OCMF|…", evidence=Evidence.WHOLE,
        )  # fmt: skip
        assert sum(line["amount"] for line in told["lines"]) == told["total"] == told["net"] + told["vat"]
        assert told["total"] == to_minor(fee_of(b, usage).total, 10_000)
        assert told["token_micro"] + told["deposit_back_micro"] == b.deposit
        assert told["began"].endswith("+04:00")


# ── Chargers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_registers_that_begin_anywhere_and_never_run_back() -> None:
    assert delivered_wh(0, 5_000, seconds=1_800, rated_w=22_000) == 5_000
    assert delivered_wh(10**9, 10**9 + 5_000, seconds=1_800, rated_w=22_000) == 5_000
    with pytest.raises(InputError, match="runs back"):
        delivered_wh(5_000, 4_999, seconds=1_800, rated_w=22_000)
    with pytest.raises(InputError, match="sends Wh for kWh"):
        delivered_wh(0, 170_000, seconds=17, rated_w=22_000)


def held(tag: str, begin: int, end: int, state: BookingState = S.RESERVED) -> Held:
    return Held(tag.encode(), b"p", tag, begin, end, state)


def test_the_calendar_decides_who_charges() -> None:
    mine, later = held("me", NOW, NOW + 7_200), held("you", NOW + 7_200, NOW + 9_000)
    both = [later, mine]
    assert may_start(both, b"p", "ME", NOW - 300).booking == mine
    assert may_start(both, b"p", "me", NOW - 301).verdict is Verdict.INVALID
    assert may_start(both, b"p", "you", NOW).verdict is Verdict.BLOCKED
    assert may_start(both, b"p", "you", NOW, reservation=b"me").verdict is Verdict.BLOCKED
    assert may_start(both, b"p", "stranger", NOW, walk_in=True).verdict is Verdict.BLOCKED
    assert may_start(both, b"p", "stranger", NOW - 400, walk_in=True).until == NOW
    assert may_start(both, b"p", "me", NOW + 6_901).booking is None
    assert may_start(both, b"p", "you", NOW + 6_900).booking == later
    assert may_start([], b"p", "stranger", NOW, walk_in=True) == may_start([later], b"q", "x", NOW, walk_in=True)
    busy = [replace(mine, state=S.CHARGING), later]
    assert may_start(busy, b"p", "me", NOW + 60).verdict is Verdict.CONCURRENT
