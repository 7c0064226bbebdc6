"""What the central system forgets: notes and samples of what is settled for long; never a session, record or booking."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))
from csms_world import FAST, running

from sunfair.cli.commands import app
from sunfair.errors import InputError
from sunfair.ports.charge_points import Booked, ChargePoint, Command, Note, Outlook, Sample, Session, SessionState
from sunfair.store.charging import ChargingRepository

DAY = timedelta(days=1)


def session(point: str, transaction: str, began: datetime, state: SessionState) -> Session:
    ended = None if state is SessionState.OPEN else began + timedelta(hours=2)
    return Session(
        point, transaction, 1, "ANNA", began, 0, 0, state=state, ended=ended, known_at=ended,
        signed_stop="OCMF|…|…" if ended else "",
    )  # fmt: skip


def filled(engine: Engine, now: datetime) -> ChargingRepository:
    """Forty days of a charge point with settled sessions, and one whose old session never ended."""
    store = ChargingRepository(engine)
    with store.open_book() as book:
        for name in ("CP1", "CP2"):
            book.put_point(ChargePoint(name, 11_000))
        for age in range(1, 41):
            began = now - age * DAY
            book.put_session(session("CP1", str(age), began, SessionState.SETTLED))
            book.put_booking(Booked(age, "CP1", 1, "ANNA", began, began + timedelta(hours=2)))
            book.put_samples([Sample("CP1", str(age), began + timedelta(minutes=m), m) for m in range(10)])
            book.note(Note("CP1", began, "fault", f"of day {age}"))
            book.ask(Command(0, "CP1", "reset", {}, began, began, "done"))
        book.put_session(session("CP2", "never", now - 40 * DAY, SessionState.OPEN))
        book.put_samples([Sample("CP2", "never", now - 40 * DAY, 1)])
        book.note(Note("CP2", now - 41 * DAY, "fault", "before it"))
        book.note(Note("CP2", now - 40 * DAY, "fault", "in it"))
        book.put_outlook("hotel", [Outlook(now - age * DAY, 0, 100_000) for age in (40, 30, 20)])
    return store


def counts(engine: Engine) -> dict[str, int]:
    names = ("sessions", "bookings", "samples", "notes", "commands", "outlook")
    with engine.connect() as connection:
        return {name: connection.scalar(text(f"SELECT count(*) FROM charge_{name}")) or 0 for name in names}


def _run(*words: str) -> Any:
    done = CliRunner().invoke(app, ["csms", "prune", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout) if "--json" in words else done.stdout


def test_notes_and_samples_go_and_whatever_proves_stays(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url.render_as_string(hide_password=False).replace("+psycopg", ""))
    filled(database, datetime.now(UTC))
    before = counts(database)
    assert before == {"sessions": 41, "bookings": 40, "samples": 401, "notes": 42, "commands": 40, "outlook": 3}
    for words, why in (
        ((), "both there, or neither"),
        (("--before", "2026-01-01", "--keep-days", "9"), "both there"),
        (("--before", "lately"), "is 'lately'"),
        (("--before", "2026-01-01T10:00"), "e.g. 2026-07-01"),
        (("--before", (datetime.now(UTC) - 6 * DAY).isoformat()), "less than 7 days ago"),
    ):
        with pytest.raises(InputError, match=why):
            _run(*words)
    assert counts(database) == before
    # Sessions of days 26 … 40 are settled before the 25th day; the note before the session that never ended goes too.
    gone = _run("--keep-days", "25", "--json")
    assert {name: gone[name] for name in ("samples", "notes", "outlooks")} == {
        "samples": 150,
        "notes": 17,
        "outlooks": 1,
    }
    after = counts(database)
    assert after == before | {"samples": 251, "notes": 25, "commands": 40 - gone["commands"], "outlook": 2}
    with ChargingRepository(database).open_book() as book:
        assert {note.text for note in book.notes("CP2")} == {"in it"}
        kept = book.sessions([SessionState.SETTLED], "CP1")
        assert len(kept) == 40 and all(each.signed_stop for each in kept)
        now = datetime.now(UTC)
        assert book.outlook("hotel", now - 25 * DAY, now - 24 * DAY)  # what was in force then
    assert "deleted from before" in _run("--before", (datetime.now(UTC) - 60 * DAY).date().isoformat())


def test_a_central_system_that_is_told_to_forgets_by_itself(database: Engine) -> None:
    async def story() -> None:
        async with running(database, pace=replace(FAST, prune=0.1), keep=25 * DAY) as world:
            filled(database, world.clock.now())
            await world.until(lambda: counts(database)["samples"] == 251, "old samples are deleted")
            await world.until(lambda: counts(database)["notes"] <= 26, "old notes are deleted")
            assert counts(database)["sessions"] == 41

    asyncio.run(story())
