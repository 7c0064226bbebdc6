"""Meter assets: which meter, by its serial number, hung at a point from when to when, and what its registers showed.

A point outlives its meters. A meter begins and ends with a reading; between the two its registers only rise. What was
used over an exchange is what the old one counted to its end and the new one from its beginning.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sunfair.errors import Fault, InputError

__all__ = ["SERIAL_MAX", "Asset", "asset_at", "asset_mark", "close_asset", "install_asset", "used_between"]

SERIAL_MAX = 64
"""Most characters of a serial number."""

Registers = tuple[int, int]
"""Import and export register, Wh, cumulative."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A meter at a point, from `since` to before `until` (None: it hangs there still).

    mark    : of its serial number, see `asset_mark`; sealed : the number itself, as `records.seal_text` keeps it
    opening : its registers at `since`; closing : those at `until`
    known_at: when the register learned of the last of it
    """

    point: bytes
    mark: bytes
    sealed: bytes
    since: datetime
    opening: Registers
    known_at: datetime
    until: datetime | None = None
    closing: Registers | None = None


def asset_mark(serial: str, secret: bytes) -> bytes:
    """The 32 bytes by which a serial number is found again, without the number: HMAC-SHA-256 (RFC 2104).

    secret : 32 bytes of the registrars

    InputError if it is no serial number: 1 … 64 printable ASCII characters, blanks at its ends dropped.
    """
    plain = serial.strip(" ")
    if not (0 < len(plain) <= SERIAL_MAX and plain.isascii() and plain.isprintable()):
        fault = Fault("serial", f"is {serial[:80]!r}", f"1 to {SERIAL_MAX} printable ASCII characters")
        raise InputError("this is no serial number", [fault])
    return hmac.digest(secret, b"sunfair meter serial " + plain.encode(), "sha256")


def install_asset(asset: Asset, held: Sequence[Asset], elsewhere: Sequence[Asset]) -> None:
    """Whether a meter may begin at its point: `held` hung there, `elsewhere` are its own stays at other points.

    Raises InputError with every rule it breaks: one meter at a point, and at one point, at any instant.
    """
    faults = _register_faults("opening", asset.opening)
    for other in held:
        if other.until is None:
            what = f"a meter hangs there since {other.since.isoformat()}"
            faults.append(Fault("point", what, "exchange it, or remove it first"))
        elif other.until > asset.since:
            what = f"another meter hung there until {other.until.isoformat()}"
            faults.append(Fault("since", what, "give a later instant"))
    for other in elsewhere:
        if other.until is None or other.until > asset.since:
            what = "a meter of this number hangs at another point then"
            faults.append(Fault("serial", what, "look at the meter; write its maker before the number"))
    if faults:
        raise InputError("the meter cannot be installed", faults)


def close_asset(held: Sequence[Asset], until: datetime, closing: Registers, known_at: datetime) -> Asset:
    """The meter that hangs at a point, ended with its last registers; InputError where that cannot be."""
    hanging = [asset for asset in held if asset.until is None]
    if not hanging:
        raise InputError("no meter can be removed", [Fault("point", "no meter hangs there", "install one first")])
    (asset,) = hanging
    faults = _register_faults("closing", closing)
    if until <= asset.since:
        faults.append(Fault("until", f"the meter hangs there since {asset.since.isoformat()}", "give a later instant"))
    for name, first, last in zip(("import", "export"), asset.opening, closing, strict=True):
        if last < first:
            what = f"the {name} register ends at {last} Wh and began at {first} Wh"
            faults.append(Fault("closing", what, "registers never fall: look whether two were mixed up"))
    if faults:
        raise InputError("the meter cannot be removed", faults)
    return replace(asset, until=until, closing=closing, known_at=known_at)


def asset_at(held: Sequence[Asset], at: datetime) -> Asset | None:
    """The meter that hung at a point at an instant; None if there was none."""
    found = [asset for asset in held if asset.since <= at and (asset.until is None or at < asset.until)]
    return found[0] if found else None


def used_between(
    held: Sequence[Asset], first: tuple[datetime, Registers], last: tuple[datetime, Registers]
) -> Registers:
    """What a point took and gave between two readings, Wh each, over all exchanges between them.

    A reading is of the meter that hung there at its instant. InputError where there was none, or registers fell.
    """
    (begin, at_first), (end, at_last) = first, last
    old, new = asset_at(held, begin), asset_at(held, end)
    if old is None or new is None or end < begin:
        raise InputError("nothing can be said of this time", [Fault("readings", "no meter hung there at one of them")])
    if old == new:
        parts = [(at_first, at_last)]
    else:
        between = [each for each in held if old.since < each.since < new.since]
        parts = [(at_first, old.closing or at_first)]
        parts += [(each.opening, each.closing or each.opening) for each in between]
        parts.append((new.opening, at_last))
    taken, given = (sum(late[side] - early[side] for early, late in parts) for side in (0, 1))
    if any(late[side] < early[side] for early, late in parts for side in (0, 1)):
        raise InputError("nothing can be said of this time", [Fault("readings", "a register ran backwards")])
    return taken, given


def _register_faults(name: str, registers: Registers) -> list[Fault]:
    wrong = [value for value in registers if not 0 <= value < 2**63]
    return [Fault(name, f"{value} Wh is no register", "whole Wh, not negative") for value in wrong]
