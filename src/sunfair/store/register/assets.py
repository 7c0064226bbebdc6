"""`ports.AssetStore` in PostgreSQL: the meters of points."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from sunfair.errors import Fault, InputError
from sunfair.registry.assets import Asset
from sunfair.registry.register import Binding
from sunfair.store.tables import ASSETS, BINDINGS

__all__ = ["AssetRepository", "asset_row", "binding_row"]


class AssetRepository:
    """Meters behind an engine; every call is a transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def assets(self, point: bytes) -> list[Asset]:
        """The meters that hung at a point, in order of time."""
        found = select(ASSETS).where(ASSETS.c.point == point).order_by(ASSETS.c.since)
        with self._engine.connect() as connection:
            return [_asset(row) for row in connection.execute(found).all()]

    def stays(self, mark: bytes) -> list[Asset]:
        """Where a meter ever hung, in order of time."""
        found = select(ASSETS).where(ASSETS.c.mark == mark).order_by(ASSETS.c.since)
        with self._engine.connect() as connection:
            return [_asset(row) for row in connection.execute(found).all()]

    def put_assets(self, closed: Asset | None, fresh: Asset | None, bound: Sequence[Binding] = ()) -> None:
        """End a meter, begin another, bind its device: all of it or nothing.

        InputError if somebody else changed what hangs there in the meantime.
        """
        try:
            with self._engine.begin() as connection:
                if closed is not None:
                    hanging = (ASSETS.c.point == closed.point) & (ASSETS.c.since == closed.since)
                    ended = update(ASSETS).where(hanging, ASSETS.c.until.is_(None)).values(asset_row(closed))
                    if connection.execute(ended).rowcount != 1:
                        raise _overtaken()
                if fresh is not None:
                    connection.execute(insert(ASSETS).values(asset_row(fresh)))
                for binding in bound:
                    ahead = (BINDINGS.c.since > binding.known_at) & (BINDINGS.c.since >= binding.since)
                    connection.execute(delete(BINDINGS).where(BINDINGS.c.point == binding.point, ahead))
                    connection.execute(insert(BINDINGS).values(binding_row(binding)))
        except IntegrityError as error:
            raise _overtaken() from error


def _overtaken() -> InputError:
    fault = Fault("point, serial", "somebody else changed what hangs where just now", "look at it, and try again")
    return InputError("the meter was not kept", [fault])


def binding_row(binding: Binding) -> dict[str, Any]:
    """A binding's columns."""
    return {
        "point": binding.point,
        "since": binding.since,
        "device": binding.device,
        "import_wh": binding.import_wh,
        "export_wh": binding.export_wh,
        "known_at": binding.known_at,
    }


def asset_row(asset: Asset) -> dict[str, Any]:
    """A meter's columns."""
    closing = asset.closing or (None, None)
    return {
        "point": asset.point,
        "since": asset.since,
        "until": asset.until,
        "mark": asset.mark,
        "sealed": asset.sealed,
        "opening_import_wh": asset.opening[0],
        "opening_export_wh": asset.opening[1],
        "closing_import_wh": closing[0],
        "closing_export_wh": closing[1],
        "known_at": asset.known_at,
    }


def _asset(row: Row[Any]) -> Asset:
    closing = None if row.until is None else (row.closing_import_wh, row.closing_export_wh)
    opening = row.opening_import_wh, row.opening_export_wh
    marks = bytes(row.mark), bytes(row.sealed)
    return Asset(bytes(row.point), *marks, row.since, opening, row.known_at, row.until, closing)
