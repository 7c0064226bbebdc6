"""Small adapters that belong to no room of their own."""

import numpy as np
from numpy.typing import NDArray

from sunfair.chain import recover

__all__ = ["Secp256k1Signatures"]


class Secp256k1Signatures:
    """`ports.Signatures` by ECDSA recovery; a signature that is none gives the zero address."""

    def recover(self, digests: NDArray[np.uint8], signatures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Addresses uint8[n, 20] of the signers."""
        signers = [_one(digest.tobytes(), sign.tobytes()) for digest, sign in zip(digests, signatures, strict=True)]
        return np.frombuffer(b"".join(signers), np.uint8).reshape(-1, 20)


def _one(digest: bytes, signature: bytes) -> bytes:
    try:
        return recover(digest, signature)
    except ValueError:
        return bytes(20)
