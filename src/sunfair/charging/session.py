"""What a charger says it delivered, before anybody pays for it: registers, units, and who may charge now.

Chargers label Wh as kWh, start their registers at zero in each session, send a stop twice and late: see
docs/charging-spec.md, "Readings".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sunfair.charging.states import EARLY_SECONDS, BookingState
from sunfair.errors import Fault, InputError

__all__ = ["PLAUSIBLE_BPS", "Access", "Held", "Verdict", "delivered_wh", "may_start", "plausible_wh"]

PLAUSIBLE_BPS = 11_000
"""A reading may exceed rated power over the session's time by a tenth, and by a minute's energy."""


def plausible_wh(rated_w: int, seconds: int) -> int:
    """The most that a charge point of `rated_w` can have delivered in `seconds`, Wh."""
    return rated_w * (max(seconds, 0) + 60) * PLAUSIBLE_BPS // (3_600 * 10_000)


def delivered_wh(start_wh: int, stop_wh: int, *, seconds: int, rated_w: int) -> int:
    """Energy between two registers, Wh: their difference, wherever they began. InputError if it cannot be.

    Never scaled into plausibility: a charger that says Wh and means kWh, or the reverse, needs a person or a signed
    record.
    """
    taken = stop_wh - start_wh
    if taken < 0:
        what = f"runs back from {start_wh} to {stop_wh} Wh"
        raise InputError(
            "the reading does not count", [Fault("register", what, "nothing is billed without a signed record")]
        )
    most = plausible_wh(rated_w, seconds)
    if taken > most:
        what = f"says {taken} Wh in {seconds} s; at {rated_w} W it is {most} Wh at most"
        mend = "look whether the charger sends Wh for kWh; a signed record decides"
        raise InputError("the reading does not count", [Fault("register", what, mend)])
    return taken


@dataclass(frozen=True, slots=True)
class Held:
    """A booking as the central system needs it: 32-byte id, charge point, tag as the charger sends it, times unix s."""

    id: bytes
    point: bytes
    tag: str
    begin: int
    end: int
    state: BookingState


class Verdict(StrEnum):
    """What a charger is told, in OCPP's words (AuthorizationStatus)."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    CONCURRENT = "ConcurrentTx"
    EXPIRED = "Expired"
    INVALID = "Invalid"


@dataclass(frozen=True, slots=True)
class Access:
    """Whether a tag may charge now, by which booking (None: without one), until when, unix s (None: no limit)."""

    verdict: Verdict
    booking: Held | None = None
    until: int | None = None


def may_start(
    held: Iterable[Held], point: bytes, tag: str, now: int, *, walk_in: bool = False, reservation: bytes | None = None
) -> Access:
    """Whether `tag` may begin to charge at `point` at `now`: the calendar decides, whatever the charger thinks.

    reservation : the booking's id where the charger sent one; most do not, so point, tag and time decide as well.
    walk_in : guests without a booking may charge, until the next booking begins. Tags compare without regard to case.
    """
    here = sorted((b for b in held if b.point == point and b.end > now), key=lambda b: b.begin)
    if any(b.state is BookingState.CHARGING for b in here):
        return Access(Verdict.CONCURRENT)
    waiting = [b for b in here if b.state is BookingState.RESERVED]
    present = [b for b in waiting if b.begin - EARLY_SECONDS <= now < b.end - EARLY_SECONDS]
    mine = [b for b in present if _same(b.tag, tag) and reservation in (None, b.id)]
    if mine:
        return Access(Verdict.ACCEPTED, mine[0], mine[0].end)
    if present:
        return Access(Verdict.BLOCKED)
    if not walk_in:
        return Access(Verdict.INVALID)
    return Access(Verdict.ACCEPTED, None, waiting[0].begin if waiting else None)


def _same(known: str, sent: str) -> bool:
    return known.casefold() == sent.casefold()
