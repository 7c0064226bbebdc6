"""`chain deploy` and `chain status`."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from sunfair.chain import MarketLedger, SeededKeys, keccak
from sunfair.chain.assets import check_asset
from sunfair.chain.contract_set import Charter
from sunfair.chain.deployment import check_made
from sunfair.chain.deployment_file import Standing
from sunfair.chain.deployments import deploy_community, list_deployments, outbox_path, read_deployment
from sunfair.chain.keys import parse_address
from sunfair.chain.keystore import open_keystore
from sunfair.chain.lookup import check_registry
from sunfair.chain.node import Node
from sunfair.chain.remote import RpcNetwork
from sunfair.chain.rpc import JsonRpc
from sunfair.chain.sending import Policy
from sunfair.cli.show import print_json, stderr, stdout
from sunfair.cli.signing import NoKeys, WallClock, asked_password, node_url
from sunfair.errors import Fault, InputError
from sunfair.ports import Keys

__all__ = ["Parties", "fee_cap", "run_deploy", "run_status"]

_GWEI = Decimal(10**9)
_MEND = "whose account it is never changes: name its address"
_MENDS = {"governor": "name who says who may enter meter points, or a register that stands (--registry)"}


@dataclass(frozen=True, slots=True)
class Parties:
    """Addresses as they were written on the command line, None where none was."""

    utility: str | None
    network: str | None
    reserve: str | None
    guarantor: str | None
    governor: str | None


def run_deploy(
    name: str,
    *,
    rpc_url: str | None,
    parties: Parties,
    asset: str | None,
    token: str | None,
    registry: str | None,
    slot_minutes: int,
    gate_minutes: int,
    window_hours: int,
    takeover_days: int,
    escape_days: int,
    bond: int,
    folder: Path,
    max_fee: str,
    confirmations: int,
    demo_keys: int | None,
    as_json: bool,
) -> None:
    """Put a community's contracts on a network, or go on where that was cut short."""
    policy = Policy(fee_cap=fee_cap(max_fee), confirmations=confirmations)
    rpc = JsonRpc(node_url(rpc_url))
    with closing(rpc):
        chain_id = Node(rpc).chain_id()
    demo = None if demo_keys is None else SeededKeys(demo_keys, chain_id)
    addresses = _addresses(parties, {"asset": asset, "token": token, "registry": registry}, demo)
    keys: Keys = demo or open_keystore(password=asked_password())
    charter = Charter(
        keccak(name.encode()),
        keys.address("operator"),
        addresses["guarantor"],
        (addresses["utility"], addresses["network"], addresses["reserve"]),
        slot_minutes * 60,
        gate_minutes * 60,
        window_hours * 3600,
        takeover_days * 86400,
        escape_days * 86400,
        bond,
        addresses.get("governor", bytes(20)),
    )
    outbox = outbox_path(folder, chain_id, charter.operator)
    with RpcNetwork.connect(rpc, chain_id=chain_id, outbox=outbox, policy=policy) as network:
        given = _given(network, addresses)
        if "registry" in given:
            charter = replace(charter, governor=check_registry(network, given["registry"]))
        stderr.print(f"{name} on chain {chain_id} ({rpc.place}), operator 0x{charter.operator.hex()}", soft_wrap=True)
        standing = deploy_community(network, keys, WallClock(), name, charter, folder, given=given)
    _print(_contracts(standing), as_json)


def run_status(name: str | None, *, rpc_url: str | None, folder: Path, as_json: bool) -> None:
    """What stands on the network of a community's market, or of every community's."""
    rpc = JsonRpc(node_url(rpc_url))
    network = RpcNetwork.connect(rpc)
    try:
        chain_id = network.chain_id
        found = list_deployments(folder, chain_id) if name is None else [read_deployment(folder, chain_id, name)]
        head = network.node.head()
        communities = [_status(network, standing) for standing in found]
    finally:
        network.close()
    if as_json:
        block = {"number": head.number, "timestamp": head.timestamp, "base_fee_wei": head.base_fee}
        print_json({"chain_id": chain_id, "node": rpc.place, "head": block, "communities": communities})
        return
    stdout.print(f"chain {chain_id} ({rpc.place}), block {head.number} of {_time(head.timestamp)}", soft_wrap=True)
    if not found:
        stdout.print(f"no community is deployed according to {folder / str(chain_id)}", soft_wrap=True)
    for community in communities:
        _print(community, False)


def _status(network: RpcNetwork, standing: Standing) -> dict[str, Any]:
    """One community: its contracts and, if they are whole, what the market says."""
    status = {**_contracts(standing), "operator_wei": network.node.balance(standing.charter.operator)}
    if standing.missing:
        return {**status, "missing": standing.missing}
    check_made(network, standing.charter, standing.made)
    ledger = MarketLedger(network, standing.deployment, NoKeys(), WallClock())
    record, pending = ledger.record(), ledger.facts().pending
    bond, full = ledger.bond_of(record.operator)
    return {
        **status,
        "accounts": len(record.owners),
        "money": sum(record.balances) + record.guarantor_balance,
        "periods_anchored": len(record.anchors),
        "periods_applied": sum(settled.applied for settled in record.settlements),
        "door_open": ledger.door_open(),
        "bond": bond,
        "bond_full": bond >= full,
        "convictions": len(record.convictions),
        "apply_due": None if pending is None else _time(pending.settled_at + standing.charter.window_seconds),
    }


def _contracts(standing: Standing) -> dict[str, Any]:
    return {
        "name": standing.name,
        "chain_id": standing.chain_id,
        "community": "0x" + standing.charter.community.hex(),
        "operator": "0x" + standing.charter.operator.hex(),
        "contracts": {role: "0x" + made.address.hex() for role, made in standing.made.items()},
        "block": standing.made["market"].block if "market" in standing.made else None,
    }


def _print(facts: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        if isinstance(value, Mapping):
            for role, address in value.items():
                stdout.print(f"  {role:<18} {address}", markup=False, soft_wrap=True)
        else:
            stdout.print(f"  {name.replace('_', ' '):<18} {value}", markup=False, soft_wrap=True)


def _given(network: RpcNetwork, addresses: Mapping[str, bytes]) -> dict[str, bytes]:
    """The money that stood before, once it is known to do; InputError says what is wrong with it."""
    given = {role: addresses[role] for role in ("asset", "token", "registry") if role in addresses}
    checks = [check_asset(network.node, given[role], f"--{role}") for role in ("asset", "token") if role in given]
    faults = [fault for check in checks for fault in check.faults]
    if faults:
        raise InputError("this token cannot be the money of a market", faults)
    for notice in (notice for check in checks for notice in check.notices):
        stderr.print(f"[yellow]{notice}[/]", soft_wrap=True)
    # Who names the token needs no asset below it.
    return {"asset": bytes(20), **given} if "token" in given else given


def _addresses(parties: Parties, standing: Mapping[str, str | None], demo: Keys | None) -> dict[str, bytes]:
    """Every address by its name, or every fault among them at once."""
    written = {
        "utility": parties.utility,
        "network": parties.network,
        "reserve": parties.reserve,
        "guarantor": parties.guarantor,
        **({"governor": parties.governor} if standing["registry"] is None else {}),
    }
    holders = {"utility": "0", "network": "1", "reserve": "2", "guarantor": "guarantor", "governor": "governor"}
    found: dict[str, bytes] = {}
    faults: list[Fault] = []
    for name, text in {**written, **standing}.items():
        try:
            if text is not None:
                found[name] = parse_address(text)
            elif name in holders and demo is not None:
                found[name] = demo.address(holders[name])
            elif name in holders:
                faults.append(Fault(f"--{name}", "is not given", _MENDS.get(name, _MEND)))
        except ValueError as error:
            faults.append(Fault(f"--{name}", str(error)))
    if standing["registry"] is not None and parties.governor is not None:
        faults.append(Fault("--registry, --governor", "both are given", "a register that stands has its own governor"))
    if standing["asset"] is not None and standing["token"] is not None:
        faults.append(Fault("--asset, --token", "both are given", "a token that stands already has its own asset"))
    if faults:
        raise InputError("the market's parties are not known", faults)
    return found


def fee_cap(gwei: str) -> int:
    """Gwei as they were written, in wei; InputError if they are no price."""
    try:
        wei = Decimal(gwei) * _GWEI
    except InvalidOperation:
        wei = Decimal(0)
    if not wei.is_finite() or wei <= 0 or wei != wei.to_integral_value():
        raise InputError("the cap is no price", [Fault("--max-fee", f"{gwei!r} is no number of gwei", "e.g. 100")])
    return int(wei)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
