"""Places, distances, stations and the search over them, against published distances and a search that looks at everything."""

import json
import math

import numpy as np
import pytest

from sunfair.bench.charging import bench_charging
from sunfair.charging.finding import Connector, Estimate, Evse, Order, Query, Site, SiteIndex, distance_m, folded
from sunfair.charging.slots import Calendar
from sunfair.errors import InputError
from sunfair.files.places import countries, gazetteer
from sunfair.files.sites import read_sites


def vincenty_like(a, b):
    """Distance on the same sphere by the angle between two unit vectors: another formula, another arithmetic."""

    def vector(north, east):
        n, e = math.radians(north), math.radians(east)
        return np.array([math.cos(n) * math.cos(e), math.cos(n) * math.sin(e), math.sin(n)])

    u, v = vector(*a), vector(*b)
    return 6_371_008.8 * math.atan2(np.linalg.norm(np.cross(u, v)), float(u @ v))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((48.137, 11.575), (52.520, 13.405)),
        ((0.0, 179.9), (0.0, -179.9)),
        ((89.9, 10.0), (89.9, -170.0)),
        ((25.2048, 55.2708), (25.2049, 55.2709)),
        ((10.0, 20.0), (-10.0, -160.0)),
    ],
    ids=["Munich to Berlin", "over the date line", "over the pole", "next door", "antipodes"],
)
def test_distances_are_those_of_the_vectors_between(a, b):
    assert distance_m(*a, *(np.array([x]) for x in b))[0] == pytest.approx(vincenty_like(a, b), rel=1e-6, abs=0.01)


def test_munich_to_berlin_is_504_km():
    """The great circle between the two cities' centres as atlases print it, within the sphere's half per cent."""
    assert distance_m(48.1372, 11.5756, np.array([52.5186]), np.array([13.4083]))[0] == pytest.approx(
        504_000, rel=0.005
    )


@pytest.mark.parametrize(
    ("typed", "name", "country"),
    [
        ("Munich", "Munich", "DE"),
        ("münchen", "Munich", "DE"),
        ("MUNCHEN", "Munich", "DE"),
        ("دبي", "Dubai", "AE"),
        ("Москва", "Moscow", "RU"),
        ("Valencia, ES", "Valencia", "ES"),
        ("são paulo", "São Paulo", "BR"),
        ("Garmisch Partenkirchen", "Garmisch-Partenkirchen", "DE"),
    ],
)
def test_a_place_is_found_in_the_language_it_was_typed_in(typed, name, country):
    found = gazetteer().the(typed)
    assert (found.name, found.country) == (name, country)


def test_a_place_that_is_not_known_is_refused_with_what_is_near():
    with pytest.raises(InputError, match=r"no town of 5,000 or more.*coordinates"):
        gazetteer().the("Hinterniedertupfing")
    with pytest.raises(InputError, match="write a town's name"):
        gazetteer().find(" - ")
    assert gazetteer().find("Valencia, DE") == []


def test_folding_forgets_accents_case_and_hyphens():
    assert folded("  Saint-Étienne ") == folded("SAINT ETIENNE") == "saint etienne"
    assert folded("Straße") == folded("STRASSE")


def test_countries_answer_to_both_codes():
    assert countries()["DEU"] is countries()["DE"]
    assert (countries()["KWT"].iso2, countries()["KWT"].currency) == ("KW", "KWD")


def _site(at, rng):
    plugs = tuple(
        Connector(
            str(i + 1),
            str(rng.choice(["IEC_62196_T2", "CHADEMO"])),
            True,
            "DC",
            int(rng.integers(0, 8)) * 11_000,
            ("t1",),
        )
        for i in range(rng.integers(1, 3))
    )
    statuses = ["AVAILABLE", "CHARGING", "OUTOFORDER", "UNKNOWN"]
    evses = tuple(Evse(f"e{at}-{i}", str(rng.choice(statuses)), plugs) for i in range(rng.integers(1, 3)))
    place = float(rng.uniform(47, 49)), float(rng.uniform(10, 12))
    return Site(f"s{at:04d}", "ocpi", "o", "n", "a", "c", "DE", *place, "Europe/Berlin", evses)


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("seed", range(6))
def test_a_search_finds_what_looking_at_everything_finds(seed, order):
    """Brute force over every connector: what fits, who is free, and the order, written down a second time."""
    rng = np.random.default_rng(seed)
    sites = [_site(at, rng) for at in range(120)]
    first = 1_000_000
    calendars = {
        e.uid: Calendar().take(first + int(rng.integers(0, 8)), 4) for s in sites for e in s.evses if rng.random() < 0.5
    }
    query = Query(
        48.0,
        11.0,
        60_000.0,
        first,
        3,
        now=bool(seed % 2),
        standards=frozenset({"CHADEMO"}),
        power_w=22_000,
        order=order,
        limit=500,
    )
    price = Estimate(1_234, "EUR")
    found = SiteIndex.of(sites).search(query, calendars, {"t1": price})

    wanted = set()
    for site in sites:
        if vincenty_like((48.0, 11.0), (site.latitude, site.longitude)) > 60_000:
            continue
        for evse in site.evses:
            if evse.status == "OUTOFORDER" or (query.now and evse.status == "CHARGING"):
                continue
            taken = calendars.get(evse.uid)
            if taken and any(not taken.is_free(slot, 1) for slot in range(first, first + 3)):
                continue
            if any(p.standard == "CHADEMO" and p.power_w >= 22_000 for p in evse.connectors):
                wanted.add(evse.uid)
    assert {one.evse.uid for one in found} == wanted, f"seed {seed}"
    assert all(one.price == price and one.connector.standard == "CHADEMO" for one in found)
    key = {
        Order.DISTANCE: lambda f: f.distance_m,
        Order.PRICE: lambda f: f.distance_m,
        Order.POWER: lambda f: -f.connector.power_w,
    }
    keys = [key[order](one) for one in found]
    assert keys == sorted(keys)
    assert SiteIndex.of(sites).search(query, calendars, {"t1": price})[:5] == found[:5]
    shorter = SiteIndex.of(sites).search(
        Query(**{f: getattr(query, f) for f in Query.__slots__} | {"limit": 5}), calendars, {"t1": price}
    )
    assert shorter == found[:5]


def test_a_price_limit_leaves_out_what_is_dearer_in_another_currency_or_not_known():
    plugs = [
        Connector("1", "IEC_62196_T2", True, "AC_3_PHASE", 22_000, (name,))
        for name in ("cheap", "dear", "dinar", "none")
    ]
    sites = [
        Site(
            f"s{at}",
            "ocpi",
            "",
            "",
            "",
            "",
            "DE",
            48.0,
            11.0 + at / 1000,
            None,
            (Evse(f"e{at}", "AVAILABLE", (plug,)),),
        )
        for at, plug in enumerate(plugs)
    ]
    prices = {"cheap": Estimate(900, "EUR"), "dear": Estimate(1_001, "EUR"), "dinar": Estimate(10, "KWD")}
    limited = Query(48.0, 11.0, most=Estimate(1_000, "EUR"), order=Order.PRICE)
    assert [one.site.id for one in SiteIndex.of(sites).search(limited, {}, prices)] == ["s0"]
    free = Query(48.0, 11.0, order=Order.PRICE)
    assert [one.site.id for one in SiteIndex.of(sites).search(free, {}, prices)] == ["s0", "s1", "s2", "s3"]


def test_an_evse_is_shown_by_its_cheapest_plug_then_its_strongest_then_its_first():
    plugs = [
        Connector("1", "CHADEMO", True, "DC", 50_000, ("dear", "none")),
        Connector("2", "CHADEMO", True, "DC", 50_000, ("cheap", "dear")),
        Connector("3", "CHADEMO", True, "DC", 150_000, ("cheap",)),
        Connector("4", "CHADEMO", True, "DC", 150_000, ("cheap",)),
        Connector("5", "CHADEMO", True, "DC", 350_000, ("none",)),
    ]
    prices = {"cheap": Estimate(900, "EUR"), "dear": Estimate(1_000, "EUR")}
    for order, taken in (([0, 1, 2, 3, 4], "3"), ([3, 0, 1, 2, 4], "4"), ([4, 0], "1"), ([4], "5")):
        evse = Evse("e", "AVAILABLE", tuple(plugs[at] for at in order))
        site = Site("s", "ocpi", "", "", "", "", "DE", 48.0, 11.0, None, (Evse("none", "AVAILABLE", ()), evse))
        (found,) = SiteIndex.of([site]).search(Query(48.0, 11.0), {}, prices)
        assert found.connector.id == taken
    assert SiteIndex.of([]).search(Query(48.0, 11.0, standards=frozenset({"CHADEMO"})), {}, prices) == []


def test_the_bench_asks_what_looking_at_everything_answers():
    """Search by price and distance, near and everywhere, beside a second one that is written down as it comes to mind."""
    told = bench_charging(stations=300, questions=3)
    assert len(told["searches"]) == 4
    assert all(each["same_answers"] for each in [*told["searches"], told["calendar"]])


@pytest.mark.parametrize(
    "change",
    [{"latitude": 91.0}, {"radius_m": 0.0}, {"radius_m": math.nan}, {"slots": -1}, {"limit": 0}, {"power_w": -1}],
)
def test_a_question_that_cannot_be_is_refused(change):
    with pytest.raises(InputError):
        Query(**({"latitude": 48.0, "longitude": 11.0} | change))


OCM = {
    "ID": 1,
    "UUID": "4C524AA1",
    "UsageCost": "0,45 €/kWh",
    "DataProvider": {"License": "Licensed under Creative Commons Attribution 4.0 International (CC BY 4.0)"},
    "OperatorInfo": {"Title": "Stadtwerke"},
    "StatusType": {"ID": 50, "IsOperational": True},
    "AddressInfo": {
        "Title": "Rathaus",
        "AddressLine1": "Marktplatz 1",
        "Town": "Konstanz",
        "Country": {"ISOCode": "DE"},
        "Latitude": 47.66,
        "Longitude": 9.17,
    },
    "Connections": [
        {
            "ID": 7,
            "ConnectionType": {"ID": 25, "Title": "Type 2 (Socket Only)"},
            "PowerKW": 22,
            "CurrentTypeID": 20,
            "Quantity": 2,
        },
        {"ID": 8, "ConnectionTypeID": 33, "PowerKW": 50.5, "StatusTypeID": 100},
        {"ID": 9, "ConnectionTypeID": 0},
    ],
}
OCPI = {
    "country_code": "NL",
    "party_id": "ABC",
    "id": "L1",
    "publish": True,
    "address": "Kade 1",
    "city": "Utrecht",
    "country": "NLD",
    "coordinates": {"latitude": "52.09", "longitude": "5.12"},
    "time_zone": "Europe/Amsterdam",
    "evses": [
        {
            "uid": "E1",
            "status": "AVAILABLE",
            "connectors": [
                {
                    "id": "1",
                    "standard": "IEC_62196_T2",
                    "format": "SOCKET",
                    "power_type": "AC_3_PHASE",
                    "max_voltage": 230,
                    "max_amperage": 16,
                    "tariff_ids": ["11"],
                }
            ],
        },
        {"uid": "E2", "status": "REMOVED", "connectors": []},
    ],
}


def test_open_charge_map_is_read(tmp_path):
    file = tmp_path / "poi.json"
    file.write_text(json.dumps([OCM]))
    (site,) = read_sites(file).sites
    assert (site.name, site.country, site.operator, site.cost) == ("Rathaus", "DE", "Stadtwerke", "0,45 €/kWh")
    assert "CC BY 4.0" in site.licence
    plugs = [(e.uid, e.status, c.standard, c.cable, c.power_type, c.power_w) for e, c in site.plugs()]
    assert plugs == [
        ("7-1", "UNKNOWN", "IEC_62196_T2", False, "AC_3_PHASE", 22_000),
        ("7-2", "UNKNOWN", "IEC_62196_T2", False, "AC_3_PHASE", 22_000),
        ("8-1", "OUTOFORDER", "IEC_62196_T2_COMBO", True, "DC", 50_500),
    ]


def test_ocpi_locations_are_read_from_a_list_a_response_or_lines(tmp_path):
    file = tmp_path / "locations.json"
    for text in (
        json.dumps([OCPI]),
        json.dumps({"status_code": 1000, "data": [OCPI]}),
        json.dumps(OCPI) + "\n" + json.dumps(OCPI),
    ):
        file.write_text(text)
        read = read_sites(file)
        (site,) = read.sites
        assert (site.id, site.country, site.timezone) == ("NL*ABC*L1", "NL", "Europe/Amsterdam")
        assert [(e.uid, c.power_w, c.tariffs) for e, c in site.plugs()] == [("E1", 11_040, ("11",))]
    assert "earlier one" in read.faults[0].what


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("AddressInfo", "Latitude"), 480, "degrees from -90 to 90"),
        (("AddressInfo", "Latitude"), None, "degrees from -90 to 90"),
        (("Connections", 0, "PowerKW"), 22_000, "look at the unit"),
        (("Connections", 0, "Quantity"), 5_000, "0 to 400"),
        (("Connections",), "many", "a list is needed"),
        (("AddressInfo",), None, "an object is needed"),
    ],
)
def test_a_faulty_station_is_left_out_and_told(tmp_path, path, value, said):
    broken = json.loads(json.dumps(OCM))
    place = broken
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    broken["UUID"] = "other"
    if path == ("AddressInfo",):
        broken["AddressInfo"] = "none"
    file = tmp_path / "poi.json"
    file.write_text(json.dumps([OCM, broken]))
    read = read_sites(file)
    assert [site.id for site in read.sites] == ["4C524AA1"]
    assert any(said in str(fault) and "record 2" in fault.place for fault in read.faults)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"country": "XX"}, "three letters"),
        ({"time_zone": "Mars/Olympus"}, "IANA"),
        ({"evses": [{"uid": "1", "status": "BROKEN"}]}, "OUTOFORDER"),
        ({"coordinates": {"latitude": "0", "longitude": "0"}}, "Gulf of Guinea"),
    ],
)
def test_a_faulty_location_names_its_fault(tmp_path, change, said):
    file = tmp_path / "locations.json"
    file.write_text(json.dumps([OCPI | change]))
    with pytest.raises(InputError, match=said):
        read_sites(file)


@pytest.mark.parametrize("text", ["", "{", "[]", '[{"name": "nothing"}]', "[1]"])
def test_a_file_without_stations_is_refused(tmp_path, text):
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(InputError):
        read_sites(file)


def test_what_is_not_to_be_published_is_not_shown(tmp_path):
    file = tmp_path / "x.json"
    file.write_text(json.dumps([OCPI, OCPI | {"id": "secret", "publish": False}]))
    assert [site.id for site in read_sites(file).sites] == ["NL*ABC*L1"]
