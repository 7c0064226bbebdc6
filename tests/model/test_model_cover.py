"""Can a member leave the guarantor with more than the cover taken at admission? Every tiny slot, and two slots in a row."""

from itertools import product

import pytest
from small_cover import Terms, cover, guarantors_loss, outcomes, residual, trade

TARIFFS = [(4, 0), (2, 2), (1, -1), (-1, -2)]
LIMITS = [-2, -1, 0, 1, 3, 6]
POOLS = [(None, None), (1, None), (6, None), (None, 1), (None, -2), (3, -1)]
CAP = 1


def worlds():
    for (retail, feed), energy, limit, (buy, sell) in product(TARIFFS, (-CAP, CAP), LIMITS, POOLS):
        yield Terms(retail, feed, CAP, energy, limit, buy, sell)


def losses(clipped, drop="", meters=range(-2, 3), charged=None):
    """All worlds in which the guarantor pays although the cover lay in the balance."""
    for terms in worlds():
        held = cover(terms, drop)
        for metered in meters:
            for result in outcomes(terms, metered, clipped):
                if (loss := guarantors_loss(terms, held, metered, result, charged)) > 0:
                    yield terms, metered, result, loss


def test_cover_is_enough_when_the_pool_quantity_is_clipped_to_the_cap():
    assert next(losses(clipped=True), None) is None


def test_cover_is_tight():
    """One unit less than the formula is too little somewhere, for sellers and for buyers."""
    for energy in (-1, 1):
        terms = Terms(4, 0, CAP, energy, 1, None, None)
        short = cover(terms) - 1
        assert any(guarantors_loss(terms, short, m, r) for m in (-1, 0, 1) for r in outcomes(terms, m, True))


def test_pool_quantity_of_twice_the_cap_breaks_the_cover():
    """Sold ahead the cap, took the cap: 2 Wh at a pool limit above retail, cover for one."""
    found = list(losses(clipped=False, meters=range(-CAP, CAP + 1)))
    assert found
    terms = Terms(4, 0, CAP, -1, 1, 6, None)
    assert max(loss for t, _, _, loss in found if t == terms) == 20  # tenths: (pool limit 6 − retail 4) · 1 Wh
    inside = [
        t
        for t, *_ in found
        if (t.pool_buy is None or t.pool_buy <= t.retail) and (t.pool_sell is None or t.pool_sell >= min(t.feed_in, 0))
    ]
    assert not inside  # limits inside the tariffs would do as well


@pytest.mark.parametrize("part", ["undelivered", "negative sale", "unused", "pool buy", "pool sell"])
def test_each_part_of_the_formula_is_needed(part):
    assert next(losses(clipped=True, drop=part), None) is not None


def test_tariff_raised_after_admission():
    """Retail set after the receipt: the undelivered debit grows with it and the utility receives what the guarantor pays."""
    terms = Terms(2, 0, CAP, -1, 1, None, None)
    result = (-1, 1, 0, 0)
    assert guarantors_loss(terms, cover(terms), 0, result) == 0
    assert guarantors_loss(terms, cover(terms), 0, result, charged_retail=1000) == 10 * (1000 - 2)


def test_gap_charged_at_its_highest_retail():
    """The same through a silent meter under the first rule; charged at the slot's own tariff nothing is lost."""
    worst = max(loss for *_, loss in losses(clipped=True, charged=6))
    assert worst >= 20


def test_residual_of_this_period_eats_the_cover_of_the_next():
    """Cover 10 lies in the balance for tomorrow's offer; today's residual debit takes it: the guarantor pays tomorrow."""
    terms = Terms(4, 0, CAP, -1, 1, None, None)
    balance = cover(terms)
    debits, _ = residual(1, terms.retail, terms.feed_in)  # today 1 Wh from the utility
    after_today = max(0, balance - debits)  # arrears take only what the balance lacks
    assert guarantors_loss(terms, after_today, 0, (-1, 1, 0, 0)) > 0
    held_back = balance + debits  # admission that also holds cap · retail for each slot before the offer's period
    assert guarantors_loss(terms, max(0, held_back - debits), 0, (-1, 1, 0, 0)) == 0


def test_in_one_period_the_trade_comes_first():
    """Within a period residual debits become arrears before the guarantor pays: the order of slots does not matter."""
    for terms in worlds():
        held = cover(terms)
        for result in outcomes(terms, 0, True):
            ahead, price, pool, pool_price = result
            debits, credits = residual(3, terms.retail, terms.feed_in)  # another slot's consumption
            rest = -ahead - pool
            own_debits, own_credits = residual(rest, terms.retail, terms.feed_in)
            size = min(abs(rest), abs(ahead)) if rest * ahead < 0 else 0
            undelivered = residual(size if rest > 0 else -size, terms.retail, terms.feed_in)[0]
            rows = trade(ahead, price) + trade(pool, pool_price) + own_credits - own_debits + credits - debits
            shortfall = max(0, -(held + rows))
            assert shortfall <= debits + own_debits - undelivered
