"""Unbalanced power flow of many slots at once.

The three-phase network equations, solved for a batch of independent slots. A slot's result depends on that slot's
powers alone: not on the others, on their order or on the number of threads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.network import Network
from sunfair.grid.solver import Columns, Floats, Solver

__all__ = ["BALANCE", "LIGHT", "Flow", "check_powers", "failure_text", "flow_of", "power_flow"]

LIGHT = {"node": ["u_pu"], "line": ["loading"], "transformer": ["loading"], "source": ["p"]}
"""What the solver must give for voltages, loadings, exchange and losses."""

BALANCE = {
    **LIGHT,
    "node": ["u_pu", "u_angle"],
    "transformer": ["loading", "p_from", "q_from", "p_to", "q_to"],
}
"""What it must give for voltage unbalance and neutral current as well."""

_ROTATION = np.exp(2j * np.pi / 3 * np.array([0, 1, 2]))
"""1, a, a²: what the phases are turned by before they are added to symmetrical components."""

_COLLAPSED_PU = 0.2
"""A voltage that no operating point has: the most a line can carry it carries at about half its voltage."""

_EXPLAINED = 8
"""For how many slots without a solution the place is looked for where the network gives way."""


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


def power_flow(network: Network, p_w: Floats, q_var: Floats, *, balance: bool = True, threads: int = 2) -> Flow:
    """Solve T slots for the members' powers.

    p_w, q_var : float64[T, n, 3], W and var per phase, + taken from the grid; members in the order of
        `network.accounts`
    balance : whether `neutral_a` and `vuf` are wanted; without them they have no columns and the rest is as it is
    threads : how many slots are solved at a time, ≥ 1; changes no result

    Raises ValueError on powers of another shape or that are not finite. A slot without a solution does not stop
    the others: see `Flow.failed`.
    """
    check_powers(network, p_w, q_var)
    flow = _blank(network, len(p_w), balance=balance)
    failures: dict[int, str] = {}
    solver = Solver(network, BALANCE if balance else LIGHT, threads=threads)
    for part, columns, failed in solver.batches(p_w, q_var):
        _fill(flow, part, network, columns, p_w[part])
        failures |= failed
    for index in list(failures)[:_EXPLAINED]:
        failures[index] = failure_text(network, p_w[index], q_var[index], failures[index])
    return _without(flow, failures)


def failure_text(network: Network, p_w: Floats, q_var: Floats, reason: str) -> str:
    """The solver's reason, and the place where the network gives way: the bus furthest off its rated voltage at the
    largest part of these powers (float64[n, 3]), in steps of 5 %, that still has a solution.
    """
    parts = np.geomspace(1e-5, 1, 251)[:-1]
    columns, failed = Solver(network, LIGHT).solve(parts[:, None, None] * p_w, parts[:, None, None] * q_var)
    # Beyond the first that fails the solver may still find an answer, but none in which a network could stand.
    lowest = columns["node"]["u_pu"].min(axis=(1, 2))
    standing = [step not in failed and lowest[step] > _COLLAPSED_PU for step in range(len(parts))]
    last = standing.index(False) - 1 if False in standing else len(parts) - 1
    if last < 0:
        return f"{reason} Not even a hundred-thousandth of these powers has one."
    voltage = columns["node"]["u_pu"][last]
    bus, phase = divmod(int(np.abs(voltage - 1).argmax()), 3)
    place = f"node {network.bus_id[bus]} is at {voltage[bus, phase]:.2f} pu on phase {'abc'[phase]}"
    return f"{reason} There is a solution up to {100 * parts[last]:.2g} % of these powers, where {place}."


def flow_of(network: Network, columns: Columns, p_w: Floats) -> Flow:
    """The flow of solved slots, all with a solution; `columns` hold at least what `BALANCE` asks for."""
    flow = _blank(network, len(p_w), balance=True)
    _fill(flow, slice(0, len(p_w)), network, columns, p_w)
    return flow


def _without(flow: Flow, failures: Mapping[int, str]) -> Flow:
    """The flow with nothing in the slots that have no solution: the solver leaves there what was in memory."""
    failed = np.array(list(failures), np.int64)
    for array in (flow.voltage_pu, flow.loading, flow.exchange_w, flow.losses_w, flow.neutral_a, flow.vuf):
        array[failed] = np.nan
    return replace(flow, failed=failed, reasons=tuple(failures.values()))


def check_powers(network: Network, p_w: Floats, q_var: Floats) -> None:
    """ValueError unless both are float64[T, n, 3] of finite numbers."""
    for name, power in (("p_w", p_w), ("q_var", q_var)):
        if power.shape != (len(p_w), network.members, 3):
            raise ValueError(f"{name} has shape {power.shape}; it must be [slots, {network.members} members, 3 phases]")
        slots, members, _ = np.nonzero(~np.isfinite(power))
        if len(slots):
            # The solver reads NaN as "leave as it was": such a slot would be silently wrong.
            place = f"slot index {slots[0]}, account {network.accounts[members[0]]}"
            raise ValueError(f"{name} is not finite at {len(slots)} places, first at {place}")


def _blank(network: Network, slots: int, *, balance: bool) -> Flow:
    """Arrays of the right shapes to be filled."""
    transformers, buses = (len(network.tables["transformer"]), network.buses) if balance else (0, 0)
    return Flow(
        voltage_pu=np.empty((slots, network.buses, 3)),
        loading=np.empty((slots, len(network.branch_id))),
        exchange_w=np.empty(slots),
        losses_w=np.empty(slots),
        neutral_a=np.empty((slots, transformers)),
        vuf=np.empty((slots, buses)),
        failed=np.empty(0, np.int64),
        reasons=(),
    )


def _fill(flow: Flow, part: slice, network: Network, columns: Columns, p_w: Floats) -> None:
    """Write one batch's results into their slots."""
    flow.voltage_pu[part] = columns["node"]["u_pu"]
    loadings = [columns[name]["loading"] for name in ("line", "transformer") if name in columns]
    flow.loading[part] = np.concatenate(loadings, axis=1)
    flow.exchange_w[part] = columns["source"]["p"].sum(axis=(1, 2))
    flow.losses_w[part] = flow.exchange_w[part] - p_w.sum(axis=(1, 2))
    if "u_angle" not in columns["node"]:
        return
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
