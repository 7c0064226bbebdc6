"""Changing supplier on a real node from the command line: requested, secured, active, and back; each party signs its own."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))
from register_world import mpan, mprn, write_csv

from sunfair.chain import SeededKeys
from sunfair.chain.anvil import Anvil, find_anvil, running_anvil
from sunfair.chain.switch_papers import read_papers
from sunfair.cli.commands import app
from sunfair.errors import InputError, Reverted, ServiceMissing
from sunfair.wiring.office import SystemClock

KEYS = SeededKeys(7)
BEGIN, START = datetime(2026, 6, 8, 10, tzinfo=UTC), "2026-06-15"
SECURED, ACTIVE = datetime(2026, 6, 14, 16, 5, tzinfo=UTC), datetime(2026, 6, 14, 23, 5, tzinfo=UTC)
"""Five minutes behind 17:00 of the day before the start, and behind its midnight, in London."""
HOLDERS = ("governor", "registrar", "old", "new", "home")


def run(*words: object) -> dict[str, object]:
    done = CliRunner().invoke(app, [*map(str, words), "--json"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return dict(json.loads(done.stdout))


def kept(*words: object) -> None:
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == 0, done.exception


def who(holder: str) -> str:
    return "0x" + KEYS.address(holder).hex()


@dataclass
class Market:
    """A register with three points, and its contracts on a node. `head` is the node's time, which is everybody's."""

    node: Anvil
    folder: Path

    def head(self) -> datetime:
        block = self.node.rpc.call("eth_getBlockByNumber", "latest", False)
        return datetime.fromtimestamp(int(block["timestamp"], 16), UTC)

    def pass_to(self, instant: datetime) -> None:
        self.node.rpc.call("evm_setNextBlockTimestamp", int(instant.timestamp()))
        self.node.mine()

    def stands(self, papers: Path) -> list[tuple[str, str]]:
        rows = run("switch", "stands", papers)["switches"]
        names = {who(holder): holder for holder in HOLDERS}
        return [(row["state"], names[row["supplier"]]) for row in rows]  # type: ignore[attr-defined]


@pytest.fixture
def market(
    database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: Callable[[str], None]
) -> Iterator[Market]:
    try:
        find_anvil()
    except ServiceMissing:
        missing("anvil")
    secret = tmp_path / "registrar.secret"
    secret.write_text("17" * 32)
    monkeypatch.setenv("DATABASE_URL", database.url.render_as_string(hide_password=False).replace("+psycopg", ""))
    monkeypatch.setenv("SUNFAIR_REGISTRAR_SECRET", str(secret))
    for holder, role in (("registrar", "registrar"), ("old", "supplier"), ("new", "supplier")):
        kept("registry", "party", holder, who(holder), "--role", role)
    head = ("country", "fuel", "id", "supplier", "owner")
    points = [("electricity", mpan(1)), ("electricity", mpan(2)), ("gas", mprn(2))]
    file = write_csv(tmp_path / "points.csv", head, [("GB", *point, "old", who("home")) for point in points])
    with running_anvil(timestamp=int(BEGIN.timestamp())) as node:
        made = Market(node, tmp_path)
        monkeypatch.setattr(SystemClock, "now", lambda _: made.head())
        monkeypatch.setenv("ETH_RPC_URL", node.url)
        run("registry", "load", file, "--registrar", "registrar")
        told = run("registry", "deploy", "--service", who("switching"), "--demo-keys", 7)
        monkeypatch.setenv("SUNFAIR_REGISTRY", str(told["registry"]))
        monkeypatch.setenv("SUNFAIR_SWITCHING", str(told["switching"]))
        for holder in ("registrar", "old", "new"):
            run("registry", "admit", holder, "--demo-keys", 7)
        run("registry", "anchor", 0, "--demo-keys", 7)
        for point in points:
            run("registry", "open", "GB", *point, "--batch", 0, "--demo-keys", 7)
            run("registry", "own", "GB", *point, "--demo-keys", 7)
            run("registry", "supply", "GB", *point, "--demo-keys", 7)
        yield made


def requested(market: Market) -> tuple[str, Path]:
    """One point's request with the customer's consent, and its papers."""
    words = ("switch", "request", "GB", "electricity", mpan(1), "--to", "new", "--start", START, "--demo-keys", 7)
    consent = str(run(*words, "--consent")["consent"])
    signature = KEYS.sign("home", bytes.fromhex(consent[2:])).hex()
    switch = str(run(*words, "--signature", signature)["switch"])
    assert "0x" + switch == consent
    papers = market.folder / "switch.json"
    run("switch", "papers", switch, "--out", papers, "--demo-keys", 7)
    return switch, papers


def test_switches_are_secured_objected_to_and_reported_in_the_contract(market: Market) -> None:
    _a_pair_is_entered_whole_and_falls_whole(market)
    switch, papers = requested(market)
    with pytest.raises(Reverted, match="supplies already"):
        run("switch", "enter", papers, "--as", "old", "--demo-keys", 7)
    entered = run("switch", "enter", papers, "--as", "new", "--demo-keys", 7)
    assert [row["state"] for row in entered["switches"]] == ["VALIDATED"]  # type: ignore[attr-defined]
    with pytest.raises(Reverted, match="losing supplier only"):
        run("switch", "enforce", "object", papers, "--as", "new", "--demo-keys", 7)
    assert market.stands(papers) == [("VALIDATED", "old")]
    for instant, state, supplier in ((SECURED, "SECURED", "old"), (ACTIVE, "ACTIVE", "new")):
        market.pass_to(instant)
        assert market.stands(papers) == [(state, supplier)]
        run("switch", "tick", "--demo-keys", 7)
        (row,) = run("switch", "status", "GB", "electricity", mpan(1))["switches"]  # type: ignore[misc]
        assert row["state"] == state
        with pytest.raises(Reverted, match="gate"):
            run("switch", "enforce", "withdraw", papers, "--as", "new", "--demo-keys", 7)
    with pytest.raises(InputError, match="was not reported"):
        run("switch", "enforce", "report", papers, "--as", "home", "--demo-keys", 7)
    run("switch", "act", "report", switch, "--by", who("home"), "--demo-keys", 7)
    run("switch", "papers", switch, "--out", papers, "--demo-keys", 7)
    run("switch", "enforce", "report", papers, "--as", "home", "--demo-keys", 7)
    assert market.stands(papers) == [("RETURNING", "new")]


def _a_pair_is_entered_whole_and_falls_whole(market: Market) -> None:
    folder, rows = market.folder, []
    for fuel, identifier in (("electricity", mpan(2)), ("gas", mprn(2))):
        words = ("switch", "request", "GB", fuel, identifier, "--to", "new", "--start", START, "--consent")
        consent = bytes.fromhex(str(run(*words)["consent"])[2:])
        rows.append(("GB", fuel, identifier, START, KEYS.sign("home", consent).hex(), "both"))
    file = write_csv(folder / "pair.csv", ("country", "fuel", "id", "start", "signature", "bundle"), rows)
    assert run("switch", "load", file, "--to", "new", "--demo-keys", 7)["requested"] == 2
    (row,) = run("switch", "status", "GB", "gas", mprn(2))["switches"]  # type: ignore[misc]
    papers = folder / "pair.json"
    run("switch", "papers", row["switch"], "--out", papers, "--demo-keys", 7)
    run("switch", "enter", papers, "--as", "new", "--demo-keys", 7)
    assert market.stands(papers) == [("VALIDATED", "old")] * 2
    run("switch", "enforce", "object", papers, "--as", "old", "--demo-keys", 7)
    assert market.stands(papers) == [("OBJECTED", "old"), ("WITHDRAWN", "old")]
    _refused(papers, row["switch"])


def _refused(papers: Path, switch: str) -> None:
    """What the commands say of papers that are none, and of words that are missing."""
    content = json.loads(papers.read_text())
    for words, fault in (
        (("enforce", "fly", papers), "object, withdraw, annul, report"),
        (("enforce", "annul", papers), "--signature"),
        (("papers", "ab" * 32), "there is no such switch"),
        (("stands", papers.with_name("none.json")), "cannot be read"),
    ):
        with pytest.raises(InputError, match=fault):
            run("switch", *words)
    papers.write_text(json.dumps({**content, "chain_id": 1}))
    with pytest.raises(InputError, match="another chain"):
        run("switch", "stands", papers)
    content["switches"][0] |= {"windows": "0x12", "starts": "soon"}
    with pytest.raises(InputError) as caught:
        read_papers(json.dumps({**content, "contract": None}))
    assert {fault.place for fault in caught.value.faults} == {"switches.0.starts", "switches.0.windows", "contract"}
    for text in ("[]", "{", '{"switches": []}'):
        with pytest.raises(InputError, match="no papers of a switch"):
            read_papers(text)


def test_the_story_of_a_street_is_the_same_on_a_node(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: Callable[[str], None]
) -> None:
    try:
        find_anvil()
    except ServiceMissing:
        missing("anvil")
    monkeypatch.setenv("DATABASE_URL", server.replace("+psycopg", ""))
    with running_anvil() as node:
        for name, words in (("node", ("--rpc", node.url)), ("own", ())):
            told = run("demo", "--switching", "--homes", 2, "--out", tmp_path / name, *words)
            assert (told["switched"], told["returned"], told["wrong"]) == (2, 2, [])
    assert (tmp_path / "node" / "timeline.json").read_bytes() == (tmp_path / "own" / "timeline.json").read_bytes()
