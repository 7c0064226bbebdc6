"""What a home that plans orders at a gate: held against every order there is; which places it can buy in."""

import numpy as np
import pytest

from sunfair.agent.markets import NO_PRICE, Posted, RetailSource
from sunfair.agent.retail_home import Futures, RetailHome, enough
from sunfair.model import Market, MarketKind, Quotes

FIRST = 1_000


@pytest.mark.parametrize("seed", range(6))
def test_no_other_order_is_cheaper_on_average(seed: int) -> None:
    chance = np.random.default_rng(seed)
    uses, chances = chance.integers(0, 60, 5).astype(float), chance.dirichlet(np.ones(5))
    price, elsewhere = (int(number) for number in chance.integers(1, 100, 2))

    def cost(order: int) -> float:
        return order * price + float((chances * np.maximum(uses - order, 0)).sum()) * elsewhere

    best = min(cost(order) for order in range(61))
    assert cost(enough(uses, chances, price, elsewhere)) == pytest.approx(best)


def test_a_price_below_zero_orders_the_most_that_is_used() -> None:
    assert enough(np.array([3.0, 8.0, 5.0]), np.array([0.4, 0.2, 0.4]), -5, 100) == 8
    assert enough(np.zeros(0), np.zeros(0), 5, 100) == 0


def source(kind: MarketKind, prices: list[int], known_s: int) -> RetailSource:
    slots = FIRST + np.arange(len(prices))
    quotes = Quotes(slots, np.full(len(prices), known_s), np.array(prices))
    return RetailSource(Market(kind.value, kind, fee=10), quotes, 3600)


def test_where_a_kilowatt_hour_comes_from() -> None:
    begin = FIRST * 3600
    ahead = source(MarketKind.DAY_AHEAD, [50, 900, 100, 100], begin - 7200)
    live = source(MarketKind.REAL_TIME, [400, 400], begin - 7200)
    home, slots = RetailHome((ahead, live)), FIRST + np.arange(4)
    tariff = Posted("utility", FIRST, np.full(4, 300), 3600)
    street = Posted("street", FIRST, np.array([NO_PRICE, NO_PRICE, 80, NO_PRICE]), 3600)
    # Real time is dearer than the tariff, and all the same what this home pays for energy it did not order.
    assert home.pays(slots, begin - 3600, tariff).tolist() == [60, 410, 110, 110]
    # After the gates nothing can be ordered; where real time has no price there is the utility.
    assert home.pays(slots, begin + 3 * 3600, tariff).tolist() == [410, 410, 300, 300]
    futures = Futures(FIRST, [np.array([200.0, 200.0, 200.0, 0.0])], [1.0], lambda slot: np.array([-50.0, 0.0, 50.0]))
    placed = home.orders(begin - 3600, begin + 4 * 3600, tariff, street, futures)
    assert [(order.slot, order.bought.market, order.bought.instead) for order in placed] == [
        (FIRST, "day_ahead", "real_time")
    ]
    # 60 of 410: the largest use that is reached with a chance of 15 %.
    assert placed[0].energy_wh == 250
    seen = home.bought(FIRST + 2, begin + 2 * 3600, tariff, street)
    assert (seen.market, seen.price, seen.instead, seen.instead_price) == ("utility", 300, "street", 80)
