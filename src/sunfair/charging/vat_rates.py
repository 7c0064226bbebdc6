"""Standard rates of VAT by country, as of `VAT_DATE`: what applies to charging a car where no reduced rate is claimed.

Sources: European Commission, "VAT rates applied in the Member States" (taxation-customs.ec.europa.eu; Estonia 24 % from
2025-07-01, Romania 21 % from 2025-08-01, Finland 25.5 % from 2024-09-01, Slovakia 23 % from 2025-01-01); HMRC for GB;
Swiss Federal Tax Administration (8.1 % from 2024-01-01) for CH; Skatteetaten for NO; Federal Tax Authority for AE;
ZATCA (15 % from 2020-07-01) for SA; Bahrain's National Bureau for Revenue (10 % from 2022-01-01) for BH; Oman Tax
Authority for OM. Kuwait and Qatar levy none. A tariff may name another rate: rates change, and a host answers for its
own.
"""

from collections.abc import Mapping
from datetime import date

__all__ = ["VAT_BPS", "VAT_DATE"]

VAT_DATE = date(2025, 8, 1)
"""The day on which these rates were all in force."""

VAT_BPS: Mapping[str, int] = {
    "AE": 500,
    "AT": 2_000,
    "BE": 2_100,
    "BG": 2_000,
    "BH": 1_000,
    "CH": 810,
    "CY": 1_900,
    "CZ": 2_100,
    "DE": 1_900,
    "DK": 2_500,
    "EE": 2_400,
    "ES": 2_100,
    "FI": 2_550,
    "FR": 2_000,
    "GB": 2_000,
    "GR": 2_400,
    "HR": 2_500,
    "HU": 2_700,
    "IE": 2_300,
    "IT": 2_200,
    "KW": 0,
    "LT": 2_100,
    "LU": 1_700,
    "LV": 2_100,
    "MT": 1_800,
    "NL": 2_100,
    "NO": 2_500,
    "OM": 500,
    "PL": 2_300,
    "PT": 2_300,
    "QA": 0,
    "RO": 2_100,
    "SA": 1_500,
    "SE": 2_500,
    "SI": 2_200,
    "SK": 2_300,
}
"""bps by ISO 3166 country code."""
