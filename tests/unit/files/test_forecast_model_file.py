"""The trained forecast that comes with the package."""

from importlib.resources import files

import numpy as np

from sunfair.files import default_community, default_forecast_model
from sunfair.files.forecast_file import forecast_model_bytes


def test_it_is_small_and_written_again_the_same():
    packed = files("sunfair").joinpath("data/forecast/model.npz").read_bytes()
    assert len(packed) < 2_000_000
    assert forecast_model_bytes(default_forecast_model()) == packed


def test_there_is_a_model_for_every_shape_of_the_bundled_community_that_never_saw_it():
    model = default_forecast_model()
    shapes = {member.shape for member in default_community().community.members}
    assert set(model.use) == shapes | {""}
    assert set(model.sun) == {"", "even", "odd"}


def test_profiles_are_relative_to_the_mean_and_in_order():
    for use in default_forecast_model().use.values():
        assert (np.diff(use.profile, axis=0) >= 0).all()
        assert 0.5 < use.profile[1].mean() < 1.0  # the median of what is skewed lies below its mean
