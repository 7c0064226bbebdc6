"""Settlement: exact money per slot, trees that prove it, and a period's zero-sum amounts."""

from sunfair.settlement.allowance import TOKEN_WH, Allowance
from sunfair.settlement.amounts import ChunkProof, amounts_hash, chunk_proof, pack_amounts, unpack_amounts
from sunfair.settlement.bill import LINES, Line, shown_lines, slot_lines
from sunfair.settlement.book import blinds, book_leaves, curve_bytes
from sunfair.settlement.hashing import ZERO_HASH, Tag, keccak
from sunfair.settlement.header import Header, anchor_tree, data_hash, rule_byte, slot_header
from sunfair.settlement.key_swap import KeySwap
from sunfair.settlement.messages import (
    OFFER_TYPE,
    READING_TYPE,
    RECEIPT_TYPE,
    Domain,
    offer_digests,
    reading_digests,
    receipt_digests,
)
from sunfair.settlement.meters import Delivery, Meters
from sunfair.settlement.money import (
    Residual,
    SlotMoney,
    SlotTerms,
    TrueUp,
    claims,
    exact_sum,
    residual_money,
    settle_slot,
    undelivered_debits,
)
from sunfair.settlement.period import PeriodMoney, PeriodRows, PeriodTree, period_leaf, period_money
from sunfair.settlement.result import (
    ResultRows,
    ResultTree,
    Rule,
    SessionSums,
    conditions,
    header_price,
    session_sums,
)
from sunfair.settlement.retail import RetailLine, Statement, StatementLine, Supply, statement
from sunfair.settlement.row import (
    Base,
    Opening,
    PrivateRow,
    SlotFacts,
    institution_row,
    member_paid,
    network_row,
    next_row,
)
from sunfair.settlement.top_up import Permission, TopUps
from sunfair.settlement.tree import Proof, SumProof, SumTree, Tree, depth
from sunfair.settlement.verify import result_faults, verify_result

__all__ = [
    "LINES",
    "OFFER_TYPE",
    "READING_TYPE",
    "RECEIPT_TYPE",
    "TOKEN_WH",
    "ZERO_HASH",
    "Allowance",
    "Base",
    "ChunkProof",
    "Delivery",
    "Domain",
    "Header",
    "KeySwap",
    "Line",
    "Meters",
    "Opening",
    "PeriodMoney",
    "PeriodRows",
    "PeriodTree",
    "Permission",
    "PrivateRow",
    "Proof",
    "Residual",
    "ResultRows",
    "ResultTree",
    "RetailLine",
    "Rule",
    "SessionSums",
    "SlotFacts",
    "SlotMoney",
    "SlotTerms",
    "Statement",
    "StatementLine",
    "SumProof",
    "SumTree",
    "Supply",
    "Tag",
    "TopUps",
    "Tree",
    "TrueUp",
    "amounts_hash",
    "anchor_tree",
    "blinds",
    "book_leaves",
    "chunk_proof",
    "claims",
    "conditions",
    "curve_bytes",
    "data_hash",
    "depth",
    "exact_sum",
    "header_price",
    "institution_row",
    "keccak",
    "member_paid",
    "network_row",
    "next_row",
    "offer_digests",
    "pack_amounts",
    "period_leaf",
    "period_money",
    "reading_digests",
    "receipt_digests",
    "residual_money",
    "result_faults",
    "rule_byte",
    "session_sums",
    "settle_slot",
    "shown_lines",
    "slot_header",
    "slot_lines",
    "statement",
    "undelivered_debits",
    "unpack_amounts",
    "verify_result",
]
