"""The gazetteer and the table of countries that come with the package (GeoNames, CC BY 4.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import pyarrow.parquet as pq

from sunfair.charging.finding import Gazetteer, Place

__all__ = ["SOURCE", "Country", "countries", "gazetteer"]

SOURCE = "Places: GeoNames (geonames.org), CC BY 4.0"
"""To be shown wherever places are."""


@dataclass(frozen=True, slots=True)
class Country:
    """A country with its ISO 3166-1 codes of two and three letters and its currency (ISO 4217)."""

    iso2: str
    iso3: str
    name: str
    currency: str


@cache
def gazetteer() -> Gazetteer:
    """The towns of the world with 5,000 people or more; read once, in about a second."""
    rows = _table("places.parquet")
    columns = zip(*(rows[name] for name in Place.__slots__), strict=True)
    return Gazetteer.of([Place(*row) for row in columns], [text.split("|") if text else [] for text in rows["aliases"]])


@cache
def countries() -> Mapping[str, Country]:
    """Countries by either code."""
    rows = _table("countries.parquet")
    found = [Country(*row) for row in zip(*(rows[name] for name in Country.__slots__), strict=True)]
    return {code: country for country in found for code in (country.iso2, country.iso3)}


def _table(name: str) -> dict[str, list[Any]]:
    with as_file(files("sunfair").joinpath("data", "places", name)) as path:
        columns: dict[str, list[Any]] = pq.read_table(path).to_pydict()
    return columns
