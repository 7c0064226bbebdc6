"""JSON from outside: brackets by the thousand would overrun the parser's stack and end the process."""

import json
import re
from typing import Any

__all__ = ["loads"]

_DEPTH_MAX = 64
_BRACKET = re.compile(r"[\[\]{}]")


def loads(data: bytes | str) -> Any:
    """The value of a JSON text; ValueError if it is none, or nested deeper than 64 brackets."""
    text = data.decode() if isinstance(data, bytes) else data
    depth = 0
    # Brackets within strings count too: no answer of a node and no file of ours has so many that do not close.
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > _DEPTH_MAX:
            raise ValueError(f"nested deeper than {_DEPTH_MAX} brackets")
    return json.loads(text)
