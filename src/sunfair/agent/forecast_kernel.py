"""The sum of a forest's trees for many rows. Imported only when something is predicted: it compiles."""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.kernels import kernel

__all__ = ["evaluate"]


@kernel
def evaluate(
    features: NDArray[np.float64],
    root: NDArray[np.int32],
    feature: NDArray[np.int16],
    threshold: NDArray[np.float64],
    left: NDArray[np.int32],
    out: NDArray[np.float64],
) -> None:
    """Add the forest's value for each row of `features` to `out`."""
    for tree in range(len(root)):  # tree by tree: one tree and all rows' features stay in the cache
        for row in range(len(features)):
            node = root[tree]
            while feature[node] >= 0:
                node = left[node] + (0 if features[row, feature[node]] <= threshold[node] else 1)
            out[row] += threshold[node]
