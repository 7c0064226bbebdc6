"""What is taken to flow on the wires at a book's gate, whatever the book decides."""

import numpy as np
from numpy.typing import NDArray

from sunfair.grid import Network, phase_spread, reactive_share
from sunfair.market.network import Feeder
from sunfair.model import Phase

__all__ = ["feeder_at_gate"]

_POWER_FACTOR = 0.95
"""Of what a meter took, as everywhere here (docs/grid.md); what it gave comes from converters at unity."""


def feeder_at_gate(
    network: Network,
    phases: tuple[Phase, ...],
    slot_seconds: int,
    known_wh: NDArray[np.int64],
    offering: NDArray[np.bool_],
) -> Feeder:
    """The wires of a book.

    known_wh : int64[n], Wh + taken, what the meters showed in the newest slot that is known when the book closes
    offering : bool[n], who has a curve in the book

    A member with a curve says itself what it would take or give: its fills are its flow. One without is taken to go on
    as its meter last showed. Both are assumptions about the slot to come; what flowed is checked by power flow.
    """
    wh = np.where(offering, 0, known_wh).astype(np.float64)
    watt = wh[:, None] * phase_spread(phases) * (3600 / slot_seconds)
    return Feeder(network, phases, slot_seconds, watt, np.maximum(watt, 0.0) * reactive_share(_POWER_FACTOR))
