"""A stay from the quote to the last unit paid: booked on chain in another time zone, over midnight, delivered by a
charge point and a meter that nobody of this project wrote (`ocpp-rpc` in strict mode, OpenSSL), proven off chain and on.
"""

import asyncio
import contextlib
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from sqlalchemy import Engine

from sunfair.app.charge_office import Desk, Office, Order, signed_texts
from sunfair.app.charging import accept_quote, finance_of, judge_reading, payoff_of, point_statement
from sunfair.chain import EmbeddedChain, SeededKeys, keccak, recover
from sunfair.chain.charging_ledger import ChargingNetwork, charge_credit, deploy_charging
from sunfair.chain.finance_ledger import InstallFinance, agree_finance
from sunfair.charging import (
    Ask,
    Booking,
    BookingState,
    FinanceTerms,
    Tariff,
    Usage,
    cuts_of,
    fee_of,
    form_of,
    key_address,
    parse_ocmf,
    quoted,
    slots_between,
    tag_hash,
)
from sunfair.devices import make_secret
from sunfair.ports.charge_points import ChargePoint

from .csms_world import PASSWORD, World, running

HERE = Path(__file__).parent
MODULES = HERE.parents[3] / "node_modules"
S = BookingState
KEYS = SeededKeys(12)
TARIFF = Tariff("KWD", kwh=45, minute=1, session=100, idle=10, no_show=1_000, compensation=1_500, vat_bps=0)
RATE = 2_950
FINANCE = FinanceTerms(3_000_000, 13_000, 4_000, 20_000, 0, 500)
EVENING, MORNING = datetime(2026, 6, 15, 22), datetime(2026, 6, 16, 7)
TAG = "A1B2C3D4E5F6A1B2C3D4"


class Charger:
    """The independent program as a process: told what to do line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process, self.told = process, list[dict[str, Any]]()

    async def line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        printed = await asyncio.wait_for(self.process.stdout.readline(), 300)
        self.told.append(json.loads(printed))
        assert "failure" not in self.told[-1], self.told[-1]
        return self.told[-1]

    async def does(self, what: str, **more: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        while (await self.line()).get("did") != what:
            pass

    def answers(self, action: str) -> list[dict[str, Any]]:
        return [line["answer"] for line in self.told if line.get("action") == action]


class Hotel:
    """A hotel in Kuwait on chain: its charge point, financed, and the office of its operator."""

    def __init__(self, world: World, meter: dict[str, Any]) -> None:
        chain = EmbeddedChain()
        asset, token = charge_credit(chain, KEYS, world.clock)
        address = deploy_charging(chain, KEYS, world.clock, token, KEYS.address("registrar"))
        self.ledger = ledger = ChargingNetwork(chain, KEYS, world.clock, address, asset=asset)
        self.point = ledger.register("host", keccak(b"KWT-1"), 22_000, KEYS.address("operator"), TARIFF.document)
        sample = parse_ocmf(meter["sample"])
        form, scale = form_of(sample.payload, cuts_of(sample)), sample.readings[0].wh_scale
        ledger.act("registrar", "set_meter", self.point, key_address(meter["key"]), form, scale, ledger.now())
        ledger.act("host", "add_stake", self.point, 10_000_000)
        parties = KEYS.address("host"), KEYS.address("financier"), KEYS.address("platform")
        made = agree_finance(chain, KEYS, world.clock, address, parties, FINANCE)
        self.finance = InstallFinance(chain, KEYS, world.clock, made, ledger)
        ledger.act("host", "set_payee", self.point, made)
        self.office = Office(Desk(ledger, world.store, "operator", recover))

    def booked(self) -> Booking:
        """The driver's evening in Europe: 22:00 to 07:00 on the hotel's clock."""
        stay = slots_between(EVENING, MORNING, "Asia/Kuwait")
        ask = Ask(self.point, KEYS.address("driver"), tag_hash(TAG), stay.start, len(stay), 60_000, RATE, 1)
        terms = quoted(TARIFF, ask, now=self.ledger.now(), timezone="Asia/Kuwait")
        quote = self.ledger.sign("operator", terms)
        accept_quote(self.ledger, "driver", quote, TARIFF, deposit_max=terms.deposit, recover=recover)
        return terms


@pytest.mark.parametrize(("protocol", "disputed"), [("ocpp1.6", False), ("ocpp2.0.1", True)])
def test_a_night_in_another_zone_is_delivered_by_an_independent_charger(
    database: Engine, protocol: str, disputed: bool, missing
) -> None:
    if shutil.which("node") is None or not (MODULES / "ocpp-rpc").exists():
        missing("ocpp-rpc (npm install)")

    async def story() -> None:
        async with running(database) as world:
            world.put(ChargePoint("KWT-1", 22_000, secret=make_secret(PASSWORD), site="kuwait"))
            process = await asyncio.create_subprocess_exec(
                "node", str(HERE / "ocpp_rpc_meter.mjs"), world.url, "KWT-1", PASSWORD, protocol,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                charger = Charger(process)
                meter = await charger.line()
                hotel = Hotel(world, meter)
                with world.store.open_book() as book:  # the central system as well checks what the meter signs
                    kept = book.point("KWT-1")
                    assert kept is not None
                    book.put_point(replace(kept, meter_key=key_address(meter["key"])))
                terms = hotel.booked()
                await _night(world, hotel, charger, terms)
                _paid(hotel, terms, meter["key"], disputed=disputed)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    asyncio.run(story())


async def _night(world: World, hotel: Hotel, charger: Charger, terms: Booking) -> None:
    """Reserved, refused to another, charged past both midnights, told to the chain as it happens."""
    order = Order(terms, TAG, "KWT-1")
    office = hotel.office
    assert [told.act for told in office.attend([order])] == ["admit"]
    world.clock.at = datetime.fromtimestamp(terms.begin, UTC) - timedelta(minutes=10)
    await world.until(lambda: _done(world, "reserve"), "the place is reserved")
    world.clock.at = begin = datetime.fromtimestamp(terms.begin, UTC) + timedelta(minutes=4)
    await charger.does("start", tag="EVE", at=begin.isoformat(), wh=500)
    await charger.does("start", tag=TAG, at=begin.isoformat(), wh=500)
    verdicts = json.dumps(charger.answers("Authorize"))
    assert (verdicts.count("Accepted"), len(charger.answers("Authorize"))) == (1, 2)
    assert [told.act for told in office.attend([order])] == ["start"]
    assert hotel.ledger.stay(terms).state is S.CHARGING
    for hour in range(1, 8):
        world.clock.at = begin + timedelta(hours=hour)
        await charger.does("meter", at=world.clock.at.isoformat(), wh=500 + 5_000 * hour)
        assert office.attend([order]) == []
    await charger.does("stop", at=world.clock.at.isoformat(), wh=500 + 35_250)
    session = world.session("KWT-1")
    assert (session.energy_wh, session.evidence, session.doubts) == (35_250, "signed", ())
    assert [(told.act, told.why) for told in office.attend([order])] == [("claim", "")]
    assert any(line.get("heard") == "ReserveNow" for line in charger.told)


def _done(world: World, kind: str) -> bool:
    with world.store.open_book() as book:
        found = [book.command(number) for number in range(1, 20)]
    return any(each is not None and (each.kind, each.state) == (kind, "done") for each in found)


def _paid(hotel: Hotel, terms: Booking, key: str, *, disputed: bool) -> None:
    """The driver pays the metered kWh; hotel, financier and platform share them; every unit is accounted for.

    disputed : the driver says that the true reading is false, and the office shows the record
    """
    ledger = hotel.ledger
    begin = terms.begin + 240
    assert begin // 86_400 < (begin + 7 * 3_600) // 86_400  # past UTC's midnight too
    (text,) = signed_texts(hotel.office.desk, terms)
    record = parse_ocmf(text)
    public = load_der_public_key(bytes.fromhex(key))
    assert isinstance(public, ec.EllipticCurvePublicKey)
    payload, proof = text.removeprefix("OCMF|").rsplit("|", 1)
    public.verify(bytes.fromhex(json.loads(proof)["SD"]), payload.encode(), ec.ECDSA(hashes.SHA256()))
    fee = fee_of(terms, Usage(35_250, begin, begin + 7 * 3_600)).total
    # 35.25 kWh at 45 fils, 420 minutes at one, 100 a session; a fils is 2,950 µ.
    assert fee == 35_250 * 45 * RATE // 1_000 + 420 * RATE + 100 * RATE
    judged = judge_reading(ledger, "driver", terms, [record], tag=TAG, recover=recover)
    assert (judged.done, judged.fee_claimed, judged.fee_proven) == ("agreed", fee, fee)
    if disputed:
        ledger.act("driver", "dispute", terms)
        told = hotel.office.attend([Order(terms, TAG, "KWT-1")])
        assert [(each.act, each.why) for each in told] == [("prove", "")]
        fee += terms.no_show_fee  # as docs/charging-spec.md has it for a dispute that is lost
    else:
        ledger.prove("guest", terms, record)  # the contract reads the same record
    stay = ledger.stay(terms)
    assert (stay.state, stay.fee, stay.wh) == (S.RESOLVED, fee, 35_250)
    ledger.act("guest", "withdraw", terms.driver)
    assert ledger.wallet(terms.driver) == terms.deposit - fee
    hotel.finance.act("guest", "collect")
    status = hotel.finance.status()
    host, financier, platform = hotel.finance.dues([status.host, status.financier, status.platform])
    split, _ = finance_of(replace(status, repaid=0)).divide(fee, 35_250)
    assert (host, financier, platform) == (split.vat + split.energy + split.host, split.financier, split.platform)
    assert host + financier + platform == fee
    assert status.repaid == financier > 0
    statement = point_statement(ledger, hotel.point, terms.begin - 86_400, ledger.now() + 1)
    assert (statement.fees, statement.wh, statement.count(S.RESOLVED)) == (fee, 35_250, 1)
    payoff = payoff_of(status, statement, 1)
    assert payoff.days == -(-(status.cap - status.repaid) // payoff.per_day)
    assert hotel.office.attend([Order(terms, TAG, "KWT-1")]) == []
    with hotel.office.desk.store.open_book() as book:
        assert S.RESOLVED in {each.state for each in [book.booking(int.from_bytes(terms.id[:4], "big") >> 1)] if each}
