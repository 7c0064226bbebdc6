"""The terms of one booking as host and driver fix them, what is signed of them, and what a session costs under them.

The twin of ``contracts/ChargingNetwork.vy``, field by field; the rules stand in docs/charging-spec.md. Amounts are µ
of the token, energy Wh, times unix seconds, slots quarter-hours in UTC.
"""

from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import NamedTuple

from sha3 import keccak_256

from sunfair.charging.slots import SLOT_SECONDS, SLOTS_MAX
from sunfair.charging.states import EARLY_SECONDS, GRACE_SECONDS, QUOTE_SECONDS
from sunfair.errors import Fault, InputError

__all__ = [
    "AMOUNT_MAX",
    "BOOKING_TYPE",
    "EXTENSION_SLOTS",
    "Booking",
    "Fee",
    "Quote",
    "Recover",
    "Usage",
    "check_booking",
    "check_quote",
    "fee_of",
    "keccak",
    "left_wh",
]

AMOUNT_MAX = 2**62
"""No amount of money is larger, µ."""

PRICE_MAX = 10**12
"""No price is larger, µ a kWh, a minute."""

WH_MAX = 10**9
"""No session delivers more, Wh."""

EXTENSION_SLOTS = 2
"""What an extension of the hold moves the end by, if the calendar is free there: 30 min."""

BOOKING_TYPE = (
    "Booking(bytes32 point,address driver,bytes32 tag,uint256 first_slot,uint256 slots,uint256 deposit,"
    "uint256 kwh_price,uint256 minute_price,uint256 session_fee,uint256 idle_price,uint256 quiet_from,uint256 quiet_to,"
    "uint256 no_show_fee,uint256 compensation,uint256 free_until,bytes32 document,uint256 expires,uint256 nonce)"
)
_DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"

Recover = Callable[[bytes, bytes], bytes]
"""The 20-byte address that signed a 32-byte digest with r ‖ s ‖ v; ValueError if nobody did (`chain.recover`)."""


def keccak(data: bytes) -> bytes:
    """Keccak-256 as Ethereum has it."""
    digest: bytes = keccak_256(data).digest()
    return digest


@dataclass(frozen=True, slots=True)
class Booking:
    """One stay at one charge point, fields in the contract's order.

    point : 32-byte name of the charge point; driver : 20-byte address
    tag : keccak256 of the identification that the meter signs for this stay, fresh for each booking
    first_slot, slots : which quarter-hours; deposit : the most the stay can cost
    kwh_price : µ/kWh; minute_price : µ/min while booked; session_fee : µ once; idle_price : µ/min of over-stay
    quiet_from, quiet_to : no idle fee between these instants (equal: never)
    no_show_fee : for staying away, cancelling after `free_until`, or a dispute lost; at most the deposit
    compensation : out of the host's stake, for a cancellation by the host or a reading that was false
    document : hash of the tariff in words; expires : until when the quote may be used; nonce : the quote's own number
    """

    point: bytes
    driver: bytes
    tag: bytes
    first_slot: int
    slots: int
    deposit: int
    kwh_price: int
    minute_price: int
    session_fee: int
    idle_price: int
    quiet_from: int
    quiet_to: int
    no_show_fee: int
    compensation: int
    free_until: int
    document: bytes
    expires: int
    nonce: int

    @property
    def begin(self) -> int:
        """When the first slot begins."""
        return self.first_slot * SLOT_SECONDS

    @property
    def end(self) -> int:
        """When the last slot ends."""
        return (self.first_slot + self.slots) * SLOT_SECONDS

    @property
    def id(self) -> bytes:
        """What the booking is known by: the EIP-712 hash of its terms."""
        words = (v.rjust(32, b"\0") if isinstance(v, bytes) else v.to_bytes(32, "big") for v in astuple(self))
        return keccak(keccak(BOOKING_TYPE.encode()) + b"".join(words))

    def digest(self, chain_id: int, contract: bytes) -> bytes:
        """What the charge point's operator signs: EIP-712, domain `Sunfair Charging`, version 1, that contract."""
        domain = keccak(
            keccak(_DOMAIN_TYPE.encode())
            + keccak(b"Sunfair Charging")
            + keccak(b"1")
            + chain_id.to_bytes(32, "big")
            + contract.rjust(32, b"\0")
        )
        return keccak(b"\x19\x01" + domain + self.id)


@dataclass(frozen=True, slots=True)
class Quote:
    """Terms with the operator's signature, r ‖ s ‖ v."""

    booking: Booking
    signature: bytes


class Usage(NamedTuple):
    """What a session took: energy, Wh, and its first and last second, unix s."""

    wh: int
    began: int
    ended: int


@dataclass(frozen=True, slots=True)
class Fee:
    """What a session costs, µ, part by part; `total` is cut at the deposit, `full` is not."""

    energy: int
    time: int
    session: int
    idle: int
    deposit: int

    @property
    def full(self) -> int:
        """Without the cap."""
        return self.energy + self.time + self.session + self.idle

    @property
    def total(self) -> int:
        """What is paid."""
        return min(self.full, self.deposit)


def fee_of(booking: Booking, usage: Usage, *, extended: bool = False) -> Fee:
    """The price of a session. Every part is rounded down, for the driver; without a Wh only an over-stay costs."""
    end = booking.end + (EXTENSION_SLOTS * SLOT_SECONDS if extended else 0)
    minutes = max(min(usage.ended, end) - usage.began, 0) // 60
    over = end + GRACE_SECONDS
    loud = max(usage.ended - over, 0) - _overlap(over, usage.ended, booking.quiet_from, booking.quiet_to)
    charged = usage.wh > 0
    return Fee(
        usage.wh * booking.kwh_price // 1_000,
        minutes * booking.minute_price * charged,
        booking.session_fee * charged,
        loud // 60 * booking.idle_price,
        booking.deposit,
    )


def left_wh(booking: Booking, began: int, until: int, *, extended: bool = False) -> int:
    """How much a session that goes on until `until` may take in all before its cost reaches the deposit, Wh.

    The central system stops there; what flows beyond is the host's loss, never the driver's.
    """
    rest = booking.deposit - fee_of(booking, Usage(1, began, until), extended=extended).full
    rest += booking.kwh_price // 1_000
    if rest < 0:
        return 0
    # The largest number of Wh whose price, rounded down, is still within the rest.
    return min(((rest + 1) * 1_000 - 1) // booking.kwh_price, WH_MAX) if booking.kwh_price else WH_MAX


def check_booking(booking: Booking, now: int) -> None:
    """InputError naming everything for which the contract would refuse these terms at `now`, unix s."""
    b, faults = booking, []
    bounds = (
        ("slots", b.slots, 1, SLOTS_MAX),
        ("deposit", b.deposit, 1, AMOUNT_MAX),
        ("no_show_fee", b.no_show_fee, 0, b.deposit),
        ("compensation", b.compensation, 0, AMOUNT_MAX),
        ("session_fee", b.session_fee, 0, AMOUNT_MAX),
        ("kwh_price", b.kwh_price, 0, PRICE_MAX),
        ("minute_price", b.minute_price, 0, PRICE_MAX),
        ("idle_price", b.idle_price, 0, PRICE_MAX),
        ("quiet_to", b.quiet_to, b.quiet_from, 2**40),
        ("expires", b.expires, now, now + QUOTE_SECONDS),
    )
    for name, value, low, high in bounds:
        if not low <= value <= high:
            faults.append(Fault(name, f"is {value}", f"must lie in {low} … {high}"))
    if b.end <= now + EARLY_SECONDS or b.first_slot > now // SLOT_SECONDS + 400 * 96:
        faults.append(Fault("first_slot", "is over, or more than 400 days ahead", "book a stay to come"))
    for name, data, size in (("point", b.point, 32), ("driver", b.driver, 20), ("tag", b.tag, 32)):
        if len(data) != size or not any(data):
            faults.append(Fault(name, f"has {len(data)} bytes or is zero", f"must be {size} bytes"))
    if faults:
        raise InputError("the stay cannot be booked on these terms", faults)


def check_quote(quote: Quote, *, operator: bytes, chain_id: int, contract: bytes, now: int, recover: Recover) -> None:
    """InputError unless the charge point's operator (20 bytes) signed exactly these terms and they still hold."""
    check_booking(quote.booking, now)
    try:
        signer = recover(quote.booking.digest(chain_id, contract), quote.signature)
    except ValueError:
        signer = b""
    if signer != operator:
        fault = Fault("signature", "is not the charge point's operator's on these terms", "ask for a quote anew")
        raise InputError("the quote is not genuine", [fault])


def _overlap(a: int, b: int, low: int, high: int) -> int:
    """Seconds that [a, b) and [low, high) share."""
    return max(min(b, high) - max(a, low), 0)
