"""A register and its switching service on this machine: database, secret, calendar, keys and clock in one place."""

import hmac
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sunfair.app.meters import Meters
from sunfair.app.point_reader import PointReader
from sunfair.app.records import Points
from sunfair.app.switching import Sign, Switching, owed
from sunfair.chain.keys import recover
from sunfair.errors import Fault, InputError
from sunfair.files.holidays import market_calendar
from sunfair.ports import Clock
from sunfair.registry.register import Role
from sunfair.registry.switching import Compensation, Due, SwitchingDomain
from sunfair.store import data_folder, database_url, open_database
from sunfair.store.register import AssetRepository, RegisterRepository
from sunfair.store.switching import SwitchRepository

__all__ = ["Office", "SystemClock", "open_office", "read_secret", "signer_of"]

_SECRET = 32


class SystemClock:
    """The machine's time, to the second."""

    def now(self) -> datetime:
        """The present instant, UTC."""
        return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Office:
    """A register and its switches, open for use cases."""

    store: RegisterRepository
    switches: SwitchRepository
    points: Points
    meters: Meters
    secret: bytes
    clock: Clock

    def reader(self, defaults: Mapping[str, str]) -> PointReader:
        """What makes points of the lines of a batch file."""
        return PointReader(self.secret, os.urandom, self.suppliers(), defaults)

    def suppliers(self) -> dict[str, bytes]:
        """Addresses of suppliers by name."""
        return {party.name: party.address for party in self.store.parties() if Role.SUPPLIER in party.roles}

    def owed(self, rates: Compensation) -> list[Due]:
        """What suppliers owe customers now."""
        return owed(self.switches, rates, self.clock.now())

    def party(self, name: str, role: Role) -> bytes:
        """A party's address; InputError if there is none of that name in that role."""
        found = {party.name: party.address for party in self.store.parties() if role in party.roles}
        if name not in found:
            fault = Fault(str(role.name).lower(), f"{name!r} is none", f"there are: {', '.join(found) or 'none yet'}")
            raise InputError("the party is not known", [fault])
        return found[name]

    def switching(self, country: str, domain: SwitchingDomain, sign: Sign) -> Switching:
        """The switching service of a country's market."""
        year = self.clock.now().year
        calendar = market_calendar(country, year - 1, year + 2)
        return Switching(self.switches, self.store, domain, calendar, self.clock, recover=signer_of, sign=sign)


@contextmanager
def open_office(clock: Clock | None = None) -> Iterator[Office]:
    """The register of `DATABASE_URL`, or of the embedded server; InputError if the secret is not that register's."""
    engine = open_database(database_url())
    try:
        store, secret, now = RegisterRepository(engine), read_secret(), clock or SystemClock()
        mark = hmac.digest(secret, b"sunfair register", "sha256")
        if store.setting("secret", mark) != mark:
            fault = Fault("SUNFAIR_REGISTRAR_SECRET", "is another one", "name the file it was made with")
            raise InputError("this secret is not the one this register was made with", [fault])
        assets = AssetRepository(engine)
        points, meters = Points(store, secret, now, assets), Meters(store, assets, secret, now, os.urandom)
        yield Office(store, SwitchRepository(engine), points, meters, secret, now)
    finally:
        engine.dispose()


def read_secret(environment: Mapping[str, str] = os.environ) -> bytes:
    """The registrars' secret: 64 hexadecimal digits in a file of their own, made once where there is none."""
    named = environment.get("SUNFAIR_REGISTRAR_SECRET")
    path = Path(named) if named else data_folder(environment) / "registrar.secret"
    if not path.exists() and not named:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(os.urandom(_SECRET).hex() + "\n")
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise InputError("the registrars' secret cannot be read", [Fault(str(path), str(error))]) from error
    if len(secret) != _SECRET or not any(secret):
        fault = Fault(str(path), f"holds {len(secret)} bytes", f"it must be {2 * _SECRET} random hexadecimal digits")
        raise InputError("the registrars' secret cannot be used", [fault])
    return secret


def signer_of(digest: bytes, signature: bytes) -> bytes:
    """The address that signed a digest, zeros where none did."""
    try:
        return recover(digest, signature)
    except ValueError:
        return bytes(20)
