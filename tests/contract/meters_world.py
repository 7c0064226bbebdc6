"""A market that takes its meters from a real register, on revm. Not a test: the files beside it import it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import vault_world as world
from vault_world import DAY, FIRST, SLOT, START, Contract, Street

from sunfair.chain import SeededKeys, keccak, recover
from sunfair.chain.abi import encode
from sunfair.registry.batch_tree import batch_leaves, batch_of
from sunfair.settlement import Domain, reading_digests
from sunfair.settlement.court import MarketFacts, Meter
from sunfair.settlement.court.book_proofs import is_read

KEYS = SeededKeys(31)
JOIN = keccak(b"Join(bytes32 point,address market,uint64 account,uint64 nonce,uint64 deadline)")
POINTS = 6
HOMES = 3
"""Accounts 3, 4 and 5 belong to `home 3`, `home 4` and `home 5`; points 3, 4, 5 are theirs, the others `landlord`'s."""


def nullifier(at: int) -> bytes:
    return b"point".ljust(31, b".") + bytes([at])


def commitment(at: int) -> bytes:
    return b"hidden".ljust(31, b".") + bytes([at])


class Quarter(Street):
    """Governor, registrar, a rival registrar; a docket that takes readings."""

    def __init__(self) -> None:
        super().__init__()
        chain = self.chain
        self.governor, self.registrar, self.rival = (KEYS.address(name) for name in ("governor", "registrar", "rival"))
        self.register = chain.deploy("MeterRegistry", self.governor)
        self.box = chain.deploy("Docket", chain.deploy("Witness"))
        self.market = self.market_of(self.register)
        for registrar in (self.registrar, self.rival):
            self.register.set_roles(registrar, 1, sender=self.governor)
        self.batches: list[tuple[Any, Any, list[int]]] = []
        self.enter(list(range(POINTS)), self.registrar)
        for at in range(POINTS):
            self.open(0, at)
            owner = KEYS.address(f"home {at}" if at in range(3, 3 + HOMES) else "landlord")
            self.register.set_owner(nullifier(at), owner, sender=self.registrar)

    def market_of(self, register: Contract) -> Contract:
        """A market of three homes, which obeys a register."""
        named = keccak(b"street")
        market = self.market_on(self.token, community=named, courts=[*self.courts[:3], self.box, register])
        homes = [KEYS.address(f"home {account}") for account in range(3, 3 + HOMES)]
        market.open_accounts(homes, [world.CAP] * HOMES, sender=self.operator)
        return market

    def enter(self, points: list[int], registrar: bytes) -> int:
        import numpy as np

        blocks = (b"".join(map(name, points)) for name in (commitment, nullifier))
        leaves = batch_leaves(*(np.frombuffer(block, np.uint8).reshape(-1, 32) for block in blocks))
        batch = batch_of([leaves])
        self.batches.append((batch, leaves, points))
        return int(self.register.register_batch(batch.root, len(points), sender=registrar))

    def open(self, number: int, at: int) -> None:
        """The point at this place of a batch."""
        batch, leaves, points = self.batches[number]
        path = list(batch.prove(at, leaves).siblings)
        self.register.open_point(number, at, commitment(points[at]), nullifier(points[at]), path)

    def join(self, point: int, account: int, owner: str | None = None, market: Contract | None = None) -> None:
        sender = KEYS.address(owner or f"home {account}")
        self.register.join(nullifier(point), market or self.market, account, sender=sender)

    def bind(self, point: int, device: str, day: int = 1, registers: tuple[int, int] = (0, 0), **by: Any) -> None:
        """From the beginning of so many UTC days on."""
        since = (self.now // DAY + day) * DAY
        sender = by.get("sender", self.registrar)
        self.register.bind_device(nullifier(point), KEYS.address(device), since, *registers, sender=sender)

    def counts(self, account: int, slot: int, device: str, market: Contract | None = None) -> bool:
        """Whether the docket takes a reading of this slot, signed by this device, from the account's owner.

        The Python court, which is told what the market says of its meters, has to say the same.
        """
        market = market or self.market
        domain = Domain("street", 31337, market.address)
        digest = reading_digests(domain, [account], [slot], [100], [0])[0].tobytes()
        signature, owner = KEYS.sign(device, digest), KEYS.address(f"home {account}")
        facts = MarketFacts(
            community=market.community(),
            separator=market.separator(),
            meters={account: (Meter(*market.meter(account, slot)),)},
        )
        told = is_read(facts, recover, account, slot, 100, 0, signature)
        with self.undone():
            self.now = (slot + 1) * SLOT + 60
            refusal = ""
            try:
                self.box.file_reading(market, account, slot, 100, 0, signature, sender=owner)
            except world.Refused as error:
                refusal = str(error)
            assert (refusal, told) in (("", True), ("docket: signature", False))
            return told

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside leaves nothing behind."""
        now, before = self.now, self.chain.evm.snapshot()
        try:
            yield
        finally:
            self.chain.evm.revert(before)
            self.now = now

    def consent(self, point: int, account: int, deadline: int, *, signer: str, nonce: int | None = None) -> bytes:
        """A customer's signature that its point may feed an account."""
        nonce = self.register.nonces(KEYS.address(signer)) if nonce is None else nonce
        words = encode(
            ["bytes32", "bytes32", "address", "uint256", "uint256", "uint256"],
            [JOIN, nullifier(point), self.market.address, account, nonce, deadline],
        )
        return KEYS.sign(signer, keccak(b"\x19\x01" + self.register.separator() + keccak(words)))


__all__ = ["DAY", "FIRST", "KEYS", "SLOT", "START", "Quarter", "nullifier"]
