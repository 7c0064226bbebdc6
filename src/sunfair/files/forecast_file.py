"""A trained forecast as one file of arrays, and the one that comes with the package."""

import io
import zipfile
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.agent import ForecastModel
from sunfair.agent.forecast_leads import ByLead
from sunfair.agent.forecast_sun import SunModel
from sunfair.agent.forecast_trees import Trees
from sunfair.agent.forecast_use import UseModel

__all__ = ["default_forecast_model", "forecast_model_bytes", "read_forecast_model"]

_FORESTS = ("low", "mid", "high")
_TREES = ("root", "feature", "threshold", "left")
_MADE = (1980, 1, 1, 0, 0, 0)
"""The time of every part: the same model is the same bytes."""

Arrays = Mapping[str, NDArray[Any]]


@cache
def default_forecast_model() -> ForecastModel:
    """The model that comes with the package, learnt from the bundled community (data/forecast/NOTICE.md)."""
    return read_forecast_model(files("sunfair").joinpath("data/forecast/model.npz").read_bytes())


def forecast_model_bytes(model: ForecastModel) -> bytes:
    """A model as the bytes of an `.npz` file; the same model gives the same bytes."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, use in model.use.items():
        for forest in _FORESTS:
            trees = getattr(use, forest)
            arrays |= {f"use/{name}/{forest}/{part}": getattr(trees, part) for part in _TREES}
        arrays[f"use/{name}/shares"], arrays[f"use/{name}/stretch"] = use.shares.values, use.stretch.values
        arrays[f"use/{name}/profile"] = use.profile
    for name, sun in model.sun.items():
        arrays[f"sun/{name}/shares"], arrays[f"sun/{name}/stretch"] = sun.shares.values, sun.stretch.values
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            part = io.BytesIO()
            np.lib.format.write_array(part, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _MADE), part.getvalue(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def read_forecast_model(data: bytes) -> ForecastModel:
    """The model in the bytes of an `.npz` file that `forecast_model_bytes` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    names = {kind: sorted({n.split("/")[1] for n in arrays if n.startswith(f"{kind}/")}) for kind in ("use", "sun")}
    return ForecastModel(
        {name: _use(arrays, f"use/{name}") for name in names["use"]},
        {
            name: SunModel(ByLead(arrays[f"sun/{name}/shares"]), ByLead(arrays[f"sun/{name}/stretch"]))
            for name in names["sun"]
        },
    )


def _use(arrays: Arrays, place: str) -> UseModel:
    low, mid, high = (Trees(*(arrays[f"{place}/{forest}/{part}"] for part in _TREES)) for forest in _FORESTS)
    shares, stretch = (ByLead(arrays[f"{place}/{table}"]) for table in ("shares", "stretch"))
    return UseModel(low, mid, high, shares, stretch, arrays[f"{place}/profile"])
