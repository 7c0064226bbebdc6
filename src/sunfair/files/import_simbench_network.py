"""A SimBench grid (a pandapower network in memory) as power-grid-model input data."""

from typing import Any

from sunfair.errors import InputError
from sunfair.files.import_grid_pandapower import tables_of
from sunfair.files.import_grid_wires import SOURCE_VA, ZERO_SEQUENCE, translate

__all__ = ["SOURCE_VA", "ZERO_SEQUENCE", "simbench_network"]


def simbench_network(net: Any) -> dict[str, Any]:
    """The wires of a pandapower network as power-grid-model input data without loads; node ids are its bus numbers.

    Raises InputError where the network holds something that this translation does not know.
    """
    wires, faults = translate(tables_of(net))
    if faults:
        raise InputError("The SimBench grid cannot be translated.", faults)
    return wires.root
