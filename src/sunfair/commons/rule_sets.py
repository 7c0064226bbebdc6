"""What a country asks of a shared plant, as data with its source; and whether a list of members keeps to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sunfair.errors import Fault, InputError
from sunfair.units import BPS

__all__ = ["RULE_SETS", "Applicant", "Places", "RuleSet", "check_members", "give_places"]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Limits of one jurisdiction; None where it sets none.

    keys : sharing keys it knows; members_min : members; large_bps_max : part that large users may hold together;
    large_w : from which demand on a user is large, W; least_wh : the least a member gets a year, Wh; own_use : nobody
    gets more than its use in a slot; distance_m : how far from the plant a member may be; plant_w_max : largest plant,
    W; carries : months a credit lives (None: none carried)
    """

    name: str
    keys: tuple[str, ...]
    source: str
    members_min: int = 2
    large_bps_max: int | None = None
    large_w: int | None = None
    least_wh: int = 0
    own_use: bool = True
    distance_m: int | None = None
    plant_w_max: int | None = None
    carries: int | None = None


RULE_SETS = {
    rules.name: rules
    for rules in (
        RuleSet(
            "new-york",
            keys=("static",),
            source="New York PSC, Case 15-E-0082, Order Establishing a Community Distributed Generation Program (2015)"
            "; 5 MW by the order of 22 February 2018 on the value of distributed energy resources",
            members_min=10,
            large_bps_max=4_000,
            large_w=25_000,
            least_wh=1_000_000,
            own_use=False,
            plant_w_max=5_000_000,
            carries=12,
        ),
        RuleSet(
            "austria",
            keys=("static", "dynamic"),
            source="ElWOG 2010 §§ 16a, 16c–16e (BGBl. I 110/2010 as amended by BGBl. I 150/2021)",
        ),
        RuleSet(
            "spain",
            keys=("static", "table"),
            source="Real Decreto 244/2019; Orden TED/1247/2021 (coefficients); Real Decreto-ley 20/2022 (2,000 m)",
            distance_m=2_000,
        ),
        RuleSet(
            "france",
            keys=("static", "dynamic", "priority", "table"),
            source="Code de l'énergie L. 315-2; arrêté du 21 novembre 2019 (2 km between the farthest), as amended by "
            "the arrêté du 21 février 2025 (less than 5 MW)",
            distance_m=2_000,
            plant_w_max=4_999_999,
        ),
    )
}
"""By name. A rule set is a default to start from: what is in force at a place has to be looked up there."""


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who wants a place: share bps, demand W, how far away m; low_income as the rules of the place define it."""

    name: str
    share_bps: int
    demand_w: int = 0
    distance_m: int = 0
    low_income: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """Indices of applicants: who got a place, in the order of applying, and who waits."""

    seated: tuple[int, ...]
    waiting: tuple[int, ...]


def check_members(rules: RuleSet, key: str, members: Sequence[Applicant], *, peak_w: int, year_wh: int) -> None:
    """InputError naming everything in which a plant of `peak_w` and `year_wh` a year breaks the rule set."""
    faults = []
    if key not in rules.keys:
        faults.append(Fault("key", f"is {key!r}", f"{rules.name} knows {', '.join(rules.keys)}"))
    if len(members) < rules.members_min:
        faults.append(Fault("members", f"are {len(members)}", f"must be at least {rules.members_min}"))
    total = sum(member.share_bps for member in members)
    if total != BPS:
        faults.append(Fault("shares", f"sum to {total} bps", f"must sum to exactly {BPS}"))
    large = sum(
        member.share_bps for member in members if rules.large_w is not None and member.demand_w >= rules.large_w
    )
    if rules.large_bps_max is not None and large > rules.large_bps_max:
        faults.append(Fault("large users", f"hold {large} bps", f"may hold {rules.large_bps_max}"))
    if rules.plant_w_max is not None and peak_w > rules.plant_w_max:
        faults.append(Fault("plant", f"has {peak_w} W", f"may have {rules.plant_w_max}"))
    for member in members:
        if member.share_bps * year_wh < rules.least_wh * BPS:
            gets = member.share_bps * year_wh // BPS
            faults.append(Fault(member.name, f"gets {gets} Wh a year", f"must get at least {rules.least_wh}"))
        if rules.distance_m is not None and member.distance_m > rules.distance_m:
            faults.append(Fault(member.name, f"is {member.distance_m} m away", f"may be {rules.distance_m}"))
    if faults:
        raise InputError(f"the plant breaks the rules of {rules.name} ({rules.source})", faults)


def give_places(applicants: Sequence[Applicant], places: int, low_income_places: int) -> Places:
    """Give places in the order of applying, of which so many are kept for low incomes as there are such applicants.

    Low-income applicants take the kept places first, then compete for the others like everyone; a kept place that
    nobody of them wants goes to the next in line, so none stays empty while somebody waits.
    """
    if not 0 <= low_income_places <= places:
        fault = Fault("low_income_places", f"are {low_income_places} of {places}", "must be 0 … places")
        raise InputError("the places cannot be given", [fault])
    poor = [at for at, applicant in enumerate(applicants) if applicant.low_income]
    kept = set(poor[:low_income_places])
    others = [at for at in range(len(applicants)) if at not in kept][: places - len(kept)]
    seated = sorted(kept | set(others))
    return Places(tuple(seated), tuple(at for at in range(len(applicants)) if at not in set(seated)))
