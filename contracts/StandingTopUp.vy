# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy on
"""
@title Standing Top-up
@custom:contract-name StandingTopUp
@license AGPL-3.0-only
@author The Sunfair developers
@notice Pays into an account of an Energy Market whenever it runs low, out of the tokens of somebody who signed a
        permission for it: so much at a time, a UTC day, and in all. Anyone may have it done while the permission holds,
        and gains nothing by it. Rules: docs/credit-spec.md, "The standing permission".
        Rounding: there is none. An amount is paid in whole or not at all.
@dev    It knows no market and no token beforehand: the payer signs which market, and the market says which token. What a
        false market can have is what a payer signed for it, once a call; another payer's tokens need that payer's own
        signature. It holds nothing between calls.
@custom:kill Nobody can stop it. A payer revokes for itself, or takes the token's allowance back.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from ethereum.ercs import IERC20

interface IVault:
    def token() -> address: view
    def balance_of(account: uint256) -> uint256: view
    def parked_of(account: uint256, not_before: uint256) -> uint256: view
    def door_open() -> bool: view
    def deposit(account: uint256, amount: uint256): nonpayable
    def park(account: uint256, amount: uint256, not_before: uint256): nonpayable


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import book_proofs as books


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @dev EIP-712.
DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
NAME: constant(bytes32) = keccak256("Sunfair Top-up")
VERSION: constant(bytes32) = keccak256("1")
PERMISSION_TYPE: constant(bytes32) = keccak256(
    "Permission(address market,uint256 account,address payer,uint256 amount,uint256 below,uint256 per_day,uint256 in_total,uint256 expires,uint256 nonce)"
)

DAY: constant(uint256) = 86_400

# @dev No amount of money has more bits in a vault; so no sum here overflows.
MONEY_MAX: constant(uint256) = 2**62 - 1


# ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────────

event ToppedUp:
    # @notice `amount` of the payer's tokens went into the account, or is parked for it.
    permission: indexed(bytes32)
    payer: indexed(address)
    market: indexed(address)
    account: uint256
    amount: uint256
    parked: bool

event Revoked:
    # @notice Permissions of this payer with a smaller nonce are void.
    payer: indexed(address)
    nonce: uint256


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice What a payer signs: when less than `below` is there, `amount` is paid in; µ, unix seconds.
struct Permission:
    market: address
    account: uint256
    payer: address
    amount: uint256
    below: uint256
    per_day: uint256
    in_total: uint256
    expires: uint256
    nonce: uint256

# @dev Under a permission, by its digest: in all, the day of the last top-up, on that day.
struct Taken:
    total: uint256
    day: uint256
    today: uint256

# @notice How often a payer revoked; the nonce of its permissions that hold.
nonces: public(HashMap[address, uint256])

taken: HashMap[bytes32, Taken]


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def top_up(permission: Permission, signature: Bytes[65]):
    """
    @notice Has one top-up made. Anyone may; the payer has allowed this contract in the market's token.
    @dev    Counted before anything else is called: whatever token or market call back, they find it taken.
    @param permission What the payer signed.
    @param signature The payer's, r ‖ s ‖ v.
    """
    digest: bytes32 = self._digest(permission)
    assert books._is_signed(digest, signature, permission.payer), "top-up: signature"
    assert permission.nonce == self.nonces[permission.payer], "top-up: revoked"
    assert block.timestamp < permission.expires, "top-up: expired"
    assert permission.amount > 0 and permission.amount <= MONEY_MAX, "top-up: amount"
    self._count(digest, permission)
    vault: IVault = IVault(permission.market)
    held: uint256 = staticcall vault.balance_of(permission.account)
    # Money parked while the door was shut is as good as there: else a shut hour would take a whole day's cap.
    waiting: uint256 = staticcall vault.parked_of(permission.account, 0)
    assert held < permission.below and waiting < permission.below - held, "top-up: not low"
    is_open: bool = staticcall vault.door_open()
    self._pay(vault, permission, is_open)
    log ToppedUp(
        permission=digest,
        payer=permission.payer,
        market=permission.market,
        account=permission.account,
        amount=permission.amount,
        parked=not is_open,
    )


@external
def revoke() -> uint256:
    """
    @notice Voids every permission that the caller signed for this contract up to now.
    @return The nonce of its next ones.
    """
    nonce: uint256 = self.nonces[msg.sender] + 1
    self.nonces[msg.sender] = nonce
    log Revoked(payer=msg.sender, nonce=nonce)
    return nonce


# ── Views ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

@external
@view
def digest_of(permission: Permission) -> bytes32:
    """
    @notice What is signed of a permission, and what it is known by.
    @param permission The permission.
    @return Its EIP-712 digest here.
    """
    return self._digest(permission)


@external
@view
def taken_of(digest: bytes32) -> (uint256, uint256):
    """
    @notice What was taken under a permission.
    @param digest Its digest.
    @return In all, and in the present UTC day, µ.
    """
    taken: Taken = self.taken[digest]
    return taken.total, (taken.today if taken.day == block.timestamp // DAY else 0)


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@view
def _digest(permission: Permission) -> bytes32:
    """
    @dev The domain is computed each time: on a fork with another chain id these permissions must not count.
    """
    domain: bytes32 = keccak256(abi_encode(DOMAIN_TYPE, NAME, VERSION, chain.id, self))
    return books._digest(domain, keccak256(abi_encode(PERMISSION_TYPE, permission)))


@internal
def _count(digest: bytes32, permission: Permission):
    """
    @dev Takes the amount from what the permission leaves of the day and of all.
    """
    taken: Taken = self.taken[digest]
    today: uint256 = block.timestamp // DAY
    if taken.day != today:
        taken.day = today
        taken.today = 0
    taken.today += permission.amount
    taken.total += permission.amount
    assert taken.today <= permission.per_day, "top-up: day's cap"
    assert taken.total <= permission.in_total, "top-up: total cap"
    self.taken[digest] = taken


@internal
def _pay(vault: IVault, permission: Permission, is_open: bool):
    """
    @dev From the payer through this contract into the vault. What the vault did not take would stay here for anyone, so
         it must have taken all.
    """
    token: IERC20 = IERC20(staticcall vault.token())
    before: uint256 = staticcall token.balanceOf(self)
    assert extcall token.transferFrom(
        permission.payer, self, permission.amount, default_return_value=True
    ), "top-up: token refused"
    assert extcall token.approve(permission.market, permission.amount, default_return_value=True), "top-up: token refused"
    if is_open:
        extcall vault.deposit(permission.account, permission.amount)
    else:
        extcall vault.park(permission.account, permission.amount, 0)
    assert staticcall token.balanceOf(self) == before, "top-up: not taken"
    assert staticcall token.allowance(self, permission.market) == 0, "top-up: not taken"
