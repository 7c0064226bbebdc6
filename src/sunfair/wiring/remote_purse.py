"""A watcher's transactions, within a budget of gas for as long as it lives: estimated first, never sent beyond it."""

from sunfair.chain.contracts import contract
from sunfair.chain.fees import with_margin
from sunfair.chain.follow import Follower
from sunfair.chain.network import events
from sunfair.chain.node import Mined
from sunfair.chain.remote import RpcNetwork
from sunfair.errors import LedgerError, Reverted
from sunfair.ports import Keys
from sunfair.settlement.court import Evidence

__all__ = ["WATCHER", "Challenger", "TooDear"]

WATCHER = "watcher"
"""Under which name `ports.Keys` knows who signs challenges."""


class TooDear(LedgerError):
    """A transaction that the gas budget does not allow any more; nothing was sent."""


class Challenger:
    """Sends challenges. `spent` of `budget` gas is used up; ether that goes along counts as the gas it would buy."""

    def __init__(self, follower: Follower, network: RpcNetwork, keys: Keys, budget: int) -> None:
        self._deployment, self._network, self._keys = follower.deployment, network, keys
        self.budget, self.spent = budget, 0

    def challenge(self, evidence: Evidence) -> str:
        """Have a court convict on `evidence`; what came of it, in words. Errors as of `send`."""
        name = f"{evidence.court}.{evidence.function}"
        call = contract(evidence.court).abi.call(evidence.function, self._deployment.market, *evidence.arguments)
        return self.convicted(name, self.send(name, evidence.court, call))

    def convicted(self, name: str, mined: Mined) -> str:
        """What a conviction cost, and whom, in words."""
        market = contract("EnergyMarket").abi
        told = [e for e in events(market, mined.logs, self._deployment.market) if e.name == "Convicted"]
        slashed = told[0].args["slashed"] if told else 0
        return f"{name} convicted: {slashed} µ of bond taken, {mined.gas_used} gas, 0x{mined.transaction_hash.hex()}"

    def send(self, name: str, to: str, call: bytes, *, value: int = 0) -> Mined:
        """A call of a shared contract, with `value` wei.

        TooDear if it may cost more than is left; Reverted with the contract's reason if it is refused.
        """
        node, address = self._network.node, self._deployment.others[to]
        most = with_margin(node.estimate(self._keys.address(WATCHER), address, call, value))
        paid = -(-value // max(node.head().base_fee, 1))
        if self.spent + most + paid > self.budget:
            left = self.budget - self.spent
            raise TooDear(f"{name} may cost {most + paid} gas, of {self.budget} {left} are left: raise --gas-budget")
        try:
            mined = self._network.transact(self._keys, WATCHER, address, call, timestamp=0, value=value)
        except Reverted:
            self.spent += most  # it may have been sent, and somebody was faster: what it cost at most
            raise
        self.spent += mined.gas_used + paid
        return mined
