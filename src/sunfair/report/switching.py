"""The page of `demo --switching`: each point's suppliers and transitions on one line of time. Nothing is loaded."""

import html
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

__all__ = ["switching_page"]

_LEFT, _WIDTH, _ROW = 170, 960, 26
_COLOURS = {"old": "#8a8f98", "new": "#e0a100"}
_MARKS = {
    "VALIDATED": "#3b6ea5",
    "CONFIRMED": "#3b6ea5",
    "SECURED": "#2c4f78",
    "ACTIVE": "#2b8a3e",
    "OBJECTED": "#c92a2a",
    "WITHDRAWN": "#c92a2a",
    "ANNULLED": "#c92a2a",
    "REJECTED": "#c92a2a",
    "RETURNING": "#d9480f",
    "SUPERSEDED": "#8a8f98",
}
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1180px;padding:0 1rem;color:#1c2126;background:#fff}
svg{width:100%;height:auto}text{font-size:12px;fill:currentColor}table{border-collapse:collapse}
td,th{padding:.15rem .8rem .15rem 0;text-align:left}
@media(prefers-color-scheme:dark){body{background:#15181c;color:#e6e8ea}}
"""


def switching_page(
    points: Sequence[Mapping[str, Any]], summary: Mapping[str, Any], window: tuple[datetime, datetime]
) -> str:
    """The page as text; `points` as the story's timelines, `window` what of the time is drawn, in local time."""
    rows = "".join(_row(at, point, window) for at, point in enumerate(points))
    height = _ROW * (len(points) + 2)
    width = _LEFT + _WIDTH + 20
    figure = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Suppliers and transitions of every point">'
    verdict = (
        "Every point is at the right supplier at every midnight." if not summary["wrong"] else "NOT AS IT SHOULD BE"
    )
    facts = "".join(
        f"<tr><th>{html.escape(name.replace('_', ' '))}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in summary.items()
    )
    legend = (
        "Bars: grey the old supplier, yellow the new one. Dots: blue validated, confirmed, secured; green active; "
        "orange reported as a mistake; red objected to, withdrawn or annulled. "
        "Name and instant (UTC) on hover; days are local."
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>Change of supplier</title>'
        f"<style>{_STYLE}</style><h1>A street changes supplier over a bank holiday</h1><p><b>{verdict}</b></p>"
        f"<p>{legend}</p>{figure}{_days(window, height)}{rows}</svg><table>{facts}</table></html>\n"
    )


def _row(at: int, point: Mapping[str, Any], window: tuple[datetime, datetime]) -> str:
    top = _ROW * (at + 1)
    name = f"home {point['home']}, {point['fuel']}"
    parts = [f'<text x="0" y="{top + 16}">{html.escape(name)}</text>']
    for supply in point["supplies"]:
        begin = _x(supply["from"], window)
        end = _LEFT + _WIDTH if supply["to"] is None else _x(supply["to"], window)
        colour = _COLOURS[supply["supplier"]]
        title = f"<title>{html.escape(supply['supplier'])} from {supply['from']}</title>"
        shape = f'<rect x="{begin:.1f}" y="{top + 6}" width="{max(end - begin, 0):.1f}" height="12" fill="{colour}">'
        parts.append(f"{shape}{title}</rect>")
    for told in point["transitions"]:
        where = f'cx="{_x(told["at"], window):.1f}" cy="{top + 12}"'
        title = f"<title>{told['kind']}: {told['state']} at {told['at']}</title>"
        parts.append(f'<circle {where} r="4" fill="{_MARKS[told["state"]]}">{title}</circle>')
    return "".join(parts)


def _days(window: tuple[datetime, datetime], height: int) -> str:
    day = window[0].replace(hour=0, minute=0) + timedelta(days=1)
    lines = []
    while day <= window[1]:
        x = _x(day.isoformat(), window)
        lines.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="18" y2="{height}" stroke="currentColor" opacity=".15"/>')
        lines.append(f'<text x="{x:.1f}" y="12">{day:%a %d %b}</text>')
        day += timedelta(days=1)
    return "".join(lines)


def _x(at: str, window: tuple[datetime, datetime]) -> float:
    part = (datetime.fromisoformat(at) - window[0]) / (window[1] - window[0])
    return _LEFT + _WIDTH * min(max(part, 0.0), 1.0)
