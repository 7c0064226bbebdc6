# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy on
# pragma optimize codesize
"""
@title Energy Market
@custom:contract-name EnergyMarket
@license AGPL-3.0-only
@author The Sunfair developers
@notice The vault of one energy community. It holds the members' money, keeps who takes part with which meter under
        which terms, and moves balances once a period by a list of signed amounts that sums to zero. The operator
        anchors a period's results and posts its amounts; within the window anyone who finds one false thing shows it
        to a court, which has the settlement cancelled and the operator's bond taken. What nobody refutes is written
        to the balances, by anyone.
        What this contract checks of amounts itself: they sum to zero, no balance falls below zero, the guarantor pays
        the declared cover, the reserve gets no more than rounding can leave. Whether they are the right amounts is
        for the courts.
        Rounding: amounts are whole µ and are rounded before they are summed. Here only the finder's fifth of a slash
        and the equal shares at the escape are divided, both down: the rest stays with the reserve, or in the pot.
@dev    Accounts are numbered: 0 utility, 1 network, 2 reserve, members from 3. An index is never given twice. The
        guarantor stands outside the numbering, as account `GUARANTOR`.
        Balances lie four to a word, in lanes of 64 bits: bit 63 says that the account exists (so that the word is never
        zero), bit 62 is clear, bits 0 to 61 are the balance. The place of an account is its number + 1, the guarantor's
        is 0; place p is lane p % 4 (at bit 64·(p % 4)) of word p // 4. Amounts come in the same lanes, as amount + 2⁶²,
        so that a whole word is checked and added at once.
        The door: deposits and withdrawals touch balances only while it is open, settlements come only while it is
        shut. It opens for an hour at the latest of the last apply (or the deployment), the last cancelled settlement
        and the end of the oldest anchored period not yet applied, then alternates hourly; a pending settlement keeps it
        shut. Only the oldest such period counts: if each new anchor moved the hours, anchoring often would keep the
        door shut.
        Nothing a former operator did can reach its successor: a takeover drops what was anchored and not applied, and
        convicting anyone but the present operator costs that party's bond and changes nothing else.
@custom:kill Nobody can stop it. If no settlement was applied for `escape_seconds`, the market is over: no more anchors,
        settlements, applies or deposits, and every account's whole balance can be paid to its owner at once.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from . import IEnergyMarket

implements: IEnergyMarket

interface IDocket:
    def open_demands(market: address, settlement_hash: bytes32) -> uint256: view


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice The guarantor's account number in deposits, withdrawals and views.
GUARANTOR: public(constant(uint256)) = 2**32 - 1

# @notice Most members; with utility, network, reserve and guarantor they fill 1,024 words.
MEMBERS_MAX: public(constant(uint256)) = 4092
ACCOUNTS_MAX: constant(uint256) = MEMBERS_MAX + 3
PLACES: constant(uint256) = ACCOUNTS_MAX + 1
WORDS: constant(uint256) = PLACES // 4

# @dev The first member's number; the reserve's place.
FIRST_MEMBER: constant(uint256) = 3
RESERVE_PLACE: constant(uint256) = 3

# @notice Most accounts opened by one call.
OPEN_MAX: public(constant(uint256)) = 128

# @notice Most Wh of a side of an account's offers, as for every energy in this project.
CAP_MAX: constant(uint256) = 10**9

# @notice The door is open this long, then shut this long, seconds.
DOOR_SECONDS: public(constant(uint256)) = 3600

# @notice Most slots of one period, and most periods anchored and not yet applied.
SLOTS_MAX: public(constant(uint256)) = 4096
RING: public(constant(uint256)) = 64

# @dev The slot of a conviction that voids none.
NO_SLOT: constant(uint256) = max_value(uint256)

# @dev Most dated meters of one account: bounds what it costs a court to find the right one.
METERS_MAX: constant(uint256) = 64

# @dev Terms: bounds of tariffs (µ/kWh), of k, and how far ahead they may be set, or a slip of the pen would bind for ever.
TARIFF_MAX: constant(uint256) = 10**9
K_MAX: constant(uint256) = 2**63
TERMS_SECONDS_MAX: constant(uint256) = 400 * DAY
TARIFFS_MAX: constant(uint256) = 1024
BPS: constant(uint256) = 10_000

# @dev One part in so many of a slashed bond is the finder's.
FINDERS_PART: constant(uint256) = 5

DAY: constant(uint256) = 86_400

# @dev A request for money falls due so long after it was made: the longest day of a site's time, so that the moment lies
#      in the day that follows, to the end of which offers acknowledged before the request can count.
NOTICE: constant(uint256) = DAY + 3600

# @dev What an account's last slot is until it closes.
NEVER: constant(uint256) = 2**40 - 1

# @dev Lanes. ZERO is amount 0 in each lane, OPEN the bit of existing accounts, EVEN the lanes 0 and 2.
LANE: constant(uint256) = 2**64 - 1
BALANCE_MAX: constant(uint256) = 2**62 - 1
LANES: constant(uint256) = 1 + 2**64 + 2**128 + 2**192
ZERO: constant(uint256) = 2**62 * LANES
OPEN: constant(uint256) = 2**63 * LANES
BALANCES: constant(uint256) = BALANCE_MAX * LANES
EVEN: constant(uint256) = LANE * (1 + 2**128)
HALF: constant(uint256) = 2**128 - 1

# @dev Amounts are hashed in chunks of this many words.
CHUNK: constant(uint256) = 16

# @dev Where the amounts' words begin in the calldata of `settle` (after 4 head words and the length) and of `apply` (11).
SETTLE_WORDS: constant(uint256) = 4 + 32 * 5
APPLY_WORDS: constant(uint256) = 4 + 32 * 12

# @dev Widths of packed fields.
ADDRESS: constant(uint256) = 2**160 - 1
SLOT: constant(uint256) = 2**36 - 1
COUNT: constant(uint256) = 2**32 - 1
DATE: constant(uint256) = 2**40 - 1
END: constant(uint256) = 2**48 - 1

# @dev Where in a word of `readers` stand the newest meter's first slot, the number of dated meters, and a 1 if the
#      newest has a key.
METER_FROM: constant(uint256) = 192
METERS: constant(uint256) = 232
METERED: constant(uint256) = 248

# @dev Decimals of the token: a balance of 1 is 1 µ of the settlement currency.
DECIMALS: constant(uint8) = 6

# @dev The EIP-2612 call, made by hand because its failure must not stop a deposit.
PERMIT: constant(Bytes[4]) = method_id("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)")

# @dev Of the EIP-712 domain, in which offers, receipts, readings and promises are signed.
DOMAIN: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
NAME: constant(bytes32) = keccak256("Sunfair")
VERSION: constant(bytes32) = keccak256("1")


# ── Immutables ────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice The ERC-20 in which balances are held.
token: public(immutable(address))

# @notice The community's identifier.
community: public(immutable(bytes32))

# @notice Length of a slot; slot n is the seconds n·slot_seconds to (n + 1)·slot_seconds − 1 of unix time.
slot_seconds: public(immutable(uint256))

# @notice The book of a slot closes this long before the slot begins.
gate_seconds: public(immutable(uint256))

# @notice Time between a settlement and its apply, seconds.
window_seconds: public(immutable(uint256))

# @notice An operator that applied nothing for this long can be replaced, seconds.
takeover_seconds: public(immutable(uint256))

# @notice Time without an apply after which the market is over, seconds.
escape_seconds: public(immutable(uint256))

# @notice What an operator must have posted to anchor and to settle, µ.
bond_amount: public(immutable(uint256))

# @dev Who may convict: the courts of auction, rows and book, and the docket. And the register, which alone says whose
#      readings count.
AUCTION_COURT: immutable(address)
ROW_COURT: immutable(address)
BOOK_COURT: immutable(address)
DOCKET: immutable(address)
REGISTRY: immutable(address)


# ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────────

event AccountOpened:
    # @notice `account` belongs to `owner` and takes part from `from_slot` on, with offers of at most `cap_wh` a side.
    account: indexed(uint256)
    owner: indexed(address)
    cap_wh: uint256
    from_slot: uint256

event AccountClosed:
    # @notice `account` takes part in no slot from `to_slot` on.
    account: indexed(uint256)
    to_slot: uint256

event ReaderNamed:
    # @notice `reader` may look and demand for `account` (the zero address: nobody may any more).
    account: indexed(uint256)
    reader: indexed(address)

event MeterSet:
    # @notice From `from_slot` on `key` signs the readings of `account` (the zero address: nobody does), whose registers begin
    #         at these.
    account: indexed(uint256)
    key: indexed(address)
    from_slot: uint256
    import_wh: uint256
    export_wh: uint256

event TermsSet:
    # @notice Terms of number `index`. `tariffs`: (retail i8, feed_in i8) for each slot from `first_slot` on.
    index: indexed(uint256)
    first_slot: uint256
    last_slot: uint256
    rule: uint256
    k_num: uint256
    k_den: uint256
    seller: uint256
    utility: uint256
    network: uint256
    tariffs: Bytes[16 * TARIFFS_MAX]

event Deposited:
    # @notice `payer` paid `amount` µ into `account`.
    account: indexed(uint256)
    payer: indexed(address)
    amount: uint256

event Parked:
    # @notice `payer` left `amount` µ for `account`, to be credited as `not_before` says.
    account: indexed(uint256)
    payer: indexed(address)
    amount: uint256
    not_before: uint256

event Credited:
    # @notice `amount` µ parked with `not_before` are now in the balance of `account`.
    account: indexed(uint256)
    amount: uint256
    not_before: uint256

event WithdrawalRequested:
    # @notice `account` asks for `amount` µ (0: no request any more), due once everything up to `slot` is applied.
    account: indexed(uint256)
    amount: uint256
    slot: uint256

event Withdrawn:
    # @notice `amount` µ left `account` to its `owner`; `share` of them came from the bond, at the escape.
    account: indexed(uint256)
    owner: indexed(address)
    amount: uint256
    share: uint256

event Anchored:
    # @notice `anchor.root` stands for the results of `slots` slots from `first_slot` on, void before `void_to`.
    anchor: IEnergyMarket.Anchor

event Settled:
    # @notice The operator posted the amounts of `periods` periods from `first_period` on; they stand in the transaction.
    settlement: IEnergyMarket.Settlement

event Applied:
    # @notice The amounts are in the balances; `lack` µ that guarantor and utility had not came from beside the bond.
    first_period: indexed(uint256)
    settlement: bytes32
    lack: uint256

event Cancelled:
    # @notice The pending settlement that began with `first_period` is void; `settlement` is the hash of all its fields.
    first_period: indexed(uint256)
    settlement: bytes32

event Convicted:
    # @notice A court found `offender` guilty of `kind`; `slashed` µ of its bond were taken.
    kind: indexed(uint256)
    offender: indexed(address)
    challenger: indexed(address)
    slot: uint256
    slashed: uint256

event SlotVoided:
    # @notice There is no trade in `slot`.
    slot: indexed(uint256)

event AnchorVoided:
    # @notice There is no trade in any slot of `period` before `void_to`.
    period: indexed(uint256)
    void_to: uint256

event BondChanged:
    # @notice The bond of `party` is now `amount` µ.
    party: indexed(address)
    amount: uint256

event Slashed:
    # @notice Of the bond of `party`, `found` µ wait for `finder` to claim them, `reserved` µ went to the reserve; nothing is
    #         left of it.
    party: indexed(address)
    finder: indexed(address)
    found: uint256
    reserved: uint256

event Claimed:
    # @notice `party` took what it was owed for finding.
    party: indexed(address)
    amount: uint256

event OperatorChanged:
    # @notice `operator` took over; what is not applied before `void_until` is void, anchors from `first_period` on are
    #         dropped, the next period begins with `next_slot`.
    operator: indexed(address)
    predecessor: indexed(address)
    void_until: uint256
    first_period: uint256
    next_slot: uint256

event Resigned:
    # @notice `operator` runs no slot from `resign_slot` on.
    operator: indexed(address)
    resign_slot: uint256


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @dev What nearly every call needs, in one word of storage (see `_state`).
struct State:
    # Periods anchored, periods applied; the next anchored gets the first number, the next settled the second.
    anchored: uint256
    applied: uint256
    # Slot with which the next period begins; slot with which the next settlement begins.
    next_slot: uint256
    applied_slot: uint256
    # First slot after the oldest anchored period not yet applied; 0 if there is none.
    open_end: uint256
    # When amounts were last applied (at first: the deployment), when a settlement was last cancelled.
    last_apply: uint256
    last_cancel: uint256
    # Number of periods of the pending settlement; 0: none is pending.
    pending: uint256
    # Where in `settlements` the last applied one stands (0 or 1); the pending one stands in the other place.
    side: uint256
    # 1 if the operator has its full bond.
    bonded: uint256

# @dev A party's bond; since when the operator's is short, if it is, or when the party ceased to be operator.
struct Bond:
    amount: uint256
    since: uint256

# @dev State, packed.
packed: uint256

# @dev Operator (160 bits), slot before which all is void (36), first slot it does not run after resigning (36; 0: it did
# not); and the number of accounts (24), which `settle` reads with it.
office: uint256

# @dev By period modulo RING: the high 208 bits of keccak256(abi_encode(Anchor)), and 48 bits of the slot after its last.
ring: uint256[RING]

# @dev keccak256(abi_encode(Settlement)) of the last applied and of the pending one, in turns.
settlements: bytes32[2]

# @dev By place // 4: four balances.
balances: uint256[WORDS]

# @notice Number of member accounts that have a meter and are not closed: they share the pot at the escape.
metered: public(uint256)

# @dev By place: owner (160 bits), first slot (40), first slot no more (40).
owners: uint256[PLACES]

# @dev By place: reader (160 bits), cap in Wh (32), first slot of the newest meter (40), number of dated meters (16), whether
# the newest has a key (1).
readers: uint256[PLACES]

# @dev By place: amount (64 bits), slot (40), whether the share of the pot was paid (1).
requests: uint256[PLACES]

# @dev By account and index: key (160 bits) and first slot (40), registers (64 each).
meter_keys: HashMap[uint256, uint256[METERS_MAX]]
meter_registers: HashMap[uint256, uint256[METERS_MAX]]

# @dev By place and slot: money that waits to be credited.
parked: HashMap[uint256, HashMap[uint256, uint256]]

# @dev By slot // 256: a bit for each void slot.
voids: HashMap[uint256, uint256]

# @notice Number of terms; by number, their hash keccak256(abi_encode(first_slot, last_slot, rule, k_num, k_den, seller, utility,
#         network, tariffs)) and their first slot.
terms_count: public(uint256)
terms_hash: public(HashMap[uint256, bytes32])
terms_start: public(HashMap[uint256, uint256])

# @notice Last slot of the last terms.
terms_end: public(uint256)

# @dev By party: amount (64 bits), since (40).
bonds: HashMap[address, uint256]

# @notice By party: what it may claim for what it found, µ.
claims: public(HashMap[address, uint256])


# ── Constructor ───────────────────────────────────────────────────────────────────────────────────────────────────────

@deploy
def __init__(
    token_: address,
    community_: bytes32,
    operator_: address,
    guarantor_: address,
    roles_: address[3],
    courts_: address[5],
    slot_seconds_: uint256,
    gate_seconds_: uint256,
    window_seconds_: uint256,
    takeover_seconds_: uint256,
    escape_seconds_: uint256,
    bond_amount_: uint256,
):
    """
    @notice Opens the market with the accounts of utility, network and reserve. Nothing given here changes later, but
            who is operator.
    @param token_ An ERC-20 with 6 decimals, whose transfers move exactly the amount they are asked to move.
    @param community_ The community's identifier.
    @param operator_ Who runs the market first; it posts its bond before it can anchor.
    @param guarantor_ Owner of the account that pays cover.
    @param roles_ Owners of the accounts of utility (0), network (1) and reserve (2). The reserve gets most of a slash, so
           it is not the operator's or the guarantor's.
    @param courts_ The courts of auction (0), rows (1) and book (2), and the docket (3): they may convict. And the register
           of meter points (4), whose dated bindings are the market's meters.
    @param slot_seconds_ Length of a slot; a UTC day is a whole number of them.
    @param gate_seconds_ The book of a slot closes this long before it; less than a day, by which terms are known.
    @param window_seconds_ Time between a settlement and its apply.
    @param takeover_seconds_ Time without an apply after which a bonded party may take over; longer than the window and
           two whole turns of the door, or an honest operator could not be in time.
    @param escape_seconds_ Time without an apply after which the market is over; longer than the takeover time, the window
           and two whole turns of the door, or a successor could not be in time.
    @param bond_amount_ The operator's bond, µ.
    """
    assert staticcall IERC20Detailed(token_).decimals() == DECIMALS, "market: token needs 6 decimals"
    assert operator_ != empty(address) and guarantor_ != empty(address), "market: zero address"
    assert roles_[2] != operator_ and roles_[2] != guarantor_, "market: reserve is the operator's"
    for court: address in courts_:
        assert court.is_contract, "market: court without code"
    assert slot_seconds_ > 0 and DAY % slot_seconds_ == 0, "market: slots do not fill a day"
    assert gate_seconds_ < DAY, "market: gate too early"
    assert window_seconds_ > 0, "market: zero window"
    assert takeover_seconds_ > window_seconds_ + 4 * DOOR_SECONDS, "market: takeover too short"
    assert escape_seconds_ > takeover_seconds_ + window_seconds_ + 4 * DOOR_SECONDS, "market: escape too short"
    # What is not applied must fit the longest path of a private row.
    assert escape_seconds_ < 2**13 * slot_seconds_, "market: escape too long"
    assert bond_amount_ > 0 and bond_amount_ <= BALANCE_MAX, "market: bond out of range"
    token = token_
    community = community_
    slot_seconds = slot_seconds_
    gate_seconds = gate_seconds_
    window_seconds = window_seconds_
    takeover_seconds = takeover_seconds_
    escape_seconds = escape_seconds_
    bond_amount = bond_amount_
    AUCTION_COURT = courts_[0]
    ROW_COURT = courts_[1]
    BOOK_COURT = courts_[2]
    DOCKET = courts_[3]
    REGISTRY = courts_[4]
    first_slot: uint256 = (block.timestamp // DAY + 1) * DAY // slot_seconds_
    state: State = empty(State)
    state.next_slot = first_slot
    state.applied_slot = first_slot
    state.last_apply = block.timestamp
    self._save(state)
    self.office = convert(operator_, uint256) | (FIRST_MEMBER << 232)
    self.bonds[operator_] = block.timestamp << 64
    self.owners[0] = convert(guarantor_, uint256) | (first_slot << 160) | (NEVER << 200)
    self.balances[0] = 2**63
    for account: uint256 in range(FIRST_MEMBER):
        self._open(account, roles_[account], 0, first_slot)


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def open_accounts(owners: DynArray[address, OPEN_MAX], caps: DynArray[uint256, OPEN_MAX]) -> uint256:
    """
    @notice Opens an account for each owner, numbered on from `accounts()`. They take part from the first slot of the
            next UTC day on. Operator only; not while a settlement is pending, whose amounts are one for each account.
    @param owners Addresses, none of them zero; one address may own several accounts.
    @param caps For each, the most Wh a side of its offers may hold in a slot.
    @return The first number given.
    """
    self._only_operator()
    state: State = self._state()
    self._only_alive(state)
    if state.pending > 0:
        self._refuse("settlement pending")
    if len(owners) == 0 or len(owners) != len(caps):
        self._refuse("not one cap per owner")
    first: uint256 = self._accounts()
    if first + len(owners) > ACCOUNTS_MAX:
        self._refuse("full")
    from_slot: uint256 = self._day_after(block.timestamp)
    for i: uint256 in range(len(owners), bound=OPEN_MAX):
        if caps[i] == 0 or caps[i] > CAP_MAX:
            self._refuse("cap out of range")
        self._open(first + i, owners[i], caps[i], from_slot)
    self.office += len(owners) << 232
    return first


@external
def close_account(account: uint256):
    """
    @notice Ends a member's part in the market: it takes part in no slot from the next UTC day on, or from the one after
            if the first book of that day closes within an hour. Its owner only. The balance stays until it is withdrawn,
            and nobody gets the number again.
    @dev    Were it closed after the gate, the honest operator's book would hold a leaf of nobody's.
    @param account A member's number.
    """
    self._only_owner(account)
    self._only_alive(self._state())
    place: uint256 = self._member_place(account)
    word: uint256 = self.owners[place]
    if word >> 200 != NEVER:
        self._refuse("already closed")
    to_slot: uint256 = self._day_after(block.timestamp + gate_seconds + DOOR_SECONDS)
    self.owners[place] = (word & (2**200 - 1)) | (to_slot << 200)
    self.metered -= self.readers[place] >> METERED
    log AccountClosed(account=account, to_slot=to_slot)


@external
def name_reader(account: uint256, reader: address):
    """
    @notice Names who may look and demand for the account besides its owner. Its owner only.
    @param account An account's number.
    @param reader An address, or the zero address for nobody.
    """
    self._only_owner(account)
    place: uint256 = self._place(account)
    self.readers[place] = (self.readers[place] & ~ADDRESS) | convert(reader, uint256)
    log ReaderNamed(account=account, reader=reader)


@external
def set_meter(account: uint256, key: address, from_slot: uint256, import_wh: uint256, export_wh: uint256):
    """
    @notice Says which key signs an account's readings, and where its registers begin: what the register bound to the
            point that joined the account, or that nobody's readings count any more. The register only, from the next
            UTC day on at the earliest: what is past is settled by the key that was in force. A meter that would begin
            no earlier than this one is replaced.
    @param account A member's number.
    @param key The meter's address; the zero address ends it.
    @param from_slot First slot it measures.
    @param import_wh Its import register when that slot begins, below 2⁶³.
    @param export_wh Its export register when that slot begins, below 2⁶³.
    """
    if msg.sender != REGISTRY:
        self._refuse("not the register")
    self._only_alive(self._state())
    place: uint256 = self._member_place(account)
    if from_slot < self._day_after(block.timestamp):
        self._refuse("meter not dated ahead")
    bound: uint256 = convert(key != empty(address), uint256)
    word: uint256 = self.readers[place]
    count: uint256 = (word >> METERS) & 255
    if count > 0 and (word >> METER_FROM) & DATE >= from_slot:
        count -= 1
    # The last place is kept for the end: a meter can always be taken away.
    if count + bound >= METERS_MAX:
        self._refuse("too many meters")
    if self.owners[place] >> 200 == NEVER:
        self.metered = self.metered + bound - (word >> METERED)
    self.meter_keys[account][count] = convert(key, uint256) | (from_slot << 160)
    self.meter_registers[account][count] = import_wh | (export_wh << 64)
    word = (word << 64 >> 64) | (from_slot << METER_FROM) | ((count + 1) << METERS)
    self.readers[place] = word | (bound << METERED)
    log MeterSet(account=account, key=key, from_slot=from_slot, import_wh=import_wh, export_wh=export_wh)


@external
def set_terms(
    first_slot: uint256,
    last_slot: uint256,
    rule: uint256,
    k_num: uint256,
    k_den: uint256,
    seller: uint256,
    utility: uint256,
    network: uint256,
    tariffs: Bytes[16 * TARIFFS_MAX],
):
    """
    @notice Sets mechanism, shares and tariffs of the slots from `first_slot` to `last_slot`; they never change, and after
            `last_slot` hold on until the next terms begin. The utility only; at least a day ahead, but the very first,
            which only must not lie in the past.
    @param first_slot After the last slot of the terms before.
    @param last_slot At most 400 days ahead.
    @param rule Bit 0 mid-market rate, bit 1 no ahead session, bit 2 no pool session, bit 3 (with bit 1) ahead at local prices.
    @param k_num Where between the two sides' limits the price lies: numerator.
    @param k_den The denominator.
    @param seller Share of the seller, bps, more than half.
    @param utility Share of the utility, bps.
    @param network Share of the network, bps.
    @param tariffs For each slot 16 bytes, retail and feed-in in µ/kWh, big-endian and signed; the last pair holds on.
    """
    self._only_utility()
    self._only_alive(self._state())
    if last_slot < first_slot or last_slot > (block.timestamp + TERMS_SECONDS_MAX) // slot_seconds:
        self._refuse("last slot out of range")
    index: uint256 = self.terms_count
    if index == 0:
        if first_slot < self._slot():
            self._refuse("terms of the past")
    else:
        if first_slot <= self.terms_end:
            self._refuse("terms already set")
        if first_slot * slot_seconds < block.timestamp + DAY:
            self._refuse("terms not a day ahead")
    if rule >= 16:
        self._refuse("unknown rule")
    if k_num > k_den or k_den == 0 or k_den >= K_MAX:
        self._refuse("k out of range")
    # Each below the whole, so that the sum cannot overflow.
    if max(utility, network) >= BPS or seller <= BPS // 2 or seller > BPS:
        self._refuse("shares out of range")
    if seller + utility + network != BPS:
        self._refuse("shares out of range")
    self._check_tariffs(tariffs, last_slot - first_slot + 1)
    self.terms_hash[index] = keccak256(
        abi_encode(first_slot, last_slot, rule, k_num, k_den, seller, utility, network, tariffs)
    )
    self.terms_start[index] = first_slot
    self.terms_end = last_slot
    self.terms_count = index + 1
    log TermsSet(
        index=index,
        first_slot=first_slot,
        last_slot=last_slot,
        rule=rule,
        k_num=k_num,
        k_den=k_den,
        seller=seller,
        utility=utility,
        network=network,
        tariffs=tariffs,
    )


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
def park(account: uint256, amount: uint256, not_before: uint256):
    """
    @notice Leaves `amount` of the caller's tokens here for `account`, at any hour; `credit_parked` brings it to the balance.
    @dev    Crediting dated money cancels the account's withdrawal request. So only the owner and the docket, which the
            owner called, may park it: else anyone could keep anyone from leaving, for a µ a time.
    @param account An account's number, or `GUARANTOR`.
    @param amount µ, more than 0.
    @param not_before 0: credited at the next open door. Else a slot: credited when the oldest period not yet applied
           holds it, or a later one does, so that no earlier debit can eat the money.
    """
    self._only_alive(self._state())
    place: uint256 = self._place(account)
    if not_before > 0 and msg.sender != DOCKET and msg.sender != self._owner(place):
        self._refuse("not the owner")
    self.parked[place][not_before] += amount
    log Parked(account=account, payer=msg.sender, amount=amount, not_before=not_before)
    self._pull(amount)


@external
def credit_parked(account: uint256, not_before: uint256) -> uint256:
    """
    @notice Brings parked money to the balance. Anyone may, while the door is open and the date has come; when the
            market is over, at once. Money with a date cancels the account's withdrawal request, or it could leave before
            the debit it covers.
    @param account An account's number, or `GUARANTOR`.
    @param not_before As it was parked.
    @return The amount, µ.
    """
    state: State = self._state()
    place: uint256 = self._place(account)
    amount: uint256 = self.parked[place][not_before]
    if amount == 0:
        self._refuse("nothing parked")
    if not self._escaped(state):
        if not self._door_open(state):
            self._refuse("door shut")
        if not_before > 0 and max(state.open_end, state.applied_slot) <= not_before:
            self._refuse("not due yet")
    self.parked[place][not_before] = 0
    self._credit(place, amount)
    log Credited(account=account, amount=amount, not_before=not_before)
    if not_before > 0 and self.requests[place] & LANE > 0:
        self.requests[place] &= ~LANE
        log WithdrawalRequested(account=account, amount=0, slot=not_before)
    return amount


@external
def request_withdrawal(account: uint256, amount: uint256):
    """
    @notice Asks for `amount` out of `account`; its owner only, at any time. Due once everything up to the slot 25 hours from
            now is applied (and some period at all): then what was consumed up to now is paid, and what was acknowledged
            for today and tomorrow. A new request replaces the one before and waits anew; 0 takes it back.
    @param account An account's number, or `GUARANTOR`.
    @param amount µ; may be more than the balance: then the balance is paid.
    """
    self._only_owner(account)
    place: uint256 = self._place(account)
    slot: uint256 = self._slot() + NOTICE // slot_seconds
    self.requests[place] = (self.requests[place] >> 104 << 104) | min(amount, LANE) | (slot << 64)
    log WithdrawalRequested(account=account, amount=amount, slot=slot)


@external
def withdraw(account: uint256) -> uint256:
    """
    @notice Pays what is due to the owner of `account`: the lesser of request and balance, which ends the request. Anyone
            may call it while the door is open. When the market is over, it pays the whole balance, without a
            request, door or no door, and to each member that has a meter, once, an equal share of the operator's bond.
    @param account An account's number, or `GUARANTOR`.
    @return The amount paid, µ.
    """
    place: uint256 = self._place(account)
    state: State = self._state()
    balance: uint256 = self._balance(place)
    request: uint256 = self.requests[place]
    amount: uint256 = balance
    share: uint256 = 0
    if self._escaped(state):
        share = self._share(account, place, request)
        if share > 0:
            self.requests[place] = request | (1 << 104)
    else:
        if request & LANE == 0:
            self._refuse("nothing requested")
        # Before the first apply nothing is: what covers offers of the first period must not leave before its debits.
        if state.applied == 0 or state.applied_slot <= (request >> 64) & DATE:
            self._refuse("not due yet")
        if not self._door_open(state):
            self._refuse("door shut")
        amount = min(balance, request & LANE)
        self.requests[place] = 0
    # A request outlives an empty balance, or anyone could use it up for its owner.
    if amount + share == 0:
        self._refuse("empty balance")
    self._set_balance(place, balance - amount)
    owner: address = self._owner(place)
    log Withdrawn(account=account, owner=owner, amount=amount + share, share=share)
    self._push(owner, amount + share)
    return amount + share


@external
def anchor(first_slot: uint256, slots: uint256, root: bytes32):
    """
    @notice Commits the results of the next period. The operator only, with its full bond. Periods are numbered 0, 1, …
            and follow one another without a gap; none before its last slot has ended.
    @param first_slot The period's first slot: `state().next_slot`, or for period 0 any from then on that has terms.
    @param slots Number of slots, 1 to 4,096.
    @param root Root over the headers of the period's slots, not zero.
    """
    office: uint256 = self.office
    if convert(msg.sender, uint256) != office & ADDRESS:
        self._refuse("not the operator")
    state: State = self._state()
    self._only_alive(state)
    if state.bonded != 1:
        self._refuse("bond not full")
    open: uint256 = state.anchored - state.applied
    if open >= RING:
        self._refuse("too many open periods")
    if slots == 0 or slots > SLOTS_MAX:
        self._refuse("slots out of range")
    if state.anchored == 0:
        if first_slot < state.next_slot or first_slot >= SLOT:
            self._refuse("not the next slot")
        if self.terms_count == 0 or first_slot < self.terms_start[0]:
            self._refuse("no terms")
        state.applied_slot = first_slot
    else:
        if first_slot != state.next_slot:
            self._refuse("not the next slot")
    if root == empty(bytes32):
        self._refuse("empty root")
    end: uint256 = first_slot + slots
    if end * slot_seconds > block.timestamp:
        self._refuse("period not over")
    resign_slot: uint256 = (office >> 196) & SLOT
    if resign_slot > 0 and end > resign_slot:
        self._refuse("resigned")
    anchor: IEnergyMarket.Anchor = IEnergyMarket.Anchor(
        period=state.anchored,
        first_slot=first_slot,
        slots=slots,
        void_to=max(first_slot, min((office >> 160) & SLOT, end)),
        operator=msg.sender,
        anchored_at=block.timestamp,
        root=root,
    )
    self.ring[state.anchored % RING] = self._ring_word(anchor)
    if open == 0:
        state.open_end = end
    state.anchored += 1
    state.next_slot = end
    self._save(state)
    log Anchored(anchor=anchor)


@external
def settle(periods: uint256, period_root: bytes32, cover: uint256, amounts: DynArray[uint256, WORDS]):
    """
    @notice Posts what each account gets (+) or pays (−) for the oldest anchored periods. The operator only, with its full
            bond, while the door is shut and nothing is pending. Moves nothing yet: only a hash is kept, and the door
            stays shut until `apply` or a conviction.
    @dev    The words are read where they stand in the calldata, so the array must stand where an encoder puts it:
            elsewhere, who decodes the transaction would see other amounts than were checked.
    @param periods Number of periods, the oldest not yet applied first.
    @param period_root Root over the accounts' own rows of these periods, not zero.
    @param cover What the guarantor pays for members whose balance did not reach, µ.
    @param amounts Four lanes a word, amount + 2⁶² each; place 0 is the guarantor's, place account + 1 an account's;
           lanes of no account hold amount 0. What guarantor and utility lack the operator has posted beside its bond.
    """
    self._settle(periods, period_root, cover, len(amounts))


@external
def apply(settlement: IEnergyMarket.Settlement, amounts: DynArray[uint256, WORDS]):
    """
    @notice Writes the pending settlement to the balances. Anyone may, once the window is over and no demand about it is
            unanswered.
    @param settlement All its fields.
    @param amounts Exactly those of the settlement.
    """
    self._apply(settlement, len(amounts))


@external
def convict(kind: uint256, offender: address, challenger: address, slot: uint256):
    """
    @notice What follows from a proof: the offender's whole bond is slashed, a fifth to the challenger, the rest to the
            reserve. If the offender is the operator, what is pending is cancelled and the slot is void. The courts only.
    @dev    Only the present operator's guilt cancels and voids: else two signatures of a fallen operator would cancel
            its honest successor. No proof reaches an applied slot, or one that has not begun. When the market is over it
            changes nothing, and does not revert, so that the docket can pay back what askers left there.
    @param kind The kind of offence, as the court numbers it.
    @param offender Who did it.
    @param challenger Who showed it.
    @param slot The slot that becomes void; 2²⁵⁶ − 1 for none.
    """
    if msg.sender not in [AUCTION_COURT, ROW_COURT, BOOK_COURT, DOCKET]:
        self._refuse("not a court")
    self._convict(kind, offender, challenger, slot)


@external
def void_anchor(anchor: IEnergyMarket.Anchor, kind: uint256, challenger: address):
    """
    @notice What follows from silence about a header: every slot of the period is void, its operator is convicted. The
            docket only.
    @param anchor An open anchor as it stands; its void_to becomes its end.
    @param kind The kind of offence.
    @param challenger Who asked.
    """
    if msg.sender != DOCKET:
        self._refuse("not a court")
    if not self._is_anchor(anchor):
        self._refuse("not an open anchor")
    voided: IEnergyMarket.Anchor = anchor
    voided.void_to = anchor.first_slot + anchor.slots
    self.ring[anchor.period % RING] = self._ring_word(voided)
    log AnchorVoided(period=anchor.period, void_to=voided.void_to)
    self._convict(kind, anchor.operator, challenger, NO_SLOT)


@external
def post_bond(amount: uint256):
    """
    @notice Pays `amount` of the caller's tokens into its bond. Anyone may: with a full bond it can take over.
    @param amount µ, more than 0; the bond must be full afterwards.
    """
    self._only_alive(self._state())
    bond: Bond = self._bond(msg.sender)
    if bond.amount + amount < bond_amount:
        self._refuse("bond not full")
    self._set_bond(msg.sender, bond.amount + amount)
    self._pull(amount)


@external
def withdraw_bond() -> uint256:
    """
    @notice Pays the caller its bond. A party that was operator waits a window from the day it was relieved. The operator
            itself gets it when its resignation is complete and a window has passed since the last apply; never when the
            market is over, but if no member is there to share it.
    @return The amount paid, µ.
    """
    bond: Bond = self._bond(msg.sender)
    if bond.amount == 0:
        self._refuse("no bond")
    state: State = self._state()
    if msg.sender == self._operator():
        if self._escaped(state):
            if self.metered > 0:
                self._refuse("the bond is the members'")
        else:
            if not self._resignation_complete(state):
                self._refuse("still in office")
            if block.timestamp < state.last_apply + window_seconds:
                self._refuse("window not over")
    else:
        if block.timestamp < bond.since + window_seconds:
            self._refuse("window not over")
    self._set_bond(msg.sender, 0)
    self._push(msg.sender, bond.amount)
    return bond.amount


@external
def claim() -> uint256:
    """
    @notice Pays the caller its parts of slashed bonds.
    @return The amount paid, µ.
    """
    amount: uint256 = self.claims[msg.sender]
    if amount == 0:
        self._refuse("nothing to claim")
    self.claims[msg.sender] = 0
    log Claimed(party=msg.sender, amount=amount)
    self._push(msg.sender, amount)
    return amount


@external
def take_over():
    """
    @notice Makes the caller operator. It has its full bond posted; nothing is pending; and the operator's bond was short
            for a day, or nothing was applied for `takeover_seconds`, or the operator's resignation is complete. What is
            anchored but not applied is dropped, and all up to the end of the present slot becomes void, so that the
            successor needs nothing of its predecessor's, and nothing its predecessor did can cancel it. An operator
            that did not resign loses its bond, or falling silent would be a free way to undo a day's trade.
    @dev    Before anything is anchored nobody can be late: a market that never begins is ended by the escape. The first
            period's clock starts with its end.
    """
    state: State = self._state()
    self._only_alive(state)
    if state.pending > 0:
        self._refuse("settlement pending")
    predecessor: address = self._operator()
    # As at deployment: the reserve gets most of a slash.
    if msg.sender == predecessor or msg.sender == self._owner(RESERVE_PLACE):
        self._refuse("not a candidate")
    if self._bond(msg.sender).amount < bond_amount:
        self._refuse("bond not full")
    if not self._resignation_complete(state):
        if not self._can_be_deposed(state, predecessor):
            self._refuse("operator is in time")
        if state.anchored > 0:
            self._slash(predecessor, msg.sender, False)
    void_until: uint256 = self._slot() + 1
    state.anchored = state.applied
    state.next_slot = state.applied_slot
    state.open_end = 0
    state.bonded = 1
    self._save(state)
    self.office = convert(msg.sender, uint256) | (void_until << 160) | (self._accounts() << 232)
    self.bonds[predecessor] = (self.bonds[predecessor] & LANE) | (block.timestamp << 64)
    log OperatorChanged(
        operator=msg.sender,
        predecessor=predecessor,
        void_until=void_until,
        first_period=state.anchored,
        next_slot=state.next_slot,
    )


@external
def resign():
    """
    @notice Ends the operator's office with the next UTC day: it runs no slot after it, and must anchor and settle all up
            to it. Then anyone with a bond takes over at once, and the bond comes back after a window.
    """
    self._only_operator()
    self._only_alive(self._state())
    if self.office & (SLOT << 196) > 0:
        self._refuse("resigned")
    resign_slot: uint256 = self._day_after(block.timestamp + DAY)
    self.office |= resign_slot << 196
    log Resigned(operator=msg.sender, resign_slot=resign_slot)


# ── Views ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

@external
@view
def accounts() -> uint256:
    """
    @notice How many accounts were opened; the next one gets this number.
    @return Their number, those of utility, network and reserve included, the guarantor's not.
    """
    return self._accounts()


@external
@view
def operator() -> address:
    """
    @notice Who runs the market.
    @return The address.
    """
    return self._operator()


@external
@view
def office_of_operator() -> (address, uint256, uint256):
    """
    @notice The operator, and from when to when it is in office.
    @return The operator; the slot before which all that was not applied when it took over is void (0: the first operator);
            the first slot it runs no more (0: it has not resigned).
    """
    office: uint256 = self.office
    return convert(office & ADDRESS, address), (office >> 160) & SLOT, (office >> 196) & SLOT


@external
@view
def courts() -> address[5]:
    """
    @notice Who may convict.
    @return The courts of auction, rows and book, the docket, and the register.
    """
    return [AUCTION_COURT, ROW_COURT, BOOK_COURT, DOCKET, REGISTRY]


@external
@view
def separator() -> bytes32:
    """
    @notice The EIP-712 domain in which offers, receipts, readings and promises of this market are signed.
    @dev    Computed each time: on a fork with another chain id the signatures of this one must not count.
    @return The domain separator: name "Sunfair", version "1", this chain, this contract.
    """
    return keccak256(abi_encode(DOMAIN, NAME, VERSION, chain.id, self))


@external
@view
def utility() -> address:
    """
    @notice Who sets terms.
    @return Owner of account 0.
    """
    return self._owner(1)


@external
@view
def member(account: uint256) -> IEnergyMarket.Member:
    """
    @notice An account.
    @param account An account's number.
    @return Owner, reader, first slot, first slot no more (2⁴⁰ − 1 until it is closed), cap in Wh, first slot of the newest
            meter.
    """
    place: uint256 = self._place(account)
    word: uint256 = self.owners[place]
    reader: uint256 = self.readers[place]
    return IEnergyMarket.Member(
        owner=convert(word & ADDRESS, address),
        reader=convert(reader & ADDRESS, address),
        from_slot=(word >> 160) & DATE,
        to_slot=word >> 200,
        cap_wh=(reader >> 160) & COUNT,
        meter_from=(reader >> METER_FROM) & DATE,
    )


@external
@view
def meter(account: uint256, slot: uint256) -> IEnergyMarket.Meter:
    """
    @notice The meter that measured a slot.
    @param account An account's number.
    @param slot A slot.
    @return Its key, its first slot and its registers when that began; all zero if there was none, the key alone if it
            was taken away.
    """
    count: uint256 = 0
    if account < ACCOUNTS_MAX:
        count = (self.readers[account + 1] >> METERS) & 255
    for i: uint256 in range(count, bound=METERS_MAX):
        index: uint256 = count - 1 - i
        word: uint256 = self.meter_keys[account][index]
        if (word >> 160) <= slot:
            registers: uint256 = self.meter_registers[account][index]
            return IEnergyMarket.Meter(
                key=convert(word & ADDRESS, address),
                from_slot=word >> 160,
                import_wh=registers & LANE,
                export_wh=registers >> 64,
            )
    return empty(IEnergyMarket.Meter)


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
    @return The amount, µ (0: nothing), and the slot up to which all has to be applied before it is due.
    """
    request: uint256 = self.requests[self._place(account)]
    return request & LANE, (request >> 64) & DATE


@external
@view
def parked_of(account: uint256, not_before: uint256) -> uint256:
    """
    @notice Money that waits to be credited.
    @param account An account's number, or `GUARANTOR`.
    @param not_before As it was parked.
    @return µ.
    """
    return self.parked[self._place(account)][not_before]


@external
@view
def bond_of(party: address) -> uint256:
    """
    @notice What a party has posted as its bond. After the escape the operator's is shared: it stands here undiminished.
    @param party An address.
    @return µ.
    """
    return self._bond(party).amount


@external
@view
def share_of(account: uint256) -> uint256:
    """
    @notice What `withdraw` would pay from the operator's bond, were the market over.
    @param account A member's number.
    @return µ; 0 for accounts without a meter, closed ones, institutions, and once it was paid.
    """
    place: uint256 = self._place(account)
    return self._share(account, place, self.requests[place])


@external
@view
def void_slot(slot: uint256) -> bool:
    """
    @notice Whether a slot was voided by itself. It is void too if it lies before its anchor's void_to.
    @param slot A slot.
    @return True if it was.
    """
    return (self.voids[slot >> 8] >> (slot & 255)) & 1 == 1


@external
@view
def is_anchor(anchor: IEnergyMarket.Anchor) -> bool:
    """
    @notice Whether this is what the operator anchored, and it is not applied yet.
    @param anchor All its fields.
    @return True if so.
    """
    return self._is_anchor(anchor)


@external
@view
def is_pending(settlement: IEnergyMarket.Settlement) -> bool:
    """
    @notice Whether this settlement waits to be applied.
    @param settlement All its fields.
    @return True if so.
    """
    return keccak256(abi_encode(settlement)) == self._pending(self._state())


@external
@view
def is_last(settlement: IEnergyMarket.Settlement) -> bool:
    """
    @notice Whether this settlement was the last to be applied.
    @param settlement All its fields.
    @return True if so.
    """
    return keccak256(abi_encode(settlement)) == self.settlements[self._state().side]


@external
@view
def state() -> State:
    """
    @notice Where the market stands.
    @return Its counters and clocks, as the struct `State` names them.
    """
    return self._state()


@external
@view
def pending() -> bytes32:
    """
    @notice The settlement that waits to be applied.
    @return keccak256(abi_encode(Settlement)) of it; zero if none does.
    """
    return self._pending(self._state())


@external
@view
def door_open() -> bool:
    """
    @notice Whether deposits and due withdrawals are taken in this block. (When the market is over, no deposit is
            taken and every balance is paid, whatever this says.)
    @return True while the door is open.
    """
    return self._door_open(self._state())


@external
@view
def escaped() -> bool:
    """
    @notice Whether the market is over, for ever.
    @return True from `escape_time()` on.
    """
    return self._escaped(self._state())


@external
@view
def escape_time() -> uint256:
    """
    @notice When the market is over unless a settlement is applied before.
    @return Unix seconds.
    """
    return self._state().last_apply + escape_seconds


@external
@view
def settle_time() -> uint256:
    """
    @notice Earliest time, from this block on, at which the hours of the door let a settlement in, if a period is anchored
            and no settlement is pending.
    @return Unix seconds.
    """
    state: State = self._state()
    if not self._hour_open(state):
        return block.timestamp
    start: uint256 = self._door_start(state)
    return start + ((block.timestamp - start) // DOOR_SECONDS + 1) * DOOR_SECONDS


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@view
def _state() -> State:
    """
    @dev Unpacks what `_save` packed.
    """
    word: uint256 = self.packed
    return State(
        anchored=word & COUNT,
        applied=(word >> 32) & COUNT,
        next_slot=(word >> 64) & SLOT,
        applied_slot=(word >> 100) & SLOT,
        open_end=(word >> 136) & SLOT,
        last_apply=(word >> 172) & SLOT,
        last_cancel=(word >> 208) & SLOT,
        pending=(word >> 244) & 127,
        side=(word >> 251) & 1,
        bonded=word >> 252,
    )


@internal
def _save(state: State):
    """
    @dev No field outgrows its place: slots and times stay below 2³⁶ until the year 4147, periods are never more than slots,
         of which at most RING are pending.
    """
    self.packed = (
        state.anchored
        | (state.applied << 32)
        | (state.next_slot << 64)
        | (state.applied_slot << 100)
        | (state.open_end << 136)
        | (state.last_apply << 172)
        | (state.last_cancel << 208)
        | (state.pending << 244)
        | (state.side << 251)
        | (state.bonded << 252)
    )


@internal
@pure
def _refuse(reason: String[32]):
    """
    @dev Reverts. A function, because what an `assert` with a reason takes in code is too much for a hundred of them.
    """
    raise concat("market: ", reason)


@internal
@view
def _pending(state: State) -> bytes32:
    """
    @dev Hash of the pending settlement, zero if there is none.
    """
    return self.settlements[1 - state.side] if state.pending > 0 else empty(bytes32)


@internal
@view
def _operator() -> address:
    """
    @dev The low bits of the office.
    """
    return convert(self.office & ADDRESS, address)


@internal
@view
def _accounts() -> uint256:
    """
    @dev The high bits of the office.
    """
    return self.office >> 232


@internal
@view
def _only_operator():
    """
    @dev Refuses everyone else.
    """
    if msg.sender != self._operator():
        self._refuse("not the operator")


@internal
@view
def _only_utility():
    """
    @dev Refuses everyone else.
    """
    if msg.sender != self._owner(1):
        self._refuse("not the utility")


@internal
@view
def _only_owner(account: uint256):
    """
    @dev Refuses everyone else.
    """
    if msg.sender != self._owner(self._place(account)):
        self._refuse("not the owner")


@internal
@view
def _only_alive(state: State):
    """
    @dev Refuses when the market is over. `apply` too: it would start the clock anew and undo the escape.
    """
    if self._escaped(state):
        self._refuse("over")


@internal
@view
def _escaped(state: State) -> bool:
    """
    @dev Once true it stays true: nothing can be applied any more, so `last_apply` stands still.
    """
    return block.timestamp >= state.last_apply + escape_seconds


@internal
@view
def _slot() -> uint256:
    """
    @dev The present slot.
    """
    return block.timestamp // slot_seconds


@internal
@view
def _day_after(time: uint256) -> uint256:
    """
    @dev First slot of the UTC day that follows the one of `time`.
    """
    return (time // DAY + 1) * DAY // slot_seconds


@internal
@view
def _door_start(state: State) -> uint256:
    """
    @dev When the door last began to alternate. Never in the future: a period is anchored after its end.
    """
    return max(max(state.last_apply, state.last_cancel), state.open_end * slot_seconds)


@internal
@view
def _hour_open(state: State) -> bool:
    """
    @dev Whether this is an hour in which the door is open, were nothing pending.
    """
    return ((block.timestamp - self._door_start(state)) // DOOR_SECONDS) % 2 == 0


@internal
@view
def _door_open(state: State) -> bool:
    """
    @dev The door itself.
    """
    return state.pending == 0 and self._hour_open(state)


@internal
@view
def _place(account: uint256) -> uint256:
    """
    @dev Where an account stands in the arrays; refuses numbers not given.
    """
    if account == GUARANTOR:
        return 0
    if account >= ACCOUNTS_MAX or self.owners[account + 1] == 0:
        self._refuse("no such account")
    return account + 1


@internal
@view
def _member_place(account: uint256) -> uint256:
    """
    @dev As `_place`, for members alone.
    """
    place: uint256 = self._place(account)
    if place <= FIRST_MEMBER:
        self._refuse("not a member")
    return place


@internal
@view
def _owner(place: uint256) -> address:
    """
    @dev The low bits of an account's word.
    """
    return convert(self.owners[place] & ADDRESS, address)


@internal
@view
def _balance(place: uint256) -> uint256:
    """
    @dev One lane.
    """
    return (self.balances[place // 4] >> (64 * (place % 4))) & BALANCE_MAX


@internal
def _set_balance(place: uint256, balance: uint256):
    """
    @dev Replaces one lane's balance.
    """
    lane: uint256 = 64 * (place % 4)
    self.balances[place // 4] = (self.balances[place // 4] & ~(BALANCE_MAX << lane)) | (balance << lane)


@internal
def _credit(place: uint256, amount: uint256):
    """
    @dev Adds to one balance. What this contract holds is at most BALANCE_MAX, so a balance outgrows its lane only with a
         token that lies about it.
    """
    balance: uint256 = self._balance(place) + amount
    if balance > BALANCE_MAX:
        self._refuse("too much money")
    self._set_balance(place, balance)


@internal
def _open(account: uint256, owner: address, cap: uint256, from_slot: uint256):
    """
    @dev Gives `owner` a number.
    """
    if owner == empty(address):
        self._refuse("zero address")
    place: uint256 = account + 1
    self.owners[place] = convert(owner, uint256) | (from_slot << 160) | (NEVER << 200)
    self.readers[place] = cap << 160
    self.balances[place // 4] |= (2**63) << (64 * (place % 4))
    log AccountOpened(account=account, owner=owner, cap_wh=cap, from_slot=from_slot)


@internal
@view
def _check_tariffs(tariffs: Bytes[16 * TARIFFS_MAX], slots: uint256):
    """
    @dev Whole pairs, not more than slots, feed-in at most retail: else energy would be worth buying to give it back.
         Shifted by the bound, a value in range is a number from 0 to twice the bound, and order is kept.
    """
    count: uint256 = len(tariffs) // 16
    if len(tariffs) % 16 != 0 or count == 0 or count > slots:
        self._refuse("not a pair of tariffs per slot")
    for i: uint256 in range(count, bound=TARIFFS_MAX):
        pair: uint256 = convert(slice(tariffs, 16 * i, 16), uint256)
        retail: uint256 = ((pair >> 64) + TARIFF_MAX) & LANE
        feed_in: uint256 = (pair + TARIFF_MAX) & LANE
        if retail > 2 * TARIFF_MAX:
            self._refuse("tariff out of range")
        if feed_in > retail:
            self._refuse("feed-in above retail")


@internal
def _deposit(account: uint256, amount: uint256):
    """
    @dev Credits first, then pulls.
    """
    state: State = self._state()
    self._only_alive(state)
    if not self._door_open(state):
        self._refuse("door shut")
    self._credit(self._place(account), amount)
    log Deposited(account=account, payer=msg.sender, amount=amount)
    self._pull(amount)


@internal
def _pull(amount: uint256):
    """
    @dev Takes tokens of the caller's; what came is checked by what this contract holds before and after.
    """
    if amount == 0:
        self._refuse("nothing to deposit")
    held: uint256 = staticcall IERC20(token).balanceOf(self)
    # Nothing held here can exceed what is held in all, so no lane overflows.
    if amount > BALANCE_MAX or held + amount > BALANCE_MAX:
        self._refuse("too much money")
    moved: bool = extcall IERC20(token).transferFrom(msg.sender, self, amount, default_return_value=True)
    if not moved:
        self._refuse("token refused")
    if staticcall IERC20(token).balanceOf(self) != held + amount:
        self._refuse("token moved another amount")


@internal
def _push(to: address, amount: uint256):
    """
    @dev Pays. A token that takes more than was paid would take it from the other accounts.
    """
    held: uint256 = staticcall IERC20(token).balanceOf(self)
    moved: bool = extcall IERC20(token).transfer(to, amount, default_return_value=True)
    if not moved:
        self._refuse("token refused")
    if staticcall IERC20(token).balanceOf(self) != held - amount:
        self._refuse("token moved another amount")


@internal
@view
def _ring_word(anchor: IEnergyMarket.Anchor) -> uint256:
    """
    @dev 208 bits of an anchor's hash leave an operator 2¹⁰⁴ trials to find two anchors of one word.
    """
    return (convert(keccak256(abi_encode(anchor)), uint256) & ~END) | (anchor.first_slot + anchor.slots)


@internal
@view
def _is_anchor(anchor: IEnergyMarket.Anchor) -> bool:
    """
    @dev In the ring, and neither applied nor dropped. Absurd fields are no anchor, and no reason to revert.
    """
    state: State = self._state()
    if anchor.period < state.applied or anchor.period >= state.anchored:
        return False
    if anchor.first_slot > SLOT or anchor.slots > SLOTS_MAX:
        return False
    return self.ring[anchor.period % RING] == self._ring_word(anchor)


@internal
@view
def _bond(party: address) -> Bond:
    """
    @dev Unpacks a bond.
    """
    word: uint256 = self.bonds[party]
    return Bond(amount=word & LANE, since=word >> 64)


@internal
def _set_bond(party: address, amount: uint256):
    """
    @dev Writes a bond, and if it is the operator's, whether it is full and since when not.
    """
    since: uint256 = self.bonds[party] >> 64
    if party == self._operator():
        state: State = self._state()
        if amount >= bond_amount:
            since = 0
            state.bonded = 1
        elif state.bonded == 1:
            since = block.timestamp
            state.bonded = 0
        self._save(state)
    self.bonds[party] = amount | (since << 64)
    log BondChanged(party=party, amount=amount)


@internal
def _slash(party: address, finder: address, shortens: bool) -> uint256:
    """
    @dev Takes a whole bond; `shortens` if it is the operator's, and was full. The finder's part is rounded down; with more
         than a part an operator would convict itself and take its bond home.
    """
    word: uint256 = self.bonds[party]
    amount: uint256 = word & LANE
    if amount > 0:
        found: uint256 = amount // FINDERS_PART
        self.bonds[party] = block.timestamp << 64 if shortens else word ^ amount
        self.claims[finder] += found
        self._credit(RESERVE_PLACE, amount - found)
        log Slashed(party=party, finder=finder, found=found, reserved=amount - found)
    return amount


@internal
def _convict(kind: uint256, offender: address, challenger: address, slot: uint256):
    """
    @dev See `convict`.
    """
    state: State = self._state()
    slashed: uint256 = 0
    if not self._escaped(state):
        shortens: bool = False
        if offender == self._operator():
            if state.pending > 0:
                log Cancelled(first_period=state.applied, settlement=self._pending(state))
                state.pending = 0
                state.last_cancel = block.timestamp
            if slot >= state.applied_slot and slot <= self._slot():
                self.voids[slot >> 8] |= 1 << (slot & 255)
                log SlotVoided(slot=slot)
            shortens = state.bonded == 1
            state.bonded = 0
            self._save(state)
        slashed = self._slash(offender, challenger, shortens)
    log Convicted(kind=kind, offender=offender, challenger=challenger, slot=slot, slashed=slashed)


@internal
@view
def _resignation_complete(state: State) -> bool:
    """
    @dev The operator resigned, ran its last slot, and all it anchored is applied.
    """
    resign_slot: uint256 = (self.office >> 196) & SLOT
    return resign_slot > 0 and state.applied_slot >= resign_slot and state.anchored == state.applied


@internal
@view
def _can_be_deposed(state: State, predecessor: address) -> bool:
    """
    @dev The clocks of `take_over`.
    """
    if state.bonded == 0 and block.timestamp >= self._bond(predecessor).since + DAY:
        return True
    start: uint256 = max(state.last_apply, ((self.office >> 160) & SLOT) * slot_seconds)
    if state.applied == 0:
        start = max(start, state.open_end * slot_seconds)
    return state.anchored > 0 and block.timestamp >= start + takeover_seconds


@internal
@view
def _share(account: uint256, place: uint256, request: uint256) -> uint256:
    """
    @dev An equal part of the operator's bond, rounded down, for each member that has a meter and is not closed, once. Shares
         by balance or by amounts would fall to a whale, or to friends that trade with themselves.
    """
    if place <= FIRST_MEMBER or request >> 104 > 0 or self.owners[place] >> 200 != NEVER:
        return 0
    if self.readers[place] >> METERED == 0:
        return 0
    return self._bond(self._operator()).amount // self.metered


@internal
@view
def _word(at: uint256) -> uint256:
    """
    @dev A word of the calldata.
    """
    return convert(slice(msg.data, at, 32), uint256)


@internal
@view
def _chunk(at: uint256, words: uint256) -> Bytes[32 * CHUNK]:
    """
    @dev Up to CHUNK words of the calldata. A slice of it has a fixed length, so a shorter chunk is put together from
         pieces of 8, 4, 2 and 1 words.
    """
    if words == CHUNK:
        return slice(msg.data, at, 32 * CHUNK)
    start: uint256 = at
    eight: Bytes[256] = b""
    four: Bytes[128] = b""
    two: Bytes[64] = b""
    one: Bytes[32] = b""
    if words & 8 != 0:
        eight = slice(msg.data, start, 256)
        start += 256
    if words & 4 != 0:
        four = slice(msg.data, start, 128)
        start += 128
    if words & 2 != 0:
        two = slice(msg.data, start, 64)
        start += 64
    if words & 1 != 0:
        one = slice(msg.data, start, 32)
    return concat(eight, four, two, one)


@internal
@view
def _only_plain(at: uint256, words: uint256, accounts: uint256):
    """
    @dev The array's words begin at `at`, where an encoder puts them, and are as many as the accounts need.
    """
    # The word before the first is the array's length, and its offset stands at the end of the head before that.
    if self._word(at - 64) != at - 36:
        self._refuse("amounts not plainly encoded")
    if words != accounts // 4 + 1:
        self._refuse("not one amount per account")


@internal
@view
def _lacks(word: uint256, balances: uint256) -> (uint256, uint256):
    """
    @dev What guarantor and utility lack, given the first words of amounts and balances.
    """
    guarantor: uint256 = (word & LANE) + (balances & BALANCE_MAX)
    utility: uint256 = ((word >> 64) & LANE) + ((balances >> 64) & BALANCE_MAX)
    return 2**62 - min(guarantor, 2**62), 2**62 - min(utility, 2**62)


@internal
def _settle(periods: uint256, period_root: bytes32, cover: uint256, words: uint256):
    """
    @dev See `settle`. The amounts are read from the calldata: memory behind an array of this length would cost more.
    """
    self._only_operator()
    # Else the amounts stood in no transaction's data, and whoever reads the chain would not see what was posted.
    if msg.sender != tx.origin or msg.sender.is_contract:
        self._refuse("not a plain call")
    state: State = self._state()
    self._only_alive(state)
    if state.bonded != 1:
        self._refuse("bond not full")
    if state.pending > 0:
        self._refuse("settlement pending")
    if periods == 0 or periods > state.anchored - state.applied:
        self._refuse("not anchored")
    if self._hour_open(state):
        self._refuse("door open")
    # A settlement that cannot be applied in time would only keep the door shut.
    if block.timestamp + window_seconds >= state.last_apply + escape_seconds:
        self._refuse("too late to settle")
    if period_root == empty(bytes32):
        self._refuse("empty root")
    accounts: uint256 = self._accounts()
    self._only_plain(SETTLE_WORDS, words, accounts)
    end: uint256 = self.ring[(state.applied + periods - 1) % RING] & END
    settlement: IEnergyMarket.Settlement = IEnergyMarket.Settlement(
        first_period=state.applied,
        periods=periods,
        first_slot=state.applied_slot,
        slots=end - state.applied_slot,
        accounts=accounts,
        cover=cover,
        settled_at=block.timestamp,
        operator=msg.sender,
        period_root=period_root,
        amounts_hash=self._check_amounts(accounts, words),
    )
    self._check_institutions(cover, settlement.slots, accounts)
    self.settlements[1 - state.side] = keccak256(abi_encode(settlement))
    state.pending = periods
    self._save(state)
    log Settled(settlement=settlement)


@internal
@view
def _check_amounts(accounts: uint256, words: uint256) -> bytes32:
    """
    @dev Conservation and no overdraft, four lanes at once. A lane holds amount + 2⁶² < 2⁶³; with a balance < 2⁶² its sum stays
         below 2⁶³ + 2⁶², so no lane touches the next, and balance + amount lies in 0 … 2⁶² − 1 exactly if bit 62 of the
         sum is set. For the total, even and odd lanes are summed in halves of 128 bits, which 4,096 lanes cannot
         fill. Guarantor and utility may lack something: see `_check_institutions`. Balances cannot change before
         the apply: the door is shut until then.
    @return The amounts' hash: of the hashes of their chunks.
    """
    hashes: bytes32[WORDS // CHUNK] = empty(bytes32[WORDS // CHUNK])
    chunks: uint256 = (words + CHUNK - 1) // CHUNK
    checked: uint256 = ZERO >> 128 << 128
    total: uint256 = 0
    excess: uint256 = 0
    overdraft: uint256 = 0
    word: uint256 = 0
    place: uint256 = 0
    for c: uint256 in range(chunks, bound=WORDS // CHUNK):
        count: uint256 = min(CHUNK, words - CHUNK * c)
        chunk: Bytes[32 * CHUNK] = self._chunk(SETTLE_WORDS + 32 * CHUNK * c, count)
        hashes[c] = keccak256(chunk)
        for i: uint256 in range(count, bound=CHUNK):
            word = extract32(chunk, unsafe_mul(32, i), output_type=uint256)
            excess |= word
            overdraft |= (unsafe_add(self.balances[place] & BALANCES, word) ^ ZERO) & checked
            total = unsafe_add(total, unsafe_add(word & EVEN, (word >> 64) & EVEN))
            checked = ZERO
            place = unsafe_add(place, 1)
    # Lanes of the last word that belong to no account.
    used: uint256 = 64 * (accounts % 4 + 1)
    if excess & OPEN != 0 or word >> used != ZERO >> used:
        self._refuse("amount out of range")
    if overdraft != 0:
        self._refuse("overdraft")
    if (total & HALF) + (total >> 128) != words * 2**64:
        self._refuse("amounts do not sum to zero")
    return keccak256(slice(abi_encode(hashes), 0, 32 * chunks))


@internal
@view
def _check_institutions(cover: uint256, slots: uint256, accounts: uint256):
    """
    @dev The first word: the guarantor pays the cover; the reserve gets dust, at most one µ an account (and two) in each of a
         slot's two sessions; what guarantor and utility lack stands beside the operator's bond, which itself only pays
         slashes and the escape: else friends could trade without cover and take the bond home as the guarantor's debt.
    """
    word: uint256 = self._word(SETTLE_WORDS)
    if cover > 2**62 or word & LANE != 2**62 - cover:
        self._refuse("guarantor does not pay cover")
    reserve: uint256 = word >> 192
    members: uint256 = accounts - FIRST_MEMBER
    if reserve < 2**62 or reserve > 2**62 + 2 * slots * (members + 2):
        self._refuse("reserve out of range")
    balances: uint256 = self.balances[0]
    if ((word >> 64) & LANE) + ((balances >> 64) & BALANCE_MAX) >= 2**63:
        self._refuse("amount out of range")
    guarantor_lack: uint256 = 0
    utility_lack: uint256 = 0
    guarantor_lack, utility_lack = self._lacks(word, balances)
    lack: uint256 = guarantor_lack + utility_lack
    if lack > 0:
        if self._bond(msg.sender).amount < bond_amount + lack:
            self._refuse("lack not posted beside the bond")


@internal
def _apply(settlement: IEnergyMarket.Settlement, words: uint256):
    """
    @dev See `apply`.
    """
    state: State = self._state()
    self._only_alive(state)
    settlement_hash: bytes32 = keccak256(abi_encode(settlement))
    if settlement_hash != self._pending(state):
        self._refuse("not the pending settlement")
    if block.timestamp < settlement.settled_at + window_seconds:
        self._refuse("window not over")
    if staticcall IDocket(DOCKET).open_demands(self, settlement_hash) != 0:
        self._refuse("demand not answered")
    self._only_plain(APPLY_WORDS, words, settlement.accounts)
    word: uint256 = self._word(APPLY_WORDS)
    guarantor_lack: uint256 = 0
    utility_lack: uint256 = 0
    guarantor_lack, utility_lack = self._lacks(word, self.balances[0])
    lack: uint256 = guarantor_lack + utility_lack
    self._add_amounts(words, settlement.amounts_hash, guarantor_lack | (utility_lack << 64))
    state.applied += settlement.periods
    state.applied_slot += settlement.slots
    state.pending = 0
    state.side = 1 - state.side
    state.last_apply = block.timestamp
    state.open_end = 0
    if state.anchored > state.applied:
        state.open_end = self.ring[state.applied % RING] & END
    self._save(state)
    if lack > 0:
        self._set_bond(settlement.operator, self._bond(settlement.operator).amount - lack)
    log Applied(first_period=settlement.first_period, settlement=settlement_hash, lack=lack)


@internal
def _add_amounts(words: uint256, amounts_hash: bytes32, lacks: uint256):
    """
    @dev Adds whole words. `settle` checked that every lane stays in range, and no balance changed since; a lane that left
         it would set bit 62, which is looked at once more. `lacks` lifts the first word's lanes to what can be paid.
    """
    hashes: bytes32[WORDS // CHUNK] = empty(bytes32[WORDS // CHUNK])
    chunks: uint256 = (words + CHUNK - 1) // CHUNK
    lift: uint256 = lacks
    word: uint256 = 0
    wrong: uint256 = 0
    place: uint256 = 0
    for c: uint256 in range(chunks, bound=WORDS // CHUNK):
        count: uint256 = min(CHUNK, words - CHUNK * c)
        chunk: Bytes[32 * CHUNK] = self._chunk(APPLY_WORDS + 32 * CHUNK * c, count)
        hashes[c] = keccak256(chunk)
        for i: uint256 in range(count, bound=CHUNK):
            word = unsafe_add(extract32(chunk, unsafe_mul(32, i), output_type=uint256), lift)
            word = unsafe_sub(unsafe_add(self.balances[place], word), ZERO)
            wrong |= word
            self.balances[place] = word
            lift = 0
            place = unsafe_add(place, 1)
    if keccak256(slice(abi_encode(hashes), 0, 32 * chunks)) != amounts_hash:
        self._refuse("not the settled amounts")
    if wrong & ZERO != 0:
        self._refuse("overdraft")
