"""A street raises, builds and shares a plant, in a time-lapse; beside it a project that fails and returns all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from sunfair.app.plants import Knowledge, PlantAgent
from sunfair.commons import KEYS, Key, Milestone, Plan, Terms, allocate
from sunfair.commons.plan import DAY
from sunfair.ports.plants import PlantEvent, PlantLedger, PlantStatus
from sunfair.simulate.world import VirtualClock
from sunfair.units import BPS, MICRO

__all__ = [
    "Compared",
    "Line",
    "PlantStory",
    "compare_keys",
    "failing_plan",
    "street_plan",
    "tell_failure",
    "tell_plant",
]

Pay = Callable[[int], None]
"""Somebody (the market) pays so much, µ, to the plant."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened: when (unix s), who, what."""

    at: int
    who: str
    what: str


@dataclass(slots=True)
class PlantStory:
    """A project as it went, and where it stands in the end. Money µ; `pledged`, `claimed`, `returned` by member.

    waiting : income that was divided and a member has not claimed yet
    """

    plan: Plan
    end: PlantStatus
    lines: list[Line] = field(default_factory=list)
    pledged: dict[str, int] = field(default_factory=dict)
    claimed: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    returned: dict[str, int] = field(default_factory=dict)
    income: int = 0
    events: list[PlantEvent] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Compared:
    """One sharing key over the year: Wh shared and left over, µ saved by all; the least and most saved by a member."""

    key: str
    shared_wh: int
    surplus_wh: int
    saved: int
    least: int
    most: int


def street_plan(start: int, payees: Sequence[bytes], *, capex: int, members: int, document: bytes) -> Plan:
    """60 kWp in three milestones: ordered, on the roof, at work."""
    parts = capex * 3 // 10, capex * 6 // 10
    amounts = *parts, capex - sum(parts)
    milestones = tuple(
        Milestone(payee, amount, start + days * DAY)
        for payee, amount, days in zip(payees, amounts, (60, 120, 150), strict=True)
    )
    terms = Terms(document, 60_000, capex, capex * 11 // 10, 100 * MICRO, 2_500, members // 2, start + 30 * DAY)
    terms = replace(terms, reserve_target=capex // 10)
    return Plan(terms, milestones)


def failing_plan(start: int, payee: bytes, *, capex: int, members: int, document: bytes) -> Plan:
    """One that asks for more than the street has."""
    terms = Terms(document, 200_000, capex, capex, 100 * MICRO, 5_000, members, start + 20 * DAY)
    return Plan(terms, (Milestone(payee, capex, start + 60 * DAY),))


def tell_plant(
    ledger: PlantLedger, clock: VirtualClock, members: Sequence[str], incomes: Sequence[int], pay: Pay
) -> PlantStory:
    """Pledges to the last claim: the second milestone's first evidence is false, and is found to be."""
    story = PlantStory(ledger.plan(), ledger.status())
    agents = [PlantAgent(ledger, member) for member in members]
    _pledge(story, ledger, clock, members, story.plan.terms.capex)
    ledger.act("organiser", "commit")
    _note(story, ledger, "organiser", "commits: the pledges bind together")
    terms, reached = story.plan.terms, 0
    while ledger.status().next < len(story.plan.milestones):
        at = ledger.status().next
        _pass(clock, 20 * DAY)
        honest = not (at == 1 and reached == 1)
        reached = at + 1 if honest else reached
        payee = f"contractor {at}"
        ledger.act(payee, "submit", bytes(31) + bytes([at + 1]))
        _note(
            story, ledger, payee, f"submits evidence of milestone {at + 1}" + ("" if honest else ", which is not true")
        )
        _wake(story, ledger, clock, agents, Knowledge(reached))
        _pass(clock, max(terms.window_seconds, terms.vote_seconds))
        ledger.act("organiser", "release")
        accepted = ledger.status().next > at
        _note(
            story, ledger, "everyone", f"milestone {at + 1} is {'paid' if accepted else 'refused: the roof is empty'}"
        )
        if accepted:
            ledger.act(payee, "fetch", ledger.address_of(payee))
        reached = max(reached, at + 1)
    ledger.act("organiser", "operate")
    _note(story, ledger, "everyone", "the plant operates")
    for income in incomes:
        _pass(clock, 30 * DAY)
        pay(income)
        ledger.act("organiser", "collect")
        story.income += income
        for agent in agents[:-1]:  # the last member never claims
            story.claimed[agent.holder] = story.claimed.get(agent.holder, 0) + agent.claim()
    story.waiting = {member: ledger.claimable(ledger.address_of(member)) for member in members}
    story.end, story.events = ledger.status(), ledger.history()
    return story


def tell_failure(ledger: PlantLedger, clock: VirtualClock, members: Sequence[str]) -> PlantStory:
    """Half of what is asked for comes in; after the deadline anybody ends it, and everybody gets its pledge back."""
    story = PlantStory(ledger.plan(), ledger.status())
    _pledge(story, ledger, clock, members, story.plan.terms.capex // 2)
    _pass(clock, story.plan.terms.deadline - ledger.now() + DAY)
    ledger.act(members[0], "fail")
    _note(story, ledger, members[0], "ends what did not reach its threshold")
    for member in members:
        address = ledger.address_of(member)
        before = ledger.wallet(address)
        ledger.act("organiser", "pay_out", address)
        story.returned[member] = ledger.wallet(address) - before
    _note(story, ledger, "everyone", "has its pledge back, to the unit")
    story.end, story.events = ledger.status(), ledger.history()
    return story


def compare_keys(
    generation_wh: NDArray[np.int64], use_wh: NDArray[np.int64], shares: NDArray[np.int64], retail: NDArray[np.int64],
    price: int,
) -> list[Compared]:  # fmt: skip
    """The six keys on the same year: a shared kWh saves its member retail[n] − price, µ/kWh, both the member's own."""
    worth = np.broadcast_to(retail - price, use_wh.shape)
    table = np.broadcast_to(shares, use_wh.shape)
    inputs: dict[Key, NDArray[np.int64]] = {"table": table, "priority": np.arange(len(shares))}
    compared = []
    for key in KEYS:
        result = allocate(key, generation_wh, use_wh, inputs.get(key, shares), value=worth)
        saved = (result.shared_wh.sum(axis=0) * (retail - price)) // 1_000
        total, surplus = int(result.shared_wh.sum()), int(result.surplus_wh.sum())
        compared.append(Compared(key, total, surplus, int(saved.sum()), int(saved.min()), int(saved.max())))
    return compared


def _pledge(story: PlantStory, ledger: PlantLedger, clock: VirtualClock, members: Sequence[str], total: int) -> None:
    """Everybody a part, in turns by itself and by a signed pledge the organiser hands in; they sum to `total`."""
    weights = [3 + at % 4 for at in range(len(members))]
    amounts = [total * weight // sum(weights) for weight in weights]
    amounts[0] += total - sum(amounts)
    for at, (member, amount) in enumerate(zip(members, amounts, strict=True)):
        _pass(clock, 3_600 * 12)
        if at % 2:
            expiry = ledger.now() + DAY
            ledger.hand_in(ledger.sign_pledge(member, amount, BPS, nonce=1, expiry=expiry), holder="organiser")
        else:
            ledger.pledge(member, amount, BPS)
        story.pledged[member] = amount
        _note(story, ledger, member, f"pledges {amount // MICRO}")


def _wake(
    story: PlantStory, ledger: PlantLedger, clock: VirtualClock, agents: Sequence[PlantAgent], knowledge: Knowledge
) -> None:
    """Every agent looks twice: first for what it has to say, then for what others moved."""
    for _ in range(2):
        _pass(clock, 3_600)
        for agent in agents:
            for what in agent.wake(knowledge):
                _note(story, ledger, agent.holder, what)


def _note(story: PlantStory, ledger: PlantLedger, who: str, what: str) -> None:
    story.lines.append(Line(ledger.now(), who, what))


def _pass(clock: VirtualClock, seconds: int) -> None:
    clock.advance(datetime.fromtimestamp(int(clock.now().timestamp()) + seconds, UTC))
