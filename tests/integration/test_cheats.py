"""Every lie of `demo --cheat`, told once: somebody notices, one call convicts, and nobody but the operator pays for it."""

from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sunfair.chain import EmbeddedChain, MarketLedger, SeededKeys, deploy_market, keccak
from sunfair.model import FIRST_MEMBER, RESERVE, Scenario
from sunfair.simulate import Operator, SeededChance, Simulation, VirtualClock
from sunfair.simulate.lies import LIES, Liar
from sunfair.wiring import Secp256k1Signatures, span_of
from sunfair.wiring.story import CHEATS, GONE, setting_of, settled_amounts

SEED, HOMES, HOURS, DAY = 7, 20, 24, date(2016, 6, 9)
BOND = 5_000_000_000

# who notices, by which call, and whether the slot becomes void
DUE = {
    "price": ("the watcher", "AuctionCourt.refute_header", True),
    "tariff": ("the watcher", "AuctionCourt.refute_terms", True),
    "no-price": ("the watcher", "AuctionCourt.refute_header", True),
    "fill": ("the watcher", "AuctionCourt.refute_row", True),
    "sums": ("the watcher", "AuctionCourt.refute_node", True),
    "rows": ("the watcher", "Docket.convict_silence", True),
    "curve": ("home home0", "AuctionCourt.refute_curve", True),
    "book": ("the watcher", "AuctionCourt.refute_book_leaf", True),
    "offer": ("home home0", "BookCourt.refute_receipt", True),
    "paid": ("home home0", "RowCourt.refute_row", False),
    "friend": ("the utility", "RowCourt.refute_row", False),
    "reading": ("home home0", "Docket.convict_silence", True),
    "withheld": ("home home0", "Docket.convict_silence", False),
    "network": ("the watcher", "RowCourt.refute_network_row", False),
    "traded": ("home home0", "RowCourt.refute_row", False),
    "metered": ("home home0", "RowCourt.refute_row", False),
    "amount": ("home home0", "RowCourt.refute_leaf", False),
    "arrears": ("the utility", "RowCourt.refute_leaf", False),
    "cover": ("the utility", "RowCourt.refute_leaf", False),
}


class Kept:
    """A store that keeps the slots as they were settled in the end."""

    def __init__(self) -> None:
        self.slots: list[Any] = []

    def put_slots(self, civil: Any, slots: list[Any], plans: Any, flows: Any) -> None:
        self.slots += slots

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **named: None


Run = Callable[..., SimpleNamespace]


@pytest.fixture(scope="module")
def run(made_street: Callable[..., Scenario]) -> Run:
    """A function running a street without wires and with hourly slots, with a lie in it."""
    scenario = made_street(HOMES, minutes=60, seed=2)

    def story(field: str | None, *, days: int = 1) -> SimpleNamespace:
        span = span_of(scenario, DAY.isoformat(), days)
        setting = setting_of(field, span)
        clock = VirtualClock(scenario.community.clock.start(span.first_slot) - timedelta(hours=26))
        keys = SeededKeys(SEED)
        askers = ["watcher", *(str(FIRST_MEMBER + at) for at in range(HOMES))]
        chain = EmbeddedChain(funded={keys.address(name): 10**18 for name in askers})
        deployment = deploy_market(chain, keys, clock, keccak(scenario.community.name.encode()), slot_seconds=3600)
        ledger, kept = MarketLedger(chain, deployment, keys, clock), Kept()
        simulation = Simulation(
            scenario,
            span,
            clock=clock,
            chance=SeededChance(SEED),
            keys=keys,
            signatures=Secp256k1Signatures(),
            ledger=ledger,
            store=kept,
            received=setting.received,
            operator=setting.operator,
            silent=setting.silent,
        )
        assert simulation.run(lambda done: None, lambda: False)
        return SimpleNamespace(simulation=simulation, record=ledger.record(), kept=kept, ledger=ledger)

    return story


@pytest.fixture(scope="module")
def honest(run: Run) -> SimpleNamespace:
    return run(None)


def test_an_honest_operator_is_left_in_peace(honest: SimpleNamespace) -> None:
    done = honest
    assert done.simulation.auditors.found == []
    assert done.simulation.auditors.demands == []
    assert done.record.convictions == ()
    assert done.simulation.auditors.checked_rows == HOMES * HOURS
    assert done.simulation.auditors.cleared_slots == HOURS


def test_every_lie_is_told_here() -> None:
    assert set(DUE) == set(LIES)
    assert set(CHEATS) == {*LIES, GONE}


@pytest.mark.parametrize("field", list(DUE))
def test_the_lie_costs_the_bond_and_nobody_else(field: str, run: Run, honest: SimpleNamespace) -> None:
    done = run(field)
    who, call, voids = DUE[field]
    found = done.simulation.auditors.found
    assert [(f.who, f"{f.evidence.court}.{f.evidence.function}") for f in found] == [(who, call)]
    assert found[0].convicted.slashed == BOND
    assert (found[0].convicted.slot is not None) == voids
    record = done.record
    assert [settled.applied for settled in record.settlements][-1]
    assert sum(settled.amounts != () and settled.applied for settled in record.settlements) == 1
    slashes = [t for t in record.transfers if t.kind == "slash"]
    assert [(t.account, t.amount) for t in slashes] == [(RESERVE, BOND - BOND // 5)]
    if voids:
        _check_void(done, honest, found[0].convicted.slot)
    else:
        assert settled_amounts(record) == settled_amounts(honest.record)


def _check_void(done: SimpleNamespace, honest: SimpleNamespace, slot: int) -> None:
    """In the void slot nothing is traded; every other slot's trades are those of the honest run."""
    assert done.record.void_slots == {slot}
    for record, other in zip(done.kept.slots, honest.kept.slots, strict=True):
        if record.slot == slot:
            assert record.void
            assert not record.traded_ahead_wh.any()
            assert not record.traded_pool_wh.any()
            assert record.paid.sum() == 0
        elif record.slot < slot:
            assert np.array_equal(record.paid, other.paid)
        else:
            assert np.array_equal(record.traded_ahead_wh, other.traded_ahead_wh)


def test_the_operator_is_gone(run: Run, honest: SimpleNamespace) -> None:
    """It dies on the second day; a successor settles two days without trade; every home takes home all it has."""
    done = run(GONE, days=3)
    assert done.ledger.operator() == SeededKeys(SEED).address("successor")
    first, *rest = done.record.settlements
    assert [settlement.applied for settlement in (first, *rest)] == [True] * 3
    assert settled_amounts(honest.record) == {a: first.amounts[a] for a in range(3, 3 + HOMES)}
    assert all(record.void for record in done.kept.slots[HOURS:])
    balances = done.record.balances
    paid = done.simulation.pay_out()
    assert paid == {account: balances[account] for account in range(3, 3 + HOMES) if balances[account]}
    assert set(done.ledger.record().balances[3:]) == {0}
    slashed = [t.amount for t in done.ledger.record().transfers if t.kind == "slash"]
    assert slashed == [BOND - BOND // 5]


def test_liars_tell_the_truth_otherwise(honest: SimpleNamespace) -> None:
    """A lie changes one slot's public part and no other."""
    records = honest.kept.slots
    for lie in LIES.values():
        if lie.auction is not None:
            liar, plain = Liar(lie), Operator().auctions(records)
            told = liar.auctions(records)
            assert [a.header == b.header and a.rows == b.rows for a, b in zip(told, plain, strict=True)].count(
                False
            ) == 1
