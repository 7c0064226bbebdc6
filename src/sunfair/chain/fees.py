"""What a transaction pays: EIP-1559 fees below a cap, the raise that replaces a stuck one, gas with a margin.

All prices are wei per gas.
"""

from dataclasses import dataclass

from sunfair.chain.transactions import GAS_LIMIT
from sunfair.errors import LedgerError

__all__ = ["GWEI", "Fees", "first_fees", "gwei", "raised_fees", "with_margin"]

GWEI = 10**9


@dataclass(frozen=True, slots=True)
class Fees:
    """Most for base fee and tip together, the tip, and most per blob gas (0 without blobs)."""

    max_fee: int
    tip: int
    blob_fee: int = 0


def first_fees(base_fee: int, tip: int, cap: int, *, blob_base_fee: int | None = None) -> Fees:
    """Room for the base fee to double (six full blocks), never above `cap`.

    LedgerError if the base fee alone is above it: such a transaction could only wait.
    """
    if base_fee > cap or (blob_base_fee or 0) > cap:
        asked, kind = (base_fee, "gas") if base_fee > cap else (blob_base_fee or 0, "blob gas")
        raise LedgerError(
            f"the network asks {gwei(asked)} gwei per {kind}, the cap is {gwei(cap)} gwei: nothing was sent. "
            "Wait until it is cheaper, or raise the cap"
        )
    max_fee = min(2 * base_fee + tip, cap)
    blob_fee = 0 if blob_base_fee is None else min(2 * blob_base_fee, cap)
    return Fees(max_fee, min(tip, max_fee), blob_fee)


def raised_fees(old: Fees, base_fee: int, tip: int, cap: int, *, blob_base_fee: int | None = None) -> Fees | None:
    """Fees with which a node lets a transaction take the place of its twin; None if the cap forbids them.

    Nodes ask for 10 % more in every field (100 % with blobs); an eighth (and double) leaves room for rounding.
    """
    blobs = blob_base_fee is not None
    least_fee, least_tip = (2 * fee if blobs else fee + fee // 8 + 1 for fee in (old.max_fee, old.tip))
    max_fee = max(least_fee, min(2 * base_fee + tip, cap))
    blob_fee = max(2 * old.blob_fee, min(2 * (blob_base_fee or 0), cap))
    if max_fee > cap or blob_fee > cap:
        return None
    return Fees(max_fee, min(max(least_tip, tip), max_fee), blob_fee)


def with_margin(estimate: int) -> int:
    """A quarter more gas than a call needs now: the state may change before it runs. At most `GAS_LIMIT`.

    LedgerError if even the estimate is above it (EIP-7825): no block takes such a transaction.
    """
    if estimate > GAS_LIMIT:
        raise LedgerError(
            f"the call needs {estimate} gas, a transaction may have at most {GAS_LIMIT} (EIP-7825): make it smaller"
        )
    return min(estimate + estimate // 4, GAS_LIMIT)


def gwei(wei: int) -> str:
    """Wei as gwei, all digits that matter."""
    whole, rest = divmod(wei, GWEI)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
