"""The tree over a batch of points, however many: a root of 32 bytes for all, a path of at most 26 hashes for each.

Leaf ``H(0x22 ‖ commitment ‖ nullifier)``, node ``H(0x01 ‖ left ‖ right)``, root ``H(0x02 ‖ N u4 ‖ top)``; leaves are
padded with zero hashes to a power of two: the layout of the settlement's plain trees (docs/formats.md). Only the tops
of subtrees of 1,024 leaves are held, so a batch of 2²⁶ points needs 2 MB; a path is made from these and from the
leaves of one subtree.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sha3 import keccak_256

from sunfair.errors import Fault, InputError

__all__ = ["BATCH_MAX", "CHUNK", "Batch", "BatchProof", "batch_leaves", "batch_of"]

CHUNK_STEPS, STEPS_MAX = 10, 26
CHUNK = 1 << CHUNK_STEPS
"""Leaves of one subtree."""
BATCH_MAX = 1 << STEPS_MAX
"""Most points of one batch, more than Great Britain has."""

_LEAF, _NODE, _ROOT = b"\x22", b"\x01", b"\x02"
_ZERO = bytes(32)
Hashes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class BatchProof:
    """That a point stands at place `index` among `count`: the sibling hashes from its leaf up."""

    index: int
    count: int
    siblings: tuple[bytes, ...]

    def holds(self, commitment: bytes, nullifier: bytes, root: bytes) -> bool:
        """Whether this point, at this place, leads to a root."""
        if not 0 <= self.index < self.count or len(self.siblings) != _depth(self.count):
            return False
        node, place = _hash(_LEAF + commitment + nullifier), self.index
        for sibling in self.siblings:
            node = _hash(_NODE + sibling + node if place & 1 else _NODE + node + sibling)
            place >>= 1
        return _root(self.count, node) == root


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A batch by the tops of its subtrees, uint8[chunks, 32], in order."""

    count: int
    tops: Hashes

    @property
    def root(self) -> bytes:
        """What stands on the chain for all its points."""
        return _root(self.count, self._levels()[-1][0].tobytes())

    def prove(self, index: int, chunk: Hashes) -> BatchProof:
        """The path of the point at `index`; `chunk` are the leaves of its subtree, number ``index // CHUNK``.

        Raises InputError where these leaves are not the batch's.
        """
        if not 0 <= index < self.count:
            raise InputError("no such place in the batch", [Fault("index", f"{index} of {self.count}")])
        lower = _levels(_padded(chunk, self._chunk_steps))
        if not np.array_equal(lower[-1][0], self.tops[index >> CHUNK_STEPS]):
            raise InputError("these leaves are not those of the batch", [Fault("chunk", "has another top")])
        siblings = [level[((index % CHUNK) >> at) ^ 1].tobytes() for at, level in enumerate(lower[:-1])]
        place = index >> CHUNK_STEPS
        siblings += [level[(place >> at) ^ 1].tobytes() for at, level in enumerate(self._levels()[:-1])]
        return BatchProof(index, self.count, tuple(siblings))

    @property
    def _chunk_steps(self) -> int:
        return min(_depth(self.count), CHUNK_STEPS)

    def _levels(self) -> list[Hashes]:
        """The levels above the subtrees; what is missing to a power of two is a subtree of zero hashes."""
        steps = _depth(len(self.tops))
        level = np.tile(np.frombuffer(_empty(self._chunk_steps), np.uint8), (1 << steps, 1))
        level[: len(self.tops)] = self.tops
        return _levels(level)


def batch_of(leaves: Iterable[Hashes]) -> Batch:
    """The batch over leaves that come in blocks uint8[any, 32]; memory does not grow with their number.

    Raises InputError for none or more than 2²⁶.
    """
    count, tops, rest = 0, [], np.zeros((0, 32), np.uint8)
    for block in leaves:
        count += len(block)
        if count > BATCH_MAX:
            raise InputError("the batch is too large", [Fault("points", f"more than {BATCH_MAX:,}", "split it")])
        rest = np.concatenate([rest, block])
        whole = len(rest) // CHUNK * CHUNK
        tops.append(_tops(rest[:whole]))
        rest = rest[whole:]
    if not count:
        raise InputError("the batch is empty", [Fault("points", "there are none")])
    if len(rest):
        steps = min(_depth(count), CHUNK_STEPS)
        tops.append(_levels(_padded(rest, steps))[-1])
    return Batch(count, np.concatenate(tops))


def batch_leaves(commitments: Hashes, nullifiers: Hashes) -> Hashes:
    """Leaves of points: uint8[n, 32] each → uint8[n, 32]."""
    return _hash_rows(_LEAF, np.concatenate([commitments, nullifiers], axis=1))


def _tops(leaves: Hashes) -> Hashes:
    """Tops of whole subtrees, side by side."""
    for _ in range(CHUNK_STEPS):
        leaves = _hash_rows(_NODE, leaves.reshape(-1, 64))
    return leaves


def _levels(level: Hashes) -> list[Hashes]:
    levels = [level]
    while len(level) > 1:
        level = _hash_rows(_NODE, level.reshape(-1, 64))
        levels.append(level)
    return levels


def _padded(leaves: Hashes, steps: int) -> Hashes:
    padded = np.zeros((1 << steps, 32), np.uint8)
    padded[: len(leaves)] = leaves
    return padded


def _empty(steps: int) -> bytes:
    """Top of a subtree of zero hashes."""
    node = _ZERO
    for _ in range(steps):
        node = _hash(_NODE + node + node)
    return node


def _depth(count: int) -> int:
    return max(count - 1, 0).bit_length()


def _root(count: int, top: bytes) -> bytes:
    return _hash(_ROOT + count.to_bytes(4, "big") + top)


def _hash(data: bytes) -> bytes:
    digest: bytes = keccak_256(data).digest()
    return digest


def _hash_rows(tag: bytes, rows: Hashes) -> Hashes:
    """Keccak-256 of tag ‖ row for rows of 64 bytes: uint8[n, 64] → uint8[n, 32]."""
    block = rows.tobytes()
    digests = b"".join([keccak_256(tag + block[at : at + 64]).digest() for at in range(0, len(block), 64)])
    return np.frombuffer(digests, np.uint8).reshape(-1, 32)
