"""`audit`."""

from pathlib import Path

from sunfair.audit import audit
from sunfair.cli.show import bar, print_json, stderr, stdout

__all__ = ["run_audit"]

_SHOWN = 20


def run_audit(folder: Path, *, as_json: bool) -> int:
    """Print what is wrong with a run, the cause last; returns the exit code, 0 or 1."""
    with bar() as progress:
        task = progress.add_task("audit", total=None)

        def show(stage: str, done: int, total: int) -> None:
            progress.update(task, description=f"audit: {stage}", completed=done, total=total)

        findings = audit(folder, show)
    if as_json:
        found = [{"slot": f.slot, "account": f.account, "what": f.what} for f in findings]
        print_json({"holds": not findings, "findings": found})
    elif not findings:
        stdout.print(f"{folder}: every price, fill, payment, balance and root holds, and the chain agrees.")
    else:
        if len(findings) > _SHOWN:
            stderr.print(f"{len(findings)} findings; the last {_SHOWN}, the one nearest to the cause at the end:")
        for finding in findings[-_SHOWN:]:
            stdout.print(str(finding), markup=False, soft_wrap=True)
    return 1 if findings else 0
