"""The operating envelopes of a slot as one root: each home can show its own caps, nobody sees another's.

A cap in the open would name its home's bus, so every leaf is salted. The root is bound by the slot's header through its
data hash; a slot without envelopes has the root `ZERO_HASH`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sunfair.model import FIRST_MEMBER
from sunfair.settlement.hashing import Tag, hash_rows, int64_bytes, keccak, layout, uint32_bytes
from sunfair.settlement.tree import Proof, Tree

__all__ = ["envelope_holds", "envelope_leaves", "envelope_root", "envelope_tree"]


def envelope_leaves(
    slot: int, import_cap_wh: NDArray[np.int64], export_cap_wh: NDArray[np.int64], salts: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Leaf of each member in account order, uint8[n, 32]: ``H(0x17 ‖ account u4 ‖ slot u8 ‖ import ‖ export ‖ salt)``.

    import_cap_wh, export_cap_wh : int64[n], Wh, ≥ 0; salts : uint8[n, 32]
    """
    accounts = FIRST_MEMBER + np.arange(len(import_cap_wh))
    caps = int64_bytes(np.stack([import_cap_wh, export_cap_wh], axis=1))
    parts: list[NDArray[np.uint8] | bytes] = [uint32_bytes(accounts), slot.to_bytes(8, "big"), caps, salts]
    return hash_rows(layout(Tag.ENVELOPE_LEAF, len(accounts), parts))


def envelope_tree(
    slot: int, import_cap_wh: NDArray[np.int64], export_cap_wh: NDArray[np.int64], salts: NDArray[np.uint8]
) -> Tree:
    """The tree over a slot's envelope leaves; member i's leaf stands at place i."""
    return Tree(envelope_leaves(slot, import_cap_wh, export_cap_wh, salts))


def envelope_root(
    slot: int, import_cap_wh: NDArray[np.int64], export_cap_wh: NDArray[np.int64], salts: NDArray[np.uint8]
) -> bytes:
    """The root of `envelope_tree`, 32 bytes."""
    return envelope_tree(slot, import_cap_wh, export_cap_wh, salts).root


def envelope_holds(
    slot: int, account: int, caps_wh: tuple[int, int], salt: bytes, path: Sequence[bytes], *, count: int, root: bytes
) -> bool:
    """Whether a member's caps (import, export; Wh), opened by `salt` and `path`, stand under the root of `count`."""
    numbers = b"".join(cap.to_bytes(8, "big", signed=True) for cap in caps_wh)
    node = keccak(bytes([Tag.ENVELOPE_LEAF]) + account.to_bytes(4, "big") + slot.to_bytes(8, "big") + numbers + salt)
    return Proof(account - FIRST_MEMBER, count, tuple(path)).holds(node, root)
