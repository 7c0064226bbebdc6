"""A settlement's amounts as the contract takes them: four lanes of 64 bits to a word, hashed by chunks of words.

The place of account a is a + 1, place 0 is the guarantor's; place p is lane p % 4 of word p // 4, lowest bits first.
A lane holds the amount plus 2⁶², so that none is negative and a sum of lanes carries into no neighbour.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sunfair.settlement.hashing import keccak

__all__ = [
    "CHUNK_WORDS",
    "LANE_BIAS",
    "ChunkProof",
    "amounts_hash",
    "chunk_proof",
    "pack_amounts",
    "place_of",
    "unpack_amounts",
]

LANE_BIAS = 1 << 62
"""Added to every amount: a lane of exactly this is 0 or absent."""

CHUNK_WORDS = 16
"""Words hashed together: one chunk shows an account's lane, of the others only their hashes are needed."""

_LANES, _BITS = 4, 64
_MASK = (1 << _BITS) - 1


def place_of(account: int) -> int:
    """Where an account's lane stands."""
    return account + 1


def pack_amounts(amounts: Sequence[int]) -> list[int]:
    """Words of signed µ in the order of accounts, the guarantor's last; lanes without an account are 0.

    Raises OverflowError when one is not within ±2⁶².
    """
    placed = [amounts[-1], *amounts[:-1]]
    for amount in placed:
        if not -LANE_BIAS <= amount < LANE_BIAS:
            raise OverflowError(f"{amount} µ does not fit a lane")
    placed += [0] * (-len(placed) % _LANES)
    return [
        sum((amount + LANE_BIAS) << (_BITS * lane) for lane, amount in enumerate(placed[at : at + _LANES]))
        for at in range(0, len(placed), _LANES)
    ]


def _lane(word: int, lane: int) -> int:
    return (word >> (_BITS * lane) & _MASK) - LANE_BIAS


def unpack_amounts(words: Sequence[int], accounts: int) -> list[int]:
    """Signed µ of so many accounts and then the guarantor's; ValueError when the words hold another number of lanes."""
    lanes = [_lane(word, lane) for word in words for lane in range(_LANES)]
    if len(words) != -(-(accounts + 1) // _LANES) or any(lanes[accounts + 1 :]):
        raise ValueError(f"{len(words)} words do not hold the amounts of {accounts} accounts and the guarantor")
    return [*lanes[1 : accounts + 1], lanes[0]]


def _chunks(words: Sequence[int]) -> list[bytes]:
    starts = range(0, len(words), CHUNK_WORDS)
    return [b"".join(word.to_bytes(32, "big") for word in words[at : at + CHUNK_WORDS]) for at in starts]


def amounts_hash(words: Sequence[int]) -> bytes:
    """``H(H(chunk 0) ‖ H(chunk 1) ‖ …)``: what the contract keeps of a settlement's amounts."""
    return keccak(b"".join(map(keccak, _chunks(words))))


@dataclass(frozen=True, slots=True)
class ChunkProof:
    """The chunk an account's lane stands in, and the hashes of all chunks (its own included)."""

    words: tuple[int, ...]
    hashes: tuple[bytes, ...]
    index: int

    def amount(self, account: int) -> int:
        """The account's amount, µ; LookupError when its lane is not in this chunk."""
        word = place_of(account) // _LANES - self.index * CHUNK_WORDS
        if not 0 <= word < len(self.words):
            raise LookupError(f"account {account} is not in chunk {self.index}")
        return _lane(self.words[word], place_of(account) % _LANES)

    def holds(self, expected: bytes) -> bool:
        """Whether the chunk and the hashes give the amounts hash."""
        own = keccak(b"".join(word.to_bytes(32, "big") for word in self.words))
        inside = 0 <= self.index < len(self.hashes) and self.hashes[self.index] == own
        return inside and keccak(b"".join(self.hashes)) == expected


def chunk_proof(words: Sequence[int], account: int) -> ChunkProof:
    """What shows one account's posted amount under the amounts hash; LookupError when the words do not reach it."""
    if place_of(account) // _LANES >= len(words):
        raise LookupError(f"{len(words)} words hold no amount of account {account}")
    index = place_of(account) // _LANES // CHUNK_WORDS
    chunk = tuple(words[index * CHUNK_WORDS : (index + 1) * CHUNK_WORDS])
    return ChunkProof(chunk, tuple(map(keccak, _chunks(words))), index)
