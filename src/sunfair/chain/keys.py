"""Signatures on secp256k1: addresses, signing and recovering digests, and the keys of a demonstration.

A signature is 65 bytes, r(32) ‖ s(32) ‖ v(1), v 27 or 28, s in the lower half of the group's order (EIP-2).
"""

import hashlib
from collections.abc import Callable
from functools import partial

import sha3
from coincurve import PrivateKey, PublicKey

from sunfair.errors import LedgerError

__all__ = [
    "DEMO_CHAINS",
    "SeededKeys",
    "address_of",
    "check_demo_chain",
    "keccak",
    "parse_address",
    "public_key_of",
    "recover",
    "sign_digest",
    "signer_of_key",
]

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""Order of the group (SEC 2, secp256k1)."""

DEMO_CHAINS = (31337, 1337)
"""EIP-155 ids of local development networks, the only ones on which demonstration keys may sign."""

_DOMAIN = b"sunfair demonstration key 1"


def keccak(data: bytes) -> bytes:
    """Keccak-256 as Ethereum has it (not NIST SHA-3), 32 bytes."""
    digest: bytes = sha3.keccak_256(data).digest()
    return digest


def parse_address(text: str) -> bytes:
    """The 20 bytes of an address as people write it; ValueError if it is none, or mistyped (EIP-55 checksum)."""
    digits = text.removeprefix("0x")
    try:
        address = bytes.fromhex(digits) if text.startswith("0x") else b""
    except ValueError:
        address = b""
    if len(address) != 20 or len(digits) != 40:
        raise ValueError(f"{text!r} is not 0x and 40 hexadecimal digits")
    if digits not in (digits.lower(), digits.upper()):
        marks = keccak(digits.lower().encode()).hex()
        written = "".join(
            char.upper() if int(mark, 16) > 7 else char for char, mark in zip(digits.lower(), marks, strict=False)
        )
        if written != digits:
            raise ValueError(f"{text} is mistyped: its capitals are not those of its checksum (EIP-55)")
    if not any(address):
        raise ValueError("the zero address is nobody's")
    return address


def address_of(private_key: bytes) -> bytes:
    """The 20-byte address of a 32-byte private key."""
    return _address(PrivateKey(private_key).public_key)


def public_key_of(private_key: bytes) -> bytes:
    """The public key of a 32-byte private key: 65 bytes, uncompressed, as meters' makers print it."""
    key: bytes = PrivateKey(private_key).public_key.format(compressed=False)
    return key


def sign_digest(private_key: bytes, digest: bytes) -> bytes:
    """Sign a 32-byte digest: r ‖ s ‖ v, low s, the same bytes every time (RFC 6979)."""
    return _signed(PrivateKey(private_key), digest)


def signer_of_key(private_key: bytes) -> Callable[[bytes], bytes]:
    """`sign_digest` for many digests: to open a key takes longer than to sign with it."""
    return partial(_signed, PrivateKey(private_key))


def recover(digest: bytes, signature: bytes) -> bytes:
    """The 20-byte address that signed a 32-byte digest.

    ValueError if it is no signature: wrong length, v other than 27 and 28, r or s out of range, s in the upper half
    (the same message would then have two signatures), or no point on the curve.
    """
    if len(digest) != 32 or len(signature) != 65:
        raise ValueError(f"a digest has 32 bytes and a signature 65, not {len(digest)} and {len(signature)}")
    r, s, v = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64]), signature[64]
    if v not in (27, 28):
        raise ValueError(f"v of a signature is 27 or 28, not {v}")
    if not (0 < r < ORDER and 0 < s <= ORDER // 2):
        raise ValueError("r or s of a signature is out of range (s belongs in the lower half, EIP-2)")
    try:
        key = PublicKey.from_signature_and_message(signature[:64] + bytes([v - 27]), digest, hasher=None)
    except Exception as error:  # coincurve raises a bare Exception when no point fits
        raise ValueError("no key can have made this signature") from error
    return _address(key)


def check_demo_chain(chain_id: int) -> None:
    """Refuse demonstration keys, which anyone can derive, on every chain but a local one."""
    if chain_id not in DEMO_CHAINS:
        raise LedgerError(
            f"demonstration keys were asked to sign on chain {chain_id}: anyone can derive them, so they are refused "
            f"off the local chains {DEMO_CHAINS}; use a keystore"
        )


class SeededKeys:
    """`ports.Keys` for a demonstration: every holder's key follows from one seed, so a run repeats byte for byte."""

    def __init__(self, seed: int, chain_id: int = DEMO_CHAINS[0]) -> None:
        check_demo_chain(chain_id)
        self._seed = seed
        self._held: dict[str, tuple[bytes, bytes]] = {}
        self._opened: dict[str, Callable[[bytes], bytes]] = {}

    def address(self, holder: str) -> bytes:
        """The holder's 20-byte address."""
        return self._pair(holder)[1]

    def sign(self, holder: str, digest: bytes) -> bytes:
        """The holder's signature of a 32-byte digest: r ‖ s ‖ v."""
        if holder not in self._opened:
            self._opened[holder] = signer_of_key(self._pair(holder)[0])
        return self._opened[holder](digest)

    def _pair(self, holder: str) -> tuple[bytes, bytes]:
        if holder not in self._held:
            key = _derive(self._seed, holder)
            self._held[holder] = key, address_of(key)
        return self._held[holder]


def _signed(key: PrivateKey, digest: bytes) -> bytes:
    if len(digest) != 32:
        raise ValueError(f"a digest has 32 bytes, not {len(digest)}; hash the message first")
    signature: bytes = key.sign_recoverable(digest, hasher=None)
    return signature[:64] + bytes([27 + signature[64]])


def _derive(seed: int, holder: str) -> bytes:
    """keccak(domain ‖ sha256(seed) ‖ holder), hashed on in the case (2⁻¹²⁸) that it is no key."""
    # The seed has one length whatever its digits: no two (seed, holder) share an input.
    key = keccak(_DOMAIN + hashlib.sha256(str(seed).encode()).digest() + holder.encode())
    while not 0 < int.from_bytes(key) < ORDER:
        key = keccak(key)
    return key


def _address(key: PublicKey) -> bytes:
    return keccak(key.format(compressed=False)[1:])[12:]
