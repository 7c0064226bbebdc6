"""Heat pumps, appliances, the owner's rules and prepaid credit of a member: what their keys must be, what they give."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from sunfair.errors import Fault
from sunfair.files.scenario_document import Table
from sunfair.files.scenario_values import near
from sunfair.files.series import iso
from sunfair.model import Appliance, Gift, HeatPump, Override, Owner, Prepaid, Span
from sunfair.slots import SlotClock

__all__ = ["appliances_of", "heat_of", "owner_faults", "owner_of", "prepaid_of"]


def owner_faults(member: Table, ids: Sequence[str], clock: SlotClock | None) -> Iterator[Fault]:
    """Every fault between the keys of one member; `ids` are those of all members."""
    yield from _heat(member)
    yield from _people(member, ids)
    yield from _ready(member)
    for key in ("override", "vacation"):
        yield from _spans(member.inner.get(key, ()), clock)
    if member.inner.get("override") and "battery_kwh" not in member.broken and not member.whole("battery_kwh"):
        what = "orders a state of charge, but there is no battery"
        yield Fault(member.inner["override"][0].place, what, "give battery_kwh, or take the order out")
    yield from _appliances(member.inner.get("appliance", ()), clock)
    yield from _prepaid(member.child("prepaid"))


def _heat(member: Table) -> Iterator[Fault]:
    keys = ("heat", "heat_capacity", "heat_low", "heat_high", "heat_cop", "heat_loss")
    if "heat_kw" in member.broken:
        return
    if not member.whole("heat_kw"):
        given = next((key for key in keys if member.has(key)), None)
        if given is not None:
            yield Fault(member.at("heat_kw"), f"is missing or 0, but there is {given}", "give the heat pump's kW")
        return
    if not member.has("heat"):
        yield Fault(member.at("heat"), "is missing, but there is a heat_kw", 'name its series: "heat.parquet:column"')
    if "heat_capacity" not in member.broken and not member.whole("heat_capacity"):
        yield Fault(member.at("heat_capacity"), "is missing or 0, but there is a heat_kw", "a house has 2 to 10 kWh/K")
    if not member.broken & {"heat_low", "heat_high"}:
        low, high = member.whole("heat_low", 200), member.whole("heat_high", 220)
        if low >= high:
            what = f"is {high / 10:g} °C, not above heat_low ({low / 10:g} °C)"
            yield Fault(member.at("heat_high"), what, "leave a band to store warmth in")


def _people(member: Table, ids: Sequence[str]) -> Iterator[Fault]:
    """Whoever the owner names is another member, once."""
    owner, gifts = member.child("owner"), member.inner.get("gift", ())
    named = [(owner.at("prefer"), name) for name in owner.texts("prefer")] if owner is not None else []
    for places in (named, [(gift.at("to"), gift.text("to")) for gift in gifts if "to" in gift.values]):
        seen = set[str]()
        for place, name in places:
            if name == member.text("id"):
                yield Fault(place, f'names "{name}", the member itself', "name another member")
            elif name not in ids:
                yield Fault(place, f'names "{name}", which is no member', near(name, [one for one in ids if one][:40]))
            elif name in seen:
                yield Fault(place, f'names "{name}" twice', "name each member once")
            seen.add(name)


def _ready(member: Table) -> Iterator[Fault]:
    owner = member.child("owner")
    if owner is None:
        return
    if owner.has("ready_by") and "ev_kw" not in member.broken and not member.whole("ev_kw"):
        yield Fault(owner.at("ready_by"), "is given, but there is no car charger", "give ev_kw, or take it out")
    if owner.has("ready_kwh") and not owner.has("ready_by"):
        yield Fault(owner.at("ready_by"), "is missing, but there is a ready_kwh", 'say when: ready_by = "07:00"')


def _spans(tables: Sequence[Table], clock: SlotClock | None) -> Iterator[Fault]:
    """Times that hold no whole slot, or overlap."""
    if clock is None:
        return
    whole = []
    for table in tables:
        if table.broken:
            continue
        span = _span(table, clock)
        if span.first >= span.end:
            shown = " to ".join(iso(table.whole(key)) for key in ("from", "until"))
            yield Fault(table.place, f"holds no whole slot: {shown}", "it ends after it begins")
        else:
            whole.append((span.first, span.end, table.place))
    whole.sort()
    for (_, end, earlier), (first, _, place) in pairwise(whole):
        if first < end:
            yield Fault(place, f"overlaps {earlier}", "let one end before the other begins")


def _span(table: Table, clock: SlotClock) -> Span:
    """The whole slots between the two instants."""
    step = clock.seconds * 1_000_000
    return Span(-(-table.whole("from") // step), table.whole("until") // step)


def _appliances(tables: Sequence[Table], clock: SlotClock | None) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for table in tables:
        name, profile = table.text("name"), _profile(table)
        if name and seen.setdefault(name, table.place) != table.place:
            yield Fault(table.at("name"), f'is "{name}", which is the name of another', "name each once")
        if profile and not any(profile):
            yield Fault(table.at("profile_wh"), "uses nothing", "give what it uses in each slot")
        if clock is not None and len(profile) > clock.per_day:
            what = f"has {len(profile)} slots, more than a day's {clock.per_day}"
            yield Fault(table.at("profile_wh"), what, "it runs once a day")


def _profile(table: Table) -> tuple[int, ...]:
    return table.wholes("profile_wh")


def _prepaid(table: Table | None) -> Iterator[Fault]:
    if table is None or table.broken:
        return
    prepaid = _prepaid_of(table)
    if not prepaid.top_up and (prepaid.per_day or prepaid.in_total):
        yield Fault(table.at("top_up"), "is missing or 0, but there is a cap for it", "say what one top-up pays in")
    if prepaid.per_day < prepaid.top_up:
        yield Fault(table.at("per_day"), "is less than top_up: none could ever be made", "give at least top_up")
    if prepaid.in_total < prepaid.per_day:
        yield Fault(table.at("in_total"), "is less than per_day", "give at least per_day")


def owner_of(member: Table, clock: SlotClock) -> Owner:
    """The owner's rules that a member without faults describes."""
    table = member.child("owner") or Table(member.place)
    default = Owner()
    return Owner(
        neighbour_permille=table.whole("neighbour_share", default.neighbour_permille),
        floor_price=table.number("floor_price"),
        ceiling_price=table.number("ceiling_price"),
        preferred=table.texts("prefer"),
        gifts=tuple(Gift(gift.text("to"), gift.whole("daily_kwh")) for gift in member.inner.get("gift", ())),
        overrides=tuple(
            Override(_span(order, clock), order.whole("soc", 1_000)) for order in member.inner.get("override", ())
        ),
        vacations=tuple(_span(table, clock) for table in member.inner.get("vacation", ())),
        ready_minute=table.number("ready_by"),
        ready_wh=table.number("ready_kwh"),
        writes_per_day=table.whole("writes_per_day", default.writes_per_day),
        loss_max=table.whole("max_loss", default.loss_max),
    )


def heat_of(member: Table) -> HeatPump | None:
    """The heat pump of a member without faults, if there is one."""
    if not member.whole("heat_kw"):
        return None
    return HeatPump(
        power_w=member.whole("heat_kw"),
        capacity_wh_per_kelvin=member.whole("heat_capacity"),
        low_decidegree=member.whole("heat_low", 200),
        high_decidegree=member.whole("heat_high", 220),
        performance_permille=member.whole("heat_cop", 3_000),
        loss_permille=member.whole("heat_loss"),
    )


def appliances_of(member: Table) -> tuple[Appliance, ...]:
    """The appliances of a member without faults."""
    return tuple(
        Appliance(table.text("name"), _profile(table), table.whole("earliest"), table.whole("latest", 1_439))
        for table in member.inner.get("appliance", ())
    )


def prepaid_of(member: Table) -> Prepaid | None:
    """The prepaid credit of a member without faults, if it has one."""
    table = member.child("prepaid")
    return None if table is None else _prepaid_of(table)


def _prepaid_of(table: Table) -> Prepaid:
    default = Prepaid()
    keys = ("notice", "top_up", "per_day", "in_total")
    notice, top_up, per_day, in_total = (table.whole(key, getattr(default, key)) for key in keys)
    return Prepaid(notice, top_up, per_day, in_total, table.number("opening"))
