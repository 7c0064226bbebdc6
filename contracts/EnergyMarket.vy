# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy on
"""
@title Energy Market
@custom:contract-name EnergyMarket
@license AGPL-3.0-only
@author The Sunfair developers
@notice Holds the money of one energy community and moves it once a period, by a list of signed amounts that sums
        to zero. Balances are plain numbers in storage. The operator anchors each period's results, posts the
        period's amounts, and after a window anyone has them written to the balances. Money leaves only to the owner
        of an account, when its owner asked for it.
        What this contract checks of the amounts: that they sum to zero, that no balance falls below zero, and that
        the guarantor pays the declared cover. Whether they are the right amounts it cannot tell yet: that is for
        each account's owner to check within the window, against the anchored results.
        Rounding: there is none here. Amounts are whole µ; the rounding of payments happens before they are summed.
@dev    Accounts are numbered: 0 utility, 1 network, 2 reserve, members from 3. An index is never given twice.
        The guarantor stands outside the numbering, as account `GUARANTOR`.
        The door: deposits and withdrawals touch balances only while it is open, settlements come only while it is
        shut. It opens for an hour at the later of the last apply (or the deployment) and the end of the oldest
        anchored period not yet applied, then alternates hourly; a pending settlement keeps it shut. Only the oldest
        such period counts: if each new anchor moved the hours, anchoring often would keep the door shut.
        The operator can therefore shift the hours once per apply, and every apply is followed by a whole open hour.
@custom:kill Nobody can stop it. If no settlement was applied for `escape_seconds`, the market is over: no more anchors,
        settlements, applies or deposits, and every account's whole balance can be paid to its owner at once.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice The guarantor's account number in deposits, withdrawals and views.
GUARANTOR: public(constant(uint256)) = 2**32 - 1

# @notice Most members, and most numbered accounts (members, utility, network, reserve).
MEMBERS_MAX: public(constant(uint256)) = 1024
ACCOUNTS_MAX: constant(uint256) = MEMBERS_MAX + 3

# @dev Amounts of a settlement: one for each account, and the guarantor's.
AMOUNTS_MAX: constant(uint256) = ACCOUNTS_MAX + 1

# @dev The guarantor's place in the arrays of owners and balances, behind every number an account can have.
GUARANTOR_PLACE: constant(uint256) = ACCOUNTS_MAX

# @notice Most accounts opened by one call.
OPEN_MAX: public(constant(uint256)) = 128

# @notice The door is open this long, then shut this long, seconds.
DOOR_SECONDS: public(constant(uint256)) = 3600

# @dev A balance takes the low 96 bits of an account's word (7.9·10²⁸ µ), its owner the rest.
BALANCE_BITS: constant(uint256) = 96
BALANCE_MAX: constant(uint256) = 2**96 - 1

# @dev Decimals of the token: a balance of 1 is 1 µ of the settlement currency.
DECIMALS: constant(uint8) = 6

# @dev The EIP-2612 call, made by hand because its failure must not stop a deposit.
PERMIT: constant(Bytes[4]) = method_id("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)")


# ── Immutables ────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice The ERC-20 in which balances are held.
token: public(immutable(address))

# @notice The community's identifier.
community: public(immutable(bytes32))

# @notice Who anchors, settles and opens accounts. Without any power to take or hold money.
operator: public(immutable(address))

# @notice Length of a slot; slot n is the seconds n·slot_seconds to (n + 1)·slot_seconds − 1 of unix time.
slot_seconds: public(immutable(uint256))

# @notice Time between a settlement and its apply, seconds.
window_seconds: public(immutable(uint256))

# @notice Time without an apply after which the market is over, seconds.
escape_seconds: public(immutable(uint256))


# ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────────

event AccountOpened:
    # @notice `account` now belongs to `owner`.
    account: indexed(uint256)
    owner: indexed(address)

event Deposited:
    # @notice `payer` paid `amount` µ into `account`.
    account: indexed(uint256)
    payer: indexed(address)
    amount: uint256

event WithdrawalRequested:
    # @notice `account` asks for `amount` µ (0: takes its request back), due once `period` is applied.
    account: indexed(uint256)
    amount: uint256
    period: uint256

event Withdrawn:
    # @notice `amount` µ left `account` to its `owner`.
    account: indexed(uint256)
    owner: indexed(address)
    amount: uint256

event Anchored:
    # @notice `root` stands for the results of slots `first_slot` to `first_slot + slots - 1`.
    period: indexed(uint256)
    first_slot: uint256
    slots: uint256
    root: bytes32

event Settled:
    # @notice The operator posted the amounts of `period`; `amounts_hash` is keccak256(abi.encode(int256[])) of them.
    period: indexed(uint256)
    period_root: bytes32
    cover: uint256
    amounts_hash: bytes32

event Applied:
    # @notice The amounts of `period` are in the balances.
    period: indexed(uint256)
    amounts_hash: bytes32


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @dev What an account's owner asked for; due once `period` is applied.
struct Request:
    amount: uint256
    period: uint256

# @notice Number of numbered accounts; the next one opened gets this number.
accounts: public(uint256)

# @dev By account number, the guarantor at GUARANTOR_PLACE: owner (160 bits) and balance (96 bits) in one word. The
# word of an account is never zero, so that writing a balance costs the same whatever it was, and the amounts of the
# largest community fit into one transaction even when every balance begins at zero.
book: uint256[AMOUNTS_MAX]
requests: Request[AMOUNTS_MAX]

# @notice Sum of all balances, the guarantor's included, µ. The token balance of this contract is never below it.
total: public(uint256)

# @notice Number of periods anchored; the next period anchored gets this number.
anchored: public(uint256)

# @notice Number of periods applied; the next period settled is the one of this number.
applied: public(uint256)

# @notice The slot with which the next period must begin (any, for period 0).
next_slot: public(uint256)

# @notice By period: keccak256(abi.encode(period, first_slot, slots, root)); zero if not anchored.
anchor_hash: public(HashMap[uint256, bytes32])

# @notice By period: the end of its last slot, unix seconds; zero if not anchored.
period_end: public(HashMap[uint256, uint256])

# @notice By period: keccak256(abi.encode(period, period_root, cover, amounts_hash)); zero if not settled.
settlement_hash: public(HashMap[uint256, bytes32])

# @notice Hash of the amounts that wait to be applied; zero if none do.
pending: public(bytes32)

# @notice When the pending settlement was taken, unix seconds.
settled_at: public(uint256)

# @notice When amounts were last applied (or, before that, when the contract was deployed), unix seconds.
last_apply: public(uint256)


# ── Constructor ───────────────────────────────────────────────────────────────────────────────────────────────────────

@deploy
def __init__(
    token_: address,
    community_: bytes32,
    operator_: address,
    guarantor_: address,
    roles_: address[3],
    slot_seconds_: uint256,
    window_seconds_: uint256,
    escape_seconds_: uint256,
):
    """
    @notice Opens the market with the accounts of utility, network and reserve. Nothing given here changes later.
    @param token_ An ERC-20 with 6 decimals, whose transfers move exactly the amount they are asked to move.
    @param community_ The community's identifier.
    @param operator_ Who anchors, settles and opens accounts.
    @param guarantor_ Owner of the account that pays cover.
    @param roles_ Owners of the accounts of utility (0), network (1) and reserve (2).
    @param slot_seconds_ Length of a slot.
    @param window_seconds_ Time between a settlement and its apply.
    @param escape_seconds_ Time without an apply after which the market is over; longer than the window and two
           whole turns of the door, or an honest operator could not be in time.
    """
    assert staticcall IERC20Detailed(token_).decimals() == DECIMALS, "market: token needs 6 decimals"
    assert operator_ != empty(address) and guarantor_ != empty(address), "market: zero address"
    assert slot_seconds_ > 0, "market: zero slot"
    assert window_seconds_ > 0, "market: zero window"
    assert escape_seconds_ > window_seconds_ + 4 * DOOR_SECONDS, "market: escape too short"
    token = token_
    community = community_
    operator = operator_
    slot_seconds = slot_seconds_
    window_seconds = window_seconds_
    escape_seconds = escape_seconds_
    self.last_apply = block.timestamp
    self.book[GUARANTOR_PLACE] = convert(guarantor_, uint256) << BALANCE_BITS
    for owner: address in roles_:
        self._open(owner)


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def open_accounts(owners: DynArray[address, OPEN_MAX]) -> uint256:
    """
    @notice Opens an account for each owner, numbered on from `accounts()`. Operator only; not while a settlement
            is pending, whose amounts are one for each account.
    @param owners Addresses, none of them zero; one address may own several accounts.
    @return The first number given.
    """
    self._only_operator()
    self._only_alive()
    assert self.pending == empty(bytes32), "market: settlement pending"
    assert len(owners) > 0, "market: no owners"
    first: uint256 = self.accounts
    for owner: address in owners:
        self._open(owner)
    return first


@external
def deposit(account: uint256, amount: uint256):
    """
    @notice Pays `amount` of the caller's tokens into `account`. Anyone may pay into any account, while the door is
            open; the caller approves this contract in the token first.
    @param account An account's number, or `GUARANTOR`.
    @param amount µ, more than 0.
    """
    self._deposit(account, amount)


@external
def deposit_with_permit(account: uint256, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    """
    @notice `deposit` with an EIP-2612 permit of the caller for `amount` instead of an approval made before.
    @dev    The permit may fail: whoever saw it pending can have used it already, and then the allowance stands.
            If it does not stand, the transfer fails.
    @param account An account's number, or `GUARANTOR`.
    @param amount µ, more than 0; the value of the permit.
    @param deadline The permit's last second, unix time.
    @param v The permit's signature.
    @param r The permit's signature.
    @param s The permit's signature.
    """
    success: bool = raw_call(
        token,
        abi_encode(msg.sender, self, amount, deadline, v, r, s, method_id=PERMIT),
        revert_on_failure=False,
    )
    self._deposit(account, amount)


@external
def request_withdrawal(account: uint256, amount: uint256):
    """
    @notice Asks for `amount` out of `account`; its owner only, at any time. Due once the period is applied that was
            not yet anchored at this moment, so that everything consumed up to now is paid first. A new request
            replaces the one before and waits anew; 0 takes it back.
    @param account An account's number, or `GUARANTOR`.
    @param amount µ; may be more than the balance: then the balance is paid.
    """
    place: uint256 = self._place(account)
    assert msg.sender == self._owner(place), "market: not the owner"
    self.requests[place] = Request(amount=amount, period=self.anchored)
    log WithdrawalRequested(account=account, amount=amount, period=self.anchored)


@external
def withdraw(account: uint256) -> uint256:
    """
    @notice Pays what is due to the owner of `account`: the lesser of request and balance, which ends the request. Anyone
            may call it while the door is open. When the market is over, it pays the whole balance, without a
            request, door or no door.
    @param account An account's number, or `GUARANTOR`.
    @return The amount paid, µ.
    """
    place: uint256 = self._place(account)
    balance: uint256 = self._balance(place)
    amount: uint256 = balance
    if not self._escaped():
        request: Request = self.requests[place]
        assert request.amount > 0, "market: nothing requested"
        assert self.applied > request.period, "market: not due yet"
        assert self._door_open(), "market: door shut"
        amount = min(balance, request.amount)
    # A request outlives an empty balance, or anyone could use it up for its owner.
    assert amount > 0, "market: empty balance"
    self.requests[place] = empty(Request)
    self._write(place, balance - amount)
    self.total -= amount
    owner: address = self._owner(place)
    log Withdrawn(account=account, owner=owner, amount=amount)
    held: uint256 = staticcall IERC20(token).balanceOf(self)
    assert extcall IERC20(token).transfer(owner, amount, default_return_value=True), "market: token refused"
    # A token that takes more than was paid would take it from the other accounts.
    assert staticcall IERC20(token).balanceOf(self) == held - amount, "market: token moved another amount"
    return amount


@external
def anchor(period: uint256, first_slot: uint256, slots: uint256, root: bytes32):
    """
    @notice Commits the results of a period. Operator only. Periods are numbered 0, 1, … and follow one another
            without a gap; none before its last slot has ended.
    @param period Must be `anchored()`.
    @param first_slot The period's first slot: `next_slot()`, or any for period 0.
    @param slots Number of slots, more than 0.
    @param root Root over the headers of the period's slots, not zero.
    """
    self._only_operator()
    self._only_alive()
    assert period == self.anchored, "market: not the next period"
    assert slots > 0, "market: no slots"
    assert period == 0 or first_slot == self.next_slot, "market: not the next slot"
    assert root != empty(bytes32), "market: empty root"
    end: uint256 = (first_slot + slots) * slot_seconds
    assert end <= block.timestamp, "market: period not over"
    self.anchored = period + 1
    self.next_slot = first_slot + slots
    self.period_end[period] = end
    self.anchor_hash[period] = keccak256(abi_encode(period, first_slot, slots, root))
    log Anchored(period=period, first_slot=first_slot, slots=slots, root=root)


@external
def settle(period: uint256, period_root: bytes32, cover: uint256, amounts: DynArray[int256, AMOUNTS_MAX]):
    """
    @notice Posts what each account gets (+) or pays (−) for a period. Operator only, while the door is shut and
            nothing is pending. Moves nothing yet: only hashes are kept, and the door stays shut until `apply`.
    @param period The oldest anchored period not yet applied.
    @param period_root Root over the accounts' own rows of the period, not zero.
    @param cover What the guarantor pays for members whose balance did not reach, µ.
    @param amounts µ: one for each account in order, then the guarantor's, which is −`cover`. They sum to zero.
    """
    self._only_operator()
    self._only_alive()
    assert self.pending == empty(bytes32), "market: settlement pending"
    assert period == self.applied, "market: not the next period"
    assert period < self.anchored, "market: not anchored"
    assert not self._hour_open(), "market: door open"
    # A settlement that cannot be applied in time would only keep the door shut.
    assert block.timestamp + window_seconds < self.last_apply + escape_seconds, "market: too late to settle"
    assert period_root != empty(bytes32), "market: empty root"
    self._check_amounts(cover, amounts)
    amounts_hash: bytes32 = keccak256(abi_encode(amounts))
    self.pending = amounts_hash
    self.settled_at = block.timestamp
    self.settlement_hash[period] = keccak256(abi_encode(period, period_root, cover, amounts_hash))
    log Settled(period=period, period_root=period_root, cover=cover, amounts_hash=amounts_hash)


@external
def apply(amounts: DynArray[int256, AMOUNTS_MAX]):
    """
    @notice Writes the pending settlement to the balances. Anyone may, once the window is over.
    @param amounts Exactly those of the settlement.
    """
    self._only_alive()
    assert self.pending != empty(bytes32), "market: nothing pending"
    assert block.timestamp >= self.settled_at + window_seconds, "market: window not over"
    amounts_hash: bytes32 = keccak256(abi_encode(amounts))
    assert amounts_hash == self.pending, "market: not the settled amounts"
    period: uint256 = self.applied
    self.pending = empty(bytes32)
    self.applied = period + 1
    self.last_apply = block.timestamp
    last: uint256 = len(amounts) - 1
    for i: uint256 in range(last, bound=ACCOUNTS_MAX):
        self._add(i, amounts[i])
    self._add(GUARANTOR_PLACE, amounts[last])
    log Applied(period=period, amounts_hash=amounts_hash)


# ── Views ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

@external
@view
def guarantor() -> address:
    """
    @notice Owner of the account that pays cover.
    @return The address.
    """
    return self._owner(GUARANTOR_PLACE)


@external
@view
def balance_of(account: uint256) -> uint256:
    """
    @notice An account's balance.
    @param account An account's number, or `GUARANTOR`.
    @return µ.
    """
    return self._balance(self._place(account))


@external
@view
def owner_of(account: uint256) -> address:
    """
    @notice Who owns an account, and alone is paid from it.
    @param account An account's number, or `GUARANTOR`.
    @return The address.
    """
    return self._owner(self._place(account))


@external
@view
def request_of(account: uint256) -> (uint256, uint256):
    """
    @notice What an account's owner asked for.
    @param account An account's number, or `GUARANTOR`.
    @return The amount, µ (0: nothing), and the period after whose apply it is due.
    """
    request: Request = self.requests[self._place(account)]
    return request.amount, request.period


@external
@view
def door_open() -> bool:
    """
    @notice Whether deposits and due withdrawals are taken in this block. (When the market is over, no deposit is
            taken and every balance is paid, whatever this says.)
    @return True while the door is open.
    """
    return self._door_open()


@external
@view
def escaped() -> bool:
    """
    @notice Whether the market is over, for ever.
    @return True from `escape_time()` on.
    """
    return self._escaped()


@external
@view
def escape_time() -> uint256:
    """
    @notice When the market is over unless a settlement is applied before.
    @return Unix seconds.
    """
    return self.last_apply + escape_seconds


@external
@view
def settle_time() -> uint256:
    """
    @notice Earliest time, from this block on, at which the oldest anchored period can be settled.
    @return Unix seconds. Reverts if nothing is anchored, a settlement is pending, or the market is over.
    """
    self._only_alive()
    assert self.pending == empty(bytes32), "market: settlement pending"
    assert self.applied < self.anchored, "market: not anchored"
    if not self._hour_open():
        return block.timestamp
    elapsed: uint256 = block.timestamp - self._door_start()
    return self._door_start() + (elapsed // DOOR_SECONDS + 1) * DOOR_SECONDS


@external
@view
def apply_time() -> uint256:
    """
    @notice From when the pending settlement can be applied.
    @return Unix seconds; 0 if nothing is pending.
    """
    if self.pending == empty(bytes32):
        return 0
    return self.settled_at + window_seconds


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@view
def _only_operator():
    """
    @dev Refuses everyone else.
    """
    assert msg.sender == operator, "market: not the operator"


@internal
@view
def _only_alive():
    """
    @dev Refuses when the market is over. `apply` too: it would start the clock anew and undo the escape.
    """
    assert not self._escaped(), "market: over"


@internal
@view
def _escaped() -> bool:
    """
    @dev Once true it stays true: nothing can be applied any more, so `last_apply` stands still.
    """
    return block.timestamp >= self.last_apply + escape_seconds


@internal
@view
def _door_start() -> uint256:
    """
    @dev When the door last began to alternate. Never in the future: a period is anchored after its end.
    """
    if self.applied < self.anchored:
        return max(self.last_apply, self.period_end[self.applied])
    return self.last_apply


@internal
@view
def _hour_open() -> bool:
    """
    @dev Whether this is an hour in which the door is open, were nothing pending.
    """
    return ((block.timestamp - self._door_start()) // DOOR_SECONDS) % 2 == 0


@internal
@view
def _door_open() -> bool:
    """
    @dev The door itself.
    """
    return self.pending == empty(bytes32) and self._hour_open()


@internal
@view
def _place(account: uint256) -> uint256:
    """
    @dev Where an account stands in the arrays; refuses numbers not given.
    """
    if account == GUARANTOR:
        return GUARANTOR_PLACE
    assert account < self.accounts, "market: no such account"
    return account


@internal
@view
def _owner(place: uint256) -> address:
    """
    @dev The high bits of an account's word.
    """
    return convert(self.book[place] >> BALANCE_BITS, address)


@internal
@view
def _balance(place: uint256) -> uint256:
    """
    @dev The low bits of an account's word.
    """
    return self.book[place] & BALANCE_MAX


@internal
def _write(place: uint256, balance: uint256):
    """
    @dev Replaces the low bits. Balances sum to `total`, which is at most BALANCE_MAX.
    """
    self.book[place] = (self.book[place] & ~BALANCE_MAX) | balance


@internal
def _open(owner: address):
    """
    @dev Gives `owner` the next number.
    """
    account: uint256 = self.accounts
    assert account < ACCOUNTS_MAX, "market: full"
    assert owner != empty(address), "market: zero address"
    self.book[account] = convert(owner, uint256) << BALANCE_BITS
    self.accounts = account + 1
    log AccountOpened(account=account, owner=owner)


@internal
def _deposit(account: uint256, amount: uint256):
    """
    @dev Credits first, then pulls; the received amount is checked by what this contract holds before and after.
    """
    self._only_alive()
    assert self._door_open(), "market: door shut"
    assert amount > 0, "market: nothing to deposit"
    place: uint256 = self._place(account)
    self.total += amount
    # No balance can exceed the sum of all, so none outgrows its place.
    assert self.total <= BALANCE_MAX, "market: too much money"
    self._write(place, self._balance(place) + amount)
    log Deposited(account=account, payer=msg.sender, amount=amount)
    held: uint256 = staticcall IERC20(token).balanceOf(self)
    assert extcall IERC20(token).transferFrom(
        msg.sender, self, amount, default_return_value=True
    ), "market: token refused"
    assert staticcall IERC20(token).balanceOf(self) == held + amount, "market: token moved another amount"


@internal
@view
def _check_amounts(cover: uint256, amounts: DynArray[int256, AMOUNTS_MAX]):
    """
    @dev Conservation and no overdraft. Balances cannot change before the apply: the door is shut until then.
    """
    last: uint256 = self.accounts
    assert len(amounts) == last + 1, "market: not one amount per account"
    assert amounts[last] <= 0 and convert(-amounts[last], uint256) == cover, "market: guarantor does not pay cover"
    assert convert(self._balance(GUARANTOR_PLACE), int256) + amounts[last] >= 0, "market: overdraft"
    sum: int256 = amounts[last]
    for i: uint256 in range(last, bound=ACCOUNTS_MAX):
        sum += amounts[i]
        assert convert(self._balance(i), int256) + amounts[i] >= 0, "market: overdraft"
    assert sum == 0, "market: amounts do not sum to zero"


@internal
def _add(place: uint256, amount: int256):
    """
    @dev One balance of a settlement. `settle` checked that it stays at least zero; the conversion checks again.
    """
    self._write(place, convert(convert(self._balance(place), int256) + amount, uint256))
