"""The page of seconds on the wires: voltage and loading with the fast loop and without. Nothing is loaded."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sunfair.report.picture import Level, Line, chart, figure, page, table

__all__ = ["step_page"]

Floats = NDArray[np.float64]

_EVERY = 10
"""Seconds between the rows of the tables."""


def step_page(title: str, lead: str, second: Floats, lines: Mapping[str, Floats], band: tuple[float, float]) -> str:
    """The page as text.

    lines : by name `high`, `low`, `loading`, each with `_without` and `_with`, and `power_without`, `power_with`,
        `withheld` (kW, of all converters) and `word` (−1 … 1), float64[T]
    band : the permitted voltages, pu
    """
    low, high = band

    def beside(name: str) -> list[Line]:
        return [
            Line("without the loop", lines[f"{name}_without"], dashed=True),
            Line("with it", lines[f"{name}_with"]),
        ]

    parts = [
        _figure(
            "Highest voltage", "Of any phase at any home, pu.", second, beside("high"), "pu", [Level(high, "limit")]
        ),
        _figure("Lowest voltage", "Of any phase at any home, pu.", second, beside("low"), "pu", [Level(low, "limit")]),
        _figure(
            "Highest loading",
            "Of any cable or transformer, part of its rating.",
            second,
            beside("loading"),
            "of the rating",
            [Level(1.0, "limit")],
        ),
        _figure(
            "Power of all converters", "+ is taken from the grid, − is given to it.", second, beside("power"), "kW", []
        ),
        _figure(
            "Held back",
            "How far all converters together are from their set-points: the price of the wires' limits.",
            second,
            [Line("held back", lines["withheld"])],
            "kW",
            [],
        ),
        _figure(
            "The feeder's word",
            "+ 1: take more, feed less; − 1: the other way. What homes hear, if they hear it.",
            second,
            [Line("word", lines["word"])],
            "−1 … 1",
            [],
        ),
    ]
    return page(title, lead, parts)


def _figure(title: str, text: str, second: Floats, lines: Sequence[Line], unit: str, levels: Sequence[Level]) -> str:
    drawing = chart(second, lines, label=f"{title} over the seconds", unit=("s", unit), levels=levels)
    rows = [
        [f"{second[at]:.0f} s", *(f"{line.values[at]:.4f}" for line in lines)] for at in range(0, len(second), _EVERY)
    ]
    return figure(title, text, drawing, table(["second", *(line.name for line in lines)], rows, title))
