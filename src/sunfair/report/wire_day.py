"""What the wires did over the day: unbalance, where the price splits, and whose roofs were held back."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.grid import Flow
from sunfair.model import FIRST_MEMBER, Phase
from sunfair.report.day import Day
from sunfair.report.run import Run

__all__ = ["held_back", "jain", "local_prices", "wire_balance"]


def wire_balance(flow: Flow) -> dict[str, Any]:
    """Neutral current of the transformer with the most (0.1 A; None without one) and highest voltage unbalance of any
    bus (10⁻⁵), slot by slot, null without a solution.
    """
    current, unbalance = (np.nan_to_num(values) for values in (flow.neutral_a, flow.vuf))
    found: dict[str, Any] = {}
    for name, values in (("neutral", current * 10), ("vuf", unbalance * 100_000)):
        found[name] = None
        if values.shape[1]:
            known = np.round(values.max(axis=1)).astype(np.int64).astype(np.object_)
            known[flow.failed] = None
            found[name] = known.tolist()
    return found


def local_prices(run: Run, day: Day, buses: int, member_bus: NDArray[np.int64]) -> dict[str, Any] | None:
    """Prices on the wires, µ/kWh: `low` and `high` over the connections, `energy`, and `bus`, the mean of each bus's
    connections [bus][slot]; None where nothing traded. None altogether where the book was not cleared on the wires.
    """
    if not run.has("local_prices"):
        return None
    table = run.table("local_prices", ["slot", "account", "phase", "price", "energy"], day.span)
    if not len(table):
        return None
    account = np.asarray(table["account"]).astype(np.int64) - FIRST_MEMBER
    phase, price = np.array(table["phase"].to_pylist(), dtype=object), np.asarray(table["price"]).astype(np.int64)
    whole = np.array([member.phase in (None, Phase.ABC) for member in run.community.members])
    own = (phase == Phase.ABC.value) | ~whole[account]  # of three phases the mean, at which such a home trades
    at = np.asarray(table["slot"]).astype(np.int64) - int(run.slot[day.span.start])
    energy = np.asarray(table["energy"]).astype(np.int64)
    return _by_slot(at[own], member_bus[account[own]], price[own], energy[own], (day.span.length, buses))


def _by_slot(
    at: NDArray[np.int64],
    bus: NDArray[np.int64],
    price: NDArray[np.int64],
    energy: NDArray[np.int64],
    shape: tuple[int, int],
) -> dict[str, Any]:
    slots, buses = shape
    low, high, common = (list[int | None]([None] * slots) for _ in range(3))
    each: list[list[int | None]] = [[None] * slots for _ in range(buses)]
    for t in np.unique(at).tolist():
        here = at == t
        low[t], high[t], common[t] = int(price[here].min()), int(price[here].max()), int(energy[here][0])
        for k in np.unique(bus[here]).tolist():
            each[k][t] = int(price[here & (bus == k)].mean())
    return {"low": low, "high": high, "energy": common, "bus": each}


def held_back(run: Run, day: Day) -> dict[str, Any] | None:
    """How much of each home's roof was held back that day, Wh, and how fairly; None where nothing was.

    fairness : Jain's index (Jain, Chiu and Hawe 1984) of the part of its roof each could use, over the homes with one,
        10⁻⁴: 10 000 where all lose the same part, 10 000/n where one alone keeps anything
    """
    plan = run.ints("plans", ["pv_wh", "curtail_wh"], day.span)
    roof, lost = plan["pv_wh"].sum(axis=0), plan["curtail_wh"].sum(axis=0)
    if not lost.sum():
        return None
    kept = 1 - lost[roof > 0] / roof[roof > 0]
    by_slot = plan["curtail_wh"].sum(axis=1)
    return {
        "roof_wh": roof.tolist(),
        "lost_wh": lost.tolist(),
        "slot_wh": by_slot.tolist(),
        "fairness": round(jain(kept) * 10_000),
    }


def jain(parts: NDArray[np.float64]) -> float:
    """Jain's index of fairness of parts ≥ 0, float64[n]: (Σx)²/(n·Σx²), 1/n … 1; 1 where there is nothing to share."""
    squares = float(np.square(parts).sum())
    return float(parts.sum() ** 2 / (len(parts) * squares)) if squares > 0 else 1.0
