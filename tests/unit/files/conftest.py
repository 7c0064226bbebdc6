"""A small street on disk, written with pyarrow and plain text alone, to be spoilt test by test."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sunfair.errors import Fault, ScenarioError
from sunfair.files import load_scenario

SLOTS = 96
START = datetime(2016, 6, 14, 22, 0, tzinfo=UTC)  # midnight in Berlin

TOML = """
[community]
name = "Street"
timezone = "Europe/Berlin"
slot_minutes = 15
sessions = ["ahead", "pool"]
mechanism = "uniform"

[tariff]
retail = 0.32
feed_in = 0.08

[tariff.fees]
seller_bps = 8000
utility_bps = 1200
network_bps = 800

[grid]
file = "network.json"

[[member]]
id = "one"
meter = "M1"
bus = 1
phase = "a"
load = "load.parquet:one"
pv_kwp = 5
pv = "pv.parquet:south"
battery_kwh = 10
battery_kw = 5

[[member]]
id = "two"
meter = "M2"
bus = 2
phase = "b"
load = "load.parquet:two"
ev_kw = 11
ev = "ev.parquet"

[[member]]
id = "three"
meter = "M3"
bus = 2
phase = "abc"
load = "load.parquet:three"
strategy = "pool"
"""


def times(count: int = SLOTS, start: datetime = START, minutes: int = 15) -> list[datetime]:
    return [start + timedelta(minutes=minutes * i) for i in range(count)]


def network() -> dict[str, object]:
    line = {"r1": 0.1, "x1": 0.05, "c1": 1e-8, "tan1": 0, "r0": 0.4, "x0": 0.2, "c0": 1e-8, "tan0": 0, "i_n": 270}
    data = {
        "node": [{"id": 0, "u_rated": 400, "name": "start"}, {"id": 1, "u_rated": 400}, {"id": 2, "u_rated": 400}],
        "line": [
            {"id": 10, "from_node": 0, "to_node": 1, "from_status": 1, "to_status": 1, **line},
            {"id": 11, "from_node": 1, "to_node": 2, "from_status": 1, "to_status": 1, **line},
        ],
        "source": [{"id": 20, "node": 0, "status": 1, "u_ref": 1.0}],
    }
    return {"version": "1.0", "type": "input", "is_batch": False, "attributes": {}, "data": data}


@dataclass
class Street:
    """The files of a community; a test changes them before `load`."""

    folder: Path
    toml: str = TOML
    tables: dict[str, dict[str, object]] = field(default_factory=dict)
    network: dict[str, object] = field(default_factory=network)
    raw: dict[str, bytes | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        quarter = [100 + i for i in range(SLOTS)]
        self.tables = {
            "load.parquet": {"start": times(), "one": quarter, "two": [7] * SLOTS, "three": [0] * SLOTS},
            "pv.parquet": {"start": times(), "south": [i * 10 for i in range(SLOTS)]},
            "ev.parquet": {
                "member": ["two"],
                "arrive": [START + timedelta(hours=1)],
                "depart": [START + timedelta(hours=9)],
                "need_wh": [9000],
            },
        }

    def swap(self, old: str, new: str) -> "Street":
        assert old in self.toml, old
        self.toml = self.toml.replace(old, new, 1)
        return self

    def write(self) -> Path:
        (self.folder / "community.toml").write_text(self.toml, encoding="utf-8")
        (self.folder / "network.json").write_text(json.dumps(self.network), encoding="utf-8")
        for name, columns in self.tables.items():
            pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), self.folder / name)
        for name, content in self.raw.items():
            if content is None:
                (self.folder / name).unlink()
            else:
                (self.folder / name).write_bytes(content)
        return self.folder / "community.toml"

    def load(self) -> object:
        return load_scenario(self.write())

    def faults(self) -> list[Fault]:
        """Every fault of the street; it must have some, and finding them must not write anything."""
        path = self.write()
        before = sorted(item.name for item in self.folder.iterdir())
        with pytest.raises(ScenarioError) as caught:
            load_scenario(path)
        assert sorted(item.name for item in self.folder.iterdir()) == before
        for fault in caught.value.faults:
            assert str(fault) in str(caught.value)
        return list(caught.value.faults)

    def fault(self) -> str:
        """The one fault there is, as the user reads it."""
        faults = self.faults()
        assert len(faults) == 1, [str(fault) for fault in faults]
        return str(faults[0])


@pytest.fixture
def street(tmp_path: Path) -> Street:
    return Street(tmp_path)
