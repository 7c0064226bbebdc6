"""Which contracts make a market, in the order in which they are created, and with what: all of it in one table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["MARKET_SET", "Charter", "Piece", "numbers_of"]


@dataclass(frozen=True, slots=True)
class Charter:
    """What a community's market is made with, for ever.

    `community` has 32 bytes; addresses have 20; `roles` own the accounts 0, 1 and 2 (utility, network, reserve); the
    bond is µ; `governor` names who may enter meter points in the register, if one is made with the market.
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
    governor: bytes = bytes(20)

    @property
    def times(self) -> tuple[int, int, int, int, int]:
        """Slot, gate, window, takeover and escape, seconds, as the market's constructor takes them."""
        return self.slot_seconds, self.gate_seconds, self.window_seconds, self.takeover_seconds, self.escape_seconds


def numbers_of(value: Callable[[str], int]) -> tuple[int, int, int, int, int, int]:
    """A charter's numbers, in its order, by their names."""
    slot, gate, window = value("slot_seconds"), value("gate_seconds"), value("window_seconds")
    return slot, gate, window, value("takeover_seconds"), value("escape_seconds"), value("bond_amount")


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


def _registry(charter: Charter, made: Mapping[str, bytes]) -> tuple[Any, ...]:
    return (charter.governor,)


def _market(charter: Charter, made: Mapping[str, bytes]) -> tuple[Any, ...]:
    parties = charter.operator, charter.guarantor, charter.roles
    courts = tuple(made[role] for role in ("auction_court", "row_court", "book_court", "docket", "registry"))
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
    Piece("registry", "MeterRegistry", _registry, shared=True),
    Piece("market", "EnergyMarket", _market),
)
"""Every contract of a market."""
