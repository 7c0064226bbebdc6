"""The energy agent of each home: forecast, plan, offer, dispatch, explain.

The simple strategy, `rule`, needs no plan. It stays as the baseline every other strategy is measured against, and as
what an agent falls back to. `plan` and its kin are the cheapest way through the slots to come.
"""

from sunfair.agent.cars import Cars, Garage
from sunfair.agent.dispatch import Dispatch, Reason, battery_response, dispatch_rule, stored_value
from sunfair.agent.explain import REASONS, explain
from sunfair.agent.fleet import Fleet
from sunfair.agent.forecast import DAYS, LOAD_DECAY, MISSING, PV_DECAY, Forecast, forecast_floor
from sunfair.agent.homes import Homes
from sunfair.agent.offer import offers_pool, offers_rule, pool_limits
from sunfair.agent.outlook import Outlook
from sunfair.agent.plan_appliances import AppliancePlans, Appliances, plan_appliances
from sunfair.agent.plan_homes import Plans, plan, replay
from sunfair.agent.plan_prices import load_price
from sunfair.agent.plan_repair import Note
from sunfair.agent.plan_replay import Replay
from sunfair.agent.plan_stores import Peaks, StorePlans, plan_stores
from sunfair.agent.rule import RuleAgents
from sunfair.agent.stores import StoreKind, Stores

__all__ = [
    "DAYS",
    "LOAD_DECAY",
    "MISSING",
    "PV_DECAY",
    "REASONS",
    "AppliancePlans",
    "Appliances",
    "Cars",
    "Dispatch",
    "Fleet",
    "Forecast",
    "Garage",
    "Homes",
    "Note",
    "Outlook",
    "Peaks",
    "Plans",
    "Reason",
    "Replay",
    "RuleAgents",
    "StoreKind",
    "StorePlans",
    "Stores",
    "battery_response",
    "dispatch_rule",
    "explain",
    "forecast_floor",
    "load_price",
    "offers_pool",
    "offers_rule",
    "plan",
    "plan_appliances",
    "plan_stores",
    "pool_limits",
    "replay",
    "stored_value",
]
