"""The wires: a network, its unbalanced power flow, and what follows from it for energy and for distance.

Everything is pure. A `Network` is made of JSON *text* in power-grid-model's input format; powers and energies are
+ when taken from the grid, − when given to it. Method, assumptions and limits: docs/grid.md.
"""

from sunfair.grid.distance import electrical_distance
from sunfair.grid.energy import exchange_wh, injections, losses_wh, reactive_share
from sunfair.grid.flow import Flow, power_flow
from sunfair.grid.limits import LOADING_MAX, VOLTAGE_MAX_PU, VOLTAGE_MIN_PU, violations
from sunfair.grid.network import LOAD_ID_BASE, Network, check_network

__all__ = [
    "LOADING_MAX",
    "LOAD_ID_BASE",
    "VOLTAGE_MAX_PU",
    "VOLTAGE_MIN_PU",
    "Flow",
    "Network",
    "check_network",
    "electrical_distance",
    "exchange_wh",
    "injections",
    "losses_wh",
    "power_flow",
    "reactive_share",
    "violations",
]
