"""Everyone who looks: each home at its own leaf, rows and money, a watcher at the auctions, the utility at everybody's.

After every anchor and every settlement each of them works out what is due; whoever finds something false shows it to
the court that can refute it. What a challenge may cost is bounded: nobody sends more than its budget of them.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sunfair.app import Posted
from sunfair.app.home import Receipt, book_faults, expected_rows, settlement_faults
from sunfair.app.published import Opened, PublishedPeriod, ToldCaps
from sunfair.app.published_checks import is_book_bound, period_told
from sunfair.errors import Reverted
from sunfair.model import NETWORK, UTILITY
from sunfair.ports import Asked, Convicted, Ledger
from sunfair.settlement import PrivateRow, pack_amounts
from sunfair.settlement.court import Evidence, Kind, MarketFacts
from sunfair.settlement.court.docket import Demand
from sunfair.settlement.court.rows_evidence import CoverTree, HandedRows, cover_path, find_cover_faults
from sunfair.settlement.court.rows_evidence import find_network_faults as network_faults

__all__ = ["Auditors", "Found", "handed_rows"]

CHALLENGES_MAX = 3
"""Challenges one party sends in one period: each false thing alone cancels and costs the bond."""


@dataclass(frozen=True, slots=True)
class Found:
    """One false thing: who saw it, the evidence, and what the court made of it."""

    who: str
    evidence: Evidence
    convicted: Convicted


@dataclass(frozen=True, slots=True)
class Known:
    """What one home has of its own: what it was handed of each book, its receipts, its registers, and the
    caps it was told.
    """

    opened: Mapping[int, Opened]
    receipts: Mapping[int, Receipt]
    readings: Callable[[int], tuple[int, int] | None]
    caps: Mapping[int, ToldCaps | None] = field(default_factory=dict)


def handed_rows(posted: Posted, account: int) -> HandedRows:
    """What the operator hands an account of a settlement."""
    rows = tuple(row.encode() for row in posted.rows.rows(account))
    money, tree = posted.money, posted.tree
    numbers = (int(money.amounts[account]), int(money.arrears[account]), int(money.cover[account]))
    stated = b"".join(number.to_bytes(8, "big", signed=True) for number in numbers)
    leaf = b"\x14" + account.to_bytes(4, "big") + stated + tree.row_roots[account]
    return HandedRows(posted.settlement, account, leaf, cover_path(tree.account_proof(account)), rows)


@dataclass(frozen=True, slots=True)
class Open:
    """A demand that waits for its answer."""

    who: str
    holder: str
    asked: Asked
    told: str


@dataclass
class Auditors:
    """All of them, in one simulated street; the watcher signs as `watcher`.

    `names[account]` says who looks at an account's rows, `silent` whose holder does not: there the utility does, which
    may look at everybody's, and signs itself.
    """

    ledger: Ledger
    names: Mapping[int, str]
    silent: Collection[int] = ()
    found: list[Found] = field(default_factory=list)
    checked_rows: int = 0
    cleared_slots: int = 0
    demands: list[Open] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """What is false and no court hears of: caps that are not those the header binds."""
    unbound: set[int] = field(default_factory=set)
    """Slots of which something was published that the anchored header does not bind."""

    def after_anchor(self, period: PublishedPeriod, known: Mapping[int, Known]) -> None:
        """What is public, and each home's leaf in it."""
        facts = self.ledger.facts()
        told = list(period_told(facts, period))
        self._show("watcher", "the watcher", (one.evidence for one in told if one.evidence is not None))
        self.unbound |= {one.slot for one in told if one.demand or one.opening}
        self.cleared_slots += len(period.auctions)
        for account, own in known.items():
            self._show(self._holder(account), self.names[account], self._leaf_faults(facts, period, account, own))
            self._look_at_caps(period, account, own)

    def _holder(self, account: int) -> str:
        """Who signs a challenge about an account's own data."""
        return str(UTILITY if account in self.silent else account)

    def _leaf_faults(self, facts: MarketFacts, period: PublishedPeriod, account: int, own: Known) -> Iterator[Evidence]:
        for index in range(len(period.auctions)):
            slot = period.anchor.first_slot + index
            if slot in own.opened and not facts.is_void(period.anchor, slot):
                yield from book_faults(period, slot, account, own.opened[slot], own.receipts.get(slot))

    def _look_at_caps(self, period: PublishedPeriod, account: int, own: Known) -> None:
        for slot, caps in own.caps.items():
            auction = period.auctions[slot - period.anchor.first_slot]
            if caps is not None and auction is not None and not caps.stands_in(auction, slot, account):
                self.told.append(f"slot {slot} account {account}: it was told caps that the header does not bind")

    def due(self) -> int | None:
        """When the silence about an open demand can be convicted, unix s; None without one."""
        if not self.demands:
            return None
        return self.demands[0].asked.settlement.settled_at + self.ledger.window_seconds * 3 // 4

    def tick(self) -> None:
        """Have silence convicted, once its time has come."""
        due = self.due()
        if due is None or self.ledger.now() < due:
            return
        for demand in self.demands:
            if self.ledger.is_pending(demand.asked.settlement):
                told = f"{demand.told}: no answer came"
                evidence = Evidence("Docket", "convict_silence", (demand.asked,), Kind.SILENCE, told)
                convicted = self.ledger.convict_silence(demand.asked, holder=demand.holder)
                self.found.append(Found(demand.who, evidence, convicted))
        self.demands = []

    def _demand(self, account: int, asked: Asked, told: str) -> None:
        self._ask(self.names[account], self._holder(account), asked, told)

    def _ask(self, who: str, holder: str, asked: Asked, told: str) -> None:
        self.ledger.demand(asked, holder=holder)
        self.demands.append(Open(who, holder, asked, told))

    def _demand_unbound(
        self, facts: MarketFacts, posted: Posted, periods: Sequence[PublishedPeriod], known: Collection[int]
    ) -> None:
        """What the header binds and nobody was shown: of the result anybody asks for a row, of the book a home for its
        own leaf. One answer that does not come convicts.
        """
        if not self.ledger.is_pending(posted.settlement):
            return
        for period in periods:
            for index, auction in enumerate(period.auctions):
                slot, anchor = period.anchor.first_slot + index, period.anchor
                if slot not in self.unbound or facts.is_void(anchor, slot):
                    continue
                if auction is None or not is_book_bound(auction):
                    asked = Asked(posted.settlement, anchor, Demand.OPEN_ACCOUNT, slot, min(known))
                    self._demand(min(known), asked, f"slot {slot}: its leaf does not stand in the anchored book")
                else:
                    asked = Asked(posted.settlement, anchor, Demand.LEAF, slot, 0)
                    told = f"slot {slot}: the published rows are not those that the header binds"
                    self._ask("the watcher", "watcher", asked, told)

    def after_settlement(
        self,
        posted: Posted,
        periods: Sequence[PublishedPeriod],
        known: Mapping[int, Known],
        earlier: Posted | None,
        withheld: Collection[int] = (),
    ) -> None:
        """Each home's rows and amount; the network's, by anyone; and all of them once more by the utility."""
        facts, words = self.ledger.facts(), pack_amounts(posted.amounts)
        stated = [(bytes(leaf), int(cover)) for leaf, cover in zip(posted.tree.leaves, posted.money.cover, strict=True)]
        self._show("watcher", "the watcher", find_cover_faults(facts, posted.settlement, CoverTree(stated)))
        own = handed_rows(posted, NETWORK)
        self._show("watcher", "the watcher", self._network_faults(facts, own, periods))
        self._demand_unbound(facts, posted, periods, known)
        for account, home in known.items():
            if not self.ledger.is_pending(posted.settlement):
                return
            if account in withheld:
                asked = Asked(posted.settlement, periods[0].anchor, Demand.ROWS, account, 0)
                self._demand(account, asked, f"account {account} was not handed its rows")
                continue
            before = None if earlier is None else handed_rows(earlier, account)
            last = None if before is None or not before.rows else PrivateRow.decode(before.rows[-1])
            due = expected_rows(facts, periods, account, home.opened, home.readings, last)
            own = handed_rows(posted, account)
            self.checked_rows += len(own.rows)
            faults = settlement_faults(facts, periods, own, words, due, before)
            self._show(self._holder(account), self.names[account], iter(faults))
            if not faults:
                self._ask_for_reading(posted, periods, own, home)

    def _network_faults(
        self, facts: MarketFacts, own: HandedRows, periods: Sequence[PublishedPeriod]
    ) -> Iterator[Evidence]:
        return network_faults(facts, own, lambda slot: _holding(periods, slot).shown(slot))

    def _ask_for_reading(
        self, posted: Posted, periods: Sequence[PublishedPeriod], own: HandedRows, home: Known
    ) -> None:
        """Where a row has other registers than the home's meter, the operator must show who signed them."""
        for data in own.rows:
            row = PrivateRow.decode(data)
            registers = row.import_register_wh, row.export_register_wh
            if row.gap_slots <= 0 and registers != home.readings(row.slot):
                asked = Asked(posted.settlement, periods[0].anchor, Demand.READING, row.account, row.slot)
                told = f"account {row.account}, slot {row.slot}: registers that its meter did not sign"
                self._demand(row.account, asked, told)
                return

    def _show(self, holder: str, who: str, faults: Iterator[Evidence]) -> None:
        """Have each false thing refuted, up to the budget; what another has refuted already is let go."""
        for sent, evidence in enumerate(faults):
            if sent >= CHALLENGES_MAX:
                return
            try:
                self.found.append(Found(who, evidence, self.ledger.refute(evidence, holder=holder)))
            except Reverted as refused:
                if not _already_done(refused.reason):
                    raise


def _already_done(reason: str) -> bool:
    """Whether a court refused because the slot is void or the settlement cancelled by now."""
    return reason in ("court: void slot", "court: settlement")


def _holding(periods: Sequence[PublishedPeriod], slot: int) -> PublishedPeriod:
    """The period that holds a slot."""
    return next(p for p in periods if p.anchor.first_slot <= slot < p.anchor.first_slot + p.anchor.slots)
