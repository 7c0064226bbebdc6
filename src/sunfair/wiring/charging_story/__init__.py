"""`demo --charging`: a day of three hotels and twenty cars, on real sockets and contracts, and all that goes wrong."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.app.charge_shop import Counter, StoreShop
from sunfair.charging.ocpi import cdr_object, location_object, session_object, tariff_object
from sunfair.charging.states import BookingState
from sunfair.files import default_community
from sunfair.files.hotels import Hotel, read_hotels
from sunfair.files.hotels import Network as Hotels
from sunfair.model import Scenario
from sunfair.report.charging import charging_page
from sunfair.report.receipt_pdf import receipt_pdf
from sunfair.slots import SlotClock
from sunfair.store import temporary_database
from sunfair.store.charging import ChargingRepository
from sunfair.wiring.charging_market import Supply, hotels_and_homes, market_members, run_market, supply_of
from sunfair.wiring.charging_story.cast import CAST, Turn, Visit
from sunfair.wiring.charging_story.outcome import Outcome, outcome_of, refused
from sunfair.wiring.charging_story.play import Day, play_day
from sunfair.wiring.charging_story.stage import Stage, StepClock, raised, utc

__all__ = ["CAST", "ChargingStory", "Turn", "Visit", "tell_charging"]

_DAY = date(2016, 6, 15)
_ZONE = "Europe/Berlin"
_EVENING = timedelta(hours=8)
_PAID = frozenset({BookingState.FULFILLED, BookingState.RESOLVED})


@dataclass(frozen=True, slots=True)
class ChargingStory:
    """What was told, where it lies, and what is wrong with it (nothing, if all went as it should)."""

    folder: Path
    outcome: Outcome
    wrong: tuple[str, ...]


def tell_charging(
    folder: Path, *, hotels: Path, seed: int, tell: Callable[[int, int], None], cast: Sequence[Visit] = CAST
) -> ChargingStory:
    """Play the day of these visits and write the folder; `tell` is told quarter-hours done and in all."""
    network = read_hotels(hotels)
    folder.mkdir(parents=True)
    with temporary_database() as engine:
        return asyncio.run(_told(folder, network, ChargingRepository(engine), seed, tell, cast))


async def _told(
    folder: Path,
    network: Hotels,
    store: ChargingRepository,
    seed: int,
    tell: Callable[[int, int], None],
    cast: Sequence[Visit],
) -> ChargingStory:
    day = SlotClock(15, _ZONE).day(_DAY)
    clock = StepClock(utc(day[0] * 900) - _EVENING)
    async with raised(network, store, clock, seed) as stage:
        played = await play_day(stage, cast, day, _DAY, _sun(network, day), lambda done: tell(done, len(day)))
        scenario, members = _market(network, played, folder / "market", seed)
        supplies = {
            play.visit.car: supply
            for play in played.plays
            if (supply := _supply(folder / "market", scenario, members, stage, play)) is not None
        }
        outcome = outcome_of(stage, played.plays, supplies, (day[0] * 900, (day[-1] + 1) * 900))
        wrong = (*outcome.wrong, *refused(played.office))
        _write(folder, outcome, wrong)
        _write_ocpi(folder / "ocpi", stage, network)
    return ChargingStory(folder, outcome, wrong)


def _sun(network: Hotels, day: range) -> dict[str, list[int]]:
    """What each hotel's roof makes, W by slot: what the central system lets charging follow."""
    street = default_community(homes=20)
    owned = np.array([member.pv_wp for member in street.community.members])
    at = np.array(day) - street.series.first_slot
    shape = street.series.pv_wh[at][:, owned > 0].sum(axis=1) / owned.sum()
    return {hotel.id: (shape * hotel.roof_w * 4).astype(np.int64).tolist() for hotel in network.hotels}


def _market(network: Hotels, played: Day, folder: Path, seed: int) -> tuple[Scenario, list[Hotel]]:
    """The hotels of the market's own zone trade with their neighbours what their charge points' meters read."""
    hours = SlotClock(15, _ZONE).day(_DAY)
    here = market_members(network.hotels)
    charging = {name: _steps(registers) for name, registers in played.registers.items()}
    mine = {plan.id: charging[plan.id] for hotel in here for plan in hotel.points}
    if any(len(series) != len(hours) for series in mine.values()):
        raise ValueError("the meters were not read in every quarter-hour of the day")
    scenario = hotels_and_homes(here, mine, _DAY)
    run_market(scenario, _DAY, folder, seed=seed)
    return scenario, here


def _steps(registers: list[int]) -> NDArray[np.int64]:
    """What flowed between readings of a register, Wh."""
    read = np.array(registers, np.int64)
    return read[1:] - read[:-1]


def _supply(folder: Path, scenario: Scenario, members: list[Hotel], stage: Stage, play: Any) -> Supply | None:
    """Where a stay's energy came from; None for a hotel that is in no market or a stay that took nothing."""
    hotel, session = stage.hotel_of(play.visit.point), play.session
    if hotel not in members or session is None or not session.energy_wh:
        return None
    first, last = (int(at.timestamp()) // 900 for at in (session.began, session.unplugged or session.ended))
    return supply_of(folder, scenario, hotel.id, play.visit.point, range(first, last + 1))


def _write(folder: Path, outcome: Outcome, wrong: tuple[str, ...]) -> None:
    receipts = folder / "receipts"
    receipts.mkdir()
    for car, receipt in outcome.receipts.items():
        name = car.replace(" ", "-")
        (receipts / f"{name}.json").write_text(_json(receipt), encoding="utf-8")
        (receipts / f"{name}.pdf").write_bytes(receipt_pdf(receipt))
    values = {"day": str(_DAY), **{key: value for key, value in asdict(outcome).items() if key != "receipts"}}
    (folder / "charging.json").write_text(_json(values | {"wrong": list(wrong)}), encoding="utf-8")
    page = charging_page(
        outcome.stays, outcome.hotels, outcome.receipts, day=_DAY, wrong=wrong, market="market/report.html"
    )
    (folder / "report.html").write_text(page, encoding="utf-8")


def _write_ocpi(folder: Path, stage: Stage, network: Hotels) -> None:
    """What roaming partners would have pulled that evening."""
    counters = [Counter(h.site, h.iso3, h.timezone, h.tariff, tuple(p.id for p in h.points)) for h in network.hotels]
    shop, folder_party = StoreShop(network.party, counters, stage.store, stage.clock.now), network.party
    money = {shown.id: shown.tariff.currency for shown in shop.tariffs()}
    records = shop.records()
    objects: Mapping[str, list[Any]] = {
        "locations": [
            location_object(s.site, folder_party, iso3=s.iso3, timezone=s.timezone, updated=s.updated)
            for s in shop.sites()
        ],
        "tariffs": [tariff_object(s.id, s.tariff, folder_party, s.updated) for s in shop.tariffs()],
        "sessions": [session_object(each, folder_party, money[each.tariff]) for each in records],
        "cdrs": [cdr_object(each, folder_party) for each in records if each.state in _PAID and each.costs and each.end],
    }
    folder.mkdir()
    for name, listed in objects.items():
        (folder / f"{name}.json").write_text(_json(listed), encoding="utf-8")


def _json(values: Any) -> str:
    def plain(value: Any) -> Any:
        if isinstance(value, Decimal):
            return int(value) if value == value.to_integral_value() else float(value)
        return value.hex() if isinstance(value, bytes) else str(value)

    return json.dumps(values, indent=1, ensure_ascii=False, default=plain) + "\n"
