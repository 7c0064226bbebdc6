"""`sunfair charging verify` and `receipt`: a signed record checked without a network, and what it is the proof of."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from sunfair.app.charge_receipt import metered_of
from sunfair.chain import recover
from sunfair.charging import EXITS, BookingState, Expected, OcmfRecord, check_session, key_address, parse_ocmf, receipt
from sunfair.cli.charging_show import opened, put_file, record_text, scaled, show, when
from sunfair.cli.commons_acts import Who
from sunfair.errors import Fault, InputError
from sunfair.files.charging_files import read_quote
from sunfair.report.receipt_pdf import receipt_pdf

__all__ = ["run_receipt", "run_verify"]

_ALWAYS = 2**40
_EACH = re.compile(r"^(?=OCMF\|)", re.MULTILINE)


def run_verify(paths: Sequence[Path], key: str, tag: str | None, rated_kw: str, *, as_json: bool) -> None:
    """Check one session's record, or its two; exit 1 if they prove nothing."""
    records = _records(_text_of(paths))
    rated_w = scaled("--rated-kw", rated_kw, 1_000)
    expected = Expected(key_address(key), tag, 0, _ALWAYS, _ALWAYS, rated_w)
    first, last = records[0], records[-1]
    proof = check_session(records, expected, recover)
    told: dict[str, Any] = {
        "proves": proof.usage is not None,
        "evidence": proof.evidence.value,
        "page": last.page,
        "meter": last.meter or last.gateway,
        "identified": last.tag,
        "began": when(first.readings[0].time),
        "ended": when(last.readings[-1].time),
        "energy_wh": None if proof.usage is None else proof.usage.wh,
        "faults": list(proof.faults),
    }
    show(told, as_json)
    if proof.usage is None:
        raise typer.Exit(1)


def run_receipt(
    path: Path, records: Sequence[Path], out: tuple[Path | None, Path | None], who: Who, *, as_json: bool
) -> None:
    """Show the receipt of a booking that ended; `out` : where it is written as JSON and as PDF."""
    file, text = read_quote(path), _text_of(records)
    booking = file.quote.booking
    with opened(who, file.network, looks=True) as ledger:
        stay = ledger.stay(booking)
        if stay.state not in EXITS:
            state = "was not booked" if stay.state is BookingState.NONE else f"its booking is {stay.state.name}"
            fault = Fault("QUOTE.json", state, "a receipt follows its end")
            raise InputError("there is no receipt yet", [fault])
        usage, evidence = metered_of(ledger, stay, _records(text) if text else [], tag=file.tag, recover=recover)
    at = datetime.fromtimestamp(stay.since, UTC)
    made = receipt(
        booking,
        usage,
        file.tariff,
        rate=file.rate,
        host=file.host,
        place=file.place,
        timezone=file.timezone,
        number=f"{at:%Y%m%d}-{booking.id[:4].hex().upper()}",
        issued=at,
        record=text,
        evidence=evidence,
        extended=stay.extended,
        fee=stay.fee,
    )
    as_text, as_pdf = out
    if as_text is not None:
        put_file(as_text, (json.dumps(made, indent=1, ensure_ascii=False) + "\n").encode())
    if as_pdf is not None:
        put_file(as_pdf, receipt_pdf(made))
    show({**made, "state": stay.state.name}, as_json)


def _text_of(paths: Sequence[Path]) -> str:
    """What stands in these files, each from a new line."""
    return "\n".join(record_text(path).strip() for path in paths)


def _records(text: str) -> list[OcmfRecord]:
    """The records of a file, each at the begin of a line: one, or those of begin and end."""
    return [parse_ocmf(each) for each in _EACH.split(text) if each.strip()] or [parse_ocmf(text)]
