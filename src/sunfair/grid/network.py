"""A network, read and checked: buses, branches with their ratings, and the members that hang on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.grid.checks import LOAD_ID_BASE, check_members, check_tables
from sunfair.grid.reading import Reading, Table, read

__all__ = ["LOAD_ID_BASE", "Network", "check_network"]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A distribution network of b buses, l branches (lines, then transformers) and n members. All arrays read-only.

    tables : the power-grid-model input arrays by component; loads stand in the order of `accounts`
    bus_id : int64[b], the nodes' ids in file order
    bus_name : b names, a node's extra attribute `name` or else its id
    bus_rated_v : float64[b], rated line-to-line voltage, V
    branch_id : int64[l]
    rating : float64[l], the rated current of a line, A, and the rated power of a transformer, VA
    accounts : the members' account numbers, ascending
    member_bus : int64[n], position in `bus_id` of the bus each member hangs on
    """

    tables: Mapping[str, Table]
    bus_id: NDArray[np.int64]
    bus_name: tuple[str, ...]
    bus_rated_v: NDArray[np.float64]
    branch_id: NDArray[np.int64]
    rating: NDArray[np.float64]
    accounts: tuple[int, ...]
    member_bus: NDArray[np.int64]

    @staticmethod
    def parse(text: str, accounts: Sequence[int] | None = None) -> "Network":
        """The network in a JSON text (power-grid-model input data; see docs/grid.md).

        With `accounts`, exactly those members must hang on it. Raises InputError with every fault found.
        """
        reading, faults = _checked(text, accounts)
        if faults:
            raise InputError("The network cannot be used.", faults)
        return _network(reading)

    @property
    def buses(self) -> int:
        """Number of buses, b."""
        return len(self.bus_id)

    @property
    def members(self) -> int:
        """Number of members, n."""
        return len(self.accounts)

    @property
    def lines(self) -> int:
        """Number of lines; the branches from here on are transformers."""
        return len(self.tables["line"])


def check_network(text: str, accounts: Sequence[int] | None = None) -> list[Fault]:
    """Every fault that keeps `Network.parse` from making a network; empty if none does."""
    return _checked(text, accounts)[1]


def _checked(text: str, accounts: Sequence[int] | None) -> tuple[Reading, list[Fault]]:
    reading = read(text)
    if not reading.tables:
        return reading, reading.faults
    unreadable = {fault.place.rpartition(" ")[0] for fault in reading.faults}
    found = check_tables(reading.tables)
    # A value that could not be read is missing as well: that is one fault, not two.
    later = [fault for fault in found if not (fault.place in unreadable and "missing" in fault.what)]
    members = check_members(reading.tables, accounts) if accounts is not None else []
    return reading, [*reading.faults, *later, *members]


def _network(reading: Reading) -> Network:
    tables = {**reading.tables, "asym_load": np.sort(reading.tables["asym_load"], order="id")}
    node, line, transformer, load = (tables[name] for name in ("node", "line", "transformer", "asym_load"))
    position = {int(node_id): i for i, node_id in enumerate(node["id"])}
    network = Network(
        tables=tables,
        bus_id=node["id"].astype(np.int64),
        bus_name=tuple(reading.names),
        bus_rated_v=node["u_rated"].astype(np.float64),
        branch_id=np.concatenate([line["id"], transformer["id"]]).astype(np.int64),
        rating=np.concatenate([line["i_n"], transformer["sn"]]).astype(np.float64),
        accounts=tuple(int(load_id) - LOAD_ID_BASE for load_id in load["id"]),
        member_bus=np.array([position[int(bus)] for bus in load["node"]], np.int64),
    )
    owned = (network.bus_id, network.bus_rated_v, network.branch_id, network.rating, network.member_bus)
    for array in (*tables.values(), *owned):
        array.flags.writeable = False
    return network
