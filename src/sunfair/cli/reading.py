"""Readers: `chain reader` names one, `watch DIR --account` looks as one."""

import os
from contextlib import closing
from pathlib import Path

from sunfair.audit.reader import Look, look_as
from sunfair.chain import RpcNetwork, SeededKeys, outbox_path, parse_address
from sunfair.chain.contracts import contract
from sunfair.chain.deployments import read_deployment
from sunfair.chain.keystore import open_keystore
from sunfair.chain.node import Node
from sunfair.chain.rpc import JsonRpc
from sunfair.chain.sending import Policy
from sunfair.cli.auditing import Where
from sunfair.cli.chaining import fee_cap
from sunfair.cli.show import bar, print_json, stderr, stdout
from sunfair.cli.signing import asked_password, node_url
from sunfair.errors import Fault, InputError
from sunfair.ports import Keys

__all__ = ["NOBODY", "private_folder", "run_look", "run_reader"]

NOBODY = "none"
"""Written in the place of an address: the account has no reader any more."""

_SHOWN = 20


def private_folder(place: Where | Path) -> Path:
    """The run's folder; InputError where a network was named: what is private is not on it."""
    if isinstance(place, Path):
        return place
    fault = Fault("--account, --rpc", "private rows are not on chain", "name a run's folder")
    raise InputError("there is nothing to look at for a reader", [fault])


def run_look(folder: Path, who: str, *, as_json: bool) -> int:
    """Print what is false of what the reader of `who` may see, the cause last; returns the exit code, 0 or 1."""
    with bar() as progress:
        task = progress.add_task("reader", total=None)

        def show(stage: str, done: int, total: int) -> None:
            progress.update(task, description=f"reader: {stage}", completed=done, total=total)

        look = look_as(folder, who, show)
    if as_json:
        found = [{"slot": one.slot, "account": one.account, "what": one.what} for one in look.false]
        read = {"reader": look.reader, "accounts": list(look.accounts), "rows": look.rows}
        print_json({"holds": not found, **read, "false": found})
    else:
        _tell(look)
    return 1 if look.false else 0


def _tell(look: Look) -> None:
    if not look.false:
        read = f"{look.rows} rows of {len(look.accounts)} account(s)"
        stdout.print(
            f"{look.reader}: {read}, their offers, fills, readings, payments and amounts all hold.", markup=False
        )
        return
    if len(look.false) > _SHOWN:
        stderr.print(f"{len(look.false)} findings; the last {_SHOWN}, the one nearest to the cause at the end:")
    for one in look.false[-_SHOWN:]:
        stdout.print(str(one), markup=False, soft_wrap=True)


def run_reader(
    name: str,
    account: int,
    reader: str,
    *,
    rpc_url: str | None,
    folder: Path,
    max_fee: str,
    demo_keys: int | None,
    as_json: bool,
) -> None:
    """Name who may look and demand for an account; its owner signs. InputError if the key is another's."""
    address, policy = _address(reader), Policy(fee_cap=fee_cap(max_fee))
    rpc = JsonRpc(node_url(rpc_url))
    with closing(rpc):
        chain_id, holder = Node(rpc).chain_id(), str(account)
        market = read_deployment(folder, chain_id, name).deployment.market
        keys: Keys = (
            open_keystore(os.environ, password=asked_password(), holder=holder)
            if demo_keys is None
            else SeededKeys(demo_keys, chain_id)
        )
        abi, own = contract("EnergyMarket").abi, keys.address(holder)
        outbox = outbox_path(folder, chain_id, own)
        with RpcNetwork.connect(rpc, chain_id=chain_id, outbox=outbox, policy=policy) as network:
            if not 0 <= account < int(abi.result("accounts", network.call(market, abi.call("accounts")))[0]):
                raise InputError(f"{name} has no account {account}", [Fault("ACCOUNT", "was never opened")])
            owner = bytes(abi.result("owner_of", network.call(market, abi.call("owner_of", account)))[0])
            if owner != own:
                fault = Fault("ETH_KEYSTORE", f"holds the key of 0x{own.hex()}", f"sign with that of 0x{owner.hex()}")
                raise InputError(f"account {account} is another's", [fault])
            call = abi.call("name_reader", account, address)
            sent = network.transact(keys, holder, market, call, timestamp=0)
    if as_json:
        print_json({"account": account, "reader": f"0x{address.hex()}", "timestamp": sent.timestamp})
        return
    told = f"has 0x{address.hex()} as its reader" if any(address) else "has no reader any more"
    stdout.print(f"{name}: account {account} {told}.", soft_wrap=True, markup=False)


def _address(text: str) -> bytes:
    if text == NOBODY:
        return bytes(20)
    try:
        return parse_address(text)
    except ValueError as error:
        raise InputError(
            "the reader is not known", [Fault("READER", str(error), f"an address, or {NOBODY}")]
        ) from error
