"""What an audit finds, and in which order it is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Finding", "Rank", "told"]


class Rank(IntEnum):
    """How near a finding is to its cause: a false number makes others false, the lowest rank names the first."""

    STRUCTURE = 0
    SIGNED = 1
    ROW = 2
    SLOT = 3
    PHYSICS = 4
    ROOT = 5
    CHAIN = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is false, missing, double or contradictory. What belongs to no member is account 0's."""

    rank: Rank
    slot: int
    account: int
    what: str

    def __str__(self) -> str:
        return f"slot {self.slot} account {self.account}: {self.what}"


def told(findings: Iterable[Finding], *, slots: range, accounts: int) -> list[Finding]:
    """The findings with the one nearest to its cause last.

    A slot or account that the run does not have is told as the run's first slot or as account 0, with what was stated.
    """
    placed = [(finding, _placed(finding, slots, accounts)) for finding in findings]
    placed.sort(key=lambda pair: (-pair[0].rank, pair[0] is pair[1], -pair[1].slot, -pair[1].account))
    return [there for _, there in placed]


def _placed(finding: Finding, slots: range, accounts: int) -> Finding:
    if finding.slot in slots and 0 <= finding.account < accounts:
        return finding
    slot = finding.slot if finding.slot in slots else slots.start
    account = finding.account if 0 <= finding.account < accounts else 0
    stated = f"(stated as slot {finding.slot}, account {finding.account}) {finding.what}"
    return Finding(finding.rank, slot, account, stated)
