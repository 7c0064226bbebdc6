"""A receipt on paper: what a reader finds in its text is what the values say, down to the signed record."""

import re
import sys
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "contract"))
from charging_world import Meter

from sunfair.chain import recover
from sunfair.charging import (
    Ask,
    Evidence,
    Expected,
    Party,
    Tariff,
    Usage,
    check_session,
    parse_ocmf,
    quoted,
    receipt,
    tag_hash,
)
from sunfair.report.receipt_pdf import receipt_pdf

NOW = 20_000 * 86_400
METER = Meter("M1")
BEGAN = NOW + 7_200
RECORD = METER.record("car", BEGAN, BEGAN + 3_600, 9_000)


def made(evidence: Evidence, record: str) -> dict:
    tariff = Tariff("EUR", kwh=49, minute=0, session=50, idle=0, no_show=0, compensation=0, vat_bps=1_900)
    ask = Ask(b"\1" * 32, b"\2" * 20, tag_hash("car"), BEGAN // 900, 8, 30_000, 10_000, 1)
    return dict(
        receipt(
            quoted(tariff, ask, now=NOW, timezone="Europe/Berlin"),
            Usage(9_000, BEGAN, BEGAN + 3_600),
            tariff,
            rate=10_000,
            host=Party("Hotel Seeblick", ("Uferweg 1", "Konstanz"), "DE123"),
            place="Uferweg 1",
            timezone="Europe/Berlin",
            number="R-1",
            issued=datetime.fromtimestamp(BEGAN + 90_000, UTC),
            record=record,
            evidence=evidence,
        )
    )


def lines(paper: bytes) -> list[str]:
    """The shown strings of a PDF, in order, read without the library that wrote it."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", paper, re.DOTALL):
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue
        for text in re.findall(rb"\(((?:\\.|[^\\()])*)\)\s*Tj", content, re.DOTALL):
            found.append(re.sub(rb"\\(.)", rb"\1", text, flags=re.DOTALL).decode("latin-1"))
    return found


def test_the_paper_says_what_the_values_say_and_its_record_verifies() -> None:
    shown = lines(receipt_pdf(made(Evidence.WHOLE, RECORD)))
    for words in ("Hotel Seeblick", "VAT number DE123", "Receipt R-1", "9.000 kWh", "Net", "4.13 EUR", "VAT 19.00 %",
                  "0.78 EUR", "Total", "4.91 EUR", "Signed readings: begin and end are signed."):  # fmt: skip
        assert words in shown, words
    printed = "".join(shown)
    again = parse_ocmf(printed[printed.index("OCMF|") : printed.rindex("}") + 1])
    expected = Expected(METER.key, "car", BEGAN - 300, BEGAN + 7_200, BEGAN + 90_000, 22_000)
    assert check_session([again], expected, recover).usage == Usage(9_000, BEGAN, BEGAN + 3_600)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [(Evidence.END_ONLY, "weaker evidence: only the end is signed"), (Evidence.NONE, "nothing is proven")],
)
def test_weaker_evidence_is_said_on_the_paper(evidence: Evidence, words: str) -> None:
    record = METER.half(RECORD, 1, 8) if evidence is Evidence.END_ONLY else ""
    shown = " ".join(lines(receipt_pdf(made(evidence, record))))
    assert words in shown
    assert ("sunfair charging verify" in shown) == bool(record)
