"""Random homes, hundreds at a time, with the corners that matter: ties, empty and full stores, tight connections."""

import numpy as np
from home_programme import Programme, Store

from sunfair.agent import Homes, Outlook, Stores

HOURS = 0.25


def homes_and_outlook(chance, n, slots, *, negative=0.0, burning=False, roomy=False):
    """n homes and what they see coming.

    negative : share of slots with prices below zero
    burning  : whether wear may be so low that such a price pays for charging and discharging at once
    roomy    : no import limit, and no start below the reserve
    """
    capacity = np.where(
        chance.random(n) < 0.05, 0, chance.choice([2_000, 5_000, 10_000, 13_500], n) * chance.uniform(0.5, 1, n)
    )
    reserve = capacity * chance.choice([0, 0.1, 0.3, 1.0], n, p=[0.3, 0.4, 0.25, 0.05])
    soc = np.where(chance.random(n) < 0.2, reserve, capacity * chance.uniform(0, 1, n))
    power = [0, 1_000, 2_500, 5_000, 20_000, np.inf]
    charge, discharge = (chance.choice(power, n, p=[0.05, 0.2, 0.3, 0.3, 0.1, 0.05]) for _ in range(2))
    charge_eff, discharge_eff = (chance.choice([1, 0.98, 0.95, 0.9, 0.7], n) for _ in range(2))
    buy, sell = _prices(chance, n, slots, negative)
    wear = chance.choice([0, 5e3, 20e3, 60e3], n)
    if not burning:
        pays = np.maximum(0, -buy.min(axis=1)) * (1 / charge_eff - discharge_eff) / discharge_eff
        wear = np.maximum(wear, pays * 1.0000001)
    taken = chance.choice([np.inf, 20_000, 6_000, 2_000, 800], n, p=[0.3, 0.3, 0.2, 0.15, 0.05])
    given = chance.choice([np.inf, 10_000, 2_000, 0], n, p=[0.4, 0.3, 0.2, 0.1])
    load = chance.gamma(1.0, 300, (n, slots)) * np.where(chance.random((n, slots)) < 0.1, 6, 1)
    roof = chance.gamma(0.7, 700, (n, slots)) * (chance.random((n, slots)) < 0.6) * (chance.random((n, 1)) < 0.7)
    terminal = chance.choice([0, 1], n) * chance.uniform(0, 400e3, n)
    if roomy:
        taken, soc = np.full(n, np.inf), np.maximum(soc, reserve)
    homes = Homes(capacity, soc, reserve, charge, discharge, charge_eff, discharge_eff, wear, taken, given)
    return homes, Outlook(load, roof, buy, sell, terminal)


def _prices(chance, n, slots, negative):
    steps = chance.choice([100e3, 200e3, 300e3, 400e3], (n, slots))  # half of the homes: prices that tie
    buy = steps * np.where(chance.random((n, 1)) < 0.5, 1, chance.uniform(0.5, 1.5, (n, slots)))
    sell = np.where(chance.random((n, 1)) < 0.5, 80e3, buy * chance.uniform(-0.2, 1.2, (n, slots)))
    below = chance.random((n, slots)) < negative
    buy = np.where(below, -chance.uniform(0, 200e3, (n, slots)), buy)
    return buy, np.where(below, buy - chance.choice([0, 50e3], (n, slots)), sell)


def programme_of(homes, outlook, *, one_way=False):
    """The same homes for the oracle, and what it counts for load above the import limit: more than any trade brings."""
    n, slots = outlook.load_wh.shape
    wide = np.ones((n, slots))
    buy = outlook.buy * wide
    sell = np.minimum(outlook.sell, buy)  # where sell > buy, sell counts as buy
    finite = [
        np.where(np.isinf(power), 4e6, power)[:, None] * HOURS * wide for power in (homes.charge_w, homes.discharge_w)
    ]
    battery = Store(
        homes.soc_wh,
        _floors(homes, outlook),
        homes.capacity_wh[:, None] * wide,
        *finite,
        homes.charge_eff[:, None] * wide,
        homes.discharge_eff,
        homes.wear,
        outlook.terminal,
    )
    dearest = np.abs(buy).max(axis=1) + np.abs(sell).max(axis=1) + homes.wear + np.abs(outlook.terminal)
    over = 10 * dearest / (homes.charge_eff * homes.discharge_eff) + 1e5
    limits = homes.import_w * HOURS, homes.export_w * HOURS
    return Programme(outlook.load_wh, outlook.pv_wh, buy, sell, *limits, over, [battery], one_way=one_way), over


def _floors(homes, outlook):
    """The reserve; a start below it rises with all the charging the connection leaves room for."""
    level, floors = np.minimum(homes.soc_wh, homes.reserve_wh), np.empty_like(outlook.load_wh)
    for slot in range(floors.shape[1]):
        room = homes.import_w * HOURS - outlook.load_wh[:, slot] + outlook.pv_wh[:, slot]
        level = np.minimum(homes.reserve_wh, level + homes.charge_eff * np.clip(room, 0, homes.charge_w * HOURS))
        floors[:, slot] = level
    return floors


def cars(chance, n, slots):
    """A visit of a car per home, before, amid or after the slots, asking for what it can take; for planner and oracle."""
    arrive = chance.integers(-3, slots, n)
    depart = arrive + chance.integers(1, slots + 3, n)
    power = chance.choice([2_300, 3_700, 11_000], n)
    here = np.maximum(depart - np.maximum(arrive, 0), 0)
    need = chance.uniform(0, 1, n) * here * power * HOURS
    planned = Stores.cars(np.arange(n), horizon=slots, need_wh=need, power_w=power, arrive=arrive, depart=depart)
    slot = np.arange(slots)
    there = (slot >= arrive[:, None]) & (slot < depart[:, None])
    later = power * HOURS * np.maximum(depart - np.maximum(arrive, slots), 0)
    due = np.where(slot >= depart[:, None] - 1, need[:, None], 0.0)
    due[:, -1] = np.where(here > 0, np.maximum(need - later, 0), 0)  # what is left for after the last slot can wait
    due[here == 0] = 0.0
    full, none = need[:, None] * np.ones((n, slots)), np.zeros(n)
    return planned, Store(none, due, full, there * power[:, None] * HOURS, 0 * full, 0 * full + 1, none + 1, none, none)


def pumps(chance, n, slots):
    """A heat pump per home whose warmth can be kept within its band."""
    band, power = chance.uniform(2_000, 8_000, n), chance.choice([2_000, 3_000], n)
    start, loss, terminal = chance.uniform(0.3, 1, n) * band, chance.uniform(0, 0.05, n), chance.uniform(0, 100e3, n)
    performance, draw = chance.uniform(2.5, 4.5, (n, slots)), chance.uniform(200, 1_000, (n, slots))
    planned = Stores.heat(
        np.arange(n),
        horizon=slots,
        band_wh=band,
        start_wh=start,
        power_w=power,
        performance=performance,
        draw_wh=draw,
        loss_per_hour=loss,
        terminal=terminal,
    )
    wide, none = np.ones((n, slots)), np.zeros(n)
    into = power[:, None] * HOURS * wide
    own = Store(start, 0 * wide, band[:, None] * wide, into, 0 * wide, performance, none + 1, none, terminal)
    own.keep, own.draw = (1 - loss) ** HOURS, draw
    return planned, own


def more_batteries(chance, n, slots):
    """A second battery per home."""
    capacity, soc, terminal = chance.uniform(1_000, 9_000, n), chance.uniform(0.1, 1, n), chance.uniform(0, 200e3, n)
    charge, discharge = (chance.choice([1_000, 3_000], n) for _ in range(2))
    charge_eff, discharge_eff = (chance.choice([0.9, 0.97, 1], n) for _ in range(2))
    wear = chance.choice([0, 10e3], n)
    planned = Stores.batteries(
        np.arange(n),
        horizon=slots,
        capacity_wh=capacity,
        soc_wh=soc * capacity,
        reserve_wh=0.1 * capacity,
        charge_w=charge,
        discharge_w=discharge,
        charge_eff=charge_eff,
        discharge_eff=discharge_eff,
        wear=wear,
        terminal=terminal,
    )
    wide = np.ones((n, slots))
    band, limits = (0.1 * capacity, capacity), (charge * HOURS, discharge * HOURS)
    columns = [each[:, None] * wide for each in (*band, *limits, charge_eff)]
    return planned, Store(soc * capacity, *columns, discharge_eff, wear, terminal)
