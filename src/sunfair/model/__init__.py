"""What a community is: members, meter points, roofs, batteries, cars, tariff, and the series measured there."""

from sunfair.model.community import (
    FIRST_MEMBER,
    NETWORK,
    RESERVE,
    SMALL_COMMUNITY,
    UTILITY,
    Battery,
    Car,
    Community,
    Fees,
    Mechanism,
    Member,
    Phase,
    Session,
    Strategy,
)
from sunfair.model.offer import Curves
from sunfair.model.scenario import Scenario, Series, Visits

__all__ = [
    "FIRST_MEMBER",
    "NETWORK",
    "RESERVE",
    "SMALL_COMMUNITY",
    "UTILITY",
    "Battery",
    "Car",
    "Community",
    "Curves",
    "Fees",
    "Mechanism",
    "Member",
    "Phase",
    "Scenario",
    "Series",
    "Session",
    "Strategy",
    "Visits",
]
