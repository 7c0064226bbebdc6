# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy off
"""
@title Hostile Token
@custom:contract-name HostileToken
@license AGPL-3.0-only
@author The Sunfair developers
@notice An ERC-20 for tests that does what a good one does not: other decimals, a fee, a refusal, a call back, a loss.
@custom:kill A test throws it away.
"""

decimals: public(uint8)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
fee: public(uint256)
surcharge: public(uint256)
refuses: public(bool)
target: public(address)
message: public(Bytes[2048])
insists: public(bool)
calls: public(uint256)
answers: public(uint256)


@deploy
def __init__(decimals_: uint8):
    self.decimals = decimals_


@external
def give(to: address, amount: uint256):
    self.balanceOf[to] += amount


@external
def lose(owner: address, amount: uint256):
    self.balanceOf[owner] -= amount


@external
def set_fee(fee: uint256, surcharge: uint256):
    """
    @notice The receiver gets `fee` less, the sender pays `surcharge` more.
    """
    self.fee = fee
    self.surcharge = surcharge


@external
def set_refuses(refuses: bool):
    self.refuses = refuses


@external
def set_callback(target: address, message: Bytes[2048], insists: bool):
    """
    @notice Every transfer calls `target`; `insists`: and fails if that call fails.
    """
    self.target = target
    self.message = message
    self.insists = insists


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    return True


@external
def transfer(to: address, amount: uint256) -> bool:
    return self._move(msg.sender, to, amount)


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    if owner != self:  # what the token itself holds, it lets anyone move
        self.allowance[owner][msg.sender] -= amount
    return self._move(owner, to, amount)


@internal
def _move(owner: address, to: address, amount: uint256) -> bool:
    if self.refuses:
        return False
    self.balanceOf[owner] -= amount + self.surcharge
    self.balanceOf[to] += amount - self.fee
    if self.target != empty(address):
        self.calls += 1
        if self.insists:
            raw_call(self.target, self.message)
        elif raw_call(self.target, self.message, revert_on_failure=False):
            self.answers += 1
    return True
