"""A real Ethereum node for the tests of this folder."""

from collections.abc import Iterator

import pytest

from sunfair.chain.anvil import Anvil, running_anvil

GENESIS = 1_465_938_000
"""When the node's time begins: an hour before the slots of these tests."""


@pytest.fixture
def anvil(anvil_there: None) -> Iterator[Anvil]:
    """A fresh anvil under Prague's rules, chain 31337, its genesis at `GENESIS`."""
    with running_anvil(timestamp=GENESIS) as node:
        yield node
