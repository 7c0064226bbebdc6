"""Ether to pay gas with on a chain for trying things out."""

from sunfair.chain.keys import DEMO_CHAINS
from sunfair.chain.remote import RpcNetwork
from sunfair.chain.rpc import RpcRefused, quantity

__all__ = ["give_gas"]

_LEAST, _GIVEN = 10**18, 10**21


def give_gas(network: RpcNetwork, who: bytes) -> None:
    """See that an address (20 bytes) can pay for gas on a local chain whose node gives (anvil, Hardhat).

    Elsewhere nothing happens: who sends without ether is told so, and how much is needed.
    """
    if network.chain_id not in DEMO_CHAINS:
        return
    rpc, address = network.node.rpc, "0x" + who.hex()
    if quantity(rpc.call("eth_getBalance", address, "latest"), "balance") >= _LEAST:
        return
    for method in ("anvil_setBalance", "hardhat_setBalance"):
        try:
            rpc.call(method, address, hex(_GIVEN))
            return
        except RpcRefused:
            continue
