"""The report in a real browser: what a householder sees, presses and proves, and what happens to a page that lies."""

import importlib.util
import json
import re
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sha3 import keccak_256

from sunfair.model import Fees
from sunfair.report import write_report
from sunfair.settlement import SlotTerms, slot_lines
from sunfair.simulate.lies import LIES, Liar
from sunfair.wiring import simulation

STREETS = Path(__file__).parents[1] / "unit" / "report" / "report_street.py"


@pytest.fixture(scope="module")
def streets():
    spec = importlib.util.spec_from_file_location("report_street", STREETS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def run(streets, tmp_path_factory):
    """An hourly day of 20 homes with both sessions at uniform prices, some of which plan ahead; the first is named like
    a script.
    """
    street = streets.street(20, minutes=60, ids=[streets.HOSTILE], smart=True)
    return streets.run(tmp_path_factory.mktemp("page") / "run", street)


@pytest.fixture(scope="module")
def browser(missing):
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"], timeout=120_000
        )
        yield started
        started.close()


class Visit:
    """A page opened from a file, with everything it asked for and complained of."""

    def __init__(self, browser, file, **context):
        self.file = file
        self.requests, self.complaints = [], []
        self.page = browser.new_context(**context).new_page()
        self.page.set_default_timeout(120_000)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("dialog", lambda dialog: (self.complaints.append("dialog"), dialog.dismiss()))
        self.page.goto(file.as_uri())

    def checks(self):
        self.page.wait_for_selector("[data-checks=good], [data-checks=bad]")
        return self.page.get_attribute("[data-checks]", "data-checks")

    def prove(self, account, line=0, slot=0):
        """Open a home, press a line of its bill and a slot behind it; returns the proof's verdict."""
        self.page.evaluate(f"location.hash = '#home-{account}'")
        self.page.locator(".line-button").nth(line).click()
        self.page.locator(".slot-button").nth(slot).click()
        return self.page.get_attribute("[data-proof]", "data-proof")


@pytest.fixture
def visit(browser):
    opened = []

    def make(file, **context):
        opened.append(Visit(browser, file, **context))
        return opened[-1]

    yield make
    for one in opened:
        one.page.context.close()


def test_a_bill_line_leads_to_a_proof_and_nothing_leaves_the_page(visit, run, streets):
    seen = visit(run / "report.html")
    assert seen.checks() == "good"
    assert seen.prove(3) == "ok"
    assert "Proof verified" in seen.page.inner_text("[data-proof]")
    assert seen.page.locator("[data-proof] [data-status=ok]").count() == 6
    assert "rounded" in seen.page.inner_text("[data-proof] .formula") or "exact" in seen.page.inner_text(".formula")
    assert seen.page.inner_text(".home-head h2") == streets.HOSTILE
    assert seen.requests == [(run / "report.html").as_uri()]
    assert seen.complaints == []


def test_a_planned_home_shows_plan_prices_flows_and_its_bill_without_its_agent(visit, run):
    """Home 4 plans, home 7 does not; what the page says of home 4 is worked out here from the run's tables."""
    account = 4
    plans, agent, rows = (_of_account(run / f"{name}.parquet", account) for name in ("plans", "agent", "rows"))
    seen = visit(run / "report.html", viewport={"width": 400, "height": 800})
    seen.checks()
    seen.page.evaluate(f"location.hash = '#home-{account}'")

    done = _figure(seen, "Planned and done")
    _open_numbers(done)
    slot = int(np.argmax(np.abs(agent["planned_battery_wh"])))
    cells = done.locator("tbody tr").nth(slot).locator("td").all_inner_texts()
    assert [_wh(cell) for cell in cells[1:5]] == [
        plans["battery_wh"][slot],
        agent["planned_battery_wh"][slot],
        plans["soc_wh"][slot],
        agent["planned_soc_wh"][slot],
    ]
    assert cells[-1] == plans["reason"][slot]
    done.locator("svg").focus()
    seen.page.keyboard.press("ArrowRight")
    assert "Planned" in done.locator(".tip").inner_text()

    prices = _figure(seen, "Prices it went by")
    _open_numbers(prices)
    expected = prices.locator("tbody tr").nth(slot).locator("td").nth(1).inner_text()
    assert expected == f"€{agent['expected_buy'][slot] / 1e6:.4f}/kWh"

    use, roof = plans["load_wh"] + plans["ev_wh"], plans["pv_wh"] - plans["curtail_wh"]
    flows = _figure(seen, "Its energy in one picture").locator("svg").get_attribute("aria-label")
    assert f"{np.minimum(use, roof).sum() / 1000:.3g} kWh from roof to own use" in flows
    assert "of what the neighbours paid" in flows
    assert _flow_sum(seen, "own use") == pytest.approx(use.sum(), rel=0.02)

    shadow, bill = -agent["shadow_paid"].sum(), -rows["paid"].sum()
    key = seen.page.locator(".key", has_text="by the simple rule").inner_text()
    assert f"€{abs(shadow) / 1e6:.2f}" in key
    assert f"€{abs(shadow - bill) / 1e6:.2f}" in key
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    seen.page.evaluate("location.hash = '#home-7'")
    seen.page.wait_for_selector("h2:has-text('Home 5')")
    assert seen.page.locator("figure", has_text="Planned and done").count() == 0
    assert seen.complaints == []


def test_a_home_sees_whom_it_bought_from_and_whom_it_supplied(visit, run):
    """Summed here from the told pairs; what one home's page says of another stands on the other's page."""
    pairs = pq.read_table(run / "neighbours.parquet").to_pylist()
    due = {}
    for pair in pairs:
        due[pair["seller"], pair["buyer"]] = due.get((pair["seller"], pair["buyer"]), 0) + pair["energy_wh"]
    account = max(due, key=due.get)[0]
    seen = visit(run / "report.html", viewport={"width": 400, "height": 800})
    seen.checks()
    for own, title in ((0, "Whom it supplied"), (1, "Whom it bought from")):
        seen.page.evaluate(f"location.hash = '#home-{account}'")
        mine = {pair[1 - own]: wh for pair, wh in due.items() if pair[own] == account}
        card = seen.page.locator(f"[data-neighbours='{title}']")
        links = card.locator("tbody a")
        assert [int(link.get_attribute("href").split("-")[1]) for link in links.all()] == sorted(
            mine, key=lambda other: (-mine[other], other)
        )
        if mine:
            assert card.locator("tbody tr td").nth(1).inner_text() == f"{max(mine.values()) / 1000:.2f} kWh"
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert seen.complaints == []


def _of_account(path, account):
    """The rows of one account, in time, as arrays."""
    table = pq.read_table(path)
    mine = table.filter(np.asarray(table["account"]) == account)
    return {name: np.array(mine[name].to_pylist()) for name in mine.column_names}


def _figure(seen, title):
    return seen.page.locator("figure", has=seen.page.locator(f"h3:text-is('{title}')"))


def _wh(text):
    return int(text.removesuffix(" Wh").replace("−", "-").replace(",", ""))


def _open_numbers(figure):
    """Open the table behind a picture; a browser tells of the opening, and the page fills the table, a moment later."""
    figure.locator("summary").click()
    figure.locator("tbody tr td").first.wait_for(state="attached")


def _flow_sum(seen, sink):
    """Wh of all flows of the picture's table into `sink`."""
    figure = _figure(seen, "Its energy in one picture")
    _open_numbers(figure)
    rows = [row.locator("td").all_inner_texts() for row in figure.locator("tbody tr").all()]
    sizes = {"kWh": 1000, "Wh": 1}
    return sum(float(row[2].split()[0]) * sizes[row[2].split()[1]] for row in rows if row[1].lower() == sink)


def test_every_kind_of_line_proves(visit, run, streets):
    data, _ = streets.payload_of(run / "report.html")
    seen = visit(run / "report.html")
    seen.checks()
    proved = set()
    for home in data["homes"]:
        for place, (line, _, _) in enumerate(home["lines"]):
            if line not in proved:
                proved.add(line)
                assert seen.prove(home["account"], line=place) == "ok"
    assert proved == {0, 1, 2, 3, 4, 5}


def test_a_small_community_at_the_mid_market_rate_proves_too(visit, streets, tmp_path):
    folder = streets.run(tmp_path / "run", streets.street(5))
    seen = visit(folder / "report.html")
    assert seen.checks() == "good"
    assert seen.prove(4) == "ok"
    assert seen.complaints == []


@pytest.fixture(scope="module")
def troubled(streets, tmp_path_factory):
    """Two hourly days: meters silent over midnight and later, a late reading, and a slot that a court made void."""
    silent = {22: [0, 1], 23: [0, 1, 2], 24: [1], 30: list(range(20)), 31: [3]}

    def received(readings, first=[]):  # noqa: B006  the first slot it is asked for
        first.append(readings.slot)
        valid, late = readings.valid.copy(), readings.late.copy()
        valid[silent.get(readings.slot - first[0], [])] = False
        late[[4, 5]] = readings.slot - first[0] == 28
        return replace(readings, valid=valid, late=late)

    honest, trouble = simulation.Simulation, {"received": received, "operator": SecondDayLiar(LIES["fill"])}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "Simulation", lambda *given, **named: honest(*given, **named | trouble))
        return streets.run(
            tmp_path_factory.mktemp("troubled") / "run", streets.street(20, minutes=60, days=2, grid=False), days=2
        )


class SecondDayLiar(Liar):
    """Tells its lie on the day that the page shows."""

    def auctions(self, records):
        held = self._told
        self._told = held or not self.slot_seen
        shown = super().auctions(records)
        self._told, self.slot_seen = self._told if self.slot_seen else held, True
        return shown

    slot_seen = False


def test_gaps_late_readings_and_a_void_slot_prove_too(visit, troubled, streets):
    data, _ = streets.payload_of(troubled / "report.html")
    assert len(data["day"]["void"]) == 1
    seen = visit(troubled / "report.html")
    assert seen.checks() == "good"
    account, place = next(
        (home["account"], at)
        for home in data["homes"]
        for at, (line, *_) in enumerate(home["day_lines"])
        if data["lines"][line] == "taken while no reading came"
    )
    assert seen.prove(account, line=place) == "ok"
    assert "The slots before had no reading" in seen.page.inner_text("[data-proof]")
    silent = data["day"]["first"] + 30 - 24
    seen.page.evaluate(f"location.hash = '#home-4-{silent}'")
    seen.page.wait_for_selector("[data-proof=ok] :text('No reading came for this slot')")
    void = int(next(iter(data["day"]["void"])))
    seen.page.evaluate(f"location.hash = '#home-4-{data['day']['first'] + void}'")
    seen.page.wait_for_selector("[data-proof=ok] :text('no trade counts in it')")
    assert seen.complaints == []


def _first(column):
    """Where a column of lists by home holds its first number other than 0: (home, place)."""
    return next(
        (h, t) for h, values in enumerate(column) if isinstance(values, list) for t, v in enumerate(values) if v
    )


def _bump(name):
    def change(day):
        home, place = _first(day["rows"][name])
        day["rows"][name][home][place] += 1

    return change


def _salt(day):
    day["rows"]["salt"][2] = ("B" if day["rows"]["salt"][2][0] != "B" else "C") + day["rows"]["salt"][2][1:]


def _curve(day):
    home, place = next((h, t) for h, c in enumerate(day["rows"]["curve"]) for t, steps in enumerate(c) if steps)
    day["rows"]["curve"][home][place][1] += 10_000


def _price(day):
    place = next(t for t, price in enumerate(day["price_pool"]) if price is not None)
    day["price_pool"][place] += 10_000


def _amount(day):
    day["chain"]["amounts"][5] += 1


def _root(day):
    day["chain"]["period_root"] = "00" + day["chain"]["period_root"][2:]


def _swap(day):
    """Two homes' whole rows change places: every one of them is right by itself."""
    for column in day["rows"].values():
        if isinstance(column, list) and len(column) > 9:
            column[4], column[5] = column[5], column[4]


TAMPERINGS = {
    **{name: _bump(name) for name in ("paid", "metered_wh", "traded_ahead_wh", "traded_pool_wh", "import_wh", "leaf")},
    "salt": _salt,
    "offer": _curve,
    "price": _price,
    "amount on chain": _amount,
    "root on chain": _root,
    "two homes swapped": _swap,
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_a_changed_number_is_seen(visit, run, streets, tmp_path, what):
    data, text = streets.payload_of(run / "report.html")
    TAMPERINGS[what](data["day"])
    page = (run / "report.html").read_text(encoding="utf-8")
    changed = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&":
        changed = changed.replace(sign, f"\\u{ord(sign):04x}")
    assert changed != text
    (tmp_path / "lie.html").write_text(page.replace(text, changed), encoding="utf-8")
    seen = visit(tmp_path / "lie.html")
    assert seen.checks() == "bad"
    assert seen.page.is_visible("[data-banner=alarm]")
    assert seen.complaints == []


def test_a_proof_of_a_changed_row_fails_where_it_is_wrong(visit, run, streets, tmp_path):
    data, _ = streets.payload_of(run / "report.html")
    home, place = _first(data["day"]["rows"]["traded_ahead_wh"])
    old = json.dumps(data["day"]["rows"]["paid"][home], separators=(",", ":"))
    data["day"]["rows"]["paid"][home][place] += 1
    new = json.dumps(data["day"]["rows"]["paid"][home], separators=(",", ":"))
    page = (run / "report.html").read_text(encoding="utf-8")
    assert page.count(old) == 1
    (tmp_path / "lie.html").write_text(page.replace(old, new), encoding="utf-8")
    seen = visit(tmp_path / "lie.html")
    assert seen.prove(home + 3, line=0, slot=0) == "bad"
    card = seen.page.inner_text("[data-proof]")
    assert "Proof failed" in card
    wrong = seen.page.locator("[data-status=bad] h5").all_inner_texts()
    assert wrong == ["The money", "Your rows", "The day’s sum", "The chain"]


def test_a_script_beside_the_pages_own_does_not_run(visit, run, tmp_path):
    page = (run / "report.html").read_text(encoding="utf-8")
    put = "<script>document.title = 'taken'</script><img src='https://example.org/x.png'></body>"
    (tmp_path / "put.html").write_text(page.replace("</body>", put), encoding="utf-8")
    seen = visit(tmp_path / "put.html")
    seen.checks()
    assert seen.page.title() != "taken"
    assert len(seen.complaints) == 2
    assert all("Content Security Policy" in text for text in seen.complaints)


def test_keccak_is_ethereums(visit, run):
    seen = visit(run / "report.html")
    random = np.random.default_rng(5)
    messages = [random.bytes(length) for length in [*range(0, 300, 7), 135, 136, 137, 271, 272, 273, 1_000]]
    got = seen.page.evaluate(
        "(list) => list.map((m) => sunfair.hex(sunfair.keccak256(Uint8Array.from(m))))", [list(m) for m in messages]
    )
    assert got == [keccak_256(message).hexdigest() for message in messages]
    # The two best known hashes on Ethereum: of nothing, and of the RLP of nothing.
    known = seen.page.evaluate("() => [[], [0x80]].map((m) => sunfair.hex(sunfair.keccak256(Uint8Array.from(m))))")
    assert known == [
        "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
        "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
    ]


def test_money_in_the_browser_is_the_settlements_money(visit, run):
    seen = visit(run / "report.html")
    random = np.random.default_rng(8)
    for _ in range(12):
        price_ahead, price_pool = (int(p) for p in random.integers(-(10**9), 10**9, 2))
        feed_in, retail = sorted(int(p) for p in random.integers(-(10**9), 10**9, 2))
        rows = random.integers(-(10**9), 10**9, (3, 6)) * (random.random((3, 6)) < 0.8)
        rows[:2, -1] -= rows[:2].sum(axis=1)
        ahead, pool, metered = (np.concatenate([np.zeros(3, np.int64), row]) for row in rows)
        terms = SlotTerms(price_ahead, price_pool, retail, feed_in, Fees())
        energy, amount = slot_lines(terms, ahead, pool, metered)
        for at in range(3, 9):
            row = {"ahead": int(ahead[at]), "pool": int(pool[at]), "metered": int(metered[at])}
            shown = {"ahead": price_ahead, "pool": price_pool, "retail": retail, "feedIn": feed_in}
            parts = seen.page.evaluate("([row, terms]) => sunfair.moneyParts(row, terms)", [row, shown])
            due = [(line, energy[line, at], amount[line, at]) for line in range(7) if energy[line, at]]
            assert sorted((p["line"], p["wh"], p["amount"]) for p in parts) == due


def test_a_narrow_screen_needs_no_scrolling_sideways(visit, run):
    seen = visit(run / "report.html", viewport={"width": 400, "height": 800})
    seen.checks()
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 400
    seen.prove(5)
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 400


def test_everything_can_be_reached_by_keyboard(visit, run):
    seen = visit(run / "report.html")
    seen.checks()
    seen.page.focus("#prices svg")
    for _ in range(3):
        seen.page.keyboard.press("ArrowRight")
    assert "03:00–04:00" in seen.page.inner_text("#prices .tip")
    seen.page.focus(".homes th button")
    seen.page.keyboard.press("Enter")
    assert seen.page.get_attribute(".homes th:first-child", "aria-sort") == "descending"
    seen.page.fill("input[type=search]", "home 7")
    assert seen.page.locator(".homes tbody tr").count() == 1
    seen.page.focus(".homes tbody a")
    seen.page.keyboard.press("Enter")
    assert seen.page.inner_text(".home-head h2") == "Home 7"
    seen.page.focus(".line-button")
    seen.page.keyboard.press("Enter")
    seen.page.focus(".slot-button")
    seen.page.keyboard.press("Enter")
    assert seen.page.get_attribute("[data-proof]", "data-proof") == "ok"
    seen.page.go_back()
    assert seen.page.is_visible("#homes")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(visit, run, scheme):
    """WCAG 2.1, 1.4.3: at least 4.5 to 1."""
    seen = visit(run / "report.html", color_scheme=scheme)
    names = ["bg", "card", "sunken", "ink", "soft", "accent", "good", "bad", "good-bg", "bad-bg", "warn-bg"]
    ask = "(names) => names.map((n) => getComputedStyle(document.documentElement).getPropertyValue(`--${n}`).trim())"
    read = seen.page.evaluate(ask, names)
    colour = dict(zip(names, read, strict=True))

    def luminance(name):
        parts = [int(part, 16) / 255 for part in re.findall("..", colour[name][1:])]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    pairs = [(text, ground) for text in ("ink", "soft", "accent") for ground in ("bg", "card", "sunken")]
    pairs += [
        ("good", "card"),
        ("bad", "card"),
        ("ink", "good-bg"),
        ("ink", "bad-bg"),
        ("ink", "warn-bg"),
        ("bg", "ink"),
    ]
    for text, ground in pairs:
        bright, dim = sorted((luminance(text), luminance(ground)), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, (text, ground)


def test_a_partial_run_says_so_and_checks_what_it_can(visit, streets, tmp_path):
    folder = streets.run(tmp_path / "run", streets.street(21), stop_after=50)
    seen = visit(folder / "report.html")
    assert "partial" in seen.page.inner_text("[data-banner=partial]")
    assert seen.checks() == "good"
    assert seen.prove(4) == "open"
    assert "not settled on the chain yet" in seen.page.inner_text("[data-proof]")
    assert seen.complaints == []


def test_a_run_without_a_slot_still_opens(visit, streets, tmp_path):
    folder = streets.run(tmp_path / "run", streets.street(3), stop_after=0)
    seen = visit(folder / "report.html")
    assert seen.page.is_visible("[data-banner=partial]")
    assert seen.page.locator(".homes tbody tr").count() == 3
    assert seen.complaints == []


def test_a_proof_has_an_address_of_its_own(visit, run):
    seen = visit(run / "report.html")
    seen.prove(6)
    proved = seen.page.inner_text("[data-proof] header")
    seen.page.reload()
    assert seen.page.inner_text("[data-proof] header") == proved


def test_a_large_community_shows_its_first_homes_and_says_so(visit, run, tmp_path, monkeypatch):
    folder = shutil.copytree(run, tmp_path / "run")
    monkeypatch.setattr("sunfair.report.day.ROWS_MAX", 5 * 24)
    write_report(folder)
    seen = visit(folder / "report.html")
    assert seen.checks() == "good"
    assert seen.page.locator(".homes tbody tr").count() == 20
    assert seen.prove(4) == "open"
    assert "is not in this page" in seen.page.inner_text("[data-proof]")
    assert seen.page.locator("[data-proof] [data-status=ok]").count() == 5
    seen.page.evaluate("location.hash = '#home-20'")
    assert "first homes only" in seen.page.inner_text(".home-page")
    assert seen.complaints == []


def test_a_week_and_more_is_drawn_by_day(visit, streets, tmp_path):
    scenario = streets.street(3, days=8, day=date(2016, 3, 25), grid=False, minutes=60)
    folder = streets.run(tmp_path / "run", scenario, days=8, day=date(2016, 3, 25))
    seen = visit(folder / "report.html")
    assert seen.checks() == "good"
    assert "Price by day" in seen.page.inner_text("#prices")
    assert not seen.page.query_selector("#wires")
    assert seen.prove(4) == "ok"
    assert seen.complaints == []
