"""A financed charger: the waterfall beside its twin, clipped to the unit, bought out early, released, and attacked."""

import random
from dataclasses import astuple

import pytest
from charging_world import DAY, World, refused
from commons_world import reason_of, shipped
from vault_world import Contract

from sunfair.charging import BookingState, Finance, FinanceTerms, Split, payoff

TERMS = FinanceTerms(
    capex=10_000_000, multiple_bps=13_000, share_bps=4_000, energy_floor=200_000, vat_bps=1_900, platform_bps=500
)


class Deal:
    """A charge point that pays into a finance contract, and the twin of it."""

    def __init__(self) -> None:
        self.world = World()
        people = self.world.people
        self.contract: Contract = shipped(
            self.world.chain,
            "InstallFinance",
            self.world.network.address,
            people["host"],
            people["financier"],
            people["platform"],
            astuple(TERMS),
        )
        self.world.do("host", "set_payee", self.world.point, self.contract.address)
        for name in ("host", "intruder"):
            self.world.token.approve(self.contract, 2**256 - 1, sender=people[name])
        self.world.start = self.world.chain.evm.snapshot()

    def renew(self) -> "Deal":
        self.world.renew()
        self.twin, self.slot = Finance(TERMS), 0
        self.due = dict.fromkeys(("host", "platform", "financier"), 0)
        return self

    def earn(self, wh: int, minutes: int = 60) -> int:
        """A session, paid."""
        self.slot += 100
        terms = self.world.claimed(wh, minutes=minutes, first_slot=self.world.now // 900 + 8)
        fee = int(self.world.network.stay(terms.id)[2])
        self.world.now += DAY
        self.world.do("guest", "poke", terms)
        return fee

    def collect(self, gross: int, wh: int) -> Split:
        """Divide it, by contract and twin."""
        self.contract.collect(sender=self.world.people["intruder"])
        split, self.twin = self.twin.divide(gross, wh)
        self.due["host"] += split.vat + split.energy + split.host
        self.due["platform"] += split.platform
        self.due["financier"] += split.financier
        assert sum(split) == gross
        assert self.contract.repaid() == self.twin.repaid <= TERMS.cap
        assert {name: self.contract.dues(self.world.people[name]) for name in self.due} == self.due
        assert self.world.token.balanceOf(self.contract) == sum(self.due.values())
        return split


@pytest.fixture(scope="module")
def made() -> Deal:
    return Deal()


@pytest.fixture
def deal(made: Deal) -> Deal:
    return made.renew()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_financier_gets_its_cap_to_the_unit_and_then_nothing(deal: Deal, seed: int) -> None:
    """Random sessions, divided one by one or several at once, until long after it is repaid."""
    chance, waiting, after = random.Random(seed), [0, 0], 0
    for _ in range(40):
        wh = chance.choice([0, 1, 777, 21_000, 40_000])
        waiting[0] += deal.earn(wh, chance.randint(1, 120) if wh < 1_000 else 120)
        waiting[1] += wh
        if chance.random() < 0.6 and waiting[0]:
            split = deal.collect(*waiting)
            waiting = [0, 0]
            after += deal.twin.open == 0
            assert split.financier == 0 or after <= 1, f"seed {seed}"
    assert deal.twin.repaid == TERMS.cap == 13_000_000, f"seed {seed}"
    assert after > 3, f"seed {seed}"
    for name in deal.due:
        deal.contract.withdraw(deal.world.people[name])
    assert deal.world.token.balanceOf(deal.contract) == 0
    assert deal.world.wallet("financier") == 10**12 + 13_000_000


def test_without_revenue_nothing_is_owed(deal: Deal) -> None:
    deal.world.now += 3_650 * DAY
    deal.contract.collect()
    assert deal.contract.open() == TERMS.cap
    assert deal.world.wallet("host") == 10**12 - 50_000_000


def test_a_gift_is_no_revenue(deal: Deal) -> None:
    """Money sent straight to the contract neither repays nor can be claimed."""
    deal.world.token.transfer(deal.contract, 1_000, sender=deal.world.people["intruder"])
    deal.contract.collect()
    assert deal.contract.repaid() == 0
    assert all(deal.contract.dues(deal.world.people[name]) == 0 for name in deal.due)


def test_who_brings_the_money_changes_nothing(deal: Deal) -> None:
    """The network's payout may be called by anybody before: the count of fees decides, not what arrives in the call."""
    fee = deal.earn(10_000)
    deal.world.do("intruder", "withdraw", deal.contract.address)
    deal.collect(fee, 10_000)
    deal.contract.collect()
    assert deal.contract.repaid() == deal.twin.repaid


def test_an_early_buyout_costs_what_is_open_and_releases_the_charge_point(deal: Deal) -> None:
    deal.collect(deal.earn(10_000), 10_000)
    open_ = deal.twin.open
    with refused("finance: not repaid"):
        deal.contract.release(deal.world.point)
    deal.contract.buy_out(sender=deal.world.people["host"])
    assert deal.contract.open() == 0
    assert deal.contract.dues(deal.world.people["financier"]) == deal.twin.repaid + open_ == TERMS.cap
    with refused("finance: repaid"):
        deal.contract.buy_out(sender=deal.world.people["host"])
    deal.contract.release(deal.world.point, sender=deal.world.people["intruder"])
    before = deal.world.purse("host")
    fee = deal.earn(10_000)
    assert deal.world.purse("host") == before + fee


def test_a_host_cannot_turn_the_money_away(deal: Deal) -> None:
    for name in ("host", "operator", "intruder"):
        with refused("charging: not the payee"):
            deal.world.do(name, "set_payee", deal.world.point, deal.world.people[name])


def test_a_token_that_calls_back_or_moves_another_amount() -> None:
    """Whatever the token does while it is moved, nobody is paid twice and nothing is booked that did not come."""
    world = World("HostileToken")
    people = world.people
    arguments = world.network.address, people["host"], people["financier"], people["platform"], astuple(TERMS)
    contract = shipped(world.chain, "InstallFinance", *arguments)
    world.do("host", "set_payee", world.point, contract.address)
    world.token.approve(contract, 2**256 - 1, sender=people["host"])
    terms = world.book()
    world.now = terms.begin + 1_800
    world.do("guest", "poke", terms)
    world.token.set_callback(contract.address, contract.data("collect"), False)
    contract.collect()
    assert (world.token.calls(), world.token.answers()) == (1, 0)
    due = contract.dues(people["host"])
    world.token.set_callback(contract.address, contract.data("withdraw", people["host"]), False)
    before = world.wallet("host")
    contract.withdraw(people["host"])
    assert world.token.answers() == 0
    assert world.wallet("host") == before + due
    world.token.set_callback(bytes(20), b"", False)
    world.token.set_fee(1, 0)
    with refused("finance: token moved another amount"):
        contract.buy_out(sender=people["host"])
    world.token.set_fee(0, 1)
    with refused("finance: token moved another amount"):
        contract.withdraw(people["financier"])


def test_what_stays_away_pays_is_revenue_too(deal: Deal) -> None:
    terms = deal.world.book()
    deal.world.now = terms.begin + 1_800
    deal.world.do("guest", "poke", terms)
    assert deal.world.state(terms) == BookingState.NO_SHOW
    deal.collect(terms.no_show_fee, 0)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"capex": 0}, "capex"),
        ({"multiple_bps": 9_999}, "multiple"),
        ({"multiple_bps": 30_001}, "multiple"),
        ({"share_bps": 0}, "share"),
        ({"share_bps": 10_001}, "share"),
        ({"energy_floor": 10**12 + 1}, "energy"),
        ({"vat_bps": 10_000}, "rate"),
        ({"platform_bps": 5_001}, "rate"),
    ],
)
def test_terms_out_of_bounds_are_refused(deal: Deal, change: dict[str, int], why: str) -> None:
    people, terms = deal.world.people, {name: getattr(TERMS, name) for name in TERMS.__slots__} | change
    arguments = (
        deal.world.network.address,
        people["host"],
        people["financier"],
        people["platform"],
        tuple(terms.values()),
    )
    with pytest.raises(RuntimeError) as caught:
        shipped(deal.world.chain, "InstallFinance", *arguments)
    assert reason_of(caught.value) == f"finance: {why} out of range"


def test_the_honest_example() -> None:
    """3,000 at 1.3 × with 40 % of a margin of 0.20 a kWh: 6.1 years at 22 kWh a day, 2.2 at 60."""
    terms = FinanceTerms(3_000_000_000, 13_000, 4_000, 300_000, 0, 0)
    slow = payoff(Finance(terms), wh_per_day=22_000, kwh_price=500_000)
    fast = payoff(Finance(terms), wh_per_day=60_000, kwh_price=500_000)
    assert (slow.years_tenths, fast.years_tenths) == (61, 22)
    assert (slow.days, fast.days) == (2_216, 813)
    assert payoff(Finance(terms), wh_per_day=0, kwh_price=500_000).days is None
    assert payoff(Finance(terms, terms.cap), wh_per_day=1, kwh_price=500_000).days == 0
