"""The audit of a run's folder, stage by stage."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sunfair.audit.auction import recleared
from sunfair.audit.envelopes import envelope_faults
from sunfair.audit.findings import Finding, Rank, told
from sunfair.audit.local_prices import local_price_faults
from sunfair.audit.money import bill_faults, recomputed
from sunfair.audit.neighbours import neighbour_faults
from sunfair.audit.physics import physics
from sunfair.audit.plants import plant_faults
from sunfair.audit.roots import headers, settlements, terms_faults
from sunfair.audit.run import Run, open_run, wholeness
from sunfair.audit.signed import offers_signed, readings_signed, receipts
from sunfair.audit.summary import summary_faults
from sunfair.audit.unlimited import unlimited_faults

__all__ = ["STAGES", "audit"]

STAGES = ("files", "auction", "signatures", "money", "commitments", "wires")
"""What an audit goes through, in order."""


def audit(folder: Path, progress: Callable[[str, int, int], None] = lambda stage, done, of: None) -> list[Finding]:
    """Everything false, missing, double or contradictory in a run's folder, the finding nearest its cause last.

    `progress` is told (stage, slots done, slots in all). Raises RunFilesError when a file is absent, or no Parquet or
    TOML.
    """
    run = open_run(folder)
    if isinstance(run, Finding):
        return [run]
    total = len(run.slots)
    progress("files", 0, total)
    found = wholeness(run) or _owners(run)
    if found:
        return _told(run, found)
    progress("auction", 0, total)
    auctions, found = recleared(run)
    if not auctions:
        return _told(run, found)
    known, wrong = receipts(run)
    found += [*wrong, *local_price_faults(run, auctions)]
    offers, meters = offers_signed(run, auctions, known), readings_signed(run)
    for at, (one, other) in enumerate(zip(offers, meters, strict=True)):
        found += one + other
        progress("signatures", at + 1, total)
    money, wrong = recomputed(run, auctions)
    found += wrong
    progress("money", total, total)
    for wrong in bill_faults(run, money):
        found += wrong
    digests, doubtful = [], set[int]()
    for at, (digest, wrong) in enumerate(headers(run, auctions, money)):
        digests.append(digest)
        found += wrong
        doubtful |= {finding.slot for finding in wrong}
        progress("commitments", at + 1, total)
    found += [*terms_faults(run), *settlements(run, money, digests)]
    for wrong in physics(run):
        found += wrong
    found += [*envelope_faults(run, doubtful), *unlimited_faults(run)]
    found += [*summary_faults(run), *neighbour_faults(run, money), *plant_faults(run, money)]
    progress("wires", total, total)
    return _told(run, found)


def _told(run: Run, found: list[Finding]) -> list[Finding]:
    first = int(run.slots[0]) if len(run.slots) else 0
    return told(found, slots=range(first, first + max(len(run.slots), 1)), accounts=run.accounts)


def _owners(run: Run) -> list[Finding]:
    """Whether the chain and the files speak of the same number of accounts and of contiguous slots."""
    found = []
    if len(run.chain.owners) != run.accounts:
        what = f"{len(run.chain.owners)} accounts on chain, {run.accounts} in community.toml"
        found.append(Finding(Rank.STRUCTURE, int(run.slots[0]) if len(run.slots) else 0, 0, what))
    gaps = np.flatnonzero(np.diff(run.slots) != 1)
    found += [Finding(Rank.STRUCTURE, int(run.slots[at]), 0, "the anchored periods do not abut") for at in gaps]
    if not len(run.slots):
        found.append(
            Finding(Rank.STRUCTURE, 0, 0, "no period of this run was anchored: it ended before its first day was over")
        )
    return found
