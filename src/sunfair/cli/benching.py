"""`bench`."""

import json
import math
from pathlib import Path
from typing import Any

import typer

from sunfair.bench import (
    DEFAULT_PRICES,
    SIZES,
    GasPrices,
    bench_clearing,
    bench_forecast,
    bench_gas,
    bench_planning,
    bench_powerflow,
    gas_text,
)
from sunfair.cli.bench_grid import run_bench_grid, show_bench_grid
from sunfair.cli.bench_year import run_bench_year
from sunfair.cli.show import print_json, stderr
from sunfair.errors import Fault, InputError
from sunfair.files import load_scenario
from sunfair.model import Scenario

__all__ = ["run_bench"]

_BENCHES = (
    *("charging", "clearing", "commons", "csms", "forecast", "gas", "grid", "planning", "powerflow", "registry"),
    "year",
)


def run_bench(
    name: str,
    *,
    as_json: bool,
    sizes: str | None = None,
    gas_price: float | None = None,
    eth_price: float | None = None,
    blob_price: float | None = None,
    community: Path | None = None,
    weeks: int | None = None,
    every: int | None = None,
) -> None:
    """Measure one thing and print the figures; sizes and prices are those of `bench gas` (None: the usual ones).

    `community` is the file of one that `bench forecast` and `bench planning` measure beside the bundled one, and
    `bench grid`, `bench powerflow` and `bench year` instead of it;
    `weeks` is how many of the year's `bench year` runs (None: all), `every` the step between the days of `bench grid`.
    """
    _check_options(name, community, weeks, every)
    given = {"--sizes": sizes, "--gas-price": gas_price, "--eth-price": eth_price, "--blob-price": blob_price}
    if name == "gas":
        prices = _prices(gas_price, eth_price, blob_price)
        figures = bench_gas(_tell, sizes=_sizes(sizes), prices=prices)
    elif name in ("csms", "registry"):
        figures = (_csms if name == "csms" else _registry)(sizes)
    elif strange := [option for option, value in given.items() if value is not None]:
        raise InputError(f"{', '.join(strange)}: only `bench gas` takes that")
    elif name == "year":
        figures = run_bench_year(_tell, weeks=weeks, community=community)
    elif name == "grid":
        figures = run_bench_grid(_tell, every=every, community=community)
    else:
        figures = _measured(name, load_scenario(community) if community else None)
    if as_json:
        print_json(figures)
    elif name == "grid":
        show_bench_grid(figures)
    else:
        typer.echo(gas_text(figures) if name == "gas" else json.dumps(figures, indent=2, ensure_ascii=False))


def _check_options(name: str, community: Path | None, weeks: int | None, every: int | None) -> None:
    if name not in _BENCHES:
        raise InputError(f"there is no benchmark {name!r}; choose one of: {', '.join(_BENCHES)}")
    if community is not None and name not in ("forecast", "grid", "planning", "powerflow", "year"):
        raise InputError("--community: only `bench forecast`, `grid`, `planning`, `powerflow` and `year` take that")
    if weeks is not None and name != "year":
        raise InputError("--weeks: only `bench year` takes that")
    if every is not None and name != "grid":
        raise InputError("--every: only `bench grid` takes that")


def _measured(name: str, other: Scenario | None) -> dict[str, Any]:
    """The benches that take a community, or nothing."""
    if name == "commons":
        return _commons()
    if name == "charging":
        return _charging()
    if name == "forecast":
        return bench_forecast(_tell, other=other)
    if name == "planning":
        return bench_planning(_tell, other=other)
    if name == "powerflow":
        return bench_powerflow(_tell, scenario=other)
    return bench_clearing(_tell)


def _registry(sizes: str | None) -> dict[str, Any]:
    # Its database takes seconds to import, which the other benches need not wait for.
    from sunfair.bench.registry import REGISTRY_SIZES, bench_registry

    usual = REGISTRY_SIZES
    asked = usual if sizes is None else _sizes(sizes)
    least = (1_000, 1, 1)
    if len(asked) != len(usual) or any(size < low for size, low in zip(asked, least, strict=True)):
        fault = Fault(
            "--sizes", f"is {sizes!r}", "points (from 1000), switches, points to prove in: 100000,1000,1000000"
        )
        raise InputError("these are no sizes", [fault])
    return bench_registry(_tell, sizes=asked)


def _commons() -> dict[str, Any]:
    # pvlib takes seconds to import, which the other benches need not wait for.
    from sunfair.bench.commons import bench_commons

    return bench_commons(_tell)


def _charging() -> dict[str, Any]:
    from sunfair.bench.charging import bench_charging

    return bench_charging(_tell)


def _csms(sizes: str | None) -> dict[str, Any]:
    from sunfair.wiring.csms_bench import CSMS_SIZES, bench_csms

    return bench_csms(_tell, sizes=CSMS_SIZES if sizes is None else _sizes(sizes))


def _tell(text: str) -> None:
    stderr.print(f"[dim]{text}[/]")


def _sizes(text: str | None) -> tuple[int, ...]:
    if text is None:
        return SIZES
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--sizes {text!r} is no list of numbers: write members with commas, e.g. 10,100") from error


def _prices(gas_price: float | None, eth_price: float | None, blob_price: float | None) -> GasPrices:
    usual = DEFAULT_PRICES
    asked = {
        "--gas-price": usual.gas_gwei if gas_price is None else gas_price,
        "--eth-price": usual.ether_eur if eth_price is None else eth_price,
        "--blob-price": usual.blob_gwei if blob_price is None else blob_price,
    }
    faults = [
        Fault(option, f"is {value}", "give a price above 0")
        for option, value in asked.items()
        if not (math.isfinite(value) and value > 0)
    ]
    if faults:
        raise InputError("these are no prices", faults)
    return GasPrices(*asked.values())
