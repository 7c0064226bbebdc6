"""RLP against the yellow paper's examples and the `rlp` library."""

from typing import Any

import pytest
import rlp as library
from hypothesis import given
from hypothesis import strategies as st

from sunfair.chain import rlp

LOREM = b"Lorem ipsum dolor sit amet, consectetur adipisicing elit"
VECTORS = [
    (b"dog", "83646f67"),
    ([b"cat", b"dog"], "c88363617483646f67"),
    (b"", "80"),
    ([], "c0"),
    (b"\x00", "00"),
    (b"\x0f", "0f"),
    (b"\x04\x00", "820400"),
    ([[], [[]], [[], [[]]]], "c7c0c1c0c3c0c1c0"),
    (LOREM, "b838" + LOREM.hex()),
]
ITEMS = st.recursive(st.binary(max_size=80), lambda inner: st.lists(inner, max_size=6), max_leaves=20)


@pytest.mark.parametrize(("item", "encoded"), VECTORS)
def test_published_examples(item: Any, encoded: str) -> None:
    assert rlp.encode(item).hex() == encoded
    assert rlp.decode(bytes.fromhex(encoded)) == item


@given(ITEMS)
def test_encodes_as_the_library_does(item: Any) -> None:
    assert rlp.encode(item) == library.encode(item)


@given(ITEMS)
def test_decodes_what_it_encoded(item: Any) -> None:
    def depth(part: Any) -> int:
        return 0 if isinstance(part, bytes) else 1 + max(map(depth, part), default=0)

    if depth(item) <= 8:
        assert rlp.decode(rlp.encode(item)) == item
    else:
        with pytest.raises(ValueError, match="nested"):
            rlp.decode(rlp.encode(item))


@given(st.binary(max_size=12))
def test_there_is_one_encoding_only(data: bytes) -> None:
    try:
        item = rlp.decode(data)
    except ValueError:
        return
    assert rlp.encode(item) == data


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ("", "ends in the middle"),
        ("83646f", "ends in the middle"),
        ("83646f6767", "follow the end"),
        ("8101", "does not need"),
        ("b80101", "longer than it needs"),
        ("b90038" + LOREM.hex(), "leading zeros"),
        ("c283646f67", "beyond its list"),
        ("b8", "ends in the middle"),
        ("c1" * 20 + "c0", "nested"),
    ],
)
def test_other_forms_are_refused(data: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        rlp.decode(bytes.fromhex(data))


@given(st.integers(0, 2**256))
def test_numbers_are_minimal(value: int) -> None:
    data = rlp.minimal(value)
    assert rlp.integer(data) == value
    assert data[:1] != b"\0"


def test_numbers_with_leading_zeros_are_refused() -> None:
    with pytest.raises(ValueError, match="leading zeros"):
        rlp.integer(b"\x00\x01")
    with pytest.raises(ValueError, match="list"):
        rlp.integer([b"\x01"])
