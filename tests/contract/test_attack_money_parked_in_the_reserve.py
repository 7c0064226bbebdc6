"""Nobody checks the reserve's rows: so nothing but rounding may stay there, or be taken from there."""

import pytest
from vault_world import BOND, GUARANTOR, MONEY, Street, refused

MOST = 2 * 96 * (2 + 2)


@pytest.mark.parametrize("amount", [-1, -MONEY, MOST + 1, MONEY, 2**61])
def test_more_than_dust_is_refused(busy: Street, amount: int) -> None:
    busy.anchor()
    busy.now = busy.market.settle_time()
    with refused("market: reserve out of range" if -MONEY <= amount <= MONEY else "market: overdraft"):
        busy.post({2: amount, 3: -amount})


def test_dust_is_taken(busy: Street) -> None:
    busy.period({2: MOST, 3: -MOST})
    busy.anchor(3)
    busy.now = busy.market.settle_time()
    with refused("market: reserve out of range"):
        busy.post({2: 2 * 3 * 4 + 1, 3: -2 * 3 * 4 - 1})
    busy.post({2: 2 * 3 * 4, 3: -2 * 3 * 4})


def test_reserve_that_is_the_operators_side_is_refused(busy: Street) -> None:
    """At deployment by its owner's name, and whoever owns it never becomes operator: it would slash itself."""
    for owner in (busy.operator, busy.guarantor):
        with refused("market: reserve is the operator's"):
            busy.market_on(busy.token, roles=[busy.utility, busy.network, owner])
    busy.post_bond(busy.reserve)
    with refused("market: not a candidate"):
        busy.market.take_over(sender=busy.reserve)


def test_slash_cannot_be_settled_away(busy: Street) -> None:
    """What a slash brought to the reserve leaves it only by its owner's request, or at the escape."""
    busy.convict()
    busy.post_bond()
    busy.anchor()
    busy.now = busy.market.settle_time()
    with refused("market: reserve out of range"):
        busy.post({2: -BOND // 2, 3: BOND // 2})


def test_cover_is_not_hidden_there(busy: Street) -> None:
    busy.anchor()
    busy.now = busy.market.settle_time()
    with refused("market: reserve out of range"):
        busy.post({2: MOST + 1, GUARANTOR: -MOST - 1})
