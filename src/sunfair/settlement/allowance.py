"""A retailer's promise of energy at wholesale: redeemed for an account, written off against metered use alone.

The twin of ``contracts/WholesaleAllowance.vy``; the rules stand in docs/credit-spec.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sunfair.settlement.court import Meter

__all__ = ["TOKEN_WH", "Allowance", "Shown"]

TOKEN_WH = 500_000
"""What one token buys, Wh."""


class Shown(NamedTuple):
    """The lowest and the highest import register shown of a meter, Wh."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """One account's allowance, Wh: redeemed, metered since the first redemption (slot `from_slot`), written off.

    `shown` is by the slot from which on a meter is dated.
    """

    from_slot: int = 0
    redeemed_wh: int = 0
    metered_wh: int = 0
    written_off_wh: int = 0
    shown: Mapping[int, Shown] = field(default_factory=dict)

    @property
    def left_wh(self) -> int:
        """What can be written off now: redeemed and metered, and not yet written off."""
        return min(self.redeemed_wh, self.metered_wh) - self.written_off_wh

    def redeem(self, tokens: int, slot: int) -> "Allowance":
        """After so many tokens were redeemed in `slot`; ValueError for none."""
        if tokens <= 0:
            raise ValueError("allowance: nothing to redeem")
        first = self.from_slot if self.redeemed_wh else slot
        return replace(self, from_slot=first, redeemed_wh=self.redeemed_wh + tokens * TOKEN_WH)

    def show(self, slot: int, import_wh: int, meter: Meter, applied_slot: int) -> "Allowance":
        """After a reading that `meter`, the account's in `slot`, signed; ValueError if it does not count."""
        if not self.redeemed_wh:
            raise ValueError("allowance: nothing redeemed")
        if slot < self.from_slot:
            raise ValueError("allowance: before the redemption")
        if slot >= applied_slot:
            raise ValueError("allowance: not applied")
        if not meter.import_wh <= import_wh < 2**63:
            raise ValueError("allowance: register out of range")
        # All that a later meter counted was used after the redemption.
        known = Shown(meter.import_wh, meter.import_wh) if meter.from_slot > self.from_slot else None
        before = self.shown.get(meter.from_slot, known)
        after = Shown(import_wh, import_wh) if before is None else before
        after = Shown(min(after.low, import_wh), max(after.high, import_wh))
        counted = 0 if before is None else before.high - before.low
        shown = {**self.shown, meter.from_slot: after}
        return replace(self, shown=shown, metered_wh=self.metered_wh + after.high - after.low - counted)

    def write_off(self, wh: int, first_slot: int, last_slot: int) -> "Allowance":
        """After `wh` were billed at wholesale for these slots; ValueError beyond what was redeemed or metered."""
        if wh <= 0:
            raise ValueError("allowance: nothing to write off")
        if not self.from_slot <= first_slot <= last_slot:
            raise ValueError("allowance: slots")
        if wh > self.redeemed_wh - self.written_off_wh:
            raise ValueError("allowance: not redeemed")
        if self.written_off_wh + wh > self.metered_wh:
            raise ValueError("allowance: not metered")
        return replace(self, written_off_wh=self.written_off_wh + wh)
