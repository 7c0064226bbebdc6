"""Keccak-256 and the fixed-width, big-endian layouts that every leaf, node and header is made of.

Each kind of preimage begins with a tag byte of its own, so no leaf can pass for a node or for another kind of leaf.
The whole list, with one worked vector each, stands in ``docs/formats.md``.
"""

import math
from collections.abc import Iterable
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sha3 import keccak_256

__all__ = ["ZERO_HASH", "Tag", "hash_rows", "int64_bytes", "keccak", "layout", "uint32_bytes"]

ZERO_HASH = bytes(32)
"""The hash of a padding leaf: no preimage is known for it, so it can never be opened."""


class Tag(IntEnum):
    """First byte of a preimage."""

    NODE = 0x01
    ROOT = 0x02
    SUM_NODE = 0x03
    SUM_ROOT = 0x04
    BLIND = 0x10
    BOOK_LEAF = 0x11
    RESULT_LEAF = 0x12
    PRIVATE_ROW = 0x13
    PERIOD_LEAF = 0x14
    HEADER = 0x15
    PUBLIC_DATA = 0x16
    ENVELOPE_LEAF = 0x17


def keccak(preimage: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it (the original padding, not SHA3-256)."""
    digest: bytes = keccak_256(preimage).digest()
    return digest


def hash_rows(preimages: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Keccak-256 of each row: uint8[n, L] → uint8[n, 32]."""
    width = preimages.shape[1]
    block = preimages.tobytes()
    digests = b"".join(keccak_256(block[at : at + width]).digest() for at in range(0, len(block), width))
    return np.frombuffer(digests, np.uint8).reshape(-1, 32)


def int64_bytes(values: ArrayLike) -> NDArray[np.uint8]:
    """int64[n] or [n, k] → uint8[n, 8·k], two's complement, big-endian."""
    array = np.asarray(values, np.int64)
    width = math.prod(array.shape[1:])
    columns = array.reshape(len(array), width).astype(">i8")
    return columns.view(np.uint8).reshape(len(array), 8 * width)


def uint32_bytes(values: ArrayLike) -> NDArray[np.uint8]:
    """Non-negative integers[n] → uint8[n, 4], big-endian."""
    array = np.asarray(values).astype(">u4")
    return array.view(np.uint8).reshape(len(array), 4)


def layout(tag: Tag, count: int, parts: Iterable[NDArray[np.uint8] | bytes]) -> NDArray[np.uint8]:
    """Rows ``tag ‖ part ‖ part …``: uint8[count, L]; a `bytes` part is the same in every row."""
    columns: list[NDArray[np.uint8]] = [np.full((count, 1), tag, np.uint8)]
    for part in parts:
        if isinstance(part, bytes):
            columns.append(np.broadcast_to(np.frombuffer(part, np.uint8), (count, len(part))))
        else:
            columns.append(part)
    return np.concatenate(columns, axis=1)
