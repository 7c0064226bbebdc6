import numpy as np

from sunfair.agent.forecast_watch import ROOFS, USE, Watch
from sunfair.agent.horizon import Band

PER_DAY = 24


def run(days, spread, seed=3):
    """Days of readings around 1,000 with `spread`, forecast as 1,000 ± 100; the share within the band day by day."""
    chance = np.random.default_rng(seed)
    watch, within = Watch(), []
    raw = Band(*(np.full((40, PER_DAY), value) for value in (900.0, 1_000.0, 1_100.0)))
    for day in range(days):
        band = watch.opened(raw, USE)
        watch = watch.watching(day * PER_DAY, band, raw, PER_DAY)
        came = 1_000 + spread * chance.normal(size=(PER_DAY, 40))
        within.append(((band.low <= came.T) & (band.high >= came.T)).mean())
        watch = watch.after(came, came, (day + 1) * PER_DAY)
    return np.array(within), watch


def test_a_band_too_narrow_or_too_wide_comes_to_hold_eight_of_ten():
    for spread in (30, 78, 160):
        within, _ = run(80, spread)
        assert abs(within[-30:].mean() - 0.8) < 0.02


def test_each_side_is_opened_by_itself():
    raw = Band(*(np.full((10, PER_DAY), value) for value in (90.0, 100.0, 110.0)))
    watch = Watch().watching(0, raw, raw, PER_DAY)
    watch = watch.after(np.full((PER_DAY, 10), 130.0), np.full((PER_DAY, 10), 95.0), PER_DAY)
    below, above = watch.width[USE]
    assert above > 1 > below
    assert (watch.width[ROOFS] < 1).all()


def test_a_forecast_is_judged_once_and_only_when_it_is_over():
    _, watch = run(1, 50)
    raw = Band(*(np.full((40, PER_DAY), value) for value in (90.0, 100.0, 110.0)))
    watched = watch.watching(100, raw, raw, PER_DAY)
    came = np.full((3 * PER_DAY, 40), 100.0)
    assert watched.after(came, came, 100 + PER_DAY - 1) is watched
    judged = watched.after(came, came, 100 + PER_DAY)
    assert judged.after(came, came, 100 + PER_DAY) is judged


def test_a_clock_that_went_back_or_far_ahead_teaches_nothing():
    raw = Band(*(np.full((4, PER_DAY), value) for value in (90.0, 100.0, 110.0)))
    watch = Watch().watching(1_000, raw, raw, PER_DAY)
    came = np.full((PER_DAY, 4), 500.0)
    for slot in (900, 5_000):
        left = watch.after(came, came, slot)
        assert left.bands is None
        assert (left.width == 1).all()
