"""A real Ethereum node for the tests of this folder."""

from collections.abc import Callable, Iterator

import pytest

from sunfair.chain.anvil import Anvil, find_anvil, running_anvil
from sunfair.errors import ServiceMissing

GENESIS = 1_465_938_000
"""When the node's time begins: an hour before the slots of these tests."""


@pytest.fixture(scope="session")
def anvil_there(missing: Callable[[str], None]) -> None:
    """Skips (or fails, SUNFAIR_REQUIRE_ALL=1) without anvil."""
    try:
        find_anvil()
    except ServiceMissing as absent:
        missing(f"anvil ({absent})")


@pytest.fixture
def anvil(anvil_there: None) -> Iterator[Anvil]:
    """A fresh anvil under Prague's rules, chain 31337, its genesis at `GENESIS`."""
    with running_anvil(timestamp=GENESIS) as node:
        yield node
