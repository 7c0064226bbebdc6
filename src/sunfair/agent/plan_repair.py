"""Bad input made good, and told: what a measured world sends is never a reason to have no plan."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.homes import Homes
from sunfair.agent.outlook import Outlook

__all__ = ["LEAST_EFFICIENCY", "Note", "Problem", "repair"]

Floats = NDArray[np.float64]

LEAST_EFFICIENCY = 0.01
"""Below this an efficiency is taken for a mistake, and that direction of the battery is not used."""

_MOST_PRICE = 1e9
"""µ/kWh; the largest |price| of the market."""

_MOST_ENERGY = 1e9
"""Wh; the largest energy of a slot in the market, and the largest battery."""


@dataclass(frozen=True, slots=True, eq=False)
class Note:
    """Something repaired, or a limit that could not be held.

    field : the column or series it is about
    what  : what was found and what was done
    homes : int64[k], the places of the homes it happened to, ascending
    """

    field: str
    what: str
    homes: NDArray[np.int64]

    def __str__(self) -> str:
        shown = ", ".join(str(home) for home in self.homes[:5].tolist())
        more = f" and {len(self.homes) - 5} more" if len(self.homes) > 5 else ""
        return f"{self.field} of home {shown}{more}: {self.what}"


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A plan's problem with every value sound: finite but for limits, in range, all series T long.

    capacity, soc, reserve           : float64[n], Wh, battery side, 0 ≤ soc, reserve ≤ capacity
    charge_limit, discharge_limit    : float64[n], Wh per slot, AC side, finite
    charge_eff, discharge_eff        : float64[n], in (0, 1]
    wear, terminal                   : float64[n], µ/kWh
    import_limit, export_limit       : float64[n], Wh per slot, may be infinite
    load, pv                         : float64[n, T], Wh
    buy, sell                        : float64[n or 1, T], µ/kWh, sell ≤ buy
    """

    capacity: Floats
    soc: Floats
    reserve: Floats
    charge_limit: Floats
    discharge_limit: Floats
    charge_eff: Floats
    discharge_eff: Floats
    wear: Floats
    import_limit: Floats
    export_limit: Floats
    load: Floats
    pv: Floats
    buy: Floats
    sell: Floats
    terminal: Floats

    @property
    def size(self) -> int:
        """Number of homes, n."""
        return len(self.capacity)

    @property
    def horizon(self) -> int:
        """Number of slots, T."""
        return int(self.load.shape[1])

    def devices(self) -> Floats:
        """All that is one number per home, float64[n, 11], in the order kernels read it."""
        columns = (self.capacity, self.soc, self.reserve, self.charge_limit, self.discharge_limit, self.charge_eff)
        more = (self.discharge_eff, self.wear, self.import_limit, self.export_limit, self.terminal)
        return np.column_stack([*columns, *more])

    def series(self) -> tuple[Floats, Floats, Floats, Floats]:
        """What changes from slot to slot, in the order kernels read it: load, roof, prices."""
        return self.load, self.pv, self.buy, self.sell

    def take(self, homes: NDArray[np.int64] | slice) -> "Problem":
        """The same for the homes at these places."""
        columns = {}
        for name in self.__slots__:
            array = getattr(self, name)
            shared = array.ndim == 2 and len(array) == 1 and self.size != 1
            columns[name] = array if shared else array[homes]
        return Problem(**columns)


def repair(homes: Homes, outlook: Outlook) -> tuple[Problem, tuple[Note, ...]]:
    """The problem to be solved, and what had to be repaired on the way to it."""
    notes = _Notes()
    hours = outlook.slot_seconds / 3600
    capacity = notes.mend("capacity_wh", homes.capacity_wh, 0, _MOST_ENERGY, "no battery is planned with")
    reserve = notes.mend("reserve_wh", homes.reserve_wh, 0, capacity, "no reserve is kept")
    soc = notes.mend("soc_wh", homes.soc_wh, 0, capacity, "taken to stand at the reserve", unknown=reserve)
    charge_eff, can_charge = notes.efficiency("charge_eff", homes.charge_eff)
    discharge_eff, can_discharge = notes.efficiency("discharge_eff", homes.discharge_eff)
    charge = np.where(can_charge, notes.mend("charge_w", homes.charge_w, 0, np.inf, "not charged"), 0.0)
    discharge = np.where(can_discharge, notes.mend("discharge_w", homes.discharge_w, 0, np.inf, "not discharged"), 0.0)
    buy, sell = notes.price("buy", outlook.buy, outlook), notes.price("sell", outlook.sell, outlook)
    problem = Problem(
        capacity=capacity,
        soc=soc,
        reserve=reserve,
        # No more than fills or empties the whole battery: an unlimited power becomes a number.
        charge_limit=np.minimum(charge * hours, capacity / charge_eff),
        discharge_limit=np.minimum(discharge * hours, capacity * discharge_eff),
        charge_eff=charge_eff,
        discharge_eff=discharge_eff,
        wear=notes.mend("wear", homes.wear, 0, _MOST_PRICE, "taken as 0"),
        import_limit=notes.mend("import_w", homes.import_w, 0, np.inf, "no limit is kept", unknown=np.inf) * hours,
        export_limit=notes.mend("export_w", homes.export_w, 0, np.inf, "no limit is kept", unknown=np.inf) * hours,
        load=notes.energy("load_wh", outlook.load_wh, outlook),
        pv=notes.energy("pv_wh", outlook.pv_wh, outlook),
        buy=buy,
        sell=np.minimum(sell, buy),
        terminal=notes.mend("terminal", outlook.terminal, -_MOST_PRICE, _MOST_PRICE, "taken as 0"),
    )
    return problem, tuple(notes.found)


class _Notes:
    """Collects what `repair` finds."""

    def __init__(self) -> None:
        self.found: list[Note] = []

    def tell(self, field: str, what: str, where: NDArray[np.bool_] | np.bool_) -> None:
        """A note for the homes where `where` (bool[n]) is true, if there is one."""
        homes = np.flatnonzero(where)
        if len(homes):
            self.found.append(Note(field, what, homes))

    def mend(
        self,
        field: str,
        values: Floats,
        low: float,
        high: Floats | float,
        otherwise: str,
        unknown: Floats | float = 0.0,
    ) -> Floats:
        """`values` between `low` and `high`; NaN, and ∞ where it is no limit, become `unknown`."""
        missing = np.isnan(values) | (np.isinf(values) & ~np.isinf(high))
        self.tell(field, f"not a finite number; {otherwise}", missing)
        known = np.where(missing, unknown, values)
        self.tell(field, f"below {low:g}; taken as {low:g}", known < low)
        self.tell(field, "above the most there can be; taken as that", known > high)
        return np.clip(known, low, high)

    def efficiency(self, field: str, values: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Efficiencies in (0, 1], and where the battery's direction may be used at all."""
        usable = values >= LEAST_EFFICIENCY  # false for NaN
        self.tell(field, "not an efficiency; the battery is not used in this direction", ~usable)
        self.tell(field, "above 1; taken as 1", values > 1)
        return np.where(usable, np.minimum(values, 1.0), 1.0), usable

    def energy(self, field: str, series: Floats, outlook: Outlook) -> Floats:
        """A series of energies, T long, without gaps, between 0 and the most there can be."""
        whole = self._whole(field, series, outlook)
        if whole.size and (whole.min() < 0 or whole.max() > _MOST_ENERGY):
            self.tell(field, "below 0 in some slots; taken as 0 there", (whole < 0).any(axis=1))
            self.tell(field, "above the most there can be; taken as that", (whole > _MOST_ENERGY).any(axis=1))
            return np.clip(whole, 0.0, _MOST_ENERGY)
        return whole

    def price(self, field: str, series: Floats, outlook: Outlook) -> Floats:
        """A series of prices as float64[n or 1, T], without gaps, at most ±10⁹."""
        whole = self._whole(field, np.atleast_2d(series), outlook)
        far = np.abs(whole) > _MOST_PRICE
        if far.any():
            self.tell(field, "beyond ±10⁹ µ/kWh; taken as that", _every(far.any(axis=1), len(outlook)))
            return np.clip(whole, -_MOST_PRICE, _MOST_PRICE)
        return whole

    def _whole(self, field: str, series: Floats, outlook: Outlook) -> Floats:
        """`series`, T long, its gaps filled."""
        horizon, size = outlook.horizon, len(outlook)
        short = horizon - series.shape[1]
        if short:
            self.tell(
                field, f"{short} slots shorter than the horizon; gone on as a day before", np.ones(size, np.bool_)
            )
            series = np.hstack([series, np.full((len(series), short), np.nan)])
        gaps = ~np.isfinite(series)
        if not gaps.any():
            return series
        holed = gaps[:, : horizon - short].any(axis=1)
        self.tell(field, "missing in some slots; filled as a day before or as the slot before", _every(holed, size))
        return _filled(series, gaps, max(1, round(86_400 / outlook.slot_seconds)))


def _every(where: NDArray[np.bool_] | np.bool_, size: int) -> NDArray[np.bool_]:
    """`where` (bool[n], or bool[1] of a series all share) for each of `size` homes."""
    return np.broadcast_to(where, size)


def _filled(series: Floats, gaps: NDArray[np.bool_], per_day: int) -> Floats:
    """`series` with gaps filled: as a day before, else as the slot before, else as the first known one, else 0."""
    whole, open_ = np.where(gaps, np.nan, series), gaps.copy()
    for slot in np.flatnonzero(gaps.any(axis=0)).tolist():
        for earlier in (slot - per_day, slot - 1):
            if earlier >= 0:
                whole[:, slot] = np.where(open_[:, slot], whole[:, earlier], whole[:, slot])
                open_[:, slot] = np.isnan(whole[:, slot])
    first = np.argmin(open_, axis=1)
    begin = whole[np.arange(len(whole)), first]
    return np.where(open_, np.where(np.isnan(begin), 0.0, begin)[:, None], whole)
