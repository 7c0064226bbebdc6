"""Operating envelopes: how much each home's meter may show in a slot so that the wires carry whatever homes do inside.

A trade is not checked, for a trade does not flow; a cap on what is metered is. Caps are found from first-order rows
(`Limits`), then held against the full power flow at the corners of the box, and tightened until every corner passes.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import InputError
from sunfair.grid.energy import phase_spread, reactive_share
from sunfair.grid.envelope_rows import Limits, excess_of
from sunfair.grid.envelope_share import share_efficient, share_fair
from sunfair.grid.flow import power_flow
from sunfair.grid.network import Network
from sunfair.model import Phase, Sharing

__all__ = ["Asks", "Caps", "EnvelopeRule"]

ROUNDS = 7
"""How often the rows are tightened by what the power flow shows beyond them, before all is scaled down at once."""

SHRINK = (0.99, 0.97, 0.9, 0.8, 0.6, 0.3, 0.0)
"""What is then left of all that could be refused, until the corners pass."""

OVERSHOOT, LEAST = 1.2, 2e-5
"""By how much more than what it is beyond its limit a row is tightened: a part of it, and pu at least."""

TIGHTEST, OWN = 40, 8
"""Of so many rows with the least room left, the worst corners of all, as far as they are different ones: so many."""

_STATIC_MOST_W = 20_000.0
_POWER_FACTOR = 0.95

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Asks:
    """What n homes ask for in one slot, int64[n] each, Wh, ≥ 0.

    need_wh : use that cannot be put off or refused, without a roof or a battery to help
    import_wh, export_wh : what the meter is expected to take, and to give, at most
    import_most_wh, export_most_wh : what the home's devices can take and give at most
    """

    need_wh: Ints
    import_wh: Ints
    export_wh: Ints
    import_most_wh: Ints
    export_most_wh: Ints

    def __post_init__(self) -> None:
        shapes = {getattr(self, each.name).shape for each in fields(self)}
        if len(shapes) != 1 or any((getattr(self, each.name) < 0).any() for each in fields(self)):
            raise ValueError(f"asks must be of one shape and not negative; their shapes are {sorted(shapes)}")


@dataclass(frozen=True, slots=True, eq=False)
class Caps:
    """What n meters may show in one slot at most, int64[n], Wh, ≥ 0: taken, and given.

    granted : part of the exports asked for that was granted, 0 … 1; 1 where none was asked for
    notice : why the static caps stand here instead, or what could not be kept; empty if nothing is amiss
    """

    import_wh: Ints
    export_wh: Ints
    granted: float = 1.0
    notice: str = ""


class EnvelopeRule:
    """The envelopes of one network's members. Holds what does not change from slot to slot."""

    def __init__(self, network: Network, phases: Sequence[Phase], slot_seconds: int, sharing: Sharing) -> None:
        """`phases` of the members, in the order of `network.accounts`; `slot_seconds`, s; how room is shared.

        Raises ValueError for phases of another number, and for `Sharing.NONE`, which has no caps.
        """
        if len(phases) != network.members or sharing is Sharing.NONE:
            raise ValueError(f"{len(phases)} phases for {network.members} members, shared by {sharing}")
        self._network, self._phases, self._sharing = network, tuple(phases), sharing
        self._watts = 3600 / slot_seconds
        self._spread = phase_spread(phases)
        self._still = np.zeros(network.members, np.int64)
        self._limits: Limits | None = None
        self.static_wh = self._static()
        with suppress(InputError):
            self._limits = Limits.around(network, phases, max(self.static_wh, 1) * self._watts)

    def caps(self, asks: Asks) -> Caps:
        """The caps of one slot.

        What cannot be refused is in the import caps first; then what is asked for is shared as the community chose;
        what room is then left is shared in proportion to what the devices can still do. Raises ValueError for asks of
        another number of homes.
        """
        if asks.need_wh.shape != (self._network.members,):
            raise ValueError(f"asks of {len(asks.need_wh)} homes for {self._network.members}")
        if self._limits is None:
            return self._fallback(asks)
        tightened = self._limits.room.copy()
        for _ in range(ROUNDS):
            caps = self._shared(asks, tightened)
            over = self._beyond(*caps, asks.need_wh, tightened)
            if over is None:
                return self._fallback(asks)
            if not (over > 0).any():
                return _granted(asks, *caps)
            beyond = over[self._limits.place]
            tightened -= np.where(beyond > 0, OVERSHOOT * beyond + LEAST, 0.0)
        for part in SHRINK:
            taken = asks.need_wh + ((caps[0] - asks.need_wh) * part).astype(np.int64)
            given = (caps[1] * part).astype(np.int64)
            if self._passes(taken, given, asks.need_wh):
                return _granted(asks, taken, given)
        return self._fallback(asks)

    def expected(self, asks: Asks) -> float:
        """Part of the exports asked for that there will be room for, 0 … 1, by the rows alone; no promise."""
        if self._limits is None:
            return _granted(asks, self._still, np.full_like(self._still, self.static_wh)).granted
        return _granted(asks, *self._shared(asks, self._limits.room)).granted

    def _shared(self, asks: Asks, room: Floats) -> tuple[Ints, Ints]:
        """Import and export caps by the rows alone, Wh, rounded down."""
        assert self._limits is not None
        need = np.concatenate([asks.need_wh, self._still]) * self._watts
        asked = np.concatenate([asks.import_wh, asks.export_wh]) * self._watts
        most = np.concatenate([asks.import_most_wh, asks.export_most_wh]) * self._watts
        most = np.maximum(most, need)
        first = np.clip(asked, need, most) - need
        binding = self._limits.cost @ most > room
        cost, room = self._limits.cost[binding], room[binding]
        share = share_fair if self._sharing is Sharing.FAIR else share_efficient
        granted = need + share(cost, room - cost @ need, first)
        rest = share_fair(cost, room - cost @ granted, most - granted)
        caps = np.floor((granted + rest) / self._watts + 1e-6).astype(np.int64)
        return np.maximum(caps[: len(need) // 2], asks.need_wh), caps[len(need) // 2 :]

    def _fallback(self, asks: Asks) -> Caps:
        """The static caps, the same for every home, use that cannot be refused apart."""
        taken = np.maximum(self.static_wh, asks.need_wh)
        given = np.minimum(self.static_wh, np.maximum(asks.export_most_wh, 0))
        what = f"the static envelope stands in: {self.static_wh} Wh each way"
        if self._limits is None:
            return _granted(asks, taken, given, f"the power flow has no solution around which to share; {what}")
        over = self._beyond(asks.need_wh, self._still, asks.need_wh)
        if over is None:
            return _granted(
                asks, taken, given, f"the power flow has no solution with use that cannot be refused; {what}"
            )
        return _granted(asks, taken, given, f"use that cannot be refused alone is beyond the limits; {what}")

    def _static(self) -> int:
        """Wh that every home may take or give at once, whoever does which, found by halving."""
        low, high = 0, 1
        while self._holds(high) and high * self._watts < _STATIC_MOST_W:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._holds(middle) else (low, middle)
        return low

    def _holds(self, cap_wh: int) -> bool:
        """Whether all may take or give as much."""
        caps = np.full(self._network.members, cap_wh, np.int64)
        return self._passes(caps, caps, caps)

    def _passes(self, taken: Ints, given: Ints, use: Ints) -> bool:
        over = self._beyond(taken, given, use)
        return over is not None and not (over > 0).any()

    def _beyond(self, taken: Ints, given: Ints, use: Ints, room: Floats | None = None) -> Floats | None:
        """`excess_of` the corners of these caps, Wh; None where one has no solution; `room` as tightened so far.

        Each corner is looked at without reactive power and with that of all use: on one phase it lowers a voltage, on
        the others it may lift it.
        """
        sides = np.repeat(self._corners(taken, given, room), 2, axis=0)
        power = np.where(sides > 0, taken, np.where(sides < 0, -given, 0)) * self._watts
        reactive = np.broadcast_to(use * self._watts * reactive_share(_POWER_FACTOR), power.shape).copy()
        reactive[::2] = 0.0
        spread = self._spread
        over = excess_of(power_flow(self._network, power[:, :, None] * spread, reactive[:, :, None] * spread))
        return None if np.isinf(over).any() else over

    def _corners(self, taken: Ints, given: Ints, room: Floats | None) -> NDArray[np.int8]:
        """Which way each home goes in each corner looked at, int8[c, n].

        All give, all take; one phase gives and the others take, and the other way round, for the neutral joins them;
        and the corners of the tightest rows.
        """
        ways = [np.ones(len(taken)), -np.ones(len(taken))]
        for phase in self._spread.T > 0:
            ways += [np.where(phase, -1.0, 1.0), np.where(phase, 1.0, -1.0)]
        limits = self._limits
        if limits is not None:
            left = limits.room if room is None else room
            left = left - limits.cost @ (np.concatenate([taken, given]) * self._watts)
            tightest = np.argsort(left, kind="stable")[:TIGHTEST]
            own = {way.tobytes(): way for way in np.sign(limits.slope[tightest])}
            ways += list(own.values())[:OWN]
        return np.array(ways).astype(np.int8)


def _granted(asks: Asks, taken: Ints, given: Ints, notice: str = "") -> Caps:
    asked = int(asks.export_wh.sum())
    part = int(np.minimum(given, asks.export_wh).sum()) / asked if asked else 1.0
    return Caps(taken, given, part, notice)
