import numpy as np
import pytest

from sunfair.agent import LOAD_DECAY, MISSING, PV_DECAY, forecast_floor, forecast_horizon

PER_DAY = 24


@pytest.fixture(scope="module")
def readings():
    chance = np.random.default_rng(5)
    load = chance.integers(0, 900, (9 * PER_DAY, 3))
    load[-1, 1] = load[40, 0] = load[60:63, 2] = MISSING
    return load, chance.integers(0, 3_000, load.shape)


@pytest.mark.parametrize("lead", [1, 2, 7])
def test_the_middle_is_the_floor_at_every_lead_within_its_rounding(readings, lead):
    load, pv = readings
    forecast = forecast_horizon(load, pv, PER_DAY, 2 * PER_DAY, lead)
    for slot in range(PER_DAY - lead + 1):
        use = forecast_floor(load, PER_DAY, lead + slot, decay_permille=LOAD_DECAY).energy_wh
        roof = forecast_floor(pv, PER_DAY, lead + slot, decay_permille=PV_DECAY).energy_wh
        assert np.abs(forecast.load_wh.mid[:, slot] - use).max() <= 1.0
        assert np.abs(forecast.pv_wh.mid[:, slot] - roof).max() <= 1.0


def test_the_second_day_is_like_the_first_without_the_last_error(readings):
    load, pv = (np.repeat(part, 3, axis=1) for part in readings)
    load[-1] = MISSING
    band = forecast_horizon(load, pv, PER_DAY, 2 * PER_DAY).load_wh
    assert np.array_equal(band.mid[:, :PER_DAY], band.mid[:, PER_DAY:])


def test_the_band_is_ordered_never_negative_and_opens_with_the_lead(readings):
    forecast = forecast_horizon(*readings, PER_DAY, 2 * PER_DAY)
    for band in (forecast.load_wh, forecast.pv_wh):
        assert (band.low >= 0).all() and (band.low <= band.mid).all() and (band.mid <= band.high).all()
    steady = np.tile(np.arange(100, 100 + PER_DAY), 9)[:, None]
    spread = steady + np.repeat(np.array([0, 30, -30, 20, -20, 10, -10, 0, 0]), PER_DAY)[:, None]
    band = forecast_horizon(spread, spread, PER_DAY, PER_DAY).load_wh
    width = (band.high - band.low)[0]
    assert width[0] < width[1] < width[5] <= 60 * 1.2


def test_nan_is_a_reading_that_is_not_there(readings):
    load, pv = readings
    floats = np.where(load < 0, np.nan, load.astype(float))
    whole, gaps = forecast_horizon(load, pv, PER_DAY, 30), forecast_horizon(floats, pv, PER_DAY, 30)
    assert np.array_equal(whole.load_wh.high, gaps.load_wh.high)
    assert np.isfinite(whole.load_wh.high).all()


def test_a_home_without_half_a_day_of_readings_is_not_known():
    load = np.full((9 * PER_DAY, 3), MISSING)
    load[-11:, 1] = 50
    load[-13:, 2] = 50
    forecast = forecast_horizon(load, np.zeros_like(load), PER_DAY, PER_DAY)
    assert forecast.known.tolist() == [False, False, True]
    assert forecast.load_wh.mid[0].tolist() == [0.0] * PER_DAY
    assert forecast.load_wh.mid[2].tolist() == [50.0] * PER_DAY
    assert forecast_horizon(load[:0], load[:0], PER_DAY, 4).known.tolist() == [False] * 3


@pytest.mark.parametrize(
    ("change", "word"),
    [({"horizon": 49}, "covers 1 to 48"), ({"lead": 0}, "1 to 24 slots ahead"), ({"horizon": 0}, "covers 1 to 48")],
)
def test_what_is_out_of_range_is_refused(readings, change, word):
    with pytest.raises(ValueError, match=word):
        forecast_horizon(*readings, PER_DAY, **({"horizon": 4} | change))


def test_readings_that_do_not_belong_together_are_refused(readings):
    with pytest.raises(ValueError, match="for the same slots and homes"):
        forecast_horizon(readings[0], readings[1][:-1], PER_DAY, 4)
    with pytest.raises(ValueError, match="give numbers by slot and home"):
        forecast_horizon(np.array([["3"]]), np.array([["3"]]), PER_DAY, 4)
