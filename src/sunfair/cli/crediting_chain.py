"""`credit` and `chain` commands that sign or send: permissions, top-ups, allowances, key swaps."""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sunfair.app.first_boot import next_day_slot, swap_key
from sunfair.chain import MarketLedger
from sunfair.chain.credit import CreditContracts
from sunfair.chain.deployments import read_deployment
from sunfair.chain.keys import parse_address
from sunfair.chain.keystore import open_keystore
from sunfair.chain.node import Node
from sunfair.chain.remote import RpcNetwork
from sunfair.chain.rpc import JsonRpc
from sunfair.cli.show import print_json
from sunfair.cli.signing import WallClock, asked_password, node_url
from sunfair.errors import Fault, InputError
from sunfair.files.credit_files import permission_content, read_permission, read_swap, swap_content
from sunfair.ports import Keys
from sunfair.settlement import Domain
from sunfair.settlement.key_swap import KeySwap
from sunfair.settlement.top_up import Permission
from sunfair.units import micro
from sunfair.wiring.adapters import Secp256k1Signatures

__all__ = [
    "address_option",
    "desk",
    "money_option",
    "octets_option",
    "run_first_boot",
    "run_permit",
    "run_swap_key",
    "run_top_up",
]

_HOLDER = "owner"


def address_option(option: str, text: str) -> bytes:
    """The address of an option; InputError names the option."""
    try:
        return parse_address(text)
    except ValueError as error:
        raise InputError("an address cannot be read", [Fault(option, str(error))]) from error


def money_option(option: str, text: str) -> int:
    """An amount of the currency as µ; InputError names the option."""
    try:
        amount = micro(text)
    except ValueError as error:
        raise InputError("an amount cannot be read", [Fault(option, str(error), "e.g. 20 or 0.50")]) from error
    if amount < 0:
        raise InputError("an amount cannot be read", [Fault(option, f"{text} is below 0", "give 0 or more")])
    return amount


def octets_option(option: str, text: str, size: int) -> bytes:
    """Hex of an option; InputError names the option."""
    try:
        octets = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        octets = b""
    if len(octets) != size:
        raise InputError("hex cannot be read", [Fault(option, f"must be {2 * size} hex digits, with 0x before them")])
    return octets


@contextmanager
def desk(rpc_url: str | None, keys: Keys | None = None) -> Iterator[CreditContracts]:
    """The credit contracts of the network at hand, signed for by the keystore that the environment names."""
    rpc = JsonRpc(node_url(rpc_url))
    signer = keys or open_keystore(password=asked_password(), holder=_HOLDER)
    with RpcNetwork.connect(rpc) as network:
        yield CreditContracts(network, signer, WallClock(), _HOLDER)


def run_permit(
    *, rpc_url: str | None, contract: str, market: str, account: int, money: Mapping[str, str], days: int
) -> None:
    """Sign a standing permission and print it; `money` is amount, threshold and caps by their options, currency."""
    at, vault = address_option("--contract", contract), address_option("--market", market)
    amount, below, per_day, in_total = (money_option(option, text) for option, text in money.items())
    if not amount <= per_day <= in_total:
        what = "must each be at least the one before"
        raise InputError(
            "nothing could be paid under this permission", [Fault("--amount, --per-day, --in-total", what)]
        )
    with desk(rpc_url) as credit:
        payer = credit.keys.address(_HOLDER)
        expires = int(credit.clock.now().timestamp()) + days * 86_400
        permission = Permission(
            vault, account, payer, amount, below, per_day, in_total, expires, credit.nonce(at, payer)
        )
        chain_id = credit.network.chain_id
        signature = credit.keys.sign(_HOLDER, permission.digest(chain_id, at))
    print_json(permission_content(permission, at, chain_id, signature))


def run_top_up(path: Path, *, rpc_url: str | None) -> None:
    """Have one top-up made under a signed permission, and print what it did."""
    permission, at, chain_id, signature = read_permission(path)
    with desk(rpc_url) as credit:
        if credit.network.chain_id != chain_id:
            what = f"is for chain {chain_id}; the node is of chain {credit.network.chain_id}"
            raise InputError("this permission does not count here", [Fault(str(path), what, "point ETH_RPC_URL there")])
        parked = credit.top_up(at, permission, signature)
        total, today = credit.taken(at, permission)
    print_json({"amount": permission.amount, "parked": parked, "taken_today": today, "taken_in_total": total})


def run_first_boot(
    name: str, *, rpc_url: str | None, account: int, own_keystore: Path, registers: tuple[int, int], folder: Path
) -> None:
    """The device's part: sign the swap with the set-up key and its own, and print it."""
    set_up = open_keystore(password=asked_password(), holder="set-up")
    own = open_keystore({**os.environ, "ETH_KEYSTORE": str(own_keystore)}, password=asked_password(), holder="own")
    rpc = JsonRpc(node_url(rpc_url))
    with closing(rpc):
        node = Node(rpc)
        standing = read_deployment(folder, node.chain_id(), name)
        now = node.head().timestamp
    domain = Domain(name, standing.chain_id, standing.deployment.market)
    first = next_day_slot(now, standing.charter.slot_seconds)
    swap = KeySwap(account, set_up.address("set-up"), own.address("own"), first, *registers)
    digest = swap.digest(domain)
    print_json(swap_content(swap, set_up.sign("set-up", digest), own.sign("own", digest)))


def run_swap_key(name: str, path: Path, *, rpc_url: str | None, folder: Path) -> None:
    """The registrar's part: look at a swap, bind the new key from its date on, and print it."""
    swap, old, new = read_swap(path)
    keys = open_keystore(password=asked_password(), holder="registrar")
    with RpcNetwork.connect(JsonRpc(node_url(rpc_url))) as network:
        standing = read_deployment(folder, network.chain_id, name)
        ledger = MarketLedger(network, standing.deployment, keys, WallClock())
        domain = Domain(name, network.chain_id, standing.deployment.market)
        meter = swap_key(swap, old, new, domain=domain, ledger=ledger, signatures=Secp256k1Signatures())
    facts: dict[str, Any] = {"account": swap.account, "key": "0x" + meter.key.hex(), "from_slot": meter.from_slot}
    print_json(facts)
