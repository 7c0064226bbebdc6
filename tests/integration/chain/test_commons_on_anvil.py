"""A community plant on a real node: what its calls cost, its size, and the same money as on the embedded chain."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sunfair.chain import EmbeddedChain, Network, Policy, RpcNetwork, SeededKeys
from sunfair.chain.anvil import Anvil, running_anvil
from sunfair.chain.compile import CODE_SIZE_MAX
from sunfair.chain.plants import PlantContract, plant_token, propose_plant
from sunfair.chain.rpc import quantity
from sunfair.commons.plan import DAY, Milestone, Plan, PlantState, Terms
from sunfair.errors import InputError, Reverted
from sunfair.ports.plants import PlantStatus
from sunfair.simulate import VirtualClock

START = 1_750_000_000
EURO = 1_000_000
MEMBERS = ("m0", "m1", "m2")
KEYS = SeededKeys(3)


class Life:
    """A small plant from the proposal to the second claim; gas by call where a node counts it."""

    def __init__(self, network: Network, node: Anvil | None) -> None:
        self.network, self.node, self.gas = network, node, dict[str, int]()
        self.clock = VirtualClock(datetime.fromtimestamp(START, UTC))
        self.asset, token = plant_token(network, KEYS, self.clock)
        address = propose_plant(network, KEYS, self.clock, token, plan_of())
        self.plant = PlantContract(network, KEYS, self.clock, address, asset=self.asset)
        self.size = len(network.code(address))

    def wait(self, days: int) -> None:
        self.clock.advance(datetime.fromtimestamp(int(self.clock.now().timestamp()) + days * DAY, UTC))

    def note(self, name: str) -> None:
        if self.node is not None:
            (receipt,) = self.node.rpc.call("eth_getBlockReceipts", "latest")
            self.gas[name] = quantity(receipt["gasUsed"], "gas")

    def run(self) -> "Life":
        plant = self.plant
        for at, name in enumerate(MEMBERS):
            self.wait(1)
            if at == 1:
                pledged = plant.sign_pledge(name, 20_000 * EURO, 10_000, nonce=1, expiry=START + 9 * DAY)
                plant.hand_in(pledged, holder="organiser")
            else:
                plant.pledge(name, 20_000 * EURO, 10_000)
            self.note(f"pledge {at}")
        plant.act("organiser", "commit")
        for name in MEMBERS[:2]:
            plant.act(name, "acknowledge")
            self.note("acknowledge")
        plant.act("contractor", "submit", b"\1" * 32)
        self.wait(3)
        plant.act("m0", "release")
        plant.act("m0", "operate")
        for month in range(2 if self.node else 3):
            self.wait(30)
            plant.pay("m2", plant.address, 777 * EURO + month % 2)
            plant.act("m2", "collect")
            self.note("collect")
            plant.act("m0", "claim", KEYS.address("m0"))
            self.note("claim" if month else "first claim")
            if month == 0:
                self.others_claim()
        return self

    def others_claim(self) -> None:
        """The first claims of a member that holds some of the money, and of one that never called the contract again."""
        self.plant.fill("m1", EURO)
        for name, what in (("m1", "of who holds some"), ("m2", "of who never called")):
            self.plant.act("m0", "claim", KEYS.address(name))
            self.note(f"first claim {what}")

    def crowd(self, members: int) -> None:
        """Income once more, for so many holders: the contract's count is set, as nobody pledges ten thousand times."""
        status, address = self.plant.status(), "0x" + self.plant.address.hex()
        words = {at: self.node.rpc.call("eth_getStorageAt", address, hex(at), "latest") for at in range(160)}
        packed = status.supply | status.members << 64
        (slot,) = (at for at, word in words.items() if int(word, 16) & (2**96 - 1) == packed)
        crowded = int(words[slot], 16) + ((members - status.members) << 64)
        self.node.rpc.call("anvil_setStorageAt", address, hex(slot), f"0x{crowded:064x}")
        assert self.plant.status().members == members
        self.wait(30)
        self.plant.pay("m2", self.plant.address, 777 * EURO)
        self.plant.act("m2", "collect")
        self.note(f"collect for {members}")
        self.plant.act("m0", "claim", KEYS.address("m0"))
        self.note(f"claim beside {members}")
        self.node.rpc.call("anvil_setStorageAt", address, hex(slot), words[slot])

    def balances(self) -> tuple[PlantStatus, list[int]]:
        people = [*MEMBERS, "contractor"]
        return self.plant.status(), [self.plant.wallet(KEYS.address(name)) for name in people]


def plan_of() -> Plan:
    terms = Terms(
        b"\1" * 32, 60_000, 60_000 * EURO, 70_000 * EURO, EURO, 4_000, 3, START + 30 * DAY, reserve_target=10**9
    )
    return Plan(terms, (Milestone(KEYS.address("contractor"), 60_000 * EURO, START + 60 * DAY),))


@pytest.fixture(scope="module")
def embedded() -> Life:
    return Life(EmbeddedChain(), None).run()


@pytest.fixture(scope="module")
def remote(anvil_there: None) -> Iterator[Life]:
    with running_anvil(timestamp=START - 3_600) as node:
        for holder in ("organiser", "contractor", *MEMBERS):
            node.fund(KEYS.address(holder))
        with RpcNetwork.connect(node.rpc, policy=Policy(poll=0.02), steered=True) as network:
            life = Life(network, node).run()
            life.crowd(10_000)
            yield life


def test_what_it_costs(remote: Life) -> None:
    assert max(remote.gas[f"pledge {at}"] for at in range(3)) <= 120_000
    assert remote.gas["claim"] <= 60_000
    assert remote.gas["collect"] <= 60_000
    # One transaction divides income among ten thousand as among three, and nobody's claim is dearer for it.
    assert remote.gas["collect for 10000"] <= remote.gas["collect"] + 100
    assert remote.gas["claim beside 10000"] <= remote.gas["claim"] + 100
    assert remote.gas["first claim of who holds some"] <= 60_000
    assert remote.gas["acknowledge"] <= 55_000
    # A word that changes from zero costs 17,100 more than another (EIP-2200 and 2929: 22,100 against 5,000). Who never
    # held the money, or spent the last of it, has such a word in the token, by no choice of the contract's; who never
    # acknowledged, one in the contract.
    assert remote.gas["first claim"] <= remote.gas["claim"] + 17_100
    assert remote.gas["first claim of who never called"] <= remote.gas["claim"] + 2 * 17_100


def test_it_fits_on_a_network(remote: Life) -> None:
    assert 0 < remote.size <= CODE_SIZE_MAX


def test_the_same_money_on_both_chains(remote: Life, embedded: Life) -> None:
    assert remote.balances() == embedded.balances()
    assert embedded.plant.status().state is PlantState.OPERATING
    assert [event.name for event in remote.plant.history()] == [event.name for event in embedded.plant.history()]
    assert remote.plant.plan() == embedded.plant.plan() == plan_of()


def test_refusals_keep_the_contracts_word(embedded: Life) -> None:
    with pytest.raises(Reverted, match="commons: not in this state"):
        embedded.plant.pledge("m0", EURO, 10_000)


def test_a_plan_without_sense_is_refused_with_every_fault() -> None:
    terms = Terms(b"\1" * 32, 60_000, 60_000 * EURO, 50_000 * EURO, 0, 4_000, 3, 0, by_head=True)
    plan = Plan(terms, (Milestone(KEYS.address("contractor"), 59_999 * EURO, START + 60 * DAY),))
    clock = VirtualClock(datetime.fromtimestamp(START, UTC))
    with pytest.raises(InputError) as caught:
        propose_plant(EmbeddedChain(), KEYS, clock, b"\1" * 20, plan)
    assert [fault.place for fault in caught.value.faults] == ["cap", "milestones", "deadline", "registrar"]
