"""A plant's plan as a TOML file: money in units of the currency, times as instants and days, addresses in hex."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sunfair.commons.plan import DAY, Milestone, Plan, Terms
from sunfair.errors import Fault, InputError
from sunfair.units import micro

__all__ = ["read_plan"]


def read_plan(path: Path) -> Plan:
    """The plan in a file; InputError naming everything in it that is unknown, missing or no value of its kind."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        fault = Fault(str(path), str(error), "write a TOML file, as `commons size --out` does")
        raise InputError(f"{path} is no plan", [fault]) from error
    faults: list[Fault] = []
    milestones = content.pop("milestone", [])
    if not isinstance(milestones, list) or not all(isinstance(step, dict) for step in milestones):
        faults.append(Fault("milestone", "is no list of tables", "write [[milestone]] for each"))
        milestones = []
    terms = _values(content, _TERMS, "", faults)
    steps = [_values(step, _MILESTONE, f"milestone {at}, ", faults) for at, step in enumerate(milestones, 1)]
    needed = {field.name for field in fields(Terms) if field.name in _NEEDED}
    faults += [
        Fault(name, "is missing", "every plan has it") for name in sorted(needed - terms.keys()) if name not in content
    ]
    for at, (step, given) in enumerate(zip(steps, milestones, strict=True), 1):
        faults += [
            Fault(f"milestone {at}, {name}", "is missing") for name in _MILESTONE if name not in {**step, **given}
        ]
    if faults:
        raise InputError(f"{path} is no plan", faults)
    return Plan(Terms(**terms), tuple(Milestone(**step) for step in steps))


def _money(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"is {value!r}, no amount of money")
    return micro(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"is {value!r}, no whole number")
    return value


def _days(value: Any) -> int:
    return _count(value) * DAY


def _instant(value: Any) -> int:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(f"is {value}, no instant with an offset, e.g. 2027-03-01T00:00:00Z")
    return int(value.timestamp())


def _octets(length: int) -> Callable[[Any], bytes]:
    def read(value: Any) -> bytes:
        try:
            data = bytes.fromhex(str(value).removeprefix("0x"))
        except ValueError:
            data = b""
        if len(data) != length:
            raise ValueError(f"is {value!r}, not 0x and {2 * length} hexadecimal digits")
        return data

    return read


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"is {value!r}, neither true nor false")
    return value


_NEEDED = ("document", "peak_w", "capex", "cap", "pledge_min", "share_max_bps", "members_min", "deadline")

_TERMS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "document": ("document", _octets(32)),
    **{name: (name, _count) for name in ("peak_w", "share_max_bps", "members_min", "quorum_bps", "reserve_bps")},
    **{name: (name, _money) for name in ("capex", "cap", "pledge_min", "bond", "reserve_target")},
    "deadline": ("deadline", _instant),
    "registrar": ("registrar", _octets(20)),
    "by_head": ("by_head", _flag),
    **{f"{name}_days": (f"{name}_seconds", _days) for name in ("window", "vote", "grace", "notice", "lifetime")},
}
"""What may stand in a file, the field it becomes, and how it is read."""

_MILESTONE: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "payee": ("payee", _octets(20)),
    "amount": ("amount", _money),
    "deadline": ("deadline", _instant),
}


def _values(
    content: Mapping[str, Any],
    known: Mapping[str, tuple[str, Callable[[Any], Any]]],
    place: str,
    faults: list[Fault],
) -> dict[str, Any]:
    """The fields a table gives, a fault for each entry that is none."""
    values = {}
    for name, value in content.items():
        if name not in known:
            faults.append(Fault(f"{place}{name}", "is unknown", f"known are {', '.join(known)}"))
            continue
        field, read = known[name]
        try:
            values[field] = read(value)
        except ValueError as error:
            faults.append(Fault(f"{place}{name}", str(error)))
    return values
