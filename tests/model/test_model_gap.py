"""Slots without a reading: can a home gain by silencing its meter? All tiny worlds, the page's first rule and the mended one.

A world: per slot tariffs (retail ≥ feed-in, negative ones too), an ahead trade a (+ bought), true import and export.
Ahead money is the same read or silent and left out. A cost is what the home pays the utility for its residual.
"""

from itertools import product

import pytest

TARIFFS = [(4, 0), (2, 1), (1, 1), (1, -1), (-1, -2)]
FLOWS = [(0, 0), (1, 0), (0, 1), (1, 1)]
SLOT = [(retail, feed, ahead, flow) for (retail, feed), ahead, flow in product(TARIFFS, (-1, 0, 1), FLOWS)]


def cost(residual, retail, feed):
    """What r = metered − traded costs: bought at retail, given at feed-in."""
    return residual * retail if residual > 0 else residual * feed


def read(world):
    """Every slot read: its own net flow against its own trade at its own tariffs."""
    return sum(cost(i - e - a, retail, feed) for retail, feed, a, (i, e) in world)


def silent_netted(world):
    """First version of the rule: nothing until the gap ends; then registers less the gap's ahead trades, side by side."""
    retail, feed = max(w[0] for w in world), min(w[1] for w in world)
    import_left = sum(w[3][0] for w in world) - sum(max(w[2], 0) for w in world)
    export_left = sum(w[3][1] for w in world) - sum(max(-w[2], 0) for w in world)
    return cost(import_left, retail, feed) + cost(-export_left, retail, feed)


def silent_at_once(world):
    """Mended: metered := 0, so the trade is settled at once at the slot's tariffs; later the registers in full."""
    retail, feed = max(w[0] for w in world), min(w[1] for w in world)
    now = sum(cost(-a, r, f) for r, f, a, _ in world)
    return now + sum(w[3][0] for w in world) * retail - sum(w[3][1] for w in world) * feed


def unheard(world, rule):
    """The registers never come: the meter is dead for good and nothing flowed."""
    if rule == "netted":
        return 0
    return sum(cost(-a, r, f) for r, f, a, _ in world)


def test_settled_at_once_silence_never_pays():
    """Every world of one and two slots: c(m − a) ≤ c(m) + c(−a), and the gap's tariffs are the worst of it."""
    for world in [(slot,) for slot in SLOT] + list(product(SLOT, SLOT)):
        assert silent_at_once(world) >= read(world), world


def test_netted_over_the_gap_silence_pays():
    """Bought ahead in the cheap slot, used in the dear one: read it costs 4 more, silent nothing."""
    shifted = ((4, 0, 1, (0, 0)), (4, 0, 0, (1, 0)))
    assert (read(shifted), silent_netted(shifted), silent_at_once(shifted)) == (4, 0, 4)
    sold_for_the_evening = ((4, 0, 0, (0, 1)), (4, 0, -1, (0, 0)))
    assert (read(sold_for_the_evening), silent_netted(sold_for_the_evening)) == (4, 0)
    gains = [read(world) - silent_netted(world) for world in product(SLOT, SLOT)]
    assert (len(gains), sum(gain > 0 for gain in gains), max(gains)) == (3600, 350, 12)


def test_short_sale_behind_a_dead_meter():
    """Sold in both slots, nothing delivered, never heard of again: netted it costs nothing, at once it costs retail."""
    world = ((4, 0, -1, (0, 0)), (4, 0, -1, (0, 0)))
    assert unheard(world, "netted") == 0
    assert unheard(world, "at once") == read(world) == 8


def test_netted_undelivered_energy_can_cost_more_than_the_slots_retail():
    """Cover was taken at the slot's retail; the gap charges its highest: the guarantor pays the difference."""
    world = ((2, 0, -1, (0, 0)), (4, 0, 0, (0, 0)))
    assert (read(world), silent_netted(world), silent_at_once(world)) == (2, 4, 2)


@pytest.mark.parametrize("dropped", ["highest retail", "lowest feed-in", "apart", "feed-in ≤ retail"])
def test_each_part_of_the_rule_is_needed(dropped):
    """Without it some world rewards silence."""

    def rule(world):
        retail = min(w[0] for w in world) if dropped == "highest retail" else max(w[0] for w in world)
        feed = max(w[1] for w in world) if dropped == "lowest feed-in" else min(w[1] for w in world)
        now = sum(cost(-a, r, f) for r, f, a, _ in world)
        taken, given = sum(w[3][0] for w in world), sum(w[3][1] for w in world)
        if dropped == "apart":
            return now + cost(taken - given, retail, feed)
        return now + taken * retail - given * feed

    slots = SLOT
    if dropped == "feed-in ≤ retail":
        slots = [(1, 3, a, flow) for a, flow in product((-1, 0, 1), FLOWS)]
    assert any(rule(world) < read(world) for world in product(slots, slots))


def test_rounding_leaves_at_most_a_unit_per_slot():
    """Debits round up slot by slot, a gap rounds once: what silence saves by that stays below one µ per slot and side."""

    def rounded(residual, retail, feed):
        return -(-cost(residual, retail, feed) // 2)  # debits up, credits down: both are the ceiling

    worst = 0
    for world in product(SLOT, SLOT):
        each = sum(rounded(i - e - a, r, f) for r, f, a, (i, e) in world)
        retail, feed = max(w[0] for w in world), min(w[1] for w in world)
        taken, given = sum(w[3][0] for w in world), sum(w[3][1] for w in world)
        gap = (
            sum(rounded(-a, r, f) for r, f, a, _ in world)
            + rounded(taken, retail, feed)
            + rounded(-given, retail, feed)
        )
        worst = max(worst, each - gap)
    assert 0 < worst <= 2 * 2


@pytest.mark.parametrize(("limit_inside_tariffs", "gains"), [(True, False), (False, True)])
def test_silence_as_a_way_out_of_the_pool(limit_inside_tariffs, gains):
    """Without a reading there is no pool trade. Worth something only to who signed limits worse than the tariffs.

    A pool seller receives σ·p (σ = 0.8), a buyer pays p; inside the tariffs means buy ≤ retail and σ·sell ≥ feed-in.
    """
    found = False
    for (retail, feed), buy, sell, net in product([(4, 0), (4, 2), (2, 1)], range(6), range(6), (-1, 1)):
        inside = buy <= retail and 8 * sell >= 10 * feed
        if inside != limit_inside_tariffs:
            continue
        alone = cost(net, retail, feed) * 10
        for price in range(6):
            if (net > 0 and price <= buy) or (net < 0 and price >= sell):
                pool = 10 * price if net > 0 else -8 * price
                found |= alone < pool
    assert found is gains
