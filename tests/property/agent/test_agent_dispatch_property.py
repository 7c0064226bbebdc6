"""The battery's arithmetic over all devices, states and flows: nothing appears, little is lost, nothing overflows."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.agent import Fleet, Garage, dispatch_rule
from sunfair.model import Battery, Car, Member, Visits
from sunfair.slots import SlotClock

wh = st.integers(0, 30_000)
permille = st.integers(1, 1_000)


@st.composite
def homes(draw):
    """A fleet of a few homes, the state of charge of each (also far outside its band), and its flows."""
    size = draw(st.integers(1, 6))
    members, soc = [], []
    for index in range(size):
        battery = draw(
            st.none() | st.builds(Battery, wh, st.integers(0, 200_000), permille, permille, st.integers(0, 20_000))
        )
        members.append(Member(str(index), f"m{index}", battery=battery))
        soc.append(draw(st.integers(-5_000, 50_000)) if battery else 0)
    flows = [np.array(draw(st.lists(wh, min_size=size, max_size=size)), np.int64) for _ in range(3)]
    return Fleet.of(members, SlotClock(draw(st.sampled_from((5, 15, 30, 60))))), np.array(soc, np.int64), flows


@given(homes(), st.integers(-(10**9), 10**9))
@settings(max_examples=300, deadline=None)
def test_energy_is_conserved_and_every_limit_holds(home, retail):
    fleet, soc, (load, pv, ev) = home
    done = dispatch_rule(fleet, load_wh=load, pv_wh=pv, soc_wh=soc, ev_wh=ev, retail=retail)
    charge, discharge = np.maximum(done.battery_wh, 0), np.maximum(-done.battery_wh, 0)
    net = load + ev - pv
    gained = done.soc_wh - soc

    assert (done.metered_wh == load - pv + done.curtail_wh + done.battery_wh + ev).all()
    assert (charge <= np.maximum(-net, 0)).all()  # charges from surplus only,
    assert (discharge <= np.maximum(net, 0)).all()  # serves the home only, so never both, never through the meter
    assert (abs(done.battery_wh) <= fleet.battery_limit_wh).all()

    # What is stored is what was charged less the loss, rounded down; what is drawn covers what was given, rounded up.
    stored, drawn = np.maximum(gained, 0), np.maximum(-gained, 0)
    assert (stored * 1_000 <= charge * fleet.charge_permille).all()
    assert (charge * fleet.charge_permille < (stored + 1) * 1_000).all()
    assert (drawn * fleet.discharge_permille >= discharge * 1_000).all()
    assert ((drawn - 1) * fleet.discharge_permille < discharge * 1_000).all()

    # Inside its band it stays, outside it never goes further.
    assert (done.soc_wh <= np.maximum(fleet.capacity_wh, soc)).all()
    assert (done.soc_wh >= np.minimum(fleet.reserve_wh, soc)).all()


@given(homes())
@settings(max_examples=200, deadline=None)
def test_the_battery_does_all_it_can(home):
    """What is still bought or sold was left for a reason: power, room (to the Wh), reserve (to the Wh)."""
    fleet, soc, (load, pv, ev) = home
    done = dispatch_rule(fleet, load_wh=load, pv_wh=pv, soc_wh=soc, ev_wh=ev, retail=0)
    sells = (done.metered_wh < 0) & (done.battery_wh < fleet.battery_limit_wh)
    full = done.soc_wh >= fleet.capacity_wh
    nothing_arrives = (done.battery_wh == 0) & (
        np.minimum(-done.metered_wh, fleet.battery_limit_wh) * fleet.charge_permille < 1_000
    )
    assert (full | nothing_arrives)[sells].all()

    buys = (done.metered_wh > 0) & (-done.battery_wh < fleet.battery_limit_wh)
    one_more = -(-(1 - done.battery_wh) * 1_000 // fleet.discharge_permille)
    assert (soc - one_more < fleet.reserve_wh)[buys].all()


@st.composite
def stays(draw):
    """Visits of three homes, none overlapping at one home."""
    visits = []
    for member in range(3):
        at = 0
        for _ in range(draw(st.integers(0, 4))):
            at += draw(st.integers(0, 6))
            leave = at + draw(st.integers(1, 8))
            visits.append((at, member, leave, draw(st.integers(0, 12_000))))
            at = leave
    visits.sort()
    return visits


@given(stays(), st.integers(0, 10))
@settings(max_examples=200, deadline=None)
def test_a_car_gets_its_need_as_far_as_its_stay_allows(visits, first):
    fleet = Fleet.of(
        [Member(str(i), f"m{i}", car=Car(power)) for i, power in enumerate((11_000, 3_700, 0))], SlotClock()
    )
    columns = [np.array([visit[i] for visit in visits], np.int64) for i in range(4)]
    garage = Garage.of(Visits(columns[1].astype(np.int32), columns[0], columns[2], columns[3]), fleet)
    cars, taken = garage.start(first), np.zeros((100, 3), np.int64)
    for slot in range(first, 100):
        taken[slot], cars = garage.step(cars, slot)
    expected = np.zeros_like(taken)
    for arrive, member, depart, need in visits:
        left = need
        for slot in range(arrive, depart):
            expected[slot, member] = min(left, int(fleet.car_limit_wh[member]))
            left -= expected[slot, member]
    assert taken[first:].tolist() == expected[first:].tolist()
