"""A network's file: what it says, and every slip of the pen at once."""

from pathlib import Path

import pytest

from sunfair.errors import InputError
from sunfair.files.hotels import read_hotels

EXAMPLE = Path(__file__).parents[3] / "src" / "sunfair" / "data" / "hotels" / "hotels.toml"


def test_the_example_says_what_stands_in_it():
    network = read_hotels(EXAMPLE)
    assert network.party.fields() == {"country_code": "DE", "party_id": "SUN"}
    seeblick, alpenrose, palms = network.hotels
    assert (seeblick.tariff.kwh, seeblick.tariff.idle, seeblick.tariff.vat_bps, seeblick.tariff.quiet) == (
        39,
        10,
        1_900,
        (1_320, 420),
    )
    assert (alpenrose.tariff.minute, alpenrose.tariff.vat_bps) == (1, 2_000)
    assert (palms.tariff.kwh, palms.tariff.no_show, palms.tariff.currency) == (55, 1_500, "KWD")  # three digits
    assert seeblick.install.cap == 390_000
    assert alpenrose.install is None
    assert [plan.connector.power_w for plan in alpenrose.points] == [11_000, 50_000]
    assert seeblick.site({"DE*SUN*E1": "AVAILABLE"}).evses[0].status == "AVAILABLE"
    assert (palms.iso3, palms.roof_w) == ("KWT", 80_000)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('country_code = "DE"', 'country_code = "DEU"', "two letters"),
        ("kwh = 0.39", "kwh = 0.395", "2 digits"),
        ("kwh = 0.39", "kwh = -1", "number ≥ 0"),
        ("kwh = 0.39", "", "kwh: is missing"),
        ("kwh = 0.39", 'kwh = "0.39"', "a number is needed"),
        ('currency = "EUR"', 'currency = "XXX"', "no such currency|is 'XXX'"),
        ('quiet = "22:00-07:00"', 'quiet = "night"', "22:00-07:00"),
        ('connector = "IEC_62196_T2"', 'connector = "Type 2"', "IEC_62196_T2"),
        ("power_kw = 22", "power_kw = 0.0001", "3 digits"),
        ('id = "DE*SUN*E2"', 'id = "DE*SUN*E1"', "stands twice"),
        ('timezone = "Europe/Berlin"', 'timezone = "Europe/Konstanz"', "IANA"),
        ("multiple = 1.3", "multiple = 0.9", "must lie in"),
        ("roof_kwp = 30", "roof_kWp = 30", "is not known"),
        ("latitude = 47.6603", "latitude = 476603", "degrees"),
    ],
)
def test_a_slip_of_the_pen_is_named(tmp_path, old, new, said):
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "hotels.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_hotels(file)


def test_all_slips_come_at_once(tmp_path):
    file = tmp_path / "hotels.toml"
    text = (
        EXAMPLE.read_text(encoding="utf-8").replace("kwh = 0.39", "kwh = -1").replace('city = "Innsbruck"', "city = 5")
    )
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        read_hotels(file)
    assert len(refusal.value.faults) >= 2


@pytest.mark.parametrize("text", ["", "[network", '[network]\nname="x"\nparty_id="SUN"\ncountry_code="DE"'])
def test_a_file_without_hotels_is_refused(tmp_path, text):
    file = tmp_path / "hotels.toml"
    file.write_text(text)
    with pytest.raises(InputError):
        read_hotels(file)
