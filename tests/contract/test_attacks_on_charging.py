"""Attacks on the charging network, each named after what the attacker does; the money stays where it belongs."""

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from charging_records import OCA_KEY, OCA_RECORD
from charging_world import DAY, STAKE, START, Meter, World, refused
from eth_utils import keccak
from vault_world import Refused

from sunfair.chain import recover
from sunfair.charging import (
    BookingState,
    Cut,
    cuts_of,
    form_of,
    key_address,
    pack_cuts,
    parse_ocmf,
    read_by_cuts,
    recoverable,
    tag_hash,
)

S = BookingState
HOUR = 3_600


@pytest.fixture(scope="module")
def made() -> World:
    return World()


@pytest.fixture
def world(made: World) -> Iterator[World]:
    yield made.renew()
    open_deposits = sum(t.deposit for t in getattr(made, "left", []) if 0 < made.state(t) < S.FULFILLED)
    stake = sum(made.network.stake(made.point))
    assert made.held == sum(made.purse(name) for name in made.people) + stake + open_deposits
    made.left = []


def test_two_bookings_of_one_slot_in_one_block(world: World) -> None:
    """The chain orders them; the second is refused whole and keeps its money."""
    mine, yours = world.terms(), world.terms(driver="guest", slots=1)
    before = world.wallet("guest")
    world.book(mine)
    with refused("charging: not free"):
        world.book(yours)
    assert world.wallet("guest") == before
    world.left = [mine]


def test_the_price_changed_between_quote_and_booking(world: World) -> None:
    terms = world.terms()
    signed = world.sign(terms)
    for change in ({"kwh_price": 1}, {"deposit": terms.deposit - 1}, {"compensation": 0}, {"slots": 9}):
        with refused("charging: signature"):
            world.do("driver", "book", replace(terms, **change), signed)
    world.do("host", "set_terms", world.point, world.people["operator"], keccak(b"dearer"))
    with refused("charging: prices changed"):
        world.do("driver", "book", terms, signed)


def test_a_quote_of_another_chain_contract_or_key(world: World) -> None:
    terms = world.terms()
    for forged in (
        world.sign(terms, chain=1),
        world.sign(terms, at=world.reader.address),
        world.sign(terms, "intruder"),
        world.sign(terms)[:64] + b"\x1d",
    ):
        with refused("charging: signature"):
            world.do("driver", "book", terms, forged)
    with refused("charging: not the driver"):
        world.do("guest", "book", terms, world.sign(terms))


def test_a_quote_used_twice(world: World) -> None:
    terms = world.book()
    with refused("charging: booked already"):
        world.book(terms)
    world.do("driver", "cancel", terms)
    with refused("charging: booked already"):
        world.book(terms)


def test_a_replayed_record_of_another_stay(world: World) -> None:
    """The record of this morning does not prove the evening's stay, whatever page the host claimed."""
    morning = world.claimed(9_000, slots=4)
    record = world.meter.record("car", morning.begin, morning.begin + HOUR, 9_000)
    world.now += DAY
    world.do("guest", "poke", morning)
    evening = world.claimed(9_000, first_slot=morning.first_slot + 200)
    world.do("driver", "dispute", evening)
    with refused("charging: time window"):
        world.do("operator", "prove", evening, world.shown(record))
    world.left = [evening]


def test_one_record_for_two_stays_of_one_guest_that_touch(world: World) -> None:
    """A session begins in exactly one of two stays in a row: five minutes before the border it is the second's."""
    first = world.book(slots=4)
    second = world.book(first_slot=first.first_slot + 4, slots=4)
    world.now = first.begin
    world.do("operator", "start", first)
    world.now = first.end + HOUR
    taken = 0
    for began in (first.begin - 300, first.begin, first.end - 301, first.end - 300, first.end):
        proof = world.shown(world.meter.record("car", began, first.end + 60, 100))
        fits = [fit for fit in (first, second) if read(world, fit, proof)]
        assert len(fits) == 1
        taken += fits == [first]
    assert taken == 3
    world.left = [first, second]


def read(world: World, terms: Any, proof: Any) -> bool:
    try:
        world.do("guest", "read", terms, proof)
    except Refused as error:
        return {"charging: time window": False}[str(error)]
    return True


def test_a_later_session_passed_off_as_this_one(world: World) -> None:
    """A stay ended early; the same guest charges again in its old time. That record came after the claim."""
    terms = world.claimed(1_000, minutes=10, page=8)
    world.do("driver", "dispute", terms)
    world.now += 3_000
    later = world.meter.record("car", terms.begin + 1_800, world.now, 6_000, page=8)
    with refused("charging: time window"):
        world.do("operator", "prove", terms, world.shown(later))
    world.left = [terms]


def test_a_fake_record(world: World) -> None:
    """A tampered number, another meter's key, and a signature over something else."""
    terms = world.claimed(9_000)
    good = world.meter.record("car", terms.begin, terms.begin + HOUR, 9_000)
    version, cuts, signature, payload = world.shown(good)
    tampered = payload.replace(b"21.345", b"12.346")
    assert len(tampered) == len(payload)
    with refused("ocmf: signature"):
        world.do("driver", "prove", terms, (version, cuts, signature, tampered))
    other = Meter("M9")
    other.serial = world.meter.serial
    text = other.record("car", terms.begin, terms.begin + HOUR, 1)
    world_key, world.meter = world.meter, other
    forged = world.shown(text)
    world.meter = world_key
    with refused("ocmf: signature"):
        world.do("driver", "prove", terms, forged)
    world.left = [terms]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"tag": "other"}, "charging: tag"),
        ({"page": 8}, "charging: page"),
        ({"began": -HOUR}, "charging: time window"),
        ({"began": 2 * HOUR}, "charging: time window"),
        ({"unit": "Wh"}, "charging: form"),
        ({"status": "F"}, "charging: form"),
        ({"reason": "C"}, "ocmf: not ended"),
        ({"last": "12.344"}, "ocmf: register runs back"),
        ({"last": "99.345"}, "charging: more than rated power"),
    ],
)
def test_a_genuine_record_of_something_else(world: World, said: dict[str, Any], why: str) -> None:
    """Another guest's, another page, a clock an hour off, another unit, a broken meter, a negative register."""
    terms = world.claimed(9_000)
    told = {"tag": "car", "page": 7, "began": 0} | said
    began = terms.begin + told.pop("began")
    world.now += 2 * HOUR
    text = world.meter.record(told.pop("tag"), began, began + HOUR, 9_000, page=told.pop("page"), **told)
    good = parse_ocmf(world.meter.record("car", terms.begin, terms.begin + HOUR, 9_000, page=7))
    payload = text.split("|")[1].encode()
    cuts = found(payload)
    assert len(cuts) == 8
    assert form_of(good.payload, cuts_of(good)) == world.meter.form()
    with refused(why):
        world.do("guest", "prove", terms, world.given(payload, pack_cuts(cuts), world.signed(text)))
    world.left = [terms]


def found(payload: bytes) -> tuple[Cut, ...]:
    """The cuts of a record that no honest program would hand in."""
    pattern = rb'"PG":"T(\d+)".*"ID":"([^"]*)".*?"TM":"([^"]*)".*?"RV":([\d.]+).*?"TM":"([^"]*)","TX":"(.)","RV":([\d.]+).*?\]()'
    match = re.search(pattern, payload, re.DOTALL)
    assert match
    return tuple(Cut(match.start(at), match.end(at) - match.start(at)) for at in range(1, 9))


def test_a_value_slipped_in_beside_the_one_that_is_read(world: World) -> None:
    """Whoever moves a cut changes what stands around it, and that is not the form any more."""
    terms = world.claimed(9_000)
    payload = parse_ocmf(world.meter.record("car", terms.begin, terms.begin + HOUR, 9_000)).payload
    signature = world.signed(world.meter.record("car", terms.begin, terms.begin + HOUR, 9_000))
    cuts = list(found(payload))
    moved = [
        (3, Cut(cuts[3].at + 1, cuts[3].length - 1)),  # 12.345 read as 2.345: ten kWh more
        (6, Cut(cuts[6].at, cuts[6].length - 1)),
        (0, cuts[6]),
        (7, Cut(cuts[7].at - 1, 0)),
        (7, Cut(cuts[7].at, 1)),
    ]
    for at, cut in moved[:4]:
        other = (*cuts[:at], cut, *cuts[at + 1 :])
        with pytest.raises(Refused) as caught:
            world.do("operator", "prove", terms, world.given(payload, pack_cuts(other), signature))
        assert str(caught.value) in ("charging: form", "ocmf: page", "")
    world.left = [terms]


def test_a_tag_that_ends_its_own_field(world: World) -> None:
    """A meter that does not escape would let a driver write its own readings; a quote in a tag is no tag."""
    mean = 'car","RD":[{"TM":"x'
    text = world.meter.record(mean, START, START + 60, 10)
    payload = text.split("|")[1].encode()
    at = payload.index(mean.encode())
    cuts = list(found(payload))
    cuts[1] = Cut(at, len(mean))
    with refused("ocmf: tag"):
        world.reader.read(payload, pack_cuts(tuple(cuts)), world.meter.sign(payload), world.meter.key, 1_000)


def test_the_reader_says_what_its_twin_says(world: World) -> None:
    """Random texts in place of every value: both read the same, or refuse in the same word."""
    chance = random.Random(7)
    texts = {
        "last": ["12.345", " 99.1", "12.", ".5", "1.2345678", "0012.3450", "12.345 ", "1e3", "9999999999999", "x"],
        "first": ["12.345", "0", "12", "  1.5", "12.345678", "1.2.3", "-1"],
        "reason": ["E", "L", "R", "A", "P", "C", "X", "B", "EE", ""],
        "page": ["7", "0", "007", "123456789012345", "1234567890123456", "", "x"],
        "tag": ["car", "", "x" * 32, "x" * 33, "a\\", 'a"', "ü"],
        "time": ["", "2024-02-30T00:00:00,000+0000 S", "2024-02-29T23:59:60,000+0000 S", "2024-02-29T12:00:00,000-0330 U",
                 "2023-02-29T12:00:00,000+0000 S", "2024-12-31T23:59:59,999+1400 R", "2024-13-01T00:00:00,000+0000 S",
                 "2100-02-28T00:00:00,000+0000 I", "2024-01-01 00:00:00,000+0000 S", "1969-12-31T23:00:00,000+0000 S",
                 "1970-01-01T00:00:00,000+0100 S", "2024-01-01T00:00:00,000+0000 X", "2024-01-01T24:00:00,000+0000 S"],
    }  # fmt: skip
    seen = set()
    for _ in range(150):
        chosen = {name: some[0] if chance.random() < 0.7 else chance.choice(some) for name, some in texts.items()}
        tag, page, time = chosen.pop("tag"), chosen.pop("page"), chosen.pop("time")
        text = world.meter.record(tag, START, START + HOUR, 9_000, page=page, **chosen)
        if time:
            text = text.replace("2024-10-04T10:00:00,000+0000 S", time)
        payload = text.split("|")[1].encode()
        cuts = spans(payload, tag)
        seen.add(alike(world, payload, cuts))
    words = {
        "ocmf: page",
        "ocmf: tag",
        "ocmf: time",
        "ocmf: register",
        "ocmf: not ended",
        "ocmf: register runs back",
        "read",
    }
    assert seen >= words


def spans(payload: bytes, tag: str) -> tuple[Cut, ...]:
    """Where the values stand, whatever they are."""
    found_at, cuts = 0, []
    for key, end in [('"PG":"T', '"'), ('"ID":"', '","CT'), ('"TM":"', '"'), ('"RV":', ","), ('"TM":"', '"'), ('"TX":"', '","'),
                     ('"RV":', ",")]:  # fmt: skip
        at = payload.index(key.encode(), found_at) + len(key)
        found_at = payload.index(end.encode(), at)
        cuts.append(Cut(at, found_at - at))
    return (*cuts, Cut(payload.index(b"]", found_at) + 1, 0))


def alike(world: World, payload: bytes, cuts: tuple[Cut, ...]) -> str:
    signature = world.meter.sign(payload)
    try:
        told = read_by_cuts(payload, cuts, 1_000)
    except ValueError as error:
        with refused(str(error)):
            world.reader.read(payload, pack_cuts(cuts), signature, world.meter.key, 1_000)
        return str(error)
    shown = world.reader.read(payload, pack_cuts(cuts), signature, world.meter.key, 1_000)
    assert shown == (form_of(payload, cuts), told.page, keccak(told.tag), *told.usage)
    return "read"


def test_the_host_claims_a_stay_that_never_was(world: World) -> None:
    """It can claim; it cannot show, and pays for it."""
    terms = world.claimed(20_000)
    world.do("driver", "dispute", terms)
    own = world.meter.record("host", terms.begin, terms.begin + HOUR, 20_000)
    with refused("charging: tag"):
        world.do("host", "prove", terms, world.shown(own))
    world.now += 3 * DAY
    world.do("driver", "poke", terms)
    assert world.purse("driver") == terms.deposit + terms.compensation
    assert world.purse("host") == 0


def test_a_reading_beyond_rated_power_or_out_of_the_stay_is_no_claim(world: World) -> None:
    terms = world.charging()
    world.now = terms.begin + HOUR
    with refused("charging: more than rated power"):
        world.do("operator", "stop", terms, 24_700, terms.begin, world.now, 7)
    with refused("charging: time window"):
        world.do("operator", "stop", terms, 1, terms.begin - 301, world.now, 7)
    with refused("charging: time window"):
        world.do("operator", "stop", terms, 1, terms.end - 300, world.now, 7)
    with refused("charging: reading out of range"):
        world.do("operator", "stop", terms, 1, terms.begin, world.now + 1, 7)
    world.left = [terms]


def test_a_stranger_moves_nothing(world: World) -> None:
    asked, booked = world.terms(), world.terms(first_slot=START // 900 + 60)
    world.do("driver", "book", asked, b"")
    world.book(booked)
    for function in ("confirm", "reject"):
        with refused("charging: not the host"):
            world.do("intruder", function, asked)
    with refused("charging: not the host"):
        world.do("intruder", "cancel", booked)
    world.now = booked.begin
    with refused("charging: not the driver"):
        world.do("intruder", "claim_offline", booked)
    with refused("charging: not the host"):
        world.do("intruder", "start", booked)
    world.do("operator", "start", booked)
    with refused("charging: not the host"):
        world.do("intruder", "stop", booked, 1, booked.begin, world.now, 7)
    world.do("operator", "stop", booked, 1, booked.begin, world.now, 7)
    with refused("charging: not the driver"):
        world.do("intruder", "dispute", booked)
    with refused("charging: not in this state"):
        world.do("intruder", "poke", replace(booked, deposit=1))
    world.left = [asked, booked]


def test_the_stake_is_taken_away_under_a_booking(world: World) -> None:
    terms = world.book()
    with refused("charging: stake is bound"):
        world.do("host", "take_stake", world.point, STAKE)
    world.do("host", "take_stake", world.point, STAKE - terms.compensation)
    with refused("charging: stake too small"):
        world.book(driver="guest", first_slot=terms.first_slot + 20)
    world.do("host", "cancel", terms)
    assert world.purse("driver") == terms.deposit + terms.compensation


def test_a_charge_point_of_somebody_elses_name(world: World) -> None:
    """A charge point's name belongs to its host: who registers the same has another charge point."""
    document = world.document
    with refused("charging: registered already"):
        world.do("host", "register", keccak(b"one"), 22_000, world.people["operator"], document)
    other = world.do("intruder", "register", keccak(b"one"), 22_000, world.people["intruder"], document)
    assert other != world.point


def test_a_meter_vouched_for_twice(world: World) -> None:
    """A financed charger cannot be registered anew to escape its financier: its meter has one charge point."""
    other = world.register("two")
    with refused("charging: key in use"):
        world.set_meter(world.meter, other, world.now + 1)


def test_a_token_that_calls_back_keeps_a_fee_or_refuses() -> None:
    world = World("HostileToken")
    terms = world.terms()
    data = world.network.data("withdraw", world.people["driver"])
    world.token.set_callback(world.network.address, data, False)
    world.book(terms)
    assert world.token.calls() == 1
    assert world.token.answers() == 0
    world.token.set_callback(world.network.address, data, True)
    with pytest.raises(Refused):
        world.book(driver="guest", first_slot=terms.first_slot + 20)
    world.token.set_callback(bytes(20), b"", False)
    world.token.set_fee(1, 0)
    with refused("charging: token moved another amount"):
        world.book(driver="guest", first_slot=terms.first_slot + 20)
    world.token.set_fee(0, 0)
    world.do("driver", "cancel", terms)
    world.token.set_fee(0, 1)
    with refused("charging: token moved another amount"):
        world.do("guest", "withdraw", world.people["driver"])
    world.token.set_fee(0, 0)
    assert world.do("guest", "withdraw", world.people["driver"]) == terms.deposit


def test_a_published_record_of_a_real_meter_reads_on_chain(world: World) -> None:
    """The Open Charge Alliance's example of signed meter values: a DZG meter's record, its published key."""
    record, key = parse_ocmf(OCA_RECORD), key_address(OCA_KEY)
    signature = recoverable(record.payload, record.signature, recover, key)
    assert signature is not None
    cuts = cuts_of(record)
    shown = world.reader.read(record.payload, pack_cuts(cuts), signature, key, 1_000)
    assert shown[1:] == (96, tag_hash("HRWWBX8"), 636, 1_684_504_359, 1_684_504_438)
    tampered = record.payload.replace(b'"0.636"', b'"0.637"')
    with refused("ocmf: signature"):
        world.reader.read(tampered, pack_cuts(cuts), signature, key, 1_000)
