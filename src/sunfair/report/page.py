"""The page: template, style, script and data as one file that asks the network for nothing."""

import base64
import hashlib
import html
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from sunfair.report.payload import payload
from sunfair.report.proofs import read_record
from sunfair.report.run import open_run

__all__ = ["render", "write_report"]

SCRIPTS = (
    "keccak",
    "bytes",
    "format",
    "data",
    "money",
    "trees",
    "auction",
    "proof",
    "dom",
    "plot",
    "figure",
    "street",
    "skyline",
    "flowpicture",
    "sankey",
    "map",
    "wireday",
    "table",
    "check",
    "slotproof",
    "bill",
    "sharing",
    "holders",
    "homeflow",
    "homeplan",
    "homecaps",
    "neighbours",
    "home",
    "main",
)
"""The page's script modules in the order they run."""

STYLES = ("base", "figures", "homes", "screens")
"""The page's styles; a later one adds to the earlier."""


def write_report(folder: Path) -> Path:
    """Write `report.html` into a run's folder (finished or ``.partial``) and return its path.

    The same folder gives the same bytes. Raises RunFilesError if the folder is not that of a run.
    """
    run = open_run(folder)
    page = render(payload(run, *read_record(run)))
    path = folder / "report.html"
    fresh = folder / "report.html.new"
    fresh.write_text(page, encoding="utf-8", newline="\n")
    fresh.replace(path)
    return path


def render(data: dict[str, Any]) -> str:
    """The page of this data. Its policy names the hashes of its one style and one script and forbids all else."""
    style = "".join(_static(f"{name}.css") for name in STYLES)
    script = "\n".join(_static(f"{name}.js") for name in SCRIPTS)
    parts = {
        "policy": "; ".join(
            [
                "default-src 'none'",
                f"script-src '{_source(script)}'",
                f"style-src '{_source(style)}'",
                "base-uri 'none'",
                "form-action 'none'",
            ]
        ),
        "title": html.escape(f"{data['name']} – Sunfair"),
        "style": style,
        "data": _script_safe(json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)),
        "script": script,
    }
    before, *rest = _static("report.html").split("{{")
    pieces = [before]
    for piece in rest:
        name, after = piece.split("}}", 1)
        pieces += [parts[name], after]
    return "".join(pieces)


def _static(name: str) -> str:
    return (files("sunfair.report") / "static" / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    """A text as a Content-Security-Policy source."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _script_safe(text: str) -> str:
    """JSON that no HTML parser can mistake for the end of its element, whatever a member is called."""
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
