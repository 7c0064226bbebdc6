"""Voltages at the homes, of the days that were run and of the same days without caps, and the caps themselves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import InputError, RunFilesError
from sunfair.files import UNLIMITED, read_injections
from sunfair.grid import Flow, Network, power_flow
from sunfair.model import FIRST_MEMBER
from sunfair.report.day import Day, packed
from sunfair.report.run import Run, Span
from sunfair.settlement import ZERO_HASH, envelope_root

__all__ = ["day_caps", "day_envelope_roots", "home_voltages", "span_flow", "unlimited_series"]

_PHASES = "abc"
_UNUSABLE = (InputError, RunFilesError, OSError, ValueError, KeyError)


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


def day_caps(run: Run, day: Day, homes: int) -> dict[str, list[Any]] | None:
    """What the meters of the first `homes` homes might take (`import`) and give (`export`) in each slot of the day, Wh,
    by home; None where meters have no caps.
    """
    if not run.has("envelopes"):
        return None
    caps = run.ints("envelopes", ["import_cap_wh", "export_cap_wh"], day.span)
    return {name.split("_")[0]: [packed(home) for home in cap.T[:homes].tolist()] for name, cap in caps.items()}


def home_voltages(run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Highest and lowest voltage of any phase where a home is connected, pu, float64[T] each, NaN without a solution;
    None where the run has no wires. The source's bus and the like, of another voltage level, are no home's.
    """
    if not run.has("injections"):
        return None
    try:
        network = _network(run)
        found = [_at_homes(network, span_flow(run, span, network, balance=False)) for _, span in run.days]
    except _UNUSABLE:
        return None
    high, low = (np.concatenate(parts) for parts in zip(*found, strict=True)) if found else (np.zeros(0), np.zeros(0))
    return high, low


def span_flow(run: Run, span: Span, network: Network, *, balance: bool = True) -> Flow:
    """The power flow of some slots by the run's injections; members of `network` in account order."""
    names = [f"{kind}_{phase}_{unit}" for kind, unit in (("p", "w"), ("q", "var")) for phase in _PHASES]
    table = run.table("injections", names, span)
    columns = np.stack([np.asarray(table[name]) for name in names], axis=-1)
    powers = columns.astype(np.float64).reshape(span.length, run.homes, 2, 3)
    return power_flow(network, powers[:, :, 0], powers[:, :, 1], balance=balance)


def _network(run: Run) -> Network:
    text = (run.folder / "grid.json").read_text(encoding="utf-8")
    return Network.parse(text, range(FIRST_MEMBER, FIRST_MEMBER + run.homes))


def _at_homes(network: Network, flow: Flow) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Highest and lowest voltage at the members' buses, float64[T] each."""
    voltage = flow.voltage_pu[:, np.unique(network.member_bus)]
    return voltage.max(axis=(1, 2)), voltage.min(axis=(1, 2))


def unlimited_series(
    run: Run, spans: Sequence[Span], voltage_scale: int, loading_scale: int
) -> dict[str, list[int | None]]:
    """`unlimited_voltage` (highest at any home) and `unlimited_loading` by span, scaled; nothing where the run has no
    such days, null where a span has no slot with a solution.
    """
    if not (run.folder / UNLIMITED).is_dir():
        return {}
    try:
        network = _network(run)
        p_w, q_var = read_injections(run.folder / UNLIMITED, run.homes)
    except _UNUSABLE:
        return {}
    if len(p_w) != len(run.slot):
        return {}
    flow = power_flow(network, p_w, q_var)
    columns: dict[str, list[int | None]] = {}
    for name, values, scale in (
        ("unlimited_voltage", _at_homes(network, flow)[0], voltage_scale),
        ("unlimited_loading", flow.max_loading, loading_scale),
    ):
        known = [values[span.places][np.isfinite(values[span.places])] for span in spans]
        columns[name] = [round(float(part.max()) * scale) if len(part) else None for part in known]
    return columns
