# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy on
"""
@title Charging Network
@custom:contract-name ChargingNetwork
@license AGPL-3.0-only
@author The Sunfair developers
@notice Stays at charge points: booked ahead on terms that both sides signed, paid out of a deposit, metered by the charge
        point's own signed record. What each party may do and what follows in an emergency is said in
        docs/charging-spec.md. A calendar of quarter-hours in UTC, a word for each charge point and day, makes two bookings
        of one slot impossible.
        Rounding: every part of a fee is rounded down, for the driver. A deposit is always paid out whole.
@dev    Held is: deposits of open bookings, stakes, and what parties may withdraw; nothing else is counted.
        Of a booking only one word is kept; its terms come with every call and are known by their hash. Nothing loops over
        slots. A record of a meter is read by `reader`, which has no state, and counts in the form that stands beside the
        meter's key. A session begins in [begin − 5 min, end − 5 min): these windows of one charge point
        never overlap, so no record fits two stays.
@custom:kill Nobody can stop it. Time alone leads every booking to an end (`poke`), by anyone; withdrawals cannot be paused.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from ethereum.ercs import IERC20

from ethereum.ercs import IERC20Detailed

# @dev What a record says, and the form it is written in.
struct Shown:
    form: bytes32
    page: uint256
    tag: bytes32
    wh: uint256
    began: uint256
    ended: uint256

interface IReader:
    def read(payload: Bytes[PAYLOAD_MAX], cuts: uint256, signature: Bytes[65], key: address, wh_scale: uint256) -> Shown: view


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import book_proofs as books


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @dev States, by OCPI's names; STOPPED (4) lies between the plug and the reading and is never written here.
PENDING: constant(uint256) = 1
RESERVED: constant(uint256) = 2
CHARGING: constant(uint256) = 3
CHALLENGE: constant(uint256) = 5
DISPUTED: constant(uint256) = 6
OFFLINE: constant(uint256) = 7
FULFILLED: constant(uint256) = 8
RESOLVED: constant(uint256) = 9
CANCELED_DRIVER: constant(uint256) = 10
CANCELED_HOST: constant(uint256) = 11
CANCELED_OFFLINE: constant(uint256) = 12
NO_SHOW: constant(uint256) = 13
REJECTED: constant(uint256) = 14

# @dev Times, seconds; why so long: docs/charging-spec.md, "Times".
SLOT: constant(uint256) = 900
QUOTE: constant(uint256) = 600
CONFIRM: constant(uint256) = 900
EARLY: constant(uint256) = 300
HOLD: constant(uint256) = 1_800
GRACE: constant(uint256) = 600
CHALLENGE_TIME: constant(uint256) = 86_400
LATE: constant(uint256) = 259_200

# @dev Bounds.
DAY_SLOTS: constant(uint256) = 96
AHEAD_SLOTS: constant(uint256) = 400 * 96
EXTENSION: constant(uint256) = 2
AMOUNT_MAX: constant(uint256) = 2**62
PRICE_MAX: constant(uint256) = 10**12
WH_MAX: constant(uint256) = 10**9
POWER_MAX: constant(uint256) = 10**8

# @notice Longest signed payload of a record, bytes.
PAYLOAD_MAX: public(constant(uint256)) = 1_280

# @dev A reading may exceed the rated power by a tenth, and by a minute.
PLAUSIBLE_BPS: constant(uint256) = 11_000

# @dev Widths and places of packed fields.
MASK: constant(uint256) = 2**96 - 1
LANE: constant(uint256) = 2**64 - 1
HALF: constant(uint256) = 2**128 - 1
SHORT: constant(uint256) = 2**32 - 1
DATE: constant(uint256) = 2**40 - 1
PAGES: constant(uint256) = 2**50 - 1
OWNER: constant(uint256) = 2**160 - 1
UNIT: constant(uint256) = 2**16 - 1
EXTENDED: constant(uint256) = 1 << 194
USED: constant(uint256) = 1 << 255

# @dev EIP-712.
DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
NAME: constant(bytes32) = keccak256("Sunfair Charging")
VERSION: constant(bytes32) = keccak256("1")
BOOKING_TYPE: constant(bytes32) = keccak256(
    "Booking(bytes32 point,address driver,bytes32 tag,uint256 first_slot,uint256 slots,uint256 deposit,uint256 kwh_price,uint256 minute_price,uint256 session_fee,uint256 idle_price,uint256 quiet_from,uint256 quiet_to,uint256 no_show_fee,uint256 compensation,uint256 free_until,bytes32 document,uint256 expires,uint256 nonce)"
)

# @dev Decimals of the token: 1 unit is 1 µ.
DECIMALS: constant(uint8) = 6


# ── Immutables ────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice The ERC-20 in which everything is paid.
token: public(immutable(address))

# @notice Who vouches for meters' keys and forms; the zero address: each host for its own.
registrar: public(immutable(address))

# @notice Reads signed records.
reader: public(immutable(address))


# ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────────

event PointRegistered:
    # @notice A charge point.
    point: indexed(bytes32)
    host: indexed(address)
    name: bytes32
    rated_w: uint256

event PointChanged:
    # @notice Who answers for it, who is paid, and the hash of its prices.
    point: indexed(bytes32)
    operator: address
    payee: address
    document: bytes32

event MeterSet:
    # @notice From `since` on records of this charge point are signed by `key` and written in this form.
    point: indexed(bytes32)
    version: uint256
    key: indexed(address)
    form: bytes32
    wh_scale: uint256
    since: uint256

event StakeChanged:
    # @notice Somebody paid in, or the host took out: what answers for the host then, free and bound to open bookings.
    point: indexed(bytes32)
    free: uint256
    bound: uint256

event Asked:
    # @notice A request that the host has to confirm (PENDING), or a booking (RESERVED), with its terms.
    id: indexed(bytes32)
    point: indexed(bytes32)
    driver: indexed(address)
    state: uint256
    terms: Booking

event Moved:
    # @notice A booking is in this state now.
    id: indexed(bytes32)
    state: uint256

event Extended:
    # @notice A late guest is waited for 30 min more; the stay ends two slots later.
    id: indexed(bytes32)

event Claimed:
    # @notice The host's reading, and the fee by it; `page` is the record's number.
    id: indexed(bytes32)
    wh: uint256
    began: uint256
    ended: uint256
    page: uint256
    fee: uint256

event Ended:
    # @notice Everybody is paid: the payee the fee, the driver the rest of the deposit and what the stake gave.
    id: indexed(bytes32)
    point: indexed(bytes32)
    driver: indexed(address)
    state: uint256
    wh: uint256
    fee: uint256
    back: uint256

event Withdrawn:
    # @notice A party's money is with it.
    party: indexed(address)
    amount: uint256


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice What host and driver agree on; amounts µ, times unix seconds, slots quarter-hours in UTC. See docs/charging-spec.md.
struct Booking:
    point: bytes32
    driver: address
    tag: bytes32
    first_slot: uint256
    slots: uint256
    deposit: uint256
    kwh_price: uint256
    minute_price: uint256
    session_fee: uint256
    idle_price: uint256
    quiet_from: uint256
    quiet_to: uint256
    no_show_fee: uint256
    compensation: uint256
    free_until: uint256
    document: bytes32
    expires: uint256
    nonce: uint256

# @dev A meter's record: its payload as signed, where the values stand (16 bits of place, 8 of length each), r ‖ s ‖ v, and
#      which of the charge point's meters it is of.
struct Record:
    version: uint256
    cuts: uint256
    signature: Bytes[65]
    payload: Bytes[PAYLOAD_MAX]

# @dev By charge point: whose it is.
hosts: HashMap[bytes32, address]

# @notice Who signs quotes and reports readings, and the hash of the prices, by charge point.
operator_of: public(HashMap[bytes32, address])
document_of: public(HashMap[bytes32, bytes32])

# @dev Both hashed, so that a booking on a quote looks at one word: keccak256(abi_encode(operator, document)).
seals: HashMap[bytes32, bytes32]

# @dev By charge point, what a reading is held against and where its fee goes: who is paid (160 bits), rated power, W (32).
payees: HashMap[bytes32, uint256]

# @dev By charge point: free stake (128 bits) and bound (128).
stakes: HashMap[bytes32, uint256]

# @dev By charge point and version: key (160 bits), since (40), Wh of its unit (16), since when it is another (40; 0: it is the
#      last one).
meters: HashMap[bytes32, HashMap[uint256, uint256]]

# @notice The form of a meter's records, and how many meters a charge point had; whose a key is.
form_of: public(HashMap[bytes32, HashMap[uint256, bytes32]])
meter_count: public(HashMap[bytes32, uint256])
point_of_key: public(HashMap[address, bytes32])

# @dev By charge point and day: slots taken (96 bits) and kept out by the host (96).
days: HashMap[bytes32, HashMap[uint256, uint256]]

# @dev By booking: state (8 bits), since (40), fee (64), Wh (32), page (50), extended (1).
stays: HashMap[bytes32, uint256]

# @dev By party: withdrawable (96 bits), fees of all time (96), Wh of all time (63), was used before (1): a word that is
#      never zero again costs a returning guest 17,100 gas less.
purses: HashMap[address, uint256]


# ── Constructor ───────────────────────────────────────────────────────────────────────────────────────────────────────

@deploy
def __init__(token_: address, registrar_: address, reader_: address):
    """
    @notice Nothing given here can change later.
    @param token_ An ERC-20 with 6 decimals, whose transfers move exactly the amount they are asked to move.
    @param registrar_ Who vouches for meters; the zero address: nobody but the host.
    @param reader_ An OcmfReader.
    """
    assert staticcall IERC20Detailed(token_).decimals() == DECIMALS, "charging: token needs 6 decimals"
    token = token_
    registrar = registrar_
    reader = reader_


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def register(name: bytes32, rated_w: uint256, operator: address, document: bytes32) -> bytes32:
    """
    @notice Registers a charge point of the caller's. It is known by its host and name, so nobody can take it away.
    @param name The host's own name for it, e.g. a hash of its EVSE id.
    @param rated_w Its rated power, W.
    @param operator Who signs quotes and reports readings for it: the central system's key.
    @param document Hash of its prices in words.
    @return The charge point.
    """
    point: bytes32 = keccak256(abi_encode(msg.sender, name))
    assert self.hosts[point] == empty(address), "charging: registered already"
    assert rated_w > 0 and rated_w <= POWER_MAX, "charging: power out of range"
    assert operator != empty(address), "charging: zero address"
    self.hosts[point] = msg.sender
    self._save_payee(point, msg.sender, rated_w)
    self._save_terms(point, operator, document)
    log PointRegistered(point=point, host=msg.sender, name=name, rated_w=rated_w)
    log PointChanged(point=point, operator=operator, payee=msg.sender, document=document)
    return point


@external
def set_terms(point: bytes32, operator: address, document: bytes32):
    """
    @notice Another operator, other prices. The host's. Quotes on other prices are void from now on; bookings stay as they are.
    @param point The charge point.
    @param operator Who signs and reports.
    @param document Hash of the prices in words.
    """
    assert msg.sender == self.hosts[point], "charging: not the host"
    assert operator != empty(address), "charging: zero address"
    self._save_terms(point, operator, document)
    log PointChanged(point=point, operator=operator, payee=self._payee(point), document=document)


@external
def set_payee(point: bytes32, payee: address):
    """
    @notice Who is paid from now on. The present payee's alone: so a host cannot turn away what a financier was promised.
    @param point The charge point.
    @param payee The new one.
    """
    assert msg.sender == self._payee(point), "charging: not the payee"
    assert payee != empty(address), "charging: zero address"
    self._save_payee(point, payee, self.payees[point] >> 160)
    log PointChanged(
        point=point, operator=self.operator_of[point], payee=payee, document=self.document_of[point]
    )


@external
def set_meter(point: bytes32, key: address, form: bytes32, wh_scale: uint256, since: uint256):
    """
    @notice The charge point's meter from `since` on. The registrar's, if there is one, else the host's. Never dated back:
            old sessions are proven by the key of their time. A key belongs to one charge point.
    @param point The charge point.
    @param key Address of the meter's public key.
    @param form What stands around the values of its records, hashed piece by piece.
    @param wh_scale Wh of the unit its records are in: 1 or 1000.
    @param since Unix seconds, not before now.
    """
    host: address = self.hosts[point]
    assert host != empty(address), "charging: no such point"
    assert msg.sender == (host if registrar == empty(address) else registrar), "charging: not the registrar"
    assert key != empty(address), "charging: zero address"
    assert self.point_of_key[key] == empty(bytes32), "charging: key in use"
    assert wh_scale == 1 or wh_scale == 1_000, "charging: unit"
    assert since >= block.timestamp and since <= DATE, "charging: dated back"
    version: uint256 = self.meter_count[point]
    if version > 0:
        before: uint256 = self.meters[point][version - 1]
        assert since > (before >> 160) & DATE, "charging: dated back"
        self.meters[point][version - 1] = before | (since << 216)
    self.meters[point][version] = convert(key, uint256) | (since << 160) | (wh_scale << 200)
    self.form_of[point][version] = form
    self.meter_count[point] = version + 1
    self.point_of_key[key] = point
    log MeterSet(point=point, version=version, key=key, form=form, wh_scale=wh_scale, since=since)


@external
def add_stake(point: bytes32, amount: uint256):
    """
    @notice Pays into what answers for the host towards guests. Anyone may.
    @param point The charge point.
    @param amount µ.
    """
    assert self.hosts[point] != empty(address), "charging: no such point"
    assert amount > 0 and amount <= AMOUNT_MAX, "charging: amount out of range"
    self._save_stake(point, self.stakes[point] + amount)
    self._pull(msg.sender, amount)


@external
def take_stake(point: bytes32, amount: uint256):
    """
    @notice Takes free stake back, into what the host may withdraw. The host's.
    @param point The charge point.
    @param amount µ, at most what is free.
    """
    host: address = self.hosts[point]
    assert msg.sender == host, "charging: not the host"
    word: uint256 = self.stakes[point]
    assert amount > 0 and amount <= word & HALF, "charging: stake is bound"
    self._save_stake(point, word - amount)
    self.purses[host] += amount


@external
def keep_out(point: bytes32, first_slot: uint256, slots: uint256, blocked: bool):
    """
    @notice Keeps slots out of the calendar, or gives them back to it; `day` shows them. The host's or its operator's.
    @param point The charge point.
    @param first_slot First slot.
    @param slots How many, 1 to 96.
    @param blocked Keep out, or give back.
    """
    self._only_host(point)
    assert slots > 0 and slots <= DAY_SLOTS and first_slot <= DATE, "charging: slots out of range"
    day: uint256 = first_slot // DAY_SLOTS
    mask: uint256 = ((1 << slots) - 1) << (first_slot % DAY_SLOTS)
    self._keep_out(point, day, mask & MASK, blocked)
    if mask >> 96 != 0:
        self._keep_out(point, day + 1, mask >> 96, blocked)


@external
def book(booking: Booking, signature: Bytes[65]) -> bytes32:
    """
    @notice Books and pays the deposit in, out of the caller's tokens. With the operator's signature on these terms the
            place is reserved at once; without one it is a request, which holds no slot until the host confirms it.
    @param booking The terms; the driver is the caller.
    @param signature EIP-712, 65 bytes, or empty.
    @return What the booking is known by.
    """
    assert msg.sender == booking.driver, "charging: not the driver"
    id: bytes32 = self._id(booking)
    assert self.stays[id] == 0, "charging: booked already"
    self._check(booking)
    state: uint256 = PENDING
    if len(signature) > 0:
        # The domain is computed each time: on a fork with another chain id these quotes must not count.
        domain: bytes32 = keccak256(abi_encode(DOMAIN_TYPE, NAME, VERSION, chain.id, self))
        signer: address = self._signer(books._digest(domain, id), signature)
        if keccak256(abi_encode(signer, booking.document)) != self.seals[booking.point]:
            self._check_terms(booking)
            raise "charging: signature"
        state = RESERVED
        self._reserve(booking)
    else:
        self._check_terms(booking)
    self.stays[id] = state | (block.timestamp << 8)
    log Asked(id=id, point=booking.point, driver=booking.driver, state=state, terms=booking)
    self._pull(booking.driver, booking.deposit)
    return id


@external
def confirm(booking: Booking):
    """
    @notice Takes a request: the place is reserved. The host's or its operator's, within 15 minutes and before it begins.
    @param booking The terms.
    """
    id: bytes32 = self._id(booking)
    self._open(id, booking, PENDING)
    self._only_host(booking.point)
    self._reserve(booking)
    self.stays[id] = RESERVED | (block.timestamp << 8)
    log Moved(id=id, state=RESERVED)


@external
def reject(booking: Booking):
    """
    @notice Turns a request down: everything goes back. The host's or its operator's.
    @param booking The terms.
    """
    id: bytes32 = self._id(booking)
    word: uint256 = self._open(id, booking, PENDING)
    self._only_host(booking.point)
    self._end(id, word, booking, REJECTED, 0, 0, 0, False)


@external
def cancel(booking: Booking):
    """
    @notice Gives a booking up. By the driver: free until the terms' time, then for the fee of staying away; a request is
            always free. By the host or its operator: everything goes back, and the compensation out of the stake.
    @param booking The terms.
    """
    id: bytes32 = self._id(booking)
    if msg.sender == booking.driver:
        word: uint256 = self.stays[id]
        if word & 255 == PENDING:
            self._end(id, word, booking, CANCELED_DRIVER, 0, 0, 0, False)
            return
        self._open(id, booking, RESERVED)
        fee: uint256 = 0
        if block.timestamp >= booking.free_until:
            fee = booking.no_show_fee
        self._end(id, word, booking, CANCELED_DRIVER, 0, fee, 0, True)
        return
    word: uint256 = self._open(id, booking, RESERVED)
    self._only_host(booking.point)
    self._end(id, word, booking, CANCELED_HOST, 0, 0, booking.compensation, True)


@external
def extend(booking: Booking):
    """
    @notice A late driver asks to be waited for 30 minutes more, once: the stay then ends two slots later, which must be free.
    @param booking The terms.
    """
    id: bytes32 = self._id(booking)
    word: uint256 = self._open(id, booking, RESERVED)
    assert msg.sender == booking.driver, "charging: not the driver"
    assert word & EXTENDED == 0, "charging: extended already"
    # With more it could touch a third day.
    assert booking.slots <= DAY_SLOTS - EXTENSION, "charging: too long to extend"
    self._take(booking.point, booking.first_slot + booking.slots, EXTENSION)
    self.stays[id] = word | EXTENDED
    log Extended(id=id)


@external
def claim_offline(booking: Booking):
    """
    @notice The driver stands before a charge point that does not work. Needs nobody else: after 24 hours everything goes
            back, unless somebody shows that the charge point's meter worked at that time.
    @param booking The terms.
    """
    id: bytes32 = self._id(booking)
    word: uint256 = self._open(id, booking, RESERVED)
    assert msg.sender == booking.driver, "charging: not the driver"
    assert block.timestamp >= booking.first_slot * SLOT, "charging: too early"
    self._free(booking.point, booking.first_slot, booking.slots, word)
    self._move(id, OFFLINE)


@external
def refute_offline(booking: Booking, record: Record):
    """
    @notice Shows a record of a session that began in the booked time, at most 15 minutes after the driver's word. If it is
            the driver's own, the stay is settled by it; else the driver stayed away. Anyone may.
    @param booking The terms.
    @param record The meter's.
    """
    id: bytes32 = self._id(booking)
    word: uint256 = self._open(id, booking, OFFLINE)
    shown: Shown = self._read(booking, word, record)
    assert shown.began <= ((word >> 8) & DATE) + SLOT, "charging: time window"
    if shown.tag == booking.tag:
        self._end(id, word, booking, RESOLVED, shown.wh, self._fee(booking, word, shown.wh, shown.began, shown.ended), 0, True)
    else:
        self._end(id, word, booking, NO_SHOW, 0, booking.no_show_fee, 0, True)


@external
def start(booking: Booking):
    """
    @notice The guest charges. The host's or its operator's, from five minutes before on.
    @param booking The terms.
    """
    id: bytes32 = self._id(booking)
    word: uint256 = self._open(id, booking, RESERVED)
    self._only_host(booking.point)
    assert block.timestamp + EARLY >= booking.first_slot * SLOT, "charging: too early"
    self.stays[id] = CHARGING | (block.timestamp << 8) | (word & EXTENDED)
    log Moved(id=id, state=CHARGING)


@external
def stop(booking: Booking, wh: uint256, began: uint256, ended: uint256, page: uint256):
    """
    @notice The reading of a session that is over. The host's or its operator's. The driver has 24 hours to dispute it.
    @param booking The terms.
    @param wh Energy, Wh.
    @param began First second, unix.
    @param ended Last second, unix, not after now.
    @param page Number of the meter's record, which alone decides if the reading is disputed.
    """
    id: bytes32 = self._id(booking)
    word: uint256 = self._open(id, booking, CHARGING)
    self._only_host(booking.point)
    assert ended <= block.timestamp and page <= PAGES, "charging: reading out of range"
    self._check_usage(booking, word, wh, began, ended)
    fee: uint256 = self._fee(booking, word, wh, began, ended)
    self._free(booking.point, booking.first_slot, booking.slots, word)
    self.stays[id] = (
        CHALLENGE | (block.timestamp << 8) | (fee << 48) | (wh << 112) | (page << 144) | (word & EXTENDED)
    )
    log Claimed(id=id, wh=wh, began=began, ended=ended, page=page, fee=fee)


@external
def dispute(booking: Booking):
    """
    @notice The driver says that the reading is false: within 72 hours it has to be shown as the meter signed it.
    @param booking The terms.
    """
    id: bytes32 = self._id(booking)
    self._open(id, booking, CHALLENGE)
    assert msg.sender == booking.driver, "charging: not the driver"
    self._move(id, DISPUTED)


@external
def prove(booking: Booking, record: Record):
    """
    @notice Settles a stay by the meter's signed record. Anyone's while a reading can be disputed or is; the host's or its
            operator's if none came yet. If the reading claimed more, the driver gets the compensation; if the
            driver disputed one that did not, it pays as if it had stayed away.
    @param booking The terms.
    @param record The meter's.
    """
    id: bytes32 = self._id(booking)
    word: uint256 = self.stays[id]
    state: uint256 = word & 255
    assert state == CHARGING or state == CHALLENGE or state == DISPUTED, "charging: not in this state"
    self._in_time(booking.first_slot, booking.slots, word)
    shown: Shown = self._read(booking, word, record)
    assert shown.tag == booking.tag, "charging: tag"
    fee: uint256 = self._fee(booking, word, shown.wh, shown.began, shown.ended)
    if state == CHARGING:
        # Of two records of one stay, the driver would choose the smaller.
        self._only_host(booking.point)
        self._end(id, word, booking, RESOLVED, shown.wh, fee, 0, True)
        return
    assert shown.page == (word >> 144) & PAGES, "charging: page"
    if fee < (word >> 48) & LANE:
        self._end(id, word, booking, RESOLVED, shown.wh, fee, booking.compensation, True)
        return
    if state == DISPUTED:
        fee = min(fee + booking.no_show_fee, booking.deposit)
    self._end(id, word, booking, RESOLVED, shown.wh, fee, 0, True)


@external
def poke(booking: Booking):
    """
    @notice Does what time has done to a booking: a request nobody took, a guest who did not come, a reading nobody
            disputed or nobody showed. Anyone's.
    @param booking The terms.
    """
    id: bytes32 = self._id(booking)
    word: uint256 = self.stays[id]
    state: uint256 = word & 255
    assert state != 0 and state < FULFILLED, "charging: not in this state"
    assert block.timestamp >= self._due(booking.first_slot, booking.slots, word), "charging: not yet"
    if state == PENDING:
        self._end(id, word, booking, REJECTED, 0, 0, 0, False)
    elif state == RESERVED:
        self._end(id, word, booking, NO_SHOW, 0, booking.no_show_fee, 0, True)
    elif state == CHALLENGE:
        self._end(id, word, booking, FULFILLED, (word >> 112) & SHORT, (word >> 48) & LANE, 0, True)
    elif state == DISPUTED:
        self._end(id, word, booking, RESOLVED, 0, 0, booking.compensation, True)
    else:
        self._end(id, word, booking, CANCELED_OFFLINE, 0, 0, 0, True)


@external
def withdraw(party: address) -> uint256:
    """
    @notice Brings a party what it may withdraw. Anyone may; it can only go to that party.
    @param party The party.
    @return µ.
    """
    word: uint256 = self.purses[party]
    amount: uint256 = word & MASK
    self.purses[party] = word - amount
    if amount > 0:
        log Withdrawn(party=party, amount=amount)
        self._push(party, amount)
    return amount


# ── Views ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

@external
@view
def point(point: bytes32) -> (address, uint256):
    """
    @notice Host and rated power of a charge point.
    @param point The charge point.
    @return The host; W.
    """
    return self.hosts[point], self.payees[point] >> 160


@external
@view
def payee_of(point: bytes32) -> address:
    """
    @notice Who is paid.
    @param point The charge point.
    @return The payee.
    """
    return self._payee(point)


@external
@view
def meter(point: bytes32, version: uint256) -> (address, uint256, uint256):
    """
    @notice One of a charge point's meters.
    @param point The charge point.
    @param version Which one, from 0.
    @return Key; since when, unix s; Wh of its unit.
    """
    word: uint256 = self.meters[point][version]
    return convert(word & OWNER, address), (word >> 160) & DATE, (word >> 200) & UNIT


@external
@view
def stake(point: bytes32) -> (uint256, uint256):
    """
    @notice What answers for a host.
    @param point The charge point.
    @return Free; bound to open bookings, µ.
    """
    word: uint256 = self.stakes[point]
    return word & HALF, word >> 128


@external
@view
def day(point: bytes32, number: uint256) -> (uint256, uint256):
    """
    @notice A day of the calendar, bit i for its slot i.
    @param point The charge point.
    @param number Unix seconds // 86400.
    @return Slots taken; slots kept out by the host.
    """
    word: uint256 = self.days[point][number]
    return word & MASK, word >> 96


@external
@view
def stay(id: bytes32) -> (uint256, uint256, uint256, uint256, uint256, bool):
    """
    @notice Where a booking stands.
    @param id The booking.
    @return State; since when, unix s; fee, µ; energy, Wh; page of the record; extended?
    """
    word: uint256 = self.stays[id]
    return (
        word & 255, (word >> 8) & DATE, (word >> 48) & LANE, (word >> 112) & SHORT, (word >> 144) & PAGES,
        word & EXTENDED != 0
    )


@external
@view
def purse(party: address) -> (uint256, uint256, uint256):
    """
    @notice What a party may withdraw, and what it was paid of all time.
    @param party The party.
    @return Withdrawable, µ; fees, µ; energy, Wh.
    """
    word: uint256 = self.purses[party]
    return word & MASK, (word >> 96) & MASK, (word & ~USED) >> 192


@external
@view
def id_of(booking: Booking) -> bytes32:
    """
    @notice What a booking is known by.
    @param booking The terms.
    @return Their EIP-712 hash.
    """
    return self._id(booking)


@external
@view
def read(booking: Booking, record: Record) -> Shown:
    """
    @notice What a record proves of a booking, if it proves anything; reverts with the reason otherwise.
    @param booking The terms.
    @param record The meter's.
    @return Page, hash of the identification, Wh, begin and end, unix s.
    """
    return self._read(booking, self.stays[self._id(booking)], record)


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@pure
def _id(booking: Booking) -> bytes32:
    """
    @dev The EIP-712 hash of the terms.
    """
    return keccak256(abi_encode(BOOKING_TYPE, booking))


@internal
@view
def _payee(point: bytes32) -> address:
    """
    @dev Who is paid.
    """
    return convert(self.payees[point] & OWNER, address)


@internal
def _save_payee(point: bytes32, payee: address, rated_w: uint256):
    """
    @dev Writes who is paid. Its purse is opened here, so that nobody who settles a stay pays for a new word.
    """
    self.payees[point] = convert(payee, uint256) | (rated_w << 160)
    self.purses[payee] |= USED


@internal
def _save_terms(point: bytes32, operator: address, document: bytes32):
    """
    @dev Writes whose quotes on which prices count.
    """
    self.operator_of[point] = operator
    self.document_of[point] = document
    self.seals[point] = keccak256(abi_encode(operator, document))


@internal
@view
def _check_terms(booking: Booking):
    """
    @dev The charge point is there, and its prices are those of the terms.
    """
    assert self.hosts[booking.point] != empty(address), "charging: no such point"
    assert self.document_of[booking.point] == booking.document, "charging: prices changed"


@internal
@pure
def _signer(digest: bytes32, signature: Bytes[65]) -> address:
    """
    @dev Who signed, r ‖ s ‖ v, by the rules of `books._is_signed`; nobody is the zero address, which is no operator.
    """
    if len(signature) != 65:
        return empty(address)
    s: uint256 = convert(extract32(signature, 32), uint256)
    v: uint256 = convert(convert(slice(signature, 64, 1), bytes1), uint256)
    if s > books.HALF_ORDER or (v != 27 and v != 28):
        return empty(address)
    return ecrecover(digest, v, convert(extract32(signature, 0), uint256), s)


@internal
@view
def _only_host(point: bytes32):
    """
    @dev The host or the key that works for it.
    """
    assert msg.sender == self.operator_of[point] or msg.sender == self.hosts[point], "charging: not the host"


@internal
@view
def _check(booking: Booking):
    """
    @dev The bounds of all terms: within them nothing here overflows, and no slot is more than 400 days ahead.
    """
    assert booking.slots > 0 and booking.slots <= DAY_SLOTS, "charging: slots out of range"
    assert booking.first_slot <= block.timestamp // SLOT + AHEAD_SLOTS, "charging: slots out of range"
    end: uint256 = (booking.first_slot + booking.slots) * SLOT
    assert end > block.timestamp + EARLY, "charging: slots out of range"
    assert booking.deposit > 0 and booking.deposit <= AMOUNT_MAX, "charging: deposit out of range"
    assert booking.no_show_fee <= booking.deposit, "charging: fee above the deposit"
    assert booking.compensation <= AMOUNT_MAX and booking.session_fee <= AMOUNT_MAX, "charging: price out of range"
    assert max(booking.kwh_price, max(booking.minute_price, booking.idle_price)) <= PRICE_MAX, "charging: price out of range"
    assert booking.quiet_from <= booking.quiet_to and booking.quiet_to <= 2**40, "charging: quiet hours"
    assert booking.tag != empty(bytes32), "charging: tag"
    assert booking.expires >= block.timestamp, "charging: quote expired"
    assert booking.expires <= block.timestamp + QUOTE, "charging: quote too long"


@internal
def _reserve(booking: Booking):
    """
    @dev Takes the slots and binds the host's stake.
    """
    if booking.compensation > 0:
        word: uint256 = self.stakes[booking.point]
        assert word & HALF >= booking.compensation, "charging: stake too small"
        self.stakes[booking.point] = word - booking.compensation + (booking.compensation << 128)
    self._take(booking.point, booking.first_slot, booking.slots)


@internal
def _save_stake(point: bytes32, word: uint256):
    """
    @dev Writes a stake.
    """
    self.stakes[point] = word
    log StakeChanged(point=point, free=word & HALF, bound=word >> 128)


@internal
def _take(point: bytes32, first_slot: uint256, slots: uint256):
    """
    @dev Takes slots that must be free: whoever comes second is refused.
    """
    day: uint256 = first_slot // DAY_SLOTS
    mask: uint256 = ((1 << slots) - 1) << (first_slot % DAY_SLOTS)
    self._take_day(point, day, mask & MASK)
    if mask >> 96 != 0:
        self._take_day(point, day + 1, mask >> 96)


@internal
def _take_day(point: bytes32, day: uint256, mask: uint256):
    """
    @dev The part of one day.
    """
    word: uint256 = self.days[point][day]
    assert (word | (word >> 96)) & mask == 0, "charging: not free"
    self.days[point][day] = word | mask


@internal
def _keep_out(point: bytes32, day: uint256, mask: uint256, blocked: bool):
    """
    @dev The part of one day of `keep_out`.
    """
    word: uint256 = self.days[point][day]
    if blocked:
        assert word & mask == 0, "charging: not free"
        self.days[point][day] = word | (mask << 96)
    else:
        self.days[point][day] = word & ~(mask << 96)


@internal
def _free(point: bytes32, first_slot: uint256, booked: uint256, word: uint256):
    """
    @dev Gives all slots of a stay back, an extension counted; those that are over nobody can book.
    """
    slots: uint256 = booked
    if word & EXTENDED != 0:
        slots += EXTENSION
    day: uint256 = first_slot // DAY_SLOTS
    mask: uint256 = ((1 << slots) - 1) << (first_slot % DAY_SLOTS)
    self.days[point][day] &= ~(mask & MASK)
    if mask >> 96 != 0:
        self.days[point][day + 1] &= ~(mask >> 96)


@internal
def _move(id: bytes32, state: uint256):
    """
    @dev Another state, from now on; the rest of the word stays.
    """
    self.stays[id] = (self.stays[id] >> 48 << 48) | state | (block.timestamp << 8)
    log Moved(id=id, state=state)


@internal
@view
def _open(id: bytes32, booking: Booking, state: uint256) -> uint256:
    """
    @dev The booking's word, if it is in that state and time has not ended it.
    """
    word: uint256 = self.stays[id]
    assert word & 255 == state, "charging: not in this state"
    self._in_time(booking.first_slot, booking.slots, word)
    return word


@internal
@view
def _in_time(first_slot: uint256, slots: uint256, word: uint256):
    """
    @dev What only waits for a poke is over.
    """
    assert block.timestamp < self._due(first_slot, slots, word), "charging: too late"


@internal
@pure
def _end_of(end_slot: uint256, word: uint256) -> uint256:
    """
    @dev When a stay that was booked up to this slot ends, an extension counted.
    """
    if word & EXTENDED != 0:
        return (end_slot + EXTENSION) * SLOT
    return end_slot * SLOT


@internal
@pure
def _due(first_slot: uint256, slots: uint256, word: uint256) -> uint256:
    """
    @dev From when on time ends the present state of an open booking; see `poke`.
    """
    state: uint256 = word & 255
    since: uint256 = (word >> 8) & DATE
    begin: uint256 = first_slot * SLOT
    if state == PENDING:
        return min(since + CONFIRM, begin)
    if state == RESERVED:
        hold: uint256 = HOLD
        if word & EXTENDED != 0:
            hold = 2 * HOLD
        return min(begin + hold, self._end_of(first_slot + slots, word))
    if state == CHARGING:
        return self._end_of(first_slot + slots, word) + LATE
    if state == DISPUTED:
        return since + LATE
    return since + CHALLENGE_TIME


@internal
@view
def _check_usage(booking: Booking, word: uint256, wh: uint256, began: uint256, ended: uint256):
    """
    @dev A session begins within the stay (five minutes earlier, so that no record fits two), ends after it begins, and
         takes no more than the charge point can give.
    """
    assert began + EARLY >= booking.first_slot * SLOT, "charging: time window"
    assert began + EARLY < self._end_of(booking.first_slot + booking.slots, word), "charging: time window"
    assert ended >= began, "charging: time"
    most: uint256 = (self.payees[booking.point] >> 160) * (ended - began + 60) * PLAUSIBLE_BPS // (3_600 * 10_000)
    assert wh <= min(most, WH_MAX), "charging: more than rated power"


@internal
@pure
def _fee(booking: Booking, word: uint256, wh: uint256, began: uint256, ended: uint256) -> uint256:
    """
    @dev Every part rounded down; without a Wh only an over-stay costs; never more than the deposit.
    """
    end: uint256 = self._end_of(booking.first_slot + booking.slots, word)
    fee: uint256 = 0
    if wh > 0:
        fee = wh * booking.kwh_price // 1_000 + booking.session_fee
        until: uint256 = min(ended, end)
        if until > began:
            fee += (until - began) // 60 * booking.minute_price
    over: uint256 = end + GRACE
    if ended > over:
        loud: uint256 = ended - over
        quiet_from: uint256 = max(over, booking.quiet_from)
        quiet_to: uint256 = min(ended, booking.quiet_to)
        if quiet_to > quiet_from:
            loud -= quiet_to - quiet_from
        fee += loud // 60 * booking.idle_price
    return min(fee, booking.deposit)


@internal
def _end(
    id: bytes32,
    word: uint256,
    booking: Booking,
    state: uint256,
    wh: uint256,
    fee: uint256,
    from_stake: uint256,
    reserved: bool,
):
    """
    @dev Ends the booking of this word. Pays everybody: the whole deposit, and what the stake owes; the rest of what was bound of it is free again.
    """
    before: uint256 = word & 255
    if reserved and before != CHALLENGE and before != DISPUTED and before != OFFLINE:
        self._free(booking.point, booking.first_slot, booking.slots, word)
    if reserved and booking.compensation > 0:
        self.stakes[booking.point] -= (booking.compensation << 128) - (booking.compensation - from_stake)
    back: uint256 = booking.deposit - fee + from_stake
    self.stays[id] = (
        state | (block.timestamp << 8) | (fee << 48) | (wh << 112) | (word & (PAGES << 144)) | (word & EXTENDED)
    )
    if fee > 0:
        payee: address = self._payee(booking.point)
        self.purses[payee] += fee | (fee << 96) | (wh << 192)
    if back > 0:
        self.purses[booking.driver] = (self.purses[booking.driver] + back) | USED
    log Ended(
        id=id, point=booking.point, driver=booking.driver, state=state, wh=wh, fee=fee, back=back
    )


@internal
@view
def _read(booking: Booking, word: uint256, record: Record) -> Shown:
    """
    @dev What a record says, if the meter of that time signed it, it has that meter's form, and the session fits the stay.
    """
    meter: uint256 = self.meters[booking.point][record.version]
    assert meter != 0, "charging: no such meter"
    shown: Shown = staticcall IReader(reader).read(
        record.payload, record.cuts, record.signature, convert(meter & OWNER, address), (meter >> 200) & UNIT
    )
    assert shown.form == self.form_of[booking.point][record.version], "charging: form"
    assert (meter >> 160) & DATE <= shown.began, "charging: meter of another time"
    until: uint256 = meter >> 216
    assert until == 0 or until > shown.began, "charging: meter of another time"
    self._check_usage(booking, word, shown.wh, shown.began, shown.ended)
    # A later session of the same guest may lie in a stay that was ended early: it is not this one's.
    latest: uint256 = block.timestamp
    if word & 255 == CHALLENGE or word & 255 == DISPUTED:
        latest = (word >> 8) & DATE
    assert shown.ended <= latest + EARLY, "charging: time window"
    return shown


@internal
def _pull(payer: address, amount: uint256):
    """
    @dev Takes exactly `amount`.
    """
    held: uint256 = staticcall IERC20(token).balanceOf(self)
    moved: bool = extcall IERC20(token).transferFrom(payer, self, amount, default_return_value=True)
    assert moved, "charging: token refused"
    assert staticcall IERC20(token).balanceOf(self) == held + amount, "charging: token moved another amount"


@internal
def _push(to: address, amount: uint256):
    """
    @dev Pays exactly `amount`: a token that takes more would take it from the others.
    """
    held: uint256 = staticcall IERC20(token).balanceOf(self)
    moved: bool = extcall IERC20(token).transfer(to, amount, default_return_value=True)
    assert moved, "charging: token refused"
    assert staticcall IERC20(token).balanceOf(self) == held - amount, "charging: token moved another amount"
