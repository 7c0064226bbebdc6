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
from json.encoder import encode_basestring_ascii as _quoted
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
    "seal_text",
    "unseal_text",
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


_GRANTED, _PRIVATE = Visibility.GRANTED.encode(), Visibility.PRIVATE.encode()


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
    # A register of millions is sealed here, one record at a time: plain steps, no general ones.
    shown: dict[str, str] = {}
    granted: dict[str, str] = {}
    private: dict[str, str] = {}
    parts = {Visibility.OPEN: shown, Visibility.GRANTED: granted}
    for name in sorted(fields):
        parts.get(visibility.get(name, Visibility.PRIVATE), private)[name] = fields[name]
    encrypt, (one, other) = AESGCM(key).encrypt, nonces
    return SealedRecord(
        shown,
        one + encrypt(one, _encode(granted).encode(), point + _GRANTED),
        other + encrypt(other, _encode(private).encode(), point + _PRIVATE),
    )


def open_record(sealed: SealedRecord, *, point: bytes, key: bytes) -> dict[Visibility, dict[str, str]]:
    """The record again, by visibility; InputError if the key is another's or a byte was changed."""
    cipher = AESGCM(key)
    return {
        Visibility.OPEN: dict(sealed.open),
        Visibility.GRANTED: _unsealed(sealed.granted, cipher, point, Visibility.GRANTED),
        Visibility.PRIVATE: _unsealed(sealed.private, cipher, point, Visibility.PRIVATE),
    }


def seal_text(text: str, what: str, *, point: bytes, key: bytes, nonce: bytes) -> bytes:
    """One text of a point, sealed under its record's key: nonce (12 fresh bytes) ‖ ciphertext ‖ tag."""
    return nonce + AESGCM(key).encrypt(nonce, text.encode(), point + what.encode())


def unseal_text(sealed: bytes, what: str, *, point: bytes, key: bytes) -> str:
    """The text again; InputError if the key is another's or a byte was changed."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], point + what.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise InputError("a sealed text does not open", [Fault(what, "key or bytes are not its own")]) from error


def _unsealed(sealed: bytes, cipher: AESGCM, point: bytes, part: Visibility) -> dict[str, str]:
    try:
        text = cipher.decrypt(sealed[:NONCE], sealed[NONCE:], _bound(point, part))
    except (InvalidTag, ValueError) as error:
        raise InputError("a sealed record does not open", [Fault(part, "key or bytes are not its own")]) from error
    fields: dict[str, str] = json.loads(text)
    return fields


def _encode(fields: Mapping[str, str]) -> str:
    """JSON without blanks, as `json.dumps` writes a flat object of texts, without its general machinery."""
    return "{" + ",".join([f"{_quoted(name)}:{_quoted(text)}" for name, text in fields.items()]) + "}"


def _bound(point: bytes, part: Visibility) -> bytes:
    """Authenticated with a part: whose it is and which, so that no part can stand in for another."""
    return point + part.encode()
