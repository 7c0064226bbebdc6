"""Cover at admission against the worst a slot can bring, in tenths of a µ so that the seller's share needs no rounding.

All per Wh; σ = 8/10. Prices and tariffs are tiny integers.
"""

from dataclasses import dataclass

SIGMA = 8


@dataclass(frozen=True, slots=True)
class Terms:
    """Tariffs, the cap, and what the account signed: one ahead step and standing pool limits (None: none)."""

    retail: int
    feed_in: int
    cap: int
    energy: int  # + buys ahead, − sells ahead
    limit: int
    pool_buy: int | None
    pool_sell: int | None


def receives(limit):
    """s(l) in tenths: what a seller gets at limit l; at a negative price it pays in full."""
    return limit * SIGMA if limit > 0 else limit * 10


def pays(limit):
    """b(l) in tenths: what a buyer pays at limit l; at a negative price it receives its share."""
    return limit * 10 if limit > 0 else limit * SIGMA


def cover(terms: Terms, drop: str = "") -> int:
    """Cover of one slot, tenths of a µ, by the page's formula; `drop` leaves out one part of it."""
    limit, retail, feed_in = terms.limit, terms.retail, terms.feed_in
    if terms.energy < 0:
        undelivered = 0 if drop == "undelivered" else 10 * retail - receives(limit)
        delivered = 0 if drop == "negative sale" else -10 * limit
        ahead = max(0, undelivered, delivered)
    else:
        unused = 0 if drop == "unused" else pays(limit) - min(10 * feed_in, 0)
        ahead = max(0, unused, 10 * limit)
    pool = 0
    if terms.pool_buy is not None and drop != "pool buy":
        pool = max(pool, 10 * terms.pool_buy)
    if terms.pool_sell is not None and drop != "pool sell":
        pool = max(pool, -10 * terms.pool_sell)
    return abs(terms.energy) * ahead + terms.cap * pool


def trade(energy, price):
    """Cash of a trade: + received."""
    if energy > 0:
        return -pays(price) * energy
    return receives(price) * -energy


def residual(energy, retail, feed_in):
    """(debits, credits) of the residual."""
    value = 10 * (energy * retail if energy > 0 else energy * feed_in)
    return max(value, 0), max(-value, 0)


def outcomes(terms: Terms, metered: int, clipped: bool):
    """(fill ahead, its price, fill pool, its price): all that the two auctions can give this account."""
    sign = 1 if terms.energy > 0 else -1
    for ahead in range(abs(terms.energy) + 1):
        for gift in (0, 2):
            quantity = metered - sign * ahead
            if clipped:
                quantity = max(-terms.cap, min(terms.cap, quantity))
            limit = terms.pool_buy if quantity > 0 else terms.pool_sell
            side = 1 if quantity > 0 else -1
            for pool in range(abs(quantity) + 1 if limit is not None else 1):
                for better in (0, 2):
                    yield sign * ahead, terms.limit - sign * gift, side * pool, (limit or 0) - side * better


def guarantors_loss(terms: Terms, balance: int, metered: int, result, charged_retail: int | None = None) -> int:
    """What the guarantor pays for one slot, settled alone; `charged_retail` is the one undelivered energy costs."""
    ahead, price, pool, pool_price = result
    retail = terms.retail if charged_retail is None else charged_retail
    rest = metered - ahead - pool
    debits, credits = residual(rest, retail, terms.feed_in)
    undelivered = 0
    if rest * ahead < 0:
        size = min(abs(rest), abs(ahead))
        undelivered = residual(size if rest > 0 else -size, retail, terms.feed_in)[0]
    rows = trade(ahead, price) + trade(pool, pool_price) + credits - debits
    shortfall = max(0, -(balance + rows))
    arrears = min(shortfall, debits - undelivered)
    return shortfall - arrears
