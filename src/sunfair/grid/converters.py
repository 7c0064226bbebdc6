"""Converters (inverters and chargers) that may choose how their power lies on the phases, and their reactive power."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Converters", "onto_phases"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Converters:
    """k converters, each at one member. + = taken from the grid.

    member : int64[k], position in the network's members; a member may have several
    power_w : float64[k], each one's whole power, W: what its plan asks for and the phases must add up to
    lowest_w, highest_w : float64[k, 3], W, what each phase can carry; both 0 on a phase it has not
    rated_va : float64[k, 3], VA, ≥ 0, rating of each phase
    power_factor : float64[k], the least permitted, 0 … 1

    Raises ValueError on shapes that do not fit, limits the wrong way round, or powers no limits allow.
    """

    member: NDArray[np.int64]
    power_w: Floats
    lowest_w: Floats
    highest_w: Floats
    rated_va: Floats
    power_factor: Floats

    def __post_init__(self) -> None:
        count = len(self.member)
        if any(each.shape != (count, 3) for each in (self.lowest_w, self.highest_w, self.rated_va)):
            raise ValueError(f"limits and ratings must be [{count} converters, 3 phases]")
        if self.power_w.shape != (count,) or self.power_factor.shape != (count,):
            raise ValueError(f"powers and power factors must be [{count} converters]")
        if (self.lowest_w > self.highest_w).any():
            raise ValueError("a phase's lowest power lies above its highest")
        slack = 1e-6 + 1e-9 * np.abs(self.power_w)
        off = (self.power_w < self.lowest_w.sum(axis=1) - slack) | (self.power_w > self.highest_w.sum(axis=1) + slack)
        if off.any():
            k = int(np.flatnonzero(off)[0])
            raise ValueError(f"converter {k} cannot carry {self.power_w[k]:.0f} W within its phases' limits")

    def even(self) -> Floats:
        """The power spread as evenly as the limits allow, W, float64[k, 3]."""
        used = (self.lowest_w < 0) | (self.highest_w > 0) | (self.rated_va > 0)
        share = self.power_w[:, None] * used / np.maximum(used.sum(axis=1, keepdims=True), 1)
        return onto_phases(share, self.power_w, self.lowest_w, self.highest_w)


def onto_phases(wanted_w: Floats, power_w: Floats, lowest_w: Floats, highest_w: Floats) -> Floats:
    """The powers nearest to `wanted_w` that lie within the limits and add up, W, float64[k, 3].

    wanted_w, lowest_w, highest_w : float64[k, 3]; power_w : float64[k], within the sums of the limits

    Nearest by the sum of squares: all free phases are shifted alike, ``clip(wanted + s)``. Its sum rises with s in
    straight pieces between the six values at which a phase comes to a limit, so s is read off between two of them.
    What rounding leaves of the sum is put on the phase with most room.
    """
    bends = np.sort(np.concatenate([lowest_w - wanted_w, highest_w - wanted_w], axis=1), axis=1)
    sums = np.clip(wanted_w[:, None] + bends[:, :, None], lowest_w[:, None], highest_w[:, None]).sum(axis=2)
    rows = np.arange(len(wanted_w))
    after = np.clip((sums < power_w[:, None]).sum(axis=1), 1, bends.shape[1] - 1)
    left, right = sums[rows, after - 1], sums[rows, after]
    part = np.clip((power_w - left) / np.where(right > left, right - left, 1.0), 0, 1)
    shift = bends[rows, after - 1] + part * (bends[rows, after] - bends[rows, after - 1])
    found: Floats = np.clip(wanted_w + shift[:, None], lowest_w, highest_w)
    rest = power_w - found.sum(axis=1)
    room = np.where(rest[:, None] >= 0, highest_w - found, found - lowest_w)
    found[rows, room.argmax(axis=1)] += rest
    return found
