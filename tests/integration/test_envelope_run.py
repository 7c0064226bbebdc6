"""A street whose wires are too weak for its roofs: a run inside operating envelopes, and every lie about them."""

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sunfair.audit import audit
from sunfair.audit.public_files import watch_folder
from sunfair.files import read_injections
from sunfair.grid import Network, power_flow, violations
from sunfair.model import FIRST_MEMBER, Phase, Scenario, Sharing
from sunfair.wiring import run_simulation, span_of

HOMES, ROW = 20, 13 * 20 + 7
FEEDER = Path(__file__).parents[1] / "unit" / "grid" / "feeder.py"
INDEPENDENT = Path(__file__).parents[1] / "independent"


def beside(path: Path):  # type: ignore[no-untyped-def]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def day(made_street: Callable[..., Scenario], tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario, feeder = made_street(HOMES, minutes=60), beside(FEEDER)
    places = [(3 + at % 4, "abc"[at % 3]) for at in range(HOMES)]
    data = feeder.tables(places)
    for name in ("r1", "x1", "r0", "x0"):
        data["line"][name] *= 2.5
    members = tuple(
        replace(member, bus=bus, phase=Phase(phase))
        for member, (bus, phase) in zip(scenario.community.members, places, strict=True)
    )
    community = replace(scenario.community, members=members, envelope=Sharing.FAIR)
    series = replace(scenario.series, load_wh=scenario.series.load_wh // 2)  # the evening is not what is looked at
    scenario = replace(scenario, community=community, network_json=feeder.text(data), series=series)
    quiet = {"progress": lambda done: None, "stopped": lambda: False}
    span = span_of(scenario, "2016-06-09", 1)
    return run_simulation(scenario, span, tmp_path_factory.mktemp("capped") / "day", seed=7, **quiet).folder


def grid(folder: Path, name: str, column: str) -> np.ndarray:
    return pq.read_table(folder / f"{name}.parquet")[column].to_numpy().reshape(-1, HOMES)


def changed(day: Path, place: Path, name: str, column: str, change: Callable[[object], object]) -> Path:
    """A copy of the run with one value of one table changed."""
    folder = Path(shutil.copytree(day, place / "run"))
    table = pq.read_table(folder / f"{name}.parquet")
    values = table[column].to_pylist()
    values[ROW] = change(values[ROW])
    at = table.column_names.index(column)
    kind = table.schema.field(column)
    pq.write_table(table.set_column(at, kind, pa.array(values, kind.type)), folder / f"{name}.parquet")
    return folder


def test_the_wires_hold_and_would_not_without_caps(day: Path) -> None:
    network = Network.parse((day / "grid.json").read_text())
    inside, outside = (power_flow(network, *read_injections(place, HOMES)) for place in (day, day / "unlimited"))
    assert not violations(inside).any()
    assert violations(outside).sum() >= 3
    told = json.loads((day / "summary.json").read_text())
    assert told["violations"] == {"slots": 0, "hours": 0.0}
    assert told["envelope"]["unlimited"]["slots"] == int(violations(outside).sum())
    made, lost = (grid(day, "plans", name).sum(axis=0) for name in ("pv_wh", "curtail_wh"))
    kept = [1 - part / roof for part, roof in zip(lost, made, strict=True) if roof]
    assert told["envelope"]["jain"] == pytest.approx(sum(kept) ** 2 / (len(kept) * sum(x * x for x in kept)), abs=1e-6)
    assert 0 < told["envelope"]["curtailed_share"] < 0.5


def test_no_meter_gives_more_than_its_cap(day: Path) -> None:
    columns = ("load_wh", "pv_wh", "curtail_wh", "battery_wh", "ev_wh")
    load, pv, curtail, battery, ev = (grid(day, "plans", name) for name in columns)
    net = load - pv + curtail + battery + ev
    assert (net >= -grid(day, "envelopes", "export_cap_wh")).all()
    assert (curtail > 0).any()
    steered = (battery > 0) | (ev > 0)
    assert (net[steered] <= grid(day, "envelopes", "import_cap_wh")[steered]).all()


def test_it_audits_and_an_independent_program_agrees(day: Path) -> None:
    assert audit(day) == []
    assert watch_folder(day).holds
    done = subprocess.run(
        [sys.executable, str(INDEPENDENT / "check_run.py"), str(day)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "all holds\n", done.stdout + done.stderr


@pytest.mark.parametrize("more", [1, 50])
def test_attack_a_cap_shown_otherwise_than_told(day: Path, tmp_path: Path, more: int) -> None:
    folder = changed(day, tmp_path, "envelopes", "export_cap_wh", lambda cap: cap + more)  # type: ignore[operator]
    first = pq.read_table(day / "slots.parquet")["slot"][0].as_py()
    last = str(audit(folder)[-1])
    assert last.startswith(f"slot {first + 13} account {FIRST_MEMBER + 7}: export_cap_wh is"), last


def test_a_home_sees_its_caps_and_what_was_turned_down(day: Path, missing: Callable[[str], None]) -> None:
    page = (day / "report.html").read_text(encoding="utf-8")
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    for way in ("import", "export"):
        shown = [caps if isinstance(caps, list) else [caps] * 24 for caps in data["day"]["meter_caps"][way]]
        np.testing.assert_array_equal(np.array(shown).T, grid(day, "envelopes", f"{way}_cap_wh"))
    cut, roof = (grid(day, "plans", name).sum(axis=0) for name in ("curtail_wh", "pv_wh"))
    home = int(np.argmax(cut))
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments, timeout=120_000)
        seen = browser.new_page(locale="en-GB")
        seen.set_default_timeout(120_000)
        seen.goto(f"{(day / 'report.html').as_uri()}#home-{home + FIRST_MEMBER}")
        caption = seen.locator("figure:has(svg[aria-label^='Caps of'])").locator("figcaption").inner_text()
        browser.close()
    assert f"{100 * cut[home] / roof[home]:.1f} % of what it could give, found no room" in caption, caption


def test_attack_a_salt_that_opens_another_root(day: Path, tmp_path: Path) -> None:
    folder = changed(day, tmp_path, "envelopes", "salt", lambda salt: bytes(32))
    told = [str(finding) for finding in audit(folder)]
    assert "data_hash is" in told[-1] and told[-1].startswith(f"slot {_slot(day)} account 0"), told


def test_attack_days_without_caps_that_never_were(day: Path, tmp_path: Path) -> None:
    """A home without battery and car cannot have given more than its roof in the days beside."""
    at = next(at for at in range(HOMES) if at % 5 != 2)
    folder = Path(shutil.copytree(day, tmp_path / "run"))
    path = folder / "unlimited" / "injections.parquet"
    table = pq.read_table(path)
    values = table["p_a_w"].to_pylist()
    values[13 * HOMES + at] += 500.0
    pq.write_table(table.set_column(table.column_names.index("p_a_w"), "p_a_w", pa.array(values)), path)
    told = [str(finding) for finding in audit(folder)]
    assert f"slot {_slot(day)} account {FIRST_MEMBER + at}: unlimited:" in told[-1], told[-1]


def test_a_run_with_caps_needs_its_envelopes(day: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(day, tmp_path / "run"))
    (folder / "envelopes.parquet").unlink()
    with pytest.raises(Exception, match=r"envelopes\.parquet is absent"):
        audit(folder)


def _slot(day: Path) -> int:
    return int(pq.read_table(day / "slots.parquet")["slot"][0].as_py()) + 13
