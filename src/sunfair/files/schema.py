"""The columns of a run's Parquet files, in order, as promised to outsiders (docs/formats.md)."""

import pyarrow as pa

__all__ = ["RUN_TABLES", "SCHEMAS", "SOMETIMES"]

_I64, _I32, _HASH = pa.int64(), pa.int32(), pa.binary(32)


def _schema(*columns: tuple[str, pa.DataType] | tuple[str, pa.DataType, bool]) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=bool(rest)) for name, kind, *rest in columns])


SCHEMAS: dict[str, pa.Schema] = {
    "slots": _schema(
        ("slot", _I64),
        ("start", pa.timestamp("us", "UTC")),
        ("retail", _I64),
        ("feed_in", _I64),
        ("price_ahead", _I64, True),
        ("price_pool", _I64, True),
        ("volume_ahead_wh", _I64),
        ("volume_pool_wh", _I64),
        ("import_wh", _I64),
        ("export_wh", _I64),
        ("losses_wh", _I64),
        ("curtailed_wh", _I64),
        ("max_voltage_pu", pa.float64(), True),
        ("min_voltage_pu", pa.float64(), True),
        ("max_loading", pa.float64(), True),
        ("book_root", _HASH),
        ("result_root", _HASH),
        ("data_hash", _HASH),
    ),
    "offers": _schema(
        ("slot", _I64),
        ("session", pa.string()),
        ("account", _I32),
        ("step", pa.int8()),
        ("energy_wh", _I64),
        ("limit", _I64),
        ("filled_wh", _I64),
        ("nonce", _I64),
    ),
    "rows": _schema(
        ("slot", _I64),
        ("account", _I32),
        ("traded_ahead_wh", _I64),
        ("traded_pool_wh", _I64),
        ("metered_wh", _I64),
        ("paid", _I64),
        ("balance_after", _I64),
        ("offer_hash", _HASH, True),
        ("salt", _HASH, True),
        ("leaf", _I32, True),
        ("pool_buy", _I64, True),
        ("pool_sell", _I64, True),
        ("signature", pa.binary(), True),
    ),
    "plans": _schema(
        ("slot", _I64),
        ("account", _I32),
        ("load_wh", _I64),
        ("pv_wh", _I64),
        ("battery_wh", _I64),
        ("ev_wh", _I64),
        ("curtail_wh", _I64),
        ("soc_wh", _I64),
        ("marginal_value", _I64),
        ("reason", pa.string()),
    ),
    "agent": _schema(
        ("slot", _I64),
        ("account", _I32),
        ("steered", pa.bool_()),
        ("forecast_load_wh", _I64),
        ("forecast_pv_wh", _I64),
        ("planned_battery_wh", _I64),
        ("planned_ev_wh", _I64),
        ("planned_soc_wh", _I64),
        ("expected_buy", _I64),
        ("expected_sell", _I64),
        ("alternative", _I64),
        ("shadow_metered_wh", _I64),
        ("shadow_soc_wh", _I64),
        ("shadow_paid", _I64),
        ("market", pa.string(), True),
        ("market_price", _I64, True),
        ("instead", pa.string(), True),
        ("instead_price", _I64, True),
    ),
    "bills": _schema(
        ("account", _I32), ("period", pa.string()), ("line", pa.string()), ("energy_wh", _I64), ("amount", _I64)
    ),
    "transfers": _schema(("slot", _I64), ("account", _I32), ("kind", pa.string()), ("amount", _I64)),
    "members": _schema(
        ("account", _I32),
        ("id", pa.string()),
        ("meter", pa.string()),
        ("bus", _I32, True),
        ("phase", pa.string(), True),
    ),
    "injections": _schema(
        ("slot", _I64),
        ("account", _I32),
        *((f"{kind}_{phase}_{unit}", pa.float64()) for kind, unit in (("p", "w"), ("q", "var")) for phase in "abc"),
    ),
    "envelopes": _schema(
        ("slot", _I64),
        ("account", _I32),
        ("need_wh", _I64),
        ("import_ask_wh", _I64),
        ("export_ask_wh", _I64),
        ("import_most_wh", _I64),
        ("export_most_wh", _I64),
        ("import_cap_wh", _I64),
        ("export_cap_wh", _I64),
        ("salt", _HASH),
    ),
    "receipts": _schema(
        ("offer_hash", _HASH),
        ("account", _I32),
        ("nonce", _I64),
        ("first_slot", _I64),
        ("last_slot", _I64),
        ("signature", pa.binary()),
    ),
    "readings": _schema(
        ("slot", _I64),
        ("account", _I32),
        ("import_wh", _I64),
        ("export_wh", _I64),
        ("late", pa.bool_()),
        ("signature", pa.binary()),
    ),
    "local_prices": _schema(
        ("slot", _I64),
        ("account", _I32),
        ("phase", pa.string()),
        ("price", _I64),
        ("energy", _I64),
        ("losses", _I64),
        ("voltage", _I64),
        ("congestion", _I64),
    ),
    "public": _schema(("slot", _I64), ("leaf", _I32), ("book_leaf", _HASH)),
    "void": _schema(("slot", _I64), ("header", pa.binary(), True)),
}

RUN_TABLES = tuple(SCHEMAS)
"""Names of a run's tables; `injections` is there only with a grid, `local_prices` where the book is cleared on it,
`envelopes` where meters have caps; `agent` tells what nobody else can check."""

SOMETIMES = frozenset({"envelopes", "injections", "local_prices"})
"""Tables that are not written where there is nothing to write."""
