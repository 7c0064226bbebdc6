"""What a span of slots came to on the wires, in the few figures that a network operator looks at."""

from dataclasses import dataclass

import numpy as np

from sunfair.grid.flow import Flow
from sunfair.grid.limits import LOADING_MAX, VOLTAGE_MAX_PU, VOLTAGE_MIN_PU, violations

__all__ = ["WireFigures", "wire_figures"]


@dataclass(frozen=True, slots=True)
class WireFigures:
    """Figures of the slots looked at; one without a solution counts as a violation and in nothing else.

    neutral_mean_a, neutral_rms_a, neutral_p99_a, neutral_max_a : A, the neutral of the transformer (of the one with
        the most, slot by slot); 0 where the network has none
    max_voltage_pu, min_voltage_pu : of any phase at any bus, phase to neutral
    violations, voltage_violations, loading_violations : part of the slots outside the limits, 0 … 1
    vuf_mean, vuf_max : voltage unbalance, mean over slots and buses, and highest, 0 … 1
    losses_w : mean, W
    """

    neutral_mean_a: float
    neutral_rms_a: float
    neutral_p99_a: float
    neutral_max_a: float
    max_voltage_pu: float
    min_voltage_pu: float
    violations: float
    voltage_violations: float
    loading_violations: float
    vuf_mean: float
    vuf_max: float
    losses_w: float


def wire_figures(flow: Flow) -> WireFigures:
    """The figures of a flow of at least one slot with a solution; ValueError if there is none."""
    solved = flow.converged
    if not solved.any():
        raise ValueError("no slot has a solution: there is nothing to tell of the wires")
    neutral = flow.neutral_a[solved]
    most = neutral.max(axis=1) if neutral.shape[1] else np.zeros(len(neutral))
    high, low, loading = (values[solved] for values in (flow.max_voltage_pu, flow.min_voltage_pu, flow.max_loading))
    count = len(solved)
    return WireFigures(
        neutral_mean_a=float(most.mean()),
        neutral_rms_a=float(np.sqrt(np.mean(most**2))),
        neutral_p99_a=float(np.quantile(most, 0.99)),
        neutral_max_a=float(most.max()),
        max_voltage_pu=float(high.max()),
        min_voltage_pu=float(low.min()),
        violations=float(violations(flow).sum() / count),
        voltage_violations=float(((high > VOLTAGE_MAX_PU) | (low < VOLTAGE_MIN_PU)).sum() / count),
        loading_violations=float((loading > LOADING_MAX).sum() / count),
        vuf_mean=float(flow.vuf[solved].mean()),
        vuf_max=float(flow.vuf[solved].max()),
        losses_w=float(flow.losses_w[solved].mean()),
    )
