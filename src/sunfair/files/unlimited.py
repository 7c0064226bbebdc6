"""What would have flowed without caps, beside a run that has them: ``unlimited/injections.parquet``."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sunfair.files.run_folder import read_table
from sunfair.files.run_tables import injection_columns, table
from sunfair.ports import FlowRecord

__all__ = ["FOLDER", "read_injections", "write_unlimited"]

FOLDER = "unlimited"
"""The folder in a run's that holds the same days without caps."""

_NAMES = [f"{kind}_{phase}_{unit}" for kind, unit in (("p", "w"), ("q", "var")) for phase in "abc"]


def write_unlimited(folder: Path, slots: Sequence[int], flow: FlowRecord) -> None:
    """Write the injections of a flow that has them, slot by slot as in the run's own table."""
    if flow.p_w is None or flow.q_var is None:
        return
    parts = [
        table("injections", injection_columns(slot, p_w, q_var))
        for slot, p_w, q_var in zip(slots, flow.p_w, flow.q_var, strict=True)
    ]
    (folder / FOLDER).mkdir()
    pq.write_table(pa.concat_tables(parts), folder / FOLDER / "injections.parquet", compression="zstd")


def read_injections(folder: Path, members: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Active and reactive powers of a folder's injections, float64[T, n, 3], W and var, + taken from the grid."""
    rows = read_table(folder, "injections")
    powers = np.stack([rows[name].to_numpy() for name in _NAMES], axis=-1).reshape(-1, members, 2, 3)
    return np.ascontiguousarray(powers[:, :, 0]), np.ascontiguousarray(powers[:, :, 1])
