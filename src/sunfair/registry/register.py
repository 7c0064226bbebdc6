"""What the register holds besides identifiers: parties and their roles, points, meters, dated device keys, grants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntFlag
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.registry.assets import Asset
from sunfair.registry.records import Visibility
from sunfair.registry.switching.states import Sector

__all__ = [
    "Binding",
    "Grant",
    "LineFault",
    "NewPoints",
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


@dataclass(frozen=True, slots=True, eq=False)
class NewPoints:
    """`n` points as they enter the register, column by column: of millions none is handled by itself.

    ids, commitments, salts : uint8[n, 32]; a point's id is its nullifier
    countries : uint8[n, 2], ASCII; fuels, sectors : int16[n], a fuel's place in `FUELS` from 1 and a `Sector`
    owners, suppliers, devices : uint8[n, 20], addresses of customer, supplier now, device; zeros where there is none
    registers : int64[n, 2], Wh, import and export, where the device begins
    opened, granted, private : the parts of their records as `seal_records` makes them
    places : int64[n], their lines in the file they came from, which order its batch
    assets : the meters that hang there, of those points of which the file says since when
    """

    ids: NDArray[np.uint8]
    commitments: NDArray[np.uint8]
    salts: NDArray[np.uint8]
    countries: NDArray[np.uint8]
    fuels: NDArray[np.int16]
    sectors: NDArray[np.int16]
    owners: NDArray[np.uint8]
    suppliers: NDArray[np.uint8]
    devices: NDArray[np.uint8]
    registers: NDArray[np.int64]
    opened: Sequence[Mapping[str, str]]
    granted: Sequence[bytes]
    private: Sequence[bytes]
    places: NDArray[np.int64]
    assets: Sequence[Asset] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def id_list(self) -> list[bytes]:
        """The ids, 32 bytes each."""
        joined = self.ids.tobytes()
        return [joined[at : at + 32] for at in range(0, len(joined), 32)]

    def only(self, kept: NDArray[np.bool_]) -> "NewPoints":
        """Those points that `kept`, bool[n], marks."""
        if kept.all():
            return self
        chosen: dict[str, Any] = {name: getattr(self, name)[kept] for name in _ARRAYS}
        for name in ("opened", "granted", "private"):
            chosen[name] = list(compress(getattr(self, name), kept.tolist()))
        ids = {each.tobytes() for each in chosen["ids"]}
        assets = [each for each in self.assets if each.point in ids]
        return NewPoints(**chosen, assets=assets)


_ARRAYS = (
    *("ids", "commitments", "salts", "countries", "fuels", "sectors"),
    *("owners", "suppliers", "devices", "registers", "places"),
)


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
