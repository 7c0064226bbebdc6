"""`bench year` on a small made street: its figures hold together, whatever the machine."""

from dataclasses import replace

import numpy as np

from sunfair.bench import bench_year
from sunfair.model import Car, Visits
from sunfair.wiring.proving import prove_slots


def test_a_week_of_a_small_street_holds_together(made_street):
    street = made_street(22, days=19, minutes=60)
    members = tuple(
        replace(member, car=Car(7_000)) if at == 3 else member for at, member in enumerate(street.community.members)
    )
    first, nights = street.series.first_slot, np.arange(18)
    visits = Visits(np.full(18, 3, np.int32), first + 24 * nights + 15, first + 24 * nights + 25, np.full(18, 8_000))
    flat = replace(street, community=replace(street.community, members=members), visits=visits)
    hour = np.arange(len(flat.series.retail)) % 24
    retail = flat.series.retail + 100_000 * (hour > 14) - 100_000 * (hour < 4)
    dynamic = replace(flat, series=replace(flat.series, retail=retail))

    def prove(scenario, slots):
        return prove_slots(scenario, slots[:4])

    figures = bench_year(flat, prove, weeks=1, dynamic=dynamic, ablations=False)

    rows = {row["tariff"]: row for row in figures["tariffs"]}
    assert set(rows) == {"flat", "time of use", "dynamic"}
    for row in rows.values():
        assert row["bill_perfect"] <= min(row["bill_smart"], row["bill_rule"]) + 1_000
        assert abs(row["bill_rule"] - row["bill_smart"] - row["saved_against_rule"]) <= 2  # each sum is cut to whole µ
    assert rows["flat"]["homes_worse_by_a_thousandth"] == 0
    assert 0.6 < rows["dynamic"]["share_of_perfect"] <= 1
    market = figures["market"]
    assert market["slots"] == figures["slots"] == 168
    assert market["bill_smart"] < dynamic.series.retail.max() * dynamic.series.load_wh.sum() // 1_000
    assert market["gone_back_to_the_rule"] == 0
    assert market["bill_rule"] != market["bill_smart"]
    assert market["signed_seconds"] >= 0 and market["seconds"] > 0
