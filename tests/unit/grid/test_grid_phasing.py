import itertools

import numpy as np
import pytest

from sunfair.errors import InputError
from sunfair.files import default_community
from sunfair.grid import (
    PHASES,
    Network,
    assign_phases,
    injections,
    order_changes,
    phase_numbers,
    power_flow,
    shared_path_ohm,
    unbalance,
)
from sunfair.grid.phase_study import study_phases
from sunfair.model import FIRST_MEMBER, Phase

R1, X1 = 0.0642, 0.0241


@pytest.fixture(scope="module")
def network(feeder):
    return Network.parse(feeder.text(feeder.tables()))


def test_the_shared_path_by_hand(network):
    """Members at buses 3, 3, 4, 5, 6, 2; lines 2-3 (1.0), 3-4 (1.5), 2-5 (0.8), 5-6 (2.0) of z₁ per length, z₀ = 4 z₁."""
    loop, transformer = 2 * abs(complex(R1, X1)), 0.04 * 400**2 / 160e3
    ohm = shared_path_ohm(network)
    expected = {(0, 0): 1.0, (0, 1): 1.0, (0, 2): 1.0, (2, 2): 2.5, (0, 3): 0.0, (3, 4): 0.8, (4, 4): 2.8, (5, 5): 0.0}
    for (i, j), length in expected.items():
        assert ohm[i, j] == pytest.approx(transformer + length * loop, rel=1e-9), (i, j)
    np.testing.assert_array_equal(ohm, ohm.T)
    assert np.linalg.eigvalsh(ohm).min() > -1e-12


def test_a_line_without_a_way_back_is_named(feeder):
    data = feeder.tables()
    data["line"]["r0"], data["line"]["x0"] = -2 * data["line"]["r1"], -2 * data["line"]["x1"]
    data["line"]["r0"][1:], data["line"]["x0"][1:] = 0.1, 0.1
    # The reader refuses negative impedances; whoever builds a network otherwise is told here.
    good = Network.parse(feeder.text(feeder.tables()))
    object.__setattr__(good, "tables", {**good.tables, "line": data["line"]})
    with pytest.raises(InputError, match="line 11: has no loop impedance"):
        shared_path_ohm(good)


def radial(feeder, rng, count):
    """A random tree of `count` buses with one member each, and its profiles over 40 slots."""
    parents = [int(rng.integers(1, bus + 1)) for bus in range(1, count)]
    network = Network.parse(feeder.text(feeder.tree(parents, rng.uniform(0.2, 3.0, count - 1))))
    p = rng.normal(0, 1500, (40, count)) + rng.normal(0, 1500, count)
    return network, p, np.abs(p) * rng.uniform(0, 0.4)


@pytest.mark.parametrize("seed", range(6))
def test_the_choice_is_the_best_of_all(feeder, seed):
    """Seven connections have 3⁷ choices; no other costs less."""
    rng = np.random.default_rng(seed)
    network, p, q = radial(feeder, rng, 7)
    problem = unbalance(network, p, q, np.ones(7, np.bool_))
    chosen = assign_phases(problem, [rng.integers(0, 3, 7) for _ in range(40)])
    every = np.array(list(itertools.product(range(3), repeat=7)))
    turned = np.exp(2j * np.pi / 3 * np.arange(3))[every]
    costs = np.einsum("ci,ij,cj->c", turned.conj(), problem.matrix, turned).real
    assert problem.cost(chosen) == pytest.approx(costs.min(), rel=1e-9), f"seed {seed}"
    assert costs.mean() == pytest.approx(2.0, rel=1e-6), f"seed {seed}: a drawn choice costs 2 on average"


@pytest.mark.parametrize("seed", [0, 1])
def test_the_choice_is_good_by_power_flow_of_every_choice(feeder, network, seed):
    """All 3⁵ choices by AC power flow: none of the others wins on losses and on the neutral at once by much."""
    rng = np.random.default_rng(seed)
    movable = np.array([True, True, True, False, True, True])
    load = rng.integers(0, 1500, (12, 6))
    net = load - rng.integers(0, 2, (12, 1)) * rng.integers(500, 4000, 6)
    q = load * 4 * 0.3287
    chosen = assign_phases(unbalance(network, net * 4.0, q, movable), [rng.integers(0, 3, 6) for _ in range(20)])
    every = list(itertools.product(range(3), repeat=5))
    phases = [[*(PHASES[k] for k in some[:3]), Phase.ABC, *(PHASES[k] for k in some[3:])] for some in every]
    powers = [injections(net, load, each, 900) for each in phases]
    flow = power_flow(network, np.concatenate([p for p, _ in powers]), np.concatenate([q for _, q in powers]))
    losses = flow.losses_w.reshape(-1, 12).mean(axis=1)
    neutral = np.sqrt((flow.neutral_a[:, 0].reshape(-1, 12) ** 2).mean(axis=1))
    ours = every.index(tuple(int(k) for k in np.delete(chosen, 3)))
    assert (losses < losses[ours]).mean() < 0.1, f"seed {seed}"
    assert (neutral < neutral[ours]).mean() < 0.1, f"seed {seed}"


def test_turning_all_phases_changes_nothing_and_fewest_connections_change(feeder):
    rng = np.random.default_rng(4)
    network, p, q = radial(feeder, rng, 9)
    problem = unbalance(network, p, q, np.ones(9, np.bool_))
    starts = [rng.integers(0, 3, 9) for _ in range(20)]
    best = assign_phases(problem, starts)
    turned = (best + 1) % 3
    assert problem.cost(turned) == pytest.approx(problem.cost(best), rel=1e-9)
    np.testing.assert_array_equal(assign_phases(problem, starts, keep=turned), turned)


def test_three_phase_members_stay_and_weigh_nothing(network):
    movable = np.array([True, True, True, False, True, True])
    p = np.random.default_rng(2).normal(0, 2000, (30, 6))
    other = p.copy()
    other[:, 3] *= 50
    one, two = (unbalance(network, power, 0.1 * np.abs(power), movable) for power in (p, other))
    np.testing.assert_array_equal(one.matrix, two.matrix)
    np.testing.assert_array_equal(one.turned(np.zeros(6, np.int64))[3], 0)


@pytest.mark.parametrize(("count", "seed"), [(12, 0), (12, 1), (12, 35), (18, 36)])
def test_the_work_orders_lead_there_and_share_the_whole_gain(feeder, count, seed):
    """In the last two some moves are a loss until others follow, or after the best of them."""
    rng = np.random.default_rng(seed)
    network, p, q = radial(feeder, rng, count)
    problem = unbalance(network, p, q, np.ones(count, np.bool_))
    before = rng.integers(0, 3, count)
    after = assign_phases(problem, [rng.integers(0, 3, count) for _ in range(10)], keep=before)
    changes, phase = order_changes(problem, before, after), before.copy()
    costs = [problem.cost(before)]
    for _, step in itertools.groupby(changes, key=lambda change: change.step):
        for change in step:
            assert phase[change.member] == change.before
            phase[change.member] = change.after
        costs.append(problem.cost(phase))
    np.testing.assert_array_equal(phase, after)
    shares = [sum(c.share for c in step) for _, step in itertools.groupby(changes, key=lambda change: change.step)]
    np.testing.assert_allclose(shares, -np.diff(costs) / (costs[0] - costs[-1]), atol=1e-9, err_msg=f"seed {seed}")
    assert min(shares) >= 0, f"seed {seed}: a step that is a loss by itself"
    assert order_changes(problem, after, after) == ()
    with pytest.raises(ValueError, match="cost more"):
        order_changes(problem, after, before)


def test_nothing_to_balance_is_said(network):
    with pytest.raises(ValueError, match="nothing to balance"):
        unbalance(network, np.zeros((4, 6)), np.zeros((4, 6)), np.ones(6, np.bool_))
    with pytest.raises(ValueError, match="do not fit"):
        unbalance(network, np.zeros((4, 5)), np.zeros((4, 5)), np.ones(5, np.bool_))


@pytest.fixture(scope="module")
def street():
    """The bundled community: learned on three weeks of May, judged on sunny slots from July on."""
    scenario = default_community()
    members, series = scenario.community.members, scenario.series
    network = Network.parse(scenario.network_json, [FIRST_MEMBER + at for at in range(len(members))])
    learned = np.arange(96 * 121, 96 * 142)
    judged = np.arange(96 * 183, 96 * 300, 77)
    slots, rng = np.concatenate([learned, judged]), np.random.default_rng(11)
    return study_phases(
        network,
        series.load_wh[slots],
        series.pv_wh[slots],
        [member.phase for member in members],
        split=len(learned),
        stride=1,
        starts=[rng.integers(0, 3, len(members)) for _ in range(3)],
        drawn=[rng.integers(0, 3, len(members)) for _ in range(10)],
        slot_seconds=900,
    )


def test_out_of_sample_the_neutral_carries_half_and_no_wire_is_worse_off(street):
    figures, drawn = street.proposed.figures, [each.figures for each in street.drawn]
    rms = np.sqrt(np.mean([each.neutral_rms_a**2 for each in drawn]))
    assert figures.neutral_rms_a < 0.55 * rms
    assert figures.neutral_rms_a < street.present.figures.neutral_rms_a
    for name in ("max_voltage_pu", "violations", "vuf_mean", "losses_w"):
        assert getattr(figures, name) <= np.mean([getattr(each, name) for each in drawn]), name
        assert getattr(figures, name) <= getattr(street.present.figures, name), name
    assert max(each.voltage_violations for each in drawn) > 0, "a day on which nothing is at stake proves nothing"


def test_only_single_phase_connections_are_moved(street):
    for was, now in zip(street.before, street.after, strict=True):
        assert (was is Phase.ABC) == (now is Phase.ABC)
    moved = [k for k, (was, now) in enumerate(zip(street.before, street.after, strict=True)) if was is not now]
    assert sorted(change.member for change in street.changes) == moved
    np.testing.assert_array_equal(
        phase_numbers(street.after)[moved], [c.after for c in sorted(street.changes, key=lambda c: c.member)]
    )
