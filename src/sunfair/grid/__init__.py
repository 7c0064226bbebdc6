"""The wires: a network, its unbalanced power flow, and what follows from it for energy and for distance.

Everything is pure. A `Network` is made of JSON *text* in power-grid-model's input format; powers and energies are
+ when taken from the grid, − when given to it. Method, assumptions and limits: docs/grid.md.
"""

from sunfair.grid.converters import Converters
from sunfair.grid.distance import electrical_distance
from sunfair.grid.energy import exchange_wh, injections, losses_wh, phase_spread, reactive_share
from sunfair.grid.envelope import Asks, Caps, EnvelopeRule
from sunfair.grid.flow import Flow, power_flow
from sunfair.grid.limits import LOADING_MAX, VOLTAGE_MAX_PU, VOLTAGE_MIN_PU, violations
from sunfair.grid.loss_shares import loss_weights, no_load_losses_w, share_losses
from sunfair.grid.network import LOAD_ID_BASE, Network, check_network
from sunfair.grid.paths import shared_path_ohm
from sunfair.grid.phase_changes import PhaseChange, order_changes
from sunfair.grid.phase_power import SetPoints, steer_phases
from sunfair.grid.phasing import PHASES, Unbalance, assign_phases, phase_numbers, unbalance
from sunfair.grid.point_cache import PointCache
from sunfair.grid.reactive import VoltVar, volt_var
from sunfair.grid.sensitivity import NoPowerFlow, Sensitivities, sensitivities
from sunfair.grid.static import static_limits
from sunfair.grid.transfer import branch_distance, network_fees, transfer_factors
from sunfair.grid.volt_var_flow import volt_var_flow
from sunfair.grid.wire_figures import WireFigures, wire_figures

__all__ = [
    "LOADING_MAX",
    "LOAD_ID_BASE",
    "PHASES",
    "VOLTAGE_MAX_PU",
    "VOLTAGE_MIN_PU",
    "Asks",
    "Caps",
    "Converters",
    "EnvelopeRule",
    "Flow",
    "Network",
    "NoPowerFlow",
    "PhaseChange",
    "PointCache",
    "Sensitivities",
    "SetPoints",
    "Unbalance",
    "VoltVar",
    "WireFigures",
    "assign_phases",
    "branch_distance",
    "check_network",
    "electrical_distance",
    "exchange_wh",
    "injections",
    "loss_weights",
    "losses_wh",
    "network_fees",
    "no_load_losses_w",
    "order_changes",
    "phase_numbers",
    "phase_spread",
    "power_flow",
    "reactive_share",
    "sensitivities",
    "share_losses",
    "shared_path_ohm",
    "static_limits",
    "steer_phases",
    "transfer_factors",
    "unbalance",
    "violations",
    "volt_var",
    "volt_var_flow",
    "wire_figures",
]
