"""The courts' rules in Python: each check of the court contracts on the same bytes, and who builds the evidence.

`auction` holds the checks of AuctionCourt under the contract's own names.
"""

from sunfair.settlement.court.auction_search import (
    AuctionPlace,
    PublishedAuction,
    RowProof,
    book_leaf_evidence,
    curve_evidence,
    find_auction_faults,
    row_proof,
    row_proofs,
)
from sunfair.settlement.court.facts import NOBODY, Anchor, MarketFacts, Member, Meter, Settlement, Terms
from sunfair.settlement.court.proofs import Evidence, EvidenceRefused, Kind

__all__ = [
    "NOBODY",
    "Anchor",
    "AuctionPlace",
    "Evidence",
    "EvidenceRefused",
    "Kind",
    "MarketFacts",
    "Member",
    "Meter",
    "PublishedAuction",
    "RowProof",
    "Settlement",
    "Terms",
    "book_leaf_evidence",
    "curve_evidence",
    "find_auction_faults",
    "row_proof",
    "row_proofs",
]
