"""The `chain/` folder of a run: `log.jsonl` (the chain's whole log) and `deployment.json` (what stands where).

`deployment.json` holds nothing that the log does not: reading derives it again and compares.
"""

import json
from dataclasses import replace
from pathlib import Path

from sunfair.chain.deployment import Deployment, find_deployment
from sunfair.chain.embedded import EmbeddedChain
from sunfair.chain.log import chain_lines, replay
from sunfair.chain.network_folder import is_network_run, needs_network
from sunfair.chain.plant_office import read_plants
from sunfair.chain.record import read_record
from sunfair.errors import Fault, LedgerError, RunFilesError
from sunfair.ports import ChainRecord

__all__ = ["DEPLOYMENT_FILE", "LOG_FILE", "read_chain", "save_chain"]

LOG_FILE = "log.jsonl"
DEPLOYMENT_FILE = "deployment.json"

_FORMAT = "sunfair-deployment/2"


def save_chain(chain: EmbeddedChain, deployment: Deployment, folder: Path) -> None:
    """Write a chain and its market into `folder`, made if absent. The same chain gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    log = "".join(f"{line}\n" for line in chain_lines(chain))
    (folder / LOG_FILE).write_bytes(log.encode())
    (folder / DEPLOYMENT_FILE).write_bytes(_text(chain, deployment).encode())


def read_chain(folder: Path) -> ChainRecord:
    """Execute a run's chain again and read what it says.

    RunFilesError if a file is absent or not JSON, or if the run was made on a network; LedgerError, naming file and
    line, if anything in the log is not what the chain gives, or `deployment.json` is not what the log says.
    """
    if is_network_run(folder):
        raise needs_network(folder)
    log, described = _read(folder)
    chain = replay(log.splitlines(), LOG_FILE)
    deployment = find_deployment(chain)
    if described != json.loads(_text(chain, deployment)):
        raise LedgerError(f"{DEPLOYMENT_FILE}: it does not describe the market and the head block of {LOG_FILE}")
    record = read_record(chain, deployment)
    return replace(record, plants=read_plants(chain, deployment, record.owners))


def _read(folder: Path) -> tuple[str, object]:
    """Both files' content, or every fault of both."""
    faults: list[Fault] = []
    texts: list[str] = []
    for name in (LOG_FILE, DEPLOYMENT_FILE):
        try:
            texts.append((folder / name).read_text(encoding="utf-8"))
        except OSError as error:
            faults.append(Fault(str(folder / name), f"cannot be read: {error.strerror}", "run again"))
        except UnicodeDecodeError:
            faults.append(Fault(str(folder / name), "is not text in UTF-8", "run again"))
    if faults:
        raise RunFilesError("the run's chain cannot be read", faults)
    # Brackets by the thousand would overrun the parser's stack; a description has three.
    if texts[1].count("[") + texts[1].count("{") > 3:
        raise LedgerError(f"{DEPLOYMENT_FILE}: it does not describe a market")
    try:
        return texts[0], json.loads(texts[1])
    except ValueError as error:
        fault = Fault(str(folder / DEPLOYMENT_FILE), f"is not JSON: {error}", "run again")
        raise RunFilesError("the run's chain cannot be read", [fault]) from error


def _text(chain: EmbeddedChain, deployment: Deployment) -> str:
    charter = deployment.charter
    parties = charter.operator, charter.guarantor, *charter.roles
    names = "operator", "guarantor", "utility", "network", "reserve"
    times = "slot_seconds", "gate_seconds", "window_seconds", "takeover_seconds", "escape_seconds", "bond_amount"
    content = {
        "format": _FORMAT,
        "chain_id": deployment.chain_id,
        "contracts": {
            "SimulatedEuro": _hex(deployment.asset),
            "EnergyCredit": _hex(deployment.token),
            "EnergyMarket": _hex(deployment.market),
            **{name: _hex(address) for name, address in sorted(deployment.others.items())},
        },
        "community": _hex(charter.community),
        **{name: _hex(address) for name, address in zip(names, parties, strict=True)},
        **{name: getattr(charter, name) for name in times},
        "head": {"number": chain.number, "timestamp": chain.timestamp, "hash": _hex(chain.hash)},
    }
    return json.dumps(content, indent=1) + "\n"


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
