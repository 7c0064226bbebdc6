import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sunfair.report.flows import FLOWS, home_flows, street_flows

SHAPE = (3, 4)


def grids(low, high):
    return arrays(np.int64, SHAPE, elements=st.integers(low, high))


@given(use=grids(0, 4_000), roof=grids(0, 4_000), battery=grids(-2_000, 2_000))
def test_nothing_is_lost_or_made_on_the_way(use, roof, battery):
    homes = home_flows(use_wh=use, roof_wh=roof, battery_wh=battery)
    street = street_flows(homes)
    assert set(street) == set(FLOWS)
    assert all((values >= 0).all() for values in street.values())
    metered = use - roof + battery
    assert np.array_equal(homes.in_home + homes.in_battery - homes.roof_out - homes.battery_out, metered)

    def total(prefix="", suffix=""):
        return sum(v for name, v in street.items() if name.startswith(prefix) and name.endswith(suffix))

    assert np.array_equal(total(prefix="roof_"), roof.sum(axis=1))
    assert np.array_equal(total(prefix="battery_"), np.maximum(-battery, 0).sum(axis=1))
    assert np.array_equal(total(suffix="_home"), use.sum(axis=1))
    assert np.array_equal(total(suffix="_battery"), np.maximum(battery, 0).sum(axis=1))
    assert np.array_equal(total(suffix="_neighbour"), total(prefix="neighbour_"))
    assert np.array_equal(total(prefix="grid_") - total(suffix="_grid"), metered.sum(axis=1))


@given(use=grids(0, 4_000), roof=grids(0, 4_000), battery=grids(-2_000, 2_000))
def test_the_street_never_buys_and_sells_at_once(use, roof, battery):
    street = street_flows(home_flows(use_wh=use, roof_wh=roof, battery_wh=battery))
    bought = street["grid_home"] + street["grid_battery"]
    sold = street["roof_grid"] + street["battery_grid"]
    assert (np.minimum(bought, sold) == 0).all()


def test_a_roof_serves_its_home_then_its_battery_then_the_street():
    homes = home_flows(use_wh=np.array([[300, 500]]), roof_wh=np.array([[1_000, 0]]), battery_wh=np.array([[200, 0]]))
    street = {name: int(values[0]) for name, values in street_flows(homes).items()}
    assert street["roof_home"] == 300
    assert street["roof_battery"] == 200
    assert street["roof_neighbour"] == street["neighbour_home"] == 500
    assert street["roof_grid"] == street["grid_home"] == 0
