"""What a shared plant is sized for: a year of use and yield, what things cost, what is allowed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError

__all__ = ["HOURS", "Bounds", "Costs", "Problem", "Size", "annuity", "check_problem"]

HOURS = 8760
"""Hours of the year that is sized for."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Costs:
    """Money in units of the currency: per kW of PV, per kWh and kW of battery; a year's upkeep; prices per kWh.

    Lifetimes in years; `discount` is real, 1/year, ≥ 0; efficiencies in (0, 1], on the AC side.
    """

    pv_kw: float = 1_100.0
    battery_kwh: float = 350.0
    battery_kw: float = 150.0
    upkeep_pv_kw: float = 15.0
    pv_years: float = 25.0
    battery_years: float = 13.0
    discount: float = 0.03
    buy: float = 0.32
    sell: float = 0.08
    charge_eff: float = 0.95
    discharge_eff: float = 0.95


@dataclass(frozen=True, slots=True)
class Bounds:
    """Most PV the roof carries, kW; most money to invest; the least part of the use to be met without import, 0 … 1."""

    roof_kw: float
    budget: float
    self_sufficiency: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """`use_kwh` and `yield_kwh` (of one kW) are float64[8760], hour by hour, ≥ 0."""

    use_kwh: Floats
    yield_kwh: Floats
    costs: Costs
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Size:
    """How big: PV kW, battery kWh and kW, all ≥ 0."""

    pv_kw: float
    battery_kwh: float
    battery_kw: float

    def capex(self, costs: Costs) -> float:
        """What it costs to build."""
        battery = costs.battery_kwh * self.battery_kwh + costs.battery_kw * self.battery_kw
        return costs.pv_kw * self.pv_kw + battery

    def annual(self, costs: Costs) -> float:
        """What it costs a year: annuities and upkeep."""
        pv = costs.pv_kw * annuity(costs.discount, costs.pv_years) + costs.upkeep_pv_kw
        battery = annuity(costs.discount, costs.battery_years)
        money = costs.battery_kwh * self.battery_kwh + costs.battery_kw * self.battery_kw
        return pv * self.pv_kw + battery * money


def annuity(discount: float, years: float) -> float:
    """The part of an investment to be paid each year: i / (1 − (1 + i)⁻ⁿ), 1/n at no interest."""
    return 1 / years if discount == 0 else float(discount / (1 - (1 + discount) ** -years))


def check_problem(problem: Problem) -> None:
    """InputError naming every gap, shape and number that nothing can be sized with."""
    faults = []
    for name, series in (("use_kwh", problem.use_kwh), ("yield_kwh", problem.yield_kwh)):
        if series.shape != (HOURS,):
            faults.append(Fault(name, f"has the shape {list(series.shape)}", f"must have [{HOURS}], hour by hour"))
        elif np.isnan(series).any():
            first = int(np.flatnonzero(np.isnan(series))[0])
            faults.append(Fault(name, f"has a gap in hour {first}", "fill it"))
        elif (series < 0).any() or not np.isfinite(series).all():
            faults.append(Fault(name, "is negative or infinite somewhere", "must be kWh ≥ 0"))
    bounds, costs = problem.bounds, problem.costs
    if not 0 <= bounds.self_sufficiency <= 1:
        faults.append(Fault("self_sufficiency", f"is {bounds.self_sufficiency}", "must lie in 0 … 1"))
    if bounds.roof_kw < 0 or bounds.budget < 0:
        faults.append(Fault("roof_kw, budget", "is negative", "must be ≥ 0"))
    if costs.sell > costs.buy:
        faults.append(Fault("sell", f"{costs.sell} is above buy, {costs.buy}", "feeding in cannot pay more than using"))
    if min(costs.pv_years, costs.battery_years) <= 0 or costs.discount < 0:
        faults.append(Fault("pv_years, battery_years, discount", "is out of range", "years > 0, discount ≥ 0"))
    if faults:
        raise InputError("the plant cannot be sized", faults)
