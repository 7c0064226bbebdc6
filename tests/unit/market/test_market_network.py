"""The book on wires against a linear programme written another way, the full power flow, and the auction without wires."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from sunfair.errors import InputError
from sunfair.grid import Network, phase_spread, power_flow, static_limits, violations
from sunfair.market import HEAD, Feeder, Offers, clear_network, clear_uniform
from sunfair.market.network_limits import LOADING_MARGIN, VOLTAGE_MARGIN_PU
from sunfair.model import Phase

PHASES = (Phase.A, Phase.B, Phase.C, Phase.ABC, Phase.A, Phase.B)
SEEDS = range(14)
MOVED_WH = 20
NOBODY = np.zeros(6)
SCALE = 1e4  # so that a solver's tolerance is a thousandth of a watt-hour's effect


def module(name):
    spec = importlib.util.spec_from_file_location(f"market_{name}", Path(__file__).parents[1] / "grid" / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="module")
def network():
    feeder = module("feeder")
    tables = feeder.tables()
    tables["transformer"] = feeder.transformer(sn=60e3)
    tables["transformer"]["p0"] = 150.0
    return Network.parse(feeder.text(tables))


def feeder_of(network, base=None):
    zero = np.zeros((network.members, 3))
    return Feeder(network, PHASES, 900, zero if base is None else base, zero)


def book(seed, steps=20, largest=9000, accounts=(3, 9)):
    rng = np.random.default_rng(seed)
    energy = rng.integers(500, largest, steps) * rng.choice([-1, 1], steps)
    return Offers(rng.integers(*accounts, steps), energy, rng.integers(5, 40, steps) * 10_000)


def net_of(offers, filled):
    return np.bincount(offers.account - 3, filled, 6)


def flow_at(network, base, net_wh):
    p_w = base + net_wh[:, None] * phase_spread(PHASES) * 4
    return power_flow(network, p_w[None], np.zeros_like(p_w)[None])


@pytest.fixture(scope="module")
def cleared(network):
    """Clearings of books that are too large for the network."""
    found = {seed: clear_network(book(seed), feeder_of(network)) for seed in SEEDS}
    bound = {seed: result for seed, result in found.items() if result.rounds}
    assert len(bound) >= 10
    return bound


def test_no_fill_breaks_a_limit_in_the_full_power_flow(network, cleared):
    zero = np.zeros((6, 3))
    for seed, result in cleared.items():
        before = flow_at(network, zero, net_of(book(seed), clear_uniform(book(seed)).filled_wh))
        assert violations(before)[0], seed
        flow = flow_at(network, zero, net_of(book(seed), result.filled_wh))
        assert flow.max_voltage_pu[0] <= 1.10, seed
        assert flow.min_voltage_pu[0] >= 0.90, seed
        assert flow.max_loading[0] <= 1.0, seed
        assert result.rounds > 0, seed
        assert not result.notice, seed
        assert result.volume_wh > 0, seed


def test_everybody_trades_within_its_limits_and_gets_all_it_would_at_its_price(cleared):
    for seed, result in cleared.items():
        offers = book(seed)
        side, own = np.sign(offers.energy_wh), result.step_price
        assert int(result.filled_wh.sum()) == 0, seed
        assert (result.filled_wh * side >= 0).all(), seed
        assert (np.abs(result.filled_wh) <= np.abs(offers.energy_wh)).all(), seed
        gain = side * (offers.limit - own)
        assert (gain[result.filled_wh != 0] >= 0).all(), seed
        left = np.abs(offers.energy_wh) - np.abs(result.filled_wh)
        assert (left[gain > 2] <= 1).all(), seed
        assert result.rent == int((result.filled_wh * own).sum()) >= 0, seed


def test_the_parts_add_up_to_the_price_and_the_connection_has_its_phases(cleared):
    for seed, result in cleared.items():
        local, share = result.local, phase_spread(PHASES)
        mean = (local.price * share).sum(axis=1)
        assert np.abs(local.connection - mean).max() <= 1, seed
        assert (local.voltage[:, :] != 0).any() or (local.congestion != 0).any(), seed
        assert (local.losses == 0).all(), seed


def differences(network, net):
    """S of voltages, and of currents and transformer by their squares' roots, by central differences of the flow."""
    nets = np.concatenate([net[None], net + 5.0 * np.eye(6), net - 5.0 * np.eye(6)])
    p_w = nets[:, :, None] * phase_spread(PHASES) * 4
    flow = power_flow(network, p_w, np.zeros_like(p_w))
    volts, loads = (np.moveaxis((v[1:7] - v[7:]) / 10, 0, -1) for v in (flow.voltage_pu, flow.loading))
    return volts, loads, flow


def brute_force(network, offers, net, forced=NOBODY):
    """Welfare, µ·10⁻³, of a programme with every voltage and loading as a variable of its own.

    `forced` is what each member takes beside its trades, Wh, from the head."""
    volts, loads, flow = differences(network, net)
    voltage, loading = flow.voltage_pu[0].reshape(-1), flow.loading[0]
    volts = volts.reshape(-1, 6)
    steps, quantities = len(offers), len(voltage) + len(loading)
    slope, now = np.concatenate([volts, loads]), np.concatenate([voltage, loading])
    member = np.zeros((6, steps))
    member[offers.account - 3, np.arange(steps)] = 1
    equal = np.vstack(
        [
            np.concatenate([np.ones(steps), np.zeros(quantities)]),
            np.hstack([-slope @ member * SCALE, np.eye(quantities)]),
        ]
    )
    due = np.concatenate([[-forced.sum()], (now - slope @ (net - forced)) * SCALE])
    bounds = [tuple(sorted((0, int(wh)))) for wh in offers.energy_wh]
    bounds += [((0.90 + VOLTAGE_MARGIN_PU) * SCALE, (1.10 - VOLTAGE_MARGIN_PU) * SCALE)] * len(voltage)
    bounds += [(0, (1 - LOADING_MARGIN) * SCALE)] * len(loading)
    cost = np.concatenate([-offers.limit.astype(float), np.zeros(quantities)])
    found = linprog(cost, A_eq=equal, b_eq=due, bounds=bounds, method="highs")
    assert found.status == 0, found.message
    return -found.fun


def test_welfare_is_the_optimum_of_another_programme_around_the_result(network, cleared):
    for seed, result in cleared.items():
        offers = book(seed)
        net = net_of(offers, result.filled_wh)
        welfare = float((result.filled_wh * offers.limit).sum())
        assert brute_force(network, offers, net) == pytest.approx(welfare, rel=4e-3), seed


def test_prices_are_what_a_watt_hour_more_costs_by_brute_force(network, cleared):
    """λ_k: members forced to take a little more, all else free; between the left and the right derivative."""
    for seed in list(cleared)[:6]:
        offers, result = book(seed), cleared[seed]
        net = net_of(offers, result.filled_wh)
        base = brute_force(network, offers, net)
        spread = float(np.ptp(offers.limit))
        for member in range(6):
            forced = np.zeros(6)
            forced[member] = MOVED_WH
            # What a member takes beside its trade it takes from the other members, at the wires' cost: λ_k.
            more = (base - brute_force(network, offers, net, forced)) / MOVED_WH
            less = (brute_force(network, offers, net, -forced) - base) / MOVED_WH
            price = float(result.local.connection[member])
            assert min(more, less) - 0.02 * spread <= price <= max(more, less) + 0.02 * spread, (seed, member)


def test_wires_that_do_not_bind_leave_the_uniform_auction(network):
    for seed in SEEDS:
        offers = book(seed, largest=600)
        result, plain = clear_network(offers, feeder_of(network)), clear_uniform(offers)
        assert result.filled_wh.tolist() == plain.filled_wh.tolist(), seed
        assert (result.price, result.volume_wh, result.rounds, result.rent) == (plain.price, plain.volume_wh, 0, 0)
        assert (result.step_price == plain.price).all(), seed


def test_what_the_base_breaks_no_trade_makes_worse(network):
    base = np.zeros((6, 3))
    base[4, 0] = -20_000.0  # a roof that nobody asks pushes its phase over the limit
    before = flow_at(network, base, np.zeros(6))
    assert before.max_voltage_pu[0] > 1.10
    for seed in SEEDS:
        result = clear_network(book(seed), feeder_of(network, base))
        after = flow_at(network, base, net_of(book(seed), result.filled_wh))
        assert after.max_voltage_pu[0] <= before.max_voltage_pu[0] + 1e-5, seed
        assert result.rent >= 0, seed


def test_a_flow_without_a_solution_leaves_the_static_envelope(network):
    base = np.full((6, 3), 200_000.0)
    result = clear_network(book(1), feeder_of(network, base))
    assert result.notice.startswith("static envelope: the power flow of what is not offered has no solution")
    taken, given = static_limits(network, PHASES)
    net = net_of(book(1), result.filled_wh) * 4
    assert (net <= taken).all()
    assert (net >= -given).all()
    assert result.volume_wh > 0


def test_at_the_static_limit_every_wire_holds_and_a_little_beyond_it_one_does_not(network):
    taken, given = static_limits(network, PHASES)
    for power, sign in ((taken, 1), (given, -1)):
        for factor, holds in ((1.0, True), (1.05, False)):
            flow = flow_at(network, np.zeros((6, 3)), np.full(6, sign * factor * power / 4))
            inside = flow.max_loading[0] <= 1 and flow.max_voltage_pu[0] <= 1.1 and flow.min_voltage_pu[0] >= 0.9
            assert inside == holds, (power, factor)


def test_priced_losses_part_prices_by_place_and_pay_for_themselves(network):
    offers = book(3, largest=1500)
    plain, priced = (
        clear_network(offers, feeder_of(network)),
        clear_network(offers, feeder_of(network), loss_price=80_000),
    )
    assert (priced.local.losses != 0).any()
    assert priced.rent > 0

    def lost(result):
        return flow_at(network, np.zeros((6, 3)), net_of(offers, result.filled_wh)).losses_w[0]

    assert lost(priced) <= lost(plain) + 1e-6


def test_the_utility_trades_at_the_head_where_no_limit_counts(network):
    offers = Offers([7, HEAD], [-30_000, 10**6], [0, 80_000])
    result = clear_network(offers, feeder_of(network))
    assert 0 < result.volume_wh < 30_000
    assert result.step_price.tolist() == [0, 80_000]  # the roof that is curtailed is worth nothing, the head pays
    assert result.rent == 80_000 * result.volume_wh


def test_seeded_trees_of_wires_are_never_overloaded():
    feeder = module("feeder")
    bound = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        size = int(rng.integers(3, 9))
        parents = [int(rng.integers(1, at + 2)) for at in range(size - 1)]
        network = Network.parse(feeder.text(feeder.tree(parents, rng.uniform(0.5, 4.0, size - 1).tolist())))
        phases = tuple(rng.choice(list(Phase), size))
        base = rng.normal(0, 700, (size, 1)) * phase_spread(phases)
        offers = book(seed, steps=16, largest=5000, accounts=(3, 3 + size))
        result = clear_network(offers, Feeder(network, phases, 900, base, 0.3 * np.abs(base)))
        net = np.bincount(offers.account - 3, result.filled_wh, size)
        p_w = np.stack([base, base + net[:, None] * phase_spread(phases) * 4])
        flow = power_flow(network, p_w, np.stack([0.3 * np.abs(base)] * 2))
        assert not violations(flow)[0], seed
        assert not violations(flow)[1], (seed, result.notice)
        bound += result.rounds > 0
        assert not result.notice, seed
    assert bound >= 6


def test_the_same_book_gives_the_same_bits(network, cleared):
    again = clear_network(book(4), feeder_of(network))
    assert again.filled_wh.tobytes() == cleared[4].filled_wh.tobytes()
    assert again.local.price.tobytes() == cleared[4].local.price.tobytes()


def test_strange_accounts_and_a_negative_price_of_losses_are_named_together(network):
    with pytest.raises(InputError) as told:
        clear_network(Offers([3, 77, -1], [5, -5, 5], [1, 1, 1]), feeder_of(network), loss_price=-1)
    assert {fault.place for fault in told.value.faults} == {"account 77", "account -1", "loss_price"}
