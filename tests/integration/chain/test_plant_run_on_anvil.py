"""A plant that is shared by key, in a market on a real node: the same lines, rows and balances as embedded."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from sunfair.audit.public import audit_public
from sunfair.chain import JsonRpc, Policy, RpcNetwork, read_chain
from sunfair.chain.anvil import running_anvil
from sunfair.chain.follow import Follower
from sunfair.chain.network_folder import read_network_run
from sunfair.chain.plant_office import read_plants
from sunfair.model import Member, Plant, Scenario, SeatSale, Series
from sunfair.wiring import run_simulation, span_of
from sunfair.wiring.remote import development_node


def scene(made_street: Callable[..., Scenario]) -> Scenario:
    """Two homes without roofs and a plant they hold, a part of which passes on the only day."""
    scenario = made_street(2, minutes=60)
    community, series = scenario.community, scenario.series
    homes = tuple(replace(member, pv_wp=0, battery=None) for member in community.members)
    sale = SeatSale("home1", "home0", 500, 1_000_000, date(2016, 6, 9))
    plant = Plant(("home0", "home1"), (4_000, 6_000), "hybrid", 180_000, sales=(sale,))
    roof = Member("roof", "meter of the roof", pv_wp=5_000, plant=plant)
    sun = np.full((len(series.retail), 1), 700)
    load = np.concatenate([series.load_wh, 0 * sun], axis=1)
    made = Series(
        series.first_slot, load, np.concatenate([0 * series.load_wh, sun], axis=1), series.retail, series.feed_in
    )
    return replace(scenario, community=replace(community, members=(*homes, roof)), series=made)


def test_the_same_plant_on_a_real_node(anvil_there: None, made_street: Callable[..., Scenario], tmp_path: Path) -> None:
    street = scene(made_street)
    day, quiet = span_of(street, "2016-06-09", 1), {"progress": lambda done: None, "stopped": lambda: False}
    embedded = run_simulation(street, day, tmp_path / "embedded", seed=3, **quiet).folder
    with running_anvil() as node:
        with development_node(node.url, tmp_path / "deployments") as place:
            remote = run_simulation(street, day, tmp_path / "remote", seed=3, **quiet, place=place).folder
        with RpcNetwork.connect(JsonRpc(node.url), policy=Policy(poll=0.02)) as network:
            deployment = read_network_run(remote / "chain").standing.deployment
            follower = Follower(network, deployment, beacon=node.rpc)
            follower.update()
            told = audit_public(follower)
            (plant,) = read_plants(network, deployment)
    for name in ("plant", "plant_bills", "rows", "bills", "transfers"):
        lines = [pq.read_table(run / f"{name}.parquet").to_pylist() for run in (embedded, remote)]
        for row in (*lines[0], *lines[1]) if name == "plant" else ():
            del row["contract"]
        assert lines[0] == lines[1], name
    (own,) = read_chain(embedded / "chain").plants
    for field in ("shares", "incomes", "claimed", "credited", "passed", "peak_w"):
        assert getattr(plant, field) == getattr(own, field), field
    assert sum(plant.credited.values()) > 0
    assert (told.plants, told.lines) == (1, [])
