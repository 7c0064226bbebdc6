"""`csms`: the central system, and what operators do with charge points."""

import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import typer

from sunfair.charging import BookingState, key_address
from sunfair.cli.show import print_json, stderr, stdout
from sunfair.devices import Listener, check_password, make_secret, server_context
from sunfair.devices.certificates import make_authority, make_client, make_server
from sunfair.devices.credentials import IDENTITY
from sunfair.devices.readings import instant_of
from sunfair.errors import Fault, InputError
from sunfair.files.outlook_file import read_outlook
from sunfair.files.outlook_file import run_outlook as outlook_of_run
from sunfair.ports.charge_points import Booked, ChargePoint, ChargingBook, Command, SessionState, Tag
from sunfair.wiring.csms import open_charging, serve_charging

__all__ = [
    "PointOptions",
    "ServeOptions",
    "run_book",
    "run_cancel",
    "run_certificates",
    "run_command",
    "run_notes",
    "run_outlook",
    "run_point",
    "run_serve",
    "run_sessions",
    "run_status",
    "run_tag",
]

_PASSWORD_BYTES = 15
_WAIT = timedelta(seconds=35)
_STAY_MAX = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where the central system listens."""

    host: str
    port: int
    tls_port: int | None
    certificate: Path | None
    key: Path | None
    authority: Path | None
    keep_days: int | None


@dataclass(frozen=True, slots=True)
class PointOptions:
    """A charge point as it is registered."""

    rated_w: int
    connectors: int
    profile: int
    password: str | None
    meter_key: str | None
    site: str


def run_serve(options: ServeOptions, *, as_json: bool) -> None:
    """Be the central system until Ctrl-C."""
    listeners = [Listener(options.host, options.port)]
    if options.tls_port is not None:
        if options.certificate is None or options.key is None:
            fault = Fault("--tls-port", "needs --certificate and --key", "make them with `sunfair csms certificates`")
            raise InputError("TLS is not ready", [fault])
        authority = None if options.authority is None else str(options.authority)
        context = server_context(str(options.certificate), str(options.key), authority)
        listeners.append(Listener(options.host, options.tls_port, context))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    # What strangers send to a port that the world can reach is no error of this program.
    logging.getLogger("websockets").setLevel(logging.CRITICAL)

    def ready(ports: list[int]) -> None:
        kinds = ["ws" if listener.tls is None else "wss" for listener in listeners]
        urls = [f"{kind}://{options.host}:{port}" for kind, port in zip(kinds, ports, strict=True)]
        if as_json:
            print_json({"urls": urls})
        else:
            stdout.print(f"charge points connect to {' and '.join(urls)}/IDENTITY; Ctrl-C ends", soft_wrap=True)

    serve_charging(listeners, ready, keep=None if options.keep_days is None else timedelta(days=options.keep_days))


def run_point(name: str, options: PointOptions, *, as_json: bool) -> None:
    """Register a charge point, or change it; a password is made and shown once where it needs one."""
    faults = [] if IDENTITY.fullmatch(name) else [Fault("ID", f"is {name!r}", "1 to 48 letters, digits, `*-_=:+|@.`")]
    if faults:
        raise InputError("the charge point cannot be registered", faults)
    address = b"" if options.meter_key is None else key_address(options.meter_key)
    made = None
    if options.profile in (1, 2):
        made = options.password or secrets.token_urlsafe(_PASSWORD_BYTES)
        check_password(made)
    secret = b"" if made is None else make_secret(made)
    point = ChargePoint(name, options.rated_w, options.connectors, options.profile, secret, address, options.site)
    with open_charging() as store, store.open_book() as book:
        book.put_point(point)
    shown = {"point": name, "profile": options.profile, "password": None if options.password else made}
    if as_json:
        print_json(shown)
        return
    if shown["password"]:
        stdout.print(f"{name} connects with user {name} and password {made} (shown once)", markup=False, soft_wrap=True)
    if options.profile == 0:
        stderr.print("[yellow]profile 0 is no security: anybody who knows the identity can be this charge point[/]")


def run_tag(name: str, group: str, until: str | None, *, blocked: bool) -> None:
    """Let a tag charge without a booking, or block it."""
    _check_tag(name)
    with open_charging() as store, store.open_book() as book:
        book.put_tag(Tag(name, group, None if until is None else _instant("--until", until), blocked))


def run_book(
    point: str, tag: str, times: tuple[str, str], connector: int, cap_wh: int | None, *, as_json: bool
) -> None:
    """Give a tag a connector for a time, in the central system's calendar."""
    begin, end = _instant("--from", times[0]), _instant("--to", times[1])
    _check_tag(tag)
    if end <= begin:
        raise InputError("that is no time", [Fault("--to", "is not after --from", "e.g. an hour later")])
    if end <= datetime.now(UTC) or end - begin > _STAY_MAX:
        what = "is over" if end <= datetime.now(UTC) else f"is more than {_STAY_MAX.days} days after --from"
        raise InputError("that cannot be booked", [Fault("--to", what, "name a stay to come")])
    with open_charging() as store, store.open_book() as book:
        kept = book.point(point)
        if kept is None or not 1 <= connector <= kept.connectors:
            raise InputError("there is nothing to book", [Fault("POINT", f"{point} has no connector {connector}")])
        clash = [each for each in book.bookings(begin, end, point) if each.connector in (0, connector)]
        if clash:
            what = f"booking {clash[0].number} has it {clash[0].begin:%Y-%m-%d %H:%M} … {clash[0].end:%H:%M} UTC"
            raise InputError("the connector is taken", [Fault("--from, --to", what, "take another time or connector")])
        number = book.next_booking()
        book.put_booking(Booked(number, point, connector, tag, begin, end, cap_wh))
    if as_json:
        print_json({"booking": number})
    else:
        stdout.print(f"booking {number}")


def run_cancel(number: int) -> None:
    """Take a booking back that has not begun to charge."""
    with open_charging() as store, store.open_book() as book:
        booking = book.booking(number)
        if booking is None or booking.state is not BookingState.RESERVED:
            state = "is not known" if booking is None else f"is {booking.state.name}"
            raise InputError("the booking cannot be cancelled", [Fault("NUMBER", f"{number} {state}")])
        now = datetime.now(UTC)
        book.put_booking(replace(booking, state=BookingState.CANCELED_HOST))
        about, key = {"reservation": number}, f"unreserve:{number}"
        book.ask(Command(0, booking.point, "unreserve", about, now, now + _WAIT, key=key))


def run_status(point: str | None, *, as_json: bool) -> None:
    """Charge points, when they were heard of, and their connectors."""
    with open_charging() as store, store.open_book() as book:
        _check_known(book, point)
        seen, connectors = book.last_seen(), book.connectors(point)
        points = [each for each in book.points() if point in (None, each.id)]
    rows = [
        {
            "point": each.id,
            "protocol": seen[each.id][1] if each.id in seen else None,
            "seen": _text(seen[each.id][0] if each.id in seen else None),
            "connectors": {str(c.connector): c.status for c in connectors if c.point == each.id},
        }
        for each in points
    ]
    _list("points", rows, as_json)


def run_sessions(point: str | None, *, as_json: bool) -> None:
    """Sessions, newest last."""
    with open_charging() as store, store.open_book() as book:
        _check_known(book, point)
        found = book.sessions(list(SessionState), point)
    rows = [
        {
            "point": each.point,
            "transaction": each.transaction,
            "connector": each.connector,
            "tag": each.tag,
            "state": each.state,
            "booking": each.booking,
            "began": _text(each.began),
            "ended": _text(each.ended),
            "energy_wh": each.energy_wh,
            "evidence": each.evidence,
            "doubts": list(each.doubts),
        }
        for each in found
    ]
    _list("sessions", rows, as_json)


def run_notes(point: str | None, limit: int, *, as_json: bool) -> None:
    """What happened, newest first."""
    with open_charging() as store, store.open_book() as book:
        _check_known(book, point)
        found = book.notes(point, limit)
    _list("notes", [{"at": _text(n.at), "point": n.point, "kind": n.kind, "text": n.text} for n in found], as_json)


def run_outlook(site: str, file: Path | None, run: Path | None, account: str | None, begin: str | None) -> None:
    """Publish what a site expects: a file's lines, or what a run of the market says of a member."""
    faults = []
    if (file is None) == (run is None):
        faults.append(Fault("FILE, --run", "are both there, or neither is", "name a CSV file or a run's folder"))
    if (run is None) != (account is None):
        faults.append(Fault("--run, --account", "stand together", "whose roof in that run is it?"))
    if begin is not None and run is None:
        faults.append(Fault("--begin", "is a run's", "a file has its own times"))
    if faults:
        raise InputError("it is not said what is expected", faults)
    if file is not None:
        rows = read_outlook(file)
    else:
        moved = None if begin is None else _instant("--begin", begin)
        rows = outlook_of_run(run or Path(), account or "", moved)
    with open_charging() as store, store.open_book() as book:
        book.put_outlook(site, rows)
    stderr.print(f"{len(rows):,} stretches from {rows[0].begin.isoformat()} on", highlight=False)


def run_command(point: str, kind: str, arguments: dict[str, Any], *, as_json: bool) -> None:
    """Ask something of a charge point through the central system and wait for its answer; exit 1 if it is not done."""
    now = datetime.now(UTC)
    with open_charging() as store:
        with store.open_book() as book:
            _check_known(book, point)
            number = book.ask(Command(0, point, kind, arguments, now, now + _WAIT))
        found = None
        while number is not None and datetime.now(UTC) < now + _WAIT:
            with store.open_book() as book:
                found = book.command(number)
            if found is not None and found.state not in ("waiting", "taken"):
                break
            time.sleep(0.1)
    state = "expired" if found is None or found.state in ("waiting", "taken") else found.state
    answer = {} if found is None else found.answer
    if as_json:
        print_json({"state": state, "answer": answer})
    else:
        why = answer.get("why", "") if state != "expired" else "the charge point or the central system is not there"
        stdout.print(f"{state}{f': {why}' if why else ''}", markup=False, soft_wrap=True)
    if state != "done":
        raise typer.Exit(1)


def run_certificates(folder: Path, hosts: Sequence[str], points: Sequence[str], *, as_json: bool) -> None:
    """An authority of one's own, and certificates of the central system and of charge points."""
    try:
        made = {"authority": str(make_authority(folder))}
        if hosts:
            certificate, key = make_server(folder, list(hosts))
            made |= {"certificate": str(certificate), "key": str(key)}
        for point in points:
            certificate, key = make_client(folder, point)
            made |= {f"{point} certificate": str(certificate), f"{point} key": str(key)}
    except OSError as error:
        fault = Fault(str(folder), error.strerror or str(error), "name a folder that can be written")
        raise InputError("the certificates cannot be kept there", [fault]) from error
    if as_json:
        print_json(made)
    else:
        for name, path in made.items():
            stdout.print(f"{name}: {path}", markup=False, soft_wrap=True)


def _check_tag(name: str) -> None:
    if not 0 < len(name) <= 36 or "\0" in name:
        raise InputError("that is no tag", [Fault("TAG", f"has {len(name)} characters", "1 to 36; OCPP 1.6: 1 to 20")])


def _check_known(book: ChargingBook, point: str | None) -> None:
    if point is not None and book.point(point) is None:
        fault = Fault("POINT", f"{point!r} is not registered", "`sunfair csms status` names those that are")
        raise InputError("there is no such charge point", [fault])


def _list(name: str, rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json({name: rows})
        return
    for row in rows:
        stdout.print("  ".join(_plain(value) for value in row.values()), markup=False, soft_wrap=True)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {each}" for key, each in value.items()) or "–"
    return "; ".join(map(str, value)) or "–" if isinstance(value, list) else "–" if value is None else str(value)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds")


def _instant(place: str, text: str) -> datetime:
    """An instant with an offset."""
    at = instant_of(text)
    if at is None or ("+" not in text[10:] and "-" not in text[10:] and not text.endswith("Z")):
        raise InputError("that is no instant", [Fault(place, f"is {text!r}", "e.g. 2026-07-01T18:00+02:00")])
    return at
