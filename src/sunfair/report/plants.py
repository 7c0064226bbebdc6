"""The report of a shared plant: what was promised, what was paid, what the roof earned; and of one that failed."""

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sunfair.units import format_money

__all__ = ["write_plant_report"]

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:.5rem 0}td,th{padding:.15rem .8rem .15rem 0;text-align:right}"
    "td:first-child,th:first-child{text-align:left}h2{margin-top:2rem}.bar{fill:#f2b705}.rest{fill:#ddd}"
)


def write_plant_report(path: Path, run: Mapping[str, Any]) -> None:
    """Write the page: one file that asks the network for nothing. The same run gives the same bytes."""
    built, failed = run["built"], run["failed"]
    body = [
        "<h1>A street builds its plant</h1>",
        _promised(built),
        _earned(built),
        _market(run.get("market"), built),
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


def _earned(story: Mapping[str, Any]) -> str:
    """Each member: pledged, earned; then where the rest of the income is."""
    rows = [
        (name, format_money(amount), format_money(story["claimed"].get(name, 0)))
        for name, amount in story["pledged"].items()
    ]
    holds = story["holds"]
    told = (
        f"<p>Income {format_money(story['income'])}: {format_money(sum(story['claimed'].values()))} claimed, "
        f"{format_money(holds['unclaimed'])} waits for members that did not claim, "
        f"{format_money(holds['fund'])} is in the reserve.</p>"
    )
    return "<h2>What each member gave and got</h2>" + told + _table(("member", "pledged", "earned"), rows)


def _market(market: Mapping[str, Any] | None, story: Mapping[str, Any]) -> str:
    """The plant as a member of the market: promised, paid, earned; each holder's line, and what proves the first."""
    if market is None:
        return ""
    plant, lines = market["plant"], market["holders"]
    paid = sum(amount for _, amount, _ in story["paid"])
    head = (
        f"<h2>A day in the market, {market['day']}</h2><p>Promised {story['promised']['peak_w'] // 1_000} kWp for "
        f"{format_money(story['promised']['capex'])}, paid {format_money(paid)}. That day the plant gave "
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
    return head + _table(("member", "shares", "due", "claimed", "own kWh", "their worth"), rows) + proof


def _keys(keys: Sequence[Mapping[str, Any]]) -> str:
    """One bar a key: what was shared of the generation; beside it what all saved."""
    bars = []
    for at, key in enumerate(keys):
        total = key["shared_wh"] + key["surplus_wh"]
        width = 300 * key["shared_wh"] / max(total, 1)
        up = 10 + 34 * at
        bars.append(
            f'<text x="0" y="{up + 16}">{html.escape(key["key"])}</text>'
            f'<rect class="rest" x="80" y="{up}" width="300" height="22"/>'
            f'<rect class="bar" x="80" y="{up}" width="{width:.1f}" height="22"/>'
            f'<text x="390" y="{up + 16}">{key["shared_wh"] / 1e6:.1f} MWh shared, saves {format_money(key["saved"])} '
            f"({format_money(key['least'])} … {format_money(key['most'])} a member)</text>"
        )
    height = 20 + 34 * len(keys)
    return f'<svg viewBox="0 0 960 {height}" width="100%" font-size="13" role="img">{"".join(bars)}</svg>'


def _lines(lines: Sequence[Sequence[Any]]) -> str:
    items = [f"<li>{_day(at)} <b>{html.escape(who)}</b> {html.escape(what)}</li>" for at, who, what in lines]
    return f"<ol>{''.join(items)}</ol>"


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
