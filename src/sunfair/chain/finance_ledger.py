"""`ports.FinanceLedger` on an EVM network: the contract `InstallFinance`."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from sunfair.chain.charging_ledger import ChargingNetwork
from sunfair.chain.contracts import contract
from sunfair.chain.creating import create_contract
from sunfair.chain.network import Network
from sunfair.chain.paid_contract import send_as
from sunfair.charging import FinanceTerms, check_finance
from sunfair.errors import LedgerError, Reverted
from sunfair.ports import Clock, Keys
from sunfair.ports.charging import FinanceStatus

__all__ = ["InstallFinance", "agree_finance"]


def agree_finance(
    network: Network,
    keys: Keys,
    clock: Clock,
    charging: bytes,
    parties: tuple[bytes, bytes, bytes],
    terms: FinanceTerms,
    *,
    holder: str = "financier",
) -> bytes:
    """Put an agreement on chain: host, financier and platform (20 bytes each) and its terms; the contract's address.

    It begins to work when the host names it as its charge point's payee.
    """
    check_finance(terms)
    code = contract("InstallFinance").creation(charging, *parties, astuple(terms))
    return create_contract(network, keys, clock, holder, code)


class InstallFinance:
    """A financed installation on a chain, beside the charging network that pays it."""

    def __init__(self, network: Network, keys: Keys, clock: Clock, address: bytes, charging: ChargingNetwork) -> None:
        self._network, self._keys, self._clock, self._address = network, keys, clock, address
        self._charging, self._abi = charging, contract("InstallFinance").abi

    @property
    def address(self) -> bytes:
        """The contract's 20-byte address: what a charge point has to name as its payee."""
        return self._address

    def status(self) -> FinanceStatus:
        """Where it stands. LedgerError if the contract is no finance contract."""
        try:
            host, financier, platform = (bytes(self._view(name)) for name in ("host", "financier", "platform"))
        except Reverted as error:
            raise LedgerError(f"the contract at 0x{self._address.hex()} is no finance contract") from error
        repaid, cap, seen, wh, vat = (
            int(self._view(name)) for name in ("repaid", "cap", "seen", "seen_wh", "vat_total")
        )
        return FinanceStatus(FinanceTerms(*self._view("terms")), host, financier, platform, repaid, cap, seen, wh, vat)

    def dues(self, parties: Sequence[bytes]) -> list[int]:
        """What parties may withdraw, µ."""
        return [int(self._view("dues", party)) for party in parties]

    def act(self, holder: str, name: str, *arguments: Any) -> None:
        """`collect`, `buy_out`, `release`, `withdraw`."""
        if name == "buy_out":
            self._charging.allow(holder, int(self._view("open")), self._address)
        send_as(
            self._network, self._keys, self._clock, holder, self._address, contract("InstallFinance"), name, *arguments
        )

    def _view(self, name: str, *arguments: Any) -> Any:
        now = self._network.date(int(self._clock.now().timestamp()))
        output = self._network.call(self._address, self._abi.call(name, *arguments), timestamp=now)
        values = self._abi.result(name, output)
        return values[0] if len(values) == 1 else values
