"""Operators that lie, one false thing each: what `sunfair demo --cheat FIELD` shows, and the tests plant.

An auction lie changes what is published and anchored of one slot, hashed faithfully above the false thing; a statement
lie changes rows or money of the settlement, told once: after its conviction the operator says the truth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.app.published import Opened, opened_of, published_of
from sunfair.model import FIRST_MEMBER, NETWORK, UTILITY
from sunfair.ports import Readings, SlotRecord
from sunfair.settlement import Header, PeriodMoney, PeriodRows, ResultRows, ResultTree, Tree, blinds, book_leaves
from sunfair.settlement.court import PublishedAuction
from sunfair.settlement.court.proofs import read_words, sum_node, sum_top
from sunfair.settlement.hashing import int64_bytes
from sunfair.settlement.result import combine_sums
from sunfair.simulate.operator import Operator
from sunfair.units import TICK

__all__ = ["LIES", "Liar", "Lie"]

FRIEND, VICTIM = FIRST_MEMBER + 1, FIRST_MEMBER
"""The operator's friend, who says nothing, and the home it wrongs."""

_EURO = 1_000_000

Auction = Callable[[SlotRecord], PublishedAuction]
Statement = Callable[[PeriodRows, PeriodMoney], tuple[PeriodRows, PeriodMoney]]


@dataclass(frozen=True, slots=True)
class Lie:
    """One false thing: its name, what is falsified in words, and how.

    received makes what the operator says reached it of the readings; `withholds` are accounts that are not handed their
    rows, `silent` those that do not look.
    """

    field: str
    told: str
    auction: Auction | None = None
    statement: Statement | None = None
    opened: Callable[[SlotRecord, int], Opened] = opened_of
    received: Callable[[], Callable[[Readings], Readings]] | None = None
    withholds: tuple[int, ...] = ()
    silent: tuple[int, ...] = ()


class Liar(Operator):
    """An operator that tells one lie, in the slot in which most was traded ahead, or in its first settlement."""

    def __init__(self, lie: Lie) -> None:
        self.lie, self.slot, self._told = lie, -1, False
        self.withholds = lie.withholds

    def auctions(self, records: Sequence[SlotRecord]) -> list[PublishedAuction | None]:
        """The public part with the lie in it."""
        auctions = [published_of(record) for record in records]
        if self.lie.auction is not None and not self._told:
            at = max(range(len(records)), key=lambda index: records[index].volume_ahead_wh)
            self.slot, self._told = records[at].slot, True
            auctions[at] = self.lie.auction(records[at])
        return auctions

    def opened(self, record: SlotRecord, member: int) -> Opened:
        """What a member is handed; in the slot of the lie, what goes with it."""
        return self.lie.opened(record, member) if record.slot == self.slot else opened_of(record, member)

    def statement(self, rows: PeriodRows, money: PeriodMoney) -> tuple[PeriodRows, PeriodMoney]:
        """What is said of the settlement: false once."""
        if self.lie.statement is None or self._told:
            return rows, money
        self._told = True
        return self.lie.statement(rows, money)


# --- auctions --------------------------------------------------------------------------------------------------------


def _header(record: SlotRecord) -> Header:
    if record.header is None:
        raise LookupError(f"slot {record.slot} has no header to falsify")
    return record.header


def _under(record: SlotRecord, header: Header, rows: ResultRows | None = None) -> PublishedAuction:
    """The auction as published under a false header, with its rows as they are or as given."""
    honest = published_of(replace(record, header=header, rows=rows or record.rows))
    if honest is None:
        raise LookupError(f"slot {record.slot} was not held")
    return honest


def _price(record: SlotRecord) -> PublishedAuction:
    header = _header(record)
    return _under(record, replace(header, price_ahead=header.price_ahead + TICK))


def _tariff(record: SlotRecord) -> PublishedAuction:
    header = _header(record)
    return _under(record, replace(header, retail=header.retail + TICK))


def _no_price(record: SlotRecord) -> PublishedAuction:
    """As if nobody had traded ahead: no fills, and sums that follow from that."""
    rows = replace(record.rows, fill_ahead_wh=np.zeros_like(record.rows.fill_ahead_wh))
    return _rows(record, rows)


def _rows(record: SlotRecord, rows: ResultRows) -> PublishedAuction:
    """False rows under sums, roots and a header that follow from them."""
    header = _header(record)
    tree = ResultTree(rows, header.ahead, header.pool)
    return _under(record, replace(header, sums=tree.tree.sums, result_root=tree.root), rows)


def _fill(record: SlotRecord) -> PublishedAuction:
    """A tenth of one buyer's fill goes to another."""
    fills = record.rows.fill_ahead_wh.copy()
    buyers = np.argsort(fills)[::-1][:2]
    part = max(int(fills[buyers[0]]) // 10, 1)
    fills[buyers[0]] -= part
    fills[buyers[1]] += part
    return _rows(record, replace(record.rows, fill_ahead_wh=fills))


def _curve(record: SlotRecord) -> PublishedAuction:
    """The victim's standing limit, shown two ticks lower than it signed."""
    limits, leaf = record.rows.curves.pool_buy.copy(), int(record.leaf[VICTIM - FIRST_MEMBER])
    limits[leaf] -= 2 * TICK
    return _rows(record, replace(record.rows, curves=replace(record.rows.curves, pool_buy=limits)))


def _sums(record: SlotRecord) -> PublishedAuction:
    """A node says more than its two rows have of the side that is long anyway, and all above it follows."""
    header, lied = _header(record), 1_000
    tree = ResultTree(record.rows, header.ahead, header.pool).tree
    levels = [(hashes.copy(), sums.copy()) for hashes, sums in tree.levels]
    stated = {}
    demand, supply = (int(levels[-1][1][0, at : at + 2].sum()) for at in (0, 2))
    levels[1][1][0, 1 if demand >= supply else 3] += lied  # at the money: the root's own conditions still hold
    for level in range(1, len(levels)):
        hashes, sums = levels[level]
        stated[level, 0] = read_words(int64_bytes(sums[:1]).tobytes())
        if level + 1 < len(levels):
            above_hashes, above_sums = levels[level + 1]
            left, right = (
                (hashes[at].tobytes(), read_words(int64_bytes(sums[at : at + 1]).tobytes())) for at in (0, 1)
            )
            above_hashes[0] = np.frombuffer(sum_node(*left, *right), np.uint8)
            above_sums[0] = combine_sums(sums[0], sums[1])
    top, total = levels[-1][0][0].tobytes(), levels[-1][1][0]
    root = sum_top(header.accounts, top, read_words(int64_bytes(total[None, :]).tobytes()))
    return replace(_under(record, replace(header, sums=total, result_root=root)), stated=stated)


def _rebooked(record: SlotRecord, leaves: NDArray[np.uint8], *, shown: bool) -> PublishedAuction:
    """Another book: anchored with it, and shown in the rows or not."""
    header = replace(_header(record), book_root=Tree(leaves).root)
    rows = replace(record.rows, book_leaf=leaves) if shown else record.rows
    if shown:
        tree = ResultTree(rows, header.ahead, header.pool)
        header = replace(header, result_root=tree.root, sums=tree.tree.sums)
    return replace(_under(record, header, rows), book=[leaf.tobytes() for leaf in leaves])


def _others(record: SlotRecord) -> PublishedAuction:
    """The header as it is, and rows that it does not bind: what it does bind, nobody has seen."""
    moved = published_of(replace(record, rows=replace(record.rows, fill_pool_wh=record.rows.fill_pool_wh + 1)))
    if moved is None:
        raise LookupError(f"slot {record.slot} was not held")
    return moved


def _book(record: SlotRecord) -> PublishedAuction:
    """A book of other leaves than the rows show."""
    leaves = record.rows.book_leaf.copy()
    leaves[[0, 1]] = leaves[[1, 0]]
    return _rebooked(record, leaves, shown=False)


def _stale(record: SlotRecord) -> PublishedAuction:
    """The victim's leaf holds an older offer than the one that was acknowledged."""
    member = VICTIM - FIRST_MEMBER
    leaves, leaf, opened = record.rows.book_leaf.copy(), int(record.leaf[member]), _stale_opened(record, member)
    blind = blinds(
        np.array([VICTIM]), record.slot, np.array([opened.nonce]), np.frombuffer(opened.salt, np.uint8)[None, :]
    )
    leaves[leaf] = book_leaves(blind, record.rows.curves.take(np.array([leaf])))[0]
    return _rebooked(record, leaves, shown=True)


def _stale_opened(record: SlotRecord, member: int) -> Opened:
    honest = opened_of(record, member)
    return replace(honest, nonce=honest.nonce - 1) if member == VICTIM - FIRST_MEMBER else honest


# --- statements ------------------------------------------------------------------------------------------------------


def _paid(rows: PeriodRows, money: PeriodMoney, changes: dict[int, int]) -> tuple[PeriodRows, PeriodMoney]:
    """So much is paid more (+) or less (−) in one slot to some accounts, and so in their sums."""
    paid, amounts, totals = rows.paid.copy(), money.amounts.copy(), money.rows.copy()
    at = len(rows.slots) // 2
    for account, change in changes.items():
        paid[at, account] += change
        totals[account] += change
        amounts[account] += change
    return replace(rows, paid=paid), replace(money, rows=totals, amounts=amounts)


def _shifted(rows: PeriodRows, money: PeriodMoney) -> tuple[PeriodRows, PeriodMoney]:
    return _paid(rows, money, {VICTIM: -_EURO, FRIEND: _EURO})


def _friend(rows: PeriodRows, money: PeriodMoney) -> tuple[PeriodRows, PeriodMoney]:
    return _paid(rows, money, {UTILITY: -_EURO, FRIEND: _EURO})


def _network(rows: PeriodRows, money: PeriodMoney) -> tuple[PeriodRows, PeriodMoney]:
    return _paid(rows, money, {NETWORK: -1_000, FRIEND: 1_000})


def _traded(rows: PeriodRows, money: PeriodMoney) -> tuple[PeriodRows, PeriodMoney]:
    traded = rows.traded_ahead_wh.copy()
    traded[len(rows.slots) // 2, VICTIM] -= 100
    return replace(rows, traded_ahead_wh=traded), money


def _metered(rows: PeriodRows, money: PeriodMoney) -> tuple[PeriodRows, PeriodMoney]:
    metered = rows.metered_wh.copy()
    metered[len(rows.slots) // 2, VICTIM] += 1_000
    return replace(rows, metered_wh=metered), money


def _amount(rows: PeriodRows, money: PeriodMoney) -> tuple[PeriodRows, PeriodMoney]:
    amounts = money.amounts.copy()
    amounts[VICTIM] -= _EURO
    amounts[FRIEND] += _EURO
    return rows, replace(money, amounts=amounts)


def _arrears(rows: PeriodRows, money: PeriodMoney) -> tuple[PeriodRows, PeriodMoney]:
    """The friend is let off a euro as if it could not pay; the utility gets less."""
    arrears, amounts = money.arrears.copy(), money.amounts.copy()
    arrears[FRIEND] += _EURO
    amounts[FRIEND] += _EURO
    amounts[UTILITY] -= _EURO
    return rows, replace(money, arrears=arrears, amounts=amounts)


def _cover(rows: PeriodRows, money: PeriodMoney) -> tuple[PeriodRows, PeriodMoney]:
    """The same at the guarantor's cost."""
    cover, amounts = money.cover.copy(), money.amounts.copy()
    cover[FRIEND] += _EURO
    amounts[FRIEND] += _EURO
    return rows, replace(money, cover=cover, amounts=amounts)


class _Invented:
    """Readings as the operator says it received them: from its 12th slot on 1 kWh more at the victim's meter."""

    def __init__(self) -> None:
        self._first: int | None = None

    def __call__(self, readings: Readings) -> Readings:
        self._first = self._first or readings.slot + 12
        if readings.slot < self._first:
            return readings
        more = np.zeros_like(readings.import_wh)
        more[VICTIM - FIRST_MEMBER] = 1_000
        return replace(readings, import_wh=readings.import_wh + more)


LIES: dict[str, Lie] = {
    lie.field: lie
    for lie in (
        Lie("price", "the price of a slot, one cent too high, in its header", _price),
        Lie("tariff", "the retail tariff of a slot, one cent above the utility's terms", _tariff),
        Lie("no-price", "a slot in which neighbours traded is published as if nobody had", _no_price),
        Lie("fill", "a tenth of one buyer's energy is given to another", _fill),
        Lie("sums", "a node of the result tree states 1 kWh at the money more than its rows have", _sums),
        Lie("rows", "the published rows of a slot are not those that its anchored header binds", _others),
        Lie("curve", "a home's standing limit is shown two cents lower than it signed", _curve),
        Lie("book", "the anchored book has two leaves in other places than the published rows", _book),
        Lie("offer", "a home's leaf holds an older offer than the acknowledged one", _stale, opened=_stale_opened),
        Lie("paid", "a euro is taken from a home in one slot's row and paid to a friend", statement=_shifted),
        Lie(
            "friend",
            "a friend is paid a euro of the utility's in one row, and does not look",
            statement=_friend,
            silent=(FRIEND,),
        ),
        Lie("reading", "a home's register counts 1 kWh that its meter never signed", received=_Invented),
        Lie("withheld", "a home is not handed its rows", withholds=(VICTIM,)),
        Lie("network", "a tenth of a cent of the network's share is paid to a friend", statement=_network),
        Lie("traded", "a home's row says 100 Wh less than it bought by the public result", statement=_traded),
        Lie("metered", "a home's row says 1 kWh more than its registers moved", statement=_metered),
        Lie(
            "amount", "a euro too little is posted for a home, rows untouched, and paid to a friend", statement=_amount
        ),
        Lie(
            "arrears",
            "a friend's debt of a euro is forgiven as if it had no money",
            statement=_arrears,
            silent=(FRIEND,),
        ),
        Lie("cover", "the guarantor pays a euro for a friend that has money", statement=_cover, silent=(FRIEND,)),
    )
}
"""Every lie that can be shown, by its field."""
