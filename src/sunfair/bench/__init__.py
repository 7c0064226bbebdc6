"""Figures measured now, each beside a reference measured in the same run."""

from sunfair.bench.clearing import bench_clearing

__all__ = ["bench_clearing"]
