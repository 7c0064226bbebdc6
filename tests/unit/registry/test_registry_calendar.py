"""Working days, holidays and both DST nights, by the lists that governments publish."""

from datetime import UTC, date, datetime, timedelta

import pytest

from sunfair.errors import InputError
from sunfair.files.holidays import market_calendar
from sunfair.registry import Calendar

# gov.uk, "UK bank holidays", England and Wales, 2025 … 2027
PUBLISHED = """
2025-01-01 2025-04-18 2025-04-21 2025-05-05 2025-05-26 2025-08-25 2025-12-25 2025-12-26
2026-01-01 2026-04-03 2026-04-06 2026-05-04 2026-05-25 2026-08-31 2026-12-25 2026-12-28
2027-01-01 2027-03-26 2027-03-29 2027-05-03 2027-05-31 2027-08-30 2027-12-27 2027-12-28
"""
DAYS = {date.fromisoformat(text) for text in PUBLISHED.split()}
LONDON = Calendar("Europe/London", frozenset(DAYS), (2025, 2027))


def test_the_library_s_working_days_are_those_of_the_published_list() -> None:
    made = market_calendar("GB", 2025, 2027)
    for at in range(3 * 365):
        day = date(2025, 1, 1) + timedelta(days=at)
        assert made.is_working(day) == (day.weekday() < 5 and day not in DAYS), day


@pytest.mark.parametrize(
    ("day", "count", "wanted"),
    [
        ("2026-04-02", 1, "2026-04-07"),  # Maundy Thursday: Good Friday, weekend, Easter Monday
        ("2026-04-02", 2, "2026-04-08"),
        ("2026-12-24", 1, "2026-12-29"),  # Boxing Day fell on a Saturday
        ("2026-12-24", 2, "2026-12-30"),
        ("2026-05-01", 1, "2026-05-05"),
        ("2026-06-10", 21, "2026-07-09"),
    ],
)
def test_working_days_jump_over_holidays(day: str, count: int, wanted: str) -> None:
    assert LONDON.after(date.fromisoformat(day), count) == date.fromisoformat(wanted)


def test_midnight_and_gate_follow_the_clocks() -> None:
    assert LONDON.midnight(date(2026, 3, 29)) == datetime(2026, 3, 29, 0, tzinfo=UTC)
    assert LONDON.midnight(date(2026, 3, 30)) == datetime(2026, 3, 29, 23, tzinfo=UTC)
    assert LONDON.midnight(date(2026, 10, 26)) - LONDON.midnight(date(2026, 10, 25)) == timedelta(hours=25)
    assert LONDON.midnight(date(2026, 3, 30)) - LONDON.midnight(date(2026, 3, 29)) == timedelta(hours=23)
    for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 24), date(2026, 10, 25)):
        assert LONDON.midnight(day + timedelta(days=1)) - LONDON.gate(day) == timedelta(hours=7)
    assert LONDON.local_date(datetime(2026, 7, 1, 23, 30, tzinfo=UTC)) == date(2026, 7, 2)


def test_a_year_without_holidays_is_not_guessed() -> None:
    with pytest.raises(InputError, match="2028-01-01 is outside 2025 … 2027"):
        LONDON.after(date(2027, 12, 31), 1)
    with pytest.raises(InputError, match="has no zone"):
        LONDON.local_date(datetime(2026, 1, 1))
    with pytest.raises(InputError, match="known are GB, DE, ES"):
        market_calendar("FR", 2026, 2026)
    assert not market_calendar("DE", 2026, 2026).is_working(date(2026, 10, 3))
    assert not market_calendar("ES", 2026, 2026).is_working(date(2026, 10, 12))
