"""Use cases of the charging network: what a host, a driver's agent and a financier do about a stay, with whatever
ledger.

The central system calls the host's part; a driver's agent the driver's. Nothing here trusts the other side: a driver
looks at what it signs away before it pays, and at every reading before its time to dispute is over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sunfair.charging import (
    Booking,
    BookingState,
    Expected,
    Finance,
    OcmfRecord,
    Payoff,
    Proof,
    Quote,
    Recover,
    Stay,
    Tariff,
    check_quote,
    check_session,
    falls_to,
    fee_of,
    payoff,
)
from sunfair.charging.booking import EXTENSION_SLOTS
from sunfair.charging.slots import SLOT_SECONDS
from sunfair.charging.states import EARLY_SECONDS
from sunfair.errors import Fault, InputError
from sunfair.ports.charging import ChargingLedger, EndRecord, FinanceStatus, StayRecord

__all__ = [
    "Judged",
    "PointStatement",
    "accept_quote",
    "expected_of",
    "finance_of",
    "judge_reading",
    "payoff_of",
    "point_statement",
    "poke_due",
    "settle_stay",
    "stay_times",
]

_S = BookingState


def accept_quote(
    ledger: ChargingLedger, holder: str, quote: Quote, tariff: Tariff, *, deposit_max: int, recover: Recover
) -> bytes:
    """Book on a quote, after looking at it as a driver has to; the booking's id.

    InputError if the operator of the charge point did not sign it, its prices are not those of `tariff`, the host's
    stake does not cover what it promises, or the deposit is above `deposit_max`, µ.
    """
    booking = quote.booking
    point = ledger.point(booking.point)
    check_quote(
        quote,
        operator=point.operator,
        chain_id=ledger.chain_id,
        contract=ledger.address,
        now=ledger.now(),
        recover=recover,
    )
    faults = []
    if booking.document != tariff.document or point.document != tariff.document:
        faults.append(Fault("document", "is not that of the prices shown", "read the prices anew"))
    if booking.deposit > deposit_max:
        faults.append(Fault("deposit", f"is {booking.deposit} µ, the most is {deposit_max} µ", "ask for less energy"))
    if booking.driver != ledger.address_of(holder):
        faults.append(Fault("driver", f"is 0x{booking.driver.hex()}", "a quote is for whom asked for it"))
    if point.stake_free < booking.compensation:
        faults.append(Fault("compensation", "is not covered by the host's stake", "choose another charge point"))
    if faults:
        raise InputError("the quote is not taken", faults)
    return ledger.book(holder, booking, quote.signature)


def stay_times(stay: StayRecord) -> Stay:
    """What time needs to know of a booking."""
    end = stay.booking.end + (EXTENSION_SLOTS * SLOT_SECONDS if stay.extended else 0)
    return Stay(stay.state, stay.since, stay.booking.begin, end, stay.extended)


def expected_of(
    ledger: ChargingLedger,
    stay: StayRecord,
    began: int,
    *,
    tag: str | None,
    page_after: int = -1,
    meter: str | None = None,
) -> Expected:
    """What the records of a stay's session must fit to, if it began at `began`, unix s: the meter is that of its time.

    InputError if the charge point had none then.
    """
    meters = [found for found in ledger.meters(stay.booking.point) if found.since <= began]
    if not meters:
        fault = Fault("meter", "is not known for that time", "name a charge point's meter before it is used")
        raise InputError("nothing can be proven of that session", [fault])
    times, rated_w = stay_times(stay), ledger.point(stay.booking.point).rated_w
    begin, end = times.begin - EARLY_SECONDS, times.end - EARLY_SECONDS
    return Expected(meters[-1].key, tag, begin, end, ledger.now() + EARLY_SECONDS, rated_w, None, meter, page_after)


def settle_stay(
    ledger: ChargingLedger,
    holder: str,
    booking: Booking,
    records: Sequence[OcmfRecord],
    *,
    tag: str,
    recover: Recover,
    start: tuple[int, int] | None = None,
) -> Proof:
    """The host's side: check a session's records and report what they say. Returns what they prove.

    Done once, however often it is asked for: a stay that is not CHARGING is left alone. start : as in `check_session`.
    InputError, and nothing is reported, if the records do not prove the session.
    """
    stay = ledger.stay(booking)
    if not records:
        raise InputError("nothing is reported", [Fault("records", "are none", "what has no record cannot be shown")])
    began = start[0] if start else records[0].readings[0].time
    proof = check_session(records, expected_of(ledger, stay, began, tag=tag), recover, start=start)
    if proof.usage is None:
        raise InputError("the records do not prove the session", [Fault("record", fault) for fault in proof.faults])
    if stay.state is _S.CHARGING:
        ledger.claim(holder, booking, proof.usage, proof.page)
    return proof


@dataclass(frozen=True, slots=True)
class Judged:
    """What a driver's agent found of a claimed reading, and what it did: "agreed", "disputed", "proved" or "waits"."""

    done: str
    fee_claimed: int
    fee_proven: int | None
    faults: tuple[str, ...] = ()


def judge_reading(
    ledger: ChargingLedger,
    holder: str,
    booking: Booking,
    records: Sequence[OcmfRecord],
    *,
    tag: str,
    recover: Recover,
    start: tuple[int, int] | None = None,
) -> Judged:
    """The driver's side: hold a claimed reading against the signed records, and prove or dispute what is too high.

    Without a record that proves, the reading is disputed: whoever claims has to show. A record that a contract can read
    settles at once; another one leads to a dispute. start : as in `check_session`, if the driver saw the beginning
    itself and its charge point signs only the end.
    """
    stay = ledger.stay(booking)
    if stay.state is not _S.CHALLENGE:
        return Judged("waits", stay.fee, None)
    if not records:
        ledger.act(holder, "dispute", booking)
        return Judged("disputed", stay.fee, None, ("no record was shown",))
    expected = expected_of(ledger, stay, start[0] if start else records[0].readings[0].time, tag=tag)
    proof = check_session(records, expected, recover, start=start)
    if proof.usage is None:
        ledger.act(holder, "dispute", booking)
        return Judged("disputed", stay.fee, None, proof.faults)
    fee = fee_of(booking, proof.usage, extended=stay.extended).total
    if fee >= stay.fee and proof.page == stay.page:
        return Judged("agreed", stay.fee, fee)
    if proof.page == stay.page and len(records) == 1:
        try:
            ledger.prove(holder, booking, records[0])
            return Judged("proved", stay.fee, fee)
        except InputError:
            pass  # true, and a contract cannot read it: then the host has to show
    ledger.act(holder, "dispute", booking)
    return Judged("disputed", stay.fee, fee)


def poke_due(ledger: ChargingLedger, holder: str, bookings: Iterable[Booking]) -> list[tuple[Booking, BookingState]]:
    """Point out what time has done: every booking that is due ends. Anyone's; returns which ended how."""
    done = []
    for booking in bookings:
        to = falls_to(stay_times(ledger.stay(booking)), ledger.now())
        if to is not None:
            ledger.act(holder, "poke", booking)
            done.append((booking, to))
    return done


@dataclass(frozen=True, slots=True)
class PointStatement:
    """A charge point over a time: how its stays ended, what they brought, µ, and delivered, Wh."""

    ends: tuple[EndRecord, ...]
    fees: int
    wh: int

    def count(self, state: BookingState) -> int:
        """How many ended so."""
        return sum(end.state is state for end in self.ends)


def point_statement(ledger: ChargingLedger, point: bytes, since: int, until: int) -> PointStatement:
    """What happened at a charge point in [since, until), unix s."""
    ends = tuple(end for end in ledger.ends(point=point) if since <= end.at < until)
    return PointStatement(ends, sum(end.fee for end in ends), sum(end.wh for end in ends))


def finance_of(status: FinanceStatus) -> Finance:
    """A financed installation as the pure room counts it."""
    return Finance(status.terms, status.repaid)


def payoff_of(status: FinanceStatus, statement: PointStatement, days: int) -> Payoff:
    """When it will be repaid if every day brings what the days of the statement brought."""
    if days <= 0 or not statement.wh:
        return Payoff(0 if status.repaid >= status.cap else None, 0)
    per_kwh = statement.fees * 1_000 // statement.wh
    return payoff(finance_of(status), wh_per_day=statement.wh // days, kwh_price=per_kwh)
