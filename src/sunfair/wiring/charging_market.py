"""The link between a charging network and a market: every charge point is a meter and a member, the hotel is one too.

What a roof has left is given to the hotel's own charge points before anybody buys it (`Gift`), so guests charge on the
roof first; what they take beyond it the charge point buys from the neighbours, and what those lack from the grid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sunfair.files import default_community
from sunfair.files.hotels import Hotel
from sunfair.model import FIRST_MEMBER, Member, Scenario, Series, Sharing, Strategy, Visits
from sunfair.model.owner import Gift, Owner
from sunfair.simulate import Span
from sunfair.simulate.street import device_of
from sunfair.wiring.simulation import RunResult, run_simulation

__all__ = ["Supply", "hotels_and_homes", "market_members", "meter_holder", "run_market", "supply_of"]

NEIGHBOURS = 20
"""Homes beside the hotels, of the bundled street."""

_ROOMS = 4
"""A hotel's own use is that of so many homes of the bundled street, none of which lives beside it."""

_ALL = 10**6

_COUNTRIES = ("DE", "AT")


@dataclass(frozen=True, slots=True)
class Supply:
    """Where a charge point's energy came from in a stretch of slots, Wh, and what it cost, µ.

    roof_wh : given by the hotel's roof; neighbours_wh : bought in the market; grid_wh : the rest, − what was bought and
    not used; paid : by the charge point, less what the hotel gave back for its gift
    """

    roof_wh: int
    neighbours_wh: int
    grid_wh: int
    paid: int


def market_members(hotels: Sequence[Hotel]) -> list[Hotel]:
    """The hotels that stand in the market's own zone."""
    return [hotel for hotel in hotels if hotel.country in _COUNTRIES]


def meter_holder(hotels: Sequence[Hotel], point: str) -> str:
    """Under which name `ports.Keys` knows a charge point's meter: one device signs for drivers and for the market.

    hotels : all of the network. A charge point of a hotel that is in no market has a meter all the same.
    """
    at = NEIGHBOURS
    for hotel in market_members(hotels):
        names = [hotel.id, *(plan.id for plan in hotel.points)]
        if point in names:
            return device_of(FIRST_MEMBER + at + names.index(point))
        at += len(names)
    return point


def hotels_and_homes(hotels: Sequence[Hotel], charging_wh: Mapping[str, NDArray[np.int64]], day: date) -> Scenario:
    """Twenty homes, these hotels and their charge points, on one day of the bundled street's readings.

    charging_wh : int64[T] Wh ≥ 0 in each quarter-hour of the day, by charge point
    """
    needed = NEIGHBOURS + _ROOMS * len(hotels)
    street = default_community(homes=needed)
    slots = np.array(street.community.clock.day(day)) - street.series.first_slot
    for name, taken_wh in charging_wh.items():
        if taken_wh.shape != slots.shape or (taken_wh < 0).any():
            raise ValueError(f"the charging of {name} must have {len(slots)} slots ≥ 0, it has {taken_wh.shape}")
    load, sun = street.series.load_wh, street.series.pv_wh
    owned = np.array([member.pv_wp for member in street.community.members])
    shape = sun[:, owned > 0].sum(axis=1) / owned.sum()
    members = [replace(one, bus=None, phase=None) for one in street.community.members[:NEIGHBOURS]]
    loads, roofs = [load[:, at] for at in range(NEIGHBOURS)], [sun[:, at] for at in range(NEIGHBOURS)]
    for at, hotel in enumerate(hotels):
        first = NEIGHBOURS + at * _ROOMS
        gifts = tuple(Gift(point.id, _ALL) for point in hotel.points)
        members.append(
            Member(hotel.id, f"meter {hotel.id}", pv_wp=hotel.roof_w, strategy=Strategy.RULE, owner=Owner(gifts=gifts))
        )
        loads.append(load[:, first : first + _ROOMS].sum(axis=1))
        roofs.append((shape * hotel.roof_w).astype(np.int64))
        for point in hotel.points:
            taken = np.zeros(len(load), np.int64)
            taken[slots] = charging_wh[point.id]
            members.append(Member(point.id, f"meter {point.id}", strategy=Strategy.POOL))
            loads.append(taken)
            roofs.append(np.zeros(len(load), np.int64))
    series = Series(
        street.series.first_slot, np.stack(loads, 1), np.stack(roofs, 1), street.series.retail, street.series.feed_in
    )
    community = replace(street.community, name="Hotels and neighbours", members=tuple(members), envelope=Sharing.NONE)
    here = street.visits.member < NEIGHBOURS
    v = street.visits
    visits = Visits(v.member[here], v.arrive[here], v.depart[here], v.need_wh[here])
    return Scenario(community, series, visits, None, street.notices)


def run_market(scenario: Scenario, day: date, folder: Path, *, seed: int) -> RunResult:
    """The day's market; its folder is a run like any other, and `sunfair audit` holds it against the chain."""
    clock = scenario.community.clock
    slots = clock.day(day)
    span = Span(day, (slots,))
    return run_simulation(scenario, span, folder, seed=seed, progress=lambda _: None, stopped=lambda: False)


def supply_of(folder: Path, scenario: Scenario, hotel: str, point: str, slots: range) -> Supply:
    """Where a charge point's energy of these slots came from, by the run's rows: each of them proves like any other."""
    account = {member.id: FIRST_MEMBER + at for at, member in enumerate(scenario.community.members)}
    rows = _within(pq.read_table(folder / "rows.parquet"), slots, "account", account[point])
    pairs = _within(pq.read_table(folder / "neighbours.parquet"), slots, "buyer", account[point])
    given = pairs.filter(pc.and_(pc.equal(pairs["seller"], account[hotel]), pc.is_valid(pairs["repaid"])))
    bought, metered, paid = (
        _sum(rows, names) for names in (("traded_ahead_wh", "traded_pool_wh"), ("metered_wh",), ("paid",))
    )
    roof = _sum(given, ("energy_wh",))
    return Supply(roof, bought - roof, metered - bought, -paid - _sum(given, ("repaid",)))


def _within(table: pa.Table, slots: range, column: str, account: int) -> pa.Table:
    inside = pc.and_(pc.greater_equal(table["slot"], slots.start), pc.less(table["slot"], slots.stop))
    return table.filter(pc.and_(inside, pc.equal(table[column], account)))


def _sum(table: pa.Table, names: Sequence[str]) -> int:
    return sum(int(pc.sum(table[name]).as_py() or 0) for name in names)
