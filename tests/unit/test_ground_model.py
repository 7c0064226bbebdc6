"""The model: values that refuse nonsense, and the public names of the ground floor and of settlement."""

import importlib
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from sunfair.model import (
    FIRST_MEMBER,
    NETWORK,
    RESERVE,
    UTILITY,
    Community,
    Curves,
    Fees,
    Mechanism,
    Member,
    Series,
    Session,
    Visits,
)
from sunfair.units import NO_BUY, NO_SELL, STEPS_MAX

ROOMS = [
    "sunfair",
    "sunfair.errors",
    "sunfair.model",
    "sunfair.ports",
    "sunfair.settlement",
    "sunfair.slots",
    "sunfair.units",
]


@pytest.mark.parametrize("room", ROOMS)
def test_public_names_exist_once_in_order_and_say_what_they_are(room):
    module = importlib.import_module(room)
    names = module.__all__
    assert len(set(names)) == len(names)
    constants = sorted(n for n in names if n.isupper())
    classes = sorted(n for n in names if not n.isupper() and n[0].isupper())
    assert names == constants + classes + sorted(n for n in names if n[0].islower() or n[0] == "_")
    for name in names:
        thing = getattr(module, name)
        if callable(thing):
            assert thing.__doc__, name


def test_accounts_are_numbered_after_the_institutions():
    assert sorted((UTILITY, NETWORK, RESERVE)) == [0, 1, 2]
    assert FIRST_MEMBER == 3
    community = Community("Street", (Member("home-1", "M1"), Member("home-2", "M2")))
    assert community.size == 2
    assert [community.account_of(i) for i in range(2)] == [3, 4]


def test_a_community_has_the_defaults_of_the_design():
    community = Community("Street", ())
    assert community.clock.minutes == 15
    assert community.sessions == (Session.AHEAD, Session.POOL)
    assert community.mechanism is Mechanism.UNIFORM
    assert community.k == (1, 2)
    assert community.gate_minutes == 5
    assert community.fees == Fees(8_000, 1_200, 800)


@pytest.mark.parametrize("shares", [(5_001, 4_999, 0), (10_000, 0, 0), (5_001, 0, 4_999), (8_000, 1_200, 800)])
def test_fees_that_sum_to_the_whole(shares):
    assert sum(shares) == 10_000
    Fees(*shares)


@pytest.mark.parametrize("shares", [(8_000, 1_200, 799), (8_000, 1_200, 801), (10_001, -1, 0), (10_500, 0, -500)])
def test_fees_must_sum_to_the_whole_and_none_be_negative(shares):
    with pytest.raises(ValueError, match="sum to"):
        Fees(*shares)


@pytest.mark.parametrize("shares", [(5_000, 5_000, 0), (0, 10_000, 0), (4_999, 5_001, 0)])
def test_the_seller_gets_more_than_half(shares):
    with pytest.raises(ValueError, match="seller"):
        Fees(*shares)


def test_empty_curves_offer_nothing():
    curves = Curves.empty(3)
    assert curves.size == 3
    assert curves.energy_wh.shape == curves.limit.shape == (3, STEPS_MAX)
    assert not curves.energy_wh.any()
    assert not curves.limit.any()
    assert curves.steps.tolist() == [0, 0, 0]
    assert (curves.pool_buy == NO_BUY).all()
    assert (curves.pool_sell == NO_SELL).all()
    assert Curves.empty(0).size == 0


def test_taking_reorders_every_column_alike():
    energy, limit = np.zeros((2, 3, STEPS_MAX), np.int64)
    energy[:, 0], limit[:, 0] = [1, -2, 3], [10, 20, 30]
    energy[2, 1], limit[2, 1] = -4, 40
    curves = Curves(energy, limit, np.array([5, 6, 7]), np.array([8, 9, 10]))
    taken = curves.take(np.array([2, 0]))
    assert taken.energy_wh[:, :2].tolist() == [[3, -4], [1, 0]]
    assert taken.limit[:, :2].tolist() == [[30, 40], [10, 0]]
    assert taken.pool_buy.tolist() == [7, 5]
    assert taken.pool_sell.tolist() == [10, 8]
    assert taken.steps.tolist() == [2, 1]


def test_values_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Fees().seller_bps = 9_000
    with pytest.raises(FrozenInstanceError):
        Member("home-1", "M1").meter = "M2"


def test_a_series_knows_where_it_ends():
    nothing = np.zeros((4, 2), np.int64)
    assert Series(100, nothing, nothing, np.full(4, 320_000), np.full(4, 80_000)).end_slot == 104


def test_no_car_is_no_visit():
    visits = Visits.none()
    assert len(visits.member) == len(visits.arrive) == len(visits.depart) == len(visits.need_wh) == 0
    assert visits.arrive is not visits.depart
