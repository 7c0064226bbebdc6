"""`sunfair charging` on a real node: from a charge point's file to a receipt, by people; and what is refused."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "contract"))
from charging_world import Meter

from sunfair.chain import SeededKeys
from sunfair.chain.anvil import Anvil, running_anvil
from sunfair.cli import main

KEYS = SeededKeys(3)
HOTEL = Path(__file__).parents[3] / "docs" / "examples" / "charging" / "hotel.toml"
METER = Meter("M1")


class Line:
    """The command line in this process, against one node."""

    def __init__(self, node: Anvil, folder: Path) -> None:
        self.node, self.folder = node, folder

    def run(self, *words: object) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "argv", ["sunfair", "charging", *map(str, words)])
            patch.setenv("ETH_RPC_URL", self.node.url)
            with pytest.raises(SystemExit) as ended:
                main()
        code = ended.value.code
        return (code if isinstance(code, int) else int(code is not None)), out.getvalue(), err.getvalue()

    def told(self, holder: str, *words: object) -> dict[str, Any]:
        """The JSON of a command by somebody."""
        code, out, err = self.run(*words, "--as", holder, "--demo-keys", 3, "--json")
        assert code == 0, err
        return dict(json.loads(out))

    def seen(self, *words: object) -> dict[str, Any]:
        """The JSON of a command of somebody who only looks."""
        code, out, err = self.run(*words, "--json")
        assert code == 0, err
        return dict(json.loads(out))


def who(holder: str) -> str:
    return f"0x{KEYS.address(holder).hex()}"


@pytest.fixture(scope="module")
def line(anvil_there: None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running_anvil() as node:
        for holder in ("host", "operator", "driver", "registrar", "financier", "guest"):
            node.fund(KEYS.address(holder))
        yield Line(node, tmp_path_factory.mktemp("charging"))


def test_from_a_file_to_a_receipt(line: Line) -> None:
    """Registered, vouched for, financed, quoted, booked for a night a year of days ahead, given up late, paid, divided."""
    quote, sample = line.folder / "quote.json", line.folder / "sample.ocmf"
    sample.write_text(METER.record("SAMPLE", 1_700_000_000, 1_700_000_060, 10), encoding="utf-8")
    network = line.told("host", "deploy", "--registrar", who("registrar"))["network"]
    point = line.told("host", "register", network, HOTEL, "--operator", who("operator"), "--stake", 50)["point"]
    assert line.told("host", "register", network, HOTEL)["operator"] == who("operator")
    made = line.told("registrar", "meter", network, point, sample, "--key", METER.public.hex())
    assert made["key"] == f"0x{METER.key.hex()}"
    finance = line.told(
        "financier", "finance", network, "--host", who("host"), "--platform", who("guest"), "--capex", 3_000
    )
    assert finance["to_repay_micro"] == 3_900_000_000
    line.told("host", "finance-act", "assign", network, finance["finance"], point)
    now = line.node.rpc.call("eth_getBlockByNumber", "latest", False)
    first = (int(now["timestamp"], 16) // 900 + 6) * 900
    stay = ["--begin", iso(first), "--end", iso(first + 9 * 3_600), "--driver", who("driver"), "--host", who("host")]
    told = line.told("operator", "quote", network, HOTEL, *stay, "--kwh", 20, "--out", quote)
    assert (told["estimate"], told["deposit"], told["most"]) == ("15.70 EUR", "21.70 ECH", "21.70 EUR")
    assert line.told("driver", "book", quote, "--deposit-max", "21.70")["state"] == "RESERVED"
    board = line.seen("board", network, HOTEL, "--host", who("host"), "--day", day(first))
    assert [stay["state"] for stay in board["stays"]] == ["RESERVED"]
    code, _, err = line.run("receipt", quote)
    assert (code, "a receipt follows its end" in err) == (2, True)
    cancelled = line.told("driver", "act", "cancel", quote)
    assert (cancelled["state"], cancelled["fee_micro"]) == ("CANCELED_DRIVER", 0)
    assert line.told("guest", "withdraw", network, who("driver"))["micro"] == 21_700_000
    line.told("operator", "quote", network, HOTEL, *late(first), "--out", quote, "--tag", "MINE")
    line.told("driver", "book", quote)
    assert line.told("driver", "act", "cancel", quote)["fee_micro"] == 3_000_000
    receipt = line.seen("receipt", quote, "--out", line.folder / "receipt.json")
    assert (receipt["total"], receipt["net"], receipt["vat"], receipt["total_text"]) == (300, 252, 48, "3.00 EUR")
    assert json.loads((line.folder / "receipt.json").read_text())["token_micro"] == 3_000_000
    divided = line.told("guest", "finance-act", "collect", network, finance["finance"])
    assert divided["due_host_micro"] + divided["due_financier_micro"] + divided["due_platform_micro"] == 3_000_000
    told = line.seen("statement", network, HOTEL, "--host", who("host"), "--finance", finance["finance"])
    assert (told["stays"], told["fees_micro"], told["repaid_micro"]) == (2, 3_000_000, divided["due_financier_micro"])
    assert "not within a century" in told["payoff_about"]


def late(first: int) -> list[object]:
    """A stay that begins in less than an hour: giving it up costs."""
    times = ["--begin", iso(first - 4_500), "--end", iso(first - 900)]
    return [*times, "--driver", who("driver"), "--host", who("host")]


def iso(time: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(time, UTC).isoformat()


def day(time: int) -> str:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return datetime.fromtimestamp(time, ZoneInfo("Europe/Berlin")).date().isoformat()


def test_a_reading_is_checked_without_a_network(line: Line) -> None:
    good, bad = line.folder / "good.ocmf", line.folder / "bad.ocmf"
    text = METER.record("car", 1_700_000_000, 1_700_003_600, 9_000)
    good.write_text(text, encoding="utf-8")
    bad.write_text(text.replace("21.345", "12.346"), encoding="utf-8")
    words = "--key", METER.public.hex(), "--tag", "car"
    assert line.seen("verify", good, *words)["energy_wh"] == 9_000
    code, out, _ = line.run("verify", bad, *words, "--json")
    assert (code, json.loads(out)["proves"]) == (1, False)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("act", "fly", "x.json"), "one of request, confirm"),
        (("act", "stop", "{quote}", "1", "2"), "it asks for WH BEGAN ENDED PAGE"),
        (("status", "{hotel}"), "is no quote"),
        (("register", "0x1", "{hotel}"), "NETWORK is no address"),
        (("verify", "{hotel}", "--key", "00"), "is not OCMF"),
        (("board", who("guest"), "{hotel}", "--host", who("host"), "--day", "tomorrow"), "--day is no day"),
        (("finance-act", "assign", who("guest"), who("guest")), "assign asks for a charge point"),
    ],
)
def test_wrong_words_end_with_two(line: Line, words: tuple[str, ...], says: str) -> None:
    filled = [word.format(hotel=HOTEL, quote=line.folder / "quote.json") for word in words]
    code, _, err = line.run(*filled)
    assert code == 2
    assert says in err


def test_every_fault_of_a_charge_points_file_is_told(line: Line) -> None:
    path = line.folder / "bad.toml"
    path.write_text(
        '[point]\nname = ""\nrated_kw = -1\ntimezone = "Mars/X"\ncountry = "XX"\nodd = 1\n'
        '[tariff]\ncurrency = "EUR"\nkwh = "0.495"\nquiet = "late"\nfree_minutes = "1"\n',
        encoding="utf-8",
    )
    code, _, err = line.run("register", who("guest"), path, "--demo-keys", 3)
    assert code == 2
    for place in ("point.odd", "point.name", "point.evse", "point.place", "point.rated_kw", "point.timezone", "country",
                  "tariff.kwh", "tariff.quiet", "tariff.free_minutes", "host"):  # fmt: skip
        assert f"  - {place}: " in err
