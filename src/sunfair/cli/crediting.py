"""`credit statement` and `credit status`: what a run's homes bought at retailers, and how their credit went."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from sunfair.agent.credit import CreditState
from sunfair.cli.show import print_json, stdout
from sunfair.errors import Fault, InputError
from sunfair.files import load_community, read_credit
from sunfair.files.statements import MemberStatement, read_statements
from sunfair.model import FIRST_MEMBER, Community
from sunfair.units import format_money

__all__ = ["run_credit_status", "run_statement"]


def run_statement(folder: Path, *, member: str | None, allowance_kwh: int, as_json: bool) -> None:
    """Print the statements of a run, one member's or all."""
    community = load_community(folder / "community.toml")
    made = read_statements(folder, allowance_wh=allowance_kwh * 1_000)
    chosen = [one for one in made if member in (None, one.id)]
    if member is not None and not chosen:
        there = ", ".join(one.id for one in made) or "none"
        fault = Fault("--member", f"'{member}' buys in no retailer's market", f"members that do: {there}")
        raise InputError("there is no such statement", [fault])
    if as_json:
        print_json({"statements": [_content(one) for one in chosen]})
        return
    if not chosen:
        stdout.print("No member buys in a retailer's market: the proven bills are all there is to pay.")
    for one in chosen:
        _print(one, community)


def _content(one: MemberStatement) -> dict[str, Any]:
    lines = [
        {"market": line.market, "line": str(line.line), "energy_wh": line.energy_wh, "amount": line.amount}
        for line in one.statement.lines
    ]
    facts = {"account": one.account, "id": one.id, "first_slot": one.first, "last_slot": one.last, "lines": lines}
    made = one.statement
    return {**facts, "amount": made.amount, "waived_wh": made.waived_wh, "hash": "0x" + made.hash.hex()}


def _print(one: MemberStatement, community: Community) -> None:
    clock = community.clock
    span = f"{clock.local(one.first):%Y-%m-%d %H:%M} to {clock.local(one.last + 1):%Y-%m-%d %H:%M}"
    table = Table(title=f"{one.id} (account {one.account}), {span}")
    for column in ("market", "line"):
        table.add_column(column)
    for column in ("kWh", community.currency):
        table.add_column(column, justify="right")
    for line in one.statement.lines:
        table.add_row(line.market, line.line, f"{line.energy_wh / 1000:,.3f}", format_money(line.amount, "").strip())
    table.add_row("", "beside the proven bill", "", format_money(one.statement.amount, "").strip(), style="bold")
    stdout.print(table)
    stdout.print(f"statement 0x{one.statement.hash.hex()}", soft_wrap=True)


def run_credit_status(folder: Path, *, as_json: bool) -> None:
    """Print how the credit of a run's prepaid members went, and what their owners were told."""
    community = load_community(folder / "community.toml")
    looks = read_credit(folder) or []
    found = []
    for number, member in enumerate(community.members, FIRST_MEMBER):
        mine = [look for look in looks if look["account"] == number]
        if mine:
            found.append({"account": number, "id": member.id, **_course(mine, community)})
    if as_json:
        print_json({"members": found})
        return
    if not found:
        stdout.print("No member of this run has prepaid credit.")
    for one in found:
        _tell(one, community)


def _course(looks: list[dict[str, Any]], community: Community) -> dict[str, Any]:
    """State at the last look, top-ups made and notices."""
    last, clock = looks[-1], community.clock
    return {
        "state": last["state"],
        "balance": last["balance"] - last["due"],
        "topped_up": sum(look["top_up"] for look in looks if not look["refused"]),
        "slots_empty": sum(look["state"] == CreditState.EMPTY for look in looks),
        "notices": [
            {"time": clock.start(look["slot"]).isoformat(), "notice": look["notice"]}
            for look in looks
            if look["notice"]
        ],
    }


def _tell(one: Mapping[str, Any], community: Community) -> None:
    left, paid = (format_money(one[name], community.currency) for name in ("balance", "topped_up"))
    stdout.print(f"{one['id']} (account {one['account']}): {one['state']}, {left} left, {paid} topped up", markup=False)
    for told in one["notices"]:
        stdout.print(f"  {told['time']}  {told['notice']}", markup=False, soft_wrap=True)
