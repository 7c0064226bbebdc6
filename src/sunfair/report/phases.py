"""The page of a phase assignment: before, after and drawn, change by change, on the feeder. Nothing is loaded."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sunfair.grid import WireFigures
from sunfair.grid.phase_study import Judged, PhaseStudy
from sunfair.model import Phase
from sunfair.report.picture import TONES, Line, chart, figure, legend, page, table
from sunfair.report.tree import tree_places

__all__ = ["PhaseText", "phases_page"]

_TONE = {Phase.ABC: TONES[0], Phase.A: TONES[1], Phase.B: TONES[2], Phase.C: TONES[3]}
_ROWS = (
    ("neutral current, mean, A", "neutral_mean_a", 1.0, 1),
    ("neutral current, root mean square, A", "neutral_rms_a", 1.0, 1),
    ("neutral current, 99th percentile, A", "neutral_p99_a", 1.0, 1),
    ("highest voltage, pu", "max_voltage_pu", 1.0, 4),
    ("lowest voltage, pu", "min_voltage_pu", 1.0, 4),
    ("outside the limits, % of the time", "violations", 100.0, 2),
    ("voltage outside, % of the time", "voltage_violations", 100.0, 2),
    ("overloaded, % of the time", "loading_violations", 100.0, 2),
    ("voltage unbalance, mean, %", "vuf_mean", 100.0, 3),
    ("voltage unbalance, highest, %", "vuf_max", 100.0, 3),
    ("losses, mean, W", "losses_w", 1.0, 0),
)


@dataclass(frozen=True, slots=True)
class PhaseText:
    """What the page calls things: the community, its members, the days learned from and judged on (first and last)."""

    community: str
    members: Sequence[str]
    days: tuple[str, str, str, str]
    stride: int


def phases_page(study: PhaseStudy, text: PhaseText) -> str:
    """The page as text."""
    first, until, since, last = text.days
    every = "every slot" if text.stride == 1 else f"one slot in {text.stride}"
    lead = (
        f"{text.community}: {len(study.changes)} of {_single(study)} single-phase connections change their phase. "
        f"Chosen on use and roofs from {first} to {until}, judged by unbalanced power flow from {since} to {last} "
        f"({every}), beside {len(study.drawn)} assignments drawn at random."
    )
    parts = [_figures(study), _duration(study), _feeder(study, text), _changes(study, text)]
    return page("Which phase for which connection", lead, parts)


def _single(study: PhaseStudy) -> int:
    return sum(phase is not Phase.ABC for phase in study.before)


def _figures(study: PhaseStudy) -> str:
    marks = [f"after {count} changes" for count, _ in study.milestones]
    head = ["", "drawn (mean)", "drawn (range)", "as it is", *marks, "as proposed"]
    judged = [study.present, *(each for _, each in study.milestones), study.proposed]
    rows = [_row(words, name, scale, digits, study.drawn, judged) for words, name, scale, digits in _ROWS]
    return figure(
        "On the wires, out of sample",
        "The neutral current is that of the transformer. Limits: 0.90 to 1.10 pu, loading 1.",
        table(head, rows, "Figures of the wires"),
    )


def _row(
    words: str, name: str, scale: float, digits: int, drawn: Sequence[Judged], judged: Sequence[Judged]
) -> list[str]:
    def read(figures: WireFigures) -> float:
        return float(getattr(figures, name)) * scale

    random = [read(each.figures) for each in drawn]
    spread = f"{min(random):,.{digits}f} … {max(random):,.{digits}f}" if random else "–"
    mean = f"{np.mean(random):,.{digits}f}" if random else "–"
    return [words, mean, spread, *(f"{read(each.figures):,.{digits}f}" for each in judged)]


def _duration(study: PhaseStudy) -> str:
    share = np.linspace(0, 100, 101)

    def curve(judged: Judged) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.quantile(judged.neutral_a, 1 - share / 100)

    lines = [Line("as it is", curve(study.present)), Line("as proposed", curve(study.proposed))]
    if study.drawn:
        drawn = np.mean([curve(each) for each in study.drawn], axis=0)
        lines = [Line("drawn at random, mean", drawn, dashed=True), *lines]
    drawing = chart(share, lines, label="Duration curve of the neutral current", unit=("% of the time", "A"))
    every = range(0, 101, 5)
    rows = [[f"{share[at]:.0f} %", *(f"{line.values[at]:.1f}" for line in lines)] for at in every]
    numbers = table(["of the time", *(f"{line.name}, A" for line in lines)], rows, "Duration curve")
    return figure("Neutral current", "For how much of the time it is at least so high.", drawing, numbers)


def _feeder(study: PhaseStudy, text: PhaseText) -> str:
    """The cables as a tree, each connection a dot in the colour of its phase, changes with a ring."""
    places = tree_places(study.network)
    step_x, step_y, left, top = max(22.0, 900.0 / max(int(places.depth.max()), 1)), 34.0, 20.0, 16.0
    spread = np.zeros(study.network.buses, np.int64)
    x, y = left + places.depth * step_x, top + places.row * step_y
    parts = [
        f'<path class="grid" fill="none" d="M{x[above]:.0f} {y[above]:.0f}V{y[bus]:.0f}H{x[bus]:.0f}"/>'
        for bus, above in enumerate(places.parent.tolist())
        if above >= 0
    ]
    for at, member in enumerate(text.members):
        bus, was, now = int(study.network.member_bus[at]), study.before[at], study.after[at]
        across = x[bus] + 6 * spread[bus]
        spread[bus] += 1
        ring = f'<circle cx="{across:.0f}" cy="{y[bus]:.0f}" r="8" fill="none" stroke="currentColor"/>'
        told = f"{member}: {was.value}" + ("" if was is now else f" → {now.value}")
        dot = f'<circle class="f-{_TONE[now]}" cx="{across:.0f}" cy="{y[bus]:.0f}" r="5.5">'
        parts.append(f"{ring if was is not now else ''}{dot}<title>{html.escape(told)}</title></circle>")
    width, height = float(x.max()) + 30, float(y.max()) + 20
    drawing = (
        legend(["three phases", "phase a", "phase b", "phase c"])
        + f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="The feeders as proposed">'
        + "".join(parts)
        + "</svg>"
    )
    rows = [
        [member, study.network.bus_name[int(study.network.member_bus[at])], was.value, now.value]
        for at, (member, was, now) in enumerate(zip(text.members, study.before, study.after, strict=True))
    ]
    return figure(
        "The feeders as proposed",
        "Cables from the transformer (left) outwards; a ring marks a connection that changes.",
        drawing,
        table(["connection", "bus", "is", "proposed"], rows, "Phase of every connection"),
    )


def _changes(study: PhaseStudy, text: PhaseText) -> str:
    rows, done = [], 0.0
    for change in study.changes:
        done += change.share
        member = text.members[change.member]
        was, now = study.before[change.member].value, study.after[change.member].value
        bus = study.network.bus_name[int(study.network.member_bus[change.member])]
        rows.append([f"{change.step}", member, bus, f"{was} → {now}", f"{change.share:.1%}", f"{done:.1%}"])
    if not rows:
        return figure("Changes", "None: the phases as they are cannot be improved by 5 %.", "")
    steps = np.cumsum([0.0, *(change.share for change in study.changes)]) * 100
    drawing = chart(
        np.arange(len(steps), dtype=np.float64),
        [Line("part of the whole improvement", steps)],
        label="Improvement by number of changes",
        unit=("changes made", "%"),
    )
    head = ["step", "connection", "bus", "change", "adds", "in all"]
    return figure(
        "Changes, most useful first",
        "Changes of one step pay together only: some of them alone would be a loss. Improvement: of the unbalance by "
        "which the choice was made.",
        drawing,
        table(head, rows, "Changes"),
        folded=False,
    )
