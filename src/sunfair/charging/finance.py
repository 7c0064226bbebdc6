"""A charger without paying up front: its revenue is divided until capex × multiple is repaid, to the µ, then it is
the host's.

The twin of ``contracts/InstallFinance.vy``; the rules stand in docs/charging-spec.md, "Financing". No revenue, no debt:
nothing accrues and nobody owes anything that the charger did not earn.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from sunfair.errors import Fault, InputError
from sunfair.units import BPS

__all__ = ["Finance", "FinanceTerms", "Payoff", "Split", "check_finance", "payoff"]

_YEAR_DAYS = 365


@dataclass(frozen=True, slots=True)
class FinanceTerms:
    """capex : µ; multiple_bps : what is repaid of it (13,000 is 1.3 ×); share_bps : the financier's part of what is
    left after VAT, energy and platform; energy_floor : µ/kWh the host keeps for its own energy bill; vat_bps : in the
    revenue;
    platform_bps : of what is left after VAT and energy.
    """

    capex: int
    multiple_bps: int
    share_bps: int
    energy_floor: int
    vat_bps: int
    platform_bps: int

    @property
    def cap(self) -> int:
        """What the financier gets in all, µ, rounded down."""
        return self.capex * self.multiple_bps // BPS


def check_finance(terms: FinanceTerms) -> None:
    """InputError naming everything for which the contract would refuse these terms."""
    bounds = (
        ("capex", terms.capex, 1, 2**62),
        ("multiple_bps", terms.multiple_bps, BPS, 3 * BPS),
        ("share_bps", terms.share_bps, 1, BPS),
        ("energy_floor", terms.energy_floor, 0, 10**12),
        ("vat_bps", terms.vat_bps, 0, BPS - 1),
        ("platform_bps", terms.platform_bps, 0, BPS // 2),
    )
    faults = [
        Fault(name, f"is {value}", f"must lie in {low} … {high}")
        for name, value, low, high in bounds
        if not low <= value <= high
    ]
    if faults:
        raise InputError("an installation cannot be financed on these terms", faults)


class Split(NamedTuple):
    """How one revenue is divided, µ: VAT and energy (both the host's to pass on), platform, financier, the host's
    rest.
    """

    vat: int
    energy: int
    platform: int
    financier: int
    host: int


@dataclass(frozen=True, slots=True)
class Finance:
    """Terms, and what the financier got of them so far, µ."""

    terms: FinanceTerms
    repaid: int = 0

    @property
    def open(self) -> int:
        """What is not repaid, µ: what an early buyout costs."""
        return self.terms.cap - self.repaid

    def divide(self, gross: int, wh: int) -> tuple[Split, "Finance"]:
        """Divide a revenue of `gross` µ for `wh` ≥ 0: VAT up, energy up and at most what is left, the rest down."""
        t = self.terms
        vat = -(-gross * t.vat_bps // (BPS + t.vat_bps))
        left = gross - vat
        energy = min(-(-wh * t.energy_floor // 1_000), left)
        left -= energy
        platform = left * t.platform_bps // BPS
        left -= platform
        financier = min(left * t.share_bps // BPS, self.open)
        return Split(vat, energy, platform, financier, left - financier), replace(self, repaid=self.repaid + financier)


@dataclass(frozen=True, slots=True)
class Payoff:
    """When it will be repaid at the present pace: days from now (None: never at this pace), and the financier's µ a
    day.
    """

    days: int | None
    per_day: int

    @property
    def years_tenths(self) -> int | None:
        """The same in tenths of a year, half up."""
        return None if self.days is None else (self.days * 20 + _YEAR_DAYS) // (2 * _YEAR_DAYS)


def payoff(finance: Finance, *, wh_per_day: int, kwh_price: int) -> Payoff:
    """An honest estimate: every day like `wh_per_day` sold at `kwh_price`, µ/kWh with VAT."""
    split, _ = Finance(replace(finance.terms, capex=2**62)).divide(wh_per_day * kwh_price // 1_000, wh_per_day)
    if finance.open == 0 or split.financier == 0:
        return Payoff(0 if finance.open == 0 else None, split.financier)
    return Payoff(-(-finance.open // split.financier), split.financier)
