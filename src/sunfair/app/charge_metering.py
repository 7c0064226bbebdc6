"""What a session delivered: the meter's signed word where there is one, else the plain registers within reason.

Met in the field: registers that restart at zero with each session, Wh labelled kWh, records with only their end signed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sunfair.charging import (
    Evidence,
    Expected,
    OcmfRecord,
    Proof,
    Recover,
    check_session,
    delivered_wh,
    parse_ocmf,
)
from sunfair.errors import InputError
from sunfair.ports.charge_points import ChargePoint, Session

__all__ = ["Measured", "measure"]

_CLOCKS = timedelta(minutes=10)
"""A meter's clock and the central system's may be apart by so much."""

_SIGNED = {Evidence.WHOLE: "signed", Evidence.END_ONLY: "signed-end"}


@dataclass(frozen=True, slots=True)
class Measured:
    """What is billed, Wh ≥ 0, how well it is proven (signed, signed-end, unsigned, none), what was wrong, the page."""

    energy_wh: int
    evidence: str
    doubts: tuple[str, ...] = ()
    page: int | None = None


def measure(point: ChargePoint, session: Session, recover: Recover, used: Callable[[int], bool]) -> Measured:
    """The energy of a session that ended; nothing where neither records nor registers can be true.

    `used` tells of a page of the meter's stream whether it has proven another session: then it is a replay.
    """
    if session.ended is None:
        raise ValueError("a session is measured once it has ended")
    records, doubts = _records(session)
    if records and not point.meter_key:
        doubts.append("its records are signed, but the meter's key is not registered")
    if records and point.meter_key:
        proof = check_session(records, _expected(point, session, session.ended), recover, start=_start(session))
        replayed = [record.page for record in records if used(record.page)]
        doubts += [f"page {page} has proven another session" for page in replayed]
        if proof.usage is not None and not replayed:
            return _signed(session, proof, proof.usage.wh, doubts)
        doubts += proof.faults
    elif point.meter_key:
        doubts.append("the meter signs, but no signed record came")
    return _plain(point, session, session.ended, doubts)


def _records(session: Session) -> tuple[list[OcmfRecord], list[str]]:
    """The session's records that can be read, in order, and what is wrong with the others."""
    records: list[OcmfRecord] = []
    doubts = []
    for text in dict.fromkeys((session.signed_start, session.signed_stop)):
        if not text:
            continue
        try:
            records.append(parse_ocmf(text))
        except InputError as error:
            doubts.append("; ".join(["a signed record cannot be read", *(str(fault) for fault in error.faults)]))
    if len(records) == 2 and records[1].readings[0].reason == "B":
        records = records[1:]  # the record at the end holds both
    return records, doubts


def _expected(point: ChargePoint, session: Session, ended: datetime) -> Expected:
    """What the records must fit to: this session as it was seen from here."""
    return Expected(
        key=point.meter_key,
        tag=session.tag,
        begin=int((session.began - _CLOCKS).timestamp()),
        end=int((session.began + _CLOCKS).timestamp()),
        latest=int((ended + _CLOCKS).timestamp()),
        rated_w=point.rated_w,
    )


def _start(session: Session) -> tuple[int, int] | None:
    return None if session.start_wh is None else (int(session.began.timestamp()), session.start_wh)


def _signed(session: Session, proof: Proof, energy_wh: int, doubts: list[str]) -> Measured:
    """The signed energy; plain registers that say otherwise are told."""
    if proof.evidence is Evidence.END_ONLY:
        doubts.append("only its end is signed: the begin is the charge point's word")
    if session.start_wh is not None and session.stop_wh is not None:
        plain = session.stop_wh - session.start_wh
        if abs(plain - energy_wh) > 1 + energy_wh // 100:
            doubts.append(f"the plain registers say {plain} Wh, the signed ones {energy_wh} Wh")
    return Measured(energy_wh, _SIGNED[proof.evidence], tuple(doubts), proof.page)


def _plain(point: ChargePoint, session: Session, ended: datetime, doubts: list[str]) -> Measured:
    """The difference of the plain registers, or nothing."""
    stop_wh = session.stop_wh
    if stop_wh is None and session.register_wh is not None:
        stop_wh = session.register_wh
        doubts.append("its end has no register: the last one heard of counts")
    if session.start_wh is None or stop_wh is None:
        return Measured(0, "none", (*doubts, "there is no register of its begin or end"))
    seconds = int((ended - session.began).total_seconds())
    try:
        energy = delivered_wh(session.start_wh, stop_wh, seconds=seconds, rated_w=point.rated_w)
    except InputError as error:
        return Measured(0, "none", (*doubts, *(f"the {fault.place} {fault.what}" for fault in error.faults)))
    return Measured(energy, "unsigned", tuple(doubts))
