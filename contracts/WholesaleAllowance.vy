# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy on
"""
@title Wholesale Allowance
@custom:contract-name WholesaleAllowance
@license AGPL-3.0-only
@author The Sunfair developers
@notice Tokens of a retailer's promise: each buys 500 kWh at its wholesale price. A token is an ERC-20 without decimals,
        made once, at deployment. Redeemed for an account of the market it becomes an allowance, which the retailer
        writes off for what it billed at wholesale: never more than the account's own meter counted since, and no Wh
        twice. Rules: docs/credit-spec.md, "The wholesale allowance".
        Rounding: there is none. Registers are whole Wh.
@dev    Of each meter only the lowest and the highest import register count, so readings may be shown in any order, by
        anyone, and as few as there are: nobody can shorten what was metered by showing one.
@custom:kill Nobody can stop it. It holds no money.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from ethereum.ercs import IERC20
implements: IERC20

from . import IEnergyMarket

# What the vault says of its state; the slots before `applied_slot` are applied.
struct VaultState:
    anchored: uint256
    applied: uint256
    next_slot: uint256
    applied_slot: uint256
    open_end: uint256
    last_apply: uint256
    last_cancel: uint256
    pending: uint256
    side: uint256
    bonded: uint256

interface IVault:
    def state() -> VaultState: view


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

from snekmate.auth import ownable
initializes: ownable

from snekmate.tokens import erc20
initializes: erc20[ownable := ownable]

from . import book_proofs as books

# The module's own mint, burn and roles are not exported: tokens are made here once, and go by `redeem` alone.
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

# @notice What one token buys, Wh.
TOKEN_WH: public(constant(uint256)) = 500_000

# @notice Most tokens there can be: 500 TWh.
TOKENS_MAX: public(constant(uint256)) = 10**9

# @dev Registers stay below this, as in the market.
REGISTER_MAX: constant(uint256) = 2**63


# ── Immutables ────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice The market whose accounts and meters count.
market: public(immutable(address))

# @notice Who promises the energy, and writes off.
retailer: public(immutable(address))

# @dev Length of a slot, seconds.
SLOT_SECONDS: immutable(uint256)


# ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────────

event Redeemed:
    # @notice `holder` gave `tokens` for an allowance of the account; use counts from `from_slot` on.
    account: indexed(uint256)
    holder: indexed(address)
    tokens: uint256
    from_slot: uint256

event Metered:
    # @notice A reading of the account's meter raised its metered use to `metered_wh`.
    account: indexed(uint256)
    slot: uint256
    metered_wh: uint256

event WrittenOff:
    # @notice `wh` of the account's allowance are used, for these slots; `statement` is the hash of the bill that says so.
    account: indexed(uint256)
    wh: uint256
    first_slot: uint256
    last_slot: uint256
    statement: bytes32


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice An account's allowance, Wh: opened with slot `from_slot`, redeemed, metered since, written off.
struct Allowance:
    from_slot: uint256
    redeemed_wh: uint256
    metered_wh: uint256
    written_off_wh: uint256

# @dev The lowest and highest register shown of a meter, each + 1; 0: none yet.
struct Shown:
    low: uint256
    high: uint256

allowances: HashMap[uint256, Allowance]

# @dev By account and the slot from which on the meter is dated.
shown: HashMap[uint256, HashMap[uint256, Shown]]


# ── Constructor ───────────────────────────────────────────────────────────────────────────────────────────────────────

@deploy
def __init__(market_: address, retailer_: address, tokens: uint256, name_: String[25], symbol_: String[5]):
    """
    @notice Makes all tokens there will ever be, for the retailer.
    @param market_ An Energy Market.
    @param retailer_ Who promises the energy.
    @param tokens How many, 1 to TOKENS_MAX.
    @param name_ The token's name; also the name in its EIP-712 domain (version "1").
    @param symbol_ The token's symbol.
    """
    assert retailer_ != empty(address), "allowance: zero address"
    assert tokens > 0 and tokens <= TOKENS_MAX, "allowance: tokens out of range"
    market = market_
    retailer = retailer_
    SLOT_SECONDS = staticcall IEnergyMarket(market_).slot_seconds()
    ownable.__init__()
    erc20.__init__(name_, symbol_, 0, name_, "1")
    erc20._mint(retailer_, tokens)
    # The module makes the deployer owner and minter; here nobody is either.
    ownable._transfer_ownership(empty(address))
    erc20.is_minter[msg.sender] = False
    log erc20.RoleMinterChanged(minter=msg.sender, status=False)


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def redeem(account: uint256, tokens: uint256):
    """
    @notice Gives up `tokens` of the caller's for an allowance of the account. Anyone may, for any member; it cannot be undone.
    @param account A member's number in the market.
    @param tokens How many, more than 0.
    """
    assert tokens > 0, "allowance: nothing to redeem"
    assert account >= books.FIRST_MEMBER, "allowance: no member"
    # The market refuses an account that does not exist.
    member: IEnergyMarket.Member = staticcall IEnergyMarket(market).member(account)
    erc20._burn(msg.sender, tokens)
    allowance: Allowance = self.allowances[account]
    if allowance.redeemed_wh == 0:
        allowance.from_slot = block.timestamp // SLOT_SECONDS
    allowance.redeemed_wh += tokens * TOKEN_WH
    self.allowances[account] = allowance
    log Redeemed(account=account, holder=msg.sender, tokens=tokens, from_slot=allowance.from_slot)


@external
def show(account: uint256, slot: uint256, import_wh: uint256, export_wh: uint256, signature: Bytes[65]):
    """
    @notice Counts a reading of the account's meter, in whatever order they come. Anyone may.
    @param account The account.
    @param slot The reading's slot: applied, not before the first redemption's.
    @param import_wh The import register at its end.
    @param export_wh The export register at its end.
    @param signature Of the reading, by the meter the account has in this slot.
    """
    allowance: Allowance = self.allowances[account]
    assert allowance.redeemed_wh > 0, "allowance: nothing redeemed"
    assert slot >= allowance.from_slot, "allowance: before the redemption"
    assert slot < (staticcall IVault(market).state()).applied_slot, "allowance: not applied"
    assert import_wh < REGISTER_MAX, "allowance: register out of range"
    assert books._is_read(market, account, slot, import_wh, export_wh, signature), "allowance: signature"
    meter: IEnergyMarket.Meter = staticcall IEnergyMarket(market).meter(account, slot)
    assert import_wh >= meter.import_wh, "allowance: register out of range"
    shown: Shown = self.shown[account][meter.from_slot]
    if shown.high == 0 and meter.from_slot > allowance.from_slot:
        # All that this meter counted was used after the redemption.
        shown = Shown(low=meter.import_wh + 1, high=meter.import_wh + 1)
    counted: uint256 = shown.high - shown.low
    shown.low = import_wh + 1 if shown.low == 0 else min(shown.low, import_wh + 1)
    shown.high = max(shown.high, import_wh + 1)
    self.shown[account][meter.from_slot] = shown
    allowance.metered_wh += shown.high - shown.low - counted
    self.allowances[account] = allowance
    log Metered(account=account, slot=slot, metered_wh=allowance.metered_wh)


@external
def write_off(account: uint256, wh: uint256, first_slot: uint256, last_slot: uint256, statement: bytes32):
    """
    @notice Uses up so much of the account's allowance: what the retailer billed at wholesale. The retailer only.
    @param account The account.
    @param wh How much, Wh, more than 0.
    @param first_slot First slot it was billed for.
    @param last_slot Last slot it was billed for.
    @param statement Hash of the bill.
    """
    assert msg.sender == retailer, "allowance: not the retailer"
    assert wh > 0, "allowance: nothing to write off"
    allowance: Allowance = self.allowances[account]
    assert first_slot >= allowance.from_slot and first_slot <= last_slot, "allowance: slots"
    # Each is bounded by what is left of it, so nothing overflows.
    assert wh <= allowance.redeemed_wh - allowance.written_off_wh, "allowance: not redeemed"
    assert allowance.written_off_wh + wh <= allowance.metered_wh, "allowance: not metered"
    allowance.written_off_wh += wh
    self.allowances[account] = allowance
    log WrittenOff(account=account, wh=wh, first_slot=first_slot, last_slot=last_slot, statement=statement)


# ── Views ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

@external
@view
def allowance_of(account: uint256) -> Allowance:
    """
    @notice Where an account's allowance stands.
    @param account The account.
    @return Slot of the first redemption; redeemed, metered since, written off, Wh.
    """
    return self.allowances[account]
