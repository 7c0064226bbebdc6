"""The charging network's money as drivers, hosts, financiers and the central system use it: the contracts behind a
port.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sunfair.charging import Booking, BookingState, FinanceTerms, OcmfRecord, Quote, Usage

__all__ = [
    "ChargePoint",
    "ChargingLedger",
    "EndRecord",
    "FinanceLedger",
    "FinanceStatus",
    "MeterRecord",
    "Purse",
    "StayRecord",
]


@dataclass(frozen=True, slots=True)
class ChargePoint:
    """A charge point as it stands on chain: addresses 20 bytes, the hash of its prices, the host's stake, µ."""

    point: bytes
    host: bytes
    rated_w: int
    operator: bytes
    payee: bytes
    document: bytes
    stake_free: int
    stake_bound: int


@dataclass(frozen=True, slots=True)
class MeterRecord:
    """One of a charge point's meters: key's address, form of records, Wh of its unit, since when, unix s."""

    version: int
    key: bytes
    form: bytes
    wh_scale: int
    since: int


@dataclass(frozen=True, slots=True)
class StayRecord:
    """Where a booking stands: since when, unix s; fee, µ, energy, Wh, and page, as claimed or as it ended."""

    booking: Booking
    state: BookingState
    since: int
    fee: int
    wh: int
    page: int
    extended: bool


@dataclass(frozen=True, slots=True)
class EndRecord:
    """How a booking ended, and when, unix s: what the payee got, and what went back to the driver, µ."""

    id: bytes
    point: bytes
    driver: bytes
    state: BookingState
    wh: int
    fee: int
    back: int
    at: int


@dataclass(frozen=True, slots=True)
class Purse:
    """What a party may withdraw, and what it was paid of all time: µ, µ, Wh."""

    withdrawable: int
    fees: int
    wh: int


class ChargingLedger(Protocol):
    """One charging network. Whoever calls is named by `holder`, as `ports.Keys` knows it.

    Every act returns once the chain has taken it, and raises `Reverted` with the contract's word otherwise.
    """

    @property
    def address(self) -> bytes:
        """The contract's 20-byte address."""
        ...

    @property
    def chain_id(self) -> int:
        """The chain's EIP-155 id."""
        ...

    def now(self) -> int:
        """Timestamp that an act would have now, unix s."""
        ...

    def address_of(self, holder: str) -> bytes:
        """A holder's 20-byte address."""
        ...

    def register(self, holder: str, name: bytes, rated_w: int, operator: bytes, document: bytes) -> bytes:
        """Register a charge point of the holder's; its 32-byte name."""
        ...

    def point(self, point: bytes) -> ChargePoint:
        """A charge point; LedgerError if there is none."""
        ...

    def has_point(self, point: bytes) -> bool:
        """Whether there is a charge point of that name."""
        ...

    def meters(self, point: bytes) -> list[MeterRecord]:
        """A charge point's meters, in order of time."""
        ...

    def taken(self, point: bytes, day: int) -> tuple[int, int]:
        """A day's calendar (unix s // 86400), bit i for its slot i: taken by bookings, kept out by the host."""
        ...

    def sign(self, holder: str, booking: Booking) -> Quote:
        """A quote: the terms with the operator's signature."""
        ...

    def book(self, holder: str, booking: Booking, signature: bytes = b"") -> bytes:
        """Book and pay the deposit in; without a signature it is a request. Returns the booking's id."""
        ...

    def stay(self, booking: Booking) -> StayRecord:
        """Where a booking stands."""
        ...

    def claimed(self, booking: Booking) -> Usage | None:
        """The reading that the host reported last for a booking, None if it has reported none."""
        ...

    def bookings(self, *, point: bytes | None = None, driver: bytes | None = None) -> list[Booking]:
        """All bookings ever asked for, of a charge point or a driver, in order."""
        ...

    def ends(self, *, point: bytes | None = None) -> list[EndRecord]:
        """All bookings that ended, in order."""
        ...

    def claim(self, holder: str, booking: Booking, usage: Usage, page: int) -> None:
        """Report a session's reading."""
        ...

    def prove(self, holder: str, booking: Booking, record: OcmfRecord, *, offline: bool = False) -> None:
        """Settle a stay by a signed record, or (`offline`) show by one that the charge point worked.

        InputError if no meter of the charge point signed it, or a contract cannot read it.
        """
        ...

    def act(self, holder: str, name: str, *arguments: Any) -> None:
        """Any other act of the contract, by its name there; a booking is handed over as its terms."""
        ...

    def purse(self, party: bytes) -> Purse:
        """What a party may withdraw, and what it was paid of all time."""
        ...


@dataclass(frozen=True, slots=True)
class FinanceStatus:
    """A financed installation: terms and parties, what is repaid of what, what was divided so far: µ, Wh; VAT in it,
    µ.
    """

    terms: FinanceTerms
    host: bytes
    financier: bytes
    platform: bytes
    repaid: int
    cap: int
    divided: int
    divided_wh: int
    vat: int


class FinanceLedger(Protocol):
    """One financed installation."""

    @property
    def address(self) -> bytes:
        """The contract's 20-byte address: what a charge point has to name as its payee."""
        ...

    def status(self) -> FinanceStatus:
        """Where it stands."""
        ...

    def dues(self, parties: Sequence[bytes]) -> list[int]:
        """What parties may withdraw, µ."""
        ...

    def act(self, holder: str, name: str, *arguments: Any) -> None:
        """`collect`, `buy_out`, `release`, `withdraw`."""
        ...
