# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy on
"""
@title Energy Credit
@custom:contract-name EnergyCredit
@license AGPL-3.0-only
@author The Sunfair developers
@notice A token in which energy is paid: ERC-20 with EIP-2612 permit and 6 decimals, backed one to one by a reserve
        asset that this contract holds itself. Whoever pays in an amount of the asset gets as many credits; whoever
        gives credits back gets as much of the asset. Nobody else can make or destroy a credit: there is no owner,
        no minter and no pause.
        Rounding: there is none. One credit is one unit of the asset, in and out.
@dev    After every call that makes, destroys or moves credits, `supply == reserve` and `asset.balanceOf(this) >=
        reserve` must hold. If the asset itself took from the reserve, credits stand still until anyone sends the
        missing amount of the asset to this contract: nobody can pass on a credit that nothing backs, or run for
        what is left. Assets sent here without `mint` are a gift to the reserve and cannot be taken out again.
@custom:kill It cannot be stopped by anyone.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from ethereum.ercs import IERC20
implements: IERC20

from ethereum.ercs import IERC20Detailed
implements: IERC20Detailed


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

from snekmate.auth import ownable
initializes: ownable

from snekmate.tokens import erc20
initializes: erc20[ownable := ownable]

# The module's own mint, burn and roles are not exported: credits come and go by `mint` and `redeem` below alone.
exports: (
    erc20.name,
    erc20.symbol,
    erc20.decimals,
    erc20.totalSupply,
    erc20.balanceOf,
    erc20.allowance,
    erc20.approve,
    erc20.permit,
    erc20.nonces,
    erc20.DOMAIN_SEPARATOR,
    erc20.eip712Domain,
)


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @dev Decimals of the credit and of its asset: 1 unit is 1 µ of the settlement currency.
DECIMALS: constant(uint8) = 6


# ── Immutables ────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice The ERC-20 that backs every credit.
asset: public(immutable(address))


# ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────────

event Minted:
    # @notice `holder` paid in `amount` of the asset and got as many credits.
    holder: indexed(address)
    amount: uint256

event Redeemed:
    # @notice `holder` gave back `amount` credits and got as much of the asset.
    holder: indexed(address)
    amount: uint256


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice What this contract itself counted in and out of the asset, µ; always equal to the supply.
reserve: public(uint256)


# ── Constructor ───────────────────────────────────────────────────────────────────────────────────────────────────────

@deploy
def __init__(asset_: address, name_: String[25], symbol_: String[5]):
    """
    @notice Ties the credit to its asset for ever.
    @param asset_ An ERC-20 with 6 decimals, whose transfers move exactly the amount they are asked to move.
    @param name_ The credit's name; also the name in its EIP-712 domain (version "1").
    @param symbol_ The credit's symbol.
    """
    assert staticcall IERC20Detailed(asset_).decimals() == DECIMALS, "credit: asset needs 6 decimals"
    asset = asset_
    ownable.__init__()
    erc20.__init__(name_, symbol_, DECIMALS, name_, "1")
    # The module makes the deployer owner and minter; here nobody is either.
    ownable._transfer_ownership(empty(address))
    erc20.is_minter[msg.sender] = False
    log erc20.RoleMinterChanged(minter=msg.sender, status=False)


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def mint(amount: uint256):
    """
    @notice Pays `amount` of the asset in and gives the caller as many credits. The caller approves this contract
            in the asset first.
    @param amount µ, more than 0.
    """
    assert amount > 0, "credit: nothing to mint"
    held: uint256 = staticcall IERC20(asset).balanceOf(self)
    self.reserve += amount
    erc20._mint(msg.sender, amount)
    log Minted(holder=msg.sender, amount=amount)
    assert extcall IERC20(asset).transferFrom(
        msg.sender, self, amount, default_return_value=True
    ), "credit: asset refused"
    # An asset that keeps a fee would leave credits without backing.
    assert staticcall IERC20(asset).balanceOf(self) == held + amount, "credit: asset took a fee"
    self._check_reserve()


@external
def redeem(amount: uint256):
    """
    @notice Destroys `amount` of the caller's credits and pays as much of the asset out.
    @param amount µ, more than 0, at most the caller's credits.
    """
    assert amount > 0, "credit: nothing to redeem"
    erc20._burn(msg.sender, amount)
    self.reserve -= amount
    log Redeemed(holder=msg.sender, amount=amount)
    assert extcall IERC20(asset).transfer(msg.sender, amount, default_return_value=True), "credit: asset refused"
    self._check_reserve()


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Moves `amount` of the caller's credits to `to`.
    @param to The receiver, not the zero address.
    @param amount µ.
    @return True; it reverts otherwise.
    """
    erc20._transfer(msg.sender, to, amount)
    self._check_reserve()
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Moves `amount` of `owner`'s credits to `to`, out of what `owner` allowed the caller.
    @param owner Whose credits.
    @param to The receiver, not the zero address.
    @param amount µ.
    @return True; it reverts otherwise.
    """
    erc20._spend_allowance(owner, msg.sender, amount)
    erc20._transfer(owner, to, amount)
    self._check_reserve()
    return True


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@view
def _check_reserve():
    """
    @dev The promise of this contract: every credit has its unit of the asset, here and now.
    """
    assert erc20.totalSupply == self.reserve, "credit: supply is not the reserve"
    assert staticcall IERC20(asset).balanceOf(self) >= self.reserve, "credit: reserve is short"
