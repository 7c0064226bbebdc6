"""A run's folder judged twice: by `tests/independent/check_run.py`, which imports nothing of Sunfair, and by the audit.

The checker itself is held against golden cases, the worked vectors of docs/formats.md and eth-account; then a day of
the bundled community must hold, and no single changed number, dropped or doubled row may escape either of the two.
"""

import ast
import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from eth_account.messages import encode_typed_data

from sunfair.audit import envelopes, signed
from sunfair.audit.findings import Finding
from sunfair.audit.run import Run
from sunfair.cli import main

ROOT = Path(__file__).resolve().parents[2]
INDEPENDENT = ROOT / "tests" / "independent"
sys.path.insert(0, str(INDEPENDENT))

import check_run  # noqa: E402
import run_auction as auction  # noqa: E402
import run_bytes as layout  # noqa: E402
import run_meters as metering  # noqa: E402

HOMES, SEED = 20, 7
FALSE = re.compile(r"^slot \d+ account \d+: .+")


# The checker against facts from outside


def test_checker_shares_no_line_with_sunfair() -> None:
    allowed = {"pyarrow", "numpy", "sha3", "coincurve", "eth_abi", "rlp", "power_grid_model"}
    own = {path.stem for path in INDEPENDENT.glob("*.py")}
    assert "check_run" in own
    for path in INDEPENDENT.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert name.split(".")[0] in allowed | own | sys.stdlib_module_names, f"{path.name} imports {name}"


def cases(kind: str) -> list[Path]:
    found = sorted((ROOT / "tests" / "cases" / kind).glob("*.json"))
    assert found
    return found


@pytest.mark.parametrize("path", cases("market"), ids=lambda path: path.stem)
def test_checker_clears_the_golden_cases(path: Path) -> None:
    case = json.loads(path.read_text())
    steps = [(offer["energy_wh"], offer["limit"]) for offer in case["offers"]]
    price, volume, fills = auction.clear_uniform(steps, tuple(case["k"]))
    assert {"price": price, "volume_wh": volume, "filled_wh": fills} == case["expected"]


@pytest.mark.parametrize("path", cases("settlement"), ids=lambda path: path.stem)
def test_checker_settles_the_golden_cases(path: Path) -> None:
    case = json.loads(path.read_text())
    terms = case["header"]
    rows = {row["account"]: (row["traded_ahead_wh"], row["traded_pool_wh"], row["metered_wh"]) for row in case["rows"]}
    money = auction.slot_money(rows, terms, (terms["price_ahead"], terms["price_pool"]))
    expected = {int(account): (part["debits"], part["credits"]) for account, part in case["expected"].items()}
    assert money == expected


def test_checker_hashes_messages_as_eth_account_does() -> None:
    domain = {"name": "Sunfair", "version": "1", "chainId": 31337, "verifyingContract": "0x" + "5a" * 20}
    types = {
        "Offer": layout.OFFER_TYPE.decode().split("Step(")[0],
        "Step": layout.STEP_TYPE.decode(),
        "Receipt": layout.RECEIPT_TYPE.decode(),
        "Reading": layout.READING_TYPE.decode(),
    }
    fields = {
        name: [dict(zip(("type", "name"), part.split(), strict=True)) for part in text.split("(")[1][:-1].split(",")]
        for name, text in types.items()
    }
    separator = layout.domain_separator(31337, b"\x5a" * 20)
    community, offer_hash = b"\x01" * 32, b"\x02" * 32
    offer = {"account": 3, "first_slot": 1, "last_slot": 9, "pool_buy": layout.NO_BUY, "pool_sell": -20_000, "nonce": 7}
    steps = [(500, 320_000), (-1, -10_000)]
    for name, message, mine in (
        (
            "Offer",
            {**offer, "community": community, "steps": [{"energy_wh": e, "limit": limit} for e, limit in steps]},
            layout.offer_digest(separator, community, {**offer, "steps": steps}),
        ),
        (
            "Receipt",
            {"offer": offer_hash, "first_slot": 4, "last_slot": 5},
            layout.receipt_digest(separator, offer_hash, 4, 5),
        ),
        (
            "Reading",
            {"community": community, "account": 4, "slot": 5, "import_wh": 6, "export_wh": 7},
            layout.reading_digest(separator, community, 4, 5, (6, 7)),
        ),
    ):
        used = {"Step": fields["Step"], name: fields[name]} if name == "Offer" else {name: fields[name]}
        signable = encode_typed_data(domain, used, message)
        assert layout.keccak(b"\x19\x01" + signable.header + signable.body) == mine, name


def vectors() -> dict[str, str]:
    """The worked vectors of docs/formats.md by name."""
    text = (ROOT / "docs" / "formats.md").read_text().split("## Worked vectors")[1]
    return dict(re.findall(r"^\| ([^|]+?) \| `([0-9a-f]{64})` \|$", text, re.MULTILINE))


def test_checker_gives_the_worked_vectors() -> None:
    slot, tariff = 1_628_880, {"retail": 320_000, "feed_in": 80_000}
    shares = {"seller_bps": 8_000, "utility_bps": 1_200, "network_bps": 800}
    terms = {"accounts": 3, "mechanism": "uniform", "sessions": ("ahead", "pool"), "k": (1, 2), **shares, **tariff}
    separator, community = layout.domain_separator(31337, b"\x5a" * 20), layout.keccak(b"Worked Street")
    buy, sell = {3: 320_000, 4: layout.NO_BUY, 5: 320_000}, {3: 80_000, 4: 80_000, 5: layout.NO_SELL}
    curves = {3: [(1_000, 300_000), (500, 200_000)], 4: [(-800, 100_000), (-400, 150_000)], 5: []}
    registers, metered = {3: (1_200, 50), 4: (20, 1_320), 5: (91, 0)}, {3: 1_150, 4: -1_300, 5: 91}
    order, leaf, nonce = [5, 3, 4], {5: 0, 3: 1, 4: 2}, {3: 1, 4: 4, 5: 2}
    salt = {account: bytes([account]) * 32 for account in order}

    ahead, _, fills = auction.clear_uniform([step for account in order for step in curves[account]], (1, 2))
    traded = {5: 0, 3: fills[0] + fills[1], 4: fills[2] + fills[3]}
    beyond = {account: metered[account] - traded[account] for account in order}
    pools = {a: [(beyond[a], buy[a] if beyond[a] > 0 else sell[a])] for a in order}
    pool, _, pool_fills = auction.clear_uniform([pools[account][0] for account in order], (1, 2))
    assert (ahead, pool) == (200_000, 80_000)
    filled = dict(zip(order, pool_fills, strict=True))
    mine = {"community": community, "domain separator": separator}
    offer = {"account": 3, "first_slot": slot, "last_slot": 1_628_975, "nonce": 1}
    offer |= {"steps": curves[3], "pool_buy": buy[3], "pool_sell": sell[3]}
    mine["offer of 3"] = layout.offer_digest(separator, community, offer)
    mine["receipt for it"] = layout.receipt_digest(separator, mine["offer of 3"], slot, 1_628_975)
    mine["reading of 3"] = layout.reading_digest(separator, community, 3, slot, registers[3])

    public = []
    for account in order:
        curve = layout.curve_bytes(curves[account], buy[account], sell[account])
        mine[f"blind of {account}"] = layout.blind(account, slot, nonce[account], salt[account])
        mine[f"book leaf of {account}"] = layout.book_leaf(mine[f"blind of {account}"], curve)
        numbers = beyond[account], traded[account], filled[account]
        public.append(layout.public_row(mine[f"book leaf of {account}"], curve, *numbers))
        mine[f"result leaf of {account}"] = layout.result_leaf(public[-1])
    sums = [
        one + other
        for one, other in zip(
            auction.session_sums("uniform", [curves[a] for a in order], [traded[a] for a in order], ahead),
            auction.session_sums("uniform", [pools[a] for a in order], [filled[a] for a in order], pool),
            strict=True,
        )
    ]
    mine["book root"] = layout.plain_root([mine[f"book leaf of {account}"] for account in order])
    leaves = [(mine[f"result leaf of {account}"], part) for account, part in zip(order, sums, strict=True)]
    mine["result root"], total = layout.result_root(leaves)
    caps = {3: (1_500, 400), 4: (600, 1_300), 5: (900, 0)}
    told = {a: layout.envelope_leaf(a, slot, *caps[a], bytes([16 + a]) * 32) for a in caps}
    mine |= {f"envelope leaf of {account}": hashed for account, hashed in told.items()}
    mine["envelope root"] = layout.plain_root(list(told.values()))
    mine["data hash"] = layout.data_hash(public, mine["envelope root"])
    roots = [mine[name] for name in ("book root", "result root", "data hash")]
    mine["header hash"] = layout.header_hash(separator, slot, terms, (ahead, pool), total, roots)
    mine["anchor"] = layout.plain_root([mine["header hash"]])

    rows = {account: (traded[account], filled[account], metered[account]) for account in order}
    paid = {a: credit - debit for a, (debit, credit) in auction.slot_money(rows, terms, (ahead, pool)).items()}
    cover = {3: max(0, -(100_000 + paid[3]))}
    periods = []
    for account in range(6):
        numbers = [slot, leaf.get(account, -1), nonce.get(account, -1), *rows.get(account, (0, 0, 0))]
        numbers += [*registers.get(account, (0, 0)), paid[account], paid[account], 0, 0, 0, 0]
        row = layout.private_row(account, numbers, salt.get(account, bytes(32)))
        amount = paid[account] + cover.get(account, 0)
        mine[f"private row of {account}"], mine[f"rows root of {account}"] = row, layout.plain_root([row])
        line = layout.period_leaf(account, amount, 0, cover.get(account, 0), mine[f"rows root of {account}"])
        mine[f"period leaf of {account}"] = line
        periods.append((line, cover.get(account, 0)))
    mine["period root"], _ = layout.period_root(periods)
    words = layout.amount_words([paid[account] + cover.get(account, 0) for account in range(6)], -sum(cover.values()))
    mine |= {f"amounts word {at}": word.to_bytes(32, "big") for at, word in enumerate(words)}
    mine["amounts hash"] = layout.amounts_hash(words)
    mine |= later_rows(slot)
    printed = {name: value for name, value in vectors().items() if not name.startswith("result node")}
    assert {name: value.hex() for name, value in mine.items()} == printed


def later_rows(slot: int) -> dict[str, bytes]:
    """The rows of 3 in the two void slots after the worked one: the first without a reading."""
    line = {"slot": [slot + 2], "account": [3], "import_wh": [1_500], "export_wh": [60], "late": [False]}
    tariffs = {"slot": [slot + 1, slot + 2], "retail": [310_000, 300_000], "feed_in": [70_000, 90_000]}
    run = SimpleNamespace(members=[3], slots=[slot + 1, slot + 2], reading_lines={(slot + 2, 3): 0})
    run.tables = {"readings": line, "slots": tariffs}
    found, sums = {}, [0, 0]
    for at, (here, account) in enumerate(metering.read_meters(run, {3: (1_200, 50)})):
        meter = metering.read_meters(run, {3: (1_200, 50)})[here, account]
        pair = tariffs["retail"][at], tariffs["feed_in"][at]
        terms = {"retail": pair[0], "feed_in": pair[1]}
        parts = auction.residual_parts((0, 0, meter.metered), terms, meter.back)
        paid = sum(credit - debit for debit, credit in parts)
        sums = [sums[0] + paid, sums[1] + metering.claim(meter, (0, 0), pair)]
        numbers = [here, -1, -1, 0, 0, meter.metered, *meter.registers, paid, *sums, *meter.gap]
        found[f"row of 3 in slot {here}"] = layout.private_row(3, numbers, bytes(32))
    return found


# A day of the bundled community


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory, command: Callable[..., tuple[int, str, str]]) -> Path:
    """One day of 25 homes, run by the command line."""
    folder = tmp_path_factory.mktemp("independent") / "day"
    words = ["demo", "--days", "1", "--no-serve", "--homes", str(HOMES), "--seed", str(SEED), "--out", str(folder)]
    code, _, told = command(*words)
    assert code == 0, told
    return folder


def test_the_day_holds(day: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_run.check(day) == []
    assert audited(day, capsys, monkeypatch)[0] == 0
    slots = pq.read_table(day / "slots.parquet").to_pydict()
    traded = sum(slots["volume_ahead_wh"]), sum(slots["volume_pool_wh"])
    assert min(traded) > 0, "a day on which nothing is traded proves nothing"


def test_the_checker_is_a_command(day: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(INDEPENDENT / "check_run.py"), str(day)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "all holds\n"), done.stdout + done.stderr


def audited(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Exit code of `sunfair audit FOLDER` and the last line it printed."""
    monkeypatch.setattr(sys, "argv", ["sunfair", "audit", str(folder)])
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    lines = capsys.readouterr().out.strip().splitlines()
    return int(ended.value.code or 0), lines[-1] if lines else ""


# One thing changed

SLOTS = """slot start retail feed_in price_ahead price_pool volume_ahead_wh volume_pool_wh import_wh export_wh losses_wh
curtailed_wh max_voltage_pu min_voltage_pu max_loading book_root result_root data_hash"""
OFFERS = "slot session account step energy_wh limit filled_wh nonce"
ROWS = """slot account traded_ahead_wh traded_pool_wh metered_wh paid balance_after offer_hash salt leaf pool_buy
pool_sell signature"""
COLUMNS = {name: text.split() for name, text in (("slots", SLOTS), ("offers", OFFERS), ("rows", ROWS))}
CHANGES = [(name, what) for name, columns in COLUMNS.items() for what in (*columns, "drop", "double")]


def another(value: object, column: str, chance: random.Random) -> object:
    """A value of the same type, as near as one can be that is still false."""
    if column == "session":
        return "pool" if value == "ahead" else "ahead"
    if column == "start":
        return value + timedelta(minutes=15)  # type: ignore[operator]
    if isinstance(value, bytes):
        at, bit = chance.randrange(len(value)), 1 << chance.randrange(8)
        return value[:at] + bytes([value[at] ^ bit]) + value[at + 1 :]
    if isinstance(value, float):
        return value + chance.choice((-2e-6, 2e-6))
    assert isinstance(value, int)
    return value + chance.choice((-1, 1))


def changed(table: pa.Table, what: str, chance: random.Random) -> pa.Table:
    """The table with one value changed, or one row dropped or doubled, at a random row."""
    rows = table.to_pylist()
    if what == "drop":
        del rows[chance.randrange(len(rows))]
    elif what == "double":
        at = chance.randrange(len(rows))
        rows.insert(at, dict(rows[at]))
    else:
        row = chance.choice([row for row in rows if row[what] is not None])
        row[what] = another(row[what], what, chance)
    return pa.Table.from_pylist(rows, schema=table.schema)


@pytest.fixture(scope="session")
def tables(day: Path) -> dict[str, pa.Table]:
    return {name: pq.read_table(day / f"{name}.parquet") for name in COLUMNS}


@pytest.fixture(scope="module", autouse=True)
def the_same_is_worked_out_once() -> Iterator[None]:
    """All changes together ask 41 times for the signers of the same 7,000 messages and for the caps that the wires give
    to the same asks: pure functions are remembered.
    """
    caps: dict[tuple[bytes, frozenset[int]], list[Finding]] = {}
    worked_out = envelopes._caps

    def remembered(run: Run, asked: list[np.ndarray], doubtful: Collection[int]) -> list[Finding]:
        files = ["community.toml", "grid.json", "envelopes.parquet"]
        bytes_ = b"".join([(run.folder / name).read_bytes() for name in files] + [run.slots.tobytes()])
        key = bytes_, frozenset(doubtful)
        if key not in caps:
            caps[key] = list(worked_out(run, asked, doubtful))
        return caps[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signed, "recover", lru_cache(maxsize=None)(signed.recover))
        patch.setattr(envelopes, "_caps", remembered)
        yield


@pytest.fixture
def copy(day: Path, tmp_path: Path) -> Path:
    """The run again, as links: a file is unlinked before another takes its place."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in day.iterdir():
        (folder / path.name).symlink_to(path)
    return folder


@pytest.mark.parametrize(("name", "what"), CHANGES, ids=lambda word: word)
def test_one_false_thing_is_found_by_both(
    name: str,
    what: str,
    tables: dict[str, pa.Table],
    copy: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = copy / f"{name}.parquet"
    file.unlink()
    pq.write_table(changed(tables[name], what, random.Random(f"{name} {what}")), file)
    assert next(check_run.findings(copy), None), "the independent checker found nothing"
    code, last = audited(copy, capsys, monkeypatch)
    assert code == 1
    assert FALSE.match(last), last


def test_changes_name_every_column(tables: dict[str, pa.Table]) -> None:
    assert {name: set(table.column_names) for name, table in tables.items()} == {
        name: set(columns) for name, columns in COLUMNS.items()
    }
