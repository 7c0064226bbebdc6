"""Prices as OCPI Tariff objects (2.2.1, module Tariffs, 11.3 and 11.4), ours out and others' in.

OCPI's prices are without VAT and per kWh or hour; ours hold the VAT and are whole minor units. Four digits are enough
to give the price of a kWh with VAT back when it is rounded to the minor unit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sunfair.charging.money import minor_digits
from sunfair.charging.ocpi.words import Party, date_time, decimal
from sunfair.charging.tariff import Tariff, sentence
from sunfair.errors import Fault, InputError
from sunfair.slots import zone
from sunfair.units import BPS

__all__ = ["Component", "ForeignTariff", "read_tariff", "stay_price", "tariff_object"]

_DIGITS = 4
"""OCPI counts prices to four digits (16.2, number)."""

_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


def tariff_object(name: str, tariff: Tariff, party: Party, updated: int) -> dict[str, Any]:
    """A tariff for a booked stay: energy, time, session and, after the grace, over-stay as parking time."""
    hourly = tariff.minute * 60, tariff.idle * 60
    parts = (("ENERGY", tariff.kwh), ("TIME", hourly[0]), ("FLAT", tariff.session), ("PARKING_TIME", hourly[1]))
    return {
        **party.fields(),
        "id": name,
        "currency": tariff.currency,
        "type": "REGULAR",
        "tariff_alt_text": [{"language": "en", "text": sentence(tariff)}],
        "elements": [{"price_components": [_component(kind, amount, tariff) for kind, amount in parts if amount]}],
        "last_updated": date_time(updated),
    }


def _component(kind: str, gross: int, tariff: Tariff) -> dict[str, Any]:
    net = decimal(gross, minor_digits(tariff.currency)) * BPS / (BPS + tariff.vat_bps)
    return {
        "type": kind,
        "price": net.quantize(Decimal(1).scaleb(-_DIGITS), ROUND_HALF_UP).normalize(),
        "vat": decimal(tariff.vat_bps, 2).normalize(),
        "step_size": 60 if kind in {"TIME", "PARKING_TIME"} else 1,
    }


@dataclass(frozen=True, slots=True)
class Component:
    """One price of a foreign tariff: per kWh, per hour or once, without VAT; `step` in Wh or s."""

    kind: str
    price: Decimal
    vat: Decimal
    step: int
    restrictions: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ForeignTariff:
    """A tariff as another operator published it. `components` stand in the order in which they take precedence."""

    id: str
    currency: str
    components: Sequence[Component]
    least: Decimal | None
    most: Decimal | None


def read_tariff(record: Mapping[str, Any], place: str) -> ForeignTariff:
    """A Tariff object; InputError with all that is wrong with it."""
    faults: list[Fault] = []
    if not isinstance(record, Mapping):
        raise InputError("that tariff cannot be used", [Fault(place, f"is {record!r:.40}", "an object is needed")])
    currency = str(record.get("currency", ""))
    try:
        minor_digits(currency)
    except InputError as error:
        faults += [Fault(f"{place}.{fault.place}", fault.what, fault.mend) for fault in error.faults]
    components: list[Component] = []
    for at, element in enumerate(_objects(record.get("elements"))):
        where = f"{place}.elements[{at}]"
        restrictions = element.get("restrictions")
        for part in _objects(element.get("price_components")):
            components += _read_component(part, restrictions if isinstance(restrictions, dict) else {}, where, faults)
    if not components:
        faults.append(Fault(f"{place}.elements", "holds no price", "an element with price_components is needed"))
    if faults:
        raise InputError("that tariff cannot be used", faults)
    said = [record.get(name) for name in ("min_price", "max_price")]
    bounds = [_number(price.get("excl_vat") if isinstance(price, Mapping) else None) for price in said]
    return ForeignTariff(str(record.get("id", "")), currency, components, *bounds)


def _objects(values: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; what is none, holds no price."""
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []


def _read_component(
    part: Mapping[str, Any], restrictions: Mapping[str, Any], where: str, faults: list[Fault]
) -> list[Component]:
    kind, price, vat = part.get("type"), _number(part.get("price")), _number(part.get("vat", 0))
    step = part.get("step_size", 1)
    if kind not in {"ENERGY", "TIME", "FLAT", "PARKING_TIME"}:
        faults.append(Fault(f"{where}.type", f"is {kind!r}", "ENERGY, TIME, FLAT or PARKING_TIME is needed"))
    if price is None or price < 0 or vat is None or not 0 <= vat < 100:
        faults.append(Fault(f"{where}.price", f"is {part.get('price')!r}, its VAT {part.get('vat')!r}", "numbers ≥ 0"))
    if isinstance(step, bool) or not isinstance(step, int) or step < 1:
        faults.append(Fault(f"{where}.step_size", f"is {step!r}", "a whole number ≥ 1 is needed"))
    if faults or price is None or vat is None:
        return []
    return [Component(str(kind), price, vat, step, restrictions)]


def _number(value: Any) -> Decimal | None:
    try:
        return None if value is None or isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None


def stay_price(tariff: ForeignTariff, begin: int, seconds: int, wh: int, timezone: str) -> int:
    """What a stay costs by another's tariff, minor units with VAT, half up; over-stay is not foreseen.

    The first element of each kind whose restrictions hold when the stay begins counts for all of it (OCPI 11.4.2 would
    change with the hour): an estimate.
    """
    local = datetime.fromtimestamp(begin, UTC).astimezone(zone(timezone))
    net = vat = Decimal(0)
    for kind, amount in (("ENERGY", wh), ("TIME", seconds), ("FLAT", 1)):
        part = next(
            (c for c in tariff.components if c.kind == kind and _holds(c.restrictions, local, seconds, wh)), None
        )
        if part is not None:
            steps = -(-amount // part.step) * part.step if kind != "FLAT" else 1
            cost = part.price * steps / {"ENERGY": 1000, "TIME": 3600, "FLAT": 1}[kind]
            net, vat = net + cost, vat + cost * part.vat / 100
    bounded = min(max(net, tariff.least or net), tariff.most or max(net, tariff.least or net))
    gross = bounded + (vat * bounded / net if net else Decimal(0))
    return int(gross.scaleb(minor_digits(tariff.currency)).quantize(Decimal(1), ROUND_HALF_UP))


def _holds(restrictions: Mapping[str, Any], local: datetime, seconds: int, wh: int) -> bool:
    """Whether an element applies at that local time to a stay of that length and energy (11.4.6)."""
    clock, day = local.strftime("%H:%M"), local.date().isoformat()
    first, last = str(restrictions.get("start_time", "00:00")), str(restrictions.get("end_time", "24:00"))
    in_hours = first <= clock < last if first < last else clock >= first or clock < last
    days = restrictions.get("day_of_week") or _DAYS
    return (
        in_hours
        and _DAYS[local.weekday()] in days
        and str(restrictions.get("start_date", day)) <= day
        and (restrictions.get("end_date") is None or day < str(restrictions["end_date"]))
        and restrictions.get("reservation") is None
        and _between(restrictions, "kwh", Decimal(wh) / 1000)
        and _between(restrictions, "duration", Decimal(seconds))
    )


def _between(restrictions: Mapping[str, Any], what: str, value: Decimal) -> bool:
    low, high = _number(restrictions.get(f"min_{what}")), _number(restrictions.get(f"max_{what}"))
    return (low is None or value >= low) and (high is None or value < high)
