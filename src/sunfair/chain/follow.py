"""Following a market on a chain: its events and its data board, read on from where the last look stopped.

Whatever fails while it is read leaves what was known as it was. If the last block read is no longer the chain's, all is
read anew: what a reorganisation took out is then not there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sunfair.chain.abi import Event
from sunfair.chain.board import Board, Laid, read_laid
from sunfair.chain.contracts import contract
from sunfair.chain.deployment import Deployment
from sunfair.chain.history import History
from sunfair.chain.network import Logged, Network
from sunfair.chain.publishing import Way
from sunfair.chain.remote import RpcNetwork
from sunfair.chain.rpc import JsonRpc, Unreachable
from sunfair.errors import LedgerError
from sunfair.settlement.court import Anchor, MarketFacts

__all__ = ["Follower", "Publications"]

_TRIES = 3
_READ_MAX = 64
"""Most publications of one period that are looked at: anyone may lay out anything."""


@dataclass(frozen=True, slots=True)
class _Head:
    number: int
    hash: bytes


class Follower:
    """A market as its chain tells it. `update` reads on; the rest answers as of `head`, the last block read."""

    def __init__(self, network: Network, deployment: Deployment, *, beacon: JsonRpc | None = None) -> None:
        """Nothing is read yet. Events before the deployment's block are not looked for."""
        self.network, self.deployment, self.beacon = network, deployment, beacon
        self.reorganised = 0
        self._inputs: dict[bytes, bytes] = {}
        self._views: dict[str, Any] = {}
        self._reset()

    def _reset(self) -> None:
        self.history = History(self._inputs.__getitem__)
        self.board = Board(self.deployment.market)
        self._last: _Head | None = None

    @property
    def head(self) -> int:
        """Number of the last block read."""
        return -1 if self._last is None else self._last.number

    def update(self) -> None:
        """Read what came since the last look; LedgerError if the chain cannot be read, then nothing changed."""
        for _ in range(_TRIES):
            if self._last is not None and self._hash(self._last.number) != self._last.hash:
                self.reorganised += 1
                self._reset()
            head = _Head(self.network.number, b"")
            head = _Head(head.number, self._hash(head.number))
            market = self._logs("EnergyMarket", self.deployment.market, head)
            board = self._logs("DataBoard", self.deployment.others["DataBoard"], head)
            self._fetch_amounts(market)
            if self._hash(head.number) == head.hash:
                self._tell(market, board)
                self._last = head
                return
        raise LedgerError("the chain was reorganised again and again while it was read; ask again later")

    def _hash(self, number: int) -> bytes:
        """Hash of a block; empty where there is none, and on an embedded chain, which is never reorganised."""
        if not isinstance(self.network, RpcNetwork):
            return b""
        block = self.network.node.block(number)
        return b"" if block is None else block.hash

    def _logs(self, name: str, address: bytes, head: _Head) -> list[tuple[Logged, Event]]:
        if not any(address):
            return []
        first = self.deployment.block if self._last is None else self._last.number + 1
        abi, told = contract(name).abi, []
        for logged in self.network.logs(address, first=first, last=head.number) if first <= head.number else ():
            event = abi.event(logged.log.topics, logged.log.data)
            if event is not None:
                told.append((logged, event))
        return told

    def _fetch_amounts(self, market: list[tuple[Logged, Event]]) -> None:
        """The data of the settlements' transactions, before anything is told: telling must not fail half way."""
        for logged, event in market:
            if event.name == "Settled" and logged.transaction_hash not in self._inputs:
                self._inputs[logged.transaction_hash] = self.network.input(logged.transaction_hash)

    def _tell(self, market: list[tuple[Logged, Event]], board: list[tuple[Logged, Event]]) -> None:
        try:
            for logged, event in market:
                self.history.tell(logged, event)
        except (LookupError, ValueError) as error:
            self._reset()
            raise LedgerError(
                f"the events of 0x{self.deployment.market.hex()} from block {self.deployment.block} on contradict one "
                "another: the market is older, or the node leaves some out; begin at an earlier block (--from-block)"
            ) from error
        except LedgerError:
            self._reset()
            raise
        for logged, event in board:
            self.board.tell(logged, event)

    def facts(self) -> MarketFacts:
        """What the courts read of the market, as of the last block read."""
        charter, history = self.deployment.charter, self.history
        return MarketFacts(
            community=charter.community,
            separator=self._view("separator"),
            slot_seconds=charter.slot_seconds,
            gate_seconds=charter.gate_seconds,
            window_seconds=charter.window_seconds,
            token=self.deployment.token,
            utility=self._view("utility"),
            anchors=history.open_anchors,
            pending=history.pending,
            last=history.last,
            members=dict(history.members),
            meters={account: tuple(dated) for account, dated in history.meters.items()},
            balances=dict(history.balances),
            terms=tuple(history.terms),
            void_slots=frozenset(history.void_slots),
        )

    def _view(self, name: str) -> Any:
        """A view whose answer never changes."""
        if name not in self._views:
            self._views[name] = self.view(name)
        return self._views[name]

    def view(self, name: str, *args: Any, block: int | None = None) -> Any:
        """What a view of the market answers, at a block (the head if None)."""
        abi = contract("EnergyMarket").abi
        output = self.network.call(self.deployment.market, abi.call(name, *args), block=block)
        return abi.result(name, output)[0]

    def published(self, anchor: Anchor) -> "Publications":
        """What was laid out for an anchored period, best first: the operator's own, of each publisher the newest."""
        laid = self.board.of(anchor.first_slot, anchor.slots, anchor.operator)[:_READ_MAX]
        lacks = self.board.lacks(anchor.first_slot, anchor.slots)
        return Publications(self.network, self.beacon, laid, lacks)


class Publications:
    """What was laid out for one period, read one by one as it is asked for: often the first is enough.

    `lacks` says in words what could not be had so far. Unreachable if the node does not answer; that a beacon node does
    not is told in words.
    """

    def __init__(self, network: Network, beacon: JsonRpc | None, laid: list[Laid], lacks: str) -> None:
        self._network, self._beacon, self._laid = network, beacon, laid
        self.lacks = "" if laid else lacks

    def __iter__(self) -> Iterator[bytes]:
        for laid in self._laid:
            try:
                data = read_laid(self._network, laid, self._beacon)
            except LedgerError as error:
                if isinstance(error, Unreachable) and laid.way is Way.CALLDATA:
                    raise
                self.lacks = self.lacks or str(error)
            else:
                yield data
