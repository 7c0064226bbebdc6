"""A point's record: what each field may be seen by, and how the rest is sealed.

Three visibilities: open to everyone, granted to those the owner lets see it, private to the owner and the registrar.
Each record has a key of its own, made of the registrar's secret and the point's salt; its granted and its private part
are sealed apart (AES-256-GCM, NIST SP 800-38D). Erasure deletes the salt: then neither the secret nor the chain opens
anything, and what remains is noise.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sunfair.errors import Fault, InputError

__all__ = [
    "FIELDS",
    "SealedRecord",
    "Visibility",
    "open_record",
    "record_key",
    "seal_record",
]

NONCE = 12
"""Bytes of a nonce; a fresh random one for every part that is sealed."""


class Visibility(StrEnum):
    """Who may see a field."""

    OPEN = "open"
    GRANTED = "granted"
    PRIVATE = "private"


FIELDS: Mapping[str, Visibility] = MappingProxyType(
    {
        "profile_class": Visibility.OPEN,
        "time_switch": Visibility.OPEN,
        "line_loss": Visibility.OPEN,
        "direction": Visibility.OPEN,
        "serial": Visibility.GRANTED,
        "postcode": Visibility.GRANTED,
        "annual_wh": Visibility.GRANTED,
        "id": Visibility.PRIVATE,
        "address": Visibility.PRIVATE,
        "name": Visibility.PRIVATE,
        "contact": Visibility.PRIVATE,
    }
)
"""Fields of a record and what may be seen of them; a field that does not stand here is private."""


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A record as it is kept: open fields as they are, the other two parts as nonce ‖ ciphertext ‖ tag."""

    open: Mapping[str, str]
    granted: bytes
    private: bytes


def record_key(secret: bytes, salt: bytes) -> bytes:
    """The key of one point's record, 32 bytes: only who has both secret and salt can make it."""
    return hmac.digest(secret, b"sunfair record key " + salt, "sha256")


def seal_record(
    fields: Mapping[str, str],
    *,
    point: bytes,
    key: bytes,
    nonces: tuple[bytes, bytes],
    visibility: Mapping[str, Visibility] = FIELDS,
) -> SealedRecord:
    """Seal a record of a point (32 bytes) under its key (32 bytes); `nonces` are two fresh ones of 12 bytes."""
    parts: dict[Visibility, dict[str, str]] = {each: {} for each in Visibility}
    for name in sorted(fields):
        parts[visibility.get(name, Visibility.PRIVATE)][name] = fields[name]
    cipher = AESGCM(key)
    granted, private = (
        nonce + cipher.encrypt(nonce, _encode(parts[each]).encode(), _bound(point, each))
        for each, nonce in zip((Visibility.GRANTED, Visibility.PRIVATE), nonces, strict=True)
    )
    return SealedRecord(parts[Visibility.OPEN], granted, private)


def open_record(sealed: SealedRecord, *, point: bytes, key: bytes) -> dict[Visibility, dict[str, str]]:
    """The record again, by visibility; InputError if the key is another's or a byte was changed."""
    cipher = AESGCM(key)
    return {
        Visibility.OPEN: dict(sealed.open),
        Visibility.GRANTED: _unsealed(sealed.granted, cipher, point, Visibility.GRANTED),
        Visibility.PRIVATE: _unsealed(sealed.private, cipher, point, Visibility.PRIVATE),
    }


def _unsealed(sealed: bytes, cipher: AESGCM, point: bytes, part: Visibility) -> dict[str, str]:
    try:
        text = cipher.decrypt(sealed[:NONCE], sealed[NONCE:], _bound(point, part))
    except (InvalidTag, ValueError) as error:
        raise InputError("a sealed record does not open", [Fault(part, "key or bytes are not its own")]) from error
    fields: dict[str, str] = json.loads(text)
    return fields


_encode = json.JSONEncoder(separators=(",", ":")).encode


def _bound(point: bytes, part: Visibility) -> bytes:
    """Authenticated with a part: whose it is and which, so that no part can stand in for another."""
    return point + part.encode()
