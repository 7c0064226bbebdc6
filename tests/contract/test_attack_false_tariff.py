"""Attack: a tariff that the utility never set, for a slot in which it pays, or that of another day.

Tariffs and rule are set on chain a day ahead; whoever has the chain alone can show that a header says otherwise.
"""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sunfair.model import Fees
from sunfair.settlement.court import Kind, Terms

sys.path.insert(0, str(Path(__file__).parent))
import court_slots as world

SLOT = world.street((100, 25), (50, 20), (-60, 10), (-30, 20))
NOW = world.terms_of(SLOT.header)


@pytest.mark.parametrize("change", [
    {"retail": 31}, {"retail": 29}, {"feed_in": 8}, {"feed_in": -7}, {"retail": 7, "feed_in": 30}, {"retail": -30},
    {"retail": 2**63 - 1}, {"feed_in": -(2**63)}, {"fees": Fees(7_999, 1_201, 800)}, {"fees": Fees(8_000, 1_201, 799)},
    {"k": (2, 4)}, {"k": (0, 1)}, {"rule": 4}, {"rule": 128},
])  # fmt: skip
def test_a_header_unlike_the_chains_terms(change):
    case = world.anchored(SLOT, world.bind(SLOT, change=lambda header: replace(header, **change)))
    call = (*case.start, 1, case.facts.terms[1])
    assert world.courtroom().both(case.facts, "refute_terms", call) == ("", Kind.TERMS)
    world.convicted(case)


@pytest.mark.parametrize("beside", [-1, 1])
def test_the_tariff_of_the_slot_beside_it(beside):
    """Each slot has its own pair; the one before costs a µ more, the one after pays a µ less."""
    retail, feed_in = NOW.tariffs_at(world.SLOT + beside)
    case = world.anchored(SLOT, world.bind(SLOT, change=lambda header: replace(header, retail=retail, feed_in=feed_in)))
    assert world.convicted(case).kind is Kind.TERMS


def pair(retail, feed_in):
    return retail.to_bytes(8, "big", signed=True) + feed_in.to_bytes(8, "big", signed=True)


@pytest.mark.parametrize("later", [0, 1, 2, 3, 90, 10**6])
def test_the_last_pair_holds_on(later):
    """Beyond the pairs that were set, and beyond last_slot, the last pair is in force until a next entry begins."""
    terms = Terms(
        world.SLOT - later, world.SLOT - later + 1, 0, 1, 2, 8_000, 1_200, 800, pair(9, 1) + pair(5, 2) + pair(30, 7)
    )
    case = world.anchored(SLOT)
    facts = replace(case.facts, terms=(terms,))
    said, kind = world.courtroom().both(facts, "refute_terms", (*case.start, 0, terms))
    assert (said, kind) == (("court: not false", None) if later > 1 else ("", Kind.TERMS))


def test_terms_of_another_time_convict_nobody():
    """Yesterday's, tomorrow's, or terms that were never set: an honest header stands."""
    case = world.anchored(SLOT)
    before, now, after = case.facts.terms
    assert before.rule == after.rule == 7
    for index, terms in (
        (0, before),
        (2, after),
        (0, now),
        (1, after),
        (3, replace(now, rule=7)),
        (1, replace(now, rule=7)),
    ):
        said = world.courtroom().both(case.facts, "refute_terms", (*case.start, index, terms))
        assert said == ("court: terms", None)
    assert world.courtroom().both(case.facts, "refute_terms", (*case.start, 1, now)) == ("court: not false", None)


def test_terms_are_in_force_from_their_first_slot_on():
    case = world.anchored(SLOT)
    before, now, after = case.facts.terms
    for first, said in ((world.SLOT, "court: terms"), (world.SLOT + 1, "court: not false")):
        facts = replace(case.facts, terms=(before, now, replace(after, first_slot=first)))
        assert world.courtroom().both(facts, "refute_terms", (*case.start, 1, now)) == (said, None)
    late = replace(now, first_slot=world.SLOT + 1)
    assert world.courtroom().both(
        replace(case.facts, terms=(before, late)), "refute_terms", (*case.start, 1, late)
    ) == ("court: terms", None)
