# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy on
"""
@title Community Solar
@custom:contract-name CommunitySolar
@license AGPL-3.0-only
@author The Sunfair developers
@notice One plant that many own: pledged together, built by milestones, its income divided, and wound up. What each
        party may do and what follows in an emergency is said in docs/commons-spec.md. Pledges bind only together: below
        the threshold every unit goes back. Proposing is making this contract: its plan never changes under a pledge.
        Whoever learns that the goal is reached, out of reach or no longer wanted reports it with a bond.
        Rounding: amounts are whole µ. What is owed to a caller is rounded down, what a caller has to pay up; the last
        redemption takes what rounding and gifts left.
@dev    Held is what escrow, fund, unclaimed income and bonds (with dues) add up to, and gifts nobody collected yet. While
        pledges come in, the supply itself is what is held for them.
        A share is one µ pledged. Shares are an ERC-4626 vault once the plant operates; they pass by seat alone, so the
        ERC-20 calls that move them revert.
        Votes count the seats that last grew before the motion, and a seat that voted stays put until it is over: so the
        weight of a motion needs no record of the past.
@custom:kill Nobody can stop it. Time alone leads from every state to CLOSED (`fail`, `expire`, `close`), by anyone.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from ethereum.ercs import IERC20
implements: IERC20

from ethereum.ercs import IERC20Detailed
implements: IERC20Detailed

from ethereum.ercs import IERC4626
implements: IERC4626


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

from snekmate.utils import ecdsa


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @dev States.
PROPOSED: constant(uint256) = 0
PLEDGING: constant(uint256) = 1
COMMITTED: constant(uint256) = 2
BUILDING: constant(uint256) = 3
OPERATING: constant(uint256) = 4
RETIRING: constant(uint256) = 5
ENDING: constant(uint256) = 6
FAILED: constant(uint256) = 7
CLOSED: constant(uint256) = 8

# @dev Kinds of motions.
EVIDENCE: constant(uint256) = 1
REPORT: constant(uint256) = 2
PLAN: constant(uint256) = 3
PAY: constant(uint256) = 4
RETIRE: constant(uint256) = 5

# @dev Reasons for winding up: a report's ACHIEVED (1), UNACHIEVABLE (2), IRRELEVANT (3); then these.
REASONS: constant(uint256) = 3
VOTED: constant(uint256) = 4
OVERDUE: constant(uint256) = 5

# @notice Most milestones of a plan, and most people admitted by one call.
MILESTONES_MAX: public(constant(uint256)) = 16
ADMIT_MAX: constant(uint256) = 64

# @dev Most entries of the waiting list that one call passes over.
SKIPS_MAX: constant(uint256) = 64

# @dev Bounds of amounts and times.
AMOUNT_MAX: constant(uint256) = 2**62
BPS: constant(uint256) = 10_000
QUORUM_MAX: constant(uint256) = 5_000
HOUR: constant(uint256) = 3_600
DAY: constant(uint256) = 86_400
YEAR: constant(uint256) = 365 * DAY

# @dev The accumulator counts 2⁻⁶⁴ µ a share.
SCALE: constant(uint256) = 2**64
FRACTION: constant(uint256) = 2**64 - 1

# @dev Widths of packed fields.
LANE: constant(uint256) = 2**64 - 1
DATE: constant(uint256) = 2**40 - 1
HALF: constant(uint256) = 2**128 - 1
OPENED: constant(uint256) = 1 << 255

# @dev Decimals of the token: 1 unit is 1 µ of the settlement currency.
DECIMALS: constant(uint8) = 6

# @dev The message a member signs.
PLEDGE: constant(bytes32) = keccak256(
    "Pledge(bytes32 goal,address member,uint256 amount,uint256 max_share_bps,uint256 nonce,uint256 expiry)"
)

# @dev Of the EIP-712 domain, in which pledges are signed.
DOMAIN: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
NAME: constant(bytes32) = keccak256("Sunfair Commons")
VERSION: constant(bytes32) = keccak256("1")

# @dev The EIP-2612 call, made by hand because its failure must not stop a pledge.
PERMIT: constant(Bytes[4]) = method_id("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)")


# ── Immutables ────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice The ERC-20 in which everything is paid.
asset: public(immutable(address))

# @notice Who proposed.
organiser: public(immutable(address))

# @notice keccak256(abi_encode(terms, milestones)) of the plan as proposed: what pledges sign.
goal: public(immutable(bytes32))

# @dev What a pledge needs of the plan: capex (64 bits), cap (64), deadline (40), bound of a seat (16), registrar? (1, at 184),
# least pledge (64, at 192).
RULE: immutable(uint256)


# ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────────

event Proposed:
    # @notice The plan, and its hash.
    goal: indexed(bytes32)
    terms: Terms
    milestones: DynArray[Milestone, MILESTONES_MAX]

event Admitted:
    # @notice The registrar vouches for `member`.
    member: indexed(address)

event Pledged:
    # @notice `member` pledged `amount` more; `supply` is what all pledged so far.
    member: indexed(address)
    amount: uint256
    max_share_bps: uint256
    supply: uint256

event Committed:
    # @notice The pledges bind: so many members with this root raised so much.
    goal: indexed(bytes32)
    members_root: bytes32
    members: uint256
    supply: uint256

event Acknowledged:
    # @notice `member` knows that the pledges bind.
    member: indexed(address)

event Failed:
    # @notice The threshold was not reached: everybody gets back what it pledged.
    supply: uint256

event Submitted:
    # @notice The payee says that the milestone is reached; `evidence` is a hash of what shows it.
    milestone: uint256
    evidence: bytes32

event Objected:
    # @notice Somebody says that the evidence is false: a vote on it began.
    milestone: uint256
    objector: indexed(address)
    motion: uint256

event Refused:
    # @notice The vote found the evidence false: the milestone is open again.
    milestone: uint256

event MilestonePaid:
    # @notice The milestone is accepted and `amount` due to its payee.
    milestone: uint256
    payee: indexed(address)
    amount: uint256

event Moved:
    # @notice A vote began.
    motion: uint256
    kind: uint256
    mover: indexed(address)
    ends: uint256

event Voted:
    # @notice `member` voted with `weight`.
    motion: uint256
    member: indexed(address)
    yes: bool
    weight: uint256

event Concluded:
    # @notice A vote is over; `effect`: and did something.
    motion: uint256
    effect: bool

event Reported:
    # @notice Somebody says that the goal is achieved (1), unachievable (2) or irrelevant (3).
    kind: uint256
    reporter: indexed(address)
    evidence: bytes32

event Challenged:
    # @notice Somebody says that the report is false: a vote on it began.
    challenger: indexed(address)
    motion: uint256

event ReportConcluded:
    # @notice The report stands (`upheld`) or not.
    upheld: bool

event PlanChanged:
    # @notice A milestone has another payee or deadline.
    milestone: uint256
    payee: address
    deadline: uint256

event Operating:
    # @notice Everything is built and paid; `reserve` is what was raised beyond.
    reserve: uint256

event Collected:
    # @notice `income` went to the holders and `reserved` to the reserve.
    income: uint256
    reserved: uint256

event Offered:
    # @notice A seat, or a part of it, is offered; 0 shares: no more.
    seller: indexed(address)
    shares: uint256
    price: uint256

event Taken:
    # @notice It passed.
    seller: indexed(address)
    buyer: indexed(address)
    shares: uint256
    price: uint256

event Waiting:
    # @notice `who` stands on the waiting list, or left it.
    who: indexed(address)
    waits: bool

event WindingUp:
    # @notice It goes to its end, for this reason; `closes_at`: anyone may close it then.
    state: uint256
    reason: uint256
    closes_at: uint256

event Closed:
    # @notice Nothing comes in any more; `fund` is divided.
    fund: uint256

event PaidOut:
    # @notice A member got what was left for it.
    member: indexed(address)
    income: uint256
    capital: uint256

event DuesChanged:
    # @notice What `party` may fetch: payments, bonds given back, parts of lost bonds.
    party: indexed(address)
    amount: uint256


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @dev The plan, but for its milestones. Amounts µ, times seconds (a deadline: unix time).
struct Terms:
    document: bytes32
    peak_w: uint256
    capex: uint256
    cap: uint256
    pledge_min: uint256
    share_max_bps: uint256
    members_min: uint256
    deadline: uint256
    registrar: address
    by_head: bool
    quorum_bps: uint256
    bond: uint256
    window_seconds: uint256
    vote_seconds: uint256
    grace_seconds: uint256
    notice_seconds: uint256
    lifetime_seconds: uint256
    reserve_bps: uint256
    reserve_target: uint256

struct Milestone:
    payee: address
    amount: uint256
    deadline: uint256

struct Permit:
    deadline: uint256
    v: uint8
    r: bytes32
    s: bytes32

# @dev Supply of shares, members, state, next milestone, number of milestones.
struct Book:
    supply: uint256
    members: uint256
    state: uint256
    next: uint256
    count: uint256

# @dev Shares, when they last grew, until when they stay put, last nonce, whether the registrar vouched.
struct Seat:
    shares: uint256
    since: uint256
    locked: uint256
    nonce: uint256
    admitted: bool

struct Motion:
    kind: uint256
    mover: address
    opened: uint256
    ends: uint256
    total: uint256
    yes: uint256
    no: uint256
    milestone: uint256
    payee: address
    amount: uint256
    deadline: uint256

struct Report:
    kind: uint256
    reporter: address
    at: uint256
    challenger: address
    motion: uint256

struct Offer:
    shares: uint256
    price: uint256
    at: uint256

# @notice The plan.
terms: public(Terms)
milestones: public(Milestone[MILESTONES_MAX])

# @dev Book, packed: 64, 32, 8, 8, 8 bits.
packed: uint256

# @notice Running hash over the pledges, from the goal on: keccak256(root ‖ member ‖ amount).
members_root: public(bytes32)

# @notice What is held for milestones, for the reserve, and in bonds and dues, µ.
escrow: public(uint256)
fund: public(uint256)
bonds: public(uint256)

# @notice Paid for milestones, and income of all time that went to holders, µ.
spent: public(uint256)
income_total: public(uint256)

# @dev Accumulator (128 bits) and income not yet claimed (128).
incomes: uint256

# @dev By member: Seat, packed in 64, 40, 40, 64, 1 bits; accumulator at the last look (128), what is owed in 2⁻⁶⁴ µ (127), and
#      opened (1): a word that is not zero any more makes the first claim 17,100 gas cheaper.
seats: HashMap[address, uint256]
shares_of_income: HashMap[address, uint256]

# @notice When the plant began to operate, and when it may be closed, unix s.
operating_since: public(uint256)
closes_at: public(uint256)

# @notice The evidence that waits, since when, who objected, in which motion.
submission: public(bytes32)
submitted_at: public(uint256)
objector: public(address)
objection: public(uint256)

# @notice The report that is open; kind 0: none.
report_open: public(Report)

# @notice Votes by number from 1, how many there were, and the one about plan, reserve or retirement that is open (0: none).
motions: public(HashMap[uint256, Motion])
motion_count: public(uint256)
motion_open: public(uint256)
voted: public(HashMap[uint256, HashMap[address, bool]])

# @notice What a party may fetch, µ.
dues: public(HashMap[address, uint256])

# @notice Seats on offer, by seller.
offers: public(HashMap[address, Offer])

# @dev The waiting list: places from 1 on; an entry counts if its address still stands at that place.
queue: HashMap[uint256, address]
place: HashMap[address, uint256]
queue_head: uint256
queue_tail: uint256


# ── Constructor ───────────────────────────────────────────────────────────────────────────────────────────────────────

@deploy
def __init__(
    asset_: address, organiser_: address, terms_: Terms, milestones_: DynArray[Milestone, MILESTONES_MAX]
):
    """
    @notice Proposes a plant. Nothing given here changes later, but payees and deadlines of milestones by a vote.
    @param asset_ An ERC-20 with 6 decimals, whose transfers move exactly the amount they are asked to move.
    @param organiser_ Who may commit early, or give up.
    @param terms_ See docs/commons-spec.md, "Numbers".
    @param milestones_ Whom to pay how much by when, in order; they sum to the capex.
    """
    assert staticcall IERC20Detailed(asset_).decimals() == DECIMALS, "commons: token needs 6 decimals"
    assert organiser_ != empty(address), "commons: zero address"
    self._check_terms(terms_)
    self._check_milestones(terms_, milestones_)
    asset = asset_
    organiser = organiser_
    goal = keccak256(abi_encode(terms_, milestones_))
    self.members_root = goal
    self.queue_head = 1
    self.queue_tail = 1
    self.terms = terms_
    book: Book = empty(Book)
    book.count = len(milestones_)
    self._save(book)
    for i: uint256 in range(len(milestones_), bound=MILESTONES_MAX):
        self.milestones[i] = milestones_[i]
    registrar: uint256 = 0
    if terms_.registrar != empty(address):
        registrar = 1
    RULE = (
        terms_.capex | (terms_.cap << 64) | (terms_.deadline << 128) | (terms_.share_max_bps << 168)
        | (registrar << 184) | (terms_.pledge_min << 192)
    )
    log Proposed(goal=goal, terms=terms_, milestones=milestones_)


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def admit(people: DynArray[address, ADMIT_MAX]):
    """
    @notice Vouches for people: only these may hold a seat. The registrar's.
    @param people Addresses; those admitted already are passed over.
    """
    if msg.sender != self.terms.registrar or msg.sender == empty(address):
        self._refuse("not the registrar")
    for member: address in people:
        if not self._seat(member).admitted:
            self.seats[member] |= 1 << 208
            log Admitted(member=member)


@external
def pledge(
    member: address,
    plan: bytes32,
    amount: uint256,
    max_share_bps: uint256,
    nonce: uint256,
    expiry: uint256,
    signature: Bytes[65],
    permit: Permit,
):
    """
    @notice Pledges and pays in. By the member itself, or by anyone with its signature. A permit that fails, because
            somebody used it before, is no obstacle: the allowance decides.
    @param member Whose pledge, and whose tokens.
    @param plan Hash of the plan: `goal`.
    @param amount µ.
    @param max_share_bps The most of the capex that the member wants to hold after it.
    @param nonce Greater than the last one (signed pledges alone).
    @param expiry Last unix second in which the signature counts.
    @param signature EIP-712, 65 bytes; empty if the member calls.
    @param permit The member's EIP-2612 permit of `amount`: deadline (0: none), v, r, s.
    """
    if permit.deadline != 0:
        _: bool = raw_call(
            asset,
            abi_encode(member, self, amount, permit.deadline, permit.v, permit.r, permit.s, method_id=PERMIT),
            revert_on_failure=False,
        )
    self._pledge(member, plan, amount, max_share_bps, nonce, expiry, signature)


@external
def commit():
    """
    @notice Makes the pledges binding. By the organiser as soon as the threshold is reached, by anyone after the deadline.
    """
    book: Book = self._book()
    self._only(book.state == PLEDGING)
    if not self._reached(book):
        self._refuse("threshold not reached")
    if msg.sender != organiser and block.timestamp <= self.terms.deadline:
        self._refuse("deadline not over")
    book.state = COMMITTED
    self._save(book)
    self.escrow = book.supply
    log Committed(goal=goal, members_root=self.members_root, members=book.members, supply=book.supply)


@external
def acknowledge():
    """
    @notice Says that the caller, a member, knows that the pledges bind. Its account of income is opened.
    """
    self._only(self._book().state >= COMMITTED)
    if self._seat(msg.sender).shares == 0:
        self._refuse("no seat")
    self.shares_of_income[msg.sender] |= OPENED
    log Acknowledged(member=msg.sender)


@external
def fail():
    """
    @notice Ends what did not reach the threshold: everybody gets its pledge back. By anyone after the deadline, by the
            organiser at any time before.
    """
    book: Book = self._book()
    self._only(book.state <= PLEDGING)
    if self._reached(book):
        self._refuse("threshold reached")
    if msg.sender != organiser and block.timestamp <= self.terms.deadline:
        self._refuse("deadline not over")
    book.state = FAILED
    if book.supply == 0:
        book.state = CLOSED
    self._save(book)
    self.fund = book.supply
    self.closes_at = block.timestamp + self.terms.notice_seconds
    log Failed(supply=book.supply)


@external
def submit(evidence: bytes32):
    """
    @notice Says that the next milestone is reached. Its payee's.
    @param evidence Hash of what shows it.
    """
    book: Book = self._book()
    self._only_building(book)
    if book.next == book.count or msg.sender != self.milestones[book.next].payee:
        self._refuse("not the payee")
    if self.submission != empty(bytes32):
        self._refuse("evidence waits already")
    if evidence == empty(bytes32):
        self._refuse("no evidence")
    self.submission = evidence
    self.submitted_at = block.timestamp
    log Submitted(milestone=book.next, evidence=evidence)


@external
def object():
    """
    @notice Says that the evidence is false, with a bond, within the window: a vote begins.
    """
    book: Book = self._book()
    self._only_building(book)
    if self.submission == empty(bytes32) or self.objection != 0:
        self._refuse("nothing to object to")
    if block.timestamp >= self.submitted_at + self.terms.window_seconds:
        self._refuse("window over")
    motion: uint256 = self._open(book, EVIDENCE, 0, empty(address), 0, 0)
    self.objection = motion
    self.objector = msg.sender
    log Objected(milestone=book.next, objector=msg.sender, motion=motion)
    self._post_bond()


@external
def release():
    """
    @notice Accepts the evidence nobody objected to within the window and pays the milestone, or does what the vote about
            it said. Anyone's.
    """
    book: Book = self._book()
    self._only_building(book)
    if self.submission == empty(bytes32):
        self._refuse("no evidence")
    if self.report_open.kind != 0:
        self._refuse("report open")
    self.submission = empty(bytes32)
    motion: uint256 = self.objection
    if motion == 0:
        if block.timestamp < self.submitted_at + self.terms.window_seconds:
            self._refuse("window not over")
    else:
        self.objection = 0
        effect: bool = self._outcome(motion)
        bond: uint256 = self.terms.bond
        if effect:
            self._owe(self.objector, bond)
            log Refused(milestone=book.next)
            return
        self._forfeit(bond, self.milestones[book.next].payee)
    milestone: Milestone = self.milestones[book.next]
    log MilestonePaid(milestone=book.next, payee=milestone.payee, amount=milestone.amount)
    book.next += 1
    book.state = BUILDING
    self._save(book)
    self.escrow -= milestone.amount
    self.spent += milestone.amount
    self.bonds += milestone.amount
    self._owe(milestone.payee, milestone.amount)


@external
def operate():
    """
    @notice Begins the operation once every milestone is paid; what was raised beyond starts the reserve. Anyone's.
    """
    book: Book = self._book()
    self._only(book.state == BUILDING)
    if book.next != book.count:
        self._refuse("milestones open")
    if self.report_open.kind != 0:
        self._refuse("report open")
    book.state = OPERATING
    self._save(book)
    self.operating_since = block.timestamp
    self.fund += self.escrow
    self.escrow = 0
    log Operating(reserve=self.fund)


@external
def move(kind: uint256, milestone: uint256, payee: address, amount: uint256, deadline: uint256):
    """
    @notice Moves that the plan be changed (3), something be paid out of the reserve (4) or the plant retire (5). A member's,
            with a bond, which is lost to the reserve if the motion has no effect.
    @param kind 3, 4 or 5.
    @param milestone Changing the plan: which milestone, not yet paid.
    @param payee Changing the plan, paying: whom to pay.
    @param amount Paying: how much, µ.
    @param deadline Changing the plan: until when, unix s.
    """
    book: Book = self._book()
    if self._seat(msg.sender).shares == 0:
        self._refuse("no seat")
    if self.motion_open != 0:
        self._refuse("motion open")
    if kind == PLAN:
        self._only_building(book)
        if milestone < book.next or milestone >= book.count:
            self._refuse("no such milestone")
        if deadline <= block.timestamp or deadline > block.timestamp + 5 * YEAR:
            self._refuse("deadline out of range")
    elif kind == PAY:
        self._only(book.state >= OPERATING and book.state <= ENDING)
        if amount == 0 or amount > self.fund:
            self._refuse("amount out of range")
    elif kind == RETIRE:
        self._only(book.state == OPERATING)
    else:
        self._refuse("no such motion")
    if kind != RETIRE and payee == empty(address):
        self._refuse("zero address")
    self.motion_open = self._open(book, kind, milestone, payee, amount, deadline)
    self._post_bond()


@external
def vote(motion: uint256, yes: bool):
    """
    @notice Votes with the whole seat, which then stays put until the motion is over.
    @param motion Number of the motion.
    @param yes For it or against it.
    """
    moved: Motion = self.motions[motion]
    if block.timestamp >= moved.ends:
        self._refuse("no vote")
    if self.voted[motion][msg.sender]:
        self._refuse("voted already")
    seat: Seat = self._seat(msg.sender)
    if seat.shares == 0 or seat.since >= moved.opened:
        self._refuse("seat does not count")
    weight: uint256 = seat.shares
    if self.terms.by_head:
        weight = 1
    seat.locked = max(seat.locked, moved.ends)
    self._save_seat(msg.sender, seat)
    self.voted[motion][msg.sender] = True
    if yes:
        self.motions[motion].yes = moved.yes + weight
    else:
        self.motions[motion].no = moved.no + weight
    log Voted(motion=motion, member=msg.sender, yes=yes, weight=weight)


@external
def conclude():
    """
    @notice Does what the motion about plan, reserve or retirement said, once its vote is over. Anyone's.
    """
    motion: uint256 = self.motion_open
    if motion == 0:
        self._refuse("no motion")
    moved: Motion = self.motions[motion]
    self.motion_open = 0
    book: Book = self._book()
    bond: uint256 = self.terms.bond
    if not self._outcome(motion):
        self._forfeit(bond, empty(address))
        return
    self._owe(moved.mover, bond)
    if moved.kind == PLAN and moved.milestone >= book.next:
        self.milestones[moved.milestone].payee = moved.payee
        self.milestones[moved.milestone].deadline = moved.deadline
        log PlanChanged(milestone=moved.milestone, payee=moved.payee, deadline=moved.deadline)
    elif moved.kind == PAY and moved.amount <= self.fund:
        self.fund -= moved.amount
        self.bonds += moved.amount
        self._owe(moved.payee, moved.amount)
    elif moved.kind == RETIRE and book.state == OPERATING:
        self._wind_up(book, VOTED)


@external
def report(kind: uint256, evidence: bytes32):
    """
    @notice Says that the goal is achieved (1), unachievable (2) or irrelevant (3), with a bond. Anyone's: it is the duty of
            whoever learns it.
    @param kind 1, 2 or 3.
    @param evidence Hash of what shows it.
    """
    state: uint256 = self._book().state
    self._only(state >= COMMITTED and state <= OPERATING)
    if kind == 0 or kind > REASONS:
        self._refuse("no such report")
    if self.report_open.kind != 0:
        self._refuse("report open")
    self.report_open = Report(
        kind=kind, reporter=msg.sender, at=block.timestamp, challenger=empty(address), motion=0
    )
    log Reported(kind=kind, reporter=msg.sender, evidence=evidence)
    self._post_bond()


@external
def challenge():
    """
    @notice Says that the report is false, with a bond, within the window: a vote begins. Anyone's.
    """
    if self.report_open.kind == 0 or self.report_open.motion != 0:
        self._refuse("nothing to challenge")
    if block.timestamp >= self.report_open.at + self.terms.window_seconds:
        self._refuse("window over")
    motion: uint256 = self._open(self._book(), REPORT, 0, empty(address), 0, 0)
    self.report_open.challenger = msg.sender
    self.report_open.motion = motion
    log Challenged(challenger=msg.sender, motion=motion)
    self._post_bond()


@external
def conclude_report():
    """
    @notice Winds up if nobody challenged the report within the window, or the vote upheld it. Who lost the vote pays half
            of its bond to the other, half to the reserve. Anyone's.
    """
    opened: Report = self.report_open
    if opened.kind == 0:
        self._refuse("no report")
    if opened.motion == 0 and block.timestamp < opened.at + self.terms.window_seconds:
        self._refuse("window not over")
    upheld: bool = True
    bond: uint256 = self.terms.bond
    self.report_open = empty(Report)
    if opened.motion != 0:
        upheld = self._outcome(opened.motion)
        if upheld:
            self._forfeit(bond, opened.reporter)
        else:
            self._forfeit(bond, opened.challenger)
            self._owe(opened.challenger, bond)
    log ReportConcluded(upheld=upheld)
    if upheld:
        self._owe(opened.reporter, bond)
        self._wind_up(self._book(), opened.kind)


@external
def expire():
    """
    @notice Winds up what nobody looks after: a milestone overdue by the grace time, or a plant whose lifetime is over.
            Anyone's.
    """
    book: Book = self._book()
    if book.state == OPERATING:
        if block.timestamp < self.operating_since + self.terms.lifetime_seconds:
            self._refuse("lifetime not over")
    else:
        self._only_building(book)
        if book.next == book.count:
            self._refuse("milestones done")
        if block.timestamp <= self.milestones[book.next].deadline + self.terms.grace_seconds:
            self._refuse("not overdue")
    self._wind_up(book, OVERDUE)


@external
def close():
    """
    @notice Closes after the notice: what came in late is collected, then everything is divided. Anyone's.
    """
    book: Book = self._book()
    self._only(book.state >= RETIRING and book.state <= FAILED)
    if block.timestamp < self.closes_at:
        self._refuse("notice not over")
    if book.state != FAILED:
        self._collect(book)
        self._void_open()
    book.state = CLOSED
    self._save(book)
    log Closed(fund=self.fund)


@external
def collect() -> uint256:
    """
    @notice Divides what reached this contract beyond its books: income in OPERATING and RETIRING, else more to divide at
            the end. Anyone's.
    @return What it was, µ.
    """
    book: Book = self._book()
    self._only(book.state >= OPERATING and book.state <= ENDING)
    return self._collect(book)


@external
def claim(member: address) -> uint256:
    """
    @notice Pays a member its income. Anyone's: it goes to the member.
    @param member Whose.
    @return What it was, µ.
    """
    amount: uint256 = self._take_income(member, self.seats[member] & LANE)
    if amount == 0:
        self._refuse("nothing to claim")
    # The token's own Transfer tells of it, and what it holds is looked at by every other payment: claims are many.
    moved: bool = extcall IERC20(asset).transfer(member, amount, default_return_value=True)
    if not moved:
        self._refuse("token refused")
    return amount


@external
def fetch(party: address) -> uint256:
    """
    @notice Pays a party what is due to it: a milestone, a bond given back, a part of a lost one. Anyone's.
    @param party Whose.
    @return What it was, µ.
    """
    amount: uint256 = self.dues[party]
    if amount == 0:
        self._refuse("nothing due")
    self.dues[party] = 0
    self.bonds -= amount
    log DuesChanged(party=party, amount=0)
    self._push(party, amount)
    return amount


@external
def pay_out(member: address) -> uint256:
    """
    @notice Pays a member all that is left for it, once the project failed or is closed. Anyone's: it goes to the member.
    @param member Whose.
    @return What it was, µ.
    """
    book: Book = self._book()
    self._only(book.state >= FAILED)
    shares: uint256 = self._seat(member).shares
    if shares == 0:
        self._refuse("no seat")
    return self._burn(book, member, member, shares, shares * self.fund // book.supply)


@external
def join():
    """
    @notice Puts the caller at the end of the waiting list.
    """
    self._only(self._book().state <= OPERATING)
    self._only_admitted(self._seat(msg.sender))
    if self.place[msg.sender] != 0:
        self._refuse("waits already")
    self.queue[self.queue_tail] = msg.sender
    self.place[msg.sender] = self.queue_tail
    self.queue_tail += 1
    log Waiting(who=msg.sender, waits=True)


@external
def leave():
    """
    @notice Takes the caller off the waiting list.
    """
    if self.place[msg.sender] == 0:
        self._refuse("does not wait")
    self._leave(msg.sender)


@external
def offer(shares: uint256, price: uint256):
    """
    @notice Offers the caller's seat, or a part of it, to the waiting list.
    @param shares How many; 0 takes the offer back.
    @param price For all of them, µ.
    """
    self._only_passing()
    if shares > self._seat(msg.sender).shares:
        self._refuse("more than the seat")
    if price > AMOUNT_MAX:
        self._refuse("amount out of range")
    self.offers[msg.sender] = Offer(shares=shares, price=price, at=block.timestamp)
    log Offered(seller=msg.sender, shares=shares, price=price)


@external
def take(seller: address, shares: uint256, price_max: uint256):
    """
    @notice Takes an offered seat. For one window the first of the waiting list may, then everybody on it.
    @param seller Whose seat.
    @param shares All that are offered.
    @param price_max The most the caller pays for all of them, µ.
    """
    self._only_passing()
    offered: Offer = self.offers[seller]
    sold: Seat = self._seat(seller)
    offers: bool = shares > 0 and offered.shares == shares and offered.price <= price_max
    if not offers or sold.shares < shares or msg.sender == seller:
        self._refuse("no such offer")
    if self.place[msg.sender] == 0:
        self._refuse("not on the waiting list")
    if block.timestamp < offered.at + self.terms.window_seconds and self._first() != msg.sender:
        self._refuse("another waits longer")
    if block.timestamp < sold.locked:
        self._refuse("seat voted")
    income: uint256 = self._take_income(seller, sold.shares)
    self.offers[seller] = empty(Offer)
    self._leave(msg.sender)
    book: Book = self._book()
    sold.shares -= shares
    self._save_seat(seller, sold)
    if sold.shares == 0:
        book.members -= 1
    book = self._grow(book, msg.sender, shares)
    self._save(book)
    log Taken(seller=seller, buyer=msg.sender, shares=shares, price=offered.price)
    if income > 0:
        self._push(seller, income)
    if offered.price > 0:
        moved: bool = extcall IERC20(asset).transferFrom(
            msg.sender, seller, offered.price, default_return_value=True
        )
        if not moved:
            self._refuse("token refused")


@external
def deposit(assets: uint256, receiver: address) -> uint256:
    """
    @notice Buys shares that were never sold, at book value; the money goes to the reserve. OPERATING only.
    @param assets µ.
    @param receiver The caller.
    @return Shares, rounded down.
    """
    book: Book = self._only_buying(receiver)
    shares: uint256 = self._convert(book, assets, True, 0, 0)
    self._buy(book, assets, shares, receiver)
    return shares


@external
def mint(shares: uint256, receiver: address) -> uint256:
    """
    @notice `deposit` for a number of shares.
    @param shares How many.
    @param receiver The caller.
    @return What they cost, rounded up, µ.
    """
    book: Book = self._only_buying(receiver)
    assets: uint256 = self._convert(book, shares, False, 1, 0)
    self._buy(book, assets, shares, receiver)
    return assets


@external
def redeem(shares: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Gives back shares for a part of what is divided. CLOSED only; income is paid to the owner in the same call.
    @param shares How many.
    @param receiver Who gets the money.
    @param owner The caller.
    @return What they gave, rounded down, µ.
    """
    book: Book = self._only_redeeming(owner)
    if shares == 0 or shares > self._seat(owner).shares:
        self._refuse("more than the seat")
    return self._burn(book, owner, receiver, shares, shares * self.fund // book.supply)


@external
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice `redeem` for an amount; who takes the last shares takes all that is left.
    @param assets µ.
    @param receiver Who gets the money.
    @param owner The caller.
    @return Shares, rounded up.
    """
    book: Book = self._only_redeeming(owner)
    shares: uint256 = self._convert(book, assets, True, 1, 0)
    if shares == 0 or shares > self._seat(owner).shares:
        self._refuse("more than the seat")
    self._burn(book, owner, receiver, shares, assets)
    return shares


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Always refused: shares pass by seat.
    @param to Nobody.
    @param amount Nothing.
    @return Never.
    """
    self._refuse("shares pass by seat")
    return False


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Always refused: shares pass by seat.
    @param owner Nobody.
    @param to Nobody.
    @param amount Nothing.
    @return Never.
    """
    self._refuse("shares pass by seat")
    return False


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Always refused: shares pass by seat.
    @param spender Nobody.
    @param amount Nothing.
    @return Never.
    """
    self._refuse("shares pass by seat")
    return False


# ── Views ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

@external
@view
def book() -> Book:
    """
    @notice Supply of shares, members, state (0 PROPOSED, 1 PLEDGING, 2 COMMITTED, 3 BUILDING, 4 OPERATING, 5 RETIRING,
            6 ENDING, 7 FAILED, 8 CLOSED), next milestone, number of milestones.
    @return All of it.
    """
    return self._book()


@external
@view
def seat_of(member: address) -> Seat:
    """
    @notice A member's seat.
    @param member Whose.
    @return Shares, when they last grew, until when they stay put, last nonce, whether the registrar vouched.
    """
    return self._seat(member)


@external
@view
def unclaimed() -> uint256:
    """
    @notice Income divided and not yet claimed.
    @return µ.
    """
    return self.incomes >> 128


@external
@view
def claimable(member: address) -> uint256:
    """
    @notice Income a member can claim now, without what nobody collected yet.
    @param member Whose.
    @return µ.
    """
    return self._owed(member, self._seat(member).shares) >> 64


@external
@view
def accounted() -> uint256:
    """
    @notice What the contract's books say it holds.
    @return µ.
    """
    return self._accounted(self._book())


@external
@view
def place_of(who: address) -> uint256:
    """
    @notice The place on the waiting list, counted from the first ever; 0: not on it.
    @param who Whose.
    @return The place.
    """
    return self.place[who]


@external
@view
def name() -> String[20]:
    """
    @notice The shares' name.
    @return It.
    """
    return "Community Solar Seat"


@external
@view
def symbol() -> String[4]:
    """
    @notice The shares' symbol.
    @return It.
    """
    return "SEAT"


@external
@view
def decimals() -> uint8:
    """
    @notice The shares' decimals: those of the money.
    @return 6.
    """
    return DECIMALS


@external
@view
def totalSupply() -> uint256:
    """
    @notice Shares, once the plant operates; 0 before.
    @return How many.
    """
    book: Book = self._book()
    return self._live(book, book.supply)


@external
@view
def balanceOf(owner: address) -> uint256:
    """
    @notice A holder's shares, once the plant operates; 0 before.
    @param owner Whose.
    @return How many.
    """
    return self._live(self._book(), self._seat(owner).shares)


@external
@view
def allowance(owner: address, spender: address) -> uint256:
    """
    @notice Nobody can be allowed to move shares.
    @param owner Anybody.
    @param spender Anybody.
    @return 0.
    """
    return 0


@external
@view
def totalAssets() -> uint256:
    """
    @notice Reserve and book value of the roof, by the contract's own accounting.
    @return µ.
    """
    return self._assets(self._book())


@external
@view
def convertToShares(assets: uint256) -> uint256:
    """
    @notice Shares for an amount, rounded down.
    @param assets µ.
    @return How many.
    """
    return self._convert(self._book(), assets, True, 0, 0)


@external
@view
def convertToAssets(shares: uint256) -> uint256:
    """
    @notice What shares are worth, rounded down.
    @param shares How many.
    @return µ.
    """
    return self._convert(self._book(), shares, False, 0, 0)


@external
@view
def maxDeposit(receiver: address) -> uint256:
    """
    @notice The most `receiver` may pay in.
    @param receiver Who.
    @return µ.
    """
    return self._convert(self._book(), self._room(receiver), False, 0, 0)


@external
@view
def maxMint(receiver: address) -> uint256:
    """
    @notice The most shares `receiver` may buy.
    @param receiver Who.
    @return How many.
    """
    return self._room(receiver)


@external
@view
def maxRedeem(owner: address) -> uint256:
    """
    @notice Shares that can be given back: none while money is a roof.
    @param owner Whose.
    @return How many.
    """
    if self._book().state != CLOSED:
        return 0
    return self._seat(owner).shares


@external
@view
def maxWithdraw(owner: address) -> uint256:
    """
    @notice What they give.
    @param owner Whose.
    @return µ.
    """
    book: Book = self._book()
    if book.state != CLOSED:
        return 0
    return self._convert(book, self._seat(owner).shares, False, 0, 0)


@external
@view
def previewDeposit(assets: uint256) -> uint256:
    """
    @notice Shares `deposit` would give.
    @param assets µ.
    @return How many.
    """
    return self._preview(assets, True, 0)


@external
@view
def previewMint(shares: uint256) -> uint256:
    """
    @notice What `mint` would cost.
    @param shares How many.
    @return µ.
    """
    return self._preview(shares, False, 1)


@external
@view
def previewRedeem(shares: uint256) -> uint256:
    """
    @notice What `redeem` would give, at least.
    @param shares How many.
    @return µ.
    """
    return self._convert(self._book(), shares, False, 0, 0)


@external
@view
def previewWithdraw(assets: uint256) -> uint256:
    """
    @notice Shares `withdraw` would take.
    @param assets µ.
    @return How many.
    """
    return self._convert(self._book(), assets, True, 1, 0)


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@pure
def _refuse(reason: String[32]):
    """
    @dev Reverts. A function, because what an `assert` with a reason takes in code is too much for so many.
    """
    raise concat("commons: ", reason)


@internal
@pure
def _only(allowed: bool):
    """
    @dev Refuses what this state does not allow.
    """
    if not allowed:
        self._refuse("not in this state")


@internal
@pure
def _only_building(book: Book):
    """
    @dev Refuses before the commitment and after the building.
    """
    self._only(book.state == COMMITTED or book.state == BUILDING)


@internal
@view
def _only_passing():
    """
    @dev Refuses where seats do not pass.
    """
    state: uint256 = self._book().state
    self._only(state >= COMMITTED and state <= OPERATING)


@internal
@view
def _only_admitted(seat: Seat):
    """
    @dev Refuses whom the registrar, if there is one, did not vouch for.
    """
    if (RULE >> 184) & 1 != 0 and not seat.admitted:
        self._refuse("not admitted")


@internal
@view
def _only_redeeming(owner: address) -> Book:
    """
    @dev Refuses redemption while money is a roof, and by anyone but the owner.
    """
    book: Book = self._book()
    self._only(book.state == CLOSED)
    if owner != msg.sender:
        self._refuse("not the owner")
    return book


@internal
def _only_buying(receiver: address) -> Book:
    """
    @dev Refuses before the operation, and for anyone but the receiver. What reached the contract before is collected first:
         it is the present holders', and the reserve's part of it belongs into the price.
    """
    book: Book = self._book()
    self._only(book.state == OPERATING)
    if receiver != msg.sender:
        self._refuse("not for somebody else")
    self._collect(book)
    return book


@internal
@view
def _check_terms(terms: Terms):
    """
    @dev See docs/commons-spec.md, "Numbers".
    """
    if terms.capex == 0 or terms.capex > terms.cap or terms.cap > AMOUNT_MAX:
        self._refuse("threshold above the cap")
    if terms.deadline <= block.timestamp or terms.deadline > block.timestamp + 2 * YEAR:
        self._refuse("deadline out of range")
    if terms.by_head and terms.registrar == empty(address):
        self._refuse("heads need a registrar")
    times: bool = self._between(terms.window_seconds, HOUR, 30 * DAY)
    times = times and self._between(terms.vote_seconds, HOUR, 30 * DAY)
    times = times and self._between(terms.grace_seconds, DAY, YEAR) and self._between(terms.notice_seconds, DAY, YEAR)
    times = times and self._between(terms.lifetime_seconds, DAY, 60 * YEAR)
    numbers: bool = self._between(terms.share_max_bps, 1, BPS) and self._between(terms.quorum_bps, 1, QUORUM_MAX)
    numbers = numbers and terms.members_min >= 1 and terms.members_min < 2**32 and terms.reserve_bps <= BPS
    numbers = numbers and terms.pledge_min <= terms.cap
    if not times or not numbers or terms.bond > AMOUNT_MAX or terms.reserve_target > AMOUNT_MAX:
        self._refuse("numbers out of range")


@internal
@view
def _check_milestones(terms: Terms, milestones: DynArray[Milestone, MILESTONES_MAX]):
    """
    @dev They sum to the capex, and their deadlines rise from that of the pledges.
    """
    if len(milestones) == 0:
        self._refuse("no milestones")
    total: uint256 = 0
    before: uint256 = terms.deadline
    for milestone: Milestone in milestones:
        if milestone.payee == empty(address):
            self._refuse("zero address")
        if milestone.deadline <= before or milestone.deadline > block.timestamp + 5 * YEAR:
            self._refuse("deadline out of range")
        if milestone.amount > AMOUNT_MAX:
            self._refuse("milestones do not sum")
        before = milestone.deadline
        total += milestone.amount
    if total != terms.capex:
        self._refuse("milestones do not sum")


@internal
@pure
def _between(number: uint256, low: uint256, high: uint256) -> bool:
    """
    @dev Both bounds included.
    """
    return number >= low and number <= high


@internal
@view
def _book() -> Book:
    """
    @dev Unpacks.
    """
    word: uint256 = self.packed
    return Book(
        supply=word & LANE,
        members=(word >> 64) & (2**32 - 1),
        state=(word >> 96) & 255,
        next=(word >> 104) & 255,
        count=(word >> 112) & 255,
    )


@internal
def _save(book: Book):
    """
    @dev Packs.
    """
    self.packed = (
        book.supply | (book.members << 64) | (book.state << 96) | (book.next << 104) | (book.count << 112)
    )


@internal
@view
def _seat(member: address) -> Seat:
    """
    @dev Unpacks.
    """
    word: uint256 = self.seats[member]
    return Seat(
        shares=word & LANE,
        since=(word >> 64) & DATE,
        locked=(word >> 104) & DATE,
        nonce=(word >> 144) & LANE,
        admitted=(word >> 208) & 1 == 1,
    )


@internal
def _save_seat(member: address, seat: Seat):
    """
    @dev Packs.
    """
    word: uint256 = seat.shares | (seat.since << 64) | (seat.locked << 104) | (seat.nonce << 144)
    if seat.admitted:
        word |= 1 << 208
    self.seats[member] = word


@internal
@view
def _reached(book: Book) -> bool:
    """
    @dev Threshold and members.
    """
    return book.supply >= self.terms.capex and book.members >= self.terms.members_min


@internal
def _pledge(
    member: address,
    plan: bytes32,
    amount: uint256,
    max_share_bps: uint256,
    nonce: uint256,
    expiry: uint256,
    signature: Bytes[65],
):
    """
    @dev See `pledge`.
    """
    book: Book = self._book()
    self._only(book.state <= PLEDGING)
    if plan != goal:
        self._refuse("another plan")
    if block.timestamp > (RULE >> 128) & DATE:
        self._refuse("deadline over")
    seat: Seat = self._seat(member)
    if (RULE >> 184) & 1 == 1 and not seat.admitted:
        self._refuse("not admitted")
    if msg.sender != member:
        if block.timestamp > expiry:
            self._refuse("signature expired")
        if nonce <= seat.nonce or nonce > LANE:
            self._refuse("nonce used")
        domain: bytes32 = keccak256(abi_encode(DOMAIN, NAME, VERSION, chain.id, self))
        message: bytes32 = keccak256(abi_encode(PLEDGE, plan, member, amount, max_share_bps, nonce, expiry))
        digest: bytes32 = keccak256(concat(x"1901", domain, message))
        signer: address = ecdsa._recover_sig(digest, signature)
        if signer != member or signer == empty(address):
            self._refuse("not signed by the member")
        seat.nonce = nonce
    if amount == 0 or amount < RULE >> 192:
        self._refuse("below the least pledge")
    if amount > AMOUNT_MAX or book.supply + amount > (RULE >> 64) & LANE:
        self._refuse("cap reached")
    if seat.shares == 0:
        book.members += 1
    seat.shares += amount
    seat.since = block.timestamp
    bound: uint256 = min(max_share_bps, (RULE >> 168) & 65535)
    if seat.shares * BPS > bound * (RULE & LANE):
        self._refuse("seat too large")
    book.supply += amount
    book.state = PLEDGING
    self._save(book)
    self._save_seat(member, seat)
    self.members_root = keccak256(abi_encode(self.members_root, member, amount))
    log Pledged(member=member, amount=amount, max_share_bps=max_share_bps, supply=book.supply)
    self._pull(member, amount)


@internal
def _grow(book: Book, member: address, shares: uint256) -> Book:
    """
    @dev Adds shares to a seat, whose income so far is settled first; the book with its members counted.
    """
    seat: Seat = self._seat(member)
    self._only_admitted(seat)
    self.shares_of_income[member] = (self.incomes & HALF) | (self._owed(member, seat.shares) << 128) | OPENED
    grown: Book = book
    if seat.shares == 0:
        grown.members += 1
    seat.shares += shares
    seat.since = block.timestamp
    if seat.shares * BPS > self.terms.share_max_bps * self.terms.capex:
        self._refuse("seat too large")
    self._save_seat(member, seat)
    return grown


@internal
def _open(
    book: Book, kind: uint256, milestone: uint256, payee: address, amount: uint256, deadline: uint256
) -> uint256:
    """
    @dev Begins a vote; its number.
    """
    total: uint256 = book.supply
    if self.terms.by_head:
        total = book.members
    motion: uint256 = self.motion_count + 1
    self.motion_count = motion
    ends: uint256 = block.timestamp + self.terms.vote_seconds
    self.motions[motion] = Motion(
        kind=kind,
        mover=msg.sender,
        opened=block.timestamp,
        ends=ends,
        total=total,
        yes=0,
        no=0,
        milestone=milestone,
        payee=payee,
        amount=amount,
        deadline=deadline,
    )
    log Moved(motion=motion, kind=kind, mover=msg.sender, ends=ends)
    return motion


@internal
def _outcome(motion: uint256) -> bool:
    """
    @dev Whether the motion, whose vote must be over, has effect.
    """
    moved: Motion = self.motions[motion]
    if block.timestamp < moved.ends:
        self._refuse("vote not over")
    effect: bool = moved.yes > moved.no and moved.yes * BPS >= moved.total * self.terms.quorum_bps
    if moved.kind == PAY:
        effect = moved.yes > moved.no and moved.yes * 3 >= moved.total * 2
    log Concluded(motion=motion, effect=effect)
    return effect


@internal
def _post_bond():
    """
    @dev Takes the caller's bond; last in a call, because money moves.
    """
    bond: uint256 = self.terms.bond
    self.bonds += bond
    if bond > 0:
        self._pull(msg.sender, bond)


@internal
def _owe(party: address, amount: uint256):
    """
    @dev Makes a part of `bonds` a party's.
    """
    self.dues[party] += amount
    log DuesChanged(party=party, amount=self.dues[party])


@internal
def _forfeit(bond: uint256, winner: address):
    """
    @dev A bond is lost: half of it, rounded down, to the winner if there is one, the rest to the reserve.
    """
    won: uint256 = 0
    if winner != empty(address):
        won = bond // 2
        self._owe(winner, won)
    self.bonds -= bond - won
    self.fund += bond - won


@internal
def _void_open():
    """
    @dev Gives back every bond of what is still open.
    """
    bond: uint256 = self.terms.bond
    if self.objection != 0:
        self._owe(self.objector, bond)
        self.objection = 0
    self.submission = empty(bytes32)
    opened: Report = self.report_open
    if opened.kind != 0:
        self._owe(opened.reporter, bond)
        if opened.motion != 0:
            self._owe(opened.challenger, bond)
        self.report_open = empty(Report)
    if self.motion_open != 0:
        self._owe(self.motions[self.motion_open].mover, bond)
        self.motion_open = 0


@internal
def _wind_up(book: Book, reason: uint256):
    """
    @dev RETIRING if the plant operated, else ENDING; what is left of the escrow joins the reserve.
    """
    self._void_open()
    wound: Book = book
    if book.state == OPERATING:
        wound.state = RETIRING
    else:
        wound.state = ENDING
    self._save(wound)
    self.fund += self.escrow
    self.escrow = 0
    closes_at: uint256 = block.timestamp + self.terms.notice_seconds
    self.closes_at = closes_at
    log WindingUp(state=wound.state, reason=reason, closes_at=closes_at)


@internal
@view
def _accounted(book: Book) -> uint256:
    """
    @dev While pledges come in the supply is what is held for them; later it stands in escrow and fund.
    """
    held: uint256 = self.escrow + self.fund + self.bonds + (self.incomes >> 128)
    if book.state <= PLEDGING:
        held += book.supply
    return held


@internal
@view
def _split(book: Book) -> (uint256, uint256):
    """
    @dev What nobody collected yet, and how much of it is the reserve's. More income than the accumulator can count stays
         where it is.
    """
    held: uint256 = staticcall IERC20(asset).balanceOf(self)
    known: uint256 = self._accounted(book)
    gain: uint256 = min(held - min(held, known), AMOUNT_MAX - self.income_total)
    if book.state == RETIRING:
        return gain, 0
    if book.state != OPERATING:
        return gain, gain
    room: uint256 = self.terms.reserve_target - min(self.fund, self.terms.reserve_target)
    return gain, min(gain * self.terms.reserve_bps // BPS, room)


@internal
def _collect(book: Book) -> uint256:
    """
    @dev See `collect`.
    """
    gain: uint256 = 0
    reserved: uint256 = 0
    gain, reserved = self._split(book)
    income: uint256 = gain - reserved
    self.fund += reserved
    if income > 0:
        word: uint256 = self.incomes
        self.income_total += income
        self.incomes = ((word & HALF) + income * SCALE // book.supply) | (((word >> 128) + income) << 128)
    if gain > 0:
        log Collected(income=income, reserved=reserved)
    return gain


@internal
@view
def _owed(member: address, shares: uint256) -> uint256:
    """
    @dev Income owed to a member, in 2⁻⁶⁴ µ.
    """
    word: uint256 = self.shares_of_income[member]
    return (word << 1 >> 129) + shares * ((self.incomes & HALF) - (word & HALF))


@internal
def _take_income(member: address, shares: uint256) -> uint256:
    """
    @dev Takes a member's whole µ off the books; the fraction stays owed.
    """
    word: uint256 = self.incomes
    mark: uint256 = self.shares_of_income[member]
    owed: uint256 = (mark << 1 >> 129) + shares * ((word & HALF) - (mark & HALF))
    amount: uint256 = owed >> 64
    self.shares_of_income[member] = (word & HALF) | ((owed & FRACTION) << 128) | OPENED
    if amount > 0:
        self.incomes = word - (amount << 128)
    return amount


@internal
def _burn(book: Book, owner: address, receiver: address, shares: uint256, assets: uint256) -> uint256:
    """
    @dev Takes shares back and pays; the last ones take all that is left, for nobody else is owed a whole µ.
    """
    seat: Seat = self._seat(owner)
    income: uint256 = self._take_income(owner, seat.shares)
    burnt: Book = book
    burnt.supply -= shares
    seat.shares -= shares
    if seat.shares == 0:
        burnt.members -= 1
    capital: uint256 = assets
    if burnt.supply == 0:
        capital = staticcall IERC20(asset).balanceOf(self) - self.bonds - income
        self.fund = 0
        self.incomes &= HALF
        burnt.state = CLOSED
    else:
        self.fund -= assets
    self._save(burnt)
    self._save_seat(owner, seat)
    log PaidOut(member=owner, income=income, capital=capital)
    log IERC4626.Withdraw(sender=msg.sender, receiver=receiver, owner=owner, assets=capital, shares=shares)
    log IERC20.Transfer(sender=owner, receiver=empty(address), value=shares)
    if receiver == owner:
        self._push(owner, capital + income)
        return capital + income
    self._push(owner, income)
    self._push(receiver, capital)
    return capital


@internal
def _buy(book: Book, assets: uint256, shares: uint256, receiver: address):
    """
    @dev See `deposit`.
    """
    if shares == 0 or shares > self._room(receiver):
        self._refuse("not so many shares")
    if self.place[receiver] != 0:
        self._leave(receiver)
    grown: Book = self._grow(book, receiver, shares)
    grown.supply += shares
    self._save(grown)
    self.fund += assets
    log IERC4626.Deposit(sender=msg.sender, owner=receiver, assets=assets, shares=shares)
    log IERC20.Transfer(sender=empty(address), receiver=receiver, value=shares)
    self._pull(msg.sender, assets)


@internal
@view
def _room(receiver: address) -> uint256:
    """
    @dev Shares `receiver` may still buy: within the cap, within the bound of a seat, of those who are in or wait.
    """
    book: Book = self._book()
    seat: Seat = self._seat(receiver)
    if book.state != OPERATING or (seat.shares == 0 and self.place[receiver] == 0):
        return 0
    bound: uint256 = self.terms.share_max_bps * self.terms.capex // BPS
    return min(self.terms.cap - min(book.supply, self.terms.cap), bound - min(seat.shares, bound))


@internal
@view
def _live(book: Book, amount: uint256) -> uint256:
    """
    @dev Shares show once the plant operates.
    """
    if book.state == OPERATING or book.state == RETIRING or book.state == CLOSED:
        return amount
    return 0


@internal
@view
def _assets(book: Book) -> uint256:
    """
    @dev Reserve, and while there is a roof what was paid for it, written off in a straight line.
    """
    assets: uint256 = self.fund
    if book.state == OPERATING or book.state == RETIRING:
        end: uint256 = self.operating_since + self.terms.lifetime_seconds
        left: uint256 = end - min(block.timestamp, end)
        assets += self.spent * left // self.terms.lifetime_seconds
    return self._live(book, assets)


@internal
@view
def _convert(book: Book, amount: uint256, to_shares: bool, up: uint256, pending: uint256) -> uint256:
    """
    @dev An amount to shares or shares to an amount, rounded down (`up` 0) or up (1); with one virtual unit of each as long
         as shares can be bought. `pending`: what the reserve is about to get.
    """
    whole: uint256 = self._assets(book) + pending
    supply: uint256 = self._live(book, book.supply)
    if book.state != CLOSED or supply == 0 or whole == 0:
        whole += 1
        supply += 1
    if to_shares:
        return (amount * supply + up * (whole - 1)) // whole
    return (amount * whole + up * (supply - 1)) // supply


@internal
@view
def _preview(amount: uint256, to_shares: bool, up: uint256) -> uint256:
    """
    @dev As a purchase would convert, which collects first.
    """
    book: Book = self._book()
    pending: uint256 = 0
    if book.state == OPERATING:
        gain: uint256 = 0
        gain, pending = self._split(book)
    return self._convert(book, amount, to_shares, up, pending)


@internal
def _leave(who: address):
    """
    @dev Off the waiting list.
    """
    self.place[who] = 0
    log Waiting(who=who, waits=False)


@internal
def _first() -> address:
    """
    @dev The first of the waiting list; places that were left are passed over for good.
    """
    head: uint256 = self.queue_head
    tail: uint256 = self.queue_tail
    for _: uint256 in range(SKIPS_MAX):
        if head == tail or self.place[self.queue[head]] == head:
            break
        head += 1
    self.queue_head = head
    if head == tail:
        return empty(address)
    return self.queue[head]


@internal
def _pull(payer: address, amount: uint256):
    """
    @dev Takes exactly `amount`.
    """
    held: uint256 = staticcall IERC20(asset).balanceOf(self)
    moved: bool = extcall IERC20(asset).transferFrom(payer, self, amount, default_return_value=True)
    if not moved:
        self._refuse("token refused")
    if staticcall IERC20(asset).balanceOf(self) != held + amount:
        self._refuse("token moved another amount")


@internal
def _push(to: address, amount: uint256):
    """
    @dev Pays exactly `amount`: a token that takes more would take it from the others.
    """
    if amount == 0:
        return
    held: uint256 = staticcall IERC20(asset).balanceOf(self)
    moved: bool = extcall IERC20(asset).transfer(to, amount, default_return_value=True)
    if not moved:
        self._refuse("token refused")
    if staticcall IERC20(asset).balanceOf(self) != held - amount:
        self._refuse("token moved another amount")
