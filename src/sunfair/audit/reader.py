"""The private part of a run's folder, as the reader that an account named looks at it, or the utility's reader.

A reader is given what the account itself has: its signed offers and receipts, its meter's registers, its rows and its
bill. The utility's reader looks at every account's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sunfair.audit.check import audit
from sunfair.audit.findings import Finding
from sunfair.audit.run import open_run
from sunfair.errors import Fault, RunFilesError
from sunfair.model import FIRST_MEMBER, Community

__all__ = ["EVERYBODY", "Look", "look_as"]

EVERYBODY = "utility"
"""Who may read every account."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a reader found of the accounts it reads: how many rows there are, and what is false, its cause last."""

    reader: str
    accounts: range
    rows: int
    false: tuple[Finding, ...]


def look_as(folder: Path, who: str, progress: Callable[[str, int, int], None] = lambda stage, done, of: None) -> Look:
    """Work out again all that concerns `who`: a member's id, an account's number, or `utility` for all of them.

    RunFilesError if the folder is none of a run, or nobody of that name is in it. `progress` as of `audit`.
    """
    run = open_run(folder)
    if isinstance(run, Finding):
        return Look(who, range(0), 0, (run,))
    accounts = _accounts(run.community, who)
    found = [finding for finding in audit(folder, progress) if who == EVERYBODY or finding.account in accounts]
    return Look(who, accounts, len(accounts) * len(run.slots), tuple(found))


def _accounts(community: Community, who: str) -> range:
    everybody = range(FIRST_MEMBER, FIRST_MEMBER + community.size)
    if who == EVERYBODY:
        return everybody
    names = [member.id for member in community.members]
    if who in names:
        account = FIRST_MEMBER + names.index(who)
        return range(account, account + 1)
    if who.isdecimal() and int(who) in everybody:
        return range(int(who), int(who) + 1)
    there = f"{names[0]} to {names[-1]}, {everybody[0]} to {everybody[-1]}, or {EVERYBODY}"
    raise RunFilesError(
        f"nobody in this run is called {who}", [Fault("--account", f"is {who}", f"name one of {there}")]
    )
