"""The register and the switching of suppliers on a chain: `MeterRegistry` and `SupplierSwitching`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sunfair.chain.contracts import Contract, contract
from sunfair.chain.network import Network
from sunfair.chain.switch_papers import AskedSwitch, asked_switch
from sunfair.errors import LedgerError
from sunfair.ports import Clock, Enrolment, Keys
from sunfair.registry.batch_tree import CHUNK, BatchProof, batch_leaves, batch_of
from sunfair.registry.switching import Switch, SwitchingDomain, SwitchState

__all__ = ["RegistryLedger", "batch_roots", "deploy_registry", "enrol_points", "switch_standing"]


@dataclass(frozen=True, slots=True)
class RegistryLedger:
    """Both contracts on a network. Each call names the holder whose key signs it; Reverted where a contract refuses."""

    network: Network
    keys: Keys
    clock: Clock
    registry: bytes
    switching: bytes

    @property
    def domain(self) -> SwitchingDomain:
        """Where consents and windows are signed."""
        return SwitchingDomain(self.network.chain_id, self.switching)

    # ── Register ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def set_roles(self, party: bytes, roles: int, *, governor: str = "governor") -> None:
        """Say what a party may do."""
        self._registry(governor, "set_roles", party, roles)

    def register_batch(self, registrar: str, root: bytes, points: int) -> int:
        """Enter a batch; returns its number."""
        self._registry(registrar, "register_batch", root, points)
        return int(self._view(self.registry, _REGISTRY, "batch_count")) - 1

    def open_point(self, sender: str, batch: int, commitment: bytes, point: bytes, path: BatchProof) -> None:
        """Open a point from its batch."""
        self._registry(sender, "open_point", batch, path.index, commitment, point, list(path.siblings))

    def set_owner(self, registrar: str, point: bytes, owner: bytes) -> None:
        """Say whose point it is."""
        self._registry(registrar, "set_owner", point, owner)

    def bind_device(self, registrar: str, point: bytes, key: bytes, since: int, registers: tuple[int, int]) -> None:
        """Say which key signs the point's readings from a date (unix s) on."""
        self._registry(registrar, "bind_device", point, key, since, *registers)

    def join(self, customer: str, point: bytes, market: bytes, account: int) -> None:
        """Have a point feed an account of a market, signed by whoever owns both."""
        self._registry(customer, "join", point, market, account)

    def leave(self, holder: str, point: bytes) -> None:
        """End that, from the next UTC day on; signed by the customer or the registrar."""
        self._registry(holder, "leave", point)

    def point_at(self, market: bytes, account: int) -> bytes:
        """The point that feeds an account, zeros if none does."""
        return bytes(self._view(self.registry, _REGISTRY, "point_at", market, account))

    def roles(self, party: bytes) -> int:
        """What a party may do: the bits of its roles."""
        return int(self._view(self.registry, _REGISTRY, "roles", party))

    def erase_point(self, sender: str, point: bytes) -> None:
        """Have customer and commitment forgotten."""
        self._registry(sender, "erase_point", point)

    def is_bound(self, point: bytes, key: bytes, at: int) -> bool:
        """Whether a key's reading of an instant counts for a point."""
        return bool(self._view(self.registry, _REGISTRY, "is_bound", point, key, at))

    # ── Switching ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def begin_supply(self, registrar: str, point: bytes, supplier: bytes) -> None:
        """Say who supplies a point at first."""
        self._switching(registrar, "begin_supply", point, supplier)

    def request(self, sender: str, switches: Sequence[Switch], *, service: str = "switching") -> None:
        """Take one request, or two that are a pair, as the switchboard validated them; both sign here."""
        self.enter(sender, [asked_switch(switch, self.domain, self.keys, service) for switch in switches])

    def enter(self, sender: str, asked: Sequence[AskedSwitch]) -> None:
        """Take one request, or a pair, whose windows the service signed."""
        self._switching(sender, "request" if len(asked) == 1 else "request_pair", *(each.arguments for each in asked))

    def act(self, sender: str, function: str, *arguments: Any) -> None:
        """`object_to`, `withdraw`, `annul` or `report`."""
        self._switching(sender, function, *arguments)

    def state(self, switch: bytes) -> SwitchState | None:
        """Where a request stands at the clock's time; None if there is none."""
        number = int(self._view(self.switching, _SWITCHING, "state", switch))
        return SwitchState(number) if number else None

    def supplier_at(self, point: bytes, at: int) -> bytes:
        """Who supplied a point at an instant (unix s) up to now; zeros before the first supply."""
        return bytes(self._view(self.switching, _SWITCHING, "supplier_at", point, at))

    def _registry(self, holder: str, function: str, *arguments: Any) -> None:
        self._send(holder, self.registry, _REGISTRY, function, arguments)

    def _switching(self, holder: str, function: str, *arguments: Any) -> None:
        self._send(holder, self.switching, _SWITCHING, function, arguments)

    def _send(self, holder: str, to: bytes, name: str, function: str, arguments: Sequence[Any]) -> None:
        data = contract(name).abi.call(function, *arguments)
        self.network.transact(self.keys, holder, to, data, timestamp=self.network.date(self._now()))

    def _view(self, to: bytes, name: str, function: str, *arguments: Any) -> Any:
        abi = contract(name).abi
        output = self.network.call(to, abi.call(function, *arguments), timestamp=self.network.date(self._now()))
        (value,) = abi.result(function, output)
        return value

    def _now(self) -> int:
        return int(self.clock.now().timestamp())


def batch_roots(network: Network, registry: bytes) -> set[bytes]:
    """The roots of all batches that stand in a register."""
    abi = contract(_REGISTRY).abi

    def view(function: str, *arguments: Any) -> Any:
        (value,) = abi.result(function, network.call(registry, abi.call(function, *arguments)))
        return value

    return {bytes(view("batches", number)[0]) for number in range(int(view("batch_count")))}


def switch_standing(
    network: Network, switching: bytes, asked: AskedSwitch, at: int
) -> tuple[SwitchState | None, bytes]:
    """Where a request stands at an instant (unix s, not before the head block) and who supplies its point then.

    None if the contract has no such request; zeros where nobody supplies.
    """
    abi, time = contract(_SWITCHING).abi, network.date(at)

    def view(function: str, *arguments: Any) -> Any:
        (value,) = abi.result(function, network.call(switching, abi.call(function, *arguments), timestamp=time))
        return value

    state = int(view("state", asked.id))
    return (SwitchState(state) if state else None), bytes(view("supplier_at", asked.point, time))


_REGISTRY, _SWITCHING = "MeterRegistry", "SupplierSwitching"
_REGISTRAR = 1
"""The bit of a registrar's role."""


def enrol_points(
    register: RegistryLedger, market: bytes, points: Sequence[Enrolment], holder: Callable[[int], str]
) -> None:
    """Enter points as one batch, open each, say whose it is, and have it join its account.

    `registrar` signs, given its role by `governor` where it lacks it; an account's owner (under the name that `holder`
    gives) signs that its point joins.
    """
    party = register.keys.address("registrar")
    if not register.roles(party) & _REGISTRAR:
        register.set_roles(party, _REGISTRAR)
    named = [np.frombuffer(b"".join(each), np.uint8).reshape(-1, 32) for each in _columns(points)]
    leaves = batch_leaves(*named)
    batch = batch_of([leaves])
    number = register.register_batch("registrar", batch.root, len(points))
    for at, each in enumerate(points):
        start = at // CHUNK * CHUNK
        path = batch.prove(at, leaves[start : start + CHUNK])
        register.open_point("registrar", number, each.commitment, each.point, path)
        register.set_owner("registrar", each.point, register.keys.address(holder(each.account)))
        register.join(holder(each.account), each.point, market, each.account)


def _columns(points: Sequence[Enrolment]) -> tuple[list[bytes], list[bytes]]:
    return [each.commitment for each in points], [each.point for each in points]


def deploy_registry(network: Network, keys: Keys, clock: Clock, *, governor: str, service: bytes) -> RegistryLedger:
    """Put both contracts on a network; `governor` names parties, `service` (its address) signs windows."""
    now = network.date(int(clock.now().timestamp()))

    def made(code: Contract, *arguments: Any) -> bytes:
        data = code.creation(*arguments)
        block = network.transact(keys, governor, None, data, timestamp=now, key=f"registry {code.name}")
        if block.created is None:
            raise LedgerError(f"{code.name} was not created")
        return block.created

    registry = made(contract(_REGISTRY), keys.address(governor))
    switching = made(contract(_SWITCHING), registry, service)
    return RegistryLedger(network, keys, clock, registry, switching)
