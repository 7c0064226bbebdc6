"""What contracts that hold people's money have in common for who acts on them: views, acts, wallets, play money."""

from typing import Any

from sunfair.chain.contracts import Contract, contract
from sunfair.chain.keys import DEMO_CHAINS
from sunfair.chain.network import Network
from sunfair.errors import LedgerError
from sunfair.ports import Clock, Keys

__all__ = ["PaidContract", "send_as"]


class PaidContract:
    """A contract on a network, and the token it is paid in. Where the network lets us, blocks are dated by `clock`.

    name    : of the contract's code; token: which of its views names the money
    asset   : the simulated euro, out of which wallets are filled as needed; None where money is real
    first_block : before which its log is empty

    LedgerError for an asset on a chain where money is real, or if the address cannot be asked.
    """

    def __init__(
        self,
        network: Network,
        keys: Keys,
        clock: Clock,
        address: bytes,
        *,
        name: str,
        token: str,
        asset: bytes | None = None,
        first_block: int = 0,
    ) -> None:
        if asset is not None and network.chain_id not in DEMO_CHAINS:
            raise LedgerError(f"chain {network.chain_id} has no play money: wallets are filled by their owners")
        self._network, self._keys, self._clock = network, keys, clock
        self._address, self._asset, self._first = address, asset, first_block
        self._code = contract(name)
        self._abi = self._code.abi
        self._token = bytes(self._views(token)[0])

    @property
    def address(self) -> bytes:
        """The contract's 20-byte address."""
        return self._address

    @property
    def token(self) -> bytes:
        """Address of the money."""
        return self._token

    @property
    def chain_id(self) -> int:
        """The chain's EIP-155 id."""
        return self._network.chain_id

    def now(self) -> int:
        """Timestamp that an act would have now, unix s."""
        return self._network.date(int(self._clock.now().timestamp()))

    def address_of(self, holder: str) -> bytes:
        """A holder's 20-byte address."""
        return self._keys.address(holder)

    def wallet(self, who: bytes) -> int:
        """What somebody holds of the money, µ."""
        return int(self._token_view("balanceOf", who))

    def fill(self, holder: str, amount: int) -> None:
        """Play money for a wallet, so that it holds at least `amount`, µ."""
        lacking = amount - self.wallet(self._keys.address(holder))
        if self._asset is None or lacking <= 0:
            return
        euro, token = contract("SimulatedEuro"), contract("EnergyCredit")
        self._send(holder, self._asset, euro, "issue", lacking)
        self._send(holder, self._asset, euro, "approve", self._token, lacking)
        self._send(holder, self._token, token, "mint", lacking)

    def allow(self, holder: str, amount: int, spender: bytes | None = None) -> None:
        """Let the contract (or another one) take so much of a holder's money, µ."""
        self.fill(holder, amount)
        owner, to = self._keys.address(holder), spender or self._address
        if amount and int(self._token_view("allowance", owner, to)) < amount:
            self._send(holder, self._token, contract("EnergyCredit"), "approve", to, amount)

    def _call(self, holder: str, name: str, *arguments: Any) -> Any:
        return self._send(holder, self._address, self._code, name, *arguments)

    def _send(self, holder: str, to: bytes, code: Contract, name: str, *arguments: Any) -> Any:
        return send_as(self._network, self._keys, self._clock, holder, to, code, name, *arguments)

    def _views(self, name: str, *arguments: Any) -> tuple[Any, ...]:
        output = self._network.call(self._address, self._abi.call(name, *arguments), timestamp=self.now())
        return self._abi.result(name, output)

    def _token_view(self, name: str, *arguments: Any) -> Any:
        abi = contract("EnergyCredit").abi
        return abi.result(name, self._network.call(self._token, abi.call(name, *arguments), timestamp=self.now()))[0]


def send_as(
    network: Network, keys: Keys, clock: Clock, holder: str, to: bytes, code: Contract, name: str, *arguments: Any
) -> Any:
    """A call of a contract by somebody; its receipt."""
    now = network.date(int(clock.now().timestamp()))
    return network.transact(keys, holder, to, code.abi.call(name, *arguments), timestamp=now)
