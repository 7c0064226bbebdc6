"""`demo --commons`: a street without roofs builds a plant."""

from pathlib import Path

from sunfair.cli.show import print_json, stdout
from sunfair.units import format_money
from sunfair.wiring import default_folder
from sunfair.wiring.plants import plain, run_commons

__all__ = ["run_commons_demo"]


def run_commons_demo(*, homes: int | None, seed: int, out: Path | None, rpc: str | None, as_json: bool) -> None:
    """Tell the story, and say where its report is."""
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
    stdout.print(
        f"the other project failed: {format_money(back)} of {format_money(sum(failed.pledged.values()))} went back"
    )
    for key in run.keys:
        stdout.print(f"  {key.key:<9} shares {key.shared_wh / 1e6:6.2f} MWh, saves {format_money(key.saved)}")
    if run.market is not None:
        plant = run.market["plant"]
        stdout.print(
            f"in the market on {run.market['day']} it sold {plant['generation_wh'] / 1000:.1f} kWh for "
            f"{format_money(plant['earned'])}; {format_money(plant['forwarded'])} reached its contract and "
            f"{format_money(sum(line['claimed'] for line in run.market['holders']))} its holders"
        )
        stdout.print(f"check: sunfair audit {folder / 'market'}", soft_wrap=True)
    stdout.print(f"report: {folder / 'report.html'}")
