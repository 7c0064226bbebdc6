import numpy as np
import pytest

from sunfair.agent import MISSING, forecast_floor

PER_DAY = 4


def column(*values):
    return np.array(values, np.int64)[:, None]


def week(*days):
    """Days of four slots each, one home."""
    return column(*[value for day in days for value in day])


def test_a_steady_week_forecasts_itself():
    history = week(*[(10, 20, 30, 40)] * 8)
    assert [int(forecast_floor(history, PER_DAY, lead).energy_wh[0]) for lead in (1, 2, 3, 4)] == [10, 20, 30, 40]


def test_the_median_of_the_last_seven_days_at_the_same_time():
    days = [(9_999,) * 4, *[(0, value, 0, 0) for value in (70, 10, 60, 20, 50, 30, 40)]]
    forecast = forecast_floor(week(*days), PER_DAY, 2, decay_permille=0)
    assert forecast.energy_wh.tolist() == [40]
    assert forecast.days_wh[:, 0].tolist() == [40, 30, 50, 20, 60, 10, 70]


def test_the_last_error_fades_with_the_lead():
    history = week(*[(100, 100, 100, 100)] * 7, (100, 100, 100, 180))
    got = [int(forecast_floor(history, PER_DAY, lead, decay_permille=500).energy_wh[0]) for lead in (1, 2, 3, 4)]
    assert got == [140, 120, 110, 105]


def test_each_day_is_a_future_that_starts_from_what_was_last_seen():
    # two kinds of day: 300 follows 200, 50 follows 100; the last seen is 180
    days = [(0, 0, 100, 50), (0, 0, 200, 300)] * 4
    history = week((0, 0, 0, 0), *days)[: 8 * PER_DAY + 3]
    history[-1] = 180
    forecast = forecast_floor(history, PER_DAY, 1, decay_permille=500)
    assert forecast.days_wh[:, 0].tolist() == [90, 290, 90, 290, 90, 290, 90]


def test_a_forecast_is_never_negative():
    history = week(*[(0, 100, 100, 100)] * 7, (0, 100, 100, 0))
    forecast = forecast_floor(history, PER_DAY, 1, decay_permille=900)
    assert forecast.energy_wh.tolist() == [0]
    assert forecast.days_wh.min() == 0


def test_less_than_a_week_is_used_as_far_as_it_goes():
    history = week((0, 10, 0, 0), (0, 20, 0, 0), (0, 60, 0, 0))
    forecast = forecast_floor(history, PER_DAY, 2)
    assert forecast.energy_wh.tolist() == [20]
    assert forecast.days_wh[:, 0].tolist() == [60, 20, 10] + [MISSING] * 4
    assert forecast_floor(history[4:], PER_DAY, 2).energy_wh.tolist() == [40]


@pytest.mark.parametrize("slots", [0, 1, 3])
def test_less_than_a_day_is_no_forecast(slots):
    forecast = forecast_floor(np.full((slots, 2), 7, np.int64), PER_DAY, 1)
    assert forecast.known.tolist() == [False, False]
    assert forecast.energy_wh.tolist() == [0, 0]


def test_missing_readings_count_for_their_own_home_only():
    history = np.repeat(week(*[(10, 20, 30, 40)] * 8), 3, axis=1)
    history[-1, 1] = MISSING  # no last error
    history[::PER_DAY, 2] = MISSING  # never a first slot of a day
    forecast = forecast_floor(history, PER_DAY, 1)
    assert forecast.energy_wh.tolist() == [10, 10, 0]
    assert forecast.known.tolist() == [True, True, False]


@pytest.mark.parametrize("lead", [0, -1, PER_DAY + 1])
def test_a_lead_out_of_range_is_refused(lead):
    with pytest.raises(ValueError, match="reaches 1 to 4 slots ahead"):
        forecast_floor(np.zeros((40, 1), np.int64), PER_DAY, lead)
