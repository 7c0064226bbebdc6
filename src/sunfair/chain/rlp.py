"""Recursive Length Prefix (Ethereum yellow paper, appendix B): bytes and lists of them, in the one canonical form.

Decoding refuses every other form of the same thing: a transaction must not have two encodings.
"""

from collections.abc import Sequence
from typing import TypeAlias

__all__ = ["Item", "decode", "encode", "integer", "minimal"]

Item: TypeAlias = "bytes | Sequence[Item]"
"""What RLP holds: a byte string, or a list of items."""

_DEPTH_MAX = 8


def minimal(value: int) -> bytes:
    """A non-negative integer in as few big-endian bytes as it needs; zero is empty."""
    return value.to_bytes((value.bit_length() + 7) // 8)


def integer(item: Item) -> int:
    """The integer that `minimal` wrote; ValueError for a list or leading zeros."""
    if not isinstance(item, bytes):
        raise ValueError("a list stands where a number belongs")
    if item[:1] == b"\0":
        raise ValueError("a number has leading zeros")
    return int.from_bytes(item)


def encode(item: Item) -> bytes:
    """The encoding of bytes or of a (nested) list of bytes."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefix(len(item), 0x80) + item
    body = b"".join(encode(part) for part in item)
    return _prefix(len(body), 0xC0) + body


def decode(data: bytes) -> Item:
    """The item that `data` encodes, all of it; ValueError if it is not canonical RLP."""
    item, end = _read(data, 0, 0)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes follow the end of the RLP item")
    return item


def _prefix(length: int, base: int) -> bytes:
    if length < 56:
        return bytes([base + length])
    size = minimal(length)
    return bytes([base + 55 + len(size)]) + size


def _read(data: bytes, start: int, depth: int) -> tuple[Item, int]:
    """The item at `start`, and where it ends."""
    if depth > _DEPTH_MAX:
        raise ValueError("RLP lists are nested too deep")
    first = _take(data, start, 1)[0]
    if first < 0x80:
        return data[start : start + 1], start + 1
    base = 0x80 if first < 0xC0 else 0xC0
    begin, length = _length(data, start, first - base)
    body = _take(data, begin, length)
    if base == 0x80:
        if length == 1 and body[0] < 0x80:
            raise ValueError("a byte below 0x80 has an RLP prefix it does not need")
        return body, begin + length
    parts: list[Item] = []
    at = begin
    while at < begin + length:
        part, at = _read(data, at, depth + 1)
        parts.append(part)
    if at != begin + length:
        raise ValueError("an RLP item reaches beyond its list")
    return parts, at


def _length(data: bytes, start: int, code: int) -> tuple[int, int]:
    """Where the body of the item at `start` begins, and its length."""
    if code < 56:
        return start + 1, code
    size = _take(data, start + 1, code - 55)
    length = integer(size)
    if length < 56:
        raise ValueError("an RLP length is longer than it needs to be")
    return start + 1 + len(size), length


def _take(data: bytes, start: int, length: int) -> bytes:
    if start + length > len(data):
        raise ValueError("RLP data ends in the middle of an item")
    return data[start : start + length]
