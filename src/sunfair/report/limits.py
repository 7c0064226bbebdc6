"""The same days without caps, beside those that were run: the wires' highest voltage and loading."""

from collections.abc import Sequence

import numpy as np

from sunfair.errors import InputError, RunFilesError
from sunfair.files import UNLIMITED, read_injections
from sunfair.grid import Network, power_flow
from sunfair.report.day import Day
from sunfair.report.run import Run, Span
from sunfair.settlement import ZERO_HASH, envelope_root

__all__ = ["day_envelope_roots", "unlimited_series"]


def day_envelope_roots(run: Run, day: Day) -> list[str]:
    """What the caps of each slot of the day hash to, in hex; zeros where the meters have none."""
    if not run.has("envelopes"):
        return [ZERO_HASH.hex()] * day.span.length
    names = ["import_cap_wh", "export_cap_wh"]
    caps = run.ints("envelopes", names, day.span)
    salts = b"".join(run.table("envelopes", ["salt"], day.span)["salt"].to_pylist())
    grid = np.frombuffer(salts, np.uint8).reshape(day.span.length, run.homes, 32)
    slots = run.slot[day.span.places].tolist()
    return [
        envelope_root(slot, caps[names[0]][at], caps[names[1]][at], grid[at]).hex() for at, slot in enumerate(slots)
    ]


def unlimited_series(
    run: Run, spans: Sequence[Span], voltage_scale: int, loading_scale: int
) -> dict[str, list[int | None]]:
    """`unlimited_voltage` and `unlimited_loading` by span, scaled; nothing where the run has no such days."""
    if not (run.folder / UNLIMITED).is_dir():
        return {}
    try:
        network = Network.parse((run.folder / "grid.json").read_text(encoding="utf-8"))
        p_w, q_var = read_injections(run.folder / UNLIMITED, run.homes)
    except (InputError, RunFilesError, OSError, ValueError, KeyError):
        return {}
    if len(p_w) != len(run.slot):
        return {}
    flow = power_flow(network, p_w, q_var)
    columns: dict[str, list[int | None]] = {}
    for name, values, scale in (
        ("unlimited_voltage", flow.max_voltage_pu, voltage_scale),
        ("unlimited_loading", flow.max_loading, loading_scale),
    ):
        most = [float(np.max(values[span.places])) for span in spans]
        columns[name] = [round(value * scale) if np.isfinite(value) else None for value in most]
    return columns
