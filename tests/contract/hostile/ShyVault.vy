# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy off
"""
@title Shy Vault
@custom:contract-name ShyVault
@license AGPL-3.0-only
@author The Sunfair developers
@notice A false market for tests: always empty, its door open. It takes a part of a deposit, and may call back.
@custom:kill A test throws it away.
"""

from ethereum.ercs import IERC20

token: public(address)
part: uint256
target: address
message: Bytes[2048]


@deploy
def __init__(token_: address):
    self.token = token_


@external
def take(part: uint256):
    self.part = part


@external
def call_back(target: address, message: Bytes[2048]):
    """
    @notice Every deposit calls `target`, and fails if that call fails.
    """
    self.target = target
    self.message = message


@external
@view
def balance_of(account: uint256) -> uint256:
    return 0


@external
@view
def parked_of(account: uint256, not_before: uint256) -> uint256:
    return 0


@external
@view
def door_open() -> bool:
    return True


@external
def deposit(account: uint256, amount: uint256):
    if self.target != empty(address):
        raw_call(self.target, self.message)
    if self.part > 0:
        assert extcall IERC20(self.token).transferFrom(msg.sender, self, self.part)
