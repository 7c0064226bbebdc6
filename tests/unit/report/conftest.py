import importlib.util
from pathlib import Path

import pytest


def beside(name):
    spec = importlib.util.spec_from_file_location(f"report_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def streets():
    """The module that invents streets and runs them."""
    return beside("report_street")


@pytest.fixture(scope="session")
def small_run(streets, tmp_path_factory):
    """A day of six homes with cables, the first of them named like a script."""
    return streets.run(tmp_path_factory.mktemp("small") / "run", streets.street(6, ids=[streets.HOSTILE]))
