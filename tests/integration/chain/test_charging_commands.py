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
OURS = ("--network", str(HOTEL.parents[3] / "src" / "sunfair" / "data" / "hotels" / "hotels.toml"))


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


STAY = ("--begin", "2030-01-01T10:00", "--end", "2030-01-01T12:00", "--driver", who("driver"))


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
    paper = line.folder / "receipt.pdf"
    receipt = line.seen("receipt", quote, "--out", line.folder / "receipt.json", "--pdf", paper)
    assert (receipt["total"], receipt["net"], receipt["vat"], receipt["total_text"]) == (300, 252, 48, "3.00 EUR")
    assert json.loads((line.folder / "receipt.json").read_text())["token_micro"] == 3_000_000
    assert paper.read_bytes().startswith(b"%PDF-")
    code, _, err = line.run("receipt", quote, "--pdf", line.folder / "nowhere" / "receipt.pdf")
    assert (code, "cannot be written" in err) == (2, True)
    divided = line.told("guest", "finance-act", "collect", network, finance["finance"])
    assert divided["due_host_micro"] + divided["due_financier_micro"] + divided["due_platform_micro"] == 3_000_000
    told = line.seen("statement", network, HOTEL, "--host", who("host"), "--finance", finance["finance"])
    assert (told["stays"], told["fees_micro"], told["repaid_micro"]) == (2, 3_000_000, divided["due_financier_micro"])
    assert "not within a century" in told["payoff_about"]


def test_nothing_is_signed_on_which_nobody_could_book(line: Line) -> None:
    """A charge point that is not registered, another key than its operator's, other prices; and what is no network."""
    made = line.told("host", "deploy")
    now = int(line.node.rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    stay = ["--begin", iso(now + 7_200), "--end", iso(now + 10_800), "--driver", who("driver"), "--host", who("host")]
    out = line.folder / "other.json"

    def refused(holder: str, *words: object) -> tuple[int, str]:
        code, _, err = line.run(*words, "--as", holder, "--demo-keys", 3)
        return code, err

    code, err = refused("operator", "quote", made["network"], HOTEL, *stay, "--out", out)
    assert (code, "is not registered" in err) == (2, True)
    line.told("host", "register", made["network"], HOTEL, "--operator", who("operator"))
    code, err = refused("guest", "quote", made["network"], HOTEL, *stay, "--out", out)
    assert (code, "is not its operator" in err) == (2, True)
    dearer = line.folder / "dearer.toml"
    dearer.write_text(HOTEL.read_text(encoding="utf-8").replace('kwh = "0.49"', 'kwh = "0.59"'), encoding="utf-8")
    code, err = refused("operator", "quote", made["network"], dearer, *stay, "--out", out)
    assert (code, "other prices than those in force" in err) == (2, True)
    code, err = refused("operator", "quote", made["network"], HOTEL, *stay, "--out", line.folder / "no" / "q.json")
    assert (code, "cannot be written" in err) == (2, True)
    assert not out.exists()
    line.told("operator", "quote", made["network"], HOTEL, *stay, "--out", out)
    code, _, err = line.run("receipt", out)
    assert (code, "was not booked" in err) == (2, True)
    for words, told in (
        (("register", made["token"], HOTEL), "is no charging network"),
        (("statement", made["network"], HOTEL, "--host", who("guest")), "has no charge point"),
        (("board", made["network"], HOTEL, "--host", who("guest")), "has no charge point"),
        (
            ("statement", made["network"], HOTEL, "--host", who("host"), "--finance", made["token"]),
            "no finance contract",
        ),
    ):
        code, _, err = line.run(*words, *(("--demo-keys", 3) if words[0] == "register" else ()))
        assert (code, told in err) == (1, True), err


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
    parts = [line.folder / name for name in ("begin.ocmf", "end.ocmf")]
    for at, part in enumerate(parts):
        part.write_text(METER.half(text, at, 7 + at) + "\n", encoding="utf-8")
    assert line.seen("verify", *parts, *words)["energy_wh"] == 9_000
    code, out, _ = line.run("verify", parts[1], *words, "--json")
    assert (code, json.loads(out)["proves"]) == (1, False)
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
        (("status", "{folder}/none.json"), "none.json: No such file or directory"),
        (("status", "{folder}/list.json"), "is no JSON object"),
        (("status", "{folder}/short.json"), "not 0x and 40 hexadecimal digits"),
        (("status", "{folder}/negative.json"), "a number below 0"),
        (("register", who("guest"), "{folder}/lines.toml"), "host.address: is 'Road 1'"),
        (("register", who("guest"), "{folder}/power.toml"), "point.rated_kw: is 1e+300"),
        (("find", "Konstanz", *OURS, "--energy-kwh", "nan", "--power-kw", "inf"), "--power-kw: is inf"),
        (("find", "Konstanz", *OURS, "--at", "9999-12-31T23:30"), "at most 400 days ahead"),
        (("find", "Konstanz", *OURS, "--at", "2027-03-28T02:30"), "the clock jumps over it"),
        (("find", "Konstanz", *OURS, "--most", "-1"), "must not be negative"),
        (("find", "Konstanz", *OURS, "--tariffs", "{folder}/list.json"), "an object is needed"),
        (("quote", who("guest"), "{hotel}", *STAY, "--tag", 'a"b'), "--tag: is 'a\"b'"),
    ],
)
def test_wrong_words_end_with_two(line: Line, words: tuple[str, ...], says: str) -> None:
    quote = json.loads((line.folder / "quote.json").read_text())
    booking, hotel = quote["booking"], HOTEL.read_text(encoding="utf-8")
    files = {
        "list.json": [1],
        "short.json": quote | {"network": "0x12"},
        "negative.json": quote | {"booking": booking | {"deposit": "-5"}},
    }
    for name, content in files.items():
        (line.folder / name).write_text(json.dumps(content), encoding="utf-8")
    (line.folder / "lines.toml").write_text(hotel.replace("address = [", 'address = "Road 1" # ['), encoding="utf-8")
    (line.folder / "power.toml").write_text(hotel.replace("rated_kw = 22", "rated_kw = 1e300"), encoding="utf-8")
    filled = [word.format(hotel=HOTEL, quote=line.folder / "quote.json", folder=line.folder) for word in words]
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
