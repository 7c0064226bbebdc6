"""Cells of a network's tables, in pandapower's terms, whoever wrote them: read from text, or of pandas."""

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["Row", "Rows", "Tables", "number", "place_of", "text", "whole", "works"]

Row = Mapping[str, Any]
Rows = Mapping[int, Row]
Tables = dict[str, dict[int, dict[str, Any]]]
"""By table and element number the columns by name; an empty cell is None or NaN."""


def number(value: Any, default: float = math.nan) -> float:
    """A cell as a number, `default` where it is empty or none."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return default
    return found if math.isfinite(found) else default


def whole(value: Any) -> int:
    """A cell as the number of an element, −1 where it is none."""
    found = number(value)
    return int(found) if found >= 0 and found == int(found) else -1


def text(value: Any) -> str:
    """A cell as text without blanks around it, empty where it is none."""
    return value.strip() if isinstance(value, str) else ""


def works(row: Row) -> bool:
    """Whether an element is in service; one that does not say so is."""
    value = row.get("in_service")
    return value is None or bool(value)


def place_of(table: str, element: int, row: Row) -> str:
    """An element as an error names it: ``line 3 (to the church)``."""
    name = text(row.get("name"))
    return f"{table} {element}" + (f" ({name})" if name else "")
