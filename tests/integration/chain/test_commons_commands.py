"""`sunfair commons` on a real node: a plan from a file, acts by people, and what is refused."""

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from eth_keyfile import create_keyfile_json

from sunfair.chain import SeededKeys
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


@pytest.fixture
def keystore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have the environment name a V3 keystore with somebody's key, and the file of its password."""
    (tmp_path / "word").write_text("word\n")
    monkeypatch.setenv("ETH_PASSWORD", str(tmp_path / "word"))
    monkeypatch.delenv("ETH_KEYSTORE_ACCOUNT", raising=False)

    def name(holder: str) -> None:
        path = tmp_path / f"{holder}.json"
        path.write_text(json.dumps(create_keyfile_json(KEYS._pair(holder)[0], b"word", kdf="scrypt", iterations=2)))
        monkeypatch.setenv("ETH_KEYSTORE", str(path))

    return name


def test_a_plan_from_a_file_and_acts_by_people(
    anvil_there: None, tmp_path: Path, keystore: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_anvil() as node:
        proposed = raise_it(node, tmp_path)
        signed_at_home(proposed["plant"], node.url, keystore, monkeypatch)


def signed_at_home(plant: str, url: str, keystore: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody with its own keystore: members know that the pledges bind, the builder submits, an outsider may not."""
    where = ["--rpc-url", url, "--json"]
    for member in ("ann", "bob"):
        keystore(member)
        code, out, err = sunfair("commons", "act", "acknowledge", plant, *where)
        assert (code, json.loads(out)) == (0, {"act": "acknowledge", "state": "COMMITTED"}), err
    code, _, err = sunfair("commons", "act", "submit", plant, "0x" + "01" * 32, *where)
    assert code != 0
    assert "commons: not the payee" in err
    keystore("builder")
    code, out, err = sunfair("commons", "act", "submit", plant, "0x" + "01" * 32, *where)
    assert code == 0, err
    code, out, _ = sunfair("commons", "status", plant, *where)
    assert json.loads(out)["next"] == 0
    monkeypatch.delenv("ETH_KEYSTORE")
    code, _, err = sunfair("commons", "act", "object", plant, *where)
    assert code == 2
    assert "no keystore is named" in err


def raise_it(anvil: Anvil, tmp_path: Path) -> dict:
    """Propose, pledge, commit, look; then what comes too late."""
    anvil.fund(KEYS.address("builder"))
    where = ["--rpc-url", anvil.url, "--demo-keys", "3", "--json"]
    code, out, err = sunfair("commons", "propose", str(plan_file(tmp_path)), *where)
    assert code == 0, err
    proposed = json.loads(out)
    for member in ("ann", "bob"):
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
    return proposed


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
    code, told, _ = sunfair("commons", "act", "list", "--json")
    acts = {one["act"]: one["asks"] for one in json.loads(told)["acts"]}
    assert (code, acts["vote"], len(acts)) == (0, ["MOTION", "YES_OR_NO"], len(out.splitlines()))
    code, _, err = sunfair("commons", "act", "vote", "0x" + "11" * 20, "3", "maybe", "--rpc-url", "http://127.0.0.1:1")
    assert code == 2
    assert "YES_OR_NO: is 'maybe' (must be yes or no)" in err
    code, _, err = sunfair("commons", "act", "dance", "0x" + "11" * 20)
    assert code == 2
    assert "no act 'dance'" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pledge", "--", "-5", "2500"], "AMOUNT: is '-5' (must be more than 0"),
        (["pledge", "0", "2500"], "AMOUNT: is '0' (must be more than 0"),
        (["pledge", "5", "1" * 95], "MOST_BPS: is '" + "1" * 60 + "…' (must be a whole number, 1 … 10000"),
        (["change", "0", "0x" + "11" * 20, "2027-03-01T00:00:00Z"], "MILESTONE: is '0' (must be a milestone's number"),
        (
            ["change", "1", "0x" + "11" * 20, "1800000000"],
            "(must be a time with its offset, e.g. 2027-03-01T00:00:00Z)",
        ),
        (["report", "done", "0x" + "01" * 32], "WHAT: is 'done' (must be achieved, unachievable or irrelevant)"),
        (["vote", "-1", "yes"], "MOTION: is '-1' (must be a motion's number"),
    ],
)
def test_words_that_no_contract_takes(words: list[str], said: str) -> None:
    name, *rest = words
    places = rest if "--" not in rest else rest[1:]
    code, _, err = sunfair(
        "commons", "act", "--rpc-url", "http://127.0.0.1:1", "--demo-keys", "3", "--", name, "0x" + "11" * 20, *places
    )
    assert (code, said in err) == (2, True), err


def test_a_plan_is_refused_in_the_words_of_its_file(anvil_there: None, tmp_path: Path) -> None:
    past = "2020-03-31T00:00:00Z"
    path = plan_file(tmp_path, amount=-900, deadline=past)
    text = path.read_text().replace("peak_w = 10000", "peak_w = -5").replace("window_days = 2", "window_days = 0")
    path.write_text(text.replace("cap = 1000\n", "cap = 800.5\n"), encoding="utf-8")
    with running_anvil() as node:
        code, _, err = sunfair("commons", "propose", str(path), "--rpc-url", node.url, "--demo-keys", "3")
    assert code == 2
    for said in (
        "peak_w: is -5 (must be 1 … 1000000000 W)",
        "cap: is 800.5, the threshold (capex) is 900",
        "milestone 1, amount: is -900 (must not be negative)",
        "milestones: sum to -900, the capex is 900",
        "deadline: is 2020-03-31 00:00 UTC, now is",
        "window_days: is 0 days (must lie in 1 hour … 30 days)",
    ):
        assert said in err
    assert "binds for ever" not in err


def test_the_story_refuses_what_it_cannot_tell(tmp_path: Path) -> None:
    """All at once, before anything is told; and what it would silently pass over."""
    given = ["--homes", "5", "--days", "3", "--tariff", "dynamic", "--start", "2016-06-01"]
    code, out, err = sunfair("demo", "--commons", *given, "--out", str(tmp_path / "story"))
    assert (code, out, list(tmp_path.iterdir())) == (2, "", [])
    for said in ("--homes: is 5 (must be 6 or more", "--days: means", "--tariff: means", "--start: means"):
        assert said in err


@pytest.fixture(scope="module")
def shared_roof(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A community out of tables: three homes, a field of which the second values a shared kWh most."""
    source, made = tmp_path_factory.mktemp("tables"), tmp_path_factory.mktemp("community") / "c"
    (source / "members.csv").write_text("id,pv_kwp\nann,0\nbob,0\ncleo,0\nfield,8\n")
    hours = [f"2024-06-0{1 + hour // 24}T{hour % 24:02}:00+02:00" for hour in range(48)]
    noon = [600 if 8 < hour % 24 < 16 else 0 for hour in range(48)]
    load = [f"{at},{100 + 5 * hour},600,{hour % 7 * 50},0" for hour, at in enumerate(hours)]
    (source / "load.csv").write_text("start,ann,bob,cleo,field\n" + "\n".join(load) + "\n")
    sun = [f"{at},{wh}" for at, wh in zip(hours, noon, strict=True)]
    (source / "pv.csv").write_text("start,field\n" + "\n".join(sun) + "\n")
    code, _, err = sunfair(
        "import", "csv", str(source), "--unit", "Wh", "--timezone", "Europe/Berlin", "--out", str(made)
    )
    assert code == 0, err
    plant = """
[member.plant]
holders = ["ann", "bob", "cleo"]
shares = [5000, 3000, 2000]
key = "optimal"
price = 0.18
values = [0.1, 0.3, 0.2]
"""
    with (made / "community.toml").open("a") as file:
        file.write(plant)
    return made / "community.toml"


def test_the_keys_of_a_plant_beside_each_other(shared_roof: Path) -> None:
    code, out, err = sunfair("commons", "share", str(shared_roof), "--json")
    assert code == 0, err
    told = json.loads(out)
    by = {one["key"]: one for one in told["keys"]}
    made = 14 * 600
    assert all(one["shared_wh"] + one["surplus_wh"] == made for one in by.values())
    # Bob always lacks more than its part, so every key but the fixed ones shares all there is; 0.14 back, 0.10 on.
    assert {one["shared_wh"] for key, one in by.items() if key not in ("static", "table")} == {made}
    assert (by["dynamic"]["saved"], by["dynamic"]["income"]) == (140 * made, 100 * made)
    assert by["static"]["shared_wh"] == by["table"]["shared_wh"] < made
    assert told["rules"] is None


@pytest.mark.parametrize("price", ["nan", "-1", "inf", "1001"])
def test_what_is_no_price(shared_roof: Path, price: str) -> None:
    code, _, err = sunfair("commons", "share", str(shared_roof), f"--price={price}")
    assert (code, f"--price: is {price} (must lie in 0 … 1000" in err) == (2, True)


def test_the_table_says_how_long_and_where_the_price_is_bounded(shared_roof: Path) -> None:
    code, out, _ = sunfair("commons", "share", str(shared_roof), "--price", "0.9")
    assert (code, "over 2 days, shared at 0.9000" in " ".join(out.split())) == (0, True)
    assert "In 48 of 48 slots that price is below feed-in or above retail" in out


def test_the_rules_of_a_place_forbid_what_they_forbid(shared_roof: Path) -> None:
    code, out, _ = sunfair("commons", "share", str(shared_roof), "--rules", "new-york")
    assert code == 1
    assert "key: is 'optimal' (new-york knows static)" in out
    assert "members: are 3 (must be at least 10)" in out
    code, _, err = sunfair("commons", "share", str(shared_roof), "--rules", "mars")
    assert (code, "one of new-york, austria, spain, france" in err) == (2, True)
    code, _, err = sunfair("commons", "share", str(shared_roof), "--plant", "ann")
    assert (code, "name one of: field" in err) == (2, True)
