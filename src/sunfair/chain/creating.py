"""Putting a single contract on a network, and play money for a local chain."""

from sunfair.chain.contracts import contract
from sunfair.chain.network import Network
from sunfair.errors import LedgerError
from sunfair.ports import Clock, Keys

__all__ = ["create_contract", "play_credit"]


def create_contract(network: Network, keys: Keys, clock: Clock, holder: str, code: bytes, *, key: str = "") -> bytes:
    """Create a contract of creation code `code`, signed by `holder`; its 20-byte address.

    key : under which the network does it once, however often it is asked; empty: by content

    Raises LedgerError if the chain took the creation and made no contract.
    """
    now = network.date(int(clock.now().timestamp()))
    created = network.transact(keys, holder, None, code, timestamp=now, key=key).created
    if created is None:
        raise LedgerError("the chain took a creation and made no contract")
    return created


def play_credit(
    network: Network, keys: Keys, clock: Clock, holder: str, *, name: str, symbol: str, use: str
) -> tuple[bytes, bytes]:
    """Play money for a local chain: 20-byte addresses of a simulated euro and of an `EnergyCredit` on it.

    use : what it is for, a word; the same use is created once
    """
    asset = create_contract(network, keys, clock, holder, contract("SimulatedEuro").creation(), key=f"{use} asset")
    code = contract("EnergyCredit").creation(asset, name, symbol)
    return asset, create_contract(network, keys, clock, holder, code, key=f"{use} token")
