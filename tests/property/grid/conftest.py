import importlib.util
from pathlib import Path

import pytest

FEEDER = Path(__file__).parents[2] / "unit" / "grid" / "feeder.py"


@pytest.fixture(scope="session")
def feeder():
    """The module that builds small networks."""
    spec = importlib.util.spec_from_file_location("grid_feeder", FEEDER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
