"""What a kW of PV yields hour by hour, from place and tilt (pvlib)."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.commons.sizing.problem import HOURS
from sunfair.errors import Fault, InputError

__all__ = ["CLEARNESS", "Place", "hourly_yield"]

CLEARNESS = (0.52, 0.56, 0.60, 0.63, 0.64, 0.65, 0.68, 0.67, 0.64, 0.58, 0.50, 0.46)
"""Mean part of the clear sky's irradiance that reaches the ground, by month: a Central European default."""

_SPREAD = 0.22
"""Standard deviation of a day's part around its month's mean."""


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees: latitude (+ north), longitude (+ east); tilt from level, azimuth from north by east; `losses` 0 … 1."""

    latitude: float
    longitude: float
    tilt: float = 30.0
    azimuth: float = 180.0
    losses: float = 0.14
    clearness: tuple[float, ...] = CLEARNESS


def hourly_yield(place: Place, *, seed: int = 7) -> NDArray[np.float64]:
    """kWh that 1 kW yields in each hour of a year of 365 days, float64[8760], UTC, ≥ 0.

    Clear sky (Ineichen & Perez, with the turbidity pvlib holds), a cloudiness drawn for each day around the month's
    mean, split into beam and diffuse (Erbs), onto the tilted plane (isotropic sky), PVWatts with cell temperature by
    irradiance. A year that could be, not one that was: the spread of years is told with the payback. InputError for a
    place not on Earth.
    """
    _check(place)
    with warnings.catch_warnings():
        # pvlib asks pandas for the day of the year by a name that pandas is about to drop.
        warnings.filterwarnings("ignore", "DatetimeIndex.dayofyear")
        return _made(place, seed)


def _made(place: Place, seed: int) -> NDArray[np.float64]:
    """See `hourly_yield`."""
    import pandas as pd  # noqa: PLC0415
    from pvlib import irradiance, location, pvsystem, temperature  # noqa: PLC0415

    times = pd.date_range("2023-01-01 00:30", periods=HOURS, freq="h", tz="UTC")
    site = location.Location(place.latitude, place.longitude)
    sun, clear = site.get_solarposition(times), site.get_clearsky(times)
    days = np.random.default_rng([seed, 1]).normal(0, _SPREAD, HOURS // 24)
    part = np.array([place.clearness[month - 1] for month in times.month[::24]]) + days
    ghi = clear["ghi"] * np.repeat(np.clip(part, 0.08, 1.0), 24)
    split = irradiance.erbs(ghi, sun["zenith"], times)
    plane = irradiance.get_total_irradiance(
        place.tilt, place.azimuth, sun["apparent_zenith"], sun["azimuth"], split["dni"], ghi, split["dhi"]
    )["poa_global"].fillna(0.0)
    season = 10 - 10 * np.cos(2 * np.pi * (times.day_of_year - 20) / 365) * np.sign(place.latitude or 1)
    cells = temperature.pvsyst_cell(plane, season.to_numpy())
    direct = pvsystem.pvwatts_dc(plane, cells, 1.0, -0.0037)
    made: NDArray[np.float64] = np.maximum(direct.to_numpy(np.float64) * (1 - place.losses), 0.0)
    return made


def _check(place: Place) -> None:
    faults = [
        Fault(name, f"is {value:g}", f"must lie in {low:g} … {high:g}")
        for name, value, low, high in (
            ("latitude", place.latitude, -90, 90),
            ("longitude", place.longitude, -180, 180),
            ("tilt", place.tilt, 0, 90),
            ("azimuth", place.azimuth, 0, 360),
            ("losses", place.losses, 0, 0.99),
        )
        if not low <= value <= high
    ]
    if len(place.clearness) != 12:
        faults.append(Fault("clearness", f"has {len(place.clearness)} months", "must have 12"))
    if faults:
        raise InputError("there is no such place", faults)
