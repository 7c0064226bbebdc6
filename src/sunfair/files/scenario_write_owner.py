"""Heat pumps, appliances, the owner's rules, prepaid credit and retailers' markets as lines of a community file."""

from collections.abc import Iterator, Mapping

from sunfair.files.scenario_text import clock_time, decimal, instant, quote, texts
from sunfair.model import Appliance, Market, Member, Owner, Plant, Prepaid, SeatSale, Span
from sunfair.slots import SlotClock
from sunfair.units import MICRO

__all__ = ["heat_keys", "inner_lines", "market_file", "market_lines"]


def market_file(number: int) -> str:
    """The name of the file with the prices of a market; they are counted from 1."""
    return f"market-{number}.csv"


def market_lines(market: Market, number: int) -> list[str]:
    """A market's table."""
    keys = {
        "name": quote(market.name),
        "kind": quote(market.kind),
        "file": quote(market_file(number)),
        "block_minutes": str(market.block_minutes),
        "gate_minutes": str(market.gate_minutes),
        "fee": decimal(market.fee, MICRO),
    }
    return _table("[[market]]", keys)


def heat_keys(member: Member) -> dict[str, str]:
    """The keys of a member's heat pump but its series."""
    heat = member.heat
    if heat is None:
        return {}
    return {
        "heat_kw": decimal(heat.power_w, 1000),
        "heat_capacity": decimal(heat.capacity_wh_per_kelvin, 1000),
        "heat_low": decimal(heat.low_decidegree, 10),
        "heat_high": decimal(heat.high_decidegree, 10),
        "heat_cop": decimal(heat.performance_permille, 1000),
        "heat_loss": decimal(heat.loss_permille, 1000),
    }


def inner_lines(member: Member, clock: SlotClock) -> list[str]:
    """The tables inside a member's."""
    owner = member.owner
    lines = _owner(owner)
    for gift in owner.gifts:
        lines += _table("[[member.gift]]", {"to": quote(gift.to), "daily_kwh": decimal(gift.daily_wh, 1000)})
    for order in owner.overrides:
        keys = {**_span(order.span, clock), "soc": decimal(order.soc_permille, 1000)}
        lines += _table("[[member.override]]", keys)
    for span in owner.vacations:
        lines += _table("[[member.vacation]]", _span(span, clock))
    for appliance in member.appliances:
        lines += _table("[[member.appliance]]", _appliance(appliance))
    if member.prepaid is not None:
        lines += _table("[member.prepaid]", dict(_prepaid(member.prepaid)))
    if member.plant is not None:
        lines += _table("[member.plant]", dict(_plant(member.plant)))
        for sale in member.plant.sales:
            lines += _table("[[member.seat_sale]]", _sale(sale))
    return lines


def _table(title: str, keys: Mapping[str, str]) -> list[str]:
    return ["", title, *(f"{key} = {value}" for key, value in keys.items())]


def _span(span: Span, clock: SlotClock) -> dict[str, str]:
    return {"from": instant(span.first, clock), "until": instant(span.end, clock)}


def _owner(owner: Owner) -> list[str]:
    """The rules that are not at their default."""
    default, keys = Owner(), dict[str, str]()
    if owner.neighbour_permille != default.neighbour_permille:
        keys["neighbour_share"] = decimal(owner.neighbour_permille, 1000)
    for name in ("floor_price", "ceiling_price"):
        price = getattr(owner, name)
        if price is not None:
            keys[name] = decimal(price, MICRO)
    if owner.preferred:
        keys["prefer"] = texts(owner.preferred)
    if owner.ready_minute is not None:
        keys["ready_by"] = clock_time(owner.ready_minute)
    if owner.ready_wh is not None:
        keys["ready_kwh"] = decimal(owner.ready_wh, 1000)
    if owner.writes_per_day != default.writes_per_day:
        keys["writes_per_day"] = str(owner.writes_per_day)
    if owner.loss_max != default.loss_max:
        keys["max_loss"] = decimal(owner.loss_max, MICRO)
    return _table("[member.owner]", keys) if keys else []


def _appliance(appliance: Appliance) -> dict[str, str]:
    return {
        "name": quote(appliance.name),
        "profile_wh": str(list(appliance.profile_wh)),
        "earliest": clock_time(appliance.earliest_minute),
        "latest": clock_time(appliance.latest_minute),
    }


def _plant(plant: Plant) -> Iterator[tuple[str, str]]:
    yield "holders", texts(plant.holders)
    yield "shares", str(list(plant.shares_bps))
    if plant.key:
        yield "key", quote(plant.key)
    if plant.price is not None:
        yield "price", decimal(plant.price, MICRO)
    if plant.ranking:
        yield "ranking", texts(plant.ranking)
    if plant.table:
        yield "table", str([list(row) for row in plant.table])
    if plant.values:
        yield "values", f"[{', '.join(decimal(value, MICRO) for value in plant.values)}]"


def _sale(sale: SeatSale) -> dict[str, str]:
    named = {"from": quote(sale.seller), "to": quote(sale.buyer), "share": str(sale.bps)}
    return {**named, "price": decimal(sale.price, MICRO), "on": sale.on.isoformat()}


def _prepaid(prepaid: Prepaid) -> Iterator[tuple[str, str]]:
    for name in ("notice", "top_up", "per_day", "in_total"):
        yield name, decimal(getattr(prepaid, name), MICRO)
    if prepaid.opening is not None:
        yield "opening", decimal(prepaid.opening, MICRO)
