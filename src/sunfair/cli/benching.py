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
    gas_text,
)
from sunfair.cli.bench_year import run_bench_year
from sunfair.cli.show import print_json, stderr
from sunfair.errors import Fault, InputError
from sunfair.files import load_scenario

__all__ = ["run_bench"]

_BENCHES = ("clearing", "forecast", "gas", "planning", "registry", "year")


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
) -> None:
    """Measure one thing and print the figures; sizes and prices are those of `bench gas` (None: the usual ones).

    `community` is the file of one that `bench forecast` and `bench planning` measure beside the bundled one, and
    `bench year` instead of it;
    `weeks` is how many of the year's `bench year` runs (None: all).
    """
    if name not in _BENCHES:
        raise InputError(f"there is no benchmark {name!r}; choose one of: {', '.join(_BENCHES)}")
    if community is not None and name not in ("forecast", "planning", "year"):
        raise InputError("--community: only `bench forecast`, `bench planning` and `bench year` take that")
    if weeks is not None and name != "year":
        raise InputError("--weeks: only `bench year` takes that")
    given = {"--sizes": sizes, "--gas-price": gas_price, "--eth-price": eth_price, "--blob-price": blob_price}
    if name == "gas":
        prices = _prices(gas_price, eth_price, blob_price)
        figures = bench_gas(_tell, sizes=_sizes(sizes), prices=prices)
    elif name == "registry":
        figures = _registry(sizes)
    elif strange := [option for option, value in given.items() if value is not None]:
        raise InputError(f"{', '.join(strange)}: only `bench gas` takes that")
    elif name == "year":
        figures = run_bench_year(_tell, weeks=weeks, community=community)
    elif name == "forecast":
        figures = bench_forecast(_tell, other=load_scenario(community) if community else None)
    elif name == "planning":
        figures = bench_planning(_tell, other=load_scenario(community) if community else None)
    else:
        figures = bench_clearing(_tell)
    if as_json:
        print_json(figures)
    else:
        typer.echo(gas_text(figures) if name == "gas" else json.dumps(figures, indent=2, ensure_ascii=False))


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
