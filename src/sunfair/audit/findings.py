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


def told(findings: Iterable[Finding]) -> list[Finding]:
    """The findings with the one nearest to its cause last."""
    return sorted(findings, key=lambda found: (-found.rank, -found.slot, -found.account))
