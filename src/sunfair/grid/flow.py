"""Unbalanced power flow of many slots at once.

Newton–Raphson on the three-phase network equations by power-grid-model, a batch of independent slots. A slot's
result depends on that slot's powers alone: not on the others, on their order or on the number of threads.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from power_grid_model import CalculationMethod, ComponentType, PowerGridModel, initialize_array

from sunfair.grid.network import Network

__all__ = ["Flow", "power_flow"]

_CHUNK = 2048
"""Slots per batch: bounds the memory of intermediate results, changes none of them."""

_TOLERANCE = 1e-8
"""Largest change of a voltage in the last iteration, pu; convergence is quadratic, the error far smaller."""

_OUTPUTS = {
    ComponentType.node: ["u_pu", "u_angle"],
    ComponentType.line: ["loading"],
    ComponentType.transformer: ["loading", "p_from", "q_from", "p_to", "q_to"],
    ComponentType.source: ["p"],
}

_ROTATION = np.exp(2j * np.pi / 3 * np.array([0, 1, 2]))
"""1, a, a²: what the phases are turned by before they are added to symmetrical components."""

Floats = NDArray[np.float64]
Columns = Mapping[str, Mapping[str, Floats]]


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """What the network does in T slots. A slot without a solution holds NaN everywhere and stands in `failed`.

    voltage_pu : float64[T, b, 3], ≥ 0, phase-to-neutral voltage per unit of the bus's rated voltage / √3
    loading : float64[T, l], ≥ 0: a line's highest phase current at either end / `i_n`; a transformer's apparent
        power (summed over the phases, the larger of its ends) / `sn`
    exchange_w : float64[T], W drawn from the grid above, at the nodes of the sources; − fed back
    losses_w : float64[T], W, = exchange − Σ p of the members; no-load losses of transformers included
    neutral_a : float64[T, k], A, |i_a + i_b + i_c| on the low-voltage side of each of the k transformers
    vuf : float64[T, b], voltage unbalance |U₂|/|U₁|, negative over positive sequence (IEC 61000-4-30), 0 … 1
    failed : int64[f], ascending indices of the slots without a solution
    reasons : why, one text per entry of `failed`
    """

    voltage_pu: Floats
    loading: Floats
    exchange_w: Floats
    losses_w: Floats
    neutral_a: Floats
    vuf: Floats
    failed: NDArray[np.int64]
    reasons: tuple[str, ...]

    @property
    def converged(self) -> NDArray[np.bool_]:
        """Whether a slot has a solution, bool[T]."""
        mask = np.ones(len(self.exchange_w), np.bool_)
        mask[self.failed] = False
        return mask

    @property
    def max_voltage_pu(self) -> Floats:
        """Highest voltage of any phase at any bus of the network, medium voltage included, float64[T]."""
        highest: Floats = self.voltage_pu.max(axis=(1, 2))
        return highest

    @property
    def min_voltage_pu(self) -> Floats:
        """Lowest voltage of any phase at any bus of the network, medium voltage included, float64[T]."""
        lowest: Floats = self.voltage_pu.min(axis=(1, 2))
        return lowest

    @property
    def max_loading(self) -> Floats:
        """Highest loading of any line or transformer, float64[T]."""
        highest: Floats = self.loading.max(axis=1)
        return highest


def power_flow(network: Network, p_w: Floats, q_var: Floats, *, threads: int = 2) -> Flow:
    """Solve T slots for the members' powers.

    p_w, q_var : float64[T, n, 3], W and var per phase, + taken from the grid; members in the order of
        `network.accounts`
    threads : how many slots are solved at a time, ≥ 1; changes no result

    Raises ValueError on powers of another shape or that are not finite. A slot without a solution does not stop
    the others: see `Flow.failed`.
    """
    _check_powers(network, p_w, q_var)
    model = PowerGridModel(dict(network.tables))
    flow = _blank(network, len(p_w))
    failures: list[tuple[int, str]] = []
    for start in range(0, len(p_w), _CHUNK):
        part = slice(start, min(start + _CHUNK, len(p_w)))
        columns = _solve(model, network, p_w[part], q_var[part], threads)
        _fill(flow, part, network, columns, p_w[part])
        failures += [(start + index, reason) for index, reason in _failures(model)]
    failed = np.array([index for index, _ in failures], np.int64)
    for array in (flow.voltage_pu, flow.loading, flow.exchange_w, flow.losses_w, flow.neutral_a, flow.vuf):
        array[failed] = np.nan  # the solver leaves there what was in memory
    return replace(flow, failed=failed, reasons=tuple(reason for _, reason in failures))


def _check_powers(network: Network, p_w: Floats, q_var: Floats) -> None:
    for name, power in (("p_w", p_w), ("q_var", q_var)):
        if power.shape != (len(p_w), network.members, 3):
            raise ValueError(f"{name} has shape {power.shape}; it must be [slots, {network.members} members, 3 phases]")
        slots, members, _ = np.nonzero(~np.isfinite(power))
        if len(slots):
            # The solver reads NaN as "leave as it was": such a slot would be silently wrong.
            place = f"slot index {slots[0]}, account {network.accounts[members[0]]}"
            raise ValueError(f"{name} is not finite at {len(slots)} places, first at {place}")


def _blank(network: Network, slots: int) -> Flow:
    """Arrays of the right shapes to be filled."""
    transformers = len(network.tables["transformer"])
    return Flow(
        voltage_pu=np.empty((slots, network.buses, 3)),
        loading=np.empty((slots, len(network.branch_id))),
        exchange_w=np.empty(slots),
        losses_w=np.empty(slots),
        neutral_a=np.empty((slots, transformers)),
        vuf=np.empty((slots, network.buses)),
        failed=np.empty(0, np.int64),
        reasons=(),
    )


def _solve(model: PowerGridModel, network: Network, p_w: Floats, q_var: Floats, threads: int) -> Columns:
    """One batch: the wanted output columns by component, [slots, components(, 3)]."""
    update = initialize_array("update", "asym_load", (len(p_w), network.members))
    update["id"] = network.tables["asym_load"]["id"]
    update["p_specified"] = p_w
    update["q_specified"] = q_var
    output: Any = model.calculate_power_flow(
        symmetric=False,
        calculation_method=CalculationMethod.newton_raphson,
        error_tolerance=_TOLERANCE,
        update_data={"asym_load": update},
        threading=threads if threads > 1 else -1,  # −1 is the solver's word for one after the other
        output_component_types={name: wanted for name, wanted in _OUTPUTS.items() if len(network.tables[name])},
        continue_on_batch_error=True,
        decode_error=True,
    )
    return {str(name.value): columns for name, columns in output.items()}


def _failures(model: PowerGridModel) -> Iterator[tuple[int, str]]:
    """Index within the batch and reason of every slot without a solution."""
    error = model.batch_error
    if error is not None:
        for index, message in sorted(zip(error.failed_scenarios.tolist(), error.error_messages, strict=True)):
            yield int(index), " ".join(message.split())


def _fill(flow: Flow, part: slice, network: Network, columns: Columns, p_w: Floats) -> None:
    """Write one batch's results into their slots."""
    flow.voltage_pu[part] = columns["node"]["u_pu"]
    loadings = [columns[name]["loading"] for name in ("line", "transformer") if name in columns]
    flow.loading[part] = np.concatenate(loadings, axis=1)
    flow.exchange_w[part] = columns["source"]["p"].sum(axis=(1, 2))
    flow.losses_w[part] = flow.exchange_w[part] - p_w.sum(axis=(1, 2))
    with np.errstate(all="ignore"):  # slots without a solution hold any bits
        phasor = columns["node"]["u_pu"] * np.exp(1j * columns["node"]["u_angle"])
        flow.vuf[part] = np.abs(phasor @ _ROTATION**2) / np.abs(phasor @ _ROTATION)
        if "transformer" in columns:
            flow.neutral_a[part] = _neutral(network, columns["transformer"], phasor)


def _neutral(network: Network, output: Mapping[str, Floats], phasor: NDArray[np.complex128]) -> Floats:
    """|i_a + i_b + i_c| on the low-voltage side of each transformer, A, float64[T, k]."""
    transformer = network.tables["transformer"]
    position = {int(bus): i for i, bus in enumerate(network.bus_id)}
    neutral = np.empty((len(phasor), len(transformer)))
    for k, (u_from, u_to) in enumerate(zip(transformer["u1"], transformer["u2"], strict=True)):
        side = "to" if u_to <= u_from else "from"
        bus = position[int(transformer[f"{side}_node"][k])]
        volt = phasor[:, bus] * (network.bus_rated_v[bus] / np.sqrt(3))
        power = output[f"p_{side}"][:, k] + 1j * output[f"q_{side}"][:, k]
        neutral[:, k] = np.abs(np.conj(power / volt).sum(axis=1))
    return neutral
