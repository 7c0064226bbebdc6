"""Retailers' statements of a run: what its homes bought where, from the run's own files and the retailers' prices.

Energies and tariff are those of the run's rows, which `sunfair audit` proves. Prices are those of ``market-<k>.csv``
beside them, and orders those of ``orders.parquet`` if there is one: the retailer's and the home's word.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sunfair.agent.markets import told
from sunfair.errors import InputError
from sunfair.files.run_folder import read_table
from sunfair.files.scenario import load_community
from sunfair.files.scenario_document import read_document
from sunfair.files.scenario_markets import read_quotes
from sunfair.model import FIRST_MEMBER, Community, Market, MarketKind, Quotes
from sunfair.settlement.retail import Statement, Supply, statement

__all__ = ["ORDERS", "MemberStatement", "bought_from_utility", "read_statements"]

Numbers = NDArray[np.int64]

ORDERS = pa.schema(
    [
        pa.field("slot", pa.int64(), nullable=False),
        pa.field("account", pa.int32(), nullable=False),
        pa.field("market", pa.string(), nullable=False),
        pa.field("energy_wh", pa.int64(), nullable=False),
        pa.field("ordered", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("price", pa.int64(), nullable=False),
        pa.field("instead", pa.string(), nullable=True),
        pa.field("instead_price", pa.int64(), nullable=True),
    ]
)
"""``orders.parquet``: what homes ordered day ahead, Wh for a slot; when, at what, and what it cost elsewhere, µ/kWh."""


@dataclass(frozen=True, slots=True)
class MemberStatement:
    """The statement of one member for the run's slots `first` to `last`."""

    account: int
    id: str
    first: int
    last: int
    statement: Statement


def read_statements(folder: Path, *, allowance_wh: int = 0) -> list[MemberStatement]:
    """The statement of every member of a run that buys in a retailer's market; `allowance_wh` holds for each of them.

    InputError with every fault of the price tables.
    """
    community = load_community(folder / "community.toml")
    buyers = [index for index, member in enumerate(community.members) if member.markets]
    if not buyers:
        return []
    document, _ = read_document(folder / "community.toml")
    quotes, faults = read_quotes(document, folder, community.clock)
    if faults:
        raise InputError(f"the retailers' prices of {folder} cannot be used", faults)
    slots, bought = bought_from_utility(folder, community.size)
    if not len(slots):
        return []
    retail = read_table(folder, "slots")["retail"].to_numpy()
    told_by = dict(zip((market.name for market in community.markets), quotes, strict=True))
    orders = _orders(folder)
    statements = []
    for index in buyers:
        account = FIRST_MEMBER + index
        names = community.members[index].markets
        mine = [market for market in community.markets if market.name in names]
        supplies = [_supply(community, market, told_by[market.name], slots, account, orders) for market in mine]
        made = statement(bought[:, account], retail, supplies, allowance_wh=allowance_wh)
        ends = int(slots[0]), int(slots[-1])
        statements.append(MemberStatement(account, community.members[index].id, *ends, made))
    return statements


def bought_from_utility(folder: Path, members: int) -> tuple[Numbers, Numbers]:
    """A run's slots, int64[T], and what each account bought from the utility by its rows, int64[T, m], Wh ≥ 0.

    0 in slots without a reading and in the first one read after them: what a gap holds was settled at the gap's dearest
    tariff, and the proven bill alone speaks of it.
    """
    rows, slots = read_table(folder, "rows"), read_table(folder, "slots")["slot"].to_numpy()
    at, account = np.searchsorted(slots, rows["slot"].to_numpy()), rows["account"].to_numpy()
    rest = np.zeros((len(slots), members + FIRST_MEMBER), np.int64)
    traded = rows["traded_ahead_wh"].to_numpy() + rows["traded_pool_wh"].to_numpy()
    rest[at, account] = rows["metered_wh"].to_numpy() - traded
    rest[~_read_on_end(folder, slots, rest.shape[1])] = 0
    return slots, np.maximum(rest, 0)


def _read_on_end(folder: Path, slots: Numbers, accounts: int) -> NDArray[np.bool_]:
    """Whether a reading came of the slot and of the one before, bool[T, m]; of the first slot, whether one came."""
    readings = read_table(folder, "readings")
    read = np.zeros((len(slots), accounts), np.bool_)
    read[np.searchsorted(slots, readings["slot"].to_numpy()), readings["account"].to_numpy()] = True
    on_end: NDArray[np.bool_] = read & np.concatenate([read[:1], read[:-1]])
    return on_end


def _orders(folder: Path) -> pa.Table | None:
    path = folder / "orders.parquet"
    return pq.read_table(path, schema=ORDERS) if path.is_file() else None


def _supply(
    community: Community, market: Market, quotes: Quotes, slots: Numbers, account: int, orders: pa.Table | None
) -> Supply:
    price, there, _ = told(quotes, slots, market.block_minutes // community.clock.minutes)
    if market.kind is MarketKind.REAL_TIME:
        return Supply(market.name, market.fee, price, there)
    ordered = np.zeros(len(slots), np.int64)
    if orders is not None:
        slot = orders["slot"].to_numpy()
        mine = (orders["account"].to_numpy() == account) & np.isin(slot, slots)
        mine &= np.array(orders["market"].to_pylist(), dtype=object) == market.name
        np.add.at(ordered, np.searchsorted(slots, slot[mine]), orders["energy_wh"].to_numpy()[mine])
    return Supply(market.name, market.fee, price, there, ordered)
