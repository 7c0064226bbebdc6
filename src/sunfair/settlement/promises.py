"""What an operator signs beside its receipts: before a slot the promise of its book root, after it of its header.

A promise unlike what is then anchored costs the bond (`court.book.refute_promise`).
"""

from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.settlement.hashing import hash_rows, int64_bytes, keccak
from sunfair.settlement.messages import Domain

__all__ = ["PROMISE_TYPE", "Promise", "promise_digest", "promise_digests"]

PROMISE_TYPE = "Promise(bytes32 community,uint64 slot,uint8 kind,bytes32 value)"
"""EIP-712 type of the message."""

_TYPE_HASH = keccak(PROMISE_TYPE.encode())


class Promise(IntEnum):
    """What is promised of a slot."""

    BOOK_ROOT = 0
    HEADER_HASH = 1


def promise_digest(domain: Domain, slot: int, kind: Promise, value: bytes) -> bytes:
    """EIP-712 digest, 32 bytes, of the promise that `value` (32 bytes) is the slot's book root or header hash."""
    values = np.frombuffer(value, np.uint8).reshape(1, 32)
    return bytes(promise_digests(domain, [slot], kind, values)[0])


def promise_digests(domain: Domain, slots: ArrayLike, kind: Promise, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """EIP-712 digests, uint8[n, 32], of the promises of one kind: slots int[n], values uint8[n, 32]."""
    numbers = int64_bytes(np.asarray(slots, np.int64))
    count = len(numbers)
    head = np.frombuffer(_TYPE_HASH + domain.community_id + bytes(24), np.uint8)
    named = np.frombuffer(int(kind).to_bytes(32, "big"), np.uint8)
    parts = [np.broadcast_to(head, (count, 88)), numbers, np.broadcast_to(named, (count, 32)), values]
    structs = hash_rows(np.concatenate(parts, axis=1))
    prefix = np.frombuffer(b"\x19\x01" + domain.separator, np.uint8)
    return hash_rows(np.concatenate([np.broadcast_to(prefix, (count, 34)), structs], axis=1))
