"""Use case *watch*: clear every public auction again, hold what was published against it, and say what is false.

Nobody has to be asked for anything: the published rows, the headers, the chain's terms and the anchor are enough. An
honest slot is recognised by clearing it once; only where that gives something else is every node and row looked at.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sunfair.app.published import PublishedPeriod
from sunfair.market import Offers, check_curve, clear_mid_market_rate, clear_uniform
from sunfair.model import Mechanism
from sunfair.settlement import Header, ResultRows, ResultTree, Tree, conditions
from sunfair.settlement.court import (
    AuctionPlace,
    Evidence,
    EvidenceRefused,
    MarketFacts,
    PublishedAuction,
    find_auction_faults,
)
from sunfair.settlement.court.auction import header_fault, terms_fault
from sunfair.settlement.court.proofs import read_header
from sunfair.settlement.public import result_rows
from sunfair.units import ENERGY_MAX, LIMIT_MAX, NO_BUY, NO_SELL

__all__ = ["auction_faults", "is_cleared", "period_faults"]


def period_faults(facts: MarketFacts, period: PublishedPeriod) -> Iterator[Evidence]:
    """The false things of an anchored period's auctions that are not void already, slot by slot."""
    for index, auction in enumerate(period.auctions):
        slot = period.anchor.first_slot + index
        if auction is not None and not facts.is_void(period.anchor, slot):
            yield from auction_faults(facts, period.place(index), auction)


def auction_faults(facts: MarketFacts, place: AuctionPlace, auction: PublishedAuction) -> list[Evidence]:
    """What is false in one slot's public part; empty if it clears as it was published.

    Rows that lead to no anchored root show nothing by themselves: then what is bound has to be demanded.
    """
    if is_cleared(facts, place.slot, auction):
        return []
    found: list[Evidence] = []
    try:
        found.extend(find_auction_faults(facts, place, auction))
    except EvidenceRefused as refused:
        if not found and refused.reason != "court: path":
            raise
    return found


def is_cleared(facts: MarketFacts, slot: int, auction: PublishedAuction) -> bool:
    """Whether clearing the published curves again gives exactly the published result, header and roots.

    With numbers that are out of range no auction can be held: nothing is cleared by them.
    """
    try:
        return _clears(facts, slot, auction)
    except (ValueError, OverflowError):
        return False


def _clears(facts: MarketFacts, slot: int, auction: PublishedAuction) -> bool:
    fields, index = read_header(auction.header), facts.terms_at(slot)
    if header_fault(fields, slot, facts.separator) or index is None or terms_fault(fields, facts.terms[index]):
        return False
    header = Header.decode(auction.header)
    rows = result_rows(np.frombuffer(b"".join(auction.rows), np.uint8).reshape(-1, 200))
    tree = ResultTree(rows, header.ahead, header.pool)
    book = auction.book or [row[:32] for row in auction.rows]
    bound = (
        len(auction.rows) == header.accounts
        and not auction.stated
        and not auction.hashes
        and tree.root == header.result_root
        and np.array_equal(tree.tree.sums, header.sums)
        and Tree(np.frombuffer(b"".join(book), np.uint8).reshape(-1, 32)).root == header.book_root
        and [row[:32] for row in auction.rows] == list(book)
    )
    return bound and _well_formed(header, rows) and _same_fills(header, rows, tree)


def _well_formed(header: Header, rows: ResultRows) -> bool:
    """Whether every curve and pool offer may stand in a book, and every pool quantity in a row."""
    curves = rows.curves
    for energy, limit, used in zip(curves.energy_wh, curves.limit, curves.steps, strict=True):
        if energy[used:].any() or limit[used:].any() or check_curve(energy[:used], limit[:used], tick=1):
            return False
    buy, sell, most = curves.pool_buy, curves.pool_sell, ENERGY_MAX * header.pool_held
    limits = (buy >= NO_BUY) & (buy <= LIMIT_MAX) & (sell >= -LIMIT_MAX) & (sell <= NO_SELL)
    return bool((limits & (rows.pool_wh >= -most) & (rows.pool_wh <= most)).all())


def _same_fills(header: Header, rows: ResultRows, tree: ResultTree) -> bool:
    ahead = _cleared(header, rows.curves.energy_wh, rows.curves.limit)
    pool = _cleared(header, *rows.pool_steps())
    rules = zip(tree.sums, (header.ahead, header.pool), strict=True)
    return (
        (header.local_ahead or np.array_equal(ahead, rows.fill_ahead_wh))
        and np.array_equal(pool, rows.fill_pool_wh)
        and not any(conditions(sums, rule) for sums, rule in rules)
    )


def _cleared(header: Header, energy: NDArray[np.int64], limit: NDArray[np.int64]) -> NDArray[np.int64]:
    """What each row is filled with in a session of these steps, int64[n]."""
    used = energy != 0
    owner = np.broadcast_to(np.arange(len(energy))[:, None], used.shape)[used]
    offers = Offers(owner.astype(np.int32), energy[used], limit[used])
    if header.mechanism is Mechanism.MID_MARKET_RATE:
        clearing = clear_mid_market_rate(offers, retail=header.retail, feed_in=header.feed_in)
    else:
        clearing = clear_uniform(offers, k=header.k)
    filled = np.zeros(energy.shape, np.int64)
    filled[used] = clearing.filled_wh
    total: NDArray[np.int64] = filled.sum(axis=1)
    return total
