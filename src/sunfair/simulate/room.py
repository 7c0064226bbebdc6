"""What room the wires are expected to have over the coming day, as whoever runs them tells it to the homes."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sunfair.agent import LOAD_DECAY, PV_DECAY, bare_asks, forecast_floor
from sunfair.grid import Asks

__all__ = ["RoomAhead"]

EVERY_HOURS = 4
"""How often it is told anew."""


class RoomAhead:
    """Part of all surplus that there will be room for, slot by slot, from forecasts of use and roofs alone.

    Batteries and cars are left out of it: it tells them where they are wanted, not what is left when they have come.
    """

    def __init__(self, expected: Callable[[Asks], float], per_day: int) -> None:
        """`expected` gives the part granted of what is asked for (`EnvelopeRule.expected`)."""
        self._expected, self._per_day = expected, per_day
        self._told_at: int | None = None
        self._room = np.ones(per_day)

    def ahead(self, slot: int, load: NDArray[np.int64], pv: NDArray[np.int64]) -> NDArray[np.float64]:
        """The room in the `per_day` slots from `slot` on, float64[per_day], 0 … 1.

        load, pv : int64[H, n], Wh, readings whose last row is slot ``slot − 1``
        """
        every = max(self._per_day * EVERY_HOURS // 24, 1)
        if self._told_at is None or not self._told_at <= slot < self._told_at + every:
            self._told_at, self._room = slot, self._look(load, pv)
        return np.roll(self._room, self._told_at - slot)

    def _look(self, load: NDArray[np.int64], pv: NDArray[np.int64]) -> NDArray[np.float64]:
        """Hour by hour, as it is in the middle of the hour."""
        hour = max(self._per_day // 24, 1)
        room = np.ones(self._per_day)
        for first in range(0, self._per_day, hour):
            lead = min(first + hour // 2 + 1, self._per_day)
            use = forecast_floor(load, self._per_day, lead, decay_permille=LOAD_DECAY)
            roofs = forecast_floor(pv, self._per_day, lead, decay_permille=PV_DECAY)
            asks = bare_asks(use, roofs)
            if asks.export_wh.any():
                room[first : first + hour] = self._expected(asks)
        return room
