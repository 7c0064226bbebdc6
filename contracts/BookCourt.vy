# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy off
"""
@title Book Court
@custom:contract-name BookCourt
@license AGPL-3.0-only
@author The Sunfair developers
@notice Where those who can open a leaf of a book show that it is not what it had to be: unlike an offer that the
        operator acknowledged or that was filed in time, of an account that takes no part, beyond its cap, a second one;
        where an account shows that a reading filed in time was left out; and where anyone shows a promise not kept.
        Each call convicts the operator that anchored the slot and makes the slot void; a call that shows nothing false
        reverts, with the reason.
        In force for an account and a slot is, of the offers acknowledged or filed in time, the one of highest nonce
        whose range holds the slot and which fits the sessions held. The nonce stands in the leaf's blind, so an old
        receipt convicts nobody. Of two offers of one nonce it is not asked here which was filed: the account signed both, so
        the leaf may hold either, and a demand decides whether it signed the one that it holds.
        Rules: docs/settlement-spec.md, "What one transaction can refute"; layouts: docs/formats.md.
@dev    One court serves all markets. It keeps nothing; a market listens to its own courts alone. A signature counts for
        one chain, market and community: they stand in what is signed.
        A void slot is not refuted again, so that one error costs one bond.
@custom:kill Holds nothing, so there is nothing to stop.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import IEnergyMarket

interface IDocket:
    def filed_offer(market: address, account: uint256, nonce: uint256) -> bytes32: view
    def filed_reading(market: address, account: uint256, slot: uint256, by_utility: bool) -> uint256: view


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import book_proofs as books
from . import court_proofs as proofs


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice What a promise is of: a slot's book root, or its header's hash.
BOOK_ROOT: public(constant(uint256)) = 0
HEADER_HASH: public(constant(uint256)) = 1

# @notice A filed offer binds the books whose gate is at least this far away: an ordinary transaction gets in meanwhile.
INBOX_SECONDS: public(constant(uint256)) = 600

# @notice At the mid-market rate limits are fixed a day before the slot: whoever looks last at so small a book gains.
FIXED_SECONDS: public(constant(uint256)) = 86400

# @dev One µ·Wh/kWh in basis points: what limits times Wh times shares are divided by.
KWH_BPS: constant(int256) = 10**7

# @dev Each of a slot's three payments of an account (ahead, pool, residual) may be rounded by 1 µ against it.
ROUNDINGS: constant(int256) = 3


# ── Immutables ────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice Where offers and readings are filed.
docket: public(immutable(address))


# ── Constructor ───────────────────────────────────────────────────────────────────────────────────────────────────────

@deploy
def __init__(docket_: address):
    """
    @notice A court that believes this docket. A market is given both.
    @param docket_ The Docket.
    """
    docket = docket_


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def refute_receipt(
    market: address,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    opening: books.Opening,
    offer: books.Offer,
    first_slot: uint256,
    last_slot: uint256,
    signature: Bytes[65],
):
    """
    @notice Refutes a leaf older than an offer that the operator acknowledged for this slot, or of its nonce with
            another curve.
    @dev    The receipt must be by who anchored the slot: what a predecessor acknowledged does not bind the next one.
    @param market The market that anchored the slot.
    @param anchor Its anchor.
    @param header The slot's header.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param opening Opens the account's leaf.
    @param offer The acknowledged offer, of the same account.
    @param first_slot First slot of the receipt.
    @param last_slot Last slot of the receipt.
    @param signature The operator's signature of the receipt.
    """
    slot: uint256 = proofs._check_header(market, anchor, header, path)
    books._check_opening(header, slot, opening)
    separator: bytes32 = staticcall IEnergyMarket(market).separator()
    offer_digest: bytes32 = books._digest(
        separator, books._offer_hash(staticcall IEnergyMarket(market).community(), offer)
    )
    assert offer.account == opening.account, "court: offer"
    assert books._counts(header, offer, slot) and slot >= first_slot and slot <= last_slot, "court: offer"
    receipt: bytes32 = books._digest(separator, books._receipt_hash(offer_digest, first_slot, last_slot))
    assert books._is_signed(receipt, signature, anchor.operator), "court: signature"
    nonce: int256 = self._nonce(offer)
    unlike: bool = opening.nonce == nonce and keccak256(opening.curve) != keccak256(offer.curve)
    assert opening.nonce < nonce or unlike, "court: not false"
    extcall IEnergyMarket(market).convict(proofs.RECEIPT, anchor.operator, msg.sender, slot)


@external
def refute_filed_offer(
    market: address,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    opening: books.Opening,
    offer: books.Offer,
    filed_at: uint256,
    deposit: uint256,
):
    """
    @notice Refutes a leaf older than an offer that its account filed in time, within its cap and with cover for all its
            slots at this slot's tariffs. It counts in the period of its first slot.
    @param market The market that anchored the slot.
    @param anchor Its anchor.
    @param header The slot's header.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param opening Opens the account's leaf.
    @param offer The filed offer, of the same account.
    @param filed_at When it was filed, unix seconds.
    @param deposit What was filed with it, µ.
    """
    slot: uint256 = proofs._check_header(market, anchor, header, path)
    books._check_opening(header, slot, opening)
    hashed: bytes32 = books._offer_hash(staticcall IEnergyMarket(market).community(), offer)
    kept: bytes32 = staticcall IDocket(docket).filed_offer(market, offer.account, offer.nonce)
    assert kept == books._filed_offer(hashed, filed_at, deposit), "court: not filed"
    assert offer.account == opening.account and books._counts(header, offer, slot), "court: offer"
    # Its deposit is credited for the settlement of the period of its first slot; a later one may find it spent.
    assert offer.first_slot >= anchor.first_slot and self._is_in_time(market, header, slot, filed_at), "court: late"
    cap_wh: uint256 = (staticcall IEnergyMarket(market).member(offer.account)).cap_wh
    assert not self._is_above(offer.curve, cap_wh), "court: cap"
    slots: uint256 = offer.last_slot - offer.first_slot + 1
    assert deposit >= slots * self._cover(header, offer.curve, cap_wh), "court: cover"
    assert opening.nonce < self._nonce(offer), "court: not false"
    extcall IEnergyMarket(market).convict(proofs.FILED_OFFER, anchor.operator, msg.sender, slot)


@external
def refute_filed_reading(
    market: address,
    settlement: IEnergyMarket.Settlement,
    account: uint256,
    slot: uint256,
    import_wh: uint256,
    export_wh: uint256,
    leaf: books.Leaf,
    row: books.Row,
):
    """
    @notice Refutes a row without a reading though one was filed in time. The operator need not have taken one that runs
            backwards, or that is more than 10⁹ Wh ahead of what it last knew.
    @param market The community's market.
    @param settlement The pending settlement.
    @param account The account, a member.
    @param slot The slot.
    @param import_wh The filed reading's import register, Wh.
    @param export_wh The filed reading's export register, Wh.
    @param leaf The account's leaf under the settlement.
    @param row The account's row of this slot.
    """
    assert staticcall IEnergyMarket(market).is_pending(settlement), "court: settlement"
    self._check_filed(market, account, slot, import_wh, export_wh)
    books._check_leaf(settlement, account, leaf)
    books._check_row_at(books._span(market, settlement, account), account, slot, leaf, row)
    imported: int256 = convert(import_wh, int256) - books._row_number(row, 53)
    exported: int256 = convert(export_wh, int256) - books._row_number(row, 61)
    assert imported >= 0 and imported <= proofs.ENERGY_MAX, "court: reading"
    assert exported >= 0 and exported <= proofs.ENERGY_MAX, "court: reading"
    assert books._row_number(row, 93) > 0, "court: not false"
    extcall IEnergyMarket(market).convict(proofs.FILED_READING, settlement.operator, msg.sender, slot)


@external
def refute_unpooled_reading(
    market: address,
    settlement: IEnergyMarket.Settlement,
    account: uint256,
    slot: uint256,
    leaf: books.Leaf,
    row: books.Row,
    previous: books.Row,
):
    """
    @notice Refutes a row that says that its reading came too late for the pool: it was filed in time, that of the slot
            before too, and the rows take both. (What such a row offers in the pool is 0; a row that offers another
            quantity than it says, RowCourt refutes.)
    @dev    Both readings have to be filed: had the operator got the earlier one too late, the account was in a gap when
            the pool was cleared, and rightly kept out. An account's first slot in a settlement cannot be shown so: what
            it loses is one slot's difference between the pool's price and the tariffs.
    @param market The community's market.
    @param settlement The pending settlement.
    @param account The account, a member.
    @param slot The slot.
    @param leaf The account's leaf under the settlement.
    @param row The account's row of this slot.
    @param previous The account's row of the slot before, of the same settlement; of its path only the steps below the
           node over both rows.
    """
    assert staticcall IEnergyMarket(market).is_pending(settlement), "court: settlement"
    books._check_leaf(settlement, account, leaf)
    span: books.Span = books._span(market, settlement, account)
    books._check_row_at(span, account, slot, leaf, row)
    assert slot > span.start, "court: path"
    books._check_row_before(span, account, slot, row, previous)
    self._check_taken(market, account, slot, row)
    self._check_taken(market, account, slot - 1, previous)
    # What a home has to offer is cut at its cap, which is more than 0: it is 0 only where it was 0 before.
    kept_out: bool = books._row_number(row, 93) == books.LATE
    assert kept_out and books._row_number(row, 45) != books._row_number(row, 29), "court: not false"
    extcall IEnergyMarket(market).convict(proofs.FILED_READING, settlement.operator, msg.sender, slot)


@external
def refute_opening(
    market: address,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    opening: books.Opening,
):
    """
    @notice Refutes a leaf of an account that takes no part in the slot, or with more Wh on a side than its cap.
    @param market The market that anchored the slot.
    @param anchor Its anchor.
    @param header The slot's header.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param opening Opens the leaf.
    """
    slot: uint256 = proofs._check_header(market, anchor, header, path)
    books._check_opening(header, slot, opening)
    member: IEnergyMarket.Member = self._member(market, opening.account)
    holds: bool = books._is_active(member, opening.account, slot) and not self._is_above(opening.curve, member.cap_wh)
    assert not holds, "court: not false"
    extcall IEnergyMarket(market).convict(proofs.OPENING, anchor.operator, msg.sender, slot)


@external
def refute_double_opening(
    market: address,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    first: books.Opening,
    second: books.Opening,
):
    """
    @notice Refutes a book with two leaves of one account.
    @param market The market that anchored the slot.
    @param anchor Its anchor.
    @param header The slot's header.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param first Opens one leaf.
    @param second Opens another, of the same account.
    """
    slot: uint256 = proofs._check_header(market, anchor, header, path)
    books._check_opening(header, slot, first)
    books._check_opening(header, slot, second)
    assert first.index != second.index and first.account == second.account, "court: not false"
    extcall IEnergyMarket(market).convict(proofs.DOUBLE, anchor.operator, msg.sender, slot)


@external
def refute_promise(
    market: address,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    kind: uint256,
    promised: bytes32,
    signature: Bytes[65],
):
    """
    @notice Refutes a slot that was anchored with another book root, or another header, than its operator promised. Of
            two promises for one slot, at least one is unlike what was anchored.
    @param market The market that anchored the slot.
    @param anchor Its anchor.
    @param header The slot's header.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param kind What was promised: 0 the book root, 1 the header's hash.
    @param promised The promised value.
    @param signature The operator's signature of the promise.
    """
    slot: uint256 = proofs._check_header(market, anchor, header, path)
    self._check_promise(market, anchor, slot, kind, promised, signature)
    kept: bytes32 = proofs._book_root(header)
    if kind == HEADER_HASH:
        kept = keccak256(header)
    assert promised != kept, "court: not false"
    extcall IEnergyMarket(market).convict(proofs.PROMISE, anchor.operator, msg.sender, slot)


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@view
def _member(market: address, account: uint256) -> IEnergyMarket.Member:
    """
    @dev The account, all zero where the market knows none: a leaf of a number never given must not be safe from this
         court. Too little gas for the question leaves none for the conviction.
    """
    known: bool = False
    answer: Bytes[192] = b""
    known, answer = raw_call(
        market,
        abi_encode(account, method_id=method_id("member(uint256)")),
        max_outsize=192,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not known or len(answer) != 192:
        return empty(IEnergyMarket.Member)
    return abi_decode(answer, IEnergyMarket.Member)


@internal
@pure
def _nonce(offer: books.Offer) -> int256:
    """
    @dev The offer's nonce; a leaf has eight signed bytes for it.
    """
    assert offer.nonce < 2**63, "court: offer"
    return convert(offer.nonce, int256)


@internal
@view
def _is_in_time(market: address, header: Bytes[324], slot: uint256, filed_at: uint256) -> bool:
    """
    @dev Whether an offer filed at this time binds the slot's book.
    """
    start: uint256 = slot * staticcall IEnergyMarket(market).slot_seconds()
    if proofs._header_rule(header) & proofs.MID_MARKET != 0:
        return filed_at + FIXED_SECONDS <= start
    return filed_at + INBOX_SECONDS + staticcall IEnergyMarket(market).gate_seconds() <= start


@internal
@pure
def _is_above(bound: Bytes[144], cap_wh: uint256) -> bool:
    """
    @dev Whether a side of the curve holds more Wh than the cap.
    """
    curve: proofs.Curve = proofs._curve(bound)
    buys: uint256 = 0
    sells: uint256 = 0
    for energy: int256 in curve.energy:
        if energy > 0:
            buys = unsafe_add(buys, convert(energy, uint256))
        else:
            sells = unsafe_add(sells, convert(-energy, uint256))
    return buys > cap_wh or sells > cap_wh


@internal
@pure
def _cover(header: Bytes[324], bound: Bytes[144], cap_wh: uint256) -> uint256:
    """
    @dev The most that one slot of this offer can cost its account beyond its own use, µ, rounded up (settlement.md,
         "Before the slot: the book"): one side of the curve trades, the pool's one step is of one sign and within the
         cap. Tariffs and share are the slot's.
    """
    curve: proofs.Curve = proofs._curve(bound)
    retail: int256 = 0
    feed_in: int256 = 0
    retail, feed_in = proofs._header_tariffs(header)
    shares: uint256 = 0
    utility: uint256 = 0
    network: uint256 = 0
    shares, utility, network = proofs._header_fees(header)
    seller: int256 = convert(shares, int256)
    buys: int256 = 0
    sells: int256 = 0
    for i: uint256 in range(proofs.STEPS_MAX):
        limit: int256 = curve.limit[i]
        gross: int256 = limit * 10000
        net: int256 = limit * seller
        if curve.energy[i] > 0:
            # Bought and not used: the utility takes it back at feed-in, which may be negative.
            back: int256 = (gross if limit > 0 else net) - min(feed_in, 0) * 10000
            buys += curve.energy[i] * max(max(gross, back), 0)
        else:
            # Sold and not delivered: the utility delivers it, at retail.
            short: int256 = retail * 10000 - (net if limit > 0 else gross)
            sells += -curve.energy[i] * max(max(-gross, short), 0)
    pool: int256 = max(max(curve.pool_buy, -curve.pool_sell), 0) * 10000
    pool *= convert(min(cap_wh, convert(proofs.ENERGY_MAX, uint256)), int256)
    return convert((max(buys, sells) + pool) // KWH_BPS + ROUNDINGS, uint256)


@internal
@view
def _check_filed(market: address, account: uint256, slot: uint256, import_wh: uint256, export_wh: uint256):
    """
    @dev Reverts unless this reading was filed in time, by the account or the utility.
    """
    assert import_wh < 2**63 and export_wh < 2**63, "court: reading"
    word: uint256 = books._filed_reading(import_wh, export_wh)
    filed: bool = staticcall IDocket(docket).filed_reading(market, account, slot, False) == word
    assert filed or staticcall IDocket(docket).filed_reading(market, account, slot, True) == word, "court: not filed"


@internal
@view
def _check_taken(market: address, account: uint256, slot: uint256, row: books.Row):
    """
    @dev Reverts unless the row takes a reading that was filed in time.
    """
    assert books._row_number(row, 93) <= 0, "court: reading"
    imported: int256 = books._row_number(row, 53)
    exported: int256 = books._row_number(row, 61)
    assert imported >= 0 and exported >= 0, "court: reading"
    self._check_filed(market, account, slot, convert(imported, uint256), convert(exported, uint256))


@internal
@view
def _check_promise(
    market: address,
    anchor: IEnergyMarket.Anchor,
    slot: uint256,
    kind: uint256,
    promised: bytes32,
    signature: Bytes[65],
):
    """
    @dev Reverts unless the operator that anchored the slot promised this.
    """
    assert kind <= HEADER_HASH, "court: promise"
    digest: bytes32 = books._digest(
        staticcall IEnergyMarket(market).separator(),
        books._promise_hash(staticcall IEnergyMarket(market).community(), slot, kind, promised),
    )
    assert books._is_signed(digest, signature, anchor.operator), "court: signature"
