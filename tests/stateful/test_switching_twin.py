"""The switching contract beside the switchboard: the same acts in any order, the same refusals, states and suppliers.

What the switchboard rejects is offered to the contract all the same, which must refuse it.
"""

import os
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "registry"))
from switching_world import LONDON, name

from sunfair.chain import EmbeddedChain, SeededKeys
from sunfair.chain.registry_ledger import RegistryLedger, deploy_registry
from sunfair.errors import Reverted
from sunfair.registry.batch_tree import CHUNK, batch_leaves, batch_of
from sunfair.registry.switching import (
    Request,
    Sector,
    Supply,
    SupplyPoint,
    Switchboard,
    SwitchKind,
    SwitchRefused,
    SwitchState,
    annulment_digest,
    consent_digest,
    return_limit_digest,
)

LONG = os.environ.get("SUNFAIR_LONG_FUZZ") == "1"
STEPS, HOMES = (3_000, 12) if LONG else (300, 6)
KEYS = SeededKeys(11)
SUPPLIERS = ("supplier 0", "supplier 1", "supplier 2")


class Clock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class Twin:
    """Points of some homes, on the board and on the chain."""

    def __init__(self, seed: int, begin: datetime) -> None:
        self.chance, self.clock = random.Random(seed), Clock(begin)
        chain = EmbeddedChain(timestamp=int(begin.timestamp()) - 60)
        self.ledger: RegistryLedger = deploy_registry(
            chain, KEYS, self.clock, governor="governor", service=KEYS.address("switching")
        )
        self.register()
        points = [self.supply_point(at, begin) for at in range(2 * HOMES)]
        addresses = [KEYS.address(each) for each in SUPPLIERS]
        self.board = Switchboard(self.ledger.domain, LONDON, addresses, points)
        self.who = {KEYS.address(each): each for each in (*SUPPLIERS, *(f"home {at}" for at in range(HOMES)))}
        self.made: list[bytes] = []
        self.refused, self.taken = 0, 0

    def register(self) -> None:
        ledger, count = self.ledger, 2 * HOMES
        ledger.set_roles(KEYS.address("registrar"), 1)
        for each in SUPPLIERS:
            ledger.set_roles(KEYS.address(each), 2)
        names = np.frombuffer(b"".join(name(at) for at in range(count)), np.uint8).reshape(-1, 32)
        commitments = np.frombuffer(self.chance.randbytes(32 * count), np.uint8).reshape(-1, 32)
        leaves = batch_leaves(commitments, names)
        batch = batch_of([leaves])
        number = ledger.register_batch("registrar", batch.root, count)
        for at in range(count):
            path = batch.prove(at, leaves[:CHUNK])
            ledger.open_point("anybody", number, commitments[at].tobytes(), name(at), path)
            ledger.set_owner("registrar", name(at), KEYS.address(f"home {at // 2}"))
            ledger.begin_supply("registrar", name(at), KEYS.address(SUPPLIERS[0]))

    def supply_point(self, at: int, begin: datetime) -> SupplyPoint:
        sector = Sector.BUSINESS if at % 3 == 0 else Sector.DOMESTIC
        supplies = (Supply(KEYS.address(SUPPLIERS[0]), begin),)
        return SupplyPoint(
            name(at), "GB", "gas" if at % 2 else "electricity", sector, KEYS.address(f"home {at // 2}"), begin, supplies
        )

    def step(self) -> None:
        self.clock.at += timedelta(
            seconds=round(self.chance.expovariate(1 / self.chance.choice([900, 30_000, 120_000])))
        )
        self.board.advance(self.clock.at)
        chosen = self.chance.random()
        if chosen < 0.04:
            self.move_in(self.chance.randrange(2 * HOMES))
        elif chosen < 0.5 or not self.made:
            self.submit()
        else:
            self.act(self.chance.choice(self.made[-self.chance.choice([1, 3, 12]) :]))
        self.compare()

    def move_in(self, at: int) -> None:
        owner = KEYS.address(f"home {self.chance.randrange(HOMES)}")
        self.ledger.set_owner("registrar", name(at), owner)
        held = self.board.points[name(at)]
        self.board.points[name(at)] = replace(held, owner=owner, owner_since=self.clock.at)

    def submit(self) -> None:
        home, bundled = self.chance.randrange(HOMES), self.chance.random() < 0.5
        wrong = [s for s in map(self.board.switches.get, self.made) if s and s.state is SwitchState.RETURNING]
        sender = self.chance.choice(SUPPLIERS)
        kind = self.chance.choice([SwitchKind.SWITCH] * 6 + list(SwitchKind))
        numbers = [2 * home, 2 * home + 1] if bundled else [self.chance.randrange(2 * HOMES)]
        if wrong and self.chance.random() < 0.7:
            numbers, kind, bundled = [int.from_bytes(wrong[-1].request.point[5:])], SwitchKind.RETURN, False
            sender = self.who[wrong[-1].loser]
        day = LONDON.local_date(self.clock.at) + timedelta(days=self.chance.choice([0, 1, 3, 4, 5, 6, 8, 9, 28, 30]))
        requests = [self.signed(at, sender, kind, day) for at in numbers]
        signers = [self.signer(each) for each in requests]
        switches = self.board.submit(requests, signers, self.clock.at, bundled=bundled)
        good = switches[0].state is not SwitchState.REJECTED
        reason = refusal(self.ledger.request, sender, switches)
        assert good == (reason is None), (reason, switches)
        if good:
            self.taken += 1
            self.made += [switch.id for switch in switches]
        else:
            self.refused += 1

    def signed(self, at: int, sender: str, kind: SwitchKind, day) -> Request:
        bare = Request(name(at), KEYS.address(sender), kind, day, self.chance.getrandbits(60))
        customer = self.who[self.board.points[name(at)].owner]
        holder = customer if self.chance.random() < 0.93 else "forger"
        digest = consent_digest(self.ledger.domain, bare, LONDON.midnight(day))
        return replace(bare, signature=KEYS.sign(holder, digest))

    def signer(self, request: Request) -> bytes:
        digest = consent_digest(self.ledger.domain, request, LONDON.midnight(request.start))
        held = self.board.points[request.point].owner
        return held if KEYS.sign(self.who[held], digest) == request.signature else b"somebody else".ljust(20)

    def act(self, switch: bytes) -> None:
        found, now = self.board.switches[switch], self.clock.at
        by = self.chance.choice([found.request.gainer, found.loser, found.loser, self.chance.choice(list(self.who))])
        owner = self.board.points[found.request.point].owner
        act = self.chance.choice(["object_to", "withdraw", "annul", "report"])
        signer = self.chance.choice([owner, owner, KEYS.address("home 0")])
        reported, limit = int(now.timestamp()), LONDON.after(LONDON.local_date(now), 21) + timedelta(days=1)
        until = LONDON.midnight(limit)
        service = KEYS.sign("switching", return_limit_digest(self.ledger.domain, switch, now, until))
        on_chain = {
            "annul": (switch, KEYS.sign(self.who[signer], annulment_digest(self.ledger.domain, switch))),
            "report": (switch, reported, int(until.timestamp()), service),
        }
        extra = (signer,) if act == "annul" else ()
        reason = refusal(getattr(self.board, act), switch, by, *extra, now)
        word = refusal(self.ledger.act, self.who[by], act, *on_chain.get(act, (switch,)))
        assert (reason is None) == (word is None), (reason, word, found)

    def compare(self) -> None:
        now = self.clock.at
        for switch in self.made[-16:]:
            assert self.ledger.state(switch) is self.board.switches[switch].state, self.board.switches[switch]
        for at in range(2 * HOMES):
            held = self.board.points[name(at)]
            past = now - timedelta(seconds=self.chance.choice([0, 0, 86_400, 40 * 86_400]))
            supplier = held.supplier_at(past) or bytes(20)
            assert self.ledger.supplier_at(name(at), int(past.timestamp())) == supplier


def refusal(act: Callable[..., object], *arguments: object) -> str | None:
    """Why an act was refused, None if it was done."""
    try:
        act(*arguments)
    except (Reverted, SwitchRefused) as error:
        return str(error)
    return None


def test_contract_and_switchboard_agree_on_every_act() -> None:
    twin = Twin(random.randrange(2**32) if LONG else 3, datetime(2026, 3, 20, 9, tzinfo=UTC))
    for _ in range(STEPS):
        twin.step()
    assert twin.taken > 20
    assert twin.refused > 20
    reached = {switch.state for switch in twin.board.switches.values()}
    assert reached >= {SwitchState.OBJECTED, SwitchState.WITHDRAWN, SwitchState.ANNULLED, SwitchState.SUPERSEDED}
