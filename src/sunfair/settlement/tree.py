"""Merkle trees whose root binds the number of leaves, plain or with sums in every node.

Leaves are padded to a power of two with `ZERO_HASH` (and neutral sums). With N leaves a path has exactly
``depth(N) = ⌈log₂ N⌉`` steps: a shorter one is a forged node, so `Proof.holds` refuses it.

plain node ``H(0x01 ‖ left ‖ right)``, root ``H(0x02 ‖ N ‖ top)``; sum node
``H(0x03 ‖ left ‖ sums(left) ‖ right ‖ sums(right))``, root ``H(0x04 ‖ N ‖ top ‖ sums(top))``. A parent states its
children's sums, so a false sum is shown by the parent's preimage beside the child's.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.settlement.hashing import Tag, hash_rows, int64_bytes, keccak, layout

__all__ = ["Proof", "SumProof", "SumTree", "Tree", "depth", "plain_root", "sum_root"]

Combine = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]


def depth(count: int) -> int:
    """Steps of a path among `count` leaves, ⌈log₂ count⌉ (0 for one leaf or none)."""
    return max(count - 1, 0).bit_length()


def plain_root(count: int, top: bytes) -> bytes:
    """The root that binds the number of leaves to the top node."""
    return keccak(bytes([Tag.ROOT]) + count.to_bytes(4, "big") + top)


def sum_root(count: int, top: bytes, sums: NDArray[np.int64]) -> bytes:
    """The root of a sum tree: number of leaves, top node, and its sums."""
    return keccak(bytes([Tag.SUM_ROOT]) + count.to_bytes(4, "big") + top + int64_bytes(sums[None, :]).tobytes())


@dataclass(frozen=True, slots=True)
class Proof:
    """That a leaf stands at place `index` among `count`: the sibling hashes from the leaf up."""

    index: int
    count: int
    siblings: tuple[bytes, ...]

    def holds(self, leaf: bytes, root: bytes) -> bool:
        """Whether `leaf` at `index` leads to `root`."""
        if not 0 <= self.index < self.count or len(self.siblings) != depth(self.count):
            return False
        node, place = leaf, self.index
        for sibling in self.siblings:
            left, right = (sibling, node) if place & 1 else (node, sibling)
            node = keccak(bytes([Tag.NODE]) + left + right)
            place >>= 1
        return plain_root(self.count, node) == root


@dataclass(frozen=True, slots=True)
class SumProof:
    """The same for a sum tree: each sibling is (hash, sums int64[k])."""

    index: int
    count: int
    siblings: tuple[tuple[bytes, NDArray[np.int64]], ...]

    def climb(self, leaf: bytes, sums: NDArray[np.int64], combine: Combine) -> tuple[bytes, NDArray[np.int64]] | None:
        """Root and sums to which `leaf` with `sums` leads, None if the path has the wrong length or place."""
        if not 0 <= self.index < self.count or len(self.siblings) != depth(self.count):
            return None
        node, carried, place = leaf, sums, self.index
        for sibling, beside in self.siblings:
            pair = [(node, carried), (sibling, beside)]
            if place & 1:
                pair.reverse()
            body = b"".join(digest + int64_bytes(values[None, :]).tobytes() for digest, values in pair)
            node = keccak(bytes([Tag.SUM_NODE]) + body)
            carried = combine(pair[0][1], pair[1][1])
            place >>= 1
        return sum_root(self.count, node, carried), carried


class Tree:
    """A plain Merkle tree over leaf hashes uint8[N, 32], in the order given."""

    def __init__(self, leaves: NDArray[np.uint8]) -> None:
        self.count = len(leaves)
        level = np.zeros((1 << depth(self.count), 32), np.uint8)
        level[: self.count] = leaves
        self.levels = [level]
        while len(level) > 1:
            level = hash_rows(layout(Tag.NODE, len(level) // 2, [level.reshape(-1, 64)]))
            self.levels.append(level)
        self.root = plain_root(self.count, self.levels[-1][0].tobytes())

    def proof(self, index: int) -> Proof:
        """The path of the leaf at `index`."""
        siblings = (level[(index >> i) ^ 1].tobytes() for i, level in enumerate(self.levels[:-1]))
        return Proof(index, self.count, tuple(siblings))


class SumTree:
    """A Merkle tree over leaf hashes uint8[N, 32] with sums int64[N, k] in every node, joined by `combine`."""

    def __init__(
        self, leaves: NDArray[np.uint8], sums: NDArray[np.int64], *, neutral: NDArray[np.int64], combine: Combine
    ) -> None:
        self.count = len(leaves)
        level = np.zeros((1 << depth(self.count), 32), np.uint8)
        level[: self.count] = leaves
        values = np.tile(neutral.astype(np.int64), (len(level), 1))
        values[: self.count] = sums
        self.levels = [(level, values)]
        while len(level) > 1:
            joined = np.concatenate([level, int64_bytes(values)], axis=1).reshape(len(level) // 2, -1)
            level = hash_rows(layout(Tag.SUM_NODE, len(level) // 2, [joined]))
            values = combine(values[0::2], values[1::2])
            self.levels.append((level, values))
        top, totals = self.levels[-1]
        self.sums = totals[0]
        self.root = sum_root(self.count, top[0].tobytes(), self.sums)

    def proof(self, index: int) -> SumProof:
        """The path of the leaf at `index`."""
        places = ((index >> i) ^ 1 for i in range(len(self.levels) - 1))
        pairs = zip(places, self.levels, strict=False)
        return SumProof(index, self.count, tuple((level[at].tobytes(), values[at]) for at, (level, values) in pairs))
