"""Settlement: exact money per slot, trees that prove it, and a period's zero-sum amounts."""

from sunfair.settlement.bill import LINES, Line, shown_lines, slot_lines
from sunfair.settlement.book import blinds, book_leaves, curve_bytes
from sunfair.settlement.hashing import ZERO_HASH, Tag, keccak
from sunfair.settlement.header import Header, anchor_tree, data_hash, slot_header
from sunfair.settlement.messages import (
    OFFER_TYPE,
    READING_TYPE,
    RECEIPT_TYPE,
    Domain,
    offer_digests,
    reading_digests,
    receipt_digests,
)
from sunfair.settlement.money import (
    Residual,
    SlotMoney,
    SlotTerms,
    exact_sum,
    residual_money,
    settle_slot,
    undelivered_debits,
)
from sunfair.settlement.period import PeriodMoney, PeriodRows, PeriodTree, period_money
from sunfair.settlement.result import (
    ResultRows,
    ResultTree,
    Rule,
    SessionSums,
    conditions,
    header_price,
    session_sums,
)
from sunfair.settlement.tree import Proof, SumProof, SumTree, Tree, depth
from sunfair.settlement.verify import result_faults, verify_result

__all__ = [
    "LINES",
    "OFFER_TYPE",
    "READING_TYPE",
    "RECEIPT_TYPE",
    "ZERO_HASH",
    "Domain",
    "Header",
    "Line",
    "PeriodMoney",
    "PeriodRows",
    "PeriodTree",
    "Proof",
    "Residual",
    "ResultRows",
    "ResultTree",
    "Rule",
    "SessionSums",
    "SlotMoney",
    "SlotTerms",
    "SumProof",
    "SumTree",
    "Tag",
    "Tree",
    "anchor_tree",
    "blinds",
    "book_leaves",
    "conditions",
    "curve_bytes",
    "data_hash",
    "depth",
    "exact_sum",
    "header_price",
    "keccak",
    "offer_digests",
    "period_money",
    "reading_digests",
    "receipt_digests",
    "residual_money",
    "result_faults",
    "session_sums",
    "settle_slot",
    "shown_lines",
    "slot_header",
    "slot_lines",
    "undelivered_debits",
    "verify_result",
]
