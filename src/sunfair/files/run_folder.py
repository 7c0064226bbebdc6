"""A run's folder: written as ``DIR.partial`` and renamed when it is whole; read back table by table."""

from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError, RunFilesError
from sunfair.files import run_tables as rows_of
from sunfair.files.schema import SCHEMAS, SOMETIMES
from sunfair.model import FIRST_MEMBER, Community, Mechanism, Phase
from sunfair.ports import FlowRecord, PlanRecord, SettlementRecord, SlotRecord

__all__ = ["RunFolder", "fresh_folder", "read_table"]


def fresh_folder(folder: Path) -> Path:
    """The ``.partial`` folder in which a run may grow; InputError if either of the two is there and not empty."""
    partial = folder.with_name(folder.name + ".partial")
    for place in (folder, partial):
        if place.is_file() or (place.is_dir() and any(place.iterdir())):
            mend = "name another folder with --out, or remove it"
            raise InputError(
                f"{place} is there already and not empty; nothing was written", [Fault(str(place), "not empty", mend)]
            )
    partial.mkdir(parents=True, exist_ok=True)
    return partial


def read_table(folder: Path, name: str) -> pa.Table:
    """One table of a run's folder; RunFilesError if the file is absent or no Parquet."""
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise RunFilesError(f"{path} is absent", [Fault(path.name, "absent", "is this the folder of a run?")])
    try:
        return pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        raise RunFilesError(f"{path} cannot be read as Parquet: {error}", [Fault(path.name, "no Parquet")]) from error


class RunFolder:
    """The `Store` of a run that ends: Parquet files that grow period by period.

    Used as a context manager: leaving it closes every file, so that what was written can be read even when the run was
    interrupted. `finish` then gives the folder its name.
    """

    def __init__(self, folder: Path, community: Community) -> None:
        """Open ``folder.partial`` for a community's run."""
        self.folder = folder
        self.partial = fresh_folder(folder)
        self._community = community
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._balance = np.zeros(community.size + FIRST_MEMBER, np.int64)
        self._settled: set[int] = set()
        self._moved: list[tuple[int, int, str, int]] = []
        self._first: int | None = None

    def __enter__(self) -> Self:
        """Write who the members are."""
        members = self._community.members
        self._write(
            "members",
            {
                "account": np.arange(FIRST_MEMBER, FIRST_MEMBER + len(members), dtype=np.int32),
                "id": [member.id for member in members],
                "meter": [member.meter for member in members],
                "bus": [member.bus for member in members],
                "phase": [None if member.phase is None else member.phase.value for member in members],
            },
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every file; tables nobody wrote to become empty ones."""
        self._write_transfers()
        for name, schema in SCHEMAS.items():
            if name not in self._writers and name not in SOMETIMES:
                self._open(name, schema)
        for writer in self._writers.values():
            writer.close()

    def put_slots(self, civil: date, slots: list[SlotRecord], plans: list[PlanRecord], flows: FlowRecord) -> None:
        """Append a period's slots to every table."""
        self._write("slots", rows_of.slot_columns(slots, plans, flows, self._community.clock))
        for name, columns in (
            ("offers", [rows_of.offer_columns(record) for record in slots]),
            ("rows", [self._row_columns(record) for record in slots]),
            ("plans", [rows_of.plan_columns(r.slot, plan) for r, plan in zip(slots, plans, strict=True)]),
            ("agent", [rows_of.agent_columns(r.slot, plan) for r, plan in zip(slots, plans, strict=True)]),
            ("readings", [rows_of.reading_columns(record) for record in slots]),
            ("public", [rows_of.public_columns(record) for record in slots]),
        ):
            self._append(name, pa.concat_tables([rows_of.table(name, part) for part in columns]))
        if flows.p_w is not None and flows.q_var is not None:
            parts = [
                rows_of.table("injections", rows_of.injection_columns(record.slot, flows.p_w[at], flows.q_var[at]))
                for at, record in enumerate(slots)
            ]
            self._append("injections", pa.concat_tables(parts))
        if self._community.mechanism is Mechanism.NETWORK:
            phases = [member.phase or Phase.ABC for member in self._community.members]
            prices = [None if record.void or record.local is None else record.local.local for record in slots]
            parts = [
                rows_of.local_columns(record.slot, local, phases) for record, local in zip(slots, prices, strict=True)
            ]
            self._append("local_prices", pa.concat_tables([rows_of.table("local_prices", part) for part in parts]))
        for record in slots:
            if record.envelope is not None:
                self._write("envelopes", rows_of.envelope_columns(record))
        self._write("void", rows_of.void_columns(slots))
        self._write("bills", rows_of.bill_columns(civil, slots))

    def put_receipts(
        self,
        offer_hash: NDArray[np.uint8],
        account: NDArray[np.int64],
        nonce: NDArray[np.int64],
        slots: tuple[int, int],
        signature: NDArray[np.uint8],
    ) -> None:
        """Append the receipts of one batch of offers."""
        count = len(account)
        columns: rows_of.Columns = {
            "offer_hash": [row.tobytes() for row in offer_hash],
            "account": account.astype(np.int32),
            "nonce": nonce,
            "first_slot": np.full(count, slots[0]),
            "last_slot": np.full(count, slots[1]),
            "signature": [row.tobytes() for row in signature],
        }
        self._write("receipts", columns)

    def put_deposits(self, slot: int, amounts: dict[int, int]) -> None:
        """Note what was paid in: before the first slot, which the first call names, the opening balances."""
        self._first = slot if self._first is None else self._first
        for account, amount in amounts.items():
            self._balance[account] += amount if slot == self._first else 0
        self._transfers(slot, "deposit", amounts)

    def put_withdrawals(self, slot: int, amounts: dict[int, int]) -> None:
        """Note what was taken home: in `transfers` with a minus sign."""
        self._transfers(slot, "withdrawal", {account: -amount for account, amount in amounts.items()})

    def put_settlement(self, record: SettlementRecord) -> None:
        """Note a settled period's arrears and cover."""
        if record.period in self._settled:
            return
        self._settled.add(record.period)
        for kind, values in (("arrears", record.money.arrears), ("cover", record.money.cover)):
            self._transfers(record.last_slot, kind, {int(at): int(values[at]) for at in np.flatnonzero(values)})

    def finish(self) -> Path:
        """Give the folder its name: the run is whole."""
        if self.folder.is_dir():
            self.folder.rmdir()
        self.partial.rename(self.folder)
        return self.folder

    def _transfers(self, slot: int, kind: str, amounts: dict[int, int]) -> None:
        self._moved += [(slot, account, kind, amount) for account, amount in amounts.items() if amount]

    def _write_transfers(self) -> None:
        """All transfers by slot and account: a day's arrears are known when the next day has begun."""
        if self._moved:
            columns = zip(*sorted(self._moved, key=lambda moved: moved[:2]), strict=True)
            names = ("slot", "account", "kind", "amount")
            self._write("transfers", {name: list(column) for name, column in zip(names, columns, strict=True)})

    def _row_columns(self, record: SlotRecord) -> rows_of.Columns:
        self._balance = self._balance + record.paid
        return rows_of.row_columns(record, self._balance)

    def _write(self, name: str, columns: rows_of.Columns) -> None:
        self._append(name, rows_of.table(name, columns))

    def _append(self, name: str, table: pa.Table) -> None:
        if name not in self._writers:
            self._open(name, table.schema)
        self._writers[name].write_table(table)

    def _open(self, name: str, schema: pa.Schema) -> None:
        self._writers[name] = pq.ParquetWriter(self.partial / f"{name}.parquet", schema, compression="zstd")
