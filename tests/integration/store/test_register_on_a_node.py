"""A register's batch on a real node, from the command line: the root that the database made is what the contract holds."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))
from register_world import mpan, write_csv

from sunfair.chain import Charter, JsonRpc, MarketLedger, RpcNetwork, SeededKeys, contract, deploy, keccak
from sunfair.chain.anvil import Anvil, find_anvil, running_anvil
from sunfair.chain.deployment import Made, deployment_of
from sunfair.chain.registry_ledger import RegistryLedger
from sunfair.cli.commands import app
from sunfair.errors import InputError, Reverted, ServiceMissing
from sunfair.wiring.office import SystemClock

KEYS = SeededKeys(7)


def run(*words: str) -> dict[str, object]:
    done = CliRunner().invoke(app, [*words, "--json"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return dict(json.loads(done.stdout))


def test_a_batch_is_anchored_and_a_point_opened(
    database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: Callable[[str], None]
) -> None:
    try:
        find_anvil()
    except ServiceMissing:
        missing("anvil")
    secret = tmp_path / "registrar.secret"
    secret.write_text("17" * 32)
    monkeypatch.setenv("DATABASE_URL", database.url.render_as_string(hide_password=False).replace("+psycopg", ""))
    monkeypatch.setenv("SUNFAIR_REGISTRAR_SECRET", str(secret))
    CliRunner().invoke(app, ["registry", "party", "office", "0x" + "01" * 20, "--role", "registrar"])
    file = write_csv(
        tmp_path / "p.csv", ("country", "fuel", "id"), [("GB", "electricity", mpan(at)) for at in range(5)]
    )
    run("registry", "load", str(file), "--registrar", "office")
    with running_anvil() as node:
        monkeypatch.setenv("ETH_RPC_URL", node.url)
        for holder in ("governor", "registrar"):
            node.fund(KEYS.address(holder))
        made = run("registry", "deploy", "--demo-keys", "7")
        place = ("--registry", str(made["registry"]), "--demo-keys", "7")
        with pytest.raises(Reverted, match="registrars only"):
            run("registry", "anchor", "0", *place)
        network = RpcNetwork.connect(JsonRpc(node.url))
        register, switching = (bytes.fromhex(str(made[name])[2:]) for name in ("registry", "switching"))
        ledger = RegistryLedger(network, KEYS, SystemClock(), register, switching)
        ledger.set_roles(KEYS.address("registrar"), 1)
        anchored = run("registry", "anchor", "0", *place)
        assert (anchored["number"], anchored["points"]) == (0, 5)
        opened = run("registry", "open", "GB", "electricity", mpan(3), "--batch", "0", *place)
        abi = contract("MeterRegistry").abi
        (held,) = abi.result("points", network.call(register, abi.call("points", bytes.fromhex(str(opened["point"])))))
        assert (held[0], held[2]) == (3 + 1, KEYS.address("registrar"))
        _into_a_market(node, network, ledger, str(opened["point"]), place)
        network.close()
    with pytest.raises(InputError, match="there is no such batch"):
        run("registry", "anchor", "9", *place)
    monkeypatch.delenv("ETH_RPC_URL")
    with pytest.raises(InputError, match="no network is named"):
        run("registry", "deploy", "--demo-keys", "7")


def _into_a_market(
    node: Anvil, network: RpcNetwork, ledger: RegistryLedger, point: str, place: tuple[str, ...]
) -> None:
    """From the register's database into a market that obeys the contract: owner, joining, device; and out again."""
    for holder in ("operator", "3"):
        node.fund(KEYS.address(holder))
    charter = Charter(
        keccak(b"street"), KEYS.address("operator"), b"g" * 20, (b"u" * 20, b"n" * 20, b"r" * 20), governor=b"v" * 20
    )
    given = {"registry": Made(ledger.registry)}
    deployment = deployment_of(network.chain_id, charter, deploy(network, KEYS, SystemClock(), charter, made=given))
    market = MarketLedger(network, deployment, KEYS, SystemClock())
    market.open_accounts([KEYS.address("3")], [10_000])
    midnight = datetime.fromtimestamp((market.now() // 86_400 + 1) * 86_400, UTC)
    words = ("GB", "electricity", mpan(3))
    for done in (
        ("registry", "occupy", *words, "0x" + KEYS.address("3").hex()),
        (
            "registry",
            "bind",
            *words,
            "0x" + KEYS.address("device").hex(),
            "--since",
            midnight.isoformat(),
            "--import-wh",
            "7",
        ),
        ("registry", "meter", *words, "--at", "2026-01-01T00:00Z", "--serial", "L&G 1"),
    ):
        assert CliRunner().invoke(app, done).exit_code == 0, done
    joined = ("registry", "join", point, "--market", "0x" + deployment.market.hex(), "--account", "3", "--holder", "3")
    with pytest.raises(Reverted, match="owner only"):
        run(*joined, *place)
    run("registry", "own", *words, *place)
    run(*joined, *place)
    run("registry", "publish", *words, *place)
    (meter,) = market.facts().meters[3]
    assert (meter.key, meter.from_slot * 900, meter.import_wh) == (KEYS.address("device"), midnight.timestamp(), 7)
    run("registry", "leave", point, "--holder", "3", *place)
    assert [each.key for each in market.facts().meters[3]] == [bytes(20)]
    shown = [
        run("registry", "meters", *words, *by)["meters"][0]["serial"]
        for by in ((), ("--as", "0x" + KEYS.address("3").hex()))
    ]
    assert shown == [None, "L&G 1"]
    CliRunner().invoke(app, ["registry", "party", "Auditor", "0x" + "0a" * 20, "--role", "auditor"])
    told = run("registry", "audit", "--by", "Auditor", "--registry", place[1])
    assert told == {"batches": 1, "points": 5, "notices": 0, "findings": []}
    assert run("switch", "owed") == {"owed": [], "total": 0}
