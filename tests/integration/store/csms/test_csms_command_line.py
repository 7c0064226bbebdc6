"""`csms` from outside: a process of its own that is killed in a session, and what operators ask of charge points."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

from sunfair.cli.commands import app
from sunfair.devices import SimulatedPoint, Spec
from sunfair.errors import InputError, ServiceMissing
from sunfair.ports.charge_points import Session, SessionState
from sunfair.store.charging import ChargingRepository
from sunfair.wiring.csms import LiveClock

PASSWORD = "correct-horse-battery-1"


def _run(*words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["csms", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout


class Server:
    """`sunfair csms` as a process."""

    def __init__(self) -> None:
        self.process = Popen([sys.executable, "-m", "sunfair", "csms", "--port", "0", "--json"], stdout=PIPE, text=True)
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["urls"][0]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def environment(database: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Server]]:
    monkeypatch.setenv("DATABASE_URL", database.url.render_as_string(hide_password=False).replace("+psycopg", ""))
    servers: list[Server] = []
    yield servers
    for server in servers:
        server.kill()


def test_a_session_survives_the_death_of_the_central_system(database: Engine, environment: list[Server]) -> None:
    """kill -9 in a session; the commands of an operator through the database, in both lives."""
    _run("point", "CP1", "--rated-w", "11000", "--password", PASSWORD)
    _run("tag", "ANNA")
    environment.append(Server())
    assert environment[0].process.poll() is None

    async def ask(*words: str, code: int = 0) -> Any:
        return await asyncio.to_thread(_run, *words, "--json", code=code)

    store = ChargingRepository(database)

    def session() -> Session | None:
        with store.open_book() as book:
            found = book.sessions(list(SessionState), "CP1")
        assert len(found) < 2
        return found[0] if found else None

    async def until(holds: Callable[[], object]) -> None:
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.05)

    async def story() -> None:
        point = SimulatedPoint(Spec("CP1", environment[0].url, password=PASSWORD), LiveClock())
        await point.go_online()
        assert (await ask("start", "CP1", "EVE", code=1))["state"] == "refused"
        assert (await ask("start", "CP1", "ANNA"))["state"] == "done"
        await until(session)
        await point.report()
        begun = session()
        await asyncio.to_thread(environment[0].kill)
        await point.go_offline()  # the line is dead
        await point.report()  # kept until it can be told
        environment.append(await asyncio.to_thread(Server))
        point.spec = Spec("CP1", environment[1].url, password=PASSWORD)
        await point.go_online(boot=False)
        assert session() is not None
        assert (session().state, session().transaction) == (SessionState.OPEN, begun.transaction)
        assert (await ask("stop", "CP1", begun.transaction))["state"] == "done"
        await until(lambda: session().state is SessionState.SETTLED)
        assert (session().transaction, session().evidence) == (begun.transaction, "unsigned")
        assert (await ask("diagnostics", "CP1", "ftp://files/here"))["answer"] == {"fileName": "CP1.log"}
        assert (await ask("unlock", "CP1"))["state"] == "done"
        assert (await ask("reset", "CP1"))["state"] == "done"
        with pytest.raises(ServiceMissing, match="another central system"):
            await ask("--port", "0")
        await point.close()

    asyncio.run(asyncio.wait_for(story(), 400))
    (shown,) = _run("status", "--json")["points"]
    assert (shown["point"], shown["protocol"]) == ("CP1", "1.6")
    assert environment[1].process.poll() is None


def test_bookings_and_faults_at_the_command_line(environment: list[Server], tmp_path: Path) -> None:
    made = _run("point", "CP1", "--rated-w", "22000", "--site", "hotel", "--json")
    assert len(made["password"]) == 20
    day, after = (datetime.now(UTC).date() + timedelta(days=n) for n in (30, 31))
    times = ("--from", f"{day}T22:00+02:00", "--to", f"{after}T07:00+02:00")
    assert _run("book", "CP1", "ANNA", *times, "--cap-wh", "20000", "--json") == {"booking": 1}
    outlook = tmp_path / "outlook.csv"
    outlook.write_text("start,surplus_w,price\n2026-07-01T12:00Z,4000,80000\n")
    _run("outlook", "hotel", str(outlook))
    bad = tmp_path / "bad.csv"
    bad.write_text(
        "start,surplus_w,price\n2026-07-01T12:00,4000,80000\n2026-07-01T13:00Z,-1,x\n2026-07-01T14:00Z,9"
        + "0" * 20
        + ",1\n"
    )
    for words, why in (
        (("book", "CP1", "BEN", *times), "booking 1 has it"),
        (("book", "CP2", "BEN", *times), "has no connector"),
        (("book", "CP1", "BEN", "--from", f"{day}T22:00", "--to", f"{after}T07:00Z"), "no instant"),
        (("book", "CP1", "BEN", "--from", f"{after}T22:00Z", "--to", f"{day}T07:00Z"), "not after"),
        (("book", "CP1", "", *times), "is no tag"),
        (("book", "CP1", "BEN", "--from", "2020-07-01T22:00Z", "--to", "2020-07-02T07:00Z"), "is over"),
        (("book", "CP1", "BEN", "--from", times[1], "--to", "2990-07-02T07:00Z"), "more than 31 days"),
        (("status", "CP9"), "not registered"),
        (("notes", "CP9"), "not registered"),
        (("diagnostics", "CP1", "somewhere"), "e.g. https://"),
        (("certificates", str(bad)), "cannot be kept there"),
        (("point", "a/b", "--rated-w", "1000"), "cannot be registered"),
        (("point", "CP3", "--rated-w", "1000", "--password", "short"), "16 to 40"),
        (("point", "CP3", "--rated-w", "1000", "--meter-key", "00"), "meter's key"),
        (("start", "CP9", "ANNA"), "not registered"),
        (("cancel", "9"), "is not known"),
        (("outlook", "hotel", str(bad)), r"line 2: .*\n.*line 3: .*\n.*line 4"),
        (("outlook", "hotel", str(tmp_path / "none.csv")), "cannot be read"),
        (("--tls-port", "0"), "needs --certificate"),
        (("availability", "CP1", "perhaps"), "neither on nor off"),
    ):
        with pytest.raises(InputError, match=why):
            _run(*words)
    _run("cancel", "1")
    assert _run("book", "CP1", "BEN", *times, "--json") == {"booking": 2}
    files = _run("certificates", str(tmp_path / "pki"), "--host", "localhost", "--point", "CP1", "--json")
    assert os.stat(files["key"]).st_mode & 0o077 == 0
