"""The same days without caps: whole, and true where it follows from use and roofs alone."""

from collections.abc import Iterator

import numpy as np

from sunfair.audit.findings import Finding, Rank
from sunfair.audit.run import Run
from sunfair.files import UNLIMITED, read_injections, read_table
from sunfair.grid import injections
from sunfair.model import FIRST_MEMBER, Phase

__all__ = ["unlimited_faults"]

TOLERANCE = 1e-6
"""W and var."""


def unlimited_faults(run: Run) -> Iterator[Finding]:
    """What is false in ``unlimited/``; that battery and car would have done otherwise nobody else can say.

    RunFilesError if its table is absent or unreadable. A run may have none: then its summary says nothing of it.
    """
    community = run.community
    if not (run.folder / UNLIMITED).is_dir() or not len(run.slots):
        return
    folder, first = run.folder / UNLIMITED, int(run.slots[0])
    table = read_table(folder, "injections")
    due = np.repeat(run.slots, community.size), np.tile(FIRST_MEMBER + np.arange(community.size), len(run.slots))
    try:
        have = tuple(table[name].to_numpy().astype(np.int64) for name in ("slot", "account"))
        stated = read_injections(folder, community.size)
    except (KeyError, ValueError):
        have, stated = ((np.zeros(0, np.int64),) * 2, None)
    if stated is None or not all(np.array_equal(one, other) for one, other in zip(have, due, strict=True)):
        what = "unlimited/injections.parquet does not hold each slot and account of the run once, in order"
        yield Finding(Rank.STRUCTURE, first, 0, what)
        return
    load, pv = run.grid("plans", "load_wh"), run.grid("plans", "pv_wh")
    phases = [home.phase or Phase.ABC for home in community.members]
    wanted = injections(load - pv, load, phases, community.clock.seconds)
    bare = np.array([not (home.battery or home.car or home.heat or home.appliances) for home in community.members])
    for kind, one, other in zip(("active", "reactive"), stated, wanted, strict=True):
        off = ~(np.abs(one - other) <= TOLERANCE).all(axis=2) & bare
        for at, member in np.argwhere(off)[:50]:
            what = f"unlimited: its {kind} power is not its use less its roof, and it has nothing to steer"
            yield Finding(Rank.PHYSICS, int(run.slots[at]), int(member) + FIRST_MEMBER, what)
