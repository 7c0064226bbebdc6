"""Clock, chance and keys: the three things a pure room may never fetch for itself."""

from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chance", "Clock", "Keys"]


class Clock(Protocol):
    """The time it is. Simulation moves it; a live market reads the machine's."""

    def now(self) -> datetime:
        """The present instant, UTC, aware."""
        ...


class Chance(Protocol):
    """Unpredictable values: from the operating system in a live market, from one seed in simulation."""

    def salts(self, slot: int, count: int) -> NDArray[np.uint8]:
        """`count` fresh 32-byte salts for a slot, uint8[count, 32]."""
        ...

    def order(self, slot: int, count: int) -> NDArray[np.int64]:
        """A fresh uniformly drawn permutation of 0 … count − 1: entry i is the place of the i-th account's leaf."""
        ...


class Keys(Protocol):
    """Signing keys, by holder's name: `operator`, `guarantor`, or an account number in decimal."""

    def address(self, holder: str) -> bytes:
        """The holder's 20-byte address."""
        ...

    def sign(self, holder: str, digest: bytes) -> bytes:
        """ECDSA signature (secp256k1, low s) of a 32-byte digest: r(32) ‖ s(32) ‖ v(1, 27 or 28)."""
        ...
