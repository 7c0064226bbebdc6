# pragma version ==0.4.3
# pragma evm-version cancun
"""
@title Stubborn Market
@license AGPL-3.0-only
@author The Sunfair developers
@notice A false market that says it obeys a register, owns every account of its own and, told of a meter, refuses, burns
        what gas it gets, or joins its point anew.
@custom:kill Only for tests.
"""

interface IRegistry:
    def join(point: bytes32, market: address, account: uint256): nonpayable

registry: address
temper: public(uint256)
point: bytes32


@deploy
def __init__(registry: address):
    self.registry = registry


@external
def become(temper: uint256):
    """
    @notice 0 takes all, 1 refuses, 2 burns gas, 3 joins anew.
    """
    self.temper = temper


@external
def join(point: bytes32):
    """
    @notice Has a point of its own feed its account 3.
    """
    self.point = point
    extcall IRegistry(self.registry).join(point, self, 3)


@external
def set_meter(account: uint256, key: address, from_slot: uint256, import_wh: uint256, export_wh: uint256):
    assert self.temper != 1, "stubborn"
    if self.temper == 2:
        for i: uint256 in range(2**32):
            self.temper = 2
    if self.temper == 3:
        extcall IRegistry(self.registry).join(self.point, self, 3)


@external
@view
def courts() -> address[5]:
    return [self, self, self, self, self.registry]


@external
@view
def owner_of(account: uint256) -> address:
    return self


@external
@view
def slot_seconds() -> uint256:
    return 900
