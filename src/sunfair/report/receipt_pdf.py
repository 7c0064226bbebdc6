"""A receipt on paper: the same values as the JSON, with the signed record and how to check it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fpdf import FPDF
from fpdf.enums import WrapMode

from sunfair.charging import format_minor

__all__ = ["receipt_pdf"]

_MARGIN, _LINE = 20.0, 6.0


def receipt_pdf(receipt: Mapping[str, Any]) -> bytes:
    """One page of A4 from a receipt's values (`charging.receipt`); the same values give the same bytes.

    The fonts every reader has know Western European letters only: others stand as ``?`` here and in full in the JSON.
    """
    page = FPDF(format="A4")
    page.set_creation_date(datetime.fromisoformat(receipt["issued"]))  # not the clock: the same receipt, the same bytes
    page.set_margins(_MARGIN, _MARGIN)
    page.add_page()
    _head(page, receipt)
    _lines(page, receipt)
    _proof(page, receipt)
    return bytes(page.output())


def _text(words: object) -> str:
    return str(words).encode("latin-1", "replace").decode("latin-1")


def _head(page: FPDF, receipt: Mapping[str, Any]) -> None:
    host = receipt["host"]
    page.set_font("Helvetica", "B", 16)
    page.cell(0, 10, _text(host["name"]), new_x="LMARGIN", new_y="NEXT")
    page.set_font("Helvetica", "", 10)
    told = [*host["address"], f"VAT number {host['vat_number']}" if host["vat_number"] else ""]
    for line in (line for line in told if line):
        page.cell(0, _LINE, _text(line), new_x="LMARGIN", new_y="NEXT")
    page.ln(_LINE)
    page.set_font("Helvetica", "B", 13)
    page.cell(0, 8, _text(f"Receipt {receipt['receipt']}"), new_x="LMARGIN", new_y="NEXT")
    page.set_font("Helvetica", "", 10)
    facts = (
        ("Issued", receipt["issued"]),
        ("Charge point", receipt["place"]),
        ("Charged", f"{receipt['began']} to {receipt['ended']}"),
        ("Energy", f"{receipt['energy_wh'] // 1000}.{receipt['energy_wh'] % 1000:03d} kWh"),
        ("Booking", receipt["booking"][:18] + "..."),
    )
    for name, value in facts:
        page.cell(35, _LINE, name)
        page.cell(0, _LINE, _text(value), new_x="LMARGIN", new_y="NEXT")


def _lines(page: FPDF, receipt: Mapping[str, Any]) -> None:
    currency = receipt["currency"]
    page.ln(_LINE)
    rows = [(line["line"], line["amount"]) for line in receipt["lines"]]
    percent = f"{receipt['vat_bps'] // 100}.{receipt['vat_bps'] % 100:02d} %"
    rows += [("Net", receipt["net"]), (f"VAT {percent}", receipt["vat"])]
    for name, amount in rows:
        page.cell(110, _LINE, _text(name))
        page.cell(0, _LINE, format_minor(amount, currency), align="R", new_x="LMARGIN", new_y="NEXT")
    page.set_font("Helvetica", "B", 12)
    page.cell(110, 9, "Total", border="T")
    page.cell(0, 9, _text(receipt["total_text"]), border="T", align="R", new_x="LMARGIN", new_y="NEXT")
    page.set_font("Helvetica", "", 10)


def _proof(page: FPDF, receipt: Mapping[str, Any]) -> None:
    page.ln(_LINE)
    page.multi_cell(0, 5, _text(f"Signed readings: {receipt['evidence']}."), new_x="LMARGIN", new_y="NEXT")
    if receipt["record"]:
        said = "Check this reading: put the record below in a file and run  sunfair charging verify FILE --key KEY."
        page.multi_cell(0, 5, said, new_x="LMARGIN", new_y="NEXT")
        page.ln(2)
        page.set_font("Courier", "", 7)
        page.multi_cell(0, 3.5, _text(receipt["record"]), new_x="LMARGIN", new_y="NEXT", wrapmode=WrapMode.CHAR)
