"""A street invented for the report's tests: seeded use and sun, some batteries and cars, cables if wanted."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from power_grid_model import BranchSide, LoadGenType, WindingType, initialize_array
from power_grid_model.utils import json_serialize

from sunfair.model import (
    SMALL_COMMUNITY,
    Battery,
    Car,
    Community,
    Mechanism,
    Member,
    Phase,
    Scenario,
    Series,
    Session,
    Strategy,
    Visits,
)
from sunfair.slots import SlotClock
from sunfair.wiring import run_simulation, span_of

DAY = date(2016, 6, 15)
HOSTILE = "<script>alert(1)</script>"


def street(homes=5, *, seed=1, days=1, day=DAY, grid=True, minutes=15, ids=(), smart=False):
    """A scenario of `homes` homes whose series reach from a day before `day` to the end of the run.

    smart : whether homes with a battery plan ahead
    """
    clock = SlotClock(minutes, "Europe/Berlin")
    random = np.random.default_rng(seed)
    spans = clock.days(date.fromordinal(day.toordinal() - 2), days + 2)
    slots = np.array([slot for span in spans for slot in span])
    hour = np.array([clock.local(int(slot)).hour + clock.local(int(slot)).minute / 60 for slot in slots])
    buses = _homes_of_buses(homes)
    members = tuple(_member(at, buses[at], random, ids) for at in range(homes))
    if smart:
        members = tuple(replace(member, strategy=Strategy.SMART) if member.battery else member for member in members)
    name = "Sonnenweg" if homes > 20 else "Short street"
    rules = {} if homes >= SMALL_COMMUNITY else {"sessions": (Session.POOL,), "mechanism": Mechanism.MID_MARKET_RATE}
    community = Community(name, members, clock, **rules)
    load, pv = _load(hour, homes, minutes, random), _pv(hour, members, minutes, random)
    flat = np.ones(len(slots), np.int64)
    series = Series(int(slots[0]), load, pv, 320_000 * flat, 80_000 * flat)
    notices = ("Households are scaled copies of six measured shapes.", "Zero-sequence data of the cables is assumed.")
    return Scenario(community, series, _visits(members, spans, random), _network(members) if grid else None, notices)


def run(folder, scenario, *, days=1, day=DAY, seed=7, stop_after=None):
    """Run a scenario into `folder`; returns the folder of the run."""
    done = 0

    def progress(count):
        nonlocal done
        done = count

    span = span_of(scenario, day.isoformat(), days)
    stopped = (lambda: False) if stop_after is None else (lambda: done >= stop_after)
    return run_simulation(scenario, span, Path(folder), seed=seed, progress=progress, stopped=stopped).folder


def payload_of(page):
    """The data inside a page, and its text."""
    text = page.read_text(encoding="utf-8").split('<script type="application/json" id="data">')[1].split("</script>")[0]
    return json.loads(text), text


def _member(at, bus, random, ids):
    battery = Battery(10_000, 5_000) if random.random() < 0.4 or at == 0 else None
    return Member(
        id=ids[at] if at < len(ids) else f"Home {at + 1}",
        meter=f"DE{at:06d}",
        bus=bus,
        phase=Phase("abc"[at % 3]),
        pv_wp=5_000 if at % 5 else 0,
        battery=battery,
        car=Car(11_000) if random.random() < 0.25 else None,
    )


def _load(hour, homes, minutes, random):
    shapes = [
        0.25 + peak * np.exp(-(((hour - at) / 1.6) ** 2)) + 0.6 * np.exp(-(((hour - 7.2) / 1.1) ** 2))
        for peak, at in ((1.6, 18.6), (1.2, 20.0), (0.9, 12.4), (1.9, 19.2), (0.7, 17.0), (1.3, 21.0))
    ]
    base = np.stack([shapes[at % 6] for at in range(homes)], axis=1) * random.uniform(0.5, 1.6, homes)
    noise = random.gamma(2.0, 0.5, base.shape)
    return np.round(base * noise * 1000 * minutes / 60).astype(np.int64)


def _pv(hour, members, minutes, random):
    sun = np.maximum(np.sin((hour - 5.2) / 16.2 * np.pi), 0) * ((hour > 5.2) & (hour < 21.4))
    clouds = np.clip(1 - random.gamma(1.0, 0.16, len(hour)), 0.15, 1)
    peak = np.array([member.pv_wp for member in members]) * random.uniform(0.75, 0.95, len(members))
    return np.round(np.outer(sun**1.3 * clouds, peak) * minutes / 60).astype(np.int64)


def _visits(members, spans, random):
    rows = []
    for span in spans:
        for at, member in enumerate(members):
            if member.car:
                arrive = span[int(len(span) * random.uniform(0.68, 0.8))]
                rows.append((at, arrive, arrive + len(span) // 2 - 6, int(random.integers(4_000, 16_000))))
    rows.sort(key=lambda row: (row[1], row[0]))
    columns = np.array(rows, np.int64).reshape(-1, 4)
    return Visits(columns[:, 0].astype(np.int32), *columns[:, 1:].T) if rows else Visits.none()


def _homes_of_buses(homes):
    """Homes one after the other along four feeders whose first bus is 2; bus ids from 3."""
    return [3 + at for at in range(homes)]


def _network(members):
    """20/0.4 kV transformer (bus 1 → 2), four feeders with a short branch each, a bus per home."""
    size = len(members)
    node = initialize_array("input", "node", size + 2)
    node["id"], node["u_rated"] = np.arange(1, size + 3), [20e3] + [400.0] * (size + 1)
    line = initialize_array("input", "line", size)
    feeder = -(-size // 4)
    above = [2 if at % feeder == 0 else 3 + at - (5 if at % feeder in (9, 15) else 1) for at in range(size)]
    line["id"], line["from_node"], line["to_node"] = 1_000 + np.arange(size), above, 3 + np.arange(size)
    line["from_status"] = line["to_status"] = 1
    line["r1"], line["x1"], line["r0"], line["x0"] = 0.006, 0.0023, 0.024, 0.0092
    line["c1"] = line["c0"] = line["tan1"] = line["tan0"] = 0.0
    line["i_n"] = 270.0
    load = initialize_array("input", "asym_load", size)
    load["id"], load["node"] = 1_000_003 + np.arange(size), [member.bus for member in members]
    load["status"], load["type"] = 1, LoadGenType.const_power
    load["p_specified"] = load["q_specified"] = 0.0
    data = {"node": node, "line": line, "transformer": _transformer(), "source": _source(), "asym_load": load}
    return json_serialize(data)


def _transformer(sn=250e3):
    table = initialize_array("input", "transformer", 1)
    values = {"id": 901, "from_node": 1, "to_node": 2, "from_status": 1, "to_status": 1, "u1": 20e3, "u2": 400.0}
    values |= {"sn": sn, "uk": 0.04, "pk": 0.0147 * sn, "i0": 0.0029, "p0": 460.0, "clock": 5}
    values |= {"winding_from": WindingType.delta, "winding_to": WindingType.wye_n, "tap_side": BranchSide.from_side}
    values |= {"tap_pos": 1, "tap_nom": 0, "tap_min": -2, "tap_max": 2, "tap_size": 500.0}
    for name, value in values.items():
        table[name] = value
    return table


def _source():
    table = initialize_array("input", "source", 1)
    for name, value in {"id": 902, "node": 1, "status": 1, "u_ref": 1.025, "sk": 500e6, "rx_ratio": 0.1}.items():
        table[name] = value
    return table
