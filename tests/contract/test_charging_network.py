"""The charging network's contract: every way a booking can end, who may do what, and its twin in Python beside it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from charging_world import DAY, RATED_W, STAKE, START, WALLET, Meter, World, refused

from sunfair.chain import recover
from sunfair.charging import (
    BookingState,
    Expected,
    Quote,
    Stay,
    Usage,
    check_quote,
    check_session,
    ending,
    falls_to,
    fee_of,
    hold_until,
    parse_ocmf,
)

S = BookingState
HOUR = 3_600


@pytest.fixture(scope="module")
def made() -> World:
    return World()


@pytest.fixture
def world(made: World) -> Iterator[World]:
    yield made.renew()
    assert made.held == sum(made.purse(name) for name in made.people) + open_money(made)


def open_money(world: World) -> int:
    """Stakes and what is still open, by the terms the test left behind."""
    free, bound = world.network.stake(world.point)
    left = getattr(world, "left", [])
    return int(free) + int(bound) + sum(terms.deposit for terms in left if 0 < world.state(terms) < S.FULFILLED)


def paid(world: World, terms: Any, state: BookingState, **told: Any) -> None:
    """The booking is in this end, and everybody has what the twin says."""
    payout = ending(terms, state, **told)
    assert world.state(terms) == state
    assert (world.purse("driver"), world.purse("host")) == payout[:2]
    free, bound = world.network.stake(world.point)
    assert (free, bound) == (STAKE - payout.from_stake, 0)
    assert not any(world.network.day(world.point, day)[0] for day in (terms.begin // DAY, terms.end // DAY))


def test_a_quote_reserves_at_once_and_locks_deposit_and_stake(world: World) -> None:
    terms = world.terms()
    quote = Quote(terms, world.sign(terms))
    check_quote(
        quote,
        operator=world.people["operator"],
        chain_id=31337,
        contract=world.network.address,
        now=world.now,
        recover=recover,
    )
    world.book(terms)
    world.left = [terms]
    assert world.network.stay(terms.id) == (S.RESERVED, START, 0, 0, 0, False)
    assert world.wallet("driver") == WALLET - terms.deposit
    assert world.network.stake(world.point) == (STAKE - terms.compensation, terms.compensation)


def test_a_request_holds_no_slot_until_it_is_confirmed(world: World) -> None:
    asked, other = world.terms(), world.terms(driver="guest")
    world.do("driver", "book", asked, b"")
    assert world.state(asked) == S.PENDING
    world.book(other)
    with refused("charging: not free"):
        world.do("operator", "confirm", asked)
    world.do("operator", "reject", asked)
    assert world.state(asked) == S.REJECTED
    assert world.purse("driver") == asked.deposit
    world.left = [other]


def test_a_request_nobody_answers_is_rejected_by_anybody(world: World) -> None:
    terms = world.terms()
    world.do("driver", "book", terms, b"")
    world.now += 899
    with refused("charging: not yet"):
        world.do("intruder", "poke", terms)
    world.now += 1
    with refused("charging: too late"):
        world.do("operator", "confirm", terms)
    world.do("intruder", "poke", terms)
    paid(world, terms, S.REJECTED)


@pytest.mark.parametrize("late", [False, True])
def test_the_driver_cancels(world: World, late: bool) -> None:
    terms = world.book()
    world.now = terms.free_until - 1 + late
    world.do("driver", "cancel", terms)
    paid(world, terms, S.CANCELED_DRIVER, now=world.now, was=S.RESERVED)
    assert world.purse("host") == terms.no_show_fee * late


def test_the_host_cancels_and_its_stake_pays(world: World) -> None:
    terms = world.book()
    world.do("host", "cancel", terms)
    paid(world, terms, S.CANCELED_HOST)
    assert world.purse("driver") == terms.deposit + terms.compensation


def test_nobody_comes(world: World) -> None:
    terms = world.book()
    world.now = terms.begin + 1_799
    with refused("charging: not yet"):
        world.do("intruder", "poke", terms)
    world.now += 1
    with refused("charging: too late"):
        world.do("operator", "start", terms)
    world.do("intruder", "poke", terms)
    paid(world, terms, S.NO_SHOW)


def test_a_late_guest_is_waited_for_once_more(world: World) -> None:
    terms = world.book()
    world.do("driver", "extend", terms)
    assert hold_until(Stay(S.RESERVED, START, terms.begin, terms.end + 1_800, True)) == terms.begin + 3_600
    with refused("charging: extended already"):
        world.do("driver", "extend", terms)
    with refused("charging: not free"):
        world.book(driver="guest", first_slot=terms.first_slot + terms.slots + 1)
    world.now = terms.begin + 3_599
    world.do("operator", "start", terms)
    world.now = terms.end + 1_800
    usage = Usage(10_000, terms.begin + 3_599, world.now)
    world.do("operator", "stop", terms, *usage, 7)
    world.now += DAY
    world.do("intruder", "poke", terms)
    paid(world, terms, S.FULFILLED, claimed=fee_of(terms, usage, extended=True).total)


def test_a_late_guest_cannot_take_what_somebody_else_booked(world: World) -> None:
    terms = world.book()
    other = world.book(driver="guest", first_slot=terms.first_slot + terms.slots)
    with refused("charging: not free"):
        world.do("driver", "extend", terms)
    world.left = [terms, other]


def test_a_reading_nobody_disputes_is_paid(world: World) -> None:
    terms = world.claimed(10_000)
    fee = 4_000_000 + 500_000 + 60 * 10_000
    assert world.network.stay(terms.id) == (S.CHALLENGE, world.now, fee, 10_000, 7, False)
    world.now += DAY
    world.do("intruder", "poke", terms)
    paid(world, terms, S.FULFILLED, claimed=fee)
    assert world.network.purse(world.people["host"])[1:] == (fee, 10_000)
    assert world.do("intruder", "withdraw", world.people["driver"]) == terms.deposit - fee
    assert world.wallet("driver") == WALLET - fee


def test_what_is_left_of_the_stay_is_free_again(world: World) -> None:
    terms = world.claimed(minutes=30)
    other = world.book(driver="guest", first_slot=terms.first_slot + 3, slots=5)
    world.left = [terms, other]


def test_a_false_reading_is_corrected_by_the_signed_record_and_costs_the_host(world: World) -> None:
    terms = world.claimed(12_000)
    world.do("driver", "dispute", terms)
    record = world.meter.record("car", terms.begin, terms.begin + HOUR, 9_000)
    world.do("guest", "prove", terms, world.shown(record))
    fee = fee_of(terms, Usage(9_000, terms.begin, terms.begin + HOUR)).total
    paid(world, terms, S.RESOLVED, was=S.DISPUTED, claimed=4_800_000 + 500_000 + 600_000, proven=fee)
    assert world.purse("driver") == terms.deposit - fee + terms.compensation


def test_who_disputes_a_true_reading_pays_for_it(world: World) -> None:
    terms = world.claimed(9_000)
    world.do("driver", "dispute", terms)
    record = world.meter.record("car", terms.begin, terms.begin + HOUR, 9_000)
    world.do("operator", "prove", terms, world.shown(record))
    fee = fee_of(terms, Usage(9_000, terms.begin, terms.begin + HOUR)).total
    paid(world, terms, S.RESOLVED, was=S.DISPUTED, claimed=fee, proven=fee)
    assert world.purse("host") == fee + terms.no_show_fee


def test_a_disputed_reading_nobody_shows_costs_nothing(world: World) -> None:
    terms = world.claimed()
    world.do("driver", "dispute", terms)
    world.now += 3 * DAY
    world.do("intruder", "poke", terms)
    paid(world, terms, S.RESOLVED)
    assert world.purse("driver") == terms.deposit + terms.compensation


def test_a_record_that_comes_late_settles_and_after_72_hours_none_does(world: World) -> None:
    terms = world.charging()
    record = world.meter.record("car", terms.begin, terms.begin + HOUR, 9_000)
    world.now = terms.end + 3 * DAY - 1
    with refused("charging: not the host"):
        world.do("driver", "prove", terms, world.shown(record))
    snapshot = world.chain.evm.snapshot()
    world.do("operator", "prove", terms, world.shown(record))
    fee = fee_of(terms, Usage(9_000, terms.begin, terms.begin + HOUR)).total
    paid(world, terms, S.RESOLVED, was=S.CHARGING, proven=fee)
    world.chain.evm.revert(snapshot)
    world.now = terms.end + 3 * DAY
    with refused("charging: too late"):
        world.do("operator", "prove", terms, world.shown(record))
    world.do("intruder", "poke", terms)
    paid(world, terms, S.CANCELED_OFFLINE)


def test_a_dead_charge_point_pays_back_without_the_central_system(world: World) -> None:
    terms = world.book()
    with refused("charging: too early"):
        world.do("driver", "claim_offline", terms)
    world.now = terms.begin + 600
    world.do("driver", "claim_offline", terms)
    world.now += DAY
    world.do("intruder", "poke", terms)
    paid(world, terms, S.CANCELED_OFFLINE)


def test_a_charge_point_that_worked_refutes_it(world: World) -> None:
    terms = world.book()
    world.now = terms.begin + 600
    world.do("driver", "claim_offline", terms)
    world.now += 1_000
    late = world.meter.record("host's own", terms.begin + 600 + 901, world.now + 60, 100)
    with refused("charging: time window"):
        world.do("operator", "refute_offline", terms, world.shown(late))
    other = world.meter.record("host's own", terms.begin + 600 + 900, world.now + 60, 100)
    world.do("operator", "refute_offline", terms, world.shown(other))
    paid(world, terms, S.NO_SHOW)


def test_a_dead_charge_point_that_served_the_driver_itself_is_paid(world: World) -> None:
    terms = world.book()
    world.now = terms.begin + 600
    world.do("driver", "claim_offline", terms)
    world.now += HOUR
    own = world.meter.record("car", terms.begin + 60, world.now, 5_000)
    world.do("intruder", "refute_offline", terms, world.shown(own))
    paid(world, terms, S.RESOLVED, proven=fee_of(terms, Usage(5_000, terms.begin + 60, world.now)).total)


def test_no_energy_costs_nothing_and_over_stay_costs_idle_but_for_the_night(world: World) -> None:
    nothing = world.claimed(0)
    assert world.network.stay(nothing.id)[2] == 0
    world.renew()
    terms = world.charging()
    world.now = terms.end + 600 + 20 * 60
    usage = Usage(0, terms.begin, world.now)
    world.do("operator", "stop", terms, *usage, 7)
    assert world.network.stay(terms.id)[2] == fee_of(terms, usage).total == 20 * terms.idle_price
    world.renew()
    end = (START + 7_200) // 900 * 900 + 8 * 900
    quiet = world.charging(quiet_from=end + 900, quiet_to=end + DAY)
    world.now = quiet.end + 600 + 20 * 60
    world.do("operator", "stop", quiet, *usage, 7)
    assert world.network.stay(quiet.id)[2] == fee_of(quiet, usage).total == 5 * quiet.idle_price
    world.left = [quiet]


def test_fees_are_the_twins_and_never_above_the_deposit(world: World) -> None:
    terms = world.charging()
    snapshot = world.chain.evm.snapshot()
    for minutes, wh in [(0, 1), (1, 366), (59, 21_999), (119, 47_000), (120, 1), (135, 7_777), (3_000, 900_000)]:
        world.now = terms.begin + minutes * 60 + 59
        usage = Usage(wh, terms.begin + 59, world.now)
        world.do("operator", "stop", terms, *usage, 1)
        fee = fee_of(terms, usage)
        assert world.network.stay(terms.id)[2] == fee.total <= terms.deposit
        assert fee.total == min(fee.full, terms.deposit)
        world.chain.evm.revert(snapshot)
        snapshot = world.chain.evm.snapshot()
    world.left = [terms]


def test_time_ends_what_the_twin_says(world: World) -> None:
    """For every state that waits: in the last second nothing, in the next its end, on chain and off."""
    terms = world.book()
    world.now = terms.begin
    world.do("operator", "start", terms)
    states = [(S.CHARGING, terms.end + 3 * DAY, S.CANCELED_OFFLINE)]
    for state, due, end in states:
        told = Stay(state, terms.begin, terms.begin, terms.end)
        assert falls_to(told, due - 1) is None
        assert falls_to(told, due) is end
        world.now = due - 1
        with refused("charging: not yet"):
            world.do("guest", "poke", terms)
        world.now = due
        world.do("guest", "poke", terms)
        assert world.state(terms) == end


def test_midnight_and_the_night_of_a_jump_are_slots_like_any_other(world: World) -> None:
    night = (START // DAY + 1) * DAY // 900 - 8
    terms = world.book(first_slot=night, slots=36)
    first, second = (world.network.day(world.point, START // DAY + at)[0] for at in (0, 1))
    assert first == 0xFF << 88
    assert second == (1 << 28) - 1
    with refused("charging: not free"):
        world.book(driver="guest", first_slot=night + 35)
    other = world.book(driver="guest", first_slot=night + 36)
    world.left = [terms, other]


def test_the_host_keeps_slots_out(world: World) -> None:
    terms = world.book()
    with refused("charging: not free"):
        world.do("host", "keep_out", world.point, terms.first_slot - 1, 2, True)
    world.do("operator", "keep_out", world.point, terms.end // 900, 96, True)
    with refused("charging: not free"):
        world.book(driver="guest", first_slot=terms.end // 900 + 95)
    world.do("operator", "keep_out", world.point, terms.end // 900, 96, False)
    other = world.book(driver="guest", first_slot=terms.end // 900 + 95)
    assert world.network.day(world.point, terms.begin // DAY)[1] == 0
    world.left = [terms, other]


def test_an_old_session_is_proven_by_the_key_of_its_time(world: World) -> None:
    terms = world.claimed(12_000)
    new = Meter("M2")
    world.now += 60
    world.set_meter(new, world.point)
    record = world.meter.record("car", terms.begin, terms.begin + HOUR, 9_000)
    young = world.shown(record, 0)
    snapshot = world.chain.evm.snapshot()
    world.do("driver", "prove", terms, young)
    assert world.state(terms) == S.RESOLVED
    world.chain.evm.revert(snapshot)
    old, world.meter = world.meter, new
    forged = world.shown(new.record("car", terms.begin, terms.begin + HOUR, 1))
    with refused("charging: meter of another time"):
        world.do("driver", "prove", terms, (1, *forged[1:]))
    world.meter = old
    world.left = [terms]


def test_on_chain_and_off_the_same_record_proves(world: World) -> None:
    terms = world.claimed(12_000)
    text = world.meter.record("car", terms.begin + 7, terms.begin + HOUR, 9_123, high=True)
    shown = world.do("guest", "read", terms, world.shown(low(world, text)))
    expected = Expected(
        world.meter.key, "car", terms.begin - 300, terms.end - 300, world.now, RATED_W, "DE*SUN*E1", "M1", 6
    )
    proof = check_session([parse_ocmf(text)], expected, recover)
    assert proof.faults == ()
    assert proof.usage == Usage(*shown[3:])
    assert proof.page == shown[1] == 7
    world.left = [terms]


def low(world: World, text: str) -> str:
    """The same record with the lower s: what the adapter hands to a contract."""
    from sunfair.charging import recoverable

    record = parse_ocmf(text)
    signature = recoverable(record.payload, record.signature, recover, world.meter.key)
    assert signature is not None
    from charging_world import der

    return f'OCMF|{record.payload.decode()}|{{"SA":"ECDSA-secp256k1-SHA256","SD":"{der(signature)}"}}'


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"slots": 0}, "slots out of range"),
        ({"slots": 97}, "slots out of range"),
        ({"first_slot": START // 900 - 8}, "slots out of range"),
        ({"first_slot": START // 900 + 400 * 96 + 1}, "slots out of range"),
        ({"deposit": 0}, "deposit out of range"),
        ({"deposit": 2**62 + 1}, "deposit out of range"),
        ({"no_show_fee": 20_000_001}, "fee above the deposit"),
        ({"compensation": 2**62 + 1}, "price out of range"),
        ({"kwh_price": 10**12 + 1}, "price out of range"),
        ({"quiet_from": 2, "quiet_to": 1}, "quiet hours"),
        ({"tag": bytes(32)}, "tag"),
        ({"expires": START - 1}, "quote expired"),
        ({"expires": START + 601}, "quote too long"),
        ({"compensation": STAKE + 1}, "stake too small"),
        ({"point": b"\1" * 32}, "no such point"),
    ],
)
def test_terms_out_of_bounds_are_refused(world: World, change: dict[str, Any], why: str) -> None:
    terms = replace(world.terms(), **change)
    with refused(f"charging: {why}"):
        world.do("driver", "book", terms, world.sign(terms))


@pytest.mark.parametrize(
    ("name", "function", "arguments", "why"),
    [
        ("operator", "set_terms", lambda w: (w.point, w.people["guest"], w.document), "not the host"),
        ("operator", "take_stake", lambda w: (w.point, 1), "not the host"),
        ("host", "take_stake", lambda w: (w.point, STAKE + 1), "stake is bound"),
        ("operator", "set_payee", lambda w: (w.point, w.people["operator"]), "not the payee"),
        ("host", "set_meter", lambda w: (w.point, w.people["guest"], w.document, 1, w.now), "not the registrar"),
        ("registrar", "set_meter", lambda w: (w.point, w.people["guest"], w.document, 1, w.now - 1), "dated back"),
        ("registrar", "set_meter", lambda w: (w.point, w.people["guest"], w.document, 10, w.now), "unit"),
        ("registrar", "set_meter", lambda w: (w.point, w.meter.key, w.document, 1, w.now + 1), "key in use"),
        ("intruder", "keep_out", lambda w: (w.point, START // 900, 1, True), "not the host"),
        ("host", "register", lambda w: (b"\0" * 32, 0, w.people["operator"], w.document), "power out of range"),
    ],
)
def test_only_who_may(world: World, name: str, function: str, arguments: Any, why: str) -> None:
    with refused(f"charging: {why}"):
        world.do(name, function, *arguments(world))


def test_free_stake_comes_back(world: World) -> None:
    world.do("host", "take_stake", world.point, STAKE)
    assert world.do("guest", "withdraw", world.people["host"]) == STAKE
    assert world.wallet("host") == WALLET
