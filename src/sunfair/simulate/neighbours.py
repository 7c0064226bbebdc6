"""Who traded with whom, told when a period is settled, and the gifts among it paid back by the givers' agents."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.grid import Network, electrical_distance
from sunfair.market.gifts import Given, attribute_slot, given_now
from sunfair.model import FIRST_MEMBER, Community, Session
from sunfair.ports import Purse, SlotRecord

__all__ = ["NeighbourTrade", "Neighbours"]

_MICRO_OHM = 1_000_000


@dataclass(frozen=True, slots=True)
class NeighbourTrade:
    """Wh of a slot's session attributed to a seller and a buyer; `repaid`, µ, where it was a gift, else None."""

    slot: int
    session: Session
    seller: int
    buyer: int
    energy_wh: int
    repaid: int | None


class Neighbours:
    """Attributes the trades of a run. Holds all of them, in order, and what is left of today's gifts."""

    def __init__(self, community: Community, network: Network | None, purse: Purse | None) -> None:
        self._clock, self._purse = community.clock, purse
        number = {member.id: FIRST_MEMBER + at for at, member in enumerate(community.members)}
        members = list(enumerate(community.members, FIRST_MEMBER))
        self._wishes = [
            (account, number[gift.to], gift.daily_wh) for account, one in members for gift in one.owner.gifts
        ]
        self._preferences = {
            account: [number[name] for name in one.owner.preferred] for account, one in members if one.owner.preferred
        }
        self._distance = None if network is None else _micro_ohm(network, community.size + FIRST_MEMBER)
        self._day: object = None
        self._left: list[tuple[int, int, int]] = []
        self.trades: list[NeighbourTrade] = []

    def settled(self, slots: Sequence[SlotRecord], *, repay: bool) -> None:
        """Tell the trades of consecutive slots; with `repay` every giver returns what its gifts in them cost."""
        due: dict[tuple[int, int], int] = {}
        for record in slots:
            for gift in self._slot(record):
                key = gift.giver, gift.receiver
                due[key] = due.get(key, 0) + gift.repaid
        if repay and self._purse is not None:
            for (giver, receiver), amount in sorted(due.items()):
                if amount:
                    self._purse.give(giver, receiver, amount)

    def _slot(self, record: SlotRecord) -> list[Given]:
        day = self._clock.date_of(record.slot)
        if day != self._day:
            self._day, self._left = day, list(self._wishes)
        delivered = dict(enumerate(record.metered_wh.tolist()))
        order = [FIRST_MEMBER + int(at) for at in np.argsort(record.leaf, kind="stable")]
        terms, given = record.terms, list[Given]()
        for session, traded, price in (
            (Session.AHEAD, record.traded_ahead_wh, terms.price_ahead),
            (Session.POOL, record.traded_pool_wh, terms.price_pool),
        ):
            if price is None or not traded.any():
                continue
            by_account = dict(enumerate(traded.tolist()))
            gifts = given_now(by_account, delivered, self._left, price)
            self._note(gifts, delivered)
            pairs = attribute_slot(order, by_account, gifts, preferences=self._preferences, distance=self._distance)
            self.trades += [
                NeighbourTrade(record.slot, session, one.seller, one.buyer, one.energy_wh, one.repaid) for one in pairs
            ]
            given += gifts
        return given

    def _note(self, gifts: Sequence[Given], delivered: dict[int, int]) -> None:
        """What was given counts against the day's wish, and is not given twice."""
        for gift in gifts:
            delivered[gift.giver] += gift.energy_wh
            delivered[gift.receiver] -= gift.energy_wh
        taken = {(gift.giver, gift.receiver): gift.energy_wh for gift in gifts}
        self._left = [(giver, to, most - taken.get((giver, to), 0)) for giver, to, most in self._left]


def _micro_ohm(network: Network, accounts: int) -> NDArray[np.int64]:
    """Electrical distances by account number, µΩ, int64[accounts, accounts]."""
    between = np.zeros((accounts, accounts), np.int64)
    between[FIRST_MEMBER:, FIRST_MEMBER:] = np.rint(electrical_distance(network) * _MICRO_OHM).astype(np.int64)
    return between
