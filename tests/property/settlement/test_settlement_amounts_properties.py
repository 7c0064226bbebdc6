"""Posted amounts: lanes in words, and the chunk that shows one account's."""

import pytest
from eth_utils import keccak as other_keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.settlement import amounts_hash, chunk_proof, pack_amounts, unpack_amounts
from sunfair.settlement.amounts import LANE_BIAS

AMOUNT = st.integers(-LANE_BIAS, LANE_BIAS - 1) | st.integers(-5, 5)


def lane(words, account):
    """What the contract reads: place account + 1, four lanes a word, the lowest bits first."""
    place = account + 1
    return (words[place // 4] >> 64 * (place % 4)) % 2**64 - 2**62


@settings(deadline=None)
@given(st.lists(AMOUNT, min_size=1, max_size=200))
def test_every_account_has_its_lane(amounts):
    words = pack_amounts(amounts)
    accounts = len(amounts) - 1
    assert all(0 <= word < 2**256 for word in words)
    assert [lane(words, account) for account in range(accounts)] == amounts[:-1]
    assert lane(words, -1) == amounts[-1]
    assert all(lane(words, account) == 0 for account in range(accounts, 4 * len(words) - 1))
    assert unpack_amounts(words, accounts) == amounts
    for other in {accounts + 4, max(accounts - 4, -1)}:
        with pytest.raises(ValueError, match="do not hold the amounts"):
            unpack_amounts(words, other)


@settings(deadline=None)
@given(st.lists(AMOUNT, min_size=1, max_size=150))
def test_the_hash_is_that_of_the_chunks_hashes(amounts):
    words = pack_amounts(amounts)
    block = b"".join(word.to_bytes(32, "big") for word in words)
    chunks = [block[at : at + 16 * 32] for at in range(0, len(block), 16 * 32)]
    assert amounts_hash(words) == other_keccak(b"".join(map(other_keccak, chunks)))


@settings(deadline=None)
@given(st.lists(AMOUNT, min_size=70, max_size=270), st.data())
def test_one_chunk_shows_one_amount(amounts, data):
    words, accounts = pack_amounts(amounts), len(amounts) - 1
    expected = amounts_hash(words)
    account = data.draw(st.integers(-1, accounts - 1))
    proof = chunk_proof(words, account)
    assert proof.holds(expected)
    assert proof.amount(account) == amounts[account]
    assert len(proof.words) <= 16
    changed = list(proof.words)
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= 1 << data.draw(st.integers(0, 255))
    assert not type(proof)(tuple(changed), proof.hashes, proof.index).holds(expected)
    for index in range(-1, len(proof.hashes) + 1):
        assert type(proof)(proof.words, proof.hashes, index).holds(expected) == (index == proof.index)
    far = (account + 128) % max(accounts, 1)
    if (far + 1) // 64 != (account + 1) // 64:
        with pytest.raises(LookupError, match="is not in chunk"):
            proof.amount(far)


def test_an_account_beyond_the_words_has_no_proof():
    with pytest.raises(LookupError, match="hold no amount of account 9"):
        chunk_proof(pack_amounts([1, 2, -3]), 9)


@pytest.mark.parametrize("amount", [LANE_BIAS, -LANE_BIAS - 1])
def test_an_amount_that_fits_no_lane_is_refused(amount):
    with pytest.raises(OverflowError, match="does not fit a lane"):
        pack_amounts([amount, 0])
