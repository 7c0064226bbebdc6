"""Attacks on what a charge point stands for: its operator, prices, payee and meters, each told by what the attacker does."""

import sys
from pathlib import Path

import pytest
from eth_utils import keccak

sys.path.insert(0, str(Path(__file__).parent))
from charging_world import RATED_W, Meter, World, refused

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


@pytest.fixture(scope="module")
def made() -> World:
    return World()


@pytest.fixture
def world(made: World) -> World:
    """A charge point nobody booked yet."""
    return made.renew()


def test_a_dismissed_operator_signs_on(world: World) -> None:
    """Its quotes are void from the host's word on, though the prices are the same; the new one's count, and only on these prices."""
    terms = world.terms()
    signed = world.sign(terms)
    world.do("host", "set_terms", world.point, world.people["guest"], world.document)
    with refused("charging: signature"):
        world.do("driver", "book", terms, signed)
    other = world.changed(terms, document=bytes(keccak(b"another")))
    with refused("charging: prices changed"):
        world.do("driver", "book", other, world.sign(other, "guest"))
    assert world.do("driver", "book", terms, world.sign(terms, "guest")) == terms.id


def test_a_quote_signed_twice_by_turning_its_s(world: World) -> None:
    """Of the two s that fit a message only the lower counts; nor does what recovers nobody, or is too short."""
    terms = world.terms()
    signed = world.sign(terms)
    turned = signed[:32] + (ORDER - int.from_bytes(signed[32:64])).to_bytes(32) + bytes([27 + 28 - signed[64]])
    for forged in (turned, bytes(64) + b"\x1b", b"\xff" * 32 + signed[32:], signed[:64], b"\0"):
        with refused("charging: signature"):
            world.do("driver", "book", terms, forged)
    nowhere = world.changed(terms, point=b"\2" * 32)
    with refused("charging: no such point"):
        world.do("driver", "book", nowhere, bytes(64) + b"\x1b")
    assert world.do("driver", "book", terms, signed) == terms.id


def test_a_payee_changes_nothing_but_who_is_paid(world: World) -> None:
    """Rated power stands beside it, and bounds readings as before; the purse of who was never paid is opened empty."""
    world.do("host", "set_payee", world.point, world.people["financier"])
    assert world.network.payee_of(world.point) == world.people["financier"]
    assert world.network.point(world.point) == (world.people["host"], RATED_W)
    assert world.network.purse(world.people["financier"]) == (0, 0, 0)
    assert world.do("guest", "withdraw", world.people["financier"]) == 0
    terms = world.charging()
    world.now = terms.begin + 3_600
    most = RATED_W * 3_660 * 11 // 36_000
    with refused("charging: more than rated power"):
        world.do("operator", "stop", terms, most + 1, terms.begin, world.now, 7)
    world.do("operator", "stop", terms, most, terms.begin, world.now, 7)
    fee = world.network.stay(terms.id)[2]
    world.now += 86_400
    world.do("intruder", "poke", terms)
    assert world.network.purse(world.people["financier"]) == (fee, fee, most)
    assert world.purse("host") == 0


def test_a_replaced_meter_signs_on(world: World) -> None:
    """What it signs of a session after its time proves nothing, to the second; what began a second before still counts."""
    old, new = world.meter, Meter("M2")
    terms = world.charging()
    world.do("registrar", "set_meter", world.point, new.key, new.form(), 1_000, terms.begin + 60)
    third = Meter("M3")
    world.do("registrar", "set_meter", world.point, third.key, third.form(), 1_000, terms.begin + 7_200)
    world.now = terms.begin + 3_600
    late = world.shown(old.record("car", terms.begin + 60, world.now, 9_000))
    with refused("charging: meter of another time"):
        world.do("operator", "prove", terms, late)
    assert world.network.meter(world.point, 0) == (old.key, world.network.meter(world.point, 0)[1], 1_000)
    world.do("operator", "prove", terms, world.shown(old.record("car", terms.begin + 59, world.now, 9_000)))
    assert world.network.stay(terms.id)[3] == 9_000
