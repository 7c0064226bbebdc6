"""Pages of pictures without scripts: line drawings as SVG, each with its numbers as a table below it."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["TONES", "Level", "Line", "chart", "figure", "legend", "page", "table"]

Floats = NDArray[np.float64]

TONES = ("one", "two", "three", "four", "five", "six")
"""Colours that can be told apart, in the order they are given out."""

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 900, 300, 64, 14, 14, 40

_STYLE = """
:root{--bg:#fbfaf7;--card:#fff;--ink:#1c2126;--soft:#5d6670;--line:#dfe2e5;--one:#8a8f98;--two:#1668b8;--three:#c2410c;
--four:#2b8a3e;--five:#8b5cf6;--six:#b45309;--bad:#c92a2a}
@media(prefers-color-scheme:dark){:root{--bg:#15181c;--card:#1d2126;--ink:#e6e8ea;--soft:#a3abb3;--line:#343a41;
--one:#9aa1aa;--two:#5aa9f0;--three:#f08c52;--four:#5fc47a;--five:#b197fc;--six:#e0a100;--bad:#ff8787}}
*{box-sizing:border-box}body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:1040px;padding:1.5rem 1rem 3rem;
color:var(--ink);background:var(--bg)}h1{line-height:1.15;margin:.2rem 0 .6rem}h2{font-size:1.15rem;margin:0 0 .2rem}
figure{margin:1rem 0;padding:1rem;background:var(--card);border:1px solid var(--line);border-radius:12px}
figcaption p,.soft{color:var(--soft);margin:.1rem 0 .6rem}svg{width:100%;height:auto;display:block}
text{font-size:12.5px;fill:var(--ink)}.axis{fill:var(--soft);font-size:12px}.grid{stroke:var(--line)}
.line{fill:none;stroke-width:2.2;stroke-linejoin:round}.level{stroke:var(--bad);stroke-dasharray:5 4}
.legend{list-style:none;padding:0;margin:.2rem 0;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.9rem}
.legend i{display:inline-block;width:18px;height:4px;border-radius:2px;margin-right:.4rem;vertical-align:3px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem}
td,th{padding:.2rem .9rem .2rem 0;text-align:right;border-bottom:1px solid var(--line)}
td:first-child,th:first-child{text-align:left}thead th{color:var(--soft);font-weight:600}
.scroll{overflow:auto;max-height:40rem}.scroll:focus-visible,summary:focus-visible{outline:3px solid var(--two)}
details{margin-top:.5rem}summary{cursor:pointer}
""" + "".join(
    f".s-{tone}{{stroke:var(--{tone})}}.f-{tone}{{fill:var(--{tone});background:var(--{tone})}}" for tone in TONES
)


@dataclass(frozen=True, slots=True)
class Line:
    """A named line of a chart; `values` along the chart's x, NaN leaves a gap."""

    name: str
    values: Floats
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """A level that means something, with its name."""

    at: float
    name: str


def page(title: str, lead: str, parts: Sequence[str]) -> str:
    """A whole page that loads nothing and runs nothing; `parts` are HTML."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
        f"</head><body><main><h1>{html.escape(title)}</h1><p>{html.escape(lead)}</p>{''.join(parts)}</main></body></html>\n"
    )


def figure(title: str, text: str, drawing: str, numbers: str = "", *, folded: bool = True) -> str:
    """A picture with heading, a sentence, and its numbers as a table that opens on demand."""
    behind = numbers
    if numbers and folded:
        behind = f"<details><summary>Show the numbers</summary>{numbers}</details>"
    words = f"<figcaption><h2>{html.escape(title)}</h2><p>{html.escape(text)}</p></figcaption>"
    return f"<figure>{words}{drawing}{behind}</figure>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], label: str) -> str:
    """A table that scrolls by itself and can be reached by keyboard."""
    top = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    body = "".join(
        "<tr>"
        + f'<th scope="row">{html.escape(row[0])}</th>'
        + "".join(f"<td>{html.escape(c)}</td>" for c in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{html.escape(label)}"><table>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def chart(x: Floats, lines: Sequence[Line], *, label: str, unit: tuple[str, str], levels: Sequence[Level] = ()) -> str:
    """Lines over a common ascending x with axes, legend and levels. `unit`: what the x and y axes are in."""
    known = np.concatenate([line.values[np.isfinite(line.values)] for line in lines] + [[level.at for level in levels]])
    scale = _Scale(float(x[0]), float(x[-1]), *_bounds(float(known.min()), float(known.max())))
    parts = [*_axes(scale, unit), *(part for level in levels for part in _level(scale, level))]
    for tone, line in zip(TONES, lines, strict=False):
        dash = ' stroke-dasharray="7 4"' if line.dashed else ""
        parts += [f'<path class="line s-{tone}"{dash} d="{path}"/>' for path in _paths(scale, x, line.values)]
    shape = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{html.escape(label)}">'
    return f"{legend([line.name for line in lines])}{shape}{''.join(parts)}</svg>"


def legend(names: Sequence[str]) -> str:
    """The names in the colours they are drawn in."""
    keys = zip(TONES, names, strict=False)
    items = (f'<li><i class="f-{tone}" aria-hidden="true"></i>{html.escape(name)}</li>' for tone, name in keys)
    return f'<ul class="legend">{"".join(items)}</ul>'


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to places in a drawing."""

    first: float
    last: float
    low: float
    high: float

    def x(self, at: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (at - self.first) / ((self.last - self.first) or 1.0)

    def y(self, value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (self.high - value) / (self.high - self.low)


def _axes(scale: _Scale, unit: tuple[str, str]) -> list[str]:
    right, parts = _WIDTH - _RIGHT, []
    for value in _ticks(scale.low, scale.high, 5):
        y = scale.y(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="axis" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_short(value)}</text>')
    for at in _ticks(scale.first, scale.last, 8):
        place = f'x="{scale.x(at):.1f}" y="{_HEIGHT - 22}"'
        parts.append(f'<text class="axis" {place} text-anchor="middle">{_short(at)}</text>')
    below, (across, up) = _HEIGHT - 5, (html.escape(name) for name in unit)
    parts.append(f'<text class="axis" x="{right}" y="{below}" text-anchor="end">across: {across}</text>')
    parts.append(f'<text class="axis" x="{_LEFT}" y="{below}">up: {up}</text>')
    return parts


def _level(scale: _Scale, level: Level) -> list[str]:
    right, y = _WIDTH - _RIGHT, scale.y(level.at)
    name = html.escape(level.name)
    return [
        f'<line class="level" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>',
        f'<text class="axis" x="{right}" y="{y - 5:.1f}" text-anchor="end">{name}</text>',
    ]


def _paths(scale: _Scale, x: Floats, values: Floats) -> list[str]:
    """The pieces of a line between its gaps."""
    pieces: list[list[str]] = [[]]
    for at, value in zip(x.tolist(), values.tolist(), strict=True):
        if np.isfinite(value):
            pieces[-1].append(f"{scale.x(at):.1f} {scale.y(value):.1f}")
        elif pieces[-1]:
            pieces.append([])
    return ["M" + "L".join(piece) for piece in pieces if piece]


def _bounds(low: float, high: float) -> tuple[float, float]:
    """The ends of an axis with a little room; never of one value only."""
    room = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    return (low if low == 0 else low - room), high + room


def _ticks(low: float, high: float, count: int) -> list[float]:
    """Round steps from `low` to `high`, about `count` of them."""
    rough = (high - low) / count
    power = 10.0 ** np.floor(np.log10(rough)) if rough > 0 else 1.0
    step = float(next((factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough), power))
    first = int(np.ceil(low / step - 1e-9))
    last = int(np.floor(high / step + 1e-9))
    return [number * step for number in range(first, last + 1)]


def _short(value: float) -> str:
    return f"{value:.6g}"
