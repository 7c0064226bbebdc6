"""Blobs hold what was put in, their proofs are those of another program, and the cheaper way is the cheaper one."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.chain.blobs import (
    BLOB_BYTES,
    BLOBS_MAX,
    _kzg,
    blobs_needed,
    from_blobs,
    sidecar,
    to_blobs,
    versioned_hashes,
)
from sunfair.chain.publishing import Prices, Way, calldata_gas, publishing_cost

FIELD_ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001


@pytest.mark.parametrize(
    "size", [0, 1, 27, 28, BLOB_BYTES - 5, BLOB_BYTES - 4, BLOB_BYTES - 3, 2 * BLOB_BYTES - 4, 6 * BLOB_BYTES - 4]
)
def test_blobs_give_back_what_was_put_in(size: int) -> None:
    for data in (os.urandom(size), b"\xff" * size, b"\0" * size):
        blobs = to_blobs(data)
        assert len(blobs) == blobs_needed(size)
        assert {len(blob) for blob in blobs} == {131_072}
        assert all(int.from_bytes(blob[at : at + 32]) < FIELD_ORDER for blob in blobs for at in range(0, 131_072, 32))
        assert from_blobs(blobs) == data


def test_more_than_a_transaction_carries_is_refused() -> None:
    with pytest.raises(ValueError, match="need 7 blobs, a transaction carries at most 6"):
        to_blobs(b"\1" * (BLOBS_MAX * BLOB_BYTES - 3))


@pytest.mark.parametrize("change", ["empty", "short", "high byte", "length", "rest", "more"])
def test_blobs_of_somebody_else(change: str) -> None:
    blob = to_blobs(b"abc")[0]
    wrong = {
        "empty": [],
        "short": [blob[:-1]],
        "high byte": [b"\1" + blob[1:]],
        "length": [b"\0\xff" + blob[2:]],
        "rest": [blob[:-1] + b"\1"],
        "more": [blob, to_blobs(b"")[0]],
    }[change]
    with pytest.raises(ValueError, match="no blobs of ours"):
        from_blobs(wrong)


@settings(max_examples=200)
@given(st.binary(max_size=40), st.integers(0, 99), st.integers(0, 255))
def test_any_blob_gives_its_own_bytes_or_a_value_error(data: bytes, place: int, byte: int) -> None:
    """No two blobs hold the same bytes: one byte changed anywhere is other data or none."""
    blob = bytearray(to_blobs(data)[0])
    blob[place] = byte
    try:
        found = from_blobs([bytes(blob)])
    except ValueError:
        return
    assert to_blobs(found) == (bytes(blob),)


def test_hashes_and_proofs_hold_for_other_programs() -> None:
    from eth_account.typed_transactions.base import Blob, BlobPooledTransactionData
    from hexbytes import HexBytes

    blobs = to_blobs(b"what was published")
    ours = sidecar(blobs)
    theirs = BlobPooledTransactionData(blobs=[Blob(data=HexBytes(blob)) for blob in blobs])
    assert ours.hashes == versioned_hashes(blobs) == tuple(bytes(item.data) for item in theirs.versioned_hashes)
    ckzg, setup = _kzg()  # loading it once more would take seconds
    assert ckzg.verify_blob_kzg_proof(blobs[0], ours.commitments[0], ours.proofs[0], setup)
    assert not ckzg.verify_blob_kzg_proof(to_blobs(b"other")[0], ours.commitments[0], ours.proofs[0], setup)


@pytest.mark.parametrize(
    ("data", "execution", "gas"),
    [
        (b"", 0, 21_000),
        (b"\0" * 100, 0, 22_000),  # the floor, 10 a zero byte
        (b"\1" * 100, 0, 25_000),  # the floor, 40 a byte
        (b"\1" * 100, 2_400, 25_000),  # 16 a byte and 2,400 are just the floor
        (b"\1" * 100, 2_401, 25_001),
        (b"\0\1" * 50, 100_000, 21_000 + 50 * 4 + 50 * 16 + 100_000),
    ],
)
def test_calldata_costs_what_eip_7623_says(data: bytes, execution: int, gas: int) -> None:
    assert calldata_gas(data, execution_gas=execution) == gas


def test_the_cheaper_way_is_taken() -> None:
    data = b"\1" * 30_000
    cost = publishing_cost(data, Prices(10**9, 1))
    assert cost.calldata == (21_000 + 40 * 30_000) * 10**9
    assert cost.blob == 21_000 * 10**9 + 131_072
    assert cost.way is Way.BLOB
    assert publishing_cost(data, Prices(10**9, 10**10)).way is Way.CALLDATA
    assert publishing_cost(b"\1" * 10, Prices(10**9, 10**9)).way is Way.CALLDATA


def test_blobs_are_not_offered_where_there_are_none_or_the_data_is_too_long() -> None:
    assert publishing_cost(b"\1" * 100, Prices(10**9, None)).way is Way.CALLDATA
    long = publishing_cost(b"\1" * (7 * BLOB_BYTES), Prices(10**9, 1), parts=8)
    assert long.blob is None
    assert long.way is Way.CALLDATA
    assert long.calldata == (8 * 21_000 + 40 * 7 * BLOB_BYTES) * 10**9
