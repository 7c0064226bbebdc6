import importlib.util
from importlib import resources
from pathlib import Path

import pytest

from sunfair.grid import Network


def beside(name):
    spec = importlib.util.spec_from_file_location(f"grid_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def feeder():
    """The module that builds small networks."""
    return beside("feeder")


@pytest.fixture(scope="session")
def oracle():
    """The module that asks pandapower."""
    return beside("oracle")


@pytest.fixture(scope="session")
def rural2():
    """The network of the default community."""
    file = resources.files("sunfair") / "data" / "rural2" / "network.json"
    return Network.parse(file.read_text(encoding="utf-8"))
