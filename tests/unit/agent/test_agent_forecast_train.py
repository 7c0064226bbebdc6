"""Training, held against LightGBM's own prediction, an LP and pvlib."""

import numpy as np
import pytest
from scipy.optimize import linprog

from sunfair.agent.forecast_features import describe, times_of
from sunfair.agent.forecast_leads import LEADS, LENGTHS, ByLead, fit_quantile
from sunfair.agent.forecast_model import ForecastModel
from sunfair.agent.forecast_sun import clear_sky, lifted
from sunfair.agent.forecast_sun_train import train_sun
from sunfair.agent.forecast_train import Readings, calibrated, scores_of, train_use
from sunfair.agent.forecast_trees import grow
from sunfair.files.forecast_file import forecast_model_bytes, read_forecast_model


@pytest.fixture(scope="module")
def readings():
    chance = np.random.default_rng(2)
    hour = np.arange(96 * 40) % 96 / 4
    course = 100 + 200 * np.exp(-(((hour - 19) / 3) ** 2))
    energy = np.round(course[:, None] * chance.gamma(2.0, 0.5, (len(hour), 6)))
    return Readings(energy, np.arange(len(hour)) * 900 + 1_451_606_400, 15)


def test_the_trees_say_what_lightgbm_says(readings):
    lightgbm = pytest.importorskip("lightgbm")
    chance = np.random.default_rng(0)
    features, target = chance.normal(size=(2_000, 5)), chance.normal(size=2_000)
    options = {"objective": "quantile", "alpha": 0.9, "verbose": -1, "num_threads": 1, "seed": 1}
    booster = lightgbm.train(options, lightgbm.Dataset(features, target + features[:, 0]), 12)
    trees = grow(booster.dump_model()["tree_info"])
    asked = chance.normal(size=(500, 5))
    assert trees.predict(asked) == pytest.approx(booster.predict(asked), abs=1e-12)


def test_the_same_readings_and_seed_give_the_same_file(readings):
    pytest.importorskip("lightgbm")
    models = []
    for _ in range(2):
        use = train_use(readings, 5, rows=3_000, rounds=5)
        use = calibrated(use, scores_of(use, readings, 5))
        sun = train_sun(readings, np.ones(41, np.bool_), 5, moments=20)
        models.append(forecast_model_bytes(ForecastModel({"": use}, {"": sun})))
    assert models[0] == models[1]
    again = read_forecast_model(models[0])
    assert forecast_model_bytes(again) == models[0]


def test_calibrated_bands_hold_nine_of_ten_on_each_side(readings):
    pytest.importorskip("lightgbm")
    use = train_use(readings, 5, rows=3_000, rounds=5)
    wide = calibrated(use, scores_of(use, readings, 5))
    scores = scores_of(use, readings, 6)  # other moments
    held = (scores <= wide.stretch.values[..., None]).mean(axis=-1)
    assert abs(held.mean() - 0.9) < 0.02


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_quantile_regression_loses_next_to_nothing_against_the_lp(quantile):
    chance = np.random.default_rng(1)
    terms = np.abs(chance.normal(size=(300, 3)))
    target = terms @ [0.5, 0.0, 1.0] * chance.gamma(4, 0.25, 300)

    def loss(coefficients):
        error = target - terms @ coefficients
        return np.maximum(quantile * error, (quantile - 1) * error).sum()

    each = np.eye(300)
    cost = np.concatenate([np.zeros(3), np.full(300, quantile), np.full(300, 1 - quantile)])
    best = linprog(cost, A_eq=np.hstack([terms, each, -each]), b_eq=target, bounds=[(0, None)] * 603)
    assert best.fun <= loss(fit_quantile(terms, target, quantile)) <= 1.01 * best.fun


def test_constants_are_read_between_leads_and_from_the_nearest_length():
    table = np.zeros((len(LENGTHS), len(LEADS), 1))
    table[:, :, 0] = np.arange(len(LENGTHS))[:, None] * 100 + np.arange(len(LEADS))
    constants = ByLead(table)
    assert constants.at(15, np.array([1, 2, 4, 96, 200]))[:, 0].tolist() == [0, 1, 3, 11, 11]
    assert 8 < constants.at(15, np.array([24 + 5]))[0, 0] < 9
    assert constants.at(5, np.array([3]))[0, 0] == 0
    assert constants.at(60, np.array([1]))[0, 0] == 203


def test_what_describes_a_slot_does_not_depend_on_the_size_of_the_home(readings):
    rows = np.array([96 * 20, 96 * 20 + 1])
    times = times_of(readings.seconds[rows + 96])
    one, tenfold = (describe(energy, rows, times, 15) for energy in (readings.energy_wh, 10 * readings.energy_wh))
    assert tenfold.features == pytest.approx(one.features)
    assert tenfold.unit == pytest.approx(10 * one.unit)


def test_the_clear_sky_at_noon_of_the_equinox_and_what_it_makes_of_past_days():
    pytest.importorskip("pvlib")
    seconds = np.arange(0, 16 * 86_400, 3_600) + 1_457_136_000 + 1_800  # 5 to 20 March 2016
    sun = clear_sky(52.5, 13.4, seconds)
    height = np.cos(np.radians(52.5))  # Haurwitz (1945): 1098 cos z exp(−0.059 ÷ cos z)
    assert sun[-24:].max() == pytest.approx(1_098 * height * np.exp(-0.059 / height), rel=0.02)
    assert sun[-24:].argmax() == 11 and not sun[-24:][[0, 3, 20]].any()
    history = sun[: 15 * 24, None]
    assert lifted(history, sun, 24)[:24, 0].sum() > 1.15 * history[:24, 0].sum()
    shining = sun[15 * 24 :] > 60
    assert lifted(history, sun, 24)[-24:, 0][shining] == pytest.approx(sun[15 * 24 :][shining], rel=0.05)
