"""A losing supplier that objects when the window is over, or stretches it; a gaining one that shortens it."""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from registry_world import KEYS, NEW, OLD, Grid, point

from sunfair.errors import Reverted
from sunfair.registry.switching import SwitchState, annulment_digest


@pytest.fixture
def grid() -> Grid:
    return Grid()


def test_an_objection_at_the_window_s_end_is_too_late(grid: Grid) -> None:
    switch = grid.validated()
    grid.ledger.request("new", [switch])
    grid.clock.at = switch.objection_ends
    with pytest.raises(Reverted, match="switching: window"):
        grid.ledger.act("old", "object_to", switch.id)
    for stranger in ("new", "customer"):
        with pytest.raises(Reverted, match="losing supplier only"):
            grid.ledger.act(stranger, "object_to", switch.id)
    other = grid.validated(1)
    grid.ledger.request("new", [other])
    grid.clock.at = other.objection_ends - timedelta(seconds=1)
    grid.ledger.act("old", "object_to", other.id)
    assert grid.ledger.state(other.id) is SwitchState.OBJECTED


def test_nothing_leaves_secured_but_active(grid: Grid) -> None:
    switch = grid.validated()
    grid.ledger.request("new", [switch])
    annulment = KEYS.sign("customer", annulment_digest(grid.ledger.domain, switch.id))
    grid.clock.at = switch.gate_closes
    assert grid.ledger.state(switch.id) is SwitchState.SECURED
    for sender, act in (("old", ("object_to",)), ("new", ("withdraw",)), ("old", ("annul",))):
        with pytest.raises(Reverted, match=r"switching: (window|gate)"):
            grid.ledger.act(sender, act[0], switch.id, *((annulment,) if act[0] == "annul" else ()))
    grid.clock.at = switch.starts
    start = int(switch.starts.timestamp())
    assert (grid.ledger.supplier_at(point(0), start - 1), grid.ledger.supplier_at(point(0), start)) == (OLD, NEW)


@pytest.mark.parametrize(
    ("field", "by"),
    [
        ("objection_ends", timedelta(hours=-20)),
        ("objection_ends", timedelta(days=20)),
        ("gate_closes", timedelta(hours=2)),
        ("gate_closes", timedelta(hours=-2)),
        ("submitted", timedelta(hours=2)),
        ("submitted", timedelta(hours=-2)),
    ],
)
def test_even_the_service_cannot_sign_windows_that_no_calendar_gives(grid: Grid, field: str, by: timedelta) -> None:
    switch = grid.validated(days=28)
    with pytest.raises(Reverted, match=r"switching: (window|gate|start)"):
        grid.ledger.request("new", [replace(switch, **{field: getattr(switch, field) + by})])
    with pytest.raises(Reverted, match="switching: service"):
        grid.ledger.request("new", [switch], service="new")


def test_one_request_is_open_and_the_next_one_waits(grid: Grid) -> None:
    switch = grid.validated()
    grid.ledger.request("new", [switch])
    board = type(grid)()
    rival = board.validated(nonce=9)
    rival = replace(rival, id=rival.id)
    with pytest.raises(Reverted, match="another is open"):
        grid.ledger.request("new", [rival])
