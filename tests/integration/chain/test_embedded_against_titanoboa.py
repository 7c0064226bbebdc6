"""Two EVMs, one script: revm behind the ledger and py-evm under titanoboa must agree on every outcome.

The code on one side is the shipped artifact, on the other the source compiled now.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boa
import pytest
from boa import BoaError

from sunfair.chain import GUARANTOR, EmbeddedChain, SeededKeys, Transaction, contract, keccak
from sunfair.errors import Reverted

CONTRACTS = Path(__file__).parents[3] / "contracts"
KEYS = SeededKeys(3)
HOUR, SLOT = 3600, 900
START = 1_465_941_600
FIRST = START // SLOT
NAMES = ("SimulatedEuro", "EnergyCredit", "EnergyMarket")
AMOUNTS = [100, 40, 3, 857, -995, -5]
SETTLED = [0, 0, 0, -400, 400, 0]
ROOT = keccak(b"root")


def script() -> Iterator[tuple[int, str, str, str, tuple[Any, ...]]]:
    """(seconds after START, holder, contract, function, arguments); `"@name"` is a contract, `"#h"` an address."""
    market = "EnergyMarket"
    for holder in ("0", "3", "4", "guarantor"):
        yield 1, holder, "SimulatedEuro", "issue", (10_000,)
        yield 1, holder, "SimulatedEuro", "approve", ("@EnergyCredit", 9_000)
        yield 1, holder, "EnergyCredit", "mint", (9_000,)
        yield 1, holder, "EnergyCredit", "approve", ("@EnergyMarket", 8_000)
        yield 1, holder, "EnergyCredit", "redeem", (500,)
        yield 1, holder, "EnergyCredit", "redeem", (50_000,)
    yield 2, "operator", market, "open_accounts", (["#3", "#4"],)
    yield 2, "3", market, "open_accounts", (["#3"],)
    for account, holder in ((0, "0"), (3, "3"), (4, "4"), (GUARANTOR, "guarantor")):
        yield 3, holder, market, "deposit", (account, 5_000)
        yield 3, holder, market, "deposit", (account, 5_000)
    yield 4, "3", market, "request_withdrawal", (3, 4_000)
    yield 4, "4", market, "request_withdrawal", (3, 4_000)
    yield 4, "4", market, "withdraw", (3,)
    yield HOUR, "3", market, "deposit", (3, 1)
    yield SLOT * 8 - 1, "operator", market, "anchor", (0, FIRST, 8, ROOT)
    yield SLOT * 8, "operator", market, "anchor", (0, FIRST, 8, ROOT)
    yield SLOT * 8, "operator", market, "settle", (0, ROOT, 5, AMOUNTS)
    yield SLOT * 12, "operator", market, "settle", (0, ROOT, 5, [*AMOUNTS[:-1], -6])
    yield SLOT * 12, "operator", market, "settle", (0, ROOT, 5, [101, *AMOUNTS[1:]])
    yield SLOT * 12, "operator", market, "settle", (0, ROOT, 5, AMOUNTS)
    yield SLOT * 16, "3", market, "withdraw", (3,)
    yield SLOT * 16, "3", market, "apply", (AMOUNTS,)
    yield SLOT * 36, "3", market, "apply", (SETTLED,)
    yield SLOT * 36, "3", market, "apply", (AMOUNTS,)
    yield SLOT * 37, "4", market, "withdraw", (3,)
    yield SLOT * 48, "operator", market, "anchor", (1, FIRST + 8, 40, ROOT)
    yield SLOT * 52, "operator", market, "settle", (1, ROOT, 0, SETTLED)
    yield SLOT * 80, "0", market, "apply", (SETTLED,)
    yield 10**6, "operator", market, "anchor", (2, FIRST + 48, 1, ROOT)
    yield 10**6, "0", market, "withdraw", (4,)
    yield 10**6, "0", market, "withdraw", (GUARANTOR,)


class Embedded:
    """The script on revm, by signed transactions."""

    def __init__(self) -> None:
        self.chain = EmbeddedChain()
        self.at: dict[str, bytes] = {}

    def create(self, name: str, args: tuple[Any, ...]) -> None:
        block = self._send("operator", None, contract(name).creation(*_named(args, self.at)), START)
        assert block.created is not None
        self.at[name] = block.created

    def run(self, time: int, holder: str, name: str, function: str, args: tuple[Any, ...]) -> str | None:
        try:
            self._send(holder, self.at[name], contract(name).abi.call(function, *_named(args, self.at)), time)
        except Reverted as refusal:
            return refusal.reason
        return None

    def view(self, time: int, name: str, function: str, args: tuple[Any, ...]) -> Any:
        abi = contract(name).abi
        output = self.chain.call(self.at[name], abi.call(function, *_named(args, self.at)), timestamp=time)
        return abi.result(function, output)[0]

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for log in self.chain.blocks[-1].logs:
            name = next(name for name, address in self.at.items() if address == log.address)
            event = contract(name).abi.event(log.topics, log.data)
            assert event is not None
            found.append((event.name, dict(event.args)))
        return found

    def _send(self, holder: str, to: bytes | None, data: bytes, time: int) -> Any:
        transaction = Transaction(31337, self.chain.nonce(KEYS.address(holder)), to, data)
        return self.chain.send(transaction.raw(KEYS.sign(holder, transaction.digest())), time)


class Titanoboa:
    """The script on py-evm, by calls in somebody's name."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}
        self.last: Any = None

    @property
    def at(self) -> dict[str, bytes]:
        return {name: made.address.canonical_address for name, made in self.made.items()}

    def create(self, name: str, args: tuple[Any, ...]) -> None:
        boa.env.timestamp = START
        with boa.env.prank(_text(KEYS.address("operator"))):
            self.made[name] = boa.load(str(CONTRACTS / f"{name}.vy"), *map(_text, _named(args, self.at)))

    def run(self, time: int, holder: str, name: str, function: str, args: tuple[Any, ...]) -> str | None:
        boa.env.timestamp = time
        self.last = self.made[name]
        texts = [_text(value) for value in _named(args, self.at)]
        try:
            getattr(self.made[name], function)(*texts, sender=_text(KEYS.address(holder)))
        except BoaError as refusal:
            return str(refusal.stack_trace.last_frame.pretty_vm_reason)
        return None

    def view(self, time: int, name: str, function: str, args: tuple[Any, ...]) -> Any:
        boa.env.timestamp = time
        return _bytes(getattr(self.made[name], function)(*map(_text, _named(args, self.at))))

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for event in self.last.get_logs():
            fields = {field: _bytes(getattr(event, field)) for field in event._fields if field != "address"}
            found.append((type(event).__name__, fields))
        return found


def _named(args: tuple[Any, ...], at: dict[str, bytes]) -> list[Any]:
    """Arguments with `@contract` and `#holder` replaced by addresses."""

    def value(arg: Any) -> Any:
        if isinstance(arg, list):
            return [value(part) for part in arg]
        if isinstance(arg, str) and arg[0] == "@":
            return at[arg[1:]]
        return KEYS.address(arg[1:]) if isinstance(arg, str) and arg[0] == "#" else arg

    return [value(arg) for arg in args]


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(part) for part in value]
    return "0x" + value.hex() if isinstance(value, bytes) and len(value) == 20 else value


def _bytes(value: Any) -> Any:
    return value.canonical_address if hasattr(value, "canonical_address") else value


@pytest.fixture
def chains() -> Iterator[tuple[Embedded, Titanoboa]]:
    patch, before, time = boa.env.evm.patch, boa.env.evm.patch.chain_id, boa.env.timestamp
    with boa.env.anchor():
        patch.chain_id = 31337
        pair = Embedded(), Titanoboa()
        roles = ["#0", "#1", "#2"]
        arguments: dict[str, tuple[Any, ...]] = {
            "SimulatedEuro": (),
            "EnergyCredit": ("@SimulatedEuro", "Energy Credit", "EC"),
            "EnergyMarket": (
                "@EnergyCredit",
                keccak(b"street"),
                "#operator",
                "#guarantor",
                roles,
                SLOT,
                6 * HOUR,
                5 * 86400,
            ),
        }
        for name in NAMES:
            for chain in pair:
                chain.create(name, arguments[name])
        yield pair
    patch.chain_id = before
    boa.env.timestamp = time


def test_same_script_same_outcome(chains: tuple[Embedded, Titanoboa]) -> None:
    ours, theirs = chains
    assert ours.at == theirs.at
    outcomes = []
    for late, *step in script():
        reasons = ours.run(START + late, *step), theirs.run(START + late, *step)
        assert reasons[0] == reasons[1], (late, step)
        outcomes.append(reasons[0])
        if reasons[0] is None:
            assert _plain(ours.events()) == _plain(theirs.events()), (late, step)
        for account in (0, 1, 2, GUARANTOR):
            args = START + late, "EnergyMarket", "balance_of", (account,)
            assert ours.view(*args) == theirs.view(*args)
        for view in ("door_open", "escaped", "total", "apply_time", "last_apply", "pending", "escape_time"):
            args = START + late, "EnergyMarket", view, ()
            assert ours.view(*args) == theirs.view(*args), (view, late, step)
    for holder in ("#0", "#3", "#4", "#guarantor"):
        for name in ("SimulatedEuro", "EnergyCredit"):
            args = START + 10**6, name, "balanceOf", (holder,)
            assert ours.view(*args) == theirs.view(*args)
    # The script is worth something: it goes through, and most refusals are in it.
    assert outcomes.count(None) >= 30
    assert len({reason for reason in outcomes if reason}) >= 12


def _plain(events: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, {field: _bytes(value) for field, value in fields.items()}) for name, fields in events]
