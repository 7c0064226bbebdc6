"""What makes a request valid: every rule it breaks, in words."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sunfair.registry.calendar import Calendar
from sunfair.registry.switching.states import SwitchKind, SwitchState
from sunfair.registry.switching.values import Request, SupplyPoint, Switch, SwitchRules

__all__ = ["broken_rules", "bundle_breaks", "objection_end"]


def objection_end(
    request: Request, point: SupplyPoint, calendar: Calendar, rules: SwitchRules, now: datetime
) -> datetime:
    """Until when the losing supplier may object: by the sector the register holds, whatever a request claims."""
    skips = request.kind is SwitchKind.RETURN or (
        request.kind is SwitchKind.OCCUPANCY and not rules.occupancy_may_be_objected
    )
    if skips:
        return now
    return calendar.gate(calendar.after(calendar.local_date(now), point.sector.objection_days))


def broken_rules(
    request: Request,
    point: SupplyPoint,
    current: Switch | None,
    *,
    signer: bytes,
    suppliers: Collection[bytes],
    calendar: Calendar,
    rules: SwitchRules,
    now: datetime,
) -> list[str]:
    """Every rule a request breaks; `current` is the switch that began the point's present supply, if one did."""
    broken = []
    if request.gainer not in suppliers:
        broken.append("the gaining supplier is not registered as a supplier")
    if request.gainer == point.active.supplier:
        broken.append("the gaining supplier supplies the point already")
    broken += _start_breaks(request, point, calendar, rules, now)
    broken += _kind_breaks(request, point, current, calendar, rules)
    if request.kind is not SwitchKind.RETURN and (signer != point.owner or not any(signer)):
        broken.append("the consent is not signed by the customer whom the register holds")
    return broken


def _start_breaks(
    request: Request, point: SupplyPoint, calendar: Calendar, rules: SwitchRules, now: datetime
) -> list[str]:
    """Supply start D+1 … D+28, and after the objection window and the gate."""
    ahead = (request.start - calendar.local_date(now)).days
    if not 1 <= ahead <= rules.last_start_days:
        return [f"supply start {request.start} is not 1 … {rules.last_start_days} days ahead"]
    gate = calendar.gate(request.start - timedelta(days=1))
    if gate <= now:
        return [f"the gate for {request.start} is closed"]
    if objection_end(request, point, calendar, rules, now) > gate:
        return [f"the objection window does not end before the gate for {request.start} closes"]
    return []


def _kind_breaks(
    request: Request, point: SupplyPoint, current: Switch | None, calendar: Calendar, rules: SwitchRules
) -> list[str]:
    returning = current is not None and current.state is SwitchState.RETURNING
    if request.kind is SwitchKind.RETURN:
        if current is None or not returning:
            return ["nobody reported the present supply as an erroneous transfer"]
        if request.gainer != current.loser:
            return ["only the supplier before the erroneous transfer takes the point back"]
        if current.return_by is not None and calendar.midnight(request.start) > current.return_by:
            return [f"an erroneous transfer goes back within {rules.return_working_days} working days"]
    if request.kind is SwitchKind.OCCUPANCY and point.owner_since <= point.active.starts:
        return ["the register holds no change of occupancy since the present supply began"]
    if request.kind is SwitchKind.COOLING_OFF:
        limit = timedelta(days=rules.cooling_off_days)
        began = calendar.local_date(point.active.starts)
        if current is None or request.start - began > limit:
            return [f"no supply began within the last {rules.cooling_off_days} days"]
    return []


def bundle_breaks(requests: Sequence[Request], points: Mapping[bytes, SupplyPoint]) -> list[str]:
    """Rules that requests break together: one supply start, one gaining supplier, every related point with them."""
    broken = []
    held = {request.point for request in requests}
    if len({request.start for request in requests}) > 1:
        broken.append("requests that stand or fall together need one supply start")
    if len({request.gainer for request in requests}) > 1:
        broken.append("requests that stand or fall together need one gaining supplier")
    if len(held) < len(requests):
        broken.append("a point stands twice in the bundle")
    missing = {other for request in requests for other in points[request.point].related} - held
    if missing:
        broken.append(f"{len(missing)} related point(s) must switch in the same bundle")
    return broken
