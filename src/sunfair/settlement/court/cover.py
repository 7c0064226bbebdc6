"""Paths in the period tree, whose nodes state the cover of all accounts below them, µ.

A path holds 40 bytes a step, as they stand in the node's preimage: the sibling's hash and its cover.
"""

from sunfair.settlement.court.proofs import LANE_MAX, SUM_STEPS, is_depth, refuse_unless, unsigned
from sunfair.settlement.hashing import Tag, keccak

__all__ = ["LANE", "STEP", "check_cover", "cover_root"]

STEP = 40
"""Bytes of a step."""

LANE = 2**64 - 1
"""Eight bytes, all set."""


def cover_root(count: int, top: bytes, cover: int) -> bytes:
    """H(0x04 ‖ count ‖ top ‖ cover), the period root."""
    return keccak(bytes([Tag.SUM_ROOT]) + count.to_bytes(4, "big") + top + cover.to_bytes(8, "big"))


def check_cover(node: bytes, stated: int, level: int, index: int, count: int, path: bytes, root: bytes) -> None:
    """Refuse unless `node`, stating this cover, stands at place `index` of `level` of the period tree."""
    steps, ragged = divmod(len(path), STEP)
    fits = not ragged and level <= SUM_STEPS and index >> steps == 0
    refuse_unless(fits and is_depth(count, level + steps), "court: path")
    top, carried, high = node, stated, stated
    for step in range(steps):
        sibling, own = path[step * STEP :][:STEP], (carried & LANE).to_bytes(8, "big")
        pair = sibling + top + own if index >> step & 1 else top + own + sibling
        top = keccak(bytes([Tag.SUM_NODE]) + pair)
        beside = unsigned(sibling, 32)
        carried = (carried + beside) % 2**256
        high |= beside | carried
    refuse_unless(high < LANE_MAX, "court: lane")
    refuse_unless(cover_root(count, top, carried) == root, "court: path")
