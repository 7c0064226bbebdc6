"""What a run tells of who traded with whom: each traded Wh is claimed once, and a gift repays what was paid for it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sunfair.audit.findings import Finding, Rank
from sunfair.audit.money import Money
from sunfair.audit.run import Run
from sunfair.files import read_table
from sunfair.files.neighbours_table import NEIGHBOURS
from sunfair.market.gifts import paid_for

__all__ = ["neighbour_faults"]


def neighbour_faults(run: Run, money: Money) -> Iterator[Finding]:
    """Per slot, session and account: Wh told against Wh traded; per gift: what was repaid. Nothing without the file."""
    if not (run.folder / "neighbours.parquet").is_file():
        return
    table = read_table(run.folder, "neighbours")
    if not table.schema.equals(NEIGHBOURS):
        yield Finding(Rank.STRUCTURE, int(run.slots[0]), 0, "neighbours.parquet has other columns")
        return
    names = ("slot", "session", "seller", "buyer", "energy_wh", "repaid")
    rows = list(zip(*(table[name].to_pylist() for name in names), strict=True))
    places = {int(slot): at for at, slot in enumerate(run.slots)}
    told = {"ahead": np.zeros_like(money.ahead_wh), "pool": np.zeros_like(money.pool_wh)}
    returned: dict[tuple[int, str, int], tuple[int, int]] = {}
    for slot, session, seller, buyer, energy, repaid in rows:
        inside = slot in places and session in told and max(seller, buyer) < run.accounts and min(seller, buyer) >= 0
        if not inside or energy <= 0:
            yield Finding(Rank.ROW, slot, max(seller, 0), f"neighbours.parquet tells {energy} Wh for account {buyer}")
            continue
        told[session][places[slot], seller] -= energy
        told[session][places[slot], buyer] += energy
        if repaid is not None:
            wh, money_back = returned.get((slot, session, buyer), (0, 0))
            returned[slot, session, buyer] = wh + energy, money_back + repaid
    for session, traded in (("ahead", money.ahead_wh), ("pool", money.pool_wh)):
        yield from _differ(run, session, told[session], traded)
    for (slot, session, buyer), (energy, repaid) in returned.items():
        terms = money.terms[places[slot]]
        due = paid_for(energy, (terms.price_ahead if session == "ahead" else terms.price_pool) or 0)
        if repaid != due:
            what = f"{repaid} µ were given back for {energy} Wh of gifts ({session}); {due} µ were paid for them"
            yield Finding(Rank.ROW, slot, buyer, what)


def _differ(run: Run, session: str, told: NDArray[np.int64], traded: NDArray[np.int64]) -> Iterator[Finding]:
    for at, account in np.argwhere(told != traded)[:200]:
        what = f"neighbours.parquet tells {told[at, account]} Wh ({session}), {traded[at, account]} Wh were traded"
        yield Finding(Rank.ROW, int(run.slots[at]), int(account), what)
