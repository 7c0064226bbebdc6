"""How a meter writes its records: their form, which is what is left when the seven values are cut out.

A contract cannot read JSON. A charge point's form is hashed and put on chain beside its meter's key; a record proves
there if what stands around its values is that form, byte for byte: unit, register, status and charge point are then
what they were when the form was looked at, and no value can be slipped in beside the one that is read. What follows
the list of readings (a maker's own fields) is signed and not looked at. The twin of
``contracts/OcmfReader.vy``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sunfair.charging.booking import Usage, keccak
from sunfair.charging.ocmf import MICRO_UNITS, OcmfRecord, parse_time
from sunfair.charging.ocmf_check import ENDS
from sunfair.errors import Fault, InputError

__all__ = ["Cut", "Shown", "cuts_of", "form_of", "form_text", "pack_cuts", "read_by_cuts"]

PAYLOAD_MAX = 1_280
"""Longest payload that a contract takes, bytes."""

TAG_MAX = 32
"""Longest identification that a contract takes, bytes."""

_WORD = 32

_TEXT = rb'"((?:[^"\\|])*)"'
_PAGE, _TAG = re.compile(rb'"PG"\s*:\s*"T(\d{1,15})"'), re.compile(rb'"ID"\s*:\s*' + _TEXT)
_READINGS = re.compile(rb'"RD"\s*:\s*\[')
_TIME, _REASON = re.compile(rb'"TM"\s*:\s*"([^"]{30})"'), re.compile(rb'"TX"\s*:\s*"([A-Z])"')
_VALUE = re.compile(rb'"RV"\s*:\s*"?( *\d{1,12}(?:\.\d{1,6})?)(?=["\s,}])')
_CLOSE = re.compile(rb"[^\]]*\]()")
_NUMBER = re.compile(rb" *(\d{1,12})(?:\.(\d{1,6}))?")


class Cut(NamedTuple):
    """Where a value stands in a payload."""

    at: int
    length: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What a contract reads of a record."""

    page: int
    tag: bytes
    usage: Usage


def cuts_of(record: OcmfRecord) -> tuple[Cut, ...]:
    """Where page, tag, first time and value, last time, reason and value stand, and where the readings end;
    InputError if a contract cannot read it.

    It can if the record holds exactly two readings, begin and end, and names these seven in this order.
    """
    payload, found, at = record.payload, list[Cut](), 0
    if len(record.readings) == 2 and record.readings[0].reason == "B" and len(payload) <= PAYLOAD_MAX:
        for pattern in (_PAGE, _TAG, _READINGS, _TIME, _VALUE, _TIME, _REASON, _VALUE, _CLOSE):
            match = pattern.search(payload, at)
            if match is None:
                break
            at = match.end()
            if match.re.groups:
                found.append(Cut(match.start(1), match.end(1) - match.start(1)))
    if len(found) == 8:
        cuts = tuple(found)
        usage = Usage(_wh(record), record.readings[0].time, record.readings[1].time)
        scale = record.readings[1].wh_scale
        if _agrees(payload, cuts, scale, Shown(record.page, record.tag.encode(), usage)):
            return cuts
    what = "does not hold begin and end in one record, with page, identification and readings in the usual order"
    mend = "such a charge point's sessions are proven off chain only"
    raise InputError("a contract cannot read this record", [Fault("record", what, mend)])


def form_of(payload: bytes, cuts: tuple[Cut, ...]) -> bytes:
    """The 32-byte hash of what stands around the values: each piece is hashed onto what came before it."""
    form = bytes(32)
    for piece in _pieces(payload, cuts):
        form = keccak(form + piece)
    return form


def form_text(payload: bytes, cuts: tuple[Cut, ...]) -> str:
    """The form for people to look at: each value is a `…`."""
    return "…".join(piece.decode() for piece in _pieces(payload, cuts))


def pack_cuts(cuts: tuple[Cut, ...]) -> int:
    """The cuts in one word, the first lowest: 16 bits of place and 8 of length each."""
    return sum((cut.at | cut.length << 16) << (24 * at) for at, cut in enumerate(cuts))


def read_by_cuts(payload: bytes, cuts: tuple[Cut, ...], wh_scale: int) -> Shown:
    """Page, tag and usage as the contract reads them; ValueError, in its word, where a value is none.

    The contract reads whole words: a value with fewer than 32 bytes from its place on is refused without a word.
    """
    page = _page(_value(payload, cuts[0]))
    tag = _value(payload, cuts[1])
    if len(tag) > TAG_MAX or b'"' in tag or b"\\" in tag:
        raise ValueError("ocmf: tag")
    if cuts[2].length != 30 or cuts[4].length != 30:
        raise ValueError("ocmf: time")
    began, start = _time(_value(payload, cuts[2])), _number(_value(payload, cuts[3]))
    ended, reason = _time(_value(payload, cuts[4])), _value(payload, cuts[5])
    if reason not in [end.encode() for end in ENDS]:
        raise ValueError("ocmf: not ended")
    stop = _number(_value(payload, cuts[6]))
    if stop < start:
        raise ValueError("ocmf: register runs back")
    if ended < began:
        raise ValueError("ocmf: time")
    return Shown(page, tag, Usage((stop - start) * wh_scale // MICRO_UNITS, began, ended))


def _value(payload: bytes, cut: Cut) -> bytes:
    if cut.at + _WORD > len(payload):
        raise ValueError
    return payload[cut.at : cut.at + cut.length]


def _page(text: bytes) -> int:
    if not text.isdigit() or len(text) > 15:
        raise ValueError("ocmf: page")
    return int(text)


def _time(text: bytes) -> int:
    try:
        return parse_time(text.decode("latin-1"))[0]
    except ValueError:
        raise ValueError("ocmf: time") from None


def _number(text: bytes) -> int:
    found = _NUMBER.fullmatch(text)
    if found is None or len(text) > _WORD:
        raise ValueError("ocmf: register")
    return int(found[1]) * MICRO_UNITS + int((found[2] or b"").ljust(6, b"0"))


def _wh(record: OcmfRecord) -> int:
    first, last = record.readings
    return (last.micro_units * last.wh_scale - first.micro_units * first.wh_scale) // MICRO_UNITS


def _agrees(payload: bytes, cuts: tuple[Cut, ...], scale: int, told: Shown) -> bool:
    """Whether the cuts hold what a reader of JSON found."""
    try:
        return read_by_cuts(payload, cuts, scale) == told
    except ValueError:
        return False


def _pieces(payload: bytes, cuts: tuple[Cut, ...]) -> Iterator[bytes]:
    at = 0
    for cut in cuts:
        yield payload[at : cut.at]
        at = cut.at + cut.length
