"""What several kinds of tests share: a small made street, and the word for a service that is not there."""

import gc
import os
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from sunfair.model import Battery, Community, Mechanism, Member, Scenario, Series, Session, Visits
from sunfair.slots import SlotClock

LONGEST = (
    "test_independent_checker.py",
    "test_command_line.py",
    "test_contract_artifacts.py",
    "test_run_folder.py",
    "test_report_page.py",
    "test_watch_rpc.py",
    "test_cheats.py",
    "test_six_houses.py",
    "test_docket.py",
    "test_settlement_result_properties.py",
    "test_silent_meters.py",
    "test_watch_folder.py",
    "test_lying_operator_machine.py",
    "test_market_uniform_properties.py",
    "test_demo_charging.py",
    "test_row_court.py",
    "test_book_court.py",
    "test_court_book_twin.py",
    "test_rpc_blobs.py",
    "test_csms_command_line.py",
    "test_anvil_same_balances.py",
    "test_household_run.py",
    "test_network_run.py",
    "test_plant_in_the_market.py",
    "test_auction_court.py",
    "test_vault_machine.py",
)
"""Of more than five seconds each, the longest first."""
LONG = os.environ.get("SUNFAIR_LONG_FUZZ") == "1"
settings.register_profile(
    "sunfair", deadline=None, derandomize=not LONG, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("sunfair")
if not LONG:
    # The same examples in every run: Hypothesis also draws numbers that stand in the modules loaded so far, and which
    # these are depends on which tests this worker ran before.
    providers.is_local_module_file = lambda path: False


def pytest_collection_finish() -> None:
    """Collected garbage is looked for less often: what was imported stays, and the compiler makes millions of objects."""
    gc.freeze()
    gc.set_threshold(20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest first: begun last, one of them would keep one worker busy while the others wait."""
    rank = {name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))  # the sort is stable


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
