"""Deploying a community's market to a network and finding it again, by the files of `deployment_file`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sunfair.chain.contract_set import MARKET_SET, Charter, Piece
from sunfair.chain.deployment import Made, check_made, creation_code, deploy
from sunfair.chain.deployment_file import (
    Standing,
    content_of,
    made_content,
    read_made,
    read_object,
    read_standing,
    write_object,
)
from sunfair.chain.keys import keccak
from sunfair.chain.network import Network
from sunfair.errors import Fault, InputError
from sunfair.ports import Clock, Keys

__all__ = ["deploy_community", "list_deployments", "outbox_path", "read_deployment"]

_SHARED = "_shared"


def deploy_community(
    network: Network, keys: Keys, clock: Clock, name: str, charter: Charter, folder: Path, *, given: Mapping[str, bytes]
) -> Standing:
    """Create what is missing of a community's market and write it down; everything that stands is checked first.

    `given` are addresses by role (`asset`, `token`) that stood before. InputError if the file was begun with another
    charter, LedgerError if what stands is not what the file says.
    """
    path = _path(folder, network.chain_id, name)
    asked = Standing(name, network.chain_id, charter, {role: Made(address) for role, address in given.items()})
    shared = _shared(folder, network.chain_id, charter)
    standing = read_standing(path) if path.exists() else replace(asked, made={**asked.made, **shared})
    _same(path, standing, asked)
    check_made(network, charter, standing.made)

    def note(piece: Piece, made: Made) -> None:
        nonlocal standing
        standing = replace(standing, made={**standing.made, piece.role: made})
        write_object(path, content_of(standing))
        if piece.shared:
            _share(folder, standing, piece)

    deploy(network, keys, clock, charter, made=standing.made, note=note)
    write_object(path, content_of(standing))
    check_made(network, charter, standing.made)
    return standing


def read_deployment(folder: Path, chain_id: int, name: str) -> Standing:
    """The file of a community; InputError if there is none, or it is none."""
    path = _path(folder, chain_id, name)
    if not path.is_file():
        there = ", ".join(standing.name for standing in list_deployments(folder, chain_id)) or "none"
        fault = Fault(str(path), f"is not there; on chain {chain_id} there are: {there}", "run `sunfair chain deploy`")
        raise InputError(f"{name} is not deployed", [fault])
    return read_standing(path)


def list_deployments(folder: Path, chain_id: int) -> list[Standing]:
    """Every community's file of a chain, by name."""
    files = sorted((folder / str(chain_id)).glob("*.json"))
    return [read_standing(path) for path in files if path.stem != _SHARED]


def outbox_path(folder: Path, chain_id: int, sender: bytes) -> Path:
    """Where the transactions of one key on one chain are kept on their way."""
    return folder / str(chain_id) / f"outbox-0x{sender.hex()}.jsonl"


def _path(folder: Path, chain_id: int, name: str) -> Path:
    slug = "".join(char if char.isalnum() else "-" for char in name.lower()).strip("-")
    if not slug:
        raise InputError("the community has no name", [Fault("NAME", f"{name!r} has no letter", "name the community")])
    return folder / str(chain_id) / f"{slug}.json"


def _same(path: Path, standing: Standing, asked: Standing) -> None:
    """A market is made once: with another charter it would be another one."""
    old, new = _facts(standing), _facts(asked)
    faults = [
        Fault(str(path), f"{field} is {old.get(field, 'not there yet')}, {value} is asked for")
        for field, value in new.items()
        if old.get(field) != value
    ]
    if faults:
        raise InputError("a deployment of that name was begun with another charter; give that, or another name", faults)


def _facts(standing: Standing) -> dict[str, object]:
    """Everything that may not change, by name."""
    content = content_of(standing)
    addresses = {role: entry["address"] for role, entry in content["contracts"].items()}
    return {"name": standing.name, "chain id": standing.chain_id, **content["charter"], **addresses}


def _shared(folder: Path, chain_id: int, charter: Charter) -> dict[str, Made]:
    """Shared contracts of this chain that were made just as this version makes them."""
    path = folder / str(chain_id) / f"{_SHARED}.json"
    content = read_object(path) if path.is_file() else {}
    found: dict[str, Made] = {}
    for piece in MARKET_SET:
        entry = content.get(piece.role) if piece.shared else None
        if isinstance(entry, dict) and entry.get("creation") == _creation_hash(piece, charter, found):
            found[piece.role] = read_made(path, entry)
    return found


def _share(folder: Path, standing: Standing, piece: Piece) -> None:
    path = folder / str(standing.chain_id) / f"{_SHARED}.json"
    content = read_object(path) if path.is_file() else {}
    creation = _creation_hash(piece, standing.charter, standing.made)
    entry = {**made_content(piece.contract, standing.made[piece.role]), "creation": creation}
    write_object(path, {**content, piece.role: entry})


def _creation_hash(piece: Piece, charter: Charter, made: Mapping[str, Made]) -> str | None:
    """Hash of what creates a contract, those it relies on included; None while one of them is missing."""
    try:
        return "0x" + keccak(creation_code(piece, charter, made)).hex()
    except KeyError:
        return None
