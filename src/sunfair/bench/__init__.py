"""Figures measured now, each beside a reference."""

from sunfair.bench.clearing import bench_clearing
from sunfair.bench.forecast import bench_forecast
from sunfair.bench.gas import SIZES, bench_gas
from sunfair.bench.gas_prices import DEFAULT_PRICES, GasPrices
from sunfair.bench.gas_text import gas_text
from sunfair.bench.planning import bench_planning
from sunfair.bench.powerflow import bench_powerflow
from sunfair.bench.year import bench_year

__all__ = [
    "DEFAULT_PRICES",
    "SIZES",
    "GasPrices",
    "bench_clearing",
    "bench_forecast",
    "bench_gas",
    "bench_planning",
    "bench_powerflow",
    "bench_year",
    "gas_text",
]
