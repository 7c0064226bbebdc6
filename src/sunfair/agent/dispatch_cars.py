"""What a car at its charger takes of the energy at the meter when it is told a price, to the watt-hour.

The plan says what the last kWh the car needs will cost. Energy below that price is taken whenever it is there, energy
above it only when there would be too little time left. Charging at once is one such price among others.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

__all__ = ["CarOrders", "Deadlines", "car_response"]

Ints = NDArray[np.int64]

AT_ONCE = 2 * 10**9
"""µ/kWh; above any price: the car takes what it can."""

TIE = 1_000
"""µ/kWh within which a price counts as the car's own: there the plan decides how much."""


@dataclass(frozen=True, slots=True)
class CarOrders:
    """What n cars are told for one slot, int64[n].

    worth      : µ/kWh, up to which price energy is taken; `AT_ONCE`: at any
    planned_wh : Wh (AC), taken at a price that is just `worth`
    """

    worth: Ints
    planned_wh: Ints

    @staticmethod
    def at_once(size: int) -> "CarOrders":
        """Full power from arrival until the need is met."""
        return CarOrders(np.full(size, AT_ONCE, np.int64), np.zeros(size, np.int64))

    def spread(self, homes: Ints, size: int) -> "CarOrders":
        """These as the orders of the homes at these places of `size`; the others charge at once."""
        others = CarOrders.at_once(size)
        others.worth[homes], others.planned_wh[homes] = self.worth, self.planned_wh
        return others

    def where(self, mask: NDArray[np.bool_]) -> "CarOrders":
        """These where `mask` (bool[n]) holds, at once elsewhere."""
        return CarOrders(np.where(mask, self.worth, AT_ONCE), np.where(mask, self.planned_wh, 0))


@dataclass(frozen=True, slots=True)
class Deadlines:
    """By when n cars must have what they need, int64[n].

    remaining_wh     : Wh (AC), still asked for until the car leaves; 0 without a car
    depart           : the slot before which it leaves
    early_wh         : Wh (AC) of it that the owner wants earlier; at most `remaining_wh`
    ready            : the slot before which that must be there
    """

    remaining_wh: Ints
    depart: Ints
    early_wh: Ints
    ready: Ints

    def take(self, homes: Ints) -> "Deadlines":
        """The same for the homes at these places."""
        return Deadlines(*(getattr(self, field.name)[homes] for field in fields(self)))

    def must(self, slot: int, limit_wh: Ints) -> Ints:
        """What must be taken in `slot` because the slots after it do not suffice, Wh ≥ 0, however much that is."""
        late = self.remaining_wh - limit_wh * np.maximum(self.depart - slot - 1, 0)
        early = self.early_wh - limit_wh * np.maximum(self.ready - slot - 1, 0)
        return np.asarray(np.maximum(np.maximum(late, early), 0))

    def short(self, slot: int, limit_wh: Ints) -> Ints:
        """What will be lacking even at full power from `slot` on, Wh ≥ 0: known as soon as it is unavoidable."""
        return np.asarray(np.maximum(self.must(slot, limit_wh) - limit_wh, 0))


def car_response(
    orders: CarOrders, due: Deadlines, slot: int, *, limit_wh: Ints, net_wh: Ints, buy: Ints, sell: Ints
) -> Ints:
    """What the cars take in `slot`, int64[n], Wh (AC), 0 … limit and never more than is asked for.

    limit_wh  : int64[n], Wh, most the charger gives in a slot
    net_wh    : int64[n], Wh, the home's need (+) or surplus (−) without car and battery
    buy, sell : int64[n], µ/kWh, what a kWh more costs and what a kWh of the surplus would bring
    """
    most = np.where(due.depart > slot, np.minimum(limit_wh, due.remaining_wh), 0)
    surplus = np.minimum(np.maximum(-net_wh, 0), most)
    cheap, even = buy < orders.worth - TIE, buy <= orders.worth + TIE
    free = np.where(sell <= orders.worth, surplus, 0)
    wanted = np.where(cheap, most, np.where(even, np.maximum(orders.planned_wh, free), free))
    return np.asarray(np.minimum(np.maximum(wanted, due.must(slot, limit_wh)), most))
