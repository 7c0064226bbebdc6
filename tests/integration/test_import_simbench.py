"""The bundled community comes out of SimBench again, byte for byte."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import sunfair
from sunfair.files import import_simbench

FOLDER = Path(sunfair.__file__).parent / "data" / "rural2"


def _simbench() -> str:
    try:
        return version("simbench")
    except PackageNotFoundError:
        return ""


@pytest.mark.slow
@pytest.mark.skipif(
    not _simbench(),
    # Its group and dev exclude each other, so that a run with every service has no simbench either.
    reason="simbench is missing; uv run --no-group dev --group data --with pytest pytest tests/integration/test_import_simbench.py",
)
@pytest.mark.filterwarnings("ignore")
def test_the_import_makes_the_bundled_files_again(tmp_path):
    report = import_simbench(out=tmp_path / "out", seed=7)
    assert report.members == 99
    assert report.slots == 35_136
    made = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    bundled = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    assert set(made) == set(bundled)
    assert [name for name in sorted(made) if made[name] != bundled[name]] == []
