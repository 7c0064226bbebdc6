"""Credit paid in ahead: what a home may still do on it, when it is topped up, and what its owner is told.

A pure machine: the same looks in the same order give the same steps. Its states stand in docs/credit-spec.md.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sunfair.model import Curves, Prepaid
from sunfair.units import NO_BUY

__all__ = ["Credit", "CreditState", "CreditStep", "follow_credit", "without_buys"]


class CreditState(StrEnum):
    """How much credit is left."""

    FUNDED = "funded"
    LOW = "low"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Credit:
    """What is remembered of a home's credit, µ.

    day, today, total : UTC day of the last look (days since 1970), what top-ups took on it, and ever
    asked             : what today's top-ups asked for and is not there yet
    balance           : at the last look, None before the first
    """

    prepaid: Prepaid
    state: CreditState = CreditState.FUNDED
    day: int = 0
    today: int = 0
    total: int = 0
    asked: int = 0
    balance: int | None = None


@dataclass(frozen=True, slots=True)
class CreditStep:
    """What follows from a look.

    buys   : whether the home may buy from its neighbours; if not, the utility supplies it at retail
    top_up : µ, to be paid in now by the standing permission; 0: nothing
    notice : what the owner is told, empty if nothing new
    """

    buys: bool
    top_up: int
    notice: str


def follow_credit(credit: Credit, *, balance: int, due: int, now: int) -> tuple[Credit, CreditStep]:
    """The credit and what to do, at unix second `now`.

    balance : µ, in the vault and parked for it
    due     : µ ≥ 0, used and not settled yet
    """
    prepaid = credit.prepaid
    arrived = 0 if credit.balance is None else max(balance - credit.balance, 0)
    available = balance - max(due, 0)
    state = _state(credit, available)
    day = now // 86_400
    # What did not come within its day is not waited for any longer.
    today, asked = (credit.today, max(credit.asked - arrived, 0)) if credit.day == day else (0, 0)
    top_up = prepaid.top_up if state is not CreditState.FUNDED and _allowed(credit, today, asked) else 0
    step = CreditStep(state is not CreditState.EMPTY, top_up, _notice(credit.state, state, available, top_up))
    total = credit.total + top_up
    after = replace(
        credit, state=state, day=day, today=today + top_up, total=total, asked=asked + top_up, balance=balance
    )
    return after, step


def without_buys(curves: Curves, empty: NDArray[np.bool_]) -> Curves:
    """The same offers, but homes whose credit is `empty` (bool[n]) buy nothing, neither ahead nor in the pool.

    A home buys or sells ahead, never both: a curve that buys goes as a whole, so used steps still stand first.
    """
    silent = empty & (curves.energy_wh > 0).any(axis=1)
    energy, limit = (np.where(silent[:, None], 0, part) for part in (curves.energy_wh, curves.limit))
    return Curves(energy, limit, np.where(empty, NO_BUY, curves.pool_buy), curves.pool_sell)


def _state(credit: Credit, available: int) -> CreditState:
    if available <= 0:
        return CreditState.EMPTY
    if available >= credit.prepaid.notice:
        return CreditState.FUNDED
    # A home that was empty stays so until it is funded: it would else join and leave with every slot.
    return CreditState.EMPTY if credit.state is CreditState.EMPTY else CreditState.LOW


def _allowed(credit: Credit, today: int, asked: int) -> bool:
    """Whether the permission leaves a top-up, and none is on its way."""
    prepaid = credit.prepaid
    within = today + prepaid.top_up <= prepaid.per_day and credit.total + prepaid.top_up <= prepaid.in_total
    return bool(prepaid.top_up) and within and not asked


def _notice(before: CreditState, after: CreditState, available: int, top_up: int) -> str:
    """A sentence where the state is new, or money moves."""
    shown = f"{available / 1_000_000:.2f}"
    paid = f"; {top_up / 1_000_000:.2f} are paid in by your standing permission" if top_up else ""
    if after is before:
        return f"Your credit is {after}: {shown} are left{paid}." if top_up else ""
    if after is CreditState.FUNDED:
        again = ", and you buy from your neighbours again" if before is CreditState.EMPTY else ""
        return f"Your credit is restored: {shown} are left{again}."
    if after is CreditState.LOW:
        return f"Your credit is low: {shown} are left{paid or '; pay in to go on trading'}."
    return (
        f"Your credit is used up ({shown}): the utility supplies you at its tariff and you buy nothing from neighbours "
        f"until it is restored{paid}."
    )
