"""The stories of `demo --cheat FIELD`: what was falsified, who noticed, in which call, what it cost, who is paid."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sunfair.errors import Fault, InputError
from sunfair.model import FIRST_MEMBER
from sunfair.ports import ChainRecord, Readings
from sunfair.settlement.court import Kind
from sunfair.simulate import Operator, Simulation, Span
from sunfair.simulate.auditors import Found
from sunfair.simulate.lies import LIES, Liar

__all__ = ["CHEATS", "GONE", "Setting", "Story", "check_cheat", "setting_of", "settled_amounts", "tell_story"]

GONE = "gone"
"""The operator that falls silent."""

CHEATS: Mapping[str, str] = {
    **{lie.field: lie.told for lie in LIES.values()},
    GONE: "the operator dies in the middle of the second day",
}
"""Every story: its field, and what is false in it."""

_SOURCES = {
    "AuctionCourt": "the public auction, the chain's terms and the anchored header",
    "BookCourt": "its own offer, the operator's receipt for it, and the opening of its leaf",
    "RowCourt": "private rows, the public result, and what stands on chain",
    "Docket": "what it had a right to and did not get",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a story puts into a run."""

    operator: Operator
    received: Callable[[Readings], Readings]
    silent: Collection[int]


@dataclass(frozen=True, slots=True)
class Conviction:
    """One false thing found: by whom, from what, in which transaction; money in µ."""

    who: str
    source: str
    call: str
    what: str
    at: str
    void_slot: int | None
    slashed: int
    finder: int
    reserve: int


@dataclass(frozen=True, slots=True)
class Story:
    """A story as it happened.

    cancelled : settlements that were cancelled; applied : those that count
    paid_out : µ by account that members took home (only where the operator is gone)
    """

    field: str
    falsified: str
    convictions: tuple[Conviction, ...]
    cancelled: int
    applied: int
    void_slots: tuple[int, ...]
    paid_out: Mapping[int, int]
    amounts: Mapping[int, int]
    successor: bool

    def plain(self) -> dict[str, object]:
        """The same for JSON."""
        return asdict(self)


def check_cheat(field: str) -> None:
    """InputError unless there is such a story."""
    if field not in CHEATS:
        faults = [Fault(name, told) for name, told in CHEATS.items()]
        raise InputError(f"--cheat {field} is none of the lies that can be told", faults)


def setting_of(field: str | None, span: Span) -> Setting:
    """What a run needs for the story (None: an honest run)."""
    if field is None:
        return Setting(Operator(), lambda readings: readings, ())
    if field == GONE:
        operator = Operator()
        operator.dies_in = span.days[1][len(span.days[1]) // 2]
        return Setting(operator, lambda readings: readings, ())
    lie = LIES[field]
    return Setting(Liar(lie), lie.received() if lie.received else lambda readings: readings, lie.silent)


def tell_story(field: str, simulation: Simulation) -> Story:
    """What happened in a run with a lie in it."""
    paid_out = simulation.pay_out() if field == GONE else {}
    record = simulation.ledger.record()
    return Story(
        field=field,
        falsified=CHEATS[field],
        convictions=tuple(_conviction(found) for found in simulation.auditors.found),
        cancelled=sum(settlement.cancelled for settlement in record.settlements),
        applied=sum(settlement.applied for settlement in record.settlements),
        void_slots=tuple(sorted(record.void_slots)),
        paid_out=paid_out,
        amounts=settled_amounts(record),
        successor=field == GONE,
    )


def settled_amounts(record: ChainRecord) -> dict[int, int]:
    """What every member was paid (+) or paid (−) by all settlements that count, µ by account."""
    applied = [settlement for settlement in record.settlements if settlement.applied]
    members = range(FIRST_MEMBER, len(record.owners))
    return {account: sum(settlement.amounts[account] for settlement in applied) for account in members}


def _conviction(found: Found) -> Conviction:
    evidence, convicted = found.evidence, found.convicted
    finder = convicted.slashed // 5
    kind = "an answer that never came" if convicted.kind > Kind.SILENCE else Kind(convicted.kind).name.lower()
    return Conviction(
        who=found.who,
        source=_SOURCES[evidence.court],
        call=f"{evidence.court}.{evidence.function}",
        what=f"{evidence.what} ({kind.replace('_', ' ')})",
        at=datetime.fromtimestamp(convicted.timestamp, UTC).isoformat(),
        void_slot=convicted.slot,
        slashed=convicted.slashed,
        finder=finder,
        reserve=convicted.slashed - finder,
    )
