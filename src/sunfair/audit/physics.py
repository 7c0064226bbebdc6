"""The physical side again: what homes did, what the meters show, and what the wires made of it."""

import tomllib
from collections.abc import Iterator
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from sunfair.audit.findings import Finding, Rank
from sunfair.audit.run import Run
from sunfair.errors import InputError
from sunfair.grid import Network, injections, losses_wh, power_flow
from sunfair.model import FIRST_MEMBER, Phase
from sunfair.units import micro

__all__ = ["TOLERANCE", "physics"]

TOLERANCE = 1e-6
"""Physical columns are recomputed, not hashed: voltages and loading to this, pu and of 1; powers to this, W and var."""


def physics(run: Run) -> Iterator[list[Finding]]:
    """Plans, batteries, slots' energy columns, tariffs, members, and the power flow."""
    yield _plans(run)
    yield _batteries(run)
    yield _tariffs(run)
    yield _members(run)
    yield _wires(run)


def _net(run: Run) -> NDArray[np.int64]:
    """What flowed at each home's connection by the plans, Wh, int64[T, n]."""
    load, pv, battery, ev, curtail = (
        run.grid("plans", name) for name in ("load_wh", "pv_wh", "battery_wh", "ev_wh", "curtail_wh")
    )
    return load - pv + curtail + battery + ev


def _plans(run: Run) -> list[Finding]:
    """Whether the meters show what flowed; a silent one shows its whole gap in the first slot it is read again."""
    metered, valid = run.grid("rows", "metered_wh")[:, FIRST_MEMBER:], run.meters.valid
    flowed, due = np.cumsum(_net(run), axis=0), np.zeros_like(metered)
    counted = np.zeros(metered.shape[1], np.int64)
    for at, came in enumerate(valid):
        due[at] = np.where(came, flowed[at] - counted, 0)
        counted = np.where(came, flowed[at], counted)
    return [
        Finding(
            Rank.PHYSICS,
            int(run.slots[at]),
            int(member) + FIRST_MEMBER,
            f"metered_wh is {metered[at, member]}; load − pv + curtail + battery + car since the last reading is "
            f"{due[at, member]} Wh",
        )
        for at, member in np.argwhere(metered != due)[:200]
    ]


def _batteries(run: Run) -> list[Finding]:
    """State of charge from one slot to the next: in its band, and moved by what the battery took or gave (to 1 Wh)."""
    soc, battery = run.grid("plans", "soc_wh"), run.grid("plans", "battery_wh")
    found: list[Finding] = []
    for member, home in enumerate(run.community.members):
        if home.battery is None:
            wrong = np.flatnonzero((soc[:, member] != 0) | (battery[:, member] != 0))
            what = "it has no battery, and its plan moves one"
        else:
            flow = battery[1:, member]
            charge = flow * home.battery.charge_eff_permille / 1000
            discharge = flow * 1000 / home.battery.discharge_eff_permille
            drift = np.abs(np.diff(soc[:, member]) - np.where(flow > 0, charge, discharge)) > 1
            outside = (soc[:, member] < 0) | (soc[:, member] > home.battery.capacity_wh)
            wrong = np.flatnonzero(outside | np.concatenate([[False], drift]))
            what = "its state of charge leaves its band or does not follow from what the battery took and gave"
        found += [Finding(Rank.PHYSICS, int(run.slots[at]), member + FIRST_MEMBER, what) for at in wrong[:20]]
    return found


def _tariffs(run: Run) -> list[Finding]:
    """Start times, curtailed energy, the feeder's balance, and flat tariffs against the community's file."""
    table, clock = run.tables["slots"], run.community.clock
    lost, curtailed = run.grid("slots", "losses_wh")[:, 0], run.grid("plans", "curtail_wh").sum(axis=1)
    net = run.grid("rows", "metered_wh").sum(axis=1) + lost
    due: dict[str, list[int] | list[datetime]] = {
        "start": [clock.start(int(slot)) for slot in run.slots],
        "import_wh": np.maximum(net, 0).tolist(),
        "export_wh": np.maximum(-net, 0).tolist(),
        "curtailed_wh": curtailed.tolist(),
    }
    with (run.folder / "community.toml").open("rb") as file:
        tariff = tomllib.load(file, parse_float=str).get("tariff", {})
    for name in ("retail", "feed_in"):
        if isinstance(tariff.get(name), int | str) and ":" not in str(tariff[name]):
            due[name] = [micro(tariff[name])] * len(run.slots)
    return [
        Finding(Rank.SLOT, int(run.slots[at]), 0, f"{name} is {stated}; it should be {wanted}")
        for name, values in due.items()
        for at, (stated, wanted) in enumerate(zip(table[name].to_pylist(), values, strict=True))
        if stated != wanted
    ]


def _members(run: Run) -> list[Finding]:
    table = run.tables["members"]
    stated = list(zip(*(table[name].to_pylist() for name in ("account", "id", "meter", "bus", "phase")), strict=True))
    due = [
        (FIRST_MEMBER + at, home.id, home.meter, home.bus, home.phase.value if home.phase else None)
        for at, home in enumerate(run.community.members)
    ]
    slot = int(run.slots[0]) if len(run.slots) else 0
    if len(stated) != len(due):
        return [
            Finding(Rank.STRUCTURE, slot, 0, f"members.parquet has {len(stated)} members, community.toml {len(due)}")
        ]
    return [
        Finding(Rank.STRUCTURE, slot, want[0], f"members.parquet says {have}, community.toml {want}")
        for have, want in zip(stated, due, strict=True)
        if have != want
    ]


def _wires(run: Run) -> list[Finding]:
    """Injections from what flowed, and the power flow of them."""
    if "injections" not in run.tables:
        names = ("losses_wh", "max_voltage_pu", "min_voltage_pu", "max_loading")
        return [
            Finding(Rank.PHYSICS, int(run.slots[at]), 0, f"{name} is {value} in a community without a grid")
            for name in names
            for at, value in enumerate(run.tables["slots"][name].to_pylist())
            if value
        ]
    shape = (len(run.slots), run.community.size)
    stated = [
        np.stack(
            [run.tables["injections"][f"{kind}_{phase}_{unit}"].to_numpy().reshape(shape) for phase in "abc"], axis=2
        )
        for kind, unit in (("p", "w"), ("q", "var"))
    ]
    phases = [home.phase or Phase.ABC for home in run.community.members]
    due = injections(_net(run), run.grid("plans", "load_wh"), phases, run.community.clock.seconds)
    found: list[Finding] = []
    for kind, have, want in zip(("active", "reactive"), stated, due, strict=True):
        off = ~(np.abs(have - want) <= TOLERANCE).all(axis=2)
        found += [
            Finding(
                Rank.PHYSICS,
                int(run.slots[at]),
                int(member) + FIRST_MEMBER,
                f"its {kind} power is not what flowed by its plan",
            )
            for at, member in np.argwhere(off)[:200]
        ]
    return found + _flow(run, *due)


def _flow(run: Run, p_w: NDArray[np.float64], q_var: NDArray[np.float64]) -> list[Finding]:
    text = (run.folder / "grid.json").read_text(encoding="utf-8")
    try:
        network = Network.parse(text, [FIRST_MEMBER + at for at in range(run.community.size)])
    except InputError as error:
        return [Finding(Rank.PHYSICS, int(run.slots[0]), 0, " ".join(f"grid.json: {error}".split()))]
    flow = power_flow(network, p_w, q_var, balance=False)
    lost = losses_wh(np.where(np.isfinite(flow.losses_w), flow.losses_w, 0.0), run.community.clock.seconds)
    found = []
    for name, due in (
        ("max_voltage_pu", flow.max_voltage_pu),
        ("min_voltage_pu", flow.min_voltage_pu),
        ("max_loading", flow.max_loading),
        ("losses_wh", lost.astype(np.float64)),
    ):
        stated = np.array(run.tables["slots"][name].to_pylist(), dtype=np.float64)
        # A half watt-hour on the edge may round either way on another machine.
        tolerance = 1.0 if name == "losses_wh" else TOLERANCE
        off = ~((np.abs(stated - due) <= tolerance) | (np.isnan(stated) & np.isnan(due)))
        found += [
            Finding(Rank.PHYSICS, int(run.slots[at]), 0, f"{name} is {stated[at]}; the power flow gives {due[at]}")
            for at in np.flatnonzero(off)
        ]
    return found
