"""`bench`."""

import json
import math

import typer

from sunfair.bench import DEFAULT_PRICES, SIZES, GasPrices, bench_clearing, bench_gas, bench_planning, gas_text
from sunfair.cli.show import print_json, stderr
from sunfair.errors import Fault, InputError

__all__ = ["run_bench"]

_BENCHES = ("clearing", "gas", "planning")


def run_bench(
    name: str,
    *,
    as_json: bool,
    sizes: str | None = None,
    gas_price: float | None = None,
    eth_price: float | None = None,
    blob_price: float | None = None,
) -> None:
    """Measure one thing and print the figures; sizes and prices are those of `bench gas` (None: the usual ones)."""
    if name not in _BENCHES:
        raise InputError(f"there is no benchmark {name!r}; choose one of: {', '.join(_BENCHES)}")
    given = {"--sizes": sizes, "--gas-price": gas_price, "--eth-price": eth_price, "--blob-price": blob_price}
    if name == "gas":
        prices = _prices(gas_price, eth_price, blob_price)
        figures = bench_gas(_tell, sizes=_sizes(sizes), prices=prices)
    elif strange := [option for option, value in given.items() if value is not None]:
        raise InputError(f"{', '.join(strange)}: only `bench gas` takes that")
    else:
        figures = bench_planning(_tell) if name == "planning" else bench_clearing(_tell)
    if as_json:
        print_json(figures)
    else:
        typer.echo(gas_text(figures) if name == "gas" else json.dumps(figures, indent=2, ensure_ascii=False))


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
