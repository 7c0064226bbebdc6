"""Who sold to whom: a cleared volume told as pairs of neighbours. It never changes a price or a fill."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.errors import Fault, InputError
from sunfair.market.integers import ACCOUNTS, ENERGIES, integer_columns
from sunfair.market.pay_as_bid import match_in_order

__all__ = ["Attribution", "attribute"]


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """m pairs, each of a seller and a buyer at most once, in the order in which they were made.

    seller, buyer : int32[m], accounts
    energy_wh     : int64[m], Wh > 0; per seller they sum to what it sold, per buyer to what it bought
    """

    seller: NDArray[np.int32]
    buyer: NDArray[np.int32]
    energy_wh: NDArray[np.int64]


def attribute(
    account: ArrayLike,
    filled_wh: ArrayLike,
    *,
    preferences: Mapping[int, Sequence[int]] | None = None,
    distance: NDArray[np.integer] | None = None,
) -> Attribution:
    """Attribute a session's fills to pairs: own preference lists first, then the shortest electrical distance.

    account, filled_wh : integers[n], whose fill and how much, Wh (+ bought, − sold), as the session cleared them
    preferences : account → the accounts it would rather trade with, best first. Everybody's first wish is served
                  before anybody's second; at one rank buyers' wishes before sellers', then in input order
    distance    : integers[a, a], indexed by account number (a > every account), in any unit, from seller (row) to
                  buyer (column); the shortest pair is served first, equals in input order. None: input order

    The input is in the slot's secret order, so nobody is first for ever. Raises InputError if the fills do not sum
    to 0 or `distance` is no square integer matrix that holds every account.
    """
    sold, bought = _sides(account, filled_wh)
    pairs = _Pairs(sold, bought)
    if preferences:
        pairs.serve(_wishes(preferences, pairs))
    if distance is None:
        pairs.serve_in_order()
    else:
        pairs.serve(_nearest(pairs, _checked_distance(distance, [*sold, *bought])))
    return pairs.result()


class _Pairs:
    """What is still to be attributed (Wh by account, in input order) and the pairs made so far."""

    def __init__(self, sold: dict[int, int], bought: dict[int, int]) -> None:
        self.sold, self.bought = sold, bought
        self.made: list[tuple[int, int, int]] = []

    def serve(self, candidates: Iterable[tuple[int, int]]) -> None:
        """Give each candidate (seller, buyer) in turn all that both still have."""
        sold, bought = self.sold, self.bought
        for seller, buyer in candidates:
            energy = min(sold.get(seller, 0), bought.get(buyer, 0))
            if energy:
                self.made.append((seller, buyer, energy))
                sold[seller] -= energy
                bought[buyer] -= energy

    def serve_in_order(self) -> None:
        """Pair what is left from the top down."""
        sellers, buyers = self.open_sellers(), self.open_buyers()
        given = np.array([self.sold[a] for a in sellers], np.int64)
        taken = np.array([self.bought[a] for a in buyers], np.int64)
        columns = (column.tolist() for column in match_in_order(taken, given))
        self.made += [(sellers[i], buyers[j], energy) for j, i, energy in zip(*columns, strict=True)]

    def open_sellers(self) -> list[int]:
        """Sellers with something left, in input order."""
        return [account for account, energy in self.sold.items() if energy]

    def open_buyers(self) -> list[int]:
        """Buyers with something left, in input order."""
        return [account for account, energy in self.bought.items() if energy]

    def result(self) -> Attribution:
        """The pairs as columns."""
        seller, buyer, energy = np.array(self.made, np.int64).reshape(-1, 3).T
        return Attribution(seller.astype(np.int32), buyer.astype(np.int32), energy.copy())


def _sides(account: ArrayLike, filled_wh: ArrayLike) -> tuple[dict[int, int], dict[int, int]]:
    """Wh sold and Wh bought by account, each in the order of first appearance, or InputError."""
    faults: list[Fault] = []
    accounts, fills = integer_columns(faults, {"account": (account, ACCOUNTS), "filled_wh": (filled_wh, ENERGIES)})
    if not faults and (excess := int(fills.sum())):
        faults.append(Fault("filled_wh", f"sums to {excess} Wh", "what is bought was sold: it must sum to 0"))
    if faults:
        raise InputError("these fills cannot be attributed", faults)
    sold: dict[int, int] = {}
    bought: dict[int, int] = {}
    for number, energy in zip(accounts.tolist(), fills.tolist(), strict=True):
        side = bought if energy > 0 else sold
        if energy:
            side[number] = side.get(number, 0) + abs(energy)
    return sold, bought


def _wishes(preferences: Mapping[int, Sequence[int]], pairs: _Pairs) -> Iterator[tuple[int, int]]:
    """(seller, buyer) by rank of the wish; at one rank buyers' before sellers', each in input order."""
    of_buyers = [[(seller, buyer) for seller in preferences.get(buyer, ())] for buyer in pairs.bought]
    of_sellers = [[(seller, buyer) for buyer in preferences.get(seller, ())] for seller in pairs.sold]
    for rank in zip_longest(*of_buyers, *of_sellers):
        yield from (wish for wish in rank if wish is not None)


def _nearest(pairs: _Pairs, distance: NDArray[np.integer]) -> Iterator[tuple[int, int]]:
    """All (seller, buyer) with something left, nearest first."""
    sellers, buyers = pairs.open_sellers(), pairs.open_buyers()
    between = distance[np.ix_(sellers, buyers)]
    rows, columns = np.divmod(np.argsort(between, axis=None, kind="stable"), max(len(buyers), 1))
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        yield sellers[row], buyers[column]


def _checked_distance(distance: NDArray[np.integer], accounts: list[int]) -> NDArray[np.integer]:
    """`distance`, or InputError with all that is wrong with it."""
    faults = []
    matrix = np.asarray(distance)
    lowest, highest = min(accounts, default=0), max(accounts, default=-1)
    if lowest < 0:
        faults.append(Fault("account", f"is {lowest}", "no row of the distances belongs to a negative account"))
    if matrix.dtype.kind not in "iu":
        faults.append(Fault("distance", f"is of type {matrix.dtype}", "integers in any unit, e.g. µΩ"))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] <= highest:
        mend = f"must be square with more than {highest} rows: it is indexed by account number"
        faults.append(Fault("distance", f"has shape {matrix.shape}", mend))
    if faults:
        raise InputError("these distances cannot be used", faults)
    return matrix
