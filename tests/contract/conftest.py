"""People and contracts for the tests: a credit with its asset on titanoboa, a street with its market on revm."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boa
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import vault_world

CONTRACTS = Path(__file__).parents[2] / "contracts"
HOSTILE = Path(__file__).parent / "hostile"
START = vault_world.START


class Deployers(dict[str, Any]):
    """Compiled contracts by name, each when it is first asked for."""

    def __missing__(self, name: str) -> Any:
        path = next(folder / f"{name}.vy" for folder in (CONTRACTS, HOSTILE) if (folder / f"{name}.vy").is_file())
        self[name] = boa.load_partial(str(path))
        return self[name]


@dataclass
class World:
    """A credit, its asset, a market in it, and people."""

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


@pytest.fixture(scope="session")
def deployers() -> dict[str, Any]:
    return Deployers()


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
def made_world(deployers: dict[str, Any]) -> Iterator[World]:
    """Made once; every test gets it as it was."""
    with local_chain():
        names = ("operator", "guarantor", "utility", "network", "reserve", "seller", "buyer", "intruder")
        people = {name: boa.env.generate_address(name) for name in names}
        euro = deployers["SimulatedEuro"].deploy()
        credit = deployers["EnergyCredit"].deploy(euro, "Energy Credit", "EC")
        court = deployers["StandInCourt"].deploy()
        roles = [people["utility"], people["network"], people["reserve"]]
        market = deployers["EnergyMarket"].deploy(
            credit,
            vault_world.COMMUNITY,
            people["operator"],
            people["guarantor"],
            roles,
            [court] * 5,
            vault_world.SLOT,
            vault_world.GATE,
            vault_world.WINDOW,
            vault_world.TAKEOVER,
            vault_world.ESCAPE,
            vault_world.BOND,
        )
        yield World(euro, credit, market, deployers, **people)


@pytest.fixture
def world(made_world: World) -> Iterator[World]:
    with local_chain():
        yield made_world


@pytest.fixture
def hostile(world: World) -> Any:
    """A token with 6 decimals that behaves until it is told not to."""
    return world.deployers["HostileToken"].deploy(6)


@pytest.fixture(scope="session")
def made_street() -> vault_world.Street:
    return vault_world.Street()


@pytest.fixture
def street(made_street: vault_world.Street) -> vault_world.Street:
    """A market with two members, seller (3) and buyer (4); nothing has happened in it."""
    return made_street.renew()


@pytest.fixture
def busy(street: vault_world.Street) -> vault_world.Street:
    """The same with terms, the operator's bond and everybody's deposit."""
    return street.open_for_business()


@pytest.fixture(scope="session")
def made_hostile_street() -> vault_world.Street:
    return vault_world.Street(token="HostileToken")


@pytest.fixture
def hostile_street(made_hostile_street: vault_world.Street) -> vault_world.Street:
    """A busy street whose token does what a good one does not, once it is told to."""
    return made_hostile_street.renew().open_for_business()
