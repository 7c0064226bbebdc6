# pragma version ==0.4.3
# pragma evm-version cancun
"""
@title Stand-in Court
@custom:contract-name StandInCourt
@license AGPL-3.0-only
@author The Sunfair developers
@notice Any court, and the docket, for tests of the market: it convicts whom it is told, without a proof.
@custom:kill A test throws it away.
"""

from ethereum.ercs import IERC20

from ....contracts import IEnergyMarket

open_demands: public(HashMap[address, HashMap[bytes32, uint256]])


@external
def set_open(market: address, settlement_hash: bytes32, count: uint256):
    self.open_demands[market][settlement_hash] = count


@external
def convict(market: address, kind: uint256, offender: address, challenger: address, slot: uint256):
    extcall IEnergyMarket(market).convict(kind, offender, challenger, slot)


@external
def convict_twice(market: address, kind: uint256, offender: address, challenger: address, slot: uint256):
    """
    @notice Two convictions in one transaction.
    """
    extcall IEnergyMarket(market).convict(kind, offender, challenger, slot)
    extcall IEnergyMarket(market).convict(kind, offender, challenger, slot)


@external
def void_anchor(market: address, anchor: IEnergyMarket.Anchor, kind: uint256, challenger: address):
    extcall IEnergyMarket(market).void_anchor(anchor, kind, challenger)


@external
def park(market: address, token: address, account: uint256, amount: uint256, not_before: uint256):
    """
    @notice Takes the caller's tokens and parks them for it, as the docket does.
    """
    assert extcall IERC20(token).transferFrom(msg.sender, self, amount)
    assert extcall IERC20(token).approve(market, amount)
    extcall IEnergyMarket(market).park(account, amount, not_before)
