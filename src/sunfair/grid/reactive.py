"""Reactive power of converters by their own voltage: the Q(U) characteristic and its limits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DEFAULT_CURVE", "VoltVar", "least_power_factor", "reactive_limit", "volt_var"]

Floats = NDArray[np.float64]

_SMALL_VA = 4600.0
"""Up to this rating a power factor of 0.95 is asked for, above it 0.90 (VDE-AR-N 4105:2018-11, 5.7.2.2)."""


@dataclass(frozen=True, slots=True)
class VoltVar:
    """A Q(U) characteristic: straight between its points, level beyond them.

    voltage_pu : ascending, phase to neutral, per unit
    part : of the most reactive power, −1 … 1, not falling; + is taken from the grid (under-excited), which lowers
        the voltage

    Raises ValueError on points of another kind.
    """

    voltage_pu: tuple[float, ...]
    part: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.voltage_pu) != len(self.part) or len(self.part) < 2:
            raise ValueError(f"{len(self.voltage_pu)} voltages and {len(self.part)} parts make no characteristic")
        if any(b <= a for a, b in zip(self.voltage_pu, self.voltage_pu[1:], strict=False)):
            raise ValueError(f"the voltages {self.voltage_pu} do not ascend")
        if any(b < a for a, b in zip(self.part, self.part[1:], strict=False)) or max(map(abs, self.part)) > 1:
            raise ValueError(f"the parts {self.part} must rise from −1 at least to 1 at most")

    @property
    def steepest(self) -> float:
        """The steepest rise, part per pu: what decides whether the loop through the grid settles."""
        points = zip(self.voltage_pu, self.voltage_pu[1:], self.part, self.part[1:], strict=False)
        return max((high - low) / (right - left) for left, right, low, high in points)


DEFAULT_CURVE = VoltVar((0.93, 0.97, 1.03, 1.07), (-1.0, 0.0, 0.0, 1.0))
"""The standard characteristic of VDE-AR-N 4105:2018-11 (5.7.2.4; EN 50549-1:2019, 4.7.2.3.3 leaves the points to the
network operator): nothing within ± 3 %, everything from ± 7 % on."""


def least_power_factor(rated_va: Floats) -> Floats:
    """The power factor down to which a converter of this rating must and may go, same shape, of its whole rating."""
    factor: Floats = np.where(rated_va <= _SMALL_VA, 0.95, 0.90)
    return factor


def reactive_limit(p_w: Floats, rated_va: Floats, power_factor: Floats | float) -> Floats:
    """The most reactive power at this active power, var, ≥ 0, of the common shape.

    Two limits, the smaller holds: the power factor, ``|p|·tan φ`` (a converter that gives nothing owes nothing), and
    the rating, ``√(S² − p²)`` (active power comes first). Zero beyond the rating.
    """
    tangent = np.sqrt(1 - np.square(power_factor)) / power_factor
    room = np.sqrt(np.maximum(np.square(rated_va) - np.square(p_w), 0.0))
    limit: Floats = np.minimum(np.abs(p_w) * tangent, room)
    return limit


def volt_var(
    voltage_pu: Floats,
    p_w: Floats,
    rated_va: Floats,
    power_factor: Floats | float,
    *,
    curve: VoltVar = DEFAULT_CURVE,
) -> Floats:
    """Reactive power by the characteristic, var, + taken from the grid, of the common shape of the arguments.

    voltage_pu, p_w, rated_va : of one phase of a converter: its voltage, active power (either sign) and rating
    power_factor : the least permitted; the characteristic's 1 is ``S·√(1 − pf²)``
    """
    most = rated_va * np.sqrt(1 - np.square(power_factor))
    limit = reactive_limit(p_w, rated_va, power_factor)
    wanted = np.interp(voltage_pu, curve.voltage_pu, curve.part) * most
    given: Floats = np.clip(wanted, -limit, limit)
    return given
