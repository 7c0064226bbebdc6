"""What a private row says, asked of bytes that anyone may have written: the rule of `next_row`, condition by condition.

The twin of what ``contracts/RowCourt.vy`` does with a row once its place is proved. No number is refused for being too
large: it is reckoned with, and differs from what follows.
"""

from dataclasses import dataclass

from sunfair.settlement.court.proofs import HeaderFields, lanes, row_numbers, signed
from sunfair.settlement.hashing import Tag, keccak
from sunfair.settlement.header import NETWORK_AHEAD
from sunfair.settlement.row import AFTER_GAP, LATE, residual_parts, undelivered_part
from sunfair.units import BPS, LIMIT_MAX

__all__ = [
    "Prices",
    "RowNumbers",
    "due_row",
    "follows",
    "is_possible",
    "is_trade",
    "is_without_trade",
    "network_share",
    "opens",
    "row_fault",
    "row_prices",
]

_KWH, _SHARE = 1_000, 1_000 * BPS
_GAP_MAX = 2**32


@dataclass(frozen=True, slots=True)
class RowNumbers:
    """The numbers of a private row from its trade on, whatever they say (`PrivateRow` is the honest one's)."""

    traded_ahead: int = 0
    traded_pool: int = 0
    metered: int = 0
    import_register: int = 0
    export_register: int = 0
    paid: int = 0
    running: int = 0
    claims: int = 0
    gap_slots: int = 0
    gap_retail: int = 0
    gap_feed_in: int = 0

    @staticmethod
    def read(row: bytes) -> "RowNumbers":
        """The numbers of 149 bytes."""
        return RowNumbers(*(signed(row, at) for at in range(29, 117, 8)))


@dataclass(frozen=True, slots=True)
class Prices:
    """What money in a slot depends on beside the rows: µ/kWh, and the seller's share in bps.

    local : the ahead session traded at local prices: what a row was paid, it says itself
    """

    retail: int
    feed_in: int
    ahead: int = 0
    pool: int = 0
    seller: int = 0
    local: bool = False


def is_without_trade(row: bytes) -> bool:
    """Whether a row names no leaf, nonce and salt, and no trade."""
    return row[13:29] == b"\xff" * 16 and not any(row[29:45]) and not any(row[117:])


def opens(row: bytes, public_row: bytes) -> bool:
    """Whether the row's account, slot, nonce and salt open the public row's book leaf."""
    blind = keccak(bytes([Tag.BLIND]) + row[1:13] + row[21:29] + row[117:])
    return keccak(bytes([Tag.BOOK_LEAF]) + blind + public_row[32:176]) == public_row[:32]


def is_trade(row: RowNumbers, public_row: bytes, cap_wh: int) -> bool:
    """Whether the public row is what this row says: both fills and the pool's quantity.

    That is 0 without a reading, after a gap, and where the reading came late. A cap of 0: there is no pool.
    """
    offered, ahead, pool = row_numbers(public_row)
    due = max(-cap_wh, min(row.metered - ahead, cap_wh)) if row.gap_slots == 0 else 0
    return (row.traded_ahead, row.traded_pool, offered) == (ahead, pool, due)


def row_prices(fields: HeaderFields) -> Prices:
    """What a header says of a slot's money."""
    return Prices(fields.retail, fields.feed_in, *fields.prices, fields.fees[0], bool(fields.rule & NETWORK_AHEAD))


def _trade_paid(traded: int, price: int, seller: int) -> int:
    """What a trade (Wh, + bought) brings (+) or costs (−), µ: the debit rounded up, the seller's share down."""
    value = abs(traded) * abs(price)
    return -value // _KWH if (traded > 0) == (price >= 0) else value * seller // _SHARE


def follows(row: RowNumbers, before: RowNumbers, prices: Prices) -> bool:
    """Whether a row follows from what was before: all but its leaf, nonce and salt."""
    return row == due_row(row, before, prices) and not _runs_backwards(row, before)


def due_row(row: RowNumbers, before: RowNumbers, prices: Prices) -> RowNumbers:
    """What a row must say, given the trade and the registers it states, and whether it says there was a reading."""
    residuals, claimed, metered, registers, gap = (
        _silent(row, before, prices) if row.gap_slots > 0 else _read(row, before, prices)
    )
    pool = 0 if row.gap_slots > 0 or before.gap_slots else row.traded_pool
    paid = _trade_paid(row.traded_ahead, prices.ahead, prices.seller)
    paid += _trade_paid(row.traded_pool, prices.pool, prices.seller)
    paid += sum(credit - debit for debit, credit in residuals)
    paid = row.paid if prices.local else paid
    sums = before.running + paid, before.claims + claimed
    return RowNumbers(row.traded_ahead, pool, metered, *registers, paid, *sums, *gap)


def row_fault(row: RowNumbers, before: RowNumbers, prices: Prices) -> str:
    """In what a row does not follow from what was before, in words; empty if in nothing."""
    due = due_row(row, before, prices)
    pairs = [(name, getattr(row, name), getattr(due, name)) for name in RowNumbers.__dataclass_fields__]
    told = [f"{name} is {own}, due is {other}" for name, own, other in pairs if own != other]
    return "; ".join(told + ["a register runs backwards"] * _runs_backwards(row, before))


def _runs_backwards(row: RowNumbers, before: RowNumbers) -> bool:
    return row.import_register < before.import_register or row.export_register < before.export_register


_Follows = tuple[list[tuple[int, int]], int, int, tuple[int, int], tuple[int, int, int]]
"""Debits and credits of the residuals, new claims, metered Wh, registers, gap fields."""


def _silent(row: RowNumbers, before: RowNumbers, prices: Prices) -> _Follows:
    """Without a reading nothing counts as metered: the ahead trade is settled at once at the slot's tariffs."""
    tariffs = prices.retail, prices.feed_in
    dearest, cheapest = _gap_tariffs(before, prices) if before.gap_slots else tariffs
    registers = before.import_register, before.export_register
    gap = before.gap_slots + 1, dearest, cheapest
    return [residual_parts(-row.traded_ahead, *tariffs)], 0, 0, registers, gap


def _read(row: RowNumbers, before: RowNumbers, prices: Prices) -> _Follows:
    """With a reading; the first after a gap: import and export apart, at the gap's tariffs, nothing netted."""
    tariffs = prices.retail, prices.feed_in
    taken, given = row.import_register - before.import_register, row.export_register - before.export_register
    if before.gap_slots:
        gap = _gap_tariffs(before, prices)
        moved = [residual_parts(taken, *gap), residual_parts(-given, *gap)]
        residuals = [*moved, residual_parts(-row.traded_ahead, *tariffs)]
        claimed, came = sum(debit for debit, _ in moved), AFTER_GAP
    else:
        rest = row.metered - row.traded_ahead - row.traded_pool
        residuals = [residual_parts(rest, *tariffs)]
        claimed = residuals[0][0] - undelivered_part(rest, row.traded_ahead, *tariffs)
        came = LATE if row.gap_slots == LATE else 0
    return residuals, claimed, taken - given, (row.import_register, row.export_register), (came, 0, 0)


def _gap_tariffs(before: RowNumbers, prices: Prices) -> tuple[int, int]:
    """The dearest retail and the cheapest feed-in of the gap, this slot's included."""
    return max(prices.retail, before.gap_retail), min(prices.feed_in, before.gap_feed_in)


def network_share(fields: HeaderFields) -> int:
    """The network's share of a slot's volumes, µ: Σ sessions ⌊V·|p|·ν / 10⁷⌋."""
    sums = lanes(fields.sums)
    volumes = (min(sums[at] + sums[at + 1], sums[at + 2] + sums[at + 3]) for at in (0, 8))
    return sum(
        volume * abs(price) * fields.fees[2] // _SHARE for volume, price in zip(volumes, fields.prices, strict=True)
    )


def is_possible(row: RowNumbers) -> bool:
    """Whether some account could have this row: no row that follows from it is then too large to write."""
    return (
        min(row.import_register, row.export_register) >= 0
        and LATE <= row.gap_slots < _GAP_MAX
        and max(abs(row.gap_retail), abs(row.gap_feed_in)) <= LIMIT_MAX
    )
