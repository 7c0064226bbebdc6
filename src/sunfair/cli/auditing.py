"""`audit`: a run's folder, or the public part of a market from its chain alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sunfair.audit import audit
from sunfair.audit.public import PublicAudit, audit_public
from sunfair.chain import JsonRpc, RpcNetwork, check_made, outbox_path, parse_address
from sunfair.chain.deployment import Deployment
from sunfair.chain.deployment_file import Standing, read_standing
from sunfair.chain.follow import Follower
from sunfair.chain.keys import DEMO_CHAINS
from sunfair.chain.lookup import market_at
from sunfair.chain.network_folder import is_network_run, read_network_run
from sunfair.chain.node import Node
from sunfair.cli.show import bar, print_json, stderr, stdout
from sunfair.errors import Fault, InputError, LedgerError

__all__ = ["Where", "followed", "place_of", "print_public", "run_audit", "run_public_audit"]

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Where:
    """A market on a network as it was named on the command line; None where nothing was said."""

    rpc: str
    market: str | None = None
    deployment: Path | None = None
    from_block: int | None = None
    beacon: str | None = None


def run_audit(folder: Path, *, as_json: bool) -> int:
    """Print what is wrong with a run, the cause last; returns the exit code, 0 or 1."""
    with bar() as progress:
        task = progress.add_task("audit", total=None)

        def show(stage: str, done: int, total: int) -> None:
            progress.update(task, description=f"audit: {stage}", completed=done, total=total)

        findings = audit(folder, show)
    if as_json:
        found = [{"slot": f.slot, "account": f.account, "what": f.what} for f in findings]
        print_json({"holds": not findings, "findings": found})
    elif not findings:
        stdout.print(f"{folder}: every price, fill, payment, balance and root holds, and the chain agrees.")
    else:
        if len(findings) > _SHOWN:
            stderr.print(f"{len(findings)} findings; the last {_SHOWN}, the one nearest to the cause at the end:")
        for finding in findings[-_SHOWN:]:
            stdout.print(str(finding), markup=False, soft_wrap=True)
    return 1 if findings else 0


def run_public_audit(where: Where, *, as_json: bool) -> int:
    """Print what is false or missing of a market's public part, the cause last; returns the exit code, 0 or 1.

    InputError, exit code 2, where the market or the network is not what was named, or cannot be reached.
    """
    with bar() as progress, followed(where) as follower:
        task = progress.add_task("audit: the chain's events", total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, description="audit: auctions", completed=done, total=total)

        try:
            follower.update()
            told = audit_public(follower, show)
        except LedgerError as error:
            raise _unreadable(error) from error
    return print_public(told, as_json=as_json)


def print_public(told: PublicAudit, *, as_json: bool) -> int:
    """Print what a look at the public part found, the cause last; returns the exit code, 0 or 1."""
    if as_json:
        print_json(_plain(told))
    else:
        _tell(told)
    return 0 if told.holds else 1


def place_of(
    folder: Path | None,
    rpc: str | None,
    *,
    market: str | None,
    deployment: Path | None,
    from_block: int | None,
    beacon: str | None,
) -> Where | Path:
    """What is meant: a run's folder, or a market on a network. InputError unless it is clear which."""
    given = {"--market": market, "--deployment": deployment, "--from-block": from_block, "--beacon": beacon}
    if rpc is not None:
        if folder is not None and deployment is None and market is None and is_network_run(folder / "chain"):
            return Where(rpc, None, folder, from_block, beacon)
        if folder is not None:
            fault = Fault("DIR, --rpc", f"{folder} holds its own chain, or another market is named", "name one of them")
            raise InputError("which market is meant is not clear", [fault])
        return Where(rpc, market, deployment, from_block, beacon)
    faults = [Fault(name, "needs a node", "name one: --rpc URL") for name, value in given.items() if value is not None]
    if folder is None or faults:
        faults = faults or [Fault("DIR, --rpc", "neither is given", "name a run's folder, or a node: --rpc URL")]
        raise InputError("there is nothing to look at", faults)
    return folder


@contextmanager
def followed(where: Where, *, sender: bytes | None = None, outboxes: Path = Path("deployments")) -> Iterator[Follower]:
    """The market that was named, nothing read of it yet; InputError where it is not there, or nobody answers.

    Transactions of `sender`, if there will be any, are kept in the folder of `outboxes` until they are final.
    """
    rpc = JsonRpc(where.rpc)
    beacon = None if where.beacon is None else JsonRpc(where.beacon)
    try:
        try:
            outbox = None if sender is None else outbox_path(outboxes, Node(rpc).chain_id(), sender)
            network = RpcNetwork.connect(rpc, outbox=outbox)
        except LedgerError as error:
            raise _unreadable(error) from error
        try:
            deployment = _deployment(network, where)
        except LedgerError as error:
            raise _unreadable(error) from error
        if beacon is None and network.chain_id in DEMO_CHAINS:
            beacon = rpc  # a development node has no beacon chain: it serves blobs itself
        with network:
            yield Follower(network, deployment, beacon=beacon)
    finally:
        rpc.close()
        if beacon is not None:
            beacon.close()


def _deployment(network: RpcNetwork, where: Where) -> Deployment:
    if (where.market is None) == (where.deployment is None):
        fault = Fault("--market, --deployment", "name one of them", "--market 0x…, or --deployment FILE")
        raise InputError("which market is meant is not clear", [fault])
    if where.market is not None:
        try:
            address = parse_address(where.market)
        except ValueError as error:
            raise InputError("the market is not known", [Fault("--market", str(error))]) from error
        return market_at(network, address, first_block=where.from_block or 0)
    assert where.deployment is not None
    standing = _standing(where.deployment)
    if standing.chain_id != network.chain_id:
        fault = Fault("--rpc", f"is of chain {network.chain_id}", f"name a node of chain {standing.chain_id}")
        raise InputError(f"{where.deployment} is on another chain than the node", [fault])
    check_made(network, standing.charter, standing.made)
    deployment = standing.deployment
    return deployment if where.from_block is None else replace(deployment, block=where.from_block)


def _standing(path: Path) -> Standing:
    """The deployment file, or the one in the folder of a run on a network."""
    inside = path / "chain"
    if path.is_dir() and is_network_run(inside):
        return read_network_run(inside).standing
    return read_standing(path)


def _unreadable(error: LedgerError) -> InputError:
    return InputError(f"the chain cannot be read: {error}")


def _plain(told: PublicAudit) -> dict[str, object]:
    """The same for JSON."""
    checked = ("periods", "slots", "rows", "void", "applied", "pending", "cancelled", "shares", "balances", "plants")
    convictions = [
        {"kind": one.kind, "slot": one.slot, "offender": f"0x{one.offender.hex()}", "slashed": one.slashed}
        for one in told.convictions
    ]
    return {
        "holds": told.holds,
        "chain_id": told.chain_id,
        "market": f"0x{told.market.hex()}",
        "head": told.head,
        "checked": {name: getattr(told, name) for name in checked},
        "convictions": convictions,
        "missing": [{"slot": one.slot, "leaf": one.leaf, "what": one.what} for one in told.missing],
        "false": [{"slot": one.slot, "leaf": one.leaf, "what": one.what} for one in told.false],
    }


def _tell(told: PublicAudit) -> None:
    if told.market:
        _tell_checked(told)
    if told.holds:
        stdout.print("Everything public holds.")
        return
    if len(told.lines) > _SHOWN:
        stderr.print(f"{len(told.lines)} findings; the last {_SHOWN}, the one nearest to the cause at the end:")
    for one in told.lines[-_SHOWN:]:
        stdout.print(str(one), markup=False, soft_wrap=True)


def _tell_checked(told: PublicAudit) -> None:
    """What was looked at, and what could not be."""
    stdout.print(f"chain {told.chain_id}, market 0x{told.market.hex()}, up to block {told.head}", soft_wrap=True)
    settled = told.applied + told.pending
    lines = (
        f"{told.periods} period(s) rebuilt: the headers hash to the anchors, the rows to the headers' roots",
        f"{told.slots} auction(s) of {told.rows} rows cleared again under the chain's terms; {told.void} void slot(s)",
        f"{settled} settlement(s), {told.applied} applied: zero sum, cover, reserve's bound; {told.cancelled} undone",
        f"{told.shares} of them with the network's share as the headers give it",
        f"{told.balances} balances against all that was paid in, paid out and settled",
        *(
            [f"{told.plants} plant(s): what their agents sent on, beside what was settled for them"]
            if told.plants
            else []
        ),
        f"{len(told.convictions)} conviction(s)",
    )
    for line in lines:
        stdout.print(f"  {line}", markup=False, soft_wrap=True)
    stdout.print(
        "  not on chain, so not looked at: private rows, readings, arrears, who has which leaf", soft_wrap=True
    )
