"""The virtual-clock runner: a street, its agents and meters, and the whole market around them under one seed."""

from sunfair.simulate.beside import Unsettled, unlimited
from sunfair.simulate.funding import guarantee, opening_deposits
from sunfair.simulate.operator import Operator
from sunfair.simulate.runner import Simulation, Span
from sunfair.simulate.street import Street
from sunfair.simulate.wires import Wires
from sunfair.simulate.world import SeededChance, VirtualClock

__all__ = [
    "Operator",
    "SeededChance",
    "Simulation",
    "Span",
    "Street",
    "Unsettled",
    "VirtualClock",
    "Wires",
    "guarantee",
    "opening_deposits",
    "unlimited",
]
