"""Bank holidays of a country as a calendar, from the library `holidays` (MIT), which follows what governments decree.

Great Britain's are those of England and Wales, the ones the supply market works by.
"""

from sunfair.errors import Fault, InputError
from sunfair.registry import Calendar

__all__ = ["COUNTRIES", "market_calendar"]

COUNTRIES = {"GB": ("ENG", "Europe/London"), "DE": (None, "Europe/Berlin"), "ES": (None, "Europe/Madrid")}
"""Part of the country whose holidays count (None: those of all), and its zone."""


def market_calendar(country: str, first_year: int, last_year: int) -> Calendar:
    """The calendar of a country's supply market for some years; InputError for a country that has none here."""
    from holidays import country_holidays  # noqa: PLC0415 (over a second)

    if country not in COUNTRIES:
        fault = Fault("country", f"is {country!r}", f"known are {', '.join(COUNTRIES)}")
        raise InputError("there is no calendar for this market", [fault])
    part, timezone = COUNTRIES[country]
    days = country_holidays(country, subdiv=part, years=range(first_year, last_year + 1))
    return Calendar(timezone, frozenset(days), (first_year, last_year))
