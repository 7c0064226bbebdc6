"""Prices as they are shown: whole minor units of a currency, and the VAT that is in them.

Everything is an integer. A price shown to a driver holds its VAT; net and VAT are parted only on receipts and
statements.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sunfair.charging.vat_rates import VAT_BPS, VAT_DATE
from sunfair.errors import Fault, InputError
from sunfair.units import BPS

__all__ = [
    "CURRENCY_DIGITS",
    "VAT_BPS",
    "VAT_DATE",
    "Taxed",
    "format_minor",
    "minor_digits",
    "parse_minor",
    "taxed",
    "vat_of",
]

_CODES = {
    3: "BHD IQD JOD KWD LYD OMR TND",
    2: "AED AUD BGN BRL CAD CHF CNY CZK DKK EGP EUR GBP HKD HUF ILS INR MAD MXN MYR NOK NZD PHP PLN QAR RON SAR SEK "
    "SGD THB TRY TWD UAH USD ZAR",
    0: "CLP ISK JPY KRW PYG UGX VND XAF XOF",
}

CURRENCY_DIGITS: Mapping[str, int] = {code: digits for digits, codes in _CODES.items() for code in codes.split()}
"""Digits after the point, by currency (ISO 4217, list one, 2024-06-25)."""


def minor_digits(currency: str) -> int:
    """Digits of a currency's minor unit: 3 in KWD, BHD, OMR …; InputError for a currency that is not known."""
    if currency not in CURRENCY_DIGITS:
        fault = Fault("currency", f"is {currency!r}", f"one of {', '.join(sorted(CURRENCY_DIGITS))}")
        raise InputError("there is no such currency here", [fault])
    return CURRENCY_DIGITS[currency]


def format_minor(amount: int, currency: str) -> str:
    """Minor units as people write them, e.g. ``12.50 EUR``, ``1.250 KWD``, ``340 JPY``."""
    digits, sign = minor_digits(currency), "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 10**digits)
    return f"{sign}{whole}.{part:0{digits}d} {currency}" if digits else f"{sign}{whole} {currency}"


def parse_minor(text: str, currency: str) -> int:
    """A decimal amount as minor units, exactly; ValueError if it is none or has too many digits for the currency."""
    digits = minor_digits(currency)
    sign, plain = (-1, text[1:]) if text.startswith("-") else (1, text)
    whole, point, part = plain.partition(".")
    if not (whole.isascii() and whole.isdigit()) or (point and not (part.isascii() and part.isdigit())):
        raise ValueError(f"{text!r} is not an amount such as 12.50")
    if len(part) > digits or len(whole) > 15:
        raise ValueError(f"{text!r} has more digits than {currency} has")
    return sign * int(whole + part.ljust(digits, "0"))


def vat_of(country: str) -> int:
    """The standard VAT on a country's electricity for cars, bps; InputError for a country whose rate is not known."""
    if country not in VAT_BPS:
        fault = Fault("country", f"is {country!r}", f"one of {', '.join(sorted(VAT_BPS))}, or give the rate itself")
        raise InputError("the VAT of that country is not known here", [fault])
    return VAT_BPS[country]


@dataclass(frozen=True, slots=True)
class Taxed:
    """An amount with VAT in it, parted: net + vat = gross, minor units."""

    net: int
    vat: int
    gross: int


def taxed(gross: int, vat_bps: int) -> Taxed:
    """The VAT in a price of `gross` ≥ 0 minor units, rounded half up as invoices have it; the net is the rest."""
    if gross < 0 or not 0 <= vat_bps < BPS:
        raise ValueError(f"a gross of {gross} at {vat_bps} bps is no taxed amount")
    whole = BPS + vat_bps
    vat = (2 * gross * vat_bps + whole) // (2 * whole)
    return Taxed(gross - vat, vat, gross)
