"""The signed messages, as EIP-712 typed data: `Offer` by a home, `Receipt` by the operator, `Reading` by a meter.

Digests are made for many accounts at once; they equal those of any EIP-712 library for the same message.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.model import Curves
from sunfair.settlement.hashing import hash_rows, int64_bytes, keccak

__all__ = [
    "DOMAIN_TYPE",
    "OFFER_TYPE",
    "READING_TYPE",
    "RECEIPT_TYPE",
    "Domain",
    "offer_digests",
    "reading_digests",
    "receipt_digests",
]

STEP_TYPE = "Step(int64 energy_wh,int64 limit)"
OFFER_TYPE = (
    "Offer(bytes32 community,uint32 account,uint64 first_slot,uint64 last_slot,Step[] steps,"
    "int64 pool_buy,int64 pool_sell,uint64 nonce)" + STEP_TYPE
)
RECEIPT_TYPE = "Receipt(bytes32 offer,uint64 first_slot,uint64 last_slot)"
READING_TYPE = "Reading(bytes32 community,uint32 account,uint64 slot,uint64 import_wh,uint64 export_wh)"
DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"

_STEP_HASH, _OFFER_HASH = keccak(STEP_TYPE.encode()), keccak(OFFER_TYPE.encode())
_RECEIPT_HASH, _READING_HASH = keccak(RECEIPT_TYPE.encode()), keccak(READING_TYPE.encode())


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature counts: one community, at one market contract (20-byte address), on one chain."""

    community: str
    chain_id: int
    market: bytes

    @property
    def community_id(self) -> bytes:
        """Keccak-256 of the community's name, UTF-8."""
        return keccak(self.community.encode())

    @property
    def separator(self) -> bytes:
        """EIP-712 domain separator: name "Sunfair", version "1", chain id, market contract."""
        return keccak(
            keccak(DOMAIN_TYPE.encode())
            + keccak(b"Sunfair")
            + keccak(b"1")
            + self.chain_id.to_bytes(32, "big")
            + bytes(12)
            + self.market
        )


def _words(values: ArrayLike) -> NDArray[np.uint8]:
    """int64[n] as 32-byte two's complement words, uint8[n, 32]: how EIP-712 encodes every integer type."""
    array = np.asarray(values, np.int64)
    sign = np.where(array[:, None] < 0, 0xFF, 0).astype(np.uint8)
    return np.concatenate([np.broadcast_to(sign, (len(array), 24)), int64_bytes(array)], axis=1)


def _repeat(word: bytes, count: int) -> NDArray[np.uint8]:
    return np.broadcast_to(np.frombuffer(word, np.uint8), (count, 32))


def _digests(domain: Domain, columns: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """``keccak(0x19 0x01 ‖ separator ‖ hashStruct)`` of each row."""
    structs = hash_rows(np.concatenate(columns, axis=1))
    prefix = np.frombuffer(b"\x19\x01" + domain.separator, np.uint8)
    return hash_rows(np.concatenate([np.broadcast_to(prefix, (len(structs), 34)), structs], axis=1))


def _steps_hashes(curves: Curves) -> NDArray[np.uint8]:
    """Hash of each account's `Step[]`: the concatenated step hashes, hashed; uint8[n, 32]."""
    used = curves.steps
    rows = np.arange(8)[None, :] < used[:, None]
    energy, limit = curves.energy_wh[rows], curves.limit[rows]
    block = b""
    if len(energy):
        encoded = np.concatenate([_repeat(_STEP_HASH, len(energy)), _words(energy), _words(limit)], axis=1)
        block = hash_rows(encoded).tobytes()
    ends = np.cumsum(used) * 32
    starts = ends - used * 32
    digests = [keccak(block[a:b]) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)


def offer_digests(
    domain: Domain,
    accounts: ArrayLike,
    curves: Curves,
    first_slot: ArrayLike,
    last_slot: ArrayLike,
    nonce: ArrayLike,
) -> NDArray[np.uint8]:
    """EIP-712 digests of n offers, uint8[n, 32]; all arguments are [n]. An absent limit is `NO_BUY` or `NO_SELL`."""
    count = curves.size
    columns = [
        _repeat(_OFFER_HASH, count),
        _repeat(domain.community_id, count),
        _words(accounts),
        _words(first_slot),
        _words(last_slot),
        _steps_hashes(curves),
        _words(curves.pool_buy),
        _words(curves.pool_sell),
        _words(nonce),
    ]
    return _digests(domain, columns)


def receipt_digests(
    domain: Domain, offers: NDArray[np.uint8], first_slot: ArrayLike, last_slot: ArrayLike
) -> NDArray[np.uint8]:
    """EIP-712 digests of the operator's receipts for offers uint8[n, 32], and the slots each counts for."""
    return _digests(domain, [_repeat(_RECEIPT_HASH, len(offers)), offers, _words(first_slot), _words(last_slot)])


def reading_digests(
    domain: Domain, accounts: ArrayLike, slot: ArrayLike, import_wh: ArrayLike, export_wh: ArrayLike
) -> NDArray[np.uint8]:
    """EIP-712 digests of readings: the cumulative registers, Wh, at the end of the slot; all arguments are [n]."""
    count = len(np.asarray(accounts))
    columns = [
        _repeat(_READING_HASH, count),
        _repeat(domain.community_id, count),
        _words(accounts),
        _words(slot),
        _words(import_wh),
        _words(export_wh),
    ]
    return _digests(domain, columns)
