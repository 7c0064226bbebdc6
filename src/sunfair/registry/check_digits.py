"""The published check digit formulas, one identifier at a time and for whole columns.

Scalar forms take text of ASCII digits; column forms take integers[n, digits], where what is no digit may be any
number: such lines are refused by another rule.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CUPS_LETTERS",
    "cups_check",
    "cups_checks",
    "malo_check",
    "malo_checks",
    "mpan_check",
    "mpan_checks",
    "mprn_check",
    "mprn_checks",
]

Digits = NDArray[np.int64]

_PRIMES = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
_ALTERNATING = (1, 2) * 5

CUPS_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
"""The 23 letters of Spanish identifiers, by remainder."""


def mpan_check(first_twelve: str) -> int:
    """The last digit of an MPAN core: (Σ digit · 3, 5, 7, 13 … 43) mod 11 mod 10. 11 is not among the primes."""
    return _weighted(first_twelve, _PRIMES) % 11 % 10


def mpan_checks(first_twelve: Digits) -> Digits:
    """`mpan_check` of each line: int64[n, 12] → int64[n]."""
    return _sums(first_twelve, np.array(_PRIMES)) % 11 % 10


def mprn_check(body: str) -> int:
    """The last two digits of an MPRN: (Σ digit · n, n − 1 … 1) mod 11, so 00 … 10."""
    return _weighted(body, range(len(body), 0, -1)) % 11


def mprn_checks(digits: Digits, body: NDArray[np.int64]) -> Digits:
    """`mprn_check` of the first `body` (int64[n]) digits of each line: int64[n, any] → int64[n]."""
    weights = np.maximum(body[:, None] - np.arange(digits.shape[1]), 0)
    return _sums(digits, weights) % 11


def malo_check(first_ten: str) -> int:
    """The last digit of a MaLo-ID: Σ odd places + 2 · Σ even places, up to the next multiple of ten.

    Source: BDEW, Anwendungshilfe MaLo-ID 1.0 (2017), p. 7, the numbering of locomotives and wagons.
    """
    return -_weighted(first_ten, _ALTERNATING) % 10


def malo_checks(first_ten: Digits) -> Digits:
    """`malo_check` of each line: int64[n, 10] → int64[n]."""
    return -_sums(first_ten, np.array(_ALTERNATING)) % 10


def cups_check(sixteen: str) -> str:
    """The two letters of a CUPS: its 16 digits mod 529, divided by 23; quotient and remainder each name a letter."""
    quotient, remainder = divmod(int(sixteen) % 529, 23)
    return CUPS_LETTERS[quotient] + CUPS_LETTERS[remainder]


def cups_checks(sixteen: Digits) -> NDArray[np.uint8]:
    """`cups_check` of each line, as ASCII codes: int64[n, 16] → uint8[n, 2]."""
    rest = _sums(sixteen, 10 ** np.arange(15, -1, -1)) % 529
    letters = np.frombuffer(CUPS_LETTERS.encode("ascii"), np.uint8)
    return np.stack([letters[rest // 23], letters[rest % 23]], axis=1)


def _weighted(digits: str, weights: range | tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def _sums(digits: Digits, weights: NDArray[np.int64]) -> Digits:
    sums: Digits = (digits * weights).sum(axis=1)
    return sums
