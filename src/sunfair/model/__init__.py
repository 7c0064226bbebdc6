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
    Sharing,
    Strategy,
)
from sunfair.model.offer import Curves
from sunfair.model.owner import Appliance, Gift, HeatPump, Override, Owner, Prepaid, Span
from sunfair.model.plant import PLANT_KEYS, Plant, SeatSale
from sunfair.model.retail import Market, MarketKind, Quotes
from sunfair.model.scenario import Scenario, Series, Visits

__all__ = [
    "FIRST_MEMBER",
    "NETWORK",
    "PLANT_KEYS",
    "RESERVE",
    "SMALL_COMMUNITY",
    "UTILITY",
    "Appliance",
    "Battery",
    "Car",
    "Community",
    "Curves",
    "Fees",
    "Gift",
    "HeatPump",
    "Market",
    "MarketKind",
    "Mechanism",
    "Member",
    "Override",
    "Owner",
    "Phase",
    "Plant",
    "Prepaid",
    "Quotes",
    "Scenario",
    "SeatSale",
    "Series",
    "Session",
    "Sharing",
    "Span",
    "Strategy",
    "Visits",
]
