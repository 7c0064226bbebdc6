"""The street's cables as a drawing: where each bus stands in the tree, and what flowed there over the day."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import InputError
from sunfair.grid import Flow, Network
from sunfair.model import FIRST_MEMBER
from sunfair.report.day import Day
from sunfair.report.limits import span_flow
from sunfair.report.run import Run
from sunfair.report.wire_day import local_prices, wire_balance

__all__ = ["drawing", "street_map", "tree"]


def street_map(run: Run, day: Day) -> dict[str, Any] | None:
    """Buses, cables and what flowed on them that day; None without a grid or its injections.

    `high`, `low` (10⁻⁴ pu) of every bus, `loading` (‰) of the cable or transformer that feeds it, and what
    `wire_balance` and `local_prices` say.
    """
    path = run.folder / "grid.json"
    if not path.is_file() or not run.has("injections"):
        return None
    try:
        network = Network.parse(path.read_text(encoding="utf-8"), range(FIRST_MEMBER, FIRST_MEMBER + run.homes))
    except InputError:
        return None
    parents, order = tree(network)
    if len(order) != network.buses:
        return None
    flow = span_flow(run, day.span, network)
    return {
        **drawing(network, parents, order),
        **_voltages(flow),
        "loading": _loading(network, parents, flow),
        **wire_balance(flow),
        "price": local_prices(run, day, network.buses, network.member_bus),
    }


def tree(network: Network) -> tuple[NDArray[np.int64], list[int]]:
    """The bus above each bus (−1: a source's), and all buses reached, each after its parent."""
    place = {int(bus): at for at, bus in enumerate(network.bus_id)}
    neighbours: list[list[int]] = [[] for _ in range(network.buses)]
    for name in ("line", "transformer"):
        table = network.tables[name]
        for branch in table[(table["from_status"] == 1) & (table["to_status"] == 1)]:
            u, v = place[int(branch["from_node"])], place[int(branch["to_node"])]
            neighbours[u].append(v)
            neighbours[v].append(u)
    parents = np.full(network.buses, -1, np.int64)
    order = [place[int(node)] for node in network.tables["source"]["node"]]
    seen = set(order)
    for bus in order:
        for other in neighbours[bus]:
            if other not in seen:
                seen.add(other)
                parents[other] = bus
                order.append(other)
    return parents, order


def drawing(network: Network, parents: NDArray[np.int64], order: list[int]) -> dict[str, Any]:
    """Depth and row of each bus, its parent and feeder; the longest branch of a bus runs straight on."""
    size = network.buses
    depth, reach = np.zeros(size, np.int64), np.zeros(size, np.int64)
    children: list[list[int]] = [[] for _ in range(size)]
    for bus in order:
        if parents[bus] >= 0:
            depth[bus] = depth[parents[bus]] + 1
            children[parents[bus]].append(bus)
    for bus in reversed(order):
        reach[bus] = max((reach[child] + 1 for child in children[bus]), default=0)
    row, feeder = np.zeros(size, np.int64), np.full(size, -1, np.int64)
    rows = 0
    stack = [bus for bus in reversed(order) if parents[bus] < 0]
    busbar = next((bus for bus in order if len(children[bus]) > 1), -1)
    feeders = 0
    while stack:
        bus = stack.pop()
        above = int(parents[bus])
        if above == busbar and above >= 0:
            feeder[bus], feeders = feeders, feeders + 1
        elif above >= 0:
            feeder[bus] = feeder[above]
        ordered = sorted(children[bus], key=lambda child: (-reach[child], child))
        if above >= 0 and _first_child(above, children, reach) == bus:
            row[bus] = row[above]
        else:
            row[bus], rows = rows, rows + 1
        stack += reversed(ordered)
    return {
        "depth": depth.tolist(),
        "row": row.tolist(),
        "parent": parents.tolist(),
        "feeder": feeder.tolist(),
        "feeders": feeders,
        "name": list(network.bus_name),
        "home_bus": network.member_bus.tolist(),
    }


def _first_child(bus: int, children: list[list[int]], reach: NDArray[np.int64]) -> int:
    return min(children[bus], key=lambda child: (-reach[child], child))


def _voltages(flow: Flow) -> dict[str, Any]:
    """Highest and lowest phase voltage of every bus in every slot of the day, null without a solution."""
    scaled = np.round(np.nan_to_num(flow.voltage_pu) * 10_000).astype(np.int64)
    found = {}
    for name, values in (("high", scaled.max(axis=2)), ("low", scaled.min(axis=2))):
        known = values.astype(np.object_)
        known[flow.failed] = None
        found[name] = known.T.tolist()
    return found


def _loading(network: Network, parents: NDArray[np.int64], flow: Flow) -> list[list[int]]:
    """Loading of the branch between each bus and the one above, ‰; 0 where there is none. Of several, the highest."""
    place = {int(bus): at for at, bus in enumerate(network.bus_id)}
    scaled = np.round(np.nan_to_num(flow.loading) * 1000).astype(np.int64)
    found = np.zeros((network.buses, len(scaled)), np.int64)
    tables = (network.tables[name] for name in ("line", "transformer"))
    ends = [(place[int(row["from_node"])], place[int(row["to_node"])]) for table in tables for row in table]
    for branch, (u, v) in enumerate(ends):
        for below, above in ((u, v), (v, u)):
            if parents[below] == above:
                found[below] = np.maximum(found[below], scaled[:, branch])
    return [values.tolist() for values in found]
