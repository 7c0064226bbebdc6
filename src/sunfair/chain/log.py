"""A chain's log as text: one JSON object a line, first the genesis, then one line for each block.

    {"chain_id":31337,"format":"sunfair-chain-log/1","funded":{},"hash":"0x…","timestamp":0}
    {"hash":"0x…","number":1,"raw":"0x…","status":1,"timestamp":1465941600}

The same chain gives the same bytes. Reading executes everything again and compares line by line.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sunfair.chain.embedded import Block, EmbeddedChain
from sunfair.errors import Fault, LedgerError, RunFilesError

__all__ = ["FORMAT", "chain_lines", "replay"]

FORMAT = "sunfair-chain-log/1"
"""Name and version of the format, in the first line."""

_GENESIS = {"chain_id": int, "format": str, "funded": dict, "hash": str, "timestamp": int}
_BLOCK = {"hash": str, "number": int, "raw": str, "status": int, "timestamp": int}


def chain_lines(chain: EmbeddedChain) -> Iterator[str]:
    """The lines of a chain's log, without line ends."""
    yield _genesis_line(chain)
    for block in chain.blocks:
        yield _block_line(block)


def replay(lines: Iterable[str], source: str = "log.jsonl") -> EmbeddedChain:
    """Execute a log again in a fresh EVM: every signature, nonce, timestamp, status and hash is checked.

    RunFilesError if a line is no JSON object of the format; LedgerError, with `source` and line, if it is not what
    the chain gives.
    """
    rows = enumerate(lines, start=1)
    first = next(rows, None)
    if first is None:
        raise RunFilesError("the chain's log is empty", [Fault(source, "has no genesis line", "run again")])
    chain = _genesis(first[1], f"{source}, line 1")
    for number, line in rows:
        _block(chain, line, f"{source}, line {number}")
    return chain


def _genesis(line: str, place: str) -> EmbeddedChain:
    entry = _object(line, _GENESIS, place)
    if entry["format"] != FORMAT:
        raise LedgerError(f"{place}: the format is {entry['format']!r}, this version reads {FORMAT!r}")
    try:
        funded = {_bytes(address): _whole(balance) for address, balance in entry["funded"].items()}
        chain = EmbeddedChain(entry["chain_id"], timestamp=entry["timestamp"], funded=funded)
    except (ValueError, OverflowError) as error:
        raise LedgerError(f"{place}: no chain begins like this: {error}") from error
    _same(line, _genesis_line(chain), place)
    return chain


def _block(chain: EmbeddedChain, line: str, place: str) -> None:
    entry = _object(line, _BLOCK, place)
    if entry["number"] != chain.number + 1:
        raise LedgerError(f"{place}: block {entry['number']} stands where block {chain.number + 1} belongs")
    try:
        block = chain.include(_bytes(entry["raw"]), entry["timestamp"])
    except (LedgerError, ValueError, OverflowError) as error:
        raise LedgerError(f"{place}: {error}") from error
    if entry["status"] != block.status:
        words = {0: f"refused it ({block.reason or 'without a reason'})", 1: "took it"}
        raise LedgerError(f"{place}: the status says {entry['status']}, but the chain {words[block.status]}")
    _same(line, _block_line(block), place)


def _same(line: str, expected: str, place: str) -> None:
    """Whatever else was changed in a line shows in its hash."""
    if line != expected:
        raise LedgerError(
            f"{place}: the line was changed, or an earlier one is missing: executed again, the chain gives {expected}"
        )


def _object(line: str, fields: dict[str, type], place: str) -> dict[str, Any]:
    """The JSON object of a line, with exactly these fields."""
    # A line holds one object, the first one another in it: brackets by the thousand would overrun the parser's stack.
    if line.count("[") + line.count("{") > 2:
        raise LedgerError(f"{place}: it is not an object with exactly {', '.join(fields)}")
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise RunFilesError("the chain's log cannot be read", [Fault(place, f"is not JSON: {error}")]) from error
    if not isinstance(entry, dict) or entry.keys() != fields.keys():
        raise LedgerError(f"{place}: it is not an object with exactly {', '.join(fields)}")
    wrong = [name for name, kind in fields.items() if type(entry[name]) is not kind]
    if wrong or (fields is _BLOCK and entry["status"] not in (0, 1)):
        raise LedgerError(f"{place}: {', '.join(wrong) or 'status'} has a value that does not belong there")
    return entry


def _bytes(text: str) -> bytes:
    if not text.startswith("0x"):
        raise ValueError(f"{text[:20]!r} is not 0x and hexadecimal digits")
    return bytes.fromhex(text[2:])


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r} is not a whole number")
    return value


def _genesis_line(chain: EmbeddedChain) -> str:
    timestamp, funded = chain.genesis
    return _json(
        {
            "chain_id": chain.chain_id,
            "format": FORMAT,
            "funded": {"0x" + address.hex(): balance for address, balance in funded.items()},
            "hash": "0x" + chain.genesis_hash.hex(),
            "timestamp": timestamp,
        }
    )


def _block_line(block: Block) -> str:
    return _json(
        {
            "hash": "0x" + block.hash.hex(),
            "number": block.number,
            "raw": "0x" + block.raw.hex(),
            "status": int(block.status),
            "timestamp": block.timestamp,
        }
    )


def _json(entry: dict[str, Any]) -> str:
    return json.dumps(entry, sort_keys=True, separators=(",", ":"))
