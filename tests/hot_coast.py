"""A made community far from the bundled one: hourly meters, the southern hemisphere, cooling instead of dark winters.

Every home has habits of its own; nobody is a copy of anybody. `python tests/hot_coast.py FOLDER` writes the CSV files
that `sunfair import csv FOLDER --unit kWh --timezone Australia/Sydney --out DIR` takes.
"""

import csv
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

ZONE = ZoneInfo("Australia/Sydney")
LATITUDE = -33.9


def make(folder: Path, *, homes: int = 24, days: int = 365, seed: int = 11) -> None:
    """Write members.csv, load.csv and pv.csv; energy in kWh per hour."""
    chance = np.random.default_rng(seed)
    start = datetime(2022, 12, 31, 14, tzinfo=UTC)
    instants = [start + timedelta(hours=at) for at in range(24 * days)]
    local = [instant.astimezone(ZONE) for instant in instants]
    hour = np.array([each.hour for each in local])
    day = np.array([each.timetuple().tm_yday for each in local])
    weekend = np.array([each.weekday() >= 5 for each in local])
    clear, cloud = _sun(hour, day), _weather(chance, days, 0.7)
    warm = 18 + 6 * np.cos(2 * np.pi * (day - 20) / 365) + 5 * np.cos(2 * np.pi * (hour - 15) / 24)
    warm = warm + 4 * _weather(chance, days, 0.8)
    ids = [f"coast-{at + 1:02d}" for at in range(homes)]
    load = np.stack([_home(chance, hour, weekend, warm) for _ in ids], axis=1)
    kwp = np.where(np.arange(homes) % 3 > 0, chance.uniform(3, 8, homes).round(1), 0.0)
    passing = np.clip(1 - 0.35 * np.abs(cloud) + 0.1 * chance.normal(size=len(hour)), 0.05, 1.0)
    roofs = clear[:, None] * passing[:, None] * kwp * chance.uniform(0.75, 0.95, homes)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "members.csv", ["id", "pv_kwp"], zip(ids, kwp.tolist(), strict=True))
    times = [instant.isoformat() for instant in instants]
    for name, values in (("load.csv", load), ("pv.csv", roofs)):
        rows = ([time, *(f"{value:.3f}" for value in row)] for time, row in zip(times, values.tolist(), strict=True))
        _write(folder / name, ["start", *ids], rows)


def _home(chance: np.random.Generator, hour: np.ndarray, weekend: np.ndarray, warm: np.ndarray) -> np.ndarray:
    """One home's use: what always runs, two times of activity of its own, now and then a big appliance, cooling."""
    up, back = chance.normal(7, 1), chance.normal(18.5, 1.5)
    active = 0.8 * np.exp(-(((hour - up - weekend) / 1.3) ** 2)) + 1.4 * np.exp(-(((hour - back) / 2.2) ** 2))
    active = active + 0.5 * weekend * np.exp(-(((hour - 13) / 3) ** 2))
    use = chance.uniform(0.08, 0.3) + chance.gamma(1.2, 0.35, len(hour)) * active * chance.uniform(0.5, 1.5)
    use = use + (chance.random(len(hour)) < 0.06 * active) * chance.uniform(0.8, 2.2)
    away = np.repeat(chance.random(len(hour) // 24) < 0.06, 24)
    cooling = chance.uniform(0, 0.15) * np.maximum(warm - chance.uniform(22, 27), 0) * (0.3 + active)
    return np.where(away, use.min() * 1.3, use + cooling)


def _sun(hour: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Of a kW under a clear sky, from the sun's height alone."""
    tilt = np.radians(23.44) * np.sin(2 * np.pi * (day + 284) / 365)
    angle = np.radians(15 * (hour - 12))
    latitude = np.radians(LATITUDE)
    return np.maximum(np.sin(latitude) * np.sin(tilt) + np.cos(latitude) * np.cos(tilt) * np.cos(angle), 0)


def _weather(chance: np.random.Generator, days: int, stays: float) -> np.ndarray:
    """Something that changes from day to day and stays by a part of itself, by hour."""
    value, values = 0.0, []
    for step in chance.normal(size=days):
        value = stays * value + np.sqrt(1 - stays**2) * step
        values.append(value)
    return np.interp(np.arange(24 * days) / 24, np.arange(days), values)


def _write(path: Path, header: list[str], rows: object) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


if __name__ == "__main__":
    make(Path(sys.argv[1]))
