"""The community plant's contract against its model: anybody does anything at any time, hostile people included.

The model foretells every call and every refusal; after each step the books agree and no money is made or lost. At the end of every
example somebody who has no part in it leads the plant to CLOSED alone, and everybody gets what is left.
Without a flag a few thousand steps; SUNFAIR_LONG_FUZZ=1 runs fifty times as many, from random seeds.
"""

import os
import sys
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
import commons_model as model
import commons_world as world
from commons_model import CLOSED, FAILED, OPERATING, PAY, PLAN, RETIRE

LONG = os.environ.get("SUNFAIR_LONG_FUZZ") == "1"
HOUR, DAY = world.HOUR, world.DAY
MEMBER = st.sampled_from(world.MEMBERS)
ANYBODY = st.sampled_from(world.PEOPLE)
LIFETIME = 400 * DAY
AMOUNTS = st.sampled_from(
    [(4_000, 3_000, 3_500), (3_333, 3_334, 3_333), (4_500, 3_500, 2_999, 1_000)] * 2 + [(1_000, 2_000)]
)
CALLS = [
    "commit",
    "acknowledge",
    "fail",
    "operate",
    "release",
    "object",
    "challenge",
    "conclude",
    "conclude_report",
    "expire",
    "close",
    "collect",
    "leave",
]
AMOUNT, DAYS = st.sampled_from([0, 1, 50, 2_000]), st.sampled_from([-1, 1, 90, 2_000])
SIDES = st.sampled_from(
    [None, [True] * 6, [True, True, False, None, False, True], [False, False, True, False, None, True], [None] * 6]
)

CACHE: dict[bool, world.Commons] = {}


def place(by_head: bool) -> world.Commons:
    """A plant for all examples, each of which begins with it as it was made."""
    if by_head not in CACHE:
        changes = {"by_head": True, "registrar": "registrar"} if by_head else {}
        CACHE[by_head] = world.Commons(lifetime_seconds=LIFETIME, **changes)
    return CACHE[by_head].renew()


def rules_of(plant: world.Commons) -> model.Terms:
    terms = plant.terms
    named = {name: terms[f"{name}_seconds"] for name in ("window", "vote", "grace", "notice", "lifetime")}
    plain = {name: terms[name] for name in model.Terms.__dataclass_fields__ if name in terms}
    return model.Terms(**plain, **named, milestones=list(world.MILESTONES))


class CommonsMachine(RuleBasedStateMachine):
    """One plant and everybody around it."""

    changed = False

    @initialize(by_head=st.booleans(), amounts=AMOUNTS, go=st.sampled_from([8, 8, 1, 1, 3, 4, 0]))
    def begin(self, by_head: bool, amounts: tuple[int, ...], go: int) -> None:
        """A project in its beginning, committed, half built, or at work."""
        self.world = place(by_head)
        self.plant, self.people = self.world.plant, self.world.people
        wallets = dict.fromkeys(world.PEOPLE, world.WALLET)
        self.model = model.Plant(rules_of(self.world), "organiser", world.START, wallets)
        self.total = sum(wallets.values())
        self.pledged: dict[str, int] = {}
        for name in world.MEMBERS[:5] if by_head else ():
            self.admit(name, "registrar")
        for name, amount in zip(world.MEMBERS, amounts, strict=False):
            self.pledge(name, amount, 10_000, name)
        for _ in range(go):
            self.go_on()

    def do(self, function: str, call: Any, *arguments: Any, sender: str) -> bool:
        """The contract does, or refuses with the same word, what the model did."""
        refusal = None
        try:
            getattr(self.model, function)(*arguments, sender=sender)
        except model.Refusal as refused:
            refusal = str(refused)
        if refusal is None:
            self.changed = True
            call(sender=self.people[sender])
            return True
        with world.refused(refusal if refusal.startswith("erc20") else f"commons: {refusal}"):
            call(sender=self.people[sender])
        return False

    def plain(self, function: str, name: str | None = None, *, sender: str) -> bool:
        """A call without arguments."""
        return self.do(function, getattr(self.plant, name or function), sender=sender)

    def go_to(self, time: int) -> None:
        self.model.now = max(self.model.now, time)
        self.world.now = self.model.now

    @invariant()
    def agrees(self) -> None:
        if not self.changed:
            return
        plant, model_ = self.plant, self.model
        assert plant.book() == (model_.supply, model_.members, model_.state, model_.next, len(model_.milestones))
        books = plant.escrow(), plant.fund(), plant.bonds(), plant.unclaimed()
        assert books == (model_.escrow, model_.fund, model_.bonds, model_.unclaimed)
        assert plant.accounted() == model_.books
        # Conservation, to the unit: what came in is there or went out, and nothing is owed that is not held.
        assert self.world.held == model_.held == model_.paid_in - model_.paid_away
        assert model_.held + sum(model_.wallets.values()) == self.total
        assert sum(seat.shares for seat in model_.seats.values()) == model_.supply
        owed = sum(model_.owed(name) for name in model_.seats)
        assert owed <= model_.unclaimed * model.SCALE
        self.changed = False

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        for name in world.PEOPLE:
            assert self.world.wallet(name) == self.model.wallets[name]
            assert self.plant.dues(self.people[name]) == self.model.dues.get(name, 0)
            assert self.plant.seat_of(self.people[name])[0] == self.model.seat(name).shares
        self.way_out()

    def way_out(self) -> None:
        """An outsider alone, by waiting."""
        failed = (self.model.state <= model.PLEDGING and not self.model.reached) or self.model.state == FAILED
        before = self.model.gifts
        while self.model.state != CLOSED:
            self.one_step_out()
        for name in world.PEOPLE:
            if self.model.seat(name).shares:
                self.do(
                    "pay_out",
                    lambda sender, who=name: self.plant.pay_out(self.people[who], sender=sender),
                    name,
                    sender="intruder",
                )
            self.do(
                "fetch",
                lambda sender, who=name: self.plant.fetch(self.people[who], sender=sender),
                name,
                sender="intruder",
            )
            if self.model.owed(name) >= model.SCALE:
                self.do(
                    "claim",
                    lambda sender, who=name: self.plant.claim(self.people[who], sender=sender),
                    name,
                    sender="intruder",
                )
        if self.pledged:
            assert self.world.held == 0
            assert sum(self.world.wallet(name) for name in world.PEOPLE) == self.total
        if failed and not before:
            assert all(self.world.wallet(name) == world.WALLET for name in self.pledged)

    def one_step_out(self) -> None:
        """The next state on the way to CLOSED."""
        plant, terms = self.model, self.model.terms
        if plant.state <= model.PLEDGING:
            self.go_to(terms.deadline + 1)
            assert self.plain("commit" if plant.state and plant.reached else "fail", sender="intruder")
        elif plant.building and plant.next == len(plant.milestones):
            if plant.report:
                self.go_to(plant.now + terms.window + terms.vote)
                assert self.plain("conclude_report", sender="intruder")
            else:
                assert self.plain("operate", sender="intruder")
        elif plant.building:
            self.go_to(plant.milestones[plant.next][2] + terms.grace + 1)
            assert self.plain("expire", sender="intruder")
        elif plant.state == OPERATING:
            self.go_to(plant.since + terms.lifetime)
            assert self.plain("expire", sender="intruder")
        else:
            self.go_to(plant.closes_at)
            assert self.plain("close", sender="intruder")

    # ── Time and the honest way ───────────────────────────────────────────────────────────────────────────────────────

    @rule(hours=st.sampled_from([0, 1, 48, 72, 24 * 31, 24 * 100]))
    def wait(self, hours: int) -> None:
        self.go_to(self.model.now + hours * HOUR)

    @rule()
    def go_on(self) -> None:
        """What an honest project does next."""
        plant = self.model
        if plant.state == model.PLEDGING and plant.reached:
            self.plain("commit", sender="organiser")
        elif plant.building and plant.next == len(plant.milestones):
            self.plain("operate", sender="organiser")
        elif plant.building:
            if plant.submission is None:
                self.submit(plant.milestones[plant.next][0])
            at, _, motion = plant.submission or (0, None, 0)
            self.go_to(plant.motions[motion].ends if motion else at + plant.terms.window)
            self.plain("release", sender="organiser")

    # ── Anybody, anything ─────────────────────────────────────────────────────────────────────────────────────────────

    @rule(who=MEMBER, sender=st.sampled_from(["registrar", "intruder"]))
    def admit(self, who: str, sender: str) -> None:
        self.do("admit", lambda sender: self.plant.admit([self.people[who]], sender=sender), who, sender=sender)

    @rule(who=MEMBER, amount=st.integers(0, 5_000), bound=st.sampled_from([10_000, 10_000, 2_000]), sender=ANYBODY)
    def pledge(self, who: str, amount: int, bound: int, sender: str) -> None:
        nonce, expiry = self.model.seat(who).nonce + (amount % 3 > 0), self.model.now - (amount % 7 == 0)
        signature = self.world.sign(who, amount, bound, nonce, expiry) if sender != who else b""

        def call(sender: bytes) -> None:
            arguments = (
                self.people[who],
                self.plant.goal(),
                amount,
                bound,
                nonce,
                expiry,
                signature,
                world.empty_permit(),
            )
            self.plant.pledge(*arguments, sender=sender)

        try:
            self.model.pledge(who, amount, bound, sender=sender, nonce=nonce, expiry=expiry)
        except model.Refusal as refusal:
            with world.refused(f"commons: {refusal}"):
                call(self.people[sender])
            return
        self.changed = True
        self.pledged[who] = self.pledged.get(who, 0) + amount
        call(self.people[sender])

    @rule(function=st.sampled_from(CALLS), sender=ANYBODY)
    def call(self, function: str, sender: str) -> None:
        self.plain(function, sender=sender)

    def submit(self, sender: str) -> None:
        self.do("submit", lambda sender: self.plant.submit(b"\x01" * 32, sender=sender), sender=sender)

    @rule(kind=st.sampled_from([1, 2, 3, 3, 4]), sender=ANYBODY, sides=SIDES, end=st.booleans())
    def report(self, kind: int, sender: str, sides: list[bool | None] | None, end: bool) -> None:
        """Told, perhaps challenged and voted on, perhaps concluded."""
        self.do("tell", lambda sender: self.plant.report(kind, b"\2" * 32, sender=sender), kind, sender=sender)
        if sides is not None:
            self.quarrel("challenge", "conclude_report", sides, end)
        elif end:
            self.go_to(self.model.now + self.model.terms.window)
            self.plain("conclude_report", sender="intruder")

    @rule(sender=ANYBODY, sides=SIDES, end=st.booleans())
    def objection(self, sender: str, sides: list[bool | None] | None, end: bool) -> None:
        """The next payee's evidence, or somebody else's, perhaps objected to."""
        plant = self.model
        owed = plant.building and plant.next < len(plant.milestones)
        self.submit(plant.milestones[plant.next][0] if owed else sender)
        if sides is not None:
            self.quarrel("object", "release", sides, end)

    def quarrel(self, begin: str, conclude: str, sides: list[bool | None], end: bool) -> None:
        """Somebody objects, everybody votes."""
        self.go_to(self.model.now + 1)
        if self.plain(begin, sender="organiser"):
            self.vote(0, sides, False)
            if end:
                self.go_to(self.model.now + self.model.terms.vote)
                self.plain(conclude, sender="intruder")

    @rule(
        kind=st.sampled_from([0, PLAN, PAY, RETIRE]),
        at=st.integers(0, 3),
        payee=ANYBODY,
        amount=AMOUNT,
        days=DAYS,
        sender=MEMBER,
        sides=SIDES,
    )
    def move(
        self, kind: int, at: int, payee: str, amount: int, days: int, sender: str, sides: list[bool | None] | None
    ) -> None:
        """A motion, perhaps voted on and concluded; kind 0: whichever fits."""
        kind = kind or (PLAN if self.model.building else PAY)
        deadline = self.model.now + days * DAY

        def call(sender: bytes) -> None:
            self.plant.move(kind, at, self.people[payee], amount, deadline, sender=sender)

        self.go_to(self.model.now + 1)
        moved = self.do("move", call, kind, at, payee, amount, deadline, sender=sender)
        if moved and sides is not None:
            self.vote(0, sides, True)

    @rule(back=st.integers(0, 2), sides=SIDES, end=st.booleans())
    def vote(self, back: int, sides: list[bool | None] | None, end: bool) -> None:
        number = len(self.model.motions) - back
        for name, yes in zip(world.MEMBERS, sides or [True] * 6, strict=True):
            if yes is not None and number > 0:
                self.do(
                    "vote",
                    lambda sender, yes=yes: self.plant.vote(number, yes, sender=sender),
                    number,
                    yes,
                    sender=name,
                )
        if end and number > 0:
            self.go_to(self.model.motions[number].ends - 1)
            self.plain("conclude", sender="intruder")
            self.go_to(self.model.motions[number].ends)
            for function in ("release", "conclude", "conclude_report"):
                self.plain(function, sender="intruder")

    @rule(who=ANYBODY, amount=st.sampled_from([1, 7, 1_000, 3_333]))
    def give(self, who: str, amount: int) -> None:
        """A bare transfer: the market's payment, or a gift to move a price."""
        self.model.give(who, amount)
        self.world.token.transfer(self.plant, amount, sender=self.people[who])
        self.changed = True

    @rule(function=st.sampled_from(["claim", "fetch", "pay_out"]), who=ANYBODY, sender=ANYBODY)
    def bring(self, function: str, who: str, sender: str) -> None:
        call = getattr(self.plant, function)
        self.do(function, lambda sender: call(self.people[who], sender=sender), who, sender=sender)

    @rule(who=MEMBER, shares=st.sampled_from([0, 1, 500, 10**6]), receiver=MEMBER, sender=MEMBER)
    def redeem(self, who: str, shares: int, receiver: str, sender: str) -> None:
        amount = min(shares, self.model.seat(who).shares + (shares == 10**6))
        arguments = amount, self.people[receiver], self.people[who]
        self.do(
            "redeem", lambda sender: self.plant.redeem(*arguments, sender=sender), amount, receiver, who, sender=sender
        )

    @rule(
        seller=MEMBER,
        buyer=MEMBER,
        part=st.sampled_from([1, 2, 3]),
        price=st.sampled_from([0, 100, 2_000_000]),
        joins=st.booleans(),
        waits=st.booleans(),
    )
    def seat_passes(self, seller: str, buyer: str, part: int, price: int, joins: bool, waits: bool) -> None:
        shares = self.model.seat(seller).shares // part + (part == 3)
        self.do("offer", lambda sender: self.plant.offer(shares, price, sender=sender), shares, price, sender=seller)
        if joins:
            self.plain("join", sender=buyer)
        if waits:
            self.go_to(self.model.now + self.model.terms.window)
        arguments = self.people[seller], shares, price
        self.do("take", lambda sender: self.plant.take(*arguments, sender=sender), seller, shares, price, sender=buyer)

    @rule(who=MEMBER, assets=st.integers(0, 3_000), joins=st.booleans())
    def deposit(self, who: str, assets: int, joins: bool) -> None:
        if joins:
            self.plain("join", sender=who)
        self.do(
            "deposit", lambda sender: self.plant.deposit(assets, self.people[who], sender=sender), assets, sender=who
        )


TestCommons = CommonsMachine.TestCase
TestCommons.settings = settings(
    max_examples=2_000 if LONG else 40,
    stateful_step_count=60 if LONG else 30,
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=list(HealthCheck),
)
