"""A member that is a community plant: what its keys must be, what they give."""

from collections.abc import Iterator, Sequence

from sunfair.errors import Fault
from sunfair.files.scenario_document import Table
from sunfair.files.scenario_values import near
from sunfair.model import Plant
from sunfair.units import BPS

__all__ = ["plant_faults", "plant_of"]


def plant_faults(member: Table, ids: Sequence[str]) -> Iterator[Fault]:
    """Every fault between the keys of a plant; `ids` are those of all members."""
    table = member.child("plant")
    if table is None:
        return
    if not member.whole("pv_kwp") and "pv_kwp" not in member.broken:
        yield Fault(member.at("pv_kwp"), "is missing or 0, but there is a [member.plant]", "give the plant's kWp")
    seen = set[str]()
    for name in table.texts("holders"):
        if name == member.text("id"):
            yield Fault(table.at("holders"), f'names "{name}", the plant itself', "name its holders")
        elif name not in ids:
            known = [one for one in ids if one][:40]
            yield Fault(table.at("holders"), f'names "{name}", which is no member', near(name, known))
        elif name in seen:
            yield Fault(table.at("holders"), f'names "{name}" twice', "name each holder once")
        seen.add(name)
    if table.broken & {"holders", "shares"}:
        return
    shares, holders = _shares(table), table.texts("holders")
    if len(shares) != len(holders):
        yield Fault(table.at("shares"), f"are {len(shares)} for {len(holders)} holders", "give one for each")
    if sum(shares) != BPS:
        mend = f"{'take off' if sum(shares) > BPS else 'add'} {abs(BPS - sum(shares))} bps"
        yield Fault(table.at("shares"), f"sum to {sum(shares)} bps, not {BPS}", mend)


def plant_of(member: Table) -> Plant | None:
    """The plant that a member without faults is, if it is one."""
    table = member.child("plant")
    return None if table is None else Plant(table.texts("holders"), _shares(table), table.text("key"))


def _shares(table: Table) -> tuple[int, ...]:
    value = table.values.get("shares", ())
    return tuple(int(part) for part in value) if isinstance(value, tuple) else ()
