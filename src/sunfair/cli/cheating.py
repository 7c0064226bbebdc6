"""`demo --cheat FIELD`: a lying operator, and what becomes of it."""

from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from sunfair.audit import audit
from sunfair.cli.running import DEMO_DAY
from sunfair.cli.show import bar, graceful_stop, print_json, stdout
from sunfair.files import default_community
from sunfair.model import Community
from sunfair.units import format_money
from sunfair.wiring import RunResult, default_folder, run_simulation, span_of
from sunfair.wiring.story import CHEATS, GONE, Conviction, Story, check_cheat

__all__ = ["run_cheat"]

HOMES = 24
"""How many homes a story has unless told otherwise: it is run twice, with the lie and without."""


def run_cheat(field: str, *, homes: int | None, seed: int, out: Path | None, start: str | None, as_json: bool) -> None:
    """Tell one story, or list them."""
    if field == "list":
        _list(as_json)
        return
    check_cheat(field)
    scenario = default_community(homes=homes or HOMES)
    span = span_of(scenario, start, 3 if field == GONE else 1, usual=DEMO_DAY)
    folder = out or default_folder(f"cheat-{field}")
    with graceful_stop() as stop, bar() as progress:
        task = progress.add_task(f"cheat: {field}", total=2 * span.slots)

        def run(cheat: str | None, into: Path, offset: int) -> RunResult:
            return run_simulation(
                scenario,
                span,
                into,
                seed=seed,
                progress=lambda done: progress.update(task, completed=offset + done),
                stopped=stop.is_set,
                cheat=cheat,
            )

        lied = run(field, folder, 0)
        honest = run(None, folder / "honest", span.slots) if lied.whole else None
    if lied.story is None or honest is None or not honest.whole:
        stdout.print("[yellow]Stopped early.[/] There is no story to tell.")
        raise typer.Exit(130)
    finding = audit(folder)
    facts = _facts(lied.story, honest, finding)
    if as_json:
        print_json({"folder": str(folder), **lied.story.plain(), **facts})
    else:
        _tell(lied.story, facts, folder, scenario.community)
    if facts["audit"] is not None or not facts["whole"]:
        raise typer.Exit(1)


def _list(as_json: bool) -> None:
    if as_json:
        print_json(dict(CHEATS))
        return
    for name, what in CHEATS.items():
        stdout.print(f"  {name:<10} {what}", markup=False, soft_wrap=True)


def _facts(story: Story, honest: RunResult, findings: list[Any]) -> dict[str, Any]:
    """What the homes have in the end, beside the same day without the lie, and whether the run's audit holds."""
    due = honest.amounts
    differ = {account: amount - due[account] for account, amount in story.amounts.items() if amount != due[account]}
    void = bool(story.void_slots) or story.successor
    return {
        "same_as_honest": len(story.amounts) - len(differ),
        "homes": len(story.amounts),
        "lost_to_void_slots": -sum(differ.values()) if void else 0,
        "whole": not differ or void,
        "audit": str(findings[-1]) if findings else None,
    }


def _tell(story: Story, facts: dict[str, Any], folder: Path, community: Community) -> None:
    """The story in a few lines."""
    currency = community.currency
    stdout.print(f"\n[bold]The lie[/]      {story.falsified}", soft_wrap=True)
    for conviction in story.convictions:
        _tell_conviction(conviction, community)
    if story.successor:
        taken = "by another party with a full bond, once the silence had lasted two days;"
        stdout.print(f"[bold]Taken over[/]   {taken}", soft_wrap=True)
        stdout.print(
            "             what was not applied is settled without trade, at the utility's terms", soft_wrap=True
        )
        paid = sum(story.paid_out.values())
        taken = f"{len(story.paid_out)} homes took {format_money(paid, currency)} home, without asking anybody"
        stdout.print(f"[bold]Money[/]        {taken}", soft_wrap=True)
    settled = f"{story.cancelled} settlement(s) cancelled before a cent had moved, {story.applied} applied"
    stdout.print(f"[bold]Settled[/]      {settled}", soft_wrap=True)
    stdout.print(f"[bold]Homes[/]        {_whole(story, facts, currency)}", soft_wrap=True)
    audited = "every price, fill, payment, balance and root of the run holds"
    stdout.print(f"[bold]Audit[/]        {facts['audit'] or audited}", soft_wrap=True)
    stdout.print(f"\nReport   {folder / 'report.html'}", soft_wrap=True)
    stdout.print(f"Check    sunfair audit {folder}", soft_wrap=True)


def _tell_conviction(conviction: Conviction, community: Community) -> None:
    clock, currency = community.clock, community.currency
    at = datetime.fromisoformat(conviction.at).astimezone(clock.local(0).tzinfo)
    stdout.print(f"[bold]Noticed[/]      {conviction.who}, from {conviction.source}", soft_wrap=True)
    stdout.print(f"[bold]One call[/]     {conviction.call}, {at:%Y-%m-%d %H:%M}: ", end="", soft_wrap=True)
    stdout.print(conviction.what, markup=False, soft_wrap=True)
    parts = f"{format_money(conviction.finder, currency)} to the finder, the rest to the members' reserve"
    stdout.print(f"[bold]Cost[/]         {format_money(conviction.slashed, currency)} of bond: {parts}", soft_wrap=True)
    if (slot := conviction.void_slot) is not None:
        span = f"{clock.local(slot):%H:%M} to {clock.local(slot + 1):%H:%M} (slot {slot})"
        stdout.print(f"             {span} is void: settled without trade, at the utility's terms", soft_wrap=True)


def _whole(story: Story, facts: dict[str, Any], currency: str) -> str:
    same = f"{facts['same_as_honest']} of {facts['homes']} have to the µ what the same day without the lie gives"
    if not story.void_slots and not story.successor:
        return same
    lost = format_money(facts["lost_to_void_slots"], currency)
    return f"every home has what the rules give; trade that became void was worth {lost} to them all together"
