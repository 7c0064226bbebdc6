"""A run in figures: what each home used, made, paid, and would have paid otherwise. Read from the run's own files.

bill_market : what the home paid in the market (µ, + to pay)
bill_battery_only : the same home without the market, its battery under the simple rule, all at the utility's tariffs
bill_shadow : the same home never steered by a plan, at the slots' public prices; null where nothing was kept of it
stored : what its battery holds at the end more (+) or less (−) than without the market, at what its agent says a stored
    kWh is worth, µ: paid for and not yet used, or used and not yet paid for
statement : what its retailers' statement beside the proven bill gave (+) or took (−), µ; 0 for who buys in no market
bill_alone : the same home without battery and market: use and car minus roof, at the utility's tariffs, as if the
    wires carried everything: the caps that hold for the other bills are not in it
self_consumption : part of the roof's energy used behind the meter or by neighbours; self_sufficiency : part of the use
not bought from the utility. Both 0 … 1, null where there is nothing to divide.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sunfair.files.run_folder import read_table
from sunfair.files.statements import read_statements
from sunfair.files.unlimited import FOLDER, read_injections
from sunfair.grid import LOADING_MAX, VOLTAGE_MAX_PU, VOLTAGE_MIN_PU, Network, power_flow, violations
from sunfair.model import FIRST_MEMBER, Community, Sharing
from sunfair.settlement import residual_money

__all__ = ["summarise"]

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Homes:
    """int64[T, n] of every home, Wh and µ, from the files; tariffs int64[T, 1]."""

    traded: Numbers
    net: Numbers
    paid: Numbers
    load: Numbers
    pv: Numbers
    ev: Numbers
    curtail: Numbers
    retail: Numbers
    feed_in: Numbers


def _read(folder: Path, members: int) -> _Homes:
    rows, plans, slots = (read_table(folder, name) for name in ("rows", "plans", "slots"))

    def grid(table: object, column: str, width: int) -> Numbers:
        values: Numbers = table[column].to_numpy().reshape(-1, width)  # type: ignore[index]
        return values

    accounts = members + FIRST_MEMBER
    ahead, pool, paid = (
        grid(rows, name, accounts)[:, FIRST_MEMBER:] for name in ("traded_ahead_wh", "traded_pool_wh", "paid")
    )
    names = ("load_wh", "pv_wh", "ev_wh", "curtail_wh", "battery_wh")
    load, pv, ev, curtail, battery = (grid(plans, name, members) for name in names)
    # What flowed, not what was metered: a silent meter shows its gap in one slot.
    net = load - pv + curtail + battery + ev
    retail, feed_in = (grid(slots, name, 1) for name in ("retail", "feed_in"))
    return _Homes(ahead + pool, net, paid, load, pv, ev, curtail, retail, feed_in)


def _bill(net: Numbers, homes: _Homes) -> Numbers:
    """µ each home pays when all of `net` (int64[T, n], Wh) goes at the utility's tariffs."""
    total = np.zeros(net.shape[1], np.int64)
    for row, retail, feed_in in zip(net, homes.retail[:, 0].tolist(), homes.feed_in[:, 0].tolist(), strict=True):
        money = residual_money(row, retail, feed_in)
        total += money.debits - money.credits
    return total


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _shares(homes: _Homes, columns: slice) -> dict[str, float | None]:
    """Self-consumption and self-sufficiency of the homes in `columns`, the neighbours' energy included."""
    made = int((homes.pv - homes.curtail)[:, columns].sum())
    used = int((homes.load + homes.ev)[:, columns].sum())
    residual = (homes.net - homes.traded)[:, columns]
    exported, imported = int(np.maximum(-residual, 0).sum()), int(np.maximum(residual, 0).sum())
    return {
        "self_consumption": _ratio(max(made - exported, 0), made),
        "self_sufficiency": _ratio(max(used - imported, 0), used),
    }


def summarise(folder: Path, community: Community, *, hours: float) -> dict[str, object]:
    """The figures of a run's folder, JSON-able; `hours` is a slot's length."""
    homes, (ruled, shadow) = _read(folder, community.size), _shadow(folder, community.size)
    bills = {
        "bill_market": -homes.paid.sum(axis=0),
        "bill_battery_only": _bill(homes.net if ruled is None else ruled, homes),
        "bill_alone": _bill(homes.load + homes.ev - homes.pv, homes),
    }
    statement, kept = _statements(folder, community), _kept(folder, community.size)
    pays = bills["bill_market"] - statement - kept
    each = {
        member.id: {
            "account": FIRST_MEMBER + at,
            **_shares(homes, slice(at, at + 1)),
            **{name: int(values[at]) for name, values in bills.items()},
            "bill_shadow": None if shadow is None else int(shadow[at]),
            "statement": int(statement[at]),
            "stored": int(kept[at]),
        }
        for at, member in enumerate(community.members)
    }
    return {
        "homes": each,
        "community": {
            **_shares(homes, slice(None)),
            **{name: int(values.sum()) for name, values in bills.items()},
            "bill_shadow": None if shadow is None else int(shadow.sum()),
            "statement": int(statement.sum()),
            "stored": int(kept.sum()),
            **_feeder(folder, hours),
            "use_wh": int((homes.load + homes.ev).sum()),
            "roof_wh": int(homes.pv.sum()),
            "traded_wh": int(np.maximum(homes.traded, 0).sum()),
            "homes_better_off": int((pays < bills["bill_battery_only"]).sum()),
            "homes_worse_off": int((pays > bills["bill_battery_only"]).sum()),
        },
        "violations": _violations(folder, hours),
        "envelope": _envelope(folder, community, homes, hours),
    }


def _shadow(folder: Path, members: int) -> tuple[Numbers, Numbers] | tuple[None, None]:
    """What each home's meter would have shown under the simple rule, int64[T, n], Wh, and what it would have paid at
    the street's prices, int64[n], µ; None where it was not kept.
    """
    table = read_table(folder, "agent")
    metered, paid = (table[name].to_numpy().reshape(-1, members) for name in ("shadow_metered_wh", "shadow_paid"))
    return (metered, -paid.sum(axis=0)) if len(paid) else (None, None)


def _statements(folder: Path, community: Community) -> Numbers:
    """Amounts of the retailers' statements, int64[n], µ."""
    amounts = np.zeros(community.size, np.int64)
    for one in read_statements(folder) if any(member.markets for member in community.members) else ():
        amounts[one.account - FIRST_MEMBER] = one.statement.amount
    return amounts


def _kept(folder: Path, members: int) -> Numbers:
    """What each home has in its battery at the end more than its shadow, at what its agent says a stored kWh is worth:
    int64[n], µ. It is paid for and not yet used, so who is better off is counted with it.
    """
    plans, agent = (read_table(folder, name) for name in ("plans", "agent"))
    if not agent.num_rows or agent.num_rows != plans.num_rows:
        return np.zeros(members, np.int64)
    soc, worth = (plans[name].to_numpy()[-members:] for name in ("soc_wh", "marginal_value"))
    left: Numbers = (soc - agent["shadow_soc_wh"].to_numpy()[-members:]) * worth // 1_000
    return left


def _feeder(folder: Path, hours: float) -> dict[str, int]:
    slots = read_table(folder, "slots")
    peak = {
        name: int(max(slots[column].to_pylist(), default=0) / hours)
        for name, column in (("peak_import_w", "import_wh"), ("peak_export_w", "export_wh"))
    }
    totals = {
        name: int(sum(slots[name].to_pylist())) for name in ("import_wh", "export_wh", "losses_wh", "curtailed_wh")
    }
    return {**peak, **totals}


def _envelope(folder: Path, community: Community, homes: _Homes, hours: float) -> dict[str, object]:
    """What the caps cost and what they spared: part of the roofs' energy not taken, from how many homes, and how evenly
    (Jain's index of the part that each roof could give, 1: all alike); slots and hours outside the limits without them.

    Empty in a community without caps, or without wires. Jain, Chiu and Hawe, DEC-TR-301 (1984).
    """
    if community.envelope is Sharing.NONE or not (folder / "envelopes.parquet").is_file():
        return {}
    roof, curtailed = homes.pv.sum(axis=0), homes.curtail.sum(axis=0)
    kept = 1.0 - curtailed[roof > 0] / roof[roof > 0]
    jain = float(kept.sum() ** 2 / (len(kept) * (kept**2).sum())) if kept.any() else None
    told: dict[str, object] = {
        "sharing": community.envelope.value,
        "curtailed_share": _ratio(int(curtailed.sum()), int(roof.sum())),
        "homes_curtailed": int((curtailed > 0).sum()),
        "jain": None if jain is None else round(jain, 6),
    }
    if not (folder / FOLDER).is_dir():
        return told
    network = Network.parse((folder / "grid.json").read_text(encoding="utf-8"))
    flow = power_flow(network, *read_injections(folder / FOLDER, community.size))
    outside = violations(flow)
    without = {"slots": int(outside.sum()), "hours": round(float(outside.sum()) * hours, 4)}
    for name, value in (("max_voltage_pu", flow.max_voltage_pu), ("max_loading", flow.max_loading)):
        without[name] = round(float(np.nanmax(value, initial=0.0)), 5)
    return told | {"unlimited": without}


def _violations(folder: Path, hours: float) -> dict[str, float]:
    """Slots (and hours) in which a voltage left its band, a line or transformer was above its rating, or the power flow
    had no solution: more than the wires can carry at all. 0 without a grid.
    """
    slots = read_table(folder, "slots")
    high, low, loading = (
        slots[name].to_numpy(zero_copy_only=False).astype(np.float64)
        for name in ("max_voltage_pu", "min_voltage_pu", "max_loading")
    )
    # Asked the other way round, so that NaN (no solution) counts as outside, as it does in `violations`.
    inside = (high <= VOLTAGE_MAX_PU) & (low >= VOLTAGE_MIN_PU) & (loading <= LOADING_MAX)
    broken = ~inside if (folder / "grid.json").is_file() else np.zeros(len(inside), np.bool_)
    return {"slots": int(broken.sum()), "hours": round(float(broken.sum()) * hours, 4)}
