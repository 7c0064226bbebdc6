"""A member that is a community plant: what its keys must be, what they give."""

from collections.abc import Iterator, Sequence
from datetime import date

from sunfair.errors import Fault
from sunfair.files.scenario_document import Table
from sunfair.files.scenario_values import near
from sunfair.model import Plant, SeatSale
from sunfair.units import BPS

__all__ = ["plant_faults", "plant_of"]

_HOURS = 24
_OWN = {"ranking": "priority", "table": "table", "values": "optimal"}
"""What only one key reads."""


def plant_faults(member: Table, ids: Sequence[str]) -> Iterator[Fault]:
    """Every fault between the keys of a plant; `ids` are those of all members."""
    table, sales = member.child("plant"), member.inner.get("seat_sale", ())
    if table is None:
        if sales:
            yield Fault(sales[0].place, "stands at a member without a [member.plant]", "name it at its plant")
        return
    if not member.whole("pv_kwp") and "pv_kwp" not in member.broken:
        yield Fault(member.at("pv_kwp"), "is missing or 0, but there is a [member.plant]", "give the plant's kWp")
    yield from _holders(table, member.text("id"), ids)
    yield from _key(table)
    if table.broken & {"holders", "shares"}:
        return
    shares, holders = table.wholes("shares"), table.texts("holders")
    yield from _sum(table, "shares", shares, holders)
    yield from _beside_the_key(table, holders)
    if len(shares) == len(holders):
        yield from _sales(sales, dict(zip(holders, shares, strict=True)))


def _holders(table: Table, own: str, ids: Sequence[str]) -> Iterator[Fault]:
    seen = set[str]()
    for name in table.texts("holders"):
        if name == own:
            yield Fault(table.at("holders"), f'names "{name}", the plant itself', "name its holders")
        elif name not in ids:
            known = [one for one in ids if one][:40]
            yield Fault(table.at("holders"), f'names "{name}", which is no member', near(name, known))
        elif name in seen:
            yield Fault(table.at("holders"), f'names "{name}" twice', "name each holder once")
        seen.add(name)


def _key(table: Table) -> Iterator[Fault]:
    """What a key lacks, and what stands there for another one."""
    if "key" in table.broken:
        return
    key = table.text("key")
    if table.has("price") and not key:
        yield Fault(table.at("price"), "is there without a key", "name the key by which the plant shares")
    for name, of in _OWN.items():
        if table.has(name) and key != of:
            yield Fault(table.at(name), f'is there, but the key is "{key}"', f'only the key "{of}" reads it')
        elif not table.has(name) and key == of and name != "values":
            yield Fault(table.at(name), f'is missing, but the key is "{key}"', "add it")


def _sum(table: Table, name: str, shares: Sequence[int], holders: Sequence[str], where: str = "") -> Iterator[Fault]:
    """Shares that are not one for each holder, or not 10,000 together."""
    if len(shares) != len(holders):
        yield Fault(table.at(name), f"are {len(shares)} for {len(holders)} holders{where}", "give one for each")
    if sum(shares) != BPS:
        mend = f"{'take off' if sum(shares) > BPS else 'add'} {abs(BPS - sum(shares))} bps"
        yield Fault(table.at(name), f"sum to {sum(shares)} bps, not {BPS}{where}", mend)


def _beside_the_key(table: Table, holders: Sequence[str]) -> Iterator[Fault]:
    """A ranking, a table or values that do not fit the holders."""
    ranking, rows, values = table.texts("ranking"), table.rows("table"), table.wholes("values")
    if ranking and sorted(ranking) != sorted(holders):
        what = f"names {', '.join(ranking)}; it must name every holder once"
        yield Fault(table.at("ranking"), what, f"rank {', '.join(holders)}")
    if rows and len(rows) != _HOURS:
        yield Fault(table.at("table"), f"has {len(rows)} lists; a day has {_HOURS} civil hours", "give one for each")
    for hour, row in enumerate(rows):
        yield from _sum(table, "table", row, holders, f" in the list of hour {hour}")
    if values and len(values) != len(holders):
        yield Fault(table.at("values"), f"are {len(values)} for {len(holders)} holders", "give one for each")


def _sales(sales: Sequence[Table], shares: dict[str, int]) -> Iterator[Fault]:
    """Sales in the order of their days, of what the seller holds then, from one holder to another."""
    last = 0
    for sale in sales:
        if sale.broken:
            continue
        seller, buyer, part, on = sale.text("from"), sale.text("to"), sale.whole("share"), sale.whole("on")
        strange = [(key, name) for key, name in (("from", seller), ("to", buyer)) if name not in shares]
        for key, name in strange:
            what = f'names "{name}", which is no holder of the plant'
            yield Fault(sale.at(key), what, "list it among the holders, with a share of 0 if it has none yet")
        if strange:
            continue
        if seller == buyer:
            yield Fault(sale.at("to"), f'names "{buyer}", who sells', "name who buys")
        elif shares[seller] < part:
            yield Fault(sale.at("share"), f"is {part} bps; {seller} then holds {shares[seller]}", "sell at most that")
        if on < last:
            yield Fault(sale.at("on"), "is before the sale above it", "write them in the order of their days")
        last = on
        shares[seller] -= part
        shares[buyer] += part


def plant_of(member: Table) -> Plant | None:
    """The plant that a member without faults is, if it is one."""
    table = member.child("plant")
    if table is None:
        return None
    return Plant(
        table.texts("holders"),
        table.wholes("shares"),
        table.text("key"),
        table.number("price"),
        table.texts("ranking"),
        table.rows("table"),
        table.wholes("values"),
        tuple(_sale(sale) for sale in member.inner.get("seat_sale", ())),
    )


def _sale(sale: Table) -> SeatSale:
    parties, on = (sale.text("from"), sale.text("to")), date.fromordinal(sale.whole("on"))
    return SeatSale(*parties, sale.whole("share"), sale.whole("price"), on)
