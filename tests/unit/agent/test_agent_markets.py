"""Prices by what was known when, and the cheapest place for each slot, against a search one by one."""

import numpy as np

from sunfair.agent.markets import NO_PRICE, Posted, RetailSource, best_prices
from sunfair.model import Market, MarketKind, Quotes

HOUR, SLOT = 3600, 900
FIRST = 1_000_000 * 4
"""A slot at which an hour begins."""


def quotes(*rows: tuple[int, int, int]) -> Quotes:
    """Of hours from FIRST on: (hour, known at, price)."""
    columns = np.array(sorted((FIRST + 4 * hour, FIRST * SLOT + known, price) for hour, known, price in rows)).T
    return Quotes(columns[0], columns[1], columns[2])


def source(kind: MarketKind, told: Quotes, **market: int) -> RetailSource:
    return RetailSource(Market("spot", kind, **market), told)


def test_a_price_counts_from_when_it_was_known():
    told = quotes((0, -9 * HOUR, 100), (0, -5 * HOUR, 120), (1, -9 * HOUR, 200))
    market = source(MarketKind.DAY_AHEAD, told, fee=7, gate_minutes=60)
    slots = FIRST + np.arange(-4, 12)
    for known, first, second in (
        (-10 * HOUR, NO_PRICE, NO_PRICE),  # not told
        (-9 * HOUR, 107, 207),
        (-5 * HOUR, 127, 207),  # corrected
        (-HOUR, 127, 207),  # the gate's last second
        (-HOUR + 1, NO_PRICE, 207),  # too late for the first hour
        (1, NO_PRICE, NO_PRICE),
    ):
        found = market.prices(slots, FIRST * SLOT + known)
        assert found.tolist() == [NO_PRICE] * 4 + [first] * 4 + [second] * 4 + [NO_PRICE] * 4


def test_a_real_time_price_is_expected_to_be_the_last_one_of_its_hour():
    day = 24
    told = quotes((-day, -23 * HOUR, 50), (-2 * day, -47 * HOUR, 40), (-2 * day + 1, -46 * HOUR, 60), (0, HOUR, 90))
    market = source(MarketKind.REAL_TIME, told, fee=1)
    slots = FIRST + np.arange(0, 12, 4)
    assert market.prices(slots, FIRST * SLOT).tolist() == [51, 61, NO_PRICE]
    assert market.prices(slots, FIRST * SLOT - 30 * HOUR).tolist() == [41, 61, NO_PRICE]
    assert market.prices(slots, FIRST * SLOT + HOUR).tolist() == [91, 61, NO_PRICE]


def test_each_slot_is_bought_where_it_is_cheapest():
    random = np.random.RandomState(3)
    hours = 48
    rows = [(hour, -12 * HOUR, int(random.randint(0, 400))) for hour in range(hours) if random.rand() < 0.8]
    ahead = source(MarketKind.DAY_AHEAD, quotes(*rows), fee=15)
    tariff = Posted("utility", FIRST, np.full(hours * 4, 320))
    street = Posted("street", FIRST, random.randint(100, 400, hours * 4), lead_s=300)
    slots = FIRST + np.arange(hours * 4)
    now = (FIRST + 20) * SLOT
    choice = best_prices([tariff, street, ahead], slots, now)
    told = {hour: price for hour, _, price in rows}
    for place, slot in enumerate(slots.tolist()):
        asked = {"utility": 320}
        if now <= slot * SLOT - 300:
            asked["street"] = int(street.price[place])
        begin = slot - slot % 4
        if place // 4 in told and now <= begin * SLOT - 3600:
            asked["spot"] = told[place // 4] + 15
        name, price, others = choice.bought(place)
        assert price == min(asked.values()) == asked.pop(name)
        assert others == asked


def test_among_equals_the_first_named_is_taken_and_without_any_none():
    one, other = (Posted(name, FIRST, np.array([100])) for name in ("one", "other"))
    slots = FIRST + np.arange(2)
    choice = best_prices([one, other], slots, 0)
    assert choice.source.tolist() == [0, -1]
    assert choice.bought(1) == ("", NO_PRICE, {})
    assert best_prices([], slots, 0).source.tolist() == [-1, -1]


def test_nothing_is_known_of_a_market_that_told_nothing():
    assert source(MarketKind.REAL_TIME, Quotes.none()).prices(FIRST + np.arange(3), 2**40).tolist() == [NO_PRICE] * 3
