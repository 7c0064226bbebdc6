"""`registry` and `switch` from outside, on a real PostgreSQL: a utility's morning."""

import csv
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))
from register_world import mpan, mprn, write_csv

from sunfair.chain import SeededKeys
from sunfair.cli.commands import app
from sunfair.errors import InputError

KEYS = SeededKeys(7)
HOME = "0x" + KEYS.address("home").hex()


class Shell:
    """Runs commands in this process."""

    def __call__(self, *words: str, code: int = 0) -> Any:
        done = CliRunner().invoke(app, [*words, "--json"] if code != 2 else list(words))
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return json.loads(done.stdout) if done.stdout.startswith("{") else None

    def plain(self, *words: str) -> str:
        done = CliRunner().invoke(app, list(words))
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout


@pytest.fixture
def shell(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    secret = tmp_path / "registrar.secret"
    secret.write_text("17" * 32)
    monkeypatch.setenv("DATABASE_URL", database.url.render_as_string(hide_password=False).replace("+psycopg", ""))
    monkeypatch.setenv("SUNFAIR_REGISTRAR_SECRET", str(secret))
    shell = Shell()
    shell.plain("registry", "party", "office", "0x" + "01" * 20, "--role", "registrar")
    for at, name in enumerate(("Old", "New")):
        shell.plain("registry", "party", name, "0x" + f"{at + 2:02x}" * 20, "--role", "supplier")
    return shell


def test_from_a_file_of_points_to_a_change_of_supplier(shell: Shell, tmp_path: Path) -> None:
    rows = [
        ("electricity", mpan(1), "Old", HOME, "S1"),
        ("gas", mprn(1), "Old", HOME, "S2"),
        ("gas", "123", "", "", ""),
    ]
    file = str(write_csv(tmp_path / "points.csv", ("fuel", "id", "supplier", "owner", "serial"), rows))
    load = ("registry", "load", file, "--registrar", "office", "--country", "GB")
    assert shell(*load, "--dry-run") | {"file": ""} == {
        "file": "",
        "rows": 3,
        "faults": 1,
        "dry_run": True,
        "fault_file": str(tmp_path / "points.faults.csv"),
    }
    loaded = shell(*load)
    assert (loaded["points"], loaded["faults"], loaded["whole"], loaded["batches"]) == (2, 1, True, 1)
    with open(loaded["fault_file"], newline="") as faults:
        assert [(row["line"], row["place"]) for row in csv.DictReader(faults)] == [("4", "id, length")]
    assert shell(*load) == loaded
    point = ("GB", "electricity", mpan(1))
    assert shell("registry", "show", *point)["record"] == {}
    shell.plain("registry", "grant", *point, "--by", HOME, "--to", "0x" + "03" * 20, "--field", "serial")
    assert shell("registry", "show", *point, "--as", "0x" + "03" * 20)["record"] == {"serial": "S1"}
    assert shell("registry", "prove", *point)["holds"] is True
    device = "0x" + KEYS.address("meter").hex()
    shell.plain("registry", "bind", *point, device, "--since", "2026-01-01T00:00Z", "--import-wh", "5")
    start = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    ask = ("switch", "request", *point, "--to", "New", "--start", start)
    consent = bytes.fromhex(shell(*ask, "--consent")["consent"][2:])
    signature = KEYS.sign("home", consent).hex()
    assert shell(*ask, "--demo-keys", "7", code=1)["state"] == "REJECTED"  # nobody signed
    ask = (*ask, "--nonce", "1")
    consent = bytes.fromhex(shell(*ask, "--consent")["consent"][2:])
    signature = KEYS.sign("home", consent).hex()
    made = shell(*ask, "--signature", signature, "--demo-keys", "7")
    assert (made["state"], made["switch"]) == ("VALIDATED", consent.hex())
    assert shell("switch", "tick", "--demo-keys", "7") == {"transitions": 0}
    done = shell("switch", "act", "object", made["switch"], "--by", "Old", "--demo-keys", "7")
    assert done["state"] == "OBJECTED"
    told = shell("switch", "status", *point)["switches"]
    states = {each["switch"]: [notice["state"] for notice in each["told"]] for each in told}
    assert sorted(states.values()) == [["REJECTED"], ["VALIDATED", "OBJECTED"]]
    assert states[made["switch"]][-1] == "OBJECTED"
    shell.plain("registry", "relate", "GB", f"electricity:{mpan(1)}", f"gas:{mprn(1)}")
    alone = ("switch", "request", *point, "--to", "New", "--start", start, "--nonce", "2", "--demo-keys", "7")
    assert any("related points" in reason for reason in shell(*alone, code=1)["reasons"])
    shell.plain("registry", "occupy", "GB", "gas", mprn(1), "0x" + "09" * 20)
    with pytest.raises(InputError, match="not related"):
        shell.plain("registry", "relate", "GB", f"electricity:{mpan(1)}", f"gas:{mprn(1)}")
    shell.plain("registry", "erase", *point, "--by", HOME)
    with pytest.raises(InputError, match="is erased"):
        shell("registry", "show", *point)


def test_a_file_of_switches_keeps_bundles_whole_and_may_come_twice(shell: Shell, tmp_path: Path) -> None:
    rows = [
        (fuel, number(at), "Old", HOME) for at in range(3) for fuel, number in (("electricity", mpan), ("gas", mprn))
    ]
    file = str(write_csv(tmp_path / "points.csv", ("fuel", "id", "supplier", "owner"), rows))
    shell("registry", "load", file, "--registrar", "office", "--country", "GB")
    start = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    lines = []
    for at in range(3):
        for fuel, number in (("electricity", mpan), ("gas", mprn)):
            ask = ("switch", "request", "GB", fuel, number(at), "--to", "New", "--start", start, "--consent")
            digest = bytes.fromhex(shell(*ask)["consent"][2:])
            signer = "forger" if (at, fuel) == (1, "gas") else "home"
            lines.append(("GB", fuel, number(at), start, KEYS.sign(signer, digest).hex(), "" if at == 2 else f"b{at}"))
    lines.append(("GB", "gas", mprn(77), start, "", ""))
    lines.append(("GB", "gas", mprn(0), "tomorrow", "zz", ""))
    file = str(write_csv(tmp_path / "switches.csv", ("country", "fuel", "id", "start", "signature", "bundle"), lines))
    load = ("switch", "load", file, "--to", "New", "--demo-keys", "7")
    dry = shell(*load, "--dry-run")
    done = shell(*load)
    assert {**dry, "dry_run": False} == done
    assert (done["requested"], done["rejected"], done["rows"]) == (4, 2, 8)
    with open(done["fault_file"], newline="") as faults:
        found = [(row["line"], row["place"]) for row in csv.DictReader(faults)]
    assert found == [("4", "rejected"), ("5", "rejected"), ("8", "id"), ("9", "start"), ("9", "signature")]
    again = shell(*load)
    assert (again["requested"], again["rejected"], again["taken_before"]) == (0, 0, 6)


def test_bad_input_is_one_clear_error(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for words, why in (
        (("registry", "load", str(tmp_path / "no.csv"), "--registrar", "office"), "is not there"),
        (("registry", "party", "X", "0x12", "--role", "supplier"), "ADDRESS"),
        (("registry", "party", "X", "0x" + "12" * 20, "--role", "king"), "roles are registrar"),
        (("registry", "show", "GB", "gas", mprn(1)), "not registered"),
        (("registry", "validate", "FR", "gas", "1"), "no scheme"),
        (("switch", "act", "steal", "00", "--by", "Old"), "there is no such act"),
        (("switch", "act", "object", "xyz", "--by", "Old"), "not hexadecimal"),
        (("switch", "request", "GB", "gas", "12", "--to", "Nobody", "--start", "2026-01-01"), "there are: New, Old"),
    ):
        with pytest.raises(InputError, match=why):
            shell(*words, code=2)
    other = tmp_path / "other.secret"
    other.write_text("18" * 32)
    monkeypatch.setenv("SUNFAIR_REGISTRAR_SECRET", str(other))
    with pytest.raises(InputError, match="not the one this register was made with"):
        shell("registry", "parties")
    assert shell("registry", "validate", "GB", "gas", mprn(1), "12", code=1)["ids"]["12"] == "length"
