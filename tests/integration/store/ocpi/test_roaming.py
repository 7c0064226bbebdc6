"""A roaming partner registers, pulls everything, leaves; and strangers, thieves and slips of the pen are refused."""

import urllib.request

import ocpi_types.v2_2_1 as ocpi
import pytest
from sqlalchemy import text

from sunfair.charging import BookingState

WHO = {
    "token": "theirs",
    "url": "https://roamer.example/ocpi/versions",
    "roles": [{"role": "EMSP", "country_code": "NL", "party_id": "ROA", "business_details": {"name": "Roamer"}}],
}


def join(caller):
    status, reply, _ = caller("2.2.1/credentials", method="POST", body=WHO, token="first")
    assert status == 200
    caller.token = reply["data"]["token"]
    return reply["data"]


def test_a_partner_finds_its_way_from_the_versions_to_every_object(caller, shelf, record):
    """Only the address of the versions is known beforehand, as 6.1 has it."""
    shelf.kept = [record(), record(id="c" * 32, state=BookingState.CHARGING, end=None, costs=None)]
    _, versions, _ = caller("versions", token="first")
    (version,) = [v for v in versions["data"] if v["version"] == "2.2.1"]
    _, details, _ = caller(version["url"], token="first")
    ocpi.VersionDetails.from_dict(details["data"])
    ends = {e["identifier"]: e["url"] for e in details["data"]["endpoints"]}
    ocpi.Credentials.from_dict(join(caller))
    kinds = {"locations": ocpi.Location, "tariffs": ocpi.Tariff, "sessions": ocpi.Session, "cdrs": ocpi.Cdr}
    sizes = {}
    for name, kind in kinds.items():
        status, reply, _ = caller(ends[name])
        assert (status, reply["status_code"]) == (200, 1000)
        for each in reply["data"]:
            assert kind.from_dict(each).to_dict() == each
        sizes[name] = len(reply["data"])
    assert sizes == {"locations": 5, "tariffs": 1, "sessions": 2, "cdrs": 1}


def test_numbers_arrive_digit_by_digit(caller, shelf, record):
    shelf.kept = [record()]
    join(caller)
    request = urllib.request.Request(
        f"{caller.base}/ocpi/2.2.1/cdrs", headers={"Authorization": f"Token {caller.token}"}
    )
    with urllib.request.urlopen(request, timeout=120) as reply:
        text = reply.read().decode()
    assert '"total_energy":18.004' in text
    assert '"incl_vat":9.92' in text


def test_pages_lead_through_the_whole_list_once(caller):
    join(caller)
    seen, url = [], "2.2.1/locations?limit=2"
    while url:
        _, reply, headers = caller(url)
        assert headers["X-Total-Count"] == "5"
        seen += [each["id"] for each in reply["data"]]
        link = headers.get("Link")
        url = link[link.index("<") + 1 : link.index(">")] if link else None
    assert seen == [f"h{at}" for at in range(5)]
    _, reply, _ = caller("2.2.1/locations?date_from=2027-01-15T08:00:02Z&date_to=2027-01-15T08:00:04Z")
    assert [each["id"] for each in reply["data"]] == ["h2", "h3"]


def test_one_object_by_its_id(caller):
    join(caller)
    assert caller("2.2.1/locations/h3")[1]["data"]["name"] == "Hotel 3"
    assert caller("2.2.1/locations/h3/E3")[1]["data"]["uid"] == "E3"
    assert caller("2.2.1/locations/h3/E3/1")[1]["data"]["standard"] == "IEC_62196_T2"
    for gone in ("h9", "h3/E9", "h3/E3/2"):
        status, reply, _ = caller(f"2.2.1/locations/{gone}")
        assert (status, reply["status_code"]) == (404, 2003)


@pytest.mark.parametrize(
    "path",
    ["versions", "2.2.1", "2.2.1/credentials", "2.2.1/locations", "2.2.1/tariffs", "2.2.1/sessions", "2.2.1/cdrs"],
)
def test_attack_a_stranger_reads_nothing(caller, path):
    for token, plain in ((None, False), ("", False), ("guessed", False), ("guessed", True), ("first ", True)):
        status, reply, _ = caller(path, token=token, plain=plain)
        if token == "first " and path in ("versions", "2.2.1"):
            continue  # blanks around a token are none of it: this is the invitation, good for the way in
        assert status == 401
        assert reply["status_code"] == 2001
        assert "data" not in reply


def test_attack_an_invitation_serves_once_and_reads_nothing(caller):
    assert caller("2.2.1/locations", token="first")[0] == 401
    join(caller)
    assert caller("2.2.1/credentials", method="POST", body=WHO, token="first")[0] == 401
    assert caller("2.2.1/locations")[0] == 200


def test_a_token_is_renewed_and_the_old_one_is_worth_nothing(caller):
    old = join(caller)["token"]
    assert caller("2.2.1/credentials", method="POST", body=WHO)[0] == 405
    status, reply, _ = caller("2.2.1/credentials", method="PUT", body=WHO)
    assert status == 200
    caller.token = reply["data"]["token"]
    assert caller("2.2.1/tariffs", token=old)[0] == 401
    assert caller("2.2.1/tariffs")[0] == 200
    assert caller("2.2.1/credentials", method="DELETE")[0] == 200
    assert caller("2.2.1/tariffs")[0] == 401


def test_a_plain_token_is_taken_too(caller):
    """Partners of 2.1.1 habits send it without Base64."""
    join(caller)
    assert caller("2.2.1/tariffs", plain=True)[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        {},
        WHO | {"roles": []},
        WHO | {"url": "ftp://x"},
        WHO | {"token": ""},
        WHO | {"token": "x" * 65},
    ],
    ids=["cut off", "list", "null", "empty", "no role", "no http", "no token", "long token"],
)
def test_credentials_that_are_none_are_refused_and_use_nothing_up(caller, body):
    status, reply, _ = caller("2.2.1/credentials", method="POST", body=body, token="first")
    assert (status, reply["status_code"]) == (400, 2001)
    join(caller)


@pytest.mark.parametrize("query", ["offset=-1", "limit=0", "limit=x", "date_from=yesterday"])
def test_a_page_that_cannot_be_is_refused(caller, query):
    join(caller)
    assert caller(f"2.2.1/locations?{query}")[1]["status_code"] == 2001


def test_other_paths_and_methods_are_refused_in_the_same_envelope(caller):
    join(caller)
    assert caller("2.2.1/tokens")[0] == 404
    status, reply, _ = caller("2.2.1/locations", method="POST", body={})
    assert (status, reply["status_code"]) == (405, 2000)


def test_no_token_of_ours_stands_in_the_database(caller, database):
    token = join(caller)["token"]
    with database.connect() as connection:
        rows = connection.execute(text("SELECT * FROM roaming_partners")).all()
    assert len(rows) == 1
    assert token not in str(rows)
