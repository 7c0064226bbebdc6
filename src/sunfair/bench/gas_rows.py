"""Settlements with false rows, leaves and sums, one of each kind, and the evidence that accounts find for them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.app import period_rows
from sunfair.app.published import PublishedPeriod
from sunfair.model import FIRST_MEMBER, NETWORK, UTILITY
from sunfair.ports import SlotRecord
from sunfair.settlement import PeriodTree, PrivateRow, Tag, Tree, keccak, pack_amounts, period_money
from sunfair.settlement.court import Evidence, MarketFacts, Settlement
from sunfair.settlement.court.rows_evidence import (
    CoverTree,
    HandedRows,
    ShownSlot,
    find_cover_faults,
    find_leaf_faults,
    find_network_faults,
    find_row_faults,
)
from sunfair.settlement.row import AFTER_GAP
from sunfair.settlement.tree import sum_root

__all__ = ["COVER_FRAUDS", "ROW_FRAUDS", "Books", "Posting", "cover_evidence", "row_evidence"]

_MIDDLE = 70
"""Place of the false rows in the middle of a settlement."""

Rows = tuple[bytes, ...]


class Books:
    """What an operator reckons of a period: rows, money and trees. `balances` are those on chain, int64[m], µ."""

    def __init__(self, records: Sequence[SlotRecord], balances: NDArray[np.int64]) -> None:
        self.rows = period_rows(list(records))
        self.money = period_money(balances, self.rows.paid.sum(axis=0), self.rows.claimed.sum(axis=0))
        self.tree = PeriodTree(self.rows, self.money)
        self.balances = balances + self.money.amounts

    def own_rows(self, account: int) -> Rows:
        """The account's rows as they are handed to it."""
        return tuple(row.encode() for row in self.rows.rows(account))

    def posting(self, frauds: Sequence[str] = ()) -> "Posting":
        """The settlement with these frauds in it."""
        posting = Posting(self)
        for kind in frauds:
            posting = {**ROW_FRAUDS, **COVER_FRAUDS}[kind](posting)
        return posting


@dataclass(frozen=True)
class Posting:
    """A settlement as it is posted. `rows` and `amounts` (in the leaves alone) are false ones, by account.

    stated : the cover that nodes of the period tree state where it is not their children's
    """

    books: Books
    rows: Mapping[int, Rows] = field(default_factory=dict)
    amounts: Mapping[int, int] = field(default_factory=dict)
    stated: Mapping[tuple[int, int], int] = field(default_factory=dict)
    extra: int = 0

    @property
    def posted(self) -> list[int]:
        """Amounts as the contract takes them, µ; `extra` cover is the utility's gain."""
        amounts = self.books.money.amounts.tolist()
        amounts[UTILITY] += self.extra
        return [*amounts, -self.cover]

    @property
    def cover(self) -> int:
        """What the guarantor pays, µ."""
        return self.books.money.guarantor + self.extra

    def tree(self) -> CoverTree:
        """The period tree as posted."""
        hashes = [bytes(leaf) for leaf in self.books.tree.leaves]
        for account in {*self.rows, *self.amounts}:
            hashes[account] = keccak(self.leaf(account))
        return CoverTree(list(zip(hashes, self.books.money.cover.tolist(), strict=True)), self.stated)

    def root(self) -> bytes:
        """The period root."""
        tree = self.tree()
        top, cover = tree.levels()[-1][0]
        return sum_root(len(tree.leaves), top, np.array([cover], np.int64))

    def leaf(self, account: int) -> bytes:
        """The 61 bytes of an account's leaf."""
        money, amount = self.books.money, self.amounts.get(account)
        own = int(money.amounts[account]) if amount is None else amount
        numbers = (own, int(money.arrears[account]), int(money.cover[account]))
        root = self.books.tree.row_roots[account]
        if account in self.rows:
            root = Tree(np.frombuffer(b"".join(map(keccak, self.rows[account])), np.uint8).reshape(-1, 32)).root
        head = bytes([Tag.PERIOD_LEAF]) + account.to_bytes(4, "big")
        return head + b"".join(number.to_bytes(8, "big", signed=True) for number in numbers) + root

    def handed(self, settlement: Settlement, account: int) -> HandedRows:
        """What an account is handed of the settlement that this became."""
        levels = self.tree().levels()
        beside = [level[(account >> up) ^ 1] for up, level in enumerate(levels[:-1])]
        path = b"".join(node + cover.to_bytes(8, "big") for node, cover in beside)
        rows = self.rows.get(account) or self.books.own_rows(account)
        return HandedRows(settlement, account, self.leaf(account), path, rows)


# --- frauds ----------------------------------------------------------------------------------------------------------


def _account(kind: str) -> int:
    """Whose rows or leaf are falsified for each kind: one account for each."""
    return NETWORK if kind == "network_row" else FIRST_MEMBER + list(ROW_FRAUDS).index(kind)


def _paid(kind: str, at: int) -> Callable[[Posting], Posting]:
    return _falsified(kind, at, lambda row: replace(row, paid=row.paid + 1))


def _falsified(kind: str, at: int, change: Callable[[PrivateRow], PrivateRow]) -> Callable[[Posting], Posting]:
    def falsify(posting: Posting) -> Posting:
        rows = posting.books.own_rows(_account(kind))
        false = change(PrivateRow.decode(rows[at])).encode()
        return replace(posting, rows={**posting.rows, _account(kind): (*rows[:at], false, *rows[at + 1 :])})

    return falsify


def _rows_root(posting: Posting) -> Posting:
    """The last row is missing."""
    account = _account("rows_root")
    return replace(posting, rows={**posting.rows, account: posting.books.own_rows(account)[:-1]})


def _period_leaf(posting: Posting) -> Posting:
    account = _account("period_leaf")
    amount = int(posting.books.money.amounts[account]) + 1
    return replace(posting, amounts={**posting.amounts, account: amount})


def _nothing(posting: Posting) -> Posting:
    """The fraud lies in what the settlement rests on: a void slot is settled as if it were none."""
    return posting


def _period_root(posting: Posting) -> Posting:
    """The root binds more cover than its top node's children and the settlement state."""
    levels = posting.tree().levels()
    return replace(posting, stated={(len(levels) - 1, 0): levels[-1][0][1] + 1})


def _cover_node(posting: Posting) -> Posting:
    """A node just above the leaves states more cover than they do; all above it, the settlement included, fits."""
    levels = posting.tree().levels()
    return replace(posting, stated={(1, 2): levels[1][2][1] + 1}, extra=1)


ROW_FRAUDS: Mapping[str, Callable[[Posting], Posting]] = {
    "private_row": _paid("private_row", _MIDDLE),
    "private_row_first": _paid("private_row_first", 0),
    "row_trade": _falsified("row_trade", _MIDDLE, lambda row: replace(row, traded_pool_wh=row.traded_pool_wh + 1)),
    "row_trade_gap": _falsified("row_trade_gap", 0, lambda row: replace(row, gap_slots=AFTER_GAP)),
    "void_row": _nothing,
    "network_row": _paid("network_row", _MIDDLE),
    "period_leaf": _period_leaf,
    "rows_root": _rows_root,
}
"""By the kind of challenge; all of them fit into one settlement."""

COVER_FRAUDS: Mapping[str, Callable[[Posting], Posting]] = {"period_root": _period_root, "cover_node": _cover_node}
"""By the kind of challenge; each needs a settlement of its own."""


# --- evidence --------------------------------------------------------------------------------------------------------


def row_evidence(
    facts: MarketFacts,
    posting: Posting,
    period: PublishedPeriod,
    earlier: tuple[Posting, Settlement],
    kind: str,
) -> Evidence:
    """What refutes the fraud of this kind; `earlier` is the settlement applied last."""
    assert facts.pending is not None
    account = _account(kind)
    own = posting.handed(facts.pending, account)
    before, settlement = earlier
    if kind == "network_row":
        found: Iterator[Evidence] = find_network_faults(facts, own, period.shown)
    elif kind == "period_leaf":
        found = find_leaf_faults(facts, own, pack_amounts(posting.posted))
    else:
        found = find_row_faults(facts, own, _shown(period), before.handed(settlement, account))
    return _first(found, kind)


def _shown(period: PublishedPeriod) -> Callable[[int], ShownSlot]:
    """What is public of a slot; the rows only where one of ours is unlike them, for it takes a tree to show one."""
    first = period.anchor.first_slot

    def shown(slot: int) -> ShownSlot:
        whole = period.shown(slot)
        return whole if slot - first in (0, _MIDDLE) else ShownSlot(whole.anchor, whole.header, whole.path)

    return shown


def cover_evidence(facts: MarketFacts, posting: Posting, kind: str) -> Evidence:
    """What refutes the fraud of this kind in the period tree."""
    assert facts.pending is not None
    return _first(find_cover_faults(facts, facts.pending, posting.tree()), kind)


_FUNCTIONS = {
    "private_row": "refute_row",
    "private_row_first": "refute_row",
    "row_trade_gap": "refute_row_trade",
    "period_leaf": "refute_leaf",
}


def _first(found: Iterator[Evidence], kind: str) -> Evidence:
    wanted = _FUNCTIONS.get(kind, f"refute_{kind}")
    for evidence in found:
        if evidence.function == wanted:
            return evidence
    raise LookupError(f"the search found no evidence of a false {kind}")
