"""Deployments as files, `deployments/<chain id>/<community>.json`, in the way of Hardhat and Foundry projects.

    {"chain_id":11155111,"community":{"id":"0x…","name":"Sonnenweg"},"contracts":{"market":{"address":"0x…",
     "block":812,"contract":"EnergyMarket","transaction":"0x…"},…},"format":"sunfair-deployment-file/1","charter":{…}}

A file is written after each contract, so that a deployment that was cut short goes on where it stopped; it is whole
when no contract is missing. What all communities of a chain share stands in `_shared.json`. The files hold nothing
secret; `outbox-<address>.jsonl` beside them is the outbox of whoever deploys (see `sunfair.chain.outbox`).
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sunfair.chain.contract_set import MARKET_SET, Charter, numbers_of
from sunfair.chain.deployment import Deployment, Made, deployment_of
from sunfair.chain.shallow_json import loads
from sunfair.errors import Fault, InputError, LedgerError

__all__ = [
    "FORMAT",
    "Standing",
    "content_of",
    "made_content",
    "read_made",
    "read_object",
    "read_standing",
    "write_object",
]

_NUMBERS = ("slot_seconds", "gate_seconds", "window_seconds", "takeover_seconds", "escape_seconds", "bond_amount")

FORMAT = "sunfair-deployment-file/1"
"""Name and version of the format."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of a community's market: its name, its charter, and its contracts by role."""

    name: str
    chain_id: int
    charter: Charter
    made: Mapping[str, Made]

    @property
    def missing(self) -> list[str]:
        """Names of the contracts that are not there yet."""
        return [piece.contract for piece in MARKET_SET if piece.role not in self.made]

    @property
    def deployment(self) -> Deployment:
        """The deployment; LedgerError if it was cut short."""
        if self.missing:
            raise LedgerError(f"{self.name} lacks {', '.join(self.missing)}: run `sunfair chain deploy` again")
        return deployment_of(self.chain_id, self.charter, self.made)


def content_of(standing: Standing) -> dict[str, Any]:
    """What its file says."""
    charter = standing.charter
    contracts = {piece.role: piece.contract for piece in MARKET_SET}
    return {
        "format": FORMAT,
        "chain_id": standing.chain_id,
        "community": {"name": standing.name, "id": "0x" + charter.community.hex()},
        "contracts": {role: made_content(contracts[role], made) for role, made in sorted(standing.made.items())},
        "charter": {
            "operator": "0x" + charter.operator.hex(),
            "guarantor": "0x" + charter.guarantor.hex(),
            "utility": "0x" + charter.roles[0].hex(),
            "network": "0x" + charter.roles[1].hex(),
            "reserve": "0x" + charter.roles[2].hex(),
            "governor": "0x" + charter.governor.hex(),
            **{name: getattr(charter, name) for name in _NUMBERS},
        },
    }


def made_content(name: str, made: Made) -> dict[str, Any]:
    """One contract as a file says it."""
    entry: dict[str, Any] = {"address": "0x" + made.address.hex()}
    if made.transaction_hash is not None:
        entry |= {"contract": name, "transaction": "0x" + made.transaction_hash.hex(), "block": made.block}
    return entry


def read_standing(path: Path) -> Standing:
    """What a file says; InputError if it cannot be read or is none."""
    content = read_object(path)
    try:
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}, this version reads {FORMAT!r}")
        charter = content["charter"]
        roles = tuple(_octets(charter[role], 20) for role in ("utility", "network", "reserve"))
        numbers = numbers_of(lambda name: int(charter[name]))
        parties = _octets(charter["operator"], 20), _octets(charter["guarantor"], 20), (roles[0], roles[1], roles[2])
        made = {role: read_made(path, entry) for role, entry in content["contracts"].items()}
        whose = content["community"]
        read = Charter(_octets(whose["id"], 32), *parties, *numbers, _octets(charter["governor"], 20))
        return Standing(str(whose["name"]), int(content["chain_id"]), read, made)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise _broken(path, error) from error


def read_made(path: Path, entry: Any) -> Made:
    """One contract of a file; InputError if it is none."""
    try:
        made = entry.get("transaction")
        if made is None:
            return Made(_octets(entry["address"], 20))
        return Made(_octets(entry["address"], 20), _octets(made, 32), int(entry["block"]))
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise _broken(path, error) from error


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; InputError if it cannot be read or is none."""
    try:
        content = loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _broken(path, error) from error
    if not isinstance(content, dict):
        raise _broken(path, "it is no object")
    return content


def _broken(path: Path, error: object) -> InputError:
    fault = Fault(str(path), f"is no deployment file: {error!r}", "restore it; `sunfair chain deploy` writes it anew")
    return InputError("the deployment cannot be read", [fault])


def write_object(path: Path, content: Mapping[str, Any]) -> None:
    """Write a whole file, or leave the one that was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(content, indent=1, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def _octets(text: str, size: int) -> bytes:
    data = bytes.fromhex(text[2:]) if text.startswith("0x") else b""
    if len(data) != size:
        raise ValueError(f"{text!r} is not 0x and {2 * size} hexadecimal digits")
    return data
