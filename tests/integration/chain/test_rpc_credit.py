"""`sunfair credit …` and the key swap on a real node: every party with its own keystore."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from eth_keyfile import create_keyfile_json

from sunfair.chain import (
    Charter,
    JsonRpc,
    MarketLedger,
    Policy,
    RpcNetwork,
    SeededKeys,
    address_of,
    contract,
    deploy_community,
    keccak,
)
from sunfair.chain.anvil import Anvil, running_anvil
from sunfair.cli import main
from sunfair.ports import Enrolment
from sunfair.settlement.court import Meter

KEYS = SeededKeys(7)
NAME = "Sonnenweg"
MONEY = 5_000_000


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Town:
    """A market on a node, with member 3, whose meter has the key it was shipped with."""

    def __init__(self, anvil: Anvil, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        self.anvil, self.folder, self.monkeypatch, self.capsys = anvil, folder, monkeypatch, capsys
        monkeypatch.setenv("ETH_RPC_URL", anvil.url)
        monkeypatch.delenv("ETH_KEYSTORE_ACCOUNT", raising=False)
        (folder / "word").write_text("word\n")
        monkeypatch.setenv("ETH_PASSWORD", str(folder / "word"))
        roles = KEYS.address("0"), KEYS.address("1"), KEYS.address("2")
        parties = KEYS.address("operator"), KEYS.address("guarantor"), roles
        charter = Charter(keccak(NAME.encode()), *parties, governor=KEYS.address("governor"))
        for holder in ("operator", "governor", "registrar", "0", "3"):
            anvil.fund(KEYS.address(holder))
        self.network = RpcNetwork.connect(JsonRpc(anvil.url), policy=Policy(give_up=180.0, poll=0.02))
        made = deploy_community(self.network, KEYS, WallClock(), NAME, charter, folder / "deployments", given={})
        self.deployment = made.deployment
        self.ledger = MarketLedger(self.network, made.deployment, KEYS, WallClock())
        self.ledger.open_accounts([KEYS.address("3")], [10_000])

    def keystore(self, holder: str) -> str:
        """A keystore with a holder's key."""
        path = self.folder / f"{holder}.json"
        key = KEYS._pair(holder)[0]
        path.write_text(json.dumps(create_keyfile_json(key, b"word", kdf="scrypt", iterations=2)))
        return str(path)

    def __call__(self, holder: str, *words: str) -> tuple[int, str, str]:
        self.monkeypatch.setenv("ETH_KEYSTORE", self.keystore(holder))
        self.monkeypatch.setattr(sys, "argv", ["sunfair", *words])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *self.capsys.readouterr()

    def done(self, holder: str, *words: str) -> dict:
        code, out, err = self(holder, *words)
        assert (code, err) == (0, ""), err
        return json.loads(out) if out else {}

    def file(self, name: str, content: dict) -> str:
        (self.folder / name).write_text(json.dumps(content))
        return str(self.folder / name)


@pytest.fixture
def town(
    anvil_there: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Town]:
    with running_anvil() as node:
        made = Town(node, tmp_path, monkeypatch, capsys)
        yield made
        made.network.close()


def test_an_owner_s_permission_is_executed_by_anyone(town: Town) -> None:
    market, token = ("0x" + address.hex() for address in (town.deployment.market, town.deployment.token))
    euro, credit = (contract(name).abi for name in ("SimulatedEuro", "EnergyCredit"))
    for to, data in (
        (town.deployment.asset, euro.call("issue", 10 * MONEY)),
        (town.deployment.asset, euro.call("approve", town.deployment.token, 10 * MONEY)),
        (town.deployment.token, credit.call("mint", 10 * MONEY)),
    ):
        town.network.transact(KEYS, "3", to, data, timestamp=0)
    at = town.done("operator", "credit", "deploy")["contract"]
    town.done("3", "credit", "allow", "--contract", at, "--token", token, "--amount", "15")
    caps = ["--amount", "5", "--below", "0.000001", "--per-day", "5", "--in-total", "10"]
    signed = town.done("3", "credit", "permit", "--contract", at, "--market", market, "--account", "3", *caps)
    assert {name: signed["permission"][name] for name in ("amount", "below", "in_total")} == {
        "amount": MONEY,
        "below": 1,
        "in_total": 2 * MONEY,
    }
    for wrong in (["--amount", "6"], ["--below", "0.0000001"], ["--in-total", "-1"]):
        code, _, err = town(
            "3", "credit", "permit", "--contract", at, "--market", market, "--account", "3", *caps, *wrong
        )
        assert (code, wrong[0] in err) == (2, True)
    path = town.file("permission.json", signed)
    first = town.done("operator", "credit", "top-up", path)
    assert first == {"amount": MONEY, "parked": first["parked"], "taken_today": MONEY, "taken_in_total": MONEY}
    code, out, err = town("operator", "credit", "top-up", path)
    assert (code != 0, out) == (True, "")
    assert "top-up: day's cap" in err
    town.done("3", "credit", "revoke", "--contract", at)
    code, _, err = town("operator", "credit", "top-up", path)
    assert code != 0
    assert "top-up: revoked" in err
    code, _, err = town("operator", "credit", "top-up", town.file("bad.json", {"permission": {"market": "0x12"}}))
    assert code == 2
    assert err.count("\n  - ") == 12


def test_a_device_swaps_its_key_once(town: Town) -> None:
    day = town.ledger.now() // 86_400 + 1
    town.ledger.enrol([Enrolment(3, b"c" * 32, b"n" * 32)])
    town.ledger.bind_meters([(3, Meter(KEYS.address("set-up"), day * 96, 0, 0))])
    folder = ["--deployments", str(town.folder / "deployments")]
    own = ["--own-keystore", town.keystore("own")]
    signed = town.done("set-up", "chain", "first-boot", NAME, "--account", "3", *own, *folder)
    path = town.file("swap.json", signed)
    swapped = town.done("registrar", "chain", "swap-key", NAME, path, *folder)
    assert swapped["key"] == "0x" + KEYS.address("own").hex()
    assert [meter.key for meter in town.ledger.record().meters[3]][-1] == KEYS.address("own")
    code, _, err = town("registrar", "chain", "swap-key", NAME, path, *folder)
    assert code == 2
    assert "a swap counts once" in err


def test_a_retailer_promises_and_a_member_redeems(town: Town) -> None:
    market = "0x" + town.deployment.market.hex()
    at = town.done("3", "credit", "issue", "--market", market, "--tokens", "5")["contract"]
    town.done("3", "credit", "redeem", "--contract", at, "--account", "3", "--tokens", "2")
    stands = town.done("3", "credit", "allowance", "--contract", at, "--account", "3")
    assert (stands["redeemed_wh"], stands["metered_wh"], stands["written_off_wh"]) == (1_000_000, 0, 0)
    reading = ["--slot", "9", "--import-wh", "5", "--export-wh", "0", "--signature", "0x" + "00" * 65]
    code, _, err = town("3", "credit", "show-reading", "--contract", at, "--account", "3", *reading)
    assert code != 0
    assert "allowance: before the redemption" in err
    told = ["--wh", "1", "--first-slot", str(2**40), "--last-slot", str(2**40), "--statement", "0x" + "11" * 32]
    code, _, err = town("3", "credit", "write-off", "--contract", at, "--account", "3", *told)
    assert code != 0
    assert "allowance: not metered" in err
    assert address_of(KEYS._pair("3")[0]) == KEYS.address("3")
