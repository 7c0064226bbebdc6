"""What of a meter point may stand on a chain: nothing that gives its identifier away.

There are so few possible MPANs that a plain hash is as good as the number. So the chain holds a commitment salted with
32 random bytes, and a nullifier that only the registrars' key can compute. With salt and key erased either is noise
(EDPB Guidelines 02/2025: personal data stay off the chain).

Both preimages begin alike; integers are unsigned::

    tag 1 ‖ version 1 ‖ country 2 (ASCII) ‖ fuel 1 (1 electricity, 2 gas) ‖ length of id 1 ‖ id (ASCII)

The tags 0x20 and 0x21 keep them apart from every leaf and node of the settlement's trees (0x01 … 0x16); the length
makes the encoding of a key injective. Worked vectors stand in ``docs/registry.md``.
"""

import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache
from typing import cast

from sha3 import keccak_256

from sunfair.errors import Fault, InputError
from sunfair.registry.keyed import keyed_hash
from sunfair.registry.point import FUELS, Fuel, MeterKey

__all__ = ["LAYOUT_VERSION", "commitment", "identify", "identify_many", "nullifier"]

LAYOUT_VERSION = 1
"""Version byte of the layout above. Raising it changes every commitment and nullifier."""

_COMMITMENT, _NULLIFIER = 0x20, 0x21
_SECRET = 32
_ID_MAX = 64
_ZEROS = bytes(_SECRET)


def commitment(key: MeterKey, salt: bytes) -> bytes:
    """The 32 bytes that commit to a meter point: ``keccak256(0x20 ‖ version ‖ country ‖ fuel ‖ length ‖ id ‖ salt)``.

    salt : 32 random bytes of this point's own. Who has the key and the salt can open the commitment; who lacks the salt
           cannot test a guess.

    Raises InputError naming every fault of key and salt.
    """
    digest: bytes = keccak_256(_preimage(_COMMITMENT, key, _faults_of("salt", salt)) + salt).digest()
    return digest


def nullifier(key: MeterKey, secret: bytes) -> bytes:
    """The 32 bytes by which a second registration is noticed: HMAC-SHA-256 over the key (RFC 2104).

    The message is ``0x21 ‖ version ‖ country ‖ fuel ‖ length ‖ id``. One point has one nullifier, whatever its salt:
    the same bytes twice are the same point twice, and nobody without `secret` can tell which point.

    secret : 32 random bytes held by the registrars

    Raises InputError naming every fault of key and secret.
    """
    return hmac.new(secret, _preimage(_NULLIFIER, key, _faults_of("secret", secret)), hashlib.sha256).digest()


def identify(key: MeterKey, salt: bytes, secret: bytes) -> tuple[bytes, bytes]:
    """Commitment and nullifier of a point at once, for registering many: as `commitment` and `nullifier` give them."""
    if not _plain(key, salt, secret):
        faults = [*_faults_of("salt", salt), *_faults_of("secret", secret), *_key_faults(key)]
        raise InputError("this meter point cannot be committed to", faults)
    committed = _head(key.country, key.fuel) + bytes([len(key.id)]) + key.id.encode()
    digest: bytes = keccak_256(committed + salt).digest()
    return digest, hmac.digest(secret, bytes([_NULLIFIER]) + committed[1:], "sha256")


def identify_many(
    country: str, fuel: Fuel, ids: Sequence[str], salts: Sequence[bytes], secret: bytes
) -> tuple[list[bytes], list[bytes]]:
    """Commitments and nullifiers of a country's points of one fuel, as `identify` gives them one by one."""
    joined, head, zeros = "".join(ids), _head(country, fuel), bytes(_SECRET)
    plain = joined.isascii() and joined.isalnum() and all(0 < len(each) <= _ID_MAX for each in ids)
    salted = all(len(salt) == _SECRET and salt != zeros for salt in salts)
    if not (head and plain and salted) or _faults_of("secret", secret):
        found = [identify(MeterKey(country, fuel, each), salt, secret) for each, salt in zip(ids, salts, strict=True)]
        return [one for one, _ in found], [other for _, other in found]
    tails = [bytes([len(each)]) + each.encode() for each in ids]
    made, marked = keyed_hash(secret), bytes([_NULLIFIER]) + head[1:]
    committed = [keccak_256(head + tail + salt).digest() for tail, salt in zip(tails, salts, strict=True)]
    return committed, [made(marked + tail) for tail in tails]


def _plain(key: MeterKey, salt: bytes, secret: bytes) -> bool:
    """Whether nothing is wrong with all three, as `_faults_of` and `_key_faults` would find at length."""
    whole = (
        all(isinstance(part, str) for part in key) and key.id.isascii() and key.id.isalnum() and len(key.id) <= _ID_MAX
    )
    secrets = all(type(each) is bytes and len(each) == _SECRET and each != _ZEROS for each in (salt, secret))
    return whole and secrets and bool(_head(key.country, key.fuel))


@lru_cache(64)
def _head(country: str, fuel: str) -> bytes:
    """What the commitments of a country and fuel begin with; nothing where either is none."""
    try:
        return _preimage(_COMMITMENT, MeterKey(country, cast(Fuel, fuel), "0"), ())[:-2]
    except InputError:
        return b""


def _preimage(tag: int, key: MeterKey, faults: Sequence[Fault]) -> bytes:
    """A tagged, injective encoding of a key; InputError with `faults` and those of the key."""
    faults = [*faults, *_key_faults(key)]
    if faults:
        raise InputError("this meter point cannot be committed to", faults)
    fuel = FUELS.index(key.fuel) + 1
    return bytes([tag, LAYOUT_VERSION, *key.country.encode(), fuel, len(key.id), *key.id.encode()])


def _key_faults(key: MeterKey) -> list[Fault]:
    country, fuel, identifier = key
    faults = []
    if not (
        isinstance(country, str) and len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()
    ):
        faults.append(Fault("country", f"is {country!r}", "must be two capital letters (ISO 3166-1 alpha-2)"))
    if fuel not in FUELS:
        faults.append(Fault("fuel", f"is {fuel!r}", f"must be one of {', '.join(FUELS)}"))
    plain = isinstance(identifier, str) and identifier.isascii() and identifier.isalnum()
    if not plain or len(identifier) > _ID_MAX:
        faults.append(Fault("id", f"is {identifier!r}", f"must be 1 … {_ID_MAX} ASCII letters and digits"))
    return faults


def _faults_of(name: str, secret: object) -> list[Fault]:
    """What is wrong with 32 secret bytes; their value is never shown."""
    if not isinstance(secret, bytes):
        return [Fault(name, f"is of type {type(secret).__name__}", f"must be {_SECRET} random bytes")]
    if len(secret) != _SECRET:
        return [Fault(name, f"has {len(secret)} bytes", f"must have {_SECRET}")]
    if not any(secret):
        return [Fault(name, "is all zeros", "it must be random: anyone can guess this one")]
    return []
