"""The public part of consecutive slots as one compact string: laid out on chain, so that anyone can clear again.

``0x02 ‖ deflate(slots u4 ‖ per slot: rows u4 ‖ header 324 ‖ envelope root 32 ‖ rows 200·n, column by column)``. A slot
without an auction (void before it was held) has 0 rows, no header and no root. Columns stand together because they are
alike: most curves are empty, most limits are the same; only the 32 bytes of each book leaf do not compress.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import InputError
from sunfair.model import Curves
from sunfair.settlement.hashing import ZERO_HASH
from sunfair.settlement.result import ResultRows
from sunfair.units import STEPS_MAX

__all__ = ["HEADER_BYTES", "ROW_BYTES", "PublicSlot", "decode_public", "encode_public", "result_rows"]

HEADER_BYTES, ROW_BYTES = 324, 200

_VERSION = b"\x02"
_ROWS_MAX = 4_096
_ROOT_BYTES = 32


@dataclass(frozen=True, slots=True)
class PublicSlot:
    """A slot as published: the header's preimage (empty: none was held), its rows uint8[n, 200] in leaf order, and what
    its operating envelopes hang on.
    """

    header: bytes
    rows: NDArray[np.uint8]
    envelope_root: bytes = ZERO_HASH


def encode_public(slots: Sequence[PublicSlot]) -> bytes:
    """The bytes that are published for consecutive slots."""
    parts = [len(slots).to_bytes(4, "big")]
    for slot in slots:
        root = slot.envelope_root if len(slot.rows) else b""
        parts += [len(slot.rows).to_bytes(4, "big"), slot.header, root, slot.rows.T.tobytes()]
    return _VERSION + zlib.compress(b"".join(parts), 9)


def decode_public(data: bytes, *, slots_max: int) -> list[PublicSlot]:
    """The slots behind published bytes. `slots_max` bounds what a hostile publisher can make the reader hold.

    Raises InputError when the bytes are not of this format. Whether they are the right ones, their hashes say.
    """
    if data[:1] != _VERSION:
        raise _broken("it does not begin with version 2")
    body = _inflate(data[1:], 4 + slots_max * (4 + HEADER_BYTES + _ROOT_BYTES + _ROWS_MAX * ROW_BYTES))
    count, at = int.from_bytes(body[:4], "big"), 4
    if count > slots_max:
        raise _broken(f"it holds {count} slots where {slots_max} were announced")
    slots: list[PublicSlot] = []
    for _ in range(count):
        rows = int.from_bytes(body[at : at + 4], "big")
        header, root = (HEADER_BYTES, _ROOT_BYTES) if rows else (0, 0)
        begin = at + 4 + header + root
        end = begin + rows * ROW_BYTES
        if rows > _ROWS_MAX or end > len(body):
            raise _broken(f"slot {len(slots)} of it is cut off")
        block = np.frombuffer(body, np.uint8, rows * ROW_BYTES, begin)
        known = body[begin - root : begin] if rows else ZERO_HASH
        slots.append(PublicSlot(body[at + 4 : at + 4 + header], block.reshape(ROW_BYTES, rows).T.copy(), known))
        at = end
    if at != len(body):
        raise _broken(f"{len(body) - at} bytes follow its last slot")
    return slots


def result_rows(rows: NDArray[np.uint8]) -> ResultRows:
    """Published rows uint8[n, 200] as numbers, in leaf order (docs/formats.md, "public row")."""
    numbers = rows[:, 32:].copy().view(">i8").astype(np.int64)
    steps = numbers[:, : 2 * STEPS_MAX].reshape(len(rows), STEPS_MAX, 2)
    curves = Curves(steps[:, :, 0].copy(), steps[:, :, 1].copy(), numbers[:, 16], numbers[:, 17])
    return ResultRows(rows[:, :32].copy(), curves, numbers[:, 18], numbers[:, 19], numbers[:, 20])


def _inflate(data: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        body = inflater.decompress(data, limit)
    except zlib.error as error:
        raise _broken(str(error)) from error
    if not inflater.eof or inflater.unconsumed_tail or inflater.unused_data or len(body) < 4:
        raise _broken("it is cut off, or longer than its slots can be")
    return body


def _broken(why: str) -> InputError:
    return InputError(f"this is not the public part of an auction: {why}; ask for the bytes as they were published")
