"""Why: a sentence with two numbers for every home and slot."""

from sunfair.agent.dispatch import Dispatch, Reason

__all__ = ["REASONS", "explain", "price_text"]

REASONS: dict[Reason, str] = {
    Reason.BALANCED: "use and roof are equal: {net} Wh to move, {moved} Wh moved",
    Reason.STORED: "surplus {net} Wh stored for later, when the grid asks {retail}; now it would pay {feed_in}",
    Reason.STORED_PART: "{moved} of {net} Wh surplus stored, the battery takes no more; the grid would pay {feed_in}",
    Reason.FULL: "battery full: surplus {net} Wh to the neighbours first; the grid would pay {feed_in}",
    Reason.COVERED: "need {net} Wh from the battery; the grid would ask {retail}",
    Reason.COVERED_PART: "{moved} of {net} Wh needed from the battery, it gives no more; the grid asks {retail}",
    Reason.EMPTY: "battery at its reserve: need {net} Wh from the neighbours first; the grid asks {retail}",
    Reason.NOTHING_TO_STORE_IN: "no battery: surplus {net} Wh to the neighbours first; the grid would pay {feed_in}",
    Reason.NOTHING_TO_DRAW_ON: "no battery: need {net} Wh from the neighbours first; the grid asks {retail}",
}
"""The sentence of each reason: `net` is the home's surplus or need, `moved` the battery's part of it (Wh), `retail`
and `feed_in` the tariff in currency per kWh."""


def explain(dispatch: Dispatch, *, retail: int, feed_in: int) -> list[str]:
    """A sentence per home: what was done, and what the alternative would have been worth; empty where only a plan does
    so (`explain_smart`).

    `retail`, `feed_in` : µ/kWh, the slot's tariff; written in currency per kWh to the cent, finer where it is finer
    """
    tariff = {"retail": price_text(retail), "feed_in": price_text(feed_in)}
    sentences = {int(code): text.format(net="{0}", moved="{1}", **tariff) for code, text in REASONS.items()}
    net = abs(dispatch.metered_wh - dispatch.battery_wh - dispatch.curtail_wh).tolist()
    moved = abs(dispatch.battery_wh).tolist()
    return [
        sentences.get(code, "").format(whole, part)
        for code, whole, part in zip(dispatch.reason.tolist(), net, moved, strict=True)
    ]


def price_text(price: int) -> str:
    """A price in currency per kWh with two to six decimals, exact: 0.08, 0.3175, −0.005."""
    sign, rest = "−" if price < 0 else "", abs(price)
    decimals = f"{rest % 1_000_000:06d}"
    return f"{sign}{rest // 1_000_000}.{decimals[:2]}{decimals[2:].rstrip('0')}"
