"""A host's prices in its own currency, the worked estimate a driver sees before paying, and the terms made of them.

Prices are whole minor units with VAT in them (cents, fils). A quote turns them into µ of the token at a rate of its
own, and from then on only these µ count: no rate moves what a booking costs.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta

from sunfair.charging.booking import Booking, Usage, fee_of, keccak
from sunfair.charging.money import Taxed, format_minor, minor_digits, taxed
from sunfair.charging.slots import SLOT_SECONDS, SLOTS_MAX
from sunfair.charging.states import GRACE_SECONDS, QUOTE_SECONDS
from sunfair.errors import Fault, InputError
from sunfair.slots import zone
from sunfair.units import BPS

__all__ = ["Ask", "Estimate", "Tariff", "check_tariff", "estimate", "quiet_hours", "quoted", "sentence", "to_minor"]

_PRICE_MAX = 10**9
_OVERSTAY_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices of a charge point, minor units of `currency`, VAT included.

    kwh, minute, session : a kWh, a booked minute, a session; idle : a minute of over-stay after 10 min
    no_show : for staying away or cancelling late; compensation : what the host pays for cancelling or a false reading
    vat_bps : the VAT in all of these; quiet : minutes of the site's day (from, to) without idle fee, e.g. 22–07, or
    None
    free_minutes : a stay can be cancelled for nothing until so long before it begins
    """

    currency: str
    kwh: int
    minute: int = 0
    session: int = 0
    idle: int = 0
    no_show: int = 0
    compensation: int = 0
    vat_bps: int = 0
    quiet: tuple[int, int] | None = None
    free_minutes: int = 60

    @property
    def document(self) -> bytes:
        """The hash that stands on chain for these prices: keccak256 of their JSON with sorted keys and no spaces."""
        return keccak(json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode())


def check_tariff(tariff: Tariff) -> None:
    """InputError naming everything that is wrong with a tariff."""
    faults = []
    minor_digits(tariff.currency)
    for name in ("kwh", "minute", "session", "idle", "no_show", "compensation"):
        if not 0 <= getattr(tariff, name) <= _PRICE_MAX:
            faults.append(Fault(name, f"is {getattr(tariff, name)}", f"must lie in 0 … {_PRICE_MAX} minor units"))
    if not 0 <= tariff.vat_bps < BPS:
        faults.append(Fault("vat_bps", f"is {tariff.vat_bps}", f"must lie in 0 … {BPS - 1}"))
    if not 0 <= tariff.free_minutes <= 30 * 1_440:
        faults.append(Fault("free_minutes", f"is {tariff.free_minutes}", "must lie in 0 … 43200"))
    if tariff.quiet is not None and (len(set(tariff.quiet)) != 2 or not all(0 <= at < 1_440 for at in tariff.quiet)):
        faults.append(Fault("quiet", f"is {tariff.quiet}", "must be two different minutes of the day, 0 … 1439"))
    if faults:
        raise InputError("these prices cannot be charged", faults)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a driver asks a price for: which slots, how much energy at most, Wh, and for whom.

    tag : keccak256 of the identification the meter will sign; rate : µ of the token for one minor unit
    """

    point: bytes
    driver: bytes
    tag: bytes
    first_slot: int
    slots: int
    wh: int
    rate: int
    nonce: int


def quoted(tariff: Tariff, ask: Ask, *, now: int, timezone: str) -> Booking:
    """The terms for what was asked at `now`, unix s, ready to be signed by the charge point's operator.

    The deposit is what the asked energy costs in the whole stay, plus an hour of over-stay where that costs, and at
    least what staying away costs.
    """
    check_tariff(tariff)
    _check_ask(ask)
    rate, begin = ask.rate, ask.first_slot * SLOT_SECONDS
    end = begin + ask.slots * SLOT_SECONDS
    quiet = quiet_hours(tariff, end, timezone)
    most = -(-ask.wh * tariff.kwh // 1_000) + ask.slots * 15 * tariff.minute + tariff.session
    deposit = max(most + _OVERSTAY_MINUTES * tariff.idle, tariff.no_show, 1) * rate
    return Booking(
        ask.point,
        ask.driver,
        ask.tag,
        ask.first_slot,
        ask.slots,
        deposit,
        tariff.kwh * rate,
        tariff.minute * rate,
        tariff.session * rate,
        tariff.idle * rate,
        *quiet,
        tariff.no_show * rate,
        tariff.compensation * rate,
        max(begin - tariff.free_minutes * 60, 0),
        tariff.document,
        now + QUOTE_SECONDS,
        ask.nonce,
    )


def quiet_hours(tariff: Tariff, end: int, timezone: str) -> tuple[int, int]:
    """The quiet hours that hold the first second of over-stay after `end`, or follow it, unix s; (0, 0) without any.

    Local hours on the site's clock: in the night in which the clock is set back they last an hour longer.
    """
    if tariff.quiet is None:
        return 0, 0
    site, over = zone(timezone), datetime.fromtimestamp(end + GRACE_SECONDS, UTC)
    day = over.astimezone(site).date() - timedelta(days=1)
    while True:
        first, last = tariff.quiet
        begins = datetime.combine(day, time(first // 60, first % 60), site)
        ends = datetime.combine(day + timedelta(days=last <= first), time(last // 60, last % 60), site)
        if ends.timestamp() > over.timestamp():
            return int(begins.timestamp()), int(ends.timestamp())
        day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a stay will cost, minor units: for energy, time, the session; in all, with its VAT; and the most it can."""

    energy: int
    time: int
    session: int
    total: Taxed
    most: int
    currency: str


def estimate(tariff: Tariff, booking: Booking, wh: int, rate: int) -> Estimate:
    """The worked example for `wh` taken over the whole stay, half units up; `most` is the deposit."""
    fee = fee_of(booking, Usage(wh, booking.begin, booking.end))
    energy, time_, session = (to_minor(part, rate) for part in (fee.energy, fee.time, fee.session))
    total = taxed(to_minor(fee.total, rate), tariff.vat_bps)
    return Estimate(energy, time_, session, total, to_minor(booking.deposit, rate), tariff.currency)


def to_minor(amount: int, rate: int) -> int:
    """µ ≥ 0 as minor units at a rate, half up."""
    return (2 * amount + rate) // (2 * rate)


def sentence(tariff: Tariff) -> str:
    """The terms in one sentence, to be read before paying."""
    said = [f"{format_minor(tariff.kwh, tariff.currency)} a kWh"]
    named = (("minute", "a booked minute"), ("session", "a session"))
    said += [
        f"{format_minor(getattr(tariff, name), tariff.currency)} {what}"
        for name, what in named
        if getattr(tariff, name)
    ]
    text = f"You pay {', '.join(said)}, VAT included"
    if tariff.idle:
        night = "" if tariff.quiet is None else f" (not {_clock(tariff.quiet[0])}–{_clock(tariff.quiet[1])})"
        text += f"; staying over costs {format_minor(tariff.idle, tariff.currency)} a minute after 10 minutes{night}"
    if tariff.no_show:
        late = f"cancelling in the last {tariff.free_minutes} minutes"
        text += f"; staying away or {late} costs {format_minor(tariff.no_show, tariff.currency)}"
    return text + "; never more than the deposit."


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _check_ask(ask: Ask) -> None:
    bounds = (
        ("slots", ask.slots, 1, SLOTS_MAX, "15 minutes to 24 hours"),
        ("wh", ask.wh, 1, 10**6, "0.001 … 1000 kWh"),
        ("rate", ask.rate, 1, 10**9, "µ of the token for one minor unit"),
    )
    faults = [
        Fault(name, f"is {value}", f"must lie in {low} … {high} ({why})")
        for name, value, low, high, why in bounds
        if not low <= value <= high
    ]
    if faults:
        raise InputError("no price can be given for that", faults)
