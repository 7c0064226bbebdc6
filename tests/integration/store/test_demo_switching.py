"""`demo --switching` from outside: its files hold what the calendar says, and the same seed gives the same bytes."""

import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from sunfair.cli.commands import app

LONDON = ZoneInfo("Europe/London")


def test_every_point_ends_at_the_right_supplier_at_midnight_of_the_right_day(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", server.replace("+psycopg", ""))
    runs = [tmp_path / "one", tmp_path / "two"]
    for run in runs:
        done = CliRunner().invoke(app, ["demo", "--switching", "--homes", "6", "--out", str(run), "--json"])
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
    assert (told["switched"], told["stayed"], told["returned"], told["wrong"]) == (5, 5, 2, [])
    assert set(told["refused_readings"]) == {"superseded", "unregistered"}
    for name in ("timeline.json", "report.html"):
        assert (runs[0] / name).read_bytes() == (runs[1] / name).read_bytes()
    for point in json.loads((runs[0] / "timeline.json").read_text())["timelines"]:
        supplies = point["supplies"]
        assert [supply["supplier"] for supply in supplies] == wanted(point["home"], point["fuel"])
        for one, two in pairwise(supplies):
            assert one["to"] == two["from"]
            local = datetime.fromisoformat(two["from"]).astimezone(LONDON)
            days = {"new": "2026-09-02T00:00:00+01:00", "old": "2026-09-05T00:00:00+01:00"}
            assert local.isoformat() == days[two["supplier"]]
        confirmed = [told["at"] for told in point["transitions"] if told["state"] == "CONFIRMED"]
        late = point["home"] >= 3  # asked on Friday: the next working day is Tuesday, after the bank holiday
        assert all(at.startswith("2026-09-01T16" if late else "2026-08-28T16") for at in confirmed[:1])
    page = (runs[0] / "report.html").read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert CliRunner().invoke(app, ["demo", "--switching", "--out", str(runs[0])]).exception is not None


def wanted(home: int, fuel: str) -> list[str]:
    """Who supplies, in order: home 2 is objected to, 4 withdrawn, 5's electricity annulled, 1 a mistake."""
    if home in (2, 4) or (home, fuel) == (5, "electricity"):
        return ["old"]
    return ["old", "new", "old"] if home == 1 else ["old", "new"]
