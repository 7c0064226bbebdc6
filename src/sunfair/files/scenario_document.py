"""A community file as text: its tables, every key read as its attribute says, all faults together."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
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

    `broken` names the keys that are there but unusable: a rule that needs one of them keeps silent about it.
    """

    place: str
    values: Mapping[str, Value] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()

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

    def reference(self, key: str) -> Reference | None:
        """A series' value."""
        value = self.values.get(key)
        return value if isinstance(value, Reference) else None

    def has(self, key: str) -> bool:
        """Whether the file gives this key, readable or not."""
        return key in self.values or key in self.broken


@dataclass(frozen=True, slots=True)
class Document:
    """The tables of a community file named `name`; `grid` is None where the file has none."""

    name: str
    community: Table
    tariff: Table
    fees: Table
    grid: Table | None
    members: tuple[Table, ...]


def read_document(path: Path) -> tuple[Document, list[Fault]]:
    """The community file at `path` and every fault of its text."""
    name = path.name
    root, faults = _toml(path)
    faults += _unknown(root, ("community", "tariff", "grid", "member"), name, "table")
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
    raw = root.get("member", [])
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        faults.append(Fault(f"{name} [[member]]", "must be a list of tables", "write [[member]] above each member"))
        return ()
    if not raw and readable:
        faults.append(Fault(f"{name} [[member]]", "is missing: a community has at least one member", "add one"))
    return tuple(
        _keys(item, "member", f"{name} [[member]] {number}", faults) for number, item in enumerate(raw, start=1)
    )
