"""Why a steered home did what it did: what a stored kWh is worth, what one costs now, and what else could have been."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.dispatch import Dispatch, Reason
from sunfair.agent.explain import price_text
from sunfair.units import format_money

__all__ = ["SMART_REASONS", "Known", "explain_planned", "explain_returned", "explain_smart"]

Ints = NDArray[np.int64]

SMART_REASONS: dict[Reason, str] = {
    Reason.BALANCED: "use and roof are as traded: nothing to move; a stored kWh is worth {worth}, one more costs {buy}",
    Reason.STORED: "{net} Wh {surplus} stored: a stored kWh is worth {worth}; sold now it would bring {sell}",
    Reason.STORED_PART: "{moved} of {net} Wh {surplus} stored, it takes no more: a stored kWh is worth {worth}; sold"
    " now it brings {sell}",
    Reason.FULL: "battery full: {net} Wh {surplus} to the neighbours first for about {sell}; stored, a kWh would be"
    " worth {worth}",
    Reason.KEPT_FREE: "{left} of {net} Wh {surplus} not stored but sold for about {sell}: one more stored kWh would be"
    " worth only {worth}",
    Reason.COVERED: "{net} Wh {need} from the battery: a kWh bought now costs {buy}; kept it would be worth {worth}",
    Reason.COVERED_PART: "{moved} of {net} Wh {need} from the battery, it gives no more: a kWh costs {buy}; kept it"
    " would be worth {worth}",
    Reason.EMPTY: "battery at its reserve: {net} Wh {need}, bought for about {buy}; a stored kWh would be worth"
    " {worth}",
    Reason.KEPT_FULL: "{left} Wh {need}, bought for about {buy}: a stored kWh is kept, worth {worth} later; drawn now"
    " it would save {drawn}",
    Reason.FILLED: "charging {moved} Wh: a stored kWh is worth {worth}, a kWh costs {buy} now; drawing one instead"
    " would save {drawn}",
    Reason.SOLD: "{moved} Wh from the battery sold for about {sell}: the next kWh would be worth {worth} if kept, and"
    " one bought costs {buy}",
    Reason.NOTHING_TO_STORE_IN: "no battery: {net} Wh {surplus} to the neighbours first for about {sell}; one more"
    " bought would cost {buy}",
    Reason.NOTHING_TO_DRAW_ON: "no battery: {net} Wh {need}, bought for about {buy}; one more given would bring {sell}",
}
"""The sentence of each reason. Energies in Wh: `net` surplus or need beside what was traded ahead, `moved` the
battery's part, `left` the rest; `surplus` and `need` say where it comes from: the home itself, or what it bought or
sold ahead; prices in currency per kWh: `worth` of what is stored, `buy` and `sell` what a kWh more
is expected to cost and bring, `drawn` what a kWh drawn from store saves."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a slot beside what was done; int64[n].

    net_wh    : Wh, need (+) or surplus (−) beside what was traded ahead, the car counted in
    buy, sell : µ/kWh, what a kWh more was expected to cost and bring
    drawn     : µ/kWh, what a kWh drawn from store saves at `buy`
    ahead_wh  : Wh, + bought, − sold ahead for the slot
    ev_wh     : Wh, what the car took; ev_left_wh: what it still needs; ev_short_wh: what it will lack when it has to be
                ready, even at full power from this slot on; ev_worth: µ/kWh, up to which it takes energy
    """

    net_wh: Ints
    ahead_wh: Ints
    buy: Ints
    sell: Ints
    drawn: Ints
    ev_wh: Ints
    ev_left_wh: Ints
    ev_short_wh: Ints
    ev_worth: Ints


def explain_smart(done: Dispatch, known: Known, homes: Ints) -> list[str]:
    """A sentence for each of these homes (places, int64[h]): two numbers, and what the alternative was worth."""
    return [_sentence(done, known, home) + _car(known, home) for home in homes.tolist()]


def _sentence(done: Dispatch, known: Known, home: int) -> str:
    net, moved = abs(int(known.net_wh[home])), abs(int(done.battery_wh[home]))
    own = int(known.net_wh[home] + known.ahead_wh[home])
    return SMART_REASONS[Reason(int(done.reason[home]))].format(
        net=net,
        moved=moved,
        left=max(net - moved, 0),
        surplus="surplus" if own < 0 else "bought ahead",
        need="needed" if own > 0 else "sold ahead",
        worth=_price(int(done.marginal_value[home])),
        buy=_price(int(known.buy[home])),
        sell=_price(int(known.sell[home])),
        drawn=_price(int(known.drawn[home])),
    )


def _car(known: Known, home: int) -> str:
    """What the car did, if there is one that wants something."""
    taken, left = int(known.ev_wh[home]), int(known.ev_left_wh[home])
    price, most = _price(int(known.buy[home])), _price(int(known.ev_worth[home]))
    short = int(known.ev_short_wh[home])
    lacking = f"; it will lack {short} Wh when it has to be ready, the charger gives no more" if short else ""
    if taken:
        return f"; the car takes {taken} Wh, {left} Wh are left, for which a kWh may cost up to {most}{lacking}"
    if left:
        return f"; the car waits with {left} Wh: a kWh costs {price} now, {most} at most later{lacking}"
    return ""


def _price(price: int) -> str:
    """To a tenth of a cent: a worth is an estimate."""
    return price_text(round(price, -3))


def explain_planned(sentences: list[str], done: Dispatch, known: Known, planned: Ints) -> list[str]:
    """The sentences of all homes, those of the homes at `planned` (int64[c]) by their plan."""
    told = list(sentences)
    for home, text in zip(planned.tolist(), explain_smart(done, known, planned), strict=True):
        told[home] = text
    return told


def explain_returned(sentences: list[str], back_at: Ints, lost: Ints) -> list[str]:
    """The same with what the plan had lost (int64[n], µ) said of homes that went back to the rule (`back_at` ≥ 0)."""
    return [
        text if at < 0 else f"back to the simple rule, against which the plan had lost {format_money(gone)}: {text}"
        for text, at, gone in zip(sentences, back_at.tolist(), lost.tolist(), strict=True)
    ]
