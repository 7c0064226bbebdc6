"""Lanes checked four at once, against one at a time in Python: any words, near every edge."""

import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vault_world import CAP, FIRST, GUARANTOR, MONEY, SLOT, ZERO_LANE, Street, pack, refused

EDGES = st.sampled_from(
    [
        0,
        1,
        -1,
        MONEY,
        MONEY + 1,
        -MONEY,
        -MONEY - 1,
        2**61,
        2**62 - 1,
        -(2**62),
        2**62,
        2**63,
        -(2**62) - 1,
        2**62 - MONEY,
    ]
)
AMOUNT = st.integers(-200, 200) | EDGES
MEMBERS = 7
SLOTS = 3


def verdict(amounts: dict[int, int], cover: int) -> str | None:
    """What the contract should say to amounts by account, each account owning MONEY; lanes wrap at 64 bits."""
    lanes = {account: (amount + ZERO_LANE) % 2**64 for account, amount in amounts.items()}
    real = {account: lane - ZERO_LANE for account, lane in lanes.items()}
    if any(lane >= 2**63 for lane in lanes.values()):
        return "market: amount out of range"
    if any(not 0 <= MONEY + real[account] < 2**62 for account in real if account not in (0, GUARANTOR)):
        return "market: overdraft"
    if sum(real.values()) != 0:
        return "market: amounts do not sum to zero"
    if real[GUARANTOR] != -cover:
        return "market: guarantor does not pay cover"
    if not 0 <= real[2] <= 2 * SLOTS * (MEMBERS + 2):
        return "market: reserve out of range"
    if MONEY + real[0] >= 2**62:
        return "market: amount out of range"
    if sum(max(0, -MONEY - real[account]) for account in (0, GUARANTOR)):
        return "market: lack not posted beside the bond"
    return None


def prepared() -> Street:
    street = Street(MEMBERS).open_for_business()
    street.anchor(SLOTS)
    street.now = street.market.settle_time()
    street.fresh = street.chain.evm.snapshot()
    return street


STREETS: list[Street] = []


@settings(max_examples=1_500, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(
    amounts=st.lists(AMOUNT, min_size=MEMBERS + 4, max_size=MEMBERS + 4),
    balanced=st.sampled_from([None, 0, 0, 3]),
    dust=st.none() | st.integers(-1, 2 * SLOTS * (MEMBERS + 2) + 1),
    covered=st.booleans(),
)
def test_four_lanes_at_once_are_four_lanes(
    amounts: list[int], balanced: int | None, dust: int | None, covered: bool
) -> None:
    if not STREETS:
        STREETS.append(prepared())
    street = STREETS[0]
    now = street.now
    by_account = dict(zip([GUARANTOR, *range(MEMBERS + 3)], amounts, strict=True))
    if dust is not None:
        by_account[2] = dust
    if covered:
        by_account[GUARANTOR] = -abs(by_account[GUARANTOR])
    if balanced is not None:
        by_account[balanced] -= sum(by_account.values())
    cover = max(0, -by_account[GUARANTOR])
    expected = verdict(by_account, cover)
    if expected is not None:
        with refused(expected):
            street.post(by_account, cover=cover)
        return
    street.apply(street.post(by_account, cover=cover))
    assert street.balances() == {account: MONEY + amount for account, amount in by_account.items()}
    street.renew().now = now


def test_many_accounts_one_wrong() -> None:
    """Five chunks of words: a wrong amount is found in each lane of each, and an honest list goes through."""
    members = 300
    street = Street(members).open_for_business()
    street.anchor(1)
    street.now = street.market.settle_time()
    honest = {account: (-1) ** account * account for account in range(3, 3 + members) if account % 2 == 0}
    honest[0] = -sum(honest.values())
    words = pack(honest, members + 3)
    assert len(words) == math.ceil((members + 4) / 4)
    for place in range(4, members + 4, 7):
        wrong = list(words)
        wrong[place // 4] -= (MONEY + 2 * members) << (64 * (place % 4))
        with refused("market: overdraft"):
            street.post(words=wrong)
    settlement = street.post(words=words)
    street.apply(settlement)
    for account in range(3, 3 + members):
        assert street.market.balance_of(account) == MONEY + honest.get(account, 0)
    assert street.state.applied_slot * SLOT == (FIRST + 1) * SLOT
    assert street.market.member(members + 2)[4] == CAP
