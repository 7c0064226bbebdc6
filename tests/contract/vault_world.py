"""A market with its people on revm, Prague's rules, for the tests of the vault: fast enough for thousands of steps.

Not a test: the files beside it import it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import boa
import pytest
from eth_abi.abi import decode as decode_abi
from eth_abi.abi import encode
from eth_utils import keccak
from pyrevm import EVM, BlockEnv, CfgEnv, Env
from vyper.compiler.output import build_abi_output

from sunfair.chain import CONTRACTS
from sunfair.chain.compile import sources

HERE = Path(__file__).parent
FOLDERS = (HERE.parents[1] / "contracts", HERE / "hostile", HERE)

HOUR, DAY, SLOT = 3600, 86_400, 900
GATE, WINDOW, TAKEOVER, ESCAPE = 900, 6 * HOUR, 2 * DAY, 7 * DAY
START = 1_465_912_800  # 2016-06-14T14:00:00Z: the first slot follows ten hours later
FIRST = (START // DAY + 1) * DAY // SLOT
GUARANTOR = 2**32 - 1
NO_SLOT = 2**256 - 1
MONEY = 1_000_000_000
BOND = 5_000_000_000
ZERO_LANE = 2**62
COMMUNITY = b"street".ljust(32, b"\0")
ROOT = b"\x01" * 32
NOBODY = bytes(20)
CAP = 10_000
GAS = 2**34
TARIFFS = ((320_000, 80_000),)


ERROR = keccak(b"Error(string)")[:4]


class Refused(Exception):
    """A call that was reverted; its reason is the exception's text."""


class Anchor(NamedTuple):
    """As in IEnergyMarket."""

    period: int
    first_slot: int
    slots: int
    void_to: int
    operator: bytes
    anchored_at: int
    root: bytes


class Settlement(NamedTuple):
    """As in IEnergyMarket."""

    first_period: int
    periods: int
    first_slot: int
    slots: int
    accounts: int
    cover: int
    settled_at: int
    operator: bytes
    period_root: bytes
    amounts_hash: bytes

    @property
    def hash(self) -> bytes:
        return bytes(keccak(encode([SETTLEMENT], [tuple(self)])))


class State(NamedTuple):
    """As in EnergyMarket."""

    anchored: int
    applied: int
    next_slot: int
    applied_slot: int
    open_end: int
    last_apply: int
    last_cancel: int
    pending: int
    side: int
    bonded: int


SETTLEMENT = "(uint256,uint256,uint256,uint256,uint256,uint256,uint256,address,bytes32,bytes32)"
ANCHOR = "(uint256,uint256,uint256,uint256,address,uint256,bytes32)"


class Event(NamedTuple):
    """A decoded log."""

    name: str
    args: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.args[name]
        except KeyError:
            raise AttributeError(name) from None


# ── Amounts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def pack(amounts: Mapping[int, int], accounts: int) -> list[int]:
    """Words of four lanes from amounts by account; accounts without one get 0."""
    lanes = [amounts.get(GUARANTOR, 0), *(amounts.get(account, 0) for account in range(accounts))]
    lanes += [0] * (-len(lanes) % 4)
    return [
        sum((ZERO_LANE + amount) % 2**64 << (64 * at) for at, amount in enumerate(lanes[word : word + 4]))
        for word in range(0, len(lanes), 4)
    ]


def amounts_hash(words: Sequence[int]) -> bytes:
    """The hash of the hashes of chunks of 16 words."""
    data = [word.to_bytes(32, "big") for word in words]
    return bytes(keccak(b"".join(keccak(b"".join(data[at : at + 16])) for at in range(0, len(data), 16))))


def tariff_bytes(tariffs: Sequence[tuple[int, int]]) -> bytes:
    """Pairs of retail and feed-in as the utility posts them."""
    return b"".join(value.to_bytes(8, "big", signed=True) for pair in tariffs for value in pair)


# ── Chain ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def compiled(name: str) -> tuple[tuple[Mapping[str, Any], ...], bytes]:
    """ABI and creation code of a contract, out of the contracts, the hostile ones or those of the tests.

    What ships is taken as it is shipped, if it was made of these sources; the compiler takes seconds for each.
    """
    if name in CONTRACTS:
        artifact = json.loads(files("sunfair.chain").joinpath("artifacts", f"{name}.json").read_text(encoding="utf-8"))
        if artifact["source_keccak256"] == "0x" + keccak(b"".join(map(Path.read_bytes, sources(name)))).hex():
            return tuple(artifact["abi"]), bytes.fromhex(artifact["bytecode"].removeprefix("0x"))
    path = next(folder / f"{name}.vy" for folder in FOLDERS if (folder / f"{name}.vy").is_file())
    data = boa.load_partial(str(path)).compiler_data  # titanoboa keeps what it compiled from run to run
    return tuple(build_abi_output(data)), bytes(data.bytecode)


def kind(part: Mapping[str, Any]) -> str:
    """The ABI type of an argument, structs spelt out."""
    text = str(part["type"])
    if not text.startswith("tuple"):
        return text
    return f"({','.join(map(kind, part['components']))}){text[5:]}"


class Chain:
    """One EVM and its clock."""

    def __init__(self) -> None:
        self.evm = EVM(Env(cfg=CfgEnv(chain_id=31337)), gas_limit=2**40, spec_id="PRAGUE")
        self.numbers = count(1)
        self.now = START
        self.events: list[Event] = []
        self.gas = 0

    @property
    def now(self) -> int:
        """The time of the next call, unix seconds."""
        return self._now

    @now.setter
    def now(self, time: int) -> None:
        self._now = time
        self.evm.set_block_env(BlockEnv(number=next(self.numbers), timestamp=time, gas_limit=2**40, basefee=0))

    def person(self, name: str) -> bytes:
        """An address."""
        return bytes(keccak(name.encode())[12:])

    def deploy(self, name: str, *arguments: Any, sender: bytes = NOBODY) -> "Contract":
        """A contract made with these arguments."""
        abi, code = compiled(name)
        made = [entry for entry in abi if entry["type"] == "constructor"]
        data = encode([kind(part) for part in made[0]["inputs"]], [plain(a) for a in arguments]) if made else b""
        self.evm.reset_transient_storage()
        try:
            address = self.evm.deploy("0x" + sender.hex(), code + data, gas=GAS)
        except RuntimeError as error:
            raise Refused(reason(str(error))) from None
        return Contract(self, bytes.fromhex(address[2:]), abi)

    def call(self, contract: "Contract", sender: bytes, data: bytes, static: bool = False) -> bytes:
        """One transaction, or a look."""
        self.evm.reset_transient_storage()
        try:
            output = self.evm.message_call(
                "0x" + sender.hex(), "0x" + contract.address.hex(), data, gas=GAS, is_static=static
            )
        except RuntimeError as error:
            raise Refused(reason(str(error))) from None
        if not static:
            result = self.evm.result
            self.gas = int(result.gas_used)
            self.logs = result.logs
        return bytes(output)


def reason(text: str) -> str:
    """The contract's own word in revm's account of a failed call; empty if it gave none."""
    found = re.search(r"output: 0x([0-9a-f]*)", text)
    if not found:
        return text
    output = bytes.fromhex(found[1])
    return str(decode(("string",), output[4:])[0]) if output[:4] == ERROR else ""


# What is asked of a contract and what it says are mostly what they were a step before: both codecs remember.
@lru_cache(maxsize=1 << 14)
def encoded(types: tuple[str, ...], values: tuple[Any, ...]) -> bytes:
    """Calldata after the selector."""
    return encode(types, values)


@lru_cache(maxsize=1 << 14)
def decode(types: tuple[str, ...], data: bytes) -> tuple[Any, ...]:
    """The values in encoded data, addresses as 20 bytes."""
    return tuple(map(plain_address, decode_abi(types, data)))


def plain_address(value: Any) -> Any:
    """Addresses as 20 bytes, also within tuples."""
    if isinstance(value, tuple | list):
        return tuple(map(plain_address, value))
    return bytes.fromhex(value[2:]) if isinstance(value, str) and re.fullmatch("0x[0-9a-f]{40}", value) else value


def plain(value: Any) -> Any:
    """Contracts as their addresses, also within lists."""
    if isinstance(value, Contract):
        return value.address
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value


class Contract:
    """A deployed contract; its functions are methods: `market.deposit(3, 5, sender=seller)`.

    A sender that is a contract (a Relay) passes the call on; nothing is returned then.
    """

    def __init__(self, chain: Chain, address: bytes, abi: Sequence[Mapping[str, Any]]) -> None:
        self.chain, self.address = chain, address
        self.functions: dict[str, Callable[..., Any]] = {}
        self.codecs: dict[str, tuple[bytes, tuple[str, ...]]] = {}
        self.topics = {keccak(event_signature(entry).encode()): entry for entry in abi if entry["type"] == "event"}
        for entry in abi:
            if entry["type"] == "function":
                self._add(entry)

    def _add(self, entry: Mapping[str, Any]) -> None:
        name, types = entry["name"], tuple(kind(part) for part in entry["inputs"])
        selector = keccak(f"{name}({','.join(types)})".encode())[:4]
        results = tuple(kind(part) for part in entry["outputs"])
        static = entry["stateMutability"] in ("view", "pure")

        def call(*arguments: Any, sender: "bytes | Contract" = NOBODY) -> Any:
            data = selector + encoded(types, plain(arguments))
            if isinstance(sender, Contract):
                return sender.forward(self, data)
            values = decode(results, self.chain.call(self, sender, data, static))
            return values[0] if len(values) == 1 else values or None

        self.functions[name] = call
        self.codecs[name] = (selector, types)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        try:
            return self.functions[name]
        except KeyError:
            raise AttributeError(name) from None

    def data(self, name: str, *arguments: Any) -> bytes:
        """The calldata of a call."""
        selector, types = self.codecs[name]
        return selector + encoded(types, plain(arguments))

    def raw(self, data: bytes, sender: bytes = NOBODY) -> bytes:
        """A call with this calldata."""
        return self.chain.call(self, sender, data)

    def logged(self, name: str | None = None) -> list[Event]:
        """Events of this contract in the last transaction, all or those of a name."""
        mine = [log for log in self.chain.logs if bytes.fromhex(log.address[2:]) == self.address]
        return [event for event in map(self._event, mine) if name in (None, event.name)]

    def _event(self, log: Any) -> Event:
        topics = [bytes.fromhex(topic.removeprefix("0x")) for topic in log.topics]
        entry = self.topics[topics[0]]
        inputs = entry["inputs"]
        open_parts = [part for part in inputs if not part["indexed"]]
        data = log.data[1] if isinstance(log.data, tuple) else log.data
        values = iter(decode(tuple(kind(part) for part in open_parts), bytes(data)))
        marked = iter(topics[1:])
        args = {
            part["name"]: decode((kind(part),), next(marked))[0] if part["indexed"] else next(values) for part in inputs
        }
        return Event(entry["name"], args)


def event_signature(entry: Mapping[str, Any]) -> str:
    """Name and types, as the first topic hashes them."""
    return f"{entry['name']}({','.join(map(kind, entry['inputs']))})"


@contextmanager
def refused(why: str | None = None) -> Iterator[None]:
    """The call within is refused, with this reason."""
    with pytest.raises(Refused) as caught:
        yield
    if why is not None:
        assert str(caught.value) == why


# ── A street ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Street:
    """A market and its people. Accounts: 0 utility, 1 network, 2 reserve, then members; 3 is the seller, 4 the buyer."""

    def __init__(self, members: int = 2, token: str = "EnergyCredit", **changes: Any) -> None:
        self.chain = Chain()
        names = ("operator", "guarantor", "utility", "network", "reserve", "seller", "buyer", "intruder", "successor")
        for name in names:
            setattr(self, name, self.chain.person(name))
        if token == "EnergyCredit":
            self.euro = self.chain.deploy("SimulatedEuro")
            self.token = self.chain.deploy("EnergyCredit", self.euro, "Energy Credit", "EC")
        else:
            self.euro, self.token = None, self.chain.deploy(token, 6)
        self.registry = self.chain.deploy("Relay")
        self.courts = [self.chain.deploy("StandInCourt") for _ in range(4)]
        self.auction, self.rows, self.books, self.docket = self.courts
        self.market = self.market_on(self.token, **changes)
        homes = [self.seller, self.buyer, *(self.chain.person(f"home {at}") for at in range(2, members))][:members]
        self.owners = {0: self.utility, 1: self.network, 2: self.reserve, GUARANTOR: self.guarantor}
        self.owners |= {3 + at: owner for at, owner in enumerate(homes)}
        for at in range(0, members, 128):
            chunk = homes[at : at + 128]
            self.market.open_accounts(chunk, [CAP] * len(chunk), sender=self.operator)
        self.fresh = self.chain.evm.snapshot()

    operator: bytes
    guarantor: bytes
    utility: bytes
    network: bytes
    reserve: bytes
    seller: bytes
    buyer: bytes
    intruder: bytes
    successor: bytes
    registry: Contract

    def renew(self) -> "Street":
        """The street as it was when it was made."""
        self.chain.evm.revert(self.fresh)
        self.fresh = self.chain.evm.snapshot()
        self.chain.now = START
        return self

    def market_on(self, token: Any, **changes: Any) -> Contract:
        """A market in another token, or with other arguments."""
        arguments = {
            "token": token,
            "community": COMMUNITY,
            "operator": self.operator,
            "guarantor": self.guarantor,
            "roles": [self.utility, self.network, self.reserve],
            "courts": [*self.courts, self.registry],
            "slot_seconds": SLOT,
            "gate": GATE,
            "window": WINDOW,
            "takeover": TAKEOVER,
            "escape": ESCAPE,
            "bond": BOND,
        }
        return self.chain.deploy("EnergyMarket", *(arguments | changes).values())

    # Time

    @property
    def now(self) -> int:
        return self.chain.now

    @now.setter
    def now(self, time: int) -> None:
        self.chain.now = time

    @property
    def state(self) -> State:
        return State(*self.market.state())

    def wait_for_door(self, is_open: bool) -> None:
        """Hours on, until the door stands so."""
        while self.market.door_open() != is_open:
            self.now += HOUR

    # Money

    def fund(self, owner: bytes, amount: int) -> None:
        """Give `owner` tokens and let the market take them."""
        if self.euro is None:
            self.token.give(owner, amount)
        else:
            self.euro.issue(amount, sender=owner)
            self.euro.approve(self.token, amount, sender=owner)
            self.token.mint(amount, sender=owner)
        self.token.approve(self.market, 2**255, sender=owner)

    def deposit(self, account: int, amount: int = MONEY) -> None:
        self.fund(self.owners[account], amount)
        self.market.deposit(account, amount, sender=self.owners[account])

    def everyone_deposits(self) -> None:
        for account in self.owners:
            self.deposit(account)

    def post_bond(self, party: bytes | None = None, amount: int = BOND) -> None:
        party = self.operator if party is None else party
        self.fund(party, amount)
        self.market.post_bond(amount, sender=party)

    def wallet(self, owner: bytes) -> int:
        return int(self.token.balanceOf(owner))

    def balances(self) -> dict[int, int]:
        return {account: self.market.balance_of(account) for account in self.owners}

    def solvent(self, *parties: bytes, parked: int = 0) -> bool:
        """The market holds at least what it owes: balances, bonds and claims of these parties, parked money."""
        people = {self.operator, self.successor, self.intruder, *parties}
        owed = sum(self.balances().values()) + parked
        owed += sum(self.market.bond_of(party) + self.market.claims(party) for party in people)
        return bool(self.wallet(self.market.address) >= owed)

    # Terms and periods

    def set_terms(self, first: int = FIRST, last: int = FIRST + 95, **changes: Any) -> None:
        arguments: dict[str, Any] = {
            "rule": 0,
            "k_num": 1,
            "k_den": 2,
            "seller": 9_000,
            "utility": 500,
            "network": 500,
            "tariffs": tariff_bytes(TARIFFS),
        }
        self.market.set_terms(first, last, *(arguments | changes).values(), sender=self.utility)

    def open_for_business(self) -> "Street":
        """Terms set, the operator's bond posted, everybody has money."""
        self.set_terms()
        self.post_bond()
        self.everyone_deposits()
        return self

    def anchor(self, slots: int = 96, root: bytes = ROOT, sender: bytes | None = None) -> Anchor:
        """Anchor the next period at its end."""
        first = self.state.next_slot
        self.now = max(self.now, (first + slots) * SLOT)
        self.market.anchor(first, slots, root, sender=self.operator if sender is None else sender)
        (event,) = self.market.logged("Anchored")
        return Anchor(*event.anchor)

    def settle(self, amounts: Mapping[int, int] | None = None, periods: int = 1, **changes: Any) -> Settlement:
        """Anchor a day if none is open, wait for the shut door, post amounts by account."""
        state = self.state
        if state.applied == state.anchored:
            self.anchor(sender=changes.get("sender"))
        self.now = self.market.settle_time()
        return self.post(amounts, periods, **changes)

    def post(
        self, amounts: Mapping[int, int] | None = None, periods: int = 1, sender: bytes | None = None, **changes: Any
    ) -> Settlement:
        """Settle here and now."""
        amounts = {} if amounts is None else amounts
        cover = changes.pop("cover", -amounts.get(GUARANTOR, 0))
        words = changes.pop("words", pack(amounts, self.market.accounts()))
        self.market.settle(
            periods, changes.pop("root", ROOT), cover, words, sender=self.operator if sender is None else sender
        )
        self.words = words
        (event,) = self.market.logged("Settled")
        return Settlement(*event.settlement)

    def apply(self, settlement: Settlement, sender: bytes | None = None) -> None:
        """Apply as soon as the window is over."""
        self.now = max(self.now, settlement.settled_at + WINDOW)
        self.market.apply(settlement, self.words, sender=self.intruder if sender is None else sender)

    def period(self, amounts: Mapping[int, int] | None = None, **changes: Any) -> Settlement:
        """A whole period: anchored, settled, applied."""
        settlement = self.settle(amounts, **changes)
        self.apply(settlement)
        return settlement

    def convict(self, offender: bytes | None = None, slot: int = NO_SLOT, kind: int = 7) -> None:
        """A court finds an offender guilty; the intruder showed it."""
        offender = self.operator if offender is None else offender
        self.auction.convict(self.market, kind, offender, self.intruder, slot)
