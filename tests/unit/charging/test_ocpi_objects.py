"""OCPI objects against another program's types of 2.2.1, and prices against a calculation by hand."""

import json
from decimal import Decimal

import ocpi_types.v2_2_1 as ocpi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunfair.charging import BookingState
from sunfair.charging.finding import Connector, Evse, Site
from sunfair.charging.ocpi import (
    Costs,
    Party,
    Record,
    cdr_object,
    instant,
    location_object,
    read_tariff,
    session_object,
    stay_price,
    tariff_object,
)
from sunfair.charging.tariff import Tariff
from sunfair.errors import InputError

PARTY = Party("DE", "SUN", "Sunfair Hotels")
PLUG = Connector("1", "IEC_62196_T2", False, "AC_3_PHASE", 22_000, ("seeblick",))
SITE = Site(
    "seeblick", "ocpi", "Seeblick GmbH", "Hotel Seeblick", "Uferweg 3", "Konstanz", "DE", 47.6603, 9.1758, None, ()
)
TARIFF = Tariff("EUR", 39, minute=1, session=50, idle=10, no_show=500, compensation=1_000, vat_bps=1_900)
BEGIN = 1_800_000_000


def as_json(made):
    """What a partner reads: Decimals as the numbers they are."""
    return json.loads(json.dumps(made, default=float))


def record(**change):
    costs = Costs(energy=702, time=240, session=50, idle=0, cap=5_000, currency="EUR", vat_bps=1_900)
    given = {
        "id": "b" * 32,
        "site": SITE,
        "iso3": "DEU",
        "evse_uid": "DE*SUN*E1",
        "connector": PLUG,
        "uid": "0xd41c",
        "state": BookingState.FULFILLED,
        "begin": BEGIN,
        "end": BEGIN + 4 * 3600,
        "updated": BEGIN + 5 * 3600,
        "wh": 18_004,
        "idle_seconds": 0,
        "tariff": "seeblick",
        "costs": costs,
        "signed": ("OCMF|{}|{}", "04aa"),
    }
    return Record(**(given | change))


def test_every_object_is_what_another_program_reads():
    """Read into the other's types and written again nothing is lost and nothing is unknown to them."""
    site = Site(*(getattr(SITE, n) for n in Site.__slots__[:10]), (Evse("DE*SUN*E1", "AVAILABLE", (PLUG,)),))
    made = {
        ocpi.Location: location_object(site, PARTY, iso3="DEU", timezone="Europe/Berlin", updated=BEGIN),
        ocpi.Tariff: tariff_object("seeblick", TARIFF, PARTY, BEGIN),
        ocpi.Session: session_object(record(), PARTY, "EUR"),
        ocpi.Cdr: cdr_object(record(idle_seconds=1_200), PARTY),
    }
    for kind, ours in made.items():
        assert kind.from_dict(as_json(ours)).to_dict() == as_json(ours), kind.__name__
    running = session_object(record(state=BookingState.CHARGING, end=None, costs=None), PARTY, "EUR")
    assert ocpi.Session.from_dict(as_json(running)).status is ocpi.SessionStatus.ACTIVE
    assert "end_date_time" not in running


@pytest.mark.parametrize("state", list(BookingState))
def test_every_state_of_a_booking_has_a_session_status(state):
    status = session_object(record(state=state), PARTY, "EUR")["status"]
    assert ocpi.SessionStatus(status)
    charged = {
        BookingState.STOPPED,
        BookingState.CHALLENGE,
        BookingState.DISPUTED,
        BookingState.FULFILLED,
        BookingState.RESOLVED,
    }
    assert (status == "COMPLETED") == (state in charged)


def test_a_record_is_of_what_is_over():
    with pytest.raises(ValueError, match="not over"):
        cdr_object(record(end=None), PARTY)


def test_the_record_says_what_was_paid_and_what_for():
    made = cdr_object(record(), PARTY)
    assert made["total_cost"]["incl_vat"] == Decimal("9.92")
    assert made["total_cost"]["excl_vat"] == Decimal("8.34")  # 9.92 / 1.19 = 8.336…
    assert made["total_energy"] == Decimal("18.004")
    assert made["total_time"] == 4
    capped = cdr_object(record(costs=Costs(702, 240, 50, 5_000, 1_000, "EUR", 1_900)), PARTY)
    assert capped["total_cost"]["incl_vat"] == Decimal("10.00")


def test_three_digits_after_the_point_in_dinars():
    made = cdr_object(record(costs=Costs(1_250, 0, 0, 0, 9_999, "KWD", 0)), PARTY)
    assert str(made["total_cost"]["incl_vat"]) == "1.250"


@given(st.integers(1, 2_000), st.integers(0, 2_999), st.sampled_from(["EUR", "KWD", "JPY"]), st.integers(0, 200_000))
def test_a_price_out_and_in_again_is_the_price_of_a_kilowatt_hour(kwh, vat, currency, wh):
    """Through OCPI's net price of four digits: to the minor unit where that many digits carry it, a 10⁻⁴ of net a kWh else."""
    tariff = Tariff(currency, kwh, vat_bps=vat)
    read = read_tariff(json.loads(json.dumps(tariff_object("t", tariff, PARTY, BEGIN), default=str)), "t")
    digits = {"EUR": 2, "KWD": 3, "JPY": 0}[currency]
    slack = Decimal("0.00005") * (1 + Decimal(vat) / 10_000) * Decimal(10) ** digits * wh / 1000
    assert abs(stay_price(read, BEGIN, 0, wh, "UTC") - Decimal(kwh * wh) / 1000) <= slack + Decimal("0.5")


FOREIGN = {
    "id": "11",
    "currency": "EUR",
    "elements": [
        {
            "price_components": [{"type": "ENERGY", "price": 0.20, "vat": 20.0, "step_size": 1000}],
            "restrictions": {"start_time": "22:00", "end_time": "06:00"},
        },
        {
            "price_components": [{"type": "TIME", "price": 1.20, "vat": 20.0, "step_size": 900}],
            "restrictions": {"min_duration": 3600},
        },
        {
            "price_components": [
                {"type": "ENERGY", "price": 0.30, "vat": 20.0, "step_size": 1},
                {"type": "FLAT", "price": 0.5, "step_size": 1},
            ]
        },
    ],
    "min_price": {"excl_vat": 1.0, "incl_vat": 1.2},
}


@pytest.mark.parametrize(
    ("at", "seconds", "wh", "cents"),
    [
        # by day: 10 kWh · 0.30 + 0.50 = 3.50 net, VAT 20 % on the energy only: 4.10
        ("2026-06-15T10:00:00Z", 1_800, 10_000, 410),
        # at night in Berlin (23:30 there): 10.1 kWh in steps of a kWh are 11 · 0.20 = 2.20, + 0.50, VAT 0.44: 3.14
        ("2026-06-15T21:30:00Z", 1_800, 10_100, 314),
        # an hour and a minute: 5 quarter-hours · 0.30 = 1.50, + 0.30 + 0.50 = 2.30, VAT 0.36: 2.66
        ("2026-06-15T10:00:00Z", 3_660, 1_000, 266),
        # 0.30 · 0.1 + 0.5 = 0.53 net is below the least price of 1.00: its VAT 0.006 grows with it: 1.011
        ("2026-06-15T10:00:00Z", 60, 100, 101),
    ],
    ids=["day", "night by the site's clock, in steps", "time from an hour on", "least price"],
)
def test_another_operators_tariff_by_hand(at, seconds, wh, cents):
    assert stay_price(read_tariff(FOREIGN, "t"), instant(at), seconds, wh, "Europe/Berlin") == cents


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "XXX"},
        {"elements": []},
        {"elements": [{"price_components": [{"type": "MAGIC", "price": 1}]}]},
        {"elements": [{"price_components": [{"type": "ENERGY", "price": -1}]}]},
        {"elements": [{"price_components": [{"type": "ENERGY", "price": "x"}]}]},
        {"elements": [{"price_components": [{"type": "ENERGY", "price": 1, "step_size": 0}]}]},
    ],
)
def test_a_tariff_that_cannot_be_is_refused(change):
    with pytest.raises(InputError):
        read_tariff(FOREIGN | change, "t")


@pytest.mark.parametrize("fields", [("GER", "SUN"), ("DE", "SUNF"), ("D1", "SUN"), ("DE", "Sü1"), ("", "")])
def test_a_party_has_two_and_three_letters(fields):
    with pytest.raises(InputError):
        Party(*fields, "x")
