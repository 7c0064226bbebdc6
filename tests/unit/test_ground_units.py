"""Units: exact conversion to µ, and readable money and prices."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.units import (
    BPS,
    ENERGY_MAX,
    LIMIT_MAX,
    MICRO,
    NO_BUY,
    NO_SELL,
    TICK,
    format_money,
    format_price,
    micro,
)


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("0.32", 320_000),
        ("0.08", 80_000),
        ("-0.000001", -1),
        ("0.1", 100_000),
        (" 12.5 ", 12_500_000),
        ("1e-6", 1),
        ("2E3", 2_000_000_000),
        (7, 7_000_000),
        (Decimal("0.3000000"), 300_000),
        ("-0", 0),
        ("99999999999999999999.999999", 99_999_999_999_999_999_999_999_999),
    ],
)
def test_micro_is_exact(value, amount):
    assert micro(value) == amount
    assert type(micro(value)) is int


@pytest.mark.parametrize(
    "value", ["", "ct", "0,32", "0.32 EUR", "NaN", "sNaN", "Infinity", "-inf", "0.0000001", "1e-7"]
)
def test_micro_refuses_what_it_cannot_hold_exactly(value):
    with pytest.raises(ValueError, match=r"not a number|more than six decimals"):
        micro(value)


@settings(deadline=None)
@given(st.integers(-(10**18), 10**18), st.integers(0, 9))
def test_micro_agrees_with_fractions(whole, decimals):
    text = f"{'-' if whole < 0 else ''}{abs(whole) // 10**decimals}.{abs(whole) % 10**decimals:0{decimals}d}"
    exact = Fraction(whole, 10**decimals) * MICRO
    if exact.denominator == 1:
        assert micro(text) == exact
    else:
        with pytest.raises(ValueError, match="more than six decimals"):
            micro(text)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0.00 EUR"),
        (1_230_000, "1.23 EUR"),
        (-1_230_000, "-1.23 EUR"),
        (4_999, "0.00 EUR"),
        (-4_999, "0.00 EUR"),  # what rounds to nothing carries no sign
        (5_000, "0.01 EUR"),
        (-5_000, "-0.01 EUR"),  # half away from zero, both ways
        (999_995_000, "1000.00 EUR"),
        (-70_000, "-0.07 EUR"),
    ],
)
def test_money_is_rounded_half_away_from_zero(amount, text):
    assert format_money(amount) == text


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (215_000, "0.2150 EUR/kWh"),
        (-215_049, "-0.2150 EUR/kWh"),
        (-215_050, "-0.2151 EUR/kWh"),
        (49, "0.0000 EUR/kWh"),
        (-49, "0.0000 EUR/kWh"),
        (50, "0.0001 EUR/kWh"),
        (1_000_000_000, "1000.0000 EUR/kWh"),
    ],
)
def test_price_has_four_decimals(price, text):
    assert format_price(price) == text


def test_the_currency_is_the_callers():
    assert format_money(-5_000, "CHF") == "-0.01 CHF"
    assert format_price(100, "GBP") == "0.0001 GBP/kWh"


def test_bounds_fit_together():
    assert NO_BUY < -LIMIT_MAX
    assert NO_SELL > LIMIT_MAX
    assert ENERGY_MAX * LIMIT_MAX < 2**63  # one step's energy times its price fits int64
    assert LIMIT_MAX % TICK == 0
    assert BPS == 10_000
