"""Invariants of the other mechanisms, each against a second, simpler account of the same rule."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.market import (
    ContinuousBook,
    Offers,
    Terms,
    attribute,
    check_curve,
    clear_continuous,
    clear_mid_market_rate,
    clear_pay_as_bid,
    clear_uniform,
    compare,
    merge_steps,
)

BIG = 10**9
energies = st.one_of(st.integers(-30, 30), st.integers(-BIG, BIG)).filter(bool)
limits = st.one_of(st.integers(-6, 6), st.integers(-BIG, BIG))
books = st.lists(st.tuples(energies, limits), max_size=14)


def offers_of(steps: list[tuple[int, int]]) -> Offers:
    return Offers([i % 5 for i in range(len(steps))], [energy for energy, _ in steps], [limit for _, limit in steps])


def per_step(n: int, *columns: tuple[np.ndarray, np.ndarray]) -> list[int]:
    filled = [0] * n
    for steps, energy in columns:
        for step, wh in zip(steps.tolist(), energy.tolist(), strict=True):
            filled[step] += wh
    return filled


@settings(deadline=None, max_examples=300)
@given(books)
def test_pay_as_bid(steps: list[tuple[int, int]]) -> None:
    offers = offers_of(steps)
    result = clear_pay_as_bid(offers)
    assert result.filled_wh.tolist() == clear_uniform(offers).filled_wh.tolist()  # the same accepted sets
    pairs = ((result.buy, result.pair_wh), (result.sell, -result.pair_wh))
    assert per_step(len(steps), *pairs) == result.filled_wh.tolist()
    bids, asks = offers.limit[result.buy].tolist(), offers.limit[result.sell].tolist()
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert result.pair_price.tolist() == [(bid + ask) // 2 for bid, ask in zip(bids, asks, strict=True)]
    assert all(ask <= p <= bid for ask, p, bid in zip(asks, result.pair_price.tolist(), bids, strict=True))
    assert (result.pair_wh > 0).all()
    turnover = sum(p * wh for p, wh in zip(result.pair_price.tolist(), result.pair_wh.tolist(), strict=True))
    assert result.price == (turnover // result.volume_wh if result.volume_wh else None)


def naive_continuous(steps: list[tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    """Search the whole book for the best order, again for every trade."""
    resting: list[list[int]] = []  # [step, signed Wh left, limit]
    trades = []
    for step, (energy, limit) in enumerate(steps):
        sign, left = (1, energy) if energy > 0 else (-1, -energy)
        while left:
            others = [r for r in resting if r[1] * sign < 0 and (limit - r[2]) * sign >= 0]
            if not others:
                resting.append([step, sign * left, limit])
                break
            best = min(others, key=lambda r: (r[2] * sign, r[0]))
            wh = min(left, abs(best[1]))
            trades.append((step, best[0], wh, best[2]) if sign > 0 else (best[0], step, wh, best[2]))
            left -= wh
            best[1] += sign * wh
            resting = [r for r in resting if r[1]]
    return trades


@settings(deadline=None, max_examples=300)
@given(books)
def test_continuous_is_the_naive_order_book(steps: list[tuple[int, int]]) -> None:
    result = clear_continuous(offers_of(steps))
    columns = (result.buy, result.sell, result.pair_wh, result.pair_price)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == naive_continuous(steps)
    assert (
        per_step(len(steps), (result.buy, result.pair_wh), (result.sell, -result.pair_wh)) == result.filled_wh.tolist()
    )
    assert result.volume_wh == result.filled_wh[result.filled_wh > 0].sum()


@settings(deadline=None, max_examples=200)
@given(st.lists(st.one_of(st.tuples(energies, limits), st.integers(0, 20)), max_size=30))
def test_continuous_book_with_cancels(events: list) -> None:
    """Every Wh submitted was traded, taken back or is still open, and the book never stands crossed."""
    book = ContinuousBook()
    balance: list[int] = []  # signed Wh of each order that are neither traded nor cancelled
    for event in events:
        if isinstance(event, tuple):
            number, trades = book.submit(0, *event)
            assert number == len(balance)
            balance.append(event[0])
            for trade in trades:
                assert number in (trade.buy, trade.sell)
                balance[trade.buy] -= trade.energy_wh
                balance[trade.sell] += trade.energy_wh
        elif event < len(balance) and balance[event]:
            assert book.cancel(event) == balance[event]
            balance[event] = 0
        assert [book.open_wh(number) for number in range(len(balance))] == balance
        bid, ask = book.best_buy, book.best_sell
        assert bid is None or ask is None or bid < ask


@settings(deadline=None, max_examples=300)
@given(books, st.integers(-BIG, BIG), st.integers(-BIG, BIG))
def test_mid_market(steps: list[tuple[int, int]], one: int, other: int) -> None:
    result = clear_mid_market_rate(offers_of(steps), retail=max(one, other), feed_in=min(one, other))
    price = (one + other) // 2
    admitted = [energy if (limit >= price if energy > 0 else limit <= price) else 0 for energy, limit in steps]
    wanted, given_ = sum(q for q in admitted if q > 0), -sum(q for q in admitted if q < 0)
    volume = min(wanted, given_)
    assert (result.price, result.volume_wh) == (price if volume else None, volume)
    assert result.filled_wh.sum() == 0
    for fill, asked in zip(result.filled_wh.tolist(), admitted, strict=True):
        total = wanted if asked > 0 else given_
        fair = abs(asked) * volume // total if asked else 0
        assert fill * (1 if asked > 0 else -1) in (fair, fair + 1)
        assert abs(fill) <= abs(asked)


@settings(deadline=None, max_examples=200)
@given(books, st.integers(-BIG, BIG), st.integers(-BIG, BIG))
def test_comparison(steps: list[tuple[int, int]], one: int, other: int) -> None:
    offers = offers_of(steps)
    outcomes = compare(offers, Terms(max(one, other), min(one, other)))
    for outcome in outcomes:
        assert outcome.buyer_gain + outcome.seller_gain == outcome.welfare == sum(outcome.account_gain.values())
        assert min(outcome.buyer_gain, outcome.seller_gain, *outcome.account_gain.values(), 0) == 0
        assert set(outcome.account_gain) == set(offers.account.tolist())
        assert outcome.welfare <= outcomes[0].welfare  # nothing beats the uniform auction's welfare
    fills = zip(clear_uniform(offers).filled_wh.tolist(), offers.limit.tolist(), strict=True)
    assert outcomes[0].welfare == outcomes[1].welfare == sum(fill * limit for fill, limit in fills)
    assert outcomes[0].price == clear_uniform(offers).price


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(-50, 50)), max_size=20),
    st.one_of(st.none(), st.integers(0, 2**32 - 1)),
    st.dictionaries(st.integers(0, 9), st.lists(st.integers(0, 11), max_size=4)),
)
def test_attribution_keeps_every_fill(fills: list, seed: int | None, preferences: dict) -> None:
    rest = -sum(fill for _, fill in fills)
    fills = [*fills, (10, rest)]
    distance = None if seed is None else np.random.default_rng(seed).integers(0, 5, (12, 12))
    result = attribute([a for a, _ in fills], [f for _, f in fills], preferences=preferences, distance=distance)
    assert (result.energy_wh > 0).all()
    for parties, sign in ((result.buyer, 1), (result.seller, -1)):
        for account in range(11):
            expected = sum(fill * sign for a, fill in fills if a == account and fill * sign > 0)
            assert result.energy_wh[parties == account].sum() == expected
    pairs = list(zip(result.seller.tolist(), result.buyer.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    if distance is not None and not preferences:
        apart = [int(distance[pair]) for pair in pairs]
        assert apart == sorted(apart)  # nearest first …
        assert no_pair_could_have_been_nearer(pairs, distance)


def no_pair_could_have_been_nearer(pairs: list[tuple[int, int]], distance: np.ndarray) -> bool:
    """A seller and a buyer that both traded with somebody farther off afterwards would have taken each other first."""
    reach_of_seller = {s: max(int(distance[s, b]) for seller, b in pairs if seller == s) for s, _ in pairs}
    reach_of_buyer = {b: max(int(distance[s, b]) for s, buyer in pairs if buyer == b) for _, b in pairs}
    return all(
        (s, b) in pairs or distance[s, b] >= min(reach_s, reach_b)
        for s, reach_s in reach_of_seller.items()
        for b, reach_b in reach_of_buyer.items()
    )


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-3, 3)), max_size=12))
def test_merging_changes_no_supply_or_demand(steps: list[tuple[int, int]]) -> None:
    energy, limit = merge_steps([e for e, _ in steps], [at for _, at in steps])
    for p in range(-4, 5):
        assert energy[(energy > 0) & (limit >= p)].sum() == sum(e for e, at in steps if e > 0 and at >= p)
        assert energy[(energy < 0) & (limit <= p)].sum() == sum(e for e, at in steps if e < 0 and at <= p)
    words = [fault.what for fault in check_curve(energy, limit, tick=1)]
    assert not any("more than once" in word or "is 0" in word for word in words)
