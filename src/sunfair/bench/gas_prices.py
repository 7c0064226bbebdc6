"""What the measured gas costs a home in a month, at prices that are given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sunfair.chain.blobs import BLOB_BYTES, BLOBS_MAX
from sunfair.chain.fees import GWEI
from sunfair.chain.publishing import Prices, publishing_cost
from sunfair.ports import SlotRecord
from sunfair.settlement.public import PublicSlot, encode_public

__all__ = ["DEFAULT_PRICES", "GasPrices", "month_of", "public_bytes"]

_ETHER = 10**18
_DAYS = 365.25 / 12
_PART = 122_880
"""Bytes of public data in one transaction of calldata, as the ledger publishes them."""

_BLOBS = BLOBS_MAX * BLOB_BYTES - 4
"""Bytes of public data in one transaction of blobs."""

_ANNOUNCE_GAS = 6_655
"""What the board's `announce` of six blobs used on anvil beside the transaction's 21,000; a constant, for making blobs
takes half a minute."""


@dataclass(frozen=True, slots=True)
class GasPrices:
    """gwei per gas and per blob gas, and EUR per ether."""

    gas_gwei: float
    ether_eur: float
    blob_gwei: float

    def eur(self, wei: float) -> float:
        """So much wei in EUR."""
        return wei / _ETHER * self.ether_eur

    def gas_eur(self, gas: float) -> float:
        """So much gas in EUR."""
        return self.eur(gas * self.gas_gwei * GWEI)

    @property
    def wei(self) -> Prices:
        """As the publisher takes them."""
        return Prices(max(1, round(self.gas_gwei * GWEI)), max(1, round(self.blob_gwei * GWEI)))


DEFAULT_PRICES = GasPrices(gas_gwei=1.0, ether_eur=3_000.0, blob_gwei=0.001)
"""Round figures to count with; what the network asks today is for the caller to say."""


def public_bytes(records: Sequence[SlotRecord]) -> bytes:
    """The public part of a day as it is published."""
    slots = [(record.header, record.rows.public_bytes()) for record in records]
    return encode_public([PublicSlot(header.preimage(), rows) for header, rows in slots if header is not None])


def _publishing_wei(data: bytes, prices: Prices, execution_gas: int) -> tuple[int, int]:
    """Wei to publish the data of a day: as calldata, as blobs."""
    parts = -(-len(data) // _PART)
    calldata = publishing_cost(data, prices, parts=parts, execution_gas=execution_gas).calldata
    pieces = [data[at : at + _BLOBS] for at in range(0, len(data), _BLOBS)]
    blobs = [publishing_cost(piece, prices, execution_gas=_ANNOUNCE_GAS).blob or 0 for piece in pieces]
    return calldata, sum(blobs)


def month_of(figures: dict[str, Any], data: bytes, prices: GasPrices) -> dict[str, Any]:
    """EUR a home and month: the operator's share for its settling and its public data, and what the home calls itself.

    figures : of one size, with ``size``, ``commit_gas``, ``settle_gas``, ``apply_gas``, ``deposit_gas``,
    ``request_withdrawal_gas``, ``withdraw_gas``, ``publish_execution_gas``
    """
    size = figures["size"]
    daily = figures["commit_gas"] + figures["settle_gas"] + figures["apply_gas"]
    own = figures["deposit_gas"] + figures["request_withdrawal_gas"] + figures["withdraw_gas"]
    calldata, blobs = _publishing_wei(data, prices.wei, figures["publish_execution_gas"])
    per_home = {
        "settling_eur": prices.gas_eur(daily) * _DAYS / size,
        "data_as_calldata_eur": prices.eur(calldata) * _DAYS / size,
        "data_as_blobs_eur": prices.eur(blobs) * _DAYS / size,
        "deposit_and_withdrawal_eur": prices.gas_eur(own),
    }
    cheaper = min(per_home["data_as_calldata_eur"], per_home["data_as_blobs_eur"])
    total = per_home["settling_eur"] + cheaper + per_home["deposit_and_withdrawal_eur"]
    rounded = {name: round(value, 4) for name, value in {**per_home, "total_eur": total}.items()}
    return {"public_bytes_a_day": len(data), "way": "blobs" if blobs < calldata else "calldata", **rounded}
