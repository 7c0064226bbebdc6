"""Random events on a town of points over four months with Easter, Christmas or a clock change: all invariants hold.

After every event the points and switches that it touched are looked at; the whole town at the end.
"""

import os
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "registry"))
from switching_world import DOMAIN, LONDON, SUPPLIERS, name, owner, point

from sunfair.registry.switching import (
    OPEN,
    ChangeReading,
    Request,
    Sector,
    Switchboard,
    SwitchKind,
    SwitchRefused,
    SwitchState,
)

LONG = os.environ.get("SUNFAIR_LONG_FUZZ") == "1"
POINTS, EVENTS = (4_000, 40_000) if LONG else (2_000, 4_000)
TERMINAL = {SwitchState.REJECTED, SwitchState.OBJECTED, SwitchState.WITHDRAWN, SwitchState.ANNULLED}
ALLOWED = {
    (None, "VALIDATED"),
    (None, "REJECTED"),
    ("VALIDATED", "OBJECTED"),
    ("VALIDATED", "WITHDRAWN"),
    ("VALIDATED", "ANNULLED"),
    ("VALIDATED", "CONFIRMED"),
    ("CONFIRMED", "WITHDRAWN"),
    ("CONFIRMED", "ANNULLED"),
    ("CONFIRMED", "SECURED"),
    ("SECURED", "ACTIVE"),
    ("ACTIVE", "RETURNING"),
    ("ACTIVE", "SUPERSEDED"),
    ("RETURNING", "SUPERSEDED"),
}


class Town:
    """The board, what was told so far, and a seeded crowd of suppliers and customers."""

    def __init__(self, seed: int, begin: datetime) -> None:
        self.chance = random.Random(seed)
        made = [point(at, sector=Sector.BUSINESS if at % 7 == 0 else Sector.DOMESTIC) for at in range(POINTS)]
        self.board = Switchboard(DOMAIN, LONDON, SUPPLIERS, made)
        self.now, self.seen, self.last = begin, 0, dict[bytes, str]()
        self.under_way: list[bytes] = []

    def event(self) -> None:
        self.now += timedelta(seconds=self.chance.expovariate(EVENTS / (120 * 86_400)))
        chosen = self.chance.random()
        wrong = [each for each in self.under_way[-400:] if self.board.switches[each].state is SwitchState.RETURNING]
        if chosen < 0.1 and wrong:
            self.take_back(self.board.switches[wrong[-1]])
        elif chosen < 0.5 or not self.under_way:
            self.submit()
        else:
            self.act(self.chance.choice(self.under_way[-400:]))
        self.look()

    def take_back(self, wrong) -> None:
        start = LONDON.local_date(self.now) + timedelta(days=self.chance.randint(1, 40))
        nonce = self.chance.getrandbits(40)
        request = Request(wrong.request.point, wrong.loser, SwitchKind.RETURN, start, nonce)
        self.board.submit([request], [bytes(20)], self.now)

    def submit(self) -> None:
        home = self.chance.randrange(POINTS // 2) if self.chance.random() < 0.7 else self.chance.randrange(20)
        kind = self.chance.choice([SwitchKind.SWITCH] * 4 + list(SwitchKind))
        gainer = self.chance.choice(SUPPLIERS)
        start = LONDON.local_date(self.now) + timedelta(days=self.chance.randint(0, 30))
        numbers = [2 * home, 2 * home + 1] if self.chance.random() < 0.5 else [2 * home]
        requests = [Request(name(at), gainer, kind, start, self.chance.getrandbits(40)) for at in numbers]
        signers = [owner(at) if self.chance.random() < 0.97 else b"forger".ljust(20) for at in numbers]
        made = self.board.submit(requests, signers, self.now, bundled=self.chance.random() < 0.5)
        self.under_way += [switch.id for switch in made if switch.state is not SwitchState.REJECTED]

    def act(self, switch: bytes) -> None:
        found = self.board.switches[switch]
        customer = self.board.points[found.request.point].owner
        by = self.chance.choice([found.request.gainer, found.loser, customer, *SUPPLIERS])
        acts = (
            lambda: self.board.object_to(switch, by, self.now),
            lambda: self.board.withdraw(switch, by, self.now),
            lambda: self.board.annul(switch, by, self.chance.choice([customer, by]), self.now),
            lambda: self.board.report(switch, by, self.now),
            lambda: self.board.read(switch, ChangeReading(self.chance.randrange(10**9), estimated=False), self.now),
        )
        try:
            self.chance.choice(acts)()
        except SwitchRefused:
            assert self.board.switches[switch].since <= self.now

    def look(self) -> None:
        board = self.board
        for notice in board.notices[self.seen :]:
            before = self.last.get(notice.switch)
            assert (before, notice.state.name) in ALLOWED, (before, notice.state.name)
            self.last[notice.switch] = notice.state.name
            switch = board.switches[notice.switch]
            assert notice.recipients == (switch.request.gainer, switch.loser, board.points[switch.request.point].owner)
            self.check_times(switch, notice)
        self.seen = len(board.notices)
        for at in board.moved:
            self.check_supplies(board.points[at])
        board.moved.clear()
        for each in board.touched:
            self.check_bundle(board.switches[each])
        board.touched.clear()

    def check_times(self, switch, notice) -> None:
        local = notice.at.astimezone(LONDON._zone)
        if notice.state is SwitchState.ACTIVE:
            assert (local.hour, local.minute, local.date()) == (0, 0, switch.request.start)
        if notice.state is SwitchState.SECURED:
            assert (local.hour, local.date()) == (17, switch.request.start - timedelta(days=1))
        if notice.state is SwitchState.OBJECTED:
            assert switch.submitted <= notice.at < switch.objection_ends

    def check_supplies(self, held) -> None:
        assert held.supplies[-1].ends is None
        for one, two in zip(held.supplies, held.supplies[1:], strict=False):
            assert one.ends == two.starts > one.starts
            assert one.supplier != two.supplier

    def check_bundle(self, switch) -> None:
        if not switch.bundle:
            return
        states = (
            {s.state for s in self.board.switches.values() if s.bundle == switch.bundle}
            if LONG
            else {self.board.switches[each].state for each in self.board._bundles[switch.bundle]}
        )
        ended = bool(states & TERMINAL)
        assert not ended or states <= TERMINAL, states

    def check_all(self) -> None:
        board = self.board
        under_way: dict[bytes, int] = {}
        for switch in board.switches.values():
            if switch.state in OPEN:
                under_way[switch.request.point] = under_way.get(switch.request.point, 0) + 1
            assert self.last[switch.id] == switch.state.name
        assert max(under_way.values(), default=0) <= 1
        for held in board.points.values():
            self.check_supplies(held)
            won = (
                [s for s in board.switches.values() if s.id in {x.switch for x in held.supplies}]
                if len(held.supplies) > 2
                else []
            )
            assert all(s.state in (SwitchState.ACTIVE, SwitchState.SUPERSEDED, SwitchState.RETURNING) for s in won)


@pytest.mark.parametrize("begin", [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)])
def test_all_invariants_after_every_event(begin: datetime) -> None:
    town = Town(random.randrange(2**32) if LONG else 7, begin)
    for _ in range(EVENTS):
        town.event()
    town.check_all()
    reached = set(town.last.values())
    assert reached >= {"REJECTED", "OBJECTED", "WITHDRAWN", "ANNULLED", "ACTIVE", "SUPERSEDED", "RETURNING"}
    assert {s.request.kind for s in town.board.switches.values() if s.state is SwitchState.ACTIVE} >= {
        SwitchKind.RETURN
    }
