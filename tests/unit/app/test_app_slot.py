"""A slot from book to record: silent and late meters, void slots, and rows that the rule for one account gives, too."""

from dataclasses import replace

import numpy as np
import pytest

from sunfair.app import InForce, SlotRunner, Tariff, check_size, period_rows, resettled
from sunfair.errors import InputError
from sunfair.model import FIRST_MEMBER, Community, Curves, Mechanism, Member, Session
from sunfair.ports import Readings
from sunfair.settlement import (
    ZERO_HASH,
    Base,
    Domain,
    Meters,
    Opening,
    ResultTree,
    SlotFacts,
    next_row,
    verify_result,
)
from sunfair.simulate import SeededChance
from sunfair.slots import SlotClock
from sunfair.units import NO_BUY, NO_SELL

HOMES, FIRST = 20, 1_000
TARIFFS = [Tariff(320_000, 80_000), Tariff(350_000, 90_000), Tariff(300_000, -20_000), Tariff(310_000, 60_000)]
QUIET = {1: [2, 3], 2: [3]}
"""Whose reading is missing: home 2 in slot 1, home 3 in slots 1 and 2."""


def community(homes=HOMES, **rules):
    members = tuple(Member(f"home{at}", f"meter{at}") for at in range(homes))
    return Community("Street", members, SlotClock(15, "Europe/Berlin"), **rules)


def offers(seed):
    """Every home but two offers; the even ones buy, the odd ones sell."""
    draw, curves = np.random.default_rng(seed), Curves.empty(HOMES)
    side = np.where(np.arange(HOMES) % 2, -1, 1)
    curves.energy_wh[:, 0] = side * draw.integers(100, 900, HOMES)
    curves.limit[:, 0] = np.where(side > 0, 250_000, 150_000) + 10_000 * draw.integers(-3, 4, HOMES)
    curves.pool_buy[:], curves.pool_sell[:] = 200_000, 100_000
    for idle in (HOMES - 2, HOMES - 1):
        curves.energy_wh[idle], curves.limit[idle] = 0, 0
        curves.pool_buy[idle], curves.pool_sell[idle] = NO_BUY, NO_SELL
    nonce = np.where(np.arange(HOMES) < HOMES - 2, 5 + seed, -1)
    return InForce(curves, np.zeros((HOMES, 32), np.uint8), np.zeros((HOMES, 65), np.uint8), nonce)


class Street:
    """Runs slots with seeded readings."""

    def __init__(self, **known):
        self.runner = SlotRunner(community(), Domain("Street", 31_337, bytes(20)), SeededChance(1), **known)
        self.draw = np.random.default_rng(7)
        self.registers = np.zeros((2, HOMES), np.int64)

    def readings(self, slot, quiet=(), late=()):
        self.registers = self.registers + self.draw.integers(0, 800, (2, HOMES))
        valid, tardy = np.ones(HOMES, bool), np.zeros(HOMES, bool)
        valid[list(quiet)], tardy[list(late)] = False, True
        stated = np.where(valid, self.registers, -7)  # what stands for a missing reading means nothing
        return Readings(slot, *stated, np.zeros((HOMES, 65), np.uint8), valid, tardy)

    def slot(self, at, **meters):
        tariff = TARIFFS[at]
        book = self.runner.close_book(FIRST + at, offers(at))
        ahead = self.runner.clear_ahead(book, tariff)
        return self.runner.deliver(book, ahead, tariff, self.readings(FIRST + at, **meters))


@pytest.fixture(scope="module")
def day():
    """Four slots: two homes silent for a while, one reading late."""
    street = Street()
    return [street.slot(at, quiet=QUIET.get(at, ()), late=[4] if at == 3 else ()) for at in range(4)]


def rows_by_rule(records, home):
    """The home's rows by the rule for one account, from the header and its public row alone."""
    previous, out = Base(FIRST_MEMBER + home, 0, 0), []
    for record in records:
        came = bool(record.readings.valid[home])
        reading = (int(record.readings.import_wh[home]), int(record.readings.export_wh[home])) if came else None
        if record.void:
            facts, opening = (
                SlotFacts.voided(record.slot, record.terms.retail, record.terms.feed_in, record.terms.fees),
                None,
            )
        else:
            place = int(record.leaf[home])
            public = record.rows.public_bytes()[place].tobytes()
            opening = Opening(place, int(record.nonce[home]), record.salts[home].tobytes(), public)
            facts = SlotFacts.of(record.header)
        out.append(next_row(previous, facts, reading, opening, late=bool(record.readings.late[home])))
        previous = out[-1]
    return out


def proves(record):
    """Whether every public row proves against the header."""
    tree = ResultTree(record.rows, record.header.ahead, record.header.pool)
    return all(verify_result(record.header, record.rows.at(at), tree.proof(at)) for at in range(HOMES))


def test_every_private_row_is_the_rules(day):
    rows = period_rows(day)
    for home in range(HOMES):
        assert rows.rows(FIRST_MEMBER + home) == rows_by_rule(day, home)
    assert all(record.volume_ahead_wh and record.volume_pool_wh for record in day), "a day without trade proves nothing"
    assert (rows.paid.sum(axis=1) == 0).all()


def test_the_public_rows_prove_with_meters_missing_and_late(day):
    assert all(map(proves, day))
    for record, silent in zip(day, ([], [2, 3], [2, 3], [3, 4]), strict=True):
        offered = record.rows.pool_wh[record.leaf]
        assert np.flatnonzero(offered[: HOMES - 2] == 0).tolist() == silent


def test_a_silent_meter_shows_its_gap_when_it_is_read_again(day):
    metered = np.stack([record.metered_wh[FIRST_MEMBER:] for record in day])
    assert metered[[1, 1, 2], [2, 3, 3]].tolist() == [0, 0, 0]
    moved = day[3].meters.import_wh - day[0].meters.import_wh - day[3].meters.export_wh + day[0].meters.export_wh
    assert metered[1:].sum(axis=0).tolist() == moved.tolist()
    assert [record.true_up.account.tolist() for record in day] == [[], [], [5], [6]]
    assert (day[3].true_up.retail.item(), day[3].true_up.feed_in.item()) == (350_000, -20_000)


def test_a_void_slot_in_a_gap(day):
    """What follows a slot that became void is settled again: the sale in it is not made good, for it never was."""
    again = resettled(day, {FIRST + 1}, Meters.at(*np.zeros((2, HOMES), np.int64)))
    assert [record.void for record in again] == [False, True, False, False]
    rows = period_rows(again)
    for home in range(HOMES):
        assert rows.rows(FIRST_MEMBER + home) == rows_by_rule(again, home)
    assert (rows.paid.sum(axis=1) == 0).all()
    assert not again[1].traded_ahead_wh.any()
    assert set(rows.leaf[1].tolist()) == set(rows.nonce[1].tolist()) == {-1}
    assert [record.digest for record in again] == [record.digest for record in day], "the anchor stands"
    same = ("traded_ahead_wh", "traded_pool_wh", "metered_wh")
    assert all((getattr(again[at], name) == getattr(day[at], name)).all() for at in (0, 2, 3) for name in same)


def test_a_slot_can_be_void_from_the_start():
    street = Street()
    first = street.slot(0)
    record = street.runner.void(FIRST + 1, TARIFFS[1], street.readings(FIRST + 1, quiet=[2]))
    assert (record.digest, record.header, record.void) == (ZERO_HASH, None, True)
    later = street.slot(2)
    rows = period_rows([first, record, later])
    assert all(rows.rows(FIRST_MEMBER + home) == rows_by_rule([first, record, later], home) for home in range(HOMES))
    anchored = street.runner.void(FIRST + 3, TARIFFS[3], street.readings(FIRST + 3), header=later.header)
    assert anchored.digest == later.header.digest()


def test_a_run_goes_on_where_the_meters_stand(day):
    registers = np.full((2, HOMES), 10**6)
    street = Street(meters=Meters.at(*registers))
    street.registers = registers
    assert np.abs(street.slot(0).metered_wh).max() < 800


def test_nobody_offers_more_to_the_pool_than_its_cap():
    caps = np.full(HOMES, 150)
    record = Street(caps=caps).slot(0)
    assert np.abs(record.rows.pool_wh).max() == 150
    assert proves(record)
    beyond = record.metered_wh[FIRST_MEMBER:] - record.traded_ahead_wh[FIRST_MEMBER:]
    assert record.rows.pool_wh[record.leaf].tolist() == np.clip(beyond, -150, 150).tolist()


@pytest.mark.parametrize(
    ("moved", "word"),
    [((-1, 0), "below its last reading"), ((0, -1), "below"), ((10**9 + 1, 0), "moved by more than 1000000000 Wh")],
)
def test_a_reading_that_cannot_be_is_named_and_nothing_is_settled(moved, word):
    street = Street()
    street.slot(0)
    before = street.runner.meters
    readings = street.readings(FIRST + 1)
    readings.import_wh[6], readings.export_wh[6] = before.import_wh[6] + moved[0], before.export_wh[6] + moved[1]
    with pytest.raises(InputError, match=word) as caught:
        street.runner.void(FIRST + 1, TARIFFS[1], readings)
    assert [fault.place for fault in caught.value.faults] == ["account 9"]
    assert street.runner.meters is before
    street.runner.void(FIRST + 1, TARIFFS[1], replace(readings, valid=np.arange(HOMES) != 6))


POOL_ONLY = {"sessions": (Session.POOL,), "mechanism": Mechanism.MID_MARKET_RATE}


@pytest.mark.parametrize(
    "rules",
    [{}, {**POOL_ONLY, "mechanism": Mechanism.UNIFORM}, {**POOL_ONLY, "sessions": tuple(Session)}],
)
def test_a_small_community_holds_the_pool_alone_at_the_mid_market_rate(rules):
    with pytest.raises(InputError, match="fewer than 20 members holds the pool only"):
        SlotRunner(community(19, **rules), Domain("Street", 31_337, bytes(20)), SeededChance(1))
    check_size(community(20, **rules))
    check_size(community(19, **POOL_ONLY))
