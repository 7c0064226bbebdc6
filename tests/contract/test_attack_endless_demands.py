"""Attack: a friend of chaos keeps asking, so that the settlement is never applied."""

import sys
from collections.abc import Iterator
from pathlib import Path

import boa
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from court_books import WINDOW, fresh_chain, street
from court_dockets import DocketRoom, honest_answer, open_docket, verdict

from sunfair.settlement.court.docket import Demand


@pytest.fixture
def desk() -> Iterator[DocketRoom]:
    with fresh_chain():
        yield open_docket()


def test_attack_endless_demands(desk: DocketRoom) -> None:
    """Through the whole window somebody asks for whatever is not yet asked for. Nothing is open when it ends."""
    made = street(2, 4, slots=2, at=1)
    desk.tell(made)
    wanted = [(Demand.HEADER, made.slot - 1, 0), (Demand.HEADER, made.slot, 0)]
    wanted += [(Demand.LEAF, made.slot, leaf) for leaf in range(8)]
    wanted += [(Demand.READING, account, made.slot) for account in made.members]
    taken: list[tuple[int, int, int]] = []
    for step in range(100):
        desk.time(made, step / 100)
        if wanted:
            item = wanted[-1]
            refused = verdict(desk.ask, made, *item)
            assert refused == ("" if step < 50 else "docket: too late")
            if not refused:
                taken.append(wanted.pop())
        if step == 74:
            # The operator was asleep; all answers still count at once.
            for asked in taken:
                desk.answer(made, asked[0], honest_answer(made, *asked))
            assert desk.open(made) == 0
    assert (len(taken), len(wanted)) == (len(taken), 0)
    desk.time(made, 1)
    assert desk.open(made) == 0
    for item in taken:
        assert verdict(desk.convict, made, *item) == "docket: not open"


def test_attack_demand_in_the_last_second(desk: DocketRoom) -> None:
    """It leaves a quarter of the window to answer, and a quarter more in which the answer can be refuted."""
    made = street(2, 4, slots=2, at=1)
    desk.tell(made)
    start = made.settlement.settled_at
    item = (Demand.LEAF, made.slot, 3)
    boa.env.timestamp = start + WINDOW // 2 - 1
    desk.ask(made, *item)
    for seconds in (0, 1, WINDOW // 4 - 1):
        boa.env.timestamp = start + WINDOW // 2 + seconds
        assert verdict(desk.convict, made, *item) == "docket: too early"
    desk.answer(made, item[0], honest_answer(made, *item))
    assert desk.open(made) == 0


def test_attack_a_demand_left_open_blocks_only_until_somebody_convicts(desk: DocketRoom) -> None:
    """Long after the window the silence can still be convicted, by anyone, so nothing hangs for ever."""
    made = street(2, 4, slots=2, at=1)
    desk.tell(made)
    desk.time(made, 0.1)
    desk.ask(made, Demand.ROWS, 1, 0, "watcher")
    desk.time(made, 9)
    assert desk.open(made) == 1
    desk.convict(made, Demand.ROWS, 1, 0, by="passer-by")
    assert (desk.open(made), desk.market.convicted()) == (0, 1)
