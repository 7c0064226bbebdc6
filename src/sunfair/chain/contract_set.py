"""Which contracts make a market, in the order in which they are created, and with what: all of it in one table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["MARKET_SET", "Charter", "Piece"]


@dataclass(frozen=True, slots=True)
class Charter:
    """What a community's market is made with, for ever.

    `community` has 32 bytes; addresses have 20; `roles` own the accounts 0, 1 and 2 (utility, network, reserve); the
    bond is µ.
    """

    community: bytes
    operator: bytes
    guarantor: bytes
    roles: tuple[bytes, bytes, bytes]
    slot_seconds: int = 900
    gate_seconds: int = 300
    window_seconds: int = 6 * 3600
    takeover_seconds: int = 2 * 86400
    escape_seconds: int = 7 * 86400
    bond_amount: int = 5_000_000_000

    @property
    def times(self) -> tuple[int, int, int, int, int]:
        """Slot, gate, window, takeover and escape, seconds, as the market's constructor takes them."""
        return self.slot_seconds, self.gate_seconds, self.window_seconds, self.takeover_seconds, self.escape_seconds


@dataclass(frozen=True, slots=True)
class Piece:
    """One contract: the name others know it by, the shipped code, and its constructor's arguments.

    `arguments` gets the charter and the addresses of the pieces before it. A `shared` piece knows no community: it is
    created once a chain. A `local` one may exist on a local development chain alone.
    """

    role: str
    contract: str
    arguments: Callable[[Charter, Mapping[str, bytes]], tuple[Any, ...]]
    shared: bool = False
    local: bool = False


def _nothing(charter: Charter, made: Mapping[str, bytes]) -> tuple[Any, ...]:
    return ()


def _credit(charter: Charter, made: Mapping[str, bytes]) -> tuple[Any, ...]:
    return made["asset"], "Energy Credit", "EC"


def _docket(charter: Charter, made: Mapping[str, bytes]) -> tuple[Any, ...]:
    return (made["witness"],)


def _book_court(charter: Charter, made: Mapping[str, bytes]) -> tuple[Any, ...]:
    return (made["docket"],)


def _market(charter: Charter, made: Mapping[str, bytes]) -> tuple[Any, ...]:
    parties = charter.operator, charter.guarantor, charter.roles
    courts = tuple(made[role] for role in ("auction_court", "row_court", "book_court", "docket"))
    return made["token"], charter.community, *parties, courts, *charter.times, charter.bond_amount


MARKET_SET = (
    Piece("asset", "SimulatedEuro", _nothing, local=True),
    Piece("token", "EnergyCredit", _credit),
    Piece("auction_court", "AuctionCourt", _nothing, shared=True),
    Piece("row_court", "RowCourt", _nothing, shared=True),
    Piece("witness", "Witness", _nothing, shared=True),
    Piece("docket", "Docket", _docket, shared=True),
    Piece("book_court", "BookCourt", _book_court, shared=True),
    Piece("board", "DataBoard", _nothing, shared=True),
    Piece("market", "EnergyMarket", _market),
)
"""Every contract of a market."""
