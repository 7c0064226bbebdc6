"""A street of points for tests of switching: two fuels a home, three suppliers, London's calendar. Not a test."""

from datetime import UTC, date, datetime

from sunfair.registry import Calendar
from sunfair.registry.switching import (
    Request,
    Sector,
    Supply,
    SupplyPoint,
    Switch,
    Switchboard,
    SwitchingDomain,
    SwitchKind,
    SwitchRules,
)

HOLIDAYS = """
2026-01-01 2026-04-03 2026-04-06 2026-05-04 2026-05-25 2026-08-31 2026-12-25 2026-12-28
2027-01-01 2027-03-26 2027-03-29 2027-05-03 2027-05-31 2027-08-30 2027-12-27 2027-12-28
"""
LONDON = Calendar("Europe/London", frozenset(map(date.fromisoformat, HOLIDAYS.split())), (2026, 2027))
DOMAIN = SwitchingDomain(31337, bytes(20))
OLD, NEW, THIRD = (bytes([kind]) * 20 for kind in (0xA1, 0xB2, 0xC3))
SUPPLIERS = (OLD, NEW, THIRD)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def point(number: int, *, sector: Sector = Sector.DOMESTIC, related: frozenset[bytes] = frozenset()) -> SupplyPoint:
    fuel = "gas" if number % 2 else "electricity"
    supplies = (Supply(OLD, BEGIN),)
    return SupplyPoint(name(number), "GB", fuel, sector, owner(number), BEGIN, supplies, related)


def name(number: int) -> bytes:
    return b"point" + number.to_bytes(27, "big")


def owner(number: int) -> bytes:
    return b"home" + (number // 2 + 1).to_bytes(16, "big")


def request(
    number: int, start: str | date, *, gainer: bytes = NEW, kind: SwitchKind = SwitchKind.SWITCH, nonce: int = 0
) -> Request:
    day = date.fromisoformat(start) if isinstance(start, str) else start
    return Request(name(number), gainer, kind, day, nonce)


class Street:
    """A board with some points, and the shortest way to ask it for something."""

    def __init__(self, points: int = 4, *, rules: SwitchRules | None = None, made: list[SupplyPoint] | None = None):
        held = made or [point(number) for number in range(points)]
        self.board = Switchboard(DOMAIN, LONDON, SUPPLIERS, held, rules=rules)

    def submit(
        self, now: str | datetime, *requests: Request, bundled: bool = False, signer: bytes | None = None
    ) -> list[Switch]:
        at = utc(now) if isinstance(now, str) else now
        signers = [signer if signer is not None else self.board.points[each.point].owner for each in requests]
        return self.board.submit(requests, signers, at, bundled=bundled)

    def state(self, switch: Switch, now: str | None = None) -> str:
        if now:
            self.board.advance(utc(now))
        return self.board.switches[switch.id].state.name

    def supplier(self, number: int, at: str) -> bytes | None:
        return self.board.points[name(number)].supplier_at(utc(at))
