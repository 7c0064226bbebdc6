"""The wires: an unbalanced power flow of every slot by power-grid-model, from `grid.json` and the injections alone."""

from pathlib import Path

import numpy as np
from power_grid_model import CalculationMethod, ComponentType, DatasetType, PowerGridModel, initialize_array
from power_grid_model.utils import json_deserialize

LOAD_BASE = 1_000_000
TOLERANCE = 1e-6


def flow(folder: Path, slots: list[int], accounts: list[int], powers: dict[tuple[int, int], list[float]]) -> dict:
    """Highest and lowest voltage, highest loading, losses in W of every slot.

    `powers[slot, account]`: p_a, p_b, p_c (W), q_a, q_b, q_c (var).
    """
    data = json_deserialize((folder / "grid.json").read_text().encode())
    update = initialize_array(DatasetType.update, ComponentType.asym_load, (len(slots), len(accounts)))
    update["id"] = [LOAD_BASE + account for account in accounts]
    values = np.array([[powers[slot, account] for account in accounts] for slot in slots])
    update["p_specified"], update["q_specified"] = values[:, :, :3], values[:, :, 3:]
    result = PowerGridModel(data).calculate_power_flow(
        symmetric=False,
        update_data={ComponentType.asym_load: update},
        calculation_method=CalculationMethod.newton_raphson,
        error_tolerance=1e-9,
        max_iterations=50,
    )
    nodes = result[ComponentType.node]
    voltages = nodes["u_pu"][nodes["energized"].astype(bool)].reshape(len(slots), -1)
    branches = [
        result[kind] for kind in (ComponentType.line, ComponentType.transformer, ComponentType.link) if kind in result
    ]
    loading = np.concatenate([part["loading"] for part in branches], axis=1)
    supplied = result[ComponentType.source]["p"].sum(axis=(1, 2))
    return {
        "max_voltage_pu": voltages.max(axis=1).tolist(),
        "min_voltage_pu": voltages.min(axis=1).tolist(),
        "max_loading": loading.max(axis=1).tolist(),
        "losses_w": (supplied - values[:, :, :3].sum(axis=(1, 2))).tolist(),
    }


def places(folder: Path) -> dict[int, int]:
    """Account → node at which grid.json hangs it."""
    data = json_deserialize((folder / "grid.json").read_text().encode())
    loads = data[ComponentType.asym_load]
    return {
        int(i) - LOAD_BASE: int(node)
        for i, node, status in zip(loads["id"], loads["node"], loads["status"], strict=True)
        if status == 1
    }
