"""Distances on the Earth, taken as a sphere of its mean radius: right to 0.6 %, which is far below what a road adds."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["EARTH_RADIUS_M", "distance_m"]

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius R₁ of the Earth (IUGG, GRS 80), m."""

Floats = NDArray[np.float64]


def distance_m(latitude: float, longitude: float, latitudes: Floats, longitudes: Floats) -> Floats:
    """Great-circle distances of one point to many, m, float64[n].

    Degrees, north and east positive, WGS 84. Haversine form (R. W. Sinnott, "Virtues of the Haversine", Sky and
    Telescope 68(2), 1984): exact for small distances, and no jump at the date line.
    """
    here, there = np.radians(latitude), np.radians(latitudes)
    half_north = np.sin((there - here) / 2)
    half_east = np.sin(np.radians(longitudes - longitude) / 2)
    haversine = half_north**2 + np.cos(here) * np.cos(there) * half_east**2
    metres: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(haversine, 0.0, 1.0)))
    return metres
