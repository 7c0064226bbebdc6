"""Orders day ahead: from what the gate knows, as much as the prices are worth, and worth it in the end."""

import numpy as np

from sunfair.agent.market_orders import gate_of, order_block
from sunfair.agent.markets import Posted, RetailSource
from sunfair.model import Market, MarketKind, Quotes

HOUR, DAYS = 3600, 60


def market(price: int, begins: np.ndarray, **rules: int) -> RetailSource:
    told = Quotes(begins, begins * HOUR - 40 * HOUR, np.full(len(begins), price))
    return RetailSource(Market("ahead", MarketKind.DAY_AHEAD, block_minutes=60, **rules), told, HOUR)


def use(seed: int = 1) -> np.ndarray:
    """Sixty days of an evening home with a will of its own, Wh an hour."""
    random = np.random.RandomState(seed)
    habit = 200 + 900 * np.exp(-(((np.arange(24) - 19) / 3) ** 2))
    return (np.tile(habit, DAYS) * random.gamma(2, 0.5, 24 * DAYS)).astype(np.int64)


def test_what_comes_after_the_gate_changes_nothing():
    bought, begin = use(), 24 * 20 + 19
    source, tariff = (
        market(100_000, np.array([begin]), gate_minutes=180),
        Posted("utility", 0, np.full(24 * DAYS, 320_000), HOUR),
    )
    before = order_block(source, [tariff], bought, 0, begin)
    later = bought.copy()
    later[gate_of(source, begin) // HOUR :] = 10**8
    assert before[0] > 0
    assert order_block(source, [tariff], later, 0, begin).tolist() == before.tolist()
    earlier = bought.copy()
    earlier[begin - 24 * 7 : begin - 3] *= 3
    assert order_block(source, [tariff], earlier, 0, begin)[0] > before[0]


def test_the_cheaper_the_more_and_nothing_where_it_is_dearer():
    bought, begin = use(), 24 * 20 + 19
    tariff = Posted("utility", 0, np.full(24 * DAYS, 320_000), HOUR)
    orders = [
        int(order_block(market(price, np.array([begin])), [tariff], bought, 0, begin)[0])
        for price in (-50_000, 20_000, 100_000, 160_000, 250_000, 300_000, 319_999, 320_000, 400_000)
    ]
    assert orders == sorted(orders, reverse=True)
    assert orders[0] > orders[3] > orders[5]
    assert orders[-2:] == [0, 0]


def test_without_a_day_known_nothing_is_ordered():
    tariff = Posted("utility", 0, np.full(24 * DAYS, 320_000), HOUR)
    for first, begin in ((0, 10), (10**6, 10)):
        assert order_block(market(100_000, np.array([begin])), [tariff], use()[:5], first, begin).tolist() == [0]


def test_orders_cost_less_than_none_than_the_most_of_a_week_and_than_yesterday_again():
    bought = use(4)
    tariff = Posted("utility", 0, np.full(24 * DAYS, 320_000), HOUR)
    begins = np.arange(24 * 8, 24 * DAYS)
    for price in (80_000, 160_000, 240_000):
        source = market(price, begins)
        ordered = np.array([int(order_block(source, [tariff], bought, 0, begin)[0]) for begin in begins.tolist()])
        week = np.stack([bought[begins - 24 * day] for day in range(1, 8)])

        def cost(order: np.ndarray, price: int = price) -> int:
            return int((order * price + np.maximum(bought[begins] - order, 0) * 320_000).sum())

        assert cost(ordered) < cost(np.zeros_like(ordered))
        assert cost(ordered) < cost(week.max(axis=0))
        assert cost(ordered) < cost(week[0])
