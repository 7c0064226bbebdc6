"""The `chain/` folder of a run on a network: where its market stands, and between which blocks it ran.

* `network.json`: ``{"first_block":3,"format":"sunfair-network/1","last_block":1045}``
* `deployment.json`: as a deployment file (see `deployment_file`)

What stands on chain is read from a node of that chain: such a folder proves nothing by itself. No node is named: its
address may hold a key.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from sunfair.chain.deployment_file import Standing, content_of, read_object, read_standing, write_object
from sunfair.errors import Fault, RunFilesError

__all__ = [
    "FORMAT",
    "NETWORK_FILE",
    "NetworkRun",
    "is_network_run",
    "needs_network",
    "read_network_run",
    "save_network_run",
]

NETWORK_FILE = "network.json"
FORMAT = "sunfair-network/1"
"""Name and version of the format."""

_DEPLOYMENT = "deployment.json"


@dataclass(frozen=True, slots=True)
class NetworkRun:
    """Where a run's market stands, and the first and last block of the run."""

    standing: Standing
    first_block: int
    last_block: int


def save_network_run(run: NetworkRun, folder: Path) -> None:
    """Write the folder of a run on a network, made if absent."""
    folder.mkdir(parents=True, exist_ok=True)
    write_object(folder / _DEPLOYMENT, content_of(run.standing))
    blocks = {"format": FORMAT, "first_block": run.first_block, "last_block": run.last_block}
    write_object(folder / NETWORK_FILE, blocks)


def is_network_run(folder: Path) -> bool:
    """Whether a run's `chain/` folder is that of a run on a network."""
    return (folder / NETWORK_FILE).is_file()


def read_network_run(folder: Path) -> NetworkRun:
    """What the folder says; InputError if it cannot be read."""
    blocks, standing = read_object(folder / NETWORK_FILE), read_standing(folder / _DEPLOYMENT)
    numbers = blocks.get("first_block"), blocks.get("last_block")
    if blocks.get("format") != FORMAT or not all(type(number) is int for number in numbers):
        fault = Fault(str(folder / NETWORK_FILE), f"is not {json.dumps(FORMAT)} with first_block and last_block")
        raise RunFilesError("the run's chain cannot be read", [fault])
    return NetworkRun(standing, blocks["first_block"], blocks["last_block"])


def needs_network(folder: Path) -> RunFilesError:
    """The error of reading such a run without a node."""
    chain_id = read_network_run(folder).standing.chain_id
    fault = Fault(str(folder), f"the run was made on the network of chain {chain_id}", "name a node of it: --rpc URL")
    return RunFilesError("what stands on chain is not in the run's folder", [fault])
