"""A plant's whole life on a local node by the command line and demonstration keys alone: nobody mints or funds by hand."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sunfair.chain.anvil import Anvil, running_anvil
from sunfair.cli import main

DAY = 86_400

PLAN = """
document = "0x{document}"
peak_w = 10000
capex = 900
cap = 1000
pledge_min = 1
share_max_bps = 7000
members_min = 2
deadline = {deadline}
bond = 50
registrar = "{registrar}"
window_days = 2
vote_days = 3
notice_days = 1
[[milestone]]
payee = "{payee}"
amount = 900
deadline = {due}
"""


class Street:
    """The command line in this process, by people named by demonstration keys."""

    def __init__(self, node: Anvil, folder: Path) -> None:
        self.node, self.folder, self.plant = node, folder, ""

    def told(self, *words: str, by: str | None = None) -> dict[str, Any]:
        """The JSON of a command."""
        out, err = io.StringIO(), io.StringIO()
        keys = ["--demo-keys", "1", "--as", by] if by else []
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "argv", ["sunfair", "commons", *words, *keys, "--json"])
            patch.setenv("ETH_RPC_URL", self.node.url)
            with pytest.raises(SystemExit) as ended:
                main()
        assert ended.value.code in (0, None), err.getvalue()
        return dict(json.loads(out.getvalue()))

    def who(self, holder: str) -> str:
        return str(self.told("who", by=holder)["address"])

    def act(self, by: str, name: str, *words: str) -> str:
        """Do an act; the state after it."""
        return str(self.told("act", name, self.plant, *words, by=by)["state"])

    def status(self) -> dict[str, Any]:
        return self.told("status", self.plant)

    def wait(self, days: int) -> None:
        self.node.rpc.call("evm_increaseTime", days * DAY)
        self.node.mine()

    def propose(self) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        dates = {"deadline": (now + timedelta(30)).isoformat(), "due": (now + timedelta(60)).isoformat()}
        people = {"registrar": self.who("registrar"), "payee": self.who("builder")}
        path = self.folder / "plan.toml"
        path.write_text(PLAN.format(document="07" * 32, **people, **dates), encoding="utf-8")
        self.plant = str(self.told("propose", str(path), by="organiser")["plant"])


def test_from_proposal_to_the_last_unit(anvil_there: None, tmp_path: Path) -> None:
    with running_anvil() as node:
        street = Street(node, tmp_path)
        street.propose()
        pledged_and_built(street)
        a_seat_passes(street)
        wound_up(street)


def pledged_and_built(street: Street) -> None:
    """Pledges fill their wallets; an objection takes a bond and loses the vote; the builder is paid."""
    for member, amount in (("ann", "600"), ("bob", "300")):
        street.act("registrar", "admit", street.who(member))
        assert street.act(member, "pledge", amount, "7000") == "PLEDGING"
    assert street.act("organiser", "commit") == "COMMITTED"
    street.wait(1)  # only seats that stood before a motion count in it
    street.act("builder", "submit", "0x" + "01" * 32)
    waits = street.status()["evidence"]
    assert (waits["hash"], waits["motion"]) == ("0x" + "01" * 32, None)
    street.act("bob", "object")
    told = street.status()
    (vote,) = told["votes"]
    assert (vote["kind"], vote["motion"], told["evidence"]["motion"], told["bonds"]) == ("EVIDENCE", 1, 1, 50_000_000)
    street.act("ann", "vote", "1", "no")
    street.wait(3)
    assert street.act("organiser", "release") == "BUILDING"
    told = street.status()
    assert (told["evidence"], [one["stands"] for one in told["plan"]]) == (None, ["paid"])
    street.act("organiser", "fetch", street.who("builder"))
    assert street.act("organiser", "operate") == "OPERATING"


def a_seat_passes(street: Street) -> None:
    """Whoever waits takes what is offered, and pays."""
    street.act("registrar", "admit", street.who("cleo"))
    street.act("cleo", "join")
    street.act("ann", "offer", "100", "90")
    told = street.status()
    assert told["waiting"] == [street.who("cleo")]
    (offer,) = told["offers"]
    assert (offer["seller"], offer["shares"], offer["price"]) == (street.who("ann"), 100_000_000, 90_000_000)
    street.act("cleo", "take", street.who("ann"), "100", "90")
    told = street.status()
    assert (told["members"], told["offers"], told["waiting"]) == (3, [], [])


def wound_up(street: Street) -> None:
    """A report and its challenge take a bond each; the vote upholds it, and all of it is paid out."""
    street.wait(1)
    street.act("bob", "report", "irrelevant", "0x" + "02" * 32)
    street.act("ann", "challenge")
    told = street.status()
    assert (told["report"]["kind"], told["report"]["motion"], told["votes"][-1]["kind"]) == ("IRRELEVANT", 2, "REPORT")
    for member in ("bob", "cleo"):
        street.act(member, "vote", "2", "yes")
    street.wait(3)
    assert street.act("organiser", "conclude-report") == "RETIRING"
    assert street.status()["closes_at"] > street.status()["now"]
    street.wait(1)
    assert street.act("organiser", "close") == "CLOSED"
    for member in ("ann", "bob", "cleo"):
        street.act("organiser", "pay-out", street.who(member))
    street.act("organiser", "fetch", street.who("bob"))
    told = street.status()
    # Rounding down leaves less than a µ a member.
    assert told["held"] - told["bonds"] <= len(("ann", "bob", "cleo"))
