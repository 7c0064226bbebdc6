"""`demo --switching`: a street changes supplier over a bank-holiday weekend.

What should become of every point is written down by the story itself, midnight by midnight, and held against the
register and against the contract in the end.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sunfair.app.meters import Change
from sunfair.registry.switching import ChangeReading, Switch, SwitchKind, annulment_digest, return_limit_digest
from sunfair.report.switching import switching_page
from sunfair.slots import zone
from sunfair.wiring.switching_street import FUELS, Street, open_street

__all__ = ["Told", "tell_switching"]

BEGIN = datetime(2026, 8, 27, 9, tzinfo=UTC)
"""Thursday before the late summer bank holiday, 10:00 in London."""
START, BACK, END = date(2026, 9, 2), date(2026, 9, 5), date(2026, 9, 8)
_OBJECTED, _MISTAKE, _WITHDRAWN, _ANNULLED, _LATE = 2, 1, 4, 5, 3


@dataclass(slots=True)
class Told:
    """The story's outcome. `wrong` names every midnight at which a point has another supplier than it should."""

    homes: int
    switched: int = 0
    stayed: int = 0
    returned: int = 0
    refused_readings: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    points: list[dict[str, Any]] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """As JSON values, the points' timelines left out."""
        return {
            "homes": self.homes,
            "points": len(self.points),
            "switched": self.switched,
            "stayed": self.stayed,
            "returned": self.returned,
            "refused_readings": self.refused_readings,
            "wrong": self.wrong,
        }


def tell_switching(folder: Path, *, homes: int, seed: int, tell: Callable[[str], None], rpc: str | None = None) -> Told:
    """Tell it and write ``timeline.json`` and ``report.html`` into `folder` (made as a whole, or not at all).

    On an embedded chain, or on the local development node at `rpc`.
    """
    told = Told(homes)
    with open_street(homes, seed, BEGIN, rpc=rpc) as street:
        made = _requests(street, tell)
        _weekend(street, made, tell)
        _after(street, made, told, tell)
        due = {(home, fuel): _due(home, fuel) for home in range(homes) for fuel in FUELS}
        for (home, fuel), suppliers in due.items():
            _check(street, home, fuel, suppliers, told)
        told.points = [_timeline(street, home, fuel) for home, fuel in due]
    _write(folder, told)
    return told


def _requests(street: Street, tell: Callable[[str], None]) -> dict[tuple[int, str], Switch]:
    """Thursday and Friday: even homes switch both fuels or none, odd ones each fuel by itself."""
    made: dict[tuple[int, str], Switch] = {}
    for home in range(street.homes):
        if home == _LATE:
            street.pass_to(BEGIN + timedelta(hours=26))
        pair = [street.request(home, fuel, START) for fuel in FUELS]
        switches = street.submit(pair, bundled=home % 2 == 0)
        made.update(zip(((home, fuel) for fuel in FUELS), switches, strict=True))
    tell(f"{street.homes} homes ask for electricity and gas from another supplier, from {START} on")
    return made


def _weekend(street: Street, made: dict[tuple[int, str], Switch], tell: Callable[[str], None]) -> None:
    """Friday to the bank holiday: an objection, an annulment, a withdrawal, while the windows and gates stand open."""
    if street.homes > _OBJECTED:
        _both(street, "old", "object_to", made[_OBJECTED, "gas"].id)
        tell("the old supplier objects to one home's gas: its electricity stays too, they were one bundle")
    street.pass_to(datetime(2026, 8, 29, 11, tzinfo=UTC))
    if street.homes > _ANNULLED:
        switch = made[_ANNULLED, "electricity"].id
        signed = street.keys.sign(f"home {_ANNULLED}", annulment_digest(street.ledger.domain, switch))
        street.service.annul(switch, street.keys.address("old"), signed)
        street.ledger.act("old", "annul", switch, signed)
        tell("a customer has one switch annulled on Saturday")
    street.pass_to(datetime(2026, 8, 31, 12, tzinfo=UTC))
    if street.homes > _WITHDRAWN:
        _both(street, "new", "withdraw", made[_WITHDRAWN, "electricity"].id)
        tell("the new supplier withdraws one home's pair on the bank holiday, before its gate closes")


def _after(street: Street, made: dict[tuple[int, str], Switch], told: Told, tell: Callable[[str], None]) -> None:
    """The start, the readings at the change, new meters, and the mistake that goes back."""
    street.pass_to(street.calendar.midnight(START) + timedelta(hours=8))
    for at, ((home, fuel), switch) in enumerate(made.items()):
        if _due(home, fuel)[START] == "new":
            street.service.read(switch.id, ChangeReading(1_000_000 + 1_000 * at, estimated=False))
    _meters(street, told)
    street.pass_to(datetime(2026, 9, 3, 9, tzinfo=UTC))
    for fuel in FUELS if street.homes > _MISTAKE else ():
        _report(street, made[_MISTAKE, fuel].id)
    street.pass_to(datetime(2026, 9, 4, 9, tzinfo=UTC))
    for fuel in FUELS if street.homes > _MISTAKE else ():
        request = street.request(_MISTAKE, fuel, BACK, to="old", kind=SwitchKind.RETURN)
        street.submit([request], to="old")
        told.returned += 1
    street.pass_to(street.calendar.midnight(END))
    tell("one transfer was a mistake; it is reported on Thursday and back with its supplier by Saturday")


def _meters(street: Street, told: Told) -> None:
    """The first home's electricity meter is exchanged; what the old one and a stranger's sign counts no more."""
    point, now = street.point(0, "electricity"), street.clock.now()
    old, new = street.keys.address("meter 0 electricity"), street.keys.address("meter 0 exchanged")
    street.meters.change(point, Change(now, (2_310_400, 0), "E99001", (0, 0), new))
    street.ledger.bind_device("registrar", point, new, int(now.timestamp()), (0, 0))
    for name, device in (("superseded", old), ("unregistered", street.keys.address("stranger"))):
        try:
            street.points.check_reading(point, device, now)
        except ValueError as error:
            told.refused_readings[name] = str(error).splitlines()[-1].strip(" -")
        if street.ledger.is_bound(point, device, int(now.timestamp())):
            told.wrong.append(f"the contract takes a reading of a {name} device")
    street.points.check_reading(point, new, now)


def _report(street: Street, switch: bytes) -> None:
    reported = street.service.report(switch, street.keys.address("home 1"))
    now, limit = street.clock.now(), reported.return_by
    if limit is not None:
        signed = street.keys.sign("switching", return_limit_digest(street.ledger.domain, switch, now, limit))
        street.ledger.act("home 1", "report", switch, int(now.timestamp()), int(limit.timestamp()), signed)


def _both(street: Street, by: str, act: str, switch: bytes) -> None:
    """The same act in the register and on the chain."""
    getattr(street.service, act)(switch, street.keys.address(by))
    street.ledger.act(by, act, switch)


def _due(home: int, fuel: str) -> dict[date, str]:
    """Who must supply a point at each midnight, as the story has it."""
    stays = home in (_OBJECTED, _WITHDRAWN) or (home, fuel) == (_ANNULLED, "electricity")
    first = date(2026, 8, 28)
    days = [first + timedelta(days=at) for at in range((END - first).days + 1)]
    end = BACK if home == _MISTAKE else date.max
    return {day: "new" if START <= day < end and not stays else "old" for day in days}


def _check(street: Street, home: int, fuel: str, suppliers: dict[date, str], told: Told) -> None:
    point = street.point(home, fuel)
    held = street.store.supplies(point)
    for day, name in suppliers.items():
        at = street.calendar.midnight(day)
        wanted = street.keys.address(name)
        on_chain = street.ledger.supplier_at(point, int(at.timestamp()))
        if held is None or held.supplier_at(at) != wanted:
            told.wrong.append(f"{fuel} of home {home} at {day} 00:00: the register does not say {name}")
        if on_chain != wanted:
            told.wrong.append(f"{fuel} of home {home} at {day} 00:00: the contract does not say {name}")
    told.switched += suppliers[END] == "new"
    told.stayed += set(suppliers.values()) == {"old"}


def _timeline(street: Street, home: int, fuel: str) -> dict[str, Any]:
    """A point's suppliers and every transition that was told of its switches."""
    point = street.point(home, fuel)
    held = street.store.supplies(point)
    names = {street.keys.address(name): name for name in ("old", "new")}
    switches = street.store.switches(point)
    return {
        "home": home,
        "fuel": fuel,
        "supplies": [
            {
                "supplier": names[supply.supplier],
                "from": supply.starts.isoformat(),
                "to": None if supply.ends is None else supply.ends.isoformat(),
            }
            for supply in (() if held is None else held.supplies)
        ],
        "transitions": [
            {"kind": switch.request.kind.name, "state": notice.state.name, "at": notice.at.isoformat()}
            for switch in switches
            for notice, _ in street.store.notices(switch.id)
        ],
        "reading_wh": next((s.reading.register_wh for s in switches if s.reading is not None), None),
    }


def _write(folder: Path, told: Told) -> None:
    facts: Sequence[dict[str, Any]] = told.points
    partial = folder.with_name(folder.name + ".partial")
    partial.mkdir(parents=True, exist_ok=True)
    summary = json.dumps({**told.plain(), "timelines": facts}, indent=1, ensure_ascii=False)
    (partial / "timeline.json").write_text(summary + "\n", encoding="utf-8", newline="\n")
    local = zone("Europe/London")
    window = (BEGIN.astimezone(local), datetime(END.year, END.month, END.day, tzinfo=local))
    (partial / "report.html").write_text(switching_page(facts, told.plain(), window), encoding="utf-8", newline="\n")
    partial.rename(folder)
