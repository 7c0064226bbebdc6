"""Values as OCPI writes them: times, prices, texts of a limited length (OCPI 2.2.1, chapter 16 and 17)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sunfair.charging.money import Taxed, minor_digits
from sunfair.errors import Fault, InputError

__all__ = ["Party", "date_time", "decimal", "instant", "price", "text"]


@dataclass(frozen=True, slots=True)
class Party:
    """Who speaks: ISO 3166-1 alpha-2 `country_code` and an eMI3 `party_id` of three letters or digits."""

    country_code: str
    party_id: str
    name: str

    def __post_init__(self) -> None:
        faults = []
        if not (len(self.country_code) == 2 and self.country_code.isascii() and self.country_code.isalpha()):
            faults.append(Fault("country_code", f"is {self.country_code!r}", "two letters, e.g. DE"))
        if not (len(self.party_id) == 3 and self.party_id.isascii() and self.party_id.isalnum()):
            faults.append(Fault("party_id", f"is {self.party_id!r}", "three letters or digits, e.g. SUN"))
        if faults:
            raise InputError("that is no party of OCPI", faults)

    def fields(self) -> dict[str, str]:
        """The two that stand in every object."""
        return {"country_code": self.country_code, "party_id": self.party_id}


def date_time(unix_seconds: int) -> str:
    """A time as OCPI has it: RFC 3339 in UTC, seconds, with Z (16.1)."""
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str) -> int:
    """Unix seconds of such a time; one without an offset is UTC, as 16.1 says. InputError if it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            "that is no time", [Fault("date", str(error), "RFC 3339, e.g. 2026-06-15T12:00:00Z")]
        ) from error
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def decimal(amount: int, digits: int) -> Decimal:
    """amount · 10^−digits, exactly."""
    return Decimal(amount).scaleb(-digits)


def price(part: Taxed, currency: str) -> dict[str, Any]:
    """A Price (16.5): without and with VAT, in the currency's own unit."""
    digits = minor_digits(currency)
    return {"excl_vat": decimal(part.net, digits), "incl_vat": decimal(part.gross, digits)}


def text(words: str, most: int) -> str:
    """Words cut to the length that a field may have."""
    return words if len(words) <= most else words[: most - 1] + "…"
