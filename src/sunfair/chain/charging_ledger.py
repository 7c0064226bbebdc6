"""`ports.ChargingLedger` on an EVM network: the contract `ChargingNetwork`, every act a transaction."""

from dataclasses import astuple
from typing import Any

from sunfair.chain.contracts import contract
from sunfair.chain.creating import create_contract, play_credit
from sunfair.chain.keys import keccak, recover
from sunfair.chain.network import Network, events
from sunfair.chain.paid_contract import PaidContract
from sunfair.charging import (
    Booking,
    BookingState,
    OcmfRecord,
    Quote,
    Usage,
    check_booking,
    cuts_of,
    form_of,
    pack_cuts,
    recoverable,
)
from sunfair.errors import Fault, InputError, LedgerError, Reverted
from sunfair.ports import Clock, Keys
from sunfair.ports.charging import ChargePoint, EndRecord, MeterRecord, Purse, StayRecord

__all__ = ["ChargingNetwork", "charge_credit", "deploy_charging", "point_of"]

_ASKED, _CLAIMED, _ENDED = (
    keccak(text.encode())
    for text in (
        "Asked(bytes32,bytes32,address,uint256,(bytes32,address,bytes32,uint256,uint256,uint256,uint256,uint256,uint256,"
        "uint256,uint256,uint256,uint256,uint256,uint256,bytes32,uint256,uint256))",
        "Claimed(bytes32,uint256,uint256,uint256,uint256,uint256)",
        "Ended(bytes32,bytes32,address,uint256,uint256,uint256,uint256)",
    )
)


def charge_credit(network: Network, keys: Keys, clock: Clock, *, holder: str = "host") -> tuple[bytes, bytes]:
    """Play money for a local chain: addresses of the asset and of eCharge Credit (ECH) on it."""
    return play_credit(network, keys, clock, holder, name="eCharge Credit", symbol="ECH", use="charging")


def deploy_charging(
    network: Network, keys: Keys, clock: Clock, token: bytes, registrar: bytes = bytes(20), *, holder: str = "host"
) -> bytes:
    """Put a charging network on a chain, in somebody's money; its 20-byte address.

    registrar : who vouches for meters' keys; zeros: each host for its own
    """
    code = contract("OcmfReader").creation()
    reader = create_contract(network, keys, clock, holder, code, key="charging reader")
    code = contract("ChargingNetwork").creation(token, registrar, reader)
    return create_contract(network, keys, clock, holder, code, key=f"charging network {keccak(code)[:8].hex()}")


def point_of(host: bytes, name: str) -> bytes:
    """A charge point's name on chain, 32 bytes: keccak256(abi_encode(host, keccak256(name)))."""
    return keccak(host.rjust(32, b"\0") + keccak(name.encode()))


class ChargingNetwork(PaidContract):
    """A charging network on a chain. Where the chain lets us, blocks are dated by `clock`.

    `asset`: the simulated euro, out of which wallets are filled as needed; None where money is real.
    """

    def __init__(
        self,
        network: Network,
        keys: Keys,
        clock: Clock,
        address: bytes,
        *,
        asset: bytes | None = None,
        first_block: int = 0,
    ) -> None:
        try:
            super().__init__(
                network,
                keys,
                clock,
                address,
                name="ChargingNetwork",
                token="token",
                asset=asset,
                first_block=first_block,
            )
        except Reverted as error:
            raise LedgerError(f"the contract at 0x{address.hex()} is no charging network") from error

    # ── Charge points ─────────────────────────────────────────────────────────────────────────────────────────────────

    def register(self, holder: str, name: bytes, rated_w: int, operator: bytes, document: bytes) -> bytes:
        """Register a charge point of the holder's; its 32-byte name."""
        told = name, rated_w, operator, document
        receipt = self._call(holder, "register", *told)
        made = [event for event in events(self._abi, receipt.logs, self._address) if event.name == "PointRegistered"]
        return bytes(made[0].args["point"])

    def point(self, point: bytes) -> ChargePoint:
        """A charge point; LedgerError if there is none."""
        host, rated_w = self._views("point", point)
        if not any(host):
            raise LedgerError(f"the network at 0x{self._address.hex()} has no charge point 0x{point.hex()}")
        operator, payee, document = (
            bytes(self._view(name, point)) for name in ("operator_of", "payee_of", "document_of")
        )
        free, bound = self._views("stake", point)
        return ChargePoint(point, bytes(host), rated_w, operator, payee, document, free, bound)

    def has_point(self, point: bytes) -> bool:
        """Whether there is a charge point of that name."""
        return any(self._views("point", point)[0])

    def meters(self, point: bytes) -> list[MeterRecord]:
        """A charge point's meters, in order of time."""
        found = []
        for version in range(int(self._view("meter_count", point))):
            key, since, scale = self._views("meter", point, version)
            found.append(MeterRecord(version, bytes(key), bytes(self._view("form_of", point, version)), scale, since))
        return found

    def taken(self, point: bytes, day: int) -> tuple[int, int]:
        """A day's calendar (unix s // 86400), bit i for its slot i: taken by bookings, kept out by the host."""
        taken, blocked = self._views("day", point, day)
        return int(taken), int(blocked)

    # ── Bookings ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def sign(self, holder: str, booking: Booking) -> Quote:
        """A quote: the terms with the operator's signature. InputError for terms the contract would refuse."""
        check_booking(booking, self.now())
        return Quote(booking, self._keys.sign(holder, booking.digest(self.chain_id, self._address)))

    def book(self, holder: str, booking: Booking, signature: bytes = b"") -> bytes:
        """Book and pay the deposit in; without a signature it is a request. Returns the booking's id."""
        self.allow(holder, booking.deposit)
        self.act(holder, "book", booking, signature)
        return booking.id

    def stay(self, booking: Booking) -> StayRecord:
        """Where a booking stands."""
        state, *told = self._views("stay", booking.id)
        return StayRecord(booking, BookingState(state), *told)

    def claimed(self, booking: Booking) -> Usage | None:
        """The reading that the host reported last for a booking, None if it has reported none."""
        found = [args for args, _ in self._logged(_CLAIMED) if bytes(args["id"]) == booking.id]
        return Usage(*(int(found[-1][name]) for name in ("wh", "began", "ended"))) if found else None

    def bookings(self, *, point: bytes | None = None, driver: bytes | None = None) -> list[Booking]:
        """All bookings ever asked for, of a charge point or a driver, in order."""
        found = [Booking(*args["terms"]) for args, _ in self._logged(_ASKED)]
        return [b for b in found if point in (None, b.point) and driver in (None, b.driver)]

    def ends(self, *, point: bytes | None = None) -> list[EndRecord]:
        """All bookings that ended, in order."""
        found = []
        for args, at in self._logged(_ENDED):
            id_, place, driver = (bytes(args[name]) for name in ("id", "point", "driver"))
            wh, fee, back = (int(args[name]) for name in ("wh", "fee", "back"))
            found.append(EndRecord(id_, place, driver, BookingState(args["state"]), wh, fee, back, at))
        return [end for end in found if point in (None, end.point)]

    def claim(self, holder: str, booking: Booking, usage: Usage, page: int) -> None:
        """Report a session's reading."""
        self.act(holder, "stop", booking, usage.wh, usage.began, usage.ended, page)

    def prove(self, holder: str, booking: Booking, record: OcmfRecord, *, offline: bool = False) -> None:
        """Settle a stay by a signed record, or (`offline`) show by one that the charge point worked.

        InputError if no meter of the charge point signed it, or a contract cannot read it.
        """
        self.act(holder, "refute_offline" if offline else "prove", booking, self.shown(booking.point, record))

    def shown(self, point: bytes, record: OcmfRecord) -> tuple[int, int, bytes, bytes]:
        """A record as the contract takes it: meter's version, cuts, signature, payload. InputError as in `prove`."""
        cuts = cuts_of(record)
        begin, form = record.readings[0].time, form_of(record.payload, cuts)
        for meter in reversed(self.meters(point)):
            signature = recoverable(record.payload, record.signature, recover, meter.key)
            if signature is None or meter.since > begin:
                continue
            if meter.form != form:
                what = "is in another form than was vouched for: unit, status or text differ"
                raise InputError("the record proves nothing on chain", [Fault("record", what)])
            return meter.version, pack_cuts(cuts), signature, record.payload
        fault = Fault("record", "is signed by no meter of this charge point of that time")
        raise InputError("the record proves nothing on chain", [fault])

    def act(self, holder: str, name: str, *arguments: Any) -> None:
        """Any other act of the contract, by its name there; a booking is handed over as its terms."""
        if name == "add_stake":
            self.allow(holder, arguments[1])
        plain = [astuple(value) if isinstance(value, Booking) else value for value in arguments]
        self._call(holder, name, *plain)

    # ── Money ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def purse(self, party: bytes) -> Purse:
        """What a party may withdraw, and what it was paid of all time."""
        return Purse(*self._views("purse", party))

    def _logged(self, topic: bytes) -> list[tuple[Any, int]]:
        found = []
        for logged in self._network.logs(self._address, [topic], first=self._first):
            event = self._abi.event(logged.log.topics, logged.log.data)
            if event is not None:
                found.append((event.args, logged.timestamp))
        return found

    def _view(self, name: str, *arguments: Any) -> Any:
        return self._views(name, *arguments)[0]
