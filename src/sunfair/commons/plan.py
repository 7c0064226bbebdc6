"""The plan of a shared plant: what is proposed, in the contract's words, and whether it can be proposed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from sunfair.errors import Fault, InputError
from sunfair.units import BPS, MICRO

__all__ = [
    "AMOUNT_MAX",
    "DAY",
    "MILESTONES_MAX",
    "YEAR",
    "Milestone",
    "MotionKind",
    "Plan",
    "PlantState",
    "ReportKind",
    "Terms",
    "check_plan",
]

HOUR, DAY = 3_600, 86_400
YEAR = 365 * DAY
"""Seconds, as the contract counts years."""

MILESTONES_MAX = 16
AMOUNT_MAX = 2**62
PEAK_MAX = 10**9
"""W: a gigawatt is no street's plant, but a slip."""

NOBODY = bytes(20)


class PlantState(IntEnum):
    """Where a project stands; see docs/commons-spec.md."""

    PROPOSED = 0
    PLEDGING = 1
    COMMITTED = 2
    BUILDING = 3
    OPERATING = 4
    RETIRING = 5
    ENDING = 6
    FAILED = 7
    CLOSED = 8


class ReportKind(IntEnum):
    """What somebody reports of the shared goal (joint intention: Cohen & Levesque 1991)."""

    ACHIEVED = 1
    UNACHIEVABLE = 2
    IRRELEVANT = 3


class MotionKind(IntEnum):
    """What is voted on."""

    EVIDENCE = 1
    REPORT = 2
    PLAN = 3
    PAY = 4
    RETIRE = 5


@dataclass(frozen=True, slots=True)
class Milestone:
    """Whom to pay (20-byte address) how much, µ, by when, unix s."""

    payee: bytes
    amount: int
    deadline: int


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan but for its milestones, fields in the contract's order. Amounts µ, shares bps, times s, deadline unix s.

    document : 32-byte hash of what is promised (the proposal with its sizing); peak_w : the plant's peak power, W;
    registrar : 20-byte address, all zero for nobody
    """

    document: bytes
    peak_w: int
    capex: int
    cap: int
    pledge_min: int
    share_max_bps: int
    members_min: int
    deadline: int
    registrar: bytes = NOBODY
    by_head: bool = False
    quorum_bps: int = 2_500
    bond: int = 50_000_000
    window_seconds: int = 3 * DAY
    vote_seconds: int = 4 * DAY
    grace_seconds: int = 60 * DAY
    notice_seconds: int = 30 * DAY
    lifetime_seconds: int = 25 * YEAR
    reserve_bps: int = 1_000
    reserve_target: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is proposed."""

    terms: Terms
    milestones: tuple[Milestone, ...]


def check_plan(plan: Plan, now: int) -> None:
    """InputError naming everything for which the contract would refuse the plan at `now`, unix s.

    It speaks as a plan's file does: keys as there, money in units of the currency, times in days and instants.
    """
    faults = [*_money_faults(plan), *_time_faults(plan, now), *_vote_faults(plan.terms)]
    if faults:
        raise InputError("the plan cannot be proposed", faults)


def _money_faults(plan: Plan) -> list[Fault]:
    terms, faults = plan.terms, []
    if not 0 < terms.peak_w <= PEAK_MAX:
        faults.append(Fault("peak_w", f"is {_short(terms.peak_w)}", f"must be 1 … {PEAK_MAX} W"))
    if not 0 < terms.capex <= AMOUNT_MAX:
        faults.append(Fault("capex", f"is {_money(terms.capex)}", f"must be above 0, at most {_money(AMOUNT_MAX)}"))
    if not terms.capex <= terms.cap <= AMOUNT_MAX:
        what = f"is {_money(terms.cap)}, the threshold (capex) is {_money(terms.capex)}"
        mend = f"capex … {_money(AMOUNT_MAX)}: what is pledged beyond the capex starts the reserve"
        faults.append(Fault("cap", what, mend))
    faults += [
        Fault(f"milestone {at}, amount", f"is {_money(milestone.amount)}", "must not be negative")
        for at, milestone in enumerate(plan.milestones, 1)
        if milestone.amount < 0
    ]
    total = sum(milestone.amount for milestone in plan.milestones)
    if total != terms.capex:
        what = f"sum to {_money(total)}, the capex is {_money(terms.capex)}"
        faults.append(Fault("milestones", what, "they must be the same"))
    if not 1 <= len(plan.milestones) <= MILESTONES_MAX:
        faults.append(Fault("milestones", f"are {len(plan.milestones)}", f"must be 1 … {MILESTONES_MAX}"))
    faults += _bounds(
        _money,
        ("pledge_min", terms.pledge_min, 0, max(0, terms.cap)),
        ("bond", terms.bond, 0, AMOUNT_MAX),
        ("reserve_target", terms.reserve_target, 0, AMOUNT_MAX),
    )
    return faults


def _time_faults(plan: Plan, now: int) -> list[Fault]:
    terms, faults = plan.terms, []
    if terms.deadline == 0:
        mend = "a goal without an end binds for ever: name a time within two years"
        faults.append(Fault("deadline", "is missing", mend))
    elif not now < terms.deadline <= now + 2 * YEAR:
        what = f"is {_when(terms.deadline)}, now is {_when(now)}"
        faults.append(Fault("deadline", what, "must lie ahead, within two years"))
    before = terms.deadline
    for at, milestone in enumerate(plan.milestones, 1):
        place = f"milestone {at}, deadline"
        if milestone.deadline <= before:
            what = f"is {_when(milestone.deadline)}, not after {_when(before)}"
            faults.append(Fault(place, what, "they rise from the pledges' deadline"))
        if milestone.deadline > now + 5 * YEAR:
            faults.append(Fault(place, f"is {_when(milestone.deadline)}", "must lie within 5 years"))
        before = max(before, milestone.deadline)
        if milestone.payee == NOBODY:
            faults.append(Fault(f"milestone {at}, payee", "is nobody", "name an address"))
    faults += _bounds(
        _span,
        ("window_days", terms.window_seconds, HOUR, 30 * DAY),
        ("vote_days", terms.vote_seconds, HOUR, 30 * DAY),
        ("grace_days", terms.grace_seconds, DAY, YEAR),
        ("notice_days", terms.notice_seconds, DAY, YEAR),
        ("lifetime_days", terms.lifetime_seconds, DAY, 60 * YEAR),
    )
    return faults


def _vote_faults(terms: Terms) -> list[Fault]:
    faults: list[Fault] = []
    if terms.by_head and terms.registrar == NOBODY:
        what = "is nobody, and votes are by head"
        faults.append(Fault("registrar", what, "name who vouches that two members are two people"))
    if len(terms.document) != 32:
        faults.append(Fault("document", f"has {len(terms.document)} bytes", "must be a hash of 32"))
    return faults + _bounds(
        _short,
        ("share_max_bps", terms.share_max_bps, 1, BPS),
        ("members_min", terms.members_min, 1, 2**32 - 1),
        ("quorum_bps", terms.quorum_bps, 1, BPS // 2),
        ("reserve_bps", terms.reserve_bps, 0, BPS),
    )


def _bounds(written: Callable[[int], str], *fields: tuple[str, int, int, int]) -> list[Fault]:
    """A fault for each (name, number, low, high) out of its bounds, numbers `written` for people."""
    return [
        Fault(name, f"is {written(number)}", f"must lie in {written(low)} … {written(high)}")
        for name, number, low, high in fields
        if not low <= number <= high
    ]


def _short(number: int) -> str:
    """A number as it is, one beyond any purpose by its length."""
    return str(number) if abs(number) < 10**24 else f"a number of {len(str(abs(number)))} digits"


def _money(amount: int) -> str:
    """µ as units of the currency, all digits there are."""
    units, part = divmod(abs(amount), MICRO)
    tail = f".{part:06d}".rstrip("0") if part else ""
    return f"{'-' if amount < 0 else ''}{_short(units)}{tail}"


def _span(seconds: int) -> str:
    """Seconds as days where they are whole days, as hours where they are less than one."""
    if seconds % DAY == 0:
        return f"{_short(seconds // DAY)} day{'' if seconds == DAY else 's'}"
    return f"{seconds // HOUR} hour{'' if seconds == HOUR else 's'}" if seconds % HOUR == 0 else f"{seconds} s"


def _when(seconds: int) -> str:
    """Unix seconds as an instant, UTC."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return f"{_short(seconds)} s after 1970"
