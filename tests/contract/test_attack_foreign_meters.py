"""Whose readings a market takes: those of devices that its register bound to a point of the account, on their dates."""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from meters_world import DAY, FIRST, KEYS, SLOT, START, Quarter, nullifier
from vault_world import ESCAPE, GAS, NOBODY, Refused, refused

TOMORROW = 96
"""Slots of a day."""


@pytest.fixture(scope="module")
def made() -> Quarter:
    return Quarter()


@pytest.fixture
def quarter(made: Quarter) -> Iterator[Quarter]:
    with made.undone():
        yield made


def test_the_register_and_the_market_tell_the_same(quarter: Quarter) -> None:
    quarter.join(3, 3)
    quarter.bind(3, "device", registers=(500, 70))
    (event,) = quarter.market.logged("MeterSet")
    assert event.args["from_slot"] == FIRST
    assert quarter.market.meter(3, FIRST) == (KEYS.address("device"), FIRST, 500, 70)
    assert quarter.market.metered() == 1
    assert quarter.counts(3, FIRST, "device")
    assert not quarter.counts(3, FIRST - 1, "device")


def test_attack_reading_from_an_unregistered_device(quarter: Quarter) -> None:
    """A device that nobody bound, one of a point that joined nothing or another account, the owner's own key."""
    quarter.join(3, 3)
    quarter.bind(0, "device of a point that joined nothing")
    quarter.join(4, 4)
    quarter.bind(4, "device of the neighbour")
    for device in (
        "device that nobody bound",
        "device of a point that joined nothing",
        "device of the neighbour",
        "home 3",
        "registrar",
    ):
        assert not quarter.counts(3, FIRST, device)
    for person in (quarter.operator, quarter.utility, quarter.registrar, quarter.governor, KEYS.address("home 3")):
        with refused("market: not the register"):
            quarter.market.set_meter(3, KEYS.address("home 3"), FIRST, 0, 0, sender=person)
    quarter.bind(3, "device")
    assert quarter.counts(3, FIRST, "device")


def test_attack_a_binding_of_before_the_point_joined(quarter: Quarter) -> None:
    """Its registers are of another date: what was used before the market would be billed in it."""
    quarter.bind(3, "device")
    quarter.join(3, 3)
    assert not quarter.counts(3, FIRST, "device")
    quarter.bind(3, "device", day=2, registers=(9_000, 0))
    assert quarter.market.meter(3, FIRST + TOMORROW) == (KEYS.address("device"), FIRST + TOMORROW, 9_000, 0)


def test_attack_reading_from_a_superseded_device(quarter: Quarter) -> None:
    quarter.join(3, 3)
    quarter.bind(3, "old")
    quarter.now += DAY
    quarter.bind(3, "new", day=2, registers=(5, 6))
    change = FIRST + 2 * TOMORROW
    for slot, counting in ((FIRST, "old"), (change - 1, "old"), (change, "new"), (change + 500, "new")):
        for device in ("old", "new"):
            assert quarter.counts(3, slot, device) == (device == counting)
    # Its key is no other point's either, for ever.
    quarter.join(4, 4)
    with refused("registry: key of another point"):
        quarter.bind(4, "old")


def test_attack_point_bound_twice(quarter: Quarter) -> None:
    """One point, one account; one account, one point; in no other market at the same time."""
    quarter.join(3, 3)
    quarter.register.set_owner(nullifier(0), KEYS.address("home 3"), sender=quarter.registrar)
    other = quarter.market_of(quarter.register)
    with refused("registry: joined already"):
        quarter.join(3, 3)
    with refused("registry: joined already"):
        quarter.join(3, 3, market=other)
    with refused("registry: fed by another point"):
        quarter.join(0, 3)
    quarter.bind(3, "device")
    quarter.register.leave(nullifier(3), sender=KEYS.address("home 3"))
    assert quarter.register.logged("Left")[0].told
    assert quarter.market.metered() == 0
    quarter.join(3, 3, market=other)
    quarter.bind(3, "device", day=2)
    for slot in (FIRST, FIRST + TOMORROW, FIRST + 2 * TOMORROW):
        both = [quarter.counts(3, slot, "device", market) for market in (quarter.market, other)]
        assert both == [False, slot > FIRST]


def test_a_point_that_leaves_counts_to_the_end_of_the_day(quarter: Quarter) -> None:
    quarter.join(3, 3)
    quarter.bind(3, "device")
    quarter.now += 2 * DAY
    quarter.bind(3, "next device", day=3)
    for person in (quarter.operator, quarter.utility, quarter.rival, KEYS.address("home 4")):
        with refused("registry: owner or registrar only"):
            quarter.register.leave(nullifier(3), sender=person)
    quarter.register.leave(nullifier(3), sender=quarter.registrar)
    end = FIRST + 2 * TOMORROW
    assert quarter.counts(3, end - 1, "device")
    for slot in (end, end + TOMORROW, end + 9 * TOMORROW):
        assert not quarter.counts(3, slot, "device")
        assert not quarter.counts(3, slot, "next device")
    with refused("registry: not joined"):
        quarter.register.leave(nullifier(3), sender=quarter.registrar)
    quarter.join(3, 3)
    quarter.bind(3, "device", day=4)
    assert quarter.counts(3, FIRST + 5 * TOMORROW, "device")


def test_attack_joining_in_anothers_name(quarter: Quarter) -> None:
    """Point and account have one owner, who says so."""
    for name in ("home 4", "landlord", "registrar", "governor"):
        with refused("registry: owner only"):
            quarter.join(3, 3, name)
    with refused("registry: account of another"):
        quarter.join(3, 4, "home 3")
    for account in (0, 1, 2, 2**32 - 1, 2**32, 2**255):
        with refused("registry: no member"):
            quarter.join(3, account, "home 3")
    with refused("registry: not opened"):
        quarter.join(POINTLESS, 3)
    with refused():
        quarter.join(3, 6, "home 3")
    stranger = quarter.market_of(quarter.chain.deploy("MeterRegistry", quarter.governor))
    with refused("registry: market of another register"):
        quarter.join(3, 3, market=stranger)


POINTLESS = 77


def test_attack_consent_forged_replayed_or_late(quarter: Quarter) -> None:
    register, market, later = quarter.register, quarter.market, quarter.now + 60

    def send(signature: bytes, point: int = 3, account: int = 3, deadline: int = later) -> None:
        register.join_for(nullifier(point), market, account, deadline, signature, sender=quarter.intruder)

    signed = quarter.consent(3, 3, later, signer="home 3")
    for wrong in (
        lambda: send(quarter.consent(3, 3, later, signer="registrar")),
        lambda: send(quarter.consent(3, 3, later, signer="home 3", nonce=1)),
        lambda: send(signed, deadline=later + 1),
        lambda: send(signed, account=4),
        lambda: send(signed, point=4),
        lambda: send(signed[:64] + bytes([55 - signed[64]])),
        lambda: send(b""),
        lambda: send(quarter.consent(0, 3, later, signer="home 3"), point=POINTLESS),
    ):
        with refused("registry: signature"):
            wrong()
    send(signed)
    register.leave(nullifier(3), sender=KEYS.address("home 3"))
    with refused("registry: signature"):
        send(signed)
    quarter.now += 61
    with refused("registry: too late"):
        send(quarter.consent(3, 3, later, signer="home 3"))


def test_attack_registrar_rewrites_the_past_or_anothers_point(quarter: Quarter) -> None:
    """Also in the middle of a gap: what the old device has not shown, the new one cannot take back."""
    quarter.join(3, 3)
    quarter.bind(3, "device")
    quarter.now += 2 * DAY + 5 * SLOT
    with refused("market: meter not dated ahead"):
        quarter.register.bind_device(
            nullifier(3), KEYS.address("new"), quarter.now + SLOT, 0, 0, sender=quarter.registrar
        )
    with refused("registry: not dated ahead"):
        quarter.bind(3, "new", day=0)
    with refused("registry: its registrar only"):
        quarter.bind(3, "new", sender=quarter.rival)
    quarter.bind(3, "new")
    tonight = FIRST + 2 * TOMORROW
    assert quarter.counts(3, tonight - 1, "device")
    assert [quarter.counts(3, tonight, device) for device in ("device", "new")] == [False, True]
    quarter.register.set_roles(quarter.registrar, 0, sender=quarter.governor)
    with refused("registry: its registrar only"):
        quarter.bind(3, "newer", day=2)
    assert quarter.counts(3, tonight + 5, "new")


def test_a_key_counts_from_the_first_slot_that_begins_after_its_date(quarter: Quarter) -> None:
    quarter.join(3, 3)
    midnight = FIRST * SLOT
    for device, since in (("one", midnight), ("two", midnight + 1), ("three", midnight + SLOT)):
        quarter.register.bind_device(nullifier(3), KEYS.address(device), since, 0, 0, sender=quarter.registrar)
    for slot in range(FIRST, FIRST + 3):
        device = quarter.register.device_at(nullifier(3), slot * SLOT)
        assert quarter.market.meter(3, slot)[0] == device[0]
    assert [quarter.market.meter(3, FIRST + at)[0] for at in (0, 1)] == [KEYS.address("one"), KEYS.address("three")]


def test_with_another_customer_or_erased_a_point_leaves(quarter: Quarter) -> None:
    for change in (
        lambda: quarter.register.set_owner(nullifier(3), KEYS.address("tenant"), sender=quarter.registrar),
        lambda: quarter.register.erase_point(nullifier(3), sender=KEYS.address("home 3")),
    ):
        with quarter.undone():
            quarter.join(3, 3)
            quarter.bind(3, "device")
            quarter.register.set_owner(nullifier(3), KEYS.address("home 3"), sender=quarter.registrar)
            assert quarter.counts(3, FIRST, "device")
            change()
            assert not quarter.counts(3, FIRST, "device")
            assert quarter.register.point_at(quarter.market, 3) == bytes(32)


def test_attack_duplicate_point_fed_a_market(quarter: Quarter) -> None:
    """The rival enters the point again, opens it first and has a friend join; the earlier entry ends that."""
    first = quarter.enter([POINTLESS], quarter.registrar)
    again = quarter.enter([POINTLESS], quarter.rival)
    quarter.open(again, 0)
    quarter.register.set_owner(nullifier(POINTLESS), KEYS.address("home 5"), sender=quarter.rival)
    quarter.join(POINTLESS, 5)
    quarter.bind(POINTLESS, "false", sender=quarter.rival)
    assert quarter.counts(5, FIRST, "false")
    quarter.open(first, 0)
    assert not quarter.counts(5, FIRST, "false")
    with refused("registry: its registrar only"):
        quarter.bind(POINTLESS, "false", day=2, sender=quarter.rival)
    quarter.join(5, 5)  # the account is free again


def test_attack_market_that_does_not_let_a_point_go(quarter: Quarter) -> None:
    """It refuses, burns all gas it gets, or joins anew in the middle: the registrar and another customer get through."""
    false = quarter.chain.deploy("StubbornMarket", quarter.register)
    for temper in (1, 2, 3):
        with quarter.undone():
            quarter.register.set_owner(nullifier(3), false, sender=quarter.registrar)
            false.join(nullifier(3))
            false.become(temper)
            if temper == 1:
                with refused("stubborn"):
                    quarter.bind(3, "device")
            quarter.register.set_owner(nullifier(3), KEYS.address("home 3"), sender=quarter.registrar)
            (event,) = quarter.register.logged("Left")
            assert not event.told
            assert quarter.chain.gas < 500_000
            assert quarter.register.memberships(nullifier(3)) == (NOBODY, 0, 0)
            quarter.join(3, 3)
            quarter.bind(3, "device")
            assert quarter.counts(3, FIRST, "device")


def test_attack_leaving_with_too_little_gas_to_tell_the_market(quarter: Quarter) -> None:
    """Else the point would be free, and its device still counted in the market it left."""
    quarter.join(3, 3)
    quarter.bind(3, "device")
    data, owner = quarter.register.data("leave", nullifier(3)), KEYS.address("home 3")
    left = set()
    for gas in range(40_000, 420_000, 7_000):
        with quarter.undone():
            quarter.chain.evm.reset_transient_storage()
            try:
                quarter.chain.evm.message_call("0x" + owner.hex(), "0x" + quarter.register.address.hex(), data, gas=gas)
            except RuntimeError:
                assert quarter.market.meter(3, FIRST)[0] == KEYS.address("device")
                continue
            left.add(gas)
            assert quarter.market.meter(3, FIRST)[0] == NOBODY
    assert left, f"no call of at most {GAS} gas went through"


def test_a_point_leaves_a_market_that_is_over(quarter: Quarter) -> None:
    quarter.join(3, 3)
    quarter.bind(3, "device")
    quarter.now = START + ESCAPE
    with refused("market: over"):
        quarter.bind(3, "new")
    quarter.register.leave(nullifier(3), sender=KEYS.address("home 3"))
    assert not quarter.register.logged("Left")[0].told
    assert quarter.market.metered() == 1  # the shares of the bond are as they were


@pytest.mark.parametrize("seed", range(4))
def test_in_every_order_of_events_a_device_counts_in_one_account_at_most(quarter: Quarter, seed: int) -> None:
    """Against a plain list of what was bound where, read at the beginning of every slot."""
    chance = random.Random(seed)
    feeds: dict[int, int] = {}
    dated: dict[int, list[tuple[int, bytes]]] = {3: [], 4: [], 5: []}
    dates: dict[int, list[int]] = {at: [] for at in range(6)}
    for at in range(6):
        quarter.register.set_owner(nullifier(at), KEYS.address("home 3"), sender=quarter.registrar)
    market = quarter.market_on(quarter.token, courts=[*quarter.courts[:3], quarter.box, quarter.register])
    market.open_accounts([KEYS.address("home 3")] * 3, [9] * 3, sender=quarter.operator)
    for step in range(60):
        point, account, what = chance.randrange(6), chance.randrange(3, 6), chance.choice("jjbbbblw")
        midnight = (quarter.now // DAY + 1) * DAY
        if what == "w":
            quarter.now += chance.randrange(DAY // 2)
            continue
        try:
            if what == "j":
                quarter.join(point, account, "home 3", market)
            elif what == "l":
                quarter.register.leave(nullifier(point), sender=KEYS.address("home 3"))
            else:
                since = midnight + chance.randrange(-SLOT, 3 * DAY)
                key = KEYS.address(f"device {point} {chance.randrange(3)}")
                quarter.register.bind_device(nullifier(point), key, since, 0, 0, sender=quarter.registrar)
            done = True
        except Refused:
            done = False
        free = point not in feeds and account not in feeds.values()
        may = {"j": free, "l": point in feeds}.get(what)
        if may is None:
            kept = [date for date in dates[point][-1:] if date < since or date <= quarter.now]
            kept = dates[point][:-1] + kept
            may = all(date < since for date in kept[-1:])
            may = may and since >= (midnight - SLOT + 1 if point in feeds else quarter.now)
        assert done == may, f"seed {seed}, step {step}: {what} of point {point}"
        if done and what == "j":
            feeds[point] = account
        elif done and what == "l":
            dated[feeds.pop(point)].append((midnight // SLOT, NOBODY))
        elif done:
            dates[point] = [*kept, since]
            if point in feeds:
                dated[feeds[point]].append((-(-since // SLOT), key))
        for slot in range(FIRST, midnight // SLOT + 4 * TOMORROW, 31):
            keys = [market.meter(account, slot)[0] for account in dated]
            due = [([NOBODY] + [key for first, key in dated[a] if first <= slot])[-1] for a in dated]
            assert keys == due, f"seed {seed}, step {step}, slot {slot}"
            bound = [key for key in keys if key != NOBODY]
            assert len(set(bound)) == len(bound)
