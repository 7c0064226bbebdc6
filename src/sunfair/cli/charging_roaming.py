"""`sunfair charging roaming …`: the network's OCPI interface, and who may use it."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

from sunfair.app.charge_shop import Counter, StoreShop
from sunfair.cli.show import print_json, stderr, stdout
from sunfair.errors import Fault, InputError
from sunfair.files.hotels import Network, read_hotels
from sunfair.store import database_url, open_database
from sunfair.store.charging import ChargingRepository
from sunfair.store.roaming import PartnerRepository

__all__ = ["counters_of", "run_invite", "run_roaming"]


def run_invite(name: str, *, as_json: bool) -> None:
    """Make a token with which a partner may register, and print it: it is shown once."""
    if not name.strip():
        raise InputError("that is nobody's name", [Fault("NAME", "is empty", "who is invited?")])
    token = secrets.token_urlsafe(32)
    engine = open_database(database_url())
    try:
        PartnerRepository(engine).invite(name, token)
    finally:
        engine.dispose()
    if as_json:
        print_json({"name": name, "token": token})
    else:
        stdout.print(token)
        stderr.print(f"Give it to {name} with the address of the versions; it is shown only now.")


def run_roaming(network: Path, host: str, port: int, base: str | None) -> None:
    """Serve OCPI 2.2.1 until Ctrl-C."""
    import uvicorn

    from sunfair.api import ocpi_app

    if not 0 < port < 65_536:
        raise InputError("that is no port", [Fault("--port", f"is {port}", "1 to 65535")])
    read = read_hotels(network)
    engine = open_database(database_url())
    shown = base or f"http://{host}:{port}"
    shop = StoreShop(read.party, counters_of(read), ChargingRepository(engine), lambda: datetime.now(UTC))
    app = ocpi_app(
        shop,
        PartnerRepository(engine),
        base=shown,
        now=lambda: datetime.now(UTC),
        fresh=lambda: secrets.token_urlsafe(32),
    )
    stderr.print(f"OCPI 2.2.1 of {read.party.name}: {shown}/ocpi/versions (Ctrl-C ends)")
    try:
        uvicorn.run(app, host=host, port=port, log_level="warning", lifespan="off")
    finally:
        engine.dispose()


def counters_of(network: Network) -> list[Counter]:
    """The hotels as a shop shows them."""
    return [
        Counter(hotel.site, hotel.iso3, hotel.timezone, hotel.tariff, tuple(point.id for point in hotel.points))
        for hotel in network.hotels
    ]
