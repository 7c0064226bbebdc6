"""What a chain says about a market: read from its events, its storage and the data of its transactions alone."""

from collections.abc import Iterator
from typing import Any

from sunfair.chain.abi import Event
from sunfair.chain.board import Board, read_laid
from sunfair.chain.contracts import contract
from sunfair.chain.deployment import GUARANTOR, Deployment
from sunfair.chain.history import History
from sunfair.chain.network import Logged, Network
from sunfair.chain.publishing import Way
from sunfair.chain.rpc import JsonRpc, Unreachable
from sunfair.errors import LedgerError
from sunfair.ports import Anchored, ChainRecord
from sunfair.settlement.court import MarketFacts

__all__ = ["read_facts", "read_history", "read_published", "read_record"]


def read_history(network: Network, deployment: Deployment, head: int) -> History:
    """What the market's events up to block `head` add up to."""
    history = History(network.input)
    for logged, event in _events(network, "EnergyMarket", deployment.market, deployment.block, head):
        history.tell(logged, event)
    return history


def read_record(network: Network, deployment: Deployment) -> ChainRecord:
    """Everything that stands on a network about the market of a deployment, as of one block."""
    head = network.number
    history = read_history(network, deployment, head)

    def view(function: str, *args: Any) -> Any:
        abi = contract("EnergyMarket").abi
        return abi.result(function, network.call(deployment.market, abi.call(function, *args), block=head))[0]

    accounts = range(len(history.members))
    return ChainRecord(
        chain_id=network.chain_id,
        market=deployment.market,
        community=view("community"),
        operator=view("operator"),
        slot_seconds=view("slot_seconds"),
        owners=tuple(history.members[account].owner for account in accounts),
        balances=tuple(view("balance_of", account) for account in accounts),
        guarantor_balance=view("balance_of", GUARANTOR),
        anchors=tuple(
            Anchored(anchor.period, anchor.first_slot, anchor.slots, anchor.root, anchor.void_to)
            for _, anchor in sorted(history.anchors.items())
        ),
        settlements=tuple(told for _, told in history.settlements),
        transfers=tuple(history.transfers),
        terms=tuple(history.terms),
        meters=tuple(tuple(history.meters.get(account, ())) for account in accounts),
        void_slots=frozenset(history.void_slots),
        convictions=tuple(history.convictions),
        caps=tuple(history.members[account].cap_wh for account in accounts),
        operators=(*history.predecessors, view("operator")),
    )


def read_facts(network: Network, deployment: Deployment) -> MarketFacts:
    """What the courts read of the market, as of the head block."""
    history = read_history(network, deployment, network.number)
    abi = contract("EnergyMarket").abi

    def view(function: str) -> Any:
        return abi.result(function, network.call(deployment.market, abi.call(function)))[0]

    return MarketFacts(
        community=deployment.charter.community,
        separator=view("separator"),
        slot_seconds=deployment.charter.slot_seconds,
        gate_seconds=deployment.charter.gate_seconds,
        window_seconds=deployment.charter.window_seconds,
        token=deployment.token,
        utility=view("utility"),
        anchors=history.open_anchors,
        pending=history.pending,
        last=history.last,
        members=dict(history.members),
        meters={account: tuple(dated) for account, dated in history.meters.items()},
        balances=dict(history.balances),
        terms=tuple(history.terms),
        void_slots=frozenset(history.void_slots),
    )


def read_published(
    network: Network, deployment: Deployment, beacon: JsonRpc | None = None
) -> list[tuple[int, int, bytes]]:
    """The public parts laid out for a market: (first slot, slots, bytes), in the order they became whole.

    What cannot be had is left out: a series that lacks a part, blobs without a `beacon` node that has them
    (`Board.lacks` and `Follower.published` say so in words). Unreachable if the node does not answer.
    """
    board = Board(deployment.market)
    for logged, event in _events(
        network, "DataBoard", deployment.others["DataBoard"], deployment.block, network.number
    ):
        board.tell(logged, event)
    whole: list[tuple[int, int, bytes]] = []
    for laid in board.whole:
        try:
            whole.append((laid.first_slot, laid.slots, read_laid(network, laid, beacon)))
        except LedgerError as error:
            if isinstance(error, Unreachable) and laid.way is Way.CALLDATA:
                raise
    return whole


def _events(network: Network, name: str, address: bytes, first: int, head: int) -> Iterator[tuple[Logged, Event]]:
    abi = contract(name).abi
    for logged in network.logs(address, first=first, last=head):
        event = abi.event(logged.log.topics, logged.log.data)
        if event is not None:
            yield logged, event
