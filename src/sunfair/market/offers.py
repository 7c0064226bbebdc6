"""A book's offers: the one thing every mechanism takes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.errors import Fault, InputError
from sunfair.market.integers import ACCOUNTS, LIMITS, OFFERED, integer_columns

__all__ = ["Offers"]


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Offers:
    """The steps offered in one book or, one book after the other, in many; `n` of them, in an order that breaks ties.

    account   : int32[n], whose step it is
    energy_wh : int64[n], Wh, + buys at `limit` or cheaper, − sells at `limit` or dearer; never 0, |energy_wh| ≤ 10⁹
    limit     : int64[n], µ/kWh, |limit| ≤ 10⁹, negative allowed

    Any integer array-like is taken and copied; the arrays held are read-only. Floats (NaN among them), booleans, text,
    values out of bounds and unequal lengths raise InputError (a ValueError) that names every fault.
    """

    account: NDArray[np.int32]
    energy_wh: NDArray[np.int64]
    limit: NDArray[np.int64]

    def __init__(self, account: ArrayLike, energy_wh: ArrayLike, limit: ArrayLike) -> None:
        faults: list[Fault] = []
        columns = {"account": (account, ACCOUNTS), "energy_wh": (energy_wh, OFFERED), "limit": (limit, LIMITS)}
        accounts, energies, limits = integer_columns(faults, columns)
        if faults:
            raise InputError("these offers cannot be cleared", faults)
        for name, array in (("account", accounts.astype(np.int32)), ("energy_wh", energies), ("limit", limits)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.energy_wh)
