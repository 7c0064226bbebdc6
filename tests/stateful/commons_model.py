"""The community plant's contract as plain Python, from docs/commons-spec.md: what every call does, or why it is refused.

Not a test: the state machine beside it holds the contract to it.
"""

from dataclasses import dataclass, field

BPS, SCALE = 10_000, 2**64
PROPOSED, PLEDGING, COMMITTED, BUILDING, OPERATING, RETIRING, ENDING, FAILED, CLOSED = range(9)
EVIDENCE, REPORT, PLAN, PAY, RETIRE = 1, 2, 3, 4, 5
STATE = "not in this state"
YEAR = 365 * 86_400


@dataclass
class Terms:
    """What the machine varies or needs of a plan."""

    capex: int
    cap: int
    pledge_min: int
    share_max_bps: int
    members_min: int
    deadline: int
    by_head: bool
    registrar: str | None
    quorum_bps: int
    bond: int
    window: int
    vote: int
    grace: int
    notice: int
    lifetime: int
    reserve_bps: int
    reserve_target: int
    milestones: list[tuple[str, int, int]]


@dataclass
class Seat:
    """One member's."""

    shares: int = 0
    since: int = 0
    locked: int = 0
    nonce: int = 0
    admitted: bool = False
    mark: int = 0
    owed: int = 0


@dataclass
class Motion:
    """One vote."""

    kind: int
    mover: str
    opened: int
    ends: int
    total: int
    milestone: int = 0
    payee: str = ""
    amount: int = 0
    deadline: int = 0
    yes: int = 0
    no: int = 0
    voters: set[str] = field(default_factory=set)


class Refusal(Exception):
    """The contract's word."""


def need(held: bool, why: str) -> None:
    if not held:
        raise Refusal(why)


class Plant:
    """The whole contract and everybody's wallets. Every call either changes all it has to, or raises before it changes."""

    def __init__(self, terms: Terms, organiser: str, now: int, wallets: dict[str, int]) -> None:
        self.terms, self.organiser, self.now = terms, organiser, now
        self.wallets = dict(wallets)
        self.milestones = list(terms.milestones)
        self.state, self.supply, self.next = PROPOSED, 0, 0
        self.seats: dict[str, Seat] = {}
        self.escrow = self.fund = self.bonds = self.unclaimed = self.acc = self.spent = self.gifts = 0
        self.since = self.closes_at = 0
        self.dues: dict[str, int] = {}
        self.motions: dict[int, Motion] = {}
        self.open_motion = 0
        self.submission: tuple[int, str | None, int] | None = None  # at, objector, motion
        self.report: tuple[int, str, int, str | None, int] | None = None  # kind, reporter, at, challenger, motion
        self.offers: dict[str, tuple[int, int, int]] = {}
        self.queue: list[str] = []
        self.paid_in = self.paid_away = 0

    # ── Looks ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def seat(self, who: str) -> Seat:
        return self.seats.setdefault(who, Seat())

    @property
    def members(self) -> int:
        return sum(seat.shares > 0 for seat in self.seats.values())

    @property
    def reached(self) -> bool:
        return self.supply >= self.terms.capex and self.members >= self.terms.members_min

    @property
    def books(self) -> int:
        return self.escrow + self.fund + self.bonds + self.unclaimed + (self.supply if self.state <= PLEDGING else 0)

    @property
    def held(self) -> int:
        return self.books + self.gifts

    def owed(self, who: str) -> int:
        seat = self.seat(who)
        return seat.owed + seat.shares * (self.acc - seat.mark)

    @property
    def building(self) -> bool:
        return self.state in (COMMITTED, BUILDING)

    def rate(self) -> tuple[int, int]:
        """Assets, all collected, and supply with the virtual unit, in OPERATING."""
        left = max(self.since + self.terms.lifetime - self.now, 0)
        return self.fund + self.reserved() + self.spent * left // self.terms.lifetime + 1, self.supply + 1

    # ── Pledging ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def admit(self, who: str, *, sender: str) -> None:
        need(sender == self.terms.registrar, "not the registrar")
        self.seat(who).admitted = True

    def pledge(self, who: str, amount: int, max_share: int, *, sender: str, nonce: int = 0, expiry: int = 0) -> None:
        terms, seat = self.terms, self.seat(who)
        need(self.state <= PLEDGING, STATE)
        need(self.now <= terms.deadline, "deadline over")
        need(seat.admitted or terms.registrar is None, "not admitted")
        if sender != who:
            need(self.now <= expiry, "signature expired")
            need(nonce > seat.nonce, "nonce used")
        need(0 < amount >= terms.pledge_min, "below the least pledge")
        need(self.supply + amount <= terms.cap, "cap reached")
        need((seat.shares + amount) * BPS <= min(max_share, terms.share_max_bps) * terms.capex, "seat too large")
        self.pay(who, amount)
        seat.nonce = nonce if sender != who else seat.nonce
        seat.shares, seat.since = seat.shares + amount, self.now
        self.supply += amount
        self.state = PLEDGING

    def commit(self, *, sender: str) -> None:
        need(self.state == PLEDGING, STATE)
        need(self.reached, "threshold not reached")
        need(sender == self.organiser or self.now > self.terms.deadline, "deadline not over")
        self.state, self.escrow = COMMITTED, self.supply

    def acknowledge(self, *, sender: str) -> None:
        need(self.state >= COMMITTED, STATE)
        need(self.seat(sender).shares > 0, "no seat")

    def fail(self, *, sender: str) -> None:
        need(self.state <= PLEDGING, STATE)
        need(not self.reached, "threshold reached")
        need(sender == self.organiser or self.now > self.terms.deadline, "deadline not over")
        self.state, self.fund = (FAILED if self.supply else CLOSED), self.supply
        self.closes_at = self.now + self.terms.notice

    # ── Building ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def submit(self, *, sender: str) -> None:
        need(self.building, STATE)
        need(self.next < len(self.milestones) and sender == self.milestones[self.next][0], "not the payee")
        need(self.submission is None, "evidence waits already")
        self.submission = (self.now, None, 0)

    def object(self, *, sender: str) -> None:
        need(self.building, STATE)
        need(self.submission is not None and self.submission[2] == 0, "nothing to object to")
        assert self.submission is not None
        need(self.now < self.submission[0] + self.terms.window, "window over")
        self.post(sender)
        self.submission = (self.submission[0], sender, self.motion(EVIDENCE, sender))

    def release(self, *, sender: str) -> None:
        need(self.building, STATE)
        need(self.submission is not None, "no evidence")
        assert self.submission is not None
        need(self.report is None, "report open")
        at, objector, motion = self.submission
        payee, amount, _ = self.milestones[self.next]
        if not motion:
            need(self.now >= at + self.terms.window, "window not over")
        else:
            refuted = self.outcome(motion)
            self.submission = None
            if refuted:
                self.owe(str(objector), self.terms.bond)
                return
            self.forfeit(payee)
        self.submission = None
        self.next, self.state = self.next + 1, BUILDING
        self.escrow -= amount
        self.spent += amount
        self.bonds += amount
        self.owe(payee, amount)

    def operate(self, *, sender: str) -> None:
        need(self.state == BUILDING, STATE)
        need(self.next == len(self.milestones), "milestones open")
        need(self.report is None, "report open")
        self.state, self.since = OPERATING, self.now
        self.fund, self.escrow = self.fund + self.escrow, 0

    # ── Motions and reports ───────────────────────────────────────────────────────────────────────────────────────────

    def move(self, kind: int, milestone: int, payee: str, amount: int, deadline: int, *, sender: str) -> None:
        need(self.seat(sender).shares > 0, "no seat")
        need(self.open_motion == 0, "motion open")
        if kind == PLAN:
            need(self.building, STATE)
            need(self.next <= milestone < len(self.milestones), "no such milestone")
            need(self.now < deadline <= self.now + 5 * YEAR, "deadline out of range")
        elif kind == PAY:
            need(OPERATING <= self.state <= ENDING, STATE)
            need(0 < amount <= self.fund, "amount out of range")
        else:
            need(self.state == OPERATING, STATE)
        self.post(sender)
        self.open_motion = self.motion(kind, sender, milestone, payee, amount, deadline)

    def vote(self, number: int, yes: bool, *, sender: str) -> None:
        motion = self.motions.get(number)
        need(motion is not None and self.now < motion.ends, "no vote")
        assert motion is not None
        need(sender not in motion.voters, "voted already")
        seat = self.seat(sender)
        need(seat.shares > 0 and seat.since < motion.opened, "seat does not count")
        seat.locked = max(seat.locked, motion.ends)
        motion.voters.add(sender)
        weight = 1 if self.terms.by_head else seat.shares
        motion.yes, motion.no = motion.yes + weight * yes, motion.no + weight * (not yes)

    def conclude(self, *, sender: str) -> None:
        need(self.open_motion != 0, "no motion")
        motion = self.motions[self.open_motion]
        effect = self.outcome(self.open_motion)
        self.open_motion = 0
        if not effect:
            self.forfeit(None)
            return
        self.owe(motion.mover, self.terms.bond)
        if motion.kind == PLAN and motion.milestone >= self.next:
            self.milestones[motion.milestone] = (motion.payee, self.milestones[motion.milestone][1], motion.deadline)
        elif motion.kind == PAY and motion.amount <= self.fund:
            self.fund -= motion.amount
            self.bonds += motion.amount
            self.owe(motion.payee, motion.amount)
        elif motion.kind == RETIRE and self.state == OPERATING:
            self.wind_up()

    def tell(self, kind: int, *, sender: str) -> None:
        need(COMMITTED <= self.state <= OPERATING, STATE)
        need(1 <= kind <= 3, "no such report")
        need(self.report is None, "report open")
        self.post(sender)
        self.report = (kind, sender, self.now, None, 0)

    def challenge(self, *, sender: str) -> None:
        need(self.report is not None and self.report[4] == 0, "nothing to challenge")
        assert self.report is not None
        kind, reporter, at, _, _ = self.report
        need(self.now < at + self.terms.window, "window over")
        self.post(sender)
        self.report = (kind, reporter, at, sender, self.motion(REPORT, sender))

    def conclude_report(self, *, sender: str) -> None:
        need(self.report is not None, "no report")
        assert self.report is not None
        _, reporter, at, challenger, motion = self.report
        need(bool(motion) or self.now >= at + self.terms.window, "window not over")
        upheld = not motion or self.outcome(motion)
        self.report = None
        if motion:
            self.forfeit(reporter if upheld else challenger)
            if not upheld:
                self.owe(str(challenger), self.terms.bond)
        if upheld:
            self.owe(reporter, self.terms.bond)
            self.wind_up()

    # ── The end ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def expire(self, *, sender: str) -> None:
        if self.state == OPERATING:
            need(self.now >= self.since + self.terms.lifetime, "lifetime not over")
        else:
            need(self.building, STATE)
            need(self.next < len(self.milestones), "milestones done")
            need(self.now > self.milestones[self.next][2] + self.terms.grace, "not overdue")
        self.wind_up()

    def close(self, *, sender: str) -> None:
        need(RETIRING <= self.state <= FAILED, STATE)
        need(self.now >= self.closes_at, "notice not over")
        if self.state != FAILED:
            self.gather()
            self.void()
        self.state = CLOSED

    def pay_out(self, who: str, *, sender: str) -> None:
        need(self.state >= FAILED, STATE)
        shares = self.seat(who).shares
        need(shares > 0, "no seat")
        self.burn(who, who, shares, shares * self.fund // self.supply)

    def redeem(self, shares: int, receiver: str, owner: str, *, sender: str) -> None:
        need(self.state == CLOSED, STATE)
        need(owner == sender, "not the owner")
        need(0 < shares <= self.seat(owner).shares, "more than the seat")
        self.burn(owner, receiver, shares, shares * self.fund // self.supply)

    # ── Money and seats ───────────────────────────────────────────────────────────────────────────────────────────────

    def give(self, who: str, amount: int) -> None:
        """A bare transfer to the contract: income of the plant, or a gift."""
        self.wallets[who] -= amount
        self.gifts += amount
        self.paid_in += amount

    def collect(self, *, sender: str) -> None:
        need(OPERATING <= self.state <= ENDING, STATE)
        self.gather()

    def claim(self, who: str, *, sender: str) -> None:
        need(self.owed(who) >= SCALE, "nothing to claim")
        self.pay_away(who, self.take_income(who))

    def fetch(self, who: str, *, sender: str) -> None:
        amount = self.dues.get(who, 0)
        need(amount > 0, "nothing due")
        self.dues[who] = 0
        self.bonds -= amount
        self.pay_away(who, amount)

    def join(self, *, sender: str) -> None:
        need(self.state <= OPERATING, STATE)
        need(self.seat(sender).admitted or self.terms.registrar is None, "not admitted")
        need(sender not in self.queue, "waits already")
        self.queue.append(sender)

    def leave(self, *, sender: str) -> None:
        need(sender in self.queue, "does not wait")
        self.queue.remove(sender)

    def offer(self, shares: int, price: int, *, sender: str) -> None:
        need(COMMITTED <= self.state <= OPERATING, STATE)
        need(shares <= self.seat(sender).shares, "more than the seat")
        self.offers[sender] = (shares, price, self.now)

    def take(self, seller: str, shares: int, price_max: int, *, sender: str) -> None:
        need(COMMITTED <= self.state <= OPERATING, STATE)
        offered, price, at = self.offers.get(seller, (0, 0, 0))
        sold, bought = self.seat(seller), self.seat(sender)
        fits = 0 < shares == offered and price <= price_max and sold.shares >= shares and sender != seller
        need(fits, "no such offer")
        need(sender in self.queue, "not on the waiting list")
        need(self.now >= at + self.terms.window or self.queue[0] == sender, "another waits longer")
        need(self.now >= sold.locked, "seat voted")
        need(bought.admitted or self.terms.registrar is None, "not admitted")
        self.check_size(bought.shares + shares)
        need(self.wallets[sender] >= price, "erc20: transfer amount exceeds balance")
        income = self.take_income(seller)
        self.offers.pop(seller)
        self.queue.remove(sender)
        sold.shares -= shares
        self.grow(bought, sender, shares)
        self.pay_away(seller, income)
        self.wallets[sender] -= price
        self.wallets[seller] += price

    def deposit(self, assets: int, *, sender: str) -> None:
        need(self.state == OPERATING, STATE)
        whole, supply = self.rate()
        shares = assets * supply // whole
        seat = self.seat(sender)
        bound = self.terms.share_max_bps * self.terms.capex // BPS
        room = min(self.terms.cap - self.supply, max(bound - seat.shares, 0))
        allowed = seat.shares > 0 or sender in self.queue
        need(allowed and 0 < shares <= room, "not so many shares")
        need(seat.admitted or self.terms.registrar is None, "not admitted")
        need(self.wallets[sender] >= assets, "erc20: transfer amount exceeds balance")
        self.gather()
        if sender in self.queue:
            self.queue.remove(sender)
        self.grow(seat, sender, shares)
        self.supply += shares
        self.fund += assets
        self.pay(sender, assets)

    # ── Parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def pay(self, who: str, amount: int) -> None:
        need(self.wallets[who] >= amount, "erc20: transfer amount exceeds balance")
        self.wallets[who] -= amount
        self.paid_in += amount

    def pay_away(self, who: str, amount: int) -> None:
        self.wallets[who] += amount
        self.paid_away += amount

    def post(self, who: str) -> None:
        self.pay(who, self.terms.bond)
        self.bonds += self.terms.bond

    def owe(self, who: str, amount: int) -> None:
        self.dues[who] = self.dues.get(who, 0) + amount

    def forfeit(self, winner: str | None) -> None:
        won = self.terms.bond // 2 if winner else 0
        if winner:
            self.owe(winner, won)
        self.bonds -= self.terms.bond - won
        self.fund += self.terms.bond - won

    def motion(
        self, kind: int, mover: str, milestone: int = 0, payee: str = "", amount: int = 0, deadline: int = 0
    ) -> int:
        total = self.members if self.terms.by_head else self.supply
        number = len(self.motions) + 1
        ends = self.now + self.terms.vote
        self.motions[number] = Motion(kind, mover, self.now, ends, total, milestone, payee, amount, deadline)
        return number

    def outcome(self, number: int) -> bool:
        motion = self.motions[number]
        need(self.now >= motion.ends, "vote not over")
        enough = motion.yes * BPS >= motion.total * self.terms.quorum_bps
        if motion.kind == PAY:
            enough = motion.yes * 3 >= motion.total * 2
        return motion.yes > motion.no and enough

    def void(self) -> None:
        if self.submission and self.submission[2]:
            self.owe(str(self.submission[1]), self.terms.bond)
        self.submission = None
        if self.report:
            self.owe(self.report[1], self.terms.bond)
            if self.report[4]:
                self.owe(str(self.report[3]), self.terms.bond)
            self.report = None
        if self.open_motion:
            self.owe(self.motions[self.open_motion].mover, self.terms.bond)
            self.open_motion = 0

    def wind_up(self) -> None:
        self.void()
        self.state = RETIRING if self.state == OPERATING else ENDING
        self.fund, self.escrow = self.fund + self.escrow, 0
        self.closes_at = self.now + self.terms.notice

    def gather(self) -> None:
        reserved = self.reserved()
        gain, self.gifts = self.gifts, 0
        self.fund += reserved
        self.unclaimed += gain - reserved
        self.acc += (gain - reserved) * SCALE // self.supply

    def reserved(self) -> int:
        """What of the uncollected is the reserve's."""
        if self.state == OPERATING:
            return min(self.gifts * self.terms.reserve_bps // BPS, max(self.terms.reserve_target - self.fund, 0))
        return 0 if self.state == RETIRING else self.gifts

    def take_income(self, who: str) -> int:
        amount, rest = divmod(self.owed(who), SCALE)
        seat = self.seat(who)
        seat.owed, seat.mark = rest, self.acc
        self.unclaimed -= amount
        return amount

    def check_size(self, shares: int) -> None:
        need(shares * BPS <= self.terms.share_max_bps * self.terms.capex, "seat too large")

    def grow(self, seat: Seat, who: str, shares: int) -> None:
        seat.owed, seat.mark = self.owed(who), self.acc
        seat.shares, seat.since = seat.shares + shares, self.now

    def burn(self, owner: str, receiver: str, shares: int, assets: int) -> None:
        seat = self.seat(owner)
        income = self.take_income(owner)
        seat.shares -= shares
        self.supply -= shares
        self.fund -= assets
        if self.supply == 0:
            assets += self.fund + self.unclaimed + self.gifts
            self.fund = self.unclaimed = self.gifts = 0
            self.state = CLOSED
        self.pay_away(owner, income)
        self.pay_away(receiver, assets)
