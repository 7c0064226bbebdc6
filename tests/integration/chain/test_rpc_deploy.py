"""Deploying to a real node: each contract once, whatever dies in between; and never on money that is none."""

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from eth_keyfile import create_keyfile_json

from sunfair.chain import (
    MARKET_SET,
    Charter,
    JsonRpc,
    KeystoreKeys,
    Policy,
    RpcNetwork,
    SeededKeys,
    Standing,
    contract,
    deploy_community,
    keccak,
    list_deployments,
    outbox_path,
    read_deployment,
)
from sunfair.chain.anvil import Anvil, running_anvil
from sunfair.chain.network import events
from sunfair.cli import main
from sunfair.errors import InputError, LedgerError

KEYS = SeededKeys(7)
OPERATOR = KEYS.address("operator")
ROLES = KEYS.address("0"), KEYS.address("1"), KEYS.address("2")
QUICK = Policy(give_up=180.0, poll=0.02)
SHARED = {piece.role for piece in MARKET_SET if piece.shared}


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def charter(name: str = "Sonnenweg") -> Charter:
    return Charter(keccak(name.encode()), OPERATOR, KEYS.address("guarantor"), ROLES, governor=KEYS.address("governor"))


def deploy(anvil: Anvil, folder: Path, name: str = "Sonnenweg", rpc: JsonRpc | None = None) -> Standing:
    rpc = rpc or JsonRpc(anvil.url)
    try:
        outbox = outbox_path(folder, 31337, OPERATOR)
        with RpcNetwork.connect(rpc, outbox=outbox, policy=QUICK) as network:
            return deploy_community(network, KEYS, WallClock(), name, charter(name), folder, given={})
    finally:
        rpc.close()


def nonce(anvil: Anvil) -> int:
    return int(anvil.rpc.call("eth_getTransactionCount", "0x" + OPERATOR.hex(), "latest"), 16)


def test_a_deployment_is_made_once_and_found_again(anvil: Anvil, tmp_path: Path) -> None:
    anvil.fund(OPERATOR)
    standing = deploy(anvil, tmp_path)
    assert set(standing.made) == {piece.role for piece in MARKET_SET}
    assert nonce(anvil) == len(MARKET_SET)
    assert deploy(anvil, tmp_path) == standing == read_deployment(tmp_path, 31337, "Sonnenweg")
    assert nonce(anvil) == len(MARKET_SET)
    assert list_deployments(tmp_path, 31337) == [standing]
    assert standing.deployment.market == standing.made["market"].address
    assert list_deployments(tmp_path, 1) == []
    with pytest.raises(InputError, match=r"Other is not deployed\n.*there are: Sonnenweg"):
        read_deployment(tmp_path, 31337, "Other")


def test_communities_share_what_knows_none_of_them(anvil: Anvil, tmp_path: Path) -> None:
    anvil.fund(OPERATOR)
    first, second = deploy(anvil, tmp_path, "First"), deploy(anvil, tmp_path, "Second")
    same = {role for role in first.made if first.made[role] == second.made[role]}
    assert same == SHARED
    assert nonce(anvil) == 2 * len(MARKET_SET) - len(SHARED)


@pytest.mark.parametrize("lost", ["the files", "the outbox"])
def test_what_is_lost_is_found_again_on_the_chain(anvil: Anvil, tmp_path: Path, lost: str) -> None:
    anvil.fund(OPERATOR)
    standing = deploy(anvil, tmp_path)
    for path in (tmp_path / "31337").glob("*.json" if lost == "the files" else "*.jsonl"):
        path.unlink()
    assert deploy(anvil, tmp_path) == standing
    assert nonce(anvil) == len(MARKET_SET)


def test_another_charter_is_refused(anvil: Anvil, tmp_path: Path) -> None:
    anvil.fund(OPERATOR)
    deploy(anvil, tmp_path)
    other = replace(charter(), guarantor=b"\1" * 20, slot_seconds=1800)
    with RpcNetwork.connect(JsonRpc(anvil.url)) as network, pytest.raises(InputError) as refusal:
        deploy_community(network, KEYS, WallClock(), "Sonnenweg", other, tmp_path, given={})
    assert len(refusal.value.faults) == 2
    assert "slot_seconds is 900, 1800 is asked for" in str(refusal.value)


def test_attack_a_file_that_names_another_contract(anvil: Anvil, tmp_path: Path) -> None:
    anvil.fund(OPERATOR)
    deploy(anvil, tmp_path)
    path = tmp_path / "31337" / "sonnenweg.json"
    content = json.loads(path.read_text())
    content["contracts"]["market"] = {**content["contracts"]["token"], "contract": "EnergyMarket"}
    path.write_text(json.dumps(content))
    with pytest.raises(LedgerError, match=r"EnergyMarket at 0x.* was made from other code"):
        deploy(anvil, tmp_path)
    content["contracts"]["market"]["address"] = "0x" + "01" * 20
    path.write_text(json.dumps(content))
    with pytest.raises(LedgerError, match="was not created by the transaction"):
        deploy(anvil, tmp_path)
    assert nonce(anvil) == len(MARKET_SET)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"format":"x"}', "[" * 100_000])
def test_a_file_that_is_none(anvil: Anvil, tmp_path: Path, text: str) -> None:
    anvil.fund(OPERATOR)
    (tmp_path / "31337").mkdir()
    (tmp_path / "31337" / "sonnenweg.json").write_text(text)
    with pytest.raises(InputError, match=r"sonnenweg.json: is no deployment file"):
        deploy(anvil, tmp_path)
    assert nonce(anvil) == 0


class Died(BaseException):
    """The process is gone."""


class MortalRpc(JsonRpc):
    """A line that ends at call number `last`, the node having heard it or not."""

    def __init__(self, url: str, last: int, *, heard: bool) -> None:
        super().__init__(url)
        self.left, self.heard = last, heard

    def call(self, method: str, *params: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            if self.heard:
                super().call(method, *params)
            raise Died
        return super().call(method, *params)


@pytest.mark.parametrize("heard", [False, True], ids=["unheard", "heard"])
def test_a_deployment_that_dies_again_and_again_makes_each_contract_once(
    anvil: Anvil, tmp_path: Path, heard: bool
) -> None:
    """It dies a little later each time, and goes on where it stopped."""
    anvil.fund(OPERATOR)
    for last in range(0, 400, 3):
        try:
            standing = deploy(anvil, tmp_path, rpc=MortalRpc(anvil.url, last, heard=heard))
            break
        except Died:
            continue
    else:
        pytest.fail("it never came through")
    assert last > 30
    assert nonce(anvil) == len(MARKET_SET)
    assert len({made.address for made in standing.made.values()}) == len(MARKET_SET)


def test_a_full_disk_between_chain_and_file(anvil: Anvil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each contract stands on chain before its file says so: a crash in between makes it no second time."""
    anvil.fund(OPERATOR)
    from sunfair.chain import deployments

    for _ in MARKET_SET:

        def dies(path: Path, content: object) -> None:
            raise Died

        with monkeypatch.context() as patched:
            patched.setattr(deployments, "write_object", dies)
            with pytest.raises(Died):
                deploy(anvil, tmp_path)
        assert nonce(anvil) == 1
    deploy(anvil, tmp_path)
    assert nonce(anvil) == len(MARKET_SET)


# ── The command line, on a chain that is not a local one ──────────────────────────────────────────────────────────────


class Shell:
    """`sunfair chain …` with a keystore, on Sepolia's chain id."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.monkeypatch, self.capsys = folder, monkeypatch, capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "argv", ["sunfair", "chain", *arguments, "--deployments", str(self.folder)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = self.capsys.readouterr()
        return code, out, err


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    key = keccak(b"a key for this test alone")
    (tmp_path / "operator.json").write_text(json.dumps(create_keyfile_json(key, b"word", kdf="scrypt", iterations=2)))
    (tmp_path / "word").write_text("word\n")
    monkeypatch.setenv("ETH_KEYSTORE", str(tmp_path / "operator.json"))
    monkeypatch.setenv("ETH_PASSWORD", str(tmp_path / "word"))
    monkeypatch.delenv("ETH_KEYSTORE_ACCOUNT", raising=False)
    return Shell(tmp_path / "deployments", monkeypatch, capsys)


PARTIES = [
    word
    for name, holder in (
        ("utility", "0"),
        ("network", "1"),
        ("reserve", "2"),
        ("guarantor", "guarantor"),
        ("governor", "governor"),
    )
    for word in (f"--{name}", "0x" + KEYS.address(holder).hex())
]


def test_a_deployment_on_a_real_chain(
    anvil_there: None, shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys = KeystoreKeys(keccak(b"a key for this test alone"))
    with running_anvil(chain_id=11_155_111) as node:
        monkeypatch.setenv("ETH_RPC_URL", node.url)
        code, out, err = shell("deploy", "Sonnenweg", *PARTIES)
        assert (code, out) == (2, "")
        assert "chain 11155111 has no money for this market" in err
        code, _, err = shell("deploy", "Sonnenweg", "--demo-keys", "7")
        assert code == 1
        assert "demonstration keys" in err
        asset = "0x" + some_stablecoin(node).hex()
        code, _, err = shell("deploy", "Sonnenweg", *PARTIES, "--asset", asset)
        assert code == 1
        assert "holds 0 wei" in err
        node.fund(keys.address("operator"))
        code, out, err = shell("deploy", "Sonnenweg", *PARTIES, "--asset", asset, "--json")
        assert code == 0, err
        made = json.loads(out)["contracts"]
        assert made["asset"] == asset
        code, out, err = shell("status", "--json")
        assert code == 0, err
        status = json.loads(out)
        assert status["chain_id"] == 11_155_111
        (community,) = status["communities"]
        assert community["contracts"] == made
        assert (community["accounts"], community["money"], community["door_open"]) == (3, 0, True)
        code, out, _ = shell("status", "Sonnenweg")
        assert code == 0
        assert made["market"] in out
    assert "a key for" not in (tmp_path / "deployments" / "11155111" / "sonnenweg.json").read_text()


def test_an_account_names_its_reader_and_takes_it_back(
    anvil: Anvil, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The utility's account, whose key is a demonstration's; another key, account or address is refused before it costs."""
    monkeypatch.setenv("ETH_RPC_URL", anvil.url)
    for holder in ("operator", "0"):
        anvil.fund(KEYS.address(holder))
    assert shell("deploy", "Sonnenweg", "--demo-keys", "7")[0] == 0
    reader, seven = "0x" + "5a" * 20, ("--demo-keys", "7")
    code, out, err = shell("reader", "Sonnenweg", "0", reader, *seven, "--json")
    assert code == 0, err
    assert json.loads(out)["reader"] == reader
    assert shell("reader", "Sonnenweg", "0", "none", *seven)[1] == "Sonnenweg: account 0 has no reader any more.\n"
    market = read_deployment(shell.folder, 31337, "Sonnenweg").deployment.market
    with RpcNetwork.connect(JsonRpc(anvil.url)) as network:
        told = list(events(contract("EnergyMarket").abi, logged(network, market), market))
    named = [event.args for event in told if event.name == "ReaderNamed"]
    assert [(args["account"], args["reader"].hex()) for args in named] == [(0, "5a" * 20), (0, "00" * 20)]
    for words, what in (
        (("0", reader, "--demo-keys", "8"), "account 0 is another's"),
        (("3", reader, *seven), "no account 3"),
        (("0", "0x5a", *seven), "READER: '0x5a' is not 0x and 40"),
    ):
        code, out, err = shell("reader", "Sonnenweg", *words)
        assert (code, out) == (2, "")
        assert what in err


def logged(network: RpcNetwork, address: bytes) -> list[Any]:
    """Every log of a contract."""
    return [found.log for found in network.logs(address, first=0)]


def some_stablecoin(node: Anvil) -> bytes:
    """A token with 6 decimals: the simulated euro's code, put where its constructor would refuse to be."""
    with running_anvil() as local:
        local.fund(OPERATOR)
        with RpcNetwork.connect(local.rpc) as network:
            created = network.transact(
                KEYS, "operator", None, contract("SimulatedEuro").creation(), timestamp=0
            ).created
            assert created is not None
            code = network.code(created)
    node.rpc.call("anvil_setCode", "0x" + created.hex(), "0x" + code.hex())
    return created


def test_everything_wrong_is_said_at_once(anvil: Anvil, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETH_RPC_URL", anvil.url)
    token = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"
    code, out, err = shell("deploy", "X", "--utility", "0x12", "--asset", token, "--token", token.lower())
    assert (code, out) == (2, "")
    for fault in (
        "--utility: '0x12' is not 0x and 40",
        "--network: is not given",
        "--reserve: is not given",
        "--guarantor: is not given",
        "--governor: is not given",
        "--asset: 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD is mistyped",
        "--asset, --token: both are given",
    ):
        assert fault in err


@pytest.mark.parametrize(
    ("url", "code", "what"),
    [("", 2, "ETH_RPC_URL: is not set"), ("ws://x", 2, "is no http"), ("http://127.0.0.1:1", 1, "does not answer")],
)
def test_no_node(shell: Shell, monkeypatch: pytest.MonkeyPatch, url: str, code: int, what: str) -> None:
    monkeypatch.setenv("ETH_RPC_URL", url)
    got, _, err = shell("status")
    assert got == code
    assert what in err


@pytest.mark.parametrize("cap", ["0", "-1", "much", "1e-10", "inf", "nan"])
def test_a_cap_that_is_no_price(shell: Shell, monkeypatch: pytest.MonkeyPatch, cap: str) -> None:
    monkeypatch.setenv("ETH_RPC_URL", "http://127.0.0.1:1")
    code, _, err = shell("deploy", "X", "--max-fee", cap)
    assert code == 2
    assert "no number of gwei" in err
