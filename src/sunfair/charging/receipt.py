"""A driver's receipt: what was charged, what it cost and why, the VAT in it, and the signed record to check it by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sunfair.charging.booking import Booking, Fee, Usage, fee_of
from sunfair.charging.money import format_minor, taxed
from sunfair.charging.ocmf_check import Evidence
from sunfair.charging.tariff import Tariff, to_minor
from sunfair.slots import zone

__all__ = ["Party", "receipt"]


@dataclass(frozen=True, slots=True)
class Party:
    """Who issues a receipt: name, address lines, VAT number (empty where there is none)."""

    name: str
    address: tuple[str, ...] = ()
    vat_number: str = ""


def receipt(
    booking: Booking,
    usage: Usage,
    tariff: Tariff,
    *,
    rate: int,
    host: Party,
    place: str,
    timezone: str,
    number: str,
    issued: datetime,
    record: str = "",
    evidence: Evidence = Evidence.NONE,
    extended: bool = False,
    fee: int | None = None,
) -> Mapping[str, Any]:
    """The receipt as plain JSON values; money is minor units of the tariff's currency, and µ of the token beside it.

    rate : µ for one minor unit; number : the receipt's own; record : the signed record as the charger sent it
    fee : what was really paid, µ, where it is not what the reading gives (a dispute, a cancellation)
    """
    priced = fee_of(booking, usage, extended=extended)
    paid = priced.total if fee is None else fee
    lines = _lines(priced, paid, "cut at the deposit" if fee is None else "as resolved")
    total = to_minor(paid, rate)
    _in_minor(lines, total, rate)
    tax = taxed(total, tariff.vat_bps)
    site = zone(timezone)
    return {
        "receipt": number,
        "issued": issued.astimezone(site).isoformat(),
        "host": {"name": host.name, "address": list(host.address), "vat_number": host.vat_number},
        "place": place,
        "booking": f"0x{booking.id.hex()}",
        "began": datetime.fromtimestamp(usage.began, site).isoformat(),
        "ended": datetime.fromtimestamp(usage.ended, site).isoformat(),
        "energy_wh": usage.wh,
        "currency": tariff.currency,
        "lines": lines,
        "net": tax.net,
        "vat_bps": tariff.vat_bps,
        "vat": tax.vat,
        "total": tax.gross,
        "total_text": format_minor(tax.gross, tariff.currency),
        "token_micro": paid,
        "deposit_back_micro": booking.deposit - paid,
        "evidence": evidence.value,
        "record": record,
    }


def _lines(priced: Fee, paid: int, otherwise: str) -> list[dict[str, Any]]:
    """What the price is made of, µ, and what makes it another than was paid."""
    parts = {"energy": priced.energy, "time": priced.time, "session": priced.session, "over-stay": priced.idle}
    lines: list[dict[str, Any]] = [{"line": name, "micro": amount} for name, amount in parts.items() if amount]
    return lines + [{"line": otherwise, "micro": paid - priced.full}] * (paid != priced.full)


def _in_minor(lines: list[dict[str, Any]], total: int, rate: int) -> None:
    """Each line in minor units, so that they sum to the total: rounded down, the rest to the largest remainders."""
    for line in lines:
        line["amount"] = line["micro"] // rate
    rest = total - sum(line["amount"] for line in lines)
    for line in sorted(lines, key=lambda line: -(line["micro"] % rate))[: max(rest, 0)]:
        line["amount"] += 1
