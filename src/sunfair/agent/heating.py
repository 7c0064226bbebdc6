"""Heat pumps and the warmth they keep: a thermostat, and a plan's wish inside what the thermostat allows.

Warmth is counted in Wh above the lowest temperature the owner allows. What is asked for is always given: where the pump
does not suffice it gets colder than that, the count falls below 0, and the pump makes up for it as soon as it can.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.stores import Stores
from sunfair.model import HeatPump, Member
from sunfair.slots import SlotClock

__all__ = ["BY_THERMOSTAT", "Heating", "Warmth"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BY_THERMOSTAT = -1
"""Instead of a use in Wh: nobody wishes anything, the thermostat decides."""

_NEW = 0.25
"""What a new day counts in the demand that is remembered for its time of day."""


@dataclass(frozen=True, slots=True, eq=False)
class Warmth:
    """What m heat pumps keep warm at the start of a slot.

    level_wh  : int64[m], Wh of warmth above the lowest temperature allowed; below 0 it is too cold
    on        : bool[m], the thermostat is heating up to the upper edge
    demand_wh : float64[per_day, m], Wh asked for by time of day, as learnt; NaN: not known yet
    """

    level_wh: Ints
    on: NDArray[np.bool_]
    demand_wh: Floats

    def ahead(self, slot: int, slots: int) -> Floats:
        """What is likely to be asked for, float64[m, slots], Wh; where a time of day is not known, the mean of the
        others, 0 where none is.
        """
        known = ~np.isnan(self.demand_wh)
        mean = np.nansum(self.demand_wh, axis=0) / np.maximum(known.sum(axis=0), 1)
        filled = np.where(known, self.demand_wh, mean)
        return np.ascontiguousarray(filled[(slot + np.arange(slots)) % len(filled)].T)


@dataclass(frozen=True, slots=True, eq=False)
class Heating:
    """m heat pumps, in the order of their homes.

    home                 : int64[m], place of the home
    limit_wh             : int64[m], Wh (AC), most it takes in a slot
    band_wh              : int64[m], Wh of warmth between the lowest and the highest temperature allowed
    performance_permille : int64[m], Wh of warmth for 1 000 Wh (AC)
    loss_permille        : int64[m], ‰ of the warmth above the lowest temperature that is lost per hour
    minutes              : length of a slot
    """

    home: Ints
    limit_wh: Ints
    band_wh: Ints
    performance_permille: Ints
    loss_permille: Ints
    minutes: int

    @staticmethod
    def of(members: Sequence[Member], clock: SlotClock) -> "Heating":
        """The heat pumps of `members`, their power as whole Wh per slot, rounded down."""
        pumps = [(at, member.heat) for at, member in enumerate(members) if member.heat is not None]
        columns = np.array([(at, *_figures(pump, clock)) for at, pump in pumps], np.int64).reshape(-1, 5)
        home, limit, band, performance, loss = columns.T
        return Heating(home, limit, band, performance, loss, clock.minutes)

    def start(self) -> Warmth:
        """In the middle of the band, nothing learnt."""
        size = len(self.home)
        return Warmth(self.band_wh // 2, np.zeros(size, np.bool_), np.full((1_440 // self.minutes, size), np.nan))

    def serve(
        self, warmth: Warmth, slot: int, asked_wh: Ints, *, wanted_wh: Ints, away: NDArray[np.bool_]
    ) -> tuple[Ints, Warmth]:
        """What the pumps take in `slot`, int64[m], Wh (AC), 0 … limit, and the warmth afterwards.

        asked_wh  : int64[m], Wh of warmth used; negative: no reading, what is usual counts
        wanted_wh : int64[m], Wh (AC) a plan wishes, or `BY_THERMOSTAT`; moved into what keeps the band
        away      : bool[m], nobody is at home: warmth is kept at the lower edge
        """
        usual = np.rint(warmth.ahead(slot, 1)[:, 0]).astype(np.int64)
        asked = np.where(asked_wh < 0, usual, asked_wh)
        lost = np.maximum(warmth.level_wh, 0) * self.loss_permille * self.minutes // 60_000
        rest = warmth.level_wh - lost - asked
        performance = self.performance_permille
        must = np.minimum(-(-np.maximum(-rest, 0) * 1_000 // performance), self.limit_wh)
        room = np.maximum(self.band_wh - rest, 0) * 1_000 // performance
        most = np.where(away, must, np.maximum(np.minimum(room, self.limit_wh), must))
        on = (warmth.on | (rest <= 0)) & ~away
        by_thermostat = wanted_wh == BY_THERMOSTAT
        use = np.clip(np.where(by_thermostat, np.where(on, most, 0), wanted_wh), must, most)
        level = rest + use * performance // 1_000
        learnt = self._learn(warmth, slot, asked_wh)
        return use, Warmth(level, on & (room > self.limit_wh), learnt)

    def _learn(self, warmth: Warmth, slot: int, asked_wh: Ints) -> Floats:
        at, demand = slot % len(warmth.demand_wh), warmth.demand_wh.copy()
        before = np.where(np.isnan(demand[at]), asked_wh, demand[at])
        demand[at] = np.where(asked_wh < 0, demand[at], before + _NEW * (asked_wh - before))
        return demand

    def expected(self, warmth: Warmth, slot: int, wanted_wh: Ints, away: NDArray[np.bool_]) -> Ints:
        """What the pumps will take from `slot` on if what is usual is asked for, int64[m, T], Wh (AC).

        wanted_wh : int64[m, T], as in `serve`; away : bool[m, T]
        """
        use = np.zeros_like(wanted_wh)
        asked = np.rint(warmth.ahead(slot, wanted_wh.shape[1])).astype(np.int64)
        for at in range(wanted_wh.shape[1]):
            use[:, at], warmth = self.serve(
                warmth, slot + at, asked[:, at], wanted_wh=wanted_wh[:, at], away=away[:, at]
            )
        return use

    def stores(self, warmth: Warmth, slot: int, places: Ints, home: Ints, buy: Floats) -> Stores:
        """The pumps at these places as stores of the homes `home` of a plan, int64[p].

        buy : float64[p, T], µ/kWh; what is warm at the end is worth its mean
        """
        performance = self.performance_permille[places] / 1_000
        return Stores.heat(
            home,
            horizon=buy.shape[1],
            band_wh=self.band_wh[places],
            start_wh=warmth.level_wh[places],
            power_w=self.limit_wh[places] * 60 / self.minutes,
            performance=performance,
            draw_wh=warmth.ahead(slot, buy.shape[1])[places],
            loss_per_hour=self.loss_permille[places] / 1_000,
            terminal=np.nan_to_num(buy).mean(axis=1) / performance,
            slot_seconds=self.minutes * 60,
        )

    def banked_wh(self, warmth: Warmth, size: int) -> Ints:
        """What the warmth in store would cost to make, int64[size], Wh (AC), by home."""
        banked = np.zeros(size, np.int64)
        banked[self.home] = warmth.level_wh * 1_000 // self.performance_permille
        return banked


def _figures(pump: HeatPump, clock: SlotClock) -> tuple[int, int, int, int]:
    return pump.power_w * clock.minutes // 60, pump.band_wh, pump.performance_permille, pump.loss_permille
