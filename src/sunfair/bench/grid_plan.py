"""A day of a street's batteries and cars as one linear programme with the wires in it, everything foreseen.

What homes come to that answer local prices: at the programme's own prices each store's part is its own best answer.
Minimise Σ retail·import − feed_in·export + wear·(charged + drawn) subject to the street's balance, each battery's level
(the day ends as it began), each car's need within its visit, and ``S·change ≤ limit − value`` where wires bind.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.bench.grid_days import Street
from sunfair.grid import LOADING_MAX, VOLTAGE_MAX_PU, sensitivities
from sunfair.market.network_limits import LOADING_MARGIN, VOLTAGE_MARGIN_PU

__all__ = ["DayPlan", "plan_day"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_WEAR = 0.2
"""µ per Wh into or out of a battery: so little that it only keeps it from doing both."""

_TAKEN, _ROUNDS = 4, 8
"""Limits of a slot that are taken in at a time, and how often."""


@dataclass(frozen=True, slots=True, eq=False)
class DayPlan:
    """What batteries and cars do on a day, int64[T, n], Wh at the meter: + charged, and what batteries give."""

    taken_wh: Ints
    given_wh: Ints


class _Day:
    """The programme of one day, grown limit by limit."""

    def __init__(self, street: Street, day: range, outside: Ints) -> None:
        import highspy  # noqa: PLC0415  half a second, and only needed here

        self._street, self._day, self._outside = street, day, outside
        self._slots, self._members = len(day), street.network.members
        self._highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (("output_flag", False), ("threads", 1)):
            self._highs.setOptionValue(option, value)
        self._infinite = highspy.kHighsInf
        # By member and slot: which columns raise (+1) and lower (−1) what its meter shows.
        self._moves: list[tuple[int, int, int, int]] = []
        self._count = 0
        self._cars: list[tuple[int, int, int]] = []
        self._stores: list[tuple[int, int, int]] = []
        self._build()

    def _column(self, cost: float, high: float) -> int:
        self._highs.addVar(0.0, high)
        self._highs.changeColCost(self._count, cost)
        self._count += 1
        return self._count - 1

    def _row(self, low: float, high: float, entries: dict[int, float]) -> None:
        index = np.array(list(entries), np.int32)
        self._highs.addRow(low, high, len(index), index, np.array([entries[at] for at in index.tolist()]))

    def _build(self) -> None:
        series, day = self._street.scenario.series, self._day
        for at, place in enumerate(day):
            retail, feed_in = int(series.retail[place]), int(series.feed_in[place])
            for sign, cost in ((1, retail / 1000), (-1, -feed_in / 1000)):
                self._moves.append((-1, at, self._column(cost, self._infinite), -sign))
        for member, home in enumerate(self._street.scenario.community.members):
            if home.battery is not None:
                self._battery(member)
        self._visits()
        for at in self._outside.tolist():
            for member in np.flatnonzero(self._street.pv_wh[day[at]] > 0).tolist():
                self._moves.append((member, at, self._column(0.0, float(self._street.pv_wh[day[at], member])), 1))
        net = (self._street.load_wh - self._street.pv_wh)[day.start : day.stop].sum(axis=1)
        balance: list[dict[int, float]] = [{} for _ in day]
        for _, at, column, sign in self._moves:
            balance[at][column] = float(sign)
        for at in range(self._slots):
            self._row(-float(net[at]), -float(net[at]), balance[at])

    def _battery(self, member: int) -> None:
        store = self._street.scenario.community.members[member].battery
        if store is None:
            return
        most = store.power_w * self._street.seconds / 3600
        into, out = store.charge_eff_permille / 1000, 1000 / store.discharge_eff_permille
        first = self._count
        for at in range(self._slots):
            self._moves.append((member, at, self._column(_WEAR, most), 1))
            self._moves.append((member, at, self._column(_WEAR, most), -1))
            self._column(0.0, float(store.capacity_wh - store.reserve_wh))
        for at in range(self._slots):
            before = first + 3 * ((at - 1) % self._slots) + 2
            charge, draw, level = (first + 3 * at + part for part in range(3))
            self._row(0.0, 0.0, {level: 1.0, before: -1.0, charge: -into, draw: out})
        self._stores.append((member, first, self._slots))

    def _visits(self) -> None:
        """Cars that arrive on this day; one that stays past midnight charges as if the day came again."""
        visits, start = self._street.scenario.visits, self._street.scenario.series.first_slot
        here = np.flatnonzero((visits.arrive >= start + self._day.start) & (visits.arrive < start + self._day.stop))
        for visit in here.tolist():
            member = int(visits.member[visit])
            car = self._street.scenario.community.members[member].car
            stay = range(int(visits.arrive[visit]), int(min(visits.depart[visit], visits.arrive[visit] + self._slots)))
            if car is None or not stay:
                continue
            most = car.power_w * self._street.seconds / 3600
            own = {}
            for slot in stay:
                column = self._column(0.0, most)
                own[column] = 1.0
                self._moves.append((member, (slot - start - self._day.start) % self._slots, column, 1))
                self._cars.append((member, (slot - start - self._day.start) % self._slots, column))
            need = min(float(visits.need_wh[visit]), most * len(stay))
            self._row(need, need, own)

    def solve(self) -> Floats:
        """The columns' values; limits are taken in slot by slot as the plan breaks them."""
        rows = [self._rows(at) for at in self._outside.tolist()]
        taken = [np.zeros(len(room), np.bool_) for _, room in rows]
        at_slot: dict[int, list[tuple[int, int, int]]] = {}
        for member, at, column, sign in self._moves:
            if member >= 0:
                at_slot.setdefault(at, []).append((member, column, sign))
        values = self._run()
        for _ in range(_ROUNDS):
            grown = False
            for (slope, room), own, at in zip(rows, taken, self._outside.tolist(), strict=True):
                change = np.zeros(self._members)
                for member, column, sign in at_slot.get(at, []):
                    change[member] += sign * values[column]
                broken = np.where(own, 0.0, (slope @ change - room) / np.abs(slope).max(axis=1))
                for row in np.argsort(-broken)[:_TAKEN].tolist():
                    if broken[row] > 1.0:
                        own[row], grown = True, True
                        scale = 1 / float(np.abs(slope[row]).max())
                        entries = {c: s * scale * float(slope[row, m]) for m, c, s in at_slot[at]}
                        self._row(-self._infinite, scale * float(room[row]), entries)
            if not grown:
                break
            values = self._run()
        return values

    def _run(self) -> Floats:
        self._highs.run()
        return np.array(self._highs.getSolution().col_value)

    def _rows(self, at: int) -> tuple[Floats, Floats]:
        """The limits of a slot around what flows unlimited, by Wh of change: slopes float64[m, n], room float64[m]."""
        slot = np.array([self._day[at]])
        net = (self._street.load_wh - self._street.pv_wh)[slot]
        p_w, q_var = self._street.powers(slot, net)
        found = sensitivities(self._street.network, p_w[0], q_var[0], phases=self._street.phases)
        volts, loads, _ = found.per_member(self._street.phases)
        watt = 3600 / self._street.seconds
        highest = VOLTAGE_MAX_PU - VOLTAGE_MARGIN_PU - found.flow.voltage_pu[0].reshape(-1)
        slope = np.concatenate([volts.reshape(-1, self._members), loads]) * watt
        room = np.concatenate([highest, LOADING_MAX - LOADING_MARGIN - found.loading_base])
        used = np.abs(slope).max(axis=1) > 0
        return slope[used], room[used]

    def plan(self, values: Floats) -> DayPlan:
        """What the columns say of batteries and cars, in whole Wh."""
        shape = (self._slots, self._members)
        taken, given = np.zeros(shape), np.zeros(shape)
        for member, first, slots in self._stores:
            own = values[first : first + 3 * slots].reshape(slots, 3)
            taken[:, member] += np.maximum(own[:, 0] - own[:, 1], 0)
            given[:, member] += np.maximum(own[:, 1] - own[:, 0], 0)
        for member, at, column in self._cars:
            taken[at, member] += values[column]
        return DayPlan(np.rint(taken).astype(np.int64), np.rint(given).astype(np.int64))


def plan_day(street: Street, day: range, outside: Ints) -> DayPlan:
    """The best day of a street's batteries and cars; `outside` are its slots, from 0, in which wires may bind."""
    programme = _Day(street, day, outside)
    return programme.plan(programme.solve())
