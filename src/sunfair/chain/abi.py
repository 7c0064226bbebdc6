"""The contract ABI: calls, results, events and revert reasons as bytes. Addresses are 20 bytes on our side.

The codec (eth-abi) is loaded on first use: it takes half a second, and a signature needs none of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any

from sunfair.chain.keys import keccak
from sunfair.errors import LedgerError

__all__ = ["Abi", "Event", "decode", "encode", "revert_reason", "signature"]

_ERROR, _PANIC = keccak(b"Error(string)")[:4], keccak(b"Panic(uint256)")[:4]


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded log: the event's name and its arguments by name."""

    name: str
    args: Mapping[str, Any]


def encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """`abi.encode` of values, structs as dataclasses or tuples; ValueError if one does not fit its type."""
    from eth_abi.abi import encode as codec  # noqa: PLC0415
    from eth_abi.exceptions import EncodingError  # noqa: PLC0415

    try:
        return codec(types, [_codable(value) for value in values])
    except EncodingError as error:
        raise ValueError(f"not encodable as ({','.join(types)}): {error}") from error


def decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """The values in `abi.encode`d data, addresses as 20 bytes; LedgerError if it holds something else."""
    from eth_abi.abi import decode as codec  # noqa: PLC0415
    from eth_abi.exceptions import DecodingError  # noqa: PLC0415

    try:
        values = codec(types, data)
    except (DecodingError, ValueError, OverflowError) as error:
        raise LedgerError(f"the chain's answer is not ({','.join(types)}): {error}") from error
    return tuple(_plain(kind, value) for kind, value in zip(types, values, strict=True))


def _codable(value: Any) -> Any:
    """A dataclass as the tuple of its fields, also within lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(_codable(getattr(value, field.name)) for field in fields(value))
    return tuple(map(_codable, value)) if isinstance(value, list | tuple) else value


def revert_reason(output: bytes) -> str:
    """The contract's own word in the output of a refused call; empty if it gave none."""
    try:
        if output[:4] == _ERROR:
            return str(decode(["string"], output[4:])[0])
        if output[:4] == _PANIC:
            return f"panic 0x{decode(['uint256'], output[4:])[0]:02x}"
    except LedgerError:
        pass
    return f"0x{output.hex()}" if output else ""


def signature(entry: Mapping[str, Any]) -> str:
    """The canonical signature of an ABI entry, e.g. ``transfer(address,uint256)``."""
    return f"{entry['name']}({','.join(_types(entry['inputs']))})"


class Abi:
    """A contract's functions and events, made from its JSON ABI. Function names must be unique."""

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        self._functions = {entry["name"]: entry for entry in entries if entry["type"] == "function"}
        self._events = {keccak(signature(entry).encode()): entry for entry in entries if entry["type"] == "event"}
        makers = [entry for entry in entries if entry["type"] == "constructor"]
        self._constructor = _types(makers[0]["inputs"]) if makers else []

    def call(self, function: str, *args: Any) -> bytes:
        """The data that calls `function`."""
        entry = self._functions[function]
        return self.selector(function) + encode(_types(entry["inputs"]), args)

    def selector(self, function: str) -> bytes:
        """The first four bytes of a call of `function`."""
        return _selector(signature(self._functions[function]))

    def arguments(self, function: str, data: bytes) -> tuple[Any, ...] | None:
        """The arguments in a call's data, None if it calls something else."""
        if data[:4] != self.selector(function):
            return None
        return decode(_types(self._functions[function]["inputs"]), data[4:])

    def result(self, function: str, output: bytes) -> tuple[Any, ...]:
        """What `function` returned."""
        return decode(_types(self._functions[function]["outputs"]), output)

    def constructor(self, *args: Any) -> bytes:
        """The constructor's arguments as they follow the creation code."""
        return encode(self._constructor, args)

    def constructor_arguments(self, data: bytes) -> tuple[Any, ...]:
        """The arguments that `constructor` wrote."""
        return decode(self._constructor, data)

    def event(self, topics: Sequence[bytes], data: bytes) -> Event | None:
        """The event in a log, None if this ABI has no such event."""
        entry = self._events.get(topics[0]) if topics else None
        if entry is None:
            return None
        indexed = [part for part in entry["inputs"] if part["indexed"]]
        plain = [part for part in entry["inputs"] if not part["indexed"]]
        values = dict(zip((part["name"] for part in plain), decode(_types(plain), data), strict=True))
        for part, topic in zip(indexed, topics[1:], strict=True):
            values[part["name"]] = decode([part["type"]], topic)[0]
        return Event(entry["name"], values)


@cache
def _selector(text: str) -> bytes:
    return keccak(text.encode())[:4]


def _types(parts: Sequence[Mapping[str, Any]]) -> list[str]:
    return [_type(part) for part in parts]


def _type(part: Mapping[str, Any]) -> str:
    """The codec's name of a type: a struct is the list of its members, `(uint256,address)`."""
    kind: str = part["type"]
    return f"({','.join(_types(part['components']))}){kind[5:]}" if kind.startswith("tuple") else kind


def _plain(kind: str, value: Any) -> Any:
    """A decoded value with its addresses as 20 bytes, within structs and lists too."""
    if "address" not in kind:
        return value
    if isinstance(value, str):
        return bytes.fromhex(value[2:])
    if kind.endswith("]"):
        return tuple(_plain(kind[: kind.rindex("[")], part) for part in value)
    return tuple(_plain(inner, part) for inner, part in zip(_members(kind), value, strict=True))


def _members(kind: str) -> list[str]:
    """The types within a struct's type, `(a,(b,c),d[])` → a, (b,c), d[]."""
    members, depth = [""], 0
    for char in kind[1:-1]:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            members.append("")
        else:
            members[-1] += char
    return members
