"""How big a shared plant should be: PV and battery, by a linear program and by a search, which must agree.

The one part of this room that counts in floats: nothing here ends in a bill.
"""

from sunfair.commons.sizing.linear import Days, Solved, solve_days, typical_days, whole_year
from sunfair.commons.sizing.problem import HOURS, Bounds, Costs, Problem, Size, annuity, check_wishes
from sunfair.commons.sizing.result import AGREE, Economy, Sizing, economy, size_plant
from sunfair.commons.sizing.rule import follow_rule, rule_cost, search
from sunfair.commons.sizing.yields import Place, hourly_yield

__all__ = [
    "AGREE",
    "HOURS",
    "Bounds",
    "Costs",
    "Days",
    "Economy",
    "Place",
    "Problem",
    "Size",
    "Sizing",
    "Solved",
    "annuity",
    "check_wishes",
    "economy",
    "follow_rule",
    "hourly_yield",
    "rule_cost",
    "search",
    "size_plant",
    "solve_days",
    "typical_days",
    "whole_year",
]
