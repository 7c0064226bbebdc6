"""The figures people read first: `summary.json` against the files it was made from."""

import json
from typing import Any

from sunfair.audit.findings import Finding, Rank
from sunfair.audit.run import Run
from sunfair.errors import Fault, RunFilesError
from sunfair.files import summarise
from sunfair.model import FIRST_MEMBER

__all__ = ["summary_faults"]


def summary_faults(run: Run) -> list[Finding]:
    """Figures of `summary.json` that the run's files do not give."""
    path = run.folder / "summary.json"
    try:
        stated: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunFilesError(f"{path} is absent", [Fault(path.name, "absent")]) from error
    except ValueError:
        return [_told(run, 0, "summary.json is not JSON")]
    due: dict[str, Any] = summarise(run.folder, run.community, hours=run.community.clock.minutes / 60)
    accounts = {member.id: FIRST_MEMBER + at for at, member in enumerate(run.community.members)}
    found = [
        _told(run, accounts.get(home, 0), f"summary.json: {home} {what}")
        for home in sorted(due["homes"].keys() | _dict(stated, "homes").keys())
        for what in _differences(_dict(_dict(stated, "homes"), home), due["homes"].get(home, {}))
    ]
    for part in ("community", "violations", "envelope"):
        found += [
            _told(run, 0, f"summary.json: {part} {what}") for what in _differences(_dict(stated, part), due[part])
        ]
    return found


def _dict(parent: dict[str, Any], key: str) -> dict[str, Any]:
    value = parent.get(key) if isinstance(parent, dict) else None
    return value if isinstance(value, dict) else {}


def _differences(stated: dict[str, Any], due: dict[str, Any]) -> list[str]:
    keys = sorted(stated.keys() | due.keys())
    return [
        f"{key} is {stated.get(key)}; the files give {due.get(key)}" for key in keys if stated.get(key) != due.get(key)
    ]


def _told(run: Run, account: int, what: str) -> Finding:
    return Finding(Rank.CHAIN, int(run.slots[-1]), account, what)
