"""Blobs (EIP-4844): bytes as field elements, what a transaction with blobs sends beside itself, reading them back.

A blob has 4096 field elements of 32 bytes, of which 31 are ours: an element must stay below the field's order. The
first four bytes say how many follow, so that what comes back ends where it ended.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from sunfair.chain import rlp
from sunfair.chain.rpc import JsonRpc, octets
from sunfair.errors import LedgerError

__all__ = [
    "BLOBS_MAX",
    "BLOB_BYTES",
    "GAS_PER_BLOB",
    "Sidecar",
    "blobs_needed",
    "fetch_blobs",
    "from_blobs",
    "sidecar",
    "to_blobs",
]

_ELEMENTS, _USABLE, _LENGTH = 4096, 31, 4

GAS_PER_BLOB = 131_072
"""Blob gas of one blob (EIP-4844)."""

BLOB_BYTES = _ELEMENTS * _USABLE
"""Bytes of ours in one blob."""

BLOBS_MAX = 6
"""Most blobs of one transaction (EIP-7594)."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """Blobs with what proves them to a node: their versioned hashes, commitments, and one proof a blob."""

    blobs: tuple[bytes, ...]
    hashes: tuple[bytes, ...]
    commitments: tuple[bytes, ...]
    proofs: tuple[bytes, ...]

    def wrap(self, body: rlp.Item, *, cells: bool) -> bytes:
        """A signed transaction's fields as they are sent: with one proof a cell (since Osaka), or one a blob."""
        version: list[rlp.Item] = [b"\1"] if cells else []
        proofs = [proof for blob in self.blobs for proof in _cell_proofs(blob)] if cells else self.proofs
        return b"\3" + rlp.encode([body, *version, self.blobs, self.commitments, proofs])


def blobs_needed(size: int) -> int:
    """How many blobs hold `size` bytes."""
    return -(-(size + _LENGTH) // BLOB_BYTES)


def to_blobs(data: bytes) -> tuple[bytes, ...]:
    """`data` as blobs of 131,072 bytes; ValueError if one transaction cannot carry them."""
    count = blobs_needed(len(data))
    if count > BLOBS_MAX:
        raise ValueError(f"{len(data)} bytes need {count} blobs, a transaction carries at most {BLOBS_MAX}")
    framed = (len(data).to_bytes(_LENGTH) + data).ljust(count * BLOB_BYTES, b"\0")
    elements = (b"\0" + framed[start : start + _USABLE] for start in range(0, len(framed), _USABLE))
    whole = b"".join(elements)
    size = _ELEMENTS * 32
    return tuple(whole[start : start + size] for start in range(0, len(whole), size))


def from_blobs(blobs: Sequence[bytes]) -> bytes:
    """The bytes that `to_blobs` wrote; ValueError if these blobs hold something else."""
    whole = b"".join(blobs)
    if not blobs or any(len(blob) != _ELEMENTS * 32 for blob in blobs) or any(whole[::32]):
        raise ValueError("these are no blobs of ours: wrong length, or a field element uses its highest byte")
    framed = b"".join(whole[start + 1 : start + 32] for start in range(0, len(whole), 32))
    length = int.from_bytes(framed[:_LENGTH])
    data, rest = framed[_LENGTH : _LENGTH + length], framed[_LENGTH + length :]
    if len(data) < length or any(rest) or blobs_needed(length) != len(blobs):
        raise ValueError("these are no blobs of ours: the length in front is not that of the data")
    return data


@lru_cache(maxsize=2)
def sidecar(blobs: tuple[bytes, ...]) -> Sidecar:
    """Commitments and proofs of blobs; the first call loads the trusted setup, a second or more."""
    kzg, setup = _kzg()
    commitments = tuple(kzg.blob_to_kzg_commitment(blob, setup) for blob in blobs)
    pairs = zip(blobs, commitments, strict=True)
    proofs = tuple(kzg.compute_blob_kzg_proof(blob, commitment, setup) for blob, commitment in pairs)
    return Sidecar(blobs, tuple(_versioned(commitment) for commitment in commitments), commitments, proofs)


def versioned_hashes(blobs: Sequence[bytes]) -> tuple[bytes, ...]:
    """The hash by which a transaction names each blob: 0x01, then the commitment's SHA-256 but for its first byte."""
    kzg, setup = _kzg()
    return tuple(_versioned(kzg.blob_to_kzg_commitment(blob, setup)) for blob in blobs)


def _versioned(commitment: bytes) -> bytes:
    return b"\1" + hashlib.sha256(commitment).digest()[1:]


@lru_cache(maxsize=BLOBS_MAX)
def _cell_proofs(blob: bytes) -> tuple[bytes, ...]:
    kzg, setup = _kzg()
    return tuple(kzg.compute_cells_and_kzg_proofs(blob, setup)[1])


@cache
def _kzg() -> tuple[Any, Any]:
    """The library of the KZG commitments, and the points of its ceremony, which come with eth-account."""
    from eth_account.typed_transactions.base import TRUSTED_SETUP  # noqa: PLC0415

    kzg = import_module("ckzg")
    return kzg, kzg.load_trusted_setup(TRUSTED_SETUP, 0)


def fetch_blobs(beacon: JsonRpc, block: str, hashes: Sequence[bytes]) -> tuple[bytes, ...]:
    """The blobs of these versioned hashes from a beacon node (`/eth/v1/beacon/blobs`); `block` is its slot or root.

    LedgerError if it has not exactly them: every blob is checked against its hash. Beacon nodes keep blobs for about 18
    days; what must be readable longer belongs in calldata or an archive.
    """
    wanted = ",".join("0x" + item.hex() for item in hashes)
    answer = beacon.get(f"/eth/v1/beacon/blobs/{block}?versioned_hashes={wanted}")
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list):
        raise LedgerError(f"{beacon.place} gives no blobs of block {block}: it is no beacon node, or has dropped them")
    found = tuple(octets(entry, "blob", _ELEMENTS * 32) for entry in data)
    by_hash = dict(zip(versioned_hashes(found), found, strict=True))
    missing = [item for item in hashes if item not in by_hash]
    if missing:
        raise LedgerError(
            f"{beacon.place} has not the blob 0x{missing[0].hex()} of block {block}; blobs are kept for about 18 days: "
            "ask an archive of blobs"
        )
    return tuple(by_hash[item] for item in hashes)
