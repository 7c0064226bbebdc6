"""An operator that is a contract posts amounts that stand in no transaction's data: nobody could read them."""

from typing import Any

from vault_world import BOND, ROOT, TAKEOVER, Contract, Street, pack, refused

FORWARDER = bytes.fromhex(
    "6023806009 5f395ff3 60143603806014 5f375f5f825f5f5f356060 1c5af13d5f5f3e601f573d5ffd5b3d5ff3"
)
"""Calls whom the first 20 bytes name with the rest, and says what that said."""


class Coded:
    """An operator that is a contract, whose strings the intruder pulls."""

    def __init__(self, street: Street) -> None:
        self.street = street
        address = street.chain.evm.deploy("0x" + street.intruder.hex(), FORWARDER)
        self.contract = Contract(street.chain, bytes.fromhex(address[2:]), [])
        street.fund(street.intruder, BOND)
        street.token.transfer(self.contract, BOND, sender=street.intruder)
        self.does(street.token, "approve", street.market, BOND)
        self.does(street.market, "post_bond", BOND)
        street.anchor()
        street.now += TAKEOVER
        self.does(street.market, "take_over")
        first = street.state.next_slot
        self.does(street.market, "anchor", first, 96, ROOT)
        street.now = street.market.settle_time()

    def does(self, to: Contract, name: str, *arguments: Any) -> None:
        """Have it call a contract."""
        self.contract.raw(to.address + to.data(name, *arguments), sender=self.street.intruder)


def test_a_contract_cannot_settle(busy: Street) -> None:
    """Though it runs the market like anyone: its amounts would stand in a call within a transaction."""
    operator = Coded(busy)
    words = pack({3: -5, 4: 5}, busy.market.accounts())
    with refused("market: not a plain call"):
        operator.does(busy.market, "settle", 1, ROOT, 0, words)


def test_who_takes_over_from_it_settles(busy: Street) -> None:
    Coded(busy)
    busy.now += TAKEOVER
    busy.post_bond(busy.successor)
    busy.market.take_over(sender=busy.successor)
    busy.period({3: -5, 4: 5}, sender=busy.successor)
    assert busy.market.balance_of(4) == busy.balances()[4] > busy.market.balance_of(3)
