"""The energy agent of each home: forecast, plan, offer, dispatch, explain.

The simple strategy, `rule`, needs no plan. It stays as the baseline every other strategy is measured against, and as
what an agent falls back to. `plan` and its kin are the cheapest way through the slots to come.
"""

from sunfair.agent.asks import asks_of, bare_asks
from sunfair.agent.cars import Cars, Garage
from sunfair.agent.credit import Credit, CreditState, CreditStep, follow_credit, without_buys
from sunfair.agent.dispatch import Dispatch, Reason, battery_response, dispatch_rule, stored_value
from sunfair.agent.dispatch_levels import Bounds
from sunfair.agent.explain import REASONS, explain
from sunfair.agent.fleet import Fleet
from sunfair.agent.forecast import DAYS, LOAD_DECAY, MISSING, PV_DECAY, Forecast, forecast_floor
from sunfair.agent.forecast_model import ForecastModel
from sunfair.agent.forecaster import Forecaster
from sunfair.agent.homes import Homes
from sunfair.agent.horizon import HORIZON_DAYS, Band, HorizonForecast, forecast_horizon
from sunfair.agent.household import Household
from sunfair.agent.market_orders import order_block
from sunfair.agent.markets import NO_PRICE, Choice, Posted, PriceSource, RetailSource, best_prices
from sunfair.agent.offer import offers_pool, offers_rule, pool_limits
from sunfair.agent.offer_owner import owned_curves
from sunfair.agent.outlook import Outlook
from sunfair.agent.plan_appliances import AppliancePlans, Appliances, plan_appliances
from sunfair.agent.plan_homes import Plans, plan, replay
from sunfair.agent.plan_prices import load_price
from sunfair.agent.plan_repair import Note
from sunfair.agent.plan_replay import Replay
from sunfair.agent.plan_stores import Peaks, StorePlans, plan_stores
from sunfair.agent.rule import RuleAgents
from sunfair.agent.smart import SmartAgents
from sunfair.agent.smart_course import Course
from sunfair.agent.smart_orders import Policy
from sunfair.agent.smart_prices import MeanPrices, Published, StreetPrices
from sunfair.agent.smart_published import PUBLISHED_HOUR, known_until, published
from sunfair.agent.stores import StoreKind, Stores

__all__ = [
    "DAYS",
    "HORIZON_DAYS",
    "LOAD_DECAY",
    "MISSING",
    "NO_PRICE",
    "PUBLISHED_HOUR",
    "PV_DECAY",
    "REASONS",
    "AppliancePlans",
    "Appliances",
    "Band",
    "Bounds",
    "Cars",
    "Choice",
    "Course",
    "Credit",
    "CreditState",
    "CreditStep",
    "Dispatch",
    "Fleet",
    "Forecast",
    "ForecastModel",
    "Forecaster",
    "Garage",
    "Homes",
    "HorizonForecast",
    "Household",
    "MeanPrices",
    "Note",
    "Outlook",
    "Peaks",
    "Plans",
    "Policy",
    "Posted",
    "PriceSource",
    "Published",
    "Reason",
    "Replay",
    "RetailSource",
    "RuleAgents",
    "SmartAgents",
    "StoreKind",
    "StorePlans",
    "Stores",
    "StreetPrices",
    "asks_of",
    "bare_asks",
    "battery_response",
    "best_prices",
    "dispatch_rule",
    "explain",
    "follow_credit",
    "forecast_floor",
    "forecast_horizon",
    "known_until",
    "load_price",
    "offers_pool",
    "offers_rule",
    "order_block",
    "owned_curves",
    "plan",
    "plan_appliances",
    "plan_stores",
    "pool_limits",
    "published",
    "replay",
    "stored_value",
    "without_buys",
]
