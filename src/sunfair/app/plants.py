"""A member's agent in a shared plant: it knows what is agreed, watches it, says what it learns, votes by a rule.

Joint intention (Cohen & Levesque 1991; Jennings 1995): who is committed with others to a goal keeps it until all know
that it is achieved, out of reach or no longer wanted, and whoever comes to know that privately has to tell the others.
"""

from dataclasses import dataclass

from sunfair.commons.plan import MotionKind, PlantState, ReportKind
from sunfair.ports.plants import MotionRecord, PlantLedger, PlantStatus

__all__ = ["Knowledge", "PlantAgent", "StandingRule"]

YIELD_LOW_BPS = 5_000
"""A year's yield below this part of the plan is no longer weather."""


@dataclass(frozen=True, slots=True)
class StandingRule:
    """How an owner votes unasked: patience past a missed milestone, s; the most it lets the reserve pay, µ."""

    patience_seconds: int = 7 * 86_400
    reserve_pay_max: int = 0
    retires: bool = False


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a member itself sees: milestones that are really reached; last year's yield against the plan, bps."""

    reached: int
    yield_bps: int | None = None


class PlantAgent:
    """One member's. `wake` does what is due now and says what it did, each with a word."""

    def __init__(self, ledger: PlantLedger, holder: str, rule: StandingRule | None = None) -> None:
        self._ledger, self._holder, self._rule = ledger, holder, rule or StandingRule()
        self._acknowledged = False

    @property
    def holder(self) -> str:
        """Under which name `ports.Keys` knows the member."""
        return self._holder

    def wake(self, knowledge: Knowledge) -> list[str]:
        """Acknowledge, object, report, challenge, vote: whatever is due; nothing if the member holds no seat."""
        member, status = self._ledger.address_of(self._holder), self._ledger.status()
        if not self._ledger.seat(member).shares or not PlantState.COMMITTED <= status.state <= PlantState.ENDING:
            return []
        done = []
        if not self._acknowledged:
            self._act("acknowledge")
            self._acknowledged = True
            done.append("acknowledges")
        done += self._look_at_evidence(status, knowledge)
        done += self._meet_the_duty(status, knowledge)
        return done + self._vote(member, status, knowledge)

    def claim(self) -> int:
        """Bring the member's income home, and a bond that is due back; the income, µ."""
        member = self._ledger.address_of(self._holder)
        if self._ledger.dues(member):
            self._act("fetch", member)
        amount = self._ledger.claimable(member)
        if amount:
            self._act("claim", member)
        return amount

    def _look_at_evidence(self, status: PlantStatus, knowledge: Knowledge) -> list[str]:
        """Evidence of a milestone that is not reached is objected to, once."""
        if self._ledger.evidence() != "waits" or status.next < knowledge.reached:
            return []
        self._act("object")
        return [f"objects to milestone {status.next + 1}"]

    def _meet_the_duty(self, status: PlantStatus, knowledge: Knowledge) -> list[str]:
        """Tell the others what this member knows: a missed deadline, a yield far below the plan."""
        if status.state > PlantState.OPERATING or self._ledger.reported():
            return []
        if self._unachievable(status, knowledge):
            self._act("report", int(ReportKind.UNACHIEVABLE), bytes(31) + b"\1")
            return ["reports that the goal is out of reach"]
        return []

    def _unachievable(self, status: PlantStatus, knowledge: Knowledge) -> bool:
        if status.state is PlantState.OPERATING:
            return knowledge.yield_bps is not None and knowledge.yield_bps < YIELD_LOW_BPS
        if status.next >= status.milestones or knowledge.reached > status.next:
            return False
        deadline = self._ledger.plan().milestones[status.next].deadline
        return self._ledger.now() > deadline + self._rule.patience_seconds

    def _vote(self, member: bytes, status: PlantStatus, knowledge: Knowledge) -> list[str]:
        now, done = self._ledger.now(), []
        since = self._ledger.seat(member).since
        for motion in self._ledger.motions():
            if now < motion.ends and since < motion.opened and not self._ledger.voted(motion.number, member):
                yes = self._opinion(motion, status, knowledge)
                self._act("vote", motion.number, yes)
                done.append(f"votes {'yes' if yes else 'no'} on motion {motion.number}")
        return done

    def _opinion(self, motion: MotionRecord, status: PlantStatus, knowledge: Knowledge) -> bool:
        """What the member knows decides what is true; the owner's rule what is wanted."""
        match motion.kind:
            case MotionKind.EVIDENCE:
                return status.next >= knowledge.reached
            case MotionKind.REPORT:
                return self._unachievable(status, knowledge)
            case MotionKind.PAY:
                return motion.amount <= self._rule.reserve_pay_max
            case MotionKind.RETIRE:
                return self._rule.retires
            case _:
                return True

    def _act(self, name: str, *arguments: object) -> None:
        self._ledger.act(self._holder, name, *arguments)
