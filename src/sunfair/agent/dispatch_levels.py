"""What a battery does about the energy at its meter when it is told four levels of its store, to the watt-hour.

The plan says what a stored kWh is worth at every level. Held against the prices of a slot that becomes four levels,
and the levels are all a device needs: whatever it measures, in a second or in a quarter of an hour, it knows what to
do. The simple rule is one choice of levels among others.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.fleet import Fleet

__all__ = ["Bounds", "Levels", "Response", "store_response"]

Ints = NDArray[np.int64]

_FAR = 10**12
"""Wh; above any store."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels of n stores, int64[n], Wh, battery side; buy_to ≤ store_to ≤ sell_from, buy_to ≤ cover_to ≤ sell_from.

    buy_to    : up to here the battery is filled even with energy that has to be bought
    store_to  : up to here surplus is stored; above it is given away
    cover_to  : down to here the home's need is covered from the battery; below it is bought
    sell_from : above it the battery gives even what the home does not need
    """

    buy_to: Ints
    store_to: Ints
    cover_to: Ints
    sell_from: Ints

    @staticmethod
    def rule(fleet: Fleet) -> "Levels":
        """Self-consumption: all surplus is stored, all need is covered, nothing is bought for the store or sold."""
        far = np.full(fleet.size, _FAR, np.int64)
        return Levels(-far, fleet.capacity_wh, fleet.reserve_wh, far)

    def spread(self, homes: Ints, others: "Levels") -> "Levels":
        """These as the levels of the homes at these places, everybody else's as in `others`."""
        columns = {field.name: getattr(others, field.name).copy() for field in fields(Levels)}
        for name, column in columns.items():
            column[homes] = getattr(self, name)
        return Levels(**columns)

    def where(self, mask: NDArray[np.bool_], other: "Levels") -> "Levels":
        """These levels where `mask` (bool[n]) holds, those of `other` elsewhere."""
        return Levels(*(np.where(mask, getattr(self, f.name), getattr(other, f.name)) for f in fields(Levels)))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the meters of n homes may show in a slot, int64[n], Wh: at most `import_wh` taken and `export_wh` given.

    A roof can always be curtailed and a charger wait; use that nobody steers cannot be refused.
    """

    import_wh: Ints
    export_wh: Ints

    def about(self, position_wh: Ints) -> "Bounds":
        """The same for what differs from a position, int64[n], Wh, + bought, − sold; then of any sign."""
        return Bounds(self.import_wh - position_wh, self.export_wh + position_wh)

    def clip(self, metered_wh: Ints) -> Ints:
        """The nearest inside, int64[…, n], Wh."""
        return np.clip(metered_wh, -self.export_wh, self.import_wh)

    def curtailed(self, metered_wh: Ints, pv_wh: Ints) -> Ints:
        """What of the roofs cannot be taken at this meter, int64[n], Wh ≥ 0."""
        return np.asarray(np.clip(-self.export_wh - metered_wh, 0, pv_wh))


@dataclass(frozen=True, slots=True)
class Response:
    """What n batteries do, int64[n], Wh ≥ 0: AC side, and what of it arrives in and leaves the store."""

    charge: Ints
    stored: Ints
    discharge: Ints
    drawn: Ints

    @property
    def battery_wh(self) -> Ints:
        """AC side, + charges, − discharges."""
        return self.charge - self.discharge


def store_response(fleet: Fleet, levels: Levels, net_wh: Ints, soc_wh: Ints, bounds: Bounds | None = None) -> Response:
    """What the batteries do about `net_wh`, + need, − surplus, int64[n], Wh, from `soc_wh`, int64[n], Wh, exactly.

    ``stored = ⌊charge · η_c / 1000⌋``, ``drawn = ⌈discharge · 1000 / η_d⌉``; the least AC energy that fills up to a
    level, the most that does not draw below one; never both in a slot. Whatever the levels say, the reserve is not
    discharged, the capacity not exceeded, the power kept: a level is a wish, those are limits. A state of charge
    outside its band never moves further out.

    bounds : what ``net_wh`` with the battery's part may come to: the battery adds to neither beyond it, and stores or
             gives what is beyond it, as far as it can; None: anything
    """
    surplus, need = np.maximum(-net_wh, 0), np.maximum(net_wh, 0)
    wanted = np.maximum(
        np.minimum(surplus, _filling(fleet, levels.store_to, soc_wh)), _filling(fleet, levels.buy_to, soc_wh)
    )
    if bounds is not None:
        over = np.minimum(np.maximum(-net_wh - bounds.export_wh, 0), _filling(fleet, fleet.capacity_wh, soc_wh))
        wanted = np.minimum(np.maximum(wanted, over), np.maximum(bounds.import_wh - net_wh, 0))
    charge = np.minimum(wanted, fleet.battery_limit_wh)
    stored = charge * fleet.charge_permille // 1_000
    charge = np.where(stored > 0, charge, 0)  # a watt-hour of which nothing would arrive is given to the street

    giving = np.maximum(
        np.minimum(need, _giving(fleet, levels.cover_to, soc_wh)), _giving(fleet, levels.sell_from, soc_wh)
    )
    if bounds is not None:
        over = np.minimum(np.maximum(net_wh - bounds.import_wh, 0), _giving(fleet, fleet.reserve_wh, soc_wh))
        giving = np.minimum(np.maximum(giving, over), np.maximum(bounds.export_wh + net_wh, 0))
    discharge = np.where(charge > 0, 0, np.minimum(giving, fleet.battery_limit_wh))
    drawn = -(-discharge * 1_000 // fleet.discharge_permille)
    return Response(charge, stored, discharge, drawn)


def _filling(fleet: Fleet, level: Ints, soc: Ints) -> Ints:
    """The least AC energy that fills the store up to `level`, Wh."""
    room = np.maximum(np.minimum(level, fleet.capacity_wh) - soc, 0)
    return np.asarray(-(-room * 1_000 // fleet.charge_permille))


def _giving(fleet: Fleet, level: Ints, soc: Ints) -> Ints:
    """The most AC energy that leaves `level` and the reserve in store, Wh."""
    spare = np.maximum(soc - np.maximum(level, fleet.reserve_wh), 0)
    return np.asarray(spare * fleet.discharge_permille // 1_000)
