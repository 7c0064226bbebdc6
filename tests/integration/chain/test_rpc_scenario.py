"""One community's days on the embedded chain and on a real node: the same balances, the same record."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from sunfair.chain import EmbeddedChain, MarketLedger, Network, Policy, RpcNetwork, SeededKeys, deploy_market, keccak
from sunfair.chain.anvil import running_anvil
from sunfair.files import RunFolder
from sunfair.model import Scenario
from sunfair.ports import GUARANTOR, ChainRecord
from sunfair.simulate import SeededChance, Simulation, Span, VirtualClock
from sunfair.wiring.adapters import Secp256k1Signatures

SEED = 7
LEAD = timedelta(hours=26)


def live(network: Network, scenario: Scenario, folder: Path) -> ChainRecord:
    """Two days of a community on a network, from deployment to the last apply; what stands there then."""
    community = scenario.community
    days = tuple(community.clock.days(date(2016, 6, 4), 2))
    span = Span(date(2016, 6, 4), days)
    clock, keys = VirtualClock(community.clock.start(span.first_slot) - LEAD), SeededKeys(SEED)
    deployment = deploy_market(network, keys, clock, keccak(b"made street"), slot_seconds=community.clock.seconds)
    ledger = MarketLedger(network, deployment, keys, clock)
    with RunFolder(folder, community) as store:
        simulation = Simulation(
            scenario,
            span,
            clock=clock,
            chance=SeededChance(SEED),
            keys=keys,
            signatures=Secp256k1Signatures(),
            ledger=ledger,
            store=store,
        )
        assert simulation.run(lambda done: None, lambda: False)
    return ledger.record()


def test_the_same_days_on_both_chains(anvil_there: None, made_street: Callable[..., Scenario], tmp_path: Path) -> None:
    scenario = made_street(8, days=6)
    embedded = live(EmbeddedChain(), scenario, tmp_path / "embedded")
    begin = scenario.community.clock.start(scenario.series.first_slot)
    with running_anvil(timestamp=int(begin.timestamp())) as node:
        keys = SeededKeys(SEED)
        for holder in ["operator", "guarantor", "governor", "registrar", *map(str, range(len(embedded.owners)))]:
            node.fund(keys.address(holder))
        with RpcNetwork.connect(node.rpc, policy=Policy(poll=0.02), steered=True) as network:
            remote = live(network, scenario, tmp_path / "remote")
    assert sum(settled.applied for settled in remote.settlements) == 2
    assert len(set(remote.balances)) > 3
    assert remote.balances == embedded.balances
    assert remote.guarantor_balance == embedded.guarantor_balance
    assert remote.transfers == embedded.transfers
    assert replace(remote, market=embedded.market) == embedded
    assert GUARANTOR not in range(len(remote.owners))
