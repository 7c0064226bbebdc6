"""What the day came to: receipts, boards, statements, where energy came from, and whether everything adds up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sunfair.app.charge_office import Told, records_of
from sunfair.app.charging import expected_of, payoff_of, point_statement
from sunfair.chain import recover
from sunfair.charging import BookingState, Evidence, Usage, check_session, format_minor, receipt, to_minor
from sunfair.charging import Party as Issuer
from sunfair.files.hotels import Hotel
from sunfair.slots import zone
from sunfair.wiring.charging_market import Supply
from sunfair.wiring.charging_story.play import Played
from sunfair.wiring.charging_story.stage import FINANCIER, PLATFORM, RATES, Stage, host_of

__all__ = ["Outcome", "outcome_of"]


@dataclass(slots=True)
class Outcome:
    """The day in plain values: `stays`, `hotels`, `money` for the report; `receipts` by car."""

    stays: list[dict[str, Any]]
    hotels: list[dict[str, Any]]
    money: dict[str, Any]
    receipts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def outcome_of(stage: Stage, plays: list[Played], supplies: Mapping[str, Supply], window: tuple[int, int]) -> Outcome:
    """Gather it, pay everybody out, and count. `supplies` : of a car's stay, by car; `window` : unix s of the day."""
    receipts = {p.visit.car: made for p in plays if (made := _receipt(stage, p)) is not None}
    before = _held(stage)
    money = _pay_out(stage, plays)
    stays = [_stay(stage, play, receipts.get(play.visit.car), supplies.get(play.visit.car)) for play in plays]
    hotels = [_hotel(stage, hotel, window) for hotel in stage.hotels.hotels]
    return Outcome(stays, hotels, {**before, **money}, receipts, _wrong(stage, plays, before, money))


def _receipt(stage: Stage, play: Played) -> Mapping[str, Any] | None:
    """The receipt of a stay that cost something."""
    booking, session = play.booking, play.session
    if booking is None:
        return None
    stay, hotel = stage.ledger.stay(booking), stage.hotel_of(play.visit.point)
    if not stay.fee:
        return None
    records = records_of(session) if session else []
    usage, evidence, text = Usage(stay.wh, booking.begin, booking.end), Evidence.NONE, ""
    if session is not None and records:
        expected = expected_of(stage.ledger, stay, records[0].readings[0].time, tag=play.tag)
        proof = check_session(records, expected, recover)
        usage, evidence, text = proof.usage or usage, proof.evidence, session.signed_stop
    issued = datetime.fromtimestamp(stay.since, zone(hotel.timezone))
    return receipt(
        booking,
        usage,
        hotel.tariff,
        rate=RATES[hotel.tariff.currency],
        host=Issuer(hotel.name, (hotel.address, hotel.city), hotel.vat_number),
        place=play.visit.point,
        timezone=hotel.timezone,
        number=f"{issued:%Y%m%d}-{booking.id[:4].hex().upper()}",
        issued=issued,
        record=text,
        fee=stay.fee,
        evidence=evidence,
    )


def _held(stage: Stage) -> dict[str, Any]:
    """What the contract holds when every booking has ended: stakes, and what parties may withdraw."""
    ledger = stage.ledger
    stakes = sum(
        sum((ledger.point(place).stake_free, ledger.point(place).stake_bound)) for place in stage.places.values()
    )
    return {"held": ledger.wallet(ledger.address), "stakes": stakes}


def _parties(stage: Stage, plays: list[Played]) -> dict[str, bytes]:
    names = [play.visit.car for play in plays] + [host_of(hotel) for hotel in stage.hotels.hotels]
    found = {name: stage.keys.address(name) for name in names}
    return found | {f"finance {name}": contract.address for name, contract in stage.finance.items()}


def _pay_out(stage: Stage, plays: list[Played]) -> dict[str, Any]:
    """Everybody takes what is theirs; what a financed charger earned is divided and taken, too."""
    paid = {}
    for name, address in _parties(stage, plays).items():
        due = stage.ledger.purse(address).withdrawable
        if due:
            holder = "operator" if name.startswith("finance ") else name
            stage.ledger.act(holder, "withdraw", address)
        paid[name] = due
    divided = {}
    for hotel, contract in stage.finance.items():
        contract.act("operator", "collect")
        host = host_of(next(one for one in stage.hotels.hotels if one.id == hotel))
        names = (host, FINANCIER, PLATFORM)
        dues = contract.dues([stage.keys.address(name) for name in names])
        divided[hotel] = dict(zip(("host", "financier", "platform"), dues, strict=True))
        for name, due in zip(names, dues, strict=True):
            if due:
                contract.act(name, "withdraw", stage.keys.address(name))
    return {"paid_out": paid, "divided": divided, "left": stage.ledger.wallet(stage.ledger.address)}


def _stay(stage: Stage, play: Played, receipt: Mapping[str, Any] | None, supply: Supply | None) -> dict[str, Any]:
    hotel = stage.hotel_of(play.visit.point)
    stay = stage.ledger.stay(play.booking) if play.booking else None
    tariff, rate = hotel.tariff, RATES[hotel.tariff.currency]
    site = zone(hotel.timezone)
    charged = play.session if play.session and play.session.energy_wh is not None else None
    return {
        "car": play.visit.car,
        "hotel": hotel.id,
        "point": play.visit.point,
        "turn": str(play.visit.turn),
        "begin": play.begin.astimezone(site).isoformat(),
        "end": play.end.astimezone(site).isoformat(),
        "state": stay.state.name if stay else "NO BOOKING",
        "energy_wh": charged.energy_wh if charged else 0,
        "evidence": charged.evidence if charged else "",
        "deposit": format_minor(to_minor(play.booking.deposit, rate), tariff.currency) if play.booking else "",
        "paid": format_minor(to_minor(stay.fee, rate), tariff.currency) if stay else "",
        "judged": play.judged,
        "happened": [[when.astimezone(site).isoformat(), words] for when, words in play.happened],
        "receipt": receipt["receipt"] if receipt else None,
        "supply": None if supply is None else {name: getattr(supply, name) for name in Supply.__slots__},
    }


def _hotel(stage: Stage, hotel: Hotel, window: tuple[int, int]) -> dict[str, Any]:
    """A host's board and statement of the day, and how far its chargers are repaid."""
    rate = RATES[hotel.tariff.currency]
    until = int(stage.clock.now().timestamp()) + 1
    statements = {
        plan.id: point_statement(stage.ledger, stage.places[plan.id], window[0], until) for plan in hotel.points
    }
    counts: dict[str, int] = {}
    for each in statements.values():
        for end in each.ends:
            counts[BookingState(end.state).name] = counts.get(BookingState(end.state).name, 0) + 1
    fees, wh = sum(s.fees for s in statements.values()), sum(s.wh for s in statements.values())
    told: dict[str, Any] = {
        "id": hotel.id,
        "name": hotel.name,
        "city": hotel.city,
        "timezone": hotel.timezone,
        "points": [plan.id for plan in hotel.points],
        "fees": format_minor(to_minor(fees, rate), hotel.tariff.currency),
        "fees_micro": fees,
        "energy_wh": wh,
        "ends": counts,
    }
    if hotel.id in stage.finance:
        status = stage.finance[hotel.id].status()
        whole = next(iter(statements.values()))
        joined = type(whole)(tuple(end for s in statements.values() for end in s.ends), fees, wh)
        due = payoff_of(status, joined, 1)
        told["finance"] = {
            "repaid": format_minor(to_minor(status.repaid, rate), hotel.tariff.currency),
            "of": format_minor(to_minor(status.cap, rate), hotel.tariff.currency),
            "repaid_micro": status.repaid,
            "cap_micro": status.cap,
            "days": due.days,
        }
    return told


def _wrong(stage: Stage, plays: list[Played], before: Mapping[str, Any], money: Mapping[str, Any]) -> list[str]:
    """Everything that is not as it should be; empty if the day adds up."""
    wrong = []
    due = sum(money["paid_out"].values())
    if before["held"] != before["stakes"] + due:
        wrong.append(f"the contract held {before['held']} µ where stakes and dues are {before['stakes'] + due} µ")
    if money["left"] != before["stakes"]:
        wrong.append(f"{money['left']} µ are left after everybody was paid; the stakes are {before['stakes']} µ")
    for hotel, parts in money["divided"].items():
        earned = money["paid_out"][f"finance {hotel}"]
        if sum(parts.values()) != earned:
            wrong.append(f"of {earned} µ that {hotel} earned {sum(parts.values())} µ were divided")
    for play in plays:
        if play.booking is not None:
            stay = stage.ledger.stay(play.booking)
            if stay.fee > play.booking.deposit:
                wrong.append(f"{play.visit.car} paid more than its deposit")
            if stay.state is BookingState.FULFILLED and play.session and stay.wh != play.session.energy_wh:
                wrong.append(f"{play.visit.car} paid for {stay.wh} Wh, the meter signed {play.session.energy_wh} Wh")
    return wrong


def refused(told: list[Told]) -> list[str]:
    """What the back office could not do."""
    return [f"{each.act}: {each.why}" for each in told if each.why]
