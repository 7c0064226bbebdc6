"""What must stand beside data made from SimBench: who made it, under which licence, and what was assumed."""

from sunfair.files.import_simbench_network import SOURCE_VA, ZERO_SEQUENCE

__all__ = ["DYNAMIC_NOTICE", "NOTICES", "notice_text"]

NOTICES = (
    "Network and profiles: SimBench (University of Kassel, Fraunhofer IEE, RWTH Aachen, TU Dortmund), Open Database "
    "License 1.0; this community is a derived database under the same licence (NOTICE.md).",
    "Homes are scaled copies of six measured shapes (SimBench H0-A, B, C, G, H, L), shifted by whole weeks: one home's "
    "past is another's future, so forecasts of a home leave its shape out of the training. H0-H, on the connections of "
    "businesses, is much smoother than a single home.",
    f"SimBench has no zero-sequence data: R0 = {ZERO_SEQUENCE:g} R1, X0 = {ZERO_SEQUENCE:g} X1 and C0 = C1 of the "
    f"cables and a feeding network of {SOURCE_VA / 1e6:g} MVA are assumed.",
    "Phases, roofs, batteries, cars, yearly use and the cars' departures are drawn or assumed, not measured; "
    "SimBench's times are read as CET all year.",
)
"""Sentences for every report on a community made from SimBench."""

DYNAMIC_NOTICE = (
    "The retail price is synthetic: it follows the grid's own residual load hour by hour around 0.32 per kWh; no "
    "market made it."
)

_TEXT = """# Notice

The files in this folder are a database derived from **SimBench** (grid `{code}`, scenario data as shipped in the Python
package `simbench`), made by `sunfair import simbench` with seed {seed}.

SimBench — Copyright (c) 2019-2026 by University of Kassel, TU Dortmund, RWTH Aachen University and Fraunhofer
Institute for Energy Economics and Energy System Technology (IEE) Kassel and individual contributors (Steffen
Meinecke, Simon Drauz, Annika Klettke, Dzanan Sarajlic, Julian Sprey, Christian Spalthoff, Chris Kittl and others; see
the AUTHORS file of the package). <https://simbench.de>, <https://github.com/e2nIEE/simbench>.

> S. Meinecke, D. Sarajlić, S. R. Drauz, A. Klettke, L.-P. Lauven, C. Rehtanz, A. Moser, M. Braun: *SimBench — A
> Benchmark Dataset of Electric Power Systems to Compare Innovative Solutions Based on Power Flow Analysis*.
> Energies 13 (2020), 3290. <https://doi.org/10.3390/en13123290>

## Licence

The database called SimBench is made available under the **Open Database License (ODbL) 1.0**:
<http://opendatacommons.org/licenses/odbl/1.0/>. Any rights in individual contents of the database are licensed under
the Database Contents License (DbCL) 1.0: <http://opendatacommons.org/licenses/dbcl/1.0/>.

**Share alike.** The files beside this notice are a derived database and are offered under the same licence, ODbL 1.0
(contents: DbCL 1.0), not under the licence of the program. Whoever passes them on, changed or not, keeps this notice
and this licence; whoever publishes results made from them names SimBench as their source.

## What was changed

* Kept: buses, cables, transformer and its tap, the voltage of the feeding network, which bus has a base load, and the
  shape that SimBench gives to each household's load.
* The base loads became one home each. Connections of businesses became homes with the sixth household shape, H0-H. Heat
  pumps, chargers and storages were left out.
* Each home's load is its shape scaled to a yearly use drawn from a log-normal distribution (median 3,300 kWh, 1,500 to
  8,000; H0-H evenly from 5,000 to 9,000) and shifted by 0, ±1, ±2, … whole weeks, so that no two are alike.
* The grid's own roofs belong to the first home on their bus, which hangs on three phases.
* Added: 5 kWp more on every roof, on one drawn phase where the home had none, with the shape of one of the grid's own
  roofs; a battery of 10 kWh / 5 kW for two homes in five, a charger of 11 kW for one in four. Which homes get them is
  drawn.
* Cars come and charge as in SimBench's profiles of charging at home (HLS) up to 11 kW: each session is an arrival and a
  need. Departures are not in the data: who comes from 15:00 on leaves at 7:00, who comes by day two hours after the
  profile stopped charging, always before the next arrival.
* Added to the network: R0 = 4 R1, X0 = 4 X1, C0 = C1 for the cables, a solidly earthed Dyn transformer, 500 MVA of
  short-circuit power above.
* The prices of `community-dynamic.toml` are synthetic: 0.32 per kWh plus 0.06 for each standard deviation of the
  grid's own residual load (SimBench's loads less its roofs), hour by hour.
* Times: SimBench names no zone. Its business loads jump by an hour against its clock when daylight saving begins and
  ends, so the clock is the same all year; the daily course of the loads fits CET (UTC+01:00), and so all times were
  read. The roofs alone would not decide: the centre of a year's production lies at 11:50 on that clock for the roofs of
  this grid, at 11:29 for the mean of SimBench's eight shapes; the sun's noon is at 12:15 CET or 11:15 UTC.
* SimBench's roofs yield 570 to 700 kWh a year per kWp, less than most roofs in Germany; they were not scaled up.
"""


def notice_text(code: str, seed: int) -> str:
    """NOTICE.md for a community made from the SimBench grid `code`."""
    return _TEXT.format(code=code, seed=seed)
