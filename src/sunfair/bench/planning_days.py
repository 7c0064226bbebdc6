"""Days of a community's homes for `bench planning`: its measured use, roofs, prices, batteries and cars."""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent import Homes, Outlook, Stores
from sunfair.model import Battery, Scenario

__all__ = ["Days"]

_BATTERY = Battery(10_000, 5_000)
"""Stands in every home of a community in which nobody owns one."""

_WEAR = 20_000.0
_CONNECTION_W, _MOST_GIVEN_W = 25_000.0, 15_000.0
_CHARGER_W = 11_000.0


class Days:
    """Draws days of a community's homes that own a battery; one in each home where nobody owns one.

    A day is as many slots as it has. Where the community has no cars, one comes within the first ten hours, stays for
    eight to fourteen and asks for 3 to 25 kWh.
    """

    def __init__(self, scenario: Scenario, chance: np.random.Generator) -> None:
        self.name, self.chance = scenario.community.name, chance
        self._series, self._visits, self._members = scenario.series, scenario.visits, scenario.community.members
        self.seconds, self.slots = scenario.community.clock.seconds, scenario.community.clock.per_day
        owned = [at for at, member in enumerate(self._members) if member.battery]
        self._owners = np.array(owned or range(len(self._members)))

    @property
    def hours(self) -> float:
        """Length of a slot, h."""
        return self.seconds / 3600

    def draw(self, count: int) -> tuple[Homes, Outlook]:
        """`count` homes and the slots of a day to come."""
        member = self.chance.choice(self._owners, count)
        first = self.chance.integers(0, len(self._series.retail) - self.slots, count)
        slots = first[:, None] + np.arange(self.slots)
        kept = [self._members[at].battery or _BATTERY for at in member.tolist()]
        capacity = np.array([battery.capacity_wh for battery in kept], np.float64)
        power = np.array([battery.power_w for battery in kept], np.float64)
        into = np.array([battery.charge_eff_permille for battery in kept]) / 1000
        out = np.array([battery.discharge_eff_permille for battery in kept]) / 1000
        soc, reserve = self.chance.uniform(0.1, 1.0, count) * capacity, 0.1 * capacity
        homes = Homes(capacity, soc, reserve, power, power, into, out, _WEAR, _CONNECTION_W, _MOST_GIVEN_W)
        buy, sell = self._series.retail[slots], self._series.feed_in[slots]
        load, roof = (series[slots, member[:, None]] for series in (self._series.load_wh, self._series.pv_wh))
        return homes, Outlook(load, roof, buy, sell, out * buy.mean(axis=1) - _WEAR, slot_seconds=self.seconds)

    def cars(self, count: int) -> Stores:
        """A visit of a car for each home, as long and as hungry as some visit of the community's."""
        arrive = self.chance.integers(0, max(round(10 / self.hours), 1), count)
        stay, need, power = self._some_visits(count)
        return Stores.cars(
            np.arange(count),
            horizon=self.slots,
            need_wh=need,
            power_w=power,
            arrive=arrive,
            depart=arrive + stay,
            slot_seconds=self.seconds,
        )

    def _some_visits(self, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
        """How long cars stay (slots), what they ask for (Wh), and the charger's power (W)."""
        visits = self._visits
        if not len(visits.member):
            stay = self.chance.integers(round(8 / self.hours), round(14 / self.hours) + 1, count)
            return stay, self.chance.integers(3_000, 25_001, count), _CHARGER_W
        visit = self.chance.integers(0, len(visits.member), count)
        power = next(member.car.power_w for member in self._members if member.car)
        return (visits.depart - visits.arrive)[visit], visits.need_wh[visit], float(power)

    def heat(self, count: int) -> Stores:
        """A heat pump for each home: 3 kW of warmth drawn on average, a band of 6 kWh."""
        draw = self.chance.uniform(1_600, 4_400, (count, self.slots)) * self.hours
        start, performance = self.chance.uniform(0, 6_000, count), self.chance.uniform(2.5, 4.0, count)
        return Stores.heat(
            np.arange(count),
            horizon=self.slots,
            band_wh=6_000.0,
            start_wh=start,
            power_w=3_000.0,
            performance=performance,
            draw_wh=draw,
            loss_per_hour=0.01,
            slot_seconds=self.seconds,
        )
