"""A run with a car that comes too late, and an owner on vacation: what is told, and that every figure still holds."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from sunfair.audit import audit
from sunfair.model import Appliance, Car, HeatPump, Owner, Scenario, Span, Visits
from sunfair.wiring import run_simulation, span_of


def test_a_late_car_is_told_and_a_vacation_keeps_a_home_quiet(made_street: Callable[..., Scenario], tmp_path: Path):
    plain = made_street(4, minutes=60)
    span = span_of(plain, "2016-06-09", 1)
    first = span.first_slot
    members = list(plain.community.members)
    members[0] = replace(members[0], car=Car(3_000))
    away = Owner(vacations=(Span(first - 48, first + 48),))
    members[1] = replace(members[1], heat=HeatPump(3_000, 2_000), appliances=(Appliance("wash", (1_000,)),), owner=away)
    heat = np.zeros_like(plain.series.load_wh)
    heat[:, 1] = 600
    visit = Visits(*(np.array([each]) for each in (np.int32(0), first + 4, first + 7, 12_000)))
    scenario = Scenario(replace(plain.community, members=tuple(members)), replace(plain.series, heat_wh=heat), visit)
    folder = run_simulation(
        scenario, span, tmp_path / "run", seed=3, progress=lambda done: None, stopped=lambda: False
    ).folder
    assert audit(folder) == []
    notices = json.loads((folder / "summary.json").read_text())["notices"]
    told = "home home0: at 2016-06-09 04:00 it was foreseen that the car would lack 3000 Wh at 2016-06-09 07:00"
    assert notices.count(told) == 1
    plans = pq.read_table(folder / "plans.parquet").to_pylist()
    late = [row["slot"] for row in plans if "the car will lack 3000 Wh at 07:00" in row["reason"]]
    assert late == [first + 4, first + 5, first + 6]
    quiet = [row for row in plans if row["account"] == 4]
    assert all("nobody is at home" in row["reason"] and "wash" not in row["reason"] for row in quiet)
    at = first - plain.series.first_slot
    own = [row["load_wh"] - int(plain.series.load_wh[at + place, 1]) for place, row in enumerate(quiet)]
    assert set(own) == {200}  # what is asked for, 600 Wh, at a performance of 3: the lower edge
