# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy on
"""
@title Simulated Euro
@custom:contract-name SimulatedEuro
@license AGPL-3.0-only
@author The Sunfair developers
@notice Play money. It stands in for a stablecoin on the chain inside a simulation and nowhere else: anyone may
        issue any amount to themself, so it is worth nothing. The constructor refuses every network but the two
        local ones (chain ids 31337 and 1337). ERC-20 with EIP-2612 permit and 6 decimals; 1 EUR = 1,000,000 µ.
@custom:kill It cannot be stopped, and needs not be: nobody can lose anything of worth in it.
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

# The minter role and the owner of the module are not exported: they exist for nobody.
exports: (
    erc20.name,
    erc20.symbol,
    erc20.decimals,
    erc20.totalSupply,
    erc20.balanceOf,
    erc20.allowance,
    erc20.transfer,
    erc20.transferFrom,
    erc20.approve,
    erc20.permit,
    erc20.nonces,
    erc20.DOMAIN_SEPARATOR,
    erc20.eip712Domain,
)


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @dev Chain ids of local development networks: the only ones on which this contract may exist.
LOCAL_CHAINS: constant(uint256[2]) = [31337, 1337]


# ── Constructor ───────────────────────────────────────────────────────────────────────────────────────────────────────

@deploy
def __init__():
    """
    @notice Refused on every network but a local one.
    """
    assert chain.id in LOCAL_CHAINS, "euro: only on a local chain"
    ownable.__init__()
    erc20.__init__("Simulated Euro", "SEUR", 6, "Simulated Euro", "1")
    # The module makes the deployer owner and minter; here nobody is either.
    ownable._transfer_ownership(empty(address))
    erc20.is_minter[msg.sender] = False
    log erc20.RoleMinterChanged(minter=msg.sender, status=False)


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def issue(amount: uint256):
    """
    @notice Creates `amount` out of nothing for the caller. Anyone may, any amount.
    @param amount µ (6 decimals).
    """
    erc20._mint(msg.sender, amount)
