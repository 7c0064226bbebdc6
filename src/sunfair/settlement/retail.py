"""A retailer's statement beside the proven bill: what a home's residual cost where it was bought.

On chain every account's residual is settled at the community's tariff. For a home that buys in retailers' markets that
amount is handed back for the energy it covers, and the market's price taken instead: both in one statement, whose
energies and tariff are those of the proven rows and whose prices are the retailer's own, told in its table.

Every line is a sum of integer parts. What is paid rounds up and what is received rounds down, slot by slot.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sunfair.settlement.hashing import keccak

__all__ = ["RetailLine", "Statement", "StatementLine", "Supply", "statement"]

Numbers = NDArray[np.int64]
_KWH = 1_000


class RetailLine(StrEnum):
    """Lines of a statement; amounts + received, − paid."""

    ORDERED = "ordered ahead and used"
    UNUSED = "ordered ahead and not used"
    REAL_TIME = "bought in real time"
    FEE = "the retailer's fee"
    ALLOWANCE = "fee waived by the wholesale allowance"
    TARIFF = "tariff of the proven bill handed back"


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """One market in which the home bought: energy ordered ahead, or whatever else was used (`order_wh` None).

    order_wh : int64[T], Wh ≥ 0, ordered before the gate; paid, used or not (but nothing is earned by not using it)
    price    : int64[T], µ/kWh, told last for the slot, without fee; there : bool[T], where the market had one
    """

    name: str
    fee: int
    price: Numbers
    there: NDArray[np.bool_]
    order_wh: Numbers | None = None


@dataclass(frozen=True, slots=True)
class StatementLine:
    """Energy (Wh) and amount (µ, + received, − paid) of a line of one market; the tariff's line names none."""

    market: str
    line: RetailLine
    energy_wh: int
    amount: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A home's statement for some slots; `waived_wh` is what of its allowance it used."""

    lines: tuple[StatementLine, ...]
    waived_wh: int = 0

    @property
    def amount(self) -> int:
        """Sum of the lines, µ: what the home gets (+) or pays (−) beside its proven bill."""
        return sum(line.amount for line in self.lines)

    @property
    def hash(self) -> bytes:
        """Keccak-256 of the lines as text, one a line: what is named when an allowance is written off."""
        told = (f"{line.market},{line.line},{line.energy_wh},{line.amount}\n" for line in self.lines)
        return keccak("".join(told).encode())


def statement(residual_wh: Numbers, retail: Numbers, supplies: Sequence[Supply], *, allowance_wh: int = 0) -> Statement:
    """The statement of one home over T slots.

    residual_wh  : int64[T], Wh bought from the utility by the proven rows; nothing is covered where it is 0 or less
    retail       : int64[T], µ/kWh, the tariff at which those rows were settled
    supplies     : what was ordered is used first, in this order; real time covers the rest where it has a price; what
                   is left stays at the tariff
    allowance_wh : Wh that may still be written off of the wholesale allowance: they bear no fee, first slots first
    """
    need = np.maximum(residual_wh, 0)
    rest, waived, parts = need, 0, list[StatementLine]()
    for supply in sorted(supplies, key=lambda one: one.order_wh is None):
        wanted = rest if supply.order_wh is None else np.minimum(rest, supply.order_wh)
        taken = np.where(supply.there, wanted, 0)
        # Without a fee there is nothing to waive, and the allowance is kept.
        free = np.diff(np.minimum(np.cumsum(taken), (allowance_wh - waived) if supply.fee else 0), prepend=0)
        parts += _lines(supply, taken, free)
        rest, waived = rest - taken, waived + int(free.sum())
    handed = _paid(need, retail) - _paid(rest, retail)
    parts.append(StatementLine("", RetailLine.TARIFF, int((need - rest).sum()), int(handed.sum())))
    return Statement(tuple(part for part in parts if part.energy_wh or part.amount), waived)


def _lines(supply: Supply, taken: Numbers, free: Numbers) -> Iterator[StatementLine]:
    """What one market takes for energy used (of which `free` without fee) and for energy ordered and not used."""
    ordered = supply.order_wh is not None
    bought = taken if supply.order_wh is None else np.where(supply.there, supply.order_wh, 0)
    used = _paid(taken, supply.price)
    # Nobody is paid for energy it did not take: else an order without end would be the best of all.
    energy = used + _paid(bought - taken, np.maximum(supply.price, 0))
    fee = np.full(len(taken), supply.fee, np.int64)
    charged = _paid(bought, fee)
    waived = charged - _paid(bought - free, fee)
    lines = (
        (RetailLine.ORDERED if ordered else RetailLine.REAL_TIME, taken, -used),
        (RetailLine.UNUSED, bought - taken, used - energy),
        (RetailLine.FEE, bought, -charged),
        (RetailLine.ALLOWANCE, free, waived),
    )
    for line, energy_wh, amount in lines[: None if supply.fee else 2]:
        yield StatementLine(supply.name, line, int(energy_wh.sum()), int(amount.sum()))


def _paid(energy_wh: Numbers, price: Numbers) -> Numbers:
    """What energy costs, µ, rounded up: a negative price pays the home, rounded down."""
    cost: Numbers = -(-(energy_wh * price) // _KWH)
    return cost
