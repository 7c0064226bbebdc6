"""The solver beneath every power flow: power-grid-model, many independent slots in one batch.

Current iteration with a factorised admittance matrix is three times faster than Newton–Raphson, but a heavily loaded
slot may not settle within its iterations: those few are solved again by Newton–Raphson. Which of the two solved a slot
follows from that slot's powers alone, so a slot's bits never depend on its neighbours or on the number of threads.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from power_grid_model import CalculationMethod, ComponentType, PowerGridModel, initialize_array

from sunfair.grid.network import Network

__all__ = ["Columns", "Floats", "Solver"]

_CHUNK = 2048
"""Slots per batch: bounds the memory of intermediate results, changes none of them."""

_TOLERANCE = {CalculationMethod.iterative_current: 1e-10, CalculationMethod.newton_raphson: 1e-8}
"""Largest change of a voltage in the last iteration, pu. The first converges linearly (what is left is about a tenth
of that), the second quadratically (what is left is far smaller)."""

Floats = NDArray[np.float64]
Columns = dict[str, dict[str, Floats]]
Failures = dict[int, str]


class Solver:
    """One network, ready to solve any number of slots."""

    def __init__(self, network: Network, outputs: Mapping[str, list[str]], *, threads: int = 2) -> None:
        """`outputs`: the wanted result columns by component; `threads` ≥ 1 changes no result."""
        self._network = network
        self._model = PowerGridModel(dict(network.tables))
        self._outputs: Any = {ComponentType[name]: cols for name, cols in outputs.items() if len(network.tables[name])}
        self._threads = threads if threads > 1 else -1  # −1 is the solver's word for one after the other

    def batches(self, p_w: Floats, q_var: Floats) -> Iterator[tuple[slice, Columns, Failures]]:
        """Results in order, batch by batch: its slots, [slots, components(, 3)] by column, and why slots failed.

        p_w, q_var : float64[T, n, 3], W and var, + taken from the grid, all finite
        """
        for start in range(0, len(p_w), _CHUNK):
            part = slice(start, min(start + _CHUNK, len(p_w)))
            columns, failures = self.solve(p_w[part], q_var[part])
            yield part, columns, {start + index: reason for index, reason in failures.items()}

    def solve(self, p_w: Floats, q_var: Floats) -> tuple[Columns, Failures]:
        """One batch; a slot in the failures holds whatever was in memory."""
        columns, slow = self._run(CalculationMethod.iterative_current, p_w, q_var)
        if not slow:
            return columns, {}
        again = np.array(sorted(slow))
        second, failed = self._run(CalculationMethod.newton_raphson, p_w[again], q_var[again])
        for component, table in second.items():
            for name, column in table.items():
                columns[component][name][again] = column
        return columns, {int(again[index]): reason for index, reason in failed.items()}

    def _run(self, method: CalculationMethod, p_w: Floats, q_var: Floats) -> tuple[Columns, Failures]:
        update = initialize_array("update", "asym_load", (len(p_w), self._network.members))
        update["id"] = self._network.tables["asym_load"]["id"]
        update["p_specified"] = p_w
        update["q_specified"] = q_var
        output: Any = self._model.calculate_power_flow(
            symmetric=False,
            calculation_method=method,
            error_tolerance=_TOLERANCE[method],
            update_data={"asym_load": update},
            threading=self._threads,
            output_component_types=self._outputs,
            continue_on_batch_error=True,
            decode_error=True,
        )
        return {str(name.value): columns for name, columns in output.items()}, dict(self._failures())

    def _failures(self) -> Iterator[tuple[int, str]]:
        """Index within the batch and reason of every slot without a solution, ascending."""
        error = self._model.batch_error
        if error is not None:
            for index, message in sorted(zip(error.failed_scenarios.tolist(), error.error_messages, strict=True)):
                yield int(index), " ".join(message.split())
