"""Commitment and nullifier: byte for byte by another Keccak and by HMAC's own definition, and what they refuse."""

import hashlib
import hmac

import pytest
from Crypto.Hash import keccak
from hypothesis import given
from hypothesis import strategies as st

from sunfair.errors import InputError
from sunfair.registry import MeterKey, commitment, identify, identify_many, nullifier, parse, parse_mpan, parse_mprn
from sunfair.registry.keyed import keyed_hash

POINT = MeterKey("GB", "electricity", "2000024512368")
SECRET = bytes(range(32))


def keccak_256(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def test_the_other_keccak_is_ethereums() -> None:
    assert keccak_256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def test_the_commitment_is_keccak_over_the_documented_bytes() -> None:
    written = bytes.fromhex("20 01 4742 01 0d") + b"2000024512368" + SECRET
    assert commitment(POINT, SECRET) == keccak_256(written)
    assert commitment(POINT, SECRET).hex() == "a5db4e38eb8b547a49abb73e55d0c58cc8519404567d1b58704cd1597ee8f976"
    gas = bytes.fromhex("20 01 4742 02 06") + b"100610" + SECRET
    assert commitment(parse_mprn("M 100610").key, SECRET) == keccak_256(gas)


def test_both_at_once_are_the_same() -> None:
    salt, secret = bytes(range(1, 33)), bytes(range(2, 34))
    assert identify(POINT, salt, secret) == (commitment(POINT, salt), nullifier(POINT, secret))
    with pytest.raises(InputError) as caught:
        identify(MeterKey("gb", "electricity", "1"), bytes(32), b"")
    assert [fault.place for fault in caught.value.faults] == ["salt", "secret", "country"]


def test_many_at_once_are_the_same() -> None:
    secret = bytes(range(2, 34))
    ids, salts = ["2000024512368", "2204707514535", "1"], [bytes([number]) * 32 for number in (1, 2, 3)]
    keys = [MeterKey("GB", "gas", each) for each in ids]
    wanted = [commitment(*each) for each in zip(keys, salts, strict=True)], [nullifier(key, secret) for key in keys]
    assert identify_many("GB", "gas", ids, salts, secret) == wanted
    for wrong in ((["", "1"], salts[:2], secret), (ids[:1], [bytes(32)], secret), (ids[:1], salts[:1], bytes(32))):
        with pytest.raises(InputError, match="cannot be committed to"):
            identify_many("GB", "gas", *wrong)


@pytest.mark.parametrize("size", [1, 32, 64, 65])
def test_many_messages_under_one_key_are_hmac(size: int) -> None:
    secret, made = bytes(range(1, size + 1)), keyed_hash(bytes(range(1, size + 1)))
    for message in (b"", b"one", bytes(200)):
        assert made(message) == hmac.new(secret, message, hashlib.sha256).digest()


def test_the_nullifier_is_hmac_sha256_over_the_documented_bytes() -> None:
    block = SECRET.ljust(64, b"\x00")
    inner, outer = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
    written = bytes.fromhex("21 01 4742 01 0d") + b"2000024512368"
    expected = hashlib.sha256(outer + hashlib.sha256(inner + written).digest()).digest()
    assert nullifier(POINT, SECRET) == expected
    assert expected.hex() == "49b65274a091fcc36f18527c72761ed6e62d9f90a768fa47634af677f64b60af"


def test_every_spelling_of_a_point_has_one_nullifier() -> None:
    one = nullifier(POINT, SECRET)
    for text in ("20 0002 4512 368", "01 801 100 2000024512368"):
        assert nullifier(parse_mpan(text).key, SECRET) == one
    gas = nullifier(parse_mprn("100610").key, SECRET)
    for text in ("M100610", "0000100610"):
        assert nullifier(parse_mprn(text).key, SECRET) == gas
    supply = nullifier(parse("ES", "gas", "ES1234123456789012JY").key, SECRET)
    assert nullifier(parse("ES", "gas", "ES1234123456789012JY 1F").key, SECRET) == supply


def test_anything_else_makes_other_bytes() -> None:
    keys = [POINT, POINT._replace(fuel="gas"), POINT._replace(country="DE"), POINT._replace(id="2204707514535")]
    other = SECRET[::-1]
    made = [make(key, secret) for make in (commitment, nullifier) for key in keys for secret in (SECRET, other)]
    assert len(set(made)) == len(made)
    assert all(len(digest) == 32 for digest in made)


@given(st.text("0123456789", min_size=1, max_size=12), st.binary(min_size=32, max_size=32).filter(any))
def test_no_part_of_an_id_passes_for_salt(digits: str, salt: bytes) -> None:
    """Moving a byte between id and salt changes the commitment: the length stands before the id."""
    longer = POINT._replace(id=digits + "7")
    assert commitment(POINT._replace(id=digits), salt) != commitment(longer, salt[1:] + b"\x01")


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        (b"", "has 0 bytes"),
        (bytes(range(31)), "has 31 bytes"),
        (bytes(range(33)), "has 33 bytes"),
        (bytes(32), "is all zeros"),
        ("0" * 32, "is of type str"),
        (None, "is of type NoneType"),
    ],
)
def test_weak_secrets_are_refused_and_never_shown(secret: object, told: str) -> None:
    for make in (commitment, nullifier):
        with pytest.raises(InputError, match=told) as caught:
            make(POINT, secret)
        assert secret is None or repr(secret) not in str(caught.value)


def test_every_fault_of_a_key_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        commitment(MeterKey("gb", "heat", "20 00"), b"")
    assert [fault.place for fault in caught.value.faults] == ["salt", "country", "fuel", "id"]
    for identifier in ("", "é", "1" * 65, 7, "1\n"):
        with pytest.raises(InputError, match="id: is"):
            nullifier(MeterKey("GB", "gas", identifier), SECRET)
    for country in ("GBR", "G1", "", 44, "ĞB"):
        with pytest.raises(InputError, match="country: is"):
            nullifier(MeterKey(country, "gas", "100610"), SECRET)
