"""All that was learnt for forecasting, and which part of it may be asked for which home.

Where homes are copies of few measured shapes, one home's past is another's future. So beside the model of all homes
there is one for each shape that never saw it, and for roofs, which share one sky, one for each half of the fortnights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.forecast_sun import SunModel
from sunfair.agent.forecast_use import UseModel

__all__ = ["ALL", "EVEN", "ODD", "ForecastModel"]

ALL, EVEN, ODD = "", "even", "odd"
"""Names of models: of everything there was to learn from; of roofs, to be asked in even and in odd fortnights."""

_FORTNIGHT = 14 * 86_400


@dataclass(frozen=True, slots=True, eq=False)
class ForecastModel:
    """Trained models by name.

    use : `ALL` and, by shape, those that were trained without it
    sun : `ALL`, and `EVEN` and `ODD`, trained on the other fortnights (counted from 1970)
    """

    use: Mapping[str, UseModel]
    sun: Mapping[str, SunModel] = field(default_factory=dict)

    def use_of(self, shapes: Sequence[str]) -> list[tuple[UseModel, NDArray[np.int64]]]:
        """Which model stands for which homes (their places), given each home's shape; unknown shapes take `ALL`."""
        names = [shape if shape in self.use else ALL for shape in shapes]
        return [
            (self.use[name], np.array([at for at, own in enumerate(names) if own == name], np.int64))
            for name in sorted(set(names))
        ]

    def sun_of(self, shapes: Sequence[str], unix_seconds: int) -> SunModel:
        """The model of roofs for a moment: where a home's shape is one that was learnt from, so was its sky."""
        if not any(shape and shape in self.use for shape in shapes):
            return self.sun[ALL]
        return self.sun[ODD if unix_seconds // _FORTNIGHT % 2 else EVEN]
