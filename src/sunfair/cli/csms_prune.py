"""`csms prune`: forget what was written down for people, long after nothing hangs on it."""

from datetime import UTC, date, datetime, time, timedelta

from sunfair.app.charge_prune import forget
from sunfair.cli.show import print_json, stdout
from sunfair.devices.readings import instant_of
from sunfair.errors import Fault, InputError
from sunfair.wiring.csms import open_charging

__all__ = ["run_prune"]


def run_prune(before: str | None, keep_days: int | None, *, as_json: bool) -> None:
    """Delete what is older than an instant, or than so many days."""
    now = datetime.now(UTC)
    if (before is None) == (keep_days is None):
        fault = Fault("--before, --keep-days", "are both there, or neither is", "say by one of them what is old")
        raise InputError("it is not said what is old", [fault])
    until = now - timedelta(days=keep_days) if keep_days is not None else _instant(before or "")
    with open_charging() as store:
        gone = forget(store, now, until)
    if as_json:
        print_json({"before": until.isoformat(), **gone})
    else:
        told = ", ".join(f"{count:,} {name}" for name, count in gone.items())
        stdout.print(f"deleted from before {until:%Y-%m-%d %H:%M} UTC: {told}", markup=False, soft_wrap=True)


def _instant(text: str) -> datetime:
    """A day, from its beginning in UTC, or an instant with an offset."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        found = instant_of(text)
    if found is None or ("+" not in text[10:] and "-" not in text[10:] and not text.endswith("Z")):
        mend = "e.g. 2026-07-01 or 2026-07-01T18:00+02:00"
        raise InputError("that is no instant", [Fault("--before", f"is {text!r}", mend)])
    return found.astimezone(UTC)
