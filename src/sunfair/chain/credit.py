"""The contracts that stand around a vault: the standing top-up and the wholesale allowance, on any network."""

from dataclasses import astuple, dataclass
from typing import Any

from sunfair.chain.contracts import contract
from sunfair.chain.network import Network, Receipt
from sunfair.errors import LedgerError
from sunfair.ports import Clock, Keys
from sunfair.settlement.top_up import Permission

__all__ = ["AllowanceFigures", "CreditContracts"]

_TOP_UP, _ALLOWANCE = "StandingTopUp", "WholesaleAllowance"


@dataclass(frozen=True, slots=True)
class AllowanceFigures:
    """An account's wholesale allowance as it stands on chain: slot of the first redemption, then Wh."""

    from_slot: int
    redeemed_wh: int
    metered_wh: int
    written_off_wh: int


@dataclass(frozen=True, slots=True)
class CreditContracts:
    """Speaks with both contracts; `holder` of `keys` signs. Addresses have 20 bytes.

    Every call that writes raises Reverted with the contract's word where it refuses.
    """

    network: Network
    keys: Keys
    clock: Clock
    holder: str

    def make_top_up(self) -> bytes:
        """Create the standing top-up of this chain; its address."""
        return self._create(_TOP_UP)

    def make_allowance(self, market: bytes, retailer: bytes, tokens: int, name: str, symbol: str) -> bytes:
        """Create a retailer's wholesale allowance for a market; its address. All tokens are the retailer's."""
        return self._create(_ALLOWANCE, market, retailer, tokens, name, symbol)

    def allow(self, token: bytes, contract_at: bytes, amount: int) -> None:
        """Allow the top-up contract `amount` µ of the holder's tokens in all; 0 takes the allowance back."""
        self._send(token, contract("EnergyCredit").abi.call("approve", contract_at, amount))

    def top_up(self, at: bytes, permission: Permission, signature: bytes) -> bool:
        """Have one top-up made; whether it is parked until the door opens."""
        abi = contract(_TOP_UP).abi
        receipt = self._send(at, abi.call("top_up", astuple(permission), signature))
        events = [abi.event(log.topics, log.data) for log in receipt.logs if log.address == at]
        made = next((event for event in events if event is not None and event.name == "ToppedUp"), None)
        if made is None:
            raise LedgerError(
                f"the contract at 0x{at.hex()} took the top-up and did not say so: it is another contract"
            )
        return bool(made.args["parked"])

    def taken(self, at: bytes, permission: Permission) -> tuple[int, int]:
        """What was taken under a permission in all and today, µ."""
        digest = permission.digest(self.network.chain_id, at)
        total, today = self._view(_TOP_UP, at, "taken_of", digest)
        return int(total), int(today)

    def nonce(self, at: bytes, payer: bytes) -> int:
        """How often a payer revoked: the nonce of its next permission."""
        return int(self._view(_TOP_UP, at, "nonces", payer)[0])

    def revoke(self, at: bytes) -> None:
        """Void every permission that the holder signed up to now."""
        self._send(at, contract(_TOP_UP).abi.call("revoke"))

    def redeem(self, at: bytes, account: int, tokens: int) -> None:
        """Give up tokens of the holder's for an allowance of the account."""
        self._send(at, contract(_ALLOWANCE).abi.call("redeem", account, tokens))

    def show(self, at: bytes, account: int, slot: int, import_wh: int, export_wh: int, signature: bytes) -> None:
        """Show a meter's signed reading."""
        self._send(at, contract(_ALLOWANCE).abi.call("show", account, slot, import_wh, export_wh, signature))

    def write_off(self, at: bytes, account: int, wh: int, slots: tuple[int, int], statement: bytes) -> None:
        """Write off what was billed at wholesale for these slots, in a statement with this hash. The retailer's."""
        self._send(at, contract(_ALLOWANCE).abi.call("write_off", account, wh, *slots, statement))

    def allowance(self, at: bytes, account: int) -> AllowanceFigures:
        """Where an account's allowance stands."""
        return AllowanceFigures(*(int(number) for number in self._view(_ALLOWANCE, at, "allowance_of", account)[0]))

    def _create(self, name: str, *arguments: Any) -> bytes:
        receipt = self._send(None, contract(name).creation(*arguments))
        if receipt.created is None:
            raise LedgerError(f"the network took the creation of {name} and names no address")
        return receipt.created

    def _send(self, to: bytes | None, data: bytes) -> Receipt:
        now = self.network.date(int(self.clock.now().timestamp()))
        return self.network.transact(self.keys, self.holder, to, data, timestamp=now)

    def _view(self, name: str, at: bytes, function: str, *arguments: Any) -> tuple[Any, ...]:
        abi = contract(name).abi
        now = self.network.date(int(self.clock.now().timestamp()))
        return abi.result(function, self.network.call(at, abi.call(function, *arguments), timestamp=now))
