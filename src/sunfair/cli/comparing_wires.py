"""`compare --wires`: what a run's trades used of the wires, and who caused their losses."""

from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from sunfair.cli.show import stdout
from sunfair.report.network_use import network_use
from sunfair.report.run import open_run
from sunfair.units import MICRO

__all__ = ["show_wires", "wires_figures"]

_SHOWN = 5


def wires_figures(folder: Path, kappa: float | None) -> dict[str, Any]:
    """The figures in currency and kWh; `kappa` in currency per kWh and branch (None: the same money as was paid)."""
    run = open_run(folder)
    use = network_use(run, None if kappa is None else round(kappa * MICRO))
    homes = use.per_home(run.homes)
    energy = int(use.energy_wh.sum())
    return {
        "kappa": use.kappa / MICRO,
        "traded_kwh": energy / 1000,
        "mean_branches": float((use.distance * use.energy_wh).sum()) / energy if energy else None,
        "share_paid": int(use.share.sum()) / MICRO,
        "fee_by_distance": int(use.fee.sum()) / MICRO,
        "losses_kwh": int(use.losses_wh.sum()) / 1000,
        "loss_slots": len(use.loss_slots),
        "slots": len(run.slot),
        "homes": {
            member.id: {
                "traded_kwh": int(homes["traded_wh"][at]) / 1000,
                "share_paid": int(homes["share"][at]) / MICRO,
                "fee_by_distance": int(homes["fee"][at]) / MICRO,
                "losses_kwh": int(homes["losses_wh"][at]) / 1000,
            }
            for at, member in enumerate(run.community.members)
        },
    }


def show_wires(figures: dict[str, Any], currency: str) -> None:
    """Sums, and the homes at both ends of each list."""
    homes = figures["homes"]
    if figures["mean_branches"] is not None:
        way = f"{figures['traded_kwh']:,.1f} kWh dealt over {figures['mean_branches']:.1f} branches on average"
        now = f"The network's share was {figures['share_paid']:,.2f} {currency}"
        fee = f"{figures['fee_by_distance']:,.2f} by distance, at {figures['kappa']:.6f} per kWh and branch"
        stdout.print(f"Wires: {way}. {now}; it would be {fee}. No limit's rent is in it.", soft_wrap=True)
        stdout.print(
            "Every deal of both sessions counts: what a home bought ahead and sold back in the pool is in it twice."
        )
        stdout.print("Of each deal, half is counted with its seller and half with its buyer.")
    part = (
        "" if figures["loss_slots"] == figures["slots"] else f" in {figures['loss_slots']} of {figures['slots']} slots"
    )
    stdout.print(f"Losses: {figures['losses_kwh']:,.1f} kWh{part}, each home's part by what its power adds to them.")
    for title, key in (("fee by distance less share now", None), ("losses", "losses_kwh")):
        value = {name: row[key] if key else row["fee_by_distance"] - row["share_paid"] for name, row in homes.items()}
        order = sorted(value, key=lambda name: value[name])
        table = Table(title=f"homes by {title}")
        for column in ("home", "kWh traded", "share now", "by distance", "losses, kWh"):
            table.add_column(column, justify="left" if column == "home" else "right")
        for name in [*order[:_SHOWN], *order[max(_SHOWN, len(order) - _SHOWN) :]]:
            row = homes[name]
            table.add_row(
                name,
                *(f"{row[one]:,.2f}" for one in ("traded_kwh", "share_paid", "fee_by_distance", "losses_kwh")),
            )
        stdout.print(table)
    spread = np.array([row["losses_kwh"] for row in homes.values()])
    if (spread < 0).any():
        stdout.print(f"{int((spread < 0).sum())} homes relieve the wires more than they load them.")
