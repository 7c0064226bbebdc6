"""Every transition of a switch, by the rules of the Central Switching Service and England's calendar."""

import sys
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from dataclasses import replace

from switching_world import LONDON, NEW, OLD, THIRD, Street, name, owner, point, request, utc

from sunfair.errors import InputError
from sunfair.registry.switching import (
    ChangeReading,
    Compensation,
    Sector,
    SwitchKind,
    SwitchRefused,
    SwitchRules,
    compensation,
)

MONDAY = "2026-06-08T10:00"


def test_the_way_of_a_switch_instant_by_instant() -> None:
    street = Street()
    (switch,) = street.submit(MONDAY, request(0, "2026-06-15"))
    assert street.state(switch) == "VALIDATED"
    assert switch.objection_ends == utc("2026-06-09T16:00")  # 17:00 BST on the next working day
    assert street.state(switch, "2026-06-09T15:59:59") == "VALIDATED"
    assert street.state(switch, "2026-06-09T16:00") == "CONFIRMED"
    assert street.state(switch, "2026-06-14T15:59:59") == "CONFIRMED"
    assert street.state(switch, "2026-06-14T16:00") == "SECURED"
    assert street.state(switch, "2026-06-14T22:59:59") == "SECURED"
    assert street.state(switch, "2026-06-14T23:00") == "ACTIVE"  # midnight in London
    assert street.supplier(0, "2026-06-14T22:59:59") == OLD
    assert street.supplier(0, "2026-06-14T23:00") == NEW
    told = [(notice.number, notice.state.name, notice.recipients) for notice in street.board.notices]
    parties = (NEW, OLD, owner(0))
    states = ("VALIDATED", "CONFIRMED", "SECURED", "ACTIVE")
    assert told == [(number, state, parties) for number, state in enumerate(states)]


@pytest.mark.parametrize(
    ("now", "sector", "ends"),
    [
        ("2026-04-02T12:00", Sector.DOMESTIC, "2026-04-07T16:00"),  # over Easter
        ("2026-04-02T12:00", Sector.BUSINESS, "2026-04-08T16:00"),
        ("2026-12-24T09:00", Sector.DOMESTIC, "2026-12-29T17:00"),  # over Christmas
        ("2026-12-24T09:00", Sector.BUSINESS, "2026-12-30T17:00"),
        ("2026-03-27T12:00", Sector.DOMESTIC, "2026-03-30T16:00"),  # over the night the clocks go forward
        ("2026-10-23T12:00", Sector.DOMESTIC, "2026-10-26T17:00"),  # and back
        ("2026-06-13T23:30", Sector.DOMESTIC, "2026-06-15T16:00"),  # Sunday in London already
    ],
)
def test_the_window_is_that_of_the_sector_the_register_holds(now: str, sector: Sector, ends: str) -> None:
    street = Street(made=[point(0, sector=sector)])
    (switch,) = street.submit(now, request(0, utc(now).date() + timedelta(days=14)))
    assert switch.objection_ends == utc(ends)
    street.board.advance(utc(ends) - timedelta(seconds=1))
    street.board.object_to(switch.id, OLD, utc(ends) - timedelta(seconds=1))
    assert street.state(switch) == "OBJECTED"


@pytest.mark.parametrize(
    ("start", "now", "why"),
    [
        ("2026-06-08", MONDAY, "1 … 28 days"),
        ("2026-07-07", MONDAY, "1 … 28 days"),
        ("2026-06-09", MONDAY, "objection window does not end"),
        ("2026-06-09", "2026-06-08T16:00", "gate for 2026-06-09 is closed"),
    ],
)
def test_supply_starts_neither_too_soon_nor_too_late(start: str, now: str, why: str) -> None:
    street = Street()
    (switch,) = street.submit(now, request(0, start))
    assert street.state(switch) == "REJECTED"
    assert any(why in reason for reason in switch.reasons)
    assert [street.state(s) for s in street.submit(now, request(1, "2026-06-10"), request(2, "2026-07-06"))] == [
        "VALIDATED",
        "VALIDATED",
    ]


def test_a_consent_counts_for_one_customer_one_supplier_once() -> None:
    street = Street()
    (forged,) = street.submit(MONDAY, request(0, "2026-06-15"), signer=owner(2))
    (unsigned,) = street.submit(MONDAY, request(0, "2026-06-15", nonce=1), signer=bytes(20))
    for switch in (forged, unsigned):
        assert street.state(switch) == "REJECTED"
        assert switch.reasons == ("the consent is not signed by the customer whom the register holds",)
    with pytest.raises(SwitchRefused, match="used before"):
        street.submit(MONDAY, request(0, "2026-06-15"))
    (mine,) = street.submit(MONDAY, request(0, "2026-06-15", nonce=2))
    (rival,) = street.submit(MONDAY, request(0, "2026-06-15", gainer=THIRD))
    assert (street.state(mine), street.state(rival)) == ("VALIDATED", "REJECTED")
    assert rival.reasons == ("another request for the point is open",)
    (stranger,) = street.submit(MONDAY, request(1, "2026-06-15", gainer=b"?" * 20))
    assert "not registered as a supplier" in stranger.reasons[0]
    with pytest.raises(InputError, match="no supplied point"):
        street.submit(MONDAY, request(9, "2026-06-15"), signer=owner(9))


def test_who_ends_a_request_and_until_when() -> None:
    street = Street()
    one, two, three = street.submit(MONDAY, *(request(number, "2026-06-15") for number in range(3)))
    for act, by in ((street.board.object_to, NEW), (street.board.withdraw, OLD)):
        with pytest.raises(SwitchRefused, match="only the"):
            act(one.id, by, utc(MONDAY))
    with pytest.raises(SwitchRefused, match="not signed by the customer"):
        street.board.annul(one.id, OLD, owner(2), utc(MONDAY))
    late = utc("2026-06-09T16:00")
    with pytest.raises(SwitchRefused, match="no objection window is open"):
        street.board.object_to(one.id, OLD, late)
    street.board.withdraw(one.id, NEW, late)
    street.board.annul(two.id, OLD, owner(1), late)
    assert (street.state(one), street.state(two)) == ("WITHDRAWN", "ANNULLED")
    gate = utc("2026-06-14T16:00")
    for act in (
        lambda: street.board.withdraw(three.id, NEW, gate),
        lambda: street.board.annul(three.id, OLD, owner(2), gate),
        lambda: street.board.object_to(three.id, OLD, gate),
    ):
        with pytest.raises(SwitchRefused):
            act()
    assert street.state(three) == "SECURED"
    assert street.state(three, "2026-07-01T00:00") == "ACTIVE"
    assert [street.supplier(at, "2026-07-01T00:00") for at in range(3)] == [OLD, OLD, NEW]
    with pytest.raises(InputError, match="time runs on"):
        street.board.advance(gate)


@pytest.mark.parametrize("end", ["object", "withdraw", "annul", "reject"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_bundle_stands_or_falls_together(end: str, first: int) -> None:
    street = Street()
    days = ("2026-06-15", "2026-06-15")
    signer = owner(0) if end != "reject" else None
    wrong = [replace(request(at, day), gainer=NEW) for at, day in enumerate(days)]
    if end == "reject":
        board = street.board
        signers = [owner(0), owner(0)]
        signers[first] = owner(3)
        pair = board.submit(wrong, signers, utc(MONDAY), bundled=True)
        assert [street.state(each) for each in pair] == ["REJECTED", "REJECTED"]
        assert pair[1 - first].reasons == ("another request of its bundle is rejected",)
    else:
        pair = street.submit(MONDAY, *wrong, bundled=True, signer=signer)
        chosen, other = pair[first], pair[1 - first]
        acts = {
            "object": lambda: street.board.object_to(chosen.id, OLD, utc(MONDAY)),
            "withdraw": lambda: street.board.withdraw(chosen.id, NEW, utc(MONDAY)),
            "annul": lambda: street.board.annul(chosen.id, OLD, owner(0), utc(MONDAY)),
        }
        acts[end]()
        assert street.state(other) == "WITHDRAWN"
    street.board.advance(utc("2026-07-01T00:00"))
    assert [street.supplier(at, "2026-07-01T00:00") for at in (0, 1)] == [OLD, OLD]
    street = Street()
    alone = street.submit(MONDAY, *wrong)
    street.board.object_to(alone[first].id, OLD, utc(MONDAY))
    street.board.advance(utc("2026-07-01T00:00"))
    assert {street.supplier(first, "2026-07-01T00:00"), street.supplier(1 - first, "2026-07-01T00:00")} == {OLD, NEW}


def test_related_points_switch_in_one_bundle() -> None:
    a, b, c = point(0), point(1), point(2)
    a, b = replace(a, related=frozenset({b.id})), replace(b, related=frozenset({a.id}))
    street = Street(made=[a, b, c])
    (alone,) = street.submit(MONDAY, request(0, "2026-06-15"))
    assert alone.reasons == ("the point has related points: they switch in one bundle",)
    torn = street.submit(MONDAY, request(0, "2026-06-15", nonce=1), request(2, "2026-06-16"), bundled=True)
    assert [street.state(each) for each in torn] == ["REJECTED"] * 2
    assert set(torn[1].reasons) == {
        "requests that stand or fall together need one supply start",
        "1 related point(s) must switch in the same bundle",
    }
    both = street.submit(MONDAY, *(request(at, "2026-06-15", nonce=2) for at in (0, 1)), bundled=True)
    assert [street.state(each, "2026-06-15T00:00") for each in both] == ["ACTIVE"] * 2


def test_an_erroneous_transfer_goes_back_without_objection_within_21_working_days() -> None:
    street = Street()
    (wrong,) = street.submit(MONDAY, request(0, "2026-06-15"))
    with pytest.raises(SwitchRefused, match="only an active switch"):
        street.board.report(wrong.id, owner(0), utc(MONDAY))
    (early,) = street.submit("2026-06-16T09:00", request(0, "2026-06-18", gainer=OLD, kind=SwitchKind.RETURN))
    assert early.reasons == ("nobody reported the present supply as an erroneous transfer",)
    with pytest.raises(SwitchRefused, match="only its suppliers and the customer"):
        street.board.report(wrong.id, THIRD, utc("2026-06-16T10:00"))
    street.board.report(wrong.id, owner(0), utc("2026-06-16T10:00"))
    reported = street.board.switches[wrong.id]
    assert reported.return_by == utc("2026-07-15T23:00")  # the end of the 21st working day
    others = [request(0, "2026-06-20", gainer=THIRD, kind=SwitchKind.RETURN, nonce=5)]
    (stranger,) = street.submit("2026-06-17T10:00", *others)
    assert stranger.reasons == ("only the supplier before the erroneous transfer takes the point back",)
    (back,) = street.submit(
        "2026-06-17T10:00", request(0, "2026-06-18", gainer=OLD, kind=SwitchKind.RETURN, nonce=1), signer=bytes(20)
    )
    assert street.state(back) == "CONFIRMED"
    assert street.state(back, "2026-06-17T23:00") == "ACTIVE"
    assert street.state(wrong) == "SUPERSEDED"
    held = [(s.supplier, s.starts, s.ends) for s in street.board.points[name(0)].supplies]
    assert [supplier for supplier, _, _ in held] == [OLD, NEW, OLD]
    assert all(one[2] == two[1] for one, two in pairwise(held))
    done = street.board.switches[wrong.id], street.board.switches[back.id]
    assert [due.amount for due in compensation(*done, utc("2026-07-01T00:00"), Compensation())] == [30_000_000]
    never = compensation(reported, None, utc("2026-08-01T00:00"), Compensation(10, 20))
    assert [(due.supplier, due.amount) for due in never] == [(NEW, 10), (NEW, 20)]
    assert compensation(back, None, utc("2026-08-01T00:00"), Compensation()) == []


def test_a_return_after_the_limit_is_refused() -> None:
    street = Street(rules=SwitchRules(return_working_days=2))
    (wrong,) = street.submit(MONDAY, request(0, "2026-06-15"))
    street.board.report(wrong.id, NEW, utc("2026-06-16T10:00"))
    late, day = "2026-06-18T10:00", date(2026, 6, 20)
    (back,) = street.submit(late, request(0, day, gainer=OLD, kind=SwitchKind.RETURN))
    assert back.reasons == ("an erroneous transfer goes back within 2 working days",)


def test_cooling_off_is_a_new_switch_within_fourteen_days() -> None:
    street = Street()
    (switch,) = street.submit(MONDAY, request(0, "2026-06-15"))
    (before,) = street.submit("2026-06-15T09:00", request(1, "2026-06-20", gainer=THIRD, kind=SwitchKind.COOLING_OFF))
    assert before.reasons == ("no supply began within the last 14 days",)
    late = request(0, "2026-06-30", gainer=OLD, kind=SwitchKind.COOLING_OFF)
    (refused,) = street.submit("2026-06-16T09:00", late)
    assert refused.reasons == ("no supply began within the last 14 days",)
    (back,) = street.submit("2026-06-16T09:00", replace(late, start=date(2026, 6, 29)))
    assert (street.state(back, "2026-06-28T23:00"), street.state(switch)) == ("ACTIVE", "SUPERSEDED")


def test_occupancy_is_what_the_register_holds_not_what_is_claimed() -> None:
    street = Street()
    (claimed,) = street.submit(MONDAY, request(0, "2026-06-12", kind=SwitchKind.OCCUPANCY))
    assert claimed.reasons == ("the register holds no change of occupancy since the present supply began",)
    moved = replace(point(1), owner=b"new home" + bytes(12), owner_since=utc("2026-06-01T00:00"))
    street = Street(made=[moved])
    (switch,) = street.submit(MONDAY, request(1, "2026-06-09", kind=SwitchKind.OCCUPANCY))
    assert street.state(switch) == "CONFIRMED"
    street = Street(made=[moved], rules=SwitchRules(occupancy_may_be_objected=True))
    (switch,) = street.submit(MONDAY, request(1, "2026-06-12", kind=SwitchKind.OCCUPANCY))
    assert street.state(switch) == "VALIDATED"


def test_one_reading_serves_both_bills() -> None:
    street = Street()
    (switch,) = street.submit(MONDAY, request(0, "2026-06-15"))
    reading = ChangeReading(12_345_678, estimated=False)
    with pytest.raises(SwitchRefused, match="only where the supplier changes"):
        street.board.read(switch.id, reading, utc("2026-06-12T00:00"))
    street.board.read(switch.id, reading, utc("2026-06-15T07:00"))
    assert street.board.switches[switch.id].reading == reading
    with pytest.raises(SwitchRefused, match="one read serves both bills"):
        street.board.read(switch.id, ChangeReading(1, estimated=True), utc("2026-06-15T08:00"))
    street = Street()
    (switch,) = street.submit(MONDAY, request(0, "2026-06-15"))
    with pytest.raises(SwitchRefused, match="within 5 days"):
        street.board.read(switch.id, reading, utc("2026-06-20T00:00"))


def test_the_next_thing_that_time_does_is_known() -> None:
    street = Street()
    assert street.board.next_due is None
    street.submit(MONDAY, request(0, "2026-06-15"))
    due: datetime | None = street.board.next_due
    assert due == LONDON.gate(date(2026, 6, 9))
