"""Use cases *switch a supplier*: a unit of work locks points, lets the rules decide, keeps and tells what followed."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sunfair.ports import Clock
from sunfair.ports.registry import RegisterStore, SwitchStore
from sunfair.registry import Calendar
from sunfair.registry.register import Role
from sunfair.registry.switching import (
    ChangeReading,
    Compensation,
    Due,
    Request,
    Switch,
    Switchboard,
    SwitchingDomain,
    SwitchKind,
    SwitchRules,
    SwitchState,
    annulment_digest,
    compensation,
    consent_digest,
    notice_digest,
)

__all__ = ["Recover", "Sign", "Switching", "owed"]

Recover = Callable[[bytes, bytes], bytes]
"""Digest and signature → the 20-byte address that signed, zeros where none did."""
Sign = Callable[[bytes], bytes]
"""Digest → the switching service's signature."""


_GOES_ON = frozenset(
    {
        SwitchState.VALIDATED,
        SwitchState.CONFIRMED,
        SwitchState.SECURED,
        SwitchState.ACTIVE,
        SwitchState.SUPERSEDED,
        SwitchState.RETURNING,
    }
)
"""States of a switch that came about, or still may."""


def owed(store: SwitchStore, rates: Compensation, now: datetime) -> list[Due]:
    """What suppliers owe the customers of reported switches by `now`, point by point."""
    found: list[Due] = []
    for point in store.reported():
        switches = store.switches(point)
        for at, switch in enumerate(switches):
            later = [
                each for each in switches[at + 1 :] if each.request.kind is SwitchKind.RETURN and each.state in _GOES_ON
            ]
            found += compensation(switch, later[0] if later else None, now, rates)
    return found


class Switching:
    """The switching service of one country's market over a store."""

    def __init__(
        self,
        store: SwitchStore,
        register: RegisterStore,
        domain: SwitchingDomain,
        calendar: Calendar,
        clock: Clock,
        *,
        recover: Recover,
        sign: Sign,
        rules: SwitchRules | None = None,
    ) -> None:
        self._store, self._register, self._domain = store, register, domain
        self._calendar, self._clock, self._rules = calendar, clock, rules
        self._recover, self._sign = recover, sign

    def submit(self, requests: Sequence[Request], *, bundled: bool = False, keep: bool = True) -> list[Switch]:
        """Take a gaining supplier's requests; bundled ones stand or fall together. See `Switchboard.submit`.

        With `keep` False it only says what would become of them.
        """
        consents = [self.consent(request) for request in requests]
        signers = [self._recover(digest, each.signature) for digest, each in zip(consents, requests, strict=True)]
        with self._board([request.point for request in requests], consents, keep=keep) as board:
            return board.submit(requests, signers, self._clock.now(), bundled=bundled)

    @property
    def clock(self) -> Clock:
        """The time it works by."""
        return self._clock

    def consent(self, request: Request) -> bytes:
        """What the customer signs for a request; the switch's id."""
        return consent_digest(self._domain, request, self._calendar.midnight(request.start))

    def object_to(self, switch: bytes, by: bytes) -> Switch:
        """The losing supplier objects."""
        with self._board_of(switch) as board:
            board.object_to(switch, by, self._clock.now())
            return board.switches[switch]

    def withdraw(self, switch: bytes, by: bytes) -> Switch:
        """The gaining supplier takes its request back."""
        with self._board_of(switch) as board:
            board.withdraw(switch, by, self._clock.now())
            return board.switches[switch]

    def annul(self, switch: bytes, by: bytes, signature: bytes) -> Switch:
        """The losing supplier has it annulled, with the customer's signature of the annulment."""
        signer = self._recover(annulment_digest(self._domain, switch), signature)
        with self._board_of(switch) as board:
            board.annul(switch, by, signer, self._clock.now())
            return board.switches[switch]

    def report(self, switch: bytes, by: bytes) -> Switch:
        """A supplier or the customer reports an erroneous transfer."""
        with self._board_of(switch) as board:
            board.report(switch, by, self._clock.now())
            return board.switches[switch]

    def read(self, switch: bytes, reading: ChangeReading) -> Switch:
        """The register at the change of supplier."""
        with self._board_of(switch) as board:
            board.read(switch, reading, self._clock.now())
            return board.switches[switch]

    def tick(self, limit: int = 5_000) -> int:
        """Let time do what is due, some points at a time; returns how many transitions were told."""
        told = 0
        now = self._clock.now()
        while points := self._store.due(now, limit):
            with self._board(points) as board:
                board.advance(now)
                told += len(board.notices)
        return told

    @contextmanager
    def _board_of(self, switch: bytes) -> Iterator[Switchboard]:
        with self._board(self._store.points_of([switch]), [switch]) as board:
            yield board

    @contextmanager
    def _board(
        self, points: Collection[bytes], consents: Collection[bytes] = (), *, keep: bool = True
    ) -> Iterator[Switchboard]:
        """A board of these points; what changed on it is kept, and told, once the work ends well."""
        suppliers = [party.address for party in self._register.parties() if Role.SUPPLIER in party.roles]
        with self._store.open_case(points, consents) as case:
            board = Switchboard(
                self._domain,
                self._calendar,
                suppliers,
                case.points,
                case.switches,
                told=case.told,
                rules=self._rules,
            )
            yield board
            if not keep:
                return
            notices = [(notice, self._sign(notice_digest(self._domain, notice))) for notice in board.notices]
            moved = [board.points[point] for point in sorted(board.moved)]
            case.save(moved, [board.switches[switch] for switch in sorted(board.touched)], notices)
