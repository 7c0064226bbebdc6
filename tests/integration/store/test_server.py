"""Where the database is, and the one clear error where it cannot be."""

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from sunfair.cli.commands import app
from sunfair.errors import InputError, ServiceMissing
from sunfair.store import data_folder, database_url, open_database


def test_root_keeps_no_data_below_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert data_folder({}) == Path("/var/lib/sunfair")
    assert data_folder({"SUNFAIR_DATA": str(tmp_path)}) == tmp_path
    for home in ("/root/data", "/home/jo/sunfair"):
        with pytest.raises(InputError, match="lies below a home"):
            data_folder({"SUNFAIR_DATA": home})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert data_folder({"XDG_DATA_HOME": "/home/jo/.data"}) == Path("/home/jo/.data/sunfair")


def test_a_named_database_is_a_postgresql() -> None:
    named = {"DATABASE_URL": "postgres://jo@host/sunfair"}
    assert database_url(named) == "postgresql+psycopg://jo@host/sunfair"
    with pytest.raises(InputError, match="begins with 'sqlite'"):
        database_url({"DATABASE_URL": "sqlite:///x.db"})
    with pytest.raises(ServiceMissing, match=r"no PostgreSQL answers at postgresql\+psycopg://jo:\*\*\*@127"):
        open_database("postgresql+psycopg://jo:secret@127.0.0.1:9/sunfair?connect_timeout=2")


def test_the_server_of_ones_own_has_room_for_the_log_of_millions(database: Engine) -> None:
    with database.connect() as connection:
        said = [connection.scalar(text(f"SHOW {name}")) for name in ("max_wal_size", "checkpoint_timeout", "fsync")]
    assert said == ["4GB", "15min", "on"]


def test_the_bench_prints_every_figure(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", server.replace("+psycopg", ""))
    done = CliRunner().invoke(app, ["bench", "registry", "--sizes", "1000,40,5000", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["registration"]["points"], found["switching"]["switches"]) == (1_000, 40)
    assert (found["proof"]["holds"], found["proof"]["hashes"]) == (True, 13)
    for name in ("identifiers", "registration", "switching", "request_to_secured", "proof"):
        assert {"target", "reached"} <= set(found[name])
    with pytest.raises(InputError, match="these are no sizes"):
        CliRunner().invoke(app, ["bench", "registry", "--sizes", "1,2"], catch_exceptions=False)
