"""A street for `demo --switching`: homes with electricity and gas in a real register, on a database and on a chain."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sunfair.app.meters import Meters
from sunfair.app.point_reader import PointReader
from sunfair.app.records import Points
from sunfair.app.registering import make_batch, register_file
from sunfair.app.switching import Switching
from sunfair.chain import EmbeddedChain, SeededKeys
from sunfair.chain.network import Network
from sunfair.chain.registry_ledger import RegistryLedger, deploy_registry
from sunfair.files.holidays import market_calendar
from sunfair.ports.batch import RawBlock
from sunfair.registry import Calendar, MeterKey, nullifier
from sunfair.registry.check_digits import mpan_check, mprn_check
from sunfair.registry.register import Party, Role
from sunfair.registry.switching import Request, Switch, SwitchKind
from sunfair.simulate.world import VirtualClock
from sunfair.store import temporary_database
from sunfair.store.register import AssetRepository, RegisterRepository
from sunfair.store.switching import SwitchRepository
from sunfair.wiring.office import signer_of
from sunfair.wiring.remote import development_node

__all__ = ["FUELS", "Street", "open_street"]

FUELS = ("electricity", "gas")
_REGISTRAR = "registrar"


@dataclass(frozen=True, slots=True)
class Street:
    """Homes 0 … n − 1, their old and new supplier, the service, and the contracts."""

    homes: int
    keys: SeededKeys
    clock: VirtualClock
    calendar: Calendar
    secret: bytes
    points: Points
    meters: Meters
    store: SwitchRepository
    service: Switching
    ledger: RegistryLedger

    def point(self, home: int, fuel: str) -> bytes:
        """The point of a home."""
        return nullifier(_key(home, fuel), self.secret)

    def request(
        self, home: int, fuel: str, start: date, *, to: str = "new", kind: SwitchKind = SwitchKind.SWITCH
    ) -> Request:
        """A request with the customer's signed consent."""
        gainer, number = self.keys.address(to), int(kind)
        bare = Request(self.point(home, fuel), gainer, kind, start, number)
        signature = self.keys.sign(f"home {home}", self.service.consent(bare))
        return Request(bare.point, gainer, kind, start, number, signature)

    def submit(self, requests: Sequence[Request], *, to: str = "new", bundled: bool = False) -> list[Switch]:
        """Request in the register and on the chain."""
        made = self.service.submit(requests, bundled=bundled)
        for group in [made] if bundled else [[each] for each in made]:
            self.ledger.request(to, group)
        return made

    def pass_to(self, instant: datetime) -> None:
        """Let the time go by; what falls due is done and told."""
        self.clock.advance(instant)
        self.service.tick()


@contextmanager
def open_street(homes: int, seed: int, begin: datetime, *, rpc: str | None = None) -> Iterator[Street]:
    """A fresh street at an instant, in a database of its own that goes with it.

    Its chain is an embedded one, or the local development node at `rpc`; InputError if there is none.
    """
    keys = SeededKeys(seed)
    if rpc is None:
        with _street_on(EmbeddedChain(timestamp=int(begin.timestamp())), homes, keys, seed, begin) as street:
            yield street
        return
    with development_node(rpc, Path()) as node:
        node.begin(int(begin.timestamp()))
        for holder in ("governor", _REGISTRAR, "old", "new", *(f"home {home}" for home in range(homes))):
            node.fund(keys.address(holder))
        with _street_on(node.network, homes, keys, seed, begin) as street:
            yield street


@contextmanager
def _street_on(network: Network, homes: int, keys: SeededKeys, seed: int, begin: datetime) -> Iterator[Street]:
    clock = VirtualClock(begin)
    ledger = deploy_registry(network, keys, clock, governor="governor", service=keys.address("switching"))
    calendar = market_calendar("GB", begin.year - 1, begin.year + 1)
    secret = hashlib.sha256(f"registrars {seed}".encode()).digest()
    with temporary_database() as engine:
        register, switches = RegisterRepository(engine), SwitchRepository(engine)
        for name, role in ((_REGISTRAR, Role.REGISTRAR), ("old", Role.SUPPLIER), ("new", Role.SUPPLIER)):
            register.put_party(Party(keys.address(name), name, role))
            ledger.set_roles(keys.address(name), int(role))
        service = Switching(
            switches,
            register,
            ledger.domain,
            calendar,
            clock,
            recover=signer_of,
            sign=lambda digest: keys.sign("switching", digest),
        )
        assets = AssetRepository(engine)
        points = Points(register, secret, clock, assets)
        meters = Meters(register, assets, secret, clock, _Drawer(seed + 1))
        street = Street(homes, keys, clock, calendar, secret, points, meters, switches, service, ledger)
        _enter(street, register, seed)
        yield street


def _enter(street: Street, register: RegisterRepository, seed: int) -> None:
    """Register every home's two points by file, and open them on the chain."""
    source = _Homes(street.homes, street.keys, seed, street.clock.now())
    reader = PointReader(street.secret, _Drawer(seed), {"old": street.keys.address("old")}, {"country": "GB"})
    for _ in register_file(source, reader, register, street.clock):
        pass
    make_batch(source.digest, register, street.keys.address(_REGISTRAR), street.clock)
    for number, root, count, _ in register.batches():
        street.ledger.register_batch(_REGISTRAR, root, count)
        for home in range(street.homes):
            for fuel in FUELS:
                _open(street, number, home, fuel)


def _open(street: Street, batch: int, home: int, fuel: str) -> None:
    point = street.point(home, fuel)
    proof = street.points.prove(point)
    street.ledger.open_point(_REGISTRAR, batch, proof.commitment, point, proof.path)
    street.ledger.set_owner(_REGISTRAR, point, street.keys.address(f"home {home}"))
    street.ledger.begin_supply(_REGISTRAR, point, street.keys.address("old"))
    device = street.keys.address(f"meter {home} {fuel}")
    street.ledger.bind_device(_REGISTRAR, point, device, int(street.clock.now().timestamp()), (0, 0))


class _Homes:
    """The street's points as a batch source."""

    columns: tuple[str, ...] = ("fuel", "id", "supplier", "owner", "device", "serial", "installed", "address")

    def __init__(self, homes: int, keys: SeededKeys, seed: int, begin: datetime) -> None:
        self.digest = hashlib.sha256(f"street {homes} {seed}".encode()).digest()
        self._rows = [
            (
                fuel,
                _key(home, fuel).id,
                "old",
                "0x" + keys.address(f"home {home}").hex(),
                "0x" + keys.address(f"meter {home} {fuel}").hex(),
                f"{fuel[0].upper()}{home:05d}",
                begin.isoformat(),
                f"{home + 1} Sunny Street",
            )
            for home in range(homes)
            for fuel in FUELS
        ]

    def blocks(self, skip: int) -> Iterator[RawBlock]:
        """All rows at once."""
        columns: Mapping[str, Sequence[str]] = dict(zip(self.columns, zip(*self._rows, strict=True), strict=True))
        yield RawBlock(len(self._rows), range(1, len(self._rows) + 1), columns)


def _key(home: int, fuel: str) -> MeterKey:
    if fuel == "gas":
        body = f"{30_000_000 + home}"
        return MeterKey("GB", "gas", f"{body}{mprn_check(body):02d}")
    body = f"20{4_000_000_000 + home}"
    return MeterKey("GB", "electricity", f"{body}{mpan_check(body)}")


class _Drawer:
    """Chance that repeats with its seed."""

    def __init__(self, seed: int) -> None:
        self._seed, self._count = seed, 0

    def __call__(self, count: int) -> bytes:
        """So many bytes."""
        self._count += 1
        return hashlib.shake_256(f"{self._seed} {self._count}".encode()).digest(count)
