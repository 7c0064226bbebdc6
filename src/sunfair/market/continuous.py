"""Continuous trading: a price-time priority limit order book, for the hours in which a slot's book is open."""

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from sunfair.errors import Fault, InputError
from sunfair.market.clearing import PairedClearing
from sunfair.market.integers import integer
from sunfair.market.offers import Offers
from sunfair.market.pay_as_bid import mean_price
from sunfair.units import ENERGY_MAX, LIMIT_MAX

__all__ = ["ContinuousBook", "Trade", "clear_continuous"]


@dataclass(frozen=True, slots=True)
class Trade:
    """`energy_wh` > 0 Wh from order `sell` of account `seller` to order `buy` of account `buyer` at `price`, µ/kWh."""

    buy: int
    sell: int
    buyer: int
    seller: int
    energy_wh: int
    price: int


@dataclass(slots=True)
class _Order:
    """An order at rest; `left` Wh > 0 of it are open."""

    account: int
    limit: int
    left: int
    buys: bool


class ContinuousBook:
    """The open orders for one slot; whoever comes trades at once with the best of the other side, the rest waits.

    The best is the dearest buy, the cheapest sell; of equals, the one that came first (an order filled in part keeps
    its place). A trade is made at the limit of the order that was there before. Time is the order of the calls. The
    book does not look at accounts: that nobody crosses with itself is a rule of acceptance.
    """

    __slots__ = ("_buys", "_next", "_orders", "_sells")

    def __init__(self) -> None:
        self._orders: dict[int, _Order] = {}
        # (merit, number) of each side, best first; cancelled orders stay until they come to the top.
        self._buys: list[tuple[int, int]] = []
        self._sells: list[tuple[int, int]] = []
        self._next = 0

    def submit(self, account: int, energy_wh: int, limit: int) -> tuple[int, tuple[Trade, ...]]:
        """Place an order: Wh (+ buys, − sells; not 0), µ/kWh. Returns its number (0, 1, 2, …) and its trades.

        Raises InputError, and changes nothing, for what is no integer or beyond ±10⁹.
        """
        faults: list[Fault] = []
        energy = integer("energy_wh", energy_wh, -ENERGY_MAX, ENERGY_MAX, faults)
        bound = integer("limit", limit, -LIMIT_MAX, LIMIT_MAX, faults)
        if not faults and energy == 0:
            faults.append(Fault("energy_wh", "is 0", "an order offers something"))
        if faults:
            raise InputError("this order cannot be placed", faults)
        number, self._next = self._next, self._next + 1
        order = _Order(account, bound, abs(energy), energy > 0)
        trades = tuple(self._trade(number, order))
        if order.left:
            self._orders[number] = order
            heappush(self._side(order.buys), (-bound if order.buys else bound, number))
        return number, trades

    def cancel(self, number: int) -> int:
        """Take an order back; returns its open Wh, signed as submitted. InputError if it is not open."""
        order = self._orders.pop(number, None)
        if order is None:
            raise InputError(f"order {number} is not open: it was filled, cancelled or never placed")
        return order.left if order.buys else -order.left

    def open_wh(self, number: int) -> int:
        """The open Wh of an order, signed as submitted; 0 once it is filled or cancelled."""
        order = self._orders.get(number)
        if order is None:
            return 0
        return order.left if order.buys else -order.left

    @property
    def best_buy(self) -> int | None:
        """Limit of the dearest open buy, µ/kWh, None without one."""
        return self._best(buys=True)

    @property
    def best_sell(self) -> int | None:
        """Limit of the cheapest open sell, µ/kWh, None without one."""
        return self._best(buys=False)

    def _side(self, buys: bool) -> list[tuple[int, int]]:
        return self._buys if buys else self._sells

    def _best(self, *, buys: bool) -> int | None:
        side = self._side(buys)
        while side and side[0][1] not in self._orders:
            heappop(side)
        return self._orders[side[0][1]].limit if side else None

    def _trade(self, number: int, order: _Order) -> list[Trade]:
        """Trade the new order against the other side for as long as limits cross."""
        trades = []
        against = self._side(not order.buys)
        while order.left and (best := self._best(buys=not order.buys)) is not None:
            if (best > order.limit) if order.buys else (best < order.limit):
                break
            other = against[0][1]
            resting = self._orders[other]
            energy = min(order.left, resting.left)
            trades.append(_made(number, order, other, resting, energy))
            order.left -= energy
            resting.left -= energy
            if resting.left == 0:
                del self._orders[other]
        return trades


def _made(number: int, order: _Order, other: int, resting: _Order, energy: int) -> Trade:
    """The trade between a new order and one at rest, at the latter's limit."""
    if order.buys:
        return Trade(number, other, order.account, resting.account, energy, resting.limit)
    return Trade(other, number, resting.account, order.account, energy, resting.limit)


def clear_continuous(offers: Offers) -> PairedClearing:
    """What a continuous market makes of these offers when they come one by one in input order.

    Here, and only here, input order decides fills and prices: that is what continuous trading means.
    """
    book = ContinuousBook()
    trades: list[Trade] = []
    columns = zip(offers.account.tolist(), offers.energy_wh.tolist(), offers.limit.tolist(), strict=True)
    for account, energy, limit in columns:  # so an order's number is its step
        trades += book.submit(account, energy, limit)[1]
    buy = np.array([trade.buy for trade in trades], np.int64)
    sell = np.array([trade.sell for trade in trades], np.int64)
    energy_wh = np.array([trade.energy_wh for trade in trades], np.int64)
    price = np.array([trade.price for trade in trades], np.int64)
    filled = np.zeros(len(offers), np.int64)
    np.add.at(filled, buy, energy_wh)
    np.subtract.at(filled, sell, energy_wh)
    return PairedClearing(mean_price(energy_wh, price), int(energy_wh.sum()), filled, buy, sell, energy_wh, price)
