"""Public results: every honest row proves, and no lie of an operator that rebuilds the whole tree does.

The books come from the market's own clearings; the lies are built with a tree, a root and a header of their own, so
that only the rules themselves can refute them.
"""

from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sunfair.market import Offers, clear_mid_market_rate, clear_uniform
from sunfair.model import Curves, Fees, Mechanism, Session
from sunfair.settlement import (
    Header,
    ResultRows,
    ResultTree,
    Rule,
    SumTree,
    blinds,
    book_leaves,
    conditions,
    header_price,
    result_faults,
    rule_byte,
    session_sums,
    verify_result,
)
from sunfair.settlement.result import BOUND_OFFSET, combine_sums, row_sums
from sunfair.units import NO_BUY, NO_SELL, STEPS_MAX

UNIFORM, MID_MARKET = Mechanism.UNIFORM, Mechanism.MID_MARKET_RATE
RETAIL, FEED_IN = 30, 7
SHARES = Fees()


@dataclass(frozen=True)
class Slot:
    """A slot's rows in leaf order, with what its header says about the two sessions."""

    rows: ResultRows
    mechanism: Mechanism
    k: tuple[int, int]
    prices: tuple[int, int]

    @property
    def rules(self):
        return tuple(Rule(self.mechanism, price, self.k) for price in self.prices)

    def publish(self, tree=None):
        """The tree, and the header that fits it."""
        tree = tree or ResultTree(self.rows, *self.rules)
        inner = getattr(tree, "tree", tree)
        size = len(self.rows.pool_wh)
        header = Header(
            bytes(32), 7, size, rule_byte(self.mechanism, tuple(Session)), self.k, RETAIL, FEED_IN, SHARES, *self.prices, inner.sums, bytes(32),
            inner.root, bytes(32),
        )  # fmt: skip
        return tree, header

    def proven(self, tree=None):
        """Which rows prove."""
        tree, header = self.publish(tree)
        return [verify_result(header, self.rows.at(i), tree.proof(i)) for i in range(header.accounts)]


@st.composite
def curve(draw, energies, limits):
    """Up to 8 steps (energy, limit), well formed: limits of a side distinct, every buy below every sell."""
    chosen = sorted(draw(st.sets(limits, max_size=STEPS_MAX)))
    cut = draw(st.integers(0, len(chosen)))
    steps = [(draw(energies), at) for at in chosen[:cut]] + [(-draw(energies), at) for at in chosen[cut:]]
    return draw(st.permutations(steps))


@st.composite
def books(draw, mechanism=None, largest=12):
    """A slot cleared by the market: curves with many equal limits, standing limits, deliveries, missing readings."""
    mechanism = mechanism or draw(st.sampled_from([UNIFORM, MID_MARKET]))
    energies = draw(st.sampled_from([st.integers(1, 4), st.integers(1, 1_000), st.integers(1, 10**9)]))
    limits = draw(st.sampled_from([st.integers(14, 21), st.integers(-6, 40), st.integers(-(10**9), 10**9)]))
    size = draw(st.integers(1, largest))
    curves = Curves.empty(size)
    for i in range(size):
        for j, step in enumerate(draw(curve(energies, limits))):
            curves.energy_wh[i, j], curves.limit[i, j] = step
        curves.pool_buy[i] = draw(limits | st.just(NO_BUY))
        curves.pool_sell[i] = draw(limits | st.just(NO_SELL))
    open_wh = st.just(0) | st.builds(lambda sign, e: sign * e, st.sampled_from((-1, 1)), energies)
    pool_wh = np.array([draw(open_wh) for _ in range(size)], np.int64)
    k = draw(st.sampled_from([(1, 2), (0, 1), (1, 1), (1, 3), (617, 1_000)]))
    return clear(curves, pool_wh, mechanism, k)


def clear(curves, pool_wh, mechanism=UNIFORM, k=(1, 2)):
    size = curves.size
    salts = np.arange(size * 32, dtype=np.uint32).astype(np.uint8).reshape(size, 32)
    leaves = book_leaves(blinds(np.arange(3, 3 + size), 7, np.full(size, -1), salts), curves)
    nothing = np.zeros(size, np.int64)
    rows = ResultRows(leaves, curves, pool_wh, nothing, nothing)
    ahead, ahead_price = session(curves.energy_wh, curves.limit, mechanism, k)
    pool, pool_price = session(*rows.pool_steps(), mechanism, k)
    rows = replace(rows, fill_ahead_wh=ahead, fill_pool_wh=pool)
    return Slot(rows, mechanism, k, (ahead_price, pool_price))


def session(energy, limit, mechanism, k):
    """Fills per row and the header's price."""
    row, step = np.nonzero(energy)
    offers = Offers(row.astype(np.int32), energy[row, step], limit[row, step])
    if mechanism is UNIFORM:
        clearing = clear_uniform(offers, k=k)
    else:
        clearing = clear_mid_market_rate(offers, retail=RETAIL, feed_in=FEED_IN)
    fill = np.zeros(len(energy), np.int64)
    np.add.at(fill, row, clearing.filled_wh)
    price = header_price(mechanism, energy, limit, clearing.price, k=k, retail=RETAIL, feed_in=FEED_IN)
    return fill, price


def simple(*steps, pool=()):
    """One home per (energy, limit): a curve of one step; `pool` gives (quantity, standing limit) of further homes."""
    curves = Curves.empty(len(steps) + len(pool))
    for i, (energy, limit) in enumerate(steps):
        curves.energy_wh[i, 0], curves.limit[i, 0] = energy, limit
    pool_wh = np.zeros(curves.size, np.int64)
    for i, (energy, limit) in enumerate(pool, start=len(steps)):
        pool_wh[i] = energy
        (curves.pool_buy if energy > 0 else curves.pool_sell)[i] = limit
    return clear(curves, pool_wh)


SIMPLE = simple((100, 25), (50, 20), (-60, 10), (-30, 20), (-40, 20), pool=((70, 30), (-100, 8), (-50, 8)))
"""Ahead: p = 20, X_buy = 30 of 50, the sells at 20 share 70; pool: p = 8, 70 Wh among sells of 100 and 50."""


# --- the honest operator ---------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=120)
@given(books())
def test_every_row_of_an_honest_slot_proves(slot):
    tree, header = slot.publish()
    for i in range(header.accounts):
        assert result_faults(header, slot.rows.at(i), tree.proof(i)) == []
    assert [conditions(sums, rule) for sums, rule in zip(tree.sums, slot.rules, strict=True)] == [[], []]


@settings(deadline=None, max_examples=120)
@given(books())
def test_the_roots_numbers_are_the_books(slot):
    """Against sums taken step by step over the whole slot, in Python integers."""
    tree, _ = slot.publish()
    rows = slot.rows
    energy, limit = rows.pool_steps()
    for sums, rule, wh, at, fill in (
        (tree.sums[0], slot.rules[0], rows.curves.energy_wh, rows.curves.limit, rows.fill_ahead_wh),
        (tree.sums[1], slot.rules[1], energy, limit, rows.fill_pool_wh),
    ):
        steps = [(e, p) for e, p in zip(wh.ravel().tolist(), at.ravel().tolist(), strict=True) if e]
        better = (lambda a, b: False) if rule.mechanism is MID_MARKET else (lambda a, b: a > b)
        equal = (lambda a, b: a >= b) if rule.mechanism is MID_MARKET else (lambda a, b: a == b)
        assert sums.demand_in == sum(e for e, p in steps if e > 0 and better(p, rule.price))
        assert sums.demand_at == sum(e for e, p in steps if e > 0 and equal(p, rule.price))
        assert sums.supply_in == sum(-e for e, p in steps if e < 0 and better(-p, -rule.price))
        assert sums.supply_at == sum(-e for e, p in steps if e < 0 and equal(-p, -rule.price))
        assert sums.bought == sums.sold == sum(f for f in fill.tolist() if f > 0) == sums.volume


@pytest.mark.parametrize("mechanism", [UNIFORM, MID_MARKET])
@pytest.mark.parametrize("k", [(0, 1), (1, 2), (1, 1)])
@pytest.mark.parametrize("steps", [[], [(5, 10)], [(-5, 10)], [(5, 10), (-5, 11)], [(5, -(10**9)), (-5, 10**9)]])
def test_a_session_without_trade_has_a_price_that_proves(steps, k, mechanism):
    slot = simple(*steps, pool=[(0, NO_SELL)])  # one home more that wants nothing
    slot = clear(slot.rows.curves, slot.rows.pool_wh, mechanism, k)
    assert not slot.rows.fill_ahead_wh.any()
    assert all(slot.proven())
    lo = max([limit for energy, limit in steps if energy > 0], default=NO_BUY)
    hi = min([limit for energy, limit in steps if energy < 0], default=NO_SELL)
    due = lo + (hi - lo) * k[0] // k[1] if mechanism is UNIFORM else (RETAIL + FEED_IN) // 2
    assert slot.prices[0] == due


def test_a_community_of_one():
    slot = simple((5, 10))
    tree, header = slot.publish()
    assert tree.proof(0).siblings == ()
    assert verify_result(header, slot.rows, tree.proof(0))


def test_several_steps_of_one_home_at_the_mid_market_rate():
    """Each step rounds for itself: a home of eight may end more than one Wh from its exact share, and still proves."""
    curves = Curves.empty(62)
    curves.energy_wh[0], curves.limit[0] = [1] * 8, range(20, 28)
    curves.energy_wh[1:61, 0], curves.limit[1:61, 0] = 3, 20
    curves.energy_wh[61, 0], curves.limit[61, 0] = -60, 5
    slot = clear(curves, np.zeros(62, np.int64), MID_MARKET)
    assert slot.rows.fill_ahead_wh.tolist() == [0] + [1] * 60 + [-60]
    assert 8 * 60 // (8 + 180) == 2
    assert all(slot.proven())


# --- one number changed, all else honest -----------------------------------------------------------------------------


@settings(deadline=None, max_examples=120)
@given(books(), st.data())
def test_no_number_of_a_row_can_be_changed(slot, data):
    tree, header = slot.publish()
    place = data.draw(st.integers(0, header.accounts - 1), label="row")
    row, proof = slot.rows.at(place), tree.proof(place)
    field = data.draw(st.sampled_from(["book_leaf", "energy_wh", "limit", "pool_buy", "pool_sell", *FILLS]))
    owner = row.curves if hasattr(row.curves, field) else row
    changed = getattr(owner, field).copy()
    spot = data.draw(st.integers(0, changed.size - 1), label="entry")
    by = data.draw(st.sampled_from([1, 255] if field == "book_leaf" else [-1, 1, -10_000, 10_000]))
    changed.flat[spot] += np.array(by).astype(changed.dtype)
    owner = replace(owner, **{field: changed})
    row = replace(row, curves=owner) if isinstance(owner, Curves) else owner
    assert not verify_result(header, row, proof)


FILLS = ["pool_wh", "fill_ahead_wh", "fill_pool_wh"]


@settings(deadline=None, max_examples=120)
@given(books(), st.data())
def test_no_number_of_a_header_that_a_row_can_judge_can_be_changed(slot, data):
    tree, header = slot.publish()
    place = data.draw(st.integers(0, header.accounts - 1), label="row")
    row, proof = slot.rows.at(place), tree.proof(place)
    step = data.draw(st.sampled_from([-1, 1, 7]))
    field = data.draw(st.sampled_from(["accounts", "price_ahead", "price_pool", "sums", "result_root"]))
    if field == "sums":
        value = header.sums.copy()
        value[data.draw(st.integers(0, 15))] += step
    elif field == "result_root":
        value = bytes([header.result_root[0] ^ 1]) + header.result_root[1:]
    else:
        value = getattr(header, field) + step
    forged = replace(header, **{field: value})
    assert not verify_result(forged, row, proof)
    if field == "accounts":  # nor when the path claims the same number
        assert not verify_result(forged, row, replace(proof, count=value))


@settings(deadline=None, max_examples=120)
@given(books(), st.data())
def test_no_step_of_a_path_can_be_changed(slot, data):
    tree, header = slot.publish()
    assume(header.accounts > 1)
    place = data.draw(st.integers(0, header.accounts - 1), label="row")
    row, proof = slot.rows.at(place), tree.proof(place)
    path = list(proof.siblings)
    level = data.draw(st.integers(0, len(path) - 1))
    digest, sums = path[level]
    match data.draw(st.sampled_from(["sum", "hash", "shorter", "longer", "place"])):
        case "sum":
            sums = sums.copy()
            sums[data.draw(st.integers(0, 15))] += data.draw(st.sampled_from([-1, 1]))
            path[level] = (digest, sums)
        case "hash":
            path[level] = (bytes([digest[0] ^ 1]) + digest[1:], sums)
        case "shorter":
            del path[level]
        case "longer":
            path.append(path[level])
        case "place":
            proof = replace(proof, index=(place + 1) % header.accounts)
    assert not verify_result(header, row, replace(proof, siblings=tuple(path)))


def test_the_rule_itself_cannot_be_changed():
    tree, header = SIMPLE.publish()
    rows = [(SIMPLE.rows.at(i), tree.proof(i)) for i in range(header.accounts)]
    assert all(verify_result(header, *row) for row in rows)
    for forged in (replace(header, rule=1), replace(header, k=(1, 0)), replace(header, k=(3, 2))):
        assert not any(verify_result(forged, *row) for row in rows)


def test_the_mid_market_rate_follows_from_the_tariffs():
    slot = clear(SIMPLE.rows.curves, SIMPLE.rows.pool_wh, MID_MARKET)
    tree, header = slot.publish()
    row, proof = slot.rows.at(0), tree.proof(0)
    assert verify_result(header, row, proof)
    assert not verify_result(replace(header, retail=RETAIL + 1), row, proof)
    assert not verify_result(replace(header, feed_in=FEED_IN - 2), row, proof)


# --- lies with a tree of their own -----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=150)
@given(books(UNIFORM), st.data())
def test_one_price_only_proves(slot, data):
    """A tree built at any other price, with the fills that price would give, fails at its root, so in every row."""
    limits = slot.rows.curves.limit[slot.rows.curves.energy_wh != 0].tolist() or [0]
    near = st.sampled_from([slot.prices[0] + d for d in (-3, -2, -1, 1, 2, 3)])
    among = st.sampled_from(limits).flatmap(lambda p: st.sampled_from([p - 1, p, p + 1]))
    price = data.draw((near | among).filter(lambda p: p != slot.prices[0]), label="price")
    energy, limit = slot.rows.curves.energy_wh, slot.rows.curves.limit
    fill = fills_at(energy, limit, price)
    lie = replace(slot, rows=replace(slot.rows, fill_ahead_wh=fill), prices=(price, slot.prices[1]))
    assert not any(lie.proven())
    kept = replace(slot, prices=lie.prices)  # nor with the honest fills
    assert not any(kept.proven())


@pytest.mark.parametrize("homes", [1, 2, 3])
@pytest.mark.parametrize("k", [(0, 1), (1, 2), (1, 1)])
def test_one_price_only_proves_in_every_tiny_book(homes, k):
    """All books of one to three homes, each ±1 or ±2 Wh at 0, 2 or 4, under every price around them."""
    one = list(product((-2, -1, 1, 2), (0, 2, 4)))
    for steps in combinations_with_replacement(one, homes):
        slot = simple(*steps)
        rows = slot.rows
        due = clear(rows.curves, rows.pool_wh, UNIFORM, k).prices[0]
        for price in (*range(-1, 6), NO_BUY, NO_SELL, due):
            fill = fills_at(rows.curves.energy_wh, rows.curves.limit, price)
            rule = Rule(UNIFORM, price, k)
            root = row_sums(replace(rows, fill_ahead_wh=fill), rule, rule)
            total = reduce(combine_sums, root)
            assert (conditions(session_sums(total, 0), rule) == []) == (price == due), (steps, price)


def fills_at(energy, limit, price):
    """What each row would get if `price` were the price: in the money in full, at the money in the rows' order."""
    buys, sells = (energy * (energy > 0) * (limit > price), -energy * (energy < 0) * (limit < price))
    buys_at, sells_at = (energy * (energy > 0) * (limit == price), -energy * (energy < 0) * (limit == price))
    volume = min(int(buys.sum() + buys_at.sum()), int(sells.sum() + sells_at.sum()))
    fill = np.zeros(len(energy), np.int64)
    for sign, inside, at in ((1, buys, buys_at), (-1, sells, sells_at)):
        left = max(volume - int(inside.sum()), 0)
        for row, (full, margin) in enumerate(zip(inside.sum(axis=1).tolist(), at.sum(axis=1).tolist(), strict=True)):
            share = min(margin, left)
            left -= share
            fill[row] += sign * (full + share)
    return fill


@settings(deadline=None, max_examples=120)
@given(books(), st.data())
def test_fills_prove_exactly_when_each_is_its_share_or_one_more(slot, data):
    """Wh moved between rows of one side, the tree rebuilt: a row proves if and only if the rule of the page holds."""
    name = data.draw(st.sampled_from(["fill_ahead_wh", "fill_pool_wh"]))
    fill = getattr(slot.rows, name).copy()
    session = name == "fill_pool_wh"
    rule = slot.rules[session]
    energy, limit = slot.rows.pool_steps() if session else (slot.rows.curves.energy_wh, slot.rows.curves.limit)
    size = len(fill)
    sign = data.draw(st.sampled_from((-1, 1)))
    for _ in range(data.draw(st.integers(1, 3))):
        giver, taker = (data.draw(st.integers(0, size - 1)) for _ in range(2))
        moved = min(data.draw(st.integers(1, 3)), max(int(fill[giver]) * sign, 0))
        fill[giver] -= sign * moved
        fill[taker] += sign * moved
    lie = replace(slot, rows=replace(slot.rows, **{name: fill}))
    # A row that took from the other side nets its two fills: then bought and sold fall short of the volume.
    kept = np.maximum(fill, 0).sum() == np.maximum(getattr(slot.rows, name), 0).sum()
    assert lie.proven() == [
        bool(kept) and share_is_fair(energy[i].tolist(), limit[i].tolist(), int(fill[i]), rule, energy, limit)
        for i in range(size)
    ]


def test_every_way_to_share_a_ration_proves_where_it_is_the_share_or_one_more():
    """13 Wh among five sellers of 30 at one limit: 2.6 each, so 2 or 3, and the rows with anything else are refuted."""
    slot = simple((13, 25), *[(-30, 10)] * 5)
    assert sorted(slot.rows.fill_ahead_wh.tolist()) == [-3, -3, -3, -2, -2, 13]
    for shares in product(range(6), repeat=5):
        if sum(shares) == 13 and list(shares) == sorted(shares):
            lie = replace(slot, rows=replace(slot.rows, fill_ahead_wh=np.array([13, *(-share for share in shares)])))
            assert lie.proven() == [True] + [share in (2, 3) for share in shares]


def share_is_fair(energy, limit, fill, rule, all_energy, all_limit):
    """The page's rule for one row, from the whole book: in the money full, at it ⌊q·X/Q⌋ or one more, else zero."""
    book = list(zip(all_energy.ravel().tolist(), all_limit.ravel().tolist(), strict=True))
    due = {}
    for sign in (1, -1):

        def above(e, p, sign=sign):
            return e * sign > 0 and rule.mechanism is UNIFORM and p * sign > rule.price * sign

        def level(e, p, sign=sign):
            fits = p * sign >= rule.price * sign if rule.mechanism is MID_MARKET else p == rule.price
            return e * sign > 0 and fits

        due[sign] = [sum(abs(e) for e, p in book if test(e, p)) for test in (above, level)]
        due[sign] += [sum(abs(e) for e, p in zip(energy, limit, strict=True) if above(e, p))]
        due[sign] += [[abs(e) for e, p in zip(energy, limit, strict=True) if level(e, p)]]
    volume = min(sum(due[1][:2]), sum(due[-1][:2]))
    possible = {}
    for sign, (inside, group, full, at) in due.items():
        shares = [q * (volume - inside) // group for q in at]
        possible[sign] = (full + sum(shares), full + sum(min(q, s + 1) for q, s in zip(at, shares, strict=True)))
    own = 1 if fill > 0 or (fill == 0 and possible[1][0]) else -1
    least, most = possible[own]
    return least <= abs(fill) <= most and not (fill and possible[-own][0])


@settings(deadline=None, max_examples=60)
@given(books(UNIFORM, 6))
def test_a_false_no_price_is_refuted(slot):
    """Nothing traded, says the operator, where something could have been: no price it names saves it."""
    assume(slot.rows.fill_ahead_wh.any())
    limits = set(slot.rows.curves.limit[slot.rows.curves.energy_wh != 0].tolist())
    nothing = replace(slot.rows, fill_ahead_wh=np.zeros_like(slot.rows.fill_ahead_wh))
    for price in {p + d for p in limits for d in (-1, 0, 1)} | {slot.prices[0], NO_BUY, NO_SELL}:
        tree = ResultTree(nothing, Rule(UNIFORM, price, slot.k), slot.rules[1])
        assert conditions(tree.sums[0], tree.ahead)


def test_a_false_no_price_fails_in_every_row():
    nothing = replace(SIMPLE.rows, fill_ahead_wh=np.zeros(8, np.int64))
    for price in range(5, 30):
        assert not any(replace(SIMPLE, rows=nothing, prices=(price, SIMPLE.prices[1])).proven())


def forged(slot, place, change):
    """A tree in which the leaf at `place` carries other sums than its row gives."""
    tree = ResultTree(slot.rows, *slot.rules)
    sums = tree.leaf_sums.copy()
    sums[place] += change
    neutral = np.array(([0] * 6 + [NO_BUY + BOUND_OFFSET, NO_SELL + BOUND_OFFSET]) * 2)
    return SumTree(slot.rows.leaves(), sums, neutral=neutral, combine=combine_sums)


@pytest.mark.parametrize("place", range(8))
@pytest.mark.parametrize("entry", range(16))
def test_a_leaf_with_other_sums_than_its_row_is_refuted(place, entry):
    change = np.zeros(16, np.int64)
    change[entry] = 1
    proven = SIMPLE.proven(forged(SIMPLE, place, change))
    assert not proven[place]


def test_a_diluted_ration_is_refuted():
    """Energy at the money that nobody offered would dilute everyone's share: the leaf that claims it is refuted."""
    friend, ghost = 0, np.zeros(16, np.int64)
    ghost[8 + 3], ghost[8 + 5] = 150, 36  # 150 Wh more at the money beside the 150 there are, 36 of them "sold"
    diluted = SIMPLE.rows.fill_pool_wh.copy()
    diluted[[6, 7]] = [-23, -11]  # 70 Wh among 300, not among 150
    lie = replace(SIMPLE, rows=replace(SIMPLE.rows, fill_pool_wh=diluted))
    assert lie.proven(forged(lie, friend, ghost)) == [False] + [True] * 7
    ghost[8 + 5] = 0
    assert not any(lie.proven(forged(lie, friend, ghost)))  # without the false sale the root itself gives it away


# --- malformed curves ------------------------------------------------------------------------------------------------


def faults_of(slot, tree, header, place):
    return result_faults(header, slot.rows.at(place), tree.proof(place))


@pytest.mark.parametrize(
    "steps",
    [
        [(5, 20), (5, 20)],  # one limit twice
        [(-5, 20), (-5, 20)],
        [(5, 20), (-5, 20)],  # trades with itself
        [(5, 21), (-5, 20)],
        [(0, 20)],  # an unused step with a limit
        [(0, 0), (5, 10)],  # an unused step before a used one
        [(10**9 + 1, 10)],
        [(5, 10**9 + 1)],
        [(-5, -(10**9) - 1)],
    ],
)
def test_a_malformed_curve_is_refuted(steps):
    slot = simple((1, 1), (-1, 40))
    curves = slot.rows.curves
    for j, step in enumerate(steps):
        curves.energy_wh[0, j], curves.limit[0, j] = step
    tree, header = slot.publish()
    assert any(fault.startswith("curve") for fault in faults_of(slot, tree, header, 0))
    assert not any(fault.startswith("curve") for fault in faults_of(slot, tree, header, 1))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pool_buy", NO_BUY - 1),
        ("pool_buy", 10**9 + 1),
        ("pool_sell", NO_SELL + 1),
        ("pool_sell", NO_BUY),
        ("pool_wh", 10**9 + 1),
        ("pool_wh", -(10**9) - 1),
    ],
)
def test_a_malformed_pool_offer_is_refuted(name, value):
    slot = simple((1, 1), (-1, 40))
    column = slot.rows.pool_wh if name == "pool_wh" else getattr(slot.rows.curves, name)
    column[0] = value
    tree, header = slot.publish()
    assert any(fault.startswith("pool: ") and "bounds" in fault for fault in faults_of(slot, tree, header, 0))
    assert faults_of(slot, tree, header, 1) == []
