"""A register with two batches and a switching contract on the embedded chain. Not a test: the files beside import it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from sunfair.chain import EmbeddedChain, SeededKeys
from sunfair.chain.registry_ledger import RegistryLedger, deploy_registry
from sunfair.registry import Calendar
from sunfair.registry.batch_tree import Batch, batch_leaves, batch_of
from sunfair.registry.switching import (
    Request,
    Sector,
    Supply,
    SupplyPoint,
    Switch,
    Switchboard,
    SwitchKind,
    consent_digest,
)

KEYS = SeededKeys(21)
LONDON = Calendar("Europe/London", frozenset({date(2026, 8, 31)}), (2026, 2027))
START = datetime(2026, 6, 8, 9, tzinfo=UTC)
POINTS = 5
OLD, NEW = KEYS.address("old"), KEYS.address("new")


def point(at: int) -> bytes:
    return b"nullifier" + at.to_bytes(23, "big")


def commitment(at: int) -> bytes:
    return b"commitment" + at.to_bytes(22, "big")


class Clock:
    at = START

    def now(self) -> datetime:
        return self.at


class Grid:
    """Registrar and suppliers; points 0 … 4 of batch 0 are opened, owned by `customer`, and supplied by `old`."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.chain = EmbeddedChain(timestamp=int(START.timestamp()) - 3600)
        self.ledger: RegistryLedger = deploy_registry(
            self.chain, KEYS, self.clock, governor="governor", service=KEYS.address("switching")
        )
        for holder, role in (("registrar", 1), ("rival", 1), ("old", 2), ("new", 2)):
            self.ledger.set_roles(KEYS.address(holder), role)
        self.batch, self.leaves = self.make(range(POINTS))
        self.ledger.register_batch("registrar", self.batch.root, POINTS)
        for at in range(POINTS):
            self.open(at)
            self.ledger.set_owner("registrar", point(at), KEYS.address("customer"))
            self.ledger.begin_supply("registrar", point(at), OLD)
        held = [
            SupplyPoint(point(at), "GB", "gas", Sector.DOMESTIC, KEYS.address("customer"), START, (Supply(OLD, START),))
            for at in range(POINTS)
        ]
        self.board = Switchboard(self.ledger.domain, LONDON, [OLD, NEW], held)

    def make(self, numbers: range) -> tuple[Batch, np.ndarray]:
        names = np.frombuffer(b"".join(map(point, numbers)), np.uint8).reshape(-1, 32)
        hidden = np.frombuffer(b"".join(map(commitment, numbers)), np.uint8).reshape(-1, 32)
        leaves = batch_leaves(hidden, names)
        return batch_of([leaves]), leaves

    def open(self, at: int, *, sender: str = "anybody") -> None:
        self.ledger.open_point(sender, 0, commitment(at), point(at), self.batch.prove(at, self.leaves))

    def pass_by(self, **spans: float) -> None:
        self.clock.at += timedelta(**spans)
        self.board.advance(self.clock.at)

    def validated(
        self, at: int = 0, *, days: int = 5, nonce: int = 0, signer: str = "customer", gainer: bytes = NEW
    ) -> Switch:
        """A request as an honest switching service would validate it; who signed the consent is up to the test."""
        start = LONDON.local_date(self.clock.at) + timedelta(days=days)
        bare = Request(point(at), gainer, SwitchKind.SWITCH, start, nonce)
        digest = consent_digest(self.ledger.domain, bare, LONDON.midnight(start))
        signed = replace(bare, signature=KEYS.sign(signer, digest))
        (switch,) = self.board.submit([signed], [KEYS.address("customer")], self.clock.at)
        return switch
