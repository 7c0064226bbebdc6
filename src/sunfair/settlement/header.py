"""A slot's header, and the root of a period's headers that stands on chain as its anchor."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.model import Community, Fees, Mechanism
from sunfair.settlement.hashing import Tag, int64_bytes, keccak
from sunfair.settlement.money import SlotTerms
from sunfair.settlement.result import ResultRows, ResultTree, Rule, header_price
from sunfair.settlement.tree import Tree

__all__ = ["Header", "anchor_tree", "data_hash", "slot_header"]

_MECHANISM = {Mechanism.UNIFORM: 0, Mechanism.MID_MARKET_RATE: 1}


@dataclass(frozen=True, slots=True)
class Header:
    """All that is public and fixed about one slot's result.

    domain : EIP-712 domain separator (community, chain, contract)
    slot, accounts : the slot and the number of leaves
    retail, feed_in, price_ahead, price_pool : µ/kWh; a price stands here also where nothing traded
    sums : int64[16], the result root's numbers; book_root, result_root, data_hash : 32 bytes each
    """

    domain: bytes
    slot: int
    accounts: int
    mechanism: Mechanism
    k: tuple[int, int]
    retail: int
    feed_in: int
    fees: Fees
    price_ahead: int
    price_pool: int
    sums: NDArray[np.int64]
    book_root: bytes
    result_root: bytes
    data_hash: bytes

    @property
    def ahead(self) -> Rule:
        """How the ahead session was cleared."""
        return Rule(self.mechanism, self.price_ahead, self.k)

    @property
    def pool(self) -> Rule:
        """How the pool session was cleared."""
        return Rule(self.mechanism, self.price_pool, self.k)

    def preimage(self) -> bytes:
        """The bytes that are hashed, field by field, big-endian (docs/formats.md)."""
        return b"".join(
            [
                bytes([Tag.HEADER]),
                self.domain,
                self.slot.to_bytes(8, "big"),
                self.accounts.to_bytes(4, "big"),
                bytes([_MECHANISM[self.mechanism]]),
                self.k[0].to_bytes(8, "big"),
                self.k[1].to_bytes(8, "big"),
                *(
                    share.to_bytes(2, "big")
                    for share in (self.fees.seller_bps, self.fees.utility_bps, self.fees.network_bps)
                ),
                int64_bytes([self.retail, self.feed_in, self.price_ahead, self.price_pool]).tobytes(),
                int64_bytes(self.sums).tobytes(),
                self.book_root,
                self.result_root,
                self.data_hash,
            ]
        )

    def digest(self) -> bytes:
        """The header's hash, a leaf of the period's anchor."""
        return keccak(self.preimage())


def data_hash(public: NDArray[np.uint8]) -> bytes:
    """Hash of a slot's published rows uint8[n, L], in leaf order."""
    return keccak(bytes([Tag.PUBLIC_DATA]) + public.tobytes())


def slot_header(
    community: Community, terms: SlotTerms, rows: ResultRows, *, domain: bytes, slot: int, book_root: bytes
) -> Header:
    """The header of a slot's public rows (in leaf order); `terms` hold None where a session traded nothing."""
    steps = ((rows.curves.energy_wh, rows.curves.limit, terms.price_ahead), (*rows.pool_steps(), terms.price_pool))
    prices = [
        header_price(
            community.mechanism, energy, limit, price, k=community.k, retail=terms.retail, feed_in=terms.feed_in
        )
        for energy, limit, price in steps
    ]
    tree = ResultTree(rows, *(Rule(community.mechanism, price, community.k) for price in prices))
    return Header(
        domain=domain,
        slot=slot,
        accounts=community.size,
        mechanism=community.mechanism,
        k=community.k,
        retail=terms.retail,
        feed_in=terms.feed_in,
        fees=terms.fees,
        price_ahead=prices[0],
        price_pool=prices[1],
        sums=tree.tree.sums,
        book_root=book_root,
        result_root=tree.root,
        data_hash=data_hash(rows.public_bytes()),
    )


def anchor_tree(digests: list[bytes]) -> Tree:
    """The tree over a period's header hashes in slot order; its root is what is anchored on chain."""
    return Tree(np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32))
