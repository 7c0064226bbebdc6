"""Charge points that are simulated, faults included, and speak OCPP over real sockets."""

from sunfair.devices.simulator.meter import Meter, Sign
from sunfair.devices.simulator.point import NO_LINE, Quirk, SimulatedPoint, Spec

__all__ = ["NO_LINE", "Meter", "Quirk", "Sign", "SimulatedPoint", "Spec"]
