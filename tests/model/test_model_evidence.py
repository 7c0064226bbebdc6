"""Which evidence may convict at once? A member that holds its meter's key, against an honest operator and a lying one."""

from itertools import chain, combinations, product

import pytest

VALUES = (1, 2)


def subsets(values):
    return chain.from_iterable(combinations(values, n) for n in range(len(values) + 1))


def convicted(rule, row, shown, operator_holds, inbox):
    """Whether the operator falls: `row` its register (None: no reading), `shown` a signed value brought to court.

    at once : the row differs from a signed value → the operator falls
    demand  : it falls if it cannot show the signature of its row's value, or wrote none where the inbox held one in time
    """
    if rule == "at once":
        return shown is not None and shown != row
    if row is None:
        return bool(inbox)
    return row not in operator_holds and row not in inbox


def honest_row(sent, inbox):
    """The first valid reading that reached the operator, by message or inbox."""
    return next(iter((*sent, *inbox)), None)


@pytest.mark.parametrize(("rule", "falls"), [("at once", True), ("demand", False)])
def test_honest_operator_and_two_signed_readings(rule, falls):
    """The member signs 1 and 2, sends any of them, in any order, shows any to the court."""
    fell = False
    for sent, inbox, shown in product(subsets(VALUES), subsets(VALUES), (None, *VALUES)):
        fell |= convicted(rule, honest_row(sent, inbox), shown, set(sent), inbox)
    assert fell is falls


def test_demand_still_convicts_a_lying_operator():
    """A register nobody signed, or none where the inbox held one."""
    for sent, inbox, row in product(subsets(VALUES), subsets(VALUES), (None, 1, 2, 3)):
        lies = (row is None and bool(inbox)) or (row is not None and row not in sent and row not in inbox)
        assert convicted("demand", row, None, set(sent), inbox) is lies


def receipt_convicts(rule, receipt_nonce, leaf_nonce, same_curve):
    """A receipt for the member's offer against the opened leaf.

    curve only : the leaf's curve is not the receipt's → the operator falls
    nonce      : the leaf names its offer; falls if the leaf's is older, or the same with another curve
    """
    if rule == "curve only":
        return not same_curve
    return leaf_nonce < receipt_nonce or (leaf_nonce == receipt_nonce and not same_curve)


@pytest.mark.parametrize(("rule", "falls"), [("curve only", True), ("nonce", False)])
def test_old_receipt_against_ones_own_newer_offer(rule, falls):
    """Offers 1 … 3 acknowledged, the newest is in the leaf; the member shows any receipt."""
    fell = any(
        receipt_convicts(rule, shown, newest, same_curve=shown == newest)
        for newest in (1, 2, 3)
        for shown in range(1, newest + 1)
    )
    assert fell is falls


def test_superseded_leaf_convicts():
    """The operator put an older offer into the book than it acknowledged."""
    for acknowledged, leaf in product((1, 2, 3), repeat=2):
        if leaf < acknowledged:
            assert receipt_convicts("nonce", acknowledged, leaf, same_curve=False)


def test_a_newer_offer_that_nobody_signed_needs_the_demand():
    """The leaf names nonce 3 where the member signed only 1 and 2: no receipt convicts, the missing signature does."""
    signed = {1, 2}
    assert not any(receipt_convicts("nonce", receipt, 3, same_curve=False) for receipt in signed)
    assert 3 not in signed  # the demand "show the offer of this leaf" cannot be answered
