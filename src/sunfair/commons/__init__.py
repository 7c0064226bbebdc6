"""Community solar: how a plant's output is divided among its members, in integer Wh, by which rules, and its plan.

How big it should be stands apart, in `sunfair.commons.sizing`, which counts in floats.
"""

from sunfair.commons.allocation import KEYS, Allocation, Key, allocate
from sunfair.commons.credits import CreditAccount, carry_credits, reallocate
from sunfair.commons.income import divided, due_of, forward, owed_of
from sunfair.commons.plan import Milestone, MotionKind, Plan, PlantState, ReportKind, Terms, check_plan
from sunfair.commons.rule_sets import RULE_SETS, Applicant, Places, RuleSet, check_members, give_places
from sunfair.commons.sharing import Flows, Shared, share_output

__all__ = [
    "KEYS",
    "RULE_SETS",
    "Allocation",
    "Applicant",
    "CreditAccount",
    "Flows",
    "Key",
    "Milestone",
    "MotionKind",
    "Places",
    "Plan",
    "PlantState",
    "ReportKind",
    "RuleSet",
    "Shared",
    "Terms",
    "allocate",
    "carry_credits",
    "check_members",
    "check_plan",
    "divided",
    "due_of",
    "forward",
    "give_places",
    "owed_of",
    "reallocate",
    "share_output",
]
