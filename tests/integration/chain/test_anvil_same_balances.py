"""The bundled street's day, a meter silent and money taken out, settled in this process and on a real node: all the same."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from sunfair.chain import (
    EmbeddedChain,
    MarketLedger,
    Network,
    Policy,
    RpcNetwork,
    SeededKeys,
    contract,
    deploy_market,
    keccak,
)
from sunfair.chain.anvil import running_anvil
from sunfair.files import RunFolder, default_community
from sunfair.model import FIRST_MEMBER, Scenario
from sunfair.ports import GUARANTOR, ChainRecord, Readings
from sunfair.settlement.court import MarketFacts
from sunfair.simulate import SeededChance, Simulation, Span, VirtualClock
from sunfair.wiring.adapters import Secp256k1Signatures

SEED = 11
HOMES = 20
DAY = date(2016, 6, 15)
LEAD = timedelta(hours=26)
SILENT = 4
"""Place of the home whose meter says nothing from 11:00 to 14:00."""

TAKEN = 7_654_321


@dataclass(frozen=True)
class Stood:
    """What stands on a network in the end; `wallet` is the token balance of the home that took money out."""

    record: ChainRecord
    facts: MarketFacts
    held: int
    bond: int
    wallet: int


@pytest.fixture(scope="module")
def street() -> Scenario:
    return default_community(homes=HOMES)


def deaf(first_slot: int) -> Callable[[Readings], Readings]:
    """Readings as they reach the operator."""

    def received(readings: Readings) -> Readings:
        valid = readings.valid.copy()
        valid[SILENT] = not 44 <= readings.slot - first_slot < 56
        return replace(readings, valid=valid)

    return received


def pass_a_day(ledger: MarketLedger, clock: VirtualClock, span: Span) -> None:
    """A day in which nobody trades is anchored, settled and applied."""

    def at(time: int) -> None:
        clock.advance(datetime.fromtimestamp(time, UTC))

    slots, nothing = span.slots, [0] * (FIRST_MEMBER + HOMES + 1)
    at((span.end_slot + slots) * 900)
    ledger.anchor(span.end_slot, slots, keccak(b"nothing"))
    at(ledger.next_settle_time())
    settlement = ledger.settle(1, keccak(b"nothing"), 0, nothing)
    at(settlement.settled_at + ledger.window_seconds)
    ledger.apply(settlement, nothing)


def lived(network: Network, street: Scenario, folder: Path) -> Stood:
    """The day from deployment to the apply; a home asks for money in the middle of it, and gets it after a day of nothing."""
    clock_of_site = street.community.clock
    span = Span(DAY, tuple(clock_of_site.days(DAY, 1)))
    clock, keys = VirtualClock(clock_of_site.start(span.first_slot) - LEAD), SeededKeys(SEED)
    community = keccak(street.community.name.encode())
    deployment = deploy_market(network, keys, clock, community, slot_seconds=clock_of_site.seconds)
    ledger = MarketLedger(network, deployment, keys, clock)
    asked = []

    def ask(done: int) -> None:
        if done == 40:
            ledger.request_withdrawal(FIRST_MEMBER, TAKEN)
            asked.append(done)

    with RunFolder(folder, street.community) as store:
        simulation = Simulation(
            street,
            span,
            clock=clock,
            chance=SeededChance(SEED),
            keys=keys,
            signatures=Secp256k1Signatures(),
            ledger=ledger,
            store=store,
            received=deaf(span.first_slot),
        )
        assert simulation.run(ask, lambda: False)
    assert asked == [40]
    pass_a_day(ledger, clock, span)
    assert ledger.door_open()
    assert ledger.withdraw(FIRST_MEMBER) == TAKEN
    token = contract("EnergyCredit").abi

    def held(owner: bytes) -> int:
        return int(token.result("balanceOf", network.call(deployment.token, token.call("balanceOf", owner)))[0])

    bond, _ = ledger.bond_of(ledger.operator())
    wallet = held(keys.address(str(FIRST_MEMBER)))
    return Stood(ledger.record(), ledger.facts(), held(deployment.market), bond, wallet)


@pytest.fixture(scope="module")
def embedded(street: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Stood:
    return lived(EmbeddedChain(), street, tmp_path_factory.mktemp("embedded") / "run")


@pytest.fixture(scope="module")
def remote(anvil_there: None, street: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Stood:
    begin = street.community.clock.start(street.community.clock.day(DAY)[0]) - LEAD - timedelta(hours=1)
    with running_anvil(timestamp=int(begin.timestamp())) as node:
        keys = SeededKeys(SEED)
        for holder in ["operator", "guarantor", "governor", "registrar", *map(str, range(FIRST_MEMBER + HOMES))]:
            node.fund(keys.address(holder))
        with RpcNetwork.connect(node.rpc, policy=Policy(poll=0.02), steered=True) as network:
            return lived(network, street, tmp_path_factory.mktemp("remote") / "run")


def test_balances_are_the_same(embedded: Stood, remote: Stood) -> None:
    assert remote.record.balances == embedded.record.balances
    assert remote.record.guarantor_balance == embedded.record.guarantor_balance
    assert len(set(embedded.record.balances)) > HOMES // 2
    assert remote.wallet == embedded.wallet
    assert embedded.wallet >= TAKEN


def test_anchors_and_settlements_are_the_same(embedded: Stood, remote: Stood) -> None:
    assert remote.record.anchors == embedded.record.anchors
    assert remote.record.settlements == embedded.record.settlements
    settled, nothing = embedded.record.settlements
    assert settled.applied
    assert nothing.applied
    assert sum(settled.amounts) == 0
    assert np.count_nonzero(settled.amounts) > HOMES


def test_all_that_the_chain_says_is_the_same(embedded: Stood, remote: Stood) -> None:
    """Transfers with their times, owners, terms, meters; and what a court would read."""
    assert remote.record == embedded.record
    assert remote.facts == embedded.facts
    assert embedded.facts.last is not None


@pytest.mark.parametrize("chain", ["embedded", "remote"])
def test_the_vault_holds_what_it_owes(chain: str, request: pytest.FixtureRequest) -> None:
    stood: Stood = request.getfixturevalue(chain)
    assert stood.held == sum(stood.record.balances) + stood.record.guarantor_balance + stood.bond
    assert {transfer.account for transfer in stood.record.transfers} >= {0, GUARANTOR, FIRST_MEMBER}
