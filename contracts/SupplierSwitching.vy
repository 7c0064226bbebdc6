# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy off
"""
@title Supplier Switching
@custom:contract-name SupplierSwitching
@license AGPL-3.0-only
@author The Sunfair developers
@notice Change of supplier for the points of a MeterRegistry: who supplies which point when, and every request with what
        became of it. At any instant a point that is supplied has exactly one supplier; at most one request is open;
        nothing leaves SECURED but ACTIVE; two requests made as a pair succeed or fail together.
        A state follows from the clock and from what was done before it: no call is needed for a window to end, a gate
        to close or a supply to start, so nobody can hold them up.
        Working days, holidays and local time cannot be known here. The switching service computes a request's windows
        and signs them; this contract bounds what it can say: a window of so many hours and days, a gate 6 to 8 hours
        before the start, a start within 29 days.
        Rules: docs/registry-spec.md.
@custom:kill Nobody can stop it. Without the service's signature no new request is taken; what is under way goes on.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

struct Point:
    place: uint256
    commitment: bytes32
    registrar: address
    owner: address
    owner_since: uint256

interface IMeterRegistry:
    def governor() -> address: view
    def roles(party: address) -> uint256: view
    def points(point: bytes32) -> Point: view


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import book_proofs as books


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice States; a request that broke a rule was never taken, so PENDING 1 and REJECTED 2 do not occur here.
VALIDATED: public(constant(uint256)) = 3
OBJECTED: public(constant(uint256)) = 4
WITHDRAWN: public(constant(uint256)) = 5
ANNULLED: public(constant(uint256)) = 6
CONFIRMED: public(constant(uint256)) = 7
SECURED: public(constant(uint256)) = 8
ACTIVE: public(constant(uint256)) = 9
SUPERSEDED: public(constant(uint256)) = 10
RETURNING: public(constant(uint256)) = 11

# @notice Kinds of request.
SWITCH: public(constant(uint256)) = 1
OCCUPANCY: public(constant(uint256)) = 2
COOLING_OFF: public(constant(uint256)) = 3
GIVE_BACK: public(constant(uint256)) = 4

SUPPLIER: constant(uint256) = 2
HOUR: constant(uint256) = 3600
DAY: constant(uint256) = 86_400

# @dev How old the service's windows may be when they are used.
PATIENCE: constant(uint256) = HOUR

# @dev From the last minute of a day to 17:00 of the next, less an hour for the clocks; two working days over the longest
#      row of holidays.
WINDOW_MIN: constant(uint256) = 16 * HOUR
WINDOW_MAX: constant(uint256) = 14 * DAY

# @dev From 17:00 to midnight, an hour more or less for the clocks.
GATE_MIN: constant(uint256) = 6 * HOUR
GATE_MAX: constant(uint256) = 8 * HOUR

# @dev The latest start is the midnight of day D+28.
START_MAX: constant(uint256) = 28 * DAY + HOUR

# @dev Midnight of the 14th day after a start, an hour for the clocks.
COOLING_MAX: constant(uint256) = 14 * DAY + HOUR

# @dev 21 working days.
RETURN_MIN: constant(uint256) = 21 * DAY
RETURN_MAX: constant(uint256) = 45 * DAY

# @dev Supplies of one point that are looked through for one of the past.
SUPPLIES_MAX: constant(uint256) = 1024

DOMAIN: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
NAME: constant(bytes32) = keccak256("Sunfair Switching")
VERSION: constant(bytes32) = keccak256("1")
CONSENT: constant(bytes32) = keccak256(
    "Consent(bytes32 point,address gainer,uint8 kind,uint64 starts,uint64 nonce)"
)
ANNULMENT: constant(bytes32) = keccak256("Annulment(bytes32 consent)")
WINDOWS: constant(bytes32) = keccak256(
    "Windows(bytes32 consent,bytes32 bundle,uint64 submitted,uint64 objection_ends,uint64 gate_closes)"
)
RETURN_LIMIT: constant(bytes32) = keccak256("ReturnLimit(bytes32 consent,uint64 reported,uint64 return_by)")


# ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────────

event ServiceNamed:
    service: indexed(address)

event SupplyBegun:
    point: indexed(bytes32)
    supplier: indexed(address)

event Requested:
    id: indexed(bytes32)
    point: indexed(bytes32)
    gainer: indexed(address)
    kind: uint256
    objection_ends: uint256
    gate_closes: uint256
    starts: uint256

event Ended:
    id: indexed(bytes32)
    state: uint256

event Reported:
    id: indexed(bytes32)
    return_by: uint256


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice What a gaining supplier asks for: times are unix seconds; `consent` is the customer's signature (empty for
#         GIVE_BACK), `windows` the service's.
struct Request:
    point: bytes32
    kind: uint256
    starts: uint256
    nonce: uint256
    submitted: uint256
    objection_ends: uint256
    gate_closes: uint256
    consent: Bytes[65]
    windows: Bytes[65]

struct Switch:
    point: bytes32
    gainer: address
    loser: address
    partner: bytes32
    objection_ends: uint256
    gate_closes: uint256
    starts: uint256
    ended: uint256
    return_by: uint256

struct Supply:
    supplier: address
    starts: uint256
    id: bytes32

# @notice Where points, owners and suppliers stand.
registry: public(immutable(address))

# @notice Who signs windows.
service: public(address)

# @dev Requests by the digest that the customer signed.
switches: HashMap[bytes32, Switch]

# @dev Supplies by point, in order; the newest request of a point that is not among them yet.
supply_count: HashMap[bytes32, uint256]
supplies: HashMap[bytes32, HashMap[uint256, Supply]]
newest: HashMap[bytes32, bytes32]


# ── Constructor ───────────────────────────────────────────────────────────────────────────────────────────────────────

@deploy
def __init__(meter_registry: address, service: address):
    """
    @notice Makes a switching contract for a register.
    @param meter_registry The MeterRegistry.
    @param service Who signs windows.
    """
    assert service != empty(address) and meter_registry.is_contract, "switching: address"
    registry = meter_registry
    self.service = service
    log ServiceNamed(service=service)


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def name_service(service: address):
    """
    @notice Names another switching service. The register's governor only.
    @param service Who signs windows from now on.
    """
    assert msg.sender == staticcall IMeterRegistry(registry).governor(), "switching: governor only"
    assert service != empty(address), "switching: address"
    self.service = service
    log ServiceNamed(service=service)


@external
def begin_supply(point: bytes32, supplier: address):
    """
    @notice Says who supplies a point that nobody has supplied yet. The point's registrar only.
    @param point A point.
    @param supplier A registered supplier.
    """
    held: Point = staticcall IMeterRegistry(registry).points(point)
    assert held.registrar == msg.sender, "switching: its registrar only"
    assert self._is_supplier(supplier), "switching: suppliers only"
    assert self.supply_count[point] == 0, "switching: supplied already"
    self.supplies[point][0] = Supply(supplier=supplier, starts=block.timestamp, id=empty(bytes32))
    self.supply_count[point] = 1
    log SupplyBegun(point=point, supplier=supplier)


@external
def request(asked: Request) -> bytes32:
    """
    @notice Takes a request of the caller's, a supplier.
    @param asked The request.
    @return Its id: the digest that the customer signed.
    """
    id: bytes32 = self._consent(asked, msg.sender)
    self._take(asked, id, empty(bytes32), empty(bytes32))
    return id


@external
def request_pair(first: Request, second: Request) -> (bytes32, bytes32):
    """
    @notice Takes two requests that succeed or fail together, such as a home's electricity and gas.
    @param first One.
    @param second The other, of another point, with the same start.
    @return Their ids.
    """
    assert first.point != second.point and first.starts == second.starts, "switching: no pair"
    assert first.gate_closes == second.gate_closes, "switching: no pair"
    one: bytes32 = self._consent(first, msg.sender)
    two: bytes32 = self._consent(second, msg.sender)
    bundle: bytes32 = keccak256(concat(one, two))
    if convert(two, uint256) < convert(one, uint256):
        bundle = keccak256(concat(two, one))
    self._take(first, one, bundle, two)
    self._take(second, two, bundle, one)
    return one, two


@external
def object_to(id: bytes32):
    """
    @notice The losing supplier objects, while the window is open.
    @param id A request.
    """
    assert msg.sender == self.switches[id].loser, "switching: losing supplier only"
    assert self._state(id) == VALIDATED, "switching: window"
    self._end(id, OBJECTED)


@external
def withdraw(id: bytes32):
    """
    @notice The gaining supplier takes its request back, before the gate closes.
    @param id A request.
    """
    assert msg.sender == self.switches[id].gainer, "switching: gaining supplier only"
    self._end(id, WITHDRAWN)


@external
def annul(id: bytes32, signature: Bytes[65]):
    """
    @notice The losing supplier has it annulled with the customer's signature, before the gate closes.
    @param id A request.
    @param signature The customer's, of the annulment.
    """
    assert msg.sender == self.switches[id].loser, "switching: losing supplier only"
    digest: bytes32 = books._digest(self._separator(), keccak256(abi_encode(ANNULMENT, id)))
    assert books._is_signed(digest, signature, self._point(self.switches[id].point).owner), "switching: consent"
    self._end(id, ANNULLED)


@external
def report(id: bytes32, reported: uint256, return_by: uint256, signature: Bytes[65]):
    """
    @notice Reports an active switch as an erroneous transfer: the supplier before may take the point back until
            `return_by`, without objection. Its suppliers or the customer.
    @param id The switch.
    @param reported When the service computed the limit.
    @param return_by The end of the 21st working day.
    @param signature The service's.
    """
    found: Switch = self.switches[id]
    owner: address = self._point(found.point).owner
    assert msg.sender in [found.gainer, found.loser, owner], "switching: its parties only"
    assert self._state(id) == ACTIVE, "switching: not active"
    assert reported <= block.timestamp and block.timestamp <= reported + PATIENCE, "switching: windows too old"
    assert reported + RETURN_MIN <= return_by and return_by <= reported + RETURN_MAX, "switching: limit"
    limit: bytes32 = keccak256(abi_encode(RETURN_LIMIT, id, reported, return_by))
    assert books._is_signed(books._digest(self._separator(), limit), signature, self.service), "switching: service"
    self.switches[id].return_by = return_by
    log Reported(id=id, return_by=return_by)


# ── Views ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

@external
@view
def separator() -> bytes32:
    """
    @notice The EIP-712 domain of consents, annulments, windows and limits.
    @return Its separator.
    """
    return self._separator()


@external
@view
def state(id: bytes32) -> uint256:
    """
    @notice Where a request stands now.
    @param id A request.
    @return Its state; 0 if there is none.
    """
    return self._state(id)


@external
@view
def switch(id: bytes32) -> Switch:
    """
    @notice A request with its windows.
    @param id A request.
    @return All of it; zero if there is none.
    """
    return self.switches[id]


@external
@view
def open_request(point: bytes32) -> bytes32:
    """
    @notice The request of a point that is under way.
    @param point A point.
    @return Its id, zero if there is none.
    """
    id: bytes32 = self.newest[point]
    if id == empty(bytes32) or self._state(id) not in [VALIDATED, CONFIRMED, SECURED]:
        return empty(bytes32)
    return id


@external
@view
def supplier_at(point: bytes32, at: uint256) -> address:
    """
    @notice Who supplied a point at an instant up to now.
    @param point A point.
    @param at Unix seconds.
    @return The supplier; zero before the first one.
    """
    assert at <= block.timestamp, "switching: not yet"
    waiting: Switch = self.switches[self.newest[point]]
    if waiting.gainer != empty(address) and waiting.ended == 0 and waiting.starts <= at:
        return waiting.gainer
    count: uint256 = self.supply_count[point]
    for i: uint256 in range(count, bound=SUPPLIES_MAX):
        supply: Supply = self.supplies[point][count - 1 - i]
        if supply.starts <= at:
            return supply.supplier
    return empty(address)


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
def _take(asked: Request, id: bytes32, bundle: bytes32, partner: bytes32):
    """
    @dev A request of the caller's, or a revert with the rule it broke.
    """
    assert self._is_supplier(msg.sender), "switching: suppliers only"
    self._settle(asked.point)
    count: uint256 = self.supply_count[asked.point]
    assert count > 0 and count < SUPPLIES_MAX, "switching: not supplied"
    assert self.newest[asked.point] == empty(bytes32), "switching: another is open"
    assert self.switches[id].starts == 0, "switching: used before"
    current: Supply = self.supplies[asked.point][count - 1]
    assert current.supplier != msg.sender, "switching: supplies already"
    self._check_windows(asked, id, bundle)
    self._check_kind(asked, id, current)
    self.switches[id] = Switch(
        point=asked.point,
        gainer=msg.sender,
        loser=current.supplier,
        partner=partner,
        objection_ends=asked.objection_ends,
        gate_closes=asked.gate_closes,
        starts=asked.starts,
        ended=0,
        return_by=0,
    )
    self.newest[asked.point] = id
    log Requested(
        id=id,
        point=asked.point,
        gainer=msg.sender,
        kind=asked.kind,
        objection_ends=asked.objection_ends,
        gate_closes=asked.gate_closes,
        starts=asked.starts,
    )


@internal
def _settle(point: bytes32):
    """
    @dev Writes down what the newest request has come to: a supply that began, or nothing. One under way stays.
    """
    id: bytes32 = self.newest[point]
    if id == empty(bytes32):
        return
    found: Switch = self.switches[id]
    if found.ended == 0:
        if block.timestamp < found.starts:
            return
        count: uint256 = self.supply_count[point]
        self.supplies[point][count] = Supply(supplier=found.gainer, starts=found.starts, id=id)
        self.supply_count[point] = count + 1
    self.newest[point] = empty(bytes32)


@internal
def _end(id: bytes32, ended: uint256):
    """
    @dev Ends a request before its gate closes, and its partner with it.
    """
    found: Switch = self.switches[id]
    assert found.ended == 0 and block.timestamp < found.gate_closes, "switching: gate"
    self.switches[id].ended = ended
    log Ended(id=id, state=ended)
    if found.partner != empty(bytes32) and self.switches[found.partner].ended == 0:
        self.switches[found.partner].ended = WITHDRAWN
        log Ended(id=found.partner, state=WITHDRAWN)


@internal
@view
def _check_windows(asked: Request, id: bytes32, bundle: bytes32):
    """
    @dev The service signed these windows for this request, just now, and they are such as a calendar gives.
    """
    now: uint256 = block.timestamp
    assert asked.submitted <= now and now <= asked.submitted + PATIENCE, "switching: windows too old"
    assert now < asked.gate_closes and asked.starts <= asked.submitted + START_MAX, "switching: start"
    assert asked.gate_closes + GATE_MIN <= asked.starts, "switching: gate"
    assert asked.starts <= asked.gate_closes + GATE_MAX, "switching: gate"
    assert asked.objection_ends <= asked.gate_closes, "switching: window"
    if asked.kind == SWITCH or asked.kind == COOLING_OFF:
        assert asked.objection_ends >= asked.submitted + WINDOW_MIN, "switching: window"
    assert asked.objection_ends >= asked.submitted, "switching: window"
    assert asked.objection_ends <= asked.submitted + WINDOW_MAX, "switching: window"
    windows: bytes32 = keccak256(
        abi_encode(WINDOWS, id, bundle, asked.submitted, asked.objection_ends, asked.gate_closes)
    )
    digest: bytes32 = books._digest(self._separator(), windows)
    assert books._is_signed(digest, asked.windows, self.service), "switching: service"


@internal
@view
def _check_kind(asked: Request, id: bytes32, current: Supply):
    """
    @dev What each kind of request needs besides.
    """
    point: Point = self._point(asked.point)
    assert asked.kind >= SWITCH and asked.kind <= GIVE_BACK, "switching: kind"
    if asked.kind == GIVE_BACK:
        wrong: Switch = self.switches[current.id]
        assert current.id != empty(bytes32) and wrong.return_by != 0, "switching: not reported"
        assert msg.sender == wrong.loser, "switching: supplier before only"
        assert asked.starts <= wrong.return_by, "switching: return too late"
    else:
        assert books._is_signed(id, asked.consent, point.owner), "switching: consent"
    if asked.kind == OCCUPANCY:
        assert point.owner_since > current.starts, "switching: nobody moved in"
    if asked.kind == COOLING_OFF:
        assert current.id != empty(bytes32), "switching: nothing to think over"
        assert asked.starts <= current.starts + COOLING_MAX, "switching: nothing to think over"


@internal
@view
def _state(id: bytes32) -> uint256:
    """
    @dev What clock and calls make of a request.
    """
    found: Switch = self.switches[id]
    now: uint256 = block.timestamp
    if found.starts == 0:
        return 0
    if found.ended != 0:
        return found.ended
    if now < found.objection_ends:
        return VALIDATED
    if now < found.gate_closes:
        return CONFIRMED
    if now < found.starts:
        return SECURED
    if self._is_superseded(id, found.point):
        return SUPERSEDED
    return RETURNING if found.return_by != 0 else ACTIVE


@internal
@view
def _is_superseded(id: bytes32, point: bytes32) -> bool:
    """
    @dev Whether a later request of the point has come into force.
    """
    newest: bytes32 = self.newest[point]
    if newest == id:
        return False
    later: Switch = self.switches[newest]
    if newest != empty(bytes32) and later.ended == 0 and later.starts <= block.timestamp:
        return True
    return self.supplies[point][self.supply_count[point] - 1].id != id


@internal
@view
def _consent(asked: Request, gainer: address) -> bytes32:
    """
    @dev The digest that the customer signs for this supplier: a request's id.
    """
    consent: bytes32 = keccak256(abi_encode(CONSENT, asked.point, gainer, asked.kind, asked.starts, asked.nonce))
    return books._digest(self._separator(), consent)


@internal
@view
def _is_supplier(party: address) -> bool:
    """
    @dev Whether the register names it as one.
    """
    return (staticcall IMeterRegistry(registry).roles(party)) & SUPPLIER != 0


@internal
@view
def _point(point: bytes32) -> Point:
    """
    @dev A point of the register.
    """
    return staticcall IMeterRegistry(registry).points(point)


@internal
@view
def _separator() -> bytes32:
    """
    @dev Computed each time: on a fork with another chain id nothing signed here may count.
    """
    return keccak256(abi_encode(DOMAIN, NAME, VERSION, chain.id, self))
