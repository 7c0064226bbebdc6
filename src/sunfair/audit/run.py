"""A run's files as arrays, and whether they are whole: every slot, every account, once, in order."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sunfair.audit.findings import Finding, Rank
from sunfair.chain import read_chain
from sunfair.errors import Fault, LedgerError, RunFilesError, ScenarioError
from sunfair.files import SCHEMAS, SOMETIMES, MeterRows, load_community, meter_rows, read_table
from sunfair.grid import Network
from sunfair.model import FIRST_MEMBER, Community, Mechanism, Phase, Sharing
from sunfair.ports import ChainRecord
from sunfair.units import ENERGY_MAX

__all__ = ["Run", "open_run", "wholeness"]

_KEYS = {
    "slots": (),
    "rows": ("account",),
    "plans": ("account",),
    "public": ("leaf",),
    "injections": ("account",),
    "envelopes": ("account",),
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
    _meters: list[MeterRows] = field(default_factory=list)
    _network: list[Network] = field(default_factory=list)

    @property
    def accounts(self) -> int:
        """Number of accounts, institutions included."""
        return self.community.size + FIRST_MEMBER

    @property
    def void(self) -> NDArray[np.bool_]:
        """The slots in which no trade counts, as the files say: bool[T]."""
        return np.isin(self.slots, self.tables["void"]["slot"].to_numpy())

    @property
    def caps(self) -> NDArray[np.int64]:
        """What each member may offer on a side, Wh, int64[n]; a chain that names no caps leaves the bound of all."""
        caps = self.chain.caps
        return np.array(caps[FIRST_MEMBER:] if caps else [ENERGY_MAX] * self.community.size, np.int64)

    @property
    def meters(self) -> MeterRows:
        """The meters slot by slot, as the readings that came say."""
        if not self._meters:
            tariffs = self.grid("slots", "retail")[:, 0], self.grid("slots", "feed_in")[:, 0]
            self._meters.append(meter_rows(self.tables["readings"], self.slots, tariffs, self.community.size))
        return self._meters[0]

    @property
    def metered(self) -> NDArray[np.int64]:
        """What the meters show of every account, Wh, int64[T, m]: the institutions have none."""
        institutions = np.zeros((len(self.slots), FIRST_MEMBER), np.int64)
        return np.concatenate([institutions, self.meters.metered_wh], axis=1)

    @property
    def wires(self) -> tuple[Network, tuple[Phase, ...]]:
        """The network with its members' phases, where the run's book is cleared on it; InputError if it is none."""
        if not self._network:
            text = (self.folder / "grid.json").read_text(encoding="utf-8")
            self._network.append(Network.parse(text, [FIRST_MEMBER + at for at in range(self.community.size)]))
        return self._network[0], tuple(member.phase or Phase.ABC for member in self.community.members)

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
    needed = [name for name in SCHEMAS if name not in ("agent", *SOMETIMES)]
    needed += ["injections"] * (folder / "grid.json").exists()
    tables = {name: read_table(folder, name) for name in needed}
    slot = tables["slots"]["slot"][0].as_py() if tables["slots"].num_rows and "slot" in SCHEMAS["slots"].names else 0
    _check_toml(folder / "community.toml")
    try:
        community = load_community(folder / "community.toml")
        chain = read_chain(folder / "chain")
    except (ScenarioError, LedgerError) as error:
        return Finding(Rank.STRUCTURE, slot or 0, 0, " ".join(str(error).split()))
    if community.mechanism is Mechanism.NETWORK:
        tables["local_prices"] = read_table(folder, "local_prices")
    if community.envelope is not Sharing.NONE:
        tables["envelopes"] = read_table(folder, "envelopes")
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
    found += _readings(run)
    return found + _nulls(run) + _void(run) + _leafless(run)


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


def _leafless(run: Run) -> list[Finding]:
    """Rows of an institution or of a void slot that claim an offer, a leaf or a limit: they have none."""
    table = run.tables["rows"]
    slots, accounts = table["slot"].to_pylist(), table["account"].to_pylist()
    void = set(run.tables["void"]["slot"].to_pylist())
    return [
        Finding(
            Rank.STRUCTURE,
            slot,
            account,
            f"{'an institution' if account < FIRST_MEMBER else 'a void slot'}'s row has a {column}",
        )
        for column in ("offer_hash", "salt", "leaf", "pool_buy", "pool_sell", "signature")
        for slot, account, value in zip(slots, accounts, table[column].to_pylist(), strict=True)
        if value is not None and account is not None and (account < FIRST_MEMBER or slot in void)
    ]


def _void(run: Run) -> list[Finding]:
    """Slots said to be void: each once, of the run, and void on chain."""
    stated = run.tables["void"]["slot"].to_pylist()
    known = set(run.slots.tolist())
    on_chain = {slot for a in run.chain.anchors for slot in range(a.first_slot, min(a.void_to, a.first_slot + a.slots))}
    on_chain = (on_chain | run.chain.void_slots) & known
    found = [
        Finding(Rank.STRUCTURE, after, 0, "void.parquet is not in the order of slots, or has one twice")
        for before, after in pairwise(stated)
        if before >= after
    ]
    return found + [
        Finding(
            Rank.CHAIN,
            slot,
            0,
            f"the slot is {'' if slot in stated else 'not '}void in the files, on chain it is "
            f"{'' if slot in on_chain else 'not '}void",
        )
        for slot in sorted(set(stated) ^ on_chain)
    ]


def _readings(run: Run) -> list[Finding]:
    """Readings that belong nowhere, stand twice or out of order; one may be missing: then the meter was silent."""
    table = run.tables["readings"]
    slot, account = (table[name].fill_null(-1).to_numpy().astype(np.int64) for name in ("slot", "account"))
    known = np.isin(slot, run.slots) & (account >= FIRST_MEMBER) & (account < run.accounts)
    key = slot * run.accounts + account
    disorder = np.concatenate([[False], np.diff(key) <= 0])[: len(key)]
    return [
        Finding(Rank.STRUCTURE, int(slot[at]), int(account[at]), f"readings.parquet: {what}")
        for what, wrong in (
            ("a reading that belongs to no anchored slot and account", ~known),
            ("a reading out of order, or for the second time", disorder & known),
        )
        for at in np.flatnonzero(wrong)[:20]
    ]


def _expected(run: Run, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The (slot, second key) pairs of a whole table, in order."""
    if name == "slots":
        width = np.zeros(1, np.int64)
    elif name == "public":
        width = np.arange(run.community.size, dtype=np.int64)
    else:
        width = np.arange(0 if name == "rows" else FIRST_MEMBER, run.accounts, dtype=np.int64)
    slots = run.slots[~run.void] if name == "public" else run.slots
    return np.repeat(slots, len(width)), np.tile(width, len(slots))


def _keys(run: Run, name: str, keys: tuple[str, ...]) -> list[Finding]:
    """Missing, doubled and strange (slot, key) pairs of a table, and a table out of order."""
    table = run.tables[name]
    slot = table["slot"].fill_null(-1).to_numpy().astype(np.int64)
    second = table[keys[0]].fill_null(-1).to_numpy().astype(np.int64) if keys else np.zeros(len(slot), np.int64)
    due = np.stack(_expected(run, name), axis=1)
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
