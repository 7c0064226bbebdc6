"""Regression trees as plain arrays: read off a trained LightGBM model once, then evaluated without it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Trees", "grow"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """A forest whose prediction is the sum of its trees.

    root      : int32[trees], the first node of each
    feature   : int16[nodes], which feature a node asks about; −1 in a leaf
    threshold : float64[nodes], at most this goes `left`, all else to the node after it; in a leaf its value
    left      : int32[nodes]
    """

    root: NDArray[np.int32]
    feature: NDArray[np.int16]
    threshold: Floats
    left: NDArray[np.int32]

    def predict(self, features: Floats) -> Floats:
        """The forest's value for each row of `features`, float64[rows, F], finite; float64[rows]."""
        # The kernel compiles, which takes seconds: not before something is to be predicted.
        from sunfair.agent.forecast_kernel import evaluate  # noqa: PLC0415

        out = np.zeros(len(features))
        evaluate(np.ascontiguousarray(features), self.root, self.feature, self.threshold, self.left, out)
        return out


def grow(trees: Sequence[Mapping[str, Any]]) -> Trees:
    """The trees of a LightGBM model, as its `dump_model()["tree_info"]` tells them; numeric splits only."""
    nodes: list[tuple[int, float, int]] = []
    roots = []
    for tree in trees:
        roots.append(len(nodes))
        nodes.append((-1, 0.0, 0))
        waiting = [(roots[-1], tree["tree_structure"])]
        while waiting:
            at, node = waiting.pop()
            if "leaf_value" in node:
                nodes[at] = (-1, float(node["leaf_value"]), 0)
                continue
            left = len(nodes)
            nodes[at] = (int(node["split_feature"]), float(node["threshold"]), left)
            nodes += [(-1, 0.0, 0)] * 2
            waiting += [(left, node["left_child"]), (left + 1, node["right_child"])]
    feature, threshold, left_of = zip(*nodes, strict=True)
    return Trees(
        np.array(roots, np.int32),
        np.array(feature, np.int16),
        np.array(threshold, np.float64),
        np.array(left_of, np.int32),
    )
