# pragma version ==0.4.3
# pragma evm-version cancun
"""
@title Book Proofs
@custom:contract-name book_proofs
@license AGPL-3.0-only
@author The Sunfair developers
@notice What BookCourt, Docket and Witness need together: the signed messages (EIP-712), opened leaves of a book, an
        account's rows under a settlement, the kinds of demands, and the words that Docket keeps of what was filed.
        Rules: docs/settlement-spec.md; layouts: docs/formats.md.
@dev    Everything here only reads. Evidence that is not of the form asked for reverts; nothing that an operator signed
        or hashed can make a check revert that would otherwise convict it: its numbers have eight bytes in every layout.
@custom:kill Holds nothing, so there is nothing to stop.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import IEnergyMarket


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import court_proofs as proofs


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice Members are accounts from this number on; below are utility, network, reserve.
FIRST_MEMBER: constant(uint256) = 3

# @notice Bytes of a curve with its standing limits, of a period leaf, of a private row.
CURVE_BYTES: constant(uint256) = 144
LEAF_BYTES: constant(uint256) = 61
ROW_BYTES: constant(uint256) = 149

# @notice Kinds of demands, with what their a and b are.
HEADER: constant(uint256) = 1  # slot, 0
LEAF: constant(uint256) = 2  # slot, leaf
OPEN_LEAF: constant(uint256) = 3  # slot, leaf
OPEN_ACCOUNT: constant(uint256) = 4  # slot, account
ROWS: constant(uint256) = 5  # account, chunk
READING: constant(uint256) = 6  # account, slot

# @notice Rows of one answer, and the levels of the tree over so many.
CHUNK_ROWS: constant(uint256) = 128
CHUNK_STEPS: constant(uint256) = 7

# @notice Where a row counts the slots without a reading: its own came too late for the pool.
LATE: constant(int256) = -2

# @dev Every sum of cover of an honest node is less.
COVER_MAX: constant(uint256) = 2**62

# @dev Types of the messages (docs/formats.md, "Signed messages").
OFFER_TYPE: constant(bytes32) = keccak256(
    "Offer(bytes32 community,uint32 account,uint64 first_slot,uint64 last_slot,Step[] steps,int64 pool_buy,int64 pool_sell,uint64 nonce)Step(int64 energy_wh,int64 limit)"
)
STEP_TYPE: constant(bytes32) = keccak256("Step(int64 energy_wh,int64 limit)")
RECEIPT_TYPE: constant(bytes32) = keccak256("Receipt(bytes32 offer,uint64 first_slot,uint64 last_slot)")
READING_TYPE: constant(bytes32) = keccak256(
    "Reading(bytes32 community,uint32 account,uint64 slot,uint64 import_wh,uint64 export_wh)"
)
PROMISE_TYPE: constant(bytes32) = keccak256("Promise(bytes32 community,uint64 slot,uint8 kind,bytes32 value)")

# @dev Half the order of secp256k1: of the two s that fit one message, only the lower counts (EIP-2).
HALF_ORDER: constant(uint256) = (
    57896044618658097711785492504343953926418782139537452191302581570759080747168
)

# @dev First byte of each kind of preimage.
TAG_SUM_NODE: constant(bytes1) = 0x03
TAG_SUM_ROOT: constant(bytes1) = 0x04
TAG_BLIND: constant(bytes1) = 0x10


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice An offer as it is signed; `curve` is laid out as in a book leaf, its used steps are the message's Step[].
struct Offer:
    account: uint256
    first_slot: uint256
    last_slot: uint256
    nonce: uint256
    curve: Bytes[CURVE_BYTES]

# @notice What opens a leaf of a book: its place, what it hides, and its path under the book root. Nonce −1: no offer.
struct Opening:
    index: uint256
    account: uint256
    nonce: int256
    salt: bytes32
    curve: Bytes[CURVE_BYTES]
    path: DynArray[bytes32, proofs.PLAIN_STEPS]

# @notice A step of a path in the period tree: the sibling's hash and the cover (µ) it states.
struct CoverStep:
    node: bytes32
    cover: uint256

# @notice An account's leaf and its path under the period root.
struct Leaf:
    data: Bytes[LEAF_BYTES]
    path: DynArray[CoverStep, proofs.SUM_STEPS]

# @notice A private row and its path under its account's rows root.
struct Row:
    data: Bytes[ROW_BYTES]
    path: DynArray[bytes32, proofs.PLAIN_STEPS]

# @dev The slots of a settlement in which an account takes part: `count` from `start` on.
struct Span:
    start: uint256
    count: uint256


# ── Signed messages ───────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@pure
def _offer_hash(community: bytes32, offer: Offer) -> bytes32:
    """
    @notice EIP-712 hash of the Offer, before the domain. Reverts with "court: curve" if a step behind an unused one is
            not all zero: then two curves would stand for one message.
    """
    assert len(offer.curve) == CURVE_BYTES, "court: curve"
    curve: proofs.Curve = proofs._curve(offer.curve)
    hashes: DynArray[bytes32, proofs.STEPS_MAX] = []
    for i: uint256 in range(proofs.STEPS_MAX):
        if curve.energy[i] == 0:
            assert curve.limit[i] == 0, "court: curve"
        else:
            assert len(hashes) == i, "court: curve"
            hashes.append(keccak256(abi_encode(STEP_TYPE, curve.energy[i], curve.limit[i])))
    # EIP-712 hashes an array's elements one after another, without the offset and length that stand before them.
    steps: bytes32 = keccak256(slice(abi_encode(hashes), 64, 32 * len(hashes)))
    return keccak256(
        abi_encode(
            OFFER_TYPE,
            community,
            offer.account,
            offer.first_slot,
            offer.last_slot,
            steps,
            curve.pool_buy,
            curve.pool_sell,
            offer.nonce,
        )
    )


@internal
@pure
def _digest(separator: bytes32, hashed: bytes32) -> bytes32:
    """
    @notice What is signed of a message: keccak(0x19 0x01 ‖ domain separator ‖ hash of the message).
    """
    return keccak256(concat(x"1901", separator, hashed))


@internal
@pure
def _receipt_hash(offer_digest: bytes32, first_slot: uint256, last_slot: uint256) -> bytes32:
    """
    @notice EIP-712 hash of the operator's Receipt.
    """
    return keccak256(abi_encode(RECEIPT_TYPE, offer_digest, first_slot, last_slot))


@internal
@pure
def _reading_hash(
    community: bytes32, account: uint256, slot: uint256, import_wh: uint256, export_wh: uint256
) -> bytes32:
    """
    @notice EIP-712 hash of a meter's Reading.
    """
    return keccak256(abi_encode(READING_TYPE, community, account, slot, import_wh, export_wh))


@internal
@pure
def _promise_hash(community: bytes32, slot: uint256, kind: uint256, promised: bytes32) -> bytes32:
    """
    @notice EIP-712 hash of the operator's Promise.
    """
    return keccak256(abi_encode(PROMISE_TYPE, community, slot, kind, promised))


@internal
@pure
def _is_signed(digest: bytes32, signature: Bytes[65], signer: address) -> bool:
    """
    @notice Whether `signature`, r ‖ s ‖ v, is this signer's: v 27 or 28, s in the lower half (else a second signature
            could be made from the first), and nobody's is never anybody's.
    """
    if len(signature) != 65 or signer == empty(address):
        return False
    s: uint256 = convert(extract32(signature, 32), uint256)
    v: uint256 = convert(convert(slice(signature, 64, 1), bytes1), uint256)
    if s > HALF_ORDER or (v != 27 and v != 28):
        return False
    return ecrecover(digest, v, convert(extract32(signature, 0), uint256), s) == signer


@internal
@view
def _is_read(
    market: address,
    account: uint256,
    slot: uint256,
    import_wh: uint256,
    export_wh: uint256,
    signature: Bytes[65],
) -> bool:
    """
    @notice Whether these registers are signed by the meter that the account has in this slot.
    """
    return self._is_signed(
        self._reading_digest(market, account, slot, import_wh, export_wh),
        signature,
        (staticcall IEnergyMarket(market).meter(account, slot)).key,
    )


@internal
@view
def _reading_digest(
    market: address, account: uint256, slot: uint256, import_wh: uint256, export_wh: uint256
) -> bytes32:
    """
    @notice What is signed of a Reading at this market.
    """
    return self._digest(
        staticcall IEnergyMarket(market).separator(),
        self._reading_hash(staticcall IEnergyMarket(market).community(), account, slot, import_wh, export_wh),
    )


# ── What was filed ────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@pure
def _filed_offer(offer_hash: bytes32, filed_at: uint256, deposit: uint256) -> bytes32:
    """
    @notice The word Docket keeps of a filed offer.
    """
    return keccak256(abi_encode(offer_hash, filed_at, deposit))


@internal
@pure
def _filed_reading(import_wh: uint256, export_wh: uint256) -> uint256:
    """
    @notice The word Docket keeps of a filed reading, never zero; registers below 2⁶³.
    """
    return (1 << 128) | (import_wh << 64) | export_wh


# ── The book ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@pure
def _check_opening(header: Bytes[324], slot: uint256, opening: Opening):
    """
    @notice Reverts unless the opening gives the leaf at its place under the header's book root.
    """
    assert opening.account < 2**32 and opening.nonce >= -1 and opening.nonce < 2**63, "court: opening"
    assert len(opening.curve) == CURVE_BYTES, "court: curve"
    blind: bytes32 = keccak256(
        concat(
            TAG_BLIND,
            convert(convert(opening.account, uint32), bytes4),
            convert(convert(slot, uint64), bytes8),
            slice(convert(opening.nonce, bytes32), 24, 8),
            opening.salt,
        )
    )
    proofs._check_plain(
        proofs._book_leaf(blind, opening.curve),
        opening.index,
        proofs._header_accounts(header),
        opening.path,
        proofs._book_root(header),
    )


@internal
@pure
def _counts(header: Bytes[324], offer: Offer, slot: uint256) -> bool:
    """
    @notice Whether the offer's range holds the slot and it fits the sessions held: an offer with an ahead curve does
            not count in a slot without an ahead session, whose book holds no ahead curve.
    """
    if slot < offer.first_slot or slot > offer.last_slot:
        return False
    if proofs._header_rule(header) & (proofs.NO_AHEAD | proofs.NETWORK_AHEAD) != proofs.NO_AHEAD:
        return True
    # Used steps stand first, so there are none if the first is not used.
    return convert(slice(offer.curve, 0, 8), uint256) == 0


@internal
@view
def _is_active(member: IEnergyMarket.Member, account: uint256, slot: uint256) -> bool:
    """
    @notice Whether a member of this number takes part in this slot.
    """
    return account >= FIRST_MEMBER and slot >= member.from_slot and slot < member.to_slot


# ── An account's rows ─────────────────────────────────────────────────────────────────────────────────────────────────
# period leaf 61 B: tag 0x14 @0 | account u4 @1 | amount i8 @5 | arrears @13 | cover @21 | rows_root @29
# private row 149 B: tag 0x13 @0 | account u4 @1 | slot @5 | leaf @13 | nonce @21 | traded_ahead @29 | traded_pool @37 |
# metered @45 | import_register @53 | export_register @61 | paid @69 | running @77 | claims @85 | gap_slots @93 | …

@internal
@view
def _span(market: address, settlement: IEnergyMarket.Settlement, account: uint256) -> Span:
    """
    @notice The slots of a settlement in which an account takes part: all for an institution.
    """
    start: uint256 = settlement.first_slot
    end: uint256 = settlement.first_slot + settlement.slots
    if account >= FIRST_MEMBER:
        member: IEnergyMarket.Member = staticcall IEnergyMarket(market).member(account)
        start = max(start, member.from_slot)
        end = min(end, member.to_slot)
    if end <= start:
        return empty(Span)
    return Span(start=start, count=unsafe_sub(end, start))


@internal
@pure
def _check_leaf(settlement: IEnergyMarket.Settlement, account: uint256, leaf: Leaf):
    """
    @notice Reverts unless this is the leaf of the account, at its place under the period root, stating its own cover.
    """
    assert len(leaf.data) == LEAF_BYTES and slice(leaf.data, 0, 1) == b"\x14", "court: leaf"
    assert proofs._unsigned(extract32(leaf.data, 1), 32) == account, "court: leaf"
    steps: uint256 = len(leaf.path)
    assert account < settlement.accounts and settlement.accounts < 2**32, "court: path"
    assert proofs._is_depth(settlement.accounts, steps), "court: path"
    node: bytes32 = keccak256(leaf.data)
    cover: uint256 = proofs._unsigned(extract32(leaf.data, 21), 64)
    place: uint256 = account
    for step: CoverStep in leaf.path:
        assert cover < COVER_MAX and step.cover < COVER_MAX, "court: lane"
        if place & 1 == 0:
            node = self._cover_node(node, cover, step.node, step.cover)
        else:
            node = self._cover_node(step.node, step.cover, node, cover)
        cover = unsafe_add(cover, step.cover)
        place = place >> 1
    assert cover < COVER_MAX, "court: lane"
    root: bytes32 = keccak256(
        concat(
            TAG_SUM_ROOT, convert(convert(settlement.accounts, uint32), bytes4), node, self._cover_bytes(cover)
        )
    )
    assert root == settlement.period_root, "court: path"


@internal
@pure
def _cover_node(left: bytes32, left_cover: uint256, right: bytes32, right_cover: uint256) -> bytes32:
    """
    @notice H(0x03 ‖ left ‖ cover(left) ‖ right ‖ cover(right)).
    """
    return keccak256(
        concat(TAG_SUM_NODE, left, self._cover_bytes(left_cover), right, self._cover_bytes(right_cover))
    )


@internal
@pure
def _cover_bytes(cover: uint256) -> bytes8:
    """
    @notice A cover below 2⁶⁴ as it stands in a preimage.
    """
    return convert(convert(cover, uint64), bytes8)


@internal
@pure
def _rows_root(leaf: Leaf) -> bytes32:
    """
    @notice Root of the account's rows.
    """
    return extract32(leaf.data, 29)


@internal
@pure
def _check_row_at(span: Span, account: uint256, slot: uint256, leaf: Leaf, row: Row):
    """
    @notice Reverts unless this is the account's row of this slot under its leaf, which was checked before.
    """
    assert slot >= span.start, "court: path"
    assert self._is_row(account, slot, row), "court: row"
    proofs._check_plain(
        keccak256(row.data), unsafe_sub(slot, span.start), span.count, row.path, self._rows_root(leaf)
    )


@internal
@pure
def _check_row_before(span: Span, account: uint256, slot: uint256, row: Row, previous: Row):
    """
    @notice Reverts unless `previous` is the account's row of the slot before that of `row`, which was checked before and
            is not the first. Its path goes only up to the sibling on the row's path.
    """
    assert self._is_row(account, unsafe_sub(slot, 1), previous), "court: row"
    place: uint256 = unsafe_sub(unsafe_sub(slot, 1), span.start)
    node: bytes32 = keccak256(previous.data)
    steps: uint256 = 0
    # A place and the one after it differ in the lowest bit that is 0, and in those below it.
    for sibling: bytes32 in previous.path:
        assert place & 1 == 1, "court: path"
        node = keccak256(concat(x"01", sibling, node))
        place = place >> 1
        steps = unsafe_add(steps, 1)
    assert place & 1 == 0 and steps < len(row.path) and node == row.path[steps], "court: path"


@internal
@pure
def _is_row(account: uint256, slot: uint256, row: Row) -> bool:
    """
    @notice Whether the bytes are a row that names this account and slot.
    """
    return (
        len(row.data) == ROW_BYTES
        and slice(row.data, 0, 1) == b"\x13"
        and proofs._unsigned(extract32(row.data, 1), 32) == account
        and proofs._unsigned(extract32(row.data, 5), 64) == slot
    )


@internal
@pure
def _row_number(row: Row, at: uint256) -> int256:
    """
    @notice The number of eight bytes at this offset of a row.
    """
    return proofs._signed(convert(extract32(row.data, at), uint256), 0)
