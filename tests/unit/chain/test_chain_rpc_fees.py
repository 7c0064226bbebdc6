"""Fees below a cap, raises that nodes accept, gas within the protocol's limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunfair.chain.fees import GWEI, Fees, first_fees, gwei, raised_fees, with_margin
from sunfair.errors import LedgerError

WEI = st.integers(0, 10**12)


@given(WEI, WEI, st.integers(1, 10**12))
def test_first_fees_are_ones_a_node_takes_and_never_above_the_cap(base_fee: int, tip: int, cap: int) -> None:
    if base_fee > cap:
        with pytest.raises(LedgerError, match="nothing was sent"):
            first_fees(base_fee, tip, cap)
        return
    fees = first_fees(base_fee, tip, cap)
    assert base_fee <= fees.max_fee <= cap
    assert 0 <= fees.tip <= min(tip, fees.max_fee)


@given(WEI, WEI, WEI, WEI, st.integers(1, 10**13))
def test_a_raise_is_at_least_a_tenth_and_never_above_the_cap(
    old_fee: int, old_tip: int, base_fee: int, tip: int, cap: int
) -> None:
    old = Fees(old_fee, min(old_fee, old_tip))
    new = raised_fees(old, base_fee, tip, cap)
    if new is None:
        assert old.max_fee + old.max_fee // 8 + 1 > cap
        return
    assert new.max_fee <= cap
    assert new.tip <= new.max_fee
    assert 10 * new.max_fee >= 11 * old.max_fee
    assert 10 * new.tip >= 11 * old.tip
    assert new.max_fee >= min(base_fee, cap)


@given(WEI, st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_raise_with_blobs_doubles_everything(old_fee: int, blob_fee: int, blob_base_fee: int) -> None:
    new = raised_fees(Fees(old_fee, old_fee // 2, blob_fee), 0, 0, 10**14, blob_base_fee=blob_base_fee)
    assert new is not None
    assert new.max_fee >= 2 * old_fee
    assert new.tip >= 2 * (old_fee // 2)
    assert new.blob_fee >= 2 * blob_fee


def test_blob_gas_above_the_cap_is_said() -> None:
    with pytest.raises(LedgerError, match=r"asks 30 gwei per blob gas, the cap is 20 gwei"):
        first_fees(GWEI, GWEI, 20 * GWEI, blob_base_fee=30 * GWEI)


@given(st.integers(0, 1 << 24))
def test_gas_has_a_margin_within_the_limit(estimate: int) -> None:
    gas = with_margin(estimate)
    assert estimate <= gas <= 16_777_216
    assert gas == 16_777_216 or 4 * gas >= 5 * estimate - 4


def test_more_gas_than_a_transaction_may_have_is_refused() -> None:
    with pytest.raises(LedgerError, match=r"16777217 gas.*at most 16777216 \(EIP-7825\)"):
        with_margin((1 << 24) + 1)


@pytest.mark.parametrize(
    ("wei", "text"), [(0, "0"), (1, "0.000000001"), (GWEI, "1"), (1_500_000_000, "1.5"), (100 * GWEI, "100")]
)
def test_gwei_are_written_whole(wei: int, text: str) -> None:
    assert gwei(wei) == text
