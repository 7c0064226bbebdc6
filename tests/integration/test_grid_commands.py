"""`sunfair grid`: files as a user finds them, and their pages in a browser."""

import csv
import io
import json
import shutil
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from sunfair.cli import main, show
from sunfair.errors import InputError
from sunfair.files import default_community, first_homes, load_scenario, write_scenario
from sunfair.simulate.converter_study import study_converters


def sunfair(*words):
    """The command line in this process: exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["sunfair", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0), out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def community(tmp_path_factory):
    """Twenty homes of the bundled street and two weeks of May."""
    scenario = first_homes(default_community(), 20)
    series, part = scenario.series, slice(96 * 135, 96 * 149)
    names = ("load_wh", "pv_wh", "heat_wh", "retail", "feed_in")
    cut = {name: np.ascontiguousarray(getattr(series, name)[part]) for name in names}
    short = replace(series, first_slot=series.first_slot + part.start, **cut)
    first, last = short.first_slot, short.end_slot
    visits = scenario.visits
    here = (visits.arrive >= first) & (visits.depart <= last)
    visits = replace(
        visits, **{name: getattr(visits, name)[here] for name in ("member", "arrive", "depart", "need_wh")}
    )
    folder = tmp_path_factory.mktemp("grid") / "community"
    write_scenario(replace(scenario, series=short, visits=visits), folder)
    return folder / "community.toml"


@pytest.fixture(scope="module")
def phases(community):
    out = community.parent.parent / "phases"
    code, told, _ = sunfair(
        "grid", "phases", str(community), "--out", str(out), "--draws", "6", "--slots", "150", "--json"
    )
    assert code == 0
    return out, json.loads(told)


@pytest.fixture(scope="module")
def step(community):
    out = community.parent.parent / "step"
    code, told, _ = sunfair("grid", "step", str(community), "--out", str(out), "--json")
    assert code == 0
    return out, json.loads(told)


def test_the_work_orders_are_those_that_were_proved(phases):
    out, figures = phases
    rows = list(csv.DictReader((out / "phases.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == figures["changes"] > 0
    assert float(rows[-1]["share_so_far"]) == pytest.approx(1, abs=1e-4)
    assert all(row["from"] != row["to"] and {row["from"], row["to"]} < set("abc") for row in rows)
    assert json.loads((out / "phases.json").read_text(encoding="utf-8")) == figures
    assert figures["proposed"]["neutral_rms_a"] < figures["drawn_mean"]["neutral_rms_a"]


def test_the_same_seed_gives_the_same_files(phases, community):
    out, _ = phases
    again = out.parent / "again"
    sunfair("grid", "phases", str(community), "--out", str(again), "--draws", "6", "--slots", "150", "--json")
    for name in ("phases.csv", "phases.json", "phases.html"):
        assert (again / name).read_bytes() == (out / name).read_bytes()


def test_the_step_is_told_second_by_second(step):
    out, figures = step
    rows = list(csv.DictReader((out / "step.csv").read_text(encoding="utf-8").splitlines()))
    assert [int(row["second"]) for row in rows] == list(range(len(rows)))
    high = [float(row["high_with"]) for row in rows]
    assert max(high) == pytest.approx(figures["with"]["highest_pu"], abs=1e-5)
    assert figures["with"]["highest_pu"] < figures["without"]["highest_pu"]


def test_converters_bring_voltages_back_without_a_watt_hour_less(community):
    """Roofs four times as large: some voltage is outside; set-points and Q(U) leave less of that, or none."""
    scenario = load_scenario(community)
    larger = replace(scenario, series=replace(scenario.series, pv_wh=scenario.series.pv_wh * 4))
    found = study_converters(larger, most_slots=1)
    bare, steered, curve = found["as_they_are"], found["all_reactive"], found["volt_var"]
    assert bare.voltage_violations == bare.slots == 1
    assert max(steered.max_voltage_pu, curve.max_voltage_pu) < bare.max_voltage_pu - 0.005
    assert steered.losses_w < curve.losses_w, "reactive power where it helps costs less than everywhere"
    with pytest.raises(InputError, match="No voltage is outside"):
        study_converters(scenario, most_slots=1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("phases", "--fit", "0.99"), "--fit: is 0.99"),
        (("phases", "--out", "{file}"), "is a file: name a folder"),
        (("step", "--out", "{file}"), "is a file: name a folder"),
        (("phases", "--out", "{file}/below"), "cannot be made (Not a directory): name a folder"),
        (("phases", "{dir}"), "community.toml"),
    ],
)
def test_wrong_input_ends_with_two_and_says_why(words, said, community, tmp_path):
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    given = [word.format(file=file, dir=tmp_path) for word in words]
    if "{dir}" not in words:
        given.append(str(community))
    code, _, told = sunfair("grid", *given)
    assert code == 2 and said in told


def test_progress_in_a_log_is_a_line_for_each_tenth(monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(show, "stderr", Console(file=log))
    tell = show.step_teller()
    for done in range(1, 201):
        tell("flows", done, 200)
    assert log.getvalue().split("\n")[:-1] == [f"flows, {done} of 200" for done in (1, *range(20, 201, 20))]


def test_a_community_without_wires_is_told_all_at_once(community, tmp_path):
    text = community.read_text(encoding="utf-8")
    folder = tmp_path / "bare"
    shutil.copytree(community.parent, folder)
    bare = "\n".join(
        line
        for line in text.splitlines()
        if not line.startswith(("[grid]", 'file = "net', "envelope", "bus =", "phase ="))
    )
    (folder / "community.toml").write_text(bare, encoding="utf-8")
    code, _, told = sunfair("grid", "phases", str(folder))
    assert code == 2 and "[grid]: is absent" in told and "[[member]] phase" in told


def test_pages_ask_nothing_and_can_be_read_without_a_mouse(phases, step, missing):
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"], timeout=120_000
        )
        for file, tables in ((phases[0] / "phases.html", 4), (step[0] / "step.html", 6)):
            page, asked, complained = browser.new_page(), [], []
            page.set_default_timeout(120_000)
            page.on("request", lambda request, seen=asked: seen.append(request.url))
            page.on("console", lambda message, seen=complained: seen.append(message.text))
            page.goto(file.as_uri())
            assert asked == [file.as_uri()] and not complained
            assert page.locator("figure table").count() == tables
            for summary in page.locator("summary").all():
                summary.focus()
                page.keyboard.press("Enter")
            assert page.locator("details[open]").count() == page.locator("details").count()
            assert page.locator("svg[role=img][aria-label]").count() == page.locator("svg").count()
        browser.close()
