"""`sunfair grid phases`: a phase assignment, its work orders and its proof."""

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from sunfair.cli.show import folder_for, print_json, stderr, stdout, step_teller
from sunfair.errors import Fault, InputError
from sunfair.files import default_community, load_scenario
from sunfair.grid import Network
from sunfair.grid.phase_study import Judged, PhaseStudy, study_phases
from sunfair.model import FIRST_MEMBER, Phase, Scenario
from sunfair.report.phases import PhaseText, phases_page

__all__ = ["run_phases"]

_STARTS = 12
"""Choices the search begins with, besides the present one; more gain less than a hundredth."""

_SHOWN = (
    ("N mean A", "neutral_mean_a", 1.0, 1),
    ("N p99 A", "neutral_p99_a", 1.0, 1),
    ("max pu", "max_voltage_pu", 1.0, 4),
    ("U out %", "voltage_violations", 100.0, 2),
    ("I out %", "loading_violations", 100.0, 2),
    ("VUF mean %", "vuf_mean", 100.0, 3),
    ("losses W", "losses_w", 1.0, 0),
)


def run_phases(
    path: Path | None, *, out: Path, fit_part: float, draws: int, most_slots: int, seed: int, as_json: bool
) -> None:
    """Study, write `phases.csv`, `phases.html`, `phases.json` into `out`, and tell."""
    scenario = default_community() if path is None else load_scenario(path)
    network, split = _usable(scenario, fit_part)
    folder_for(out)
    stride = _stride(len(scenario.series.retail) - split, most_slots, scenario.community.clock.per_day)
    rng = np.random.default_rng(seed)
    starts, drawn = ([rng.integers(0, 3, network.members) for _ in range(count)] for count in (_STARTS, draws))
    try:
        study = study_phases(
            network,
            scenario.series.load_wh,
            scenario.series.pv_wh,
            [member.phase or Phase.ABC for member in scenario.community.members],
            split=split,
            stride=stride,
            starts=starts,
            drawn=drawn,
            slot_seconds=scenario.community.clock.seconds,
            say=lambda text: stderr.print(f"[dim]{text}[/]"),
            drawn_done=step_teller(),
        )
    except InputError:
        raise
    except ValueError as error:  # nothing to balance in the first part, or no solution in the second
        raise InputError(f"Phases cannot be chosen for this community: {error}.") from error
    days = _days(scenario, split)
    figures = {"learned": days[:2], "judged": days[2:], "every_slot": stride, "seed": seed, **_figures(study)}
    (out / "phases.csv").write_text(_orders(study, scenario), encoding="utf-8")
    (out / "phases.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    text = PhaseText(scenario.community.name, [member.id for member in scenario.community.members], days, stride)
    (out / "phases.html").write_text(phases_page(study, text), encoding="utf-8")
    if as_json:
        print_json(figures)
    else:
        _tell(study, figures, out)


def _usable(scenario: Scenario, fit_part: float) -> tuple[Network, int]:
    """The network and the slot index at which the series is split."""
    faults, community, series = [], scenario.community, scenario.series
    if not 0.05 <= fit_part <= 0.95:
        faults.append(Fault("--fit", f"is {fit_part}", "choose a part of the series from 0.05 to 0.95"))
    total, day = len(series.retail), community.clock.per_day
    if total < 2 * day:
        faults.append(Fault("series", f"hold {total} slots", f"two days ({2 * day} slots) are the least to learn from"))
    if scenario.network_json is None:
        faults.append(Fault("[grid]", "is absent: no wires, no phases to choose", "name a network; see docs/grid.md"))
    single = [at for at, member in enumerate(community.members) if member.phase not in (None, Phase.ABC)]
    if not single:
        faults.append(Fault("[[member]] phase", "is a, b or c for nobody", "give the single-phase members' phases"))
    elif not (series.load_wh[:, single].any() or series.pv_wh[:, single].any()):
        faults.append(Fault("series", "are zero for every single-phase member", "give their use, or their roofs"))
    if faults or scenario.network_json is None:
        raise InputError("Phases cannot be chosen for this community.", faults)
    accounts = [FIRST_MEMBER + at for at in range(community.size)]
    return Network.parse(scenario.network_json, accounts), int(total * fit_part)


def _stride(count: int, most: int, per_day: int) -> int:
    """Every how many-th slot is judged: no divisor of a day, or the same few hours would always be judged."""
    stride = max(1, -(-count // most))
    while stride > 1 and np.gcd(stride, per_day) > 1:
        stride += 1
    return stride


def _days(scenario: Scenario, split: int) -> tuple[str, str, str, str]:
    """First and last day of both parts."""
    series, clock = scenario.series, scenario.community.clock
    slots = series.first_slot, series.first_slot + split - 1, series.first_slot + split, series.end_slot - 1
    first, until, since, last = (clock.local(slot).date().isoformat() for slot in slots)
    return first, until, since, last


def _orders(study: PhaseStudy, scenario: Scenario) -> str:
    """The work orders as CSV text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step", "account", "id", "meter", "bus", "bus_name", "from", "to", "share", "share_so_far"])
    done = 0.0
    for change in study.changes:
        done += change.share
        member, at = scenario.community.members[change.member], int(study.network.member_bus[change.member])
        bus = int(study.network.bus_id[at]), study.network.bus_name[at]
        phase = study.before[change.member].value, study.after[change.member].value
        account = FIRST_MEMBER + change.member
        row = [change.step, account, member.id, member.meter, *bus, *phase, f"{change.share:.5f}", f"{done:.5f}"]
        writer.writerow(row)
    return text.getvalue()


def _figures(study: PhaseStudy) -> dict[str, Any]:
    drawn = [asdict(each.figures) for each in study.drawn]
    mean = {name: float(np.mean([each[name] for each in drawn])) for name in drawn[0]}
    proposed = asdict(study.proposed.figures)
    cut = {name: _cut(proposed[name], mean[name]) for name in ("neutral_mean_a", "neutral_rms_a", "neutral_p99_a")}
    return {
        "connections": sum(phase is not Phase.ABC for phase in study.before),
        "changes": len(study.changes),
        "less_than_drawn": cut,
        "drawn_mean": mean,
        "present": asdict(study.present.figures),
        "milestones": {str(count): asdict(each.figures) for count, each in study.milestones},
        "proposed": proposed,
        "drawn": drawn,
    }


def _cut(value: float, beside: float) -> float:
    return 1 - value / beside if beside else 0.0


def _tell(study: PhaseStudy, figures: dict[str, Any], out: Path) -> None:
    learned, judged = (" to ".join(figures[name]) for name in ("learned", "judged"))
    table = Table(title=f"learned on {learned}, judged on {judged}")
    table.add_column("", no_wrap=True)
    for name, *_ in _SHOWN:
        table.add_column(name, justify="right")
    table.add_row("drawn, mean", *(f"{figures['drawn_mean'][key] * by:,.{to}f}" for _, key, by, to in _SHOWN))
    for name, each in (("as it is", study.present), *_marks(study), ("as proposed", study.proposed)):
        table.add_row(name, *(f"{getattr(each.figures, key) * by:,.{to}f}" for _, key, by, to in _SHOWN))
    stdout.print(table)
    stdout.print(
        "U out: part of the time with a voltage outside; I out: with an overload. N: neutral. VUF: voltage unbalance."
    )
    was, becomes = (100 * each.figures.voltage_violations for each in (study.present, study.proposed))
    if becomes > was:
        worse = f"A voltage is outside more often as proposed ({becomes:.2f} %) than as it is ({was:.2f} %)"
        stdout.print(f"{worse}: look at fewer changes, and at more slots (--slots).")
    cut = figures["less_than_drawn"]["neutral_mean_a"]
    stdout.print(
        f"{figures['changes']} of {figures['connections']} connections change; the neutral carries {cut:.0%} less than "
        "with drawn phases"
    )
    stdout.print(f"written to {out}: phases.csv (work orders), phases.html, phases.json", soft_wrap=True)


def _marks(study: PhaseStudy) -> list[tuple[str, Judged]]:
    return [(f"after {count}", each) for count, each in study.milestones]
