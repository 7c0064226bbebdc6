"""The auction and its money, step by step as design pages `market.md` and `settlement.md` put them.

Plain and slow on purpose: lists of Python integers, no vector arithmetic, no shared code.
"""

from run_bytes import NO_BUY, NO_SELL

Step = tuple[int, int]  # energy Wh (+ buys, − sells), limit µ/kWh


def share(energies: list[int], amount: int) -> list[int]:
    """`amount` Wh among steps in proportion, the left-over Wh to the largest remainders, ties to the earlier."""
    total = sum(energies)
    if total == 0:
        return []
    parts = [q * amount // total for q in energies]
    by_remainder = sorted(range(len(energies)), key=lambda i: (-(energies[i] * amount % total), i))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def best_volume(steps: list[Step]) -> int:
    """The largest volume any price clears."""
    return max(
        (
            min(
                sum(e for e, limit in steps if e > 0 and limit >= p),
                sum(-e for e, limit in steps if e < 0 and limit <= p),
            )
            for p in {limit for _, limit in steps}
        ),
        default=0,
    )


def margin(ordered: list[Step], volume: int) -> tuple[int, int | None]:
    """Limits of the last accepted and the first rejected of steps in merit order (None if none is rejected)."""
    left = volume
    last, first_rejected = None, None
    for energy, limit in ordered:
        accepted = min(left, abs(energy))
        if accepted > 0:
            last = limit
        if accepted < abs(energy) and first_rejected is None:
            first_rejected = limit
        left -= accepted
    if last is None:
        raise ValueError("nothing was accepted")
    return last, first_rejected


def clear_uniform(steps: list[Step], k: tuple[int, int]) -> tuple[int | None, int, list[int]]:
    """Price or None, volume, fills signed like the steps."""
    volume = best_volume(steps)
    if volume == 0:
        return None, 0, [0] * len(steps)
    buys = sorted((s for s in steps if s[0] > 0), key=lambda s: -s[1])
    sells = sorted((s for s in steps if s[0] < 0), key=lambda s: s[1])
    cheapest_buy, rejected_buy = margin(buys, volume)
    dearest_sell, rejected_sell = margin(sells, volume)
    low = max(x for x in (dearest_sell, rejected_buy) if x is not None)
    high = min(x for x in (cheapest_buy, rejected_sell) if x is not None)
    price = low + (high - low) * k[0] // k[1]
    return price, volume, fills_at(steps, price, volume)


def fills_at(steps: list[Step], price: int, volume: int) -> list[int]:
    """Beyond the price nothing, inside all, at the price what is left of the volume, pro rata."""
    fills = [0] * len(steps)
    for sign in (1, -1):
        side = [i for i, (e, _) in enumerate(steps) if e * sign > 0]
        inside = [i for i in side if (steps[i][1] - price) * sign > 0]
        at = [i for i in side if steps[i][1] == price]
        for i in inside:
            fills[i] = steps[i][0]
        left = volume - sum(abs(steps[i][0]) for i in inside)
        for i, part in zip(at, share([abs(steps[i][0]) for i in at], left), strict=False):
            fills[i] = sign * part
    return fills


def clear_mid(steps: list[Step], retail: int, feed_in: int) -> tuple[int | None, int, list[int]]:
    """Midpoint of the tariffs; whoever's limit admits it takes part; the longer side shares pro rata."""
    price = (retail + feed_in) // 2
    buys = [i for i, (e, limit) in enumerate(steps) if e > 0 and limit >= price]
    sells = [i for i, (e, limit) in enumerate(steps) if e < 0 and limit <= price]
    volume = min(sum(steps[i][0] for i in buys), -sum(steps[i][0] for i in sells))
    fills = [0] * len(steps)
    if volume == 0:
        return None, 0, fills
    for sign, side in ((1, buys), (-1, sells)):
        for i, part in zip(side, share([abs(steps[i][0]) for i in side], volume), strict=True):
            fills[i] = sign * part
    return price, volume, fills


def standing_price(mechanism: str, steps: list[Step], terms: dict) -> int:
    """The price that stands in the header where nothing was traded."""
    if mechanism == "mid_market_rate":
        return (terms["retail"] + terms["feed_in"]) // 2
    lo = max((limit for e, limit in steps if e > 0), default=NO_BUY)
    hi = min((limit for e, limit in steps if e < 0), default=NO_SELL)
    return lo + (hi - lo) * terms["k"][0] // terms["k"][1]


def session_sums(mechanism: str, rows: list[list[Step]], fills: list[int], price: int) -> list[list[int]]:
    """Per row the eight numbers DI, DA, SI, SA, bought, sold, lo, hi of one session.

    Which group at the price counts as accepted is a fact of the whole session, so rows are taken together.
    """
    mid = mechanism == "mid_market_rate"
    out = []
    for steps, fill in zip(rows, fills, strict=True):
        in_buy = sum(e for e, limit in steps if e > 0 and limit > price)
        at_buy = sum(e for e, limit in steps if e > 0 and limit == price)
        in_sell = sum(-e for e, limit in steps if e < 0 and limit < price)
        at_sell = sum(-e for e, limit in steps if e < 0 and limit == price)
        if mid:
            in_buy, at_buy, in_sell, at_sell = 0, in_buy + at_buy, 0, in_sell + at_sell
        out.append([in_buy, at_buy, in_sell, at_sell, max(fill, 0), max(-fill, 0), NO_BUY, NO_SELL])
    if mid:
        return out
    inside_buy, group_buy, inside_sell, group_sell = (sum(row[i] for row in out) for i in range(4))
    volume = min(inside_buy + group_buy, inside_sell + group_sell)
    left_buy, left_sell = volume - inside_buy, volume - inside_sell
    for steps, sums in zip(rows, out, strict=True):
        lows, highs = [NO_BUY], [NO_SELL]
        for energy, limit in steps:
            buys = energy > 0
            inside = limit > price if buys else limit < price
            left, group = (left_buy, group_buy) if buys else (left_sell, group_sell)
            accepted = inside or (limit == price and left > 0)
            rejected = not inside and (limit != price or left < group)
            if accepted:
                (highs if buys else lows).append(limit)
            if rejected:
                (lows if buys else highs).append(limit)
        sums[6], sums[7] = max(lows), min(highs)
    return out


# Money


def up(numerator: int, denominator: int) -> int:
    """Ceiling of a fraction of non-negative integers."""
    return (numerator + denominator - 1) // denominator


def trade_money(traded: int, price: int, seller_bps: int) -> tuple[int, int]:
    """(debit, credit) of one account in one session."""
    pays = traded > 0 if price >= 0 else traded < 0
    if traded == 0:
        return 0, 0
    if pays:
        return up(abs(traded) * abs(price), 1000), 0
    return 0, abs(traded) * abs(price) * seller_bps // 10**7


def residual_money(residual: int, retail: int, feed_in: int) -> tuple[int, int]:
    """(debit, credit) of what was left over, bought from or sold to the utility."""
    tariff = retail if residual > 0 else feed_in
    if residual == 0:
        return 0, 0
    pays = (residual > 0) == (tariff >= 0)
    if pays:
        return up(abs(residual) * abs(tariff), 1000), 0
    return 0, abs(residual) * abs(tariff) // 1000


def residual_parts(row: tuple[int, int, int], terms: dict, back: tuple[int, int, int, int] | None) -> list:
    """(debit, credit) of each part that is the utility's. `back`, after a gap: taken, given, dearest, cheapest tariff;
    then nothing is netted, and what was traded ahead counts as not delivered."""
    ahead, pool, metered = row
    tariffs = terms["retail"], terms["feed_in"]
    if back is None:
        return [residual_money(metered - ahead - pool, *tariffs)]
    taken, given, dearest, cheapest = back
    each = ((-ahead - pool, *tariffs), (taken, dearest, cheapest), (-given, dearest, cheapest))
    return [residual_money(*part) for part in each]


def slot_money(
    rows: dict[int, tuple[int, int, int]], terms: dict, prices: tuple[int | None, int | None], backs: dict | None = None
) -> dict:
    """{account: (debits, credits)} of a slot; rows: member → traded ahead, traded pool, metered; backs: see above."""
    money = {account: [0, 0] for account in (0, 1, 2, *rows)}
    for session, price in enumerate(prices):
        if price is None:
            continue
        debits = credits_ = 0
        for account, row in rows.items():
            debit, credit = trade_money(row[session], price, terms["seller_bps"])
            money[account][0] += debit
            money[account][1] += credit
            debits, credits_ = debits + debit, credits_ + credit
        volume = sum(row[session] for row in rows.values() if row[session] > 0)
        utility = volume * abs(price) * terms["utility_bps"] // 10**7
        network = volume * abs(price) * terms["network_bps"] // 10**7
        money[0][1] += utility
        money[1][1] += network
        money[2][1] += debits - credits_ - utility - network
    for account, row in rows.items():
        for debit, credit in residual_parts(row, terms, (backs or {}).get(account)):
            money[account][0] += debit
            money[account][1] += credit
            money[0][1] += debit
            money[0][0] += credit
    return {account: (debit, credit) for account, (debit, credit) in money.items()}
