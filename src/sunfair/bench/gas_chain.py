"""The market that `bench gas` measures: on a fresh anvil, its time set by hand, what was done undone at will."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sunfair.chain import MarketLedger, Policy, RpcNetwork, SeededKeys, contract, deploy_market, keccak
from sunfair.chain.anvil import Anvil, running_anvil
from sunfair.chain.keys import DEMO_CHAINS
from sunfair.chain.node import Node
from sunfair.chain.outbox import Outbox
from sunfair.chain.rpc import quantity
from sunfair.chain.sending import Request, Sender
from sunfair.errors import LedgerError, Reverted
from sunfair.ports import Keys
from sunfair.settlement import Domain
from sunfair.settlement.court import Evidence, MarketFacts

__all__ = ["COMMUNITY", "DAY", "HOUR", "START", "GasChain", "gas_chain"]

COMMUNITY = "Gas Bench"
HOUR, DAY = 3_600, 86_400

START = 20_000 * DAY
"""Midnight UTC of the day on which the market is deployed, unix s."""

_OPENING = START + 10 * HOUR
_SEED = 7
_POLICY = Policy(poll=0.02)
_HOLDERS = ("operator", "guarantor", "governor", "registrar", "0", "1", "2", "members", "watcher")


class _OneOwner:
    """`ports.Keys` in which one key owns every member's account: what a call costs does not depend on whose it is."""

    def __init__(self, keys: SeededKeys) -> None:
        self._keys = keys

    def address(self, holder: str) -> bytes:
        """The holder's address."""
        return self._keys.address(self._name(holder))

    def sign(self, holder: str, digest: bytes) -> bytes:
        """The holder's signature of a digest."""
        return self._keys.sign(self._name(holder), digest)

    @staticmethod
    def _name(holder: str) -> str:
        return "members" if holder.isdigit() and int(holder) > 2 else holder


class _HandClock:
    """A clock that stands until it is set."""

    def __init__(self, time: int) -> None:
        self.time = time

    def now(self) -> datetime:
        """The instant it is set to."""
        return datetime.fromtimestamp(self.time, UTC)


class GasChain:
    """A whole market on an anvil of its own. One transaction stands in each block."""

    def __init__(self, anvil: Anvil) -> None:
        self.anvil = anvil
        self.keys: Keys = _OneOwner(SeededKeys(_SEED))
        for holder in _HOLDERS:
            anvil.fund(self.keys.address(holder))
        self._clock, self._node = _HandClock(_OPENING), Node(anvil.rpc)
        self._network = self._connect()
        self.deployment = deploy_market(self._network, self.keys, self._clock, keccak(COMMUNITY.encode()))

    def _connect(self) -> RpcNetwork:
        """A network that knows of no transaction yet: after time was undone there is none to look after."""
        chain_id = DEMO_CHAINS[0]
        return RpcNetwork(self._node, Outbox(None, chain_id), chain_id, policy=_POLICY, steered=True)

    @property
    def ledger(self) -> MarketLedger:
        """The market behind its port."""
        return MarketLedger(self._network, self.deployment, self.keys, self._clock)

    @property
    def domain(self) -> Domain:
        """Where signatures count."""
        return Domain(COMMUNITY, self._network.chain_id, self.deployment.market)

    @property
    def now(self) -> int:
        """The time of the next block, unix s."""
        return self._clock.time

    def at(self, time: int) -> None:
        """Let the next block be dated `time`, unix s."""
        self._clock.time = time

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside leaves nothing behind, neither on the chain nor on the clock."""
        time, snapshot = self._clock.time, self.anvil.rpc.call("evm_snapshot")
        try:
            yield
        finally:
            # A transaction leaves anvil's pool a moment after its block stands; what is left there is mined again.
            self.anvil.rpc.call("anvil_dropAllTransactions")
            if self.anvil.rpc.call("evm_revert", snapshot) is not True:
                raise LedgerError("anvil did not go back to its snapshot: run the benchmark again")
            self._clock.time = time
            self._network = self._connect()

    def gas(self) -> int:
        """Gas used by the last transaction, as its receipt says."""
        receipts = self.anvil.rpc.call("eth_getBlockReceipts", "latest")
        if not isinstance(receipts, list) or len(receipts) != 1:
            raise LedgerError("the newest block does not hold exactly one transaction: nobody else may use this anvil")
        return quantity(receipts[0].get("gasUsed"), "gas used")

    def call(self, holder: str, name: str, function: str, *arguments: Any, value: int = 0) -> int:
        """Call a contract of the set by its name; the gas it used."""
        abi, to = contract(name).abi, self.address(name)
        request = Request(self.keys, holder, to, abi.call(function, *arguments), value=value)
        network = self._network
        self.anvil.rpc.call("evm_setNextBlockTimestamp", network.date(self.now))
        mined = Sender(network.node, network.chain_id, network.outbox, _POLICY).send(request)
        if not mined.status:
            raise Reverted(f"{name}.{function} by {holder}", network.node.refusal(mined))
        return mined.gas_used

    def view(self, name: str, function: str, *arguments: Any) -> Any:
        """What a view of a contract answers."""
        abi = contract(name).abi
        output = self._network.call(self.address(name), abi.call(function, *arguments), timestamp=self.now)
        return abi.result(function, output)[0]

    def address(self, name: str) -> bytes:
        """Where a contract of the set stands."""
        made = self.deployment
        own = {"EnergyMarket": made.market, "EnergyCredit": made.token, "SimulatedEuro": made.asset}
        return own.get(name) or made.others[name]

    def facts(self) -> MarketFacts:
        """What the courts read of the market."""
        return self.ledger.facts()

    def refuted(self, evidence: Evidence) -> int:
        """The gas of the one transaction that convicts on this evidence; afterwards it has not happened."""
        with self.undone():
            convicted = self.ledger.refute(evidence, holder="watcher")
            if convicted.kind != evidence.kind:
                raise LedgerError(f"{evidence.function} convicted for {convicted.kind}, not for {evidence.kind}")
            return self.gas()


@contextmanager
def gas_chain() -> Iterator[GasChain]:
    """A fresh anvil with a fresh market, ended with the block; ServiceMissing says what to install if there is none."""
    with running_anvil(timestamp=_OPENING - HOUR) as anvil:
        yield GasChain(anvil)
