"""The error tree: as it is drawn, and with all faults at once."""

import re

import pytest

from sunfair import errors
from sunfair.errors import Fault, InputError, LedgerError, Reverted, SunfairError


def test_a_fault_says_where_what_and_how_to_mend():
    assert str(Fault("member 3", "has no meter", "give it one")) == "member 3: has no meter (give it one)"
    assert str(Fault("member 3", "has no meter")) == "member 3: has no meter"


@pytest.mark.parametrize("kind", [InputError, errors.ScenarioError, errors.OfferRejected])
def test_input_errors_hold_every_fault(kind):
    faults = [Fault("a", "is wrong"), Fault("b", "is wrong too", "mend it")]
    error = kind("two things are wrong", faults)
    assert isinstance(error, ValueError)
    assert error.faults == tuple(faults)
    assert error.headline == "two things are wrong"
    assert str(error).splitlines() == ["two things are wrong", "  - a: is wrong", "  - b: is wrong too (mend it)"]


def test_a_headline_can_stand_alone():
    assert str(InputError("no such folder")) == "no such folder"
    assert InputError("no such folder").faults == ()


def test_a_revert_keeps_the_contracts_word():
    error = Reverted("settle", "door open")
    assert isinstance(error, LedgerError)
    assert error.reason == "door open"
    assert str(error) == "settle: the contract refused (door open)"
    assert str(Reverted("settle")) == "settle: the contract refused"


def test_every_error_has_one_root_and_stands_in_the_drawing():
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__)
    kinds = {
        name
        for name in errors.__all__
        if isinstance(getattr(errors, name), type) and name not in ("Fault", "SunfairError")
    }
    assert sorted(drawn) == sorted(kinds)
    assert all(issubclass(getattr(errors, name), SunfairError) for name in kinds)
