"""The prospect of a fleet: futures of use and sun, and prices of the tariff and the street, over two days."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.horizon import forecast_horizon
from sunfair.agent.smart_futures import Futures, futures_of
from sunfair.agent.smart_orders import Policy, Prospect
from sunfair.agent.smart_prices import Published, StreetPrices

__all__ = ["prospect_of"]


def prospect_of(
    slot: int,
    load_history: NDArray[np.int64],
    pv_history: NDArray[np.int64],
    *,
    published: Published,
    street: StreetPrices,
    per_day: int,
    policy: Policy,
    own_retail: NDArray[np.float64] | None = None,
    room: NDArray[np.float64] | None = None,
) -> Prospect:
    """What homes expect from `slot` on; the histories (int64[H, n], Wh) end with the slot before it.

    `policy.futures`: "courses" takes use in the mean and the sun's three courses, "mean" one course of each, "median"
    the middle of the floor forecast. `own_retail` (float64[n, T], µ/kWh) is what a home pays instead of the tariff, NaN
    where it pays that. `room` (float64[per_day], 0 … 1) is the part of all surplus that the wires are expected to have
    room for in the slots from `slot` on, and every day again: what they have none for brings nothing, so energy is
    stored when most would be lost. None: all of it.
    """
    horizon = max(per_day * policy.horizon_hours // 24, 2)
    futures = _seen(load_history, pv_history, per_day, horizon, policy)
    retail, feed_in = published.ahead(horizon, per_day)
    buy, sell = street.ahead(slot, retail, feed_in)
    if room is not None:
        sell = np.where(sell > 0, sell * np.resize(room, horizon), sell)
    prospect = Prospect(slot, futures.load_wh, futures.pv_wh, futures.weight, retail, feed_in, buy, sell)
    if own_retail is None:
        return prospect
    own = np.where(np.isnan(own_retail[:, :horizon]), retail, own_retail[:, :horizon])
    return replace(prospect, own_retail=own, own_buy=street.own(slot, own, retail, buy))


def _seen(
    load_history: NDArray[np.int64], pv_history: NDArray[np.int64], per_day: int, horizon: int, policy: Policy
) -> Futures:
    if policy.futures == "median":
        floor = forecast_horizon(load_history, pv_history, per_day, horizon)
        return Futures(floor.load_wh.mid, (floor.pv_wh.mid,), (1.0,), floor.known)
    futures = futures_of(load_history, pv_history, per_day, horizon)
    if policy.futures == "courses":
        return futures
    mean = np.sum([share * roof for share, roof in zip(futures.weight, futures.pv_wh, strict=True)], axis=0)
    return Futures(futures.load_wh, (mean,), (1.0,), futures.known)
