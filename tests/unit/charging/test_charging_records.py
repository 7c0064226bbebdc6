"""Signed records of real meters, and what is wrong with those that only look like one."""

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "contract"))
from charging_records import DZG_KEY, DZG_RECORD, KEBA_RECORD, OCA_KEY, OCA_RECORD
from charging_world import Meter
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sunfair.chain import recover
from sunfair.charging import (
    Evidence,
    Expected,
    Usage,
    check_session,
    cuts_of,
    form_text,
    key_address,
    parse_ocmf,
    recoverable,
)
from sunfair.errors import InputError

BEGIN = 1_684_504_359
METER = Meter("M1")


def oca(**changes: Any) -> Expected:
    plain: dict[str, Any] = {
        "key": key_address(OCA_KEY),
        "tag": "HRWWBX8",
        "begin": BEGIN - 100,
        "end": BEGIN + 100,
        "latest": BEGIN + 100,
        "rated_w": 50_000,
        "point": "22BZ3178A0",
        "meter": "1DZG0028225179",
        "page_after": 95,
    }
    return Expected(**(plain | changes))


def mine(**changes: Any) -> Expected:
    plain: dict[str, Any] = {
        "key": METER.key, "tag": "car", "begin": BEGIN, "end": BEGIN + 900, "latest": BEGIN + 10**5, "rated_w": 22_000,
    }  # fmt: skip
    return Expected(**(plain | changes))


def test_a_published_record_proves_its_session() -> None:
    """636 Wh in 79 s; the message around it says 108,814 Wh, the meter's life, which nobody is to pay."""
    proof = check_session([parse_ocmf(OCA_RECORD)], oca(), recover)
    assert proof.faults == ()
    assert (proof.usage, proof.page, proof.evidence) == (Usage(636, BEGIN, BEGIN + 79), 96, Evidence.WHOLE)


def test_another_library_verifies_the_same_records() -> None:
    """OpenSSL beside ours: both records genuine, both tampered ones not; one has its s in the upper half."""
    for text, key in ((OCA_RECORD, OCA_KEY), (DZG_RECORD, DZG_KEY)):
        record = parse_ocmf(text)
        import base64

        data = bytes.fromhex(key) if key.startswith("3056") else base64.b64decode(key)
        public = load_der_public_key(data)
        assert isinstance(public, ec.EllipticCurvePublicKey)
        signature = encode_dss_signature(record.signature.r, record.signature.s)
        public.verify(signature, record.payload, ec.ECDSA(hashes.SHA256()))
        assert recoverable(record.payload, record.signature, recover, key_address(key)) is not None
        tampered = record.payload.replace(b"kWh", b"Wh ")
        assert recoverable(tampered, record.signature, recover, key_address(key)) is None
        with pytest.raises(InvalidSignature):
            public.verify(signature, tampered, ec.ECDSA(hashes.SHA256()))
    assert parse_ocmf(DZG_RECORD).signature.s > 2**255
    assert parse_ocmf(DZG_RECORD).readings[0].micro_units == 9_038_000


def test_a_record_on_another_curve_says_so() -> None:
    proof = check_session([parse_ocmf(KEBA_RECORD)], mine(tag=None, begin=0, end=2**40, latest=2**40), recover)
    assert any("secp256r1" in fault for fault in proof.faults)
    assert proof.usage is None


def test_the_form_shows_everything_but_the_values() -> None:
    text = form_text(parse_ocmf(OCA_RECORD).payload, cuts_of(parse_ocmf(OCA_RECORD)))
    for value in ("T96", "HRWWBX8", "0.636", "2023-05-19"):
        assert value not in text
    assert '"RU" : "kWh"' in text
    assert text.count("…") == 7
    assert text.endswith('"ST" : "G"}]')


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"key": METER.key}, "signature"),
        ({"tag": "SOMEBODY"}, "identified is 'HRWWBX8'"),
        ({"point": "22BZ3178A1"}, "charge point"),
        ({"meter": "other"}, "the meter is"),
        ({"page_after": 96}, "page 96 was there before"),
        ({"begin": BEGIN + 3_600, "end": BEGIN + 7_200}, "outside the booked"),
        ({"latest": BEGIN + 78}, "it ended at"),
        ({"rated_w": 11_000}, "more than 11000 W can give"),
    ],
)
def test_a_genuine_record_of_something_else_is_named(changes: dict[str, Any], fault: str) -> None:
    proof = check_session([parse_ocmf(OCA_RECORD)], oca(**changes), recover)
    assert proof.usage is None
    assert len(proof.faults) == 1
    assert fault in proof.faults[0]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"last": "12.344"}, "runs back by 1 Wh"),
        ({"last": "99.345"}, "more than 22000 W can give"),
        ({"status": "F"}, "status was F"),
        ({"reason": "C"}, "the end of the transaction is not signed"),
        ({"unit": "Wh", "first": "12345", "last": "21345.0"}, ""),
    ],
)
def test_what_a_meter_can_do_wrong(changes: dict[str, Any], fault: str) -> None:
    """A negative register, kWh for Wh, a broken meter, no end; Wh that say they are Wh are well."""
    record = parse_ocmf(METER.record("car", BEGIN, BEGIN + 3_600, 9_000, **changes))
    proof = check_session([record], mine(), recover)
    assert any(fault in found for found in proof.faults) if fault else proof.usage == Usage(9_000, BEGIN, BEGIN + 3_600)


def test_two_records_are_as_good_as_one_and_the_end_alone_is_less() -> None:
    whole = METER.record("car", BEGIN, BEGIN + 3_600, 9_000)
    first, last = parse_ocmf(METER.half(whole, 0, 7)), parse_ocmf(METER.half(whole, 1, 8))
    both = check_session([first, last], mine(), recover)
    assert (both.usage, both.evidence, both.page) == (Usage(9_000, BEGIN, BEGIN + 3_600), Evidence.WHOLE, 8)
    alone = check_session([last], mine(), recover, start=(BEGIN + 5, 12_345))
    assert (alone.usage, alone.evidence) == (Usage(9_000, BEGIN + 5, BEGIN + 3_600), Evidence.END_ONLY)
    assert "not signed, and no other is known" in check_session([last], mine(), recover).faults[0]
    skipped = parse_ocmf(METER.half(whole, 1, 9))
    assert "do not follow" in " ".join(check_session([first, skipped], mine(), recover).faults)
    assert "not signed" in " ".join(check_session([first], mine(), recover).faults)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is not OCMF"),
        ("OCMF|{}|{}|{}", "is not OCMF"),
        ("OCMF|{|{}", "is no JSON"),
        ('OCMF|{"PG":"T1","PG":"T2"}|{}', "says a key twice"),
        (OCA_RECORD.replace('"PG" : "T96"', '"PG" : "F96"'), "PG: is 'F96'"),
        (OCA_RECORD.replace('"0.636"', '"-0.636"'), "no reading of 0 or more"),
        (OCA_RECORD.replace('"0.636"', '"٠.636"'), "no reading of 0 or more"),
        (OCA_RECORD.replace('"0.636"', "NaN"), "is no number"),
        (OCA_RECORD.replace('"0.636"', "true"), "no reading of 0 or more"),
        (OCA_RECORD.replace("2023-05-19T15:53:58,000", "2023-02-30T15:53:58,000"), "RD[1].TM"),
        (
            OCA_RECORD.replace('"RU" : "kWh","RT" : "DC","EF" : "","ST" : "G"}]', '"RU" : "MWh","ST" : "G"}]'),
            "must be kWh",
        ),
        (OCA_RECORD.replace('"SD" : "30', '"SD" : "31'), "SD"),
    ],
)
def test_no_record(text: str, fault: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_ocmf(text)
    assert fault in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    text = (
        OCA_RECORD.replace('"PG" : "T96"', '"PG" : "T0096"')
        .replace('"0.000"', '"x"')
        .replace('"IS" : true', '"IS" : 1')
    )
    with pytest.raises(InputError) as caught:
        parse_ocmf(text)
    assert {fault.place for fault in caught.value.faults} == {"PG", "IS", "RD[0].RV"}


def test_signatures_are_over_sha256_of_the_payload_alone() -> None:
    record = parse_ocmf(OCA_RECORD)
    signature = recoverable(record.payload, record.signature, recover, key_address(OCA_KEY))
    assert signature is not None
    assert recover(hashlib.sha256(OCA_RECORD.split("|")[1].encode()).digest(), signature) == key_address(OCA_KEY)


@pytest.mark.parametrize("key", ["", "zz", "04" * 63, b"\4" * 33, "3059" + "00" * 89])
def test_no_key(key: str | bytes) -> None:
    with pytest.raises(InputError):
        key_address(key)
