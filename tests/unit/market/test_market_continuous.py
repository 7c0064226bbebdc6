"""The limit order book: price first, then time, at the resting order's limit."""

from typing import Any

import pytest

from sunfair.errors import InputError
from sunfair.market import ContinuousBook, Trade


def test_the_best_price_trades_first() -> None:
    book = ContinuousBook()
    dear, _ = book.submit(1, -10, 30)
    cheap, _ = book.submit(2, -10, 20)
    taker, trades = book.submit(3, 15, 35)
    assert trades == (Trade(taker, cheap, 3, 2, 10, 20), Trade(taker, dear, 3, 1, 5, 30))
    assert book.open_wh(dear) == -5
    assert (book.best_buy, book.best_sell) == (None, 30)


def test_of_equals_the_first_trades_first_and_keeps_its_place() -> None:
    book = ContinuousBook()
    first, _ = book.submit(1, 10, 30)
    second, _ = book.submit(2, 10, 30)
    assert [trade.buy for trade in book.submit(3, -4, 1)[1]] == [first]
    assert [(trade.buy, trade.energy_wh) for trade in book.submit(3, -8, 1)[1]] == [(first, 6), (second, 2)]


@pytest.mark.parametrize(("resting", "taker"), [((5, 30), (-5, 10)), ((-5, 10), (5, 30))])
def test_the_limit_that_was_there_is_the_price(resting: tuple[int, int], taker: tuple[int, int]) -> None:
    book = ContinuousBook()
    book.submit(1, *resting)
    (trade,) = book.submit(2, *taker)[1]
    assert trade.price == resting[1]


def test_equal_limits_trade_and_a_tick_apart_does_not() -> None:
    book = ContinuousBook()
    book.submit(1, 5, 10)
    assert book.submit(2, -5, 11)[1] == ()
    assert (book.best_buy, book.best_sell) == (10, 11)
    assert len(book.submit(3, -5, 10)[1]) == 1


def test_a_cancelled_order_trades_no_more() -> None:
    book = ContinuousBook()
    kept, _ = book.submit(1, -10, 20)
    gone, _ = book.submit(2, -10, 10)
    assert book.cancel(gone) == -10
    assert book.best_sell == 20
    _, trades = book.submit(3, 4, 30)
    assert [trade.sell for trade in trades] == [kept]
    assert book.cancel(kept) == -6
    assert book.best_sell is None


@pytest.mark.parametrize("number", [0, 1, 7])
def test_only_an_open_order_can_be_cancelled(number: int) -> None:
    """0 was filled, 1 was cancelled, 7 never placed."""
    book = ContinuousBook()
    book.submit(1, 5, 30)
    book.submit(2, -6, 30)
    book.cancel(1)
    with pytest.raises(InputError, match=f"order {number} is not open"):
        book.cancel(number)
    assert book.open_wh(number) == 0


@pytest.mark.parametrize(
    ("energy", "limit", "places"),
    [
        (0, 1, ["energy_wh"]),
        (1.0, 1, ["energy_wh"]),
        (10**9 + 1, 1, ["energy_wh"]),
        (1, -(10**9) - 1, ["limit"]),
        (True, None, ["energy_wh", "limit"]),
    ],
)
def test_a_wrong_order_is_refused_and_changes_nothing(energy: Any, limit: Any, places: list[str]) -> None:
    book = ContinuousBook()
    book.submit(1, -5, 10)
    with pytest.raises(InputError) as caught:
        book.submit(2, energy, limit)
    assert [fault.place for fault in caught.value.faults] == places
    assert book.submit(3, 5, 10)[0] == 1  # the next number, and the resting order is whole
