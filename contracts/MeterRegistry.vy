# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy off
"""
@title Meter Registry
@custom:contract-name MeterRegistry
@license AGPL-3.0-only
@author The Sunfair developers
@notice The public part of a register of meter points, electricity and gas. Registrars enter points by the million under
        one root; a point is opened from its batch when something about it first has to stand on the chain: its
        customer, and the keys of its meters with their dates. Identifiers never stand here: a point is its commitment
        (salted) and its nullifier (keyed), and both are noise to whoever lacks the registrars' secret.
        One point stands in the register once: of two entries with one nullifier the earlier batch wins, or the earlier
        place in it, whoever opened which first.
        A market takes its meters from here and from nowhere else: a point's customer has it join an account of its own,
        and every key that the registrar binds from then on is told to that market in the same call. A point feeds one
        account at a time, an account is fed by one point.
        Nothing costs a fee, and a registrar need not even pay the gas: what it signs anyone may send.
        Rules: docs/registry-spec.md.
@custom:kill Nobody can stop it. The governor names who is registrar, supplier or auditor, and can name nobody.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

interface IMarket:
    def courts() -> address[5]: view
    def owner_of(account: uint256) -> address: view
    def slot_seconds() -> uint256: view
    def set_meter(account: uint256, key: address, from_slot: uint256, import_wh: uint256, export_wh: uint256): nonpayable


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import book_proofs as books
from . import court_proofs as proofs


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice Bits of a party's roles.
REGISTRAR: public(constant(uint256)) = 1
SUPPLIER: public(constant(uint256)) = 2
AUDITOR: public(constant(uint256)) = 4

# @notice Most points of a batch; a path has a step for each power of two.
BATCH_STEPS: constant(uint256) = 26
BATCH_MAX: public(constant(uint256)) = 2**BATCH_STEPS

# @dev Most dated keys of a point: bounds what it costs to find the right one.
DEVICES_MAX: constant(uint256) = 64

# @dev What telling a market that a point left may cost, and what must be left of the gas for that.
LEAVE_GAS: constant(uint256) = 200_000
LEFT_GAS: constant(uint256) = 250_000

DAY: constant(uint256) = 86_400

# @dev Place of the register among what a market obeys.
REGISTRY: constant(uint256) = 4

# @dev First byte of a leaf's preimage.
TAG_POINT: constant(Bytes[1]) = x"22"

DOMAIN: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
NAME: constant(bytes32) = keccak256("Sunfair Registry")
VERSION: constant(bytes32) = keccak256("1")
JOIN: constant(bytes32) = keccak256("Join(bytes32 point,address market,uint64 account,uint64 nonce,uint64 deadline)")
BATCH: constant(bytes32) = keccak256("Batch(address registrar,bytes32 root,uint64 points,uint64 nonce,uint64 deadline)")


# ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────────

event GovernorNamed:
    governor: indexed(address)

event RolesSet:
    party: indexed(address)
    roles: uint256

event BatchRegistered:
    number: indexed(uint256)
    registrar: indexed(address)
    root: bytes32
    points: uint256

event PointOpened:
    point: indexed(bytes32)
    batch: indexed(uint256)
    index: uint256

event DuplicateRefuted:
    point: indexed(bytes32)
    batch: indexed(uint256)
    index: uint256

event OwnerSet:
    point: indexed(bytes32)
    owner: address

event DeviceBound:
    point: indexed(bytes32)
    key: indexed(address)
    since: uint256
    import_wh: uint256
    export_wh: uint256

event PointErased:
    point: indexed(bytes32)

event Joined:
    # @notice Keys bound to `point` from now on are the meters of `account` in `market`.
    point: indexed(bytes32)
    market: indexed(address)
    account: indexed(uint256)

event Left:
    # @notice `point` feeds `account` of `market` no more; `told` whether the market took that.
    point: indexed(bytes32)
    market: indexed(address)
    account: indexed(uint256)
    told: bool


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

struct Batch:
    root: bytes32
    points: uint256
    registrar: address

# @notice `place` is 0 until the point is opened, then 2³²·batch + index + 1; owner_since unix seconds.
struct Point:
    place: uint256
    commitment: bytes32
    registrar: address
    owner: address
    owner_since: uint256

struct Device:
    key: address
    since: uint256
    import_wh: uint256
    export_wh: uint256

# @notice Which account of which market a point feeds, and the length of that market's slots.
struct Membership:
    market: address
    account: uint256
    slot_seconds: uint256

# @notice Who names parties.
governor: public(address)

# @notice Role bits by party.
roles: public(HashMap[address, uint256])

# @notice Number of batches, and each by its number.
batch_count: public(uint256)
batches: public(HashMap[uint256, Batch])

# @notice Points by nullifier.
points: public(HashMap[bytes32, Point])

# @notice Next nonce of what somebody signs here.
nonces: public(HashMap[address, uint256])

# @dev Dated keys by point and number, and the point a key belongs to for ever.
device_count: public(HashMap[bytes32, uint256])
devices: HashMap[bytes32, HashMap[uint256, Device]]
point_of: public(HashMap[address, bytes32])

# @notice By point, where it joined; by market and account, the point that feeds it.
memberships: public(HashMap[bytes32, Membership])
point_at: public(HashMap[address, HashMap[uint256, bytes32]])


# ── Constructor ───────────────────────────────────────────────────────────────────────────────────────────────────────

@deploy
def __init__(governor: address):
    """
    @notice Makes an empty register.
    @param governor Who names registrars, suppliers and auditors.
    """
    assert governor != empty(address), "registry: zero address"
    self.governor = governor
    log GovernorNamed(governor=governor)


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def name_governor(governor: address):
    """
    @notice Hands the naming of parties over. The governor only.
    @param governor The next one.
    """
    assert msg.sender == self.governor, "registry: governor only"
    assert governor != empty(address), "registry: zero address"
    self.governor = governor
    log GovernorNamed(governor=governor)


@external
def set_roles(party: address, roles: uint256):
    """
    @notice Says what a party may do from now on. The governor only.
    @param party An address.
    @param roles Bits REGISTRAR, SUPPLIER, AUDITOR; 0 for nothing.
    """
    assert msg.sender == self.governor, "registry: governor only"
    assert roles < 8, "registry: unknown role"
    self.roles[party] = roles
    log RolesSet(party=party, roles=roles)


@external
def register_batch(root: bytes32, points: uint256) -> uint256:
    """
    @notice Enters a batch of points. Registrars only; free.
    @param root Root over its leaves.
    @param points Number of its points.
    @return Its number.
    """
    return self._register(msg.sender, root, points)


@external
def register_batch_for(
    registrar: address, root: bytes32, points: uint256, deadline: uint256, signature: Bytes[65]
) -> uint256:
    """
    @notice The same, sent by anyone, who pays the gas, and signed by the registrar with its next nonce.
    @param registrar Whose batch it is.
    @param root Root over its leaves.
    @param points Number of its points.
    @param deadline Last moment it may be sent, unix seconds.
    @param signature The registrar's, r ‖ s ‖ v.
    @return Its number.
    """
    assert block.timestamp <= deadline, "registry: too late"
    nonce: uint256 = self.nonces[registrar]
    self.nonces[registrar] = nonce + 1
    signed: bytes32 = keccak256(abi_encode(BATCH, registrar, root, points, nonce, deadline))
    assert books._is_signed(books._digest(self._separator(), signed), signature, registrar), "registry: signature"
    return self._register(registrar, root, points)


@external
def open_point(
    batch: uint256, index: uint256, commitment: bytes32, point: bytes32, path: DynArray[bytes32, BATCH_STEPS]
):
    """
    @notice Opens a point from its batch. Anyone who has its path. Where the same nullifier was opened from a later
            place, that was a second entry of one point: it is refuted, and with it all that was said of it.
    @param batch Number of the batch.
    @param index The point's place in it.
    @param commitment The point's commitment.
    @param point The point's nullifier.
    @param path Sibling hashes from its leaf up.
    """
    held: Batch = self.batches[batch]
    leaf: bytes32 = keccak256(concat(TAG_POINT, commitment, point))
    self._check_path(leaf, index, held.points, path, held.root)
    place: uint256 = (batch << 32) + index + 1
    opened: uint256 = self.points[point].place
    assert opened == 0 or place < opened, "registry: entered before"
    if opened != 0:
        self.device_count[point] = 0
        log DuplicateRefuted(point=point, batch=(opened - 1) >> 32, index=(opened - 1) & (2**32 - 1))
    self.points[point] = Point(
        place=place, commitment=commitment, registrar=held.registrar, owner=empty(address), owner_since=0
    )
    log PointOpened(point=point, batch=batch, index=index)
    self._leave(point)


@external
def set_owner(point: bytes32, owner: address):
    """
    @notice Says whose point it is from now on. Its registrar only. With another customer it leaves the market it is in.
    @param point An opened point.
    @param owner The customer's address.
    """
    self._only_registrar(point)
    assert owner != empty(address), "registry: zero address"
    another: bool = owner != self.points[point].owner
    self.points[point].owner = owner
    self.points[point].owner_since = block.timestamp
    log OwnerSet(point=point, owner=owner)
    if another:
        self._leave(point)


@external
def bind_device(point: bytes32, key: address, since: uint256, import_wh: uint256, export_wh: uint256):
    """
    @notice Says which key signs the point's readings from a date on, and where its registers begin. Its registrar only.
            What is past stands: no date before now, none before the last one; but a last one that lies ahead is replaced.
            A key measures one point in its life.
            If the point joined a market, the market hears of it in this call, and refuses a date before the next UTC day.
    @param point An opened point.
    @param key The device's address.
    @param since Unix seconds.
    @param import_wh Its import register then.
    @param export_wh Its export register then.
    """
    self._only_registrar(point)
    assert key != empty(address), "registry: zero address"
    assert since >= block.timestamp and since < 2**40, "registry: not dated ahead"
    assert max(import_wh, export_wh) < 2**63, "registry: register out of range"
    owned: bytes32 = self.point_of[key]
    assert owned == empty(bytes32) or owned == point, "registry: key of another point"
    count: uint256 = self.device_count[point]
    if count > 0:
        ahead: uint256 = self.devices[point][count - 1].since
        if ahead > block.timestamp and ahead >= since:
            count -= 1
    assert count < DEVICES_MAX, "registry: too many keys"
    if count > 0:
        assert since > self.devices[point][count - 1].since, "registry: not dated ahead"
    self.point_of[key] = point
    self.devices[point][count] = Device(key=key, since=since, import_wh=import_wh, export_wh=export_wh)
    self.device_count[point] = count + 1
    log DeviceBound(point=point, key=key, since=since, import_wh=import_wh, export_wh=export_wh)
    joined: Membership = self.memberships[point]
    if joined.market != empty(address):
        # The first slot that begins no earlier than the key.
        from_slot: uint256 = (since + joined.slot_seconds - 1) // joined.slot_seconds
        extcall IMarket(joined.market).set_meter(joined.account, key, from_slot, import_wh, export_wh)


@external
def join(point: bytes32, market: address, account: uint256):
    """
    @notice Has a point feed an account of a market: whoever is the customer of the one and the owner of the other. Keys
            count there from the first one on that is bound afterwards, with registers of its own date.
    @param point An opened point that feeds no account.
    @param market A market that obeys this register.
    @param account A member's number there, fed by no point.
    """
    self._join(msg.sender, point, market, account)


@external
def join_for(point: bytes32, market: address, account: uint256, deadline: uint256, signature: Bytes[65]):
    """
    @notice The same, sent by anyone, who pays the gas, and signed by the customer with its next nonce.
    @param point An opened point that feeds no account.
    @param market A market that obeys this register.
    @param account A member's number there, fed by no point.
    @param deadline Last moment it may be sent, unix seconds.
    @param signature The customer's, r ‖ s ‖ v.
    """
    assert block.timestamp <= deadline, "registry: too late"
    owner: address = self.points[point].owner
    nonce: uint256 = self.nonces[owner]
    self.nonces[owner] = nonce + 1
    signed: bytes32 = keccak256(abi_encode(JOIN, point, market, account, nonce, deadline))
    assert books._is_signed(books._digest(self._separator(), signed), signature, owner), "registry: signature"
    self._join(owner, point, market, account)


@external
def leave(point: bytes32):
    """
    @notice Ends it: from the next UTC day on nobody's readings count in the account that the point feeds. Its customer or
            its registrar.
    @param point A point that joined a market.
    """
    held: Point = self.points[point]
    assert self.memberships[point].market != empty(address), "registry: not joined"
    assert msg.sender == held.owner or msg.sender == held.registrar, "registry: owner or registrar only"
    self._leave(point)


@external
def erase_point(point: bytes32):
    """
    @notice Forgets customer and commitment. Its owner or its registrar. Its nullifier keeps a second entry out; the
            path of every other point of the batch stays whole. It leaves the market it is in.
    @param point An opened point.
    """
    held: Point = self.points[point]
    assert held.place != 0, "registry: not opened"
    assert msg.sender == held.owner or msg.sender == held.registrar, "registry: owner or registrar only"
    self.points[point].commitment = empty(bytes32)
    self.points[point].owner = empty(address)
    self.points[point].owner_since = block.timestamp
    log PointErased(point=point)
    self._leave(point)


# ── Views ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

@external
@view
def separator() -> bytes32:
    """
    @notice The EIP-712 domain of signed batches.
    @return Its separator.
    """
    return self._separator()


@external
@view
def device_at(point: bytes32, at: uint256) -> Device:
    """
    @notice The key whose readings of an instant count.
    @param point A point.
    @param at Unix seconds.
    @return The key with its date and registers; all zero where there was none.
    """
    return self._device_at(point, at)


@external
@view
def is_bound(point: bytes32, key: address, at: uint256) -> bool:
    """
    @notice Whether a key's reading of an instant counts for a point.
    @param point A point.
    @param key A device's address.
    @param at Unix seconds.
    @return Whether it was the point's key then.
    """
    return key != empty(address) and self._device_at(point, at).key == key


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@pure
def _check_path(
    leaf: bytes32, index: uint256, count: uint256, path: DynArray[bytes32, BATCH_STEPS], root: bytes32
):
    """
    @dev Reverts unless the leaf stands at this place of the batch: no place beyond the last, no step more or fewer.
    """
    assert index < count and proofs._is_depth(count, len(path)), "registry: path"
    node: bytes32 = leaf
    place: uint256 = index
    for sibling: bytes32 in path:
        if place & 1 == 0:
            node = keccak256(concat(x"01", node, sibling))
        else:
            node = keccak256(concat(x"01", sibling, node))
        place = place >> 1
    assert proofs._top_root(count, node) == root, "registry: path"


@internal
def _register(registrar: address, root: bytes32, points: uint256) -> uint256:
    """
    @dev A batch of a registrar's.
    """
    assert self.roles[registrar] & REGISTRAR != 0, "registry: registrars only"
    assert points > 0 and points <= BATCH_MAX, "registry: points"
    number: uint256 = self.batch_count
    self.batches[number] = Batch(root=root, points=points, registrar=registrar)
    self.batch_count = number + 1
    log BatchRegistered(number=number, registrar=registrar, root=root, points=points)
    return number


@internal
def _join(owner: address, point: bytes32, market: address, account: uint256):
    """
    @dev See `join`. A false market harms nobody but the point that joins it: what it refuses the registrar can end.
    """
    held: Point = self.points[point]
    assert held.place != 0, "registry: not opened"
    assert owner == held.owner and owner != empty(address), "registry: owner only"
    assert self.memberships[point].market == empty(address), "registry: joined already"
    assert self.point_at[market][account] == empty(bytes32), "registry: fed by another point"
    assert account >= books.FIRST_MEMBER and account < 2**32 - 1, "registry: no member"
    obeyed: address[5] = staticcall IMarket(market).courts()
    assert obeyed[REGISTRY] == self, "registry: market of another register"
    assert staticcall IMarket(market).owner_of(account) == owner, "registry: account of another"
    seconds: uint256 = staticcall IMarket(market).slot_seconds()
    assert seconds > 0 and seconds <= DAY, "registry: slot of no length"
    self.memberships[point] = Membership(market=market, account=account, slot_seconds=seconds)
    self.point_at[market][account] = point
    log Joined(point=point, market=market, account=account)


@internal
def _leave(point: bytes32):
    """
    @dev Ends a membership, if there is one. Called last: a market that calls back finds everything as it is to be, and could
         not have a customer that is none any more join again. A market that refuses, or is over, keeps no point from leaving; nor can who
         sends too little gas: the market gets what it needs, or the call ends here.
    """
    joined: Membership = self.memberships[point]
    if joined.market == empty(address):
        return
    self.memberships[point] = empty(Membership)
    self.point_at[joined.market][joined.account] = empty(bytes32)
    from_slot: uint256 = (block.timestamp // DAY + 1) * DAY // joined.slot_seconds
    assert msg.gas >= LEFT_GAS, "registry: too little gas"
    told: bool = raw_call(
        joined.market,
        abi_encode(
            joined.account,
            empty(address),
            from_slot,
            empty(uint256),
            empty(uint256),
            method_id=method_id("set_meter(uint256,address,uint256,uint256,uint256)"),
        ),
        gas=LEAVE_GAS,
        revert_on_failure=False,
    )
    log Left(point=point, market=joined.market, account=joined.account, told=told)


@internal
@view
def _only_registrar(point: bytes32):
    """
    @dev Reverts unless the caller entered the point and still is a registrar.
    """
    held: Point = self.points[point]
    assert held.place != 0, "registry: not opened"
    assert msg.sender == held.registrar and self.roles[msg.sender] & REGISTRAR != 0, "registry: its registrar only"


@internal
@view
def _device_at(point: bytes32, at: uint256) -> Device:
    """
    @dev The last key that began by then.
    """
    count: uint256 = self.device_count[point]
    for i: uint256 in range(count, bound=DEVICES_MAX):
        device: Device = self.devices[point][count - 1 - i]
        if device.since <= at:
            return device
    return empty(Device)


@internal
@view
def _separator() -> bytes32:
    """
    @dev Computed each time: on a fork with another chain id nothing signed here may count.
    """
    return keccak256(abi_encode(DOMAIN, NAME, VERSION, chain.id, self))
