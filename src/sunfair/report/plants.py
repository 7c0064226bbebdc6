"""The report of a shared plant: what was promised, what was paid, what the roof earned; and of one that failed."""

import html
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sunfair.units import format_money

__all__ = ["write_plant_report"]

FOLDED = 3
"""So many lines that say the same become one."""

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:.5rem 0;font-variant-numeric:tabular-nums}"
    "td,th{padding:.2rem 1rem;text-align:right;border-bottom:1px solid #e5e5e5}th{border-bottom:2px solid #bbb}"
    "tr:hover td{background:#faf6e6}td:first-child,th:first-child{text-align:left;padding-left:0}"
    "h2{margin-top:2rem}.bar{fill:#f2b705}.rest{fill:#ddd}.axis{stroke:#999;fill:none}.tick{fill:#555}"
    "summary{cursor:pointer}"
)


def write_plant_report(path: Path, run: Mapping[str, Any]) -> None:
    """Write the page: one file that asks the network for nothing. The same run gives the same bytes."""
    built, failed = run["built"], run["failed"]
    body = [
        "<h1>A street builds its plant</h1>",
        _promised(built),
        _gave(run.get("promise"), built),
        _earned(built),
        _market(run.get("market")),
        "<h2>The same year by six keys</h2>",
        _keys(run["keys"]),
        "<h2>How it went</h2>",
        _lines(built["lines"]),
        "<h2>The project that failed</h2>",
        _failed(failed),
    ]
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>A street builds its plant – Sunfair</title>'
        f"<style>{STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )
    path.write_text(page, encoding="utf-8")


def _promised(story: Mapping[str, Any]) -> str:
    """Promised beside paid, milestone by milestone."""
    paid = {number: (amount, at) for number, amount, at in story["paid"]}
    rows = []
    for at, (amount, deadline) in enumerate(story["promised"]["milestones"], 1):
        got, when = paid.get(at, (0, 0))
        rows.append((f"milestone {at}", format_money(amount), _day(deadline), format_money(got), _day(when)))
    kilowatts = story["promised"]["peak_w"] // 1_000
    head = f"<p>{kilowatts} kWp for {format_money(story['promised']['capex'])}, {len(story['pledged'])} members.</p>"
    return head + _table(("", "promised", "by", "paid", "accepted"), rows)


def _gave(promise: Mapping[str, Any] | None, story: Mapping[str, Any]) -> str:
    """Promised kWh, gain and payback beside what the year gave."""
    if promise is None:
        return ""
    peak_w, capex = story["promised"]["peak_w"], story["promised"]["capex"]
    both = [(promise["promised_wh"], promise["promised_gain"]), (promise["made_wh"], promise["gain"])]
    rows = [
        ("output of a year", *(f"{wh / 1e3:,.0f} kWh" for wh, _ in both)),
        ("for each kWp", *(f"{wh / peak_w:,.0f} kWh" for wh, _ in both)),
        ("brings all members a year", *(format_money(gain) for _, gain in both)),
        ("has paid for itself", *(_payback(capex, gain) for _, gain in both)),
    ]
    part = promise["made_wh"] / promise["promised_wh"]
    told = (
        f"<p>The roof gave {part:.0%} of what was promised. The promise is the sizing's, for a roof that faces south; "
        "this one gives what the street's own roofs give in their year of data. What it brings is its income and what "
        "the members save by shared energy, by the dynamic key, before upkeep; prices and use are the same on both "
        "sides.</p>"
    )
    return "<h2>What the roof gave</h2>" + told + _table(("", "promised", "given"), rows)


def _payback(capex: int, gain: int) -> str:
    return f"after {capex / gain:.1f} years" if gain > 0 else "never"


def _earned(story: Mapping[str, Any]) -> str:
    """Each member: pledged, earned, and what of it was claimed or waits; then where the rest of the income is."""
    claimed, waiting = story["claimed"], story["waiting"]
    rows = []
    for name, amount in story["pledged"].items():
        got, waits = claimed.get(name, 0), waiting.get(name, 0)
        rows.append((name, *(format_money(one) for one in (amount, got + waits, got, waits))))
    holds = story["holds"]
    told = (
        f"<p>Income {format_money(story['income'])}: {format_money(sum(claimed.values()))} claimed, "
        f"{format_money(holds['unclaimed'])} waits for members that did not claim, "
        f"{format_money(holds['fund'])} is in the reserve.</p>"
    )
    head = "member", "pledged", "earned", "of it claimed", "of it waiting"
    return "<h2>What each member gave and got</h2>" + told + _table(head, rows)


def _market(market: Mapping[str, Any] | None) -> str:
    """A plant as a member of the market for a day: what it earned, each holder's line, and what proves the first."""
    if market is None:
        return ""
    plant, lines = market["plant"], market["holders"]
    head = (
        f"<h2>Another, smaller example: a day in the market, {market['day']}</h2><p>A run of its own with a contract "
        f"of its own: the same roof and homes, held in equal parts, {plant['supply'] / 1e6:,.0f} shares in all, and "
        "the plant sells as a member of the street's market. That day it gave "
        f"{plant['generation_wh'] / 1e3:.1f} kWh and earned {format_money(plant['earned'])} in the auction and from "
        f"the utility; {format_money(plant['forwarded'])} went to its contract. By the key "
        f"{plant['shared_wh'] / 1e3:.1f} kWh of it were its holders' own use, {plant['surplus_wh'] / 1e3:.1f} kWh "
        "were over.</p>"
    )
    rows = [
        (line["id"], f"{line['shares'] / 1e6:,.2f}", f"{line['due'] / 1e6:.6f}", f"{line['claimed'] / 1e6:.6f}",
         f"{line['shared_wh'] / 1e3:.3f}", f"{line['credit'] / 1e6:.6f}")
        for line in lines
    ]  # fmt: skip
    one = lines[0]
    proof = (
        f"<p>Its meter point in the register is <code>{plant['point']}</code>: its readings count for it alone.</p>"
        f"<p><b>What proves the line of {html.escape(one['id'])}</b>: the plant's rows of the day make the leaf "
        f"<code>{plant['leaf']}</code> under the period root <code>{plant['period_root']}</code> that stands in the "
        f"market; they earned {plant['earned']} µ, which reached the contract <code>{plant['contract']}</code>; its "
        f"accumulator stands at {int(plant['accumulator'], 16)} · 2⁻⁶⁴ µ a share; {one['shares']} shares of "
        f"{plant['supply']} times that, rounded down, is {one['due']} µ. <code>sunfair audit market</code> works it "
        "out again from the rows and the chain.</p>"
    )
    return head + _table(("home", "shares", "due", "claimed", "own kWh", "their worth"), rows) + proof


def _keys(keys: Sequence[Mapping[str, Any]]) -> str:
    """One bar a key on one scale: what was shared of the year's output, and what was over; beside it what all saved."""
    total = max(key["shared_wh"] + key["surplus_wh"] for key in keys)
    scale, bars = 300 / max(total, 1), []
    for at, key in enumerate(keys):
        up = 40 + 34 * at
        shared, whole = key["shared_wh"] * scale, (key["shared_wh"] + key["surplus_wh"]) * scale
        bars.append(
            f'<text x="0" y="{up + 16}">{html.escape(key["key"])}</text>'
            f'<rect class="rest" x="80" y="{up}" width="{whole:.1f}" height="22"/>'
            f'<rect class="bar" x="80" y="{up}" width="{shared:.1f}" height="22"/>'
            f'<text x="395" y="{up + 16}">{key["shared_wh"] / 1e6:.1f} MWh shared, saves {format_money(key["saved"])} '
            f"({format_money(key['least'])} … {format_money(key['most'])} a member)</text>"
        )
    legend = (
        '<rect class="bar" x="80" y="8" width="14" height="14"/><text x="100" y="20">shared: used by members</text>'
        '<rect class="rest" x="300" y="8" width="14" height="14"/><text x="320" y="20">over: sold to the grid</text>'
    )
    axis = _axis(total, scale, 40 + 34 * len(keys))
    height = 80 + 34 * len(keys)
    inner = legend + "".join(bars) + axis
    return f'<svg viewBox="0 0 960 {height}" width="100%" font-size="13" role="img">{inner}</svg>'


def _axis(total: int, scale: float, up: int) -> str:
    """A scale in MWh from nothing to the year's output, in at most six steps of 1, 2 or 5 times a power of ten."""
    mega = max(total / 1e6, 1e-6)
    power = 10.0 ** math.floor(math.log10(mega / 6))
    step = next(power * times for times in (1, 2, 5, 10) if mega / (power * times) <= 6)
    parts = [f'<path class="axis" d="M80 {up}H{80 + total * scale:.1f}"/>']
    for count in range(int(mega / step) + 1):
        across = 80 + count * step * 1e6 * scale
        parts.append(
            f'<path class="axis" d="M{across:.1f} {up}v5"/>'
            f'<text class="tick" x="{across:.1f}" y="{up + 19}" text-anchor="middle">{count * step:g}</text>'
        )
    return "".join(parts) + f'<text class="tick" x="395" y="{up + 19}">MWh of the year’s {mega:.1f}</text>'


def _lines(lines: Sequence[Sequence[Any]]) -> str:
    """What happened, in order; where three or more do the same in turn it is one line that opens."""
    items = []
    for group in _groups(lines):
        told = [f"<li>{_day(at)} <b>{html.escape(who)}</b> {html.escape(what)}</li>" for at, who, what in group]
        if len(group) < FOLDED:
            items += told
            continue
        same = {what for _, _, what in group}
        verb, *rest = (same.pop() if len(same) == 1 else _verb(group[0])).split()
        what = " ".join([verb.removesuffix("s"), *rest])
        days = _day(group[0][0]), _day(group[-1][0])
        when = days[0] if days[0] == days[1] else f"{days[0]} to {days[1]}"
        head = f"{when} <b>{len(group)} members</b> {html.escape(what)}"
        items.append(f"<li><details><summary>{head}</summary><ul>{''.join(told)}</ul></details></li>")
    return f"<ol>{''.join(items)}</ol>"


def _groups(lines: Sequence[Sequence[Any]]) -> list[list[Sequence[Any]]]:
    """Lines that follow each other and say the same of members."""
    groups: list[list[Sequence[Any]]] = []
    for line in lines:
        if groups and line[1].startswith("member") and _verb(groups[-1][-1]) == _verb(line):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _verb(line: Sequence[Any]) -> str:
    return str(line[2]).split()[0] if str(line[1]).startswith("member") else ""


def _failed(story: Mapping[str, Any]) -> str:
    rows = [
        (name, format_money(amount), format_money(story["returned"].get(name, 0)))
        for name, amount in story["pledged"].items()
    ]
    asked = format_money(story["promised"]["capex"])
    told = (
        f"<p>{asked} were asked for, {format_money(sum(story['pledged'].values()))} came in: all of it went back.</p>"
    )
    return told + _table(("member", "pledged", "returned"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _day(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}" if at else "—"
