"""What several kinds of tests share: a small made street, and the word for a service that is not there."""

import os
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from sunfair.model import Battery, Community, Mechanism, Member, Scenario, Series, Session, Visits
from sunfair.slots import SlotClock


@pytest.fixture(scope="session")
def made_street() -> Callable[..., Scenario]:
    """A function making a street of n homes with 12 days of seeded use and sun from 2016-06-01 on, Europe/Berlin."""

    def make(
        n: int = 24, *, seed: int = 1, days: int = 12, minutes: int = 15, first: date = date(2016, 6, 1)
    ) -> Scenario:
        clock = SlotClock(minutes, "Europe/Berlin")
        start, steps = clock.day(first)[0], clock.per_day * days
        generator = np.random.default_rng(seed)
        hour = np.array([clock.local(start + at).hour + clock.local(start + at).minute / 60 for at in range(steps)])
        evening = 1 + 2 * np.exp(-(((hour - 19) / 2.5) ** 2))
        load = generator.gamma(1.5, 60 * minutes / 15, (steps, n)) * evening[:, None]
        sun = np.maximum(0, np.cos((hour - 13) / 7 * np.pi / 2)) * 1000 * minutes / 15
        cloud = generator.uniform(0.5, 1, days).repeat(clock.per_day)
        roofs = np.arange(n) % 3 > 0
        pv = (sun * cloud)[:, None] * roofs
        members = tuple(
            Member(
                f"home{at}",
                f"meter{at}",
                pv_wp=5000 if roofs[at] else 0,
                battery=Battery(10_000, 5_000) if at % 5 == 2 else None,
            )
            for at in range(n)
        )
        rules = {} if n >= 20 else {"sessions": (Session.POOL,), "mechanism": Mechanism.MID_MARKET_RATE}
        community = Community("Made Street", members, clock, **rules)
        tariff = np.full(steps, 320_000), np.full(steps, 80_000)
        series = Series(start, load.astype(np.int64), pv.astype(np.int64), *tariff)
        return Scenario(community, series, Visits.none())

    return make


@pytest.fixture(scope="session")
def missing() -> Callable[[str], None]:
    """Say that a service is missing: skips, or fails where everything is required (SUNFAIR_REQUIRE_ALL=1)."""

    def tell(service: str) -> None:
        if os.environ.get("SUNFAIR_REQUIRE_ALL") == "1":
            pytest.fail(f"{service} is missing and SUNFAIR_REQUIRE_ALL=1")
        pytest.skip(f"{service} is not on this machine")

    return tell
