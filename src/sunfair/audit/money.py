"""The money again: every row by formula, every balance, every line of every bill, every transfer."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.audit.auction import Auction
from sunfair.audit.findings import Finding, Rank
from sunfair.audit.run import Run
from sunfair.model import FIRST_MEMBER
from sunfair.settlement import (
    LINES,
    SlotTerms,
    claims,
    settle_slot,
    shown_lines,
    slot_lines,
)

__all__ = ["Money", "bill_faults", "recomputed"]


@dataclass(frozen=True, slots=True)
class Money:
    """The money of all slots, recomputed: paid, and what of it may be claimed, µ, int64[T, m]; opening int64[m].

    ahead_wh, pool_wh : int64[T, m], the fills that the auctions give
    """

    terms: list[SlotTerms]
    ahead_wh: NDArray[np.int64]
    pool_wh: NDArray[np.int64]
    paid: NDArray[np.int64]
    claimed: NDArray[np.int64]
    opening: NDArray[np.int64]


def recomputed(run: Run, auctions: list[Auction]) -> tuple[Money, list[Finding]]:
    """Every row's `paid` and `balance_after` by formula, and what in the files differs."""
    shape = (len(run.slots), run.accounts)
    paid, claimed = (np.zeros(shape, np.int64) for _ in range(2))
    terms: list[SlotTerms] = []
    found: list[Finding] = []
    ahead, pool = _fills(auctions)
    metered, true_up = run.metered, run.meters.true_up
    retail, feed_in = (run.grid("slots", name)[:, 0] for name in ("retail", "feed_in"))
    for at, auction in enumerate(auctions):
        tariffs = int(retail[at]), int(feed_in[at])
        local = None if auction.local is None else auction.local.account_prices()
        one = SlotTerms(auction.price_ahead, auction.price_pool, *tariffs, run.community.fees, local)
        terms.append(one)
        paid[at] = settle_slot(one, ahead[at], pool[at], metered[at], true_up=true_up[at]).paid
        claimed[at] = claims(one, ahead[at], pool[at], metered[at], true_up[at])
    opening = _opening(run)
    found += _differ(run, "paid", paid)
    found += _differ(run, "balance_after", opening + np.cumsum(paid, axis=0))
    return Money(terms, ahead, pool, paid, claimed, opening), found


def _fills(auctions: list[Auction]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Fills of all accounts in both sessions, int64[T, m] each; the institutions trade nothing."""
    none = np.zeros((len(auctions), FIRST_MEMBER), np.int64)
    ahead = np.stack([auction.step_fill_wh.sum(axis=1) for auction in auctions])
    pool = np.stack([auction.pool_fill_wh for auction in auctions])
    return np.concatenate([none, ahead], axis=1), np.concatenate([none, pool], axis=1)


def _opening(run: Run) -> NDArray[np.int64]:
    """Opening balances: the deposits of the run's first slot."""
    table, first = run.tables["transfers"], int(run.slots[0])
    opening = np.zeros(run.accounts, np.int64)
    names = ("slot", "account", "kind", "amount")
    for slot, account, kind, amount in zip(*(table[name].to_pylist() for name in names), strict=True):
        if kind == "deposit" and slot == first and 0 <= account < run.accounts:
            opening[account] += amount
    return opening


def _differ(run: Run, column: str, due: NDArray[np.int64]) -> list[Finding]:
    stated = run.grid("rows", column)
    return [
        Finding(
            Rank.ROW,
            int(run.slots[at]),
            int(account),
            f"{column} is {stated[at, account]} µ; the formula gives {due[at, account]} µ",
        )
        for at, account in np.argwhere(stated != due)[:200]
    ]


def bill_faults(run: Run, money: Money) -> Iterator[list[Finding]]:
    """Per period: the lines of each account against `bills.parquet`."""
    metered, true_up = run.metered, run.meters.true_up
    stated: dict[tuple[str, int, str], tuple[int, int]] = {}
    table = run.tables["bills"]
    doubled: set[tuple[str, int, str]] = set()
    names = ("period", "account", "line", "energy_wh", "amount")
    for period, account, line, energy, amount in zip(*(table[name].to_pylist() for name in names), strict=True):
        key = (period, account, line)
        doubled |= {key} & stated.keys()
        stated[key] = (energy, amount)
    start = 0
    for anchor in run.chain.anchors:
        part = range(start, start + anchor.slots)
        start += anchor.slots
        total = np.zeros((2, len(LINES), run.accounts), np.int64)
        for at in part:
            numbers = money.ahead_wh[at], money.pool_wh[at], metered[at], true_up[at]
            total += np.stack(slot_lines(money.terms[at], *numbers))
        period = run.community.clock.date_of(anchor.first_slot).isoformat()
        last = anchor.first_slot + anchor.slots - 1
        due = {
            (period, int(account), LINES[line].value): (int(total[0, line, account]), int(total[1, line, account]))
            for line, account in zip(*shown_lines(total[0], total[1]), strict=True)
        }
        have = {key: value for key, value in stated.items() if key[0] == period}
        wrong = {key for key in due.keys() | have.keys() if due.get(key) != have.get(key)} | (doubled & have.keys())
        yield [
            Finding(
                Rank.ROW,
                last,
                key[1],
                f"bill of {period}, {key[2]}: {have.get(key)} where the rows give {due.get(key)} (Wh, µ)",
            )
            for key in sorted(wrong)
        ]
