"""Agents of a shared plant on the embedded chain: who learns that the goal is out of reach tells the others, and it ends."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from sunfair.app.plants import Knowledge, PlantAgent
from sunfair.chain import EmbeddedChain, SeededKeys
from sunfair.chain.plants import PlantContract, plant_token, propose_plant
from sunfair.commons import Milestone, Plan, PlantState, Terms
from sunfair.commons.plan import DAY
from sunfair.simulate import VirtualClock

START = 1_750_000_000
EURO = 1_000_000
KEYS = SeededKeys(3)
Wait = Callable[[int], None]


@pytest.fixture
def project() -> tuple[PlantContract, Wait, list[PlantAgent]]:
    """Committed by four members; one milestone, due in sixty days."""
    chain, clock = EmbeddedChain(), VirtualClock(datetime.fromtimestamp(START, UTC))
    asset, token = plant_token(chain, KEYS, clock)
    terms = Terms(b"\1" * 32, 10_000, 8_000 * EURO, 8_000 * EURO, EURO, 4_000, 3, START + 30 * DAY)
    plan = Plan(terms, (Milestone(KEYS.address("builder"), 8_000 * EURO, START + 60 * DAY),))
    plant = PlantContract(chain, KEYS, clock, propose_plant(chain, KEYS, clock, token, plan), asset=asset)
    members = [f"m{at}" for at in range(4)]
    for member in members:
        plant.pledge(member, 2_000 * EURO, 10_000)
    plant.act("organiser", "commit")

    def wait(days: int) -> None:
        clock.advance(datetime.fromtimestamp(int(clock.now().timestamp()) + days * DAY, UTC))

    wait(1)
    return plant, wait, [PlantAgent(plant, member) for member in members]


def test_everyone_acknowledges_once(project: tuple[PlantContract, Wait, list[PlantAgent]]) -> None:
    plant, _, agents = project
    assert [agent.wake(Knowledge(0)) for agent in agents] == [["acknowledges"]] * 4
    assert [agent.wake(Knowledge(0)) for agent in agents] == [[]] * 4
    known = [event.args["member"] for event in plant.history() if event.name == "Acknowledged"]
    assert known == [KEYS.address(f"m{at}") for at in range(4)]


def test_a_missed_deadline_is_told_and_everybody_gets_its_part(
    project: tuple[PlantContract, Wait, list[PlantAgent]],
) -> None:
    plant, wait, agents = project
    wait(60)  # past the deadline, but within the patience
    assert agents[0].wake(Knowledge(0)) == ["acknowledges"]
    wait(7)
    assert agents[0].wake(Knowledge(0)) == ["reports that the goal is out of reach"]
    assert "reports" not in " ".join(agents[1].wake(Knowledge(0)))
    plant.act("builder", "challenge")
    wait(1)
    assert all("votes yes on motion 1" in agent.wake(Knowledge(0)) for agent in agents)
    wait(5)
    plant.act("m0", "conclude_report")
    assert plant.status().state is PlantState.ENDING
    wait(30)
    plant.act("m0", "close")
    back = []
    for at in range(4):
        before = plant.wallet(KEYS.address(f"m{at}"))
        plant.act("builder", "pay_out", KEYS.address(f"m{at}"))
        back.append(plant.wallet(KEYS.address(f"m{at}")) - before)
    # The builder's bond: half to whom it challenged, half to all.
    assert back == [2_000 * EURO + 25 * EURO // 4] * 4
    assert plant.dues(KEYS.address("m0")) == 75 * EURO


def test_a_false_report_is_voted_down_by_those_who_know(
    project: tuple[PlantContract, Wait, list[PlantAgent]],
) -> None:
    plant, wait, agents = project
    plant.act("builder", "report", 3, b"\1" * 32)
    plant.act("organiser", "challenge")
    wait(1)
    for agent in agents:
        assert "votes no on motion 1" in agent.wake(Knowledge(0))
    wait(5)
    plant.act("m0", "conclude_report")
    assert plant.status().state is PlantState.COMMITTED
    assert plant.dues(KEYS.address("builder")) == 0


def test_a_yield_far_below_the_plan_is_told(
    project: tuple[PlantContract, Wait, list[PlantAgent]],
) -> None:
    plant, wait, agents = project
    plant.act("builder", "submit", b"\1" * 32)
    wait(4)
    plant.act("m0", "release")
    plant.act("m0", "operate")
    for agent in agents:
        agent.wake(Knowledge(1))
    assert agents[2].wake(Knowledge(1, yield_bps=5_000)) == []
    assert agents[2].wake(Knowledge(1, yield_bps=4_999)) == ["reports that the goal is out of reach"]
    plant.pay("m0", plant.address, 100 * EURO)
    last = PlantAgent(plant, "m3")
    assert last.claim() == 0
    plant.act("m0", "collect")
    assert last.claim() == 25 * EURO - 1  # a fraction below 25 stays owed for the next claim
