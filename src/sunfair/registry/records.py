"""A point's record: what each field may be seen by, and how the rest is sealed.

Three visibilities: open to everyone, granted to those the owner lets see it, private to the owner and the registrar.
Each record has a key of its own, made of the registrar's secret and the point's salt; its granted and its private part
are sealed apart (AES-256-GCM, NIST SP 800-38D). Erasure deletes the salt: then neither the secret nor the chain opens
anything, and what remains is noise.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from json.encoder import encode_basestring_ascii as _quoted
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sunfair.errors import Fault, InputError
from sunfair.registry.keyed import keyed_hash

__all__ = [
    "FIELDS",
    "SealedRecord",
    "Visibility",
    "open_record",
    "record_key",
    "record_keys",
    "seal_records",
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


_RECORD_KEY = b"sunfair record key "
_GRANTED, _PRIVATE = Visibility.GRANTED.encode(), Visibility.PRIVATE.encode()


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A record as it is kept: open fields as they are, the other two parts as nonce ‖ ciphertext ‖ tag."""

    open: Mapping[str, str]
    granted: bytes
    private: bytes


def record_key(secret: bytes, salt: bytes) -> bytes:
    """The key of one point's record, 32 bytes: only who has both secret and salt can make it."""
    return hmac.digest(secret, _RECORD_KEY + salt, "sha256")


def record_keys(secret: bytes, salts: Sequence[bytes]) -> list[bytes]:
    """The keys of many points' records, as `record_key` makes them."""
    made = keyed_hash(secret)
    return [made(_RECORD_KEY + salt) for salt in salts]


def seal_records(
    fields: Mapping[str, Sequence[str]],
    *,
    points: Sequence[bytes],
    keys: Sequence[bytes],
    nonces: Sequence[bytes],
    visibility: Mapping[str, Visibility] = FIELDS,
) -> tuple[list[dict[str, str]], list[bytes], list[bytes]]:
    """Seal the records of points (32 bytes each), whose fields are given column by column, an empty text for none.

    keys : 32 bytes each; nonces : 24 fresh bytes each, for both sealed parts

    Returns open fields, granted parts and private parts, as a `SealedRecord` has them.
    """
    # A register of millions is sealed here: whole columns are written as JSON, and joined line by line.
    columns: dict[Visibility, dict[str, Sequence[str]]] = {part: {} for part in Visibility}
    for name in sorted(fields):
        columns[visibility.get(name, Visibility.PRIVATE)][name] = fields[name]
    shown = _opened(columns[Visibility.OPEN], len(points))
    granted = _written(columns[Visibility.GRANTED], len(points))
    private = _written(columns[Visibility.PRIVATE], len(points))
    one, other = [], []
    for point, key, nonce, first, second in zip(points, keys, nonces, granted, private, strict=True):
        encrypt, head, tail = AESGCM(key).encrypt, nonce[:NONCE], nonce[NONCE:]
        one.append(head + encrypt(head, first, point + _GRANTED))
        other.append(tail + encrypt(tail, second, point + _PRIVATE))
    return shown, one, other


def _opened(columns: Mapping[str, Sequence[str]], count: int) -> list[dict[str, str]]:
    if not any(map(any, columns.values())):
        return [{}] * count
    return [
        {name: text for name, text in zip(columns, texts, strict=True) if text}
        for texts in zip(*columns.values(), strict=True)
    ]


def _written(columns: Mapping[str, Sequence[str]], count: int) -> list[bytes]:
    """JSON without blanks, as `json.dumps` writes flat objects of texts, without its general machinery."""
    if not columns:
        return [b"{}"] * count
    written = [[f'"{name}":{_quoted(text)}' if text else "" for text in texts] for name, texts in columns.items()]
    return [("{" + ",".join(filter(None, texts)) + "}").encode() for texts in zip(*written, strict=True)]


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


def _bound(point: bytes, part: Visibility) -> bytes:
    """Authenticated with a part: whose it is and which, so that no part can stand in for another."""
    return point + part.encode()
