# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy off
# pragma optimize codesize
"""
@title Row Court
@custom:contract-name RowCourt
@license AGPL-3.0-only
@author The Sunfair developers
@notice Convicts the operator of a settlement for a false private row, period leaf or period root. Each function takes a
        settlement that still waits for its window to end and evidence under its root, and does nothing but convict:
        where nothing is proved false it reverts, with the reason.
        A private row follows from the row before it, the slot's header, the account's public row and the registers
        that stand in it. So two functions look at a row from two sides: `refute_row_trade` (what it says of the public
        auction) and `refute_row` (what it makes of the row before: registers, gap, money, sums). What an operator says
        of registers it has to show on demand; that is not for this court.
        Rules: docs/settlement-spec.md, "A period"; layouts: docs/formats.md.
        Rounding, as in sunfair.settlement.money: debits up, credits down, each on absolute values, so that the EVM's
        truncation and a floor agree.
@dev    Totality: all numbers in evidence are the operator's. They are eight bytes each and reckoned with in 256 bits,
        where nothing overflows; what then does not fit a row differs from it, and so is false.
        The first row of a settlement follows the account's last row in the settlement applied last. That one may be by
        another operator and false, with nobody left to refute it: if it is such that no rule can have made it, it binds
        only who posted it.
        private row 149 B: tag 0x13 @0 | account u4 @1 | slot @5 | leaf @13 | nonce @21 | traded_ahead @29 |
        traded_pool @37 | metered @45 | import_register @53 | export_register @61 | paid @69 | running @77 | claims @85 |
        gap_slots @93 | gap_retail @101 | gap_feed_in @109 | salt 32 @117 (all i8)
        period leaf 61 B: tag 0x14 @0 | account u4 @1 | amount i8 @5 | arrears @13 | cover @21 | rows_root @29
@custom:kill Holds nothing, so there is nothing to stop.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import IEnergyMarket


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import court_proofs


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @dev Accounts of utility, network and reserve; members from FIRST_MEMBER. Institutions take part in every slot.
NETWORK: constant(uint256) = 1
FIRST_MEMBER: constant(uint256) = 3

# @dev Bytes of a private row, a period leaf, a step of a path in the period tree.
ROW_BYTES: constant(uint256) = 149
LEAF_BYTES: constant(uint256) = 61
STEP_BYTES: constant(uint256) = 40
COVER_PATH_BYTES: constant(uint256) = 40 * 12

# @dev Eight bytes.
LANE: constant(uint256) = 2**64 - 1

# @dev An honest cover, and every sum of them, is less.
COVER_MAX: constant(uint256) = 2**62

# @dev Posted amounts: lanes of a word; words hashed together, and their bytes; the hashes of all such chunks. An amount
#      stands with LANE_BIAS added.
LANES: constant(uint256) = 4
CHUNK_WORDS: constant(uint256) = 16
CHUNK_BYTES: constant(uint256) = 32 * 16
CHUNKS_BYTES: constant(uint256) = 32 * 64
LANE_BIAS: constant(int256) = 2**62

# @dev Wh in a kWh (a price is µ/kWh), and that in basis points.
KWH: constant(int256) = 1000
KWH_BPS: constant(int256) = 10**7

# @dev No gap is as long, slots.
GAP_MAX: constant(int256) = 2**32

# @dev What the slots without a reading say of a row: more than 0 is their number, up to this one, which has none; 0: it has
#      one, and so had the slot before; else one of these: it is the first after a gap, or it came too late for the pool.
AFTER_GAP: constant(int256) = -1
LATE: constant(int256) = -2

# @dev leaf −1, nonce −1, and no trade: how the trade of a network's or void row reads.
NO_TRADE: constant(uint256) = (2**128 - 1) << 128

# @dev First byte of each kind of preimage.
TAG_ROOT: constant(bytes1) = 0x02
TAG_SUM_NODE: constant(bytes1) = 0x03
TAG_SUM_ROOT: constant(bytes1) = 0x04
TAG_BLIND: constant(bytes1) = 0x10
TAG_BOOK_LEAF: constant(bytes1) = 0x11
TAG_PRIVATE_ROW: constant(uint256) = 19  # 0x13
TAG_PERIOD_LEAF: constant(uint256) = 20  # 0x14


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice A private row in its place: at the place of `slot` among the rows of `account`, whose leaf stands at its place
#         under the settlement's period root. leaf_path holds 40 bytes a step, as they stand in the node's preimage:
#         the sibling's hash and its cover (u8).
struct RowAt:
    settlement: IEnergyMarket.Settlement
    account: uint256
    slot: uint256
    leaf: Bytes[LEAF_BYTES]
    leaf_path: Bytes[COVER_PATH_BYTES]
    row: Bytes[ROW_BYTES]
    row_path: DynArray[bytes32, court_proofs.PLAIN_STEPS]

# @dev An account's part in a settlement: `count` slots from `start` on; the account's first slot of all, its cap, and the
#      first slot of its newest meter.
struct Part:
    start: uint256
    count: uint256
    from_slot: uint256
    cap_wh: uint256
    meter_from: uint256

# @dev The numbers of a private row.
struct Numbers:
    traded_ahead: int256
    traded_pool: int256
    metered: int256
    import_register: int256
    export_register: int256
    paid: int256
    running: int256
    claims: int256
    gap_slots: int256
    gap_retail: int256
    gap_feed_in: int256

# @dev What money in a slot depends on, beside the rows: µ/kWh, and the seller's share in bps. local: the ahead session
#      traded at local prices, so what a row was paid is taken from the row itself.
struct Prices:
    retail: int256
    feed_in: int256
    ahead: int256
    pool: int256
    seller: int256
    local: bool


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def refute_row(
    market: address,
    at: RowAt,
    previous: RowAt,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, court_proofs.PLAIN_STEPS],
):
    """
    @notice Convicts for a member's row that does not follow from the one before: registers that run backwards, metered
            energy unlike them, a gap told wrong, another payment than the formula's, a wrong sum. Of the trade it takes
            the row's own word, which `refute_row_trade` checks. A row that is not of this account and slot is false
            by itself: then previous, anchor and header may be empty.
    @param market The community's market.
    @param at The false row in its place: settlement pending, account a member, slot not void.
    @param previous The row before. Of the same settlement: row and row_path, the rest empty. For a settlement's first
           row: that of the slot before in the settlement applied last, in its place; all empty if the account or the
           market had none, or a new meter begins with the slot.
    @param anchor The anchor of the slot.
    @param header The slot's header.
    @param path Path of the header under the anchor.
    """
    part: Part = self._check_row(market, at, court_proofs.PRIVATE_ROW)
    holds: bool = False
    if self._is_placed(at.row, at.account, at.slot):
        self._check_header(market, at.slot, anchor, header, path)
        tariffs: uint256 = convert(extract32(header, 68), uint256)
        prices: Prices = Prices(
            retail=court_proofs._signed(tariffs, 0),
            feed_in=court_proofs._signed(tariffs, 1),
            ahead=court_proofs._signed(tariffs, 2),
            pool=court_proofs._signed(tariffs, 3),
            seller=self._share_at(header, 62),
            local=court_proofs._header_rule(header) & court_proofs.NETWORK_AHEAD != 0,
        )
        holds = self._follows(at.row, self._before(market, at, part, previous), prices)
    self._judge(market, court_proofs.PRIVATE_ROW, at.settlement.operator, holds)


@external
def refute_void_row(
    market: address,
    at: RowAt,
    previous: RowAt,
    anchor: IEnergyMarket.Anchor,
    terms_index: uint256,
    terms: court_proofs.Terms,
):
    """
    @notice `refute_row` for a void slot: no leaf, no trade, all that was metered is residual at the chain's terms.
    @param market The community's market.
    @param at The false row in its place: settlement pending, account a member, slot void.
    @param previous The row before, as for `refute_row`.
    @param anchor The anchor of the slot.
    @param terms_index Number of the terms in force at the slot.
    @param terms These terms.
    """
    part: Part = self._check_row(market, at, court_proofs.PRIVATE_ROW)
    holds: bool = False
    if self._is_placed(at.row, at.account, at.slot):
        self._check_void(market, anchor, at.slot)
        court_proofs._check_terms(market, terms_index, terms, at.slot)
        prices: Prices = empty(Prices)
        prices.retail, prices.feed_in = court_proofs._tariffs_at(terms, at.slot)
        before: Numbers = self._before(market, at, part, previous)
        holds = self._is_without_trade(at.row) and self._follows(at.row, before, prices)
    self._judge(market, court_proofs.PRIVATE_ROW, at.settlement.operator, holds)


@external
def refute_row_trade(
    market: address,
    at: RowAt,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, court_proofs.PLAIN_STEPS],
    stated: uint256[4],
    public_row: Bytes[200],
    siblings: DynArray[court_proofs.SumStep, court_proofs.SUM_STEPS],
):
    """
    @notice Convicts for a member's row that is unlike the public result: it names no leaf, or one that its account,
            nonce and salt do not open; it states another fill; or the quantity offered in the pool is not its own:
            metered less traded ahead, within the cap; 0 without a reading, in the first slot with one after a gap, where
            the row says that its reading came too late, and where there is no pool session. Whether there was a gap,
            `refute_row` looks at. The slot is void: the public row stands in an anchored header, and if that is the
            false one no other private row would mend it.
    @param market The community's market.
    @param at The false row in its place: settlement pending, account a member, slot not void.
    @param anchor The anchor of the slot.
    @param header The slot's header.
    @param path Path of the header under the anchor.
    @param stated The sums that the result tree states for the public row. These last three may be empty if the row
           names no leaf.
    @param public_row The public row at the place the row names.
    @param siblings Its path under the result root.
    """
    part: Part = self._check_row(market, at, court_proofs.PRIVATE_ROW)
    assert self._is_placed(at.row, at.account, at.slot), "court: row"
    self._check_header(market, at.slot, anchor, header, path)
    holds: bool = False
    leaf: uint256 = convert(extract32(at.row, 13), uint256) >> 192
    if leaf < court_proofs._header_accounts(header):
        court_proofs._check_row(header, leaf, stated, public_row, siblings)
        cap_wh: uint256 = part.cap_wh if court_proofs._header_rule(header) & court_proofs.NO_POOL == 0 else 0
        holds = self._opens(at.row, public_row) and self._is_trade(at.row, public_row, cap_wh)
    assert not holds, "court: not false"
    extcall IEnergyMarket(market).convict(court_proofs.PRIVATE_ROW, at.settlement.operator, msg.sender, at.slot)


@external
def refute_network_row(
    market: address,
    at: RowAt,
    previous: Bytes[ROW_BYTES],
    previous_path: DynArray[bytes32, court_proofs.PLAIN_STEPS],
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, court_proofs.PLAIN_STEPS],
):
    """
    @notice Convicts for a row of the network that is not its share of the slot's volumes, added to the sum before.
            Nothing in it is private, so anyone can.
    @param market The community's market.
    @param at The false row in its place: settlement pending, account the network.
    @param previous The row before in the same settlement; empty for its first row.
    @param previous_path Its path under the same rows root.
    @param anchor The anchor of the slot.
    @param header The slot's header; empty if the slot is void.
    @param path Path of the header under the anchor; empty if the slot is void.
    """
    part: Part = self._check_row(market, at, court_proofs.NETWORK_ROW)
    holds: bool = False
    if self._is_placed(at.row, NETWORK, at.slot):
        paid: int256 = 0
        if len(header) == 0:
            self._check_void(market, anchor, at.slot)
        else:
            self._check_header(market, at.slot, anchor, header, path)
            paid = self._network_share(header)
            # Of an ahead session at local prices the header says nothing: what the network had of it, the row says.
            if court_proofs._header_rule(header) & court_proofs.NETWORK_AHEAD != 0:
                paid = self._signed_at(at.row, 69)
        running: int256 = paid
        if at.slot > part.start:
            assert self._is_placed(previous, NETWORK, unsafe_sub(at.slot, 1)), "court: previous row"
            self._check_place(previous, unsafe_sub(at.slot, 1), part, previous_path, extract32(at.leaf, 29))
            running = unsafe_add(running, self._signed_at(previous, 77))
        holds = (
            self._is_without_trade(at.row)
            and extract32(at.row, 45) == convert(paid, bytes32)  # metered 0, registers 0, paid
            and self._signed_at(at.row, 77) == running
            and convert(extract32(at.row, 85), uint256) == 0  # claims, gap
        )
    self._judge(market, court_proofs.NETWORK_ROW, at.settlement.operator, holds)


@external
def refute_leaf(
    market: address,
    settlement: IEnergyMarket.Settlement,
    account: uint256,
    stated: uint256,
    leaf: Bytes[LEAF_BYTES],
    leaf_path: Bytes[COVER_PATH_BYTES],
    last: Bytes[ROW_BYTES],
    last_path: DynArray[bytes32, court_proofs.PLAIN_STEPS],
    words: Bytes[CHUNK_BYTES],
    chunks: Bytes[CHUNKS_BYTES],
):
    """
    @notice Convicts for a false period leaf: of another account, stating another cover than the tree does for it, unlike
            the posted amount; arrears or cover of an institution; an amount of the network unlike its rows; for a
            member: unlike last row and balance, or anything at all of an account that took no part.
    @param market The community's market.
    @param settlement The pending settlement.
    @param account The account at whose place the leaf stands.
    @param stated The cover that the period tree states for the leaf, µ.
    @param leaf The false leaf.
    @param leaf_path Its path under the period root, as in `RowAt`.
    @param last The account's last row in this settlement. May be empty where the leaf is false without it: another
           account, another cover than stated, another amount than posted, arrears or cover of an institution; and for
           an account that took no part.
    @param last_path Its path under the rows root.
    @param words The 16 words of posted amounts among which this account's stands. May be empty for another account or
           cover than stated.
    @param chunks The hashes of all such chunks, likewise.
    """
    self._check_pending(market, settlement)
    self._check_leaf(settlement, account, stated, leaf, leaf_path)
    holds: bool = (
        self._is_leaf(leaf, account)
        and convert(extract32(leaf, 21), uint256) >> 192 == stated
        and self._signed_at(leaf, 5) == self._posted(settlement.amounts_hash, account, words, chunks)
        and self._is_due(market, settlement, account, leaf, last, last_path)
    )
    self._judge(market, court_proofs.PERIOD_LEAF, settlement.operator, holds)


@external
def refute_rows_root(
    market: address,
    settlement: IEnergyMarket.Settlement,
    account: uint256,
    leaf: Bytes[LEAF_BYTES],
    leaf_path: Bytes[COVER_PATH_BYTES],
    count: uint256,
    top: bytes32,
):
    """
    @notice Convicts for a rows root of another number of rows than the slots in which the account took part.
    @param market The community's market.
    @param settlement The pending settlement.
    @param account The account at whose place the leaf stands.
    @param leaf The account's leaf.
    @param leaf_path Its path under the period root, as in `RowAt`.
    @param count The number in the root's preimage.
    @param top The top node in it.
    """
    self._check_pending(market, settlement)
    self._check_own_leaf(settlement, account, leaf, leaf_path)
    assert count < 2**32, "court: root"
    root: bytes32 = keccak256(concat(TAG_ROOT, convert(convert(count, uint32), bytes4), top))
    assert root == extract32(leaf, 29), "court: root"
    holds: bool = count == self._part(market, settlement, account).count
    self._judge(market, court_proofs.PERIOD_LEAF, settlement.operator, holds)


@external
def refute_period_root(
    market: address, settlement: IEnergyMarket.Settlement, count: uint256, top: bytes32, cover: uint256
):
    """
    @notice Convicts for a period root of another number of accounts or another cover than the settlement's.
    @param market The community's market.
    @param settlement The pending settlement.
    @param count The number of accounts in the root's preimage.
    @param top The top node in it.
    @param cover The cover in it, µ.
    """
    self._check_pending(market, settlement)
    assert count < 2**32 and cover < 2**64, "court: root"
    assert self._cover_root(count, top, cover) == settlement.period_root, "court: root"
    holds: bool = count == settlement.accounts and cover == settlement.cover and cover < COVER_MAX
    self._judge(market, court_proofs.PERIOD_ROOT, settlement.operator, holds)


@external
def refute_cover_node(
    market: address,
    settlement: IEnergyMarket.Settlement,
    level: uint256,
    index: uint256,
    stated: uint256,
    children: Bytes[2 * STEP_BYTES],
    path: Bytes[COVER_PATH_BYTES],
):
    """
    @notice Convicts for a node of the period tree that does not state the sum of its children's cover, or a child's is
            out of range; or for a leaf behind the last account that is not empty.
    @param market The community's market.
    @param settlement The pending settlement.
    @param level The node's level, 0 for the leaves.
    @param index Its place on that level.
    @param stated The cover stated for it, µ.
    @param children Its two children as in its preimage, 40 bytes each: hash and cover. On level 0 the leaf's hash.
    @param path The node's path under the period root, as in `RowAt`.
    """
    self._check_pending(market, settlement)
    node: bytes32 = empty(bytes32)
    holds: bool = False
    if level == 0:
        assert index >= settlement.accounts and len(children) == 32, "court: path"
        node = extract32(children, 0)
        holds = node == empty(bytes32) and stated == 0
    else:
        assert len(children) == 2 * STEP_BYTES, "court: path"
        node = keccak256(concat(TAG_SUM_NODE, children))
        left: uint256 = convert(extract32(children, 8), uint256) & LANE
        right: uint256 = convert(extract32(children, 48), uint256) & LANE
        holds = max(left, right) < COVER_MAX and unsafe_add(left, right) == stated
    self._check_cover(node, stated, level, index, settlement.accounts, path, settlement.period_root)
    self._judge(market, court_proofs.COVER_NODE, settlement.operator, holds)


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
def _judge(market: address, kind: uint256, operator: address, holds: bool):
    """
    @notice Convicts if what was shown does not hold: the market cancels the settlement and takes its operator's bond; no
            slot becomes void. Reverts if it holds.
    """
    assert not holds, "court: not false"
    extcall IEnergyMarket(market).convict(kind, operator, msg.sender, court_proofs.NO_SLOT)


@internal
@view
def _check_pending(market: address, settlement: IEnergyMarket.Settlement):
    """
    @notice Reverts unless this settlement waits for its window to end.
    """
    assert staticcall IEnergyMarket(market).is_pending(settlement), "court: settlement"


@internal
@view
def _check_header(
    market: address,
    slot: uint256,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, court_proofs.PLAIN_STEPS],
):
    """
    @notice Reverts unless this is the header of `slot` under an anchor not yet applied, and the slot is not void.
    """
    assert court_proofs._check_header(market, anchor, header, path) == slot, "court: header"


@internal
@view
def _check_void(market: address, anchor: IEnergyMarket.Anchor, slot: uint256):
    """
    @notice Reverts unless the slot is void and this is its anchor, not yet applied.
    """
    court_proofs._check_anchor(market, anchor)
    assert slot >= anchor.first_slot and slot - anchor.first_slot < anchor.slots, "court: path"
    assert court_proofs._is_void(market, anchor, slot), "court: slot not void"


@internal
@view
def _part(market: address, settlement: IEnergyMarket.Settlement, account: uint256) -> Part:
    """
    @notice The slots of a settlement in which an account takes part: all for an institution.
    """
    part: Part = Part(start=settlement.first_slot, count=settlement.slots, from_slot=0, cap_wh=0, meter_from=0)
    if account >= FIRST_MEMBER:
        member: IEnergyMarket.Member = staticcall IEnergyMarket(market).member(account)
        end: uint256 = min(settlement.first_slot + settlement.slots, member.to_slot)
        part.start = max(settlement.first_slot, member.from_slot)
        part.count = unsafe_sub(max(end, part.start), part.start)
        part.from_slot = member.from_slot
        part.cap_wh = member.cap_wh
        part.meter_from = member.meter_from
    return part


@internal
@pure
def _cover_root(count: uint256, top: bytes32, cover: uint256) -> bytes32:
    """
    @notice H(0x04 ‖ count ‖ top ‖ cover); count below 2³², cover below 2⁶⁴.
    """
    own: bytes8 = convert(convert(cover, uint64), bytes8)
    return keccak256(concat(TAG_SUM_ROOT, convert(convert(count, uint32), bytes4), top, own))


@internal
@pure
def _check_cover(
    node: bytes32,
    stated: uint256,
    level: uint256,
    index: uint256,
    count: uint256,
    path: Bytes[COVER_PATH_BYTES],
    root: bytes32,
):
    """
    @notice Reverts unless `node`, stating this cover, stands at place `index` of `level` (0: the leaves, padding
            included) of the period tree of `count` leaves under `root`, and every node above it states what its
            children state. A cover out of range is refused: the node that states it is refuted by the one above it.
    """
    steps: uint256 = len(path) // STEP_BYTES
    fits: bool = len(path) % STEP_BYTES == 0 and level <= court_proofs.SUM_STEPS and index >> steps == 0
    assert fits and court_proofs._is_depth(count, level + steps), "court: path"
    carried: uint256 = stated
    high: uint256 = stated
    top: bytes32 = node
    for i: uint256 in range(steps, bound=court_proofs.SUM_STEPS):
        sibling: Bytes[STEP_BYTES] = slice(path, unsafe_mul(i, STEP_BYTES), STEP_BYTES)
        own: bytes8 = convert(convert(carried & LANE, uint64), bytes8)
        if (index >> i) & 1 == 0:
            top = keccak256(concat(TAG_SUM_NODE, top, own, sibling))
        else:
            top = keccak256(concat(TAG_SUM_NODE, sibling, top, own))
        beside: uint256 = convert(extract32(sibling, 8), uint256) & LANE
        carried = unsafe_add(carried, beside)
        high = high | beside | carried
    assert high < COVER_MAX, "court: lane"
    assert self._cover_root(count, top, carried) == root, "court: path"


@internal
@pure
def _check_leaf(
    settlement: IEnergyMarket.Settlement,
    account: uint256,
    stated: uint256,
    leaf: Bytes[LEAF_BYTES],
    path: Bytes[COVER_PATH_BYTES],
):
    """
    @notice Reverts unless these bytes, whatever they say, are the leaf at the place of `account`, stating this cover.
    """
    assert account < settlement.accounts, "court: account"
    self._check_cover(keccak256(leaf), stated, 0, account, settlement.accounts, path, settlement.period_root)


@internal
@pure
def _check_own_leaf(
    settlement: IEnergyMarket.Settlement, account: uint256, leaf: Bytes[LEAF_BYTES], path: Bytes[COVER_PATH_BYTES]
):
    """
    @notice The same where the tree states the cover that stands in the leaf. (Another one, `refute_leaf` refutes.)
    """
    assert len(leaf) == LEAF_BYTES, "court: leaf"
    self._check_leaf(settlement, account, convert(extract32(leaf, 21), uint256) >> 192, leaf, path)


@internal
@pure
def _is_leaf(leaf: Bytes[LEAF_BYTES], account: uint256) -> bool:
    """
    @notice Whether these bytes are a period leaf of `account`.
    """
    if len(leaf) != LEAF_BYTES:
        return False
    return convert(extract32(leaf, 0), uint256) >> 216 == (TAG_PERIOD_LEAF << 32) | account


@internal
@view
def _check_row(market: address, at: RowAt, kind: uint256) -> Part:
    """
    @notice The account's part in the settlement. Reverts unless these bytes, whatever they say, are the row at the place
            of the slot under the account's leaf: a member's, or the network's for NETWORK_ROW; in the settlement
            pending, or for no kind (0) in the one applied last.
    """
    if kind == 0:
        assert staticcall IEnergyMarket(market).is_last(at.settlement), "court: settlement"
    else:
        self._check_pending(market, at.settlement)
    rightful: bool = at.account == NETWORK if kind == court_proofs.NETWORK_ROW else at.account >= FIRST_MEMBER
    assert rightful, "court: account"
    self._check_own_leaf(at.settlement, at.account, at.leaf, at.leaf_path)
    part: Part = self._part(market, at.settlement, at.account)
    self._check_place(at.row, at.slot, part, at.row_path, extract32(at.leaf, 29))
    return part


@internal
@pure
def _check_place(
    row: Bytes[ROW_BYTES],
    slot: uint256,
    part: Part,
    path: DynArray[bytes32, court_proofs.PLAIN_STEPS],
    rows_root: bytes32,
):
    """
    @notice Reverts unless these bytes, whatever they say, are the row at the place of the slot under this root.
    """
    assert slot >= part.start, "court: path"
    court_proofs._check_plain(keccak256(row), unsafe_sub(slot, part.start), part.count, path, rows_root)


@internal
@pure
def _is_placed(row: Bytes[ROW_BYTES], account: uint256, slot: uint256) -> bool:
    """
    @notice Whether these bytes are a private row of `account` (below 2³²) and `slot`.
    """
    if len(row) != ROW_BYTES:
        return False
    return convert(extract32(row, 0), uint256) >> 152 == (TAG_PRIVATE_ROW << 96) | (account << 64) | slot


@internal
@view
def _before(market: address, at: RowAt, part: Part, previous: RowAt) -> Numbers:
    """
    @notice What a row starts from: registers, gap and sums of the row before. The sums begin at 0 in every settlement;
            the registers at the meter's base and the gap at nothing, in the account's first slot of all, in its first
            of the market, and in the first of a new meter. Reverts if the evidence is not of the row before.
    """
    before: Numbers = empty(Numbers)
    first: bool = at.slot == part.start
    fresh: bool = part.from_slot == at.slot or (first and at.settlement.first_period == 0)
    # Where the newest meter began before, no other began with the slot: a call is spared.
    meter: IEnergyMarket.Meter = empty(IEnergyMarket.Meter)
    if fresh or part.meter_from >= at.slot:
        meter = staticcall IEnergyMarket(market).meter(at.account, at.slot)
        fresh = fresh or meter.from_slot == at.slot
    if not first:
        self._check_place(previous.row, unsafe_sub(at.slot, 1), part, previous.row_path, extract32(at.leaf, 29))
    elif not fresh:
        self._check_row(market, previous, 0)
        assert previous.account == at.account and previous.slot == unsafe_sub(at.slot, 1), "court: previous row"
    if not (first and fresh):
        assert self._is_placed(previous.row, at.account, unsafe_sub(at.slot, 1)), "court: previous row"
        before = self._numbers(previous.row)
    if first:
        binds: bool = self._is_possible(before) or previous.settlement.operator == at.settlement.operator
        assert binds, "court: previous row"
        before.running = 0
        before.claims = 0
    if fresh:
        before.import_register = convert(meter.import_wh, int256)
        before.export_register = convert(meter.export_wh, int256)
        before.gap_slots = 0
    before.gap_slots = max(before.gap_slots, 0)
    return before


@internal
@pure
def _signed_at(data: Bytes[324], place: uint256) -> int256:
    """
    @notice The number of eight bytes at `place`, two's complement; 32 bytes stand there at least.
    """
    return convert(extract32(data, place), int256) >> 192


@internal
@pure
def _share_at(header: Bytes[324], place: uint256) -> int256:
    """
    @notice The share of two bytes at `place` of a header, bps.
    """
    return convert(convert(extract32(header, place), uint256) >> 240, int256)


@internal
@pure
def _numbers(row: Bytes[ROW_BYTES]) -> Numbers:
    """
    @notice The numbers of a row of 149 bytes.
    """
    return Numbers(
        traded_ahead=self._signed_at(row, 29),
        traded_pool=self._signed_at(row, 37),
        metered=self._signed_at(row, 45),
        import_register=self._signed_at(row, 53),
        export_register=self._signed_at(row, 61),
        paid=self._signed_at(row, 69),
        running=self._signed_at(row, 77),
        claims=self._signed_at(row, 85),
        gap_slots=self._signed_at(row, 93),
        gap_retail=self._signed_at(row, 101),
        gap_feed_in=self._signed_at(row, 109),
    )


@internal
@pure
def _is_possible(row: Numbers) -> bool:
    """
    @notice Whether some account could have this row: no row that follows from it by the rule is then too large to write.
    """
    return (
        row.import_register >= 0
        and row.export_register >= 0
        and row.gap_slots >= LATE
        and row.gap_slots < GAP_MAX
        and abs(row.gap_retail) <= court_proofs.LIMIT_MAX
        and abs(row.gap_feed_in) <= court_proofs.LIMIT_MAX
    )


@internal
@pure
def _is_without_trade(row: Bytes[ROW_BYTES]) -> bool:
    """
    @notice Whether a row names no leaf, nonce, salt, and no trade.
    """
    return convert(extract32(row, 13), uint256) == NO_TRADE and extract32(row, 117) == empty(bytes32)


@internal
@pure
def _opens(row: Bytes[ROW_BYTES], public_row: Bytes[200]) -> bool:
    """
    @notice Whether the row's account, slot, nonce and salt open the public row's book leaf:
            H(0x11 ‖ H(0x10 ‖ account ‖ slot ‖ nonce ‖ salt) ‖ curve).
    """
    blind: bytes32 = keccak256(concat(TAG_BLIND, slice(row, 1, 12), slice(row, 21, 8), slice(row, 117, 32)))
    return keccak256(concat(TAG_BOOK_LEAF, blind, slice(public_row, 32, 144))) == extract32(public_row, 0)


@internal
@pure
def _is_trade(row: Bytes[ROW_BYTES], public_row: Bytes[200], cap_wh: uint256) -> bool:
    """
    @notice Whether the public row is what this row says of it: both fills and the pool's quantity, which is 0 without a
            reading, after a gap, and where the reading came late. A cap of 0: there is no pool.
    """
    offered: int256 = 0
    ahead: int256 = 0
    pool: int256 = 0
    offered, ahead, pool = court_proofs._row_numbers(public_row)
    due: int256 = 0
    if self._signed_at(row, 93) == 0:
        cap: int256 = convert(min(cap_wh, 2**64), int256)
        due = max(unsafe_sub(0, cap), min(unsafe_sub(self._signed_at(row, 45), ahead), cap))
    return self._signed_at(row, 29) == ahead and self._signed_at(row, 37) == pool and offered == due


@internal
@pure
def _debit(product: int256) -> int256:
    """
    @notice ⌈product / 1000⌉ for Wh · µ/kWh ≥ 0: a debit is rounded up.
    """
    return unsafe_div(unsafe_add(product, KWH - 1), KWH)


@internal
@pure
def _trade_paid(traded: int256, price: int256, seller: int256) -> int256:
    """
    @notice What a trade (Wh, + bought) brings (+) or costs (−) a member, µ: the debit rounded up, the credit, the
            seller's share, down. For a negative price payer and receiver swap.
    """
    value: int256 = unsafe_mul(abs(traded), abs(price))
    if (traded > 0) == (price >= 0):
        return unsafe_sub(0, self._debit(value))
    return unsafe_div(unsafe_mul(value, seller), KWH_BPS)


@internal
@pure
def _residual(energy: int256, retail: int256, feed_in: int256) -> int256:
    """
    @notice What energy bought from (+) or sold to (−) the utility, Wh, brings (+) or costs (−), µ; a negative tariff
            swaps payer and receiver. The debit is rounded up, the credit down.
    """
    value: int256 = unsafe_mul(energy, retail if energy > 0 else feed_in)
    if value > 0:
        return unsafe_sub(0, self._debit(value))
    return unsafe_div(unsafe_sub(0, value), KWH)


@internal
@pure
def _follows(data: Bytes[ROW_BYTES], before: Numbers, prices: Prices) -> bool:
    """
    @notice Whether a row follows from what was before: all but its leaf, nonce and salt.
    """
    row: Numbers = self._numbers(data)
    trade: int256 = unsafe_add(
        self._trade_paid(row.traded_ahead, prices.ahead, prices.seller),
        self._trade_paid(row.traded_pool, prices.pool, prices.seller),
    )
    residual: int256 = 0
    claimed: int256 = 0
    holds: bool = False
    if row.gap_slots > 0:
        holds, residual = self._silent(row, before, prices)
    else:
        holds, residual, claimed = self._read(row, before, prices)
    return (
        holds
        and (prices.local or row.paid == unsafe_add(trade, residual))
        and row.running == unsafe_add(before.running, row.paid)
        and row.claims == unsafe_add(before.claims, claimed)
    )


@internal
@pure
def _silent(row: Numbers, before: Numbers, prices: Prices) -> (bool, int256):
    """
    @notice Whether a row without a reading states what one does, and its residual money: nothing counts as metered, so
            the ahead trade is settled at once at the slot's tariffs. Its debits are trade, none may be claimed.
    """
    retail: int256 = prices.retail
    feed_in: int256 = prices.feed_in
    if before.gap_slots != 0:
        retail = max(retail, before.gap_retail)
        feed_in = min(feed_in, before.gap_feed_in)
    holds: bool = (
        row.traded_pool == 0
        and row.metered == 0
        and row.import_register == before.import_register
        and row.export_register == before.export_register
        and row.gap_slots == unsafe_add(before.gap_slots, 1)
        and row.gap_retail == retail
        and row.gap_feed_in == feed_in
    )
    return holds, self._residual(unsafe_sub(0, row.traded_ahead), prices.retail, prices.feed_in)


@internal
@pure
def _read(row: Numbers, before: Numbers, prices: Prices) -> (bool, int256, int256):
    """
    @notice Whether a row with a reading states what one does, its residual money, and what of that may be claimed.
    """
    taken: int256 = unsafe_sub(row.import_register, before.import_register)
    given: int256 = unsafe_sub(row.export_register, before.export_register)
    holds: bool = (
        taken >= 0
        and given >= 0
        and row.metered == unsafe_sub(taken, given)
        and row.gap_retail == 0
        and row.gap_feed_in == 0
    )
    if before.gap_slots == 0:
        holds = holds and row.gap_slots != AFTER_GAP and row.gap_slots >= LATE
        rest: int256 = unsafe_sub(unsafe_sub(row.metered, row.traded_ahead), row.traded_pool)
        residual: int256 = self._residual(rest, prices.retail, prices.feed_in)
        undelivered: int256 = self._undelivered(rest, row.traded_ahead)
        trade: int256 = self._residual(undelivered, prices.retail, prices.feed_in)
        return holds, residual, unsafe_sub(min(trade, 0), min(residual, 0))
    holds = holds and row.gap_slots == AFTER_GAP and row.traded_pool == 0
    # The first reading after a gap: import and export apart, at the gap's dearest and cheapest tariffs; nothing netted.
    retail: int256 = max(prices.retail, before.gap_retail)
    feed_in: int256 = min(prices.feed_in, before.gap_feed_in)
    imported: int256 = self._residual(taken, retail, feed_in)
    exported: int256 = self._residual(unsafe_sub(0, given), retail, feed_in)
    traded: int256 = self._residual(unsafe_sub(0, row.traded_ahead), prices.retail, prices.feed_in)
    claimed: int256 = unsafe_sub(unsafe_sub(0, min(imported, 0)), min(exported, 0))
    return holds, unsafe_add(unsafe_add(imported, exported), traded), claimed


@internal
@pure
def _undelivered(rest: int256, ahead: int256) -> int256:
    """
    @notice What of the residual, Wh, only makes good an ahead trade not kept: min(|rest|, |ahead|) where the signs are
            opposed. Its debit is trade, so the guarantor's risk, not the utility's.
    """
    missing: int256 = unsafe_sub(0, ahead)
    if rest > 0:
        return max(min(rest, missing), 0)
    return min(max(rest, missing), 0)


@internal
@pure
def _network_share(header: Bytes[324]) -> int256:
    """
    @notice The network's share of a slot's volumes, µ: Σ sessions ⌊V·|p|·ν / 10⁷⌋, V = min(DI + DA, SI + SA).
    """
    network: int256 = self._share_at(header, 66)
    share: int256 = 0
    for session: uint256 in range(2):
        word: uint256 = convert(extract32(header, unsafe_add(100, unsafe_mul(64, session))), uint256)
        demand: uint256 = unsafe_add(court_proofs._lane(word, 0), court_proofs._lane(word, 1))
        supply: uint256 = unsafe_add(court_proofs._lane(word, 2), court_proofs._lane(word, 3))
        price: int256 = self._signed_at(header, unsafe_add(84, unsafe_mul(8, session)))
        value: int256 = unsafe_mul(convert(min(demand, supply), int256), abs(price))
        share = unsafe_add(share, unsafe_div(unsafe_mul(value, network), KWH_BPS))
    return share


@internal
@pure
def _posted(
    amounts_hash: bytes32, account: uint256, words: Bytes[CHUNK_BYTES], chunks: Bytes[CHUNKS_BYTES]
) -> int256:
    """
    @notice The posted amount of an account, µ. Reverts unless the words are its chunk of the settlement's amounts.
    """
    lane: uint256 = unsafe_add(account, 1)
    word: uint256 = unsafe_div(lane, LANES)
    chunk: uint256 = unsafe_mul(32, unsafe_div(word, CHUNK_WORDS))
    within: uint256 = unsafe_mul(32, word % CHUNK_WORDS)
    assert (
        chunk < len(chunks)
        and within < len(words)
        and keccak256(chunks) == amounts_hash
        and keccak256(words) == extract32(chunks, chunk)
    ), "court: amounts"
    lanes: uint256 = convert(extract32(words, within), uint256)
    return unsafe_sub(convert((lanes >> unsafe_mul(64, lane % LANES)) & LANE, int256), LANE_BIAS)


@internal
@view
def _is_due(
    market: address,
    settlement: IEnergyMarket.Settlement,
    account: uint256,
    leaf: Bytes[LEAF_BYTES],
    last: Bytes[ROW_BYTES],
    last_path: DynArray[bytes32, court_proofs.PLAIN_STEPS],
) -> bool:
    """
    @notice Whether amount, arrears and cover of a leaf are what its rows and the account's balance give. Rows of utility
            and reserve are nobody's concern: their amounts follow from the others'.
    """
    numbers: uint256 = convert(extract32(leaf, 5), uint256)
    amount: int256 = court_proofs._signed(numbers, 0)
    arrears: int256 = court_proofs._signed(numbers, 1)
    cover: int256 = court_proofs._signed(numbers, 2)
    if account < FIRST_MEMBER and (arrears != 0 or cover != 0):
        return False
    if account < FIRST_MEMBER and account != NETWORK:
        return True
    part: Part = self._part(market, settlement, account)
    rows_root: bytes32 = extract32(leaf, 29)
    if part.count == 0:
        return amount == 0 and arrears == 0 and cover == 0 and rows_root == empty(bytes32)
    place: uint256 = unsafe_sub(part.count, 1)
    assert self._is_placed(last, account, part.start + place), "court: row"
    court_proofs._check_plain(keccak256(last), place, part.count, last_path, rows_root)
    running: int256 = self._signed_at(last, 77)
    if account == NETWORK:
        return amount == running
    balance: int256 = convert(staticcall IEnergyMarket(market).balance_of(account), int256)
    shortfall: int256 = max(0, unsafe_sub(0, unsafe_add(balance, running)))
    due: int256 = min(shortfall, self._signed_at(last, 85))
    return arrears == due and cover == unsafe_sub(shortfall, due) and amount == unsafe_add(running, shortfall)
