"""The bundled street around noon of its sunniest days: another program's power flow finds no violation inside the caps."""

from datetime import date

import numpy as np
import pytest

from sunfair.files import default_community
from sunfair.grid import LOADING_MAX, VOLTAGE_MAX_PU, VOLTAGE_MIN_PU
from sunfair.model import Sharing
from sunfair.simulate import SeededChance, Span, Unsettled, unlimited

DAY, FROM, SLOTS, WORST = date(2016, 5, 22), 51, 4, 2


@pytest.fixture(scope="module")
def noon():
    """Four quarter-hours with caps, and the same without."""
    scenario = default_community()
    assert scenario.community.envelope is Sharing.EFFICIENT
    first = scenario.community.clock.day(DAY)[0] + FROM
    span = Span(DAY, (range(first, first + SLOTS),))
    inside = Unsettled(scenario, span, SeededChance(7))
    inside.run()
    return inside, unlimited(scenario, span, SeededChance(7))


def test_pandapower_finds_no_violation_in_the_worst_slots(noon, oracle, rural2):
    inside = noon[0].flow()
    net, buses = oracle.converted(rural2.tables)
    for at in np.argsort(-inside.max_voltage_pu)[:WORST]:
        voltage, loading, losses, *_ = oracle.solved(net, buses, inside.p_w[at], inside.q_var[at])
        assert np.nanmin(voltage) >= VOLTAGE_MIN_PU and np.nanmax(voltage) <= VOLTAGE_MAX_PU
        assert loading.max() <= LOADING_MAX
        # Its transformer's load is what the members give less what the wires lose.
        power = np.hypot(inside.p_w[at].sum() + losses, inside.q_var[at].sum())
        assert power / rural2.rating[-1] <= LOADING_MAX


def test_without_caps_it_would_have_found_some(noon, oracle, rural2):
    outside = noon[1].flow()
    net, buses = oracle.converted(rural2.tables)
    at = int(outside.max_loading.argmax())
    voltage, _, losses, *_ = oracle.solved(net, buses, outside.p_w[at], outside.q_var[at])
    power = np.hypot(outside.p_w[at].sum() + losses, outside.q_var[at].sum())
    assert np.nanmax(voltage) > VOLTAGE_MAX_PU or power / rural2.rating[-1] > LOADING_MAX


def test_every_meter_is_inside_its_cap_and_roofs_are_turned_down_only_at_it(noon):
    for record, plan in zip(noon[0].records, noon[0].plans, strict=True):
        caps = record.envelope.caps
        assert (plan.net_wh >= -caps.export_wh).all()
        assert (plan.net_wh[plan.curtail_wh > 0] == -caps.export_wh[plan.curtail_wh > 0]).all()
        assert caps.notice == "" and 0 < caps.granted <= 1


def test_offers_and_fills_stay_inside_the_caps(noon):
    for record in noon[0].records:
        caps, curves = record.envelope.caps, record.curves
        assert (np.maximum(curves.energy_wh, 0).sum(axis=1) <= caps.import_wh).all()
        assert (np.maximum(-curves.energy_wh, 0).sum(axis=1) <= caps.export_wh).all()
