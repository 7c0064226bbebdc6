"""Where a simulated run's market stands: on a chain of its own in the process, or on a local development node.

A development node is steered: its blocks are dated by the simulation's clock, and who signs gets ether from nothing.
No other network lets anybody do that, and none is asked to.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from sunfair.chain import (
    DEMO_CHAINS,
    Charter,
    EmbeddedChain,
    JsonRpc,
    MarketLedger,
    Policy,
    RpcNetwork,
    SeededKeys,
    Standing,
    deploy,
    deploy_market,
    keccak,
    save_chain,
)
from sunfair.chain.deployment import Deployment
from sunfair.chain.deployment_file import content_of, write_object
from sunfair.chain.network_folder import NetworkRun, save_network_run
from sunfair.chain.node import Node
from sunfair.chain.rpc import RpcRefused
from sunfair.errors import Fault, InputError, LedgerError
from sunfair.model import FIRST_MEMBER, Community
from sunfair.ports import Clock

__all__ = ["DevelopmentNode", "Embedded", "Place", "development_node"]

_WEI = 10**21
_HOLDERS = ("operator", "guarantor", "watcher", "successor", "governor", "registrar")


class Place(Protocol):
    """Where the contracts of a simulated run stand."""

    @property
    def publishes(self) -> bool:
        """Whether the operator lays out the public part there: on an embedded chain the run's files hold it."""
        ...

    def open(self, community: Community, keys: SeededKeys, clock: Clock) -> MarketLedger:
        """Create the community's market, on play money; its ledger."""
        ...

    def save(self, folder: Path) -> None:
        """Write the run's `chain/` folder."""
        ...


class Embedded:
    """A chain in this process, on which `funded` addresses hold so many wei; all of it goes into the run's folder."""

    publishes = False

    def __init__(self, funded: Mapping[bytes, int] | None = None) -> None:
        self.chain = EmbeddedChain(funded=funded)
        self._deployment: Deployment | None = None

    def open(self, community: Community, keys: SeededKeys, clock: Clock) -> MarketLedger:
        """`Place.open`."""
        name, seconds = keccak(community.name.encode()), community.clock.seconds
        self._deployment = deploy_market(self.chain, keys, clock, name, slot_seconds=seconds)
        return MarketLedger(self.chain, self._deployment, keys, clock)

    def save(self, folder: Path) -> None:
        """`Place.save`: the chain's whole log."""
        if self._deployment is not None:
            save_chain(self.chain, self._deployment, folder)


class DevelopmentNode:
    """A local node behind a network that obeys the simulation's clock; `folder` gets the deployment file."""

    publishes = True

    def __init__(self, network: RpcNetwork, folder: Path) -> None:
        self.network, self._folder = network, folder
        self._standing: Standing | None = None
        self._first = 0

    @property
    def file(self) -> Path | None:
        """The deployment file, once there is one."""
        standing = self._standing
        if standing is None:
            return None
        word = "".join(char if char.isalnum() else "-" for char in standing.name.lower()).strip("-")
        return self._folder / str(standing.chain_id) / f"{word or 'market'}.json"

    def open(self, community: Community, keys: SeededKeys, clock: Clock) -> MarketLedger:
        """`Place.open`; what an earlier run left in the deployment file is replaced."""
        network = self.network
        self.begin(int(clock.now().timestamp()))
        for holder in (*_HOLDERS, *map(str, range(FIRST_MEMBER + community.size))):
            self.fund(keys.address(holder))
        parties = keys.address("operator"), keys.address("guarantor")
        roles = keys.address("0"), keys.address("1"), keys.address("2")
        identity, seconds = keccak(community.name.encode()), community.clock.seconds
        charter = Charter(identity, *parties, roles, slot_seconds=seconds, governor=keys.address("governor"))
        self._first = network.number + 1
        made = deploy(network, keys, clock, charter, made={})
        standing = self._standing = Standing(community.name, network.chain_id, charter, made)
        if self.file is not None:
            write_object(self.file, content_of(standing))
        return MarketLedger(network, standing.deployment, keys, clock, beacon=network.node.rpc)

    def save(self, folder: Path) -> None:
        """`Place.save`: the deployment and the block range."""
        if self._standing is not None:
            save_network_run(NetworkRun(self._standing, self._first, self.network.number), folder)

    def fund(self, address: bytes) -> None:
        """Give an address ether from nothing."""
        _ask(self.network, "anvil_setBalance", "0x" + address.hex(), hex(_WEI))

    def begin(self, start: int) -> None:
        """Set the node's time back to the run's if it is later: it cannot be dated before its own blocks."""
        if self.network.timestamp > start:
            _ask(self.network, "anvil_setTime", hex(start), mend=f"start the node anew with --timestamp {start}")
            _ask(self.network, "evm_mine")
        if self.network.timestamp > start:
            when = datetime.fromtimestamp(start, UTC).isoformat()
            fault = Fault("--rpc", f"the node's time is after {when}", f"start it anew with --timestamp {start}")
            raise InputError("the node's time cannot be set back to the run's", [fault])


@contextmanager
def development_node(url: str, folder: Path) -> Iterator[DevelopmentNode]:
    """The local development node behind a URL. InputError if there is none, or it is of another chain than those."""
    rpc = JsonRpc(url)
    try:
        try:
            chain_id = Node(rpc).chain_id()
        except LedgerError as error:
            raise InputError(f"there is no node to settle on: {error}") from error
        if chain_id not in DEMO_CHAINS:
            what = f"is a node of chain {chain_id}; a simulation sets the time and makes money out of nothing"
            mend = f"use a local development node of chain {DEMO_CHAINS[0]}, e.g. anvil"
            raise InputError("the simulation runs on a local development node alone", [Fault(rpc.place, what, mend)])
        with RpcNetwork.connect(rpc, policy=Policy(poll=0.02), steered=True) as network:
            yield DevelopmentNode(network, folder)
    finally:
        rpc.close()


def _ask(network: RpcNetwork, method: str, *params: str, mend: str = "use anvil") -> None:
    try:
        network.node.rpc.call(method, *params)
    except RpcRefused as error:
        fault = Fault("--rpc", f"it refuses {method}: {error.message}", mend)
        raise InputError("the node does not do what a simulation needs", [fault]) from error
