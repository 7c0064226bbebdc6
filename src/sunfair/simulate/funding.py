"""What everybody pays in before a simulated run, so that nobody runs dry in it.

A live member pays in what it likes; in a simulation the coming use is known, so the opening balance follows from it.
"""

import numpy as np
from numpy.typing import NDArray

from sunfair.model import FIRST_MEMBER, UTILITY, Member, Scenario
from sunfair.units import MICRO

__all__ = ["caps_of", "guarantee", "opening_deposits"]

_KWH = 1_000
_ROUND = 10 * MICRO
_MARGIN = 20 * MICRO
_UTILITY_MARGIN = 1_000 * MICRO


def opening_deposits(scenario: Scenario, first_slot: int, end_slot: int, *, open_slots: int = 0) -> dict[int, int]:
    """µ by account: a member's whole use at the dearest tariff, the utility's purchase of all roofs, and a margin.

    Beside that what covers a member's offers for `open_slots` slots at once, as long as their limits are within the
    tariffs.
    Rounded up to 10 units of the currency. Network and reserve need nothing: they only receive.
    """
    series, visits = scenario.series, scenario.visits
    window = slice(first_slot - series.first_slot, end_slot - series.first_slot)
    use = series.load_wh[window].sum(axis=0)
    coming = (visits.depart > first_slot) & (visits.arrive < end_slot)
    np.add.at(use, visits.member[coming], visits.need_wh[coming])
    made = series.pv_wh[window].sum(axis=0)
    retail, feed_in = series.retail[window], series.feed_in[window]
    dear, burden = max(int(retail.max()), 0), max(int(-feed_in.min()), 0)
    most = 3 * open_slots * (dear + burden)  # ahead, pool, and what is used itself, each within the cap
    cover = caps_of(scenario) * most // 1000
    deposits = {
        FIRST_MEMBER + at: _opening(
            member, int(use[at]) * dear // 1000 + int(made[at]) * burden // 1000 + int(cover[at])
        )
        for at, member in enumerate(scenario.community.members)
    }
    owed = int(made.sum()) * max(int(feed_in.max()), 0) + int(use.sum()) * max(int(-retail.min()), 0)
    return {UTILITY: _up(owed // 1000 + _UTILITY_MARGIN), **deposits}


def _opening(member: Member, coming: int) -> int:
    """What a member pays in, µ, when it will owe `coming` at most; who pays ahead by rules of its own follows them."""
    prepaid = member.prepaid
    return _up(coming + _MARGIN) if prepaid is None or prepaid.opening is None else prepaid.opening


def guarantee(deposits: dict[int, int]) -> int:
    """What the operator's guarantor pays in, µ: a tenth of all opening balances, to cover what a member cannot pay."""
    return _up(sum(deposits.values()) // 10)


def caps_of(scenario: Scenario) -> NDArray[np.int64]:
    """The most Wh a side of each member's offers may hold in a slot, int64[n]: a connection of 3 × 63 A, or more.

    More where the roof, battery, car or use of a member can move more than such a connection carries.
    """
    hours = scenario.community.clock.minutes / 60
    series, members = scenario.series, scenario.community.members
    watts = [
        (member.battery.power_w if member.battery else 0) + (member.car.power_w if member.car else 0)
        for member in members
    ]
    device = np.array(watts) * hours
    most = np.maximum(series.load_wh.max(axis=0), series.pv_wh.max(axis=0)) + np.ceil(device).astype(np.int64)
    connection = round(3 * 63 * 230 * hours)
    caps: NDArray[np.int64] = np.maximum(-(-most // _KWH) * _KWH, connection).astype(np.int64)
    return caps


def _up(amount: int) -> int:
    return -(-amount // _ROUND) * _ROUND
