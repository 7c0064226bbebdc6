"""What homes ordered in retailers' day-ahead markets during a run: `orders.parquet`, by what was known at each gate."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sunfair.agent.market_orders import gate_of, order_block
from sunfair.agent.markets import Choice, Posted, PriceSource, RetailSource, best_prices
from sunfair.files.statements import ORDERS, bought_from_utility
from sunfair.model import FIRST_MEMBER, MarketKind, Scenario
from sunfair.simulate.retailers import PlannedOrder

__all__ = ["write_orders"]

Ints = NDArray[np.int64]
Order = tuple[int, int, str, int, datetime, int, str | None, int | None]


def write_orders(scenario: Scenario, folder: Path, planned: Sequence[PlannedOrder], steered: Collection[int]) -> None:
    """Write the orders of a run that is written already; no file where no home buys day ahead.

    planned : what homes ordered whose accounts are `steered` by a plan, during the run. Any other home looks at what it
    bought from the utility in the run's own slots that were over at the gate, and before the run at its use less its
    roof.
    """
    community = scenario.community
    if not any(market.kind is MarketKind.DAY_AHEAD for market in community.markets):
        return
    slots, bought = bought_from_utility(folder, community.size)
    if not len(slots):
        return
    orders = [_planned(one) for one in planned if slots[0] <= one.order.slot <= slots[-1]]
    for index in range(community.size):
        if FIRST_MEMBER + index not in steered:
            orders += _orders(scenario, index, slots, bought)
    columns = zip(*sorted(orders, key=lambda order: order[:3]), strict=True) if orders else ([] for _ in ORDERS)
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, ORDERS, strict=True)]
    pq.write_table(pa.table(arrays, schema=ORDERS), folder / "orders.parquet")


def _planned(one: PlannedOrder) -> Order:
    order, bought = one.order, one.order.bought
    told = datetime.fromtimestamp(order.ordered, UTC)
    beside = bought.instead or None, bought.instead_price
    return order.slot, one.account, bought.market, order.energy_wh, told, bought.price, *beside


def _orders(scenario: Scenario, index: int, slots: Ints, bought: Ints) -> Iterator[Order]:
    """One home's orders, block by block."""
    community, series = scenario.community, scenario.series
    names = community.members[index].markets
    start = int(slots[0]) - series.first_slot
    before = np.maximum(series.load_wh[:start, index] - series.pv_wh[:start, index], 0)
    history = np.concatenate([before, bought[:, FIRST_MEMBER + index]])
    seconds = community.clock.seconds
    tariff: PriceSource = Posted("utility", series.first_slot, series.retail, seconds)
    sources = {
        market.name: RetailSource(market, quotes, seconds)
        for market, quotes in zip(community.markets, scenario.quotes, strict=True)
        if market.name in names
    }
    for name, source in sources.items():
        if source.market.kind is not MarketKind.DAY_AHEAD:
            continue
        elsewhere = [tariff, *(other for other in sources.values() if other is not source)]
        for begin in np.unique(source.quotes.first).tolist():
            if slots[0] <= begin <= slots[-1]:
                told = datetime.fromtimestamp(gate_of(source, begin), UTC)
                wanted = order_block(source, elsewhere, history, series.first_slot, begin)
                choice = best_prices([source, *elsewhere], begin + np.arange(len(wanted)), gate_of(source, begin))
                for at in np.flatnonzero(wanted).tolist():
                    yield begin + at, FIRST_MEMBER + index, name, int(wanted[at]), told, *_asked(choice, at)


def _asked(choice: Choice, at: int) -> tuple[int, str | None, int | None]:
    """What the market asked for a slot of a block, and the cheapest place beside it."""
    _, price, asked = choice.bought(at)
    instead = min(asked, key=lambda name: asked[name], default=None)
    return price, instead, None if instead is None else asked[instead]
