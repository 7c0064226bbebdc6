"""Where the register and its switches are kept: what the use cases ask of a database."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sunfair.registry.assets import Asset
from sunfair.registry.batch_tree import Batch
from sunfair.registry.records import SealedRecord
from sunfair.registry.register import Binding, Grant, LineFault, NewPoints, Party, StoredPoint
from sunfair.registry.switching import Notice, SupplyPoint, Switch

__all__ = ["AssetStore", "ImportProgress", "OpenCase", "RegisterStore", "SwitchStore"]


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far a batch file (by its SHA-256) has been taken in."""

    source: bytes
    rows_done: int = 0
    points: int = 0
    faults: int = 0
    finished: bool = False


class RegisterStore(Protocol):
    """The register."""

    def put_party(self, party: Party) -> None:
        """Keep a party, or what it is now."""
        ...

    def parties(self) -> list[Party]:
        """All parties, by name."""
        ...

    def progress(self, source: bytes) -> ImportProgress:
        """How far a file has been taken in; nothing of it, if it is new."""
        ...

    def held(self, points: Sequence[bytes]) -> set[bytes]:
        """Which of these points the register holds."""
        ...

    def hanging(self, marks: Sequence[bytes]) -> set[bytes]:
        """Which of these meters, by their serial numbers' marks, hang at a point now."""
        ...

    def put_points(
        self, points: NewPoints, faults: Sequence[LineFault], progress: ImportProgress, now: datetime
    ) -> ImportProgress:
        """Keep a block of a file's points, its faults and how far it has come, in one transaction.

        A point that the register holds, or whose meter hangs elsewhere, becomes one more fault, of which nothing is
        kept; returned is what was kept.
        """
        ...

    def faults(self, source: bytes) -> Iterator[LineFault]:
        """What was wrong with a file, in order of its lines."""
        ...

    def leaves(self, source: bytes) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
        """A file's points in their order, in blocks: commitment ‖ nullifier uint8[any, 64], and places int64[any]."""
        ...

    def put_batch(self, source: bytes, batch: Batch, starts: NDArray[np.int64], registrar: bytes, now: datetime) -> int:
        """Keep the batch of a file's points; returns its number. `starts` are the places of its subtrees' first points.

        The file is finished.
        """
        ...

    def batches(self) -> list[tuple[int, bytes, int, bytes]]:
        """Every batch: number, root, points, registrar."""
        ...

    def batch_sources(self) -> list[tuple[int, bytes, bytes, int]]:
        """Every batch: number, the file it was made of, root, points."""
        ...

    def place_in_batch(self, point: bytes) -> tuple[int, Batch, int, NDArray[np.uint8]] | None:
        """Number of the point's batch, the batch, the point's index, and its subtree's leaves uint8[any, 64].

        None for a point without a batch.
        """
        ...

    def point(self, point: bytes) -> StoredPoint | None:
        """A point, None if there is none."""
        ...

    def salt(self, point: bytes) -> bytes | None:
        """What opens its commitment and, with the registrar's secret, its record; None once it is erased."""
        ...

    def record(self, point: bytes) -> SealedRecord | None:
        """Its sealed record; None once it is erased."""
        ...

    def bindings(self, point: bytes) -> list[Binding]:
        """Its device keys, in order of time."""
        ...

    def points_of_device(self, device: bytes) -> list[bytes]:
        """The points a key ever measured."""
        ...

    def put_binding(self, binding: Binding, replaced: Binding | None = None) -> None:
        """Keep a device key of a point, in the place of one that lay ahead if it replaces that."""
        ...

    def put_owner(self, point: bytes, owner: bytes, since: datetime) -> None:
        """Another customer, from an instant on."""
        ...

    def put_related(self, points: Sequence[bytes]) -> None:
        """From now on these points switch together, and with none they did before."""
        ...

    def put_grant(self, grant: Grant) -> None:
        """Keep a grant, or its end."""
        ...

    def grants(self, point: bytes) -> list[Grant]:
        """All grants of a point."""
        ...

    def erase(self, point: bytes) -> None:
        """Delete what opens a point and all that was kept of it, and have the database forget the bytes."""
        ...


class AssetStore(Protocol):
    """The meters that hang at points."""

    def assets(self, point: bytes) -> list[Asset]:
        """The meters that hung at a point, in order of time."""
        ...

    def stays(self, mark: bytes) -> list[Asset]:
        """Where a meter ever hung, in order of time."""
        ...

    def put_assets(self, closed: Asset | None, fresh: Asset | None, bound: Sequence[Binding] = ()) -> None:
        """End a meter, begin another, bind its device: all of it or nothing."""
        ...


class OpenCase(Protocol):
    """Points locked for one unit of work, with what the switching rules need of them."""

    points: list[SupplyPoint]
    switches: list[Switch]
    told: dict[bytes, int]

    def save(
        self, points: Sequence[SupplyPoint], switches: Sequence[Switch], notices: Sequence[tuple[Notice, bytes]]
    ) -> None:
        """Keep what changed; notices with their signatures."""
        ...


class SwitchStore(Protocol):
    """Switches and supplies."""

    def open_case(
        self, points: Collection[bytes], consents: Collection[bytes] = ()
    ) -> AbstractContextManager[OpenCase]:
        """Lock points and load them with their switches, and those of `consents` if they were used before.

        What is saved stands once the context ends well.
        """
        ...

    def points_of(self, switches: Collection[bytes]) -> list[bytes]:
        """The points of some switches and of those bundled with them."""
        ...

    def known(self, switches: Sequence[bytes]) -> set[bytes]:
        """Which of these there are already."""
        ...

    def due(self, now: datetime, limit: int) -> list[bytes]:
        """Points of which a switch has something to do by `now`, those of one bundle together."""
        ...

    def switches(self, point: bytes) -> list[Switch]:
        """All switches of a point, in order of submission."""
        ...

    def reported(self) -> list[bytes]:
        """Points of which a switch was ever reported as an erroneous transfer."""
        ...

    def broken_supplies(self) -> list[bytes]:
        """Points whose supplies do not abut, or of which not exactly the last one is open."""
        ...

    def all_notices(self) -> Iterator[tuple[Notice, bytes]]:
        """Every notice with its signature, those of a switch together and in their order."""
        ...

    def notices(self, switch: bytes) -> list[tuple[Notice, bytes]]:
        """What was told of a switch, with its signatures."""
        ...

    def supplies(self, point: bytes) -> SupplyPoint | None:
        """A point with its suppliers; None if there is none."""
        ...
