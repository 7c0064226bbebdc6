"""What a chain says about a market: read from its events, its storage and the data of its transactions alone."""

from collections.abc import Iterator
from typing import Any

from sunfair.chain.abi import Event, encode
from sunfair.chain.contracts import contract
from sunfair.chain.deployment import GUARANTOR, Deployment
from sunfair.chain.embedded import Block, EmbeddedChain
from sunfair.chain.keys import keccak
from sunfair.errors import LedgerError
from sunfair.ports import Anchored, ChainRecord, Settled, Transfer

__all__ = ["amounts_hash", "read_record"]


def amounts_hash(amounts: tuple[int, ...]) -> bytes:
    """keccak256(abi.encode(int256[])) of a settlement's amounts: what the contract keeps of them."""
    return keccak(encode(["int256[]"], [amounts]))


def read_record(chain: EmbeddedChain, deployment: Deployment) -> ChainRecord:
    """Everything that stands on `chain` about the market of a deployment."""
    events = list(_events(chain, deployment.market))
    owners = tuple(event.args["owner"] for _, event in events if event.name == "AccountOpened")

    def view(function: str, *args: Any) -> Any:
        abi = contract("EnergyMarket").abi
        return abi.result(function, chain.call(deployment.market, abi.call(function, *args)))[0]

    return ChainRecord(
        chain_id=chain.chain_id,
        market=deployment.market,
        community=view("community"),
        operator=view("operator"),
        slot_seconds=view("slot_seconds"),
        owners=owners,
        balances=tuple(view("balance_of", account) for account in range(len(owners))),
        guarantor_balance=view("balance_of", GUARANTOR),
        anchors=tuple(_anchored(event) for _, event in events if event.name == "Anchored"),
        settlements=tuple(
            _settled(block, event, applied=event.args["period"] < view("applied"))
            for block, event in events
            if event.name == "Settled"
        ),
        transfers=tuple(_transfers(events)),
    )


def _events(chain: EmbeddedChain, market: bytes) -> Iterator[tuple[Block, Event]]:
    abi = contract("EnergyMarket").abi
    for block in chain.blocks:
        for log in block.logs:
            event = abi.event(log.topics, log.data) if log.address == market else None
            if event is not None:
                yield block, event


def _anchored(event: Event) -> Anchored:
    args = event.args
    return Anchored(args["period"], args["first_slot"], args["slots"], args["root"])


def _settled(block: Block, event: Event, *, applied: bool) -> Settled:
    """The event holds the amounts' hash only; the amounts stand in the data of the operator's transaction."""
    args = event.args
    called = contract("EnergyMarket").abi.arguments("settle", block.transaction.data)
    amounts = tuple(called[3]) if called else ()
    if amounts_hash(amounts) != args["amounts_hash"]:
        raise LedgerError(
            f"block {block.number}: period {args['period']} was not settled by a plain call of the market"
        )
    return Settled(args["period"], args["period_root"], args["cover"], amounts, applied)


def _transfers(events: list[tuple[Block, Event]]) -> Iterator[Transfer]:
    signs = {"Deposited": ("deposit", 1), "Withdrawn": ("withdrawal", -1)}
    for block, event in events:
        if event.name in signs:
            kind, sign = signs[event.name]
            yield Transfer(event.args["account"], kind, sign * event.args["amount"], block.timestamp)
