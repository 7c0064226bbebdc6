import numpy as np
import pytest

from sunfair.agent import REASONS, Fleet, Reason, dispatch_rule, explain
from sunfair.model import Battery, Member
from sunfair.slots import SlotClock


def sentences(retail=320_000, feed_in=80_000):
    """One home for every reason, in the order of `Reason`."""
    battery = Battery(10_000, 5_000)
    homes = [Member(str(i), f"m{i}", battery=battery) for i in range(7)]
    fleet = Fleet.of([*homes, Member("7", "m7"), Member("8", "m8")], SlotClock())
    net = np.array([0, -312, -2_000, -40, 312, 2_000, 41, -5, 6])
    soc = np.array([5_000, 5_000, 5_000, 10_000, 5_000, 5_000, 0, 0, 0])
    none = np.zeros(9, np.int64)
    done = dispatch_rule(
        fleet, load_wh=np.maximum(net, 0), pv_wh=np.maximum(-net, 0), soc_wh=soc, ev_wh=none, retail=retail
    )
    assert done.reason.tolist() == list(REASONS)
    return explain(done, retail=retail, feed_in=feed_in)


def test_every_reason_has_a_sentence_with_its_numbers():
    said = sentences()
    assert said[Reason.STORED] == "surplus 312 Wh stored for later, when the grid asks 0.32; now it would pay 0.08"
    assert said[Reason.STORED_PART].startswith("1250 of 2000 Wh surplus stored")
    assert said[Reason.COVERED] == "need 312 Wh from the battery; the grid would ask 0.32"
    assert said[Reason.COVERED_PART].startswith("1250 of 2000 Wh needed from the battery")
    assert said[Reason.FULL].startswith("battery full: surplus 40 Wh")
    assert said[Reason.EMPTY].startswith("battery at its reserve: need 41 Wh")
    assert said[Reason.NOTHING_TO_STORE_IN].startswith("no battery: surplus 5 Wh")
    assert said[Reason.NOTHING_TO_DRAW_ON].startswith("no battery: need 6 Wh")
    assert all(sum(char.isdigit() for char in sentence) >= 2 for sentence in said)


def test_reasons_and_sentences_are_one_to_one():
    plans_alone = {Reason.KEPT_FREE, Reason.KEPT_FULL, Reason.FILLED, Reason.SOLD}
    assert set(REASONS) == set(Reason) - plans_alone
    assert len(set(REASONS.values())) == len(REASONS)


@pytest.mark.parametrize(
    ("feed_in", "written"),
    [(0, "0.00"), (317_500, "0.3175"), (-5_000, "−0.005"), (1_000_001, "1.000001"), (-12_340_000, "−12.34")],
)
def test_prices_are_written_exactly(feed_in, written):
    assert sentences(feed_in=feed_in)[Reason.FULL].endswith(f"would pay {written}")
