"""From a slot's record to the rows of a run's tables: column by column, without changing a number."""

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sunfair.files.schema import SCHEMAS
from sunfair.market import LocalPrices
from sunfair.model import FIRST_MEMBER, Phase
from sunfair.ports import FlowRecord, PlanRecord, SlotRecord
from sunfair.settlement import LINES, ZERO_HASH, shown_lines, slot_lines
from sunfair.slots import SlotClock
from sunfair.units import NO_BUY, NO_SELL

__all__ = [
    "agent_columns",
    "bill_columns",
    "envelope_columns",
    "injection_columns",
    "local_columns",
    "offer_columns",
    "plan_columns",
    "public_columns",
    "reading_columns",
    "row_columns",
    "slot_columns",
    "table",
    "void_columns",
]

Item = TypeVar("Item", np.int64, np.uint8)
Columns = dict[str, pa.Array | NDArray[np.generic] | list[object]]


def table(name: str, columns: Columns) -> pa.Table:
    """A table of the promised schema."""
    schema = SCHEMAS[name]
    return pa.table([pa.array(columns[field.name], field.type) for field in schema], schema=schema)


def _fixed(values: NDArray[np.uint8], absent: NDArray[np.bool_] | None = None) -> pa.Array:
    """uint8[n, w] as fixed-size binary; null where `absent`."""
    rows = [None if gone else row.tobytes() for row, gone in zip(values, _or_none(absent, len(values)), strict=True)]
    return pa.array(rows, pa.binary(values.shape[1]))


def _or_none(absent: NDArray[np.bool_] | None, count: int) -> NDArray[np.bool_]:
    return np.zeros(count, np.bool_) if absent is None else absent


def _maybe(values: NDArray[np.int64], absent: NDArray[np.bool_]) -> pa.Array:
    return pa.array(values, pa.int64(), mask=absent)


def slot_columns(records: list[SlotRecord], plans: list[PlanRecord], flows: FlowRecord, clock: SlotClock) -> Columns:
    """`slots.parquet`: import and export are the feeder's, so that they balance what was metered and lost."""
    net = np.array([int(r.metered_wh.sum()) for r in records], np.int64) + flows.losses_wh
    return {
        "slot": [r.slot for r in records],
        "start": [clock.start(r.slot) for r in records],
        "retail": [r.terms.retail for r in records],
        "feed_in": [r.terms.feed_in for r in records],
        "price_ahead": [r.terms.price_ahead for r in records],
        "price_pool": [r.terms.price_pool for r in records],
        "volume_ahead_wh": [r.volume_ahead_wh for r in records],
        "volume_pool_wh": [r.volume_pool_wh for r in records],
        "import_wh": np.maximum(net, 0),
        "export_wh": np.maximum(-net, 0),
        "losses_wh": flows.losses_wh,
        "curtailed_wh": [int(p.curtail_wh.sum()) for p in plans],
        "max_voltage_pu": pa.array(flows.max_voltage_pu, from_pandas=True),
        "min_voltage_pu": pa.array(flows.min_voltage_pu, from_pandas=True),
        "max_loading": pa.array(flows.max_loading, from_pandas=True),
        **{name: [_root(r, name) for r in records] for name in ("book_root", "result_root", "data_hash")},
    }


def _root(record: SlotRecord, name: str) -> bytes:
    """One of the header's hashes; zeros where the slot is void, for its header binds nothing."""
    return ZERO_HASH if record.void or record.header is None else bytes(getattr(record.header, name))


def envelope_columns(record: SlotRecord) -> Columns:
    """`envelopes.parquet` of one slot; no row where the meters have no caps."""
    if record.envelope is None:
        return {field.name: [] for field in SCHEMAS["envelopes"]}
    asks, caps = record.envelope.asks, record.envelope.caps
    count = len(caps.import_wh)
    return {
        "slot": np.full(count, record.slot),
        "account": np.arange(FIRST_MEMBER, FIRST_MEMBER + count, dtype=np.int32),
        "need_wh": asks.need_wh,
        "import_ask_wh": asks.import_wh,
        "export_ask_wh": asks.export_wh,
        "import_most_wh": asks.import_most_wh,
        "export_most_wh": asks.export_most_wh,
        "import_cap_wh": caps.import_wh,
        "export_cap_wh": caps.export_wh,
        "salt": _fixed(record.envelope.salts),
    }


def offer_columns(record: SlotRecord) -> Columns:
    """`offers.parquet` of one slot: the ahead steps and then the pool's, both in leaf order."""
    members = np.argsort(record.leaf)
    accounts = (members + FIRST_MEMBER).astype(np.int32)
    curves = record.curves.take(members)
    used = curves.energy_wh != 0
    step = np.broadcast_to(np.arange(used.shape[1], dtype=np.int8), used.shape)[used]
    energy, limit = record.rows.pool_steps()
    offered = np.flatnonzero(energy[:, 0])
    owner = np.broadcast_to(np.arange(len(members))[:, None], used.shape)[used]
    places = np.concatenate([owner, offered])
    return {
        "slot": np.full(len(places), record.slot),
        "session": ["ahead"] * len(owner) + ["pool"] * len(offered),
        "account": accounts[places],
        "step": np.concatenate([step, np.zeros(len(offered), np.int8)]),
        "energy_wh": np.concatenate([curves.energy_wh[used], energy[offered, 0]]),
        "limit": np.concatenate([curves.limit[used], limit[offered, 0]]),
        "filled_wh": np.concatenate([record.step_fill_wh[members][used], record.rows.fill_pool_wh[offered]]),
        "nonce": record.nonce[members][places],
    }


def row_columns(record: SlotRecord, balance_after: NDArray[np.int64]) -> Columns:
    """`rows.parquet` of one slot: institutions first, then the members."""
    count = len(record.paid)
    institution = np.arange(count) < FIRST_MEMBER

    def members(values: NDArray[Item]) -> NDArray[Item]:
        padding = np.zeros((FIRST_MEMBER, *values.shape[1:]), values.dtype)
        return np.concatenate([padding, values])

    no_offer, no_leaf = (institution | (members(values) < 0) for values in (record.nonce, record.leaf))
    pool_buy, pool_sell = members(record.curves.pool_buy), members(record.curves.pool_sell)
    signatures = members(record.offer_signature)
    return {
        "slot": np.full(count, record.slot),
        "account": np.arange(count, dtype=np.int32),
        "traded_ahead_wh": record.traded_ahead_wh,
        "traded_pool_wh": record.traded_pool_wh,
        "metered_wh": record.metered_wh,
        "paid": record.paid,
        "balance_after": balance_after,
        "offer_hash": _fixed(members(record.offer_hash), no_offer),
        "salt": _fixed(members(record.salts), no_leaf),
        "leaf": pa.array(members(record.leaf).astype(np.int32), mask=no_leaf),
        "pool_buy": _maybe(pool_buy, institution | (pool_buy == NO_BUY)),
        "pool_sell": _maybe(pool_sell, institution | (pool_sell == NO_SELL)),
        "signature": [None if gone else row.tobytes() for row, gone in zip(signatures, no_offer, strict=True)],
    }


def plan_columns(slot: int, plan: PlanRecord) -> Columns:
    """`plans.parquet` of one slot."""
    count = len(plan.load_wh)
    return {
        "slot": np.full(count, slot),
        "account": np.arange(FIRST_MEMBER, FIRST_MEMBER + count, dtype=np.int32),
        "load_wh": plan.load_wh,
        "pv_wh": plan.pv_wh,
        "battery_wh": plan.battery_wh,
        "ev_wh": plan.ev_wh,
        "curtail_wh": plan.curtail_wh,
        "soc_wh": plan.soc_wh,
        "marginal_value": plan.marginal_value,
        "reason": list(plan.reason),
    }


def agent_columns(slot: int, plan: PlanRecord) -> Columns:
    """`agent.parquet` of one slot; no row where nothing is kept."""
    if plan.agent is None:
        return {field.name: [] for field in SCHEMAS["agent"]}
    count = len(plan.load_wh)
    accounts = np.arange(FIRST_MEMBER, FIRST_MEMBER + count, dtype=np.int32)
    known = {name: getattr(plan.agent, name) for name in plan.agent.__dataclass_fields__}
    return {"slot": np.full(count, slot), "account": accounts, **known}


def reading_columns(record: SlotRecord) -> Columns:
    """`readings.parquet` of one slot: those that came."""
    readings = record.readings
    came = np.flatnonzero(readings.valid)
    return {
        "slot": np.full(len(came), record.slot),
        "account": (came + FIRST_MEMBER).astype(np.int32),
        "import_wh": readings.import_wh[came],
        "export_wh": readings.export_wh[came],
        "late": readings.late[came],
        "signature": [row.tobytes() for row in readings.signature[came]],
    }


def void_columns(records: list[SlotRecord]) -> Columns:
    """`void.parquet`: the slots in which no trade counts, and the header that was anchored for each."""
    void = [record for record in records if record.void]
    return {
        "slot": np.array([record.slot for record in void], np.int64),
        "header": [record.preimage for record in void],
    }


def public_columns(record: SlotRecord) -> Columns:
    """`public.parquet` of one slot: the book leaves in their published order."""
    leaves = record.rows.book_leaf
    return {
        "slot": np.full(len(leaves), record.slot),
        "leaf": np.arange(len(leaves), dtype=np.int32),
        "book_leaf": _fixed(leaves),
    }


def injection_columns(slot: int, p_w: NDArray[np.float64], q_var: NDArray[np.float64]) -> Columns:
    """`injections.parquet` of one slot, from float64[n, 3] each, + taken from the grid."""
    count = len(p_w)
    columns: Columns = {
        "slot": np.full(count, slot),
        "account": np.arange(FIRST_MEMBER, FIRST_MEMBER + count, dtype=np.int32),
    }
    for at, phase in enumerate("abc"):
        columns[f"p_{phase}_w"] = p_w[:, at]
        columns[f"q_{phase}_var"] = q_var[:, at]
    return columns


def local_columns(slot: int, local: LocalPrices | None, phases: Sequence[Phase]) -> Columns:
    """`local_prices.parquet` of one slot: of each member the phases it uses; one of three phases also their mean,
    `abc`, at which it trades. No row without prices: where nothing traded ahead, or the slot is void.
    """
    if local is None:
        return {field.name: [] for field in SCHEMAS["local_prices"]}
    member, phase, word = [], [], []
    for at, own in enumerate(phases):
        used = "abc" if own is Phase.ABC else own.value
        for letter in used:
            member.append(at)
            phase.append("abc".index(letter))
            word.append(letter)
        if own is Phase.ABC:
            member.append(at)
            phase.append(3)
            word.append("abc")
    parts = {name: _with_mean(getattr(local, name)) for name in ("losses", "voltage", "congestion")}
    rows = {name: values[member, phase] for name, values in parts.items()}
    price = np.where(np.array(phase) == 3, local.connection[member], _with_mean(local.price)[member, phase])
    rows["congestion"] = price - local.energy - rows["losses"] - rows["voltage"]
    return {
        "slot": np.full(len(member), slot),
        "account": (np.array(member) + FIRST_MEMBER).astype(np.int32),
        "phase": list(word),
        "price": price,
        "energy": np.full(len(member), local.energy),
        **rows,
    }


def _with_mean(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[n, 3] with the mean over the phases, rounded down, as a fourth column."""
    return np.concatenate([values, values.sum(axis=1, keepdims=True) // 3], axis=1)


def bill_columns(civil: date, records: list[SlotRecord]) -> Columns:
    """`bills.parquet` of one period: at least one line per account."""
    energy, amount = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for record in records:
        one = slot_lines(record.terms, record.traded_ahead_wh, record.traded_pool_wh, record.metered_wh, record.true_up)
        energy, amount = (one[0], one[1]) if not energy.size else (energy + one[0], amount + one[1])
    line, account = shown_lines(energy, amount)
    return {
        "account": account.astype(np.int32),
        "period": [civil.isoformat()] * len(account),
        "line": [LINES[at].value for at in line],
        "energy_wh": energy[line, account],
        "amount": amount[line, account],
    }
