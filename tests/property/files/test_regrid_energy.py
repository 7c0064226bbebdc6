"""Energy that is spread or summed into slots neither appears nor vanishes."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sunfair.files.import_regrid import hold, micro_wh, slot_minutes_for, to_slots
from sunfair.slots import SLOT_MINUTES

INTERVALS = st.sampled_from([300, 360, 420, 600, 720, 900, 1200, 1800, 2700, 3600])


@given(
    st.lists(st.integers(0, 5 * 10**11), min_size=2, max_size=60),
    INTERVALS,
    st.sampled_from(SLOT_MINUTES),
    st.integers(-5_000, 5_000),
)
def test_slots_hold_what_flowed_in_them(micro, interval, minutes, start_minutes):
    """Against the exact integral of the piecewise constant power, in fractions."""
    start, slot = start_minutes * 60, minutes * 60
    first, energy = to_slots(np.array(micro, np.int64)[:, None], start, interval, slot)
    end = start + len(micro) * interval

    def flowed(until: int) -> Fraction:
        whole, part = divmod(until - start, interval)
        rest = Fraction(micro[whole] * part, interval) if part else Fraction(0)
        return (sum(micro[:whole]) + rest) / 10**6

    assert first * slot >= start > (first - 1) * slot
    last = first + len(energy)
    assert len(energy) == 0 or last * slot <= end < (last + 1) * slot
    total = 0
    for index, value in enumerate(energy[:, 0].tolist()):
        lower, upper = (first + index) * slot, (first + index + 1) * slot
        assert value >= 0
        assert abs(value - (flowed(upper) - flowed(lower))) <= 1 + Fraction(1, 10**6)
        total += value
        # sums never drift: from the beginning on they are right to 1 Wh
        assert abs(total - (flowed(upper) - flowed(first * slot))) <= 1 + Fraction(1, 10**6)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=50), st.sampled_from([5, 15, 30]))
def test_whole_wh_of_an_hour_keep_their_sum_exactly(hours, minutes):
    micro = np.array(hours, np.int64)[:, None] * 10**6
    _, energy = to_slots(micro, 7_200, 3600, minutes * 60)
    assert energy.reshape(len(hours), -1).sum(axis=1).tolist() == hours


@given(st.lists(st.integers(0, 10**6), min_size=12, max_size=120), st.sampled_from([15, 30, 60]))
def test_five_minutes_of_whole_wh_are_summed_exactly(values, minutes):
    per = minutes // 5
    values = values[: len(values) // per * per]
    _, energy = to_slots(np.array(values, np.int64)[:, None] * 10**6, 0, 300, minutes * 60)
    assert energy[:, 0].tolist() == np.array(values).reshape(-1, per).sum(axis=1).tolist()


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30), st.sampled_from([300, 900, 1800, 3600]))
def test_units_say_the_same_energy(wh, interval):
    """Wh, kWh, W and kW of the same flow are the same numbers to the last µWh."""
    values = np.array(wh, np.float64)
    expected = np.array(wh, np.int64) * 10**6
    power = values * 3600 / interval
    for unit, reading in (("Wh", values), ("kWh", values / 1000), ("W", power), ("kW", power / 1000)):
        assert np.abs(micro_wh(reading, unit, interval) - expected).max() <= 1


@given(INTERVALS)
def test_the_slot_is_made_of_whole_intervals_where_one_is(interval):
    minutes = slot_minutes_for(interval)
    fitting = [length for length in SLOT_MINUTES if length * 60 % interval == 0]
    assert minutes == (min(fitting) if fitting else 60)
    if interval in (300, 900, 1800, 3600):
        assert minutes * 60 == interval


@given(st.integers(1, 24), st.sampled_from([5, 15, 30, 60]), st.integers(0, 3))
def test_prices_are_those_in_force(hours, minutes, skipped):
    prices = np.arange(hours + skipped, dtype=np.int64)
    per = 60 // minutes
    held = hold(prices, 0, 3600, skipped * per, hours * per, minutes * 60)
    assert held.tolist() == [skipped + at // per for at in range(hours * per)]
