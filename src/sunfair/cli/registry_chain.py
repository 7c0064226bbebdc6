"""`registry deploy`, `anchor` and `open`: the register's public part on any network."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sunfair.chain.keys import SeededKeys
from sunfair.chain.keystore import open_keystore
from sunfair.chain.play_gas import give_gas
from sunfair.chain.registry_ledger import RegistryLedger, deploy_registry
from sunfair.chain.remote import RpcNetwork
from sunfair.chain.rpc import JsonRpc
from sunfair.cli.registering import address_of_text
from sunfair.cli.show import print_json, stdout
from sunfair.errors import Fault, InputError
from sunfair.ports import Keys
from sunfair.registry import parse
from sunfair.wiring.office import SystemClock, open_office

__all__ = ["Place", "run_anchor", "run_open", "run_registry_deploy"]

_NOWHERE = bytes(20)


@dataclass(frozen=True, slots=True)
class Place:
    """A network, and whose key signs there."""

    rpc_url: str | None
    demo_keys: int | None

    @contextmanager
    def look(self) -> Iterator[RpcNetwork]:
        """The network for somebody who only looks; InputError if none is named."""
        if not self.rpc_url:
            fault = Fault("ETH_RPC_URL", "is not set", "name a node, e.g. http://127.0.0.1:8545")
            raise InputError("no network is named", [fault])
        network = RpcNetwork.connect(JsonRpc(self.rpc_url))
        try:
            yield network
        finally:
            network.close()

    @contextmanager
    def open(self, holder: str) -> Iterator[tuple[RpcNetwork, Keys]]:
        """The network with a holder's key: a demonstration's, which a local node gives ether, or the keystore's."""
        with self.look() as network:
            if self.demo_keys is None:
                yield network, open_keystore(holder=holder)
                return
            keys = SeededKeys(self.demo_keys, network.chain_id)
            give_gas(network, keys.address(holder))
            yield network, keys


def run_registry_deploy(place: Place, service: str | None, *, as_json: bool) -> None:
    """Put both contracts on a network."""
    with place.open("governor") as (network, keys):
        signs = keys.address("governor") if service is None else address_of_text("--service", service)
        made = deploy_registry(network, keys, SystemClock(), governor="governor", service=signs)
        facts = {
            "chain_id": network.chain_id,
            "governor": "0x" + keys.address("governor").hex(),
            "service": "0x" + signs.hex(),
            "registry": "0x" + made.registry.hex(),
            "switching": "0x" + made.switching.hex(),
        }
    _print(facts, as_json)


def run_anchor(place: Place, contract: str, batch: int, *, as_json: bool) -> None:
    """Enter a batch's root."""
    with open_office() as office:
        found = {number: (root, points) for number, root, points, _ in office.store.batches()}
    if batch not in found:
        raise InputError("there is no such batch", [Fault("BATCH", f"is {batch}", f"there are {len(found)}, from 0")])
    root, points = found[batch]
    with place.open("registrar") as (network, keys):
        ledger = _ledger(network, keys, contract)
        number = ledger.register_batch("registrar", root, points)
    _print({"batch": batch, "root": root.hex(), "points": points, "number": number}, as_json)


def run_open(place: Place, contract: str, number: int, point: tuple[str, str, str], *, as_json: bool) -> None:
    """Open a point with its path."""
    with open_office() as office:
        found = office.points.find(parse(*point).key)
        proof = office.points.prove(found.id)
    with place.open("registrar") as (network, keys):
        ledger = _ledger(network, keys, contract)
        ledger.open_point("registrar", number, proof.commitment, proof.nullifier, proof.path)
    _print({"point": proof.nullifier.hex(), "number": number, "index": proof.path.index}, as_json)


def _ledger(network: RpcNetwork, keys: Keys, contract: str) -> RegistryLedger:
    return RegistryLedger(network, keys, SystemClock(), address_of_text("--registry", contract), _NOWHERE)


def _print(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        stdout.print(f"{name.replace('_', ' '):<10} {value}", markup=False, soft_wrap=True)
