"""Money paid in and out while a run was on: the chain says when, so each settlement meets the balance it met."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from sunfair.audit.findings import Finding, Rank
from sunfair.audit.run import Run

__all__ = ["PaidIn", "slot_faults"]

_COUNTED = ("deposit", True), ("withdrawal", True), ("withdrawal", False)


class PaidIn:
    """Deposits after the opening balances, and withdrawals (−), as the chain dates them; taken in its order."""

    def __init__(self, run: Run) -> None:
        first, seconds = int(run.slots[0]), run.community.clock.seconds
        self._accounts = run.accounts
        self._left = [
            (moved.timestamp, moved.account, moved.amount)
            for moved in run.chain.transfers
            if moved.account < run.accounts and (moved.kind, moved.timestamp // seconds > first) in _COUNTED
        ]

    def until(self, timestamp: int | None = None) -> NDArray[np.int64]:
        """What came up to unix second `timestamp` (None: ever) and was not asked for before, int64[m], µ."""
        came = np.zeros(self._accounts, np.int64)
        for at, account, amount in self._left:
            came[account] += amount if timestamp is None or at <= timestamp else 0
        self._left = [] if timestamp is None else [one for one in self._left if one[0] > timestamp]
        return came


def slot_faults(run: Run) -> list[Finding]:
    """Deposits that the files date otherwise than the chain; those before the run's second slot stand in its first."""
    first, last, seconds = int(run.slots[0]), int(run.slots[-1]), run.community.clock.seconds
    on_chain: Counter[tuple[int, int]] = Counter()
    for moved in run.chain.transfers:
        if moved.kind == "deposit" and moved.account < run.accounts:
            on_chain[max(first, moved.timestamp // seconds), moved.account] += moved.amount
    stated: Counter[tuple[int, int]] = Counter()
    table = run.tables["transfers"]
    names = ("slot", "account", "kind", "amount")
    for slot, account, kind, amount in zip(*(table[name].to_pylist() for name in names), strict=True):
        if kind == "deposit":
            stated[slot, account] += amount
    return [
        Finding(
            Rank.CHAIN,
            last,
            account,
            f"deposits of slot {slot} are {stated[slot, account]} µ; on chain they are {on_chain[slot, account]} µ",
        )
        for slot, account in sorted(stated.keys() | on_chain.keys())
        if stated[slot, account] != on_chain[slot, account]
    ]
