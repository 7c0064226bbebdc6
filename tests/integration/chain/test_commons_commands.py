"""`sunfair commons` on a real node: a plan from a file, acts by people, and what is refused."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sunfair.chain import JsonRpc, Policy, RpcNetwork, SeededKeys, contract
from sunfair.chain.anvil import Anvil, running_anvil
from sunfair.cli import main

KEYS = SeededKeys(3)

PLAN = """
document = "0x{document}"
peak_w = 10000
capex = 900
cap = 1000
pledge_min = 1
share_max_bps = 6000
members_min = 2
deadline = {deadline}
bond = 5.5
window_days = 2
[[milestone]]
payee = "0x{payee}"
amount = {amount}
deadline = {due}
"""


def sunfair(*words: str) -> tuple[int, str, str]:
    """The command line in this process: exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["sunfair", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    return (code if isinstance(code, int) else int(code is not None)), out.getvalue(), err.getvalue()


def plan_file(folder: Path, **changes: object) -> Path:
    now = datetime.now(UTC).replace(microsecond=0)
    dates = {"deadline": (now + timedelta(30)).isoformat(), "due": (now + timedelta(60)).isoformat()}
    values = {"document": "07" * 32, "payee": KEYS.address("builder").hex(), "amount": 900} | dates | changes
    path = folder / "plan.toml"
    path.write_text(PLAN.format(**values), encoding="utf-8")
    return path


def test_a_plan_from_a_file_and_acts_by_people(anvil_there: None, tmp_path: Path) -> None:
    with running_anvil() as node:
        raise_it(node, tmp_path)


def raise_it(anvil: Anvil, tmp_path: Path) -> None:
    """Propose, pledge, commit, look; then what comes too late."""
    people = ("organiser", "ann", "bob")
    for holder in people:
        anvil.fund(KEYS.address(holder))
    where = ["--rpc-url", anvil.url, "--demo-keys", "3", "--json"]
    code, out, err = sunfair("commons", "propose", str(plan_file(tmp_path)), *where)
    assert code == 0, err
    proposed = json.loads(out)
    for member in ("ann", "bob"):
        fill(anvil, proposed["token"], member, 500_000_000)
        code, out, err = sunfair("commons", "act", "pledge", proposed["plant"], "450", "6000", "--as", member, *where)
        assert code == 0, err
    code, out, err = sunfair("commons", "act", "commit", proposed["plant"], *where)
    assert code == 0, err
    assert json.loads(out) == {"act": "commit", "state": "COMMITTED"}
    code, out, _ = sunfair("commons", "status", proposed["plant"], "--rpc-url", anvil.url, "--json")
    status = json.loads(out)
    assert (status["state"], status["supply"], status["members"], status["held"]) == (
        "COMMITTED",
        900_000_000,
        2,
        900_000_000,
    )
    code, _, err = sunfair("commons", "act", "pledge", proposed["plant"], "50", "6000", "--as", "ann", *where)
    assert code != 0
    assert "commons: not in this state" in err


def fill(anvil: Anvil, token: str, holder: str, amount: int) -> None:
    """Play money for somebody."""
    with RpcNetwork.connect(JsonRpc(anvil.url), policy=Policy(poll=0.02)) as network:
        credit, euro = contract("EnergyCredit"), contract("SimulatedEuro")
        address = bytes.fromhex(token[2:])
        asset = credit.abi.result("asset", network.call(address, credit.abi.call("asset")))[0]
        now = int(datetime.now(UTC).timestamp())
        network.transact(KEYS, holder, asset, euro.abi.call("issue", amount), timestamp=now)
        network.transact(KEYS, holder, asset, euro.abi.call("approve", address, amount), timestamp=now)
        network.transact(KEYS, holder, address, credit.abi.call("mint", amount), timestamp=now)


def test_what_is_no_plan_is_told_in_full(tmp_path: Path) -> None:
    path = plan_file(tmp_path, document="07", amount='"much"')
    path.write_text("colour = 1\n" + path.read_text().replace("cap = 1000\n", ""), encoding="utf-8")
    code, out, err = sunfair("commons", "propose", str(path), "--rpc-url", "http://127.0.0.1:1", "--demo-keys", "3")
    assert (code, out) == (2, "")
    for place in ("colour", "document", "cap: is missing", "milestone 1, amount"):
        assert place in err


def test_an_act_names_what_it_asks_for() -> None:
    code, out, _ = sunfair("commons", "act", "list")
    assert code == 0
    assert "vote PLANT MOTION YES_OR_NO" in out
    code, _, err = sunfair("commons", "act", "vote", "0x" + "11" * 20, "3", "maybe", "--rpc-url", "http://127.0.0.1:1")
    assert code == 2
    assert "YES_OR_NO: is 'maybe'" in err
    code, _, err = sunfair("commons", "act", "dance", "0x" + "11" * 20)
    assert code == 2
    assert "no act 'dance'" in err
