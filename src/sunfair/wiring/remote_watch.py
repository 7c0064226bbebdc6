"""An independent watcher of a market on a network: it reads on, clears again, tells what is false, and has it refuted.

What it has judged it keeps by anchor and settlement, so it goes on where it stopped after whatever failed: a node that
does not answer, a reorganisation, a challenge that was cut short. Somebody else may always have been faster.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sunfair.app.published import PublishedPeriod
from sunfair.app.published_checks import Told, period_told, settlement_told
from sunfair.app.publishing import rebuilt, void_period
from sunfair.chain.follow import Follower
from sunfair.errors import Reverted
from sunfair.settlement.court import Anchor, Evidence, MarketFacts, Settlement
from sunfair.wiring.remote_demands import Demands, Known
from sunfair.wiring.remote_purse import Challenger, TooDear

__all__ = ["Watcher"]


@dataclass
class _Judged:
    """What was found of an anchored period; `period` None: its public part could not be had so far."""

    period: PublishedPeriod | None = None
    why: str = ""
    told: list[Told] = field(default_factory=list)


class Watcher:
    """One market watched. `look` does all that is new; `tell` is told in words, each thing once."""

    def __init__(
        self,
        follower: Follower,
        tell: Callable[[str], None],
        challenger: Challenger | None = None,
        demands: Demands | None = None,
    ) -> None:
        """Periods applied before the first look are passed over: nothing can be done about them any more.

        Without a `challenger` nothing is refuted, without `demands` nothing that is withheld is asked for.
        """
        self._follower, self._tell, self._challenger, self._demands = follower, tell, challenger, demands
        self._periods: dict[Anchor, _Judged] = {}
        self._amounts: dict[Settlement, list[Told]] = {}
        self._refused: set[tuple[int, str, str]] = set()
        self._reorganised = 0
        self._exhausted = False

    def look(self) -> None:
        """Read on, judge what is new, have refuted what is false. LedgerError if the node fails; then look again."""
        self._follower.update()
        if self._follower.reorganised > self._reorganised:
            self._reorganised = self._follower.reorganised
            self._tell(f"block {self._follower.head}: the chain was reorganised; read anew")
        facts = self._follower.facts()
        for anchor in facts.anchors:
            if self._periods.setdefault(anchor, _Judged()).period is None:
                self._judge(facts, anchor)
        self._judge_amounts(facts)
        if self._challenger is not None:
            self._refute(self._challenger)
        if self._demands is not None:
            self._demand(self._demands)

    @property
    def standing(self) -> list[Told]:
        """What is false or missing and counts (not void, dropped or cancelled), the first slot's last."""
        if not self._periods:
            return []
        history, facts = self._follower.history, self._follower.facts()
        counting = {made for made, posted in history.settlements if not posted.cancelled}
        found: list[Told] = []
        for anchor, judged in self._periods.items():
            now = history.anchors.get(anchor.period)
            if now is None or now.root != anchor.root:
                continue
            slots = range(anchor.first_slot, anchor.first_slot + anchor.slots)
            if judged.period is None and not all(facts.is_void(now, slot) for slot in slots):
                found.append(Told(anchor.first_slot, None, judged.why))
            found += [told for told in judged.told if not facts.is_void(now, told.slot)]
        found = [found[at] for at in sorted(range(len(found)), key=lambda at: (-found[at].slot, at))]
        return [told for made, amounts in self._amounts.items() if made in counting for told in amounts] + found

    @property
    def watched(self) -> int:
        """How many anchored periods were looked at."""
        return len(self._periods)

    def _judge(self, facts: MarketFacts, anchor: Anchor) -> None:
        judged, last = self._periods[anchor], anchor.first_slot + anchor.slots - 1
        name = f"period {anchor.period}, slots {anchor.first_slot} to {last}"
        published = self._follower.published(anchor)
        judged.period = void_period(facts, anchor) or rebuilt(anchor, published)
        if judged.period is None:
            why = published.lacks or "what was laid out has not the headers that hash to the anchor"
            if why != judged.why:
                self._tell(f"{name}: the public part is not to be had: {why}")
            judged.why = why
            return
        judged.told = list(period_told(facts, judged.period))
        for told in judged.told:
            self._tell(str(told))
        void = sum(facts.is_void(anchor, slot) for slot in range(anchor.first_slot, last + 1))
        self._tell(
            f"{name}: {anchor.slots - void} auctions cleared again, {void} void, {len(judged.told)} false things"
        )

    def _judge_amounts(self, facts: MarketFacts) -> None:
        """The posted amounts of the pending settlement, once its periods are known."""
        made = facts.pending
        if made is None or made in self._amounts:
            return
        covered = range(made.first_period, made.first_period + made.periods)
        judged = [self._periods.get(anchor, _Judged()).period for anchor in facts.anchors if anchor.period in covered]
        if len(judged) < made.periods or None in judged:
            return
        amounts = self._follower.history.settlements[-1][1].amounts
        periods = [period for period in judged if period is not None]
        told = self._amounts[made] = settlement_told(facts, made, amounts, periods)
        for one in told:
            self._tell(str(one))
        if not told:
            name = f"settlement of period {made.first_period}" + (f" to {covered[-1]}" if made.periods > 1 else "")
            self._tell(f"{name}: zero sum, cover, reserve's bound and the network's share hold")

    def _refute(self, challenger: Challenger) -> None:
        """Show what is false to its court, until the budget is used up: the first thing that convicts of each slot."""
        for told, evidence in self._shown():
            try:
                self._tell(f"slot {told.slot}: {challenger.challenge(evidence)}")
            except TooDear as dear:
                self._exhausted = True
                self._tell(f"the gas budget is used up, what is false stands: {dear}")
                return
            except Reverted as refused:
                self._refused.add((told.slot, evidence.function, told.what))
                self._tell(f"slot {told.slot}: {refused}: somebody was faster, or it is applied")
            self._follower.update()

    def _demand(self, demands: Demands) -> None:
        """See to what is withheld of the pending settlement, and of what it rests on."""
        facts, history = self._follower.facts(), self._follower.history
        made = facts.pending
        if made is None:
            return
        covered = range(made.first_period, made.first_period + made.periods)
        judged = {anchor: self._periods[anchor] for anchor in facts.anchors if anchor.period in covered}
        auctions = [told for one in judged.values() for told in one.told]
        periods = {anchor: one.period for anchor, one in judged.items()}
        posted, totals = history.settlements[-1][1].amounts, self._amounts.get(made, [])
        demands.look(facts, Known(made, posted, periods, auctions, totals))
        self._follower.update()

    def _shown(self) -> Iterator[tuple[Told, Evidence]]:
        """What can be refuted, looked at anew after each challenge: a slot that became void is done with."""
        for anchor, judged in list(self._periods.items()):
            for told in judged.told:
                facts = self._follower.facts()
                if self._exhausted or anchor not in facts.anchors or facts.is_void(anchor, told.slot):
                    continue
                evidence = told.evidence
                if evidence is not None and (told.slot, evidence.function, told.what) not in self._refused:
                    yield told, evidence
