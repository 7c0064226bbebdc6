"""The switchboard: points, requests under way, and every rule by which they move.

It holds the points it is given, in memory, and knows the time only as it is told. Each act first lets time do its own
(windows end, gates close, supply starts), then does what it is asked or raises `SwitchRefused` and changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import heappop, heappush

from sunfair.errors import Fault, InputError
from sunfair.registry.calendar import Calendar
from sunfair.registry.switching.checks import broken_rules, bundle_breaks, objection_end
from sunfair.registry.switching.messages import SwitchingDomain, bundle_id, consent_digest
from sunfair.registry.switching.states import WITHDRAWABLE, SwitchState
from sunfair.registry.switching.values import (
    ChangeReading,
    Notice,
    Request,
    Supply,
    SupplyPoint,
    Switch,
    SwitchRefused,
    SwitchRules,
)

__all__ = ["Switchboard"]


class Switchboard:
    """Points and switches of one country's market.

    points, switches : by id; replaced values, never changed ones
    notices : what was told since the board was made, in order
    touched : ids of switches that changed since the board was made; `moved`: points that did
    """

    def __init__(
        self,
        domain: SwitchingDomain,
        calendar: Calendar,
        suppliers: Collection[bytes],
        points: Iterable[SupplyPoint] = (),
        switches: Iterable[Switch] = (),
        *,
        told: Mapping[bytes, int] | None = None,
        rules: SwitchRules | None = None,
    ) -> None:
        self._domain, self._calendar, self._suppliers = domain, calendar, frozenset(suppliers)
        self._rules = rules or SwitchRules()
        self.points = {point.id: point for point in points}
        self.switches: dict[bytes, Switch] = {}
        self.notices: list[Notice] = []
        self.touched: set[bytes] = set()
        self.moved: set[bytes] = set()
        self._now: datetime | None = None
        self._told = dict(told or {})
        self._open: dict[bytes, bytes] = {}
        self._bundles: dict[bytes, set[bytes]] = {}
        self._due: list[tuple[datetime, SwitchState, bytes]] = []
        for switch in switches:
            self._keep(switch)
        self.touched.clear()

    # ── What is asked ─────────────────────────────────────────────────────────────────────────────────────────────────

    def submit(
        self, requests: Sequence[Request], signers: Sequence[bytes], now: datetime, *, bundled: bool = False
    ) -> list[Switch]:
        """Take requests; each becomes VALIDATED or REJECTED with its reasons. Bundled ones stand or fall together.

        signers : who signed each consent (zeros where nobody did)

        Raises InputError for points the register does not hold, and for a consent that was used before.
        """
        self.advance(now)
        self._check_known(requests)
        ids = [consent_digest(self._domain, each, self._calendar.midnight(each.start)) for each in requests]
        self._check_new(ids)
        one_by_one = list(zip(ids, requests, signers, strict=True))
        for group in [one_by_one] if bundled else [[each] for each in one_by_one]:
            self._submit(group, now, bundled)
        return [self.switches[each] for each in ids]

    def object_to(self, switch: bytes, by: bytes, now: datetime) -> None:
        """The losing supplier objects, while the window is open."""
        found = self._found(switch, now)
        if by != found.loser:
            raise _refused(found, "only the losing supplier objects")
        if found.state is not SwitchState.VALIDATED:
            raise _refused(found, "no objection window is open")
        self._end(found, SwitchState.OBJECTED, now)

    def withdraw(self, switch: bytes, by: bytes, now: datetime) -> None:
        """The gaining supplier takes its request back, before the gate closes."""
        found = self._found(switch, now)
        if by != found.request.gainer:
            raise _refused(found, "only the gaining supplier withdraws")
        if found.state not in WITHDRAWABLE:
            raise _refused(found, "the gate is closed, or the request has ended")
        self._end(found, SwitchState.WITHDRAWN, now)

    def annul(self, switch: bytes, by: bytes, signer: bytes, now: datetime) -> None:
        """The losing supplier has it annulled; `signer` of the annulment must be the customer."""
        found = self._found(switch, now)
        if by != found.loser:
            raise _refused(found, "only the losing supplier annuls")
        if signer != self.points[found.request.point].owner or not any(signer):
            raise _refused(found, "the annulment is not signed by the customer")
        if found.state not in WITHDRAWABLE:
            raise _refused(found, "the gate is closed, or the request has ended")
        self._end(found, SwitchState.ANNULLED, now)

    def report(self, switch: bytes, by: bytes, now: datetime) -> None:
        """A supplier of either side or the customer reports an erroneous transfer: it goes back in 21 working days."""
        found = self._found(switch, now)
        if by not in (found.request.gainer, found.loser, self.points[found.request.point].owner):
            raise _refused(found, "only its suppliers and the customer report an erroneous transfer")
        if found.state is not SwitchState.ACTIVE:
            raise _refused(found, "only an active switch can have been an erroneous transfer")
        last = self._calendar.after(self._calendar.local_date(now), self._rules.return_working_days)
        by_then = self._calendar.midnight(last + timedelta(days=1))
        self._set(replace(found, return_by=by_then), SwitchState.RETURNING, now)

    def read(self, switch: bytes, reading: ChangeReading, now: datetime) -> None:
        """The register at the change: the old supplier's closing read and the new one's opening read, once."""
        found = self._found(switch, now)
        first, last = found.reading_window(self._rules)
        if found.state not in (SwitchState.SECURED, SwitchState.ACTIVE, SwitchState.RETURNING):
            raise _refused(found, "there is a reading at the change only where the supplier changes")
        if not first <= now <= last:
            raise _refused(found, f"the reading is taken within {self._rules.reading_days} days of the start")
        if found.reading is not None:
            raise _refused(found, "it has its reading: one read serves both bills")
        if reading.register_wh < 0:
            raise _refused(found, "a register is not negative")
        self._keep(replace(found, reading=reading))

    def advance(self, now: datetime) -> None:
        """Let time do its own up to `now`: in order of the instants, at one instant in order of the states.

        Raises InputError for a time before the one last told: what has happened stands.
        """
        if self._now is not None and now < self._now:
            raise InputError("time runs on", [Fault("now", f"is {now}, before {self._now}", "nothing changed")])
        self._now = now
        while self._due and self._due[0][0] <= now:
            at, state, switch = heappop(self._due)
            found = self.switches[switch]
            if found.due == (at, state):
                self._set(found, state, at)
                if state is SwitchState.ACTIVE:
                    self._activate(found)

    @property
    def next_due(self) -> datetime | None:
        """When time next moves something; None if nothing waits."""
        return self._due[0][0] if self._due else None

    # ── How it is done ────────────────────────────────────────────────────────────────────────────────────────────────

    def _submit(self, group: Sequence[tuple[bytes, Request, bytes]], now: datetime, bundled: bool) -> None:
        """Take requests that stand or fall together: none of them, if one breaks a rule."""
        broken = [self._broken(request, signer, now) for _, request, signer in group]
        if bundled:
            together = bundle_breaks([request for _, request, _ in group], self.points)
        else:
            alone = any(self.points[request.point].related for _, request, _ in group)
            together = ["the point has related points: they switch in one bundle"] if alone else []
        for reasons in broken:
            reasons.extend(together)
        for reasons in broken if any(broken) else []:
            if not reasons:
                reasons.append("another request of its bundle is rejected")
        bundle = bundle_id([switch for switch, _, _ in group]) if bundled else b""
        for (switch, request, _), reasons in zip(group, broken, strict=True):
            self._take(switch, request, reasons, bundle, now)
        self.advance(now)

    def _broken(self, request: Request, signer: bytes, now: datetime) -> list[str]:
        point = self.points[request.point]
        began = point.active.switch
        broken = broken_rules(
            request,
            point,
            None if began is None else self.switches.get(began),
            signer=signer,
            suppliers=self._suppliers,
            calendar=self._calendar,
            rules=self._rules,
            now=now,
        )
        if request.point in self._open:
            broken.append("another request for the point is open")
        return broken

    def _take(self, switch: bytes, request: Request, reasons: list[str], bundle: bytes, now: datetime) -> None:
        point = self.points[request.point]
        ends = objection_end(request, point, self._calendar, self._rules, now)
        gate = self._calendar.gate(request.start - timedelta(days=1))
        starts = self._calendar.midnight(request.start)
        made = Switch(
            id=switch,
            request=request,
            loser=point.active.supplier,
            bundle=bundle,
            state=SwitchState.PENDING,
            since=now,
            submitted=now,
            objection_ends=ends,
            gate_closes=gate,
            starts=starts,
            reasons=tuple(reasons),
        )
        self._set(made, SwitchState.REJECTED if reasons else SwitchState.VALIDATED, now)

    def _end(self, switch: Switch, state: SwitchState, now: datetime) -> None:
        """End a request; what is bundled with it falls with it."""
        self._set(switch, state, now)
        for other in sorted(self._bundles.get(switch.bundle, set()) - {switch.id}):
            if self.switches[other].state in WITHDRAWABLE:
                self._set(self.switches[other], SwitchState.WITHDRAWN, now)

    def _activate(self, switch: Switch) -> None:
        """The new supply begins where the old one ends."""
        point = self.points[switch.request.point]
        *before, last = point.supplies
        if last.switch is not None and last.switch in self.switches:
            self._set(self.switches[last.switch], SwitchState.SUPERSEDED, switch.starts)
        began = Supply(switch.request.gainer, switch.starts, None, switch.id)
        self.points[point.id] = replace(point, supplies=(*before, replace(last, ends=switch.starts), began))
        self.moved.add(point.id)

    def _set(self, switch: Switch, state: SwitchState, at: datetime) -> None:
        """Move a switch into a state, and tell everyone concerned."""
        moved = replace(switch, state=state, since=at)
        self._keep(moved)
        number = self._told.get(switch.id, 0)
        self._told[switch.id] = number + 1
        customer = self.points[switch.request.point].owner
        self.notices.append(Notice(switch.id, number, state, at, switch.request.gainer, switch.loser, customer))

    def _keep(self, switch: Switch) -> None:
        self.switches[switch.id] = switch
        self.touched.add(switch.id)
        point = switch.request.point
        if switch.open:
            self._open[point] = switch.id
        elif self._open.get(point) == switch.id:
            del self._open[point]
        if switch.bundle:
            self._bundles.setdefault(switch.bundle, set()).add(switch.id)
        if switch.due is not None:
            heappush(self._due, (*switch.due, switch.id))

    def _found(self, switch: bytes, now: datetime) -> Switch:
        self.advance(now)
        if switch not in self.switches:
            raise SwitchRefused("there is no such switch", [Fault("switch", switch.hex())])
        return self.switches[switch]

    def _check_known(self, requests: Sequence[Request]) -> None:
        faults = [
            Fault(f"request {place}", f"the register holds no supplied point {each.point.hex()[:16]}…", "register it")
            for place, each in enumerate(requests)
            if each.point not in self.points or not self.points[each.point].supplies
        ]
        if faults:
            raise InputError("these points cannot be switched", faults)

    def _check_new(self, ids: Sequence[bytes]) -> None:
        faults = [
            Fault(f"request {place}", "this consent was used before", "ask the customer for another, with a new nonce")
            for place, each in enumerate(ids)
            if each in self.switches or each in ids[:place]
        ]
        if faults:
            raise SwitchRefused("a consent counts once", faults)


def _refused(switch: Switch, why: str) -> SwitchRefused:
    return SwitchRefused(
        f"switch {switch.id.hex()[:16]}… is {switch.state.name}", [Fault("switch", why, "nothing changed")]
    )
