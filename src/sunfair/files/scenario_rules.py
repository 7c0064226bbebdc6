"""What the keys of a community file must be to each other, and the community that follows from them."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from sunfair.errors import Fault
from sunfair.files.scenario_document import Document, Table
from sunfair.files.scenario_markets import market_faults, markets_of
from sunfair.files.scenario_owner import appliances_of, heat_of, owner_faults, owner_of, prepaid_of
from sunfair.files.scenario_plants import plant_faults, plant_of
from sunfair.model import (
    SMALL_COMMUNITY,
    Battery,
    Car,
    Community,
    Fees,
    Mechanism,
    Member,
    Phase,
    Session,
    Sharing,
    Strategy,
)
from sunfair.slots import SLOT_MINUTES, SlotClock, zone
from sunfair.units import BPS, MICRO

__all__ = [
    "UNPLACED",
    "battery_faults",
    "check_rules",
    "community_of",
    "members_of",
    "own_notices",
    "sessions_of",
    "shared_names",
]

UNPLACED = (
    "Members have a bus or phase, but the community names no network under [grid] file: it runs without one and they "
    "are not used."
)

_KNOWN_PRICE = "At the mid-market rate the community trades after each slot only: the price is known beforehand."


def check_rules(document: Document, clock: SlotClock | None = None) -> list[Fault]:
    """Every fault between keys that are readable one by one; `clock` is None where the slots cannot be known."""
    faults = [*_community(document.community), *_fees(document.fees), *_tariff(document.tariff)]
    faults += [*_wires(document), *shared_names(document.members), *market_faults(document, clock)]
    for member in document.members:
        faults += [*battery_faults(member), *_roof(member), *_car(member)]
        faults += owner_faults(member, [other.text("id") for other in document.members], clock)
        faults += plant_faults(member, [other.text("id") for other in document.members])
        if document.grid is not None:
            faults += _place(member)
    return faults


def _community(table: Table) -> Iterator[Fault]:
    try:
        zone(table.text("timezone", "UTC"))
    except ValueError as error:
        yield Fault(table.at("timezone"), str(error), 'e.g. timezone = "Europe/Berlin"')
    minutes = table.whole("slot_minutes", 15)
    if minutes not in SLOT_MINUTES:
        listed = ", ".join(str(length) for length in SLOT_MINUTES)
        yield Fault(table.at("slot_minutes"), f"is {minutes}; a slot has {listed} minutes", "use one of them")
    currency = table.text("currency", "EUR")
    if not re.fullmatch("[A-Z]{3}", currency):
        yield Fault(table.at("currency"), f'is "{currency}"; it must be an ISO 4217 code', "e.g. EUR")


def _wires(document: Document) -> Iterator[Fault]:
    """What trading on the wires needs."""
    table = document.community
    if table.text("mechanism", Mechanism.UNIFORM) != Mechanism.NETWORK or len(document.members) < SMALL_COMMUNITY:
        return
    if document.grid is None:
        yield Fault(table.at("mechanism"), 'is "network", but there is no [grid]', "name the network under [grid] file")
    if "sessions" not in table.broken and Session.AHEAD not in _sessions(table):
        what = "leaves out ahead: on the wires only what has not flowed yet can be traded"
        yield Fault(table.at("sessions"), what, 'sessions = ["ahead", "pool"]')


def _fees(table: Table) -> Iterator[Fault]:
    if table.broken:
        return
    shares = _shares(table)
    listed = " + ".join(str(share) for share in shares)
    if sum(shares) != BPS:
        what = f"sum to {listed} = {sum(shares)} bps; the shares of seller, utility and network sum to {BPS}"
        yield Fault(table.place, what, f"{'take off' if sum(shares) > BPS else 'add'} {abs(BPS - sum(shares))} bps")
    if shares[0] * 2 <= BPS:
        what = f"is {shares[0]} bps; the seller gets more than half of a trade's money"
        yield Fault(table.at("seller_bps"), what, f"give at least {BPS // 2 + 1}")


def _shares(table: Table) -> tuple[int, int, int]:
    default = Fees()
    return (
        table.whole("seller_bps", default.seller_bps),
        table.whole("utility_bps", default.utility_bps),
        table.whole("network_bps", default.network_bps),
    )


def _tariff(table: Table) -> Iterator[Fault]:
    """Two constant prices; series are compared slot by slot once they are read."""
    retail, feed_in = table.values.get("retail"), table.values.get("feed_in")
    if isinstance(retail, int) and isinstance(feed_in, int) and feed_in > retail:
        shown = [f"{(Decimal(price) / MICRO).normalize():f}" for price in (feed_in, retail)]
        what = f"is {shown[0]}, above retail ({shown[1]}): who feeds in and buys back would gain from nothing"
        yield Fault(table.at("feed_in"), what, "feed_in is at most retail")


def shared_names(members: Sequence[Table]) -> list[Fault]:
    """Members that share an id or a meter point."""
    faults = []
    for key, own in (("id", "an id"), ("meter", "a meter")):
        first: dict[str, int] = {}
        for number, member in enumerate(members, start=1):
            name = member.text("id") if key == "id" else _meter(member)
            if name and first.setdefault(name, number) != number:
                what = f'is "{name}", which is already the {key} of member {first[name]}'
                faults.append(Fault(member.at(key), what, f"every member has {own} of its own"))
    return faults


def _meter(member: Table) -> str:
    return "" if "meter" in member.broken else member.text("meter", member.text("id"))


def battery_faults(member: Table) -> Iterator[Fault]:
    """What a battery's keys contradict in each other."""
    if member.broken & {"battery_kwh", "battery_kw", "battery_reserve_kwh"}:
        return
    capacity, reserve = member.whole("battery_kwh"), member.whole("battery_reserve_kwh")
    if capacity and member.values.get("battery_kw") == 0:
        yield Fault(member.at("battery_kw"), "is 0, but there is a battery_kwh", "give its power in kW")
    if not capacity and member.whole("battery_kw"):
        yield Fault(member.at("battery_kwh"), "is missing, but there is a battery_kw", "give its capacity in kWh")
    if reserve > capacity:
        what = f"keeps {reserve} Wh back, more than the battery's {capacity} Wh"
        yield Fault(member.at("battery_reserve_kwh"), what, "at most battery_kwh")


def _roof(member: Table) -> Iterator[Fault]:
    if "pv_kwp" not in member.broken:
        if member.whole("pv_kwp") and not member.has("pv"):
            yield Fault(member.at("pv"), "is missing, but there is a pv_kwp", 'name its series: "pv.parquet:column"')
        if not member.whole("pv_kwp") and member.has("pv"):
            yield Fault(member.at("pv_kwp"), "is missing or 0, but there is a pv series", "give the roof's kWp")
    if not member.has("load") and not member.has("pv"):
        what = "is missing, and so is pv: nothing is measured here"
        yield Fault(member.at("load"), what, 'name its series: "load.parquet:column"')


def _car(member: Table) -> Iterator[Fault]:
    if member.has("ev") and "ev_kw" not in member.broken and not member.whole("ev_kw"):
        yield Fault(member.at("ev_kw"), "is missing or 0, but there is an ev table", "give the charger's kW")


def _place(member: Table) -> Iterator[Fault]:
    for key in ("bus", "phase"):
        if not member.has(key):
            mend = "give it, or leave [grid] out to run without a network"
            yield Fault(member.at(key), "is missing, but the community has a [grid]", mend)


def community_of(document: Document) -> tuple[Community, list[str]]:
    """The community of a document without faults, and what the reader of its reports should know."""
    table = document.community
    clock = SlotClock(table.whole("slot_minutes", 15), table.text("timezone", "UTC"))
    members = members_of(document.members, clock)
    sessions, mechanism, notices = sessions_of(
        len(members),
        _sessions(table),
        Mechanism(table.text("mechanism", Mechanism.UNIFORM)),
    )
    k = table.wholes("k") or (1, 2)
    community = Community(
        name=table.text("name"),
        members=members,
        clock=clock,
        sessions=sessions,
        mechanism=mechanism,
        fees=Fees(*_shares(document.fees)),
        currency=table.text("currency", "EUR"),
        k=(k[0], k[1]),
        gate_minutes=table.whole("gate_minutes", 5),
        markets=markets_of(document.markets),
        envelope=_envelope(document.grid),
    )
    own = table.values.get("notices", ())
    assert isinstance(own, tuple)
    if document.grid is None and any(member.bus is not None or member.phase is not None for member in members):
        notices.append(UNPLACED)
    return community, [*(str(notice) for notice in own), *notices]


def _envelope(grid: Table | None) -> Sharing:
    return Sharing.NONE if grid is None else Sharing(grid.text("envelope", Sharing.NONE))


def own_notices(notices: Sequence[str], members: int) -> list[str]:
    """The notices that a community file should carry: all but those that follow from the rest of it."""
    derived = {UNPLACED, _KNOWN_PRICE, _small(members)}
    return [notice for notice in notices if notice not in derived]


def _sessions(table: Table) -> tuple[Session, ...]:
    listed = table.values.get("sessions", tuple(Session))
    assert isinstance(listed, tuple)
    return tuple(Session(str(word)) for word in listed)


def sessions_of(
    members: int, sessions: tuple[Session, ...], mechanism: Mechanism
) -> tuple[tuple[Session, ...], Mechanism, list[str]]:
    """The sessions and mechanism that a community of this size may have, with a sentence where they are not its own."""
    pool = (Session.POOL,)
    if members < SMALL_COMMUNITY:
        return pool, Mechanism.MID_MARKET_RATE, [_small(members)]
    if mechanism is Mechanism.MID_MARKET_RATE and sessions != pool:
        return pool, mechanism, [_KNOWN_PRICE]
    return sessions, mechanism, []


def _small(members: int) -> str:
    return (
        f"This community has fewer than {SMALL_COMMUNITY} members ({members}): it trades after each slot only, at the "
        "mid-market rate, because in so small a book whoever looks last would gain by setting the price."
    )


def members_of(tables: Sequence[Table], clock: SlotClock) -> tuple[Member, ...]:
    """The members that tables without faults describe."""
    return tuple(_member(table, clock) for table in tables)


def _member(table: Table, clock: SlotClock) -> Member:
    capacity = table.whole("battery_kwh")
    charger = table.whole("ev_kw")
    battery = Battery(
        capacity_wh=capacity,
        power_w=table.whole("battery_kw", (capacity + 1) // 2),
        charge_eff_permille=table.whole("battery_charge_eff", 950),
        discharge_eff_permille=table.whole("battery_discharge_eff", 950),
        reserve_wh=table.whole("battery_reserve_kwh"),
    )
    bus, heat = table.values.get("bus"), heat_of(table)
    usual = Strategy.SMART if capacity or charger or heat else Strategy.RULE
    return Member(
        id=table.text("id"),
        meter=_meter(table),
        bus=bus if isinstance(bus, int) else None,
        phase=Phase(table.text("phase")) if "phase" in table.values else None,
        pv_wp=table.whole("pv_kwp"),
        battery=battery if capacity else None,
        car=Car(charger) if charger else None,
        strategy=Strategy(table.text("strategy", usual)),
        shape=table.text("shape"),
        owner=owner_of(table, clock),
        heat=heat,
        appliances=appliances_of(table),
        markets=table.texts("markets"),
        prepaid=prepaid_of(table),
        plant=plant_of(table),
    )
