"""`compare`: every mechanism on the offers of a run."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.table import Table

from sunfair.cli.comparing_wires import show_wires, wires_figures
from sunfair.cli.show import print_json, stdout
from sunfair.errors import InputError
from sunfair.files import load_community, read_table
from sunfair.grid import Network
from sunfair.market import (
    MECHANISMS,
    Clearing,
    Offers,
    Outcome,
    Terms,
    clear_network,
    compare,
    feeder_at_gate,
    total_outcomes,
)
from sunfair.model import FIRST_MEMBER, Community, Mechanism, Phase
from sunfair.units import MICRO

__all__ = ["run_compare"]

Clear = Callable[[Offers, Terms], Clearing]
_KAPPA_MAX = 1.0

_MILLI = 1000
"""Outcomes are in 10⁻³ µ (Wh times µ/kWh)."""


def run_compare(folder: Path, *, as_json: bool, wires: bool = False, kappa: float | None = None) -> None:
    """Clear each of the run's books by every mechanism and print the sums; with `wires` what was used of them."""
    community = load_community(folder / "community.toml")
    if kappa is not None and not (wires and 0 <= kappa < _KAPPA_MAX):
        raise InputError(f"--kappa {kappa}: give it with --wires, from 0 to below {_KAPPA_MAX:g} per kWh and branch")
    used = wires_figures(folder, kappa) if wires else None
    outcomes = {session: _session(folder, session, community) for session in ("ahead", "pool")}
    if as_json:
        sums = {session: {o.mechanism: _figures(o) for o in each} for session, each in outcomes.items()}
        print_json(sums if used is None else {**sums, "wires": used})
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
    if any(outcome.mechanism == Mechanism.NETWORK for outcome in outcomes["ahead"]):
        stdout.print("network: within the limits of the wires; its welfare is both gains and the rent of scarce wires.")
    stdout.print(f"Money in {community.currency}, prices per kWh, before fees; gains against each step's own limit.")
    if used is not None:
        show_wires(used, community.currency)


def _session(folder: Path, session: str, community: Community) -> tuple[Outcome, ...]:
    offers, slots = read_table(folder, "offers"), read_table(folder, "slots")
    rows = np.array(offers["session"].to_pylist(), dtype=object) == session
    slot, account, energy, limit = (offers[name].to_numpy()[rows] for name in ("slot", "account", "energy_wh", "limit"))
    number, retail, feed_in = (slots[name].to_numpy() for name in ("slot", "retail", "feed_in"))
    edges = np.searchsorted(slot, np.append(number, number[-1:] + 1))
    books = zip(edges[:-1], edges[1:], retail.tolist(), feed_in.tolist(), strict=True)
    wires = _wires(folder, community, len(number)) if session == "ahead" else None
    return total_outcomes(
        compare(
            Offers(account[a:b], energy[a:b], limit[a:b]),
            Terms(high, low, community.k),
            MECHANISMS if wires is None else {**MECHANISMS, Mechanism.NETWORK.value: wires(at)},
        )
        for at, (a, b, high, low) in enumerate(books)
    )


def _wires(folder: Path, community: Community, slots: int) -> Callable[[int], Clear] | None:
    """How the book of each slot (its place in the run) clears on the wires; None without a grid."""
    if not (folder / "grid.json").is_file():
        return None
    members = [FIRST_MEMBER + at for at in range(community.size)]
    network = Network.parse((folder / "grid.json").read_text(encoding="utf-8"), members)
    metered = read_table(folder, "rows")["metered_wh"].to_numpy().reshape(slots, -1)[:, FIRST_MEMBER:]
    phases = tuple(member.phase or Phase.ABC for member in community.members)

    def clear(at: int) -> Clear:
        known = metered[at - community.lead] if at >= community.lead else np.zeros(community.size, np.int64)

        def on_wires(offers: Offers, terms: Terms) -> Clearing:
            offering = np.isin(members, offers.account)
            feeder = feeder_at_gate(network, phases, community.clock.seconds, known, offering)
            return clear_network(offers, feeder, k=terms.k)

        return on_wires

    return clear


def _figures(outcome: Outcome) -> dict[str, float | None]:
    """For people: currency and kWh (the exact integers are in the outcome)."""
    unit = _MILLI * MICRO
    return {
        "welfare": outcome.welfare / unit,
        "volume_kwh": outcome.volume_wh / 1000,
        "price": None if outcome.price is None else outcome.price / MICRO,
        "buyers_gain": outcome.buyer_gain / unit,
        "sellers_gain": outcome.seller_gain / unit,
        "rent": outcome.rent / unit,
        "accounts_gaining": float(sum(gain > 0 for gain in outcome.account_gain.values())),
    }
