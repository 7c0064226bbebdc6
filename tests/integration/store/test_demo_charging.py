"""A day of the charging story with one visit of each kind, held against its own signed records and a price list by hand."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from zoneinfo import ZoneInfo

import ocpi_types.v2_2_1 as ocpi
import pyarrow.parquet as pq
import pytest
from coincurve import PublicKey
from sha3 import keccak_256

from sunfair.chain import SeededKeys
from sunfair.cli import main
from sunfair.store.charging import ChargingRepository
from sunfair.wiring.charging_story import CAST, Turn, tell_charging

SEED = 11
CHOSEN = ("car 3", "car 2", "car 4", "car 5", "car 9", "car 8", "car 13", "car 15", "car 19", "car 20")
EURO, FILS = 10_000, 2_950


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """One plain stay, and: a no-show, an over-stay, a power cut, an intruder, a latecomer, a host that cancels, a cap, a
    dispute, and a night over midnight in another zone.
    """
    folder = tmp_path_factory.mktemp("charging") / "day"
    cast = [visit for visit in CAST if visit.car in CHOSEN]
    with as_file(files("sunfair").joinpath("data", "hotels", "hotels.toml")) as hotels:
        return tell_charging(folder, hotels=hotels, seed=SEED, tell=lambda *_: None, cast=cast)


@pytest.fixture(scope="module")
def stays(told):
    return {stay["car"]: stay for stay in json.loads((told.folder / "charging.json").read_text())["stays"]}


def receipt_of(told, car):
    return json.loads((told.folder / "receipts" / f"{car.replace(' ', '-')}.json").read_text())


def signed(record):
    """A record read without the product: payload, first and last reading in Wh, first and last second."""
    _, payload, proof = record.split("|")
    readings = json.loads(payload)["RD"]
    wh = [round(float(reading["RV"]) * 1000) for reading in (readings[0], readings[-1])]
    at = [
        datetime.strptime(r["TM"][:23], "%Y-%m-%dT%H:%M:%S,%f").replace(tzinfo=UTC) for r in (readings[0], readings[-1])
    ]
    return payload, json.loads(proof)["SD"], wh[1] - wh[0], [int(each.timestamp()) for each in at]


def test_the_day_adds_up_and_every_kind_of_end_is_there(told, stays):
    assert told.wrong == ()
    assert {car: stay["state"] for car, stay in stays.items()} == {
        "car 3": "FULFILLED",
        "car 2": "NO_SHOW",
        "car 4": "FULFILLED",
        "car 5": "FULFILLED",
        "car 9": "NO BOOKING",
        "car 8": "FULFILLED",
        "car 13": "CANCELED_HOST",
        "car 15": "FULFILLED",
        "car 19": "RESOLVED",
        "car 20": "FULFILLED",
    }
    assert stays["car 9"]["energy_wh"] == 0
    assert any("Blocked" in words for _, words in stays["car 9"]["happened"])
    assert stays["car 19"]["judged"] == "proved"
    turns = {visit.car: visit.turn for visit in CAST}
    assert all(turns[car] is not Turn.WALK_IN for car in stays)


def test_the_last_car_stays_over_midnight_on_its_hotels_clock(told):
    _, _, taken, times = signed(receipt_of(told, "car 20")["record"])
    begin, end = (datetime.fromtimestamp(at, ZoneInfo("Asia/Kuwait")).date() for at in times)
    assert (end - begin).days == 1
    assert taken > 0


def test_every_receipt_is_what_its_signed_record_costs_by_the_price_list(told, stays):
    """Seeblick: 0.39 a kWh, 0.10 a minute of over-stay; Alpenrose: 0.35, 0.01 a minute, 0.50; Gulf Palms: 0.055 KWD."""
    paid = 0
    for car, stay in stays.items():
        if stay["receipt"] is None or not stay["energy_wh"]:
            continue
        receipt = receipt_of(told, car)
        _, _, wh, (began, ended) = signed(receipt["record"])
        assert wh == receipt["energy_wh"] == stay["energy_wh"]
        end = int(datetime.fromisoformat(stay["end"]).timestamp())
        minutes = (min(ended, end) - began) // 60
        late = max(ended - end - 600, 0) // 60
        micro = {
            "seeblick": wh * 390_000 // 1000 + late * 100_000,
            "alpenrose": wh * 350_000 // 1000 + minutes * 10_000 + 500_000,
            "gulf-palms": wh * 55 * FILS // 1000 + late * 30 * FILS,
        }[stay["hotel"]]
        assert receipt["token_micro"] == micro, car
        assert sum(line["amount"] for line in receipt["lines"]) == receipt["total"] == receipt["net"] + receipt["vat"]
        paid += 1
    assert paid == 7
    assert [line["line"] for line in receipt_of(told, "car 4")["lines"]] == ["energy", "over-stay"]
    over = next(line for line in receipt_of(told, "car 4")["lines"] if line["line"] == "over-stay")
    assert over["amount"] == 350  # left 45 minutes late: 35 minutes after the grace at 10 cents


def test_every_signed_record_verifies_with_another_library_and_no_other_key(told, stays):
    keys = SeededKeys(SEED)
    members = pq.read_table(told.folder / "market" / "members.parquet").to_pydict()
    account = dict(zip(members["id"], members["account"], strict=True))
    for car, stay in stays.items():
        if not stay["energy_wh"]:
            continue
        payload, der, _, _ = signed(receipt_of(told, car)["record"])
        digest = hashlib.sha256(payload.encode()).digest()
        signature = bytes.fromhex(der)
        size = signature[3]
        r, s = signature[4 : 4 + size], signature[6 + size :]
        compact = r.lstrip(b"\0").rjust(32, b"\0") + s.lstrip(b"\0").rjust(32, b"\0")
        signers = set()
        for v in (0, 1):
            key = PublicKey.from_signature_and_message(compact + bytes([v]), digest, hasher=None)
            signers.add(keccak_256(key.format(compressed=False)[1:]).digest()[12:])
        # Where the hotel is in the market, the device that the register binds to the account signs for the driver too.
        point = stay["point"]
        assert keys.address(f"meter {account[point]}" if point in account else point) in signers, car


def test_the_charge_points_are_members_and_their_bills_prove(told, stays, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["sunfair", "audit", str(told.folder / "market")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "holds" in capsys.readouterr().out
    members = pq.read_table(told.folder / "market" / "members.parquet").to_pydict()
    account = dict(zip(members["id"], members["account"], strict=True))
    rows = pq.read_table(told.folder / "market" / "rows.parquet").to_pydict()
    metered = {}
    for who, wh in zip(rows["account"], rows["metered_wh"], strict=True):
        metered[who] = metered.get(who, 0) + wh
    for point in ("DE*SUN*E1", "DE*SUN*E2", "AT*SUN*E2"):
        charged = sum(stay["energy_wh"] for stay in stays.values() if stay["point"] == point)
        assert metered[account[point]] == pytest.approx(charged, abs=len(stays))  # whole Wh a reading
    for stay in stays.values():
        if stay["supply"]:
            parts = stay["supply"]
            assert parts["roof_wh"] >= 0 and parts["neighbours_wh"] >= 0
            assert parts["roof_wh"] + parts["neighbours_wh"] + parts["grid_wh"] == pytest.approx(
                stay["energy_wh"], abs=2
            )
    assert sum(stay["supply"]["roof_wh"] for stay in stays.values() if stay["supply"]) > 0


def test_what_roaming_partners_pull_is_ocpi(told, stays):
    kinds = {"locations": ocpi.Location, "tariffs": ocpi.Tariff, "sessions": ocpi.Session, "cdrs": ocpi.Cdr}
    sizes = {}
    for name, kind in kinds.items():
        objects = json.loads((told.folder / "ocpi" / f"{name}.json").read_text())
        for each in objects:
            kind.from_dict(each)
        sizes[name] = len(objects)
    assert sizes["locations"] == sizes["tariffs"] == 3
    assert sizes["cdrs"] == sum(stay["energy_wh"] > 0 for stay in stays.values())


def test_the_page_and_the_papers_are_there(told):
    page = (told.folder / "report.html").read_text()
    assert (
        "repaid" in page and "payoff about" in page and "Every deposit, fee and kilowatt-hour is accounted for." in page
    )
    assert "http" not in page.replace("http://www.w3.org", "")
    for paper in (told.folder / "receipts").glob("*.pdf"):
        assert paper.read_bytes().startswith(b"%PDF-")


def test_charge_points_can_follow_what_the_market_found(told, database, monkeypatch, capsys):
    """The run's figures as a site's outlook: the roof beyond the hotel's own use, and the slot's price, by hand."""
    monkeypatch.setenv("DATABASE_URL", database.url.render_as_string(hide_password=False).replace("+psycopg", ""))
    market = told.folder / "market"

    def outlook(*words):
        monkeypatch.setattr("sys.argv", ["sunfair", "csms", "outlook", "hotel", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().err

    begin = datetime(2027, 6, 1, tzinfo=UTC)
    assert outlook("--run", market, "--account", "seeblick", "--begin", begin.isoformat())[0] == 0
    with ChargingRepository(database).open_book() as book:
        kept = book.outlook("hotel", begin, begin + timedelta(days=2))
    slots = pq.read_table(market / "slots.parquet").to_pylist()
    members = {row["id"]: row["account"] for row in pq.read_table(market / "members.parquet").to_pylist()}
    roof = {
        row["slot"]: row["pv_wh"] - row["load_wh"]
        for row in pq.read_table(market / "plans.parquet").to_pylist()
        if row["account"] == members["seeblick"]
    }
    assert len(kept) == len(slots) == 96
    assert [each.begin for each in kept] == [begin + timedelta(minutes=15 * at) for at in range(96)]
    assert [each.surplus_w for each in kept] == [4 * max(roof[slot["slot"]], 0) for slot in slots]
    assert max(each.surplus_w for each in kept) > 0
    assert len({each.price for each in kept}) > 1
    for each, slot in zip(kept, slots, strict=True):
        found = [price for price in (slot["price_ahead"], slot["price_pool"]) if price is not None]
        assert each.price == (found or [slot["retail"]])[0]
    for words, why in (
        (("--run", market, "--account", "nobody"), "no such member"),
        (("--run", market), "stand together"),
        ((), "name a CSV file or a run's folder"),
        (("--run", told.folder, "--account", "seeblick"), "is absent"),
    ):
        code, err = outlook(*words)
        assert (code, why in err) == (2, True), err
