"""What an auditor finds, and what suppliers owe: on a real database, in which somebody meddled."""

import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

sys.path.insert(0, str(Path(__file__).parent))
from register_world import NEW, OLD
from test_switching_service import DOMAIN, KEYS, Desk, _recover

from sunfair.app.register_audit import RegisterAudit, audit_register
from sunfair.app.switching import owed
from sunfair.errors import InputError
from sunfair.registry.register import Party, Role
from sunfair.registry.switching import Compensation, Request, SwitchKind, SwitchState


@pytest.fixture
def desk(database: Engine, tmp_path: Path) -> Desk:
    """Two homes switched; the first one's was a mistake and is on its way back."""
    desk = Desk(database, tmp_path)
    desk.office.store.put_party(Party(b"A" * 20, "Auditor", Role.AUDITOR))
    start = desk.office.clock.now().date() + timedelta(days=7)
    made = [desk.service.submit([desk.request(home, "gas", start)])[0] for home in (0, 1)]
    desk.office.clock.pass_by(days=8)
    desk.service.tick()
    desk.service.report(made[0].id, KEYS.address("home 0"))
    return desk


def audit(desk: Desk, service: bytes | None = None, roots: list[bytes] | None = None) -> RegisterAudit:
    signer = DOMAIN, service or KEYS.address("switching"), _recover
    *_, told = audit_register(desk.office.store, desk.store, "Auditor", signer=signer, chain_roots=roots)
    return told


def give_back(desk: Desk, start: date) -> None:
    (back,) = desk.service.submit([Request(desk.point(0, "gas"), OLD, SwitchKind.RETURN, start, 1, b"")])
    assert back.state is SwitchState.CONFIRMED or back.state is SwitchState.VALIDATED, back.reasons


def test_an_honest_register_holds(desk: Desk) -> None:
    roots = [root for _, root, _, _ in desk.office.store.batches()]
    told = audit(desk, roots=roots)
    assert (told.batches, told.points, told.findings) == (1, 24, [])
    assert told.notices == sum(
        len(desk.store.notices(s.id)) for at in (0, 1) for s in desk.store.switches(desk.point(at, "gas"))
    )
    with pytest.raises(InputError, match="is none here"):
        list(audit_register(desk.office.store, desk.store, "office"))


MEDDLING = (
    ("UPDATE points SET commitment = decode(repeat('ab', 32), 'hex') WHERE place = 5", "have another root"),
    ("DELETE FROM points WHERE place = 9", "has 23 points, 24 are stated"),
    ("UPDATE supplies SET ends = ends - interval '1 day' WHERE ends IS NOT NULL", "do not abut"),
    ("DELETE FROM supplies WHERE ends IS NULL AND switch IS NOT NULL", "do not abut"),
    ("UPDATE notices SET at = at + interval '1 second' WHERE number = 2", "notice 2 is not the service's"),
    ("UPDATE notices SET customer = decode(repeat('ab', 20), 'hex')", "notice 3 is not the service's"),
    ("DELETE FROM notices WHERE number = 1", "notice 1 is missing"),
    ("DELETE FROM notices WHERE number = 0", "notice 0 is missing"),
)


def test_attack_on_what_the_register_holds_is_found(desk: Desk, database: Engine) -> None:
    """One after the other, so that each finding comes beside those before."""
    for meddling, found in MEDDLING:
        with database.begin() as connection:
            assert connection.execute(text(meddling)).rowcount
        assert any(found in finding for finding in audit(desk).findings), meddling


def test_notices_of_another_service_and_roots_that_are_on_no_chain(desk: Desk) -> None:
    assert len(audit(desk, service=b"x" * 20).findings) == audit(desk).notices
    assert audit(desk, roots=[]).findings == ["batch 0: its root is not on the chain"]


def test_what_is_owed_for_a_mistake_and_for_a_late_return(desk: Desk) -> None:
    clock, rates = desk.office.clock, Compensation(30, 7)
    assert [(due.supplier, due.amount) for due in owed(desk.store, rates, clock.now())] == [(NEW, 30)]
    (reported,) = [s for s in desk.store.switches(desk.point(0, "gas")) if s.return_by]
    assert [due.amount for due in owed(desk.store, rates, reported.return_by + timedelta(seconds=1))] == [30, 7]
    give_back(desk, clock.now().date() + timedelta(days=3))
    clock.pass_by(days=60)
    desk.service.tick()
    assert [due.amount for due in owed(desk.store, rates, clock.now())] == [30]
    assert desk.store.supplies(desk.point(0, "gas")).supplies[-1].supplier == OLD
