"""`ports.Purse` on an EVM network: standing top-ups by their contract, gifts of credit by the token itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sunfair.chain.abi import Abi
from sunfair.chain.contracts import contract
from sunfair.chain.credit import CreditContracts
from sunfair.chain.deployment import Deployment
from sunfair.chain.network import Network
from sunfair.errors import LedgerError
from sunfair.model import Prepaid
from sunfair.ports import Clock, Keys
from sunfair.settlement.top_up import Permission

__all__ = ["MarketPurse"]

_OPERATOR = "operator"
_BELOW = 2**62 - 1
"""What is due is not settled yet, so the balance says little: the caps alone bound what a permission lets through."""


@dataclass
class MarketPurse:
    """The wallets of a market's members. `fund` fills a holder's wallet with play money where the network allows it.

    An account's owner signs as its number in decimal; top-ups are sent by the operator, who gains nothing by them.
    """

    network: Network
    deployment: Deployment
    keys: Keys
    clock: Clock
    fund: Callable[[str, int], None]
    signed: dict[int, tuple[Permission, bytes]] = field(default_factory=dict)
    contract_at: bytes = b""

    def permit(self, account: int, prepaid: Prepaid, expires: int) -> None:
        """`Purse.permit`; the first one creates the contract of this chain."""
        if not self.contract_at:
            self.contract_at = self._contracts(_OPERATOR).make_top_up()
        payer, own = self.keys.address(str(account)), self._contracts(str(account))
        self.fund(str(account), prepaid.in_total)
        own.allow(self.deployment.token, self.contract_at, prepaid.in_total)
        caps = prepaid.top_up, _BELOW, prepaid.per_day, prepaid.in_total, expires
        permission = Permission(self.deployment.market, account, payer, *caps, own.nonce(self.contract_at, payer))
        digest = permission.digest(self.network.chain_id, self.contract_at)
        self.signed[account] = permission, self.keys.sign(str(account), digest)

    def credit_of(self, account: int) -> int:
        """`Purse.credit_of`."""
        return int(self._view("balance_of", account)) + int(self._view("parked_of", account, 0))

    def credit_parked(self, account: int) -> int:
        """`Purse.credit_parked`."""
        parked = int(self._view("parked_of", account, 0))
        if not parked or not self._view("door_open"):
            return 0
        self._send(_OPERATOR, self.deployment.market, contract("EnergyMarket").abi, "credit_parked", account, 0)
        return parked

    def top_up(self, account: int) -> int:
        """`Purse.top_up`."""
        if account not in self.signed:
            raise LedgerError(f"the owner of account {account} signed no standing permission")
        permission, signature = self.signed[account]
        parked = self._contracts(_OPERATOR).top_up(self.contract_at, permission, signature)
        return 0 if parked else permission.amount

    def give(self, giver: int, receiver: int, amount: int) -> None:
        """`Purse.give`."""
        self.fund(str(giver), amount)
        token, to = contract("EnergyCredit").abi, self.keys.address(str(receiver))
        self._send(str(giver), self.deployment.token, token, "transfer", to, amount)

    def _contracts(self, holder: str) -> CreditContracts:
        return CreditContracts(self.network, self.keys, self.clock, holder)

    def _now(self) -> int:
        return self.network.date(int(self.clock.now().timestamp()))

    def _send(self, holder: str, to: bytes, abi: Abi, function: str, *arguments: Any) -> None:
        self.network.transact(self.keys, holder, to, abi.call(function, *arguments), timestamp=self._now())

    def _view(self, function: str, *arguments: Any) -> Any:
        abi = contract("EnergyMarket").abi
        output = self.network.call(self.deployment.market, abi.call(function, *arguments), timestamp=self._now())
        return abi.result(function, output)[0]
