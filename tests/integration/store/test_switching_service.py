"""The switching service on a real PostgreSQL beside the board in memory: the same acts, the same state to the notice."""

import random
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

sys.path.insert(0, str(Path(__file__).parent))
from register_world import NEW, OLD, SECRET, Office, mpan, mprn, write_csv

from sunfair.app.switching import Switching
from sunfair.chain import SeededKeys, recover
from sunfair.errors import InputError
from sunfair.registry import Calendar, MeterKey, nullifier
from sunfair.registry.switching import (
    ChangeReading,
    Request,
    Switchboard,
    SwitchingDomain,
    SwitchKind,
    SwitchRefused,
    SwitchState,
    annulment_digest,
    notice_digest,
)
from sunfair.store.switching import SwitchRepository

LONDON = Calendar("Europe/London", frozenset({date(2026, 8, 31)}), (2026, 2027))
DOMAIN = SwitchingDomain(31337, b"C" * 20)
KEYS = SeededKeys(5)
HOMES = 12


class Desk:
    """The service with its street: electricity and gas in every home."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.office = Office(engine)
        homes = [("0x" + KEYS.address(f"home {at}").hex(), at) for at in range(HOMES)]
        rows = [
            (fuel, number(at), "Old", owner)
            for owner, at in homes
            for fuel, number in (("electricity", mpan), ("gas", mprn))
        ]
        self.office.take(write_csv(folder / "street.csv", ("fuel", "id", "supplier", "owner"), rows))
        self.office.clock.pass_by(days=1)
        self.store = SwitchRepository(engine)
        self.service = Switching(
            self.store,
            self.office.store,
            DOMAIN,
            LONDON,
            self.office.clock,
            recover=_recover,
            sign=lambda digest: KEYS.sign("switching", digest),
        )

    def point(self, home: int, fuel: str) -> bytes:
        number = mpan(home) if fuel == "electricity" else mprn(home)
        return nullifier(MeterKey("GB", fuel, number), SECRET)

    def request(
        self, home: int, fuel: str, start: date, *, gainer: bytes = NEW, nonce: int = 0, signer: str = ""
    ) -> Request:
        bare = Request(self.point(home, fuel), gainer, SwitchKind.SWITCH, start, nonce)
        signature = KEYS.sign(signer or f"home {home}", self.service.consent(bare))
        return Request(bare.point, gainer, bare.kind, start, nonce, signature)


def _recover(digest: bytes, signature: bytes) -> bytes:
    try:
        return recover(digest, signature)
    except ValueError:
        return bytes(20)


@pytest.fixture
def desk(database: Engine, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path)


def test_service_and_board_agree_on_every_switch_supply_and_notice(desk: Desk) -> None:
    chance = random.Random(3)
    points = [desk.point(home, fuel) for home in range(HOMES) for fuel in ("electricity", "gas")]
    begun = [desk.store.supplies(point) for point in points]
    board = Switchboard(DOMAIN, LONDON, [OLD, NEW], [point for point in begun if point])
    made: list[bytes] = []
    for step in range(45):
        desk.office.clock.pass_by(hours=chance.choice([1, 5, 20, 60]))
        now, start = (
            desk.office.clock.now(),
            LONDON.local_date(desk.office.clock.now()) + timedelta(days=chance.randint(2, 9)),
        )
        if step % 3 == 0 or not made:
            home = chance.randrange(HOMES)
            asked = [
                desk.request(home, fuel, start, gainer=chance.choice([OLD, NEW]), nonce=step)
                for fuel in ("electricity", "gas")
            ]
            bundled = chance.random() < 0.6
            owner = KEYS.address(f"home {home}")
            one = desk.service.submit(asked, bundled=bundled)
            assert one == board.submit(asked, [owner, owner], now, bundled=bundled)
            made += [switch.id for switch in one]
        else:
            switch, by = chance.choice(made[-8:]), chance.choice([OLD, NEW])
            customer = board.points[board.switches[switch].request.point].owner
            home = next(at for at in range(HOMES) if KEYS.address(f"home {at}") == customer)
            signed = KEYS.sign(f"home {home}", annulment_digest(DOMAIN, switch))
            reading = ChangeReading(step, estimated=True)
            acts = [
                ("object_to", (by,), (by,)),
                ("withdraw", (by,), (by,)),
                ("annul", (by, signed), (by, customer)),
                ("report", (by,), (by,)),
                ("read", (reading,), (reading,)),
            ]
            name, one, two = chance.choice(acts)
            answer = _outcome(getattr(desk.service, name), switch, *one)
            assert answer == _outcome(getattr(board, name), switch, *two, now)
        desk.service.tick()
        board.advance(now)
        for at in points:
            assert desk.store.supplies(at) == board.points[at]
            for found in desk.store.switches(at):
                assert found == board.switches[found.id]
    assert sum(len(desk.store.switches(at)) for at in points) == len(board.switches)
    told = [pair for switch in board.switches for pair in desk.store.notices(switch)]
    assert sorted(map(repr, board.notices)) == sorted(repr(notice) for notice, _ in told)
    service = KEYS.address("switching")
    assert all(recover(notice_digest(DOMAIN, notice), signature) == service for notice, signature in told)
    assert {switch.state for switch in board.switches.values()} >= {SwitchState.ACTIVE, SwitchState.WITHDRAWN}


def _outcome(act: Callable[..., object], *args: object) -> str:
    try:
        act(*args)
    except SwitchRefused as error:
        return str(error)
    return "done"


def test_a_supplier_that_replays_forges_or_front_runs_gains_nothing(desk: Desk) -> None:
    start = LONDON.local_date(desk.office.clock.now()) + timedelta(days=5)
    honest = desk.request(0, "gas", start)
    (forged,) = desk.service.submit([desk.request(0, "gas", start, nonce=1, signer="home 1")])
    assert forged.reasons == ("the consent is not signed by the customer whom the register holds",)
    stolen = Request(honest.point, OLD, honest.kind, honest.start, honest.nonce, honest.signature)
    moved = Request(honest.point, NEW, honest.kind, start + timedelta(days=1), honest.nonce, honest.signature)
    assert [desk.service.submit([each])[0].state for each in (stolen, moved)] == [SwitchState.REJECTED] * 2
    (switch,) = desk.service.submit([honest])
    desk.service.withdraw(switch.id, NEW)
    with pytest.raises(SwitchRefused, match="used before"):
        desk.service.submit([honest])
    with pytest.raises(InputError, match="no supplied point"):
        desk.service.submit([Request(b"?" * 32, NEW, SwitchKind.SWITCH, start, 0)])
    assert len(desk.store.switches(honest.point)) == 4


def test_of_requests_at_the_same_moment_one_is_taken(desk: Desk) -> None:
    start = LONDON.local_date(desk.office.clock.now()) + timedelta(days=5)
    asked = [desk.request(1, "gas", start, nonce=at) for at in range(6)]
    with ThreadPoolExecutor(6) as pool:
        made = [switch for (switch,) in pool.map(lambda each: desk.service.submit([each]), asked)]
    assert sorted(switch.state.name for switch in made) == ["REJECTED"] * 5 + ["VALIDATED"]
    assert {switch.reasons for switch in made} == {(), ("another request for the point is open",)}
