"""A transaction on its way, as a value and as lines of an outbox."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sunfair.chain.fees import Fees
from sunfair.chain.keys import keccak
from sunfair.chain.transactions import Transaction

__all__ = ["Attempt", "Entry", "Place", "changed", "entry_of", "lines_of", "mined_line", "replaced_line"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed version of a transaction; its versions differ in fees alone. `at` is unix s."""

    fees: Fees
    signature: bytes
    at: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block holds a version of a transaction, and whether the contract took it."""

    hash: bytes
    number: int
    block_hash: bytes
    status: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A transaction on its way. `key` is its natural key, empty if it has none; the rest never changes but for:

    `attempts` (the newest last), `mined` (None while no block holds it), `delivered` (its caller was told), `final`
    (too deep to vanish), `dropped` (it can never count: its nonce went to another).
    """

    number: int
    key: str
    sender: bytes
    nonce: int
    to: bytes | None
    data: bytes
    value: int
    gas: int
    blobs: tuple[bytes, ...]
    blob_hashes: tuple[bytes, ...]
    attempts: tuple[Attempt, ...]
    mined: Place | None = None
    delivered: bool = False
    final: bool = False
    dropped: bool = False

    @property
    def open(self) -> bool:
        """Whether it still has to get into a block."""
        return self.mined is None and not self.dropped

    def transaction(self, chain_id: int, fees: Fees) -> Transaction:
        """Its version with these fees."""
        prices = fees.max_fee, fees.tip, fees.blob_fee
        return Transaction(
            chain_id, self.nonce, self.to, self.data, self.value, self.gas, *prices, blob_hashes=self.blob_hashes
        )

    def raw(self, chain_id: int, attempt: Attempt) -> bytes:
        """The bytes of one version, without blobs: their keccak is its hash."""
        return self.transaction(chain_id, attempt.fees).raw(attempt.signature)

    def hashes(self, chain_id: int) -> list[bytes]:
        """The hashes of all versions, the newest first."""
        return [keccak(self.raw(chain_id, attempt)) for attempt in reversed(self.attempts)]

    def asks_for(
        self, sender: bytes, to: bytes | None, data: bytes, value: int = 0, blobs: tuple[bytes, ...] = ()
    ) -> bool:
        """Whether it does exactly this."""
        return (self.sender, self.to, self.data, self.value, self.blobs) == (sender, to, data, value, blobs)


def changed(entry: Entry, line: Mapping[str, Any]) -> Entry:
    """What an entry is after a line about it; ValueError or KeyError if the line says nothing we know."""
    match line["event"]:
        case "replaced":
            return replace(entry, attempts=(*entry.attempts, _attempt_of(line)))
        case "mined":
            place = Place(_bytes(line["hash"]), int(line["number"]), _bytes(line["block_hash"]), bool(line["status"]))
            return replace(entry, mined=place)
        case "lost":
            return replace(entry, mined=None)
        case "delivered":
            return replace(entry, delivered=True)
        case "final":
            return replace(entry, final=True)
        case "dropped":
            return replace(entry, dropped=True)
    raise ValueError(f"unknown event {line['event']!r}")


def lines_of(entry: Entry) -> list[dict[str, Any]]:
    """The lines that make an entry from nothing: `signed`, then what changed since."""
    lines = [_signed(entry)]
    lines += [replaced_line(attempt) for attempt in entry.attempts[1:]]
    lines += [mined_line(entry.mined)] if entry.mined is not None else []
    flags = {"delivered": entry.delivered, "final": entry.final, "dropped": entry.dropped}
    lines += [{"event": event} for event, happened in flags.items() if happened]
    return [{**line, "entry": entry.number} for line in lines]


def replaced_line(attempt: Attempt) -> dict[str, Any]:
    """The line that adds a version."""
    return {**_attempt(attempt), "event": "replaced"}


def mined_line(place: Place) -> dict[str, Any]:
    """The line that says where it stands."""
    return {
        "event": "mined",
        "hash": _hex(place.hash),
        "number": place.number,
        "block_hash": _hex(place.block_hash),
        "status": int(place.status),
    }


def _signed(entry: Entry) -> dict[str, Any]:
    return {
        "event": "signed",
        "key": entry.key,
        "sender": _hex(entry.sender),
        "nonce": entry.nonce,
        "to": None if entry.to is None else _hex(entry.to),
        "data": _hex(entry.data),
        "value": entry.value,
        "gas": entry.gas,
        "blobs": [_hex(blob) for blob in entry.blobs],
        "blob_hashes": [_hex(item) for item in entry.blob_hashes],
        **_attempt(entry.attempts[0]),
    }


def entry_of(line: Mapping[str, Any]) -> Entry:
    """The entry that a `signed` line began; ValueError, KeyError or TypeError if it is none."""
    return Entry(
        number=int(line["entry"]),
        key=str(line["key"]),
        sender=_bytes(line["sender"]),
        nonce=int(line["nonce"]),
        to=None if line["to"] is None else _bytes(line["to"]),
        data=_bytes(line["data"]),
        value=int(line["value"]),
        gas=int(line["gas"]),
        blobs=tuple(_bytes(blob) for blob in line["blobs"]),
        blob_hashes=tuple(_bytes(item) for item in line["blob_hashes"]),
        attempts=(_attempt_of(line),),
    )


def _attempt(attempt: Attempt) -> dict[str, Any]:
    fees = attempt.fees
    return {
        "fees": [fees.max_fee, fees.tip, fees.blob_fee],
        "signature": _hex(attempt.signature),
        "at": attempt.at,
    }


def _attempt_of(line: Mapping[str, Any]) -> Attempt:
    max_fee, tip, blob_fee = (int(fee) for fee in line["fees"])
    return Attempt(Fees(max_fee, tip, blob_fee), _bytes(line["signature"]), int(line["at"]))


def _bytes(text: str) -> bytes:
    if not text.startswith("0x"):
        raise ValueError(f"{text[:20]!r} is not 0x and hexadecimal digits")
    return bytes.fromhex(text[2:])


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
