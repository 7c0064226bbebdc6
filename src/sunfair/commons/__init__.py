"""Community solar: how a plant's output is divided among its members, in integer Wh, by which rules, and its plan.

How big it should be stands apart, in `sunfair.commons.sizing`, which counts in floats.
"""

from sunfair.commons.allocation import KEYS, Allocation, Key, allocate
from sunfair.commons.credits import CreditAccount, carry_credits, reallocate
from sunfair.commons.income import credits_of, divided, due_of, forward
from sunfair.commons.plan import Milestone, MotionKind, Plan, PlantState, ReportKind, Terms, check_plan
from sunfair.commons.rule_sets import RULE_SETS, Applicant, Places, RuleSet, check_members, give_places

__all__ = [
    "KEYS",
    "RULE_SETS",
    "Allocation",
    "Applicant",
    "CreditAccount",
    "Key",
    "Milestone",
    "MotionKind",
    "Places",
    "Plan",
    "PlantState",
    "ReportKind",
    "RuleSet",
    "Terms",
    "allocate",
    "carry_credits",
    "check_members",
    "check_plan",
    "credits_of",
    "divided",
    "due_of",
    "forward",
    "give_places",
    "reallocate",
]
