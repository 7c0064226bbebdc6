"""Charge points: the central system that they connect to, and simulated ones."""

from sunfair.devices.central import CentralSystem, Listener, Pace
from sunfair.devices.credentials import check_password, make_secret, server_context
from sunfair.devices.simulator import NO_LINE, Quirk, SimulatedPoint, Spec

__all__ = [
    "NO_LINE",
    "CentralSystem",
    "Listener",
    "Pace",
    "Quirk",
    "SimulatedPoint",
    "Spec",
    "check_password",
    "make_secret",
    "server_context",
]
