"""Retailers' markets of a community: their keys, and the CSV tables of prices with the time each became known."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

import numpy as np

from sunfair.errors import Fault
from sunfair.files.import_table import read_rows
from sunfair.files.scenario_document import Document, Table
from sunfair.files.scenario_values import near
from sunfair.model import Market, MarketKind, Quotes
from sunfair.slots import SlotClock
from sunfair.units import LIMIT_MAX, MICRO

__all__ = ["market_faults", "markets_of", "quotes_csv", "read_quotes"]

_COLUMNS = ("start", "price", "known")
_SHOWN = 3
_AUCTION = time(13)
"""When a day-ahead price without a `known` is taken as told: the day before, site's clock."""

Quote = tuple[int, int, int]
"""First slot, when it was known (unix s), µ/kWh."""


def market_faults(document: Document, clock: SlotClock | None) -> Iterator[Fault]:
    """Every fault between the keys of markets, and of the members that name them."""
    names: dict[str, str] = {}
    for table in document.markets:
        name, block = table.text("name"), table.whole("block_minutes", 60)
        if name and names.setdefault(name, table.place) != table.place:
            yield Fault(table.at("name"), f'is "{name}", which is the name of another market', "name each once")
        if clock is not None and block % clock.minutes:
            what = f"is {block}; a block has whole slots of {clock.minutes} min"
            yield Fault(table.at("block_minutes"), what, f"use a multiple of {clock.minutes}")
    for member in document.members:
        wanted = member.texts("markets")
        for name in dict.fromkeys(wanted):
            if name not in names:
                mend = near(name, list(names)) if names else "write a [[market]] of that name"
                yield Fault(member.at("markets"), f'names "{name}", which is no market', mend)
            elif wanted.count(name) > 1:
                yield Fault(member.at("markets"), f'names "{name}" twice', "name each once")


def markets_of(tables: Sequence[Table]) -> tuple[Market, ...]:
    """The markets that tables without faults describe."""
    return tuple(
        Market(
            name=table.text("name"),
            kind=MarketKind(table.text("kind")),
            fee=table.whole("fee"),
            block_minutes=table.whole("block_minutes", 60),
            gate_minutes=table.whole("gate_minutes", 60),
        )
        for table in tables
    )


def read_quotes(document: Document, folder: Path, clock: SlotClock | None) -> tuple[tuple[Quotes, ...], list[Fault]]:
    """The prices of each market, and every fault of their tables; none where the slots cannot be known."""
    faults: list[Fault] = []
    found = []
    for table in document.markets:
        unusable = table.broken or table.whole("block_minutes", 60) % (clock.minutes if clock else 1)
        if clock is not None and not unusable:
            found.append(_read(folder / table.text("file"), table, clock, faults))
    return tuple(found), faults


def _read(path: Path, table: Table, clock: SlotClock, faults: list[Fault]) -> Quotes:
    name, block = table.text("file"), table.whole("block_minutes", 60)
    if not path.is_file():
        what = f"is not there, but {table.at('file')} names it"
        faults.append(Fault(name, what, "put it beside the community file, or correct its name"))
        return Quotes.none()
    header, rows, wrong = read_rows(path)
    wrong += _header_faults(header, name) if header else []
    faults += wrong
    if not header or not {"start", "price"} <= {*header}:
        return Quotes.none()
    quotes: list[Quote] = []
    unread: list[Fault] = []
    for line, row in rows:
        cells = dict(zip(header, row, strict=True))
        try:
            quotes.append(_quote(cells, MarketKind(table.text("kind")), block, clock))
        except ValueError as error:
            unread.append(Fault(f"{name} line {line}", str(error)))
    faults += unread[:_SHOWN]
    if len(unread) > _SHOWN:
        faults.append(Fault(name, f"has {len(unread) - _SHOWN} more lines that cannot be read"))
    quotes.sort()
    faults += _blocks(quotes, name, block // clock.minutes, clock)
    columns = np.array(quotes, np.int64).reshape(-1, 3).T
    return Quotes(columns[0], columns[1], columns[2])


def _header_faults(header: Sequence[str], name: str) -> list[Fault]:
    strange = [column for column in header if column and column not in _COLUMNS]
    missing = [column for column in ("start", "price") if column not in header]
    return [
        *(Fault(f"{name} line 1 '{column}'", "is no column of prices", near(column, _COLUMNS)) for column in strange),
        *(Fault(f"{name} line 1", f"has no column '{column}'", "add it") for column in missing),
    ]


def _quote(cells: dict[str, str], kind: MarketKind, block_minutes: int, clock: SlotClock) -> Quote:
    start = _instant(cells["start"], "start")
    slot = clock.slot_at(start)
    if clock.start(slot) != start:
        raise ValueError(f"'start' {cells['start']} is not the beginning of a slot of {clock.minutes} min")
    end = start + timedelta(minutes=block_minutes)
    if cells.get("known"):
        known = _instant(cells["known"], "known")
    elif kind is MarketKind.REAL_TIME:
        known = end
    else:
        local = clock.local(slot)
        known = datetime.combine(local.date() - timedelta(days=1), _AUCTION, local.tzinfo).astimezone(UTC)
    if kind is MarketKind.DAY_AHEAD and known >= start:
        raise ValueError(f"'known' {cells['known']} is not before the block: such a price cannot be bought day ahead")
    return slot, int(known.timestamp()), _price(cells["price"])


def _instant(text: str, column: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{column}' \"{text}\" is no time in ISO 8601; e.g. 2016-06-15T00:15+02:00") from None
    if instant.tzinfo is None:
        raise ValueError(f"'{column}' \"{text}\" has no UTC offset; e.g. 2016-06-15T00:15+02:00")
    return instant.astimezone(UTC)


def _price(text: str) -> int:
    """A price as written, rounded to the µ."""
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or abs(price) * MICRO > LIMIT_MAX:
        raise ValueError(f"'price' \"{text}\" is no price in currency per kWh, at most {LIMIT_MAX // MICRO}")
    return int((price * MICRO).to_integral_value(ROUND_HALF_EVEN))


def _blocks(quotes: Sequence[Quote], name: str, slots: int, clock: SlotClock) -> Iterator[Fault]:
    """Blocks that overlap, and prices that were told twice at once."""
    for (first, known, _), (second, told, _) in pairwise(quotes):
        at = clock.start(second).isoformat().replace("+00:00", "Z")
        if first < second < first + slots:
            yield Fault(name, f"has a block at {at} that begins within the one before", "one price per block")
            return
        if (first, known) == (second, told):
            yield Fault(name, f"has two prices for the block at {at}, known at the same time", "keep one")
            return


def quotes_csv(quotes: Quotes, clock: SlotClock) -> bytes:
    """The prices of a market as the table that `read_quotes` reads."""
    lines = [",".join(_COLUMNS)]
    for first, known, price in zip(quotes.first.tolist(), quotes.known_s.tolist(), quotes.price.tolist(), strict=True):
        shown = [moment.isoformat() for moment in (clock.start(first), datetime.fromtimestamp(known, UTC))]
        lines.append(f"{shown[0]},{(Decimal(price) / MICRO).normalize():f},{shown[1]}")
    return ("\n".join(lines) + "\n").encode()
