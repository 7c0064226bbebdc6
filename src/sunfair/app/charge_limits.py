"""How fast a car charges, and when: the roof's surplus first, then the cheapest hours, in time for its driver."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sunfair.ports.charge_points import Outlook

__all__ = ["MIN_W", "Need", "Period", "limits"]

MIN_W = 1_380
"""Below 6 A a car stops charging (IEC 61851-1), and some do not start again; 230 V, one phase."""


@dataclass(frozen=True, slots=True)
class Need:
    """A session that is steered: most power, W; until when; what it may still take, Wh (None: as much as it likes);
    how many sessions share the site's surplus.
    """

    rated_w: int
    until: datetime
    wh: int | None
    sharers: int = 1


@dataclass(frozen=True, slots=True)
class Period:
    """From an instant on at most so much, W."""

    begin: datetime
    limit_w: int


def limits(outlook: Sequence[Outlook], now: datetime, need: Need) -> list[Period]:
    """The most power by time from `now` to the need's end; empty if nothing is known of that time.

    A session that may take a known amount gets the cheapest plan that delivers it: every stretch at least `MIN_W` and
    its share of the surplus, then full power in the cheapest stretches, the earlier first, the last one in part. One
    that may take any amount gets full power where the price is at most the mean of the time in sight.
    Energy, Wh, and power, W, are whole numbers; a stretch's partial limit is rounded up, so that the amount is reached.
    """
    stretches = _stretches(outlook, now, need.until)
    if not stretches:
        return []
    floor = [_floor(each.surplus_w, need) for each, _ in stretches]
    if need.wh is None:
        mean = sum(each.price * seconds for each, seconds in stretches) // sum(seconds for _, seconds in stretches)
        power = [
            need.rated_w if each.price <= mean else least for (each, _), least in zip(stretches, floor, strict=True)
        ]
    else:
        power = _filled(stretches, floor, need.wh, need.rated_w)
    periods = [Period(each.begin, limit) for (each, _), limit in zip(stretches, power, strict=True)]
    return [one for at, one in enumerate(periods) if at == 0 or one.limit_w != periods[at - 1].limit_w]


def _stretches(outlook: Sequence[Outlook], now: datetime, until: datetime) -> list[tuple[Outlook, int]]:
    """What is expected of [now, until), cut to it, with each stretch's length, s."""
    ends = [*(each.begin for each in outlook[1:]), until]
    cut = [
        (replace(each, begin=max(each.begin, now)), min(end, until)) for each, end in zip(outlook, ends, strict=False)
    ]
    return [(each, int((end - each.begin).total_seconds())) for each, end in cut if end > each.begin]


def _floor(surplus_w: int, need: Need) -> int:
    return min(max(surplus_w // max(need.sharers, 1), MIN_W), need.rated_w)


def _filled(stretches: Sequence[tuple[Outlook, int]], floor: list[int], wh: int, rated_w: int) -> list[int]:
    """The floors, raised in the cheapest stretches until `wh` are delivered; watt-seconds all along."""
    power = list(floor)
    left = wh * 3_600 - sum(least * seconds for least, (_, seconds) in zip(floor, stretches, strict=True))
    for at in sorted(range(len(stretches)), key=lambda at: (stretches[at][0].price, at)):
        if left <= 0:
            break
        seconds = stretches[at][1]
        raised = min(rated_w - power[at], -(-left // seconds))
        power[at] += raised
        left -= raised * seconds
    return power
