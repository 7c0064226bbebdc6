"""COPY of points and all that belongs to them, column by column: of each there may be millions."""

import json
from collections.abc import Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from psycopg.errors import UniqueViolation
from sqlalchemy import Connection

from sunfair.registry.register import NewPoints
from sunfair.store.binary import fixed_rows, instant, rows_of, sized
from sunfair.store.database import copy_binary, copy_rows
from sunfair.store.register.assets import asset_row
from sunfair.store.tables import ASSETS, BINDINGS, POINTS, RECORDS, SUPPLIES

__all__ = ["copied", "copy_points"]

_POINT = ("id", "commitment", "country", "fuel", "sector", "owner", "owner_since", "source", "place")
_RECORD = ("point", "salt", "open", "granted", "private")
_BINDING = ("point", "since", "device", "import_wh", "export_wh", "known_at")
_JSONB = b"\x01"
"""Version of `jsonb` as it is sent: text follows."""
_WORD = sized(bytes(32))[:4]


def copied(connection: Connection, points: NewPoints, source: bytes, now: datetime) -> bool:
    """COPY points; False, and nothing is, if the register holds one of them already, or a meter hangs elsewhere."""
    try:
        with connection.begin_nested():
            copy_points(connection, points, source, now)
    except UniqueViolation:
        return False
    return True


def copy_points(connection: Connection, points: NewPoints, source: bytes, now: datetime) -> None:
    """COPY points that the register does not hold, with their records, suppliers, device keys and meters."""
    count, at = len(points), np.array([instant(now)], np.int64)
    held = (points.ids, points.commitments, points.countries, points.fuels, points.sectors, points.owners, at)
    rows = fixed_rows(count, [*held, np.frombuffer(source, np.uint8).reshape(1, -1), points.places])
    copy_binary(connection, POINTS, _POINT, rows)
    # The tables that are found by point alone are filled in the order of their index: a third less to do for it.
    order = np.argsort(points.ids[:, :8].copy().view(">u8").ravel())
    copy_binary(connection, RECORDS, _RECORD, _records(points, order))
    supplied = order[points.suppliers[order].any(axis=1)]
    rows = fixed_rows(len(supplied), [points.ids[supplied], at, points.suppliers[supplied]])
    copy_binary(connection, SUPPLIES, ("point", "starts", "supplier"), rows)
    bound = order[points.devices[order].any(axis=1)]
    if len(bound):
        keys, registers = points.devices[bound], points.registers[bound]
        rows = fixed_rows(len(bound), [points.ids[bound], at, keys, registers[:, 0], registers[:, 1], at])
        copy_binary(connection, BINDINGS, _BINDING, rows)
    meters = [asset_row(asset) for asset in points.assets]
    if meters:
        copy_rows(connection, ASSETS, list(meters[0]), (tuple(row.values()) for row in meters))


def _records(points: NewPoints, order: NDArray[np.int64]) -> bytes:
    ids, salts = points.ids.tobytes(), points.salts.tobytes()
    opened, granted, private = points.opened, points.granted, points.private
    rows = [
        _WORD
        + ids[32 * at : 32 * at + 32]
        + _WORD
        + salts[32 * at : 32 * at + 32]
        + _open(opened[at])
        + sized(granted[at])
        + sized(private[at])
        for at in order.tolist()
    ]
    return rows_of(len(_RECORD), rows)


def _open(fields: Mapping[str, str]) -> bytes:
    return sized(_JSONB + json.dumps(dict(fields)).encode()) if fields else _NOTHING_OPEN


_NOTHING_OPEN = sized(_JSONB + b"{}")
