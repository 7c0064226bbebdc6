"""Prepaid homes of a simulated street: their credit looked at before every gate, topped up, and told of."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.credit import Credit, CreditState, follow_credit
from sunfair.errors import Reverted
from sunfair.model import FIRST_MEMBER, Community
from sunfair.ports import Purse, SlotRecord
from sunfair.slots import SlotClock

__all__ = ["CreditLook", "Credits", "due_of"]

_EMPTY = "the credit is used up, so the utility supplies this home at its tariff and no neighbour does: "


@dataclass(frozen=True, slots=True)
class CreditLook:
    """What was seen of a home's credit before the gate of `slot`, and what came of it, µ.

    balance : in the vault and parked; due : used and not settled yet; top_up : asked for now; refused : why it was not
    made, empty if it was
    """

    slot: int
    account: int
    balance: int
    due: int
    state: CreditState
    top_up: int
    notice: str
    refused: str


class Credits:
    """Follows the credit of all prepaid homes of a run. Holds every look, in order."""

    def __init__(self, community: Community, purse: Purse | None) -> None:
        """Without a purse nobody can be topped up and no look is made."""
        self._community, self._purse = community, purse
        members = enumerate(community.members, FIRST_MEMBER)
        self._credits = {account: Credit(one.prepaid) for account, one in members if one.prepaid is not None}
        self.looks: list[CreditLook] = []

    @property
    def followed(self) -> bool:
        """Whether there is a credit to look at."""
        return bool(self._credits) and self._purse is not None

    def permit(self, expires: int) -> None:
        """Every owner who wants top-ups signs for them."""
        for account, credit in self._credits.items():
            if self._purse is not None and credit.prepaid.top_up:
                self._purse.permit(account, credit.prepaid, expires)

    def look(self, slot: int, due: NDArray[np.int64], now: int) -> dict[int, int]:
        """Look at every credit before the gate of `slot`; what reached balances in the vault, µ by account.

        due : int64[m], µ, what accounts owe (+) for slots that are not settled; now : unix s
        """
        arrived: dict[int, int] = {}
        for account in self._credits if self._purse is not None else ():
            came = self._look(account, slot, max(int(due[account]), 0), now)
            if came:
                arrived[account] = came
        return arrived

    def _look(self, account: int, slot: int, due: int, now: int) -> int:
        assert self._purse is not None
        came = self._purse.credit_parked(account)
        balance = self._purse.credit_of(account)
        self._credits[account], step = follow_credit(self._credits[account], balance=balance, due=due, now=now)
        refused = ""
        if step.top_up:
            try:
                came += self._purse.top_up(account)
            except Reverted as error:
                refused = error.reason
        state = self._credits[account].state
        self.looks.append(CreditLook(slot, account, balance, due, state, step.top_up, step.notice, refused))
        return came

    def empty(self, size: int) -> NDArray[np.bool_]:
        """Whose credit is used up, bool[size]."""
        empty = np.zeros(size, np.bool_)
        for account, credit in self._credits.items():
            empty[account - FIRST_MEMBER] = credit.state is CreditState.EMPTY
        return empty

    def said(self, slot: int, reasons: list[str]) -> list[str]:
        """The sentences of a slot, with what the credit had to do with it."""
        said = list(reasons)
        for look in self.looks:
            if look.slot == slot and look.state is CreditState.EMPTY:
                at = look.account - FIRST_MEMBER
                said[at] = _EMPTY + said[at]
        return said

    def notices(self, clock: SlotClock) -> list[str]:
        """What owners were told, in words."""
        names: Mapping[int, str] = {FIRST_MEMBER + at: member.id for at, member in enumerate(self._community.members)}
        return [
            f"home {names[look.account]}, {clock.local(look.slot):%Y-%m-%d %H:%M}: {_told(look)}"
            for look in self.looks
            if look.notice or look.refused
        ]


def _told(look: CreditLook) -> str:
    return f"{look.notice} The top-up was refused: {look.refused}." if look.refused else look.notice


def due_of(records: list[SlotRecord], accounts: int) -> NDArray[np.int64]:
    """What accounts owe (+) or are owed (−) for these slots, int64[accounts], µ."""
    total = np.zeros(accounts, np.int64)
    for record in records:
        total -= record.paid
    return total
