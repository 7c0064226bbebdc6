"""A community file as text: its tables, every key read as its attribute says, all faults together."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from sunfair.errors import Fault
from sunfair.files.attributes import TABLES, attributes_of
from sunfair.files.scenario_values import Reference, Value, near, read_value

__all__ = ["Document", "Table", "read_document"]


@dataclass(frozen=True, slots=True)
class Table:
    """One table's keys that could be read, and where the table stands.

    `broken` names the keys that are there but unusable: a rule that needs one of them keeps silent about it. `inner`
    are the tables inside it, by name.
    """

    place: str
    values: Mapping[str, Value] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    inner: Mapping[str, "tuple[Table, ...]"] = field(default_factory=dict)

    def at(self, key: str) -> str:
        """The place of a key."""
        return f"{self.place} '{key}'"

    def whole(self, key: str, default: int = 0) -> int:
        """A number's value, in the model's unit."""
        value = self.values.get(key, default)
        return value if isinstance(value, int) else default

    def text(self, key: str, default: str = "") -> str:
        """A text's value."""
        value = self.values.get(key, default)
        return value if isinstance(value, str) else default

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts' value."""
        value = self.values.get(key, ())
        return tuple(str(item) for item in value) if isinstance(value, tuple) else ()

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of numbers' value."""
        value = self.values.get(key, ())
        return tuple(item for item in value if isinstance(item, int)) if isinstance(value, tuple) else ()

    def rows(self, key: str) -> tuple[tuple[int, ...], ...]:
        """A list of lists of numbers' value."""
        value = self.values.get(key, ())
        return tuple(item for item in value if isinstance(item, tuple)) if isinstance(value, tuple) else ()

    def number(self, key: str) -> int | None:
        """A number's value, None where there is none that can be read."""
        value = self.values.get(key)
        return value if isinstance(value, int) else None

    def child(self, name: str) -> "Table | None":
        """The table of that name inside this one, where it stands once at most."""
        return next(iter(self.inner.get(name, ())), None)

    def reference(self, key: str) -> Reference | None:
        """A series' value."""
        value = self.values.get(key)
        return value if isinstance(value, Reference) else None

    def has(self, key: str) -> bool:
        """Whether the file gives this key, readable or not."""
        return key in self.values or key in self.broken


@dataclass(frozen=True, slots=True)
class Document:
    """The tables of a community file named `name`; `grid` is None where the file has none.

    `markets` and `members` are the tables that stand once each.
    """

    name: str
    community: Table
    tariff: Table
    fees: Table
    grid: Table | None
    members: tuple[Table, ...]
    markets: tuple[Table, ...] = ()


def read_document(path: Path) -> tuple[Document, list[Fault]]:
    """The community file at `path` and every fault of its text."""
    name = path.name
    root, faults = _toml(path)
    faults += _unknown(root, ("community", "tariff", "grid", "market", "member"), name, "table")
    tariff_raw = _child(root, "tariff", f"{name} [tariff]", faults)
    fees_raw = _child(tariff_raw, "fees", f"{name} [tariff.fees]", faults)
    tariff_raw = {key: value for key, value in tariff_raw.items() if key != "fees"}
    grid_raw = _child(root, "grid", f"{name} [grid]", faults)
    readable = not faults or bool(root)
    document = Document(
        name,
        _table(_child(root, "community", f"{name} [community]", faults), "community", name, faults, readable),
        _table(tariff_raw, "tariff", name, faults, readable),
        _table(fees_raw, "tariff.fees", name, faults, readable),
        _table(grid_raw, "grid", name, faults) if "grid" in root else None,
        _members(root, name, faults, readable),
        tuple(_keys(raw, "market", place, faults) for raw, place in _listed(root, "market", name, "", faults)),
    )
    return document, faults


def _toml(path: Path) -> tuple[dict[str, Any], list[Fault]]:
    """The text as nested tables; floats stay the decimals they were written as."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"), parse_float=Decimal), []
    except FileNotFoundError:
        return {}, [Fault(path.name, "is not there", f"name a community file; there is none at {path}")]
    except OSError as error:
        return {}, [Fault(path.name, f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError as error:
        return {}, [Fault(path.name, f"is not UTF-8 text (byte {error.start})", "save it as UTF-8")]
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return {}, [Fault(path.name, f"is not TOML: {error}", "see docs/scenario.md for an example")]


def _unknown(table: Mapping[str, Any], known: tuple[str, ...], place: str, word: str) -> list[Fault]:
    return [Fault(f"{place} '{key}'", f"is not a known {word}", near(key, known)) for key in table if key not in known]


def _child(parent: Mapping[str, Any], key: str, place: str, faults: list[Fault]) -> dict[str, Any]:
    raw = parent.get(key, {})
    if isinstance(raw, dict):
        return raw
    faults.append(Fault(place, "must be a table", f"write its name in single brackets: {place.split(' ', 1)[1]}"))
    return {}


def _table(raw: Mapping[str, Any], table: str, name: str, faults: list[Fault], expected: bool = True) -> Table:
    """The keys of one table; `expected` says whether required keys that are absent are faults."""
    return _keys(raw, table, f"{name} [{table}]", faults, expected)


def _keys(raw: Mapping[str, Any], table: str, place: str, faults: list[Fault], expected: bool = True) -> Table:
    assert table in TABLES
    known = attributes_of(table)
    faults += _unknown(raw, tuple(known), place, "key")
    values: dict[str, Value] = {}
    broken = set()
    for key, attribute in known.items():
        if key in raw:
            value = read_value(raw[key], attribute, place)
            if isinstance(value, Fault):
                faults.append(value)
                broken.add(key)
            else:
                values[key] = value
        elif attribute.required and expected:
            faults.append(Fault(f"{place} '{key}'", f"is missing: {attribute.meaning}", "add it"))
            broken.add(key)
    return Table(place, values, frozenset(broken))


def _members(root: Mapping[str, Any], name: str, faults: list[Fault], readable: bool) -> tuple[Table, ...]:
    listed = list(_listed(root, "member", name, "", faults))
    if not root.get("member", []) and readable and isinstance(root.get("member", []), list):
        faults.append(Fault(f"{name} [[member]]", "is missing: a community has at least one member", "add one"))
    return tuple(_member(raw, place, faults) for raw, place in listed)


def _listed(
    root: Mapping[str, Any], key: str, place: str, parent: str, faults: list[Fault]
) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Each table of a list of tables, and where it stands."""
    raw, title = root.get(key, []), f"[[{parent}{key}]]"
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        faults.append(Fault(f"{place} {title}", "must be a list of tables", f"write {title} above each {key}"))
        return
    for number, item in enumerate(raw, start=1):
        yield item, f"{place} {title} {number}"


_ONCE, _MANY = ("owner", "prepaid", "plant"), ("gift", "override", "vacation", "appliance", "seat_sale")


def _member(raw: Mapping[str, Any], place: str, faults: list[Fault]) -> Table:
    """A member with the tables inside it."""
    table = _keys({key: raw[key] for key in raw if key not in (*_ONCE, *_MANY)}, "member", place, faults)
    inner: dict[str, tuple[Table, ...]] = {}
    for key in _ONCE:
        if key in raw:
            at = f"{place} [member.{key}]"
            inner[key] = (_keys(_child(raw, key, at, faults), f"member.{key}", at, faults),)
    for key in _MANY:
        inner[key] = tuple(
            _keys(item, f"member.{key}", at, faults) for item, at in _listed(raw, key, place, "member.", faults)
        )
    return replace(table, inner=inner)
