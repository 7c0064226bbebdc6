"""`sunfair charging find --live`: what is booked at the central system or on chain, or kept out by its host, is not free."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from sunfair.chain import SeededKeys
from sunfair.chain.anvil import find_anvil, running_anvil
from sunfair.cli.commands import app
from sunfair.errors import InputError, LedgerError, ServiceMissing

HOTEL = Path(__file__).parents[3] / "docs" / "examples" / "charging" / "hotel.toml"
KEYS = SeededKeys(3)
HOST = f"0x{KEYS.address('host').hex()}"
NETWORK = """
[network]
name = "Hotels"
country_code = "DE"
party_id = "SUN"
contract = "{contract}"

[[hotel]]
id = "sonne"
name = "Hotel Sonne"
address = "Seestraße 1"
city = "Konstanz"
country = "DE"
latitude = 47.66
longitude = 9.175
timezone = "Europe/Berlin"
account = "{host}"
tariff = {{ currency = "EUR", kwh = 0.49 }}
point = [
  {{ id = "SONNE-1", name = "Hotel Sonne, bay 1", connector = "IEC_62196_T2", power_kw = 22 }},
  {{ id = "SONNE-2", connector = "IEC_62196_T2", power_kw = 22 }},
]
"""


def run(*words: object) -> Any:
    done = CliRunner().invoke(app, [*map(str, words)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_time_that_a_host_keeps_out_is_not_offered(
    database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: Callable[[str], None]
) -> None:
    try:
        find_anvil()
    except ServiceMissing as absent:
        missing(f"anvil ({absent})")
    monkeypatch.setenv("DATABASE_URL", database.url.render_as_string(hide_password=False).replace("+psycopg", ""))
    file = tmp_path / "hotels.toml"
    night = datetime.now(ZoneInfo("Europe/Berlin")).replace(tzinfo=None, hour=22, minute=0) + timedelta(days=2)
    at, until = night.isoformat(), (night + timedelta(hours=9)).isoformat()

    def found() -> dict[str, bool | None]:
        asked = run("charging", "find", "Konstanz", "--network", file, "--live", "--at", at, "--hours", 9, "--json")
        return {each["evse"]: each["free"] for each in asked["found"]}

    with running_anvil() as node:
        monkeypatch.setenv("ETH_RPC_URL", node.url)
        node.fund(KEYS.address("host"))
        mine = "--demo-keys", 3, "--as", "host", "--json"
        network = run("charging", "deploy", *mine)["network"]
        run("charging", "register", network, HOTEL, *mine)
        file.write_text(NETWORK.format(contract=network, host=HOST), encoding="utf-8")
        assert found() == {"SONNE-1": True, "SONNE-2": None}  # the second one is registered nowhere
        stay = "--begin", at, "--end", until
        run("charging", "keep-out", network, HOTEL, *stay, *mine)
        assert found() == {"SONNE-2": None}
        run("charging", "keep-out", network, HOTEL, *stay, "--free", *mine)
        assert found() == {"SONNE-1": True, "SONNE-2": None}
        run("csms", "point", "SONNE-1", "--rated-w", 22_000, "--json")
        day = f"{night.date()}T20:00Z", f"{night.date()}T23:00Z"
        run("csms", "book", "SONNE-1", "ANNA", "--from", day[0], "--to", day[1], "--json")
        assert found() == {"SONNE-2": None}
        file.write_text(NETWORK.format(contract=HOST, host=HOST), encoding="utf-8")
        with pytest.raises(LedgerError, match="no contract at"):
            found()
    monkeypatch.delenv("ETH_RPC_URL")
    with pytest.raises(InputError, match="ETH_RPC_URL: is not set"):
        found()
    file.write_text(NETWORK.format(contract="0x12", host="nobody"), encoding="utf-8")
    with pytest.raises(InputError, match=r"contract: is '0x12'(.|\n)*account: is 'nobody'"):
        found()
