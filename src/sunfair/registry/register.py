"""What the register holds besides identifiers: parties and their roles, points, meters, dated device keys, grants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntFlag

from sunfair.errors import Fault, InputError
from sunfair.registry.assets import Asset
from sunfair.registry.point import MeterKey
from sunfair.registry.records import SealedRecord, Visibility
from sunfair.registry.switching.states import Sector

__all__ = [
    "Binding",
    "Grant",
    "LineFault",
    "NewPoint",
    "Party",
    "Role",
    "StoredPoint",
    "bound_at",
    "check_binding",
    "visible_fields",
]


class Role(IntFlag):
    """What a party may do; bits as in the contract."""

    REGISTRAR = 1
    SUPPLIER = 2
    AUDITOR = 4


@dataclass(frozen=True, slots=True)
class Party:
    """A registrar, supplier or auditor by 20-byte address."""

    address: bytes
    name: str
    roles: Role


@dataclass(frozen=True, slots=True)
class NewPoint:
    """A point as it enters the register.

    id : its nullifier; commitment, salt : 32 bytes each; owner : 20-byte address of the customer (zeros: unknown)
    supplier : who supplies it now, None where nobody does
    place : its line in the file it came from, which orders its batch
    asset : the meter that hangs there, None where the file does not say since when
    """

    id: bytes
    commitment: bytes
    salt: bytes
    meter: MeterKey
    sector: Sector
    owner: bytes
    supplier: bytes | None
    device: bytes | None
    registers: tuple[int, int]
    record: SealedRecord
    place: int
    asset: Asset | None = None


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong with a line of a batch file."""

    line: int
    place: str
    what: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class StoredPoint:
    """A point as the register knows it without opening anything."""

    id: bytes
    commitment: bytes
    country: str
    fuel: str
    sector: Sector
    owner: bytes
    owner_since: datetime
    source: bytes
    place: int


@dataclass(frozen=True, slots=True)
class Binding:
    """From when on which device key (20-byte address) signs a point's readings, and where its registers began, Wh.

    known_at : when the register learned it: a reading is judged by what holds at its date, an audit by what was known
    """

    point: bytes
    since: datetime
    device: bytes
    import_wh: int
    export_wh: int
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """That a reader may see a granted field of a point from `since` until before `until` (None: until revoked)."""

    point: bytes
    reader: bytes
    field: str
    since: datetime
    until: datetime | None = None


def bound_at(bindings: Sequence[Binding], at: datetime) -> Binding | None:
    """The binding in force at an instant: the last that began; None before the first."""
    began = [binding for binding in bindings if binding.since <= at]
    return max(began, key=lambda binding: binding.since, default=None)


def check_binding(binding: Binding, held: Sequence[Binding], device_points: Sequence[bytes]) -> Binding | None:
    """Whether a binding may be added to those of its point; `device_points` are the points its key ever measured.

    Returns the one it replaces, as the contract does: a last one that still lies ahead. Raises InputError with every
    rule it breaks: what is past stands, and a key measures one point in its life.
    """
    faults = []
    before = sorted(held, key=lambda each: each.since)
    ahead = [each for each in before[-1:] if each.since > binding.known_at and each.since >= binding.since]
    kept = before[: len(before) - len(ahead)]
    if kept and binding.since <= kept[-1].since:
        faults.append(Fault("since", f"{binding.since} is not after the last binding", "what is past stands"))
    if any(point != binding.point for point in device_points):
        faults.append(Fault("device", "this key measures another point", "a key belongs to one point for ever"))
    if len(binding.device) != 20 or not any(binding.device):
        faults.append(Fault("device", "is no 20-byte address", "give the address of the device's key"))
    if not (0 <= binding.import_wh < 2**63 and 0 <= binding.export_wh < 2**63):
        faults.append(Fault("registers", "are out of range", "give Wh, not negative"))
    if faults:
        raise InputError("the device key cannot be bound", faults)
    return ahead[0] if ahead else None


def visible_fields(
    record: Mapping[Visibility, Mapping[str, str]],
    grants: Sequence[Grant],
    *,
    reader: bytes,
    owner: bytes,
    at: datetime,
) -> dict[str, str]:
    """What a reader may see of a record at an instant: all of it if it is the owner's own."""
    seen = dict(record[Visibility.OPEN])
    if reader == owner and any(reader):
        return {**seen, **record[Visibility.GRANTED], **record[Visibility.PRIVATE]}
    allowed = {
        grant.field
        for grant in grants
        if grant.reader == reader and grant.since <= at and (grant.until is None or at < grant.until)
    }
    return {**seen, **{name: text for name, text in record[Visibility.GRANTED].items() if name in allowed}}
