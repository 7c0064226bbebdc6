"""Whether a signed record proves a session: signature, charge point, tag, time, page, unit, status, and what it is
worth.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from sunfair.charging.booking import Recover, Usage, keccak
from sunfair.charging.ocmf import MICRO_UNITS, OcmfRecord, RecordSignature
from sunfair.charging.session import plausible_wh

__all__ = [
    "ALGORITHM",
    "ENDS",
    "Evidence",
    "Expected",
    "Proof",
    "check_session",
    "recoverable",
    "signer_of",
    "tag_hash",
]

ALGORITHM = "ECDSA-secp256k1-SHA256"
"""The one algorithm that a contract can check as well; KEBA and others sign on secp256r1, which this does not."""

ENDS = "ELRAP"
"""Reasons of a last reading (OCMF, TX): ended, locally, remotely, aborted, by power failure."""

_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


class Evidence(StrEnum):
    """What signed readings are worth."""

    WHOLE = "begin and end are signed"
    END_ONLY = "weaker evidence: only the end is signed, the begin is the central system's word"
    NONE = "nothing is proven"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a session's records must fit to.

    key : 20-byte address of the meter's key at that time; tag : the identification, or None for anybody's
    point : what CI must say, meter : what MS or GS must say; None where it is not known
    begin, end : the session begins in [begin, end), unix s, and ends by `latest`
    page_after : the last page known of this meter before; rated_w : of the charge point
    """

    key: bytes
    tag: str | None
    begin: int
    end: int
    latest: int
    rated_w: int
    point: str | None = None
    meter: str | None = None
    page_after: int = -1


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found: what the session took (None if nothing counts), the last page, the evidence, every fault in
    words.
    """

    usage: Usage | None
    page: int
    evidence: Evidence
    faults: tuple[str, ...]


def check_session(
    records: Sequence[OcmfRecord], expected: Expected, recover: Recover, *, start: tuple[int, int] | None = None
) -> Proof:
    """Check a session's records, in the order of their pages: one with both readings, or one for each end.

    start : time, unix s, and register, Wh, of the begin as the central system knows it: used, and called weaker
    evidence, where no record signs the begin
    """
    if not records:
        return Proof(None, -1, Evidence.NONE, ("there is no record",))
    faults = [fault for record in records for fault in _record_faults(record, expected, recover)]
    faults += _order_faults(records, expected)
    readings = [reading for record in records for reading in record.readings]
    faults += _reading_faults(records)
    first, last = readings[0], readings[-1]
    if last.reason not in tuple(ENDS):
        faults.append("the end of the transaction is not signed")
    evidence = Evidence.WHOLE if first.reason == "B" and len(readings) > 1 else Evidence.END_ONLY
    begin, register = first.time, first.micro_units * first.wh_scale
    if evidence is Evidence.END_ONLY:
        if start is None:
            faults.append("the begin of the transaction is not signed, and no other is known")
        else:
            begin, register = start[0], start[1] * MICRO_UNITS
    taken = last.micro_units * last.wh_scale - register
    if taken < 0:
        faults.append(f"the register runs back by {-taken / MICRO_UNITS:g} Wh")
    usage = Usage(max(taken, 0) // MICRO_UNITS, begin, last.time)
    faults += _usage_faults(usage, expected)
    page = records[-1].page
    return Proof(None, page, Evidence.NONE, tuple(faults)) if faults else Proof(usage, page, evidence, ())


def signer_of(record: OcmfRecord, recover: Recover, key: bytes) -> bool:
    """Whether the meter with this key (its 20-byte address) signed the record's payload."""
    return recoverable(record.payload, record.signature, recover, key) is not None


def recoverable(payload: bytes, signature: RecordSignature, recover: Recover, key: bytes) -> bytes | None:
    """The signature as contracts take it, r ‖ s ‖ v with the lower s, None if this key did not make it.

    Meters do not mind which s they use; both say the same, and only the lower one counts on chain.
    """
    r, s = signature.r, min(signature.s, _ORDER - signature.s)
    if not (0 < r < _ORDER and 0 < signature.s < _ORDER):
        return None
    digest = hashlib.sha256(payload).digest()
    for v in (27, 28):
        candidate = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])
        try:
            if recover(digest, candidate) == key:
                return candidate
        except ValueError:
            continue
    return None


def tag_hash(tag: str) -> bytes:
    """What a booking holds of an identification."""
    return keccak(tag.encode())


def _record_faults(record: OcmfRecord, expected: Expected, recover: Recover) -> Iterator[str]:
    at = f"page {record.page}: "
    if record.signature.algorithm != ALGORITHM:
        yield at + f"signed by {record.signature.algorithm}, which cannot be checked here (only {ALGORITHM})"
    elif not signer_of(record, recover, expected.key):
        yield at + "the signature is not that of the charge point's meter"
    if expected.tag is not None and (not record.identified or record.tag.casefold() != expected.tag.casefold()):
        yield at + f"identified is {record.tag or 'nobody'!r}, booked was {expected.tag!r}"
    if expected.point is not None and record.point != expected.point:
        yield at + f"the charge point is {record.point!r}, not {expected.point!r}"
    if expected.meter is not None and expected.meter not in (record.meter, record.gateway):
        yield at + f"the meter is {record.meter or record.gateway!r}, not {expected.meter!r}"


def _order_faults(records: Sequence[OcmfRecord], expected: Expected) -> Iterator[str]:
    if records[0].page <= expected.page_after:
        yield f"page {records[0].page} was there before: the last known is {expected.page_after}"
    pages = [record.page for record in records]
    if pages != list(range(pages[0], pages[0] + len(pages))):
        yield f"pages {', '.join(map(str, pages))} do not follow each other"
    if len({(record.meter, record.gateway) for record in records}) > 1:
        yield "the records are of different meters"


def _reading_faults(records: Sequence[OcmfRecord]) -> Iterator[str]:
    readings = [reading for record in records for reading in record.readings]
    for reading in readings:
        if reading.status != "G":
            yield f"the meter's status was {reading.status}, not G"
        if reading.errors:
            yield f"not usable for billing by the meter's own word: {reading.errors}"
    if len({(reading.register, reading.wh_scale) for reading in readings}) > 1:
        yield "the readings are of different registers or units"
    if any(after.time < before.time for before, after in pairwise(readings)):
        yield "the readings run back in time"
    if any(reading.reason == "B" for reading in readings[1:]):
        yield "a transaction begins in the middle"


def _usage_faults(usage: Usage, expected: Expected) -> Iterator[str]:
    if not expected.begin <= usage.began < expected.end:
        yield f"it began at {usage.began}, outside the booked {expected.begin} … {expected.end} (unix s)"
    if usage.ended > expected.latest:
        yield f"it ended at {usage.ended}, after {expected.latest} (unix s)"
    most = plausible_wh(expected.rated_w, usage.ended - usage.began)
    if usage.wh > most:
        yield f"{usage.wh} Wh in {usage.ended - usage.began} s is more than {expected.rated_w} W can give ({most} Wh)"
