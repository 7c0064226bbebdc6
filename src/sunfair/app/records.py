"""Use cases on one point of the register: find it, read its record, grant, bind a device key, prove, erase."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sunfair.errors import Fault, InputError
from sunfair.ports import Clock
from sunfair.ports.registry import AssetStore, RegisterStore
from sunfair.registry import MeterKey, commitment, nullifier
from sunfair.registry.assets import asset_at
from sunfair.registry.batch_tree import BatchProof, batch_leaves
from sunfair.registry.records import FIELDS, Visibility, open_record, record_key
from sunfair.registry.register import Binding, Grant, StoredPoint, bound_at, check_binding, visible_fields

__all__ = ["PointProof", "Points"]


@dataclass(frozen=True, slots=True)
class PointProof:
    """That a point stands in a batch: what the contract, or anyone with the batch's root, needs."""

    batch: int
    root: bytes
    commitment: bytes
    nullifier: bytes
    path: BatchProof

    def holds(self) -> bool:
        """Whether the path leads to the root."""
        return self.path.holds(self.commitment, self.nullifier, self.root)


class Points:
    """The points of a register whose secret (32 bytes) is held here."""

    def __init__(self, store: RegisterStore, secret: bytes, clock: Clock, assets: AssetStore | None = None) -> None:
        self._store, self._secret, self._clock, self._assets = store, secret, clock, assets

    def find(self, key: MeterKey) -> StoredPoint:
        """A point by its identifier; InputError if the register does not hold it."""
        found = self._store.point(nullifier(key, self._secret))
        if found is None:
            raise InputError("there is no such point", [Fault(f"{key.country} {key.fuel}", "is not registered")])
        return found

    def read(self, point: bytes, reader: bytes) -> dict[str, str]:
        """What a reader (20-byte address, proven before) may see of a point now."""
        found, salt, sealed = self._store.point(point), self._store.salt(point), self._store.record(point)
        if found is None or salt is None or sealed is None:
            raise InputError("there is no such record", [Fault("point", "was never registered, or is erased")])
        record = open_record(sealed, point=point, key=record_key(self._secret, salt))
        grants = self._store.grants(point)
        return visible_fields(record, grants, reader=reader, owner=found.owner, at=self._clock.now())

    def may_see(self, point: bytes, reader: bytes, name: str) -> bool:
        """Whether a granted field is shared with a reader now."""
        now = self._clock.now()
        return any(
            grant.reader == reader
            and grant.field == name
            and grant.since <= now
            and (not grant.until or now < grant.until)
            for grant in self._store.grants(point)
        )

    def grant(self, point: bytes, by: bytes, reader: bytes, fields: Sequence[str], until: datetime | None) -> None:
        """The owner lets a reader see fields that are shared by grant, from now on."""
        self._check_owner(point, by)
        wrong = [name for name in fields if FIELDS.get(name) is not Visibility.GRANTED]
        if wrong or not fields:
            shared = ", ".join(name for name, seen in FIELDS.items() if seen is Visibility.GRANTED)
            faults = [Fault(name, "is not shared by grant", f"shared are {shared}") for name in wrong]
            raise InputError("nothing was granted", faults or [Fault("fields", "are none", f"shared are {shared}")])
        now = self._clock.now()
        for name in fields:
            self._store.put_grant(Grant(point, reader, name, now, until))

    def revoke(self, point: bytes, by: bytes, reader: bytes) -> int:
        """The owner ends all grants to a reader; returns how many there were."""
        self._check_owner(point, by)
        now = self._clock.now()
        lasting = [
            grant
            for grant in self._store.grants(point)
            if grant.reader == reader and (grant.until is None or grant.until > now)
        ]
        for grant in lasting:
            self._store.put_grant(Grant(point, reader, grant.field, grant.since, now))
        return len(lasting)

    def bind(self, point: bytes, device: bytes, since: datetime, registers: tuple[int, int]) -> Binding:
        """From an instant on another device key signs the point's readings; InputError names every rule it breaks."""
        if self._store.point(point) is None:
            raise InputError("there is no such point", [Fault("point", "was never registered")])
        binding = Binding(point, since, device, *registers, known_at=self._clock.now())
        replaced = check_binding(binding, self._store.bindings(point), self._store.points_of_device(device))
        self._store.put_binding(binding, replaced)
        return binding

    def check_reading(self, point: bytes, device: bytes, at: datetime) -> Binding:
        """The binding by which a device's reading of an instant counts; InputError where it does not."""
        bindings = self._store.bindings(point)
        if self._assets is not None and (held := self._assets.assets(point)) and asset_at(held, at) is None:
            raise InputError("the reading does not count", [Fault("device", "no meter hung at the point then")])
        binding = bound_at(bindings, at)
        if binding is not None and binding.device == device:
            return binding
        if any(each.device == device for each in bindings):
            why = "was superseded, or not yet in force, at the date of the reading"
        else:
            why = "is not registered for this point"
        raise InputError("the reading does not count", [Fault("device", why)])

    def occupy(self, point: bytes, owner: bytes) -> None:
        """Another customer moved in: the point is theirs from now on, and grants of the one before end."""
        if self._store.point(point) is None or len(owner) != 20 or not any(owner):
            raise InputError("nobody moved in", [Fault("point, owner", "give a registered point and an address")])
        self._store.put_owner(point, owner, self._clock.now())

    def relate(self, points: Sequence[bytes]) -> None:
        """These points of one owner switch together from now on, and with no others; one alone is freed."""
        found = [self._store.point(point) for point in points]
        owners = {each.owner for each in found if each is not None}
        if not found or None in found or len(owners) > 1 or len(set(points)) < len(points):
            fault = Fault("points", "give registered points of one owner, each once")
            raise InputError("these points are not related", [fault])
        self._store.put_related(points)

    def prove(self, point: bytes) -> PointProof:
        """The point's path under its batch's root; InputError while its batch is not made."""
        found, place = self._store.point(point), self._store.place_in_batch(point)
        if found is None or place is None:
            raise InputError("nothing proves this point", [Fault("batch", "is not made yet", "finish its file")])
        number, batch, index, pairs = place
        path = batch.prove(index, batch_leaves(pairs[:, :32], pairs[:, 32:]))
        return PointProof(number, batch.root, found.commitment, found.id, path)

    def opens(self, key: MeterKey, point: bytes) -> bool:
        """Whether the stored commitment is this key's: false for ever once the salt is erased."""
        found, salt = self._store.point(point), self._store.salt(point)
        return found is not None and salt is not None and commitment(key, salt) == found.commitment

    def erase(self, point: bytes, by: bytes) -> None:
        """The owner has the register forget: salt, record, meters, device keys and grants."""
        self._check_owner(point, by)
        self._store.erase(point)

    def _check_owner(self, point: bytes, by: bytes) -> None:
        found = self._store.point(point)
        if found is None or not any(by) or found.owner != by:
            raise InputError("this is the owner's to decide", [Fault("by", "is not the point's owner")])
