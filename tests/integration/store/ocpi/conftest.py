"""The roaming interface on a real socket over a real PostgreSQL."""

import base64
import json
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from itertools import count

import pytest
import uvicorn

from sunfair.api import ocpi_app
from sunfair.charging import BookingState
from sunfair.charging.finding import Connector, Evse, Site
from sunfair.charging.ocpi import Costs, Party, Record
from sunfair.charging.tariff import Tariff
from sunfair.ports.roaming import ShownSite, ShownTariff
from sunfair.store.roaming import PartnerRepository

NOW = 1_800_000_000


class Shelf:
    """A network of five sites whose records a test chooses."""

    def __init__(self):
        plug = Connector("1", "IEC_62196_T2", False, "AC_3_PHASE", 22_000, ("t0",))
        self.shown = [
            ShownSite(
                Site(
                    f"h{at}",
                    "ocpi",
                    "o",
                    f"Hotel {at}",
                    "a",
                    "c",
                    "DE",
                    48.0,
                    11.0,
                    None,
                    (Evse(f"E{at}", "AVAILABLE", (plug,)),),
                ),
                "DEU",
                "Europe/Berlin",
                NOW + at,
            )
            for at in range(5)
        ]
        self.kept = []

    def party(self):
        return Party("DE", "SUN", "Sunfair Hotels")

    def sites(self):
        return self.shown

    def tariffs(self):
        return [ShownTariff("t0", Tariff("EUR", 39, vat_bps=1_900), NOW)]

    def records(self):
        return self.kept


class Caller:
    """A partner's HTTP client."""

    def __init__(self, base):
        self.base, self.token = base, None

    def __call__(self, path, *, method="GET", body=None, token=..., plain=False):
        """(status, answer, headers) of a call; the token goes in Base64 unless `plain`."""
        shown = self.token if token is ... else token
        headers = {"Content-Type": "application/json"}
        if shown is not None:
            headers["Authorization"] = "Token " + (shown if plain else base64.b64encode(shown.encode()).decode())
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        url = path if path.startswith("http") else f"{self.base}/ocpi/{path}"
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                return reply.status, json.load(reply), reply.headers
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.load(refusal), refusal.headers


@pytest.fixture
def record(shelf):
    """A function making a paid stay of 18.004 kWh, or one that differs in some fields."""

    def make(**change):
        costs = Costs(energy=702, time=240, session=50, idle=0, cap=5_000, currency="EUR", vat_bps=1_900)
        site = shelf.shown[0].site
        ((evse, plug),) = site.plugs()
        given = {"id": "b" * 32, "site": site, "iso3": "DEU", "evse_uid": evse.uid, "connector": plug, "uid": "0xd41c"}
        given |= {"state": BookingState.FULFILLED, "begin": NOW, "end": NOW + 14_400, "updated": NOW + 18_000}
        given |= {"wh": 18_004, "idle_seconds": 0, "tariff": "t0", "costs": costs, "signed": ("OCMF|{}|{}", "04aa")}
        return Record(**(given | change))

    return make


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def partners(database):
    return PartnerRepository(database)


@pytest.fixture
def caller(shelf, partners):
    """A client of a served interface that was invited with the token "first"."""
    numbers = count()
    partners.invite("Roamer", "first")
    config = uvicorn.Config("x", host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    sock = config.bind_socket()
    base = f"http://127.0.0.1:{sock.getsockname()[1]}"
    config.app = ocpi_app(
        shelf, partners, base=base, now=lambda: datetime.fromtimestamp(NOW, UTC), fresh=lambda: f"fresh-{next(numbers)}"
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    until = time.monotonic() + 120
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    yield Caller(base)
    server.should_exit = True
    thread.join(120)
    sock.close()
