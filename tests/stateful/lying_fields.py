"""Every field that an operator can falsify: of the header, of nodes and rows of the result, of private rows and of money.

Each lie is hashed faithfully above the false thing, so that nothing but its content gives it away. Not a test.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import reduce
from typing import Any

import numpy as np

from sunfair.app.published import published_of
from sunfair.model import FIRST_MEMBER, NETWORK, UTILITY, Fees
from sunfair.ports import SlotRecord
from sunfair.settlement import ZERO_HASH, Header, PeriodMoney, PeriodRows, ResultRows, ResultTree, Tree, data_hash
from sunfair.settlement.court import PublishedAuction
from sunfair.settlement.court.proofs import read_words, sum_node
from sunfair.settlement.hashing import int64_bytes
from sunfair.settlement.result import combine_sums
from sunfair.settlement.tree import sum_root
from sunfair.units import TICK


@dataclass
class Draft:
    """A slot's public part while it is falsified: rows, the tree's levels over them, what is stated of nodes, the header."""

    record: SlotRecord
    rows: ResultRows
    header: Header
    levels: list[tuple[Any, Any]] = field(default_factory=list)
    stated: dict[tuple[int, int], Any] = field(default_factory=dict)
    book: Any = None

    def published(self) -> PublishedAuction:
        """What is anchored and laid out."""
        honest = published_of(replace(self.record, header=self.header, rows=self.rows))
        assert honest is not None
        book = honest.book if self.book is None else [leaf.tobytes() for leaf in self.book]
        return replace(honest, stated=self.stated, book=book)


Step = Callable[[Draft, np.random.Generator], None]


# ── Rows of the result ────────────────────────────────────────────────────────────────────────────────────────────────


def _bump(values: Any, at: int, random: np.random.Generator, unit: int = 1) -> Any:
    changed = values.copy()
    changed[at] += unit * int(random.choice([-3, -1, 1, 2]))
    return changed


def _row(name: str) -> Step:
    """A number of one row."""

    def lie(draft: Draft, random: np.random.Generator) -> None:
        rows, at = draft.rows, int(random.integers(len(draft.rows.book_leaf)))
        curves, step = rows.curves, int(random.integers(2))
        if name in ("energy_wh", "limit"):
            changed = getattr(curves, name).copy()
            changed[at, step] += (TICK if name == "limit" else 1) * int(random.choice([-1, 1]))
            draft.rows = replace(rows, curves=replace(curves, **{name: changed}))
        elif name in ("pool_buy", "pool_sell"):
            changed = _bump(getattr(curves, name), at, random, TICK)
            draft.rows = replace(rows, curves=replace(curves, **{name: changed}))
        elif name == "book_leaf":
            leaves = rows.book_leaf.copy()
            leaves[at, 0] ^= 1
            draft.rows = replace(rows, book_leaf=leaves)
        else:
            draft.rows = replace(rows, **{name: _bump(getattr(rows, name), at, random)})

    return lie


def _moved(name: str) -> Step:
    """What one row has less another has more, so that every sum holds."""

    def lie(draft: Draft, random: np.random.Generator) -> None:
        values = getattr(draft.rows, name).copy()
        one, other = random.permutation(len(values))[:2]
        values[one] += 1
        values[other] -= 1
        draft.rows = replace(draft.rows, **{name: values})

    return lie


def _shown_book(draft: Draft, random: np.random.Generator) -> None:
    """The book that is anchored has two leaves in other places than the rows."""
    draft.book = draft.rows.book_leaf.copy()
    one, other = random.permutation(len(draft.book))[:2]
    draft.book[[one, other]] = draft.book[[other, one]]


ROWS: dict[str, Step] = {
    **{
        f"row {name}": _row(name)
        for name in (
            "energy_wh",
            "limit",
            "pool_buy",
            "pool_sell",
            "pool_wh",
            "fill_ahead_wh",
            "fill_pool_wh",
            "book_leaf",
        )
    },
    "fills ahead moved": _moved("fill_ahead_wh"),
    "fills in the pool moved": _moved("fill_pool_wh"),
    "book": _shown_book,
}


# ── Nodes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _words(sums: Any) -> Any:
    return read_words(int64_bytes(sums[None, :]).tobytes())


def _node(lane: int) -> Step:
    """One number that is stated of a node; all above it follows."""

    def lie(draft: Draft, random: np.random.Generator) -> None:
        level = int(random.integers(0, len(draft.levels) - 1))
        at = int(random.integers(-(-len(draft.rows.book_leaf) >> level)))
        draft.levels[level][1][at, lane] += int(random.choice([1, 2, 50]))
        draft.stated[level, at] = _words(draft.levels[level][1][at])
        for above in range(level + 1, len(draft.levels)):
            at //= 2
            hashes, sums = draft.levels[above - 1]
            left, right = ((hashes[i].tobytes(), _words(sums[i])) for i in (2 * at, 2 * at + 1))
            draft.levels[above][0][at] = np.frombuffer(sum_node(*left, *right), np.uint8)
            draft.levels[above][1][at] = combine_sums(sums[2 * at], sums[2 * at + 1])

    return lie


NODES: dict[str, Step] = {f"node lane {lane}": _node(lane) for lane in range(16)}


# ── Header ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _header(name: str, change: Callable[[Header, int], Any]) -> Step:
    def lie(draft: Draft, random: np.random.Generator) -> None:
        changed = change(draft.header, int(random.choice([-2, -1, 1, 3])))
        draft.header = replace(draft.header, **{name: changed})

    return lie


def _sum(draft: Draft, random: np.random.Generator) -> None:
    sums = draft.header.sums.copy()
    sums[int(random.integers(16))] += 1
    draft.header = replace(draft.header, sums=sums)


def _torn(data: bytes, by: int) -> bytes:
    return bytes([data[0] ^ (by & 255)]) + data[1:]


HEADERS: dict[str, Step] = {
    "header domain": _header("domain", lambda header, by: _torn(header.domain, by)),
    "header slot": _header("slot", lambda header, by: header.slot + by),
    "header accounts": _header("accounts", lambda header, by: header.accounts + by),
    "header rule": _header("rule", lambda header, by: header.rule ^ abs(by)),
    "header k": _header("k", lambda header, by: (header.k[0], header.k[1] + abs(by))),
    "header fees": _header("fees", lambda header, by: Fees(8_000 + abs(by), 1_200 - abs(by), 800)),
    "header retail": _header("retail", lambda header, by: header.retail + by),
    "header feed_in": _header("feed_in", lambda header, by: header.feed_in + by),
    "header price_ahead": _header("price_ahead", lambda header, by: header.price_ahead + by),
    "header price_pool": _header("price_pool", lambda header, by: header.price_pool + by),
    "header sums": _sum,
    "header book_root": _header("book_root", lambda header, by: _torn(header.book_root, by)),
    "header result_root": _header("result_root", lambda header, by: _torn(header.result_root, by)),
    "header data_hash": _header("data_hash", lambda header, by: _torn(header.data_hash, by)),
}

AUCTION: dict[str, Step] = {**ROWS, **NODES, **HEADERS}


def _envelopes(record: SlotRecord) -> bytes:
    return ZERO_HASH if record.envelope is None else record.envelope.root


def falsified(names: Sequence[str], seed: int) -> Callable[[SlotRecord], PublishedAuction]:
    """A slot's public part with all these things false in it: rows first, then nodes, then the header over them."""

    def publish(record: SlotRecord) -> PublishedAuction:
        assert record.header is not None
        random, draft = np.random.default_rng(seed), Draft(record, record.rows, record.header)
        for name in (name for name in names if name in ROWS):
            ROWS[name](draft, random)
        tree = ResultTree(draft.rows, draft.header.ahead, draft.header.pool).tree
        draft.levels = [(hashes.copy(), sums.copy()) for hashes, sums in tree.levels]
        for name in (name for name in names if name in NODES):
            NODES[name](draft, random)
        book = draft.rows.book_leaf if draft.book is None else draft.book
        (top,), (total,) = draft.levels[-1]
        draft.header = replace(
            draft.header,
            sums=total,
            result_root=sum_root(draft.header.accounts, top.tobytes(), total),
            book_root=Tree(book).root,
            data_hash=data_hash(draft.rows.public_bytes(), _envelopes(record)),
        )
        for name in (name for name in names if name in HEADERS):
            HEADERS[name](draft, random)
        return draft.published()

    return publish


# ── Private rows and money ────────────────────────────────────────────────────────────────────────────────────────────

Said = tuple[PeriodRows, PeriodMoney]
Words = Callable[[Said, int, np.random.Generator], Said]


def _private(name: str) -> Words:
    """A number of one account's row."""

    def lie(said: Said, account: int, random: np.random.Generator) -> Said:
        rows, money = said
        values = getattr(rows, name).copy()
        at = int(random.integers(len(rows.slots)))
        if name == "salts":
            values[at, account, 0] ^= 1
        else:
            values[at, account] += int(random.choice([-3, -1, 1, 2]))
        return replace(rows, **{name: values}), money

    return lie


def _shift(amounts: Any, account: int, other: int, by: int) -> Any:
    changed = amounts.copy()
    changed[account] -= by
    changed[other] += by
    return changed


def _told_through(said: Said, account: int, random: np.random.Generator) -> Said:
    """A payment less in one row, and so in the sums and in the amount; another account has it."""
    rows, money = said
    other, by, at = _other(account, random), int(random.integers(1, 50_000)), int(random.integers(len(rows.slots)))
    paid = rows.paid.copy()
    paid[at] = _shift(paid[at], account, other, by)
    totals, amounts = (_shift(values, account, other, by) for values in (money.rows, money.amounts))
    return replace(rows, paid=paid), replace(money, rows=totals, amounts=amounts)


def _amount(said: Said, account: int, random: np.random.Generator) -> Said:
    rows, money = said
    by = int(random.integers(1, 50_000))
    return rows, replace(money, amounts=_shift(money.amounts, account, _other(account, random), by))


def _arrears(said: Said, account: int, random: np.random.Generator) -> Said:
    """A debt forgiven at the utility's cost."""
    rows, money = said
    arrears, by = money.arrears.copy(), int(random.integers(1, 50_000))
    arrears[account] += by
    return rows, replace(money, arrears=arrears, amounts=_shift(money.amounts, UTILITY, account, by))


def _cover(said: Said, account: int, random: np.random.Generator) -> Said:
    """The same at the guarantor's."""
    rows, money = said
    cover, amounts, by = money.cover.copy(), money.amounts.copy(), int(random.integers(1, 50_000))
    cover[account] += by
    amounts[account] += by
    return rows, replace(money, cover=cover, amounts=amounts)


def _network(said: Said, account: int, random: np.random.Generator) -> Said:
    """A µ of the network's for an account, told through."""
    rows, money = said
    paid = rows.paid.copy()
    paid[0] = _shift(paid[0], NETWORK, account, 1)
    amounts = _shift(money.amounts, NETWORK, account, 1)
    return replace(rows, paid=paid), replace(money, rows=_shift(money.rows, NETWORK, account, 1), amounts=amounts)


def _other(account: int, random: np.random.Generator) -> int:
    return FIRST_MEMBER + (account - FIRST_MEMBER + 1 + int(random.integers(3))) % 20


NUMBERS = [column.name for column in fields(PeriodRows) if column.name not in ("slots", "active")]

STATEMENTS: dict[str, Words] = {
    **{f"private {name}": _private(name) for name in NUMBERS},
    "paid told through": _told_through,
    "amount": _amount,
    "arrears": _arrears,
    "cover": _cover,
    "network": _network,
}


def told(names: Sequence[str], account: int, seed: int) -> Callable[[PeriodRows, PeriodMoney], Said]:
    """Rows and money with all these things false in them, at one account (and whoever has what it lacks)."""

    def statement(rows: PeriodRows, money: PeriodMoney) -> Said:
        random = np.random.default_rng(seed)
        return reduce(lambda said, name: STATEMENTS[name](said, account, random), names, (rows, money))

    return statement
