"""HMAC-SHA-256 of many short messages under one key."""

import hashlib
from collections.abc import Callable

__all__ = ["keyed_hash"]

_BLOCK = 64


def keyed_hash(secret: bytes) -> Callable[[bytes], bytes]:
    """Message → HMAC-SHA-256 (RFC 2104), 32 bytes: what depends on the key alone is hashed once, not once a message."""
    key = (secret if len(secret) <= _BLOCK else hashlib.sha256(secret).digest()).ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes([octet ^ 0x36 for octet in key])).copy
    outer = hashlib.sha256(bytes([octet ^ 0x5C for octet in key])).copy

    def made(message: bytes) -> bytes:
        within = inner()
        within.update(message)
        around = outer()
        around.update(within.digest())
        return around.digest()

    return made
