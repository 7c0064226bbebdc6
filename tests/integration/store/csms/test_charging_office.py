"""`sunfair charging office` beside `sunfair csms` and a real node: what a driver booked by command is charged and paid,
though the office dies in the session; and what no charger can serve is said.
"""

import io
import json
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Timer
from typing import Any

import pytest
from sqlalchemy import Engine

from sunfair.chain import SeededKeys
from sunfair.chain.anvil import Anvil, running_anvil
from sunfair.charging import BookingState
from sunfair.cli import main
from sunfair.store.charging import ChargingRepository

KEYS = SeededKeys(3)
HOTEL = Path(__file__).parents[4] / "docs" / "examples" / "charging" / "hotel.toml"
PASSWORD = "correct-horse-battery-1"
SUNFAIR = [sys.executable, "-m", "sunfair"]


def run(*words: object) -> tuple[int, str, str]:
    """The command line in this process: exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["sunfair", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    return (code if isinstance(code, int) else int(code is not None)), out.getvalue(), err.getvalue()


def told(*words: object, holder: str | None = None) -> dict[str, Any]:
    """The JSON that a command prints, by somebody."""
    by = () if holder is None else ("--as", holder, "--demo-keys", 3)
    code, out, err = run(*words, *by, "--json")
    assert code == 0, err
    return dict(json.loads(out))


def who(holder: str) -> str:
    return f"0x{KEYS.address(holder).hex()}"


class Process:
    """A command as a process whose lines are read as JSON."""

    def __init__(self, *words: object) -> None:
        self.process = Popen([*SUNFAIR, *map(str, words), "--json"], stdout=PIPE, text=True)

    def line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        patience = Timer(300, self.process.kill)  # then the line is empty, and no JSON
        patience.start()
        try:
            return dict(json.loads(self.process.stdout.readline()))
        finally:
            patience.cancel()

    def acts(self, *names: str) -> None:
        """The next lines are these acts, all done."""
        lines = [self.line() for _ in names]
        assert [(line["act"], line.get("why_not", "")) for line in lines] == [(name, "") for name in names]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def node(anvil_there: None, database: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Anvil]:
    monkeypatch.setenv("DATABASE_URL", database.url.render_as_string(hide_password=False).replace("+psycopg", ""))
    with running_anvil() as running:
        monkeypatch.setenv("ETH_RPC_URL", running.url)
        yield running


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for each in started:
        each.kill()


def _network(folder: Path) -> str:
    """A hotel's charge point on chain with its meter, and in the central system."""
    network = told("charging", "deploy", holder="host")["network"]
    point = told("charging", "register", network, HOTEL, "--operator", who("operator"), "--stake", 50, holder="host")
    sample = folder / "sample.ocmf"
    key = told("csms", "simulate", "SONNE-1", "--sample", sample)["meter_key"]
    told("charging", "meter", network, point["point"], sample, "--key", key, holder="host")
    assert run("csms", "point", "SONNE-1", "--rated-w", 22_000, "--password", PASSWORD, "--meter-key", key)[0] == 0
    return str(network)


def _quote(network: str, path: Path, begin: int, end: int, *more: object) -> None:
    times = [datetime.fromtimestamp(at, UTC).isoformat() for at in (begin, end)]
    people = ("--driver", who("driver"), "--host", who("host"))
    told("charging", "quote", network, HOTEL, "--begin", times[0], "--end", times[1], *people, "--out", path, *more,
         holder="operator")  # fmt: skip


def test_what_was_booked_by_command_is_charged_and_paid(node: Anvil, processes: list[Process], tmp_path: Path) -> None:
    folder = tmp_path / "quotes"
    folder.mkdir()
    network = _network(tmp_path)
    quote, slot = folder / "stay.json", int(time.time()) // 900 * 900
    _quote(network, quote, slot, slot + 1_800, "--kwh", 1)
    told("charging", "book", quote, holder="driver")
    words = ("charging", "office", network, folder, "--watch", "--every", 0.3, "--as", "operator", "--demo-keys", 3)
    processes += [central := Process("csms", "--port", 0), office := Process(*words)]
    url = central.line()["urls"][0]
    office.acts("admit")

    tag = json.loads(quote.read_text())["tag"]
    car = ("csms", "simulate", "SONNE-1", "--url", url, "--password", PASSWORD, "--rated-w", 22_000)
    processes.append(charger := Process(*car, "--tag", tag, "--seconds", 8, "--quirk", "double-stop"))
    office.acts("start")
    office.kill()
    done = charger.line()
    assert (done["verdict"], done["energy_wh"] > 0) == ("Accepted", True)
    processes.append(again := Process(*words))
    again.acts("claim", "record")
    judged = told("charging", "judge", quote, quote.with_suffix(".ocmf"), holder="driver")
    assert (judged["judged"], judged["state"]) == ("agreed", "CHALLENGE")
    assert judged["fee_claimed_micro"] == judged["fee_proven_micro"] > 0
    node.rpc.call("evm_increaseTime", 86_401)
    node.rpc.call("evm_mine")
    again.acts("poke to FULFILLED")
    receipt = told("charging", "receipt", quote, quote.with_suffix(".ocmf"))
    assert receipt["token_micro"] == judged["fee_claimed_micro"]
    assert receipt["net"] + receipt["vat"] == receipt["total"]
    host, driver = (told("charging", "withdraw", network, who(holder), holder="host") for holder in ("host", "driver"))
    assert host["micro"] == receipt["token_micro"]
    assert host["micro"] + driver["micro"] == int(json.loads(quote.read_text())["booking"]["deposit"])
    again.process.terminate()
    assert again.process.wait(300) == 0


def test_what_no_charger_can_serve_is_said(node: Anvil, database: Engine, tmp_path: Path) -> None:
    network, slot = _network(tmp_path), int(time.time()) // 900 * 900 + 3_600
    good, clash, lost, tag, else_ = (tmp_path / f"{name}.json" for name in ("good", "clash", "lost", "tag", "else"))
    for at, path in enumerate((good, clash, lost, tag)):
        _quote(network, path, slot + at * 900, slot + at * 900 + 900)
        told("charging", "book", path, holder="driver")
    times = [datetime.fromtimestamp(slot + at, UTC).isoformat() for at in (900, 1_800)]
    assert run("csms", "book", "SONNE-1", "ANNA", "--from", times[0], "--to", times[1])[0] == 0
    lost.unlink()
    tag.write_text(tag.read_text().replace(json.loads(tag.read_text())["tag"], "ANOTHER"))
    else_.write_text(good.read_text().replace(network, "0x" + "11" * 20))
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    code, out, err = run("charging", "office", network, tmp_path, "--as", "operator", "--demo-keys", 3, "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [line["act"] for line in lines if "why_not" not in line] == ["admit"]
    whys = " | ".join(line.get("why_not", "") for line in lines)
    for words in ("own booking 1 has the time", "not the one that was booked", "its quote is not here"):
        assert words in whys
    assert "broken.json" in err
    assert "counts on another network" in err
    code, _, err = run("charging", "office", network, tmp_path / "nowhere", "--demo-keys", 3)
    assert (code, "is not there" in err) == (2, True)
    told("charging", "act", "cancel", good, holder="driver")
    assert run("charging", "office", network, tmp_path, "--as", "operator", "--demo-keys", 3)[0] == 1
    with ChargingRepository(database).open_book() as book:
        kept = [book.booking(int(line["booking"][2:10], 16) >> 1) for line in lines if "why_not" not in line]
    assert [booking.state for booking in kept if booking] == [BookingState.CANCELED_DRIVER]


def test_a_simulated_charge_point_says_what_it_cannot_be() -> None:
    simulate = ("csms", "simulate", "CP1", "--url", "ws://127.0.0.1:9")
    code, _, err = run(*simulate, "--quirk", "flies")
    assert (code, "one of ignores-reservations" in err) == (2, True)
    code, _, err = run(*simulate, "--protocol", "1.5")
    assert (code, "1.6, 2.0.1 or 2.1" in err) == (2, True)
    code, _, err = run(*simulate, "--tag", "ANNA")
    assert (code != 0, "takes no charge point 'CP1'" in err, "Traceback" in err) == (True, True, False)
