"""What the story is played on: a chain, a database, a central system on a real socket, charge points that connect."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sunfair.app.charge_office import Desk
from sunfair.chain import EmbeddedChain, Network, SeededKeys, keccak, recover
from sunfair.chain.charging_ledger import ChargingNetwork, charge_credit, deploy_charging
from sunfair.chain.finance_ledger import InstallFinance, agree_finance
from sunfair.charging import FinanceTerms, cuts_of, form_of, parse_ocmf
from sunfair.devices import CentralSystem, Listener, Pace, Quirk, SimulatedPoint, Spec, make_secret
from sunfair.devices.simulator.meter import Mark, Meter
from sunfair.files.hotels import Hotel, PointPlan
from sunfair.files.hotels import Network as Hotels
from sunfair.ports.charge_points import ChargePoint, ChargingStore
from sunfair.wiring.charging_market import meter_holder

__all__ = ["OPERATOR", "PLATFORM", "RATES", "Stage", "StepClock", "host_of", "raised"]

OPERATOR, PLATFORM, FINANCIER = "operator", "platform", "financier"

RATES = {"EUR": 10_000, "KWD": 2_950}
"""µ of the token, which stands for a euro, for a minor unit: a cent; a fils at the rate of June 2016."""

_PASSWORD = "a-password-of-the-story"
_PACE = Pace(patrol=0.02, commands=0.02, steer=0.2, directory=0.05, answer=10)
_STAKE = 100_000_000
_VERSIONS = ("1.6", "2.0.1")


class StepClock:
    """The story's time: it stands still while things are done, and is moved on minute by minute."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """The story's present."""
        return self.at


@dataclass(slots=True)
class Stage:
    """Everything the story acts on. `places` : the chain's 32-byte name by charge point; `finance` : by hotel."""

    clock: StepClock
    keys: SeededKeys
    hotels: Hotels
    ledger: ChargingNetwork
    store: ChargingStore
    places: dict[str, bytes]
    finance: dict[str, InstallFinance]
    points: dict[str, SimulatedPoint] = field(default_factory=dict)

    def hotel_of(self, point: str) -> Hotel:
        """Whose charge point it is."""
        return next(hotel for hotel in self.hotels.hotels if point in [plan.id for plan in hotel.points])

    def desk(self) -> Desk:
        """The operator's back office."""
        return Desk(self.ledger, self.store, OPERATOR, recover)


def host_of(hotel: Hotel) -> str:
    """Who signs for a hotel."""
    return f"host {hotel.id}"


@asynccontextmanager
async def raised(hotels: Hotels, store: ChargingStore, clock: StepClock, seed: int) -> AsyncIterator[Stage]:
    """A stage with every contract deployed, every charge point registered, and all of them on line."""
    keys, chain = SeededKeys(seed), EmbeddedChain()
    stage = _found(hotels, store, clock, keys, chain)
    ready: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
    central = CentralSystem(store, clock, recover, _PACE)
    serving = asyncio.create_task(central.run([Listener("127.0.0.1", 0)], ready.set_result))
    try:
        waited: list[asyncio.Future[Any]] = [serving, ready]
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        await _connect(stage, f"ws://127.0.0.1:{ready.result()[0]}")
        yield stage
    finally:
        await asyncio.gather(*(point.close() for point in stage.points.values()), return_exceptions=True)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def _found(hotels: Hotels, store: ChargingStore, clock: StepClock, keys: SeededKeys, chain: Network) -> Stage:
    """Contracts, stakes, meters, financed installations, and the central system's own list of charge points."""
    asset, token = charge_credit(chain, keys, clock)
    address = deploy_charging(chain, keys, clock, token)
    ledger = ChargingNetwork(chain, keys, clock, address, asset=asset)
    stage = Stage(clock, keys, hotels, ledger, store, {}, {})
    operator = keys.address(OPERATOR)
    for hotel in hotels.hotels:
        host = host_of(hotel)
        if hotel.install is not None:
            stage.finance[hotel.id] = _finance(stage, hotel, chain)
        for plan in hotel.points:
            name = keccak(plan.id.encode())
            place = ledger.register(host, name, plan.connector.power_w, operator, hotel.tariff.document)
            meter = meter_holder(hotels.hotels, plan.id)
            form, scale = _form(plan, meter, keys, clock)
            ledger.act(host, "set_meter", place, keys.address(meter), form, scale, ledger.now())
            ledger.act(host, "add_stake", place, _STAKE)
            if hotel.id in stage.finance:
                ledger.act(host, "set_payee", place, stage.finance[hotel.id].address)
            stage.places[plan.id] = place
    with store.open_book() as book:
        for hotel in hotels.hotels:
            for plan in hotel.points:
                secret, key = make_secret(_PASSWORD), keys.address(meter_holder(hotels.hotels, plan.id))
                book.put_point(
                    ChargePoint(plan.id, plan.connector.power_w, secret=secret, meter_key=key, site=hotel.id)
                )
    return stage


def _finance(stage: Stage, hotel: Hotel, chain: Network) -> InstallFinance:
    """The agreement by which a hotel's chargers were paid for, in µ of the token."""
    terms, rate = hotel.install, RATES[hotel.tariff.currency]
    assert terms is not None
    in_token = FinanceTerms(
        terms.capex * rate,
        terms.multiple_bps,
        terms.share_bps,
        terms.energy_floor * rate,
        terms.vat_bps,
        terms.platform_bps,
    )
    parties = tuple(stage.keys.address(who) for who in (host_of(hotel), FINANCIER, PLATFORM))
    network = stage.ledger
    address = agree_finance(chain, stage.keys, stage.clock, network.address, parties, in_token)  # type: ignore[arg-type]
    return InstallFinance(chain, stage.keys, stage.clock, address, network)


def _form(plan: PointPlan, meter: str, keys: SeededKeys, clock: StepClock) -> tuple[bytes, int]:
    """The form of a meter's records, from a sample, and the Wh of their unit: what a host vouches for."""
    sample = Meter(f"M-{plan.id}", lambda digest: keys.sign(meter, digest))
    marks = [Mark(clock.now(), 0, "B"), Mark(clock.now() + timedelta(hours=1), 1_000, "E")]
    record = parse_ocmf(sample.record(plan.id, "sample", marks))
    return form_of(record.payload, cuts_of(record)), record.readings[0].wh_scale


async def _connect(stage: Stage, url: str) -> None:
    """Build the charge points and bring them on line, one protocol in turn with the other."""
    plans = [plan for hotel in stage.hotels.hotels for plan in hotel.points]
    await asyncio.sleep(0.5)  # until the central system has read the list of charge points
    for at, plan in enumerate(plans):
        sign = _signer(stage.keys, meter_holder(stage.hotels.hotels, plan.id))
        quirks = frozenset({Quirk.DOUBLE_STOP} if at == 2 else {Quirk.IGNORES_RESERVATIONS} if at == 1 else ())
        spec = Spec(plan.id, url, _VERSIONS[at % 2], _PASSWORD, None, plan.connector.power_w, 1, sign, quirks)
        stage.points[plan.id] = SimulatedPoint(spec, stage.clock)
        await stage.points[plan.id].go_online()


def _signer(keys: SeededKeys, name: str):  # type: ignore[no-untyped-def]
    return lambda digest: keys.sign(name, digest)


def utc(seconds: int) -> datetime:
    """An instant of unix seconds."""
    return datetime.fromtimestamp(seconds, UTC)
