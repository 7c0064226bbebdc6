"""`watch`: an independent watcher, once of a run's folder, or of a market on a network for as long as one likes."""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import typer

from sunfair.audit.public_files import watch_folder
from sunfair.chain import DEMO_CHAINS, RpcNetwork, SeededKeys
from sunfair.chain.keystore import open_keystore
from sunfair.cli.auditing import Where, followed, print_public
from sunfair.cli.show import print_json
from sunfair.cli.signing import ended_by_signals, look_on
from sunfair.errors import Fault, InputError, LedgerError
from sunfair.ports import Keys
from sunfair.wiring.remote_demands import Demands
from sunfair.wiring.remote_purse import WATCHER, Challenger
from sunfair.wiring.remote_watch import Watcher

__all__ = ["Signer", "run_watch", "run_watch_folder"]


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose key signs challenges: a V3 keystore, or on a local chain demonstration keys; none of both: nobody's."""

    keystore: Path | None = None
    demo_keys: int | None = None

    def keys(self) -> Keys | None:
        """The watcher's keys; InputError if they cannot be opened."""
        if self.keystore is not None and self.demo_keys is not None:
            raise InputError("who signs is not clear", [Fault("--keystore, --demo-keys", "both are given")])
        if self.demo_keys is not None:
            return SeededKeys(self.demo_keys)
        if self.keystore is None:
            return None
        named = {**os.environ, "ETH_KEYSTORE": str(self.keystore)}
        asked = not os.environ.get("ETH_PASSWORD") and os.isatty(0)
        password = typer.prompt("Password of the keystore", hide_input=True, err=True) if asked else None
        return open_keystore(named, password=password, holder=WATCHER)


def run_watch_folder(folder: Path, *, as_json: bool) -> int:
    """Look at the public part of a run's folder once; returns the exit code, 0 or 1."""
    return print_public(watch_folder(folder), as_json=as_json)


def run_watch(
    where: Where, *, signer: Signer, once: bool, gas_budget: int, poll: float, outboxes: Path, as_json: bool = False
) -> int:
    """Watch a market, once or until interrupted; exit code 1 if in the end something false or missing stands, else 0.

    With `as_json` what happens is told on stderr, and what stands in the end in one object on stdout. InputError, exit
    code 2, where the market or the network is not what was named, or does not answer at the start.
    """
    keys = signer.keys()
    sender = None if keys is None else keys.address(WATCHER)
    with ended_by_signals(), followed(where, sender=sender, outboxes=outboxes) as follower:
        network = follower.network
        assert isinstance(network, RpcNetwork)
        if signer.demo_keys is not None and network.chain_id not in DEMO_CHAINS:
            fault = Fault("--demo-keys", f"anyone can derive them; chain {network.chain_id} is no local one")
            raise InputError("demonstration keys sign on local chains alone", [fault])
        challenger = None if keys is None else Challenger(follower, network, keys, gas_budget)
        tell = partial(typer.echo, err=as_json)
        demands = None if challenger is None else Demands(follower, network, challenger, tell)
        watcher = Watcher(follower, tell, challenger, demands)
        place = f"chain {network.chain_id}, market 0x{follower.deployment.market.hex()}"
        tell(f"{place}: {_signing(sender, gas_budget)}")
        if once:
            _look_once(watcher)
        else:
            look_on(watcher.look, poll)
        return _summed_up(watcher, challenger, as_json=as_json)


def _signing(sender: bytes | None, gas_budget: int) -> str:
    if sender is None:
        return "no key is given, so what is false is told and not challenged"
    return f"challenges are signed by 0x{sender.hex()} and cost at most {gas_budget} gas in all"


def _look_once(watcher: Watcher) -> None:
    try:
        watcher.look()
    except LedgerError as error:
        if not watcher.watched:
            raise InputError(f"the chain cannot be read: {error}") from error
        typer.echo(str(error), err=True)


def _summed_up(watcher: Watcher, challenger: Challenger | None, *, as_json: bool) -> int:
    """The last words; the cause of what stands is in the last line."""
    standing = watcher.standing
    if as_json:
        stands = [{"slot": one.slot, "leaf": one.leaf, "what": one.what} for one in standing]
        gas = 0 if challenger is None else challenger.spent
        print_json({"holds": not standing, "watched": watcher.watched, "gas_spent": gas, "standing": stands})
        return 1 if standing else 0
    spent = "" if challenger is None else f", {challenger.spent} of {challenger.budget} gas spent"
    typer.echo(f"{watcher.watched} open period(s) watched, {len(standing)} false or missing thing(s) stand{spent}")
    for told in standing:
        typer.echo(str(told))
    return 1 if standing else 0
