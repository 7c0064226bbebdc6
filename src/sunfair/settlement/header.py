"""A slot's header, and the root of a period's headers that stands on chain as its anchor."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.model import Community, Fees, Mechanism, Session
from sunfair.settlement.hashing import ZERO_HASH, Tag, int64_bytes, keccak
from sunfair.settlement.money import SlotTerms
from sunfair.settlement.result import ResultRows, ResultTree, Rule, header_price
from sunfair.settlement.tree import Tree

__all__ = [
    "MID_MARKET",
    "NETWORK_AHEAD",
    "NO_AHEAD",
    "NO_POOL",
    "Header",
    "anchor_tree",
    "data_hash",
    "rule_byte",
    "slot_header",
]

MID_MARKET, NO_AHEAD, NO_POOL, NETWORK_AHEAD = 1, 2, 4, 8
"""Bits of a header's rule: cleared at the mid-market rate; no ahead session; no pool session; with `NO_AHEAD`: there
was an ahead session, cleared on the wires at local prices, of which the header and its sums say nothing.
"""

_SIZE = 324


def rule_byte(mechanism: Mechanism, sessions: Collection[Session]) -> int:
    """The rule of a community's slots, one byte: how they are cleared and which sessions are not held."""
    return (
        MID_MARKET * (mechanism is Mechanism.MID_MARKET_RATE)
        + NO_AHEAD * (Session.AHEAD not in sessions or mechanism is Mechanism.NETWORK)
        + NO_POOL * (Session.POOL not in sessions)
        + NETWORK_AHEAD * (Session.AHEAD in sessions and mechanism is Mechanism.NETWORK)
    )


@dataclass(frozen=True, slots=True)
class Header:
    """All that is public and fixed about one slot's result.

    domain : EIP-712 domain separator (community, chain, contract)
    slot, accounts : the slot and the number of leaves
    rule : how it was cleared and which sessions were not held (`rule_byte`)
    retail, feed_in, price_ahead, price_pool : µ/kWh; a price stands here also where nothing traded
    sums : int64[16], the result root's numbers; book_root, result_root, data_hash : 32 bytes each
    """

    domain: bytes
    slot: int
    accounts: int
    rule: int
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
    def mechanism(self) -> Mechanism:
        """How the sessions of which the header speaks were cleared."""
        return Mechanism.MID_MARKET_RATE if self.rule & MID_MARKET else Mechanism.UNIFORM

    @property
    def ahead_held(self) -> bool:
        """Whether there was an ahead session of which the header speaks."""
        return not self.rule & NO_AHEAD

    @property
    def local_ahead(self) -> bool:
        """Whether there was an ahead session at local prices, which nothing in the header proves."""
        return bool(self.rule & NETWORK_AHEAD)

    @property
    def pool_held(self) -> bool:
        """Whether there was a pool session."""
        return not self.rule & NO_POOL

    @property
    def ahead(self) -> Rule:
        """How the ahead session was cleared."""
        return Rule(Mechanism.NETWORK if self.local_ahead else self.mechanism, self.price_ahead, self.k)

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
                bytes([self.rule]),
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

    @staticmethod
    def decode(data: bytes) -> "Header":
        """The header of these 324 bytes; ValueError when they are none (shares that sum to no whole included)."""
        if len(data) != _SIZE or data[0] != Tag.HEADER:
            raise ValueError(f"a header has {_SIZE} bytes and begins with {int(Tag.HEADER):#04x}")

        def unsigned(at: int, size: int) -> int:
            return int.from_bytes(data[at : at + size], "big")

        tariffs = np.frombuffer(data[68:100], ">i8").astype(np.int64).tolist()
        return Header(
            data[1:33],
            unsigned(33, 8),
            unsigned(41, 4),
            data[45],
            (unsigned(46, 8), unsigned(54, 8)),
            tariffs[0],
            tariffs[1],
            Fees(*(unsigned(at, 2) for at in (62, 64, 66))),
            tariffs[2],
            tariffs[3],
            np.frombuffer(data[100:228], ">i8").astype(np.int64),
            *(data[at : at + 32] for at in (228, 260, 292)),
        )


def data_hash(public: NDArray[np.uint8], envelope_root: bytes = ZERO_HASH) -> bytes:
    """What binds a slot's published rows uint8[n, L], in leaf order, and its envelopes: ``H(0x16 ‖ root ‖ H(rows))``.

    No contract opens it, so whatever the homes were told hangs on the header without making it longer.
    """
    return keccak(bytes([Tag.PUBLIC_DATA]) + envelope_root + keccak(public.tobytes()))


def slot_header(
    community: Community,
    terms: SlotTerms,
    rows: ResultRows,
    *,
    domain: bytes,
    slot: int,
    book_root: bytes,
    envelope_root: bytes = ZERO_HASH,
) -> Header:
    """The header of a slot's public rows (in leaf order); `terms` hold None where a session traded nothing."""
    steps = ((rows.curves.energy_wh, rows.curves.limit, terms.price_ahead), (*rows.pool_steps(), terms.price_pool))
    how = community.mechanism.sessions
    prices = [
        header_price(mechanism, energy, limit, price, k=community.k, retail=terms.retail, feed_in=terms.feed_in)
        for mechanism, (energy, limit, price) in zip(how, steps, strict=True)
    ]
    rules = (Rule(mechanism, price, community.k) for mechanism, price in zip(how, prices, strict=True))
    tree = ResultTree(rows, *rules)
    return Header(
        domain=domain,
        slot=slot,
        accounts=community.size,
        rule=rule_byte(community.mechanism, community.sessions),
        k=community.k,
        retail=terms.retail,
        feed_in=terms.feed_in,
        fees=terms.fees,
        price_ahead=prices[0],
        price_pool=prices[1],
        sums=tree.tree.sums,
        book_root=book_root,
        result_root=tree.root,
        data_hash=data_hash(rows.public_bytes(), envelope_root),
    )


def anchor_tree(digests: list[bytes]) -> Tree:
    """The tree over a period's header hashes in slot order; its root is what is anchored on chain."""
    return Tree(np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32))
