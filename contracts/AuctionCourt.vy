# pragma version ==0.4.3
# pragma evm-version cancun
"""
@title Auction Court
@custom:contract-name AuctionCourt
@license AGPL-3.0-only
@author The Sunfair developers
@notice Where anyone refutes what is public of a slot: its header, the tree of its result, a row, a row unlike the book.
        Each call shows one false thing together with its way up to an anchor of the market; the market then convicts
        the operator that anchored it and makes the slot void. A call that shows nothing false reverts.
        An operator that publishes what the rules of settlement.md ("After the slot: the result") give can never be
        convicted here. What is false is always shown nearest to the root: above the false node every node states what
        its children state, else that one is the false one.
@dev    One court serves all markets. It keeps nothing and trusts nobody: which market it is told changes only who is
        told to convict, and a market listens to its own courts alone.
        Values are the operator's, so no arithmetic here may revert on them: out of range is itself false.
@custom:kill Holds nothing, so there is nothing to stop.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import IEnergyMarket


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import court_proofs as proofs


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice Which root `refute_root` opens.
RESULT: constant(uint256) = 0
BOOK: constant(uint256) = 1


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def refute_header(
    market: address,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    slot: uint256,
):
    """
    @notice Refutes a header by itself (settlement.md, "After the slot"): of another domain or slot, of too many leaves,
            of a small community that does not trade in the pool alone at the mid-market rate, with sums out of range,
            with a session that was not held, or against V = min(DI + DA, SI + SA), DI ≤ V, SI ≤ V,
            bought = sold = V, p = lo + (hi − lo)·k_num // k_den (mid-market: DI = SI = 0, p = (retail + feed_in)//2).
    @param market The market that anchored it.
    @param anchor The anchor it hangs under.
    @param header Its 324 bytes.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param slot The slot at whose place under the anchor it stands.
    """
    proofs._check_anchor(market, anchor)
    proofs._check_header_at(anchor, header, slot, path)
    proofs._check_not_void(market, anchor, slot)
    domain: bytes32 = staticcall IEnergyMarket(market).separator()
    assert extract32(header, 1) != domain or self._is_false_header(header, slot), "court: not false"
    extcall IEnergyMarket(market).convict(proofs.HEADER, anchor.operator, msg.sender, slot)


@external
def refute_terms(
    market: address,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    index: uint256,
    terms: proofs.Terms,
):
    """
    @notice Refutes a header whose rule, k, shares or tariffs are not those that the utility had set for its slot
            (settlement.md, "Parties").
    @param market The market that anchored it.
    @param anchor The anchor it hangs under.
    @param header Its 324 bytes.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param index Number of the entry of the terms in force at the header's slot.
    @param terms That entry.
    """
    slot: uint256 = proofs._check_header(market, anchor, header, path)
    proofs._check_terms(market, index, terms, slot)
    retail: int256 = 0
    feed_in: int256 = 0
    retail, feed_in = proofs._tariffs_at(terms, slot)
    assert self._is_unlike_terms(header, terms, retail, feed_in), "court: not false"
    extcall IEnergyMarket(market).convict(proofs.TERMS, anchor.operator, msg.sender, slot)


@external
def refute_root(
    market: address,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    which: uint256,
    count: uint256,
    top: bytes32,
    sums: uint256[4],
):
    """
    @notice Refutes a root that binds another number of leaves, or other sums, than the header says.
    @param market The market that anchored the header.
    @param anchor The anchor it hangs under.
    @param header Its 324 bytes.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param which 0 the result's root, H(0x04 ‖ count ‖ top ‖ sums); 1 the book's, H(0x02 ‖ count ‖ top).
    @param count The number of leaves it binds.
    @param top The node under it.
    @param sums The sums it binds; of no account for the book's.
    """
    slot: uint256 = proofs._check_header(market, anchor, header, path)
    assert count < 2**32 and which <= BOOK, "court: path"
    unlike: bool = count != proofs._header_accounts(header)
    if which == RESULT:
        assert proofs._sum_root(count, top, sums) == proofs._result_root(header), "court: path"
        own: uint256[4] = proofs._header_sums(header)
        unlike = unlike or own[0] != sums[0] or own[1] != sums[1] or own[2] != sums[2] or own[3] != sums[3]
    else:
        assert proofs._top_root(count, top) == proofs._book_root(header), "court: path"
    assert unlike, "court: not false"
    extcall IEnergyMarket(market).convict(proofs.ROOT, anchor.operator, msg.sender, slot)


@external
def refute_node(
    market: address,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    level: uint256,
    index: uint256,
    stated: uint256[4],
    left: bytes32,
    left_sums: uint256[4],
    right: bytes32,
    right_sums: uint256[4],
    siblings: DynArray[proofs.SumStep, proofs.SUM_STEPS],
):
    """
    @notice Refutes a node of the result tree that does not state what follows from its children, or whose child states
            a number of 2⁶² or more.
    @param market The market that anchored the header.
    @param anchor The anchor it hangs under.
    @param header Its 324 bytes.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param level The node's level, 1 above the leaves to ⌈log₂ accounts⌉ at the top.
    @param index Its place in the level, from 0.
    @param stated What its parent (at the top: the root) states of it.
    @param left Hash of its left child.
    @param left_sums What the node states of that child.
    @param right Hash of its right child.
    @param right_sums What the node states of that child.
    @param siblings Siblings from the node up, each as (hash, sums).
    """
    slot: uint256 = proofs._check_header(market, anchor, header, path)
    assert level > 0, "court: path"
    node: bytes32 = proofs._sum_node(left, left_sums, right, right_sums)
    count: uint256 = proofs._header_accounts(header)
    proofs._check_sums(node, stated, level, index, count, siblings, proofs._result_root(header))
    high: uint256 = (left_sums[0] | left_sums[1] | left_sums[2] | left_sums[3]) & proofs.HIGH_BITS
    high |= (right_sums[0] | right_sums[1] | right_sums[2] | right_sums[3]) & proofs.HIGH_BITS
    due: uint256[4] = proofs._joined(left_sums, right_sums)
    assert (
        high != 0 or due[0] != stated[0] or due[1] != stated[1] or due[2] != stated[2] or due[3] != stated[3]
    ), "court: not false"
    extcall IEnergyMarket(market).convict(proofs.NODE, anchor.operator, msg.sender, slot)


@external
def refute_padding(
    market: address,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    level: uint256,
    index: uint256,
    node: bytes32,
    stated: uint256[4],
    siblings: DynArray[proofs.SumStep, proofs.SUM_STEPS],
):
    """
    @notice Refutes padding that holds something: a leaf behind the last account's, or a node with only such leaves
            below it, that is not the hash it must be or states other than neutral sums. Also a leaf of an account
            that is padding.
    @dev A node over padding alone can be compared whole, so a ghost cannot hide below a hash that nobody can open.
    @param market The market that anchored the header.
    @param anchor The anchor it hangs under.
    @param header Its 324 bytes.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param level The node's level, 0 for a leaf.
    @param index Its place in the level, from 0.
    @param node Its hash.
    @param stated What its parent states of it.
    @param siblings Siblings from the node up, each as (hash, sums).
    """
    slot: uint256 = proofs._check_header(market, anchor, header, path)
    count: uint256 = proofs._header_accounts(header)
    proofs._check_sums(node, stated, level, index, count, siblings, proofs._result_root(header))
    if index << level < count:
        assert level == 0 and node == empty(bytes32), "court: not false"
    else:
        assert (
            node != self._padding_node(level)
            or stated[0] != 0
            or stated[1] != proofs.NEUTRAL
            or stated[2] != 0
            or stated[3] != proofs.NEUTRAL
        ), "court: not false"
    extcall IEnergyMarket(market).convict(proofs.PADDING, anchor.operator, msg.sender, slot)


@external
def refute_row(
    market: address,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    index: uint256,
    stated: uint256[4],
    row: Bytes[200],
    siblings: DynArray[proofs.SumStep, proofs.SUM_STEPS],
):
    """
    @notice Refutes a row of the result: a malformed curve or standing limits, a pool quantity out of range or in a slot
            without a pool, sums that are not the row's at the header's prices, or a fill that is not what the header
            gives: in the money full, out of it zero, at the money ⌊q·X/Q⌋ or one more.
    @param market The market that anchored the header.
    @param anchor The anchor it hangs under.
    @param header Its 324 bytes.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param index The row's leaf, from 0.
    @param stated What its parent states of it.
    @param row Its 200 bytes.
    @param siblings Siblings from the leaf up, each as (hash, sums).
    """
    slot: uint256 = proofs._check_header(market, anchor, header, path)
    proofs._check_row(header, index, stated, row, siblings)
    assert self._is_false_row(header, stated, row), "court: not false"
    extcall IEnergyMarket(market).convict(proofs.ROW, anchor.operator, msg.sender, slot)


@external
def refute_book_leaf(
    market: address,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    index: uint256,
    stated: uint256[4],
    row: Bytes[200],
    siblings: DynArray[proofs.SumStep, proofs.SUM_STEPS],
    book_leaf: bytes32,
    book_path: DynArray[bytes32, proofs.PLAIN_STEPS],
):
    """
    @notice Refutes a row that does not stand beside the leaf of the book at the same place.
    @param market The market that anchored the header.
    @param anchor The anchor it hangs under.
    @param header Its 324 bytes.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param index The leaf, from 0, of both trees.
    @param stated What the row's parent states of it.
    @param row Its 200 bytes.
    @param siblings Siblings from the row's leaf up, each as (hash, sums).
    @param book_leaf The book's leaf at this place.
    @param book_path Sibling hashes from it up to the header's book root.
    """
    slot: uint256 = proofs._check_header(market, anchor, header, path)
    proofs._check_row(header, index, stated, row, siblings)
    count: uint256 = proofs._header_accounts(header)
    proofs._check_plain(book_leaf, index, count, book_path, proofs._book_root(header))
    assert extract32(row, 0) != book_leaf, "court: not false"
    extcall IEnergyMarket(market).convict(proofs.BOOK_LEAF, anchor.operator, msg.sender, slot)


@external
def refute_curve(
    market: address,
    anchor: IEnergyMarket.Anchor,
    header: Bytes[324],
    path: DynArray[bytes32, proofs.PLAIN_STEPS],
    index: uint256,
    stated: uint256[4],
    row: Bytes[200],
    siblings: DynArray[proofs.SumStep, proofs.SUM_STEPS],
    blind: bytes32,
    curve: Bytes[144],
):
    """
    @notice Refutes a row whose curve is not the one that its book leaf binds: H(0x11 ‖ blind ‖ curve) is the row's
            book leaf, and the row's curve is another.
    @param market The market that anchored the header.
    @param anchor The anchor it hangs under.
    @param header Its 324 bytes.
    @param path Sibling hashes from the header's hash up to the anchor's root.
    @param index The row's leaf, from 0.
    @param stated What its parent states of it.
    @param row Its 200 bytes.
    @param siblings Siblings from the leaf up, each as (hash, sums).
    @param blind The blind under the book leaf.
    @param curve The 144 bytes of curve and standing limits under it.
    """
    slot: uint256 = proofs._check_header(market, anchor, header, path)
    proofs._check_row(header, index, stated, row, siblings)
    assert len(curve) == 144, "court: curve"
    assert extract32(row, 0) == proofs._book_leaf(blind, curve), "court: curve"
    assert keccak256(slice(row, 32, 144)) != keccak256(curve), "court: not false"
    extcall IEnergyMarket(market).convict(proofs.CURVE, anchor.operator, msg.sender, slot)


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@pure
def _is_false_header(header: Bytes[324], slot: uint256) -> bool:
    """
    @notice Whether something in a header is false by itself, at the place of `slot`.
    """
    accounts: uint256 = proofs._header_accounts(header)
    rule: uint256 = proofs._header_rule(header)
    k_num: uint256 = 0
    k_den: uint256 = 0
    k_num, k_den = proofs._header_k(header)
    if proofs._header_slot(header) != slot or accounts > proofs.MEMBERS_MAX or k_den == 0 or k_num > k_den:
        return True
    alone: uint256 = proofs.MID_MARKET | proofs.NO_AHEAD
    if accounts < proofs.SMALL_COMMUNITY and rule & alone != alone:
        return True
    sums: uint256[4] = proofs._header_sums(header)
    if (sums[0] | sums[1] | sums[2] | sums[3]) & proofs.HIGH_BITS != 0:
        return True
    retail: int256 = 0
    feed_in: int256 = 0
    retail, feed_in = proofs._header_tariffs(header)
    for session: uint256 in range(2):
        at: uint256 = unsafe_mul(2, session)
        around: uint256 = sums[unsafe_add(at, 1)]
        if rule & (proofs.NO_AHEAD << session) != 0 and (sums[at] != 0 or around != proofs.NEUTRAL):
            return True
        if self._is_false_volume(sums[at], around):
            return True
        price: int256 = proofs._header_price(header, session)
        if rule & proofs.MID_MARKET != 0:
            # Half of the sum, rounded towards −∞ as `//` does: an arithmetic shift. Tariffs are of 64 bits: no overflow.
            if price != unsafe_add(retail, feed_in) >> 1:
                return True
            if sums[at] & proofs.IN_MONEY_LANES != 0 or around & proofs.BOUND_LANES != proofs.NEUTRAL:
                return True
        elif self._is_false_price(price, around, k_num, k_den):
            return True
    return False


@internal
@pure
def _is_false_volume(energies: uint256, around: uint256) -> bool:
    """
    @notice Whether a session's sums break V = min(DI + DA, SI + SA), DI ≤ V, SI ≤ V, bought = sold = V.
    @dev Lanes are below 2⁶⁴: nothing here wraps.
    """
    demand_in: uint256 = proofs._lane(energies, 0)
    supply_in: uint256 = proofs._lane(energies, 2)
    demand: uint256 = unsafe_add(demand_in, proofs._lane(energies, 1))
    supply: uint256 = unsafe_add(supply_in, proofs._lane(energies, 3))
    volume: uint256 = min(demand, supply)
    return (
        demand_in > volume
        or supply_in > volume
        or proofs._lane(around, 0) != volume
        or proofs._lane(around, 1) != volume
    )


@internal
@pure
def _is_false_price(price: int256, around: uint256, k_num: uint256, k_den: uint256) -> bool:
    """
    @notice Whether a session's lo or hi is out of range, or p is not lo + (hi − lo)·k_num // k_den.
    @dev lo may exceed hi in false data: the division rounds towards −∞ whatever the sign. Both are within ±10⁹ + 1
         when they are multiplied, k below 2⁶⁴.
    """
    lo: int256 = unsafe_sub(convert(proofs._lane(around, 2), int256), proofs.BOUND_OFFSET)
    hi: int256 = unsafe_sub(convert(proofs._lane(around, 3), int256), proofs.BOUND_OFFSET)
    if lo < proofs.NO_BUY or lo > proofs.LIMIT_MAX or hi < -proofs.LIMIT_MAX or hi > proofs.NO_SELL:
        return True
    part: int256 = unsafe_mul(unsafe_sub(hi, lo), convert(k_num, int256))
    return price != unsafe_add(lo, proofs._floor_div(part, convert(k_den, int256)))


@internal
@pure
def _is_unlike_terms(header: Bytes[324], terms: proofs.Terms, retail: int256, feed_in: int256) -> bool:
    """
    @notice Whether a header's rule, k, shares or tariffs are not these.
    @dev    In a small community the pool alone is held, at the mid-market rate, whatever the terms say: they were set a
            day ahead, and members may have left since.
    """
    rule: uint256 = terms.rule
    if proofs._header_accounts(header) < proofs.SMALL_COMMUNITY:
        rule |= proofs.MID_MARKET | proofs.NO_AHEAD
    k_num: uint256 = 0
    k_den: uint256 = 0
    k_num, k_den = proofs._header_k(header)
    seller: uint256 = 0
    utility: uint256 = 0
    network: uint256 = 0
    seller, utility, network = proofs._header_fees(header)
    own_retail: int256 = 0
    own_feed_in: int256 = 0
    own_retail, own_feed_in = proofs._header_tariffs(header)
    return (
        proofs._header_rule(header) != rule
        or k_num != terms.k_num
        or k_den != terms.k_den
        or seller != terms.seller
        or utility != terms.utility
        or network != terms.network
        or own_retail != retail
        or own_feed_in != feed_in
    )


@internal
@pure
def _padding_node(level: uint256) -> bytes32:
    """
    @notice The node of this level over padding alone: 32 zero bytes at level 0.
    """
    node: bytes32 = empty(bytes32)
    neutral: uint256[4] = [0, proofs.NEUTRAL, 0, proofs.NEUTRAL]
    for i: uint256 in range(level, bound=proofs.SUM_STEPS):
        node = proofs._sum_node(node, neutral, node, neutral)
    return node


@internal
@pure
def _is_false_row(header: Bytes[324], stated: uint256[4], row: Bytes[200]) -> bool:
    """
    @notice Whether a row of 200 bytes is malformed, or its sums or fills are not what the header gives.
    """
    curve: proofs.Curve = proofs._curve(slice(row, 32, 144))
    pool_wh: int256 = 0
    fill_ahead: int256 = 0
    fill_pool: int256 = 0
    pool_wh, fill_ahead, fill_pool = proofs._row_numbers(row)
    if not proofs._is_curve(curve) or pool_wh > proofs.ENERGY_MAX or pool_wh < -proofs.ENERGY_MAX:
        return True
    rule: uint256 = proofs._header_rule(header)
    if rule & proofs.NO_POOL != 0 and pool_wh != 0:
        return True
    totals: uint256[4] = proofs._header_sums(header)
    middle: bool = rule & proofs.MID_MARKET != 0
    if rule & proofs.NO_AHEAD != 0:
        # Steps that were signed for a session not held count for nothing. Where it was held at local prices, no sum and no
        # fill of it can be judged here: who is filled depends on the wires.
        if (fill_ahead != 0 and rule & proofs.NETWORK_AHEAD == 0) or stated[0] != 0 or stated[1] != proofs.NEUTRAL:
            return True
    elif self._is_false_session(
        curve, fill_ahead, proofs._header_price(header, 0), middle, totals[0], stated[0], stated[1]
    ):
        return True
    if pool_wh > 0 and curve.pool_buy != proofs.NO_BUY:
        curve.limit[0] = curve.pool_buy
        curve.energy[0] = pool_wh
    elif pool_wh < 0 and curve.pool_sell != proofs.NO_SELL:
        curve.limit[0] = curve.pool_sell
        curve.energy[0] = pool_wh
    else:
        curve.energy[0] = 0
    curve.energy[1] = 0
    return self._is_false_session(
        curve, fill_pool, proofs._header_price(header, 1), middle, totals[2], stated[2], stated[3]
    )


@internal
@pure
def _is_false_session(
    curve: proofs.Curve,
    fill: int256,
    price: int256,
    middle: bool,
    totals: uint256,
    energies: uint256,
    around: uint256,
) -> bool:
    """
    @notice Whether what a row states of one session is not what its steps (up to the first of 0 Wh) and its fill give,
            or the fill is not what the session's totals DI, DA, SI, SA give. middle: at the mid-market rate.
    @dev Steps are well formed: at most 8 of at most 10⁹ Wh, so that no sum reaches the next lane.
         A group at p is accepted iff X > 0 and rejected iff X < Q, of the group, never by a row's own fill.
    """
    demand_in: uint256 = proofs._lane(totals, 0)
    demand_at: uint256 = proofs._lane(totals, 1)
    supply_in: uint256 = proofs._lane(totals, 2)
    supply_at: uint256 = proofs._lane(totals, 3)
    volume: uint256 = min(unsafe_add(demand_in, demand_at), unsafe_add(supply_in, supply_at))
    buys_in: uint256 = 0
    buys_at: uint256 = 0
    sells_in: uint256 = 0
    sells_at: uint256 = 0
    least_bought: uint256 = 0
    most_bought: uint256 = 0
    least_sold: uint256 = 0
    most_sold: uint256 = 0
    lo: int256 = proofs.NO_BUY
    hi: int256 = proofs.NO_SELL
    for i: uint256 in range(proofs.STEPS_MAX):
        energy: int256 = curve.energy[i]
        if energy == 0:
            break
        limit: int256 = curve.limit[i]
        if energy > 0:
            wh: uint256 = convert(energy, uint256)
            if limit < price:
                lo = max(lo, limit)
            elif limit > price and not middle:
                buys_in = unsafe_add(buys_in, wh)
                hi = min(hi, limit)
            else:
                buys_at = unsafe_add(buys_at, wh)
                share: uint256 = self._share(wh, volume, demand_in, demand_at)
                least_bought = unsafe_add(least_bought, share)
                most_bought = unsafe_add(most_bought, min(wh, unsafe_add(share, 1)))
                if volume > demand_in:
                    hi = min(hi, limit)
                if volume < unsafe_add(demand_in, demand_at):
                    lo = max(lo, limit)
        else:
            wh: uint256 = convert(unsafe_sub(0, energy), uint256)
            if limit > price:
                hi = min(hi, limit)
            elif limit < price and not middle:
                sells_in = unsafe_add(sells_in, wh)
                lo = max(lo, limit)
            else:
                sells_at = unsafe_add(sells_at, wh)
                share: uint256 = self._share(wh, volume, supply_in, supply_at)
                least_sold = unsafe_add(least_sold, share)
                most_sold = unsafe_add(most_sold, min(wh, unsafe_add(share, 1)))
                if volume > supply_in:
                    lo = max(lo, limit)
                if volume < unsafe_add(supply_in, supply_at):
                    hi = min(hi, limit)
    if middle:  # the price does not follow from the limits
        lo = proofs.NO_BUY
        hi = proofs.NO_SELL
    bought: uint256 = 0
    sold: uint256 = 0
    if fill > 0:
        bought = convert(fill, uint256)
    else:
        sold = convert(unsafe_sub(0, fill), uint256)
    low: uint256 = convert(unsafe_add(lo, proofs.BOUND_OFFSET), uint256)
    high: uint256 = convert(unsafe_add(hi, proofs.BOUND_OFFSET), uint256)
    return (
        energies != (buys_in << 192) | (buys_at << 128) | (sells_in << 64) | sells_at
        or around != (bought << 192) | (sold << 128) | (low << 64) | high
        or bought < unsafe_add(buys_in, least_bought)
        or bought > unsafe_add(buys_in, most_bought)
        or sold < unsafe_add(sells_in, least_sold)
        or sold > unsafe_add(sells_in, most_sold)
    )


@internal
@pure
def _share(wh: uint256, volume: uint256, full: uint256, group: uint256) -> uint256:
    """
    @notice ⌊q·X/Q⌋ of a step of q Wh at the money: X = V − `full` is left for its group of Q Wh.
    @dev Rounds down; who gets one Wh more is up to the clearing. X and Q are below 2⁶⁵; false ones give 0, not a
         revert.
    """
    if volume <= full:
        return 0
    return unsafe_div(unsafe_mul(wh, unsafe_sub(volume, full)), max(group, 1))
