"""The book of a slot: exactly one leaf per account, in a secret order drawn anew for each slot.

``blind = H(0x10 ‖ account ‖ slot ‖ nonce ‖ salt)`` hides whose leaf it is; ``leaf = H(0x11 ‖ blind ‖ curve ‖ pool
limits)``. The nonce of the offer in force (−1: none) is in it, so an offer that was replaced convicts nobody.
"""

import numpy as np
from numpy.typing import NDArray

from sunfair.model import Curves
from sunfair.settlement.hashing import Tag, hash_rows, int64_bytes, layout, uint32_bytes

__all__ = ["blinds", "book_leaves", "curve_bytes"]


def blinds(
    accounts: NDArray[np.int64], slot: int, nonces: NDArray[np.int64], salts: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """The blind of each account, uint8[n, 32], from its offer's nonce int64[n] and its salt uint8[n, 32]."""
    parts: list[NDArray[np.uint8] | bytes] = [uint32_bytes(accounts), slot.to_bytes(8, "big")]
    parts += [int64_bytes(nonces), salts]
    return hash_rows(layout(Tag.BLIND, len(accounts), parts))


def curve_bytes(curves: Curves) -> NDArray[np.uint8]:
    """Curve and standing limits, uint8[n, 144]: 8 × (energy, limit), pool buy, pool sell, int64 each."""
    steps = np.stack([curves.energy_wh, curves.limit], axis=2).reshape(curves.size, -1)
    limits = np.stack([curves.pool_buy, curves.pool_sell], axis=1)
    return np.concatenate([int64_bytes(steps), int64_bytes(limits)], axis=1)


def book_leaves(blind: NDArray[np.uint8], curves: Curves) -> NDArray[np.uint8]:
    """The leaf of each account, uint8[n, 32], in the order given."""
    return hash_rows(layout(Tag.BOOK_LEAF, curves.size, [blind, curve_bytes(curves)]))
