"""Files of stations: Open Charge Map's or OCPI's JSON, told apart by what stands in them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sunfair.charging.finding import Site
from sunfair.errors import Fault, InputError
from sunfair.files.sites_ocm import ocm_site
from sunfair.files.sites_ocpi import ocpi_site

__all__ = ["Sites", "read_json", "read_sites"]


@dataclass(frozen=True, slots=True)
class Sites:
    """The sites of a file, and what kept others from being one; an id that stands twice counts once, the first time."""

    sites: tuple[Site, ...]
    faults: tuple[Fault, ...]


def read_sites(path: Path) -> Sites:
    """Read a file of stations, one JSON text or one JSON object a line.

    A record with a fault is left out and its faults are told: a map with a gap beats none. InputError if the file is no
    JSON or holds no station.
    """
    records = read_json(path)
    faults: list[Fault] = []
    found: dict[str, Site] = {}
    for at, record in enumerate(records):
        place = f"record {at + 1}"
        if not isinstance(record, Mapping):
            faults.append(Fault(place, f"is {type(record).__name__}", "an object is needed"))
            continue
        site = _site(record, place, faults)
        if site is None:
            continue
        if site.id in found:
            faults.append(Fault(place, f"has the id {site.id} of an earlier one", "the first one counts"))
        found.setdefault(site.id, site)
    if not found:
        raise InputError(f"{path} holds no station that can be shown", faults or [Fault("file", "is empty")])
    return Sites(tuple(found.values()), tuple(faults))


def _site(record: Mapping[str, Any], place: str, faults: list[Fault]) -> Site | None:
    if "AddressInfo" in record:
        return ocm_site(record, place, faults)
    if "coordinates" in record or "evses" in record:
        return ocpi_site(record, place, faults)
    mend = "Open Charge Map's POIs have AddressInfo, OCPI's locations have coordinates"
    faults.append(Fault(place, "is neither a POI of Open Charge Map nor an OCPI location", mend))
    return None


def read_json(path: Path) -> list[Any]:
    """The records of a JSON file: a list, one object a line, an answer with `data`, or a single object."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read",
            [Fault("file", getattr(error, "strerror", None) or str(error), "a JSON file of stations")],
        ) from error
    try:
        document = json.loads(text)
    except json.JSONDecodeError as whole:
        try:  # one object a line, as Open Charge Map's export is
            document = [json.loads(line) for line in text.splitlines() if line.strip()]
        except json.JSONDecodeError:
            raise InputError(f"{path} is no JSON", [Fault(f"line {whole.lineno}", whole.msg)]) from whole
    if isinstance(document, Mapping):
        document = document.get("data", [document])
    return document if isinstance(document, list) else [document]
