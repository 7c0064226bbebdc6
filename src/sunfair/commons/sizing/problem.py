"""What a shared plant is sized for: a year of use and yield, what things cost, what is allowed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError

__all__ = ["HOURS", "Bounds", "Costs", "Problem", "Size", "annuity", "check_problem", "check_wishes"]

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
    faults += [*_cost_faults(problem.costs), *_bound_faults(problem.bounds)]
    if faults:
        raise InputError("the plant cannot be sized", faults)


def check_wishes(costs: Costs, bounds: Bounds) -> None:
    """InputError naming every cost, price and bound that nothing can be sized with."""
    if faults := [*_cost_faults(costs), *_bound_faults(bounds)]:
        raise InputError("the plant cannot be sized", faults)


_MOST = 1e12
"""Beyond any money, power or time: a slip, and more than the solvers' numbers carry."""

_MUST_BE_ABOVE = f"must be above 0, at most {_MOST:g}"
_MUST_BE_FROM = f"must lie in 0 … {_MOST:g}"


def _cost_faults(costs: Costs) -> list[Fault]:
    faults = _ranges(
        costs,
        ("pv_kw", _above, _MUST_BE_ABOVE),
        ("battery_kwh", _above, _MUST_BE_ABOVE),
        ("battery_kw", _above, _MUST_BE_ABOVE),
        ("buy", _above, _MUST_BE_ABOVE),
        ("sell", _from_nothing, _MUST_BE_FROM),
        ("upkeep_pv_kw", _from_nothing, _MUST_BE_FROM),
        ("pv_years", _above, _MUST_BE_ABOVE),
        ("battery_years", _above, _MUST_BE_ABOVE),
        ("discount", _from_nothing, _MUST_BE_FROM),
        ("charge_eff", _part, "must be above 0, at most 1"),
        ("discharge_eff", _part, "must be above 0, at most 1"),
    )
    if costs.sell > costs.buy:
        faults.append(Fault("sell", f"{costs.sell} is above buy, {costs.buy}", "feeding in cannot pay more than using"))
    return faults


def _bound_faults(bounds: Bounds) -> list[Fault]:
    return _ranges(
        bounds,
        ("roof_kw", _from_nothing, _MUST_BE_FROM),
        ("budget", _from_nothing, _MUST_BE_FROM),
        ("self_sufficiency", lambda value: 0 <= value <= 1, "must lie in 0 … 1"),
    )


def _above(value: float) -> bool:
    return 0 < value <= _MOST


def _from_nothing(value: float) -> bool:
    return 0 <= value <= _MOST


def _part(value: float) -> bool:
    return 0 < value <= 1


def _ranges(holder: Costs | Bounds, *fields: tuple[str, Callable[[float], bool], str]) -> list[Fault]:
    """A fault for each field whose number is out of its range; NaN is in none."""
    return [
        Fault(name, f"is {getattr(holder, name):g}", must)
        for name, fits, must in fields
        if not fits(getattr(holder, name))
    ]
