"""`sunfair commons propose`, `status`, and every act of a plant's contract, from one table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sunfair.chain import JsonRpc, RpcNetwork, SeededKeys, open_keystore, parse_address
from sunfair.chain.plants import PlantContract, plant_token, propose_plant
from sunfair.cli.show import print_json, stdout
from sunfair.cli.signing import WallClock, asked_password, node_url
from sunfair.errors import Fault, InputError
from sunfair.files.plan_file import read_plan
from sunfair.ports import Keys
from sunfair.units import micro

__all__ = ["ACTS", "Act", "Who", "open_network", "run_act", "run_propose", "run_status"]


@dataclass(frozen=True, slots=True)
class Act:
    """One act: what it asks for, by name and kind, and what it does; `function` is its name in the contract."""

    function: str
    told: str
    asks: tuple[tuple[str, str], ...] = ()


def _act(function: str, told: str, **asks: str) -> Act:
    return Act(function, told, tuple((name.upper(), kind) for name, kind in asks.items()))


ACTS: Mapping[str, Act] = {
    "pledge": _act("pledge", "Pledge money; at most so many bps of the whole.", amount="money", most_bps="count"),
    "admit": _act("admit", "Vouch for somebody (the registrar).", address="people"),
    "commit": _act("commit", "Make the pledges binding."),
    "fail": _act("fail", "End what did not reach its threshold."),
    "acknowledge": _act("acknowledge", "Say that you know that the pledges bind."),
    "submit": _act("submit", "Say that the next milestone is reached (its payee).", evidence="hash"),
    "object": _act("object", "Say that the evidence is false; a vote begins. Takes the bond."),
    "release": _act("release", "Accept evidence nobody objected to, or do what the vote said."),
    "operate": _act("operate", "Begin the operation."),
    "change": _act("move:3", "Move another payee and deadline.", milestone="count", payee="address", deadline="count"),
    "pay": _act("move:4", "Move a payment out of the reserve.", payee="address", amount="money"),
    "retire": _act("move:5", "Move that the plant retires."),
    "vote": _act("vote", "Vote on a motion.", motion="count", yes_or_no="flag"),
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
    "offer": _act("offer", "Offer shares for a price; 0 takes it back.", shares="money", price="money"),
    "take": _act("take", "Take an offered seat.", seller="address", shares="money", most="money"),
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


def run_status(plant: str, who: Who, *, as_json: bool) -> None:
    """Where a plant stands, and every vote."""
    with open_network(who, looks=True) as (network, keys):
        ledger = PlantContract(network, keys, WallClock(), _address("PLANT", plant))
        status, terms = ledger.status(), ledger.plan().terms
        money = {name: getattr(status.money, name) for name in ("escrow", "fund", "bonds", "unclaimed", "held")}
        votes = [
            {"motion": vote.number, "kind": vote.kind, "yes": vote.yes, "no": vote.no} for vote in ledger.motions()
        ]
        plain = {name: getattr(status, name) for name in ("supply", "members", "next", "milestones", "closes_at")}
        result = {"state": status.state.name, **plain, "capex": terms.capex, "cap": terms.cap, **money, "votes": votes}
    _show(result, as_json)


def run_act(name: str, plant: str, words: Sequence[str], who: Who, *, as_json: bool) -> None:
    """Do one act. InputError naming every word that is missing, too much or no value of its kind."""
    act = ACTS[name]
    arguments = _arguments(act, words)
    with open_network(who) as (network, keys):
        ledger = PlantContract(network, keys, WallClock(), _address("PLANT", plant))
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
        try:
            values.append(_KINDS[kind](word))
        except (ValueError, KeyError) as error:
            faults.append(Fault(name, f"is {word!r}: {error}", f"must be {kind}"))
    if faults:
        raise InputError("the act cannot be done", faults)
    return values


def _hash(word: str) -> bytes:
    data = bytes.fromhex(word.removeprefix("0x"))
    if len(data) != 32:
        raise ValueError("not 0x and 64 hexadecimal digits")
    return data


_KINDS: Mapping[str, Callable[[str], Any]] = {
    "money": micro,
    "count": int,
    "address": parse_address,
    "people": lambda word: [parse_address(word)],
    "hash": _hash,
    "flag": {"yes": True, "no": False}.__getitem__,
    "report": {"achieved": 1, "unachievable": 2, "irrelevant": 3}.__getitem__,
}


def _address(place: str, text: str) -> bytes:
    try:
        return parse_address(text)
    except ValueError as error:
        raise InputError(f"{place} is no address", [Fault(place, str(error))]) from error


@contextmanager
def open_network(who: Who, *, looks: bool = False) -> Iterator[tuple[RpcNetwork, Keys]]:
    """The node and who signs there; who only `looks` needs no key."""
    rpc = JsonRpc(node_url(who.rpc_url))
    with RpcNetwork.connect(rpc) as network:
        if looks:
            yield network, SeededKeys(0)
        elif who.demo_keys is not None:
            yield network, SeededKeys(who.demo_keys, network.chain_id)
        else:
            yield network, open_keystore(password=asked_password(), holder=who.holder)


def _show(result: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    for name, value in result.items():
        stdout.print(f"{name:<10} {value}", soft_wrap=True)
