"""The array forecast against the same words done slowly, home by home, day by day."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sunfair.agent import MISSING, forecast_floor


def middle(values):
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) // 2


def seen(series, at):
    return int(series[at]) if 0 <= at < len(series) and series[at] >= 0 else None


def slowly(series, per_day, lead, decay):
    """Forecast and futures of one home."""
    end = len(series) - 1
    days = [seen(series, end + lead - per_day * day) for day in range(1, 8)]
    nows = [seen(series, end - per_day * day) for day in range(1, 8)]
    own = [value for value in nows if value is not None]
    last = seen(series, end)
    share = decay**lead * 10_000 // 1_000**lead  # of 10 000, rounded down

    def faded(then):
        return 0 if then is None or last is None else ((last - then) * share + 5_000) // 10_000

    there = [value for value in days if value is not None]
    futures = [
        MISSING if value is None else max(value + faded(then), 0) for value, then in zip(days, nows, strict=True)
    ]
    return (max(middle(there) + faded(middle(own) if own else None), 0) if there else 0), futures, bool(there)


@given(
    per_day=st.sampled_from((1, 4, 24)),
    history=arrays.arrays(
        np.int64, st.tuples(st.integers(0, 200), st.integers(1, 4)), elements=st.integers(-1, 10_000)
    ),
    lead=st.integers(1, 24),
    decay=st.integers(0, 1_000),
)
@settings(max_examples=300, deadline=None)
def test_arrays_say_what_the_words_say(per_day, history, lead, decay):
    lead = (lead - 1) % per_day + 1
    got = forecast_floor(history, per_day, lead, decay_permille=decay)
    for home in range(history.shape[1]):
        energy, futures, known = slowly(history[:, home], per_day, lead, decay)
        assert got.energy_wh[home] == energy
        assert got.days_wh[:, home].tolist() == futures
        assert got.known[home] == known
