# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy on
"""
@title Docket
@custom:contract-name Docket
@license AGPL-3.0-only
@author The Sunfair developers
@notice For what an operator ignores or withholds. One docket serves all markets; all it keeps is kept by market.
        Inbox: an account files an offer, with its cover as a deposit that waits at the market, or a signed reading;
        from then on the operator cannot say that it did not know (BookCourt).
        Demands: in the first half of a settlement's window, who has a right to something of it asks for it and pays the
        answer's gas ahead. Until three quarters of the window anyone who has it may answer, in public, and takes the
        payment. Then whoever likes has the silence convicted, in the name of who asked, who gets its payment back.
        An item is asked for once in a settlement and, once answered, is answered for everybody: it stands in the
        answer's calldata. No demand moves any time.
        An operator that kept what it hashed and signed can answer every demand that is taken: what does not exist is
        not taken (a slot or account outside the settlement, an account that took no part in the slot, a void slot),
        or its absence is the answer (a leaf behind the last one: the header; a row without a reading: the row).
        Rules: docs/settlement-spec.md, "Demands"; layouts: docs/formats.md.
@dev    Which market it is told changes nothing for others: payments are kept by item, items by market, and a token is
        held here only within one call, which checks that it left again. Whoever demands or deposits at a false market
        harms itself.
        Answers go to Witness, which checks them and closes the item here; it is a contract of its own for the size.
        A settlement's hash is keccak256(abi_encode(settlement)).
        Prepayment: four times the base fee of the demand's block for the gas of an answer at the largest size. It can
        fall short where the base fee grows faster than that between demand and answer, or where data is paid for by
        other rules (rollups); the operator then bears the rest.
@custom:kill Nobody can stop it. What is owed is claimed by whom it is owed to, at any time.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from ethereum.ercs import IERC20

from . import IEnergyMarket


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import book_proofs as books
from . import court_proofs as proofs


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice Leaves that can be asked for; no slot has more.
LEAVES_MAX: constant(uint256) = 4096

# @notice A reading can be filed this long after its slot's end: the pool is cleared after that.
READING_SECONDS: public(constant(uint256)) = 600

# @notice Times the base fee of the demand's block that an answer is paid for.
FEE_TIMES: public(constant(uint256)) = 4

# @dev The account whose rows hold nothing private.
NETWORK: constant(uint256) = 1


# ── Immutables ────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice Who checks answers.
witness: public(immutable(address))


# ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────────

event OfferFiled:
    # @notice `account` filed this offer with a deposit of `deposit` µ.
    market: indexed(address)
    account: indexed(uint256)
    nonce: indexed(uint256)
    first_slot: uint256
    last_slot: uint256
    curve: Bytes[144]
    filed_at: uint256
    deposit: uint256

event ReadingFiled:
    # @notice The registers of `account` at the end of `slot`, signed by its meter or supplied by the utility.
    market: indexed(address)
    account: indexed(uint256)
    slot: indexed(uint256)
    by_utility: bool
    import_wh: uint256
    export_wh: uint256
    signature: Bytes[65]

event Demanded:
    # @notice `asker` asks for item (kind, a, b) of a settlement and has paid for the answer, wei.
    market: indexed(address)
    settlement: indexed(bytes32)
    asker: indexed(address)
    kind: uint256
    a: uint256
    b: uint256
    paid: uint256

event Answered:
    # @notice The item stands in this transaction's calldata.
    market: indexed(address)
    settlement: indexed(bytes32)
    answerer: indexed(address)
    kind: uint256
    a: uint256
    b: uint256

event Silent:
    # @notice Nobody answered: the market was told to convict.
    market: indexed(address)
    settlement: indexed(bytes32)
    asker: indexed(address)
    kind: uint256
    a: uint256
    b: uint256

event TakenBack:
    # @notice The settlement was cancelled before the item was answered.
    market: indexed(address)
    settlement: indexed(bytes32)
    asker: indexed(address)
    kind: uint256
    a: uint256
    b: uint256

event Claimed:
    # @notice `owner` was paid what this contract owed it, wei.
    owner: indexed(address)
    amount: uint256


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice A demand for one item of a settlement: who asked, and what an answer is still paid, wei (0: no longer open).
struct Item:
    asker: address
    paid: uint256

# @dev What a demand is about.
struct Asked:
    market: address
    settlement: IEnergyMarket.Settlement
    kind: uint256
    a: uint256
    b: uint256

# @notice By market, account and nonce: keccak(offer's EIP-712 hash, filed at, deposit); zero if none was filed.
filed_offer: public(HashMap[address, HashMap[uint256, HashMap[uint256, bytes32]]])

# @notice By market, account, slot and whether the utility supplied it: 2¹²⁸ + import · 2⁶⁴ + export; zero if none.
filed_reading: public(HashMap[address, HashMap[uint256, HashMap[uint256, HashMap[bool, uint256]]]])

# @notice By keccak(market, settlement's hash, kind, a, b).
items: public(HashMap[bytes32, Item])

# @notice By market and settlement's hash: number of demands not yet answered.
open_demands: public(HashMap[address, HashMap[bytes32, uint256]])

# @notice What is owed to an address, wei.
owed: public(HashMap[address, uint256])


# ── Constructor ───────────────────────────────────────────────────────────────────────────────────────────────────────

@deploy
def __init__(witness_: address):
    """
    @notice A docket that believes this witness.
    @param witness_ The Witness, which checks answers.
    """
    witness = witness_


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def file_offer(market: address, offer: books.Offer, deposit: uint256):
    """
    @notice Files an offer that the operator does not acknowledge. The account's owner only, once for a nonce. It binds
            the books whose gate is ten minutes away or more (a day, at the mid-market rate) if it is within the cap
            and `deposit` is its cover (BookCourt). The deposit waits at the market until the door after which the
            offer's first slot can be settled, and is then the account's.
    @param market The community's market.
    @param offer The offer, well formed; its nonce below 2⁶³.
    @param deposit µ of the market's token, which the caller approved this contract to take. May be 0.
    """
    member: IEnergyMarket.Member = staticcall IEnergyMarket(market).member(offer.account)
    assert msg.sender == member.owner, "docket: not the owner"
    assert offer.first_slot <= offer.last_slot and offer.last_slot < 2**63, "docket: slots"
    assert offer.nonce < 2**63, "docket: nonce"
    assert len(offer.curve) == 144, "docket: curve"
    assert proofs._is_curve(proofs._curve(offer.curve)), "docket: curve"
    assert self.filed_offer[market][offer.account][offer.nonce] == empty(bytes32), "docket: filed already"
    hashed: bytes32 = books._offer_hash(staticcall IEnergyMarket(market).community(), offer)
    self.filed_offer[market][offer.account][offer.nonce] = books._filed_offer(hashed, block.timestamp, deposit)
    log OfferFiled(
        market=market,
        account=offer.account,
        nonce=offer.nonce,
        first_slot=offer.first_slot,
        last_slot=offer.last_slot,
        curve=offer.curve,
        filed_at=block.timestamp,
        deposit=deposit,
    )
    if deposit > 0:
        self._park(market, offer.account, offer.first_slot, deposit)


@external
def file_reading(
    market: address, account: uint256, slot: uint256, import_wh: uint256, export_wh: uint256, signature: Bytes[65]
):
    """
    @notice Files the registers at a slot's end, within ten minutes of it. The account's owner with its meter's
            signature, or the utility (whose call is its signature), each once.
    @param market The community's market.
    @param account The account.
    @param slot The slot.
    @param import_wh Import register, Wh, below 2⁶³.
    @param export_wh Export register, Wh, below 2⁶³.
    @param signature The meter's signature of the Reading; unused if the utility calls.
    """
    assert import_wh < 2**63 and export_wh < 2**63, "docket: registers"
    end: uint256 = (slot + 1) * staticcall IEnergyMarket(market).slot_seconds()
    assert block.timestamp >= end and block.timestamp <= end + READING_SECONDS, "docket: not now"
    by_utility: bool = msg.sender == staticcall IEnergyMarket(market).utility()
    if not by_utility:
        assert msg.sender == (staticcall IEnergyMarket(market).member(account)).owner, "docket: not the owner"
        assert books._is_read(market, account, slot, import_wh, export_wh, signature), "docket: signature"
    assert self.filed_reading[market][account][slot][by_utility] == 0, "docket: filed already"
    self.filed_reading[market][account][slot][by_utility] = books._filed_reading(import_wh, export_wh)
    log ReadingFiled(
        market=market,
        account=account,
        slot=slot,
        by_utility=by_utility,
        import_wh=import_wh,
        export_wh=export_wh,
        signature=signature,
    )


@external
@payable
def demand(
    market: address,
    settlement: IEnergyMarket.Settlement,
    anchor: IEnergyMarket.Anchor,
    kind: uint256,
    a: uint256,
    b: uint256,
):
    """
    @notice Asks for one item of a pending settlement, in the first half of its window, for `price(kind)` wei or more.
            HEADER (kind 1: slot, 0) and LEAF (2: slot, leaf): anyone. OPEN_LEAF (3: slot, leaf): the utility.
            OPEN_ACCOUNT (4: slot, account), ROWS (5: account, chunk of 128 rows) and READING (6: account, slot): owner,
            reader or utility; rows of the network anyone. Chunk 0 can be asked for also where there are no rows: the
            answer is then the period leaf alone.
    @param market The community's market.
    @param settlement The pending settlement.
    @param anchor The anchor of the slot; unused for ROWS and READING.
    @param kind What is asked for.
    @param a See above.
    @param b See above.
    """
    asked: Asked = Asked(market=market, settlement=settlement, kind=kind, a=a, b=b)
    assert staticcall IEnergyMarket(market).is_pending(settlement), "docket: settlement"
    half: uint256 = staticcall IEnergyMarket(market).window_seconds() // 2
    assert block.timestamp < settlement.settled_at + half, "docket: too late"
    assert kind >= books.HEADER and kind <= books.READING, "docket: kind"
    if kind <= books.OPEN_ACCOUNT:
        self._check_slot(settlement, a)
        self._check_anchor(market, anchor, a)
        assert not proofs._is_void(market, anchor, a), "docket: void slot"
    self._check_exists(asked)
    assert self._may_ask(asked), "docket: not yours"
    assert msg.value >= max(self._price(kind), 1), "docket: payment"
    hashed: bytes32 = keccak256(abi_encode(settlement))
    id: bytes32 = self._id(market, hashed, kind, a, b)
    assert self.items[id].asker == empty(address), "docket: asked already"
    self.items[id] = Item(asker=msg.sender, paid=msg.value)
    self.open_demands[market][hashed] += 1
    log Demanded(
        market=market, settlement=hashed, asker=msg.sender, kind=kind, a=a, b=b, paid=msg.value
    )


@external
def close(
    market: address, settlement: IEnergyMarket.Settlement, kind: uint256, a: uint256, b: uint256, answerer: address
):
    """
    @notice Closes an item that was answered before three quarters of the window: the witness only, which checks the
            answer in the same transaction.
    @param market The community's market.
    @param settlement The pending settlement.
    @param kind The item's kind.
    @param a The item.
    @param b The item.
    @param answerer Who gave the answer and is paid for it.
    """
    assert msg.sender == witness, "docket: not the witness"
    assert staticcall IEnergyMarket(market).is_pending(settlement), "docket: settlement"
    assert block.timestamp < self._answer_end(market, settlement), "docket: too late"
    hashed: bytes32 = keccak256(abi_encode(settlement))
    self.owed[answerer] += self._end(market, hashed, kind, a, b).paid
    log Answered(market=market, settlement=hashed, answerer=answerer, kind=kind, a=a, b=b)


@external
def convict_silence(
    market: address,
    settlement: IEnergyMarket.Settlement,
    anchor: IEnergyMarket.Anchor,
    kind: uint256,
    a: uint256,
    b: uint256,
):
    """
    @notice Has the silence about an item convicted, in the last quarter of the window or later: the settlement is
            cancelled; HEADER makes the whole anchor void, LEAF, OPEN_LEAF, OPEN_ACCOUNT and READING the slot, ROWS
            nothing. Who asked is the challenger and gets its payment back.
    @param market The community's market.
    @param settlement The pending settlement.
    @param anchor The anchor of the slot; unused for ROWS and READING.
    @param kind The item's kind.
    @param a The item.
    @param b The item.
    """
    assert staticcall IEnergyMarket(market).is_pending(settlement), "docket: settlement"
    assert block.timestamp >= self._answer_end(market, settlement), "docket: too early"
    hashed: bytes32 = keccak256(abi_encode(settlement))
    asker: address = self._return(market, hashed, kind, a, b)
    log Silent(market=market, settlement=hashed, asker=asker, kind=kind, a=a, b=b)
    if kind <= books.OPEN_ACCOUNT:
        self._check_anchor(market, anchor, a)
    if kind == books.HEADER:
        extcall IEnergyMarket(market).void_anchor(anchor, proofs.SILENCE + kind, asker)
    else:
        slot: uint256 = a
        offender: address = anchor.operator
        if kind == books.ROWS:
            slot = proofs.NO_SLOT
        elif kind == books.READING:
            slot = b
        if kind >= books.ROWS:
            offender = settlement.operator
        extcall IEnergyMarket(market).convict(proofs.SILENCE + kind, offender, asker, slot)


@external
def take_back(market: address, settlement: IEnergyMarket.Settlement, kind: uint256, a: uint256, b: uint256):
    """
    @notice Gives the payment for an unanswered item back to who asked, when its settlement was cancelled for something
            else. Anyone may call it.
    @param market The community's market.
    @param settlement The settlement, no longer pending.
    @param kind The item's kind.
    @param a The item.
    @param b The item.
    """
    assert not staticcall IEnergyMarket(market).is_pending(settlement), "docket: pending"
    hashed: bytes32 = keccak256(abi_encode(settlement))
    asker: address = self._return(market, hashed, kind, a, b)
    log TakenBack(market=market, settlement=hashed, asker=asker, kind=kind, a=a, b=b)


@external
def claim() -> uint256:
    """
    @notice Pays the caller all that it is owed, for answers or back from demands.
    @return The amount, wei.
    """
    amount: uint256 = self.owed[msg.sender]
    assert amount > 0, "docket: nothing owed"
    self.owed[msg.sender] = 0
    log Claimed(owner=msg.sender, amount=amount)
    raw_call(msg.sender, b"", value=amount)
    return amount


# ── Views ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

@external
@view
def price(kind: uint256) -> uint256:
    """
    @notice Least payment for a demand made in this block; at least 1.
    @param kind The item's kind.
    @return wei.
    """
    return max(self._price(kind), 1)


@external
@view
def item(
    market: address, settlement_hash: bytes32, kind: uint256, a: uint256, b: uint256
) -> Item:
    """
    @notice A demand. Nobody asked, if its asker is the zero address; it is open while its payment is not 0.
    @param market The community's market.
    @param settlement_hash keccak256(abi_encode(settlement)).
    @param kind The item's kind.
    @param a The item.
    @param b The item.
    @return Who asked, and what an answer is paid, wei.
    """
    return self.items[self._id(market, settlement_hash, kind, a, b)]


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
def _park(market: address, account: uint256, first_slot: uint256, deposit: uint256):
    """
    @dev Takes the deposit from the caller and has the market take it from here. What this contract holds is checked
         between and after: a token that keeps a fee, and a market that takes another amount, are refused.
    """
    token: IERC20 = IERC20(staticcall IEnergyMarket(market).token())
    held: uint256 = staticcall token.balanceOf(self)
    assert extcall token.transferFrom(msg.sender, self, deposit, default_return_value=True), "docket: token refused"
    assert staticcall token.balanceOf(self) == held + deposit, "docket: token moved another amount"
    assert extcall token.approve(market, deposit, default_return_value=True), "docket: token refused"
    extcall IEnergyMarket(market).park(account, deposit, first_slot)
    assert staticcall token.balanceOf(self) == held, "docket: deposit not parked"


@internal
@pure
def _id(market: address, hashed: bytes32, kind: uint256, a: uint256, b: uint256) -> bytes32:
    """
    @dev The key of an item.
    """
    return keccak256(abi_encode(market, hashed, kind, a, b))


@internal
@view
def _price(kind: uint256) -> uint256:
    """
    @dev What an answer costs at the largest size, were none of its bytes zero, times the fee. Measured with such bytes
         as there are: header 66 k, leaf 95 k, opening 80 k, rows 480 k, reading 73 k.
    """
    gas: uint256 = 140_000
    if kind == books.HEADER:
        gas = 100_000
    elif kind == books.LEAF:
        gas = 200_000
    elif kind == books.OPEN_LEAF or kind == books.OPEN_ACCOUNT:
        gas = 160_000
    elif kind == books.ROWS:
        gas = 1_000_000
    return FEE_TIMES * block.basefee * gas


@internal
@pure
def _check_slot(settlement: IEnergyMarket.Settlement, slot: uint256):
    """
    @dev Reverts unless the settlement covers the slot.
    """
    assert slot >= settlement.first_slot, "docket: slot"
    assert slot - settlement.first_slot < settlement.slots, "docket: slot"


@internal
@view
def _check_anchor(market: address, anchor: IEnergyMarket.Anchor, slot: uint256):
    """
    @dev Reverts unless this is the market's anchor of the slot.
    """
    proofs._check_anchor(market, anchor)
    assert slot >= anchor.first_slot and slot - anchor.first_slot < anchor.slots, "docket: slot"


@internal
@view
def _check_exists(asked: Asked):
    """
    @dev Reverts where nobody could have an answer. That a leaf is behind the last one only the header tells: the answer
         shows it.
    """
    if asked.kind == books.HEADER:
        assert asked.b == 0, "docket: item"
    elif asked.kind == books.LEAF or asked.kind == books.OPEN_LEAF:
        assert asked.b < LEAVES_MAX, "docket: item"
    elif asked.kind == books.OPEN_ACCOUNT:
        self._check_active(asked.market, asked.b, asked.a)
    elif asked.kind == books.ROWS:
        assert asked.a < asked.settlement.accounts, "docket: item"
        count: uint256 = books._span(asked.market, asked.settlement, asked.a).count
        assert asked.b == 0 or asked.b < (count + books.CHUNK_ROWS - 1) // books.CHUNK_ROWS, "docket: item"
    else:
        assert asked.a < asked.settlement.accounts, "docket: item"
        self._check_slot(asked.settlement, asked.b)
        self._check_active(asked.market, asked.a, asked.b)


@internal
@view
def _check_active(market: address, account: uint256, slot: uint256):
    """
    @dev Reverts unless a member of this number takes part in the slot.
    """
    assert books._is_active(staticcall IEnergyMarket(market).member(account), account, slot), "docket: not active"


@internal
@view
def _may_ask(asked: Asked) -> bool:
    """
    @dev Whether the caller has a right to the item.
    """
    if asked.kind == books.HEADER or asked.kind == books.LEAF or (asked.kind == books.ROWS and asked.a == NETWORK):
        return True
    if msg.sender == staticcall IEnergyMarket(asked.market).utility():
        return True
    if asked.kind == books.OPEN_LEAF:
        return False
    account: uint256 = asked.b if asked.kind == books.OPEN_ACCOUNT else asked.a
    member: IEnergyMarket.Member = staticcall IEnergyMarket(asked.market).member(account)
    return msg.sender == member.owner or msg.sender == member.reader


@internal
@view
def _answer_end(market: address, settlement: IEnergyMarket.Settlement) -> uint256:
    """
    @dev From when no answer counts: three quarters of the window.
    """
    return settlement.settled_at + staticcall IEnergyMarket(market).window_seconds() * 3 // 4


@internal
def _return(market: address, hashed: bytes32, kind: uint256, a: uint256, b: uint256) -> address:
    """
    @dev An open item is closed without an answer: who asked gets the payment back.
    """
    closed: Item = self._end(market, hashed, kind, a, b)
    self.owed[closed.asker] += closed.paid
    return closed.asker


@internal
def _end(market: address, hashed: bytes32, kind: uint256, a: uint256, b: uint256) -> Item:
    """
    @dev Closes an open item for good; returns what it was.
    """
    id: bytes32 = self._id(market, hashed, kind, a, b)
    closed: Item = self.items[id]
    assert closed.paid > 0, "docket: not open"
    self.items[id].paid = 0
    self.open_demands[market][hashed] -= 1
    return closed
