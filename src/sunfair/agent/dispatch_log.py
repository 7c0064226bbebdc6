"""The record of an agent's decisions: append-only, each entry sealed with the one before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sunfair.agent.dispatch_device import Measured, Targets, Told

__all__ = ["FIRST", "Entry", "broken_at", "sealed"]

FIRST = bytes(32)
"""What stands before the first entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision: hash of all that went in, the plan's levels, the command (W; None: none written), what the device
    showed, why; and the seal over this and the seal before it, 32 bytes.
    """

    at_s: int
    inputs: bytes
    targets: Targets
    command_w: int | None
    read_back_w: int | None
    why: str
    seal: bytes


def sealed(before: bytes, measured: Measured, targets: Targets, command_w: int | None, told: Told) -> Entry:
    """The entry that follows the one with the seal `before`."""
    inputs = sha256(repr((measured, targets)).encode()).digest()
    entry = Entry(measured.at_s, inputs, targets, command_w, measured.told_w, told.why, b"")
    return Entry(entry.at_s, inputs, targets, command_w, measured.told_w, told.why, _seal(before, entry))


def broken_at(entries: Sequence[Entry]) -> int | None:
    """The place of the first entry that does not follow from the one before; None: the record is whole."""
    before = FIRST
    for place, entry in enumerate(entries):
        if entry.seal != _seal(before, entry):
            return place
        before = entry.seal
    return None


def _seal(before: bytes, entry: Entry) -> bytes:
    told = (entry.at_s, entry.inputs, entry.targets, entry.command_w, entry.read_back_w, entry.why)
    return sha256(before + repr(told).encode()).digest()
