"""A simulated run from a scenario to a folder of files: every port met by the adapter a simulation uses."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter

from sunfair.chain import SeededKeys
from sunfair.errors import Fault, InputError
from sunfair.files import (
    RunFolder,
    market_files,
    scenario_toml,
    summarise,
    write_credit,
    write_neighbours,
    write_plants,
    write_unlimited,
)
from sunfair.model import FIRST_MEMBER, UTILITY, Community, Scenario
from sunfair.report import write_report
from sunfair.simulate import SeededChance, Simulation, Span, VirtualClock, unlimited
from sunfair.wiring.adapters import Secp256k1Signatures
from sunfair.wiring.market_orders import write_orders
from sunfair.wiring.remote import Embedded, Place
from sunfair.wiring.story import Story, setting_of, settled_amounts, tell_story

__all__ = ["RunResult", "default_folder", "run_simulation", "span_of"]

_LEAD = timedelta(hours=26)
"""How long before the first slot a simulated market is set up: deposits fit the open door, offers the first gate."""


_ETHER = 10**18
"""Wei a home, the utility or a watcher needs at most to pay for an answer it demands."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run left behind; `amounts` is what was settled in all, µ by member account."""

    folder: Path
    summary: Mapping[str, object]
    whole: bool
    story: Story | None = None
    amounts: Mapping[int, int] = field(default_factory=dict)


def default_folder(name: str) -> Path:
    """``runs/<UTC time>-<name>`` below the present directory."""
    word = "".join(char if char.isalnum() else "-" for char in name.lower()).strip("-") or "run"
    return Path("runs") / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{word}"


def span_of(scenario: Scenario, start: str | None, days: int, *, usual: date | None = None) -> Span:
    """The civil days to run: from `start` (ISO date or instant), else `usual`, else one week into the series.

    Raises InputError when the series do not hold them.
    """
    clock, series = scenario.community.clock, scenario.series
    if days < 1:
        raise InputError(f"--days is {days}; a run has at least one day")
    first_day, last_day = clock.date_of(series.first_slot), clock.date_of(series.end_slot - 1)
    if clock.day(first_day)[0] < series.first_slot:
        first_day += timedelta(days=1)
    if clock.day(last_day)[-1] >= series.end_slot:
        last_day -= timedelta(days=1)
    if start is not None:
        first = _civil(start, scenario)
    elif usual is not None:
        first = usual
    else:
        first = max(first_day, min(first_day + timedelta(days=7), last_day - timedelta(days=days - 1)))
    last = first + timedelta(days=days - 1)
    if not first_day <= first <= last <= last_day:
        what = f"{first} to {last} are asked for, the series hold the whole days {first_day} to {last_day}"
        fault = Fault("--start, --days", what, "choose days within")
        raise InputError("the series do not hold the days of the run", [fault])
    return Span(first, tuple(clock.days(first, days)))


def _civil(start: str, scenario: Scenario) -> date:
    """The civil day that `start` names: a date, or an instant with its offset at which a day of the site begins."""
    clock = scenario.community.clock
    try:
        return date.fromisoformat(start)
    except ValueError:
        pass
    try:
        slot = clock.slot_at(datetime.fromisoformat(start))
    except ValueError as error:
        fault = Fault("--start", str(error), "write a date, 2016-06-15, or an instant, 2016-06-15T00:00+02:00")
        raise InputError(f"--start {start!r} is no time", [fault]) from error
    civil = clock.date_of(slot)
    if clock.day(civil)[0] != slot:
        local = clock.start(clock.day(civil)[0]).isoformat()
        raise InputError(f"--start {start} is not the start of a day in {clock.timezone}; {civil} begins at {local}")
    return civil


def run_simulation(
    scenario: Scenario,
    span: Span,
    folder: Path,
    *,
    seed: int,
    progress: Callable[[int], None],
    stopped: Callable[[], bool],
    cheat: str | None = None,
    place: Place | None = None,
) -> RunResult:
    """Run the scenario and write its folder, whole, or ``.partial`` when `stopped` ended it early.

    With `cheat` (see `story.CHEATS`) the operator lies once, and the result holds the story of it. The market stands in
    `place`, by default on a chain in this process.

    The same scenario, span and seed give the same files, byte for byte (`seconds` in summary.json apart).
    """
    began = perf_counter()
    community = scenario.community
    clock = VirtualClock(community.clock.start(span.first_slot) - _LEAD)
    keys, setting = SeededKeys(seed), setting_of(cheat, span)
    homes = [keys.address(str(FIRST_MEMBER + at)) for at in range(community.size)]
    askers = [*homes, keys.address(str(UTILITY)), keys.address("watcher")]
    stands = place or Embedded(dict.fromkeys(askers if cheat else (), _ETHER))
    with RunFolder(folder, community) as store:
        ledger = stands.open(community, keys, clock)
        simulation = Simulation(
            scenario,
            span,
            clock=clock,
            chance=SeededChance(seed),
            keys=keys,
            signatures=Secp256k1Signatures(),
            ledger=ledger,
            store=store,
            received=setting.received,
            operator=setting.operator,
            silent=setting.silent,
            publish=stands.publishes,
            purse=ledger.purse(),
            plants=ledger.plants(),
        )
        whole = simulation.run(progress, stopped)
        amounts = settled_amounts(simulation.ledger.record())
        story = tell_story(cheat, simulation) if cheat and whole else None
        stands.save(store.partial / "chain")
        _write_rules(scenario, store.partial)
    _write_beside(scenario, simulation, store.partial)
    if whole and not cheat:
        _write_unlimited(scenario, span, seed, store.partial)
    facts = _facts(scenario, span, seed, whole=whole, notices=simulation.notices)
    summary = _write_summary(store.partial, community, facts, began)
    write_report(store.partial)
    return RunResult(store.finish() if whole else store.partial, summary, whole, story, amounts)


def _write_summary(folder: Path, community: Community, facts: Mapping[str, object], began: float) -> dict[str, object]:
    """Write ``summary.json``: facts of the run, figures from its files, and how long it took since `began`, s."""
    summary = {**facts, **summarise(folder, community, hours=community.clock.minutes / 60)}
    summary["seconds"] = round(perf_counter() - began, 3)
    text = json.dumps(summary, indent=1, ensure_ascii=False)
    (folder / "summary.json").write_text(text + "\n", encoding="utf-8")
    return summary


def _write_beside(scenario: Scenario, simulation: Simulation, folder: Path) -> None:
    """What stands beside the settled rows: orders, pairs of neighbours, plants, prepaid credit."""
    write_orders(scenario, folder, *simulation.orders)
    write_neighbours(folder, (asdict(trade) for trade in simulation.neighbours.trades))
    write_plants(folder, simulation.plants.periods, simulation.plants.holders)
    write_credit(folder, (asdict(look) for look in simulation.credits.looks))


def _write_unlimited(scenario: Scenario, span: Span, seed: int, folder: Path) -> None:
    """The same days of the same homes without caps, where the run has them."""
    free = unlimited(scenario, span, SeededChance(seed))
    if free is not None:
        write_unlimited(folder, [record.slot for record in free.records], free.flow())


def _facts(scenario: Scenario, span: Span, seed: int, *, whole: bool, notices: Iterable[str]) -> dict[str, object]:
    """What a run's summary says before its figures."""
    community = scenario.community
    return {
        "name": community.name,
        "currency": community.currency,
        "start": community.clock.start(span.first_slot).isoformat(),
        "days": len(span.days),
        "seed": seed,
        "partial": not whole,
        "notices": [*scenario.notices, *notices],
    }


def _write_rules(scenario: Scenario, folder: Path) -> None:
    """The community as it was run, and its network."""
    text = scenario_toml(scenario)
    if scenario.network_json is not None:
        text = text.replace('file = "network.json"', 'file = "grid.json"')
        (folder / "grid.json").write_text(scenario.network_json, encoding="utf-8")
    for name, content in market_files(scenario).items():
        (folder / name).write_bytes(content)
    head = "# The community as it was run. Series it names lie with the community it was run from.\n"
    (folder / "community.toml").write_text(head + text, encoding="utf-8")
