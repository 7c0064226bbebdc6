"""`sunfair charging verify` and `receipt`: a signed record checked without a network, and what it is the proof of."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from sunfair.app.charging import expected_of
from sunfair.chain import recover
from sunfair.charging import EXITS, Evidence, Expected, Proof, Usage, check_session, key_address, parse_ocmf, receipt
from sunfair.cli.charging_show import opened, record_text, scaled, show, when
from sunfair.cli.commons_acts import Who
from sunfair.errors import Fault, InputError
from sunfair.files.charging_files import read_quote

__all__ = ["run_receipt", "run_verify"]

_ALWAYS = 2**40


def run_verify(path: Path, key: str, tag: str | None, rated_kw: str, *, as_json: bool) -> None:
    """Check one record; exit 1 if it proves nothing."""
    record = parse_ocmf(record_text(path))
    rated_w = scaled("--rated-kw", rated_kw, 1_000)
    expected = Expected(key_address(key), tag, 0, _ALWAYS, _ALWAYS, rated_w)
    first, last = record.readings[0], record.readings[-1]
    proof = check_session([record], expected, recover)
    told: dict[str, Any] = {
        "proves": proof.usage is not None,
        "evidence": proof.evidence.value,
        "page": record.page,
        "meter": record.meter or record.gateway,
        "identified": record.tag,
        "began": when(first.time),
        "ended": when(last.time),
        "energy_wh": None if proof.usage is None else proof.usage.wh,
        "faults": list(proof.faults),
    }
    show(told, as_json)
    if proof.usage is None:
        raise typer.Exit(1)


def run_receipt(path: Path, record: Path | None, out: Path | None, who: Who, *, as_json: bool) -> None:
    """Write the receipt of a booking that ended."""
    file, text = read_quote(path), "" if record is None else record_text(record).strip()
    booking = file.quote.booking
    with opened(who, file.network, looks=True) as ledger:
        stay = ledger.stay(booking)
        if stay.state not in EXITS:
            fault = Fault("QUOTE.json", f"its booking is {stay.state.name}", "a receipt follows its end")
            raise InputError("there is no receipt yet", [fault])
        proof = Proof(None, -1, Evidence.NONE, ())
        if text:
            signed = parse_ocmf(text)
            expected = expected_of(ledger, stay, signed.readings[0].time, tag=file.tag)
            proof = check_session([signed], expected, recover)
            if proof.usage is None:
                raise InputError("the record is not this stay's", [Fault("RECORD", fault) for fault in proof.faults])
        at = datetime.fromtimestamp(stay.since, UTC)
    usage = proof.usage or Usage(stay.wh, booking.begin, booking.end)
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
        evidence=proof.evidence,
        extended=stay.extended,
        fee=stay.fee,
    )
    if out is not None:
        out.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    show({**made, "state": stay.state.name}, as_json)
