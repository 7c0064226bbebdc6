"""A gaining supplier without the customer's consent: forged, replayed, bent, or taken from a rival in the mempool."""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from registry_world import KEYS, NEW, OLD, Grid, point

from sunfair.errors import Reverted
from sunfair.registry.switching import SwitchKind, annulment_digest


@pytest.fixture
def grid() -> Grid:
    return Grid()


def test_only_the_customer_s_own_signature_switches(grid: Grid) -> None:
    switch = grid.validated(signer="new")
    with pytest.raises(Reverted, match="switching: consent"):
        grid.ledger.request("new", [switch])
    unsigned = replace(switch, request=replace(switch.request, signature=b""))
    with pytest.raises(Reverted, match="switching: consent"):
        grid.ledger.request("new", [unsigned])
    assert grid.ledger.state(switch.id) is None


def test_a_consent_taken_from_the_mempool_is_of_no_use_to_another(grid: Grid) -> None:
    switch = grid.validated()
    grid.ledger.set_roles(KEYS.address("rival"), 2)
    with pytest.raises(Reverted, match=r"switching: (consent|service)"):
        grid.ledger.request("rival", [switch])
    grid.ledger.request("new", [switch])


@pytest.mark.parametrize("bend", ["point", "kind", "start", "nonce"])
def test_a_consent_counts_for_what_it_says(grid: Grid, bend: str) -> None:
    switch = grid.validated()
    bent = {
        "point": replace(switch, request=replace(switch.request, point=point(1))),
        "kind": replace(switch, request=replace(switch.request, kind=SwitchKind.COOLING_OFF)),
        "start": replace(switch, starts=switch.starts + timedelta(seconds=1)),
        "nonce": replace(switch, request=replace(switch.request, nonce=7)),
    }[bend]
    with pytest.raises(Reverted, match=r"switching: (consent|service)"):
        grid.ledger.request("new", [bent])


def test_a_consent_is_used_once(grid: Grid) -> None:
    switch = grid.validated()
    grid.ledger.request("new", [switch])
    grid.ledger.act("new", "withdraw", switch.id)
    with pytest.raises(Reverted, match="used before"):
        grid.ledger.request("new", [switch])


def test_the_customer_before_cannot_consent_any_more(grid: Grid) -> None:
    switch = grid.validated()
    grid.ledger.set_owner("registrar", point(0), KEYS.address("next"))
    with pytest.raises(Reverted, match="switching: consent"):
        grid.ledger.request("new", [switch])


def test_an_annulment_needs_the_customer_for_this_switch(grid: Grid) -> None:
    one, two = grid.validated(0), grid.validated(1)
    for switch in (one, two):
        grid.ledger.request("new", [switch])
    forged = KEYS.sign("old", annulment_digest(grid.ledger.domain, one.id))
    other = KEYS.sign("customer", annulment_digest(grid.ledger.domain, two.id))
    for signature in (forged, other, b""):
        with pytest.raises(Reverted, match="switching: consent"):
            grid.ledger.act("old", "annul", one.id, signature)
    grid.ledger.act("old", "annul", two.id, other)
    assert (one.request.gainer, one.loser) == (NEW, OLD)
