"""The forecaster on the bundled street: what it promises to whoever asks it."""

from dataclasses import replace

import numpy as np
import pytest

from sunfair.agent import MISSING, Forecaster, forecast_horizon
from sunfair.files import default_community, default_forecast_model

PER_DAY, END = 96, 12_000
PARTS = ("low", "mid", "high")


@pytest.fixture(scope="module")
def street():
    return default_community(homes=24)


@pytest.fixture(scope="module")
def forecaster(street):
    community = street.community
    shapes = tuple(member.shape for member in community.members)
    roofs = np.array([member.pv_wp for member in community.members])
    return Forecaster(community.clock, default_forecast_model(), shapes, roofs)


def past(street, end=END, days=15):
    window = slice(end - days * PER_DAY, end)
    return street.series.load_wh[window], street.series.pv_wh[window]


def ask(forecaster, street, end=END, *, horizon=192, load=None, pv=None, **more):
    own_load, own_pv = past(street, end)
    load, pv = (own if given is None else given for own, given in ((own_load, load), (own_pv, pv)))
    return forecaster.forecast(load, pv, next_slot=street.series.first_slot + end, horizon=horizon, **more)


def same(one, other):
    return all(
        np.array_equal(getattr(a, part), getattr(b, part))
        for a, b in ((one.load_wh, other.load_wh), (one.pv_wh, other.pv_wh))
        for part in PARTS
    )


def test_asked_hour_after_hour_it_says_what_it_would_say_if_asked_for_the_first_time(forecaster, street):
    _, asked = ask(forecaster, street)
    for end in (END + 4, END + 8, END + 9):
        found, asked = ask(asked, street, end, lead=2)
    assert same(found, ask(forecaster, street, END + 9, lead=2)[0])


@pytest.mark.parametrize("jump", [-300, 2_000])
def test_a_clock_that_jumped_costs_no_truth(forecaster, street, jump):
    _, asked = ask(forecaster, street)
    assert same(ask(asked, street, END + jump)[0], ask(forecaster, street, END + jump)[0])


def test_bands_are_in_order_and_never_negative_or_endless(forecaster, street):
    found, _ = ask(forecaster, street)
    for band in (found.load_wh, found.pv_wh):
        assert band.mid.shape == (24, 192)
        assert (band.low >= 0).all() and (band.low <= band.mid).all() and (band.mid <= band.high).all()
        assert np.isfinite(band.high).all()
    assert found.known.all() and found.notes == ()


def test_a_home_is_forecast_by_a_model_that_never_saw_its_shape(forecaster, street):
    model = forecaster.model
    for use, homes in model.use_of(forecaster.shapes):
        for home in homes:
            assert use is model.use[street.community.members[home].shape]
            assert use is not model.use[""]
    fortnight = 14 * 86_400
    suns = [model.sun_of(forecaster.shapes, at * fortnight) for at in (100, 101)]
    assert suns == [model.sun["even"], model.sun["odd"]]
    assert model.sun_of(("",), 0) is model.sun[""]


def test_it_beats_the_floor_on_the_bundled_street(forecaster, street):
    errors = np.zeros((2, 2))
    for end in range(3_000, 34_000, 1_700):
        load, pv = past(street, end)
        floor = forecast_horizon(load, pv, PER_DAY, PER_DAY)
        model, _ = ask(forecaster, street, end, horizon=PER_DAY)
        ahead = slice(end, end + PER_DAY)
        for at, forecast in enumerate((floor, model)):
            parts = ((forecast.load_wh, street.series.load_wh), (forecast.pv_wh, street.series.pv_wh))
            for kind, (band, came) in enumerate(parts):
                errors[kind, at] += (np.abs(band.mid - came[ahead].T).sum(axis=1) / came.mean(axis=0)).sum()
    assert (errors[:, 1] < 0.97 * errors[:, 0]).all()


def test_readings_that_are_missing_harm_their_own_home_only(forecaster, street):
    load, pv = (part.astype(float) for part in past(street))
    load[-30:-20, 3] = np.nan
    load[200:900, 5] = MISSING
    found, _ = ask(forecaster, street, load=load, pv=pv)
    whole, _ = ask(forecaster, street)
    others = np.delete(np.arange(24), [3, 5])
    assert np.array_equal(found.load_wh.mid[others], whole.load_wh.mid[others])
    assert np.isfinite(found.load_wh.high).all() and found.known.all()


def test_a_home_without_a_past_starts_from_a_standard_profile_and_says_so(forecaster, street):
    load, pv = (part.copy() for part in past(street))
    load[:, 4] = pv[:, 4] = MISSING
    load[:-40, 6] = MISSING
    found, _ = ask(forecaster, street, load=load, pv=pv)
    assert np.flatnonzero(~found.known).tolist() == [4, 6]
    assert "2 homes have no past yet" in found.notes[0]
    assert "1 roofs have no past yet" in found.notes[1]
    course = found.load_wh.mid[4]
    local = [street.community.clock.local(street.series.first_slot + END + at).hour for at in range(96)]
    night, evening = (course[:96][np.isin(local, hours)].mean() for hours in ((2, 3), (18, 19)))
    assert evening > 1.5 * night > 0
    neighbour = next(at for at, wp in enumerate(forecaster.pv_wp) if wp and at != 4)
    per_wp = found.pv_wh.mid[[4, neighbour]].sum(axis=1) / forecaster.pv_wp[[4, neighbour]]
    assert per_wp[0] == pytest.approx(per_wp[1], rel=0.5)


def test_the_first_home_of_a_street_is_taken_for_3000_kwh_a_year(street, forecaster):
    nothing = np.zeros((0, 1))
    alone = replace(forecaster, shapes=(), pv_wp=None)
    found, _ = alone.forecast(nothing, nothing, next_slot=street.series.first_slot, horizon=192)
    assert "3,000 kWh a year" in found.notes[0]
    assert found.load_wh.mid.mean() == pytest.approx(3_000_000 / 35_040, rel=0.35)  # a median, below the mean
    assert not found.pv_wh.high.any()


def test_a_promise_for_the_roofs_stands_for_them(forecaster, street):
    own, _ = ask(forecaster, street, horizon=96)
    given = np.full((24, 96), np.nan)
    given[:, 40:] = 123.0
    found, _ = ask(forecaster, street, horizon=96, pv_given=given)
    assert (found.pv_wh.mid[:, 40:] == 123.0).all()
    assert np.array_equal(found.pv_wh.mid[:, :40], own.pv_wh.mid[:, :40])
    with pytest.raises(ValueError, match="one row per home"):
        ask(forecaster, street, horizon=96, pv_given=given[:, :5])


def test_without_a_model_it_is_the_floor(forecaster, street):
    load, pv = past(street)
    found, _ = ask(Forecaster(street.community.clock), street, lead=2)
    assert same(found, forecast_horizon(load, pv, PER_DAY, 192, 2))


@pytest.mark.parametrize("begin", ["2016-03-27T00:00", "2016-10-30T00:00"])
def test_days_of_92_and_100_quarter_hours_are_days_like_others(forecaster, street, begin):
    end = street.community.clock.slot_at(np.datetime64(begin).item().astimezone()) - street.series.first_slot
    found, _ = ask(forecaster, street, end)
    other, _ = ask(forecaster, street, end - 7 * PER_DAY)
    assert found.load_wh.mid.sum() == pytest.approx(other.load_wh.mid.sum(), rel=0.3)
