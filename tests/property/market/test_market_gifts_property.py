"""Gifts: no Wh is given that was not sold, delivered, bought, taken and wished; what is repaid is what was paid."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.market.gifts import attribute_slot, given_now

ACCOUNTS = range(3, 9)
PAIRS = [(giver, receiver) for giver in ACCOUNTS for receiver in ACCOUNTS if giver != receiver]


@st.composite
def sessions(draw: st.DrawFn) -> tuple[dict[int, int], dict[int, int], list[tuple[int, int, int]], int]:
    traded = dict.fromkeys(ACCOUNTS, 0)
    for seller, buyer in draw(st.lists(st.sampled_from(PAIRS), max_size=8)):
        # A home buys or sells in a session, never both.
        if traded[seller] <= 0 <= traded[buyer]:
            energy = draw(st.integers(1, 2000))
            traded[seller] -= energy
            traded[buyer] += energy
    delivered = {account: draw(st.integers(-2500, 2500)) for account in ACCOUNTS}
    wishes = draw(st.lists(st.sampled_from(PAIRS), max_size=6, unique=True))
    return (
        traded,
        delivered,
        [(*pair, draw(st.integers(0, 1500))) for pair in wishes],
        draw(st.integers(-50_000, 400_000)),
    )


@settings(max_examples=60)
@given(sessions())
def test_gifts_are_capped_and_repaid(session: tuple[dict, dict, list, int]) -> None:
    traded, delivered, wishes, price = session
    gifts = given_now(traded, delivered, wishes, price)
    out, into, repaid = defaultdict(int), defaultdict(int), defaultdict(int)
    most = {(giver, receiver): energy for giver, receiver, energy in wishes}
    for gift in gifts:
        assert 0 < gift.energy_wh <= most[gift.giver, gift.receiver]
        out[gift.giver] += gift.energy_wh
        into[gift.receiver] += gift.energy_wh
        repaid[gift.receiver] += gift.repaid
    for account, energy in out.items():
        assert energy <= min(-traded[account], -delivered[account])
    for account, energy in into.items():
        assert energy <= min(traded[account], delivered[account])
        bill = -(-energy * price // 1000) if price > 0 else 0
        assert repaid[account] == bill
    pairs = attribute_slot(list(ACCOUNTS), traded, gifts, preferences={3: [5]}, distance=None)
    net = dict.fromkeys(ACCOUNTS, 0)
    for pair in pairs:
        net[pair.seller] -= pair.energy_wh
        net[pair.buyer] += pair.energy_wh
    assert net == traded
    assert sum(pair.energy_wh for pair in pairs if pair.repaid is not None) == sum(out.values())
