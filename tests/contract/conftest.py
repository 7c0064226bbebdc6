"""A market with its people, on titanoboa: every test begins with the same fresh one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boa
import pytest

CONTRACTS = Path(__file__).parents[2] / "contracts"
HOSTILE = Path(__file__).parent / "hostile"

HOUR = 3600
DAY = 24 * HOUR
SLOT = 900
WINDOW = 6 * HOUR
ESCAPE = 3 * DAY
START = 1_465_941_600  # 2016-06-14T22:00:00Z, a multiple of 900
GUARANTOR = 2**32 - 1
MONEY = 1_000_000_000
COMMUNITY = b"street".ljust(32, b"\0")
ROOT = b"\x01" * 32


@dataclass
class World:
    """Contracts and people. Accounts: 0 utility, 1 network, 2 reserve, 3 seller, 4 buyer."""

    euro: Any
    credit: Any
    market: Any
    deployers: dict[str, Any]
    operator: str
    guarantor: str
    utility: str
    network: str
    reserve: str
    seller: str
    buyer: str
    intruder: str

    @property
    def roles(self) -> list[str]:
        return [self.utility, self.network, self.reserve]

    def market_on(self, token: str, **changes: Any) -> Any:
        """A market in another token, or with other arguments."""
        arguments = {
            "token": token,
            "community": COMMUNITY,
            "operator": self.operator,
            "guarantor": self.guarantor,
            "roles": self.roles,
            "slot_seconds": SLOT,
            "window": WINDOW,
            "escape": ESCAPE,
        }
        return self.deployers["EnergyMarket"].deploy(*(arguments | changes).values())

    def fund(self, owner: str, amount: int, spender: str | None = None) -> None:
        """Give `owner` credits and let the market take them."""
        with boa.env.prank(owner):
            self.euro.issue(amount)
            self.euro.approve(self.credit, amount)
            self.credit.mint(amount)
            self.credit.approve(spender or self.market, amount)

    def deposit(self, account: int, amount: int = MONEY) -> None:
        owner = self.market.owner_of(account)
        self.fund(owner, amount)
        self.market.deposit(account, amount, sender=owner)

    def everyone_deposits(self) -> None:
        for account in [*range(self.market.accounts()), GUARANTOR]:
            self.deposit(account)

    def anchor(self, slots: int = 96, root: bytes = ROOT) -> int:
        """Anchor the next period at its end; the first begins at START."""
        period = self.market.anchored()
        first = self.market.next_slot() or START // SLOT
        boa.env.timestamp = max(boa.env.timestamp, (first + slots) * SLOT)
        self.market.anchor(period, first, slots, root, sender=self.operator)
        return int(period)

    def shut_door(self) -> None:
        """Go to the moment at which the oldest period can be settled."""
        boa.env.timestamp = self.market.settle_time()

    def settle(self, amounts: Sequence[int], cover: int = 0) -> int:
        """Anchor a day if none is open, wait for the shut door, post `amounts`."""
        if self.market.applied() == self.market.anchored():
            self.anchor()
        self.shut_door()
        period = self.market.applied()
        self.market.settle(period, ROOT, cover, amounts, sender=self.operator)
        return int(period)

    def apply(self, amounts: Sequence[int], sender: str | None = None) -> None:
        boa.env.timestamp = self.market.apply_time()
        self.market.apply(amounts, sender=sender or self.intruder)

    def period(self, amounts: Sequence[int], cover: int = 0) -> None:
        """A whole period: anchored, settled, applied."""
        self.settle(amounts, cover)
        self.apply(amounts)

    def balances(self) -> list[int]:
        return [self.market.balance_of(account) for account in [*range(self.market.accounts()), GUARANTOR]]


@pytest.fixture(scope="session")
def deployers() -> dict[str, Any]:
    paths = [*CONTRACTS.glob("*.vy"), *HOSTILE.glob("*.vy")]
    return {path.stem: boa.load_partial(str(path)) for path in paths}


@contextmanager
def local_chain() -> Iterator[None]:
    """A local development network at START; what happens on it is undone."""
    patch = boa.env.evm.patch
    chain_id, time = patch.chain_id, boa.env.timestamp
    with boa.env.anchor():
        patch.chain_id = 31337
        boa.env.timestamp = START
        yield
    patch.chain_id = chain_id
    boa.env.timestamp = time


@pytest.fixture(scope="session")
def street(deployers: dict[str, Any]) -> Iterator[World]:
    """Made once; every test gets it as it was."""
    with local_chain():
        names = ("operator", "guarantor", "utility", "network", "reserve", "seller", "buyer", "intruder")
        people = {name: boa.env.generate_address(name) for name in names}
        euro = deployers["SimulatedEuro"].deploy()
        credit = deployers["EnergyCredit"].deploy(euro, "Energy Credit", "EC")
        made = World(euro, credit, None, deployers, **people)
        made.market = made.market_on(credit.address)
        made.market.open_accounts([made.seller, made.buyer], sender=made.operator)
        yield made


@pytest.fixture
def world(street: World) -> Iterator[World]:
    with local_chain():
        yield street


@pytest.fixture
def hostile(world: World) -> Any:
    """A token with 6 decimals that behaves until it is told not to."""
    return world.deployers["HostileToken"].deploy(6)
