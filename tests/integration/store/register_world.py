"""Identifiers, files and a register on a real database, for the tests beside. Not a test."""

import csv
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import Engine

from sunfair.app.meters import Meters
from sunfair.app.point_reader import PointReader
from sunfair.app.records import Points
from sunfair.app.registering import make_batch, register_file
from sunfair.files.batch_file import open_batch
from sunfair.registry.register import Party, Role
from sunfair.store.register import AssetRepository, RegisterRepository

SECRET = bytes(range(1, 33))
REGISTRAR, OLD, NEW = b"R" * 20, b"O" * 20, b"N" * 20
PRIMES = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)


def mpan(number: int) -> str:
    body = f"20{number:010d}"
    return body + str(sum(int(d) * p for d, p in zip(body, PRIMES, strict=True)) % 11 % 10)


def mprn(number: int) -> str:
    body = f"{10_000_000 + number}"
    return f"{body}{sum(int(d) * (8 - at) for at, d in enumerate(body)) % 11:02d}"


@dataclass
class HandClock:
    """The time as the test sets it."""

    at: datetime = datetime(2026, 6, 8, 10, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def pass_by(self, **spans: float) -> None:
        self.at += timedelta(**spans)


def drawer() -> Callable[[int], bytes]:
    """Chance that repeats."""
    numbers = count()
    return lambda size: hashlib.shake_256(next(numbers).to_bytes(8, "big")).digest(size)


class Office:
    """A registrar with its parties, on a database."""

    def __init__(self, engine: Engine) -> None:
        self.store, self.clock = RegisterRepository(engine), HandClock()
        for address, name, role in (
            (REGISTRAR, "office", Role.REGISTRAR),
            (OLD, "Old", Role.SUPPLIER),
            (NEW, "New", Role.SUPPLIER),
        ):
            self.store.put_party(Party(address, name, role))
        chance = drawer()
        self.reader = PointReader(SECRET, chance, {"Old": OLD, "New": NEW}, {"country": "GB"})
        assets = AssetRepository(engine)
        self.points = Points(self.store, SECRET, self.clock, assets)
        self.meters = Meters(self.store, assets, SECRET, self.clock, chance)

    def take(self, path: Path):
        """Take in a file whole and make its batch."""
        source = open_batch(path)
        *_, progress = register_file(source, self.reader, self.store, self.clock)
        return progress, make_batch(source.digest, self.store, REGISTRAR, self.clock)


def write_csv(path: Path, head: Iterable[str], rows: Iterable[Iterable[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)
    return path
