"""Community plants that are members of a market: proposed on its money, and read back from a chain's whole log."""

from collections.abc import Iterator
from dataclasses import dataclass

from sunfair.chain.contracts import contract
from sunfair.chain.deployment import Deployment
from sunfair.chain.embedded import Block, EmbeddedChain
from sunfair.chain.keys import keccak
from sunfair.chain.network import Network
from sunfair.chain.plants import PlantContract, propose_plant
from sunfair.commons import Plan
from sunfair.ports import Clock, Keys, PlantRecord
from sunfair.ports.plants import PlantLedger

__all__ = ["MarketPlants", "plant_document", "read_plants"]

_TRANSFER = keccak(b"Transfer(address,address,uint256)")


def plant_document(market: bytes, account: int, agent: bytes) -> bytes:
    """The hash that binds a plant to its account in a market and to the key of its agent."""
    return keccak(b"sunfair plant in a market" + market + account.to_bytes(4, "big") + agent)


@dataclass(frozen=True, slots=True)
class MarketPlants:
    """`ports.PlantOffice` on an EVM network. The owner of a plant's account is its agent, known by its number."""

    network: Network
    deployment: Deployment
    keys: Keys
    clock: Clock

    def agent(self, account: int) -> bytes:
        """`PlantOffice.agent`."""
        return self.keys.address(str(account))

    def document(self, account: int) -> bytes:
        """`PlantOffice.document`."""
        return plant_document(self.deployment.market, account, self.agent(account))

    def propose(self, account: int, plan: Plan) -> PlantLedger:
        """`PlantOffice.propose`."""
        token, holder = self.deployment.token, str(account)
        return self._at(propose_plant(self.network, self.keys, self.clock, token, plan, holder=holder))

    def pay(self, account: int, plant: bytes, amount: int) -> None:
        """`PlantOffice.pay`; where money is play money the agent's wallet is filled as needed."""
        self._at(plant).pay(str(account), plant, amount)

    def _at(self, address: bytes) -> PlantContract:
        asset = self.deployment.asset if any(self.deployment.asset) else None
        return PlantContract(self.network, self.keys, self.clock, address, asset=asset)


def read_plants(chain: EmbeddedChain, deployment: Deployment) -> tuple[PlantRecord, ...]:
    """The plants that a chain's log creates from the code this version ships, on the market's token."""
    code = contract("CommunitySolar").bytecode
    made = [block for block in chain.blocks if block.created and block.transaction.data.startswith(code)]
    return tuple(record for block in made for record in _plant(chain, deployment, block))


def _plant(chain: EmbeddedChain, deployment: Deployment, block: Block) -> Iterator[PlantRecord]:
    abi, address = contract("CommunitySolar").abi, block.created or b""
    arguments = block.transaction.data[len(contract("CommunitySolar").bytecode) :]
    token, organiser, terms, _ = abi.constructor_arguments(arguments)
    if token != deployment.token:
        return
    shares: dict[bytes, int] = {}
    incomes: list[int] = []
    for logged in chain.logs(address):
        event = abi.event(logged.log.topics, logged.log.data)
        if event is not None and event.name == "Pledged":
            member = bytes(event.args["member"])
            shares[member] = shares.get(member, 0) + int(event.args["amount"])
        elif event is not None and event.name == "Collected":
            incomes.append(int(event.args["income"]))
    claimed = dict.fromkeys(shares, 0)
    for logged in chain.logs(token, [_TRANSFER]):
        sender, receiver = (topic[-20:] for topic in logged.log.topics[1:3])
        if sender == address and receiver in claimed:
            claimed[receiver] += int.from_bytes(logged.log.data[:32], "big")
    yield PlantRecord(address, bytes(organiser), bytes(terms[0]), int(terms[1]), shares, tuple(incomes), claimed)
