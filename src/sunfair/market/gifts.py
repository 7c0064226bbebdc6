"""Energy that members give one another: which of the traded Wh were a gift, and what of the price goes back.

A gift is traded and settled like any other energy, at the slot's price. That it was one is told afterwards: it is
attributed first, and the giver returns, outside of every bill, what the receiver paid for just these Wh.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.market.attribution import attribute

__all__ = ["Given", "Pair", "attribute_slot", "given_now", "paid_for"]

_KWH = 1_000


@dataclass(frozen=True, slots=True)
class Given:
    """What `giver` gives `receiver` of a session's trades: Wh > 0, and µ ≥ 0 that the receiver paid for them."""

    giver: int
    receiver: int
    energy_wh: int
    repaid: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Wh > 0 of a session attributed to a seller and a buyer; `repaid` is None where it was no gift."""

    seller: int
    buyer: int
    energy_wh: int
    repaid: int | None = None


def paid_for(energy_wh: int, price: int) -> int:
    """What a buyer pays for Wh ≥ 0 at µ/kWh, as the slot's money has it: rounded up; nothing below a price of 0."""
    return -(-energy_wh * max(price, 0) // _KWH)


def given_now(
    traded_wh: Mapping[int, int],
    delivered_wh: Mapping[int, int],
    wishes: Sequence[tuple[int, int, int]],
    price: int,
) -> list[Given]:
    """The gifts of one session, in the order of the wishes.

    traded_wh    : Wh by account, + bought, − sold
    delivered_wh : Wh by account that really flowed into the street (−) or out of it (+) and is no gift yet
    wishes       : (giver, receiver, Wh at most)
    price        : µ/kWh of the session

    No more is given than the giver sold and delivered, the receiver bought and took, and the wish holds. What several
    gifts to one receiver repay adds up to what it paid for all of their Wh, to the µ.
    """
    traded, delivered = dict(traded_wh), dict(delivered_wh)
    taken: dict[int, int] = {}
    gifts = []
    for giver, receiver, most in wishes:
        sold = min(-traded.get(giver, 0), -delivered.get(giver, 0))
        bought = min(traded.get(receiver, 0), delivered.get(receiver, 0))
        energy = min(sold, bought, most)
        if energy <= 0:
            continue
        for flows in (traded, delivered):
            flows[giver] += energy
            flows[receiver] -= energy
        before = taken.get(receiver, 0)
        taken[receiver] = before + energy
        repaid = paid_for(before + energy, price) - paid_for(before, price)
        gifts.append(Given(giver, receiver, energy, repaid))
    return gifts


def attribute_slot(
    order: Sequence[int],
    traded_wh: Mapping[int, int],
    gifts: Sequence[Given],
    *,
    preferences: Mapping[int, Sequence[int]],
    distance: NDArray[np.integer] | None,
) -> list[Pair]:
    """All pairs of one session: gifts first, then `attribute`; Wh per seller and buyer sum to what each traded.

    order : the accounts in the slot's secret order; traded_wh : Wh by account, + bought, − sold
    """
    rest = dict(traded_wh)
    for gift in gifts:
        rest[gift.giver] += gift.energy_wh
        rest[gift.receiver] -= gift.energy_wh
    left = [rest.get(account, 0) for account in order]
    made = attribute(list(order), left, preferences=preferences, distance=distance)
    columns = made.seller.tolist(), made.buyer.tolist(), made.energy_wh.tolist()
    return [
        *(Pair(gift.giver, gift.receiver, gift.energy_wh, gift.repaid) for gift in gifts),
        *(Pair(*row) for row in zip(*columns, strict=True)),
    ]
