# pragma version ==0.4.3
# pragma evm-version cancun
"""
@title Court Proofs
@custom:contract-name court_proofs
@license AGPL-3.0-only
@author The Sunfair developers
@notice What every court needs to read evidence: numbers in bytes, paths in trees, headers under an anchor, the chain's
        terms, curves. A court reads evidence, and where it is about something the market anchored or posted and
        proves it false, tells the market to convict.
        Rules: settlement.md, "After the slot: the result" and "What one transaction must be able to refute"; layouts:
        docs/formats.md.
@dev    Everything here only reads. A path is bound to the number of leaves: it has exactly ⌈log₂ N⌉ steps, so that a
        node cannot be shown as a leaf nor a leaf as a node, and N stands in the root.
        The sixteen numbers of a node of the result tree are four words, as they stand in its preimage, eight bytes
        a number (a lane). Session s (0 ahead, 1 pool) has the words 2·s = DI, DA, SI, SA and 2·s + 1 = bought, sold,
        lo, hi, the first lane in the highest bits; lo and hi stand with `BOUND_OFFSET` added.
        Every lane of an honest node is below 2⁶²; evidence with a larger one is refused, so that no sum of two
        lanes carries into its neighbour. The node that states such a lane is refuted by the node above it.
        Reasons begin with "court: " and are the same in sunfair.settlement.court.
@custom:kill Holds nothing, so there is nothing to stop.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import IEnergyMarket


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice What a conviction was for. AuctionCourt: the header by itself, unlike the chain's terms, unlike a root; a
#         node, a row, a padding leaf; a row unlike the book, or its curve unlike the one that was bound.
HEADER: constant(uint256) = 1
TERMS: constant(uint256) = 2
ROOT: constant(uint256) = 3
NODE: constant(uint256) = 4
ROW: constant(uint256) = 5
PADDING: constant(uint256) = 6
BOOK_LEAF: constant(uint256) = 7
CURVE: constant(uint256) = 8

# @notice RowCourt: a private row, a period leaf, the period root, a node of the cover.
PRIVATE_ROW: constant(uint256) = 20
PERIOD_LEAF: constant(uint256) = 21
PERIOD_ROOT: constant(uint256) = 22
COVER_NODE: constant(uint256) = 23
NETWORK_ROW: constant(uint256) = 24

# @notice BookCourt: a leaf unlike its receipt, unlike a filed offer; a gap where a reading was filed; a leaf of an
#         account that takes no part or beyond its cap; two leaves of one account; a broken promise.
RECEIPT: constant(uint256) = 40
FILED_OFFER: constant(uint256) = 41
FILED_READING: constant(uint256) = 42
OPENING: constant(uint256) = 43
DOUBLE: constant(uint256) = 44
PROMISE: constant(uint256) = 45

# @notice Docket: an unanswered demand is SILENCE plus the kind of the demand (1 … 6).
SILENCE: constant(uint256) = 60

# @notice The slot of a conviction that voids none.
NO_SLOT: constant(uint256) = max_value(uint256)

# @notice Most steps of a path: 4096 leaves of a book or result, 4096 slots under an anchor, 16384 rows of an account.
SUM_STEPS: constant(uint256) = 12
PLAIN_STEPS: constant(uint256) = 14

# @notice Most members, and so most leaves of a slot.
MEMBERS_MAX: constant(uint256) = 4092

# @notice Below so many members: pool only, at the mid-market rate.
SMALL_COMMUNITY: constant(uint256) = 20

# @notice Most slots with tariffs of their own in one entry of the terms, 16 bytes each.
TARIFFS_BYTES: constant(uint256) = 16 * 1024

# @notice Bits of the rule byte.
MID_MARKET: constant(uint256) = 1
NO_AHEAD: constant(uint256) = 2
NO_POOL: constant(uint256) = 4
NETWORK_AHEAD: constant(uint256) = 8

# @notice Largest |energy| of a step, Wh, and largest |limit|, µ/kWh.
ENERGY_MAX: constant(int256) = 10**9
LIMIT_MAX: constant(int256) = 10**9

# @notice Limits that no price meets: "does not buy", "does not sell"; also lo and hi where nothing sets one.
NO_BUY: constant(int256) = -10**9 - 1
NO_SELL: constant(int256) = 10**9 + 1

# @notice lo and hi are stored with this added.
BOUND_OFFSET: constant(int256) = 2 * 10**9

# @notice Steps of a curve.
STEPS_MAX: constant(uint256) = 8

# @dev The two low words of a lane, and the bits that no lane of an honest node has.
LANE: constant(uint256) = 2**64 - 1
HIGH_BITS: constant(uint256) = (2**64 - 2**62) * (1 + 2**64 + 2**128 + 2**192)

# @dev A one in each of eight parts of four bytes.
EACH_FOUR: constant(uint256) = (1 + 2**32 + 2**64 + 2**96) * (1 + 2**128)

# @dev The lanes of a session's second word: energies, lo, hi.
ENERGY_LANES: constant(uint256) = (2**128 - 1) << 128
LO_LANE: constant(uint256) = (2**64 - 1) << 64

# @dev The lanes DI and SI of a session's first word; lo and hi of its second.
IN_MONEY_LANES: constant(uint256) = ((2**64 - 1) << 192) | ((2**64 - 1) << 64)
BOUND_LANES: constant(uint256) = 2**128 - 1

# @notice A session's second word where nothing is bought or sold and nothing sets a bound.
NEUTRAL: constant(uint256) = ((10**9 - 1) << 64) | (3 * 10**9 + 1)

# @dev First byte of each kind of preimage (docs/formats.md).
TAG_NODE: constant(bytes1) = 0x01
TAG_ROOT: constant(bytes1) = 0x02
TAG_SUM_NODE: constant(bytes1) = 0x03
TAG_SUM_ROOT: constant(bytes1) = 0x04
TAG_BOOK_LEAF: constant(bytes1) = 0x11
TAG_RESULT_LEAF: constant(bytes1) = 0x12
TAG_HEADER: constant(bytes1) = 0x15


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice A step of a path in the result tree: the sibling's hash and what it states.
struct SumStep:
    node: bytes32
    sums: uint256[4]

# @notice A curve and standing limits, Wh and µ/kWh; unused steps are zero.
struct Curve:
    energy: int256[STEPS_MAX]
    limit: int256[STEPS_MAX]
    pool_buy: int256
    pool_sell: int256

# @notice An entry of the terms as the utility set it: in force from first_slot to the next entry. tariffs holds
#         (retail i8, feed_in i8) for each slot from first_slot on; the last pair holds on, and no tariff up to last_slot
#         is ever set anew.
struct Terms:
    first_slot: uint256
    last_slot: uint256
    rule: uint256
    k_num: uint256
    k_den: uint256
    seller: uint256
    utility: uint256
    network: uint256
    tariffs: Bytes[TARIFFS_BYTES]


# ── Numbers in bytes ──────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@pure
def _unsigned(word: bytes32, bits: uint256) -> uint256:
    """
    @notice The unsigned number in the first `bits` bits of a word.
    """
    return convert(word, uint256) >> unsafe_sub(256, bits)


@internal
@pure
def _signed(word: uint256, lane: uint256) -> int256:
    """
    @notice Number `lane` (0 in the highest bits, 3 in the lowest) of a word, two's complement of eight bytes.
    """
    return convert(convert(word << unsafe_mul(64, lane), bytes32), int256) >> 192


@internal
@pure
def _lane(word: uint256, lane: uint256) -> uint256:
    """
    @notice Number `lane` (0 in the highest bits, 3 in the lowest) of a word, unsigned.
    """
    return (word >> unsafe_mul(64, unsafe_sub(3, lane))) & LANE


@internal
@pure
def _floor_div(numerator: int256, denominator: int256) -> int256:
    """
    @notice ⌊numerator / denominator⌋ for denominator > 0.
    @dev Rounds towards −∞, as market.md's `//` does; the EVM truncates towards zero, so a negative rest takes one more.
    """
    quotient: int256 = numerator // denominator
    if numerator < 0 and quotient * denominator != numerator:
        return unsafe_sub(quotient, 1)
    return quotient


# ── Paths ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@pure
def _is_depth(count: uint256, steps: uint256) -> bool:
    """
    @notice Whether a path among `count` leaves has `steps` steps: ⌈log₂ count⌉, none for one leaf or no leaf.
    @dev `steps` is at most a path's bound, `count` below 2³², so nothing here wraps.
    """
    width: uint256 = 1 << steps
    return width >= count and width < max(unsafe_mul(2, count), 2)


@internal
@pure
def _plain_root(
    leaf: bytes32, index: uint256, count: uint256, path: DynArray[bytes32, PLAIN_STEPS]
) -> bytes32:
    """
    @notice The root to which `leaf` at place `index` among `count` leads: H(0x02 ‖ count ‖ top). Reverts with
            "court: path" if the place is not one of the leaves or the path has too few or too many steps.
    """
    assert index < count and count < 2**32 and self._is_depth(count, len(path)), "court: path"
    node: bytes32 = leaf
    place: uint256 = index
    for sibling: bytes32 in path:
        if place & 1 == 0:
            node = keccak256(concat(TAG_NODE, node, sibling))
        else:
            node = keccak256(concat(TAG_NODE, sibling, node))
        place = place >> 1
    return self._top_root(count, node)


@internal
@pure
def _top_root(count: uint256, top: bytes32) -> bytes32:
    """
    @notice H(0x02 ‖ count ‖ top); `count` below 2³².
    """
    return keccak256(concat(TAG_ROOT, convert(convert(count, uint32), bytes4), top))


@internal
@pure
def _check_plain(
    leaf: bytes32, index: uint256, count: uint256, path: DynArray[bytes32, PLAIN_STEPS], root: bytes32
):
    """
    @notice Reverts unless `leaf` stands at place `index` of the `count` leaves under `root`.
    """
    assert self._plain_root(leaf, index, count, path) == root, "court: path"


@internal
@pure
def _joined_bounds(left: uint256, right: uint256) -> uint256:
    """
    @notice A session's second word of a node from its children's: energies add, lo is the larger, hi the smaller.
    @dev Lanes below 2⁶²: no carry.
    """
    return (
        unsafe_add(left & ENERGY_LANES, right & ENERGY_LANES)
        | max(left & LO_LANE, right & LO_LANE)
        | min(left & LANE, right & LANE)
    )


@internal
@pure
def _joined(left: uint256[4], right: uint256[4]) -> uint256[4]:
    """
    @notice What a node states from what its children state; their lanes are below 2⁶².
    """
    return [
        unsafe_add(left[0], right[0]),
        self._joined_bounds(left[1], right[1]),
        unsafe_add(left[2], right[2]),
        self._joined_bounds(left[3], right[3]),
    ]


@internal
@pure
def _sum_node(left: bytes32, left_sums: uint256[4], right: bytes32, right_sums: uint256[4]) -> bytes32:
    """
    @notice H(0x03 ‖ left ‖ sums(left) ‖ right ‖ sums(right)).
    """
    return keccak256(
        concat(
            TAG_SUM_NODE,
            left,
            convert(left_sums[0], bytes32),
            convert(left_sums[1], bytes32),
            convert(left_sums[2], bytes32),
            convert(left_sums[3], bytes32),
            right,
            convert(right_sums[0], bytes32),
            convert(right_sums[1], bytes32),
            convert(right_sums[2], bytes32),
            convert(right_sums[3], bytes32),
        )
    )


@internal
@pure
def _sum_root(count: uint256, top: bytes32, sums: uint256[4]) -> bytes32:
    """
    @notice H(0x04 ‖ count ‖ top ‖ sums); `count` below 2³².
    """
    return keccak256(
        concat(
            TAG_SUM_ROOT,
            convert(convert(count, uint32), bytes4),
            top,
            convert(sums[0], bytes32),
            convert(sums[1], bytes32),
            convert(sums[2], bytes32),
            convert(sums[3], bytes32),
        )
    )


@internal
@pure
def _check_sums(
    node: bytes32,
    stated: uint256[4],
    level: uint256,
    index: uint256,
    count: uint256,
    siblings: DynArray[SumStep, SUM_STEPS],
    root: bytes32,
):
    """
    @notice Reverts unless `node`, stating these sums, stands at place `index` of `level` (0: the leaves, padding
            included) of the result tree of `count` leaves under `root`, and every node above it states what its
            children state.
    @dev A lane of 2⁶² or more may spoil the sums above it, but not the bits kept of it: it is refused at the end.
    """
    steps: uint256 = len(siblings)
    assert level <= SUM_STEPS and self._is_depth(count, level + steps) and index >> steps == 0, "court: path"
    top: bytes32 = node
    place: uint256 = index
    a: uint256 = stated[0]
    b: uint256 = stated[1]
    c: uint256 = stated[2]
    d: uint256 = stated[3]
    high: uint256 = a | b | c | d
    for step: SumStep in siblings:
        e: uint256 = step.sums[0]
        f: uint256 = step.sums[1]
        g: uint256 = step.sums[2]
        h: uint256 = step.sums[3]
        # Written out, and in words of their own: half the gas of a call with arrays.
        if place & 1 == 0:
            top = keccak256(
                concat(
                    TAG_SUM_NODE,
                    top,
                    convert(a, bytes32),
                    convert(b, bytes32),
                    convert(c, bytes32),
                    convert(d, bytes32),
                    step.node,
                    convert(e, bytes32),
                    convert(f, bytes32),
                    convert(g, bytes32),
                    convert(h, bytes32),
                )
            )
        else:
            top = keccak256(
                concat(
                    TAG_SUM_NODE,
                    step.node,
                    convert(e, bytes32),
                    convert(f, bytes32),
                    convert(g, bytes32),
                    convert(h, bytes32),
                    top,
                    convert(a, bytes32),
                    convert(b, bytes32),
                    convert(c, bytes32),
                    convert(d, bytes32),
                )
            )
        a = unsafe_add(a, e)
        b = (
            unsafe_add(b & ENERGY_LANES, f & ENERGY_LANES)
            | max(b & LO_LANE, f & LO_LANE)
            | min(b & LANE, f & LANE)
        )
        c = unsafe_add(c, g)
        d = (
            unsafe_add(d & ENERGY_LANES, h & ENERGY_LANES)
            | max(d & LO_LANE, h & LO_LANE)
            | min(d & LANE, h & LANE)
        )
        high = high | e | f | g | h | a | b | c | d
        place = place >> 1
    assert high & HIGH_BITS == 0, "court: lane"
    assert self._sum_root(count, top, [a, b, c, d]) == root, "court: path"


# ── Header ────────────────────────────────────────────────────────────────────────────────────────────────────────────
# tag 0x15 @0 | domain @1 | slot u8 @33 | accounts u4 @41 | rule u1 @45 | k_num u8 @46 | k_den u8 @54 | seller u2 @62 |
# utility u2 @64 | network u2 @66 | retail i8 @68 | feed_in i8 @76 | price_ahead i8 @84 | price_pool i8 @92 |
# sums 128 @100 | book_root @228 | result_root @260 | data_hash @292

@internal
@pure
def _header_slot(header: Bytes[324]) -> uint256:
    """
    @notice The slot the header says it is of.
    """
    return self._unsigned(extract32(header, 33), 64)


@internal
@pure
def _header_accounts(header: Bytes[324]) -> uint256:
    """
    @notice Number of leaves of the slot.
    """
    return self._unsigned(extract32(header, 41), 32)


@internal
@pure
def _header_rule(header: Bytes[324]) -> uint256:
    """
    @notice The rule byte.
    """
    return self._unsigned(extract32(header, 45), 8)


@internal
@pure
def _header_k(header: Bytes[324]) -> (uint256, uint256):
    """
    @notice k of the uniform price as numerator and denominator.
    """
    word: uint256 = convert(extract32(header, 46), uint256)
    return word >> 192, (word >> 128) & LANE


@internal
@pure
def _header_tariffs(header: Bytes[324]) -> (int256, int256):
    """
    @notice Retail and feed-in, µ/kWh.
    """
    word: uint256 = convert(extract32(header, 68), uint256)
    return self._signed(word, 0), self._signed(word, 1)


@internal
@pure
def _header_price(header: Bytes[324], session: uint256) -> int256:
    """
    @notice Price of the ahead (0) or the pool session (1), µ/kWh.
    """
    return self._signed(convert(extract32(header, 84), uint256), session)


@internal
@pure
def _header_fees(header: Bytes[324]) -> (uint256, uint256, uint256):
    """
    @notice Shares of seller, utility and network, bps.
    """
    word: uint256 = convert(extract32(header, 62), uint256)
    return word >> 240, (word >> 224) & 65535, (word >> 208) & 65535


@internal
@pure
def _header_sums(header: Bytes[324]) -> uint256[4]:
    """
    @notice The numbers of the result root.
    """
    return [
        convert(extract32(header, 100), uint256),
        convert(extract32(header, 132), uint256),
        convert(extract32(header, 164), uint256),
        convert(extract32(header, 196), uint256),
    ]


@internal
@pure
def _book_root(header: Bytes[324]) -> bytes32:
    """
    @notice Root of the slot's book.
    """
    return extract32(header, 228)


@internal
@pure
def _result_root(header: Bytes[324]) -> bytes32:
    """
    @notice Root of the slot's result tree.
    """
    return extract32(header, 260)


# ── What the market holds ─────────────────────────────────────────────────────────────────────────────────────────────

@internal
@view
def _check_anchor(market: address, anchor: IEnergyMarket.Anchor):
    """
    @notice Reverts unless the market anchored this and has not applied it yet.
    """
    assert staticcall IEnergyMarket(market).is_anchor(anchor), "court: anchor"


@internal
@pure
def _check_header_at(
    anchor: IEnergyMarket.Anchor, header: Bytes[324], slot: uint256, path: DynArray[bytes32, PLAIN_STEPS]
):
    """
    @notice Reverts unless the header hangs under the anchor at the place of `slot`, whatever slot it names itself.
    """
    assert len(header) == 324 and slice(header, 0, 1) == b"\x15", "court: header"
    assert slot >= anchor.first_slot, "court: path"
    self._check_plain(keccak256(header), unsafe_sub(slot, anchor.first_slot), anchor.slots, path, anchor.root)


@internal
@view
def _is_void(market: address, anchor: IEnergyMarket.Anchor, slot: uint256) -> bool:
    """
    @notice Whether a slot of this anchor counts as one without trade.
    """
    return slot < anchor.void_to or staticcall IEnergyMarket(market).void_slot(slot)


@internal
@view
def _check_not_void(market: address, anchor: IEnergyMarket.Anchor, slot: uint256):
    """
    @notice Reverts if a slot of this anchor is void: its auction counts for nothing and is not refuted again.
    """
    assert not self._is_void(market, anchor, slot), "court: void slot"


@internal
@view
def _check_header(
    market: address, anchor: IEnergyMarket.Anchor, header: Bytes[324], path: DynArray[bytes32, PLAIN_STEPS]
) -> uint256:
    """
    @notice The slot of a header that stands under an anchor of the market, not yet applied, and is not void. Reverts
            otherwise; also if the header names another slot than that of its place (AuctionCourt refutes it).
    """
    slot: uint256 = self._header_slot_checked(header)
    self._check_anchor(market, anchor)
    self._check_header_at(anchor, header, slot, path)
    self._check_not_void(market, anchor, slot)
    return slot


@internal
@pure
def _header_slot_checked(header: Bytes[324]) -> uint256:
    """
    @notice The slot in a header's bytes; reverts if these are too few or too many.
    """
    assert len(header) == 324, "court: header"
    return self._header_slot(header)


@internal
@view
def _check_terms(market: address, index: uint256, terms: Terms, slot: uint256):
    """
    @notice Reverts unless these are the terms number `index` of the market and the ones in force at `slot`.
    """
    hashed: bytes32 = keccak256(
        abi_encode(
            terms.first_slot,
            terms.last_slot,
            terms.rule,
            terms.k_num,
            terms.k_den,
            terms.seller,
            terms.utility,
            terms.network,
            terms.tariffs,
        )
    )
    assert hashed == staticcall IEnergyMarket(market).terms_hash(index), "court: terms"
    assert terms.first_slot <= slot, "court: terms"
    following: uint256 = index + 1
    if following < staticcall IEnergyMarket(market).terms_count():
        assert slot < staticcall IEnergyMarket(market).terms_start(following), "court: terms"


@internal
@pure
def _tariffs_at(terms: Terms, slot: uint256) -> (int256, int256):
    """
    @notice Retail and feed-in of `slot`, µ/kWh, at least terms.first_slot: the slot's own pair, or the last one.
    """
    pairs: uint256 = len(terms.tariffs) // 16
    pair: uint256 = min(unsafe_sub(slot, terms.first_slot), pairs - 1)
    low: uint256 = convert(convert(slice(terms.tariffs, pair * 16, 16), bytes16), uint256)
    return self._signed(low, 2), self._signed(low, 3)


# ── Rows and curves ───────────────────────────────────────────────────────────────────────────────────────────────────
# public row: book_leaf @0 | curve 144 @32 | pool_wh i8 @176 | fill_ahead i8 @184 | fill_pool i8 @192

@internal
@pure
def _check_row(
    header: Bytes[324],
    index: uint256,
    stated: uint256[4],
    row: Bytes[200],
    siblings: DynArray[SumStep, SUM_STEPS],
):
    """
    @notice Reverts unless this public row, stating these sums, is leaf `index` of the header's result.
    """
    count: uint256 = self._header_accounts(header)
    assert len(row) == 200, "court: row"
    assert index < count, "court: path"
    leaf: bytes32 = keccak256(concat(TAG_RESULT_LEAF, row))
    self._check_sums(leaf, stated, 0, index, count, siblings, self._result_root(header))


@internal
@pure
def _book_leaf(blind: bytes32, curve: Bytes[144]) -> bytes32:
    """
    @notice H(0x11 ‖ blind ‖ curve).
    """
    return keccak256(concat(TAG_BOOK_LEAF, blind, curve))


@internal
@pure
def _row_numbers(row: Bytes[200]) -> (int256, int256, int256):
    """
    @notice pool_wh, fill_ahead and fill_pool of a public row of 200 bytes, Wh.
    """
    word: uint256 = convert(extract32(row, 168), uint256)
    return self._signed(word, 1), self._signed(word, 2), self._signed(word, 3)


@internal
@pure
def _curve(bound: Bytes[144]) -> Curve:
    """
    @notice The curve and standing limits in 144 bytes: 8 × (energy i8 ‖ limit i8) ‖ pool_buy i8 ‖ pool_sell i8.
    """
    a: int256 = extract32(bound, 0, output_type=int256)
    b: int256 = extract32(bound, 32, output_type=int256)
    c: int256 = extract32(bound, 64, output_type=int256)
    d: int256 = extract32(bound, 96, output_type=int256)
    tail: int256 = extract32(bound, 112, output_type=int256)
    # A number is brought to the top of its word and down again with its sign: written out, a third of a loop's gas.
    return Curve(
        energy=[
            a >> 192,
            (a << 128) >> 192,
            b >> 192,
            (b << 128) >> 192,
            c >> 192,
            (c << 128) >> 192,
            d >> 192,
            (d << 128) >> 192,
        ],
        limit=[
            (a << 64) >> 192,
            (a << 192) >> 192,
            (b << 64) >> 192,
            (b << 192) >> 192,
            (c << 64) >> 192,
            (c << 192) >> 192,
            (d << 64) >> 192,
            (d << 192) >> 192,
        ],
        pool_buy=(tail << 128) >> 192,
        pool_sell=(tail << 192) >> 192,
    )


@internal
@pure
def _is_curve(curve: Curve) -> bool:
    """
    @notice Whether a curve and its standing limits are well formed (market.md, "Offers"): used steps stand first and
            unused ones are zero, energies and limits are within bounds, the limits of a side are distinct, every buy
            limit lies below every sell limit.
    """
    buys: int256 = NO_BUY
    sells: int256 = NO_SELL
    ended: bool = False
    seen: uint256 = max_value(uint256)
    for i: uint256 in range(STEPS_MAX):
        energy: int256 = curve.energy[i]
        limit: int256 = curve.limit[i]
        if energy == 0:
            if limit != 0:
                return False
            ended = True
            continue
        if ended or energy > ENERGY_MAX or energy < -ENERGY_MAX or limit > LIMIT_MAX or limit < -LIMIT_MAX:
            return False
        # Buys below sells makes the limits of different sides distinct, so any two equal ones are of one side. The
        # limits so far stand in `seen`, four bytes each: less this one, none of them may be zero.
        own: uint256 = convert(convert(unsafe_add(limit, BOUND_OFFSET), bytes32), uint256)
        rest: uint256 = seen ^ unsafe_mul(own, EACH_FOUR)
        if unsafe_sub(rest, EACH_FOUR) & ~rest & (EACH_FOUR << 31) != 0:
            return False
        seen = (seen << 32) | own
        if energy > 0:
            buys = max(buys, limit)
        else:
            sells = min(sells, limit)
    return (
        buys < sells
        and curve.pool_buy >= NO_BUY
        and curve.pool_buy <= LIMIT_MAX
        and curve.pool_sell >= -LIMIT_MAX
        and curve.pool_sell <= NO_SELL
    )
