"""A run's files as arrays, and whether they are whole: every slot, every account, once, in order."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sunfair.audit.findings import Finding, Rank
from sunfair.chain import read_chain
from sunfair.errors import Fault, LedgerError, RunFilesError, ScenarioError
from sunfair.files import SCHEMAS, load_community, read_table
from sunfair.model import FIRST_MEMBER, Community
from sunfair.ports import ChainRecord

__all__ = ["Run", "open_run", "wholeness"]

_KEYS = {
    "slots": (),
    "rows": ("account",),
    "plans": ("account",),
    "readings": ("account",),
    "public": ("leaf",),
    "injections": ("account",),
}


@dataclass(frozen=True, slots=True)
class Run:
    """A run's folder, read. `slots` are those anchored on chain, in order: int64[T]."""

    folder: Path
    community: Community
    chain: ChainRecord
    slots: NDArray[np.int64]
    tables: dict[str, pa.Table]
    _grids: dict[tuple[str, str], NDArray[np.int64]] = field(default_factory=dict)

    @property
    def accounts(self) -> int:
        """Number of accounts, institutions included."""
        return self.community.size + FIRST_MEMBER

    def grid(self, table: str, column: str) -> NDArray[np.int64]:
        """A whole table's integer column as int64[T, width]; null becomes −2⁶³."""
        if (table, column) in self._grids:
            return self._grids[table, column]
        values = self.tables[table][column]
        if values.null_count:
            values = values.fill_null(np.iinfo(np.int64).min) if values.type == pa.int64() else values.fill_null(-1)
        self._grids[table, column] = values.to_numpy().astype(np.int64).reshape(len(self.slots), -1)
        return self._grids[table, column]

    def bytes_grid(self, table: str, column: str, width: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """A whole table's binary column as uint8[T, k, width] (zeros if null or of another length), and where not."""
        cells = [
            cell if cell is not None and len(cell) == width else None for cell in self.tables[table][column].to_pylist()
        ]
        there = np.array([cell is not None for cell in cells]).reshape(len(self.slots), -1)
        block = b"".join(bytes(width) if cell is None else cell for cell in cells)
        return np.frombuffer(block, np.uint8).reshape(*there.shape, width), there


def open_run(folder: Path) -> Run | Finding:
    """Read a run's folder, or what makes it unreadable as a run.

    Raises RunFilesError if a file is absent or no Parquet or TOML; what is readable and yet false is a finding.
    """
    needed = [name for name in SCHEMAS if name != "injections" or (folder / "grid.json").exists()]
    tables = {name: read_table(folder, name) for name in needed}
    slot = tables["slots"]["slot"][0].as_py() if tables["slots"].num_rows and "slot" in SCHEMAS["slots"].names else 0
    _check_toml(folder / "community.toml")
    try:
        community = load_community(folder / "community.toml")
        chain = read_chain(folder / "chain")
    except (ScenarioError, LedgerError) as error:
        return Finding(Rank.STRUCTURE, slot or 0, 0, " ".join(str(error).split()))
    parts = [np.arange(a.first_slot, a.first_slot + a.slots, dtype=np.int64) for a in chain.anchors]
    slots = np.concatenate(parts) if parts else np.empty(0, np.int64)
    if "[grid]" in (folder / "community.toml").read_text(encoding="utf-8") and "injections" not in tables:
        raise RunFilesError(f"{folder / 'grid.json'} is absent", [Fault("grid.json", "absent", "the run had a grid")])
    return Run(folder, community, chain, slots, tables)


def _check_toml(path: Path) -> None:
    """RunFilesError unless the file is there and TOML."""
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RunFilesError(
            f"{path} cannot be read as TOML: {error}", [Fault(path.name, "absent or no TOML")]
        ) from error


def wholeness(run: Run) -> list[Finding]:
    """Columns, types, and that each table holds each slot and account exactly once, in order."""
    found = [finding for name, table in run.tables.items() for finding in _columns(run, name, table)]
    if found:
        return found
    for name, keys in _KEYS.items():
        if name in run.tables:
            found += _keys(run, name, keys)
    return found + _nulls(run) + _institutions(run)


def _first(run: Run) -> int:
    return int(run.slots[0]) if len(run.slots) else 0


def _columns(run: Run, name: str, table: pa.Table) -> Iterator[Finding]:
    for due in SCHEMAS[name]:
        if due.name not in table.column_names:
            yield Finding(Rank.STRUCTURE, _first(run), 0, f"{name}.parquet lacks the column {due.name}")
        elif table.schema.field(due.name).type != due.type:
            kind = table.schema.field(due.name).type
            yield Finding(Rank.STRUCTURE, _first(run), 0, f"{name}.parquet: {due.name} is {kind}, not {due.type}")


def _nulls(run: Run) -> list[Finding]:
    found = []
    for name, table in run.tables.items():
        for due in SCHEMAS[name]:
            column = table[due.name]
            if due.nullable or not column.null_count:
                continue
            at = next(index for index, value in enumerate(column.to_pylist()) if value is None)
            slot = table["slot"][at].as_py() if "slot" in table.column_names else None
            account = table["account"][at].as_py() if "account" in table.column_names else 0
            found.append(Finding(Rank.STRUCTURE, slot or _first(run), account or 0, f"{name}.{due.name} is empty"))
    return found


def _institutions(run: Run) -> list[Finding]:
    """Rows of utility, network and reserve that claim an offer, a leaf or a limit: they have none."""
    table = run.tables["rows"]
    institution = table["account"].to_pylist()
    return [
        Finding(Rank.STRUCTURE, table["slot"][at].as_py(), account, f"an institution's row has a {column}")
        for column in ("offer_hash", "salt", "leaf", "pool_buy", "pool_sell", "signature")
        for at, (account, value) in enumerate(zip(institution, table[column].to_pylist(), strict=True))
        if account is not None and account < FIRST_MEMBER and value is not None
    ]


def _expected(run: Run, name: str) -> NDArray[np.int64]:
    """The second key of a whole table, for one slot."""
    if name == "slots":
        return np.zeros(1, np.int64)
    if name == "public":
        return np.arange(run.community.size, dtype=np.int64)
    return np.arange(0 if name == "rows" else FIRST_MEMBER, run.accounts, dtype=np.int64)


def _keys(run: Run, name: str, keys: tuple[str, ...]) -> list[Finding]:
    """Missing, doubled and strange (slot, key) pairs of a table, and a table out of order."""
    table = run.tables[name]
    slot = table["slot"].fill_null(-1).to_numpy().astype(np.int64)
    second = table[keys[0]].fill_null(-1).to_numpy().astype(np.int64) if keys else np.zeros(len(slot), np.int64)
    width = _expected(run, name)
    due = np.stack([np.repeat(run.slots, len(width)), np.tile(width, len(run.slots))], axis=1)
    have = np.stack([slot, second], axis=1)
    if have.shape == due.shape and np.array_equal(have, due):
        return []
    pairs, counts = np.unique(have, axis=0, return_counts=True)
    there, wanted = {(int(a), int(b)) for a, b in pairs}, {(int(a), int(b)) for a, b in due}
    row = "row" if name != "public" else "leaf"

    def tell(pair: tuple[int, int], text: str) -> Finding:
        account = pair[1] if name not in ("slots", "public") else 0
        return Finding(Rank.STRUCTURE, pair[0], account, text)

    found = [tell(pair, f"no {row} in {name}.parquet") for pair in sorted(wanted - there)]
    found += [
        tell((int(a), int(b)), f"{n} times in {name}.parquet") for (a, b), n in zip(pairs, counts, strict=True) if n > 1
    ]
    found += [
        tell(pair, f"{name}.parquet has a {row} that belongs to no anchored slot and account")
        for pair in sorted(there - wanted)
    ]
    at = int(np.flatnonzero((have[: len(due)] != due[: len(have)]).any(axis=1))[0]) if not found else 0
    return found or [
        tell((int(have[at, 0]), int(have[at, 1])), f"{name}.parquet is not in the order of slot and account")
    ]
