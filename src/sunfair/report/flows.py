"""Which way the energy went: roof, battery, neighbours and grid, to the watt-hour.

A home's roof serves the home first, then its battery, then the street; its battery serves the home first. What leaves
homes in a slot meets what other homes take in the same slot: that part is the neighbours', the rest the grid's. Which
home met which is not known and not asked: of what is shared, each kind of source and sink has its proportional part.
"""

from dataclasses import dataclass

import numpy as np

from sunfair.report.run import Numbers

__all__ = ["FLOWS", "HomeFlows", "home_flows", "street_flows"]

FLOWS = (
    "roof_home",
    "roof_battery",
    "roof_neighbour",
    "roof_grid",
    "battery_home",
    "battery_neighbour",
    "battery_grid",
    "neighbour_home",
    "neighbour_battery",
    "grid_home",
    "grid_battery",
)
"""Source and sink of each flow of `street_flows`."""


@dataclass(frozen=True, slots=True, eq=False)
class HomeFlows:
    """Flows of every home, int64[T, n], Wh, ≥ 0; `out` leaves the home, `in` comes from beyond its meter.

    ``in_home + in_battery − roof_out − battery_out`` is what the meter shows.
    """

    roof_home: Numbers
    roof_battery: Numbers
    roof_out: Numbers
    battery_home: Numbers
    battery_out: Numbers
    in_home: Numbers
    in_battery: Numbers


def home_flows(*, use_wh: Numbers, roof_wh: Numbers, battery_wh: Numbers) -> HomeFlows:
    """Flows behind and through the meters; all int64[T, n], Wh.

    use_wh : ≥ 0, household and car; roof_wh : ≥ 0, after curtailment; battery_wh : + charges, − discharges
    """
    charge, discharge = np.maximum(battery_wh, 0), np.maximum(-battery_wh, 0)
    roof_home = np.minimum(roof_wh, use_wh)
    roof_battery = np.minimum(roof_wh - roof_home, charge)
    battery_home = np.minimum(discharge, use_wh - roof_home)
    return HomeFlows(
        roof_home=roof_home,
        roof_battery=roof_battery,
        roof_out=roof_wh - roof_home - roof_battery,
        battery_home=battery_home,
        battery_out=discharge - battery_home,
        in_home=use_wh - roof_home - battery_home,
        in_battery=charge - roof_battery,
    )


def street_flows(homes: HomeFlows) -> dict[str, Numbers]:
    """The street's flows per slot, int64[T], Wh, by the names in `FLOWS`."""
    total = {name: getattr(homes, name).sum(axis=1) for name in HomeFlows.__dataclass_fields__}
    leaving = total["roof_out"] + total["battery_out"]
    coming = total["in_home"] + total["in_battery"]
    shared = np.minimum(leaving, coming)
    # Rounded down for the first kind, the rest to the second: both add up to what is shared, exactly.
    roof_shared = shared * total["roof_out"] // np.maximum(leaving, 1)
    home_shared = shared * total["in_home"] // np.maximum(coming, 1)
    return {
        "roof_home": total["roof_home"],
        "roof_battery": total["roof_battery"],
        "roof_neighbour": roof_shared,
        "roof_grid": total["roof_out"] - roof_shared,
        "battery_home": total["battery_home"],
        "battery_neighbour": shared - roof_shared,
        "battery_grid": total["battery_out"] - (shared - roof_shared),
        "neighbour_home": home_shared,
        "neighbour_battery": shared - home_shared,
        "grid_home": total["in_home"] - home_shared,
        "grid_battery": total["in_battery"] - (shared - home_shared),
    }
