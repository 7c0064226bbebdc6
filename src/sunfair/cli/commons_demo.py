"""`demo --commons`: a street without roofs builds a plant."""

from collections.abc import Mapping
from pathlib import Path

from sunfair.cli.show import print_json, stdout
from sunfair.errors import Fault, InputError
from sunfair.units import format_money
from sunfair.wiring import default_folder
from sunfair.wiring.plants import HOMES_MIN, plain, run_commons

__all__ = ["run_commons_demo"]


def run_commons_demo(
    *, homes: int | None, seed: int, out: Path | None, rpc: str | None, idle: Mapping[str, bool], as_json: bool
) -> None:
    """Tell the story, and say where its report is. `idle`: options it has no use for, and whether they are given."""
    mend = "leave it away: the story is a year of the bundled street, at its own prices"
    faults = [Fault(name, "means nothing with --commons", mend) for name, given in idle.items() if given]
    if homes is not None and homes < HOMES_MIN:
        what = f"is {homes}"
        faults.append(
            Fault("--homes", what, f"must be {HOMES_MIN} or more: nobody may hold above a quarter of the plant")
        )
    if faults:
        raise InputError("the story cannot be told so", faults)
    folder = out or default_folder("commons")
    run = run_commons(folder, homes=homes or 24, seed=seed, rpc=rpc)
    if as_json:
        print_json({"folder": str(folder), **plain(run)})
        return
    built, failed = run.built, run.failed
    raised, back = sum(built.pledged.values()), sum(failed.returned.values())
    stdout.print(f"[bold]{len(built.pledged)} members[/] raised {format_money(raised)} and built 60 kWp")
    stdout.print(
        f"in its first year it earned {format_money(built.income)}, claimed {format_money(sum(built.claimed.values()))}"
    )
    if run.promise is not None:
        promised, gave = (wh / 1e6 for wh in (run.promise.promised_wh, run.promise.made_wh))
        stdout.print(f"the roof gave {gave:.1f} MWh of the {promised:.1f} MWh promised")
    stdout.print(
        f"the other project failed: {format_money(back)} of {format_money(sum(failed.pledged.values()))} went back"
    )
    for key in run.keys:
        stdout.print(f"  {key.key:<9} shares {key.shared_wh / 1e6:6.2f} MWh, saves {format_money(key.saved)}")
    if run.market is not None:
        plant = run.market["plant"]
        claimed = sum(line["claimed"] for line in run.market["holders"])
        stdout.print(
            f"another, smaller example: on {run.market['day']} a plant in the market sold "
            f"{plant['generation_wh'] / 1000:.1f} kWh for {format_money(plant['earned'])}; "
            f"{format_money(plant['forwarded'])} reached its contract and {format_money(claimed)} its holders"
        )
        stdout.print(f"check: sunfair audit {folder / 'market'}", soft_wrap=True)
    stdout.print(f"report: {folder / 'report.html'}")
