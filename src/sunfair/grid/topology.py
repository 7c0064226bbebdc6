"""Which node hangs on which: closed branches as a graph."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.reading import Table

__all__ = ["closed", "unsupplied"]


def closed(branch: Table) -> NDArray[np.bool_]:
    """The branches that are closed at both ends, bool[l]."""
    mask: NDArray[np.bool_] = (branch["from_status"] == 1) & (branch["to_status"] == 1)
    return mask


def unsupplied(tables: Mapping[str, Table]) -> list[int]:
    """Ids of the nodes to which no path of closed branches leads from a source in service, in file order."""
    neighbours: dict[int, list[int]] = {int(node_id): [] for node_id in tables["node"]["id"]}
    for name in ("line", "transformer"):
        for branch in tables[name][closed(tables[name])]:
            u, v = int(branch["from_node"]), int(branch["to_node"])
            if u in neighbours and v in neighbours:
                neighbours[u].append(v)
                neighbours[v].append(u)
    source = tables["source"]
    waiting = [int(node) for node in source["node"][source["status"] == 1] if int(node) in neighbours]
    reached = set(waiting)
    while waiting:
        for node in neighbours[waiting.pop()]:
            if node not in reached:
                reached.add(node)
                waiting.append(node)
    return [node for node in neighbours if node not in reached]
