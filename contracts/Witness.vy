# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy off
"""
@title Witness
@custom:contract-name Witness
@license AGPL-3.0-only
@author The Sunfair developers
@notice Takes the answers to demands, checks them in full and has the docket close the item. Whoever has the answer may
        give it and is paid by the docket; the answer itself stands in the transaction's calldata, for everybody.
        An operator that kept what it hashed and signed has every answer that is asked for. Where what was asked for is
        not there, that is the answer: a leaf behind the last one by the header, a row without a reading by the row.
        Rules: docs/settlement-spec.md, "Demands"; layouts: docs/formats.md.
@dev    Keeps nothing and trusts nobody: which docket and market it is told changes only which docket is told to close
        an item, and a docket listens to its own witness alone.
@custom:kill Holds nothing, so there is nothing to stop.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import IEnergyMarket

interface IDocket:
    def filed_offer(market: address, account: uint256, nonce: uint256) -> bytes32: view
    def filed_reading(market: address, account: uint256, slot: uint256, by_utility: bool) -> uint256: view
    def close(
        market: address, settlement: IEnergyMarket.Settlement, kind: uint256, a: uint256, b: uint256, answerer: address
    ): nonpayable


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import book_proofs as books
from . import court_proofs as proofs


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @dev The end of a curve that offers nothing: NO_BUY, NO_SELL. What stands before it, 128 bytes, is zero.
NO_LIMITS: constant(Bytes[16]) = x"ffffffffc46535ff000000003b9aca01"


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice Where an offer comes from: signed by its account's owner, or filed (then signature is empty) at this time,
#         unix seconds, with this deposit, µ.
struct Source:
    signature: Bytes[65]
    filed_at: uint256
    deposit: uint256


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def answer_header(
    docket: address,
    market: address,
    settlement: IEnergyMarket.Settlement,
    anchor: IEnergyMarket.Anchor,
    slot: uint256,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
):
    """
    @notice Answers HEADER: the header at the slot's place under the anchor.
    @param docket Where the item was asked for.
    @param market The community's market.
    @param settlement The pending settlement.
    @param anchor The anchor of the slot.
    @param slot The slot.
    @param header Its header.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    """
    extcall IDocket(docket).close(market, settlement, books.HEADER, slot, 0, msg.sender)
    self._check_header(market, anchor, slot, header, path)


@external
def answer_leaf(
    docket: address,
    market: address,
    settlement: IEnergyMarket.Settlement,
    anchor: IEnergyMarket.Anchor,
    slot: uint256,
    index: uint256,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    stated: uint256[4],
    row: Bytes[200],
    siblings: DynArray[proofs.SumStep, proofs.SUM_STEPS],
):
    """
    @notice Answers LEAF: the public row at this place of the result. The header alone, if it has no such place.
    @param docket Where the item was asked for.
    @param market The community's market.
    @param settlement The pending settlement.
    @param anchor The anchor of the slot.
    @param slot The slot.
    @param index The leaf's place.
    @param header The slot's header.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param stated The sums that the result tree states for the row.
    @param row The public row.
    @param siblings Its path under the result root.
    """
    extcall IDocket(docket).close(market, settlement, books.LEAF, slot, index, msg.sender)
    self._check_header(market, anchor, slot, header, path)
    if index < proofs._header_accounts(header):
        proofs._check_row(header, index, stated, row, siblings)


@external
def answer_opening(
    docket: address,
    market: address,
    settlement: IEnergyMarket.Settlement,
    anchor: IEnergyMarket.Anchor,
    slot: uint256,
    kind: uint256,
    b: uint256,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    opening: books.Opening,
    offer: books.Offer,
    source: Source,
):
    """
    @notice Answers OPEN_LEAF and OPEN_ACCOUNT: what opens the leaf to an account that takes part in the slot, and the
            offer it holds, signed by the account's owner or filed; no offer, if the leaf holds none. For a leaf behind
            the last one the header alone.
    @param docket Where the item was asked for.
    @param market The community's market.
    @param settlement The pending settlement.
    @param anchor The anchor of the slot.
    @param slot The slot.
    @param kind OPEN_LEAF or OPEN_ACCOUNT.
    @param b The leaf's place, or the account.
    @param header The slot's header.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param opening Opens the leaf.
    @param offer The offer, with the leaf's nonce and curve; unused where the leaf's nonce is −1.
    @param source Where the offer comes from; likewise.
    """
    assert kind == books.OPEN_LEAF or kind == books.OPEN_ACCOUNT, "witness: kind"
    extcall IDocket(docket).close(market, settlement, kind, slot, b, msg.sender)
    self._check_header(market, anchor, slot, header, path)
    if kind == books.OPEN_ACCOUNT or b < proofs._header_accounts(header):
        assert b == (opening.index if kind == books.OPEN_LEAF else opening.account), "witness: another leaf"
        books._check_opening(header, slot, opening)
        member: IEnergyMarket.Member = staticcall IEnergyMarket(market).member(opening.account)
        assert books._is_active(member, opening.account, slot), "witness: not active"
        if opening.nonce == -1:
            nothing: Bytes[144] = concat(empty(bytes32), empty(bytes32), empty(bytes32), empty(bytes32), NO_LIMITS)
            assert keccak256(opening.curve) == keccak256(nothing), "witness: no offer"
        else:
            self._check_offer(docket, market, header, slot, opening, offer, member.owner, source)


@external
def answer_rows(
    docket: address,
    market: address,
    settlement: IEnergyMarket.Settlement,
    account: uint256,
    chunk: uint256,
    leaf: books.Leaf,
    rows: Bytes[149 * 128],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
):
    """
    @notice Answers ROWS: the account's period leaf and its rows number 128·chunk to 128·chunk + 127, or as many as
            there are.
    @param docket Where the item was asked for.
    @param market The community's market.
    @param settlement The pending settlement.
    @param account The account.
    @param chunk The number of the chunk, from 0.
    @param leaf The account's leaf under the period root.
    @param rows The rows, one behind the other.
    @param path Sibling hashes from the top of the chunk's tree up to the rows root's top.
    """
    extcall IDocket(docket).close(market, settlement, books.ROWS, account, chunk, msg.sender)
    books._check_leaf(settlement, account, leaf)
    count: uint256 = books._span(market, settlement, account).count
    if count > 0:
        held: uint256 = min(books.CHUNK_ROWS, count - chunk * books.CHUNK_ROWS)
        assert len(rows) == held * books.ROW_BYTES, "witness: rows"
        # The chunk is a whole subtree. Seen from there the tree is one over chunks, its paths so much shorter.
        top: bytes32 = self._top(rows, held, count)
        assert self._rows_root(top, chunk, count, path) == books._rows_root(leaf), "court: path"


@external
def answer_reading(
    docket: address,
    market: address,
    settlement: IEnergyMarket.Settlement,
    account: uint256,
    slot: uint256,
    leaf: books.Leaf,
    row: books.Row,
    signature: Bytes[65],
):
    """
    @notice Answers READING: the account's row of the slot, and the signature of its registers by the account's meter in
            that slot or by the utility, if none of them filed it. The row alone, if it says that there was no reading.
    @param docket Where the item was asked for.
    @param market The community's market.
    @param settlement The pending settlement.
    @param account The account.
    @param slot The slot.
    @param leaf The account's leaf under the period root.
    @param row The account's row of the slot.
    @param signature The signature; empty if there was no reading, or it was filed.
    """
    extcall IDocket(docket).close(market, settlement, books.READING, account, slot, msg.sender)
    books._check_leaf(settlement, account, leaf)
    books._check_row_at(books._span(market, settlement, account), account, slot, leaf, row)
    if books._row_number(row, 93) <= 0:
        imported: int256 = books._row_number(row, 53)
        exported: int256 = books._row_number(row, 61)
        assert imported >= 0 and exported >= 0, "witness: registers"
        assert self._is_shown(
            docket, market, account, slot, convert(imported, uint256), convert(exported, uint256), signature
        ), "witness: signature"


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@view
def _check_header(
    market: address,
    anchor: IEnergyMarket.Anchor,
    slot: uint256,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
):
    """
    @dev Reverts unless the header stands at the slot's place under the market's anchor.
    """
    proofs._check_anchor(market, anchor)
    proofs._check_header_at(anchor, header, slot, path)


@internal
@view
def _check_offer(
    docket: address,
    market: address,
    header: Bytes[324],
    slot: uint256,
    opening: books.Opening,
    offer: books.Offer,
    owner: address,
    source: Source,
):
    """
    @dev Reverts unless the leaf holds this offer, and its account's owner signed or filed it.
    """
    assert offer.account == opening.account and convert(offer.nonce, int256) == opening.nonce, "witness: another offer"
    hashed: bytes32 = books._offer_hash(staticcall IEnergyMarket(market).community(), offer)
    assert keccak256(offer.curve) == keccak256(opening.curve), "witness: another offer"
    assert books._counts(header, offer, slot), "witness: another slot"
    if len(source.signature) == 0:
        kept: bytes32 = staticcall IDocket(docket).filed_offer(market, offer.account, offer.nonce)
        assert kept == books._filed_offer(hashed, source.filed_at, source.deposit), "witness: not filed"
    else:
        digest: bytes32 = books._digest(staticcall IEnergyMarket(market).separator(), hashed)
        assert books._is_signed(digest, source.signature, owner), "witness: signature"


@internal
@view
def _is_shown(
    docket: address,
    market: address,
    account: uint256,
    slot: uint256,
    import_wh: uint256,
    export_wh: uint256,
    signature: Bytes[65],
) -> bool:
    """
    @dev Whether the registers are signed by meter or utility, or one of them filed them.
    """
    word: uint256 = books._filed_reading(import_wh, export_wh)
    if staticcall IDocket(docket).filed_reading(market, account, slot, False) == word:
        return True
    if staticcall IDocket(docket).filed_reading(market, account, slot, True) == word:
        return True
    if books._is_read(market, account, slot, import_wh, export_wh, signature):
        return True
    digest: bytes32 = books._reading_digest(market, account, slot, import_wh, export_wh)
    return books._is_signed(digest, signature, staticcall IEnergyMarket(market).utility())


@internal
@pure
def _top(rows: Bytes[149 * 128], held: uint256, count: uint256) -> bytes32:
    """
    @dev Top of the tree over a chunk of `held` rows, of a tree over `count`: padded to the whole tree, if that is
         smaller than a chunk, else to the chunk.
    """
    width: uint256 = 1
    for i: uint256 in range(books.CHUNK_STEPS):
        if width < count:
            width = width << 1
    nodes: bytes32[books.CHUNK_ROWS] = empty(bytes32[books.CHUNK_ROWS])
    for i: uint256 in range(held, bound=books.CHUNK_ROWS):
        nodes[i] = keccak256(slice(rows, i * books.ROW_BYTES, books.ROW_BYTES))
    for level: uint256 in range(books.CHUNK_STEPS):
        if width == 1:
            break
        width = width >> 1
        for i: uint256 in range(width, bound=64):
            nodes[i] = keccak256(concat(x"01", nodes[2 * i], nodes[2 * i + 1]))
    return nodes[0]


@internal
@pure
def _rows_root(
    top: bytes32, chunk: uint256, count: uint256, path: DynArray[bytes32, proofs.PLAIN_STEPS]
) -> bytes32:
    """
    @dev The rows root to which the top of a chunk leads, in a tree over `count` rows. Reverts on a path of another
         length.
    """
    steps: uint256 = len(path)
    if count > books.CHUNK_ROWS:
        assert proofs._is_depth(count, books.CHUNK_STEPS + steps), "court: path"
    else:
        assert steps == 0, "court: path"
    node: bytes32 = top
    place: uint256 = chunk
    for sibling: bytes32 in path:
        if place & 1 == 0:
            node = keccak256(concat(x"01", node, sibling))
        else:
            node = keccak256(concat(x"01", sibling, node))
        place = place >> 1
    return proofs._top_root(count, node)
