"""`demo --commons`: the street's plant and the project that fails, on an embedded chain or a development node."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.chain import EmbeddedChain, Network, RpcNetwork, SeededKeys, keccak
from sunfair.chain.plants import PlantContract, plant_token, propose_plant
from sunfair.commons import Plan, allocate
from sunfair.commons.sizing import Place, hourly_yield
from sunfair.errors import InputError
from sunfair.files import default_community
from sunfair.model import Scenario
from sunfair.report.plants import write_plant_report
from sunfair.simulate import VirtualClock
from sunfair.simulate.plants import (
    Compared,
    PlantStory,
    compare_keys,
    failing_plan,
    street_plan,
    tell_failure,
    tell_plant,
)
from sunfair.units import MICRO
from sunfair.wiring.plant_market import run_plant_market, street_with_plant
from sunfair.wiring.remote import development_node

__all__ = ["HOMES_MIN", "CommonsRun", "PlantYear", "Promise", "plant_year", "run_commons", "tell_both"]

CAPEX = 66_000 * MICRO
PEAK_KW = 60
PRICE, FEED_IN = 180_000, 80_000
"""What members pay the plant for a shared kWh, and the grid for the rest, µ/kWh."""

HOMES_MIN = 6
"""Members that the story needs: with fewer the largest pledge is above the quarter that a seat may be."""

SITE = Place(48.1, 11.6)
"""Where the sizing puts a plant unless told otherwise."""

START = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Promise:
    """A year as promised and as it was: Wh made; µ that it brings the members, income and savings together."""

    promised_wh: int
    made_wh: int
    promised_gain: int
    gain: int


@dataclass(frozen=True, slots=True, eq=False)
class PlantYear:
    """A year by quarter-hour: generation int64[T], use int64[T, n], Wh; shares bps; each member's own retail, µ/kWh.

    promised_wh : what the proposal promised for a year; None: nothing
    """

    generation_wh: NDArray[np.int64]
    use_wh: NDArray[np.int64]
    shares: NDArray[np.int64]
    retail: NDArray[np.int64]
    promised_wh: int | None = None

    def incomes(self, months: int = 12) -> list[int]:
        """The plant's income by month, µ, by the dynamic key: shared at `PRICE`, the rest at `FEED_IN`."""
        result = allocate("dynamic", self.generation_wh, self.use_wh, None)
        parts = zip(
            np.array_split(result.shared_wh.sum(axis=1), months), np.array_split(result.surplus_wh, months), strict=True
        )
        return [(int(shared.sum()) * PRICE + int(over.sum()) * FEED_IN) // 1_000 for shared, over in parts]

    def promise(self) -> Promise | None:
        """What was promised beside what the roof gave; the promised year has the same sun, only more or less of it."""
        made = int(self.generation_wh.sum())
        if self.promised_wh is None or not made:
            return None
        promised = self.generation_wh * self.promised_wh // made
        return Promise(self.promised_wh, made, self._gain(promised), self._gain(self.generation_wh))

    def _gain(self, generation_wh: NDArray[np.int64]) -> int:
        """What the plant brings its members in all, µ: its income, and what they save by shared energy."""
        result = allocate("dynamic", generation_wh, self.use_wh, None)
        saved = (result.shared_wh.sum(axis=0) * (self.retail - PRICE)) // 1_000
        shared, over = int(result.shared_wh.sum()), int(result.surplus_wh.sum())
        return (shared * PRICE + over * FEED_IN) // 1_000 + int(saved.sum())


@dataclass(frozen=True, slots=True)
class CommonsRun:
    """Both stories and the keys; wallets µ by member in the end; the plant's day in the market, where it was run."""

    built: PlantStory
    failed: PlantStory
    keys: list[Compared]
    wallets: dict[str, int]
    market: dict[str, Any] | None = None
    promise: Promise | None = None


def plant_year(homes: int) -> PlantYear:
    """The bundled street's use without its roofs, and 60 kWp that yield as its roofs do.

    The promise is what the sizing tells of a roof at `SITE`, facing south.
    """
    scenario = default_community(homes=homes)
    sun = _sun(default_community())
    slots = min(len(sun), len(scenario.series.load_wh))
    shares = np.full(homes, 10_000 // homes, np.int64)
    shares[: 10_000 - int(shares.sum())] += 1
    retail = np.array([280_000 + 10_000 * (at % 9) for at in range(homes)], np.int64)
    promised = round(PEAK_KW * float(hourly_yield(SITE).sum())) * 1_000
    return PlantYear(sun[:slots], scenario.series.load_wh[:slots].astype(np.int64), shares, retail, promised)


def _sun(scenario: Scenario) -> NDArray[np.int64]:
    """What `PEAK_KW` give, Wh by slot, from all roofs of a scenario together."""
    peak_w = sum(member.pv_wp for member in scenario.community.members)
    made = scenario.series.pv_wh.sum(axis=1).astype(np.int64)
    scaled: NDArray[np.int64] = made * (PEAK_KW * 1_000) // peak_w
    return scaled


def tell_both(
    network: Network, year: PlantYear, *, seed: int, fund: Callable[[bytes], None] | None = None
) -> CommonsRun:
    """Both stories on one network; `fund` gives an address what it needs to pay for gas."""
    keys, clock = SeededKeys(seed), VirtualClock(datetime.fromtimestamp(START, UTC))
    members = [f"member {at + 1}" for at in range(year.use_wh.shape[1])]
    contractors = [f"contractor {at}" for at in range(3)]
    if fund is not None:
        for holder in ("organiser", "market", *contractors, *members):
            fund(keys.address(holder))
    asset, token = plant_token(network, keys, clock)

    def propose(plan: Plan) -> PlantContract:
        address = propose_plant(network, keys, clock, token, plan)
        return PlantContract(network, keys, clock, address, asset=asset)

    payees = [keys.address(name) for name in contractors]
    document = keccak(f"60 kWp for a street without roofs, {year.promised_wh or 0} Wh a year".encode())
    plan = street_plan(START, payees, capex=CAPEX, members=len(members), document=document)
    plant = propose(plan)
    built = tell_plant(plant, clock, members, year.incomes(), lambda amount: plant.pay("market", plant.address, amount))
    later = int(clock.now().timestamp())
    too_large = failing_plan(later, payees[0], capex=3 * CAPEX, members=len(members), document=document)
    failed = tell_failure(propose(too_large), clock, members)
    wallets = {member: plant.wallet(keys.address(member)) for member in members}
    keyed = compare_keys(year.generation_wh, year.use_wh, year.shares, year.retail, PRICE)
    return CommonsRun(built, failed, keyed, wallets, promise=year.promise())


def run_commons(folder: Path, *, homes: int = 24, seed: int = 7, rpc: str | None = None) -> CommonsRun:
    """Tell it on an embedded chain, or on the local development node at `rpc`.

    The plant's day in the market is a run of its own in `market`, on an embedded chain that `audit` reads.
    `commons.json` and `report.html` are written when all of it is told. InputError if the folder is there already.
    """
    if homes < HOMES_MIN:
        raise InputError(f"a street of {homes} cannot build the story's plant: take {HOMES_MIN} homes or more")
    if folder.exists():
        raise InputError(f"{folder} is there already: name another folder")
    year = plant_year(homes)
    if rpc is None:
        run = tell_both(EmbeddedChain(), year, seed=seed)
    else:
        with development_node(rpc, folder) as node:
            node.begin(START)
            run = tell_both(node.network, year, seed=seed, fund=lambda who: _fund(node.network, who))
    partial = folder.with_name(folder.name + ".partial")
    partial.mkdir(parents=True, exist_ok=True)
    street = street_with_plant(homes, year.generation_wh, year.shares.tolist(), peak_w=PEAK_KW * 1_000)
    run = replace(run, market=run_plant_market(street, partial / "market", seed=seed))
    text = json.dumps(plain(run), indent=1, ensure_ascii=False)
    (partial / "commons.json").write_text(text + "\n", encoding="utf-8")
    write_plant_report(partial / "report.html", plain(run))
    partial.rename(folder)
    return run


def _fund(network: RpcNetwork, who: bytes) -> None:
    network.node.rpc.call("anvil_setBalance", "0x" + who.hex(), hex(10**21))


def plain(run: CommonsRun) -> dict[str, Any]:
    """The run for JSON and the report."""
    keys = [{name: getattr(line, name) for name in Compared.__slots__} for line in run.keys]
    told = {"built": _plain(run.built), "failed": _plain(run.failed), "keys": keys, "wallets": run.wallets}
    if run.promise is not None:
        told["promise"] = asdict(run.promise)
    return told if run.market is None else {**told, "market": run.market}


def _plain(story: PlantStory) -> dict[str, Any]:
    terms = story.plan.terms
    milestones = [[milestone.amount, milestone.deadline] for milestone in story.plan.milestones]
    return {
        "promised": {
            "peak_w": terms.peak_w,
            "capex": terms.capex,
            "deadline": terms.deadline,
            "milestones": milestones,
        },
        "state": story.end.state.name,
        "pledged": story.pledged,
        "paid": [_paid(event.args, event.timestamp) for event in story.events if event.name == "MilestonePaid"],
        "income": story.income,
        "claimed": story.claimed,
        "waiting": story.waiting,
        "returned": story.returned,
        "holds": {name: getattr(story.end.money, name) for name in ("escrow", "fund", "bonds", "unclaimed", "held")},
        "lines": [[line.at, line.who, line.what] for line in story.lines],
    }


def _paid(args: Any, at: int) -> Sequence[int]:
    return [int(args["milestone"]) + 1, int(args["amount"]), at]
