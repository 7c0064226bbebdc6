"""Where a market's contracts stand on a chain and what they were made with; putting them there, finding them again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sunfair.chain.contract_set import MARKET_SET, Charter, Piece
from sunfair.chain.contracts import Contract, contract
from sunfair.chain.embedded import Block, EmbeddedChain
from sunfair.chain.keys import DEMO_CHAINS, keccak
from sunfair.chain.network import Network
from sunfair.errors import Fault, InputError, LedgerError
from sunfair.ports import GUARANTOR, Clock, Keys

__all__ = [
    "GUARANTOR",
    "Deployment",
    "Made",
    "check_made",
    "creation_code",
    "deploy",
    "deploy_market",
    "deployment_of",
    "find_deployment",
]


@dataclass(frozen=True, slots=True)
class Deployment:
    """The contracts of one market, 20-byte addresses, and the constructor's arguments, which never change.

    `asset` is the reserve (SimulatedEuro), `token` the EnergyCredit on it; `charter` is what the market was made with;
    `others` are courts, docket, witness, board and register by contract name; `block` is the number of the block that
    created the market, where its events begin.
    """

    chain_id: int
    asset: bytes
    token: bytes
    market: bytes
    charter: Charter
    others: Mapping[str, bytes]
    block: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """Where a contract of the set stands, and the transaction and block that created it (none: it stood before)."""

    address: bytes
    transaction_hash: bytes | None = None
    block: int = 0


def deploy(
    network: Network,
    keys: Keys,
    clock: Clock,
    charter: Charter,
    *,
    made: Mapping[str, Made],
    note: Callable[[Piece, Made], None] = lambda piece, made: None,
) -> dict[str, Made]:
    """Create what `made` does not hold of a market's contracts, signed by `operator`; `note` is told of each at once.

    Each has a natural key, so that a call that was cut short creates none twice. InputError if a contract that only a
    local chain may have is missing on another.
    """
    standing = dict(made)
    for piece in MARKET_SET:
        if piece.role not in standing:
            if piece.local and network.chain_id not in DEMO_CHAINS:
                raise _play_money(network.chain_id)
            standing[piece.role] = _create(network, keys, clock, piece, charter, standing)
            note(piece, standing[piece.role])
    return standing


def deploy_market(
    network: Network,
    keys: Keys,
    clock: Clock,
    community: bytes,
    *,
    slot_seconds: int = 900,
    gate_seconds: int = 300,
    window_seconds: int = 6 * 3600,
    takeover_seconds: int = 2 * 86400,
    escape_seconds: int = 7 * 86400,
    bond_amount: int = 5_000_000_000,
) -> Deployment:
    """Create every contract of a community's market, on play money, signed by `operator`.

    Holders `0`, `1` and `2` of `keys` own the accounts of utility, network and reserve, `guarantor` its own; `governor`
    governs the register of meter points.
    The door is open from the deployment's timestamp on, for an hour; it is the time to open accounts and deposit.
    """
    roles = keys.address("0"), keys.address("1"), keys.address("2")
    parties = keys.address("operator"), keys.address("guarantor"), roles
    times = slot_seconds, gate_seconds, window_seconds, takeover_seconds, escape_seconds
    charter = Charter(community, *parties, *times, bond_amount, keys.address("governor"))
    return deployment_of(network.chain_id, charter, deploy(network, keys, clock, charter, made={}))


def deployment_of(chain_id: int, charter: Charter, made: Mapping[str, Made]) -> Deployment:
    """The deployment that a whole set of contracts is."""
    addresses = made["asset"].address, made["token"].address, made["market"].address
    others = {piece.contract: made[piece.role].address for piece in MARKET_SET if piece.shared}
    return Deployment(chain_id, *addresses, charter, others, made["market"].block)


def check_made(network: Network, charter: Charter, made: Mapping[str, Made]) -> None:
    """LedgerError unless each contract stands, created from exactly the code this version ships and this charter."""
    for piece in MARKET_SET:
        stands = made.get(piece.role)
        if stands is None:
            continue
        name = f"{piece.contract} at 0x{stands.address.hex()}"
        if stands.transaction_hash is None:
            if any(stands.address) and not network.code(stands.address):
                raise LedgerError(f"there is no contract at 0x{stands.address.hex()}, named as the {piece.role}")
        elif network.created(stands.transaction_hash) != stands.address:
            raise LedgerError(f"{name} was not created by the transaction 0x{stands.transaction_hash.hex()}")
        elif network.input(stands.transaction_hash) != creation_code(piece, charter, made):
            raise LedgerError(
                f"{name} was made from other code or another charter than this version gives: use the one that did"
            )


def find_deployment(chain: EmbeddedChain) -> Deployment:
    """The one market on a chain, read from the transactions that created it.

    LedgerError unless the market and all it relies on were created from exactly the code this version ships, the market
    once: events of any other code prove nothing.
    """
    made = {block.created: block for block in chain.blocks if block.created is not None}
    markets = [block for block in made.values() if block.transaction.data.startswith(contract("EnergyMarket").bytecode)]
    if len(markets) != 1:
        raise LedgerError(f"the chain's log creates {len(markets)} markets with the code this version ships, not one")
    market = markets[0].created or b""
    token, community, operator, guarantor, roles, courts, *numbers = _arguments(made, market, contract("EnergyMarket"))
    asset, _, _ = _arguments(made, token, contract("EnergyCredit"))
    _arguments(made, asset, contract("SimulatedEuro"))
    others = dict(zip(("AuctionCourt", "RowCourt", "BookCourt", "Docket", "MeterRegistry"), courts, strict=True))
    if _arguments(made, others["BookCourt"], contract("BookCourt")) != (others["Docket"],):
        raise LedgerError("the court of books reads another docket than the market's")
    (others["Witness"],) = _arguments(made, others["Docket"], contract("Docket"))
    for name in ("AuctionCourt", "RowCourt", "Witness"):
        _arguments(made, others[name], contract(name))
    boards = [at for at, block in made.items() if block.transaction.data == contract("DataBoard").bytecode]
    others["DataBoard"] = boards[0] if boards else bytes(20)
    (governor,) = _arguments(made, others["MeterRegistry"], contract("MeterRegistry"))
    charter = replace(Charter(community, operator, guarantor, roles, *numbers), governor=governor)
    return Deployment(chain.chain_id, asset, token, market, charter, others, markets[0].number)


def _create(
    network: Network, keys: Keys, clock: Clock, piece: Piece, charter: Charter, made: Mapping[str, Made]
) -> Made:
    code = creation_code(piece, charter, made)
    whose = f"shared {keccak(code)[:8].hex()}" if piece.shared else charter.community.hex()
    timestamp = network.date(int(clock.now().timestamp()))
    receipt = network.transact(keys, "operator", None, code, timestamp=timestamp, key=f"deploy {piece.role} {whose}")
    if receipt.created is None:
        raise LedgerError("the chain took a creation and made no contract")
    return Made(receipt.created, receipt.transaction_hash, receipt.number)


def creation_code(piece: Piece, charter: Charter, made: Mapping[str, Made]) -> bytes:
    """The data that creates a contract of the set; KeyError if one that it needs is not made yet."""
    addresses = {role: stands.address for role, stands in made.items()}
    return contract(piece.contract).creation(*piece.arguments(charter, addresses))


def _play_money(chain_id: int) -> InputError:
    fault = Fault(
        "--asset, --token",
        f"neither is given, and the simulated euro, which anyone can make, is refused off the chains {DEMO_CHAINS}",
        "name a stablecoin with 6 decimals (--asset), or a token to hold balances in (--token)",
    )
    return InputError(f"chain {chain_id} has no money for this market", [fault])


def _arguments(made: dict[bytes, Block], address: bytes, expected: Contract) -> tuple[Any, ...]:
    """Constructor arguments of the contract at `address`, which the log must create from the expected code."""
    block = made.get(address)
    if block is None or not block.transaction.data.startswith(expected.bytecode):
        raise LedgerError(f"0x{address.hex()} was not created from the {expected.name} this version ships")
    return expected.abi.constructor_arguments(block.transaction.data[len(expected.bytecode) :])
