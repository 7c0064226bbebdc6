"""The published bytes of the auctions: what goes in comes out, and nothing hostile is let in."""

import zlib

import numpy as np
import pytest

from sunfair.errors import InputError
from sunfair.settlement.public import HEADER_BYTES, ROW_BYTES, PublicSlot, decode_public, encode_public


def _slots() -> list[PublicSlot]:
    rng = np.random.default_rng(5)
    sizes = [3, 1, 0, 200]
    return [
        PublicSlot(rng.bytes(HEADER_BYTES) if n else b"", rng.integers(0, 256, (n, ROW_BYTES)).astype(np.uint8))
        for n in sizes
    ]


def test_what_was_published_is_read_back():
    slots = _slots()
    back = decode_public(encode_public(slots), slots_max=len(slots))
    assert [slot.header for slot in back] == [slot.header for slot in slots]
    assert all(np.array_equal(a.rows, b.rows) for a, b in zip(back, slots, strict=True))


def test_standing_limits_cost_little():
    """A street whose homes all write the tariff costs little more than its leaves' hashes."""
    rng = np.random.default_rng(1)
    rows = np.zeros((100, ROW_BYTES), np.uint8)
    rows[:, :32] = rng.integers(0, 256, (100, 32))
    rows[:, 160:176] = rng.integers(0, 256, 16)
    data = encode_public([PublicSlot(rng.bytes(HEADER_BYTES), rows)])
    assert len(data) < 1.25 * (100 * 32 + HEADER_BYTES)


@pytest.mark.parametrize("cut", [0, 1, 2, 10, -1])
def test_cut_off_data_is_refused(cut):
    data = encode_public(_slots())
    with pytest.raises(InputError, match="not the public part"):
        decode_public(data[:cut], slots_max=4)


def test_more_slots_than_announced_are_refused():
    with pytest.raises(InputError, match="4 slots where 3"):
        decode_public(encode_public(_slots()), slots_max=3)


def test_trailing_bytes_are_refused():
    with pytest.raises(InputError, match="longer"):
        decode_public(encode_public(_slots()) + b"x", slots_max=4)
    body = zlib.decompress(encode_public(_slots())[1:]) + b"x"
    with pytest.raises(InputError, match="1 bytes follow"):
        decode_public(b"\x02" + zlib.compress(body), slots_max=4)


def test_a_bomb_is_not_unpacked():
    """A few kilobytes that would unpack to gigabytes stop at what the announced slots can hold."""
    bomb = zlib.compressobj(9)
    packed = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(64)) + bomb.flush()
    with pytest.raises(InputError, match="longer"):
        decode_public(b"\x02" + packed, slots_max=1)
