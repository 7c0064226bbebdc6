"""Phases chosen on one part of what was measured, and judged by AC power flow on the rest of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.energy import injections, reactive_share
from sunfair.grid.flow import power_flow
from sunfair.grid.network import Network
from sunfair.grid.phase_changes import PhaseChange, order_changes
from sunfair.grid.phasing import PHASES, assign_phases, phase_numbers, unbalance
from sunfair.grid.wire_figures import WireFigures, wire_figures
from sunfair.model import Phase

__all__ = ["Judged", "PhaseStudy", "study_phases"]

_MILESTONES = (0.25, 0.5, 0.75)
"""After which part of the changes the wires are looked at as well."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What one choice of phases came to in the slots it was judged on.

    neutral_a : float64[T], A, ascending: the neutral current at the transformer as a duration curve
    """

    figures: WireFigures
    neutral_a: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PhaseStudy:
    """A phase assignment with its proof.

    before, after : the phase of every member as it is and as proposed
    changes : the moves between them, most useful first
    present, proposed : judged out of sample; `drawn`: random assignments, judged on the same slots
    milestones : (number of changes made, judged), ascending, the whole left out
    """

    network: Network
    before: tuple[Phase, ...]
    after: tuple[Phase, ...]
    changes: tuple[PhaseChange, ...]
    present: Judged
    proposed: Judged
    milestones: tuple[tuple[int, Judged], ...]
    drawn: tuple[Judged, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """Use and roofs, int64[T, n] Wh, ≥ 0, on a network."""

    network: Network
    load_wh: Ints
    pv_wh: Ints
    slot_seconds: int

    def judge(self, phases: Sequence[Phase]) -> Judged:
        flow = power_flow(self.network, *injections(self.load_wh - self.pv_wh, self.load_wh, phases, self.slot_seconds))
        neutral = flow.neutral_a[flow.converged]
        most = neutral.max(axis=1) if neutral.shape[1] else np.zeros(len(neutral))
        return Judged(wire_figures(flow), np.sort(most))


def study_phases(
    network: Network,
    load_wh: Ints,
    pv_wh: Ints,
    before: Sequence[Phase],
    *,
    split: int,
    stride: int,
    starts: Sequence[Ints],
    drawn: Sequence[Ints],
    slot_seconds: int,
    say: Callable[[str], None] = lambda _: None,
    drawn_done: Callable[[str, int, int], None] = lambda what, done, of: None,
) -> PhaseStudy:
    """Choose phases on slots 0 … split − 1 and judge them on every `stride`-th of the others.

    load_wh, pv_wh : int64[T, n], ≥ 0: use and roofs, without batteries and cars: what is known when a street is
        connected
    before : the phase of each member; three-phase ones stay
    starts : phase numbers the search begins with, int64[n] each, besides those of `before`
    drawn : assignments to compare with, int64[n] each
    say, drawn_done : told what begins, and (what, which of them, of how many) before each drawn assignment

    Raises ValueError where there is nothing to balance or no slot has a solution.
    """
    movable = np.array([phase is not Phase.ABC for phase in before])
    watt_per_wh, keep = 3600 / slot_seconds, phase_numbers(before)
    net_w = np.asarray((load_wh - pv_wh)[:split] * watt_per_wh, np.float64)
    load_var = np.asarray(load_wh[:split] * (watt_per_wh * reactive_share(0.95)), np.float64)
    say("choosing phases")
    problem = unbalance(network, net_w, load_var, movable)
    chosen = assign_phases(problem, starts, keep=keep)
    changes = order_changes(problem, keep, chosen)
    rest = _Measured(network, load_wh[split::stride], pv_wh[split::stride], slot_seconds)
    others = []
    for at, numbers in enumerate(drawn):
        drawn_done("power flow of drawn phases", at + 1, len(drawn))
        others.append(rest.judge(_named(numbers, before)))
    say("power flow of the phases as they are and as proposed")
    marks = sorted({round(part * len(changes)) for part in _MILESTONES} - {0, len(changes)})
    return PhaseStudy(
        network=network,
        before=tuple(before),
        after=_named(chosen, before),
        changes=changes,
        present=rest.judge(before),
        proposed=rest.judge(_named(chosen, before)),
        milestones=tuple((mark, rest.judge(_named(_after(keep, changes[:mark]), before))) for mark in marks),
        drawn=tuple(others),
    )


def _named(numbers: Ints, before: Sequence[Phase]) -> tuple[Phase, ...]:
    return tuple(was if was is Phase.ABC else PHASES[int(at)] for was, at in zip(before, numbers, strict=True))


def _after(keep: Ints, changes: Sequence[PhaseChange]) -> Ints:
    phase = keep.copy()
    for change in changes:
        phase[change.member] = change.after
    return phase
