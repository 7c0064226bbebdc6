"""Every signed message of switching, digest for digest as eth-account makes it from the same typed data."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from eth_account.messages import _hash_eip191_message, encode_typed_data

from sunfair.registry.switching import (
    Notice,
    Request,
    Switch,
    SwitchingDomain,
    SwitchKind,
    SwitchState,
    annulment_digest,
    bundle_id,
    consent_digest,
    notice_digest,
    return_limit_digest,
    windows_digest,
)
from sunfair.registry.switching.messages import (
    ANNULMENT_TYPE,
    CONSENT_TYPE,
    NOTICE_TYPE,
    RETURN_LIMIT_TYPE,
    WINDOWS_TYPE,
)

CONTRACT, POINT, GAINER, LOSER, HOME = b"\xc1" * 20, b"\x0f" * 32, b"\xa1" * 20, b"\xb2" * 20, b"\xd4" * 20
DOMAIN = SwitchingDomain(31337, CONTRACT)
TIMES = [datetime(2026, 6, day, 16, tzinfo=UTC) for day in (8, 9, 14, 15)]
REQUEST = Request(POINT, GAINER, SwitchKind.COOLING_OFF, date(2026, 6, 15), 2**60)
SWITCH = Switch(b"\x77" * 32, REQUEST, LOSER, b"", SwitchState.VALIDATED, TIMES[0], *TIMES)


def typed(kind: str, values: dict[str, Any]) -> bytes:
    name, _, rest = kind.partition("(")
    fields = [dict(zip(("type", "name"), each.split(), strict=True)) for each in rest[:-1].split(",")]
    domain = {"name": "Sunfair Switching", "version": "1", "chainId": 31337, "verifyingContract": "0x" + CONTRACT.hex()}
    return bytes(_hash_eip191_message(encode_typed_data(domain, {name: fields}, values)))


def seconds(at: datetime) -> int:
    return int(at.timestamp())


CASES = [
    (
        consent_digest(DOMAIN, REQUEST, TIMES[3]),
        CONSENT_TYPE,
        {"point": POINT, "gainer": GAINER, "kind": 3, "starts": seconds(TIMES[3]), "nonce": 2**60},
    ),
    (annulment_digest(DOMAIN, SWITCH.id), ANNULMENT_TYPE, {"consent": SWITCH.id}),
    (
        windows_digest(DOMAIN, SWITCH),
        WINDOWS_TYPE,
        {
            "consent": SWITCH.id,
            "bundle": bytes(32),
            "submitted": seconds(TIMES[0]),
            "objection_ends": seconds(TIMES[1]),
            "gate_closes": seconds(TIMES[2]),
        },
    ),
    (
        return_limit_digest(DOMAIN, SWITCH.id, TIMES[0], TIMES[3]),
        RETURN_LIMIT_TYPE,
        {"consent": SWITCH.id, "reported": seconds(TIMES[0]), "return_by": seconds(TIMES[3])},
    ),
    (
        notice_digest(DOMAIN, Notice(SWITCH.id, 3, SwitchState.ACTIVE, TIMES[3], GAINER, LOSER, HOME)),
        NOTICE_TYPE,
        {
            "consent": SWITCH.id,
            "number": 3,
            "state": 9,
            "at": seconds(TIMES[3]),
            "gainer": GAINER,
            "loser": LOSER,
            "customer": HOME,
        },
    ),
]


@pytest.mark.parametrize(("digest", "kind", "values"), CASES)
def test_digests_are_those_of_eip_712(digest: bytes, kind: str, values: dict[str, Any]) -> None:
    assert digest == typed(kind, values)


def test_a_bundle_has_one_name_in_any_order() -> None:
    assert bundle_id([b"\1" * 32, b"\2" * 32]) == bundle_id([b"\2" * 32, b"\1" * 32]) != bundle_id([b"\1" * 32])
