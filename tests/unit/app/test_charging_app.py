"""A stay on the embedded chain from quote to receipt: over midnight in another zone, metered, disputed, financed."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "contract"))
from charging_world import Meter

from sunfair.app.charge_receipt import metered_of
from sunfair.app.charging import (
    Judged,
    accept_quote,
    finance_of,
    judge_reading,
    payoff_of,
    point_statement,
    poke_due,
    settle_stay,
)
from sunfair.chain import EmbeddedChain, SeededKeys, keccak, recover
from sunfair.chain.charging_ledger import ChargingNetwork, charge_credit, deploy_charging
from sunfair.chain.finance_ledger import InstallFinance, agree_finance
from sunfair.charging import (
    Ask,
    Booking,
    BookingState,
    Evidence,
    FinanceTerms,
    Tariff,
    Usage,
    fee_of,
    parse_ocmf,
    quoted,
    slots_between,
    tag_hash,
)
from sunfair.errors import InputError, Reverted
from sunfair.simulate import VirtualClock

S = BookingState
DAY = 86_400
START = datetime(2026, 10, 23, 12, tzinfo=UTC)
KEYS = SeededKeys(5)
TARIFF = Tariff("KWD", kwh=45, minute=1, session=100, idle=10, no_show=1_000, compensation=1_500, vat_bps=0)
RATE = 3_250
ZONE = "Europe/Berlin"
METER = Meter("M1")
FINANCE = FinanceTerms(3_000_000, 13_000, 4_000, 20_000, 0, 500)


class Hotel:
    """A charge point with its meter, financed; a driver who asks for the night in which the clock is set back."""

    def __init__(self) -> None:
        self.chain, self.clock = EmbeddedChain(), VirtualClock(START)
        asset, token = charge_credit(self.chain, KEYS, self.clock)
        registrar = KEYS.address("registrar")
        address = deploy_charging(self.chain, KEYS, self.clock, token, registrar)
        self.ledger = ChargingNetwork(self.chain, KEYS, self.clock, address, asset=asset)
        self.point = self.ledger.register("host", keccak(b"1"), 22_000, KEYS.address("operator"), TARIFF.document)
        self.ledger.act("registrar", "set_meter", self.point, METER.key, METER.form(), 1_000, self.ledger.now() + 1)
        self.ledger.act("host", "add_stake", self.point, 10_000_000)
        parties = KEYS.address("host"), KEYS.address("financier"), KEYS.address("platform")
        made = agree_finance(self.chain, KEYS, self.clock, address, parties, FINANCE)
        self.finance = InstallFinance(self.chain, KEYS, self.clock, made, self.ledger)
        self.ledger.act("host", "set_payee", self.point, made)

    def wait(self, seconds: int) -> None:
        self.clock.advance(datetime.fromtimestamp(self.clock.now().timestamp() + seconds, UTC))

    def until(self, time: int) -> None:
        self.wait(time - int(self.clock.now().timestamp()))

    def terms(self, nonce: int = 1) -> Booking:
        stay = slots_between(datetime(2026, 10, 24, 22), datetime(2026, 10, 25, 7), ZONE)
        ask = Ask(self.point, KEYS.address("driver"), tag_hash("car"), stay.start, len(stay), 60_000, RATE, nonce)
        return quoted(TARIFF, ask, now=self.ledger.now(), timezone=ZONE)

    def booked(self) -> Booking:
        terms = self.terms()
        quote = self.ledger.sign("operator", terms)
        accept_quote(self.ledger, "driver", quote, TARIFF, deposit_max=10**9, recover=recover)
        return terms


@pytest.fixture
def hotel() -> Hotel:
    return Hotel()


def test_a_night_over_midnight_and_the_change_of_clocks_is_paid_as_metered(hotel: Hotel) -> None:
    terms = hotel.booked()
    assert terms.slots == 40
    days = [hotel.ledger.taken(hotel.point, day)[0].bit_count() for day in (terms.begin // DAY, terms.end // DAY)]
    assert days == [16, 24]
    hotel.until(terms.begin + 600)
    hotel.ledger.act("operator", "start", terms)
    hotel.wait(6 * 3_600)
    record = parse_ocmf(METER.record("car", terms.begin + 600, terms.begin + 600 + 6 * 3_600, 41_250, page=12))
    proof = settle_stay(hotel.ledger, "operator", terms, [record], tag="car", recover=recover)
    assert proof.usage is not None
    settle_stay(hotel.ledger, "operator", terms, [record], tag="car", recover=recover)
    judged = judge_reading(hotel.ledger, "driver", terms, [record], tag="car", recover=recover)
    fee = fee_of(terms, proof.usage).total
    assert judged == Judged("agreed", fee, fee)
    assert poke_due(hotel.ledger, "guest", [terms]) == []
    hotel.wait(DAY)
    assert poke_due(hotel.ledger, "guest", [terms]) == [(terms, S.FULFILLED)]
    hotel.finance.act("guest", "collect")
    status = hotel.finance.status()
    split, after = finance_of(replace(status, repaid=0)).divide(fee, 41_250)
    assert (status.divided, status.divided_wh, status.repaid) == (fee, 41_250, after.repaid)
    dues = hotel.finance.dues([status.host, status.financier, status.platform])
    assert dues == [split.vat + split.energy + split.host, split.financier, split.platform]
    statement = point_statement(hotel.ledger, hotel.point, int(START.timestamp()), hotel.ledger.now() + 1)
    assert (statement.fees, statement.wh, statement.count(S.FULFILLED)) == (fee, 41_250, 1)
    told = payoff_of(status, statement, 1)
    assert told.days == -(-(status.cap - status.repaid) // told.per_day)
    hotel.ledger.act("guest", "withdraw", terms.driver)
    assert hotel.ledger.wallet(terms.driver) == terms.deposit - fee


@pytest.mark.parametrize(("wh", "done", "end"), [(45_000, "proved", S.RESOLVED), (41_250, "agreed", S.CHALLENGE)])
def test_a_drivers_agent_holds_the_reading_against_the_record(hotel: Hotel, wh: int, done: str, end: S) -> None:
    terms = hotel.booked()
    hotel.until(terms.begin)
    hotel.ledger.act("operator", "start", terms)
    hotel.wait(6 * 3_600)
    usage = Usage(wh, terms.begin, terms.begin + 6 * 3_600)
    hotel.ledger.claim("operator", terms, usage, 12)
    record = parse_ocmf(METER.record("car", usage.began, usage.ended, 41_250, page=12, high=True))
    judged = judge_reading(hotel.ledger, "driver", terms, [record], tag="car", recover=recover)
    assert judged.done == done
    stay = hotel.ledger.stay(terms)
    assert stay.state is end
    if done == "proved":
        assert stay.fee == judged.fee_proven == fee_of(terms, Usage(41_250, usage.began, usage.ended)).total
        assert hotel.ledger.purse(terms.driver).withdrawable == terms.deposit - stay.fee + terms.compensation


def test_a_reading_without_a_record_is_disputed_and_costs_nothing(hotel: Hotel) -> None:
    terms = hotel.booked()
    hotel.until(terms.begin)
    hotel.ledger.act("operator", "start", terms)
    hotel.wait(3_600)
    hotel.ledger.claim("operator", terms, Usage(9_000, terms.begin, terms.begin + 3_600), 12)
    assert judge_reading(hotel.ledger, "driver", terms, [], tag="car", recover=recover).done == "disputed"
    hotel.wait(3 * DAY)
    poke_due(hotel.ledger, "guest", [terms])
    assert hotel.ledger.purse(terms.driver).withdrawable == terms.deposit + terms.compensation


def test_a_receipt_says_what_its_signed_readings_are_worth(hotel: Hotel) -> None:
    terms = hotel.booked()
    hotel.until(terms.begin)
    hotel.ledger.act("operator", "start", terms)
    began = terms.begin + 60
    hotel.wait(3_700)
    assert hotel.ledger.claimed(terms) is None
    hotel.ledger.claim("operator", terms, Usage(9_000, began, began + 3_600), 8)
    stay, whole = hotel.ledger.stay(terms), METER.record("car", began, began + 3_600, 9_000)
    first, last = METER.half(whole, 0, 7), METER.half(whole, 1, 8)

    def found(*texts: str) -> tuple[Usage, Evidence]:
        return metered_of(hotel.ledger, stay, [parse_ocmf(text) for text in texts], tag="car", recover=recover)

    took = Usage(9_000, began, began + 3_600)
    assert found(whole) == found(first, last) == (took, Evidence.WHOLE)
    assert found(last) == (took, Evidence.END_ONLY)
    assert found() == (took, Evidence.NONE)
    assert "weaker evidence" in Evidence.END_ONLY.value
    low = METER.half(METER.record("car", began, began + 3_600, 10, register="0.010"), 1, 8)
    for wrong, why in ((first, "end of the transaction is not signed"), (low, "below the 9000 Wh"),
                       (Meter("M2").record("car", began, began + 3_600, 9_000), "not that of the charge point")):  # fmt: skip
        with pytest.raises(InputError, match=why):
            found(wrong)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda h, q: (replace(q, booking=replace(q.booking, kwh_price=1)), TARIFF, 10**9), "signature"),
        (lambda h, q: (q, replace(TARIFF, kwh=44), 10**9), "document"),
        (lambda h, q: (q, TARIFF, q.booking.deposit - 1), "deposit"),
    ],
)
def test_a_driver_looks_before_it_pays(hotel: Hotel, change: Callable[[Hotel, Any], Any], place: str) -> None:
    quote, tariff, most = change(hotel, hotel.ledger.sign("operator", hotel.terms()))
    with pytest.raises(InputError) as caught:
        accept_quote(hotel.ledger, "driver", quote, tariff, deposit_max=most, recover=recover)
    assert [fault.place for fault in caught.value.faults] == [place]
    assert hotel.ledger.bookings() == []


def test_a_quote_lapses_when_the_prices_change(hotel: Hotel) -> None:
    quote = hotel.ledger.sign("operator", hotel.terms())
    other = replace(TARIFF, kwh=50)
    hotel.ledger.act("host", "set_terms", hotel.point, KEYS.address("operator"), other.document)
    with pytest.raises(InputError, match="not that of the prices shown"):
        accept_quote(hotel.ledger, "driver", quote, TARIFF, deposit_max=10**9, recover=recover)
    with pytest.raises(Reverted, match="prices changed"):
        hotel.ledger.book("driver", quote.booking, quote.signature)


def test_records_that_do_not_prove_are_not_reported(hotel: Hotel) -> None:
    terms = hotel.booked()
    hotel.until(terms.begin)
    hotel.ledger.act("operator", "start", terms)
    hotel.wait(3_600)
    record = parse_ocmf(METER.record("car", terms.begin, terms.begin + 3_600, 99_000, page=12))
    with pytest.raises(InputError, match="more than 22000 W can give"):
        settle_stay(hotel.ledger, "operator", terms, [record], tag="car", recover=recover)
    with pytest.raises(InputError, match="are none"):
        settle_stay(hotel.ledger, "operator", terms, [], tag="car", recover=recover)
    stranger = parse_ocmf(Meter("M2").record("car", terms.begin, terms.begin + 3_600, 9_000))
    with pytest.raises(InputError, match="no meter of this charge point"):
        hotel.ledger.prove("operator", terms, stranger)
    assert hotel.ledger.stay(terms).state is S.CHARGING


def test_what_stands_on_chain_is_read_back(hotel: Hotel) -> None:
    terms = hotel.booked()
    assert hotel.ledger.bookings(point=hotel.point) == hotel.ledger.bookings(driver=terms.driver) == [terms]
    assert hotel.ledger.bookings(driver=bytes(20)) == []
    point = hotel.ledger.point(hotel.point)
    assert (point.rated_w, point.stake_bound, point.payee) == (22_000, terms.compensation, hotel.finance.address)
    assert [meter.key for meter in hotel.ledger.meters(hotel.point)] == [METER.key]
    hotel.ledger.act("host", "cancel", terms)
    assert [(end.state, end.back) for end in hotel.ledger.ends()] == [
        (S.CANCELED_HOST, terms.deposit + terms.compensation)
    ]
    hotel.ledger.allow("host", 10**7, hotel.finance.address)
    hotel.finance.act("host", "buy_out")
    hotel.finance.act("host", "release", hotel.point)
    assert hotel.ledger.point(hotel.point).payee == KEYS.address("host")
