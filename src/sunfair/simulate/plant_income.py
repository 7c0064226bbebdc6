"""Community plants of a simulated market: built before the first slot, their income forwarded as periods are applied.

The plant's account belongs to its agent, a key of its own. The agent pays ahead out of its own wallet as soon as a
period stands in the balances, exactly what the plant's rows earned, and takes the same out of the market as soon as
the market's rule of withdrawals lets it. So no holder waits for a door, and what the agent owes is read off the chain.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import numpy as np

from sunfair.app import Posted
from sunfair.app.plants import PlantAgent
from sunfair.commons import Key, Milestone, Plan, Terms, credits_of, divided, due_of, forward
from sunfair.commons.plan import DAY
from sunfair.errors import Reverted
from sunfair.model import FIRST_MEMBER, Community, Plant
from sunfair.ports import Ledger
from sunfair.ports.plants import PlantLedger, PlantOffice
from sunfair.simulate.world import VirtualClock
from sunfair.units import BPS, MICRO

__all__ = ["HolderPeriod", "PlantIncome", "PlantPeriod"]

_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class PlantPeriod:
    """What a plant earned in a period, and what of it reached its contract. Money µ, energy Wh.

    accumulator : 2⁻⁶⁴ µ a share after it, 32 bytes; period_root, leaf : what the plant's rows of the period stand
    under on chain, and the leaf they make; shared_wh, surplus_wh : its output by its key, None without one
    """

    period: int
    first_slot: int
    last_slot: int
    account: int
    contract: bytes
    generation_wh: int
    shared_wh: int | None
    surplus_wh: int | None
    earned: int
    forwarded: int
    supply: int
    accumulator: bytes
    period_root: bytes
    leaf: bytes


@dataclass(frozen=True, slots=True)
class HolderPeriod:
    """A holder's line of a period: its part of the income, µ; by the plant's key, its Wh and their worth, µ."""

    period: int
    last_slot: int
    plant: int
    account: int
    shares: int
    due: int
    claimed: int
    shared_wh: int | None
    credit: int | None


@dataclass(slots=True)
class _Held:
    """A plant that stands: its contract, and what was counted of it so far, µ.

    ahead : what its agent paid ahead and did not take out of the market yet; asked : what it asked the market for
    """

    plant: Plant
    ledger: PlantLedger
    accounts: tuple[int, ...]
    seats: tuple[int, ...]
    agents: tuple[PlantAgent, ...]
    carried: int = 0
    accumulator: int = 0
    ahead: int = 0
    asked: int = 0


class PlantIncome:
    """The plants of a run. Holds a line for each plant and each holder, period by period."""

    def __init__(self, community: Community, office: PlantOffice | None) -> None:
        """Without an office no plant has a contract, and no line is written."""
        number = {member.id: FIRST_MEMBER + at for at, member in enumerate(community.members)}
        self._wanted = [
            (number[member.id], member.pv_wp, member.plant, tuple(number[name] for name in member.plant.holders))
            for member in community.members
            if member.plant is not None
        ]
        self._office = office
        self._plants: dict[int, _Held] = {}
        self.periods: list[PlantPeriod] = []
        self.holders: list[HolderPeriod] = []

    def build(self, clock: VirtualClock) -> None:
        """Found every plant with its holders' pledges, pay for it and let it operate: an hour passes."""
        if self._office is None:
            return
        for account, peak_w, plant, holders in self._wanted:
            ledger = _built(self._office, clock, account, peak_w, dict(zip(holders, plant.shares_bps, strict=True)))
            agents = tuple(PlantAgent(ledger, str(holder)) for holder in holders)
            seats = tuple(ledger.seat(ledger.address_of(str(holder))).shares for holder in holders)
            self._plants[account] = _Held(plant, ledger, holders, seats, agents)

    def applied(self, posted: Posted) -> None:
        """A period is in the balances: forward what each plant earned, and let the holders have it."""
        for account, held in self._plants.items():
            self._forward(account, held, posted)

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

    def _forward(self, account: int, held: _Held, posted: Posted) -> None:
        assert self._office is not None
        earned = int(posted.rows.paid[:, account].sum())
        sent, held.carried = forward(held.carried, earned)
        before = held.accumulator
        if sent:
            self._office.pay(account, held.ledger.address, sent)
            held.ledger.act(str(account), "collect")
            held.accumulator = divided(before, sent, sum(held.seats))
            held.ahead += sent
        shared, worth = self._told(account, held, posted)
        generation = int(np.maximum(-posted.rows.metered_wh[:, account], 0).sum())
        total = None if shared is None else sum(shared)
        slots = posted.period.slots
        self.periods.append(
            PlantPeriod(
                period=posted.settlement.first_period,
                first_slot=slots[0].slot,
                last_slot=slots[-1].slot,
                account=account,
                contract=held.ledger.address,
                generation_wh=generation,
                shared_wh=total,
                surplus_wh=None if total is None else generation - total,
                earned=earned,
                forwarded=sent,
                supply=sum(held.seats),
                accumulator=held.accumulator.to_bytes(32, "big"),
                period_root=posted.tree.root,
                leaf=posted.tree.leaves[account].tobytes(),
            )
        )
        self._share(held, before, shared, worth)

    def _share(self, held: _Held, before: int, shared: list[int] | None, worth: list[int] | None) -> None:
        """Every holder's line of the period just told; each claims what it is owed."""
        of = self.periods[-1]
        for at, (holder, seat, agent) in enumerate(zip(held.accounts, held.seats, held.agents, strict=True)):
            due = due_of(seat, held.accumulator) - due_of(seat, before)
            told = (None, None) if shared is None or worth is None else (shared[at], worth[at])
            line = HolderPeriod(of.period, of.last_slot, of.account, holder, seat, due, agent.claim(), *told)
            self.holders.append(line)

    def _told(self, account: int, held: _Held, posted: Posted) -> tuple[list[int] | None, list[int] | None]:
        """Wh and µ of each holder by the plant's key; None where it has none."""
        if not held.plant.key:
            return None, None
        retail = np.array([record.terms.retail for record in posted.period.slots], np.int64)
        key, shares = cast(Key, held.plant.key), held.plant.shares_bps
        shared, worth = credits_of(key, posted.rows.metered_wh, account, held.accounts, shares, retail)
        return shared.shared_wh.sum(axis=0).tolist(), worth.tolist()


def _built(
    office: PlantOffice, clock: VirtualClock, account: int, peak_w: int, shares_bps: Mapping[int, int]
) -> PlantLedger:
    """A plant that operates: a unit of the currency a W, pledged by holders, paid to the agent that had it built."""
    now, document = int(clock.now().timestamp()), office.document(account)
    capex, agent = peak_w * MICRO, str(account)
    terms = Terms(
        document, peak_w, capex, capex, 0, BPS, len(shares_bps), now + DAY, window_seconds=_HOUR, reserve_bps=0
    )
    payee = office.agent(account)
    ledger = office.propose(account, Plan(terms, (Milestone(payee, capex, now + 2 * DAY),)))
    for holder, bps in shares_bps.items():
        ledger.pledge(str(holder), capex * bps // BPS, BPS)
    ledger.act(agent, "commit")
    ledger.act(agent, "submit", document)
    clock.advance(datetime.fromtimestamp(now + _HOUR, UTC))
    ledger.act(agent, "release")
    ledger.act(agent, "fetch", payee)
    ledger.act(agent, "operate")
    return ledger
