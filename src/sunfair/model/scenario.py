"""A community with the series measured there: all that a run needs, already checked."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sunfair.model.community import Community
from sunfair.model.retail import Quotes

__all__ = ["Scenario", "Series", "Visits"]

_NO_HEAT = np.zeros((0, 0), np.int64)


@dataclass(frozen=True, slots=True)
class Series:
    """What the meters show, slot by slot, without gaps, from `first_slot` on (T slots, n members).

    load_wh : int64[T, n], ≥ 0, household use without battery, car, heat pump and the appliances listed apart
    pv_wh   : int64[T, n], ≥ 0, what the roof can give (AC)
    retail, feed_in : int64[T], µ/kWh, `feed_in ≤ retail`
    heat_wh : int64[T, n], ≥ 0, Wh of warmth asked of the heat pump (not electricity); zeros by default
    """

    first_slot: int
    load_wh: NDArray[np.int64]
    pv_wh: NDArray[np.int64]
    retail: NDArray[np.int64]
    feed_in: NDArray[np.int64]
    heat_wh: NDArray[np.int64] = field(default_factory=lambda: _NO_HEAT)

    def __post_init__(self) -> None:
        if self.heat_wh is _NO_HEAT:
            object.__setattr__(self, "heat_wh", np.broadcast_to(np.int64(0), self.load_wh.shape))

    @property
    def end_slot(self) -> int:
        """The slot after the last one."""
        return self.first_slot + len(self.retail)


@dataclass(frozen=True, slots=True)
class Visits:
    """Cars at their home chargers: visit v of member index `member[v]` from slot `arrive[v]` until before
    `depart[v]`, asking `need_wh[v]` (AC). Sorted by arrival; visits of one member do not overlap.
    """

    member: NDArray[np.int32]
    arrive: NDArray[np.int64]
    depart: NDArray[np.int64]
    need_wh: NDArray[np.int64]

    @staticmethod
    def none() -> "Visits":
        """No car anywhere."""
        empty = np.empty(0, np.int64)
        return Visits(np.empty(0, np.int32), empty, empty.copy(), empty.copy())


@dataclass(frozen=True, slots=True)
class Scenario:
    """A community, its series, its cars, and its network as power-grid-model input data (its JSON text), if any.

    The network's JSON holds nodes, lines, transformers and sources, and one `asym_load` per member with id
    ``1_000_000 + account``. `notices` are remarks the user should read (attribution, repaired settings). `quotes[k]`
    are the prices of ``community.markets[k]``.
    """

    community: Community
    series: Series
    visits: Visits
    network_json: str | None = None
    notices: tuple[str, ...] = ()
    quotes: tuple[Quotes, ...] = ()
