"""Attacks on the money of a community plant, each named after what the attacker does."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import commons_world as world
from commons_world import DAY, START, Commons, empty_permit, refused

PLACES: dict[str, Commons] = {}


@pytest.fixture
def plant() -> Commons:
    """A project nobody pledged to yet."""
    if "plain" not in PLACES:
        PLACES["plain"] = Commons()
    return PLACES["plain"].renew()


@pytest.fixture
def hostile() -> Commons:
    """The same in a token that does what a good one does not, once told to."""
    if "hostile" not in PLACES:
        PLACES["hostile"] = Commons("HostileToken")
    return PLACES["hostile"].renew()


def vote_all(plant: Commons, motion: int, *yes: bool) -> None:
    for name, side in zip(world.MEMBERS, yes, strict=False):
        plant.plant.vote(motion, side, sender=plant.people[name])


def join(plant: Commons, name: str) -> None:
    plant.plant.join(sender=plant.people[name])


# ── Pledges ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_replay_of_a_pledge(plant: Commons) -> None:
    """One signature is one pledge: not again, not in another plant with the same plan, not on another chain."""
    signature = plant.sign("member 0", 1_000, 10_000, 1, START + DAY)
    arguments = plant.people["member 0"], plant.plant.goal(), 1_000, 10_000, 1, START + DAY
    intruder = plant.people["intruder"]
    twin = plant.propose()
    assert twin.goal() == plant.plant.goal()
    with refused("commons: not signed by the member"):
        twin.pledge(*arguments, signature, empty_permit(), sender=intruder)
    plant.plant.pledge(*arguments, signature, empty_permit(), sender=intruder)
    with refused("commons: nonce used"):
        plant.plant.pledge(*arguments, signature, empty_permit(), sender=intruder)
    elsewhere = plant.sign("member 0", 1_000, 10_000, 2, START + DAY, chain=1)
    with refused("commons: not signed by the member"):
        plant.plant.pledge(*arguments[:4], 2, START + DAY, elsewhere, empty_permit(), sender=intruder)
    assert plant.held == 1_000


def test_plan_swapped_under_a_pledge(plant: Commons) -> None:
    """A plan with another payee is another goal: the signature does not fit."""
    swapped = plant.propose(milestones=(("intruder", 10_000, START + 60 * DAY),))
    assert swapped.goal() != plant.plant.goal()
    with refused("commons: another plan"):
        swapped.pledge(
            plant.people["member 0"],
            plant.plant.goal(),
            10,
            10_000,
            0,
            0,
            b"",
            empty_permit(),
            sender=plant.people["member 0"],
        )


def test_permit_front_run(plant: Commons) -> None:
    """Somebody sends the permit first; the pledge goes through by the allowance it made."""
    member = plant.people["member 1"]
    plant.token.approve(plant.plant, 0, sender=member)
    permit = plant.permit("member 1", 700, START + DAY)
    plant.token.permit(member, plant.plant, 700, *permit, sender=plant.people["intruder"])
    signature = plant.sign("member 1", 700, 10_000, 1, START + DAY)
    plant.plant.pledge(
        member, plant.plant.goal(), 700, 10_000, 1, START + DAY, signature, permit, sender=plant.people["intruder"]
    )
    assert plant.plant.seat_of(member)[0] == plant.held == 700


def test_bound_of_a_pledge_is_the_members_own(plant: Commons) -> None:
    plant.pledge("member 0", 1_000, bound=1_000)
    with refused("commons: seat too large"):
        plant.pledge("member 0", 10, bound=1_000)
    with refused("commons: seat too large"):
        plant.pledge("member 1", 5_001)


# ── Votes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_flash_deposit_for_votes(plant: Commons) -> None:
    """Shares bought in the block of the motion, or later, have no vote, and those that voted cannot leave."""
    operating = plant.raised().built()
    intruder = plant.people["intruder"]
    join(plant, "intruder")
    plant.now += 1
    operating.plant.deposit(1_200, intruder, sender=intruder)
    operating.plant.move(4, 0, intruder, 400, 0, sender=intruder)
    motion = operating.plant.motion_open()
    with refused("commons: seat does not count"):
        operating.plant.vote(motion, True, sender=intruder)
    plant.now += 1
    with refused("commons: seat does not count"):
        operating.plant.vote(motion, True, sender=intruder)
    with refused("commons: not in this state"):
        operating.plant.redeem(1, intruder, intruder, sender=intruder)
    plant.now += plant.terms["vote_seconds"]
    before = operating.plant.fund()
    operating.plant.conclude()
    assert operating.plant.fund() == before + plant.terms["bond"]


def test_one_share_votes_once(plant: Commons) -> None:
    """A seat that voted stays put; one that passed on after the motion does not count."""
    plant.raised().built()
    for name in ("member 4", "member 5"):
        join(plant, name)
    plant.now += 1
    first, second = plant.people["member 0"], plant.people["member 1"]
    plant.plant.move(5, 0, bytes(20), 0, 0, sender=first)
    plant.plant.vote(1, True, sender=first)
    plant.plant.offer(4_000, 0, sender=first)
    plant.plant.offer(3_000, 0, sender=second)
    with refused("commons: seat voted"):
        plant.plant.take(first, 4_000, 0, sender=plant.people["member 4"])
    plant.plant.take(second, 3_000, 0, sender=plant.people["member 4"])
    with refused("commons: seat does not count"):
        plant.plant.vote(1, True, sender=plant.people["member 4"])
    with refused("commons: voted already"):
        plant.plant.vote(1, True, sender=first)


def test_hundred_addresses_for_heads() -> None:
    """Votes by head need somebody who vouches for heads; whom nobody vouched for gets no seat."""
    plant = Commons(by_head=True, registrar="registrar")
    with refused("commons: not admitted"):
        plant.pledge("intruder", 100)
    with refused("commons: not the registrar"):
        plant.plant.admit([plant.people["intruder"]], sender=plant.people["intruder"])
    plant.plant.admit([plant.people[name] for name in world.MEMBERS], sender=plant.people["registrar"])
    for name, amount in zip(world.MEMBERS, (5_000, 2_000, 2_000, 1_000), strict=False):
        plant.pledge(name, amount)
    plant.plant.commit(sender=plant.people["organiser"])
    plant.now += 1
    plant.plant.report(3, b"\1" * 32, sender=plant.people["intruder"])
    plant.plant.challenge(sender=plant.people["organiser"])
    plant.now += 1
    for name, yes in (("member 0", False), ("member 1", True), ("member 2", True)):
        plant.plant.vote(1, yes, sender=plant.people[name])
    plant.now += plant.terms["vote_seconds"]
    plant.plant.conclude_report()  # half of the money said no, two heads of three yes
    assert plant.state == 6


# ── Shares ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_donation_moves_no_price(plant: Commons) -> None:
    """Tokens sent past the calls are income of the holders there were, not a dearer share for who comes next."""
    plant.raised().built()
    join(plant, "member 4")
    price = plant.plant.convertToAssets(10**6)
    plant.token.transfer(plant.plant, 500_000, sender=plant.people["intruder"])
    assert plant.plant.convertToAssets(10**6) == price
    member = plant.people["member 4"]
    promised = plant.plant.previewDeposit(1_000)
    shares = plant.plant.deposit(1_000, member, sender=member)
    assert shares == promised
    assert 1_000 - 10 <= plant.plant.convertToAssets(shares) <= 1_000
    assert plant.plant.claimable(member) == 0
    assert sum(plant.plant.claimable(plant.people[f"member {at}"]) for at in range(3)) >= 500_000 - 3_000 - 3


def test_inflation_by_the_first_depositor(plant: Commons) -> None:
    """A mite bought first, then a gift: the next buyer still gets its money's worth, and the attacker is out of its gift."""
    plant.raised().built()
    attacker, victim = plant.people["member 4"], plant.people["member 5"]
    join(plant, "member 4")
    join(plant, "member 5")
    plant.plant.mint(1, attacker, sender=attacker)
    plant.token.transfer(plant.plant, 900_000, sender=attacker)
    plant.plant.deposit(1_000, victim, sender=victim)
    worth = plant.plant.convertToAssets(plant.plant.balanceOf(victim))
    assert 998 <= worth <= 1_000
    assert plant.plant.claimable(attacker) < 100
    with refused("commons: not for somebody else"):
        plant.plant.deposit(10, victim, sender=attacker)


def test_conversion_never_favours_the_caller(plant: Commons) -> None:
    """In and out at once loses or keeps, whatever the amount; brute force over small ones."""
    plant.raised().built()
    plant.now += 400 * DAY
    look = plant.plant
    for amount in (1, 2, 3, 7, 99, 1_000, 12_345):
        assert look.convertToAssets(look.convertToShares(amount)) <= amount
        assert look.previewMint(look.previewDeposit(amount)) <= amount
        assert look.previewWithdraw(amount) >= look.convertToShares(amount)
    assert look.maxRedeem(plant.people["member 0"]) == look.maxWithdraw(plant.people["member 0"]) == 0
    with refused("commons: shares pass by seat"):
        look.transfer(plant.people["intruder"], 1, sender=plant.people["member 0"])


# ── Reports and evidence ──────────────────────────────────────────────────────────────────────────────────────────────


def test_false_report_costs_its_bond(plant: Commons) -> None:
    plant.raised()
    plant.now += 1
    plant.plant.report(2, b"\1" * 32, sender=plant.people["intruder"])
    plant.plant.challenge(sender=plant.people["organiser"])
    plant.now += 1
    vote_all(plant, 1, False, False, True)
    plant.now += plant.terms["vote_seconds"]
    plant.plant.conclude_report()
    assert plant.plant.dues(plant.people["organiser"]) == 101 + 50
    assert plant.plant.dues(plant.people["intruder"]) == 0
    assert plant.plant.fund() == 51
    assert plant.state == 2


def test_true_report_nobody_answers_ends_the_project(plant: Commons) -> None:
    """Every unit that is not spent goes back pro rata, to the unit."""
    plant.raised((4_000, 3_000, 3_000))
    plant.plant.submit(b"\1" * 32, sender=plant.people["contractor"])
    plant.now += plant.terms["window_seconds"]
    plant.plant.release()
    plant.plant.report(2, b"\1" * 32, sender=plant.people["member 2"])
    with refused("commons: no evidence"):
        plant.plant.release()
    plant.now += plant.terms["window_seconds"]
    plant.plant.conclude_report()
    plant.now += plant.terms["notice_seconds"]
    plant.plant.close()
    paid = [plant.plant.pay_out(plant.people[f"member {at}"]) for at in range(3)]
    assert paid == [2_400, 1_800, 1_800]
    assert plant.plant.fetch(plant.people["contractor"]) == 4_000
    assert plant.plant.fetch(plant.people["member 2"]) == 101
    assert plant.held == 0


def test_contractor_paid_past_a_refused_milestone(plant: Commons) -> None:
    plant.raised()
    contractor = plant.people["contractor"]
    plant.now += 1
    plant.plant.submit(b"\1" * 32, sender=contractor)
    plant.plant.object(sender=plant.people["member 0"])
    plant.now += 1
    vote_all(plant, 1, True, True, False)
    with refused("commons: vote not over"):
        plant.plant.release()
    plant.now += plant.terms["vote_seconds"]
    plant.plant.release()
    assert plant.plant.dues(contractor) == 0
    assert plant.plant.escrow() == 10_500
    with refused("commons: not the payee"):
        plant.plant.submit(b"\1" * 32, sender=plant.people["roofer"])


# ── Money ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_member_that_never_claims_holds_up_nobody(plant: Commons) -> None:
    plant.raised((4_000, 3_000, 3_000)).built()
    plant.earn(10_000)
    assert plant.plant.claim(plant.people["member 0"]) == 3_599  # 3,600 less a fraction, which stays owed
    plant.now += plant.terms["lifetime_seconds"]
    plant.plant.expire()
    plant.now += plant.terms["notice_seconds"]
    plant.plant.close()
    first = [plant.plant.pay_out(plant.people[f"member {at}"]) for at in (0, 1)]
    plant.now += 50 * 365 * DAY
    last = plant.plant.pay_out(plant.people["member 2"])
    assert sum(first) + last == 10_000 - 3_599
    assert abs(last - (2_700 + 300)) <= 2
    plant.plant.fetch(plant.people["contractor"])
    plant.plant.fetch(plant.people["roofer"])
    assert plant.held == 0


@pytest.mark.parametrize("function", ["claim", "fetch", "pay_out", "collect", "release"])
def test_reentrant_token(hostile: Commons, function: str) -> None:
    """In the middle of a payment nothing of the contract answers."""
    plant = hostile.raised().built()
    plant.earn(1_000)
    look, member = plant.plant, plant.people["member 0"]
    inner = look.data(function, *([member] if function in ("claim", "fetch", "pay_out") else []))
    plant.token.set_callback(look, inner, False)
    before = plant.wallet("member 0")
    assert look.claim(member) == plant.wallet("member 0") - before
    assert (plant.token.calls(), plant.token.answers()) == (1, 0)
    assert plant.held == look.accounted()


def test_token_that_takes_a_fee_or_refuses(hostile: Commons) -> None:
    plant = hostile
    plant.token.set_fee(1, 0)
    with refused("commons: token moved another amount"):
        plant.pledge("member 0", 1_000)
    plant.token.set_fee(0, 0)
    plant.raised().built()
    plant.earn(1_000)
    plant.token.set_fee(0, 1)
    with refused("commons: token moved another amount"):
        plant.plant.fetch(plant.people["contractor"])
    plant.token.set_fee(0, 0)
    plant.token.set_refuses(True)
    with refused("commons: token refused"):
        plant.plant.claim(plant.people["member 0"])


def test_acknowledging_again_and_again_moves_no_income(plant: Commons) -> None:
    """It opens a member's account; what is owed is by shares alone, whoever acknowledged, and whenever."""
    plant.raised().built()
    first, second, buyer = (plant.people[name] for name in ("member 0", "member 1", "member 4"))
    plant.plant.acknowledge(sender=first)
    assert plant.plant.claimable(first) == 0
    with refused("commons: nothing to claim"):
        plant.plant.claim(first)
    plant.earn(1_000)
    plant.plant.acknowledge(sender=first)
    plant.earn(2_000)
    for _ in range(2):
        plant.plant.acknowledge(sender=first)
    income = plant.plant.income_total()
    assert (plant.plant.claimable(first), plant.plant.claimable(second)) == (income * 8 // 21, income * 6 // 21)
    assert plant.plant.claim(first) == income * 8 // 21 > 0
    join(plant, "member 4")
    plant.plant.offer(4_000, 0, sender=first)
    plant.plant.take(first, 4_000, 0, sender=buyer)
    plant.plant.acknowledge(sender=buyer)
    plant.earn(10_500)
    assert plant.plant.claimable(first) == 0
    due = (plant.plant.income_total() - income) * 8 // 21
    assert due - 1 <= plant.plant.claimable(buyer) <= due
    with refused("commons: no seat"):
        plant.plant.acknowledge(sender=first)


def test_income_to_ten_thousand_holders_is_one_transaction_of_the_same_gas(plant: Commons) -> None:
    """The accumulator knows no number of holders: with three and with six, collecting costs the same."""
    plant.raised().built()
    plant.earn(10_000)
    plant.earn(10_000)
    few = plant.chain.gas
    for name in ("member 3", "member 4", "member 5"):
        join(plant, name)
        plant.plant.deposit(100, plant.people[name], sender=plant.people[name])
    plant.earn(10_000)
    assert abs(plant.chain.gas - few) < 300


# ── Plans that are refused ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cap": 9_999}, "threshold above the cap"),
        ({"capex": 0}, "threshold above the cap"),
        ({"capex": 10_001}, "milestones do not sum"),
        ({"deadline": 0}, "deadline out of range"),
        ({"deadline": START}, "deadline out of range"),
        ({"deadline": START + 800 * DAY}, "deadline out of range"),
        ({"deadline": START + 61 * DAY}, "deadline out of range"),
        ({"by_head": True}, "heads need a registrar"),
        ({"share_max_bps": 10_001}, "numbers out of range"),
        ({"lifetime_seconds": 0}, "numbers out of range"),
        ({"window_seconds": 60}, "numbers out of range"),
    ],
)
def test_plan_that_is_none(plant: Commons, changes: dict[str, object], why: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        plant.propose(**changes)
    assert world.reason_of(caught.value) == f"commons: {why}"


def test_pledge_after_the_deadline(plant: Commons) -> None:
    plant.now = plant.terms["deadline"] + 1
    with refused("commons: deadline over"):
        plant.pledge("member 0", 1_000)
