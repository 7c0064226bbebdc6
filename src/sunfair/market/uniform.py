"""The uniform-price double auction: one price, the most volume at the best welfare, pro rata at the margin.

For a price p: D>(p), D≥(p) the energy of buy steps with limit above (at or above) p, S<(p), S≤(p) of sell steps below
(at or below). ``V = max_p min(D≥(p), S≤(p))``; the V Wh of the dearest buys and of the cheapest sells are accepted; a
step accepted in part counts as accepted and as rejected.
"""

from math import gcd

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.errors import Fault, InputError
from sunfair.market.clearing import Clearing, Clearings
from sunfair.market.integers import Allowed, integer_array
from sunfair.market.merit import merit_order
from sunfair.market.offers import Offers
from sunfair.market.rationing import share_out
from sunfair.units import LIMIT_MAX

__all__ = ["clear_uniform", "clear_uniform_many"]


def clear_uniform(offers: Offers, *, k: tuple[int, int] = (1, 2)) -> Clearing:
    """Clear one book at one price.

    `k` = (k_num, k_den), 0 ≤ k_num ≤ k_den, k_den > 0, says where in the interval of possible prices the price lies:
    ``p_low + ((p_high − p_low) · k_num) // k_den``; integers of any size. Input order changes neither price nor
    volume, and no fill by more than 1 Wh. Raises InputError (a ValueError) for any other `k`.
    """
    all_in_one = np.array([0, len(offers)], np.int64)
    result = _clear(offers, all_in_one, _fraction(k))
    volume = int(result.volume_wh[0])
    return Clearing(int(result.price[0]) if volume else None, volume, result.filled_wh)


def clear_uniform_many(offers: Offers, book_start: ArrayLike, *, k: tuple[int, int] = (1, 2)) -> Clearings:
    """Clear b books at once, each as `clear_uniform` would clear it alone.

    `book_start` is int64[b + 1]: book i is steps ``book_start[i] … book_start[i + 1] − 1``; it starts at 0, never
    falls (a book may be empty) and ends at the number of steps. Raises InputError (a ValueError) otherwise.
    """
    return _clear(offers, _checked_starts(book_start, len(offers)), _fraction(k))


def _clear(offers: Offers, start: NDArray[np.int64], k: tuple[int, int]) -> Clearings:
    books = len(start) - 1
    price, volume = np.zeros((2, books), np.int64)
    if len(offers) == 0:
        return Clearings(price, volume, np.zeros(0, np.int64))
    book = np.arange(books).repeat(start[1:] - start[:-1])
    merit = merit_order(offers, start, book)
    volume = merit.volumes()
    live = volume.nonzero()[0]
    low, high = merit.price_intervals(live, volume[live])
    price[live] = low + _part(high - low, k)
    return Clearings(price, volume, _fills(offers, start, book, price, volume))


def _part(gap: NDArray[np.int64], k: tuple[int, int]) -> NDArray[np.int64]:
    """``gap · k_num // k_den`` exactly, 0 ≤ gap ≤ 2·10⁹."""
    numerator, denominator = k
    if denominator <= (2**63 - 1) // (2 * LIMIT_MAX):  # k_num ≤ k_den: then the product fits as well
        return gap * numerator // denominator
    return (gap.astype(object) * numerator // denominator).astype(np.int64)  # Python integers, of any size


def _fills(
    offers: Offers,
    start: NDArray[np.int64],
    book: NDArray[np.intp],
    price: NDArray[np.int64],
    volume: NDArray[np.int64],
) -> NDArray[np.int64]:
    """int64[n]: in the money in full, beyond it nothing, at it what `share_out` says."""
    above = offers.limit - price[book]
    admitted = np.where(offers.energy_wh > 0, above >= 0, above <= 0) & (volume > 0)[book]
    filled: NDArray[np.int64] = offers.energy_wh * admitted
    # p attains V = min(D≥(p), S≤(p)), so of those admitted one side is V exactly and in full; what the other side
    # has too much is taken from its steps at the money: X = Q − |D≥ − S≤|.
    so_far = np.zeros(len(filled) + 1, np.int64)
    filled.cumsum(out=so_far[1:])
    excess = so_far[start[1:]] - so_far[start[:-1]]
    if not excess.any():
        return filled
    rationed = ((above == 0) & (offers.energy_wh * np.sign(excess)[book] > 0)).nonzero()[0]
    asked, group = np.abs(offers.energy_wh[rationed]), book[rationed]
    total = np.zeros_like(excess)
    np.add.at(total, group, asked)
    share = share_out(asked, group, total - np.abs(excess), total)
    filled[rationed] = np.sign(offers.energy_wh[rationed]) * share
    return filled


def _fraction(k: tuple[int, int]) -> tuple[int, int]:
    """`k` in lowest terms, or InputError."""
    mend = "k is (k_num, k_den), two integers with 0 ≤ k_num ≤ k_den and k_den > 0"
    pair = isinstance(k, tuple | list) and len(k) == 2
    if not pair or any(isinstance(part, bool) or not isinstance(part, int | np.integer) for part in k):
        raise InputError("the price rule cannot be used", [Fault("k", f"is {k!r}", mend)])
    numerator, denominator = int(k[0]), int(k[1])
    if denominator <= 0 or not 0 <= numerator <= denominator:
        raise InputError("the price rule cannot be used", [Fault("k", f"is {k!r}", mend)])
    common = gcd(numerator, denominator)
    return numerator // common, denominator // common


def _checked_starts(book_start: ArrayLike, steps: int) -> NDArray[np.int64]:
    """`book_start` as int64[b + 1], or InputError with all that is wrong with it."""
    faults: list[Fault] = []
    start = integer_array("book_start", book_start, Allowed(0, steps), faults)
    if not faults and len(start) == 0:
        faults.append(Fault("book_start", "is empty", "it holds 0 and each book's end"))
    elif not faults:
        if start[0] != 0:
            faults.append(Fault("book_start", f"starts at {start[0]}", "the first book starts at step 0"))
        if start[-1] != steps:
            faults.append(Fault("book_start", f"ends at {start[-1]}", f"the last book ends at step {steps}"))
        if (np.diff(start) < 0).any():
            faults.append(Fault("book_start", "falls", "a book ends where or after it starts"))
    if faults:
        raise InputError("the steps cannot be split into books", faults)
    return start
