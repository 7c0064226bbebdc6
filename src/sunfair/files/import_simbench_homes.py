"""Homes on the load connections of a SimBench grid: phase, roof, battery, car, and a load made from a measured shape.

Everything random comes from one legacy `RandomState`, whose numbers NumPy has promised never to change.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.model import Battery, Car, Member, Phase, Strategy

__all__ = [
    "BUSINESS_SHAPE",
    "SHAPES",
    "Home",
    "Profiles",
    "energy",
    "homes_at",
    "load_of",
    "member_of",
    "shifted",
]

SHAPES = ("H0-A", "H0-B", "H0-C", "H0-G", "H0-H", "H0-L")
"""SimBench's six measured household shapes."""

BUSINESS_SHAPE = "H0-H"
"""The shape of homes on connections that SimBench gives to a business: steady by day, much smoother than one home."""

ROOF_WP, BATTERY_WH, BATTERY_W, CHARGER_W = 5_000, 10_000, 5_000, 11_000
WEEK = 672
YEAR_WEEKS = 52

_BASE = re.compile(r"(H0|G\d|L\d|BL|WB)-[A-Z]")
_MEDIAN_KWH, _SPREAD, _LEAST_KWH, _MOST_KWH = 3_300, 0.35, 1_500, 8_000
_BUSINESS_KWH = (5_000, 9_000)

Profiles = Mapping[str, NDArray[np.float64]]
"""Year profiles by name, float64[T] of 15 min, per unit of rated power."""


Element = tuple[int, str, float]
"""Bus, profile and rated kW of a load or roof of a grid."""


@dataclass(frozen=True, slots=True)
class Home:
    """One home: bus and phase, its shape with the weeks it is shifted by, its use a year, its roof's shape and size."""

    bus: int
    phase: Phase
    shape: str
    weeks: int
    kwh: int
    roof: str
    roof_wp: int
    battery: bool
    car: bool

    @property
    def roof_name(self) -> str:
        """The name of its roof's series, which roofs of the same shape and size share."""
        return f"{self.roof}-{self.roof_wp / 1000:g}kWp"


def homes_at(loads: Sequence[Element], roofs: Sequence[Element], seed: int) -> list[Home]:
    """A home on each base load of a grid, in a seeded order whose every beginning keeps the mix.

    loads : the grid's loads; heat pumps, chargers and aggregates are passed over
    roofs : the grid's own roofs; the first home on the bus of one has it beside its 5 kWp, on three phases. The others
        have 5 kWp on one phase, with the shapes of the grid's roofs in their proportion
    Batteries go to two in every five homes of the order, cars to one in four, so one in ten has both.
    """
    random = np.random.RandomState(seed)
    places = [(bus, profile) for bus, profile, _ in loads if _BASE.fullmatch(profile)]
    own = _own_roofs([bus for bus, _ in places], roofs)
    phases = _phases([bus for bus, _ in places], random)
    order = random.permutation(len(places)).tolist()
    deck = _deck([profile for _, profile, _ in roofs], len(places), random)
    use = np.exp(random.normal(np.log(_MEDIAN_KWH), _SPREAD, len(places))).clip(_LEAST_KWH, _MOST_KWH).tolist()
    business_use = random.uniform(*_BUSINESS_KWH, len(places)).tolist()
    taken: dict[str, int] = {}
    homes = []
    for number, at in enumerate(order):
        bus, profile = places[at]
        shape = profile if profile in SHAPES else BUSINESS_SHAPE
        copy = taken[shape] = taken.get(shape, -1) + 1
        roof, kw = own.get(at, (deck[number], 0.0))
        homes.append(
            Home(
                bus=bus,
                phase=Phase.ABC if kw else phases[at],
                shape=shape,
                weeks=(copy + 1) // 2 * (1 if copy % 2 else -1),  # 0, 1, −1, 2, −2, …: as near as can be
                kwh=round((business_use if shape == BUSINESS_SHAPE else use)[number] / 10) * 10,
                roof=roof,
                roof_wp=ROOF_WP + round(kw * 1000),
                battery=(number + 1) * 2 // 5 > number * 2 // 5,
                car=number % 4 == 3,
            )
        )
    return homes


def _own_roofs(buses: Sequence[int], roofs: Sequence[Element]) -> dict[int, tuple[str, float]]:
    """The grid's own roofs by the place of the first home on their bus; those of a bus without homes go to none."""
    own: dict[int, tuple[str, float]] = {}
    for bus, profile, kw in roofs:
        if bus in buses:
            at = buses.index(bus)
            own[at] = (profile, kw + own.get(at, ("", 0.0))[1])
    return own


def _deck(names: Sequence[str], count: int, random: np.random.RandomState) -> list[str]:
    """`count` names in the proportion of `names`, shuffled deck by deck."""
    decks = -(-count // len(names))
    return [name for _ in range(decks) for name in random.permutation(np.array(sorted(names))).tolist()][:count]


def _phases(buses: Sequence[int], random: np.random.RandomState) -> list[Phase]:
    """Phases in equal shares over the grid, drawn at random, different ones for neighbours on a bus."""
    decks = -(-len(buses) // 3)
    deck = random.permutation(np.array(["a", "b", "c"] * decks)[: len(buses)]).tolist()
    for at in range(len(deck)):
        mates = {deck[other] for other in range(at) if buses[other] == buses[at]}
        if deck[at] in mates and len(mates) < 3:
            later = next((other for other in range(at + 1, len(deck)) if deck[other] not in mates), None)
            if later is not None:
                deck[at], deck[later] = deck[later], deck[at]
    return [Phase(word) for word in deck]


def shifted(profile: NDArray[np.float64], weeks: int) -> NDArray[np.float64]:
    """A year's profile `weeks` whole weeks later (< 0 earlier), around the year's end, weekdays kept.

    The days beyond 52 weeks repeat the first ones, which are the same weekdays; unshifted they are their own.
    """
    if not weeks:
        return profile
    span = YEAR_WEEKS * WEEK
    return profile[(np.arange(len(profile)) - weeks * WEEK) % span]


def energy(power_w: NDArray[np.float64]) -> NDArray[np.int64]:
    """Mean powers of 15-minute slots as whole Wh: what has flowed so far is rounded, so no sum drifts."""
    run = np.rint(np.cumsum(power_w) / 4).astype(np.int64)
    return np.diff(run, prepend=0)


def load_of(home: Home, profiles: Profiles) -> NDArray[np.int64]:
    """A home's use by slot, int64[T] Wh, its year's sum exactly `home.kwh`."""
    shape = shifted(profiles[home.shape], home.weeks)
    return energy(shape * (home.kwh * 4000 / shape.sum()))


def member_of(home: Home, number: int) -> Member:
    """The member in place `number` (from 1) of the community."""
    identity = f"home-{number:03d}"
    return Member(
        id=identity,
        meter=f"SUNFAIR-{number:06d}",
        bus=home.bus,
        phase=home.phase,
        pv_wp=home.roof_wp,
        battery=Battery(BATTERY_WH, BATTERY_W) if home.battery else None,
        car=Car(CHARGER_W) if home.car else None,
        strategy=Strategy.SMART if home.battery or home.car else Strategy.RULE,
        shape=home.shape,
    )
