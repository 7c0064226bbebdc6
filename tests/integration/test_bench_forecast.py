"""`bench forecast` on a community imported from other data: hourly, another climate, nobody a copy of anybody."""

import runpy
from pathlib import Path

import pytest

from sunfair.bench.forecast import measure
from sunfair.cli.benching import run_bench
from sunfair.errors import InputError
from sunfair.files import import_csv, load_scenario

MAKER = Path(__file__).parents[1] / "hot_coast.py"


@pytest.fixture(scope="module")
def coast(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coast")
    runpy.run_path(str(MAKER))["make"](folder / "csv", homes=12, days=70)
    import_csv(folder / "csv", unit="kWh", timezone="Australia/Sydney", out=folder / "community")
    return load_scenario(folder / "community" / "community.toml")


def test_on_other_data_it_is_no_worse_than_the_floor_and_its_bands_hold(coast):
    found = measure(coast, lambda _: None, moments=90, seed=7)
    assert found["slot_minutes"] == 60 and not found["own_shape_left_out"]
    for part in ("use", "roofs"):
        floor, model = found[part]["floor"], found[part]["model"]
        assert model["nmae_mean"] <= floor["nmae_mean"]
        assert model["pinball"] < floor["pinball"]
        assert abs(model["coverage"] - 0.8) < 0.1  # 70 days alone: the bands are still being learnt


def test_another_community_belongs_to_the_forecast_alone():
    with pytest.raises(InputError, match=r"only `bench forecast`, .*`planning`.* and `year` take that"):
        run_bench("clearing", as_json=True, community=Path("community.toml"))


def test_a_community_file_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(InputError, match=r"none\.toml"):
        run_bench("forecast", as_json=True, community=tmp_path / "none.toml")
