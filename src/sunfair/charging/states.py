"""A booking from the asking to the last unit paid out: OCPI's words, who may move it, and what time alone does to it.

The twin of the state machine in ``contracts/ChargingNetwork.vy``; the rules stand in docs/charging-spec.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "CHALLENGE_SECONDS",
    "CONFIRM_SECONDS",
    "EARLY_SECONDS",
    "EXITS",
    "GRACE_SECONDS",
    "HOLD_SECONDS",
    "LATE_SECONDS",
    "MOVES",
    "QUOTE_SECONDS",
    "Act",
    "BookingState",
    "Stay",
    "falls_to",
    "hold_until",
    "step",
]

QUOTE_SECONDS = 600
"""A signed price holds 10 min."""

CONFIRM_SECONDS = 900
"""A request without a quote is answered within 15 min, or is REJECTED."""

EARLY_SECONDS = 300
"""Charging may begin so long before the first slot, and has to so long before the end: then no record fits two stays.
"""

HOLD_SECONDS = 1_800
"""A late guest's place is held 30 min, once 30 min more where the calendar is free behind."""

GRACE_SECONDS = 600
"""Unplugging within 10 min after the end costs nothing."""

CHALLENGE_SECONDS = 86_400
"""A reading can be disputed for 24 h, and a driver's word that the charge point is dead be refuted."""

LATE_SECONDS = 259_200
"""A record that comes after a break of the line is taken for 72 h, and a disputed reading has to be shown within 72
h.
"""


class BookingState(IntEnum):
    """Where a booking stands; the numbers are the contract's, the names OCPI's (2.3, bookings)."""

    NONE = 0
    PENDING = 1
    RESERVED = 2
    CHARGING = 3
    STOPPED = 4
    CHALLENGE = 5
    DISPUTED = 6
    OFFLINE = 7
    FULFILLED = 8
    RESOLVED = 9
    CANCELED_DRIVER = 10
    CANCELED_HOST = 11
    CANCELED_OFFLINE = 12
    NO_SHOW = 13
    REJECTED = 14


EXITS = frozenset(state for state in BookingState if state >= BookingState.FULFILLED)
"""States in which everybody is paid and the slots are free."""


class Act(IntEnum):
    """What somebody does about a booking; `PASS` is time, which anyone may point out."""

    REQUEST = 1
    BOOK = 2
    CONFIRM = 3
    REJECT = 4
    CANCEL_DRIVER = 5
    CANCEL_HOST = 6
    CLAIM_OFFLINE = 7
    REFUTE_OFFLINE = 8
    START = 9
    UNPLUG = 10
    CLAIM = 11
    DISPUTE = 12
    PROVE = 13


_S, _A = BookingState, Act

MOVES: Mapping[tuple[BookingState, Act], BookingState] = {
    (_S.NONE, _A.REQUEST): _S.PENDING,
    (_S.NONE, _A.BOOK): _S.RESERVED,
    (_S.PENDING, _A.CONFIRM): _S.RESERVED,
    (_S.PENDING, _A.REJECT): _S.REJECTED,
    (_S.PENDING, _A.CANCEL_DRIVER): _S.CANCELED_DRIVER,
    (_S.RESERVED, _A.CANCEL_DRIVER): _S.CANCELED_DRIVER,
    (_S.RESERVED, _A.CANCEL_HOST): _S.CANCELED_HOST,
    (_S.RESERVED, _A.CLAIM_OFFLINE): _S.OFFLINE,
    (_S.OFFLINE, _A.REFUTE_OFFLINE): _S.NO_SHOW,
    (_S.RESERVED, _A.START): _S.CHARGING,
    (_S.CHARGING, _A.UNPLUG): _S.STOPPED,
    (_S.CHARGING, _A.CLAIM): _S.CHALLENGE,
    (_S.STOPPED, _A.CLAIM): _S.CHALLENGE,
    (_S.CHARGING, _A.PROVE): _S.RESOLVED,
    (_S.STOPPED, _A.PROVE): _S.RESOLVED,
    (_S.CHALLENGE, _A.DISPUTE): _S.DISPUTED,
    (_S.CHALLENGE, _A.PROVE): _S.RESOLVED,
    (_S.DISPUTED, _A.PROVE): _S.RESOLVED,
}
"""Every move there is; STOPPED, between the plug and the reading, is known to the central system and not to the
chain.
"""


def step(state: BookingState, act: Act) -> BookingState:
    """The state after an act; ValueError, in the contract's word, where it is not possible."""
    try:
        return MOVES[state, act]
    except KeyError:
        raise ValueError("charging: not in this state") from None


@dataclass(frozen=True, slots=True)
class Stay:
    """What time needs to know of a booking: state and since when, begin and end of its slots, unix s; extended once?"""

    state: BookingState
    since: int
    begin: int
    end: int
    extended: bool = False


def hold_until(stay: Stay) -> int:
    """From this second on the guest did not come, unix s."""
    return min(stay.begin + HOLD_SECONDS * (2 if stay.extended else 1), stay.end)


def falls_to(stay: Stay, now: int) -> BookingState | None:
    """The state a booking falls to by time alone at `now`, unix s; None while it has time."""
    due, to = {
        _S.PENDING: (min(stay.since + CONFIRM_SECONDS, stay.begin), _S.REJECTED),
        _S.RESERVED: (hold_until(stay), _S.NO_SHOW),
        _S.CHARGING: (stay.end + LATE_SECONDS, _S.CANCELED_OFFLINE),
        _S.STOPPED: (stay.end + LATE_SECONDS, _S.CANCELED_OFFLINE),
        _S.CHALLENGE: (stay.since + CHALLENGE_SECONDS, _S.FULFILLED),
        _S.DISPUTED: (stay.since + LATE_SECONDS, _S.RESOLVED),
        _S.OFFLINE: (stay.since + CHALLENGE_SECONDS, _S.CANCELED_OFFLINE),
    }.get(stay.state, (0, None))
    return to if to is not None and now >= due else None
