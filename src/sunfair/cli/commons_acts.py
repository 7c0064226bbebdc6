"""`sunfair commons propose`, and every act of a plant's contract, from one table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sunfair.chain import DEMO_CHAINS, JsonRpc, RpcNetwork, SeededKeys, contract, open_keystore, parse_address
from sunfair.chain.plants import PlantContract, plant_token, propose_plant
from sunfair.chain.play_gas import give_gas
from sunfair.cli.show import print_json, stdout
from sunfair.cli.signing import WallClock, asked_password, node_url
from sunfair.commons.plan import AMOUNT_MAX, MILESTONES_MAX
from sunfair.errors import Fault, InputError, LedgerError
from sunfair.files.plan_file import read_plan
from sunfair.ports import Keys
from sunfair.units import BPS, micro

__all__ = [
    "ACTS",
    "Act",
    "Who",
    "list_acts",
    "open_network",
    "opened_plant",
    "play_asset",
    "run_act",
    "run_propose",
]


@dataclass(frozen=True, slots=True)
class Act:
    """One act: what it asks for, by name and kind, and what it does; `function` is its name in the contract."""

    function: str
    told: str
    asks: tuple[tuple[str, str], ...] = ()


def _act(function: str, told: str, **asks: str) -> Act:
    return Act(function, told, tuple((name.upper(), kind) for name, kind in asks.items()))


ACTS: Mapping[str, Act] = {
    "pledge": _act("pledge", "Pledge money; at most so many bps of the whole.", amount="money", most_bps="bps"),
    "admit": _act("admit", "Vouch for somebody (the registrar).", address="people"),
    "commit": _act("commit", "Make the pledges binding."),
    "fail": _act("fail", "End what did not reach its threshold."),
    "acknowledge": _act("acknowledge", "Say that you know that the pledges bind."),
    "submit": _act("submit", "Say that the next milestone is reached (its payee).", evidence="hash"),
    "object": _act("object", "Say that the evidence is false; a vote begins. Takes the bond."),
    "release": _act("release", "Accept evidence nobody objected to, or do what the vote said."),
    "operate": _act("operate", "Begin the operation."),
    "change": _act(
        "move:3", "Move another payee and deadline.", milestone="milestone", payee="address", deadline="instant"
    ),
    "pay": _act("move:4", "Move a payment out of the reserve.", payee="address", amount="money"),
    "retire": _act("move:5", "Move that the plant retires."),
    "vote": _act("vote", "Vote on a motion.", motion="motion", yes_or_no="flag"),
    "conclude": _act("conclude", "Do what a motion said, once its vote is over."),
    "report": _act("report", "Report the goal: achieved, unachievable, irrelevant.", what="report", evidence="hash"),
    "challenge": _act("challenge", "Say that the report is false; a vote begins. Takes the bond."),
    "conclude-report": _act("conclude_report", "Wind up, or not, as the report turned out."),
    "expire": _act("expire", "Wind up what is overdue or at the end of its life."),
    "close": _act("close", "Close after the notice."),
    "collect": _act("collect", "Divide what came in."),
    "claim": _act("claim", "Bring a member's income to it.", address="address"),
    "fetch": _act("fetch", "Bring a payment or bond to whom it is due.", address="address"),
    "pay-out": _act("pay_out", "Bring a member what is left for it at the end.", address="address"),
    "join": _act("join", "Stand on the waiting list."),
    "leave": _act("leave", "Leave the waiting list."),
    "offer": _act("offer", "Offer shares for a price; 0 takes it back.", shares="rest", price="rest"),
    "take": _act("take", "Take an offered seat.", seller="address", shares="money", most="rest"),
    "deposit": _act("deposit", "Buy shares never sold.", amount="money"),
    "redeem": _act("redeem", "Give shares back, once closed.", shares="money"),
}
"""Every act by the name it has on the command line; money is in units of the currency, a share is 10⁻⁶ of one."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who calls, and where: a node, and the seed and holder of demonstration keys (None: a keystore)."""

    rpc_url: str | None
    demo_keys: int | None = None
    holder: str = "organiser"


def run_propose(path: Path, token: str | None, who: Who, *, as_json: bool) -> None:
    """Create the contract of a plan; on a local chain with play money unless a token is named."""
    plan = read_plan(path)
    with open_network(who) as (network, keys):
        if token is None and who.demo_keys is None:
            fault = Fault("--token", "is missing", "name the token of 6 decimals in which everything is paid")
            raise InputError("a plan is proposed in somebody's money", [fault])
        money = _address("--token", token) if token else plant_token(network, keys, WallClock(), holder=who.holder)[1]
        made = propose_plant(network, keys, WallClock(), money, plan, holder=who.holder)
        result = {"plant": f"0x{made.hex()}", "token": f"0x{money.hex()}", "chain_id": network.chain_id}
    _show(result, as_json)


def list_acts(*, as_json: bool) -> None:
    """Every act: its name, what it asks for, what it does."""
    if as_json:
        acts = [{"act": name, "asks": [word for word, _ in act.asks], "does": act.told} for name, act in ACTS.items()]
        print_json({"acts": acts})
        return
    for name, act in ACTS.items():
        words = " ".join([name, "PLANT", *(word for word, _ in act.asks)])
        stdout.print(f"{words:<44} {act.told}", markup=False, soft_wrap=True)


def run_act(name: str, plant: str, words: Sequence[str], who: Who, *, as_json: bool) -> None:
    """Do one act. InputError naming every word that is missing, too much or no value of its kind."""
    act = ACTS[name]
    arguments = _arguments(act, words)
    with opened_plant(who, plant) as ledger:
        _do(ledger, act, arguments, who.holder)
        result = {"act": name, "state": ledger.status().state.name}
    _show(result, as_json)


def _do(ledger: PlantContract, act: Act, arguments: list[Any], holder: str) -> None:
    """Call the contract with the arguments in its own order."""
    me = ledger.address_of(holder)
    match act.function:
        case "pledge":
            ledger.pledge(holder, *arguments)
        case "move:3":
            ledger.act(holder, "move", 3, arguments[0] - 1, arguments[1], 0, arguments[2])
        case "move:4":
            ledger.act(holder, "move", 4, 0, arguments[0], arguments[1], 0)
        case "move:5":
            ledger.act(holder, "move", 5, 0, bytes(20), 0, 0)
        case "deposit":
            ledger.act(holder, "deposit", arguments[0], me)
        case "redeem":
            ledger.act(holder, "redeem", arguments[0], me, me)
        case function:
            ledger.act(holder, function, *arguments)


def _arguments(act: Act, words: Sequence[str]) -> list[Any]:
    wanted = " ".join(name for name, _ in act.asks) or "nothing"
    if len(words) != len(act.asks):
        raise InputError("the act is not whole", [Fault("arguments", f"are {len(words)}", f"it asks for {wanted}")])
    faults, values = [], []
    for (name, kind), word in zip(act.asks, words, strict=True):
        read, must = _KINDS[kind]
        try:
            values.append(read(word))
        except (ValueError, KeyError, OverflowError):
            faults.append(Fault(name, f"is {_short(word)!r}", f"must be {must}"))
    if faults:
        raise InputError("the act cannot be done", faults)
    return values


def _short(word: str) -> str:
    """A word as an error shows it."""
    return word if len(word) <= _SHOWN else f"{word[:_SHOWN]}…"


def _hash(word: str) -> bytes:
    data = bytes.fromhex(word.removeprefix("0x"))
    if len(data) != 32:
        raise ValueError("not 0x and 64 hexadecimal digits")
    return data


def _within(read: Callable[[str], int], low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers that refuses those out of low … high: the contract's words hold no others."""

    def checked(word: str) -> int:
        number = read(word)
        if not low <= number <= high:
            raise ValueError("out of range")
        return number

    return checked


def _instant(word: str) -> int:
    at = datetime.fromisoformat(word)
    if at.tzinfo is None or at.timestamp() < 0:
        raise ValueError("no instant")
    return int(at.timestamp())


_SHOWN = 60
_MOST = f"{AMOUNT_MAX // 10**6} units of the currency, with at most six decimals"
_KINDS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "money": (_within(micro, 1, AMOUNT_MAX), f"more than 0 and at most {_MOST}"),
    "rest": (_within(micro, 0, AMOUNT_MAX), f"0 … {_MOST}"),
    "bps": (_within(int, 1, BPS), f"a whole number, 1 … {BPS}: hundredths of a percent"),
    "motion": (_within(int, 1, 2**32), "a motion's number, from 1: `status` lists them"),
    "milestone": (_within(int, 1, MILESTONES_MAX), f"a milestone's number, 1 … {MILESTONES_MAX}"),
    "instant": (_instant, "a time with its offset, e.g. 2027-03-01T00:00:00Z"),
    "address": (parse_address, "an address: 0x and 40 hexadecimal digits; capitals, if any, as its checksum (EIP-55)"),
    "people": (lambda word: [parse_address(word)], "an address: 0x and 40 hexadecimal digits"),
    "hash": (_hash, "a hash: 0x and 64 hexadecimal digits"),
    "flag": ({"yes": True, "no": False}.__getitem__, "yes or no"),
    "report": (
        {"achieved": 1, "unachievable": 2, "irrelevant": 3}.__getitem__,
        "achieved, unachievable or irrelevant",
    ),
}
"""How a word of each kind is read, and what it must be."""


def _address(place: str, text: str) -> bytes:
    try:
        return parse_address(text)
    except ValueError as error:
        raise InputError(f"{place} is no address", [Fault(place, str(error))]) from error


@contextmanager
def open_network(who: Who, *, looks: bool = False) -> Iterator[tuple[RpcNetwork, Keys]]:
    """The node and who signs there: demonstration keys get ether for gas; who only `looks` needs no key."""
    rpc = JsonRpc(node_url(who.rpc_url))
    with RpcNetwork.connect(rpc) as network:
        if looks:
            yield network, SeededKeys(0)
        elif who.demo_keys is not None:
            keys = SeededKeys(who.demo_keys, network.chain_id)
            give_gas(network, keys.address(who.holder))
            yield network, keys
        else:
            yield network, open_keystore(password=asked_password(), holder=who.holder)


@contextmanager
def opened_plant(who: Who, plant: str, *, looks: bool = False, first_block: int = 0) -> Iterator[PlantContract]:
    """A plant with who acts there; on a local chain wallets of demonstration keys are filled as needed."""
    address = _address("PLANT", plant)
    with open_network(who, looks=looks) as (network, keys):
        ledger = PlantContract(network, keys, WallClock(), address, first_block=first_block)
        asset = None if looks else play_asset(network, ledger.token, who)
        if asset is not None:
            ledger = PlantContract(network, keys, WallClock(), address, asset=asset, first_block=first_block)
        yield ledger


def play_asset(network: RpcNetwork, token: bytes, who: Who) -> bytes | None:
    """The play money under a token (both 20-byte addresses), by which demonstration keys' wallets are filled.

    None where nothing is to be filled: a keystore signs, the chain is no local one, or the token names no asset.
    """
    if who.demo_keys is None or network.chain_id not in DEMO_CHAINS:
        return None
    abi = contract("EnergyCredit").abi
    try:
        return bytes(abi.result("asset", network.call(token, abi.call("asset")))[0])
    except LedgerError:
        return None


def _show(result: Mapping[str, Any], as_json: bool) -> None:
    """One JSON object, or a line for each value."""
    if as_json:
        print_json(result)
        return
    for name, value in result.items():
        stdout.print(f"{name:<10} {value}", markup=False, soft_wrap=True)
