"""`compare`: every mechanism on the offers of a run."""

from pathlib import Path

import numpy as np
from rich.table import Table

from sunfair.cli.show import print_json, stdout
from sunfair.files import load_community, read_table
from sunfair.market import Offers, Outcome, Terms, compare, total_outcomes
from sunfair.units import MICRO

__all__ = ["run_compare"]

_MILLI = 1000
"""Outcomes are in 10⁻³ µ (Wh times µ/kWh)."""


def run_compare(folder: Path, *, as_json: bool) -> None:
    """Clear each of the run's books by every mechanism and print the sums per session."""
    community = load_community(folder / "community.toml")
    outcomes = {session: _session(folder, session, community.k) for session in ("ahead", "pool")}
    if as_json:
        print_json({session: {o.mechanism: _figures(o) for o in each} for session, each in outcomes.items()})
        return
    for session, each in outcomes.items():
        table = Table(title=f"{session}: the same offers, {len(each)} mechanisms")
        table.add_column("mechanism", no_wrap=True)
        for column in ("welfare", "kWh", "mean price", "buyers gain", "sellers gain", "homes gain"):
            table.add_column(column, justify="right")
        for outcome in each:
            figures = _figures(outcome)
            table.add_row(
                outcome.mechanism,
                *(f"{figures[name]:,.2f}" for name in ("welfare", "volume_kwh")),
                "–" if figures["price"] is None else f"{figures['price']:.4f}",
                *(f"{figures[name]:,.2f}" for name in ("buyers_gain", "sellers_gain")),
                f"{figures['accounts_gaining']:.0f}",
            )
        stdout.print(table)
    stdout.print(f"Money in {community.currency}, prices per kWh, before fees; gains against each step's own limit.")


def _session(folder: Path, session: str, k: tuple[int, int]) -> tuple[Outcome, ...]:
    offers, slots = read_table(folder, "offers"), read_table(folder, "slots")
    rows = np.array(offers["session"].to_pylist(), dtype=object) == session
    slot, account, energy, limit = (offers[name].to_numpy()[rows] for name in ("slot", "account", "energy_wh", "limit"))
    number, retail, feed_in = (slots[name].to_numpy() for name in ("slot", "retail", "feed_in"))
    edges = np.searchsorted(slot, np.append(number, number[-1:] + 1))
    books = zip(edges[:-1], edges[1:], retail.tolist(), feed_in.tolist(), strict=True)
    return total_outcomes(
        [compare(Offers(account[a:b], energy[a:b], limit[a:b]), Terms(high, low, k)) for a, b, high, low in books]
    )


def _figures(outcome: Outcome) -> dict[str, float | None]:
    """For people: currency and kWh (the exact integers are in the outcome)."""
    unit = _MILLI * MICRO
    return {
        "welfare": outcome.welfare / unit,
        "volume_kwh": outcome.volume_wh / 1000,
        "price": None if outcome.price is None else outcome.price / MICRO,
        "buyers_gain": outcome.buyer_gain / unit,
        "sellers_gain": outcome.seller_gain / unit,
        "accounts_gaining": float(sum(gain > 0 for gain in outcome.account_gain.values())),
    }
