"""Recomputing a run from its own files and holding it against what was committed on chain."""

from sunfair.audit.check import STAGES, audit
from sunfair.audit.findings import Finding, Rank, told

__all__ = ["STAGES", "Finding", "Rank", "audit", "told"]
