"""Community plants that are members of a market: proposed on its money, and read back from a chain's whole log."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sunfair.chain.contracts import contract
from sunfair.chain.deployment import Deployment
from sunfair.chain.keys import keccak
from sunfair.chain.network import Logged, Network
from sunfair.chain.plants import PlantContract, propose_plant
from sunfair.chain.registry_ledger import RegistryLedger
from sunfair.commons import Plan
from sunfair.ports import Clock, Keys, PlantRecord
from sunfair.ports.plants import PlantLedger, SeatPassed

__all__ = ["MarketPlants", "plant_document", "read_plants"]

_TRANSFER = keccak(b"Transfer(address,address,uint256)")


def plant_document(market: bytes, account: int, agent: bytes, point: bytes) -> bytes:
    """The hash that binds a plant to its account in a market, its agent's key and its meter point in the register."""
    return keccak(b"sunfair plant in a market" + market + account.to_bytes(4, "big") + agent + point)


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
        return plant_document(self.deployment.market, account, self.agent(account), self.point(account))

    def point(self, account: int) -> bytes:
        """`PlantOffice.point`."""
        registry = self.deployment.others["MeterRegistry"]
        return RegistryLedger(self.network, self.keys, self.clock, registry, bytes(20)).point_at(
            self.deployment.market, account
        )

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


def read_plants(network: Network, deployment: Deployment, owners: Sequence[bytes] = ()) -> tuple[PlantRecord, ...]:
    """The plants on the market's token created from the code this version ships, in order of their first money.

    What never held any of the token is none yet; `owners` are those of the market's accounts, in order.
    """
    moves = _moves(network, deployment)
    points = _points(network, deployment)
    receivers = dict.fromkeys(move.receiver for move in moves if move.receiver not in owners)
    utility = deployment.charter.roles[0]
    found = (_plant(network, deployment, address, moves, utility) for address in receivers)
    stand = [record for record in found if record is not None]
    return tuple(_in_the_market(record, deployment.market, owners, points) for record in stand)


def _points(network: Network, deployment: Deployment) -> dict[int, list[bytes]]:
    """The meter points that ever fed each account of the market, as its register says."""
    found: dict[int, list[bytes]] = {}
    abi, registry = contract("MeterRegistry").abi, deployment.others["MeterRegistry"]
    for logged in network.logs(registry, first=deployment.block) if any(registry) else ():
        event = abi.event(logged.log.topics, logged.log.data)
        if event is not None and event.name == "Joined" and bytes(event.args["market"]) == deployment.market:
            found.setdefault(int(event.args["account"]), []).append(bytes(event.args["point"]))
    return found


def _in_the_market(
    record: PlantRecord, market: bytes, owners: Sequence[bytes], points: Mapping[int, list[bytes]]
) -> PlantRecord:
    """With the account and the meter point that its document names, if they are its agent's."""
    mine = [account for account, owner in enumerate(owners) if owner == record.organiser]
    for account in mine:
        for point in points.get(account, ()):
            if plant_document(market, account, record.organiser, point) == record.document:
                return replace(record, account=account, point=point)
    return record


@dataclass(frozen=True, slots=True)
class _Move:
    """A transfer of the market's token."""

    sender: bytes
    receiver: bytes
    amount: int


def _moves(network: Network, deployment: Deployment) -> list[_Move]:
    found = []
    for logged in network.logs(deployment.token, [_TRANSFER], first=deployment.block):
        sender, receiver = (topic[-20:] for topic in logged.log.topics[1:3])
        found.append(_Move(sender, receiver, int.from_bytes(logged.log.data[:32], "big")))
    return found


def _sums(pairs: Iterable[tuple[bytes, int]]) -> dict[bytes, int]:
    total: dict[bytes, int] = {}
    for who, amount in pairs:
        total[who] = total.get(who, 0) + amount
    return total


def _plant(
    network: Network, deployment: Deployment, address: bytes, moves: Sequence[_Move], utility: bytes
) -> PlantRecord | None:
    """What its log and the token's say of a plant; None if the address is none of this version's on this token."""
    logs = network.logs(address) if network.code(address) else []
    made = _constructed(network, address, logs)
    if made is None or made[0] != deployment.token:
        return None
    _, organiser, terms, _ = made
    shares: dict[bytes, int] = {}
    incomes: list[int] = []
    passed: list[SeatPassed] = []
    abi = contract("CommunitySolar").abi
    for logged in logs:
        event = abi.event(logged.log.topics, logged.log.data)
        if event is None:
            continue
        if event.name == "Pledged":
            member = bytes(event.args["member"])
            shares[member] = shares.get(member, 0) + int(event.args["amount"])
        elif event.name == "Collected":
            incomes.append(int(event.args["income"]))
        elif event.name == "Taken":
            seller, buyer, part, price = (event.args[name] for name in ("seller", "buyer", "shares", "price"))
            passed.append(SeatPassed(bytes(seller), bytes(buyer), int(part), int(price), len(incomes)))
    people = dict.fromkeys([*shares, *(one.buyer for one in passed)], 0)
    paid = _sums((move.receiver, move.amount) for move in moves if move.sender == address and move.receiver in people)
    credited = _sums((one.receiver, one.amount) for one in moves if one.sender == utility and one.receiver in people)
    received = _sums((move.sender, move.amount) for move in moves if move.receiver == address)
    named = bytes(organiser), bytes(terms[0]), int(terms[1])
    return PlantRecord(address, *named, shares, tuple(incomes), people | paid, tuple(passed), received, credited)


def _constructed(network: Network, address: bytes, logs: Sequence[Logged]) -> tuple[Any, ...] | None:
    """What the contract at an address was created with, if its code is this version's: its first word is its plan."""
    code = contract("CommunitySolar")
    if not logs or network.created(logs[0].transaction_hash) != address:
        return None
    data = network.input(logs[0].transaction_hash)
    return code.abi.constructor_arguments(data[len(code.bytecode) :]) if data.startswith(code.bytecode) else None
