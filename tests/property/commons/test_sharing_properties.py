"""A plant that shares by key: the money of shared energy beside a settlement in which it never passed the utility."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sunfair.app.plant_book import PlantBook, note_arrears
from sunfair.commons import KEYS, Flows, share_output
from sunfair.model import Plant
from sunfair.settlement import residual_money

Ints = NDArray[np.int64]
PLANT, HOLDERS = 0, (1, 2, 3)
NAMES = ("a", "b", "c")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Plant, Flows]:
    """A plant of any key and four slots of anything."""
    slots = 4
    wh, price = st.integers(-3_000, 3_000), st.integers(-50_000, 400_000)
    block = st.lists(st.lists(wh, min_size=4, max_size=4), min_size=slots, max_size=slots)
    metered, traded = np.array(draw(block)), np.array(draw(block))
    pairs = draw(st.lists(st.tuples(price, price), min_size=slots, max_size=slots))
    feed_in, retail = (np.array([pick(pair) for pair in pairs]) for pick in (min, max))
    first = draw(st.integers(0, 10_000))
    second = draw(st.integers(0, 10_000 - first))
    shares = first, second, 10_000 - first - second
    plant = Plant(
        NAMES,
        shares,
        draw(st.sampled_from(KEYS)),
        draw(price),
        tuple(draw(st.permutations(NAMES))),
        tuple(shares[at % 3 :] + shares[: at % 3] for at in range(24)),
        tuple(draw(price) for _ in NAMES),
    )
    hours = np.array(draw(st.lists(st.integers(0, 23), min_size=slots, max_size=slots)))
    return plant, Flows(metered, traded, retail, feed_in, hours)


def utility_gain(residual: Ints, retail: Ints, feed_in: Ints) -> Ints:
    """What the utility took in each slot, less what it paid, µ."""
    money = [residual_money(one, r, f) for one, r, f in zip(residual, retail.tolist(), feed_in.tolist(), strict=True)]
    return np.array([int(one.debits.sum() - one.credits.sum()) for one in money])


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_sharing_is_netting_and_no_unit_is_made_or_lost(world: tuple[Plant, Flows]) -> None:
    plant, flows = world
    shared = share_output(plant, plant.shares_bps, flows, PLANT, HOLDERS)
    rest, columns = flows.metered_wh - flows.traded_wh, list(HOLDERS)
    given = shared.shared_wh
    assert (given >= 0).all()
    # Nobody gets more than it used, and nothing is shared that was traded: what the utility sold bounds it, too.
    assert (given <= np.maximum(np.minimum(flows.metered_wh[:, columns], rest[:, columns]), 0)).all()
    assert (given.sum(axis=1) <= np.maximum(-np.maximum(flows.metered_wh[:, PLANT], rest[:, PLANT]), 0)).all()
    assert (shared.credit >= 0).all()
    assert (shared.income >= 0).all()
    # The same slots, had the shared Wh never been sold to nor bought from the utility.
    netted = rest.copy()
    netted[:, columns] -= given
    netted[:, PLANT] += given.sum(axis=1)
    before = utility_gain(rest, flows.retail, flows.feed_in)
    kept = before - shared.credit.sum(axis=1) - shared.income - utility_gain(netted, flows.retail, flows.feed_in)
    # The utility never loses a unit by it, and keeps roundings alone: one for each of the four accounts, twice over.
    assert (kept >= 0).all()
    assert (kept <= 2 * 4).all()
    # A holder pays the price for what it is given, within what the utility asks and pays, and a µ of rounding.
    price = np.clip(plant.price or 0, flows.feed_in, flows.retail)[:, None]
    exact = given * (flows.retail[:, None] - price) / 1_000
    moved = (shared.credit.sum(axis=1) + shared.income > 0)[:, None]
    assert ((shared.credit <= exact) & ((shared.credit > exact - 2) | ~moved)).all()


@settings(max_examples=25, deadline=None)
@given(worlds(), worlds())
def test_a_holder_of_two_plants_is_given_no_wh_twice(one: tuple[Plant, Flows], other: tuple[Plant, Flows]) -> None:
    """The second plant is account 4 and shares with the same holders what the first left them short of."""
    (first, flows), (second, beside) = one, other
    metered, traded = (
        np.concatenate([getattr(flows, name), getattr(beside, name)[:, :1]], axis=1)
        for name in ("metered_wh", "traded_wh")
    )
    both = Flows(metered, traded, flows.retail, flows.feed_in, flows.hours)
    before = share_output(first, first.shares_bps, both, PLANT, HOLDERS)
    after = share_output(second, second.shares_bps, both.after(before, HOLDERS), 4, HOLDERS)
    rest, columns = metered - traded, list(HOLDERS)
    given = before.shared_wh + after.shared_wh
    assert (given <= np.maximum(np.minimum(metered[:, columns], rest[:, columns]), 0)).all()
    netted = rest.copy()
    netted[:, columns] -= given
    netted[:, PLANT] += before.shared_wh.sum(axis=1)
    netted[:, 4] += after.shared_wh.sum(axis=1)
    moved = sum(part.credit.sum(axis=1) + part.income for part in (before, after))
    gains = [utility_gain(part, flows.retail, flows.feed_in) for part in (rest, netted)]
    assert (gains[0] - moved - gains[1] >= 0).all()


def test_each_key_reads_what_is_its_own() -> None:
    """1,000 Wh among uses of 100, 500, 900 in the hours 0 and 12: the table of the documentation, by hand."""
    metered = np.array([[-1_000, 100, 500, 900]] * 2)
    flows = Flows(
        metered, np.zeros_like(metered), *(np.full(2, price) for price in (300_000, 80_000)), np.array([0, 12])
    )
    table = tuple((5_000, 3_000, 2_000) if hour < 12 else (0, 10_000, 0) for hour in range(24))
    beside = {"ranking": ("c", "a", "b"), "table": table, "values": (300_000, 200_000, 350_000)}
    due = {
        "static": [[100, 300, 200]] * 2,
        "dynamic": [[67, 333, 600]] * 2,
        "hybrid": [[100, 389, 511]] * 2,
        "priority": [[100, 0, 900]] * 2,
        "table": [[100, 300, 200], [0, 500, 0]],
        "optimal": [[100, 300, 600]] * 2,
    }
    for key, wanted in due.items():
        shares = (5_000, 3_000, 2_000)
        shared = share_output(Plant(NAMES, shares, key, 180_000, **beside), shares, flows, PLANT, HOLDERS)
        assert shared.shared_wh.tolist() == wanted
        # 0.12 a kWh back to the holder, 0.10 to the plant, both whole here.
        assert shared.credit.tolist() == [[120 * wh for wh in row] for row in wanted]
        assert shared.income.tolist() == [100 * sum(row) for row in wanted]


@pytest.mark.parametrize("arrears", [0, 700, 5_000])
def test_who_owes_the_utility_draws_no_cash(arrears: int) -> None:
    """A holder that does not pay for what it takes gets its credit as less debt first, over all plants and periods."""
    from types import SimpleNamespace

    metered = np.array([[-1_000, 1_000, 0, 0]])
    flows = Flows(metered, np.zeros_like(metered), np.array([300_000]), np.array([80_000]), np.array([12]))
    plant = Plant(NAMES, (10_000, 0, 0), "dynamic", 299_000)
    book, debts, paid = PlantBook(plant, PLANT, HOLDERS), dict[int, int](), 0
    rows = SimpleNamespace(paid=np.array([[80_000, -300_000, 0, 0]]), metered_wh=metered)
    for period in range(8):
        note_arrears(debts, np.array([0, arrears if period == 0 else 0, 0, 0]))
        share = book.period(rows, flows, (10_000, 0, 0), (1, 0, 0), debts)[0].holders[0]  # type: ignore[arg-type]
        assert share.credit == 1_000
        paid += share.paid or 0
        assert paid == max(0, 1_000 * (period + 1) - arrears)
