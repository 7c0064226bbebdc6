"""The page of `demo --charging`: each hotel's board on its own clock, stays with their receipts, statements."""

import html
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

__all__ = ["charging_page"]

_LEFT, _WIDTH, _ROW = 120, 960, 34
_DAY = 24 * 3600
_COLOURS = {
    "FULFILLED": "#2b8a3e",
    "RESOLVED": "#1c7ed6",
    "NO_SHOW": "#c92a2a",
    "CANCELED_DRIVER": "#8a8f98",
    "CANCELED_HOST": "#d9480f",
    "CANCELED_OFFLINE": "#d9480f",
    "NO BOOKING": "#9c6ade",
}
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1120px;padding:0 1rem;color:#1c2126;background:#fff}
svg{width:100%;height:auto}text{font-size:12px;fill:currentColor}table{border-collapse:collapse;width:100%}
td,th{padding:.2rem .7rem .2rem 0;text-align:left;vertical-align:top}td.n{text-align:right;white-space:nowrap}
details{margin:.2rem 0}summary{cursor:pointer}pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px}
.bar{height:14px;background:#d0d4d9;border-radius:7px;overflow:hidden;max-width:420px}
.bar i{display:block;height:100%;background:#e0a100}
.key i{display:inline-block;width:12px;height:12px;border-radius:3px;margin:0 .3rem 0 .9rem}
div.wide{overflow-x:auto}
@media(prefers-color-scheme:dark){body{background:#15181c;color:#e6e8ea}.bar{background:#343a40}}
"""


def charging_page(
    stays: Sequence[Mapping[str, Any]],
    hotels: Sequence[Mapping[str, Any]],
    receipts: Mapping[str, Mapping[str, Any]],
    *,
    day: date,
    wrong: Sequence[str],
    market: str | None,
) -> str:
    """The page as text; values as `charging.json` has them. `market` : the address of the market's report, if any."""
    verdict = "Every deposit, fee and kilowatt-hour is accounted for." if not wrong else "NOT AS IT SHOULD BE"
    boards = "".join(_hotel(hotel, [stay for stay in stays if stay["hotel"] == hotel["id"]], day) for hotel in hotels)
    key = "".join(f'<i style="background:{colour}"></i>{_plain(state)}' for state, colour in _COLOURS.items())
    told = "".join(f"<li>{html.escape(words)}</li>" for words in wrong)
    link = (
        f'<p>Where the energy came from is settled in a market: <a href="{market}">its report</a>.</p>'
        if market
        else ""
    )
    table = f'<div class="wide">{_table(stays, receipts)}</div>'
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>A day of charging</title>'
        f"<style>{_STYLE}</style><h1>Three hotels, twenty cars, one day</h1><p><b>{verdict}</b></p><ul>{told}</ul>"
        f'{link}<p class="key">Stays: {key}</p>{boards}<h2>Every stay</h2>{table}'
        "</html>\n"
    )


def _plain(state: str) -> str:
    return state.replace("_", " ").lower()


def _hotel(hotel: Mapping[str, Any], stays: Sequence[Mapping[str, Any]], day: date) -> str:
    """A board, by the hotel's clock, and the statement under it."""
    begin = datetime(day.year, day.month, day.day)
    height = _ROW * (len(hotel["points"]) + 1)
    label = f"Board of {hotel['name']}, {day}, by its own clock"
    size = f'viewBox="0 0 {_LEFT + _WIDTH + 20} {height}"'
    rows = "".join(_row(at, point, stays, begin) for at, point in enumerate(hotel["points"]))
    hours = "".join(
        f'<text x="{_LEFT + hour / 24 * _WIDTH:.0f}" y="{height - 4}">{hour:02d}:00</text>' for hour in range(0, 24, 3)
    )
    ends = ", ".join(f"{count} {_plain(state)}" for state, count in sorted(hotel["ends"].items()))
    energy = f"{hotel['energy_wh'] / 1000:,.1f} kWh"
    head = f"<h2>{html.escape(hotel['name'])}, {html.escape(hotel['city'])}</h2><p>{html.escape(hotel['timezone'])}</p>"
    figure = f'<div class="wide"><svg {size} role="img" aria-label="{html.escape(label)}">{rows}{hours}</svg></div>'
    return f"{head}{figure}<p>{energy} for {hotel['fees']}: {ends}.</p>{_finance(hotel.get('finance'), day)}"


def _row(at: int, point: str, stays: Iterable[Mapping[str, Any]], begin: datetime) -> str:
    top = _ROW * at
    parts = [
        f'<text x="0" y="{top + 21}">{html.escape(point)}</text>'
        f'<rect x="{_LEFT}" y="{top + 6}" width="{_WIDTH}" height="22" fill="currentColor" opacity=".07"/>'
    ]
    for stay in (stay for stay in stays if stay["point"] == point):
        first, last = (datetime.fromisoformat(stay[name]).replace(tzinfo=None) - begin for name in ("begin", "end"))
        left = _LEFT + max(first.total_seconds(), 0) / _DAY * _WIDTH
        right = _LEFT + min(last.total_seconds(), _DAY) / _DAY * _WIDTH
        took = f"{stay['energy_wh'] / 1000:.1f} kWh, {stay['paid']}"
        title = f"{stay['car']}: {stay['turn']}; {_plain(stay['state'])}; {took}"
        narrow = stay["state"] == "NO BOOKING"
        above, height = (22, 5) if narrow else (8, 18)
        shape = f'x="{left:.1f}" y="{top + above}" width="{max(right - left, 2):.1f}" height="{height}"'
        colour = _COLOURS.get(stay["state"], "#e0a100")
        parts.append(f'<rect {shape} rx="3" fill="{colour}"><title>{html.escape(title)}</title></rect>')
        if not narrow:
            words = html.escape(stay["car"])
            parts.append(f'<text x="{left + 4:.1f}" y="{top + 21}" style="fill:#fff;font-size:11px">{words}</text>')
    return "".join(parts)


def _finance(finance: Mapping[str, Any] | None, day: date) -> str:
    if finance is None:
        return "<p>The chargers are the hotel's own.</p>"
    part = 100 * finance["repaid_micro"] / finance["cap_micro"]
    days = finance["days"]
    when = "never at this pace" if days is None else str(day + timedelta(days=days))
    label = f"{part:.2f} % repaid"
    return (
        f"<p>Installed without paying up front: repaid {finance['repaid']} of {finance['of']}, payoff about {when} if "
        "every day is like this one.</p>"
        f'<div class="bar" role="img" aria-label="{label}"><i style="width:{part:.2f}%"></i></div>'
    )


def _table(stays: Sequence[Mapping[str, Any]], receipts: Mapping[str, Mapping[str, Any]]) -> str:
    names = ("car", "charge point", "stay", "what happened", "kWh", "paid", "from roof, neighbours, grid")
    head = "".join(f"<th>{name}</th>" for name in names)
    return f"<table><tr>{head}</tr>{''.join(_line(stay, receipts.get(stay['car'])) for stay in stays)}</table>"


def _line(stay: Mapping[str, Any], receipt: Mapping[str, Any] | None) -> str:
    begin, end = (datetime.fromisoformat(stay[name]) for name in ("begin", "end"))
    happened = "".join(
        f"<li>{datetime.fromisoformat(when):%d %b %H:%M} {html.escape(words)}</li>" for when, words in stay["happened"]
    )
    supply = stay["supply"]
    parts = (
        ""
        if supply is None
        else " / ".join(f"{supply[name] / 1000:.1f}" for name in ("roof_wh", "neighbours_wh", "grid_wh"))
    )
    brief = f"{html.escape(stay['turn'])} — {_plain(stay['state'])}"
    story = f"<details><summary>{brief}</summary><ul>{happened}</ul>{_receipt(receipt)}</details>"
    cells = (
        f"<td>{html.escape(stay['car'])}</td><td>{html.escape(stay['point'])}</td><td>{begin:%H:%M}–{end:%H:%M}</td>"
        f'<td>{story}</td><td class="n">{stay["energy_wh"] / 1000:.3f}</td>'
        f'<td class="n">{html.escape(stay["paid"])}</td>'
        f'<td class="n">{parts}</td>'
    )
    return f"<tr>{cells}</tr>"


def _receipt(receipt: Mapping[str, Any] | None) -> str:
    """A receipt in brief, and the signed record whole: what a reader checks is what was signed."""
    if receipt is None:
        return "<p>No receipt: nothing was paid.</p>"
    vat = receipt["vat_bps"] / 100
    record = f"<pre>{html.escape(receipt['record'])}</pre>" if receipt["record"] else "<p>No signed record.</p>"
    return (
        f"<p>Receipt {html.escape(receipt['receipt'])}: {html.escape(receipt['total_text'])}, VAT {vat:g} % in it. "
        f"Evidence: {html.escape(str(receipt['evidence']))}.</p>{record}"
    )
