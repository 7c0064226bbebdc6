"""The command line as a user meets it: another process, its exit code, its two streams, its folder."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sunfair.cli import main

SUNFAIR = [sys.executable, "-m", "sunfair"]


def sunfair(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own."""
    return subprocess.run([*SUNFAIR, *words], cwd=cwd, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """The demo as README says it, whole street, with its summary."""
    place = tmp_path_factory.mktemp("demo")
    done = sunfair("demo", "--json", "--no-serve", cwd=place)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    return place / summary["folder"], summary


def test_the_demo_tells_the_story(demo: tuple[Path, dict]) -> None:
    folder, summary = demo
    assert folder.parent.name == "runs"
    assert len(summary["homes"]) == 99
    assert summary["violations"] == {"slots": 0, "hours": 0.0}
    street = summary["community"]
    # A day that begins with empty stores and ends with full ones: what is in them is paid for and not yet used.
    assert street["bill_market"] < min(street["bill_battery_only"], street["bill_alone"])
    assert summary["envelope"]["unlimited"]["slots"] >= 8
    assert summary["envelope"]["curtailed_share"] < 0.08
    assert street["homes_better_off"] >= 85
    assert street["homes_worse_off"] <= 3
    slots = pq.read_table(folder / "slots.parquet").to_pydict()
    hours = [start.hour for start in slots["start"]]
    noon = [p for p, hour in zip(slots["price_ahead"], hours, strict=True) if p is not None and 9 <= hour < 13]
    dusk = [p for p, hour in zip(slots["price_ahead"], hours, strict=True) if p is not None and 16 <= hour < 19]
    assert max(noon) < max(dusk)
    assert min(noon) >= 80_000 and max(dusk) <= 320_000
    assert max(slots["max_voltage_pu"]) <= 1.1 and max(slots["max_loading"]) <= 1


def test_audit_and_compare_of_the_demo(demo: tuple[Path, dict], command: Callable[..., tuple[int, str, str]]) -> None:
    folder, _ = demo
    code, holds, _ = command("audit", str(folder), "--json")
    assert code == 0
    assert json.loads(holds) == {"holds": True, "findings": []}
    compared = json.loads(command("compare", str(folder), "--wires", "--json")[1])
    for session in ("ahead", "pool"):
        each = compared[session]
        on_wires = {"network"} if session == "ahead" else set()
        assert set(each) == {"uniform", "pay_as_bid", "continuous", "mid_market_rate"} | on_wires
        assert each["uniform"]["welfare"] == pytest.approx(max(figures["welfare"] for figures in each.values()))
        for figures in each.values():
            shared = figures["buyers_gain"] + figures["sellers_gain"] + figures["rent"]
            assert shared == pytest.approx(figures["welfare"])
    wires, homes = compared["wires"], compared["wires"]["homes"].values()
    assert round(wires["losses_kwh"] * 1000) == sum(pq.read_table(folder / "slots.parquet")["losses_wh"].to_pylist())
    for key in ("share_paid", "fee_by_distance", "losses_kwh"):
        assert sum(home[key] for home in homes) == pytest.approx(wires[key], abs=1e-9)
    assert wires["fee_by_distance"] == pytest.approx(wires["share_paid"], rel=1e-2)
    sold = sum(pq.read_table(folder / "neighbours.parquet")["energy_wh"].to_pylist())
    assert round(wires["traded_kwh"] * 1000) == sold == round(sum(home["traded_kwh"] for home in homes) * 500)
    assert "pay_as_bid" in command("compare", str(folder))[1]


def test_audit_of_a_lie_ends_with_the_false_row(demo: tuple[Path, dict], tmp_path: Path) -> None:
    folder, _ = demo
    shutil.copytree(folder, tmp_path / "lie")
    rows = pq.read_table(folder / "rows.parquet")
    paid = rows["paid"].to_pylist()
    paid[50 * 102 + 44] += 1
    at = rows.schema.get_field_index("paid")
    pq.write_table(rows.set_column(at, rows.schema.field("paid"), [paid]), tmp_path / "lie" / "rows.parquet")
    done = sunfair("audit", "lie", cwd=tmp_path)  # another process: it ends with 1
    assert done.returncode == 1
    slot = rows["slot"][50 * 102 + 44].as_py()
    assert done.stdout.splitlines()[-1].startswith(f"slot {slot} account 44: paid is {paid[50 * 102 + 44]} µ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "nowhere.toml"], "nowhere.toml"),
        (["audit", "nowhere"], "absent"),
        (["compare", "nowhere"], "nowhere"),
        (["demo", "--homes", "0"], "choose 1 to 99"),
        (["demo", "--start", "1999-01-01"], "whole days 2016-01-01 to 2016-12-31"),
        (["demo", "--days", "0"], "at least one day"),
        (["bench", "nothing"], "choose one of: charging, clearing"),
        (["import", "csv", "nowhere", "--out", "made"], "nowhere"),
        (["import", "grid", "nowhere.json", "--out", "made.json"], "nowhere.json: is not there"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_input_ends_with_2_and_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    told: str,
) -> None:
    """In this process: that another one says and returns the same is tested once, below."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sunfair", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 2, said.err
    assert told in said.err
    assert said.out == ""
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def test_wrong_input_ends_a_process_with_2(tmp_path: Path) -> None:
    done = sunfair("audit", "nowhere", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "absent" in done.stderr and "Traceback" not in done.stderr


def test_bench_prints_one_object(command: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = command("bench", "clearing", "--json")
    figures = json.loads(out)
    assert code == 0
    assert figures["bench"] == "clearing"
    assert {"cases", "reference", "published"} <= set(figures)


def test_help_needs_no_heavy_room(tmp_path: Path) -> None:
    code = "import sys, sunfair.cli.commands as c; print([m for m in ('numpy', 'pyarrow', 'rich.console') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]"
    assert "Usage" in sunfair("--help", cwd=tmp_path).stdout


def interrupted(place: Path, how: signal.Signals) -> tuple[int, str]:
    """Start a long run, interrupt it once its folder holds receipts, and wait for its end."""
    words = [*SUNFAIR, "demo", "--homes", "20", "--days", "60", "--out", "long"]
    with subprocess.Popen(words, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        receipts = place / "long.partial" / "slots.parquet"
        try:
            end = time.monotonic() + 400
            while process.poll() is None and time.monotonic() < end:
                if receipts.exists() and receipts.stat().st_size > 100:
                    break
                time.sleep(0.1)
            process.send_signal(how)
            out, err = process.communicate(timeout=600)
        finally:
            process.kill()  # whatever failed: nobody waits for it
    return process.returncode, out + err


def test_ctrl_c_leaves_a_readable_partial_run(tmp_path: Path, interruptible: None) -> None:
    code, told = interrupted(tmp_path, signal.SIGINT)
    assert code == 130, told
    assert "Stopped early" in told
    partial = tmp_path / "long.partial"
    assert not (tmp_path / "long").exists()
    slots = pq.read_table(partial / "slots.parquet").num_rows
    assert 0 < slots < 60 * 96
    assert pq.read_table(partial / "rows.parquet").num_rows == slots * 23
    assert json.loads((partial / "summary.json").read_text())["partial"] is True
    assert (partial / "report.html").exists()


def test_a_killed_run_stays_marked_and_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., tuple[int, str, str]]
) -> None:
    code, _ = interrupted(tmp_path, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert not (tmp_path / "long").exists()
    monkeypatch.chdir(tmp_path)
    code, _, told = command("demo", "--homes", "20", "--out", "long")
    assert code == 2
    assert "long.partial is there already and not empty" in told
