"""Where each bus of a network stands in a drawing of its tree."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.grid import Network
from sunfair.report.wires import drawing, tree

__all__ = ["Places", "tree_places"]


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Depth from the source, row in the drawing, and the bus above (−1: none), int64[b] each."""

    depth: NDArray[np.int64]
    row: NDArray[np.int64]
    parent: NDArray[np.int64]


def tree_places(network: Network) -> Places:
    """The places; a bus that no closed branch reaches stands at the source."""
    parents, order = tree(network)
    drawn = drawing(network, parents, order)
    return Places(np.array(drawn["depth"]), np.array(drawn["row"]), parents)
