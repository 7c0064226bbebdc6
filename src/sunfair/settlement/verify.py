"""Checking one public row against its slot's header: what every home does with its own row, and anyone with any row."""

import numpy as np
from numpy.typing import NDArray

from sunfair.market import check_curve
from sunfair.model import Mechanism
from sunfair.settlement.header import Header
from sunfair.settlement.result import (
    NEUTRAL,
    SUMS,
    ResultRows,
    Rule,
    SessionSums,
    classify,
    combine_sums,
    conditions,
    row_sums,
    session_sums,
)
from sunfair.settlement.tree import SumProof
from sunfair.units import ENERGY_MAX, LIMIT_MAX, NO_BUY, NO_SELL

__all__ = ["result_faults", "verify_result"]


def _due(full: int, at: list[int], left: int, group: int) -> tuple[int, int]:
    """Least and most a row may be filled on one side: in the money full, each step at the money ⌊q·X/Q⌋ or one more.

    At the mid-market rate a curve may have several steps at the money, in the uniform auction at most one.
    """
    shares = [(q, q * left // group) for q in at if q]
    return full + sum(share for _, share in shares), full + sum(min(q, share + 1) for q, share in shares)


def fill_faults(
    energy: NDArray[np.int64], limit: NDArray[np.int64], fill: int, rule: Rule, sums: SessionSums
) -> list[str]:
    """What is wrong with one row's fill, in words; `sums` are the session's, at the root. On wires nothing shows."""
    if rule.mechanism is Mechanism.NETWORK:
        return []
    demand_in, demand_at, supply_in, supply_at = (part.tolist() for part in classify(energy, limit, rule))
    buy_left, sell_left = sums.left
    # A curve's highest buy limit lies below its lowest sell limit, so at one price only one side of it can trade.
    buys = _due(sum(demand_in), demand_at, buy_left, max(sums.demand_at, 1))
    sells = _due(sum(supply_in), supply_at, sell_left, max(sums.supply_at, 1))
    least, most = buys if fill > 0 or (fill == 0 and buys[0]) else sells
    if least <= abs(fill) <= most and not (fill > 0 and sells[0]) and not (fill < 0 and buys[0]):
        return []
    return [f"filled {fill} Wh where the rule gives {least} to {most} Wh"]


def curve_faults(row: ResultRows) -> list[str]:
    """What is malformed in one row's curve and pool offer, in words (market.md, "Offers")."""
    used = int(row.curves.steps[0])
    energy, limit = row.curves.energy_wh[0], row.curves.limit[0]
    wrong = [f"curve: {fault}" for fault in check_curve(energy[:used], limit[:used], tick=1)]
    if energy[used:].any() or limit[used:].any():
        wrong.append("curve: an unused step is not zero, or stands before a used one")
    buy, sell, pool = int(row.curves.pool_buy[0]), int(row.curves.pool_sell[0]), int(row.pool_wh[0])
    if not (NO_BUY <= buy <= LIMIT_MAX and -LIMIT_MAX <= sell <= NO_SELL and abs(pool) <= ENERGY_MAX):
        wrong.append(f"pool: {pool} Wh at limits {buy} and {sell} is out of bounds")
    return wrong


def result_faults(header: Header, row: ResultRows, proof: SumProof) -> list[str]:
    """Everything wrong with one public row (a `ResultRows` of one), in words; empty if it proves.

    Checked: the path to the header's result root, the row's own numbers in the sums, its curve, its fills, and that the
    header's prices and the root's numbers obey the auction's rule (settlement.md, "After the slot"). What no row shows
    (domain, slot, tariffs against the chain, book root, data hash) the header's own hash binds.
    """
    sums = row_sums(row, header.ahead, header.pool, header.sums)[0]
    wrong = curve_faults(row)
    reached = proof.climb(row.leaves()[0].tobytes(), sums, combine_sums)
    if proof.count != header.accounts or reached is None:
        wrong.append(f"the path is not one of {header.accounts} leaves")
    elif reached[0] != header.result_root or not np.array_equal(reached[1], header.sums):
        wrong.append("the row does not lead to the result root")
    energy, limit = row.pool_steps()
    sessions = (
        ("ahead", 0, header.ahead, header.ahead_held, row.curves.energy_wh[0], row.curves.limit[0], row.fill_ahead_wh),
        ("pool", SUMS, header.pool, header.pool_held, energy[0], limit[0], row.fill_pool_wh),
    )
    for name, start, rule, held, step_energy, step_limit, fill in sessions:
        totals = session_sums(header.sums, start)
        texts = conditions(totals, rule) + fill_faults(step_energy, step_limit, int(fill[0]), rule, totals)
        if not held and not np.array_equal(header.sums[start : start + SUMS], NEUTRAL[start : start + SUMS]):
            texts.append("the session is not held, and its sums are not those of nothing")
        midpoint = (header.retail + header.feed_in) // 2
        if rule.mechanism is Mechanism.MID_MARKET_RATE and rule.price != midpoint:
            texts.append(f"the price is {rule.price}, the tariffs' midpoint {midpoint}")
        wrong += [f"{name}: {text}" for text in texts]
    return wrong


def verify_result(header: Header, row: ResultRows, proof: SumProof) -> bool:
    """Whether one public row proves against its slot's header, i.e. `result_faults` finds nothing."""
    return not result_faults(header, row, proof)
