"""Operating envelopes again: the caps from the wires and what was asked, their root, and the meters against them."""

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from sunfair.audit.findings import Finding, Rank
from sunfair.audit.run import Run
from sunfair.errors import InputError
from sunfair.grid import Asks, EnvelopeRule, Network
from sunfair.model import FIRST_MEMBER, Phase
from sunfair.settlement import ZERO_HASH, envelope_root

__all__ = ["CAP_TOLERANCE_WH", "envelope_faults", "envelope_roots"]

CAP_TOLERANCE_WH = 2
"""Caps are worked out again in floating point and rounded down: on another machine one may fall to the other side.
What was told is bound to the watt-hour by the slot's data hash: where that does not hold, no difference is let pass.
"""

_ASKED = ("need_wh", "import_ask_wh", "export_ask_wh", "import_most_wh", "export_most_wh")

Ints = NDArray[np.int64]


def envelope_roots(run: Run) -> list[bytes]:
    """What the caps and salts of each slot hash to; zeros in a community without caps."""
    if "envelopes" not in run.tables:
        return [ZERO_HASH] * len(run.slots)
    salts, _ = run.bytes_grid("envelopes", "salt", 32)
    taken, given = (run.grid("envelopes", f"{way}_cap_wh") for way in ("import", "export"))
    return [envelope_root(int(slot), taken[at], given[at], salts[at]) for at, slot in enumerate(run.slots)]


def envelope_faults(run: Run, doubtful: Collection[int] = ()) -> Iterator[Finding]:
    """Caps that the wires do not give for what was asked, and meters beyond their caps; in the slots of `doubtful`,
    whose roots do not hold, caps that differ at all.
    """
    if "envelopes" not in run.tables or not len(run.slots):
        return
    asked = [run.grid("envelopes", name) for name in _ASKED]
    negative = np.argwhere(np.any([part < 0 for part in asked], axis=0))
    for at, member in negative[:20]:
        yield Finding(Rank.PHYSICS, int(run.slots[at]), int(member) + FIRST_MEMBER, "it asks for less than nothing")
    if not len(negative):
        yield from _caps(run, asked, doubtful)
    yield from _meters(run)


def _caps(run: Run, asked: list[Ints], doubtful: Collection[int]) -> Iterator[Finding]:
    community = run.community
    text = (run.folder / "grid.json").read_text(encoding="utf-8")
    try:
        network = Network.parse(text, [FIRST_MEMBER + at for at in range(community.size)])
    except InputError:
        return  # told by the power flow
    phases = [home.phase or Phase.ABC for home in community.members]
    rule = EnvelopeRule(network, phases, community.clock.seconds, community.envelope)
    for at, slot in enumerate(run.slots.tolist()):
        tolerance = 0 if slot in doubtful else CAP_TOLERANCE_WH
        due = rule.caps(Asks(*(part[at] for part in asked)))
        for way, cap in (("import", due.import_wh), ("export", due.export_wh)):
            stated = run.grid("envelopes", f"{way}_cap_wh")[at]
            for member in np.flatnonzero(np.abs(stated - cap) > tolerance)[:20]:
                what = f"{way}_cap_wh is {stated[member]}; the wires and what was asked give {cap[member]}"
                yield Finding(Rank.PHYSICS, slot, int(member) + FIRST_MEMBER, what)


def _meters(run: Run) -> Iterator[Finding]:
    """What flowed beyond a cap although it could have been refused: a roof's energy, a battery's or a car's charge."""
    load, pv, battery, ev, curtail = (
        run.grid("plans", name) for name in ("load_wh", "pv_wh", "battery_wh", "ev_wh", "curtail_wh")
    )
    net = load - pv + curtail + battery + ev
    given, taken = (run.grid("envelopes", f"{way}_cap_wh") for way in ("export", "import"))
    over, chosen = net - taken, np.maximum(battery, 0) + ev + curtail
    for beyond, way, cap in ((-net - given, "gave", given), (np.minimum(over, chosen), "took", taken)):
        for at, member in np.argwhere(beyond > 0)[:50]:
            what = f"it {way} {abs(int(net[at, member]))} Wh where its cap is {int(cap[at, member])} Wh"
            yield Finding(Rank.PHYSICS, int(run.slots[at]), int(member) + FIRST_MEMBER, what)
