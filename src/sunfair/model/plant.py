"""A community plant as a member of the market: who holds it, in which shares, and by which key its output is shared."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

__all__ = ["PLANT_KEYS", "Plant", "SeatSale"]

PLANT_KEYS = "static", "dynamic", "hybrid", "priority", "table", "optimal"
"""The sharing keys a plant may name."""


@dataclass(frozen=True, slots=True)
class SeatSale:
    """A part of the plant that a holder passes to another one, for `price`, µ: `bps` > 0 of the whole.

    What the plant earns from the civil day `on` is the buyer's.
    """

    seller: str
    buyer: str
    bps: int
    price: int
    on: date


@dataclass(frozen=True, slots=True)
class Plant:
    """Ids of the members that hold it, and their shares, bps, summing to 10,000. Its income is divided by these.

    A holder that only buys a seat later has a share of 0.
    key     : by which its metered output is shared, slot by slot; empty where it only sells
    price   : what a holder pays the plant for a shared kWh, µ: the plant shares instead of selling in the auction.
              None: it sells, and its output is only told as the holders' own
    ranking : for ``priority``, the holders, first served first
    table   : for ``table``, bps by civil hour and holder: 24 rows, each summing to 10,000
    values  : for ``optimal``, what a shared kWh saves each holder, µ/kWh; empty: all alike
    sales   : seats that pass, in order of their days
    """

    holders: tuple[str, ...]
    shares_bps: tuple[int, ...]
    key: str = ""
    price: int | None = None
    ranking: tuple[str, ...] = ()
    table: tuple[tuple[int, ...], ...] = ()
    values: tuple[int, ...] = ()
    sales: tuple[SeatSale, ...] = ()

    @property
    def shares_output(self) -> bool:
        """Whether its output is shared by key for money, not sold in the auction."""
        return bool(self.key) and self.price is not None

    def sold_by(self, civil: date) -> Sequence[SeatSale]:
        """The sales up to that day, it included."""
        return [sale for sale in self.sales if sale.on <= civil]

    def shares_on(self, civil: date) -> tuple[int, ...]:
        """The shares on a civil day, bps in the order of `holders`."""
        shares = dict(zip(self.holders, self.shares_bps, strict=True))
        for sale in self.sold_by(civil):
            shares[sale.seller] -= sale.bps
            shares[sale.buyer] += sale.bps
        return tuple(shares.values())
