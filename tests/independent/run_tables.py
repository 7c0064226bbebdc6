"""The tables of a run's folder: read as plain lists, held against the columns promised to outsiders."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

I8, I32, I64, F64, B32 = "int8", "int32", "int64", "double", "fixed_size_binary[32]"
TEXT, STAMP, BYTES, FLAG = "text", "timestamp UTC", "bytes", "bool"

# name → (type, may be null), from design page interfaces.md and docs/formats.md
COLUMNS: dict[str, dict[str, tuple[str, bool]]] = {
    "slots": {
        "slot": (I64, False),
        "start": (STAMP, False),
        "retail": (I64, False),
        "feed_in": (I64, False),
        "price_ahead": (I64, True),
        "price_pool": (I64, True),
        "volume_ahead_wh": (I64, False),
        "volume_pool_wh": (I64, False),
        "import_wh": (I64, False),
        "export_wh": (I64, False),
        "losses_wh": (I64, False),
        "curtailed_wh": (I64, False),
        "max_voltage_pu": (F64, True),
        "min_voltage_pu": (F64, True),
        "max_loading": (F64, True),
        "book_root": (B32, False),
        "result_root": (B32, False),
        "data_hash": (B32, False),
    },
    "envelopes": {
        "slot": (I64, False),
        "account": (I32, False),
        "need_wh": (I64, False),
        "import_ask_wh": (I64, False),
        "export_ask_wh": (I64, False),
        "import_most_wh": (I64, False),
        "export_most_wh": (I64, False),
        "import_cap_wh": (I64, False),
        "export_cap_wh": (I64, False),
        "salt": (B32, False),
    },
    "offers": {
        "slot": (I64, False),
        "session": (TEXT, False),
        "account": (I32, False),
        "step": (I8, False),
        "energy_wh": (I64, False),
        "limit": (I64, False),
        "filled_wh": (I64, False),
        "nonce": (I64, False),
    },
    "rows": {
        "slot": (I64, False),
        "account": (I32, False),
        "traded_ahead_wh": (I64, False),
        "traded_pool_wh": (I64, False),
        "metered_wh": (I64, False),
        "paid": (I64, False),
        "balance_after": (I64, False),
        "offer_hash": (B32, True),
        "salt": (B32, True),
        "leaf": (I32, True),
        "pool_buy": (I64, True),
        "pool_sell": (I64, True),
        "signature": (BYTES, True),
    },
    "agent": {
        "slot": (I64, False),
        "account": (I32, False),
        "steered": (FLAG, False),
        "forecast_load_wh": (I64, False),
        "forecast_pv_wh": (I64, False),
        "planned_battery_wh": (I64, False),
        "planned_ev_wh": (I64, False),
        "planned_soc_wh": (I64, False),
        "expected_buy": (I64, False),
        "expected_sell": (I64, False),
        "alternative": (I64, False),
        "shadow_metered_wh": (I64, False),
        "shadow_soc_wh": (I64, False),
        "shadow_paid": (I64, False),
        "market": (TEXT, True),
        "market_price": (I64, True),
        "instead": (TEXT, True),
        "instead_price": (I64, True),
    },
    "plans": {
        "slot": (I64, False),
        "account": (I32, False),
        "load_wh": (I64, False),
        "pv_wh": (I64, False),
        "battery_wh": (I64, False),
        "ev_wh": (I64, False),
        "curtail_wh": (I64, False),
        "soc_wh": (I64, False),
        "marginal_value": (I64, False),
        "reason": (TEXT, False),
    },
    "bills": {
        "account": (I32, False),
        "period": (TEXT, False),
        "line": (TEXT, False),
        "energy_wh": (I64, False),
        "amount": (I64, False),
    },
    "transfers": {
        "slot": (I64, False),
        "account": (I32, False),
        "kind": (TEXT, False),
        "amount": (I64, False),
    },
    "members": {
        "account": (I32, False),
        "id": (TEXT, False),
        "meter": (TEXT, False),
        "bus": (I32, True),
        "phase": (TEXT, True),
    },
    "injections": {
        "slot": (I64, False),
        "account": (I32, False),
        "p_a_w": (F64, False),
        "p_b_w": (F64, False),
        "p_c_w": (F64, False),
        "q_a_var": (F64, False),
        "q_b_var": (F64, False),
        "q_c_var": (F64, False),
    },
    "receipts": {
        "offer_hash": (B32, False),
        "account": (I32, False),
        "nonce": (I64, False),
        "first_slot": (I64, False),
        "last_slot": (I64, False),
        "signature": (BYTES, False),
    },
    "readings": {
        "slot": (I64, False),
        "account": (I32, False),
        "import_wh": (I64, False),
        "export_wh": (I64, False),
        "late": (FLAG, False),
        "signature": (BYTES, False),
    },
    "void": {
        "slot": (I64, False),
        "header": (BYTES, True),
    },
    "public": {
        "slot": (I64, False),
        "leaf": (I32, False),
        "book_leaf": (B32, False),
    },
}
OPTIONAL = {"injections", "envelopes"}  # only with a grid, only where meters have caps

Table = dict[str, list]


def type_name(kind: pa.DataType) -> str:
    """An Arrow type by the name used above."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return TEXT
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or str(kind) == "fixed_size_binary[65]":
        return BYTES
    if pa.types.is_timestamp(kind):
        return STAMP if kind.tz in ("UTC", "+00:00", "Etc/UTC") else f"timestamp of zone {kind.tz}"
    return str(kind)


def check_columns(name: str, table: pa.Table) -> list[str]:
    """Columns missing, surplus, of another type, or null where they may not be."""
    found = []
    wanted = COLUMNS[name]
    for column in wanted.keys() - set(table.column_names):
        found.append(f"{name}.parquet: column {column} is missing")
    for column in table.column_names:
        if column not in wanted:
            found.append(f"{name}.parquet: column {column} is promised nowhere")
            continue
        kind, may_be_null = wanted[column]
        if type_name(table.schema.field(column).type) != kind:
            found.append(f"{name}.parquet: {column} is {table.schema.field(column).type}, not {kind}")
        if table.column(column).null_count and not may_be_null:
            at = table.column(column).to_pylist().index(None)
            found.append(f"{name}.parquet: {column} is null in line {at}")
    return found


def read_all(folder: Path) -> tuple[dict[str, Table], list[str]]:
    """Every table as {column: list}, and what is wrong with their shape."""
    tables: dict[str, Table] = {}
    found: list[str] = []
    for name in COLUMNS:
        path = folder / f"{name}.parquet"
        if not path.exists():
            if name not in OPTIONAL:
                found.append(f"{name}.parquet is absent")
            continue
        table = pq.read_table(path)
        found += check_columns(name, table)
        tables[name] = {column: table.column(column).to_pylist() for column in table.column_names}
    return tables, found
