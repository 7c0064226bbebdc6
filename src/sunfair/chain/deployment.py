"""Where a market's contracts stand on a chain and what they were made with; putting them there, finding them again."""

from dataclasses import dataclass
from typing import Any

from sunfair.chain.contracts import Contract, contract
from sunfair.chain.embedded import Block, EmbeddedChain
from sunfair.chain.transactions import Transaction
from sunfair.errors import LedgerError
from sunfair.ports import GUARANTOR, Clock, Keys

__all__ = ["GUARANTOR", "Deployment", "deploy_market", "find_deployment", "next_timestamp", "transact"]

_CREDIT_NAME, _CREDIT_SYMBOL = "Energy Credit", "EC"


@dataclass(frozen=True, slots=True)
class Deployment:
    """The contracts of one market, 20-byte addresses, and the constructor's arguments, which never change.

    `asset` is the reserve (SimulatedEuro), `token` the EnergyCredit on it; `roles` own the accounts 0, 1 and 2
    (utility, network, reserve); `community` has 32 bytes; the rest are seconds.
    """

    chain_id: int
    asset: bytes
    token: bytes
    market: bytes
    community: bytes
    operator: bytes
    guarantor: bytes
    roles: tuple[bytes, bytes, bytes]
    slot_seconds: int
    window_seconds: int
    escape_seconds: int


def deploy_market(
    chain: EmbeddedChain,
    keys: Keys,
    clock: Clock,
    community: bytes,
    *,
    slot_seconds: int = 900,
    window_seconds: int = 6 * 3600,
    escape_seconds: int = 7 * 86400,
) -> Deployment:
    """Create SimulatedEuro, EnergyCredit and EnergyMarket for a community, signed by `operator`.

    Holders `0`, `1` and `2` of `keys` own the accounts of utility, network and reserve, `guarantor` its own.
    The door is open from the deployment's timestamp on, for an hour; it is the time to open accounts and deposit.
    """
    asset = _create(chain, keys, clock, contract("SimulatedEuro").creation())
    token = _create(chain, keys, clock, contract("EnergyCredit").creation(asset, _CREDIT_NAME, _CREDIT_SYMBOL))
    operator, guarantor = keys.address("operator"), keys.address("guarantor")
    roles = keys.address("0"), keys.address("1"), keys.address("2")
    times = slot_seconds, window_seconds, escape_seconds
    data = contract("EnergyMarket").creation(token, community, operator, guarantor, roles, *times)
    market = _create(chain, keys, clock, data)
    return Deployment(chain.chain_id, asset, token, market, community, operator, guarantor, roles, *times)


def find_deployment(chain: EmbeddedChain) -> Deployment:
    """The one market on a chain, read from the transactions that created it.

    LedgerError unless market, token and asset were created, once, from exactly the code this version ships: events
    of any other code prove nothing.
    """
    made = {block.created: block for block in chain.blocks if block.created is not None}
    markets = [block for block in made.values() if block.transaction.data.startswith(contract("EnergyMarket").bytecode)]
    if len(markets) != 1:
        raise LedgerError(f"the chain's log creates {len(markets)} markets with the code this version ships, not one")
    market = markets[0].created or b""
    token, community, operator, guarantor, roles, *times = _arguments(made, market, contract("EnergyMarket"))
    asset, _, _ = _arguments(made, token, contract("EnergyCredit"))
    _arguments(made, asset, contract("SimulatedEuro"))
    return Deployment(chain.chain_id, asset, token, market, community, operator, guarantor, roles, *times)


def transact(chain: EmbeddedChain, keys: Keys, clock: Clock, holder: str, to: bytes | None, data: bytes) -> Block:
    """Sign a transaction with a holder's key and have it executed at the clock's time."""
    transaction = Transaction(chain.chain_id, chain.nonce(keys.address(holder)), to, data)
    raw = transaction.raw(keys.sign(holder, transaction.digest()))
    return chain.send(raw, next_timestamp(chain, clock))


def next_timestamp(chain: EmbeddedChain, clock: Clock) -> int:
    """The timestamp of a block made now, unix s: the clock's whole second, but never before the head's."""
    return max(chain.timestamp, int(clock.now().timestamp()))


def _create(chain: EmbeddedChain, keys: Keys, clock: Clock, code: bytes) -> bytes:
    created = transact(chain, keys, clock, "operator", None, code).created
    if created is None:
        raise LedgerError("the chain took a creation and made no contract")
    return created


def _arguments(made: dict[bytes, Block], address: bytes, expected: Contract) -> tuple[Any, ...]:
    """Constructor arguments of the contract at `address`, which the log must create from the expected code."""
    block = made.get(address)
    if block is None or not block.transaction.data.startswith(expected.bytecode):
        raise LedgerError(f"0x{address.hex()} was not created from the {expected.name} this version ships")
    return expected.abi.constructor_arguments(block.transaction.data[len(expected.bytecode) :])
