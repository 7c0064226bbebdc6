"""Community plants of a simulated market: built before the first slot, their income forwarded as periods are applied.

The plant's account belongs to its agent, a key of its own. The agent pays ahead out of its own wallet as soon as a
period stands in the balances, exactly what the plant's rows earned, and takes the same out of the market as soon as
the market's rule of withdrawals lets it. So no holder waits for a door, and what the agent owes is read off the chain.
Of a plant that shares by key the utility hands on what it took for shared energy, to the contract and the holders.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from sunfair.app import Posted
from sunfair.app.plant_book import PlantBook, PlantShare, note_arrears, plant_flows
from sunfair.app.plants import Knowledge, PlantAgent
from sunfair.commons import Flows, Milestone, Plan, Terms
from sunfair.commons.plan import DAY
from sunfair.errors import Reverted
from sunfair.model import FIRST_MEMBER, UTILITY, Community, Plant, SeatSale
from sunfair.ports import Ledger, Purse
from sunfair.ports.plants import PlantLedger, PlantOffice
from sunfair.simulate.world import VirtualClock
from sunfair.units import BPS, MICRO

__all__ = ["HolderPeriod", "PlantIncome", "PlantPeriod"]

_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class PlantPeriod:
    """What a plant earned in a period, and what of it reached its contract. Money µ, energy Wh.

    point : its meter point in the register; accumulator : 2⁻⁶⁴ µ a share after it, 32 bytes; period_root, leaf : what
    the plant's rows of the period stand under on chain, and the leaf they make; shared_wh, surplus_wh : its output by
    its key, None without one; shared_income : what the utility handed on for shared energy, None where the plant only
    sells
    """

    period: int
    first_slot: int
    last_slot: int
    account: int
    contract: bytes
    point: bytes
    generation_wh: int
    shared_wh: int | None
    surplus_wh: int | None
    shared_income: int | None
    earned: int
    forwarded: int
    supply: int
    accumulator: bytes
    period_root: bytes
    leaf: bytes


@dataclass(frozen=True, slots=True)
class HolderPeriod:
    """A holder's line of a period: its part of the income, µ; by the plant's key, its Wh and their worth, µ.

    paid : what the utility paid of that worth, None where the plant only sells
    """

    period: int
    last_slot: int
    plant: int
    account: int
    shares: int
    due: int
    claimed: int
    shared_wh: int | None
    credit: int | None
    paid: int | None


@dataclass(slots=True)
class _Held:
    """A plant that stands: its books, contract, meter point, its holders' agents, and the seats that have yet to pass.

    ahead : what its agent paid ahead and did not take out of the market yet, µ; asked : what it asked the market for
    """

    book: PlantBook
    ledger: PlantLedger
    point: bytes
    agents: tuple[PlantAgent, ...]
    sales: list[SeatSale]
    ahead: int = 0
    asked: int = 0

    @property
    def plant(self) -> Plant:
        """What the community says of it."""
        return self.book.plant

    @property
    def seats(self) -> list[int]:
        """The shares its holders have now."""
        return [self.ledger.seat(self.ledger.address_of(str(one))).shares for one in self.book.holders]

    def pass_seats(self, civil: date) -> None:
        """The sales up to a civil day, by seller and buyer: offered to the waiting list, taken from it."""
        account = dict(zip(self.plant.holders, map(str, self.book.holders), strict=True))
        while self.sales and self.sales[0].on <= civil:
            sale = self.sales.pop(0)
            seller, buyer = account[sale.seller], account[sale.buyer]
            shares = sum(self.seats) * sale.bps // BPS
            self.ledger.act(buyer, "join")
            self.ledger.act(seller, "offer", shares, sale.price)
            self.ledger.act(buyer, "take", self.ledger.address_of(seller), shares, sale.price)


class PlantIncome:
    """The plants of a run. Holds a line for each plant and each holder, period by period."""

    def __init__(self, community: Community, office: PlantOffice | None, purse: Purse | None = None) -> None:
        """Without an office no plant has a contract, and no line is written; from `purse` the utility pays credits."""
        number = {member.id: FIRST_MEMBER + at for at, member in enumerate(community.members)}
        self._wanted = [
            (number[member.id], member.pv_wp, member.plant, tuple(number[name] for name in member.plant.holders))
            for member in community.members
            if member.plant is not None
        ]
        self._office, self._purse, self._clock = office, purse, community.clock
        self._plants: dict[int, _Held] = {}
        self._debts: dict[int, int] = {}
        self.periods: list[PlantPeriod] = []
        self.holders: list[HolderPeriod] = []

    def build(self, clock: VirtualClock) -> None:
        """Found every plant with its holders' pledges, pay for it and let it operate: an hour passes."""
        if self._office is None:
            return
        for account, peak_w, plant, holders in self._wanted:
            ledger = _pledged(self._office, clock, account, peak_w, dict(zip(holders, plant.shares_bps, strict=True)))
            agents = tuple(PlantAgent(ledger, str(holder)) for holder in holders)
            _build(ledger, clock, str(account), agents)
            self._plants[account] = _Held(
                PlantBook(plant, account, holders), ledger, self._office.point(account), agents, list(plant.sales)
            )

    def applied(self, posted: Posted) -> None:
        """A period is in the balances: forward what each plant earned, and let the holders have it."""
        if any(held.plant.shares_output for held in self._plants.values()):
            note_arrears(self._debts, posted.money.arrears)
        slots = posted.period.slots
        retail, feed_in = np.array([(one.terms.retail, one.terms.feed_in) for one in slots], np.int64).T
        flows = plant_flows(posted.rows, retail, feed_in, self._clock)
        for account, held in self._plants.items():
            flows = self._forward(account, held, posted, flows)

    def take_back(self, ledger: Ledger) -> tuple[dict[int, int], dict[int, int]]:
        """Each agent takes out of the market what it paid ahead, as soon as the market's rule lets it.

        What was paid out now, and what is asked for from now on, µ by account.
        """
        paid: dict[int, int] = {}
        for account, held in self._plants.items():
            if held.asked:
                try:
                    paid[account] = ledger.withdraw(account)
                except Reverted:  # not due yet: the request stands
                    continue
                held.ahead, held.asked = held.ahead - paid[account], 0
            if held.ahead > 0:
                ledger.request_withdrawal(account, held.ahead)
                held.asked = held.ahead
        return paid, {account: held.asked for account, held in self._plants.items()}

    def _forward(self, account: int, held: _Held, posted: Posted, flows: Flows) -> Flows:
        """Seats pass that were sold, income reaches the contract, holders claim, the utility pays their credits.

        What is left to share for the next plant.
        """
        slots = posted.period.slots
        civil = self._clock.date_of(slots[0].slot)
        held.pass_seats(civil)
        told, left = held.book.period(posted.rows, flows, held.plant.shares_on(civil), held.seats, self._debts)
        self._pay(account, held, told)
        self.periods.append(
            PlantPeriod(
                period=posted.settlement.first_period,
                first_slot=slots[0].slot,
                last_slot=slots[-1].slot,
                account=account,
                contract=held.ledger.address,
                point=held.point,
                generation_wh=told.generation_wh,
                shared_wh=told.shared_wh,
                surplus_wh=told.surplus_wh,
                shared_income=told.shared_income,
                earned=told.earned,
                forwarded=told.forwarded,
                supply=told.supply,
                accumulator=told.accumulator.to_bytes(32, "big"),
                period_root=posted.tree.root,
                leaf=posted.tree.leaves[account].tobytes(),
            )
        )
        self._claim(held, told)
        return left

    def _pay(self, account: int, held: _Held, told: PlantShare) -> None:
        """What the agent and the utility owe the contract reaches it, and is divided there."""
        assert self._office is not None
        for payer, amount in ((account, told.forwarded), (UTILITY, told.shared_income or 0)):
            if amount:
                self._office.pay(payer, held.ledger.address, amount)
        if told.income:
            held.ledger.act(str(account), "collect")
        held.ahead += told.forwarded

    def _claim(self, held: _Held, told: PlantShare) -> None:
        """Every holder's line of the period just told; each claims what it is owed, and is paid its credit."""
        of = self.periods[-1]
        for part, agent in zip(told.holders, held.agents, strict=True):
            if part.paid and self._purse is not None:
                self._purse.give(UTILITY, part.account, part.paid)
            self.holders.append(
                HolderPeriod(
                    of.period,
                    of.last_slot,
                    of.account,
                    part.account,
                    part.shares,
                    part.due,
                    agent.claim(),
                    part.shared_wh,
                    part.credit,
                    part.paid,
                )
            )


def _pledged(
    office: PlantOffice, clock: VirtualClock, account: int, peak_w: int, shares_bps: Mapping[int, int]
) -> PlantLedger:
    """The contract of a plant whose holders pledged a unit of the currency a W for it, to be paid to its agent."""
    now, document = int(clock.now().timestamp()), office.document(account)
    capex = peak_w * MICRO
    pledges = {holder: capex * bps // BPS for holder, bps in shares_bps.items() if bps}
    terms = Terms(document, peak_w, capex, capex, 0, BPS, len(pledges), now + DAY, window_seconds=_HOUR, reserve_bps=0)
    ledger = office.propose(account, Plan(terms, (Milestone(office.agent(account), capex, now + 2 * DAY),)))
    for holder, amount in pledges.items():
        ledger.pledge(str(holder), amount, BPS)
    return ledger


def _build(ledger: PlantLedger, clock: VirtualClock, agent: str, holders: Sequence[PlantAgent]) -> None:
    """The pledges bind, every holder's agent acknowledges and looks at the evidence; an hour on the plant operates."""
    ledger.act(agent, "commit")
    ledger.act(agent, "submit", ledger.plan().terms.document)
    for holder in holders:
        holder.wake(Knowledge(reached=1))
    clock.advance(datetime.fromtimestamp(int(clock.now().timestamp()) + _HOUR, UTC))
    ledger.act(agent, "release")
    ledger.act(agent, "fetch", ledger.address_of(agent))
    ledger.act(agent, "operate")
