"""The pages of the book that hold what is asked of charge points."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects.postgresql import insert

from sunfair.ports.charge_points import Command
from sunfair.store.charging_tables import CHARGE_COMMANDS

__all__ = ["CommandPages"]

_COLUMNS = ("number", "point", "kind", "arguments", "asked", "until", "state", "answer", "key")
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
_EXPIRE = text("UPDATE charge_commands SET state = 'expired' WHERE state = 'waiting' AND until < :now")
_TAKE = text(
    "UPDATE charge_commands SET state = 'taken' WHERE number IN (SELECT number FROM charge_commands WHERE "
    f"state = 'waiting' AND point = ANY(:points) ORDER BY number LIMIT 200 FOR UPDATE SKIP LOCKED) RETURNING {_NAMES}"
)
_ANY_WAITING = text("SELECT EXISTS (SELECT FROM charge_commands WHERE state = 'waiting')")


class CommandPages:
    """Commands on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, command: Command) -> int | None:
        """Keep one."""
        values = {name: getattr(command, name) for name in _COLUMNS if name != "number"}
        kept = insert(CHARGE_COMMANDS).values(values).on_conflict_do_nothing(index_elements=["key"])
        number = self._connection.scalar(kept.returning(CHARGE_COMMANDS.c.number))
        return None if number is None else int(number)

    def take(self, points: Collection[str], now: datetime) -> list[Command]:
        """Take those that wait."""
        if not self._connection.scalar(_ANY_WAITING):
            return []
        self._connection.execute(_EXPIRE, {"now": now})
        rows = self._connection.execute(_TAKE, {"points": list(points)}).all()
        return sorted((Command(*row) for row in rows), key=lambda command: command.number)

    def retake(self) -> int:
        """Those of a dead central system wait again."""
        taken = update(CHARGE_COMMANDS).where(CHARGE_COMMANDS.c.state == "taken").values(state="waiting")
        return int(self._connection.execute(taken).rowcount)

    def answer(self, number: int, state: str, answer: dict[str, Any]) -> None:
        """What became of it."""
        table = CHARGE_COMMANDS
        done = update(table).where(table.c.number == number).values(state=state, answer=answer)
        self._connection.execute(done)

    def command(self, number: int) -> Command | None:
        """One of them."""
        columns = [CHARGE_COMMANDS.c[name] for name in _COLUMNS]
        row = self._connection.execute(select(*columns).where(CHARGE_COMMANDS.c.number == number)).one_or_none()
        return None if row is None else Command(*row)
