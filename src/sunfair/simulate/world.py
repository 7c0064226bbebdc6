"""Clock and chance of a simulation: both follow from the run alone, so the same seed gives the same files."""

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

__all__ = ["SeededChance", "VirtualClock"]

_SALTS, _ORDER = 1, 2


class VirtualClock:
    """A clock that only the runner moves, and never back."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The simulated instant, UTC."""
        return self._now

    def advance(self, instant: datetime) -> None:
        """Move to `instant`; an earlier one leaves the clock where it is."""
        self._now = max(self._now, instant.astimezone(UTC))


class SeededChance:
    """Salts and leaf orders drawn from one seed, each slot's independent of every other's.

    For simulation alone: who knows the seed can open every leaf.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def salts(self, slot: int, count: int) -> NDArray[np.uint8]:
        """`count` 32-byte salts, uint8[count, 32]."""
        generator = np.random.default_rng([self._seed, _SALTS, slot])
        return np.frombuffer(generator.bytes(32 * count), np.uint8).reshape(count, 32)

    def order(self, slot: int, count: int) -> NDArray[np.int64]:
        """A permutation of 0 … count − 1, int64[count]."""
        return np.random.default_rng([self._seed, _ORDER, slot]).permutation(count).astype(np.int64)
