"""What an owner or a device signed, as JSON files: a standing permission, a key swap. Addresses, signatures in hex."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sunfair.errors import Fault, InputError
from sunfair.settlement.key_swap import KeySwap
from sunfair.settlement.top_up import Permission

__all__ = ["permission_content", "read_permission", "read_swap", "swap_content"]

_WORD = 2**256


def permission_content(permission: Permission, contract: bytes, chain_id: int, signature: bytes) -> dict[str, object]:
    """A signed permission as the content of its file."""
    place = {"chain_id": chain_id, "contract": _hex(contract), "signature": _hex(signature)}
    return {**place, "permission": _shown(asdict(permission))}


def swap_content(swap: KeySwap, old_signature: bytes, new_signature: bytes) -> dict[str, object]:
    """A signed key swap as the content of its file."""
    signed = {"old_signature": _hex(old_signature), "new_signature": _hex(new_signature)}
    return {"swap": _shown(asdict(swap)), **signed}


def read_permission(path: Path) -> tuple[Permission, bytes, int, bytes]:
    """Permission, contract, chain id and signature; InputError with every fault of the file."""
    reader = _Reader(path)
    inner = reader.table("permission")
    market, payer = (reader.bytes(inner, name, 20) for name in ("market", "payer"))
    account = reader.number(inner, "account")
    names = ("amount", "below", "per_day", "in_total", "expires", "nonce")
    numbers = [reader.number(inner, name) for name in names]
    contract, chain_id = reader.bytes(reader.root, "contract", 20), reader.number(reader.root, "chain_id")
    signature = reader.bytes(reader.root, "signature", 65)
    reader.done("a standing permission")
    return Permission(market, account, payer, *numbers), contract, chain_id, signature


def read_swap(path: Path) -> tuple[KeySwap, bytes, bytes]:
    """Swap and the signatures of the old and the new key; InputError with every fault of the file."""
    reader = _Reader(path)
    inner = reader.table("swap")
    account = reader.number(inner, "account")
    old_key, new_key = (reader.bytes(inner, name, 20) for name in ("old_key", "new_key"))
    numbers = [reader.number(inner, name) for name in ("from_slot", "import_wh", "export_wh")]
    old, new = (reader.bytes(reader.root, f"{name}_signature", 65) for name in ("old", "new"))
    reader.done("a key swap")
    return KeySwap(account, old_key, new_key, *numbers), old, new


class _Reader:
    """A JSON file read key by key; what is wrong is gathered, and said together by `done`."""

    def __init__(self, path: Path) -> None:
        self.path, self.faults = path, list[Fault]()
        self.root: Mapping[str, Any] = {}
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            self.faults.append(Fault(str(path), f"cannot be read: {error.strerror}"))
        except (ValueError, RecursionError) as error:
            self.faults.append(Fault(str(path), f"is no JSON: {error}"))
        else:
            if isinstance(found, dict):
                self.root = found
            else:
                self.faults.append(Fault(str(path), "is no JSON object"))

    def table(self, name: str) -> Mapping[str, Any]:
        found = self.root.get(name)
        if isinstance(found, dict):
            return found
        if self.root:
            self.faults.append(Fault(f"{self.path.name} '{name}'", "is missing or no object"))
        return {}

    def number(self, table: Mapping[str, Any], name: str) -> int:
        value = table.get(name)
        if type(value) is int and 0 <= value < _WORD:
            return value
        if table:
            self.faults.append(
                Fault(f"{self.path.name} '{name}'", f"is {value!r}; it must be a whole number from 0 on")
            )
        return 0

    def bytes(self, table: Mapping[str, Any], name: str, size: int) -> bytes:
        value = table.get(name)
        try:
            octets = bytes.fromhex(value[2:]) if isinstance(value, str) and value.startswith("0x") else b""
        except ValueError:
            octets = b""
        if len(octets) == size:
            return octets
        if table:
            self.faults.append(Fault(f"{self.path.name} '{name}'", f"must be 0x and {2 * size} hex digits"))
        return bytes(size)

    def done(self, what: str) -> None:
        """InputError if anything was wrong."""
        if self.faults:
            raise InputError(f"{self.path} is not {what}", self.faults)


def _shown(values: Mapping[str, object]) -> dict[str, object]:
    return {name: _hex(value) if isinstance(value, bytes) else value for name, value in values.items()}


def _hex(octets: bytes) -> str:
    return "0x" + octets.hex()
