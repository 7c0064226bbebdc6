"""The report: a run's folder as one page that a householder can read and check (docs/report.md)."""

from sunfair.report.page import write_report

__all__ = ["write_report"]
