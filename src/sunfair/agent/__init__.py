"""The energy agent of each home: forecast, offer, dispatch, explain. Here its simple strategy, `rule`.

`rule` stays as the baseline every other strategy is measured against, and as what an agent falls back to.
"""

from sunfair.agent.cars import Cars, Garage
from sunfair.agent.dispatch import Dispatch, Reason, battery_response, dispatch_rule, stored_value
from sunfair.agent.explain import REASONS, explain
from sunfair.agent.fleet import Fleet
from sunfair.agent.forecast import DAYS, LOAD_DECAY, MISSING, PV_DECAY, Forecast, forecast_floor
from sunfair.agent.offer import offers_pool, offers_rule, pool_limits
from sunfair.agent.rule import RuleAgents

__all__ = [
    "DAYS",
    "LOAD_DECAY",
    "MISSING",
    "PV_DECAY",
    "REASONS",
    "Cars",
    "Dispatch",
    "Fleet",
    "Forecast",
    "Garage",
    "Reason",
    "RuleAgents",
    "battery_response",
    "dispatch_rule",
    "explain",
    "forecast_floor",
    "offers_pool",
    "offers_rule",
    "pool_limits",
    "stored_value",
]
