"""`sunfair charging book`, `status`, `prove`, and every act about a booking, from one table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sunfair.app.charging import accept_quote, judge_reading, stay_times
from sunfair.chain import recover
from sunfair.chain.charging_ledger import ChargingNetwork
from sunfair.charging import EXITS, BookingState, Usage, falls_to, fee_of, parse_ocmf, sentence
from sunfair.cli.charging_show import money, opened, record_text, show, when
from sunfair.cli.commons_acts import Who
from sunfair.cli.show import stderr
from sunfair.errors import Fault, InputError
from sunfair.files.charging_files import QuoteFile, read_quote
from sunfair.units import format_money

__all__ = ["ACTS", "ChargingAct", "run_act", "run_book", "run_judge", "run_prove", "run_status"]


@dataclass(frozen=True, slots=True)
class ChargingAct:
    """One act about a booking: its name in the contract, what it does, what it asks for by name and kind."""

    function: str
    told: str
    asks: tuple[tuple[str, str], ...] = ()


ACTS: Mapping[str, ChargingAct] = {
    "request": ChargingAct("request", "Ask for the stay without a quote; the host confirms or rejects (driver)."),
    "confirm": ChargingAct("confirm", "Take a request (host)."),
    "reject": ChargingAct("reject", "Turn a request down (host)."),
    "cancel": ChargingAct("cancel", "Give the booking up (driver, host)."),
    "extend": ChargingAct("extend", "Have the place held 30 minutes more, once (driver)."),
    "offline": ChargingAct("claim_offline", "Say that the charge point does not work (driver)."),
    "start": ChargingAct("start", "The guest charges (host)."),
    "stop": ChargingAct(
        "stop",
        "Report the reading (host).",
        (("WH", "count"), ("BEGAN", "count"), ("ENDED", "count"), ("PAGE", "count")),
    ),
    "dispute": ChargingAct("dispute", "Say that the reading is false (driver)."),
    "poke": ChargingAct("poke", "Do what time has done to it (anyone)."),
}
"""Every act by the name it has on the command line; times are unix seconds."""

_KINDS: Mapping[str, Callable[[str], Any]] = {"count": int}


def run_book(path: Path, deposit_max: str | None, who: Who, *, as_json: bool) -> None:
    """Look at a quote and book on it."""
    file = read_quote(path)
    most = file.quote.booking.deposit if deposit_max is None else money("--deposit-max", deposit_max)
    stderr.print(sentence(file.tariff), markup=False)
    with _opened(who, file) as ledger:
        accept_quote(ledger, who.holder, file.quote, file.tariff, deposit_max=most, recover=recover)
        result = _told(ledger, file)
    show(result, as_json)


def run_status(path: Path, who: Who, *, as_json: bool) -> None:
    """Where a booking stands."""
    file = read_quote(path)
    with _opened(who, file, looks=True) as ledger:
        result = _told(ledger, file)
    show(result, as_json)


def run_act(name: str, path: Path, words: Sequence[str], who: Who, *, as_json: bool) -> None:
    """Do one act. InputError naming every word that is missing, too much or no value of its kind."""
    act, file = ACTS[name], read_quote(path)
    arguments = _arguments(act, words)
    with _opened(who, file) as ledger:
        if act.function == "request":
            ledger.book(who.holder, file.quote.booking)
        else:
            ledger.act(who.holder, act.function, file.quote.booking, *arguments)
        result = {"act": name, **_told(ledger, file)}
    show(result, as_json)


def run_prove(path: Path, record: Path, who: Who, *, offline: bool, as_json: bool) -> None:
    """Settle a stay by a signed record."""
    file, signed = read_quote(path), parse_ocmf(record_text(record))
    with _opened(who, file) as ledger:
        ledger.prove(who.holder, file.quote.booking, signed, offline=offline)
        result = _told(ledger, file)
    show(result, as_json)


def run_judge(path: Path, record: Path | None, who: Who, *, as_json: bool) -> None:
    """The driver's look at a claimed reading, and what follows from it."""
    file = read_quote(path)
    records = [] if record is None else [parse_ocmf(record_text(record))]
    with _opened(who, file) as ledger:
        judged = judge_reading(ledger, who.holder, file.quote.booking, records, tag=file.tag, recover=recover)
        result = {
            "judged": judged.done,
            "fee_claimed_micro": judged.fee_claimed,
            "fee_proven_micro": judged.fee_proven,
            "faults": list(judged.faults),
            **_told(ledger, file),
        }
    show(result, as_json)


def _opened(who: Who, file: QuoteFile, *, looks: bool = False) -> Any:
    """The network that a quote names."""
    return opened(who, file.network, looks=looks)


def _told(ledger: ChargingNetwork, file: QuoteFile) -> dict[str, Any]:
    """A booking's state, its money, and what time is about to do to it."""
    if ledger.chain_id != file.chain_id:
        fault = Fault(
            "QUOTE.json", f"counts on chain {file.chain_id}, the node is of {ledger.chain_id}", "name its node"
        )
        raise InputError("the quote is of another chain", [fault])
    booking = file.quote.booking
    stay = ledger.stay(booking)
    due = falls_to(stay_times(stay), ledger.now())
    told = {
        "booking": f"0x{booking.id.hex()}",
        "state": stay.state.name,
        "since": when(stay.since) if stay.since else None,  # a quote nobody has booked on
        "begin": when(booking.begin),
        "end": when(stay_times(stay).end),
        "energy_wh": stay.wh,
        "fee_micro": stay.fee,
        "fee": format_money(stay.fee, "ECH"),
        "deposit": format_money(booking.deposit, "ECH"),
    }
    if stay.state is BookingState.CHARGING:
        begun = fee_of(booking, Usage(1, booking.begin, max(ledger.now(), booking.begin)), extended=stay.extended)
        told["time_and_session_so_far"] = format_money(begun.time + begun.session + begun.idle, "ECH")
    if due is not None and stay.state not in EXITS:
        told["due"] = f"time has made it {due.name}: anyone may poke"
    return told


def _arguments(act: ChargingAct, words: Sequence[str]) -> list[Any]:
    wanted = " ".join(name for name, _ in act.asks) or "nothing"
    if len(words) != len(act.asks):
        raise InputError("the act is not whole", [Fault("arguments", f"are {len(words)}", f"it asks for {wanted}")])
    faults, values = [], []
    for (name, kind), word in zip(act.asks, words, strict=True):
        try:
            value = _KINDS[kind](word)
            if value < 0:
                raise ValueError("negative")
            values.append(value)
        except ValueError:
            faults.append(Fault(name, f"is {word!r}", "must be a whole number from 0"))
    if faults:
        raise InputError("the act cannot be done", faults)
    return values
